//! What people are shown of a client: without it nobody can say yes to it.

use serde_json::Value;

use super::{Candidate, Refusal};
use crate::profile::Profile;

/// Names are shown on a phone.
const LONGEST: usize = 120;

/// Sweden Connect profile §3.2; for the others a name is enough, and must be one that can be shown.
pub(super) fn know_whom_they_meet(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let members = candidate.members;
    for name in ["client_name", "client_name#sv", "client_name#en", "organization_name", "organization_name#sv", "organization_name#en"] {
        let is_shown = |text: &str| text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
        if members.text(name)?.is_some_and(|text| !is_shown(text)) {
            return Err(Refusal::Member);
        }
    }
    let contacts = members.texts("contacts")?;
    let is_complete = ["client_name#sv", "client_name#en", "logo_uri", "client_uri"].iter().all(|name| members.says(name));
    let is_reachable = contacts.iter().any(|contact| contact.contains('@'));
    let is_number = members.value("default_max_age").is_none_or(|age| age.as_i64().is_some_and(|age| age >= 0) && matches!(age, Value::Number(_)));
    match candidate.policy.profile {
        _ if !is_number => Err(Refusal::Member),
        Profile::Swedish if !(is_complete && is_reachable) => Err(Refusal::People),
        _ => Ok(()),
    }
}
