//! Approvals: `created → claimed → shown → approved | declined | expired | aborted → consumed`. Each edge once, each edge one
//! conditional statement (that is the lock on both engines); consumed exactly once.
//!
//! The canonical bytes are written when a phone claims, because what is shared depends on the person. What the phone signs is
//! stored whole: it is the evidence.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, Approval, ApprovalId, ApprovalKind, Assurance, NotCanonical, PhoneId, Seconds, SecretHash, StartKind, UnixTime};

pub use super::asked::{AskedService, InBrowser, Occasion, Request};
use super::phones::Phone;
use crate::{identity::Affiliation, problem::Problem};

/// From the claim on, a person has this long for a log-in, and this long where documents are to be read.
const TO_DECIDE: Seconds = Seconds::minutes(3);
const TO_READ: Seconds = Seconds::minutes(15);

/// Why a person declined who says that somebody else asked.
pub const NOT_ME: &str = "not_me";

/// Why an approval ended that the browser which began gave up.
pub const AT_THE_DESK: &str = "cancelled_at_desk";

/// Why an approval ended that gave way to a newer one.
pub const REPLACED: &str = "replaced";

/// Why an approval ended that the service or the device gave up.
pub const WITHDRAWN: &str = "withdrawn";

/// How long the person has to decide.
pub const fn time_for(kind: ApprovalKind) -> Seconds {
    match kind {
        ApprovalKind::Login | ApprovalKind::Opening => TO_DECIDE,
        ApprovalKind::Signature => TO_READ,
    }
}

/// The secrets that lead a phone to an approval; only their hashes are kept.
#[derive(Debug, Clone)]
pub struct Starts {
    /// The link on the same phone.
    pub link: Option<SecretHash>,
    /// The start token in the moving code.
    pub qr: Option<SecretHash>,
    /// The browser that began; only it may go on (MB-04).
    pub browser: SecretHash,
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum State {
    /// Ended by the one who asked, or by a newer request.
    Aborted,
    /// The person said yes.
    Approved,
    /// A phone took it; the bytes are fixed.
    Claimed,
    /// It has given what it gives.
    Consumed,
    /// Waits for a phone.
    Created,
    /// The person said no.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// Everything in it was shown.
    Shown,
}

impl State {
    /// Whether the person has said yes or no.
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Approved | Self::Consumed | Self::Declined)
    }
}

/// One row.
#[derive(Debug, Clone, FromRow)]
pub struct Row {
    /// The transaction.
    pub approval_id: ApprovalId,
    /// What it gives.
    pub kind: ApprovalKind,
    /// Where it stands.
    pub state: State,
    /// [`Request`] as JSON.
    pub request: String,
    /// The browser that began.
    pub browser_hash: SecretHash,
    /// Set: a service asked this person, and the number of its screen goes with the yes.
    pub directed_at: Option<UnixTime>,
    /// Until then it is found by the digits on its screen.
    pub code_until: Option<UnixTime>,
    /// How the person came here.
    pub start_kind: Option<StartKind>,
    /// Who was asked.
    pub affiliation_id: Option<AffiliationId>,
    /// The phone that claimed it.
    pub phone_id: Option<PhoneId>,
    /// The canonical bytes.
    pub bytes: Option<Vec<u8>>,
    /// The signed approval.
    pub evidence: Option<String>,
    /// Why it was declined or aborted.
    pub reason: Option<String>,
    /// When it was asked.
    pub created_at: UnixTime,
    /// When the person answered.
    pub decided_at: Option<UnixTime>,
    /// Refused after this.
    pub expires_at: UnixTime,
}

impl Row {
    /// Whether it was ended because the same person began another.
    pub fn is_replaced(&self) -> bool {
        self.state == State::Aborted && self.reason.as_deref() == Some(REPLACED)
    }

    /// Whether pages must be read before a yes. What cannot be read is taken for it.
    pub fn has_documents(&self) -> bool {
        self.request().map_or(true, |request| !request.documents.is_empty())
    }

    /// Who asks for what. A row that does not parse was not written by us.
    pub fn request(&self) -> Result<Request, serde_json::Error> {
        serde_json::from_str(&self.request)
    }

    /// What was shown and signed, once a phone has claimed it.
    pub fn approval(&self) -> Result<Option<Approval>, NotCanonical> {
        self.bytes.as_deref().map(Approval::parse).transpose()
    }

    /// "Det är inte jag": the person says that somebody else asked.
    pub fn is_disowned(&self) -> bool {
        self.state == State::Declined && self.reason.as_deref() == Some(NOT_ME)
    }

    /// The state now: what has run out is expired, also before anybody wrote it down.
    pub fn state_at(&self, now: UnixTime) -> State {
        let waits = matches!(self.state, State::Created | State::Claimed | State::Shown);
        if waits && now >= self.expires_at { State::Expired } else { self.state }
    }
}

/// The columns of a [`Row`], with a condition.
macro_rules! select_approvals {
    ($condition:literal) => {
        concat!(
            "SELECT approval_id, kind, state, request, browser_hash, directed_at, code_until, start_kind, affiliation_id, phone_id, bytes, evidence, ",
            "reason, created_at, decided_at, expires_at FROM approvals ",
            $condition
        )
    };
}

pub(super) use select_approvals;

/// Asks. `expires_at` is when it dies if no phone comes.
pub fn create(
    tx: &mut Tx,
    id: &ApprovalId,
    kind: ApprovalKind,
    request: &Request,
    starts: Starts,
    now: UnixTime,
    expires_at: UnixTime,
) -> Result<(), Error> {
    let request = serde_json::to_string(request).unwrap_or_default();
    tx.later(
        "INSERT INTO approvals (approval_id, kind, state, request, link_hash, qr_hash, browser_hash, created_at, expires_at) \
         VALUES ($1, $2, 'created', $3, $4, $5, $6, $7, $8)",
        (id.clone(), kind, request, starts.link, starts.qr, starts.browser, now, expires_at),
    )
}

/// One approval.
pub async fn by_id(tx: &mut Tx, id: &ApprovalId) -> Result<Option<Row>, Error> {
    tx.optional(select_approvals!("WHERE approval_id = $1"), (id.clone(),)).await
}

/// The approval that this phone claimed; for every other phone it does not exist.
pub async fn claimed_by(tx: &mut Tx, id: &ApprovalId, phone: &PhoneId) -> Result<Row, Problem> {
    tx.optional(select_approvals!("WHERE approval_id = $1 AND phone_id = $2"), (id, phone)).await?.ok_or_else(Problem::gone)
}

/// The approval that this browser began; for every other browser it does not exist.
pub async fn begun_by(tx: &mut Tx, id: &ApprovalId, browser: &SecretHash) -> Result<Row, Problem> {
    tx.optional(select_approvals!("WHERE approval_id = $1 AND browser_hash = $2"), (id, browser)).await?.ok_or_else(Problem::gone)
}

/// The approval that a same-phone link leads to.
pub async fn by_link(tx: &mut Tx, link: &SecretHash) -> Result<Option<Row>, Error> {
    tx.optional(select_approvals!("WHERE link_hash = $1"), (link.clone(),)).await
}

/// The approval that a moving code's start token leads to.
pub async fn by_qr(tx: &mut Tx, token: &SecretHash) -> Result<Option<Row>, Error> {
    tx.optional(select_approvals!("WHERE qr_hash = $1"), (token.clone(),)).await
}

/// `created → claimed`: fixes the bytes for this person and this phone. The start secrets stay
/// findable so that the same phone may ask again; for every other one the state has moved on.
pub async fn claim(tx: &mut Tx, approval: &Approval, affiliation: &AffiliationId, phone: &PhoneId, now: UnixTime) -> Result<Option<Row>, Error> {
    tx.optional(
        "UPDATE approvals SET state = 'claimed', affiliation_id = $2, phone_id = $3, bytes = $4, start_kind = $5, claimed_at = $6, expires_at = $7, \
         code_mac = NULL, code_until = NULL WHERE approval_id = $1 AND state = 'created' AND expires_at > $6 \
         RETURNING approval_id, kind, state, request, browser_hash, directed_at, code_until, start_kind, affiliation_id, phone_id, bytes, evidence, \
         reason, created_at, decided_at, expires_at",
        (approval.transaction.clone(), affiliation.clone(), phone.clone(), approval.to_bytes(), approval.start, now, approval.expires_at),
    )
    .await
}

/// `claimed → shown`, by the phone that claimed. Showing twice is showing once.
pub async fn shown(tx: &mut Tx, id: &ApprovalId, phone: &PhoneId, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'shown', shown_at = COALESCE(shown_at, $3) \
             WHERE approval_id = $1 AND phone_id = $2 AND state IN ('claimed', 'shown') AND expires_at > $3",
            (id.clone(), phone.clone(), now),
        )
        .await?;
    Ok(changed == 1)
}

/// `shown → approved`, with the evidence. The caller has verified the signature over the stored bytes.
pub async fn approve(tx: &mut Tx, id: &ApprovalId, phone: &PhoneId, evidence: &str, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'approved', evidence = $3, decided_at = $4 \
             WHERE approval_id = $1 AND phone_id = $2 AND state = 'shown' AND expires_at > $4",
            (id.clone(), phone.clone(), evidence, now),
        )
        .await?;
    Ok(changed == 1)
}

/// `created → approved`, for nobody, of one that was asked in this very unit ([`super::automatic`]).
pub(super) fn approve_unseen(
    tx: &mut Tx,
    approval: &Approval,
    affiliation: &AffiliationId,
    phone: &PhoneId,
    evidence: &str,
    now: UnixTime,
) -> Result<(), Error> {
    tx.later(
        "UPDATE approvals SET state = 'approved', affiliation_id = $2, phone_id = $3, bytes = $4, start_kind = $5, claimed_at = $6, decided_at = $6, \
         expires_at = $7, evidence = $8, code_mac = NULL, code_until = NULL WHERE approval_id = $1 AND state = 'created' AND expires_at > $6",
        (&approval.transaction, affiliation, phone, approval.to_bytes(), approval.start, now, approval.expires_at, evidence),
    )
}

/// `claimed | shown → declined`, by the phone that claimed.
pub async fn decline(tx: &mut Tx, id: &ApprovalId, phone: &PhoneId, reason: &str, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'declined', reason = $3, decided_at = $4 \
             WHERE approval_id = $1 AND phone_id = $2 AND state IN ('claimed', 'shown') AND expires_at > $4",
            (id.clone(), phone.clone(), reason, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Any waiting state `→ aborted`, by the browser that began ("Avbryt" at the desk).
pub async fn abort(tx: &mut Tx, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'aborted', reason = 'cancelled_at_desk', decided_at = $3, link_hash = NULL, qr_hash = NULL, \
             code_mac = NULL WHERE approval_id = $1 AND browser_hash = $2 AND state IN ('created', 'claimed', 'shown')",
            (id.clone(), browser.clone(), now),
        )
        .await?;
    Ok(changed == 1)
}

/// Ends every log-in at a desk that this person has taken and not answered, because the person has taken another one (MB-06). What a
/// service asked for is not among them: nobody ends that from elsewhere.
pub async fn give_way(tx: &mut Tx, affiliation: &AffiliationId, to: &ApprovalId, now: UnixTime) -> Result<Vec<ApprovalId>, Error> {
    #[derive(FromRow)]
    struct Ended {
        approval_id: ApprovalId,
    }
    let ended: Vec<Ended> = tx
        .all(
            "UPDATE approvals SET state = 'aborted', reason = $4, decided_at = $3, link_hash = NULL, qr_hash = NULL \
             WHERE affiliation_id = $1 AND kind = 'login' AND state IN ('claimed', 'shown') AND directed_at IS NULL AND approval_id <> $2 \
             AND expires_at > $3 RETURNING approval_id",
            (affiliation, to, now, REPLACED),
        )
        .await?;
    Ok(ended.into_iter().map(|ended| ended.approval_id).collect())
}

/// Any waiting state `→ aborted`, by the service or the device that asked.
pub async fn withdraw(tx: &mut Tx, id: &ApprovalId, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'aborted', reason = 'withdrawn', decided_at = $2, link_hash = NULL, qr_hash = NULL, code_mac = NULL \
             WHERE approval_id = $1 AND state IN ('created', 'claimed', 'shown')",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Ends one that waits because a newer takes its place. False if it is over: answered, ended or run out.
pub async fn replace(tx: &mut Tx, id: &ApprovalId, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE approvals SET state = 'aborted', reason = 'replaced', decided_at = $2 \
             WHERE approval_id = $1 AND state IN ('created', 'claimed', 'shown') AND expires_at > $2",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Whether the person has answered it: a yes stands, and a no is not asked about again.
pub async fn is_answered(tx: &mut Tx, id: &ApprovalId) -> Result<bool, Error> {
    Ok(by_id(tx, id).await?.is_some_and(|row| row.state.is_answered()))
}

/// An approved one that was now given out.
#[derive(Debug, Clone, FromRow)]
pub struct Consumed {
    /// Who approved.
    pub affiliation_id: AffiliationId,
    /// With which phone.
    pub phone_id: PhoneId,
    /// What was shown and signed.
    pub bytes: Vec<u8>,
    /// The signed approval.
    pub evidence: String,
    /// When the person said yes: `auth_time`.
    pub decided_at: UnixTime,
}

impl Consumed {
    /// The level that was really performed: the least of person, phone and how the person came here (SE-10). What cannot be read is the least.
    pub fn reached(&self, affiliation: &Affiliation, phone: &Phone) -> Assurance {
        let act = Approval::parse(&self.bytes).map_or(Assurance::Loa2, |approval| approval.start.assurance());
        Assurance::of(affiliation.assurance, phone.tier.assurance(), act)
    }
}

/// The page in the browser that began still tells for so long how it ended.
const OPEN_PAGES: Seconds = Seconds::hours(1);

/// An approval that nobody fetches is worth nothing after this.
pub(super) const TO_CONSUME: Seconds = Seconds::minutes(5);

/// `approved → consumed`, exactly once, for what a log-in asks for ([`super::carried::consume`]).
pub(super) const CONSUME: &str =
    "UPDATE approvals SET state = 'consumed', consumed_at = $2 WHERE approval_id = $1 AND state = 'approved' AND decided_at > $3";

/// The same for what may be fetched so long after the yes.
pub async fn consume_within(tx: &mut Tx, id: &ApprovalId, now: UnixTime, life: Seconds) -> Result<Option<Consumed>, Error> {
    tx.optional(
        "UPDATE approvals SET state = 'consumed', consumed_at = $2 WHERE approval_id = $1 AND state = 'approved' AND decided_at > $3 \
         RETURNING affiliation_id, phone_id, bytes, evidence, decided_at",
        (id, now, now - life),
    )
    .await
}

/// One that was given out before.
pub async fn consumed(tx: &mut Tx, id: &ApprovalId) -> Result<Option<Consumed>, Error> {
    tx.optional("SELECT affiliation_id, phone_id, bytes, evidence, decided_at FROM approvals WHERE approval_id = $1 AND state = 'consumed'", (id,))
        .await
}

#[derive(FromRow)]
struct Count {
    count: i64,
}

/// Whether this phone has given an approval since then.
pub async fn given_since(tx: &mut Tx, phone: &PhoneId, since: UnixTime) -> Result<bool, Error> {
    let given: Count =
        tx.one("SELECT COUNT(*) AS count FROM approvals WHERE phone_id = $1 AND evidence IS NOT NULL AND decided_at >= $2", (phone, since)).await?;
    Ok(given.count > 0)
}

/// Disposes, by the rules in the migrations, of questions that no phone ever took (they are about nobody), of what led to an approval
/// that has run out, and of old reasons.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM approvals WHERE affiliation_id IS NULL AND kind <> 'opening' AND expires_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM authorizations a WHERE a.approval_id = approvals.approval_id) \
         AND NOT EXISTS (SELECT 1 FROM awaited_requests r WHERE r.approval_id = approvals.approval_id)",
        (now - OPEN_PAGES,),
    )
    .await?;
    // Nobody answered what a service asked for: it gave nothing, and nothing points to it any more.
    tx.execute(
        "DELETE FROM approvals WHERE directed_at < $1 AND decided_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM awaited_requests r WHERE r.approval_id = approvals.approval_id)",
        (now - Seconds::days(30),),
    )
    .await?;
    // No browser has an empty hash: nothing can match it any more.
    tx.execute(
        "UPDATE approvals SET link_hash = NULL, qr_hash = NULL, code_mac = NULL, browser_hash = $2 WHERE expires_at < $1 AND LENGTH(browser_hash) > 0",
        (now - OPEN_PAGES, Vec::<u8>::new()),
    )
    .await?;
    tx.execute("UPDATE approvals SET reason = NULL WHERE decided_at < $1 AND reason IS NOT NULL", (now - Seconds::days(365),)).await?;
    Ok(())
}
