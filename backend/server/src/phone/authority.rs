//! Who asks, in the policy's words: built from the work identity and the phone, read at every use.

use std::collections::BTreeSet;

use handslag_policy::{Act, Kind, Question, Role, Tier as PolicyTier, Unit, Who};
use handslag_vocab::{Assurance, OrganisationId, UnixTime};

use super::phones::Tier;
use crate::{
    identity::{Affiliation, AffiliationKind, Standing},
    problem::Problem,
    server::Server,
};

/// Asks the policy; a no carries the rule's own words.
pub fn allowed(server: &Server, affiliation: &Affiliation, tier: Tier, act: Act, now: UnixTime) -> Result<(), Problem> {
    allowed_by(server, (affiliation, tier, Assurance::Loa3), act, now)
}

/// The same, for somebody who was authenticated at this level.
pub fn allowed_by(server: &Server, (affiliation, tier, done_now): (&Affiliation, Tier, Assurance), act: Act, now: UnixTime) -> Result<(), Problem> {
    let who = who(affiliation, tier, now);
    let answer = server.policies.decide(&Question { who, act, done_now });
    if answer.allowed {
        return Ok(());
    }
    let rule = answer.rules.first();
    let words = |language| rule.and_then(|rule| server.policies.reason(rule, language)).unwrap_or_default().to_owned();
    tracing::info!(rule = rule.map(handslag_policy::RuleId::as_str), "the policy said no");
    Err(Problem::forbidden(words("sv"), words("en")).with_code("not_allowed"))
}

/// The policy's view of a person with a phone.
pub fn who(affiliation: &Affiliation, tier: Tier, now: UnixTime) -> Who {
    Who {
        affiliation: affiliation.affiliation_id.clone(),
        person: affiliation.person_id.clone(),
        unit: unit(&affiliation.organisation_id, &affiliation.unit),
        kind: kind(affiliation.kind),
        roles: roles(affiliation),
        serves: BTreeSet::new(),
        blocked: affiliation.standing(now) == Standing::Blocked,
        valid: affiliation.standing(now) == Standing::Good,
        assurance: affiliation.assurance,
        tier: policy_tier(tier),
        door_key: tier >= Tier::T2,
    }
}

/// A unit of an organisation.
pub fn unit(organisation: &OrganisationId, name: &str) -> Unit {
    Unit { organisation: organisation.clone(), name: name.to_owned(), above: Vec::new() }
}

/// The roles behind the stored word.
pub fn roles(affiliation: &Affiliation) -> BTreeSet<Role> {
    Role::ALL.into_iter().filter(|role| role.as_str() == affiliation.role).collect()
}

/// The policy's word for what binds a person to an organisation.
pub const fn kind(kind: AffiliationKind) -> Kind {
    match kind {
        AffiliationKind::Contractor => Kind::Contractor,
        AffiliationKind::Elected => Kind::Elected,
        AffiliationKind::Employee => Kind::Employee,
        AffiliationKind::ProviderStaff => Kind::ProviderStaff,
    }
}

const fn policy_tier(tier: Tier) -> PolicyTier {
    match tier {
        Tier::T0 => PolicyTier::T0,
        Tier::T1 => PolicyTier::T1,
        Tier::T2 => PolicyTier::T2,
        Tier::T3 => PolicyTier::T3,
    }
}
