//! Which claim goes where (OIDC Sweden Claims 1.0 §3 and profile §4.2), as one table that decides the tokens and the text that
//! the person reads before anything is sent. There is no second list. A registration may give a claim another source, or name a claim
//! of its own, within a scope that the service may ask for ([`Naming`]).
//!
//! Rules: the `claims` parameter names a destination first, then the scope's definition decides, and a claim pulled into the
//! ID Token is also in UserInfo when its scope was asked for. What nobody asked for is sent nowhere.

mod naming;

use serde_json::{Map, Value};

pub use naming::Naming;

use crate::{attribute::Attribute, authorize::ClaimsParameter};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The claim.
    pub claim: &'static str,
    /// Scopes whose definition has it.
    pub scopes: &'static [(&'static str, Delivery)],
    /// What it says.
    pub from: Attribute,
}

/// Where a scope by itself delivers a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the ID Token and in UserInfo.
    Everywhere,
    /// Nowhere: a service that may ask for the scope may name the claim.
    OnRequest,
    /// In UserInfo.
    UserInfo,
}

/// OIDC Sweden Claims 1.0 §3.3: the work identity.
pub const NATURAL_PERSON_ORG_ID: &str = "https://id.oidc.se/scope/naturalPersonOrgId";
/// OIDC Sweden Claims 1.0 §3.1: the person's name.
pub const NATURAL_PERSON_INFO: &str = "https://id.oidc.se/scope/naturalPersonInfo";
/// OIDC Sweden Claims 1.0 §3.2: the number that says who the person is.
pub const NATURAL_PERSON_NUMBER: &str = "https://id.oidc.se/scope/naturalPersonNumber";
/// OIDC Core §5.4.
pub const PROFILE: &str = "profile";
/// OIDC Core §5.4.
pub const EMAIL: &str = "email";
/// OIDC Core §5.4.
pub const PHONE: &str = "phone";
/// OIDC Core §5.4.
pub const ADDRESS: &str = "address";

const ORG_ID_EVERYWHERE: (&str, Delivery) = (NATURAL_PERSON_ORG_ID, Delivery::Everywhere);
const ORG_ID: (&str, Delivery) = (NATURAL_PERSON_ORG_ID, Delivery::UserInfo);
const INFO: (&str, Delivery) = (NATURAL_PERSON_INFO, Delivery::UserInfo);
const NUMBER: (&str, Delivery) = (NATURAL_PERSON_NUMBER, Delivery::Everywhere);
const WITH_NUMBER: (&str, Delivery) = (NATURAL_PERSON_NUMBER, Delivery::OnRequest);
const STANDARD: (&str, Delivery) = (PROFILE, Delivery::UserInfo);

/// The table, in the order in which a person reads it.
pub const RELEASE: [Release; 15] = [
    row("name", &[ORG_ID, INFO, STANDARD], Attribute::Name),
    row("given_name", &[INFO, STANDARD], Attribute::GivenName),
    row("family_name", &[INFO, STANDARD], Attribute::FamilyName),
    row("https://id.oidc.se/claim/personalIdentityNumber", &[NUMBER], Attribute::PersonalNumber),
    row("https://id.oidc.se/claim/coordinationNumber", &[NUMBER], Attribute::CoordinationNumber),
    row("https://id.oidc.se/claim/coordinationNumberLevel", &[WITH_NUMBER], Attribute::PersonNumberLevel),
    row("https://id.oidc.se/claim/previousCoordinationNumber", &[WITH_NUMBER], Attribute::PersonNumberPrevious),
    row("https://id.oidc.se/claim/orgAffiliation", &[ORG_ID_EVERYWHERE], Attribute::AffiliationId),
    row("https://id.oidc.se/claim/orgName", &[ORG_ID], Attribute::OrganisationName),
    row("https://id.oidc.se/claim/orgNumber", &[ORG_ID], Attribute::OrganisationNumber),
    row("email", &[(EMAIL, Delivery::UserInfo)], Attribute::Email),
    row("email_verified", &[(EMAIL, Delivery::UserInfo)], Attribute::EmailChecked),
    row("phone_number", &[(PHONE, Delivery::UserInfo)], Attribute::Phone),
    row("phone_number_verified", &[(PHONE, Delivery::UserInfo)], Attribute::PhoneChecked),
    row("address", &[(ADDRESS, Delivery::UserInfo)], Attribute::Address),
];

const fn row(claim: &'static str, scopes: &'static [(&'static str, Delivery)], from: Attribute) -> Release {
    Release { claim, scopes, from }
}

/// One claim that will be sent, if the person has a value for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim's name.
    pub name: String,
    /// What it says.
    pub from: Attribute,
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

/// What a claim says by the table; nothing for one that it does not know.
pub fn source(claim: &str) -> Option<Attribute> {
    RELEASE.iter().find(|row| row.claim == claim).map(|row| row.from)
}

/// Takes the granted scopes, the `claims` parameter as checked and the service's own names; gives what is sent and where, in the order
/// of the table, the service's own after it.
pub fn shares(scopes: &[String], claims: &ClaimsParameter, naming: &[Naming]) -> Vec<Claim> {
    let asked = |scope: &str| scopes.iter().any(|granted| granted == scope);
    let delivered = |name: &str, from, by_scope: bool, in_id_token: bool| Claim {
        name: name.to_owned(),
        from,
        in_id_token: claims.id_token.contains_key(name) || in_id_token,
        in_userinfo: claims.userinfo.contains_key(name) || by_scope,
    };
    let of_the_table = RELEASE.iter().filter_map(|row| {
        let by_scope = |delivery| row.scopes.iter().any(|(scope, delivered)| *delivered == delivery && asked(scope));
        let (everywhere, in_userinfo) = (by_scope(Delivery::Everywhere), by_scope(Delivery::UserInfo));
        Some(delivered(row.claim, naming::source(naming, row)?, everywhere || in_userinfo, everywhere))
    });
    let of_its_own = naming.iter().filter(|named| source(&named.claim).is_none());
    let of_its_own = of_its_own.map(|named| delivered(&named.claim, named.from, named.scope.as_deref().is_some_and(asked), false));
    of_the_table.chain(of_its_own).filter(|claim| claim.in_id_token || claim.in_userinfo).collect()
}

/// Whether one of these scopes has the claim: a client may name only claims of scopes that it may ask for (OP-17).
pub fn covers(scopes: &[String], naming: &[Naming], claim: &str) -> bool {
    let may = |scope: &str| scopes.iter().any(|allowed| allowed == scope);
    match RELEASE.iter().find(|row| row.claim == claim) {
        Some(row) => row.scopes.iter().any(|(scope, _)| may(scope)),
        None => naming.iter().any(|named| named.claim == claim && named.scope.as_deref().is_some_and(may)),
    }
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
    claims.filter_map(|claim| values.get(&claim.name).map(|value| (claim.name.clone(), value.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn shared(scopes: &[&str], claims: &str) -> Vec<Claim> {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        shares(&scopes, &ClaimsParameter::parse(claims).unwrap(), &[])
    }

    fn names(claims: &[Claim], place: impl Fn(&Claim) -> bool) -> Vec<&str> {
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

    /// SE-05, SE-06.
    #[test]
    fn a_number_goes_to_both_and_what_is_said_of_it_only_to_who_names_it() {
        let shared_numbers = shared(&["openid", NATURAL_PERSON_NUMBER], "{}");
        let both = ["personalIdentityNumber", "coordinationNumber"];
        assert_eq!(
            (names(&shared_numbers, |claim| claim.in_id_token), names(&shared_numbers, |claim| claim.in_userinfo)),
            (both.into(), both.into())
        );
        let named =
            r#"{"userinfo":{"https://id.oidc.se/claim/previousCoordinationNumber":null,"https://id.oidc.se/claim/coordinationNumberLevel":null}}"#;
        let shared_alone = shared(&["openid"], named);
        assert_eq!(names(&shared_alone, |claim| claim.in_userinfo), ["coordinationNumberLevel", "previousCoordinationNumber"]);
        let may_name = |scope: &str| covers(&[scope.to_owned()], &[], "https://id.oidc.se/claim/previousCoordinationNumber");
        assert!(may_name(NATURAL_PERSON_NUMBER) && !may_name(NATURAL_PERSON_INFO));
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
    fn the_table_has_each_claim_once() {
        let claims: BTreeSet<&str> = RELEASE.iter().map(|row| row.claim).collect();
        assert_eq!(claims.len(), RELEASE.len());
        assert!(RELEASE.iter().all(|row| !row.scopes.is_empty()));
        assert_eq!(scopes(), [ADDRESS, EMAIL, NATURAL_PERSON_INFO, NATURAL_PERSON_NUMBER, NATURAL_PERSON_ORG_ID, PHONE, PROFILE]);
        let covered = |claim| covers(&[PROFILE.to_owned()], &[], claim);
        assert!(covered("name") && !covered("email") && !covered("salary"));
    }
}
