//! What an ID Token says of the authentication itself, and of what was signed in it (OIDC Sweden Claims 1.0 §2.3).
//!
//! The evidence is the approval whole: it names the work identity and everything that was shown. So only that service hears it that the
//! approval was for and that is told the work identity anyway (OP-16); a log-in that stood already has none for others.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use handslag_protocol::{
    attribute::Attribute,
    authorize::AuthorizationRequest,
    event_claims::{ALL, AuthenticationEvent},
};
use handslag_store::Tx;
use handslag_vocab::Approval;
use serde_json::{Map, Value, json};

use super::{grants::Grant, sign};
use crate::{
    identity::Affiliation,
    phone::{
        self,
        approvals::{self, Consumed},
        sign_requests,
    },
    problem::Problem,
    server::Server,
};

/// The claims; none where nobody asked.
pub(super) async fn told(
    tx: &mut Tx,
    server: &Server,
    grant: &Grant,
    affiliation: &Affiliation,
    request: &AuthorizationRequest,
) -> Result<Map<String, Value>, Problem> {
    let is_asked = ALL.iter().any(|claim| request.claims.id_token.contains_key(*claim));
    if !is_asked && request.signs().is_none() {
        return Ok(Map::new());
    }
    let consumed = approvals::consumed(tx, &grant.approval_id).await?.ok_or_else(Problem::gone)?;
    let phone = phone::by_id(tx, &consumed.phone_id).await?.ok_or_else(Problem::gone)?;
    let made = if sign::makes_signature(request) { sign_requests::made(tx, &grant.approval_id).await? } else { None };
    if sign::makes_signature(request) && made.is_none() {
        // §5.2: a signature that cannot be delivered is an error.
        return Err(Problem::gone());
    }
    let approval = Approval::parse(&consumed.bytes).ok();
    let event = AuthenticationEvent {
        provider: &server.config.issuer,
        valid_from: phone.enrolled_at,
        valid_to: affiliation.valid_to,
        evidence: may_hear(grant, request, approval.as_ref()).then(|| evidence(&consumed)),
        signature: made.map(|made| (made.signature, made.certificate)),
        message_digest: approval.and_then(|approval| approval.signing).map(|signing| signing.message_digest),
    };
    Ok(event.claims(request))
}

fn may_hear(grant: &Grant, request: &AuthorizationRequest, approval: Option<&Approval>) -> bool {
    let is_for_it = approval.is_some_and(|approval| approval.requester.id == grant.client_id.as_str());
    let is_named = request.shares().iter().any(|claim| claim.from == Attribute::AffiliationId);
    is_for_it && is_named && *grant.transaction() == grant.approval_id
}

/// The documented form (docs/integrating.md): the canonical bytes, and the phone's signature over them as it is stored.
fn evidence(consumed: &Consumed) -> String {
    let evidence: Value = serde_json::from_str(&consumed.evidence).unwrap_or_default();
    json!({ "approval": URL_SAFE_NO_PAD.encode(&consumed.bytes), "evidence": evidence }).to_string()
}
