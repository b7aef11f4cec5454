//! Access tokens as JWT for a named audience (RFC 9068). They say which client may do what for whom, and nothing about who the
//! person is: identity data goes by ID Token and UserInfo (Sweden Connect profile §2.3.2; OP-23).

use handslag_vocab::{ClientId, Seconds, UnixTime};
use serde_json::{Map, Value, json};

use crate::{
    authorization_details::{self, AuthorizationDetail, DetailType},
    jose::{self, Algorithm, Claims, JwkSet, Type, UnsignedJws, UnverifiedJws},
    mutual_tls::Binding,
    refusal::refusals,
};

refusals! {
    /// Why an access token is refused at a resource. Clauses are of RFC 9068 §4 unless named.
    pub enum Refusal {
        /// The token is for another resource.
        Audience = "access_token_aud", "the access token is for another resource";
        /// RFC 9449 §7: bound to another key, or to a key and sent without proof, or proven but not bound.
        Binding = "access_token_cnf", "the access token is bound to another key than the one proven";
        /// A claim that §2.2 requires is absent or no text.
        Claims = "access_token_claims", "the access token lacks a required claim";
        /// `exp` is past.
        Expired = "access_token_exp", "the access token has expired";
        /// Another issuer.
        Issuer = "access_token_iss", "the access token is from another issuer";
    }
    wraps {
        /// Signature, type and algorithm.
        Jws(jose::Refusal);
    }
}

/// An access token, before it is signed or after it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// `iss`.
    pub issuer: String,
    /// `sub`: the same as in the ID Token.
    pub subject: String,
    /// `aud`: the one resource that takes it.
    pub audience: String,
    /// The client that it was given to.
    pub client_id: ClientId,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// `jti`.
    pub id: String,
    /// `iat`.
    pub issued_at: UnixTime,
    /// `exp`.
    pub expires_at: UnixTime,
    /// `cnf`: what it is bound to.
    pub bound_to: Option<Binding>,
    /// The log-in behind it, so that a resource can ask for more (RFC 9470 §6); none where no person is.
    pub log_in: Option<LogIn>,
    /// `act`: the services that passed it on, the last one first (RFC 8693 §4.1).
    pub passed_on_by: Vec<ClientId>,
    /// `authorization_details`: what exactly it is for (RFC 9396 §9.1).
    pub details: Vec<AuthorizationDetail>,
}

/// How and when the person was authenticated (RFC 9068 §2.2.1), as our own record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIn {
    /// `acr`.
    pub acr: String,
    /// `auth_time`: the full authentication, never a later use of it.
    pub auth_time: UnixTime,
}

impl LogIn {
    /// As members of a token or of an answer about one.
    pub fn members(&self) -> [(String, Value); 2] {
        [("acr".to_owned(), self.acr.as_str().into()), ("auth_time".to_owned(), self.auth_time.seconds().into())]
    }
}

/// What a resource expects.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our published keys.
    pub keys: &'a JwkSet,
    /// Our issuer.
    pub issuer: &'a str,
    /// The resource's own name.
    pub audience: &'a str,
    /// The key of the DPoP proof, or the certificate, that came with it.
    pub proven: Option<Binding>,
    /// The time.
    pub now: UnixTime,
}

type Check = fn(&AccessToken, &Expected<'_>) -> Result<(), Refusal>;

/// In order.
const CHECKS: [Check; 4] = [is_ours, is_for_this_resource, is_alive, is_bound_to_the_proven_key];

impl AccessToken {
    /// `expires_at` of a token that lives so long from `issued_at`.
    #[must_use]
    pub fn living(self, length: Seconds) -> Self {
        Self { expires_at: self.issued_at + length, ..self }
    }

    /// The claims as they will be signed.
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "client_id": self.client_id,
            "scope": self.scopes.join(" "),
            "jti": self.id,
            "iat": self.issued_at.seconds(),
            "exp": self.expires_at.seconds(),
        });
        if let (Some(members), Some(binding)) = (claims.as_object_mut(), self.bound_to) {
            members.insert("cnf".to_owned(), binding.confirmation());
        }
        let mut claims = claims.as_object().cloned().unwrap_or_default();
        claims.extend(self.log_in.iter().flat_map(LogIn::members));
        claims.extend(act(&self.passed_on_by).map(|act| ("act".to_owned(), act)));
        claims.extend(told(&self.details));
        claims
    }

    /// Takes the id of the ES256 key that will sign.
    pub fn unsigned(&self, kid: &str) -> UnsignedJws {
        UnsignedJws::new("at+jwt", Algorithm::Es256, kid, self.claims())
    }

    /// Verifies a token at a resource.
    pub fn verify(compact: &str, expected: &Expected<'_>) -> Result<Self, Refusal> {
        let token = Self::signed_by(expected.keys, compact)?;
        CHECKS.iter().try_for_each(|check| check(&token, expected))?;
        Ok(token)
    }

    /// Reads a token that one of these keys signed; whether it is for whoever asks, alive and proven is the caller's to see. For
    /// the issuer itself (introspection, revocation), never for a resource.
    pub fn signed_by(keys: &JwkSet, compact: &str) -> Result<Self, Refusal> {
        let allowed = jose::Expected { algorithms: &[Algorithm::Es256], typ: Type::Explicit("at+jwt") };
        let claims = UnverifiedJws::parse(compact)?.verify(keys, allowed)?.claims()?;
        Self::read(&claims).ok_or(Refusal::Claims)
    }

    fn read(claims: &Claims) -> Option<Self> {
        let bound_to = match claims.members().get("cnf") {
            None => None,
            Some(confirmation) => Some(Binding::read(confirmation)?),
        };
        Some(Self {
            issuer: claims.text("iss")?.to_owned(),
            subject: claims.text("sub")?.to_owned(),
            audience: claims.text("aud")?.to_owned(),
            client_id: claims.text("client_id")?.parse().ok()?,
            scopes: claims.text("scope")?.split(' ').map(str::to_owned).collect(),
            id: claims.jti()?.to_owned(),
            issued_at: claims.time("iat")?,
            expires_at: claims.time("exp")?,
            bound_to,
            log_in: claims.text("acr").zip(claims.time("auth_time")).map(|(acr, auth_time)| LogIn { acr: acr.to_owned(), auth_time }),
            passed_on_by: passed_on_by(claims.members().get("act"))?,
            details: details(claims.members().get("authorization_details"))?,
        })
    }
}

/// RFC 8693 §4.1: each actor holds the one before it.
pub(crate) fn act(actors: &[ClientId]) -> Option<Value> {
    actors.iter().rev().fold(None, |before, actor| {
        let mut act = json!({ "sub": actor });
        if let (Some(members), Some(before)) = (act.as_object_mut(), before) {
            members.insert("act".to_owned(), before);
        }
        Some(act)
    })
}

/// Details as a member of a token or of an answer about one; none where there are none.
pub(crate) fn told(details: &[AuthorizationDetail]) -> Option<(String, Value)> {
    (!details.is_empty()).then(|| ("authorization_details".to_owned(), json!(details)))
}

/// `None` where they are not of our types: what is not understood is not left out.
fn details(told: Option<&Value>) -> Option<Vec<AuthorizationDetail>> {
    told.map_or_else(|| Some(Vec::new()), |told| authorization_details::parse(&told.to_string(), &DetailType::ALL).ok())
}

/// `None` where it is not of this form: an actor that is not understood is not left out.
fn passed_on_by(mut act: Option<&Value>) -> Option<Vec<ClientId>> {
    let mut actors = Vec::new();
    while let Some(members) = act {
        actors.push(members.get("sub")?.as_str()?.parse().ok()?);
        act = members.get("act");
    }
    Some(actors)
}

fn is_ours(token: &AccessToken, expected: &Expected<'_>) -> Result<(), Refusal> {
    if token.issuer == expected.issuer { Ok(()) } else { Err(Refusal::Issuer) }
}

fn is_for_this_resource(token: &AccessToken, expected: &Expected<'_>) -> Result<(), Refusal> {
    if token.audience == expected.audience { Ok(()) } else { Err(Refusal::Audience) }
}

fn is_alive(token: &AccessToken, expected: &Expected<'_>) -> Result<(), Refusal> {
    if expected.now < token.expires_at { Ok(()) } else { Err(Refusal::Expired) }
}

/// RFC 9449 §7.1 and RFC 8705 §3: a bound token without what it is bound to is a stolen one.
fn is_bound_to_the_proven_key(token: &AccessToken, expected: &Expected<'_>) -> Result<(), Refusal> {
    if token.bound_to == expected.proven { Ok(()) } else { Err(Refusal::Binding) }
}

#[cfg(test)]
mod tests {
    use handslag_vocab::Digest;

    use super::*;
    use crate::jose::tests::TestKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_000);

    fn token() -> AccessToken {
        AccessToken {
            issuer: "https://id.example".to_owned(),
            subject: "k3".to_owned(),
            audience: "https://dorrar.example".to_owned(),
            client_id: "hemtjanst-app".parse().unwrap(),
            scopes: vec!["openid".to_owned(), "doors".to_owned()],
            id: "j".to_owned(),
            issued_at: NOW,
            expires_at: NOW,
            bound_to: None,
            log_in: Some(LogIn { acr: "loa2".to_owned(), auth_time: NOW - Seconds(60) }),
            passed_on_by: Vec::new(),
            details: Vec::new(),
        }
        .living(Seconds(300))
    }

    fn verify(key: &TestKey, compact: &str, change: impl Fn(&mut Expected<'_>)) -> Result<AccessToken, Refusal> {
        let keys = key.set();
        let mut expected = Expected { keys: &keys, issuer: "https://id.example", audience: "https://dorrar.example", proven: None, now: NOW };
        change(&mut expected);
        AccessToken::verify(compact, &expected)
    }

    fn signed(key: &TestKey, token: &AccessToken) -> String {
        let unsigned = token.unsigned("k");
        let signature = key.sign(unsigned.to_be_signed());
        unsigned.signed(&signature).unwrap()
    }

    #[test]
    fn a_token_reads_back_and_says_nothing_about_the_person() {
        let key = TestKey::new(Some("k"));
        assert_eq!(verify(&key, &signed(&key, &token()), |_| ()), Ok(token()));
        let bound = AccessToken { bound_to: Some(Binding::Key(Digest::of(b"key"))), ..token() };
        assert_eq!(verify(&key, &signed(&key, &bound), |e| e.proven = Some(Binding::Key(Digest::of(b"key")))), Ok(bound));
        let passed_on = AccessToken { passed_on_by: vec!["journalen".parse().unwrap(), "vardportalen".parse().unwrap()], ..token() };
        assert_eq!(passed_on.claims()["act"], json!({ "sub": "journalen", "act": { "sub": "vardportalen" } }), "RFC 8693 §4.1");
        assert_eq!(verify(&key, &signed(&key, &passed_on), |_| ()), Ok(passed_on));
        let told = json!([{ "type": "door", "actions": ["open"], "doors": ["dor_0123456789abcdefghjkmnpqrs"] }]);
        let details = authorization_details::parse(&told.to_string(), &DetailType::ALL).unwrap();
        let opening = AccessToken { details, ..token() };
        assert_eq!(opening.claims()["authorization_details"], told, "RFC 9396 §9.1");
        assert_eq!(verify(&key, &signed(&key, &opening), |_| ()), Ok(opening));
        let expected = json!({
            "iss": "https://id.example", "sub": "k3", "aud": "https://dorrar.example", "client_id": "hemtjanst-app", "scope": "openid doors", "jti": "j",
            "iat": 1000, "exp": 1300, "acr": "loa2", "auth_time": 940,
        });
        assert_eq!(Value::Object(token().claims()), expected);
    }

    #[test]
    fn tokens_that_are_refused() {
        let key = TestKey::new(Some("k"));
        let right = signed(&key, &token());
        let (ours, theirs) = (Binding::Key(Digest::of(b"key")), Binding::Key(Digest::of(b"other")));
        let certificate = Binding::Certificate(Digest::of(b"key"));
        let bound = signed(&key, &AccessToken { bound_to: Some(ours), ..token() });
        assert_eq!(verify(&key, &right, |e| e.issuer = "https://other.example"), Err(Refusal::Issuer));
        assert_eq!(verify(&key, &right, |e| e.audience = "https://id.example"), Err(Refusal::Audience));
        assert_eq!(verify(&key, &right, |e| e.now = NOW + Seconds(300)), Err(Refusal::Expired));
        assert_eq!(verify(&key, &right, |e| e.proven = Some(ours)), Err(Refusal::Binding));
        assert_eq!(verify(&key, &bound, |_| ()), Err(Refusal::Binding), "sent as Bearer");
        assert_eq!(verify(&key, &bound, |e| e.proven = Some(theirs)), Err(Refusal::Binding));
        assert_eq!(verify(&key, &bound, |e| e.proven = Some(certificate)), Err(Refusal::Binding), "a key is no certificate");
        let held = signed(&key, &AccessToken { bound_to: Some(certificate), ..token() });
        assert!(verify(&key, &held, |e| e.proven = Some(certificate)).is_ok());
        assert_eq!(verify(&key, &held, |e| e.proven = Some(ours)), Err(Refusal::Binding));
        assert_eq!(verify(&key, &held, |_| ()), Err(Refusal::Binding));
        assert_eq!(verify(&TestKey::new(Some("k")), &right, |_| ()), Err(Refusal::Jws(jose::Refusal::Signature)));
    }

    #[test]
    fn another_kind_of_token_is_no_access_token() {
        let key = TestKey::new(Some("k"));
        let claims = Value::Object(token().claims());
        for typ in ["JWT", "id+jwt", "dpop+jwt", "logout+jwt"] {
            let compact = key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": typ }), &claims);
            assert_eq!(verify(&key, &compact, |_| ()), Err(Refusal::Jws(jose::Refusal::Type)), "{typ}");
        }
        for name in ["iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp"] {
            for wrong in [Value::Null, json!(["x"])] {
                let mut changed = claims.clone();
                changed[name] = wrong;
                let compact = key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" }), &changed);
                assert_eq!(verify(&key, &compact, |_| ()), Err(Refusal::Claims), "{name}");
            }
        }
        let mut unbound = claims;
        let thumbprint = Digest::of(b"key");
        for unknown in [json!({}), json!({ "kid": "k" }), json!({ "x5t#S256": "AAAA" }), json!({ "x5t#S256": thumbprint, "jkt": thumbprint })] {
            unbound["cnf"] = unknown;
            let compact = key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" }), &unbound);
            assert_eq!(verify(&key, &compact, |_| ()), Err(Refusal::Claims), "a binding that is not understood is not ignored");
        }
        unbound["cnf"] = json!({ "jkt": Digest::of(b"key") });
        unbound["act"] = json!({ "sub": "journalen", "act": "x" });
        let compact = key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" }), &unbound);
        assert_eq!(verify(&key, &compact, |_| ()), Err(Refusal::Claims), "nor an actor");
        unbound["act"] = json!({ "sub": "journalen" });
        for unknown in [json!([]), json!("door"), json!([{ "type": "payment" }]), json!([{ "type": "door", "actions": ["open"] }])] {
            unbound["authorization_details"] = unknown;
            let compact = key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" }), &unbound);
            assert_eq!(verify(&key, &compact, |_| ()), Err(Refusal::Claims), "nor a detail");
        }
    }
}
