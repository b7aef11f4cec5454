//! What a resource is told about a token (RFC 7662), plain or signed (RFC 9701).
//!
//! A token that is unknown, dead or none of the asker's business has one answer: not active, and nothing more (RFC 7662 §2.2).

use handslag_vocab::{ClientId, UnixTime};
use serde_json::{Map, Value, json};

use crate::{
    access_token::{self, LogIn},
    authorization_details::AuthorizationDetail,
    jose::{Algorithm, UnsignedJws},
    mutual_tls::Binding,
    token::TokenType,
};

/// A living token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// Whom it speaks for; the client itself where no person is behind it.
    pub subject: String,
    /// Who holds it.
    pub client_id: ClientId,
    /// What it may.
    pub scopes: Vec<String>,
    /// Which resource it is for, if it names one.
    pub audience: Option<String>,
    /// When it dies.
    pub expires_at: UnixTime,
    /// What it is bound to.
    pub bound_to: Option<Binding>,
    /// The log-in behind it (RFC 9470 §6.2).
    pub log_in: Option<LogIn>,
    /// Whether it is a refresh token, which has no type of use.
    pub is_refresh: bool,
    /// The services that passed it on, the last one first (RFC 8693 §4.1).
    pub passed_on_by: Vec<ClientId>,
    /// What exactly it is for (RFC 9396 §9.2).
    pub details: Vec<AuthorizationDetail>,
}

impl ActiveToken {
    /// Whether this client may learn of it: its holder, and the resource it is for. One resource learns nothing of another's
    /// tokens (CVE-2026-37979).
    pub fn concerns(&self, asker: &ClientId, resource: Option<&str>) -> bool {
        let is_for_it = resource.is_some() && self.audience.as_deref() == resource;
        self.client_id == *asker || (is_for_it && !self.is_refresh)
    }
}

/// The answer as `application/json`; `None` is any token that gets no answer.
pub fn answer(token: Option<&ActiveToken>, issuer: &str) -> Map<String, Value> {
    let mut members = Map::from_iter([("active".to_owned(), token.is_some().into())]);
    let Some(token) = token else { return members };
    let mut tell = |name: &str, value: Value| members.insert(name.to_owned(), value);
    tell("iss", issuer.into());
    tell("sub", token.subject.as_str().into());
    tell("client_id", token.client_id.as_str().into());
    tell("scope", token.scopes.join(" ").into());
    tell("exp", token.expires_at.seconds().into());
    if let Some(audience) = &token.audience {
        tell("aud", audience.as_str().into());
    }
    if let Some(binding) = token.bound_to {
        tell("cnf", binding.confirmation());
    }
    if let Some(act) = access_token::act(&token.passed_on_by) {
        tell("act", act);
    }
    if !token.is_refresh {
        let kind = if matches!(token.bound_to, Some(Binding::Key(_))) { TokenType::DPoP } else { TokenType::Bearer };
        tell("token_type", json!(kind));
    }
    members.extend(token.log_in.iter().flat_map(LogIn::members));
    members.extend(access_token::told(&token.details));
    members
}

/// The answer for one resource as `application/token-introspection+jwt` (RFC 9701 §5), before this key signs it.
pub fn unsigned(token: Option<&ActiveToken>, issuer: &str, asker: &ClientId, now: UnixTime, (algorithm, kid): (Algorithm, &str)) -> UnsignedJws {
    let claims = json!({ "iss": issuer, "aud": asker, "iat": now.seconds(), "token_introspection": answer(token, issuer) });
    UnsignedJws::new("token-introspection+jwt", algorithm, kid, claims.as_object().cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use handslag_vocab::Digest;

    use super::*;

    fn token() -> ActiveToken {
        ActiveToken {
            subject: "k3".to_owned(),
            client_id: "hemtjanst-app".parse().unwrap(),
            scopes: vec!["openid".to_owned(), "doors".to_owned()],
            audience: Some("https://dorrar.example".to_owned()),
            expires_at: UnixTime::from_seconds(1_300),
            bound_to: Some(Binding::Key(Digest::of(b"key"))),
            log_in: Some(LogIn { acr: "loa2".to_owned(), auth_time: UnixTime::from_seconds(900) }),
            is_refresh: false,
            passed_on_by: Vec::new(),
            details: Vec::new(),
        }
    }

    #[test]
    fn a_dead_token_has_one_answer() {
        assert_eq!(Value::Object(answer(None, "https://id.example")), json!({ "active": false }));
    }

    #[test]
    fn a_living_token_says_what_it_may_and_for_whom() {
        let expected = json!({
            "active": true, "iss": "https://id.example", "sub": "k3", "client_id": "hemtjanst-app", "scope": "openid doors", "exp": 1_300,
            "aud": "https://dorrar.example", "cnf": { "jkt": Digest::of(b"key") }, "token_type": "DPoP", "acr": "loa2", "auth_time": 900,
        });
        assert_eq!(Value::Object(answer(Some(&token()), "https://id.example")), expected);
        let held = ActiveToken { bound_to: Some(Binding::Certificate(Digest::of(b"key"))), ..token() };
        let told = answer(Some(&held), "https://id.example");
        assert_eq!((&told["cnf"], &told["token_type"]), (&json!({ "x5t#S256": Digest::of(b"key") }), &json!("Bearer")), "RFC 8705 §3.2");
        let details = json!([{ "type": "door", "actions": ["open"], "doors": ["dor_0123456789abcdefghjkmnpqrs"] }]);
        let opening = ActiveToken { details: serde_json::from_value(details.clone()).unwrap(), ..token() };
        assert_eq!(answer(Some(&opening), "https://id.example")["authorization_details"], details, "RFC 9396 §9.2");
        let refresh = ActiveToken { is_refresh: true, audience: None, bound_to: None, ..token() };
        let told = answer(Some(&refresh), "https://id.example");
        assert!(!told.contains_key("token_type") && !told.contains_key("aud") && !told.contains_key("cnf"));
    }

    #[test]
    fn one_resource_learns_nothing_of_anothers_tokens() {
        let (app, doors, journal) = ("hemtjanst-app".parse().unwrap(), "dorrar".parse().unwrap(), "journal".parse().unwrap());
        let cases = [
            (&app, None, true),
            (&doors, Some("https://dorrar.example"), true),
            (&doors, None, false),
            (&journal, Some("https://journal.example"), false),
            (&journal, Some("https://dorrar.example/"), false),
        ];
        for (asker, resource, concerns) in cases {
            assert_eq!(token().concerns(asker, resource), concerns, "{asker} {resource:?}");
        }
        let (no_audience, refresh) = (ActiveToken { audience: None, ..token() }, ActiveToken { is_refresh: true, ..token() });
        assert!(!no_audience.concerns(&doors, None) && !refresh.concerns(&doors, Some("https://dorrar.example")) && refresh.concerns(&app, None));
    }

    #[test]
    fn a_signed_answer_is_for_one_asker_and_can_be_no_other_kind_of_token() {
        let asker = "dorrar".parse().unwrap();
        let jws = unsigned(Some(&token()), "https://id.example", &asker, UnixTime::from_seconds(1_000), (Algorithm::Es256, "k"));
        let text = String::from_utf8(jws.to_be_signed().to_vec()).unwrap();
        let part =
            |number: usize| -> Value { serde_json::from_slice(&crate::base64url::decode(text.split('.').nth(number).unwrap()).unwrap()).unwrap() };
        assert_eq!((&part(0)["typ"], &part(0)["kid"]), (&json!("token-introspection+jwt"), &json!("k")));
        assert_eq!((&part(1)["aud"], &part(1)["token_introspection"]["active"], part(1).get("sub")), (&json!("dorrar"), &json!(true), None));
    }
}
