//! The signing core: `POST /signing-core/sign`. Signed attributes in, signature out; no document byte ever.
//!
//! It signs nothing but a digest that a person approved: the approval is consumed in the same transaction (attacks V13, V14), the
//! attributes have one fixed form, and the key and certificate exist for this one signature. Who asks again for the same
//! approval, after a kill, gets the same answer.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use handslag_keys::{Kind, OneShotKey};
use handslag_pades::cms;
use handslag_phone::wire::Octets;
use handslag_store::{FromRow, Tx};
use handslag_vocab::{Approval, ApprovalId, Assurance, Digest, Seconds, Secret, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    authorities::{establish, refused},
    certificate::{self, Authenticated},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::{self, Standing},
    phone::{self, approvals},
    problem::Problem,
    server::Server,
};

/// A signature that was approved is made even when this system was down for a while.
const TO_SIGN: Seconds = Seconds::days(2);

/// What the portal asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) approval: ApprovalId,
    /// DER `SET OF Attribute`: content type and message digest only.
    pub(super) signed_attributes: Octets,
}

/// What the core answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signed {
    /// The attributes with the signer's certificate bound in.
    pub(super) signed_attributes: Octets,
    /// DER ECDSA.
    pub(super) signature: Octets,
    /// Signer first, then up to the root.
    pub(super) certificates: Vec<Octets>,
}

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/signing-core/sign", post(sign))
}

/// What the portal shows to be let in: both sides hold the same keys, nobody else does.
pub(super) fn ticket(server: &Server) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, b"signing core")?;
    Ok(Secret::presented(format!("hs_core_{}", Digest(mac).to_base64url())))
}

async fn sign(State(server): State<Server>, Now(now): Now, mut rng: Rng, headers: HeaderMap, Json(order): Json<Order>) -> Result<Json<Signed>, Problem> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let is_known = shown.is_some_and(|shown| ticket(&server).is_ok_and(|ticket| ticket.hash() == Secret::presented(shown).hash()));
    if !is_known {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "not_the_portal", "Bara portalen får be om underskrifter.", "Only the portal may ask for signatures."));
    }
    let request = cms::Request::from_der(&order.signed_attributes.0).map_err(|error| {
        tracing::warn!(code = error.code(), "the core refused signed attributes");
        not_approved()
    })?;
    server.db.write(async |tx| signed_once(tx, &server, &order.approval, &request, now, &mut rng).await).await.map(Json)
}

#[derive(FromRow)]
struct Kept {
    message_digest: Vec<u8>,
    answer: String,
}

async fn signed_once(tx: &mut Tx, server: &Server, id: &ApprovalId, request: &cms::Request, now: UnixTime, rng: &mut Rng) -> Result<Signed, Problem> {
    let kept: Option<Kept> = tx.optional("SELECT message_digest, answer FROM core_answers WHERE approval_id = $1", (id,)).await?;
    if let Some(kept) = kept {
        let is_same = kept.message_digest == request.message_digest();
        return if is_same { serde_json::from_str(&kept.answer).map_err(|error| Problem::internal(&error)) } else { Err(not_approved()) };
    }
    let consumed = approvals::consume_within(tx, id, now, TO_SIGN).await?.ok_or_else(not_approved)?;
    let approval = Approval::parse(&consumed.bytes).map_err(|error| Problem::internal(&error))?;
    let is_approved = approval.documents.iter().any(|document| document.signed_bytes.as_bytes() == request.message_digest());
    if !is_approved {
        return Err(not_approved());
    }
    let signed = made(tx, server, id, &consumed, request, now, rng).await?;
    let answer = serde_json::to_string(&signed).map_err(|error| Problem::internal(&error))?;
    let leaf = signed.certificates.first().map(|certificate| certificate.0.as_slice()).unwrap_or_default();
    tx.execute(
        "INSERT INTO core_answers (approval_id, message_digest, answer, certificate, created_at) VALUES ($1, $2, $3, $4, $5)",
        (id, request.message_digest().as_slice(), answer, leaf, now),
    )
    .await?;
    Ok(signed)
}

/// Makes the key, the certificate and the signature; the key is gone when this returns.
async fn made(
    tx: &mut Tx, server: &Server, id: &ApprovalId, consumed: &approvals::Consumed, request: &cms::Request, now: UnixTime, rng: &mut Rng,
) -> Result<Signed, Problem> {
    let signer = identity::by_id(tx, &consumed.affiliation_id).await?;
    let phone = phone::by_id(tx, &consumed.phone_id).await?.filter(|phone| phone.blocked_at.is_none()).ok_or_else(not_approved)?;
    // A blocked identity gets no certificate, also where the yes came first (LC-08).
    if signer.standing(now) == Standing::Blocked {
        return Err(not_approved());
    }
    let authorities = establish(tx, server, now).await?;
    let assurance = Assurance::of(signer.assurance, phone.tier.assurance(), Assurance::Loa3);
    let key = OneShotKey::new(rng)?;
    let who = Authenticated { signer: &signer, assurance, at: consumed.decided_at, approval: id };
    let certificate = certificate::issue(server, &authorities, &key, &who, now)?;
    let attributes = request.with_certificate(&certificate).map_err(refused)?;
    let signature = key.sign(attributes.to_be_signed())?;
    let event = Event {
        chain: signer.chain(Purpose::Signing),
        kind: "signing.signed",
        actor: Actor::Person(signer.affiliation_id.clone()),
        objects: vec![signer.affiliation_id.to_string(), id.to_string()],
        payload: json!({ "approval": id, "message_digest": Digest(*request.message_digest()), "assurance": assurance.as_str(), "certificate": Digest::of(certificate.der()) }),
    };
    audit::record(tx, event, now, rng).await?;
    let chain = [&certificate, &authorities.signing_ca, &authorities.root];
    Ok(Signed {
        signed_attributes: Octets(attributes.to_be_signed().to_vec()),
        signature: Octets(signature),
        certificates: chain.iter().map(|certificate| Octets(certificate.der().to_vec())).collect(),
    })
}

fn not_approved() -> Problem {
    Problem::forbidden("Underskriften är inte godkänd.", "The signature is not approved.").with_code("not_approved")
}
