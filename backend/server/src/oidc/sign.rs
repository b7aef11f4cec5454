//! The signature extension of OIDC Sweden at the provider's side: what is asked of the person instead of a log-in, and what is told of it.
//!
//! Invariants: it neither makes nor uses a log-in (SG-05); with `tbs_data` the signing slice, which stands to the right, makes the signature
//! from the approval and leaves it in slice `phone`; the service gets a code only once it is there (§5.2), and errors otherwise.

use std::time::Duration;

use handslag_protocol::{attribute::Attribute, authorize::AuthorizationRequest, release, sign_request::SCOPES};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, UnixTime};
use tokio::time::{Instant, timeout};

use super::{clients::Registered, subjects};
use crate::{
    config, outbox,
    phone::{
        approvals::{self, Occasion, Row, State},
        carried::{self, Given},
        sign_requests::{self, Signing},
    },
    problem::Problem,
    server::Server,
};

/// A browser that comes back waits so long for a signature; it takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looked at so often without being woken.
const LOOK: Duration = Duration::from_millis(500);

/// What a certificate says of the signer, whatever else the service is told: the person reads that it is sent.
const IN_CERTIFICATE: [Attribute; 3] = [Attribute::Name, Attribute::AffiliationId, Attribute::OrganisationName];

/// What is special about this request.
pub(super) fn occasion(client: &config::Client, request: &AuthorizationRequest) -> Result<Occasion, Problem> {
    if let Some(asked) = request.signs() {
        let signing = Signing { nonce: request.nonce.clone(), request: asked.clone(), wanted: subjects::wanted(client, request)? };
        return Ok(Occasion::Signing(Box::new(signing)));
    }
    Ok(request.extensions.user_message.clone().map_or(Occasion::Ordinary, Occasion::Saying))
}

/// The lines of what the signature itself says of the person, beside what is released: a name for each, and what it says.
pub(super) fn in_certificate(request: &AuthorizationRequest, shares: &[release::Claim]) -> Vec<(String, Attribute)> {
    if !makes_signature(request) {
        return Vec::new();
    }
    let is_hidden = |attribute: &Attribute| shares.iter().all(|claim| claim.from != *attribute);
    IN_CERTIFICATE.into_iter().filter(is_hidden).map(|attribute| (format!("signature {}", attribute.name()), attribute)).collect()
}

/// Whether the service gets a signature, and not the approval alone.
pub(super) fn makes_signature(request: &AuthorizationRequest) -> bool {
    request.signs().is_some_and(|asked| asked.tbs_data.is_some())
}

/// Whether this service may have anything signed: nobody else waits.
pub(super) fn may_ask(registered: &Registered) -> bool {
    SCOPES.iter().any(|scope| registered.client.may_ask(scope))
}

/// Waits until the signature is there that was approved; not for ever, and for nobody but the browser that may go on with it.
pub(super) async fn settled(server: &Server, id: &ApprovalId, may_go_on: impl Fn(&Row) -> bool) -> Result<(), Problem> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut listener = server.wakeups.listen(id.as_str());
        let row = server.db.read(async |tx| being_made(tx, id).await).await?;
        let Some(row) = row.filter(|_| Instant::now() < until) else { return Ok(()) };
        if !may_go_on(&row) {
            return Err(Problem::gone());
        }
        timeout(LOOK, listener.woken()).await.ok();
    }
}

/// The approval whose signature is on its way.
async fn being_made(tx: &mut Tx, id: &ApprovalId) -> Result<Option<Row>, Problem> {
    let Some(row) = approvals::by_id(tx, id).await? else { return Ok(None) };
    let is_approved = matches!(row.state, State::Approved | State::Consumed);
    let is_on_its_way = is_approved && sign_requests::needs_signature(&row) && sign_requests::made(tx, id).await?.is_none();
    Ok(is_on_its_way.then_some(row))
}

/// What was approved, to be given out. A signature was taken from the approval by who made it; without one there is nothing to give.
pub(super) async fn taken(tx: &mut Tx, request: &AuthorizationRequest, row: &Row, now: UnixTime) -> Result<Option<Given>, Problem> {
    if !makes_signature(request) {
        return Ok(carried::consume(tx, &row.approval_id, now).await?);
    }
    if sign_requests::made(tx, &row.approval_id).await?.is_some() {
        return Ok(carried::consumed(tx, &row.approval_id).await?);
    }
    // Nobody waits for it any more.
    outbox::done(tx, outbox::Topic::SignRequestApproved, row.approval_id.as_str(), now).await?;
    Ok(None)
}

/// Whether the person said yes to a signature that is not there.
pub(super) fn is_unmade(request: &AuthorizationRequest, row: &Row) -> bool {
    makes_signature(request) && matches!(row.state, State::Approved | State::Consumed)
}
