//! The signing core: `POST /signing-core/sign`. Signed attributes in, signature out; no document byte ever.
//!
//! It signs nothing but a digest that a person approved: the approval is consumed in the same transaction (attacks V13, V14), the
//! attributes have one fixed form, and the key and certificate exist for this one signature. Who asks again for the same
//! approval, after a kill, gets the same answer.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use handslag_keys::{Kind, OneShotKey};
use handslag_pades::{certificate::Certificate, cms};
use handslag_phone::wire::Octets;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{Approval, ApprovalId, Assurance, Digest, Seconds, Secret, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    authorities::{establish, refused},
    certificate::{self, Authenticated},
    user_signatures,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::{self, Affiliation, Standing},
    phone::{self, approvals},
    problem::Problem,
    server::Server,
};

/// A ticket of the portal lives this long.
const TICKET_LIFE: Seconds = Seconds(60);

/// What must be left of a certificate's life for a timestamp to fall into it.
const TO_TIMESTAMP: Seconds = Seconds::minutes(10);

/// A signature that was approved is made even when this system was down for a while.
pub(super) const TO_SIGN: Seconds = Seconds::days(2);

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
    Router::new().route("/signing-core/sign", post(sign)).route("/signing-core/user-signature", post(user_signatures::sign))
}

/// What the portal shows to be let in: both sides hold the same keys, nobody else does. For one body, and for a minute.
pub(super) fn ticket(server: &Server, body: &[u8], now: UnixTime) -> Result<String, Problem> {
    let text = [b"signing core ", now.seconds().to_string().as_bytes(), b" ", body].concat();
    Ok(format!("{}.{}", now.seconds(), Digest(server.keys.mac(Kind::Cookie, &text)?).to_base64url()))
}

pub(super) fn is_let_in(server: &Server, headers: &HeaderMap, body: &[u8], now: UnixTime) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let Some(shown) = shown else { return false };
    let made = shown.split_once('.').and_then(|(made, _)| made.parse().ok()).map(UnixTime::from_seconds);
    let is_fresh = made.is_some_and(|made| (-TICKET_LIFE.0..=TICKET_LIFE.0).contains(&now.since(made).0));
    let expected = made.and_then(|made| ticket(server, body, made).ok()).map(Secret::presented);
    is_fresh && expected.is_some_and(|expected| expected.hash() == Secret::presented(shown).hash())
}

async fn sign(State(server): State<Server>, Now(now): Now, mut rng: Rng, headers: HeaderMap, body: Bytes) -> Result<Json<Signed>, Problem> {
    if !is_let_in(&server, &headers, &body, now) {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "not_the_portal",
            "Bara portalen får be om underskrifter.",
            "Only the portal may ask for signatures.",
        ));
    }
    let order: Order = serde_json::from_slice(&body).map_err(|_| not_approved())?;
    let request = cms::Request::from_der(&order.signed_attributes.0).map_err(|error| {
        tracing::warn!(code = error.code(), "the core refused signed attributes");
        not_approved()
    })?;
    // A refusal is committed too: the approval that was brought with another digest is spent. What we could not do ourselves spends none.
    let verdict = server
        .db
        .write(async |tx| match signed_once(tx, &server, &order.approval, &request, now, &mut rng).await {
            Err(problem) if problem.status.is_server_error() => Err(problem),
            verdict => Ok(verdict),
        })
        .await?;
    verdict.map(Json)
}

#[derive(FromRow)]
struct Kept {
    message_digest: Vec<u8>,
    answer: String,
    certificate: Vec<u8>,
}

/// What the core may do for an approval: nothing new, where it has answered before, or make a signature of what was approved.
enum Once {
    /// The answer that stands.
    Again(String),
    /// Taken now, or taken before and never answered in time.
    Approved(approvals::Consumed),
}

/// The answer that stands, whatever its certificate's age: for what waits for no timestamp.
pub(super) async fn answered(tx: &mut Tx, id: &ApprovalId, digest: &[u8; 32]) -> Result<Option<String>, Problem> {
    let text = "SELECT answer FROM core_answers WHERE approval_id = $1 AND message_digest = $2";
    Ok(tx.optional::<(String,)>(text, (id, digest.as_slice())).await?.map(|(answer,)| answer))
}

/// One answer for one approval and one digest. Who asks for another digest gets nothing.
async fn once(tx: &mut Tx, id: &ApprovalId, digest: &[u8; 32], now: UnixTime) -> Result<Once, Problem> {
    let kept: Option<Kept> = tx.optional("SELECT message_digest, answer, certificate FROM core_answers WHERE approval_id = $1", (id,)).await?;
    if let Some(kept) = &kept {
        if kept.message_digest != digest {
            return Err(not_approved());
        }
        let is_good = Certificate::from_der(&kept.certificate).is_ok_and(|certificate| now + TO_TIMESTAMP < certificate.not_after());
        if is_good {
            return Ok(Once::Again(kept.answer.clone()));
        }
        // Killed after the core had answered, and up again too late for a timestamp: the same yes gets a fresh certificate.
        tx.execute("DELETE FROM core_answers WHERE approval_id = $1", (id,)).await?;
    }
    match approvals::consume_within(tx, id, now, TO_SIGN).await? {
        Some(consumed) => Ok(Once::Approved(consumed)),
        None if kept.is_some() => Ok(Once::Approved(approvals::consumed(tx, id).await?.ok_or_else(not_approved)?)),
        None => Err(not_approved()),
    }
}

/// Remembers the answer.
pub(super) async fn keep(tx: &mut Tx, id: &ApprovalId, digest: &[u8; 32], answer: &str, certificate: &[u8], now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO core_answers (approval_id, message_digest, answer, certificate, created_at) VALUES ($1, $2, $3, $4, $5)",
        (id, digest.as_slice(), answer, certificate, now),
    )
    .await?;
    Ok(())
}

async fn signed_once(tx: &mut Tx, server: &Server, id: &ApprovalId, request: &cms::Request, now: UnixTime, rng: &mut Rng) -> Result<Signed, Problem> {
    let approved = match once(tx, id, request.message_digest(), now).await? {
        Once::Again(answer) => return serde_json::from_str(&answer).map_err(|error| Problem::internal(&error)),
        Once::Approved(approved) => approved,
    };
    let (approval, signer) = signer(tx, &approved, now).await?;
    if !approval.documents.iter().any(|document| document.signed_bytes.as_bytes() == request.message_digest()) {
        return Err(not_approved());
    }
    let signed = made(tx, server, id, &approved, &signer, request, now, rng).await?;
    let answer = serde_json::to_string(&signed).map_err(|error| Problem::internal(&error))?;
    let leaf = signed.certificates.first().map(|certificate| certificate.0.as_slice()).unwrap_or_default();
    keep(tx, id, request.message_digest(), &answer, leaf, now).await?;
    Ok(signed)
}

/// Who signs, and how surely.
pub(super) struct Signer {
    pub(super) affiliation: Affiliation,
    pub(super) assurance: Assurance,
}

/// The core believes nobody: it verifies the phone's signature over the approval itself, that the level was reached, and that neither the
/// person nor the phone has been blocked since. What the approval names is the caller's to compare.
pub(super) async fn signer(tx: &mut Tx, approved: &approvals::Consumed, now: UnixTime) -> Result<(Approval, Signer), Problem> {
    let approval = Approval::parse(&approved.bytes).map_err(|error| Problem::internal(&error))?;
    let affiliation = identity::by_id(tx, &approved.affiliation_id).await?;
    let phone = phone::by_id(tx, &approved.phone_id).await?.ok_or_else(not_approved)?;
    let assurance = approved.reached(&affiliation, &phone);
    let is_usable = affiliation.standing(now) == Standing::Good && phone.blocked_at.is_none();
    let is_theirs = approval.who == affiliation.who.to_string() && phone::evidence_holds(tx, &phone, &approved.bytes, &approved.evidence).await?;
    if is_usable && is_theirs && assurance >= approval.assurance { Ok((approval, Signer { affiliation, assurance })) } else { Err(not_approved()) }
}

/// Makes the key, the certificate and the signature; the key is gone when this returns.
#[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
async fn made(
    tx: &mut Tx,
    server: &Server,
    id: &ApprovalId,
    approved: &approvals::Consumed,
    signer: &Signer,
    request: &cms::Request,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Signed, Problem> {
    let Signer { affiliation: signer, assurance } = signer;
    let authorities = establish(tx, server, now).await?;
    let key = OneShotKey::new(rng)?;
    let who = Authenticated { signer, assurance: *assurance, at: approved.decided_at, approval: id };
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
    let chain = [&certificate, &authorities.signing_ca.certificate, &authorities.signing_ca.root];
    Ok(Signed {
        signed_attributes: Octets(attributes.to_be_signed().to_vec()),
        signature: Octets(signature),
        certificates: chain.iter().map(|certificate| Octets(certificate.der().to_vec())).collect(),
    })
}

pub(super) fn not_approved() -> Problem {
    Problem::forbidden("Underskriften är inte godkänd.", "The signature is not approved.").with_code("not_approved")
}
