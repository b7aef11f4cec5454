//! A JWS in two phases (RFC 7515 §5.1): the bytes to be signed go to wherever the private key lives, and come back as a signature.

use serde_json::{Map, Value, json};

use super::{Algorithm, Refusal};
use crate::base64url;

/// Header and payload, not yet signed.
#[derive(Clone, Debug)]
pub struct UnsignedJws {
    algorithm: Algorithm,
    signing_input: String,
}

impl UnsignedJws {
    /// Takes the type (`JWT`, `at+jwt` …), the algorithm and id of the key that will sign, and the claims.
    pub fn new(typ: &str, algorithm: Algorithm, kid: &str, claims: Map<String, Value>) -> Self {
        let header = json!({ "alg": algorithm.name(), "kid": kid, "typ": typ });
        let payload = Value::Object(claims).to_string();
        let signing_input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(payload));
        Self { algorithm, signing_input }
    }

    /// The algorithm that [`Self::signed`] expects a signature of.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes that the key signs, with the hash of the algorithm.
    pub fn to_be_signed(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// Takes the signature, for ECDSA as R ‖ S (RFC 7518 §3.4; not DER), and gives the compact form.
    pub fn signed(self, signature: &[u8]) -> Result<String, Refusal> {
        let is_form = self.algorithm.can_be_long(signature.len());
        if is_form { Ok(format!("{}.{}", self.signing_input, base64url::encode(signature))) } else { Err(Refusal::Signature) }
    }
}

/// The bytes that the key signs.
impl AsRef<[u8]> for UnsignedJws {
    fn as_ref(&self) -> &[u8] {
        self.to_be_signed()
    }
}
