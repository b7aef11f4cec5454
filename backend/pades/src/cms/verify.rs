//! The verdict on one PAdES signature's CMS (EN 319 142-1 §6.3: B1–B8, B16; T1–T4 when it carries a timestamp).
//!
//! Trust is the caller's next step: [`crate::certificate::path`] from the signer and from the timestamp's signer to a root.

use handslag_vocab::UnixTime;

use super::{attributes, signed_data::SignedData};
use crate::{
    asn1::{self, tag},
    certificate::Certificate,
    oid,
    refused::Refused,
    timestamp::Token,
};

/// What a signature proves once its own octets have been checked.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The signer's certificate.
    pub signer: Certificate,
    /// The other certificates inside.
    pub others: Vec<Certificate>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// The timestamp over the signature value, checked; `None` at level B-B.
    pub timestamp: Option<Token>,
}

impl Verified {
    /// When the signature provably existed (level B-T).
    pub fn best_signature_time(&self) -> Option<UnixTime> {
        self.timestamp.as_ref().map(|token| token.info().time)
    }
}

/// Checks a DER CMS against the SHA-256 digest of the document's byte range.
pub fn verify(cms: &[u8], byte_range_digest: &[u8; 32]) -> Result<Verified, Refused> {
    let read = SignedData::from_der(cms)?;
    if read.content.is_some() {
        return Err(Refused::ContentEncapsulated);
    }
    check_baseline_attributes(&read)?;
    let signer = read.check_signer(oid::DATA, byte_range_digest)?.clone();
    signer.check_document_signing()?;
    let timestamp = read.signer.timestamp.as_deref().map(Token::from_der).transpose()?;
    if let Some(token) = &timestamp {
        token.check_covers(&read.signer.signature)?;
        signer.check_valid_at(token.info().time).map_err(|_| Refused::TimestampOutsideCertificate)?;
    }
    let others = read.certificates.into_iter().filter(|certificate| *certificate != signer).collect();
    Ok(Verified { signer, others, signature: read.signer.signature, timestamp })
}

/// B8, and whatever else has no place among the signed attributes of a baseline signature (B14).
fn check_baseline_attributes(read: &SignedData) -> Result<(), Refused> {
    let forbidden = [
        "1.2.840.113549.1.9.16.2.7",  // content-identifier
        "1.2.840.113549.1.9.16.2.10", // content-reference
        "0.4.0.1733.2.1",             // mime-type
    ];
    for attribute in attributes::read(asn1::content(tag::SET, read.signer.signed_attributes.to_be_signed())?)? {
        if attribute.oid == oid::SIGNING_TIME {
            return Err(Refused::SigningTimePresent);
        }
        if forbidden.contains(&attribute.oid.to_string().as_str()) {
            return Err(Refused::AttributeUnexpected);
        }
    }
    Ok(())
}
