//! What a service has signed that is no document (OIDC Sweden signature extension), and what became of it.
//!
//! The message is shown to nobody before it is known that the phone is the wanted person's (SG-04): it comes with the claim, and whoever
//! else claims it ends it unseen. The data to be signed is stored with the approval, and its digest stands in the canonical bytes. The
//! signing slice makes the signature and leaves it here, where the provider finds it.

use handslag_protocol::sign_request::SignRequest;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ApprovalId, Digest, ToSign, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    approvals::{Request, Row},
    caller::Caller,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    identity::{self, Wanted},
    problem::Problem,
    server::Server,
};

/// Why an approval ended that somebody else opened than the one it was for.
pub const ANOTHER_PERSON: &str = "another_person";

/// What is asked, before a person is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    /// The service's own mark of its request.
    pub nonce: Option<String>,
    /// What is to be signed.
    pub request: SignRequest,
    /// By whom.
    pub wanted: Wanted,
}

impl Signing {
    /// As it stands in the canonical bytes, in the language shown.
    pub(super) fn written(&self, language: &str) -> ToSign {
        let message_digest = Digest::of_shown(self.request.sign_message.said(language));
        ToSign { message_digest, nonce: self.nonce.clone(), tbs_data: self.request.data_digest() }
    }
}

/// Whether this row's answer is a signature that the signing slice has to make.
pub fn needs_signature(row: &Row) -> bool {
    let request: Option<Request> = row.request().ok();
    request.is_some_and(|request| request.signing().is_some_and(|signing| signing.request.tbs_data.is_some()))
}

/// The refusal for everybody but the wanted person, who gets to see nothing. Committed by the caller, and then told: the question is over.
pub(super) async fn turned_away(
    tx: &mut Tx,
    server: &Server,
    caller: &Caller,
    row: &Row,
    (now, rng): (UnixTime, &mut Rng),
) -> Result<Option<Problem>, Problem> {
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    if is_for(tx, server, caller, &request).await? {
        return Ok(None);
    }
    let ended = tx.execute(
        "UPDATE approvals SET state = 'aborted', reason = $3, decided_at = $2, link_hash = NULL, qr_hash = NULL, code_mac = NULL \
         WHERE approval_id = $1 AND state = 'created' AND expires_at > $2",
        (&row.approval_id, now, ANOTHER_PERSON),
    );
    if ended.await? == 1 {
        let event = Event {
            chain: caller.affiliation.chain(Purpose::Signing),
            kind: "approval.turned_away",
            actor: Actor::Person(caller.affiliation.affiliation_id.clone()),
            objects: vec![caller.affiliation.affiliation_id.to_string(), row.approval_id.to_string()],
            payload: json!({ "approval": row.approval_id, "requester": request.requester }),
        };
        audit::record(tx, event, now, rng).await?;
    }
    Ok(Some(another_person()))
}

/// Asked again where the bytes are written, whatever led there.
pub(super) async fn is_for(tx: &mut Tx, server: &Server, caller: &Caller, request: &Request) -> Result<bool, Problem> {
    let Some(signing) = request.signing() else { return Ok(true) };
    let known = identity::known(tx, &caller.affiliation).await?;
    signing.wanted.is_this(server, &known)
}

pub(super) fn another_person() -> Problem {
    let (sv, en) = (
        "Den här underskriften är till någon annan än dig. Därför visas den inte, och den är stoppad.",
        "This signature is for somebody else than you. Therefore it is not shown, and it has been stopped.",
    );
    Problem::forbidden(sv, en).with_code(ANOTHER_PERSON)
}

/// A signature that was made.
#[derive(Debug, Clone, FromRow)]
pub struct Made {
    /// Compact JWS.
    pub signature: String,
    /// The signer's certificate in DER.
    pub certificate: Vec<u8>,
}

/// Keeps what was made of an approval. Made twice, the first stands.
pub async fn keep(tx: &mut Tx, approval: &ApprovalId, made: &Made, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO user_signatures (approval_id, signature, certificate, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        (approval, &made.signature, &made.certificate, now),
    )
    .await?;
    Ok(())
}

/// What was made of an approval.
pub async fn made(tx: &mut Tx, approval: &ApprovalId) -> Result<Option<Made>, Error> {
    tx.optional("SELECT signature, certificate FROM user_signatures WHERE approval_id = $1", (approval,)).await
}
