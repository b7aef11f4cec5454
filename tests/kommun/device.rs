//! A program that calls the token endpoint and its neighbours, with a proof of its device's key where it has one.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use handslag_phone::es256;
use handslag_server::{caller::Rng, server::Server};
use handslag_vocab::{Digest, Secret};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};

use super::{Browser, Kommun, form, jws};

/// What an endpoint answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Status and error code.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or("none"))
    }

    /// A token out of a good answer.
    pub(crate) fn token(&self, name: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    fn nonce(&self) -> Option<String> {
        self.headers.get("dpop-nonce").map(|nonce| nonce.to_str().unwrap().to_owned())
    }
}

/// A device's key for DPoP, with the last nonce it heard.
#[derive(Clone)]
pub(crate) struct Device {
    key: SigningKey,
    nonce: Option<String>,
    issuer: String,
    server: Server,
}

impl Device {
    pub(crate) fn new(kommun: &Kommun) -> Self {
        let (issuer, server) = (kommun.issuer.clone(), kommun.server.clone());
        Self { key: SigningKey::generate_from_rng(&mut Rng::system()), nonce: None, issuer, server }
    }

    fn jwk(&self) -> Value {
        let point = es256::public(&self.key).0;
        json!({ "kty": "EC", "crv": "P-256", "x": BASE64URL_NOPAD.encode(&point[1..33]), "y": BASE64URL_NOPAD.encode(&point[33..]) })
    }

    /// RFC 7638.
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        Digest::of(text.as_bytes()).to_base64url()
    }

    /// A proof with the nonce it knows, some claims changed; null leaves one out.
    pub(crate) fn proof(&self, method: &str, path: &str, token: Option<&str>, changes: &Value) -> String {
        let jti = Secret::random("jti", &mut Rng::system()).reveal().to_owned();
        let mut claims = json!({ "jti": jti, "htm": method, "htu": format!("{}{path}", self.issuer), "iat": self.server.clock.now().seconds() });
        claims["nonce"] = self.nonce.clone().map_or(Value::Null, Value::from);
        claims["ath"] = token.map_or(Value::Null, |token| Digest::of(token.as_bytes()).to_base64url().into());
        let mut members = claims.as_object().unwrap().clone();
        members.extend(changes.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() });
        jws(header.as_object().unwrap(), &members, &self.key)
    }

    /// Takes the nonce of an answer.
    pub(crate) fn hears(&mut self, answer: &Answer) {
        self.nonce = answer.nonce().or(self.nonce.take());
    }

    /// What a good library does: sends, and sends again with the nonce it is told.
    pub(crate) async fn posts(&mut self, browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.posts_with_proof(browser, path, fields).await.0
    }

    /// The same; gives the proof that was taken too.
    pub(crate) async fn posts_with_proof(&mut self, browser: &Browser, path: &str, fields: &[(&str, &str)]) -> (Answer, String) {
        for _ in 0..6 {
            let proof = self.proof("POST", path, None, &json!({}));
            let answer = post(browser, path, &[("dpop", &proof)], fields).await;
            self.hears(&answer);
            if answer.error().1 != "use_dpop_nonce" {
                return (answer, proof);
            }
        }
        panic!("the nonce of the last answer is refused")
    }

    /// The same for a service that proves itself too: with a new assertion each time.
    pub(crate) async fn posts_with(&mut self, browser: &Browser, path: &str, fields: &[(&str, &str)], assertion: &impl Fn() -> String) -> Answer {
        for _ in 0..6 {
            let proof = assertion();
            let kept = fields.iter().filter(|(name, _)| *name != "client_assertion").copied();
            let fields: Vec<(&str, &str)> = kept.chain([("client_assertion", proof.as_str())]).collect();
            let answer = post(browser, path, &[("dpop", &self.proof("POST", path, None, &json!({})))], &fields).await;
            self.hears(&answer);
            if answer.error().1 != "use_dpop_nonce" {
                return answer;
            }
        }
        panic!("the nonce of the last answer is refused")
    }

    /// `GET /userinfo` with the proof.
    pub(crate) async fn userinfo(&mut self, browser: &Browser, token: &str) -> Answer {
        self.userinfo_with(browser, token, &json!({})).await
    }

    pub(crate) async fn userinfo_with(&mut self, browser: &Browser, token: &str, changes: &Value) -> Answer {
        let proof = self.proof("GET", "/userinfo", Some(token), changes);
        let request = browser.http.get(format!("{}/userinfo", browser.base)).header("authorization", format!("DPoP {token}")).header("dpop", proof);
        let answer = answered(request).await;
        self.hears(&answer);
        answer
    }
}

/// `Authorization: Basic` of a service with a secret.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

/// Sends a form, with headers.
pub(crate) async fn post(browser: &Browser, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let request = browser.http.post(format!("{}{path}", browser.base)).header("content-type", "application/x-www-form-urlencoded");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    answered(request.body(form(&fields))).await
}

async fn answered(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let (status, headers, text) = (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap());
    let body = serde_json::from_str(&text).unwrap_or_else(|_| if text.is_empty() { Value::Object(Map::new()) } else { Value::String(text) });
    Answer { status, headers, body }
}
