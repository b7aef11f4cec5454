//! Proofs of the device key over each request (RFC 9449 §4.2). A proof covers method and address; time and a random id make
//! it usable once. No access token is bound, so `ath` is absent.

use data_encoding::BASE64URL_NOPAD;
use handslag_vocab::UnixTime;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::wire::{PublicKey, RawSignature};

/// A proof that waits for its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    signing_input: String,
}

/// The order of the members is that of the example in RFC 9449 §4.1, so that its bytes can be compared.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    x: String,
    y: String,
    crv: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: UnixTime,
}

impl Proof {
    /// A proof for one request: `htu` is the whole address without query and fragment.
    pub fn new(method: &str, htu: &str, key: &PublicKey, now: UnixTime, rng: &mut dyn CryptoRng) -> Self {
        let mut jti = [0; 16];
        rng.fill_bytes(&mut jti);
        Self::with_jti(method, htu, key, now, BASE64URL_NOPAD.encode(&jti))
    }

    fn with_jti(method: &str, htu: &str, key: &PublicKey, now: UnixTime, jti: String) -> Self {
        let (x, y) = key.0.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
        let jwk = Jwk { kty: "EC".to_owned(), x: BASE64URL_NOPAD.encode(x), y: BASE64URL_NOPAD.encode(y), crv: "P-256".to_owned() };
        let header = Header { typ: "dpop+jwt".to_owned(), alg: "ES256".to_owned(), jwk };
        let claims = Claims { jti, htm: method.to_owned(), htu: htu.to_owned(), iat: now };
        Self { signing_input: format!("{}.{}", encoded(&header), encoded(&claims)) }
    }

    /// What the device key signs: the JWS signing input (RFC 7515 §5.1).
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The value of the header `DPoP`.
    pub fn signed(&self, signature: &RawSignature) -> String {
        format!("{}.{}", self.signing_input, BASE64URL_NOPAD.encode(&signature.0))
    }
}

fn encoded(part: &impl Serialize) -> String {
    // Serialising strings and an integer into memory cannot fail.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(part).unwrap_or_default())
}

/// Are these bytes the signing input of a proof, and nothing else?
pub(crate) fn is_signing_input(bytes: &[u8]) -> bool {
    let parts = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('.'));
    let header = parts.and_then(|(header, _)| decoded::<Header>(header));
    header.is_some_and(|header| header.typ == "dpop+jwt" && header.alg == "ES256")
        && parts.and_then(|(_, claims)| decoded::<Claims>(claims)).is_some()
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{es256, wire::Fixed};

    /// RFC 9449 §4.1, figure 2.
    const FIGURE_2: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    fn key() -> PublicKey {
        let coordinate = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let (x, y) = (coordinate("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"), coordinate("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"));
        Fixed::from_slice(&[&[4][..], &x, &y].concat()).unwrap()
    }

    fn signature() -> RawSignature {
        let text = FIGURE_2.rsplit_once('.').unwrap().1;
        Fixed::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn the_proof_is_that_of_rfc_9449_byte_for_byte_and_its_signature_fits() {
        let now = UnixTime::from_seconds(1_562_262_616);
        let proof = Proof::with_jti("POST", "https://server.example.com/token", &key(), now, "-BwC3ESc6acc2lTc".to_owned());
        assert_eq!(proof.signed(&signature()), FIGURE_2);
        assert!(es256::verifies(&key(), proof.signing_input(), &signature()));
    }

    #[test]
    fn another_method_address_or_time_is_not_covered() {
        let proof = |method, htu, at| Proof::with_jti(method, htu, &key(), UnixTime::from_seconds(at), "-BwC3ESc6acc2lTc".to_owned());
        let wrongs = [
            proof("GET", "https://server.example.com/token", 1_562_262_616),
            proof("POST", "https://server.example.com/tokens", 1_562_262_616),
            proof("POST", "https://server.example.com/token", 1_562_262_617),
        ];
        for wrong in wrongs {
            assert!(!es256::verifies(&key(), wrong.signing_input(), &signature()));
        }
    }

    #[test]
    fn only_a_proof_is_taken_for_a_proof() {
        let (input, _) = FIGURE_2.rsplit_once('.').unwrap();
        assert!(is_signing_input(input.as_bytes()));
        let other_type = input.replacen("eyJ0eXAiOiJkcG9wK2p3dCIs", &BASE64URL_NOPAD.encode(br#"{"typ":"at+jwt+x","#), 1);
        for wrong in [FIGURE_2, "", ".", "e30.e30", &other_type] {
            assert!(!is_signing_input(wrong.as_bytes()), "{wrong}");
        }
    }
}
