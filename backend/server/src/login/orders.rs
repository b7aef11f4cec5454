//! A log-in that a browser has begun. What leads a phone to it (the link, the moving code) is computed from the transaction and
//! never stored, so any node can draw the next picture.

use axum::http::HeaderMap;
use handslag_keys::Kind;
use handslag_protocol::moving_qr;
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Digest, Seconds, Secret, SecretHash, StartKind, UnixTime};
use rand_core::CryptoRng;

use crate::{
    cookies::BEGAN,
    phone::{self, approvals},
    problem::Problem,
    server::Server,
};

/// Unclaimed, a log-in waits this long; the page then offers a new one.
const TO_CLAIM: Seconds = Seconds::minutes(5);

/// A log-in that was begun.
#[derive(Debug, Clone)]
pub struct Order {
    /// The transaction.
    pub approval: ApprovalId,
}

/// The browser's own secret, and the header that gives it one if it had none.
pub fn browser_of(server: &Server, headers: &HeaderMap, rng: &mut (dyn CryptoRng + Send)) -> (Secret, Option<axum::http::HeaderValue>) {
    if let Some(known) = BEGAN.read(server, headers) {
        return (known, None);
    }
    let secret = Secret::random("browser", rng);
    let header = BEGAN.set(server, &secret, Seconds::days(1));
    (secret, Some(header))
}

/// The browser's secret, if it has one.
pub fn known_browser(server: &Server, headers: &HeaderMap) -> Option<SecretHash> {
    BEGAN.read(server, headers).map(|secret| secret.hash())
}

/// Begins a log-in for this browser.
pub async fn begin(
    tx: &mut Tx,
    server: &Server,
    id: &ApprovalId,
    request: &approvals::Request,
    browser: &Secret,
    now: UnixTime,
) -> Result<Order, Problem> {
    let starts = approvals::Starts { link: Some(link_token(server, id)?.hash()), qr: Some(qr_token(server, id)?.hash()), browser: browser.hash() };
    approvals::create(tx, id, request.kind(), request, starts, now, now + TO_CLAIM)?;
    Ok(Order { approval: id.clone() })
}

/// Whether this browser may go on with what the approval gives: it is the one that began, and after a link on the same phone it
/// also brings the nonce that only the approving phone was told (MB-04). A no gives nothing, so it needs no nonce.
pub fn may_go_on(server: &Server, headers: &HeaderMap, row: &approvals::Row, answer: Option<&str>) -> bool {
    let is_same_browser = known_browser(server, headers).is_some_and(|browser| browser == row.browser_hash);
    let is_answered = match row.start_kind {
        Some(StartKind::SameDevice) if row.evidence.is_some() => answer
            .is_some_and(|answer| phone::return_nonce(server, &row.approval_id).is_ok_and(|nonce| nonce.hash() == Secret::presented(answer).hash())),
        _ => true,
    };
    is_same_browser && is_answered
}

/// The token in the link on the same phone.
pub(super) fn link_token(server: &Server, id: &ApprovalId) -> Result<Secret, Problem> {
    derived(server, "link", id)
}

fn qr_token(server: &Server, id: &ApprovalId) -> Result<Secret, Problem> {
    derived(server, "qr", id)
}

fn derived(server: &Server, purpose: &str, id: &ApprovalId) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("login {purpose} {id}").as_bytes())?;
    Ok(Secret::presented(format!("hs_{purpose}_{}", Digest(mac).to_base64url())))
}

/// What the moving code says this second: an address, so that a stock phone's camera opens it too.
pub fn qr_text(server: &Server, id: &ApprovalId, created_at: UnixTime, now: UnixTime) -> Result<String, Problem> {
    let secret = phone::qr_secret(server, id)?;
    let second = u32::try_from(now.since(created_at).0).unwrap_or(0);
    let code = moving_qr::shown(qr_token(server, id)?.reveal(), &secret, second);
    Ok(format!("{}/q/{code}", server.config.issuer))
}
