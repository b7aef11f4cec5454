//! Invitations: `open → accepted → enrolled`, or `open | accepted → declined | other_way`. Each edge once; expired ones are dead. A yes on a phone that then cannot carry the work identity may still become "another way".

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, InvitationId, Seconds, Secret, SecretHash, UnixTime};

/// One invitation.
#[derive(Debug, Clone, FromRow)]
pub struct Invitation {
    /// Names it.
    pub invitation_id: InvitationId,
    /// The work identity offered.
    pub affiliation_id: AffiliationId,
    /// The manager who asks.
    pub invited_by: AffiliationId,
    /// Refused after this.
    pub expires_at: UnixTime,
    /// Where it stands.
    pub state: String,
    /// When it was answered.
    pub answered_at: Option<UnixTime>,
}

impl Invitation {
    /// Whether it can still be answered, or a yes that led to no phone yet goes on (a page that was closed half way) or is changed.
    pub fn is_open(&self, now: UnixTime) -> bool {
        let goes_on = self.state == "accepted" && self.answered_at.is_some_and(|yes| now < yes + TO_ENROL);
        (self.state == "open" || goes_on) && now < self.expires_at
    }
}

/// Makes one. The link is stored nowhere: only its hash is.
pub async fn create(tx: &mut Tx, invitation: &Invitation, link: &Secret, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO invitations (invitation_id, link_hash, affiliation_id, invited_by, created_at, expires_at, state) \
         VALUES ($1, $2, $3, $4, $5, $6, 'open')",
        (invitation.invitation_id.clone(), link.hash(), invitation.affiliation_id.clone(), invitation.invited_by.clone(), now, invitation.expires_at),
    )
    .await?;
    Ok(())
}

/// Looks at one without changing it.
pub async fn peek(tx: &mut Tx, link: &Secret) -> Result<Option<Invitation>, Error> {
    tx.optional(
        "SELECT invitation_id, affiliation_id, invited_by, expires_at, state, answered_at FROM invitations WHERE link_hash = $1",
        (link.hash(),),
    )
    .await
}

/// `open → accepted`: the yes, with the version of the text that was read. From here the link gives no second
/// yes, but it can still say no or "another way"; the enrolment goes on under a secret of its own.
pub async fn begin_enrolment(tx: &mut Tx, link: &Secret, enrolment: &SecretHash, terms: &str, now: UnixTime) -> Result<Option<Invitation>, Error> {
    tx.optional(
        "UPDATE invitations SET state = 'accepted', answered_at = $2, terms_version = $3, enrolment_hash = $4 \
         WHERE link_hash = $1 AND state = 'open' AND expires_at > $2 \
         RETURNING invitation_id, affiliation_id, invited_by, expires_at, state, answered_at",
        (link.hash(), now, terms, enrolment.clone()),
    )
    .await
}

/// From the yes, the phone has this long; then the yes is worth nothing, and the link can only say no or "another way".
pub const TO_ENROL: Seconds = Seconds::minutes(15);

/// The accepted invitation an enrolment belongs to.
pub async fn of_enrolment(tx: &mut Tx, enrolment: &SecretHash, now: UnixTime) -> Result<Option<Invitation>, Error> {
    tx.optional(
        "SELECT invitation_id, affiliation_id, invited_by, expires_at, state, answered_at FROM invitations WHERE enrolment_hash = $1 AND state = 'accepted' \
         AND answered_at > $2",
        (enrolment, now - TO_ENROL),
    )
    .await
}

/// `accepted → enrolled`. True if it was this call that did.
pub async fn enrolled(tx: &mut Tx, id: &InvitationId) -> Result<bool, Error> {
    let changed = tx.execute("UPDATE invitations SET state = 'enrolled' WHERE invitation_id = $1 AND state = 'accepted'", (id.clone(),)).await?;
    Ok(changed == 1)
}

/// `open | accepted → declined` or `other_way`: nothing is stored on the phone before the enrolment, so nothing is left there.
pub async fn turn_down(tx: &mut Tx, link: &Secret, state: &'static str, now: UnixTime) -> Result<Option<Invitation>, Error> {
    tx.optional(
        "UPDATE invitations SET state = $3, answered_at = $2 WHERE link_hash = $1 AND state IN ('open', 'accepted') AND expires_at > $2 \
         RETURNING invitation_id, affiliation_id, invited_by, expires_at, state, answered_at",
        (link.hash(), now, state),
    )
    .await
}

#[derive(FromRow)]
struct Accepted {
    terms_version: Option<String>,
}

/// The version of the seven lines that this person said yes to.
pub async fn terms_accepted(tx: &mut Tx, affiliation: &AffiliationId) -> Result<Option<String>, Error> {
    let accepted: Option<Accepted> = tx
        .optional(
            "SELECT terms_version FROM invitations WHERE affiliation_id = $1 AND state IN ('accepted', 'enrolled') ORDER BY answered_at DESC LIMIT 1",
            (affiliation.clone(),),
        )
        .await?;
    Ok(accepted.and_then(|accepted| accepted.terms_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(state: &str, answered_at: Option<i64>) -> Invitation {
        Invitation {
            invitation_id: "inv_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            affiliation_id: "aff_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            invited_by: "aff_1123456789abcdefghjkmnpqrs".parse().unwrap(),
            expires_at: UnixTime::from_seconds(10_000),
            state: state.to_owned(),
            answered_at: answered_at.map(UnixTime::from_seconds),
        }
    }

    #[test]
    fn a_yes_without_a_phone_can_be_gone_on_with_for_a_quarter_of_an_hour_and_no_longer() {
        let at = UnixTime::from_seconds;
        assert!(invitation("open", None).is_open(at(9_999)));
        assert!(!invitation("open", None).is_open(at(10_000)));
        assert!(invitation("accepted", Some(1_000)).is_open(at(1_899)));
        assert!(!invitation("accepted", Some(1_000)).is_open(at(1_900)));
        assert!(!invitation("accepted", Some(9_900)).is_open(at(10_000)), "not beyond the invitation's own end");
        for state in ["declined", "enrolled", "other_way", "withdrawn"] {
            assert!(!invitation(state, Some(1_000)).is_open(at(1_001)), "{state}");
        }
    }
}

#[derive(FromRow)]
struct Enrolled {
    affiliation_id: AffiliationId,
}

/// The work identity that a finished enrolment was for.
pub async fn enrolled_by(tx: &mut Tx, enrolment: &SecretHash) -> Result<Option<AffiliationId>, Error> {
    let enrolled: Option<Enrolled> =
        tx.optional("SELECT affiliation_id FROM invitations WHERE enrolment_hash = $1 AND state = 'enrolled'", (enrolment,)).await?;
    Ok(enrolled.map(|enrolled| enrolled.affiliation_id))
}
