//! What a service has signed by a person within OpenID Connect (OIDC Sweden signature extension). Portal and core as for documents: the portal
//! takes the yes from the outbox and asks, the core makes key, certificate and signature, and believes nobody.
//!
//! Here the portal names the approval and nothing else: the core reads what was agreed to from the approval itself, so whoever reaches it can
//! make it sign nothing but what a person approved, and once (attack V13).

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};
use handslag_keys::OneShotKey;
use handslag_phone::wire::Octets;
use handslag_protocol::user_signature::{self, UserSignature};
use handslag_store::Tx;
use handslag_vocab::{Approval, ApprovalId, Digest, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    authorities::establish,
    certificate::{self, Authenticated},
    complete::asked_of_core,
    core::{self, Signer, TO_SIGN, is_let_in, not_approved, signer},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    outbox::{self, Topic},
    phone::{
        approvals::{self, Consumed},
        sign_requests::{self, Made, Signing},
    },
    problem::Problem,
    server::Server,
};

/// Where the core is asked.
pub(super) const PATH: &str = "/signing-core/user-signature";

/// What the portal asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    approval: ApprovalId,
}

/// What the core answers.
#[derive(Debug, Serialize, Deserialize)]
struct Signed {
    signature: String,
    certificate: Octets,
}

/// Makes the signature that an approval was given for, and leaves it where the provider finds it.
pub(super) async fn complete(server: &Server, approval: &ApprovalId, now: UnixTime) -> Result<(), Problem> {
    let body = serde_json::to_vec(&Order { approval: approval.clone() }).map_err(|error| Problem::internal(&error))?;
    let answer = asked_of_core(server, PATH, body).await?;
    let Signed { signature, certificate } = serde_json::from_slice(&answer).map_err(|error| Problem::internal(&error))?;
    let made = Made { signature, certificate: certificate.0 };
    server
        .db
        .write(async |tx| {
            // Who waited may have been told that there is none: then there is none.
            if outbox::done(tx, Topic::SignRequestApproved, approval.as_str(), now).await? {
                sign_requests::keep(tx, approval, &made, now).await?;
            }
            Ok::<_, Problem>(())
        })
        .await
}

/// The core's side.
pub(super) async fn sign(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Problem> {
    if !is_let_in(&server, &headers, &body, now) {
        return Err(Problem::unknown_caller());
    }
    let Order { approval } = serde_json::from_slice(&body).map_err(|_| not_approved())?;
    let signed = server.db.write(async |tx| signed_once(tx, &server, &approval, now, &mut rng).await).await?;
    serde_json::from_str(&signed).map(Json).map_err(|error| Problem::internal(&error))
}

async fn signed_once(tx: &mut Tx, server: &Server, id: &ApprovalId, now: UnixTime, rng: &mut Rng) -> Result<String, Problem> {
    let row = approvals::by_id(tx, id).await?.ok_or_else(not_approved)?;
    let digest = Digest::of(row.bytes.as_deref().unwrap_or_default());
    if let Some(answer) = core::answered(tx, id, digest.as_bytes()).await? {
        return Ok(answer);
    }
    // Nobody waits for it any more.
    if !outbox::is_open(tx, Topic::SignRequestApproved, id.as_str()).await? {
        return Err(not_approved());
    }
    let approved = approvals::consume_within(tx, id, now, TO_SIGN).await?.ok_or_else(not_approved)?;
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let signing = request.signing().ok_or_else(not_approved)?;
    let (approval, signer) = signer(tx, &approved, now).await?;
    let signed = made(tx, server, (id, &approved, &approval), (signing, &signer), (now, rng)).await?;
    let answer = serde_json::to_string(&signed).map_err(|error| Problem::internal(&error))?;
    core::keep(tx, id, digest.as_bytes(), &answer, &signed.certificate.0, now).await?;
    Ok(answer)
}

/// Only what stands in the bytes that the person signed: data of another digest is not signed.
async fn made(
    tx: &mut Tx,
    server: &Server,
    (id, approved, approval): (&ApprovalId, &Consumed, &Approval),
    (signing, signer): (&Signing, &Signer),
    (now, rng): (UnixTime, &mut Rng),
) -> Result<Signed, Problem> {
    let agreed = approval.signing.as_ref().filter(|agreed| agreed.tbs_data.is_some()).ok_or_else(not_approved)?;
    let data = signing.request.tbs_data.as_deref().filter(|_| signing.request.data_digest() == agreed.tbs_data).ok_or_else(not_approved)?;
    let authorities = establish(tx, server, now).await?;
    let key = OneShotKey::new(rng)?;
    let who = Authenticated { signer: &signer.affiliation, assurance: signer.assurance, at: approved.decided_at, approval: id };
    let certificate = certificate::issue(server, &authorities, &key, &who, now)?;
    let said = UserSignature {
        issuer: &server.config.issuer,
        client_id: &approval.requester.id,
        nonce: agreed.nonce.as_deref(),
        made_at: now,
        approved_at: approved.decided_at,
        acr: signer.assurance.acr(server.config.reviewed_by_digg),
        transaction: id,
        data,
        message_digest: &agreed.message_digest,
        approval: &approved.bytes,
        evidence: serde_json::from_str(&approved.evidence).map_err(|error| Problem::internal(&error))?,
    };
    let to_be_signed = said.to_be_signed(&[certificate.der(), authorities.signing_ca.certificate.der(), authorities.signing_ca.root.der()]);
    let signature = user_signature::compact(&to_be_signed, &key.sign_raw(to_be_signed.as_bytes())?);
    let event = Event {
        chain: signer.affiliation.chain(Purpose::Signing),
        kind: "signing.signed",
        actor: Actor::Person(signer.affiliation.affiliation_id.clone()),
        objects: vec![signer.affiliation.affiliation_id.to_string(), id.to_string()],
        payload: json!({
            "approval": id, "message_digest": agreed.tbs_data, "assurance": signer.assurance.as_str(), "certificate": Digest::of(certificate.der()),
            "client": approval.requester.id,
        }),
    };
    audit::record(tx, event, now, rng).await?;
    Ok(Signed { signature, certificate: Octets(certificate.der().to_vec()) })
}
