//! Which phone calls: by a DPoP proof of its device key (RFC 9449), or, for a browser that keeps the key, by its cookie.
//!
//! The cookie only says which phone's approvals to show; every yes is signed by the key with the person verified. A blocked phone
//! or work identity is unknown from the same moment (LC-08).

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use handslag_protocol::dpop;
use handslag_store::Tx;
use handslag_vocab::{Digest, SecretHash, UnixTime};

use super::{
    carried::{self, Carried},
    phones::{self, Phone},
};
use crate::{
    cookies,
    identity::{self, Affiliation, Standing},
    patience::{self, Who},
    problem::Problem,
    server::Server,
};

/// The cookie that a browser gets when its key is enrolled.
pub const BROWSER: cookies::Name = cookies::Name("phone");

/// A phone in use and whose it is.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The phone.
    pub phone: Phone,
    /// Its work identity.
    pub affiliation: Affiliation,
    /// Whether a browser keeps the key.
    pub browser: CallerIsBrowser,
    /// The secret by which a log-in that this browser began is known; none for an app.
    pub began: Option<SecretHash>,
}

/// How the caller was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerIsBrowser {
    /// By a proof of the app's device key.
    No,
    /// By a cookie.
    Yes,
}

impl Caller {
    /// The same caller as of this unit. It was recognised in an earlier one, and what gives something that no block can call back must
    /// not rest on that: a block that was answered before is seen here, and one that comes now waits for this unit.
    pub async fn again(self, tx: &mut Tx, now: UnixTime) -> Result<Self, Problem> {
        tx.alone(self.affiliation.affiliation_id.as_str()).await?;
        tx.alone(self.phone.phone_id.as_str()).await?;
        let carried = carried::by_id(tx, &self.phone.phone_id).await?.ok_or_else(unproved)?;
        carrying(carried, self.browser, self.began).in_use(now)
    }

    pub(super) fn in_use(self, now: UnixTime) -> Result<Self, Problem> {
        if self.phone.blocked_at.is_none() && self.affiliation.standing(now) == Standing::Good { Ok(self) } else { Err(ended()) }
    }
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let now = server.clock.now();
        recognised(server, parts, now).await?.in_use(now)
    }
}

/// A phone that takes leave. One that has left already is let in once more: its first answer may have been lost on the way, and to
/// whoever proves the same key the answer is the same.
pub(super) struct Leaver(pub(super) Caller);

impl FromRequestParts<Server> for Leaver {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let now = server.clock.now();
        let caller = recognised(server, parts, now).await?;
        let has_left = caller.phone.blocked_at.is_some();
        if has_left || caller.affiliation.standing(now) == Standing::Good { Ok(Self(caller)) } else { Err(ended()) }
    }
}

async fn recognised(server: &Server, parts: &Parts, now: UnixTime) -> Result<Caller, Problem> {
    if let Some(proof) = parts.headers.get("dpop") {
        return by_proof(server, proof.to_str().unwrap_or_default(), parts, now).await;
    }
    let caller = by_cookie(server, parts).await?;
    patience::spend(server, Who::Phone(&caller.phone.phone_id), now).await?;
    Ok(caller)
}

async fn by_proof(server: &Server, proof: &str, parts: &Parts, now: UnixTime) -> Result<Caller, Problem> {
    let uri = format!("{}{}", server.config.issuer, parts.uri.path());
    let request = dpop::Request { method: parts.method.as_str(), address: &uri, access_token: None, now };
    let proof = dpop::verify(proof, &request).map_err(|_| unproved())?;
    // Anybody can make a key and a proof; only a known one costs a durable mark.
    let phone = server.db.read_one(async |tx| phones::by_device_key(tx, &proof.thumbprint).await).await?.ok_or_else(unproved)?;
    patience::spend(server, Who::Phone(&phone.phone_id), now).await?;
    server
        .db
        .write(async |tx| {
            if !tx.mark_once("phone", &Digest::of(proof.jti.as_bytes()), proof.forget_at, now).await? {
                return Ok(Err(unproved()));
            }
            let carried = carried::by_id(tx, &phone.phone_id).await?.ok_or_else(unproved)?;
            Ok::<_, Problem>(Ok(carrying(carried, CallerIsBrowser::No, None)))
        })
        .await?
}

async fn by_cookie(server: &Server, parts: &Parts) -> Result<Caller, Problem> {
    if !cookies::is_own_page(&parts.method, &parts.headers) {
        return Err(unproved());
    }
    let browser = BROWSER.read(server, &parts.headers).ok_or_else(unproved)?.hash();
    let began = cookies::BEGAN.read(server, &parts.headers).map(|secret| secret.hash());
    let carried = server.db.read_one(async |tx| carried::by_browser(tx, &browser).await).await?.ok_or_else(unproved)?;
    Ok(carrying(carried, CallerIsBrowser::Yes, began))
}

pub(super) fn carrying(Carried { phone, affiliation }: Carried, browser: CallerIsBrowser, began: Option<SecretHash>) -> Caller {
    Caller { phone, affiliation, browser, began }
}

pub(super) async fn of(tx: &mut Tx, phone: Phone, browser: CallerIsBrowser, began: Option<SecretHash>) -> Result<Caller, Problem> {
    let affiliation = identity::by_id(tx, &phone.affiliation_id).await?;
    Ok(Caller { phone, affiliation, browser, began })
}

pub(super) fn unproved() -> Problem {
    let (sv, en) =
        ("Vi känner inte igen telefonen. Be din chef om en ny inbjudan.", "We do not recognise this phone. Ask your manager for a new invitation.");
    Problem::new(StatusCode::UNAUTHORIZED, "phone_unknown", sv, en)
}

fn ended() -> Problem {
    let (sv, en) = (
        "Telefonen är spärrad eller uppdraget är slut. Prata med din chef.",
        "This phone is blocked or the employment has ended. Talk to your manager.",
    );
    Problem::new(StatusCode::FORBIDDEN, "phone_ended", sv, en)
}
