//! "Så heter personen i den här tjänsten": what a service calls what it is told of a person, where that differs from the table.
//!
//! Minimal by default: without a naming only the table counts, and a name of a service's own is sent only with a scope it may ask for
//! (SH-01). What the Swedish profile fixes cannot be said otherwise (SE-02, SE-04), and who is named by a role is not named (SE-20).

use serde::{Deserialize, Serialize};

use super::{RELEASE, Release};
use crate::attribute::Attribute;

/// One claim of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// What the service calls it.
    pub claim: String,
    /// What it says.
    pub from: Attribute,
    /// The scope that delivers it; one of the table is delivered by the scopes that stand there.
    #[serde(default)]
    pub scope: Option<String>,
}

/// Names that say something else than who the person is, whoever registers them.
const RESERVED: [&str; 22] = [
    "acr",
    "act",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "events",
    "exp",
    "iat",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "scope",
    "sid",
    "sub",
    "txn",
];

const LONGEST: usize = 128;

impl Naming {
    /// Whether these can be registered for a client with these scopes: each claim once, none that means something else, and each
    /// deliverable.
    pub fn are_sound(all: &[Self], scopes: &[String]) -> bool {
        let once = |named: &Self| all.iter().filter(|other| other.claim == named.claim).count() == 1;
        all.len() <= Attribute::ALL.len() && all.iter().all(|named| once(named) && named.is_sound(scopes))
    }

    fn is_sound(&self, scopes: &[String]) -> bool {
        let is_name = (1..=LONGEST).contains(&self.claim.len()) && self.claim.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        let is_free = !RESERVED.contains(&self.claim.as_str());
        let fits = match RELEASE.iter().find(|row| row.claim == self.claim) {
            Some(row) => self.scope.is_none() && is_open(row),
            // A scope of the protocol itself (`openid`) would send it with every log-in, whatever was asked.
            None => self.scope.as_ref().is_some_and(|scope| scope != "openid" && scopes.contains(scope)),
        };
        is_name && is_free && fits && self.from.may_be_named()
    }
}

/// What the Swedish profile defines is what it says there; what says that a value is checked goes with that value.
fn is_open(row: &Release) -> bool {
    !row.claim.starts_with("https://") && row.from.may_be_named()
}

/// What a claim of the table says in this service; nothing where it must not be said.
pub(super) fn source(naming: &[Naming], row: &Release) -> Option<Attribute> {
    let named = |claim: &str| naming.iter().find(|named| named.claim == claim).map(|named| named.from);
    let instead = |claim, usual| named(claim).is_some_and(|from| from != usual);
    match (named(row.claim), row.from) {
        (Some(from), _) => Some(from),
        // Whose name is replaced by another word is not named in pieces either.
        (None, Attribute::GivenName | Attribute::FamilyName) if instead("name", Attribute::Name) => None,
        (None, Attribute::EmailChecked) if instead("email", Attribute::Email) => None,
        (None, Attribute::PhoneChecked) if instead("phone_number", Attribute::Phone) => None,
        (None, usual) => Some(usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorize::ClaimsParameter,
        release::{Claim, covers, shares},
    };

    fn named(claim: &str, from: Attribute, scope: Option<&str>) -> Naming {
        Naming { claim: claim.to_owned(), from, scope: scope.map(str::to_owned) }
    }

    fn shared(naming: &[Naming], scopes: &[&str], claims: &str) -> Vec<Claim> {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        shares(&scopes, &ClaimsParameter::parse(claims).unwrap(), naming)
    }

    fn pairs(shared: &[Claim]) -> Vec<(&str, Attribute)> {
        shared.iter().map(|claim| (claim.name.as_str(), claim.from)).collect()
    }

    /// SE-20.
    #[test]
    fn who_is_named_by_a_role_is_not_named_in_pieces() {
        let role = [named("name", Attribute::RoleName, None)];
        assert_eq!(pairs(&shared(&role, &["openid", "profile"], "{}")), [("name", Attribute::RoleName)]);
        let asked = r#"{"userinfo":{"family_name":{"essential":true}},"id_token":{"given_name":null}}"#;
        assert_eq!(pairs(&shared(&role, &["openid", "profile"], asked)), [("name", Attribute::RoleName)]);
        let same = [named("name", Attribute::Name, None)];
        assert_eq!(shared(&same, &["openid", "profile"], "{}").len(), 3);
    }

    /// SH-01: a name of its own goes with its scope and with nothing else.
    #[test]
    fn a_name_of_its_own_goes_with_its_scope() {
        let own = [named("eduPersonPrincipalName", Attribute::Eppn, Some("skola"))];
        let sent = shared(&own, &["openid", "skola"], "{}");
        assert_eq!(pairs(&sent), [("eduPersonPrincipalName", Attribute::Eppn)]);
        assert!(sent[0].in_userinfo && !sent[0].in_id_token);
        assert_eq!(shared(&own, &["openid", "profile"], "{}").len(), 3, "another scope does not send it");
        let pulled = shared(&own, &["openid"], r#"{"id_token":{"eduPersonPrincipalName":null}}"#);
        assert!(pulled[0].in_id_token && !pulled[0].in_userinfo);
        let scopes = |scope: &str| vec![scope.to_owned()];
        assert!(covers(&scopes("skola"), &own, "eduPersonPrincipalName") && !covers(&scopes("profile"), &own, "eduPersonPrincipalName"));
    }

    #[test]
    fn an_address_of_another_kind_is_not_called_checked() {
        let names = [named("email", Attribute::Eppn, None), named("phone_number", Attribute::EmployeeNumber, None)];
        let sent = shared(&names, &["email", "phone"], "{}");
        assert_eq!(pairs(&sent), [("email", Attribute::Eppn), ("phone_number", Attribute::EmployeeNumber)]);
    }

    #[test]
    fn names_that_cannot_be_registered() {
        let scopes = ["profile", "skola"].map(str::to_owned);
        let sound = |all: &[Naming]| Naming::are_sound(all, &scopes);
        assert!(sound(&[]) && sound(&[named("upn", Attribute::AdName, Some("skola")), named("name", Attribute::RoleName, None)]));
        let upn = |scope| [named("upn", Attribute::AdName, scope)];
        assert!(!sound(&upn(None)) && !sound(&upn(Some("openid"))) && !sound(&upn(Some("email"))), "not a scope of this client's");
        assert!(!sound(&[named("name", Attribute::Name, Some("profile"))]), "the table says by which scopes");
        assert!(!sound(&[named("upn", Attribute::EmailChecked, Some("skola"))]));
        assert!(!sound(&[named("name", Attribute::Name, None), named("name", Attribute::RoleName, None)]), "twice");
        for wrong in ["sub", "aud", "acr", "sid", "", "a b", "å", "a\"b", &"x".repeat(129)] {
            assert!(!sound(&[named(wrong, Attribute::Name, Some("skola"))]), "{wrong}");
        }
        for fixed in ["https://id.oidc.se/claim/orgAffiliation", "https://id.oidc.se/claim/orgNumber", "email_verified"] {
            assert!(!sound(&[named(fixed, Attribute::Unit, None)]), "{fixed}");
        }
    }
}
