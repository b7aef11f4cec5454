//! The service that calls the token endpoint or one of its neighbours: who it says it is, proven.

use std::{ops::Deref, sync::Arc};

use axum::http::{HeaderMap, header};
use handslag_protocol::{
    client_assertion::{self, ClientAssertion},
    client_authentication::{self, Authentication, ClaimedClient, Refusal},
    jose, mutual_tls,
    oauth_error::OAuthError,
};
use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, Digest, UnixTime};

use super::{
    clients::{self, Registered},
    discovery::provider,
    key_sets, proof, refusals,
    refused::Refused,
};
use crate::{
    patience::{self, Who},
    sender::Sender,
    server::Server,
};

/// A service that proved itself, or a public one that named itself. Reads as what is registered of it.
pub(super) struct ProvenClient {
    registered: Arc<Registered>,
    assertion: Option<ClientAssertion>,
}

impl Deref for ProvenClient {
    type Target = Registered;
    fn deref(&self) -> &Registered {
        &self.registered
    }
}

impl ProvenClient {
    /// Unknown, wrong secret and wrong way are one answer, after the same work: nobody learns which services there are (attack 34).
    pub(super) async fn of(server: &Server, claimed: &ClaimedClient, sender: &Sender, now: UnixTime) -> Result<Self, Refused> {
        let id = claimed.id()?;
        refusals::claims(&id);
        let failing = Who::Failing(&id, sender.address);
        // Before the proof is looked at: who may not try is not told whether it would have been right.
        patience::left(server, failing, now).await?;
        let proven = Self::known(server, &id, claimed, sender, now).await;
        if matches!(proven, Err(Refused::Protocol(OAuthError::InvalidClient, _))) {
            patience::spend(server, failing, now).await?;
        }
        let proven = proven?;
        if proven.client.authentication != Authentication::None {
            refusals::proves(&id);
        }
        patience::spend(server, Who::Client(&id), now).await?;
        Ok(proven)
    }

    async fn known(server: &Server, id: &ClientId, claimed: &ClaimedClient, sender: &Sender, now: UnixTime) -> Result<Self, Refused> {
        let Some(registered) = clients::registered(server, id).await? else {
            claimed.is_nobodys();
            return Err(unproven());
        };
        let proven = Self::proven(server, registered, claimed, sender, now).await;
        if let Err(Refusal::ClientUnauthenticated | Refusal::Secret) = &proven {
            clients::looked_for(server, id).await?;
            return Err(unproven());
        }
        Ok(proven?)
    }

    async fn proven(server: &Server, registered: Arc<Registered>, claimed: &ClaimedClient, sender: &Sender, now: UnixTime) -> Result<Self, Refusal> {
        let authenticate = |registered: &Registered| claimed.authenticate(&registered.client, provider(server), sender.certificate.as_deref(), now);
        match authenticate(&registered) {
            Err(
                Refusal::Assertion(client_assertion::Refusal::Jws(jose::Refusal::KeyUnknown)) | Refusal::Certificate(mutual_tls::Refusal::KeyUnknown),
            ) => {
                // It may have changed its keys since they were read.
                let registered = key_sets::with_newer_keys(server, &registered, now).await.unwrap_or(registered);
                let assertion = authenticate(&registered)?;
                Ok(Self { registered, assertion })
            }
            assertion => Ok(Self { assertion: assertion?, registered }),
        }
    }

    /// Whether there is something to mark: if not, no transaction is needed for it.
    pub(super) const fn has_mark(&self) -> bool {
        self.assertion.is_some()
    }

    /// Marks what came with this request as used: the assertion (RFC 7523 §3 item 7) and the DPoP proof. Write it in the transaction of
    /// the act; a replay is a value, so that what was marked before it is kept.
    pub(super) async fn mark(&self, tx: &mut Tx, proof: Option<&proof::Proven>, now: UnixTime) -> Result<Result<(), Refused>, Error> {
        if let Some(assertion) = &self.assertion {
            // One service's assertion id is not another's.
            let digest = Digest::of(format!("{} {}", self.client.id, assertion.jti).as_bytes());
            if !tx.mark_once("client_assertion", &digest, assertion.expires_at, now).await? {
                return Ok(Err(Refused::because(OAuthError::InvalidClient, "the client assertion was used before")));
            }
        }
        proof::mark(tx, proof, now).await
    }
}

fn unproven() -> Refused {
    Refused::because(OAuthError::InvalidClient, "the client is not registered, or proves itself in another way than it is registered for")
}

/// The one `Authorization` header, if there is one.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<&str>, client_authentication::Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| client_authentication::Refusal::BasicForm)).transpose()?;
    if values.next().is_some() { Err(client_authentication::Refusal::SeveralMethods) } else { Ok(first) }
}
