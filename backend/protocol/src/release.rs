//! Which claim goes where (OIDC Sweden Claims 1.0 §3 and profile §4.2), as one table that decides the tokens and the text that
//! the person reads before anything is sent. There is no second list.
//!
//! Rules: the `claims` parameter names a destination first, then the scope's definition decides, and a claim pulled into the
//! ID Token is also in UserInfo when its scope was asked for. What nobody asked for is sent nowhere.

use serde_json::{Map, Value};

use crate::authorize::ClaimsParameter;

/// A word for a person, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Swedish.
    pub sv: &'static str,
    /// English.
    pub en: &'static str,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The claim.
    pub claim: &'static str,
    /// Scopes whose definition has it, with whether they deliver it in the ID Token beside UserInfo.
    pub scopes: &'static [(&'static str, bool)],
    /// What a person reads.
    pub label: Label,
}

/// OIDC Sweden Claims 1.0 §3.3: the work identity.
pub const NATURAL_PERSON_ORG_ID: &str = "https://id.oidc.se/scope/naturalPersonOrgId";
/// OIDC Sweden Claims 1.0 §3.1: the person's name and date of birth.
pub const NATURAL_PERSON_INFO: &str = "https://id.oidc.se/scope/naturalPersonInfo";
/// OIDC Core §5.4.
pub const PROFILE: &str = "profile";
/// OIDC Core §5.4.
pub const EMAIL: &str = "email";

const ORG_ID_EVERYWHERE: (&str, bool) = (NATURAL_PERSON_ORG_ID, true);
const ORG_ID: (&str, bool) = (NATURAL_PERSON_ORG_ID, false);
const INFO: (&str, bool) = (NATURAL_PERSON_INFO, false);
const STANDARD: (&str, bool) = (PROFILE, false);

/// The table, in the order in which a person reads it.
pub const RELEASE: [Release; 10] = [
    row("name", &[ORG_ID, INFO, STANDARD], "Namn", "Name"),
    row("given_name", &[INFO, STANDARD], "Förnamn", "First name"),
    row("middle_name", &[INFO, STANDARD], "Mellannamn", "Middle name"),
    row("family_name", &[INFO, STANDARD], "Efternamn", "Last name"),
    row("birthdate", &[INFO, STANDARD], "Födelsedatum", "Date of birth"),
    row("https://id.oidc.se/claim/orgAffiliation", &[ORG_ID_EVERYWHERE], "Jobb-id", "Work identity"),
    row("https://id.oidc.se/claim/orgName", &[ORG_ID], "Organisation", "Organisation"),
    row("https://id.oidc.se/claim/orgNumber", &[ORG_ID], "Organisationsnummer", "Organisation number"),
    row("email", &[(EMAIL, false)], "E-postadress", "E-mail address"),
    row("email_verified", &[(EMAIL, false)], "E-postadressen är kontrollerad", "E-mail address is checked"),
];

const fn row(claim: &'static str, scopes: &'static [(&'static str, bool)], sv: &'static str, en: &'static str) -> Release {
    Release { claim, scopes, label: Label { sv, en } }
}

/// One claim that will be sent, if the person has a value for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim's name.
    pub name: &'static str,
    /// What a person reads.
    pub label: Label,
    /// It goes into the ID Token.
    pub in_id_token: bool,
    /// It goes into UserInfo.
    pub in_userinfo: bool,
}

/// Every scope that the table knows, each once.
pub fn scopes() -> Vec<&'static str> {
    let mut names: Vec<&str> = RELEASE.iter().flat_map(|row| row.scopes.iter().map(|(scope, _)| *scope)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Takes the granted scopes and the `claims` parameter as checked; gives what is sent and where, in the order of the table.
pub fn shares(scopes: &[String], claims: &ClaimsParameter) -> Vec<Claim> {
    let asked = |(scope, _): &&(&str, bool)| scopes.iter().any(|granted| granted == scope);
    let delivery = |row: &Release| {
        let by_scope: Vec<&(&str, bool)> = row.scopes.iter().filter(asked).collect();
        let in_id_token = claims.id_token.contains_key(row.claim) || by_scope.iter().any(|(_, in_id_token)| *in_id_token);
        let in_userinfo = claims.userinfo.contains_key(row.claim) || !by_scope.is_empty();
        Claim { name: row.claim, label: row.label, in_id_token, in_userinfo }
    };
    RELEASE.iter().map(delivery).filter(|claim| claim.in_id_token || claim.in_userinfo).collect()
}

/// Whether one of these scopes has the claim: a client may name only claims of scopes that it may ask for.
pub fn covers(scopes: &[String], claim: &str) -> bool {
    let row = RELEASE.iter().find(|row| row.claim == claim);
    row.is_some_and(|row| row.scopes.iter().any(|(scope, _)| scopes.iter().any(|allowed| allowed == scope)))
}

/// The values that go into the ID Token. `values` may hold more than is shared; nothing more leaves.
pub fn for_id_token(shared: &[Claim], values: &Map<String, Value>) -> Map<String, Value> {
    picked(shared.iter().filter(|claim| claim.in_id_token), values)
}

/// The values that go into UserInfo.
pub fn for_userinfo(shared: &[Claim], values: &Map<String, Value>) -> Map<String, Value> {
    picked(shared.iter().filter(|claim| claim.in_userinfo), values)
}

fn picked<'a>(claims: impl Iterator<Item = &'a Claim>, values: &Map<String, Value>) -> Map<String, Value> {
    claims.filter_map(|claim| values.get(claim.name).map(|value| (claim.name.to_owned(), value.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn shared(scopes: &[&str], claims: &str) -> Vec<Claim> {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        shares(&scopes, &ClaimsParameter::parse(claims).unwrap())
    }

    fn names(claims: &[Claim], place: impl Fn(&Claim) -> bool) -> Vec<&'static str> {
        claims.iter().filter(|claim| place(claim)).map(|claim| claim.name.rsplit('/').next().unwrap()).collect()
    }

    /// SE-01.
    #[test]
    fn the_work_identity_goes_to_both_and_the_rest_to_userinfo_only() {
        let shared = shared(&["openid", NATURAL_PERSON_ORG_ID], "{}");
        assert_eq!(names(&shared, |claim| claim.in_id_token), ["orgAffiliation"]);
        assert_eq!(names(&shared, |claim| claim.in_userinfo), ["name", "orgAffiliation", "orgName", "orgNumber"]);
    }

    /// OP-16.
    #[test]
    fn without_a_scope_nothing_is_shared() {
        assert_eq!(shared(&["openid"], "{}"), []);
        assert_eq!(shared(&["openid", "PROFILE", "naturalPersonOrgId", "profile "], "{}"), []);
        assert_eq!(shared(&["openid"], r#"{"id_token":{"personalIdentityNumber":{"essential":true}}}"#), [], "not in the table");
    }

    /// OP-15.
    #[test]
    fn the_claims_parameter_names_the_destination() {
        let pulled = shared(&["openid", PROFILE], r#"{"id_token":{"name":null}}"#);
        assert_eq!(names(&pulled, |claim| claim.in_id_token), ["name"]);
        assert!(names(&pulled, |claim| claim.in_userinfo).contains(&"name"), "its scope was asked for too");
        let alone = shared(&["openid"], r#"{"id_token":{"name":null},"userinfo":{"email":null}}"#);
        assert_eq!(names(&alone, |claim| claim.in_id_token), ["name"]);
        assert_eq!(names(&alone, |claim| claim.in_userinfo), ["email"]);
    }

    #[test]
    fn only_shared_values_leave() {
        let values = json!({ "name": "Åsa", "email": "asa@example.se", "https://id.oidc.se/claim/orgAffiliation": "k7@2120009999", "salary": 1 });
        let shared = shared(&["openid", NATURAL_PERSON_ORG_ID], "{}");
        let in_id_token = for_id_token(&shared, values.as_object().unwrap());
        assert_eq!(Value::Object(in_id_token), json!({ "https://id.oidc.se/claim/orgAffiliation": "k7@2120009999" }));
        let in_userinfo = for_userinfo(&shared, values.as_object().unwrap());
        assert_eq!(Value::Object(in_userinfo), json!({ "https://id.oidc.se/claim/orgAffiliation": "k7@2120009999", "name": "Åsa" }));
    }

    #[test]
    fn the_table_has_each_claim_once_and_words_for_people() {
        let claims: BTreeSet<&str> = RELEASE.iter().map(|row| row.claim).collect();
        assert_eq!(claims.len(), RELEASE.len());
        assert!(RELEASE.iter().all(|row| !row.scopes.is_empty() && !row.label.sv.is_empty() && !row.label.en.is_empty()));
        assert_eq!(scopes(), [EMAIL, NATURAL_PERSON_INFO, NATURAL_PERSON_ORG_ID, PROFILE]);
        assert!(covers(&[PROFILE.to_owned()], "name") && !covers(&[PROFILE.to_owned()], "email") && !covers(&[PROFILE.to_owned()], "salary"));
    }
}
