//! Signatures that persons are asked for: `waiting → signed | declined | failed`. One that nobody answered in time stays waiting,
//! past its time; `ended_at` says when that was noticed.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, ApprovalKind, Assurance, Digest, OrganisationId, SignatureId, UnixTime};

use crate::phone::approvals;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum State {
    /// The signer said no.
    Declined,
    /// It could not be made; the log says why.
    Failed,
    /// Done.
    Signed,
    /// Waits for the signer.
    Waiting,
}

/// One signature asked for.
#[derive(Debug, Clone, FromRow)]
pub struct Signature {
    /// Names it.
    pub signature_id: SignatureId,
    /// Whose matter it is.
    pub organisation_id: OrganisationId,
    /// Who asks.
    pub requested_by: AffiliationId,
    /// Who is asked.
    pub signer: AffiliationId,
    /// The kind of document.
    pub class: String,
    /// The level demanded.
    pub assurance: Assurance,
    /// What the signer reads.
    pub title: String,
    /// How many pages must be read.
    pub pages: i64,
    /// The file as uploaded.
    pub file_hash: Vec<u8>,
    /// Where it stands.
    pub state: State,
    /// The approval that is open or was given.
    pub approval_id: Option<ApprovalId>,
    /// The file that waits for its signature.
    pub prepared_hash: Option<Vec<u8>>,
    /// Which bytes of it are signed.
    pub byte_range: Option<String>,
    /// The signed file.
    pub signed_hash: Option<Vec<u8>>,
    /// When it was asked.
    pub created_at: UnixTime,
    /// Refused after this.
    pub expires_at: UnixTime,
    /// When it was signed, declined, or given up.
    pub ended_at: Option<UnixTime>,
    /// When who asked has asked anew.
    pub asked_again_at: Option<UnixTime>,
}

impl Signature {
    /// Whether who asked may ask the same anew: it came to nothing, and nobody has done it yet.
    pub fn may_be_asked_again(&self, now: UnixTime) -> bool {
        let came_to_nothing = match self.state {
            State::Declined | State::Failed => true,
            State::Signed => false,
            State::Waiting => now >= self.expires_at,
        };
        came_to_nothing && self.asked_again_at.is_none()
    }
}

macro_rules! select_signatures {
    ($condition:literal) => {
        concat!(
            "SELECT signature_id, organisation_id, requested_by, signer, class, assurance, title, pages, file_hash, state, approval_id, prepared_hash, ",
            "byte_range, signed_hash, created_at, expires_at, ended_at, asked_again_at FROM signatures ",
            $condition
        )
    };
}

/// Asks.
pub(super) async fn create(tx: &mut Tx, new: &Signature) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO signatures (signature_id, organisation_id, requested_by, signer, class, assurance, title, pages, file_hash, state, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11)",
        (
            &new.signature_id,
            &new.organisation_id,
            &new.requested_by,
            &new.signer,
            new.class.as_str(),
            new.assurance,
            new.title.as_str(),
            new.pages,
            new.file_hash.as_slice(),
            new.created_at,
            new.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// One.
pub async fn by_id(tx: &mut Tx, id: &SignatureId) -> Result<Option<Signature>, Error> {
    tx.optional(select_signatures!("WHERE signature_id = $1"), (id,)).await
}

/// The one an approval is about.
pub(super) async fn by_approval(tx: &mut Tx, id: &ApprovalId) -> Result<Option<Signature>, Error> {
    tx.optional(select_signatures!("WHERE approval_id = $1"), (id,)).await
}

/// What waits for this signer.
pub async fn waiting_for(tx: &mut Tx, signer: &AffiliationId, now: UnixTime) -> Result<Vec<Signature>, Error> {
    tx.all(select_signatures!("WHERE signer = $1 AND state = 'waiting' AND expires_at > $2 ORDER BY created_at, signature_id"), (signer, now)).await
}

/// What this person has asked others for, newest first.
pub async fn asked_by(tx: &mut Tx, requester: &AffiliationId, limit: i64) -> Result<Vec<Signature>, Error> {
    tx.all(select_signatures!("WHERE requested_by = $1 ORDER BY created_at DESC, signature_id LIMIT $2"), (requester, limit)).await
}

/// Notes the approval that the signer has just opened, and the file it is about, in the place of the `earlier` one. False if
/// somebody opened it in between.
pub(super) async fn opened(tx: &mut Tx, earlier: &Signature, approval: &ApprovalId, prepared: &Digest, byte_range: &str) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE signatures SET approval_id = $2, prepared_hash = $3, byte_range = $4 WHERE signature_id = $1 AND state = 'waiting' \
             AND COALESCE(approval_id, '') = $5",
            (
                &earlier.signature_id,
                approval,
                prepared.as_bytes().as_slice(),
                byte_range,
                earlier.approval_id.as_ref().map(ApprovalId::as_str).unwrap_or_default(),
            ),
        )
        .await?;
    Ok(changed == 1)
}

/// `waiting → signed`. True if it was this call that did.
pub(super) async fn signed(tx: &mut Tx, id: &SignatureId, file: &Digest, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE signatures SET state = 'signed', signed_hash = $2, ended_at = $3, prepared_hash = NULL, byte_range = NULL WHERE signature_id = $1 AND state = 'waiting'",
            (id, file.as_bytes().as_slice(), now),
        )
        .await?;
    Ok(changed == 1)
}

/// `waiting → declined`, at the time of the no. True if it was this call that did.
pub(super) async fn declined(tx: &mut Tx, id: &SignatureId, at: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE signatures SET state = 'declined', ended_at = $2, prepared_hash = NULL, byte_range = NULL \
             WHERE signature_id = $1 AND state = 'waiting'",
            (id, at),
        )
        .await?;
    Ok(changed == 1)
}

/// `waiting → failed`. True if it was this call that did.
pub(super) async fn failed(tx: &mut Tx, id: &SignatureId, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE signatures SET state = 'failed', ended_at = $2, prepared_hash = NULL, byte_range = NULL \
             WHERE signature_id = $1 AND state = 'waiting'",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Marks one that came to nothing as asked anew, for who asked; gives it to the one call that did. A yes in the last minutes may still
/// become a signature: nobody is asked for a second one meanwhile.
pub(super) async fn asked_again(tx: &mut Tx, id: &SignatureId, requester: &AffiliationId, now: UnixTime) -> Result<Option<Signature>, Error> {
    let changed = tx
        .execute(
            "UPDATE signatures SET asked_again_at = $3 WHERE signature_id = $1 AND requested_by = $2 AND asked_again_at IS NULL \
             AND (state IN ('declined', 'failed') OR (state = 'waiting' AND expires_at <= $3 AND NOT EXISTS \
             (SELECT 1 FROM approvals a WHERE a.approval_id = signatures.approval_id AND a.state IN ('approved', 'consumed'))))",
            (id, requester, now),
        )
        .await?;
    if changed == 1 { by_id(tx, id).await } else { Ok(None) }
}

/// Marks every one whose time has run out, and gives them: those that nobody is signing or was just reading when it ended.
pub(super) async fn run_out(tx: &mut Tx, now: UnixTime) -> Result<Vec<Signature>, Error> {
    let ended: Vec<(SignatureId,)> = tx
        .all(
            "UPDATE signatures SET ended_at = $1, prepared_hash = NULL, byte_range = NULL WHERE state = 'waiting' AND ended_at IS NULL AND expires_at <= $2 AND NOT EXISTS \
             (SELECT 1 FROM approvals a WHERE a.approval_id = signatures.approval_id AND a.state IN ('approved', 'consumed')) RETURNING signature_id",
            (now, now - approvals::time_for(ApprovalKind::Signature)),
        )
        .await?;
    let mut signatures = Vec::new();
    for (id,) in ended {
        signatures.extend(by_id(tx, &id).await?);
    }
    Ok(signatures)
}
