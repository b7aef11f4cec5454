//! DPoP proofs (RFC 9449): the sender of a request holds the private half of the key in the proof's header.
//!
//! A proof is good for one method, one address, two minutes and one use; the use is the caller's to mark, with the `jti`.

use handslag_vocab::{Digest, Seconds, UnixTime};

use crate::{
    base64url,
    jose::{self, Algorithm, Claims, Type, UnverifiedJws},
    refusal::refusals,
    web_address,
};

refusals! {
    /// Why a proof is refused. Clauses are of RFC 9449 §4.3.
    pub enum Refusal {
        /// Step 12: `ath` is absent or of another access token.
        AccessToken = "dpop_ath", "the proof does not belong to this access token";
        /// Step 9.
        Address = "dpop_htu", "the proof is for another address";
        /// Step 11: `iat` is absent or more than a minute away.
        IssuedAt = "dpop_iat", "the proof was not made within a minute of now";
        /// §4.2: `jti` is absent, empty or longer than 256 characters.
        Jti = "dpop_jti", "the proof has no usable jti";
        /// Step 8.
        Method = "dpop_htm", "the proof is for another method";
    }
    wraps {
        /// Steps 2 to 7.
        Jws(jose::Refusal);
    }
}

/// The request that the proof came with.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The address as published, without query.
    pub address: &'a str,
    /// At a resource: the access token sent with the proof. At the token endpoint: none.
    pub access_token: Option<&'a str>,
    /// The time.
    pub now: UnixTime,
}

/// A verified proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// To be marked as seen until [`Proof::forget_at`]; a second proof with it is a replay.
    pub jti: String,
    /// RFC 7638 thumbprint of the key: the `jkt` that tokens are bound to.
    pub thumbprint: Digest,
    /// After this time the proof is too old by itself.
    pub forget_at: UnixTime,
    /// The nonce that the proof answers (§8), if it names one; the caller knows which it gave out.
    pub nonce: Option<String>,
}

type Check = fn(&Claims, &Request<'_>) -> Result<(), Refusal>;

/// Steps 8 to 12, in order.
const CHECKS: [Check; 4] = [method_is_this_one, address_is_this_one, was_made_now, belongs_to_the_access_token];

/// How far the clock of a phone may be off, in both directions.
const WINDOW: Seconds = Seconds(60);

/// Takes the value of the one `DPoP` header; gives the key's thumbprint and the `jti` to mark.
pub fn verify(proof: &str, request: &Request<'_>) -> Result<Proof, Refusal> {
    let expected = jose::Expected { algorithms: &[Algorithm::Es256], typ: Type::Explicit("dpop+jwt") };
    let (verified, key) = UnverifiedJws::parse(proof)?.verify_self_signed(expected)?;
    let claims = verified.claims()?;
    CHECKS.iter().try_for_each(|check| check(&claims, request))?;
    let jti = claims.jti().ok_or(Refusal::Jti)?;
    let nonce = claims.text("nonce").map(str::to_owned);
    Ok(Proof { jti: jti.to_owned(), thumbprint: key.thumbprint(), forget_at: issued_at(&claims)? + WINDOW + Seconds(1), nonce })
}

fn issued_at(claims: &Claims) -> Result<UnixTime, Refusal> {
    claims.time("iat").ok_or(Refusal::IssuedAt)
}

/// Step 8; methods are case-sensitive (RFC 9110 §9.1).
fn method_is_this_one(claims: &Claims, request: &Request<'_>) -> Result<(), Refusal> {
    if claims.text("htm") == Some(request.method) { Ok(()) } else { Err(Refusal::Method) }
}

/// Step 9: without query and fragment, after normalising scheme, host and default port once.
fn address_is_this_one(claims: &Claims, request: &Request<'_>) -> Result<(), Refusal> {
    let claimed = claims.text("htu").and_then(web_address::without_query);
    let ours = web_address::without_query(request.address);
    if claimed.is_some() && claimed == ours { Ok(()) } else { Err(Refusal::Address) }
}

/// Step 11.
fn was_made_now(claims: &Claims, request: &Request<'_>) -> Result<(), Refusal> {
    let age = request.now.since(issued_at(claims)?);
    if (-WINDOW.0..=WINDOW.0).contains(&age.0) { Ok(()) } else { Err(Refusal::IssuedAt) }
}

/// Step 12.
fn belongs_to_the_access_token(claims: &Claims, request: &Request<'_>) -> Result<(), Refusal> {
    let Some(token) = request.access_token else { return Ok(()) };
    let expected = base64url::encode(Digest::of(token.as_bytes()).as_bytes());
    if claims.text("ath") == Some(&expected) { Ok(()) } else { Err(Refusal::AccessToken) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::tests::{RSA, TestKey};

    /// The proof of the token request of RFC 9449 §5 and the thumbprint of its key (§6.1).
    const AT_TOKEN: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    const NOW: UnixTime = UnixTime::from_seconds(1_562_262_616);

    fn at_token() -> Request<'static> {
        Request { method: "POST", address: "https://server.example.com/token", access_token: None, now: NOW }
    }

    #[test]
    fn the_proof_of_rfc_9449_verifies_and_gives_its_thumbprint() {
        let proof = verify(AT_TOKEN, &at_token()).unwrap();
        assert_eq!(proof.jti, "-BwC3ESc6acc2lTc");
        assert_eq!(proof.thumbprint.to_base64url(), THUMBPRINT);
        assert_eq!(proof.nonce, None);
        assert!(proof.forget_at > NOW + WINDOW);
    }

    #[test]
    fn the_proof_of_rfc_9449_is_refused_for_any_other_request() {
        let cases = [
            (Request { method: "GET", ..at_token() }, Refusal::Method),
            (Request { method: "post", ..at_token() }, Refusal::Method),
            (Request { address: "https://server.example.com/token2", ..at_token() }, Refusal::Address),
            (Request { address: "http://server.example.com/token", ..at_token() }, Refusal::Address),
            (Request { now: NOW + Seconds(61), ..at_token() }, Refusal::IssuedAt),
            (Request { now: NOW - Seconds(61), ..at_token() }, Refusal::IssuedAt),
            (Request { access_token: Some("token"), ..at_token() }, Refusal::AccessToken),
        ];
        for (request, refusal) in cases {
            assert_eq!(verify(AT_TOKEN, &request), Err(refusal), "{request:?}");
        }
        for seconds in [-60, 60] {
            assert!(verify(AT_TOKEN, &Request { now: NOW + Seconds(seconds), ..at_token() }).is_ok());
        }
    }

    /// A proof of our own with members changed; a null removes one.
    fn proof(key: &TestKey, header: &Value, claims: &Value) -> String {
        let mut full_header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk.to_json() });
        let mut full_claims =
            json!({ "jti": "j", "htm": "GET", "htu": "https://id.example/userinfo", "iat": NOW.seconds(), "ath": Digest::of(b"token") });
        for (full, change) in [(&mut full_header, header), (&mut full_claims, claims)] {
            let members = full.as_object_mut().unwrap();
            members.extend(change.as_object().unwrap().clone());
            members.retain(|_, value| !value.is_null());
        }
        key.jws(&full_header, &full_claims)
    }

    fn verify_ours(header: &Value, claims: &Value) -> Result<Proof, Refusal> {
        let request = Request { method: "GET", address: "https://id.example/userinfo", access_token: Some("token"), now: NOW };
        verify(&proof(&TestKey::new(None), header, claims), &request)
    }

    #[test]
    fn each_claim_must_be_there_and_be_text() {
        assert!(verify_ours(&json!({}), &json!({})).is_ok());
        assert!(verify_ours(&json!({}), &json!({ "htu": "HTTPS://ID.example:443/userinfo?a=b#c" })).is_ok());
        assert_eq!(verify_ours(&json!({}), &json!({ "nonce": "n" })).unwrap().nonce.as_deref(), Some("n"));
        let cases = [
            (json!({ "jti": null }), Refusal::Jti),
            (json!({ "jti": "" }), Refusal::Jti),
            (json!({ "jti": 1 }), Refusal::Jti),
            (json!({ "jti": "x".repeat(257) }), Refusal::Jti),
            (json!({ "htm": null }), Refusal::Method),
            (json!({ "htu": null }), Refusal::Address),
            (json!({ "htu": ["https://id.example/userinfo"] }), Refusal::Address),
            (json!({ "htu": "https://id.example@evil.test/userinfo" }), Refusal::Address),
            (json!({ "iat": null }), Refusal::IssuedAt),
            (json!({ "iat": "1562262616" }), Refusal::IssuedAt),
            (json!({ "ath": null }), Refusal::AccessToken),
            (json!({ "ath": Digest::of(b"other") }), Refusal::AccessToken),
        ];
        for (claims, refusal) in cases {
            assert_eq!(verify_ours(&json!({}), &claims), Err(refusal), "{claims}");
        }
    }

    #[test]
    fn a_header_that_is_not_a_proofs() {
        let mut private = TestKey::new(None).jwk.to_json();
        private.as_object_mut().unwrap().insert("d".to_owned(), "AAAA".into());
        let cases = [
            (json!({ "typ": "JWT" }), jose::Refusal::Type),
            (json!({ "typ": null }), jose::Refusal::Type),
            (json!({ "alg": "none" }), jose::Refusal::Algorithm),
            (json!({ "alg": "HS256" }), jose::Refusal::Algorithm),
            (json!({ "alg": "RS256", "jwk": RSA.jwk.to_json() }), jose::Refusal::Algorithm),
            (json!({ "jwk": RSA.jwk.to_json() }), jose::Refusal::Algorithm),
            (json!({ "jwk": null }), jose::Refusal::Key),
            (json!({ "jwk": private }), jose::Refusal::PrivateKey),
            (json!({ "jwk": TestKey::new(None).jwk.to_json() }), jose::Refusal::Signature),
            (json!({ "jwk": { "kty": "oct", "k": "AAAA" } }), jose::Refusal::PrivateKey),
        ];
        for (header, refusal) in cases {
            assert_eq!(verify_ours(&header, &json!({})), Err(Refusal::Jws(refusal)), "{header}");
        }
    }
}
