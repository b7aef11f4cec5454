//! A key that the browser at a desk can reach takes a log-in that this browser began: the computer's own, one on a stick, or one on a phone
//! nearby by the browser's own means (WebAuthn Level 3 §5.8.4, `hybrid`). Nobody types a name: the key tells who it is (MB-03).
//!
//! Two signatures (docs/decisions/0011): the first takes the log-in, so that what would be sent about this person can be shown; the
//! second is the yes to what was shown, like every other. Both are made behind the screen lock, for our address and no other.

use handslag_keys::Kind;
use handslag_phone::wire::ApprovalSignature;
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Digest, SecretHash, StartKind, Taking, UnixTime};

use super::{
    approvals::{self, Row},
    browser::base64url,
    caller::{self, Caller, CallerIsBrowser},
    claim, evidence,
    phones::{self, KeyUse, Tier},
};
use crate::{
    patience::{self, Who},
    problem::Problem,
    server::Server,
};

/// What the key signs to take this log-in.
pub fn challenge(server: &Server, id: &ApprovalId) -> Result<Digest, Problem> {
    let nonce = server.keys.mac(Kind::Cookie, format!("taking {id}").as_bytes())?;
    Ok(Taking::new(id.clone(), Digest(nonce)).digest())
}

/// `created → claimed` for whoever's key it is, in the browser that began; or the log-in that it has taken already.
pub async fn take(
    server: &Server,
    (id, browser): (&ApprovalId, &SecretHash),
    signature: &ApprovalSignature,
    language: &str,
    now: UnixTime,
) -> Result<Row, Problem> {
    // Only a browser that began has a counter: any other could have as many as it names.
    server.db.read(async |tx| approvals::begun_by(tx, id, browser).await).await?;
    patience::left(server, Who::Guessing(browser), now).await?;
    let proven = signer(server, id, browser, signature).await;
    if matches!(&proven, Err(refused) if refused.status.is_client_error()) {
        patience::spend(server, Who::Guessing(browser), now).await?;
    }
    let caller = proven?;
    // Counted once the key is proved: its id is no secret, and nobody who has only that wears out the person's patience.
    patience::spend(server, Who::Phone(&caller.phone.phone_id), now).await?;
    let taken = server.db.write(async |tx| {
        let caller = caller.again(tx, now).await?;
        let row = approvals::begun_by(tx, id, browser).await?; // after whoever of the same person came a moment before
        claim::claimed(tx, server, &caller, row, (StartKind::Passkey, language), now).await?.giving_way(tx, &caller, now).await
    });
    taken.await?.told(server)
}

/// Whose key signed that it takes this log-in.
async fn signer(server: &Server, id: &ApprovalId, browser: &SecretHash, signature: &ApprovalSignature) -> Result<Caller, Problem> {
    let ApprovalSignature::Webauthn { credential_id, .. } = signature else { return Err(evidence::refused()) };
    let challenge = challenge(server, id)?;
    let proven = server.db.read(async |tx| {
        let known = phones::by_browser_key(tx, &credential_id.0).await?.ok_or_else(caller::unproved)?;
        let caller = caller::of(tx, known, CallerIsBrowser::Yes, Some(browser.clone())).await?;
        evidence::verified_challenge(tx, server, &caller.phone, challenge, signature).await?;
        Ok::<_, Problem>(caller)
    });
    proven.await
}

/// The phone whose key took this log-in in this browser. For every other browser, and where something else led a phone to it, there is none.
pub async fn caller(server: &Server, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<Caller, Problem> {
    server
        .db
        .read(async |tx| {
            let row = approvals::begun_by(tx, id, browser).await?;
            let phone = row.phone_id.as_ref().filter(|_| is_at_the_desk(&row)).ok_or_else(Problem::gone)?;
            let phone = phones::by_id(tx, phone).await?.ok_or_else(Problem::gone)?;
            caller::of(tx, phone, CallerIsBrowser::Yes, Some(browser.clone())).await?.in_use(now)
        })
        .await
}

/// Whether the question is shown and answered at the desk itself.
pub fn is_at_the_desk(row: &Row) -> bool {
    row.start_kind == Some(StartKind::Passkey)
}

/// What a page asks the browser for: which key, kept for which address.
#[derive(Debug, Clone)]
pub struct Lock {
    /// The WebAuthn credential id, as scripts write bytes.
    pub key: String,
    /// The rpID that the key was made for.
    pub relying_party: String,
}

/// The key of a phone's browser.
pub async fn lock(tx: &mut Tx, caller: &Caller) -> Result<Lock, Problem> {
    let key = phones::key(tx, &caller.phone.phone_id, KeyUse::Browser).await?.ok_or_else(Problem::gone)?;
    Ok(Lock { key: base64url(&key.external_id.unwrap_or_default()), relying_party: key.relying_party.unwrap_or_default() })
}

/// How a yes came, as far as something proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// A moving code on another screen led the phone to it.
    MovingQr,
    /// By a WebAuthn assertion in the very browser that logs in: the browser has compared the address.
    Passkey,
}

/// How a yes came; nothing is told where nothing more is proved than that the key signed. A phone of the two lowest tiers is a browser.
pub const fn came(start: StartKind, tier: Tier) -> Option<Came> {
    match (start, tier) {
        (StartKind::MovingQr, _) => Some(Came::MovingQr),
        (StartKind::Passkey, _) | (StartKind::SameDevice, Tier::T0 | Tier::T1) => Some(Came::Passkey),
        _ => None,
    }
}
