//! The token request (RFC 6749 §4.1.3, OIDC Core §3.1.3, OIDC Sweden profile §3): an authorization code for tokens.
//!
//! A code is bound to the client, the redirect address and the PKCE challenge it was given for. The caller spends it before
//! these checks, so that any attempt, right or wrong, ends it (RFC 6749 §4.1.2).

use handslag_vocab::{ClientId, Seconds, Secret, UnixTime};
use serde::Serialize;

use crate::{
    client::{Client, ClientKind},
    client_assertion::{self, ASSERTION_TYPE, Audience, ClientAssertion, UnverifiedClientAssertion},
    discovery::Provider,
    oauth_error::OAuthError,
    parameters::Parameters,
    pkce,
    refusal::refusals,
};

refusals! {
    /// Why a token request is refused.
    pub enum Refusal {
        /// RFC 7521 §4.2: another `client_assertion_type`, or one half of the pair.
        AssertionType = "assertion_type", "client_assertion_type must be jwt-bearer and come with client_assertion";
        /// RFC 6749 §5.2: a confidential client without an assertion.
        ClientUnauthenticated = "client_unauthenticated", "the client has to authenticate with private_key_jwt";
        /// RFC 6749 §4.1.3 and RFC 7521 §4.2: nobody says who asks, or two clients are named.
        ClientUnclear = "client_unclear", "client_id is missing or differs from the client assertion";
        /// RFC 6749 §4.1.3.
        CodeMissing = "code_missing", "code is missing";
        /// RFC 6749 §4.1.2: codes live for seconds.
        Expired = "code_expired", "the code has expired";
        /// RFC 6749 §4.1.3.
        GrantType = "grant_type", "only grant_type authorization_code is supported";
        /// RFC 6749 §5.2.
        GrantTypeMissing = "grant_type_missing", "grant_type is missing";
        /// RFC 6749 §4.1.3: the code was given to somebody else.
        OtherClient = "code_other_client", "the code was issued to another client";
        /// RFC 6749 §4.1.3.
        OtherRedirectUri = "code_other_redirect_uri", "redirect_uri is not the one of the authorization request";
        /// RFC 6749 §3.2.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// OIDC Sweden profile §3.1.1: shared secrets do not exist here.
        SharedSecret = "shared_secret", "client_secret is not supported";
    }
    wraps {
        /// OIDC Sweden profile §2.1.8.
        Pkce(pkce::Refusal);
        /// OIDC Sweden profile §3.1.1.
        Assertion(client_assertion::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (RFC 6749 §5.2).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Expired | Self::OtherClient | Self::OtherRedirectUri | Self::Pkce(_) => OAuthError::InvalidGrant,
            Self::Assertion(_) | Self::ClientUnauthenticated | Self::SharedSecret => OAuthError::InvalidClient,
            Self::GrantType => OAuthError::UnsupportedGrantType,
            _ => OAuthError::InvalidRequest,
        }
    }
}

/// How the client says who it is; not yet proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimedClient {
    /// By an assertion (`private_key_jwt`), to be read with [`client_assertion::UnverifiedClientAssertion`].
    Assertion {
        /// The assertion.
        compact: String,
        /// `client_id`, where it is sent beside it; must be the same client.
        client_id: Option<ClientId>,
    },
    /// By name only: enough for a public client, whose code is bound by PKCE.
    Name(ClientId),
}

impl ClaimedClient {
    /// Whose registration to look up. Two different names are refused: one of them would be checked and the other used.
    pub fn id(&self) -> Result<ClientId, Refusal> {
        match self {
            Self::Name(client_id) => Ok(client_id.clone()),
            Self::Assertion { compact, client_id } => {
                let claimed = UnverifiedClientAssertion::parse(compact)?.claimed_client().clone();
                if client_id.as_ref().is_none_or(|id| *id == claimed) { Ok(claimed) } else { Err(Refusal::ClientUnclear) }
            }
        }
    }

    /// Takes the registration that [`Self::id`] names. Gives the assertion to be marked as used, or nothing for a public client,
    /// whose proof is the code's.
    pub fn authenticate(&self, client: &Client, provider: &Provider, audience: Audience, now: UnixTime) -> Result<Option<ClientAssertion>, Refusal> {
        if self.id()? != client.id {
            return Err(Refusal::ClientUnclear);
        }
        match self {
            Self::Name(_) if client.kind == ClientKind::Confidential => Err(Refusal::ClientUnauthenticated),
            Self::Name(_) => Ok(None),
            Self::Assertion { compact, .. } => {
                let Provider { issuer, token_endpoint, .. } = provider;
                let expected = client_assertion::Expected { client, issuer, token_endpoint, audience, now };
                Ok(Some(UnverifiedClientAssertion::parse(compact)?.verify(&expected)?))
            }
        }
    }
}

/// A token request whose form is right.
#[derive(Clone)]
pub struct CodeExchange {
    /// The code as presented.
    pub code: Secret,
    /// Who asks.
    pub client: ClaimedClient,
    redirect_uri: Option<String>,
    verifier: Option<String>,
}

/// What was stored with the code.
#[derive(Clone, Copy, Debug)]
pub struct IssuedCode<'a> {
    /// Who it was given to.
    pub client_id: &'a ClientId,
    /// Where it was sent.
    pub redirect_uri: &'a str,
    /// What it was bound to, unless the client is registered without PKCE and sent none.
    pub challenge: Option<&'a pkce::Challenge>,
    /// When it dies.
    pub expires_at: UnixTime,
}

/// A code and the request that wants it.
struct Attempt<'a> {
    exchange: &'a CodeExchange,
    code: &'a IssuedCode<'a>,
    client_id: &'a ClientId,
    now: UnixTime,
}

type FormCheck = fn(&Parameters) -> Result<(), Refusal>;
type BindingCheck = fn(&Attempt<'_>) -> Result<(), Refusal>;

/// Form, in order.
const FORM: [FormCheck; 3] = [parameters_stand_once, no_shared_secret, grant_is_a_code];

/// Binding, in order.
const BINDING: [BindingCheck; 4] = [is_the_clients, is_not_expired, comes_from_the_same_address, is_proven];

impl CodeExchange {
    /// Takes the decoded pairs of the form body.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Refusal> {
        let parameters = Parameters::collect(pairs);
        FORM.iter().try_for_each(|check| check(&parameters))?;
        let owned = |name: &str| parameters.value(name).map(str::to_owned);
        Ok(Self {
            client: claimed_client(&parameters)?,
            code: Secret::presented(owned("code").ok_or(Refusal::CodeMissing)?),
            redirect_uri: owned("redirect_uri"),
            verifier: owned("code_verifier"),
        })
    }

    /// Takes what was stored with the code and the client as authenticated.
    pub fn check(&self, code: &IssuedCode<'_>, client_id: &ClientId, now: UnixTime) -> Result<(), Refusal> {
        let attempt = Attempt { exchange: self, code, client_id, now };
        BINDING.iter().try_for_each(|check| check(&attempt))
    }
}

/// RFC 6749 §3.2.
fn parameters_stand_once(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has_repeated() { Err(Refusal::ParameterRepeated) } else { Ok(()) }
}

/// OIDC Sweden profile §3.1.1.
fn no_shared_secret(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.value("client_secret").is_some() { Err(Refusal::SharedSecret) } else { Ok(()) }
}

/// RFC 6749 §4.1.3.
fn grant_is_a_code(parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.value("grant_type") {
        Some("authorization_code") => Ok(()),
        Some(_) => Err(Refusal::GrantType),
        None => Err(Refusal::GrantTypeMissing),
    }
}

/// RFC 7521 §4.2.
pub(crate) fn claimed_client(parameters: &Parameters) -> Result<ClaimedClient, Refusal> {
    let client_id = parameters.value("client_id").map(|id| id.parse().map_err(|_| Refusal::ClientUnclear)).transpose()?;
    match (parameters.value("client_assertion_type"), parameters.value("client_assertion"), client_id) {
        (Some(ASSERTION_TYPE), Some(compact), client_id) => Ok(ClaimedClient::Assertion { compact: compact.to_owned(), client_id }),
        (None, None, Some(client_id)) => Ok(ClaimedClient::Name(client_id)),
        (None, None, None) => Err(Refusal::ClientUnclear),
        _ => Err(Refusal::AssertionType),
    }
}

fn is_the_clients(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.code.client_id == attempt.client_id { Ok(()) } else { Err(Refusal::OtherClient) }
}

fn is_not_expired(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.now < attempt.code.expires_at { Ok(()) } else { Err(Refusal::Expired) }
}

/// RFC 6749 §4.1.3: the same bytes, also where only one address is registered.
fn comes_from_the_same_address(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    let is_same = attempt.exchange.redirect_uri.as_deref() == Some(attempt.code.redirect_uri);
    if is_same { Ok(()) } else { Err(Refusal::OtherRedirectUri) }
}

/// RFC 7636 §4.6. Either both or neither: a verifier without a challenge tells that somebody took the challenge away (attack 5).
fn is_proven(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    match (attempt.code.challenge, attempt.exchange.verifier.as_deref()) {
        (Some(challenge), verifier) => Ok(challenge.check(verifier)?),
        (None, Some(_)) => Err(pkce::Refusal::VerifierUnasked.into()),
        (None, None) => Ok(()),
    }
}

/// How an access token is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TokenType {
    /// By whoever holds it (RFC 6750).
    Bearer,
    /// With a proof of its key (RFC 9449).
    DPoP,
}

/// The successful answer (RFC 6749 §5.1, OIDC Core §3.1.3.3). Has no `Debug`: it holds tokens.
#[derive(Clone, Serialize)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// How it is used.
    pub token_type: TokenType,
    /// Seconds that it lives.
    pub expires_in: Seconds,
    /// The ID Token.
    pub id_token: String,
    /// The granted scopes, with spaces between.
    pub scope: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{client::tests::client, discovery::tests::provider, jose::tests::TestKey};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const NOW: UnixTime = UnixTime::from_seconds(1_000);

    /// A right request of a public client, with one parameter changed (empty removes it).
    fn with(name: &str, value: &str) -> Vec<(String, String)> {
        let right = [
            ("grant_type", "authorization_code"),
            ("code", "hs_code_x"),
            ("redirect_uri", "https://a.example/cb"),
            ("client_id", "app"),
            ("code_verifier", VERIFIER),
        ];
        let mut pairs: Vec<(String, String)> = right.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        pairs.retain(|(known, _)| known != name);
        if !name.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        pairs
    }

    fn parse(pairs: Vec<(String, String)>) -> Result<CodeExchange, Refusal> {
        CodeExchange::parse(pairs)
    }

    fn check(pairs: Vec<(String, String)>, client: &str, now: UnixTime) -> Result<(), Refusal> {
        let challenge = pkce::Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        let client_id = "app".parse().unwrap();
        let code =
            IssuedCode { client_id: &client_id, redirect_uri: "https://a.example/cb", challenge: Some(&challenge), expires_at: NOW + Seconds(60) };
        parse(pairs)?.check(&code, &client.parse().unwrap(), now)
    }

    #[test]
    fn a_right_request() {
        let exchange = parse(with("", "")).unwrap();
        assert_eq!(exchange.code.reveal(), "hs_code_x");
        assert_eq!(exchange.client, ClaimedClient::Name("app".parse().unwrap()));
        assert_eq!(check(with("", ""), "app", NOW), Ok(()));
        let mut pairs = with("client_id", "");
        pairs.push(("client_assertion_type".to_owned(), ASSERTION_TYPE.to_owned()));
        pairs.push(("client_assertion".to_owned(), "a.b.c".to_owned()));
        assert_eq!(parse(pairs).unwrap().client, ClaimedClient::Assertion { compact: "a.b.c".to_owned(), client_id: None });
    }

    #[test]
    fn forms_that_are_refused() {
        let cases = [
            ("grant_type", "", Refusal::GrantTypeMissing, "invalid_request"),
            ("grant_type", "password", Refusal::GrantType, "unsupported_grant_type"),
            ("grant_type", "refresh_token", Refusal::GrantType, "unsupported_grant_type"),
            ("code", "", Refusal::CodeMissing, "invalid_request"),
            ("client_id", "", Refusal::ClientUnclear, "invalid_request"),
            ("client_id", "App", Refusal::ClientUnclear, "invalid_request"),
            ("client_secret", "s", Refusal::SharedSecret, "invalid_client"),
            ("client_assertion", "a.b.c", Refusal::AssertionType, "invalid_request"),
            ("client_assertion_type", ASSERTION_TYPE, Refusal::AssertionType, "invalid_request"),
        ];
        for (name, value, refusal, oauth) in cases {
            let outcome = parse(with(name, value)).err();
            assert_eq!(outcome, Some(refusal), "{name}={value}");
            assert_eq!(refusal.oauth().code(), oauth);
        }
        for (name, value) in with("", "") {
            let mut pairs = with("", "");
            pairs.push((name.clone(), value));
            assert_eq!(parse(pairs).err(), Some(Refusal::ParameterRepeated), "{name}");
        }
    }

    /// OP-05 and attack 3: the code is bound to client, address and challenge.
    #[test]
    fn a_code_for_somebody_else_or_without_its_proof_is_no_grant() {
        let cases = [
            (with("", ""), "other", NOW, Refusal::OtherClient),
            (with("", ""), "app", NOW + Seconds(60), Refusal::Expired),
            (with("redirect_uri", ""), "app", NOW, Refusal::OtherRedirectUri),
            (with("redirect_uri", "https://a.example/cb/"), "app", NOW, Refusal::OtherRedirectUri),
            (with("redirect_uri", "https://a.example/CB"), "app", NOW, Refusal::OtherRedirectUri),
            (with("code_verifier", ""), "app", NOW, Refusal::Pkce(pkce::Refusal::VerifierMissing)),
            (with("code_verifier", CHALLENGE), "app", NOW, Refusal::Pkce(pkce::Refusal::Mismatch)),
            (with("code_verifier", "short"), "app", NOW, Refusal::Pkce(pkce::Refusal::VerifierForm)),
        ];
        for (pairs, client, now, refusal) in cases {
            assert_eq!(check(pairs.clone(), client, now), Err(refusal), "{pairs:?}");
            assert_eq!(refusal.oauth(), OAuthError::InvalidGrant);
        }
    }

    /// Attack 5: a challenge that somebody took away is missed.
    #[test]
    fn a_code_without_a_challenge_takes_no_verifier() {
        let client_id = "app".parse().unwrap();
        let code = IssuedCode { client_id: &client_id, redirect_uri: "https://a.example/cb", challenge: None, expires_at: NOW + Seconds(60) };
        let check = |pairs| parse(pairs)?.check(&code, &client_id, NOW);
        assert_eq!(check(with("code_verifier", "")), Ok(()));
        assert_eq!(check(with("", "")), Err(Refusal::Pkce(pkce::Refusal::VerifierUnasked)));
    }

    fn claimed(compact: &str, client_id: Option<&str>) -> ClaimedClient {
        ClaimedClient::Assertion { compact: compact.to_owned(), client_id: client_id.map(|id| id.parse().unwrap()) }
    }

    #[test]
    fn a_confidential_client_proves_itself_and_a_public_one_has_nothing_to_prove() {
        let key = TestKey::new(Some("k"));
        let registered = Client { keys: key.set(), ..client(ClientKind::Confidential, &[]) };
        let public = client(ClientKind::Browser, &[]);
        let claims = json!({ "iss": "skolportalen", "sub": "skolportalen", "aud": "https://id.example", "exp": 1_060, "jti": "j" });
        let compact = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims);
        let authenticate = |who: &ClaimedClient, client: &Client| who.authenticate(client, &provider(), Audience::Issuer, NOW);
        let marked = authenticate(&claimed(&compact, Some("skolportalen")), &registered).unwrap().unwrap();
        assert_eq!(marked, ClientAssertion { jti: "j".to_owned(), expires_at: NOW + Seconds(60) });
        assert_eq!(authenticate(&ClaimedClient::Name(public.id.clone()), &public), Ok(None));

        let name_only = ClaimedClient::Name(registered.id.clone());
        assert_eq!(authenticate(&name_only, &registered), Err(Refusal::ClientUnauthenticated));
        assert_eq!(authenticate(&claimed(&compact, Some("annan")), &registered), Err(Refusal::ClientUnclear));
        assert_eq!(authenticate(&ClaimedClient::Name("annan".parse().unwrap()), &registered), Err(Refusal::ClientUnclear));
        let refused = authenticate(&claimed(&compact, None), &public).unwrap_err();
        assert_eq!((refused.oauth(), refused.code()), (OAuthError::InvalidClient, "key_unknown"));
        assert_eq!(claimed("a.b", None).id().unwrap_err().oauth(), OAuthError::InvalidClient);
    }

    #[test]
    fn the_answer_has_the_registered_member_names() {
        let answer = TokenAnswer {
            access_token: "a".to_owned(),
            token_type: TokenType::Bearer,
            expires_in: Seconds(300),
            id_token: "i".to_owned(),
            scope: "openid".to_owned(),
        };
        let expected = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": "i", "scope": "openid" });
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }
}
