//! A service that logs people in: it knows the provider's public endpoints and nothing else.

use data_encoding::BASE64URL_NOPAD;
use handslag_phone::es256;
use handslag_server::{caller::Rng, login, phone::approvals, server::Server};
use handslag_vocab::{ApprovalId, Digest, Secret, UnixTime};
use p256::ecdsa::SigningKey;
use serde_json::{Map, Value, json};

use super::{Browser, Kommun, ORG_ID, Page};

/// A registered service.
#[derive(Clone)]
pub(crate) struct Portal {
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) key: Option<SigningKey>,
    pub(crate) redirect_uri: String,
    pub(crate) server: Server,
}

/// A log-in that a browser has begun.
pub(crate) struct Login {
    pub(crate) browser: Browser,
    pub(crate) id: ApprovalId,
    /// The token in the link on the same phone.
    pub(crate) link: String,
    pub(crate) nonce: String,
    pub(crate) state: String,
    pub(crate) verifier: String,
    server: Server,
}

impl Portal {
    pub(crate) fn new(kommun: &Kommun, id: &str, key: Option<SigningKey>, redirect_uri: &str) -> Self {
        Self { id: id.to_owned(), issuer: kommun.issuer.clone(), key, redirect_uri: redirect_uri.to_owned(), server: kommun.server.clone() }
    }

    /// The address that a browser is sent to, with some parameters changed; an empty value leaves one out.
    pub(crate) fn address(&self, secret: &str, changes: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.id.clone()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("scope", format!("openid {ORG_ID}")),
            ("state", format!("state-{secret}")),
            ("nonce", format!("nonce-{secret}")),
            ("code_challenge", Digest::of(verifier(secret).as_bytes()).to_base64url()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (*name, (*value).to_owned())));
        format!("/authorize?{}", form(&pairs))
    }

    /// A browser begins to log in here.
    pub(crate) async fn begins(&self, browser: Browser) -> Login {
        self.begins_with(browser, &[]).await
    }

    pub(crate) async fn begins_with(&self, mut browser: Browser, changes: &[(&str, &str)]) -> Login {
        let secret = BASE64URL_NOPAD.encode(Secret::random("test", &mut Rng::system()).hash().as_bytes());
        let page = browser.get(&self.address(&secret, changes)).await;
        let waiting = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
        self.waits(browser, &waiting, &secret).await
    }

    /// The page that waits for a phone.
    pub(crate) async fn waits(&self, mut browser: Browser, waiting: &str, secret: &str) -> Login {
        let page = browser.get(waiting).await;
        assert_eq!(page.status, 200, "{waiting} {}", page.body);
        let id = page.between("data-login=\"", "\"").parse().unwrap();
        let link = page.between("href=\"/t/", "\"").to_owned();
        let (nonce, state, verifier) = (format!("nonce-{secret}"), format!("state-{secret}"), verifier(secret));
        Login { browser, id, link, nonce, state, verifier, server: self.server.clone() }
    }

    /// The form of the token request, with some fields changed; an empty value leaves one out.
    pub(crate) fn token_form(&self, code: &str, verifier: &str, changes: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("code_verifier", verifier.to_owned()),
        ];
        if self.key.is_some() {
            pairs.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()));
            pairs.push(("client_assertion", self.assertion(&json!({}), &json!({}))));
        } else {
            pairs.push(("client_id", self.id.clone()));
        }
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (*name, (*value).to_owned())));
        form(&pairs)
    }

    /// `POST /token`.
    pub(crate) async fn exchanges(&self, browser: &Browser, code: &str, verifier: &str) -> (u16, Value) {
        self.exchanges_with(browser, code, verifier, &[]).await
    }

    pub(crate) async fn exchanges_with(&self, browser: &Browser, code: &str, verifier: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let request = browser.http.post(format!("{}/token", browser.base)).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(self.token_form(code, verifier, changes)).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A request object, with some claims and header members changed; null leaves one out.
    pub(crate) fn signed_request(&self, right: &Map<String, Value>, claims: &Value, header: &Value) -> String {
        let members = json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": self.id });
        jws(&changed(&members, header), &changed(&Value::from(right.clone()), claims), self.key.as_ref().unwrap())
    }

    /// `private_key_jwt`, with some claims and header members changed; null leaves one out.
    pub(crate) fn assertion(&self, claims: &Value, header: &Value) -> String {
        let now = self.server.clock.now().seconds();
        let jti = Secret::random("jti", &mut Rng::system()).reveal().to_owned();
        let right = json!({ "iss": self.id, "sub": self.id, "aud": self.issuer, "jti": jti, "iat": now, "exp": now + 60 });
        let key = self.key.as_ref().unwrap();
        let members = json!({ "alg": "ES256", "typ": "JWT", "kid": self.id });
        jws(&changed(&members, header), &changed(&right, claims), key)
    }
}

impl Login {
    /// The node that it began at.
    pub(crate) fn server(&self) -> Server {
        self.server.clone()
    }

    /// What the code on the screen says this second.
    pub(crate) async fn qr(&self) -> String {
        self.qr_at(self.server.clock.now()).await
    }

    /// What it said or will say then.
    pub(crate) async fn qr_at(&self, at: UnixTime) -> String {
        let row = self.server.db.read(async |tx| approvals::by_id(tx, &self.id).await).await.unwrap().unwrap();
        login::qr_text(&self.server, &self.id, row.created_at, at).unwrap()
    }

    /// What the desk's page is told.
    pub(crate) async fn status(&mut self) -> Value {
        let page = self.browser.get(&format!("/login/{}/status", self.id)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }

    /// The desk's page goes on where it is told to.
    pub(crate) async fn goes_on(&mut self) -> Page {
        let next = self.status().await["next"].as_str().expect("the desk goes on").to_owned();
        self.browser.get(&next).await
    }

    /// The code that the service gets.
    pub(crate) async fn code(&mut self) -> String {
        let page = self.goes_on().await;
        assert_eq!(page.answer("state").as_deref(), Some(self.state.as_str()));
        page.answer("code").unwrap_or_else(|| panic!("{:?} {}", page.location(), page.body))
    }
}

fn verifier(secret: &str) -> String {
    Digest::of(format!("verifier {secret}").as_bytes()).to_base64url()
}

/// `right` with members replaced, or left out where the change is null.
fn changed(right: &Value, changes: &Value) -> Map<String, Value> {
    let mut members = right.as_object().unwrap().clone();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    members
}

/// A compact JWS, whatever the header claims.
pub(crate) fn jws(header: &Map<String, Value>, claims: &Map<String, Value>, key: &SigningKey) -> String {
    let encoded = |part: &Map<String, Value>| BASE64URL_NOPAD.encode(Value::from(part.clone()).to_string().as_bytes());
    let input = format!("{}.{}", encoded(header), encoded(claims));
    let signature = if header["alg"] == "none" { String::new() } else { BASE64URL_NOPAD.encode(&es256::sign(key, input.as_bytes()).0) };
    format!("{input}.{signature}")
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, String)]) -> String {
    let encoded = |text: &str| {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}
