//! Phones and what they approve: enrolment in two ways (an app's three keys, or a key the browser keeps), and the one
//! approval behind every log-in and signature.
//!
//! Invariants: each key signs only its own typed structure; the canonical bytes are fixed at the claim and the yes is a signature
//! over exactly them; every state is passed once; the signed approval is stored whole (architecture §1).

pub mod approvals;
mod apps;
mod asked;
pub mod asking_codes;
pub mod attempts;
pub mod authority;
pub mod automatic;
mod browser;
mod caller;
pub mod carried;
mod claim;
pub mod codes;
mod decide;
pub mod directed;
mod enrol;
mod evidence;
pub mod granted;
pub mod logo;
pub mod nearby;
mod phones;
pub mod pictures;
mod registrations;
mod released;
mod remove;
pub mod sign_requests;

pub use browser::relying_party;
pub use caller::{BROWSER, Caller, CallerIsBrowser};
pub use claim::{fix, led, reaches, taken};
pub use decide::{give_shown, turn_down};
pub use evidence::evidence_holds;
pub use nearby::{Came, came};
pub use phones::{Phone, Tier, block, by_id, of_affiliation};
pub use released::{shared, stays};
pub use remove::taken_off;

use axum::{
    Router,
    routing::{delete, get, post},
};
use handslag_keys::Kind;
use handslag_protocol::jose::Jwk;
use handslag_store::{Error, Tx};
use handslag_vocab::{ApprovalId, Digest, PhoneId, Secret, StartKind, UnixTime};

use crate::{problem::Problem, server::Server};

/// The phone's API (`handslag_phone::wire` is its contract) and the pages of a browser that keeps its key.
pub fn routes() -> Router<Server> {
    Router::new()
        .route("/phone/enrol/start", post(enrol::start))
        .route("/phone/enrol/finish", post(enrol::finish))
        .route("/phone/approvals/{txn}", get(decide::look))
        .route("/phone/approvals/{txn}/shown", post(decide::show))
        .route("/phone/approvals/{txn}/approve", post(decide::approve))
        .route("/phone/approvals/{txn}/decline", post(decide::decline))
        .route("/phone", delete(remove::remove))
        .route("/.well-known/apple-app-site-association", get(apps::apple))
        .route("/.well-known/assetlinks.json", get(apps::android))
        .merge(browser::routes())
}

/// Disposes of what has run out, by the rules in the migrations.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    registrations::purge(tx, now).await?;
    attempts::purge(tx, now).await?;
    approvals::purge(tx, now).await
}

/// The secret behind one moving code, computed and never stored; it never reaches a browser (MB-02).
pub fn qr_secret(server: &Server, approval: &ApprovalId) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("moving code {approval}").as_bytes())?;
    Ok(Secret::presented(Digest(mac).to_base64url()))
}

/// Where the same phone's browser goes on after the yes, with a nonce that only this answer carries: whoever began the log-in and
/// sent the link to somebody else never sees it (MB-04).
fn return_to(server: &Server, row: &approvals::Row) -> Result<Option<String>, Problem> {
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let Some(path) = request.return_to.filter(|_| row.start_kind == Some(StartKind::SameDevice)) else { return Ok(None) };
    let joint = if path.contains('?') { '&' } else { '?' };
    let nonce = return_nonce(server, &row.approval_id)?;
    Ok(Some(format!("{}{path}{joint}svar={}", server.config.issuer, nonce.reveal())))
}

/// The nonce in the address that the same phone goes on to, computed and never stored.
pub fn return_nonce(server: &Server, approval: &ApprovalId) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("return {approval}").as_bytes())?;
    Ok(Secret::presented(format!("hs_return_{}", Digest(mac).to_base64url())))
}

/// The point of a phone's door key, in SEC1 form, if it has one.
pub async fn door_key(tx: &mut Tx, phone: &PhoneId) -> Result<Option<Vec<u8>>, Error> {
    Ok(phones::key(tx, phone, phones::KeyUse::Door).await?.map(|key| key.public_key))
}

/// Whether the person was verified on this phone since then: by an approval, or by the enrolment itself.
pub async fn confirmed_since(tx: &mut Tx, phone: &Phone, since: UnixTime) -> Result<bool, Error> {
    Ok(phone.enrolled_at >= since || approvals::given_since(tx, &phone.phone_id, since).await?)
}

/// RFC 7638 thumbprint of a P-256 point; what is no point gets the digest of its bytes and is refused where it is used.
fn thumbprint(sec1: &[u8]) -> Digest {
    Jwk::from_p256_point(sec1, None).map_or_else(|_| Digest::of(sec1), |jwk| jwk.thumbprint())
}
