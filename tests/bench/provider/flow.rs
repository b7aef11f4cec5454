//! A client that is in a hurry: one connection, and what it needs to prove itself.

use std::io;

use data_encoding::BASE64URL_NOPAD;
use handslag_server::caller::{Clock, Rng};
use handslag_vocab::Secret;
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate as _,
};
use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};

use super::process::{REDIRECT, SECRET, Service};

/// RFC 7636 appendix B: the same pair for every flow; it is not the client that is measured.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// One client program on one connection.
pub(crate) struct Hurry {
    http: Client,
    par: String,
    authorize: String,
    pub(crate) token: String,
    key: SigningKey,
    nonce: Option<String>,
}

impl Hurry {
    /// Connects to a provider.
    pub(crate) fn at(service: &Service) -> io::Result<Self> {
        let http = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(1).no_proxy().build().map_err(io::Error::other)?;
        Ok(Self {
            http,
            par: service.endpoint("pushed_authorization_request_endpoint"),
            authorize: service.endpoint("authorization_endpoint"),
            token: service.endpoint("token_endpoint"),
            key: SigningKey::generate_from_rng(&mut Rng::system()),
            nonce: None,
        })
    }

    /// Sends a form with the client's secret; the answer's JSON.
    pub(crate) async fn asks(&self, address: &str, client: &str, form: &[(&str, &str)]) -> io::Result<Value> {
        json_of(self.http.post(address).basic_auth(client, Some(SECRET)).form(form).send().await.map_err(io::Error::other)?).await
    }

    /// PAR, the browser's way, and the code for tokens. With a DPoP proof where the client is bound to one.
    pub(crate) async fn flow(&mut self, client: &str, scope: &str, is_bound: bool) -> io::Result<Value> {
        let mut pushed = vec![("response_type", "code"), ("client_id", client), ("redirect_uri", REDIRECT), ("scope", scope)];
        pushed.extend([("code_challenge", CHALLENGE), ("code_challenge_method", "S256"), ("state", "measured"), ("nonce", "measured")]);
        if scope.contains("offline_access") {
            pushed.push(("prompt", "consent"));
        }
        let pushed = self.asks(&self.par, client, &pushed).await?;
        let code = self.code(client, text(&pushed, "request_uri")?).await?;
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
        if is_bound { self.asks_with_proof(client, &form).await } else { self.asks(&self.token, client, &form).await }
    }

    /// What a browser without any cookie does until it is sent to the client's address.
    async fn code(&self, client: &str, request_uri: &str) -> io::Result<String> {
        let mut address =
            reqwest::Url::parse_with_params(&self.authorize, [("client_id", client), ("request_uri", request_uri)]).map_err(io::Error::other)?;
        let mut cookies: Vec<(String, String)> = Vec::new();
        for _ in 0..12 {
            let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = self.http.get(address.clone()).header(header::COOKIE, sent.join("; ")).header(header::ACCEPT, "text/html");
            let answer = request.send().await.map_err(io::Error::other)?;
            remember(&mut cookies, &answer);
            let next = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            let Some(next) = next else { return Err(unexpected(answer).await) };
            address = address.join(&next).map_err(io::Error::other)?;
            if address.as_str().starts_with(REDIRECT) {
                let code = address.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
                return code.ok_or_else(|| io::Error::other(format!("no code: {address}")));
            }
        }
        Err(io::Error::other("the browser was sent round and round"))
    }

    /// RFC 9449 §8: with the provider's last nonce; once more where it wants a newer one.
    async fn asks_with_proof(&mut self, client: &str, form: &[(&str, &str)]) -> io::Result<Value> {
        for _ in 0..2 {
            let request = self.http.post(&self.token).basic_auth(client, Some(SECRET)).header("dpop", self.proof()).form(form);
            let answer = request.send().await.map_err(io::Error::other)?;
            let is_new = answer.headers().get("dpop-nonce").and_then(|nonce| nonce.to_str().ok()).map(str::to_owned);
            let was_without = self.nonce.is_none();
            self.nonce = is_new.or(self.nonce.take());
            if answer.status() == StatusCode::OK || !was_without {
                return json_of(answer).await;
            }
        }
        Err(io::Error::other("the proof is refused again and again"))
    }

    /// Fetches a nonce before anything is counted.
    pub(crate) async fn warm(&mut self, client: &str) -> io::Result<()> {
        let request = self.http.post(&self.token).basic_auth(client, Some(SECRET)).header("dpop", self.proof());
        let answer = request.form(&[("grant_type", "authorization_code"), ("code", "none"), ("redirect_uri", REDIRECT)]).send().await;
        self.nonce = answer.map_err(io::Error::other)?.headers().get("dpop-nonce").and_then(|nonce| nonce.to_str().ok()).map(str::to_owned);
        Ok(())
    }

    fn proof(&self) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().map(|x| BASE64URL_NOPAD.encode(x)), point.y().map(|y| BASE64URL_NOPAD.encode(y)));
        let jti = Secret::random("jti", &mut Rng::system());
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } });
        let mut claims = json!({ "jti": jti.reveal(), "htm": "POST", "htu": self.token, "iat": Clock::default().now().seconds() });
        if let (Some(nonce), Some(claims)) = (&self.nonce, claims.as_object_mut()) {
            claims.insert("nonce".to_owned(), nonce.as_str().into());
        }
        let signed = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
    }
}

fn remember(cookies: &mut Vec<(String, String)>, answer: &Response) {
    for line in answer.headers().get_all(header::SET_COOKIE) {
        let pair = line.to_str().ok().and_then(|line| line.split(';').next()).and_then(|pair| pair.split_once('='));
        if let Some((name, value)) = pair {
            cookies.retain(|(known, _)| known != name);
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// A member that must be there.
pub(crate) fn text<'a>(answer: &'a Value, member: &str) -> io::Result<&'a str> {
    answer.get(member).and_then(Value::as_str).ok_or_else(|| io::Error::other(format!("no {member} in {answer}")))
}

async fn json_of(answer: Response) -> io::Result<Value> {
    if !answer.status().is_success() {
        return Err(unexpected(answer).await);
    }
    answer.json().await.map_err(io::Error::other)
}

async fn unexpected(answer: Response) -> io::Error {
    let (status, address) = (answer.status(), answer.url().to_string());
    io::Error::other(format!("{address}: {status} {}", answer.text().await.unwrap_or_default()))
}
