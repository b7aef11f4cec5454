//! A manager puts a colleague to work: person, affiliation and a one-time link, in one transaction with its journal line.

use handslag_store::{Error, Tx};
use handslag_vocab::{AffiliationId, Assurance, InvitationId, Seconds, Secret, UnixTime};
use rand_core::CryptoRng;
use serde::Deserialize;
use serde_json::json;

use super::{affiliations, invitations, organisations, persons};
use crate::audit::{self, Actor, Event, Purpose};

/// What the manager types, having seen a physical ID document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewColleague {
    /// As on the ID document.
    pub given_name: String,
    /// As on the ID document.
    pub family_name: String,
    /// The role, as policies/ know it.
    pub role: String,
    /// Days until the employment ends; absent: until further notice.
    pub days: Option<i64>,
}

/// What the manager gets back.
pub struct Answered {
    /// The new work identity.
    pub affiliation: AffiliationId,
    /// The invitation.
    pub invitation: InvitationId,
    /// The one-time link's secret: shown once as link and code, stored nowhere.
    pub link: Secret,
    /// Refused after this.
    pub expires_at: UnixTime,
}

/// Seven days, as people expect of an invitation (LC-02).
const INVITATION_LIFE: Seconds = Seconds::days(7);

impl NewColleague {
    /// Names of 1–80 characters without control characters; a role of the kinds that may be given by a manager.
    pub fn is_sound(&self) -> bool {
        let is_name = |name: &str| (1..=80).contains(&name.trim().chars().count()) && !name.chars().any(char::is_control);
        let is_role = matches!(self.role.as_str(), "worker" | "shift_leader" | "secretary");
        is_name(&self.given_name) && is_name(&self.family_name) && is_role && self.days.is_none_or(|days| (1..=1_826).contains(&days))
    }
}

/// Invites. Whether this manager may is asked of the policy by the caller, before.
pub async fn invite(
    tx: &mut Tx,
    manager: &affiliations::Affiliation,
    new: &NewColleague,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Answered, Error> {
    let organisation = organisations::by_id(tx, &manager.organisation_id).await?;
    let person = persons::create(tx, new.given_name.trim(), new.family_name.trim(), now, rng).await?;
    let hired = affiliations::Hired {
        organisation: &organisation,
        person,
        kind: affiliations::AffiliationKind::Employee,
        unit: &manager.unit,
        role: &new.role,
        assurance: Assurance::Loa2, // one manager alone gives level 2 (LC-04)
        identified_by: &format!("{} in_person", manager.affiliation_id),
        valid_to: new.days.map(|days| now + Seconds::days(days)),
    };
    let affiliation = affiliations::hire(tx, hired, now, rng).await?;
    let answered = link_for(tx, manager, affiliation, now, rng).await?;
    let event = Event {
        chain: manager.chain(Purpose::Administration),
        kind: "identity.invited",
        actor: Actor::Person(manager.affiliation_id.clone()),
        objects: vec![answered.affiliation.to_string(), manager.affiliation_id.to_string()],
        payload: json!({ "invitation": answered.invitation, "role": new.role, "unit": manager.unit, "expires_at": answered.expires_at }),
    };
    audit::record(tx, event, now, rng).await?;
    Ok(answered)
}

async fn link_for(
    tx: &mut Tx,
    manager: &affiliations::Affiliation,
    affiliation: AffiliationId,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Answered, Error> {
    let (invitation_id, link) = (InvitationId::random(rng), Secret::random("invite", rng));
    let expires_at = now + INVITATION_LIFE;
    let invited_by = manager.affiliation_id.clone();
    let invitation = invitations::Invitation {
        invitation_id: invitation_id.clone(),
        affiliation_id: affiliation.clone(),
        invited_by,
        expires_at,
        state: "open".to_owned(),
        answered_at: None,
    };
    invitations::create(tx, &invitation, &link, now).await?;
    Ok(Answered { affiliation, invitation: invitation_id, link, expires_at })
}

/// The address behind link and code.
pub fn invitation_link(issuer: &str, link: &Secret) -> String {
    format!("{issuer}/inbjudan/{}", link.reveal().trim_start_matches("hs_invite_"))
}
