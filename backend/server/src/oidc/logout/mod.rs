//! Logging out (OpenID Connect RP-Initiated, Back-Channel and Front-Channel Logout 1.0): asked by a service, by the person on the own
//! page, or by what ends a phone or a work identity.
//!
//! Invariants: a log-in that has ended gives nothing more, and what it gave is dead with it, apart from a refresh token that outlives
//! the browser (OIDC Core §11); each service of it is told at least once, later if it does not answer, and nobody waits for that; one
//! browser's log-out leaves every other one; what it costs does not depend on how often a token was refreshed.

mod back_channel;
mod end_session;
mod page;
mod requests;
mod work;

pub(super) use end_session::{answer, ask, ask_by_form, show};
pub use page::{LoggedOut, page};
pub(super) use requests::purge;
pub use work::work;

use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, SessionId, UnixTime};
use rand_core::CryptoRng;
use serde_json::json;

use super::{
    grants,
    service_sessions::{self, ServiceSession},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    identity::{self, Affiliation},
    login::{SsoSession, sso_sessions},
    outbox::{self, Topic},
};

/// Why a log-in ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody else logged in in the same browser.
    AnotherPerson,
    /// The work identity was ended.
    IdentityEnded,
    /// The person, on the own page.
    Person,
    /// The phone was blocked or removed.
    PhoneEnded,
    /// A service sent the browser here, if it said which.
    Service(Option<ClientId>),
}

impl Why {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::AnotherPerson => "another_person",
            Self::IdentityEnded => "identity_ended",
            Self::Person => "person",
            Self::PhoneEnded => "phone_ended",
            Self::Service(_) => "service",
        }
    }

    fn actor(&self, affiliation: &Affiliation) -> Actor {
        match self {
            Self::AnotherPerson | Self::IdentityEnded | Self::PhoneEnded | Self::Service(None) => Actor::System,
            Self::Person => Actor::Person(affiliation.affiliation_id.clone()),
            Self::Service(Some(client)) => Actor::Client(client.clone()),
        }
    }
}

/// Ends log-ins, in the caller's transaction, and leaves word for every service of them. What ended before is passed over. Gives the
/// services of those that ended now.
pub async fn end(tx: &mut Tx, sessions: &[SsoSession], why: Why, (now, rng): (UnixTime, &mut (dyn CryptoRng + Send))) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for session in sessions {
        if !sso_sessions::end(tx, &session.session_id, why.as_str(), now).await? {
            continue;
        }
        grants::end_with_session(tx, &session.session_id, now).await?;
        let services = service_sessions::of(tx, &session.session_id).await?;
        for service in &services {
            outbox::leave(tx, Topic::ServiceLoggedOut, service.sid.as_str(), now).await?;
        }
        let affiliation = identity::by_id(tx, &session.affiliation_id).await?;
        audit::record(tx, logged_out(&affiliation, session, &services, &why), now, rng).await?;
        told.extend(services.into_iter().map(Told::from));
    }
    Ok(told)
}

/// A service that somebody was logged out of.
#[derive(Clone, Debug)]
pub struct Told {
    /// The service.
    pub client: ClientId,
    /// Its name for the log-in.
    pub sid: SessionId,
}

impl From<ServiceSession> for Told {
    fn from(service: ServiceSession) -> Self {
        Self { client: service.client_id, sid: service.sid }
    }
}

fn logged_out(affiliation: &Affiliation, session: &SsoSession, services: &[ServiceSession], why: &Why) -> Event {
    let services: Vec<&ClientId> = services.iter().map(|service| &service.client_id).collect();
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.logged_out",
        actor: why.actor(affiliation),
        objects: vec![affiliation.affiliation_id.to_string(), session.approval_id.to_string()],
        payload: json!({ "approval": session.approval_id, "session": session.session_id, "services": services, "why": why.as_str() }),
    }
}
