//! What the holder of a document sends to the signing core: DER signed attributes with the content type id-data and the digest,
//! and nothing else.
//!
//! Invariant (V13): the core is no signing oracle. A request is one fixed form with 32 free octets, so whoever reaches the core
//! cannot make it sign a certificate, a token or attributes of their choosing.

use der::{Decode, asn1::ObjectIdentifier};

use super::attributes::{self, SignedAttributes};
use crate::{
    asn1::{self, tag},
    certificate::Certificate,
    oid,
    refused::Refused,
};

/// The one length a request has.
const LENGTH: usize = 77;

/// A request for one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    message_digest: [u8; 32],
}

impl Request {
    /// For a document whose signed byte range has this SHA-256 digest.
    pub const fn new(message_digest: [u8; 32]) -> Self {
        Self { message_digest }
    }

    /// The DER `SET OF Attribute` to send.
    pub fn der(&self) -> Result<Vec<u8>, Refused> {
        let attributes = vec![attributes::content_type(oid::DATA)?, attributes::message_digest(&self.message_digest)?];
        asn1::set_of(tag::SET, attributes)
    }

    /// Reads a request on the core's side; any octet that [`Request::der`] would not have written is refused.
    pub fn from_der(der: &[u8]) -> Result<Self, Refused> {
        if der.len() > 4 * LENGTH {
            return Err(Refused::Oversized);
        }
        let attributes = attributes::read(asn1::content(tag::SET, der)?)?;
        if attributes.iter().any(|attribute| attribute.oid == oid::SIGNING_TIME) {
            return Err(Refused::SigningTimePresent);
        }
        if attributes.iter().any(|attribute| ![oid::CONTENT_TYPE, oid::MESSAGE_DIGEST].contains(&attribute.oid)) {
            return Err(Refused::AttributeUnexpected);
        }
        let content_type = attributes::value(&attributes, oid::CONTENT_TYPE).ok_or(Refused::ContentTypeMismatch)?;
        if ObjectIdentifier::from_der(content_type)? != oid::DATA {
            return Err(Refused::ContentTypeMismatch);
        }
        let digest = attributes::value(&attributes, oid::MESSAGE_DIGEST).ok_or(Refused::DigestMismatch)?;
        let digest = asn1::content(tag::OCTET_STRING, digest)?;
        let request = Self::new(digest.try_into().map_err(|_| Refused::DigestLength)?);
        if request.der()? == der { Ok(request) } else { Err(Refused::NotDer) }
    }

    /// The digest of the document's signed byte range.
    pub const fn message_digest(&self) -> &[u8; 32] {
        &self.message_digest
    }

    /// Adds what binds the signature to its certificate: ESS signing-certificate-v2 (B7) and algorithm protection (V9).
    pub fn with_certificate(&self, certificate: &Certificate) -> Result<SignedAttributes, Refused> {
        attributes::signed_attributes(oid::DATA, &self.message_digest, certificate)
    }
}
