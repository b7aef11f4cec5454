//! `userSignature`: what the provider signs for a person at a service's wish (OIDC Sweden signature extension §3.2, whose format is free; SG-06).
//!
//! A compact JWS by a key that exists for this one signature, with its certificates in `x5c` (RFC 7515 §4.1.6). Its payload holds all that was
//! agreed to: the data as the service sent it, the digest of the message as it was shown, the service, its nonce, the times and the level,
//! and the person's own signed approval. Who receives it needs nothing but the root certificate (docs/integrating.md).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_vocab::{ApprovalId, UnixTime};
use serde_json::{Value, json};

use crate::base64url;

/// `typ`, so that it is taken for no other token.
pub const TYPE: &str = "user-signature+jwt";

/// What is said with the signature.
#[derive(Clone, Debug)]
pub struct UserSignature<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`: the service.
    pub client_id: &'a str,
    /// `nonce`: the service's mark of its request.
    pub nonce: Option<&'a str>,
    /// `iat`: when it is made.
    pub made_at: UnixTime,
    /// `auth_time`: when the person said yes.
    pub approved_at: UnixTime,
    /// `acr`.
    pub acr: &'a str,
    /// `txn`.
    pub transaction: &'a ApprovalId,
    /// `tbs_data`: base64 as the service sent it.
    pub data: &'a str,
    /// `sign_message_digest`.
    pub message_digest: &'a str,
    /// `approval`: the canonical bytes.
    pub approval: &'a [u8],
    /// `evidence`: what the phone signed them with.
    pub evidence: Value,
}

impl UserSignature<'_> {
    /// What the key signs (ES256). Takes the certificates in DER, the signer's first.
    pub fn to_be_signed(&self, certificates: &[&[u8]]) -> String {
        let chain: Vec<String> = certificates.iter().map(|der| STANDARD.encode(der)).collect();
        let header = json!({ "alg": "ES256", "typ": TYPE, "x5c": chain });
        let mut payload = json!({
            "iss": self.issuer, "aud": self.client_id, "iat": self.made_at.seconds(), "auth_time": self.approved_at.seconds(), "acr": self.acr,
            "txn": self.transaction, "tbs_data": self.data, "sign_message_digest": self.message_digest,
            "approval": base64url::encode(self.approval), "evidence": self.evidence,
        });
        if let (Some(nonce), Some(members)) = (self.nonce, payload.as_object_mut()) {
            members.insert("nonce".to_owned(), nonce.into());
        }
        format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(payload.to_string()))
    }
}

/// The compact form. Takes what was signed and R ‖ S (RFC 7518 §3.4).
pub fn compact(signed: &str, signature: &[u8]) -> String {
    format!("{signed}.{}", base64url::encode(signature))
}
