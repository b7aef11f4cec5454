//! Reading `SignedData` (RFC 5652 §5): strict DER, one signer, certificates as they stand. Used for PDF signatures and for
//! timestamp tokens alike; nothing here is trusted before [`SignedData::check_signer`] has said yes.

use der::{Decode, asn1::ObjectIdentifier};

use super::attributes::{self, Attribute, SignedAttributes};
use crate::{
    asn1::{self, Fields, tag},
    certificate::Certificate,
    es256, oid,
    refused::Refused,
};

/// A signature with its timestamp is 12 kB here; foreign ones with embedded lists may be larger.
const LARGEST: usize = 256 * 1024;

/// A `SignedData` with exactly one signer.
#[derive(Clone, Debug)]
pub struct SignedData {
    /// `eContentType`.
    pub content_type: ObjectIdentifier,
    /// The encapsulated octets; `None` when detached.
    pub content: Option<Vec<u8>>,
    /// Every certificate inside, in the order found.
    pub certificates: Vec<Certificate>,
    /// The signer.
    pub signer: Signer,
    version: u8,
}

/// The one `SignerInfo`.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The signed attributes, as they are signed.
    pub signed_attributes: SignedAttributes,
    /// The signature value: for ECDSA the DER `SEQUENCE { r, s }`. A signature timestamp is over these octets (T2).
    pub signature: Vec<u8>,
    /// DER of the signature-time-stamp token, if there is one.
    pub timestamp: Option<Vec<u8>>,
    issuer_and_serial: Vec<u8>,
}

impl SignedData {
    /// Reads a DER `ContentInfo`; the octets must end with it.
    pub fn from_der(der: &[u8]) -> Result<Self, Refused> {
        if der.len() > LARGEST {
            return Err(Refused::Oversized);
        }
        let mut info = Fields::of_sequence(der)?;
        if ObjectIdentifier::from_der(info.required(tag::OID)?)? != oid::SIGNED_DATA {
            return Err(Refused::ContentTypeMismatch);
        }
        let explicit = asn1::content(tag::CONTEXT_0, info.required(tag::CONTEXT_0)?)?;
        info.end()?;
        Self::read(explicit)
    }

    fn read(signed_data: &[u8]) -> Result<Self, Refused> {
        let mut fields = Fields::of_sequence(signed_data)?;
        let version = u8::from_der(fields.required(tag::INTEGER)?)?;
        let digest_algorithms = asn1::ordered(asn1::content(tag::SET, fields.required(tag::SET)?)?)?;
        let (content_type, content) = encapsulated(fields.required(tag::SEQUENCE)?)?;
        let certificates = fields.optional(tag::CONTEXT_0)?.map_or(Ok(Vec::new()), certificates)?;
        if fields.optional(tag::CONTEXT_1)?.is_some() {
            return Err(Refused::AttributeUnexpected); // lists belong in the document's DSS, not here (L5)
        }
        let signers = asn1::ordered(asn1::content(tag::SET, fields.required(tag::SET)?)?)?;
        fields.end()?;
        let [signer] = signers.as_slice() else { return Err(Refused::SignerCount) };
        let [digest_algorithm] = digest_algorithms.as_slice() else { return Err(Refused::AlgorithmNotAllowed) };
        es256::check_digest_algorithm(digest_algorithm)?;
        Ok(Self { content_type, content, certificates, signer: Signer::read(signer)?, version })
    }

    /// Checks everything the signer's own octets can prove and gives the signer's certificate: content type (B5), digest (B6),
    /// certificate inside (B4) and referred to (B7), algorithms (V9), the signature over the attributes under the SET tag (B16).
    /// Nothing is said about whether the certificate is trusted.
    pub fn check_signer(&self, content_type: ObjectIdentifier, digest: &[u8; 32]) -> Result<&Certificate, Refused> {
        let signer = &self.signer;
        let certificate = self.signer_certificate()?;
        let attributes = attributes::read(asn1::content(tag::SET, signer.signed_attributes.to_be_signed())?)?;
        self.check_content(&attributes, content_type, digest)?;
        attributes::check_signing_certificate(&attributes, certificate)?;
        attributes::check_algorithm_protection(&attributes)?;
        certificate.key()?.verify(signer.signed_attributes.to_be_signed(), &signer.signature)?;
        Ok(certificate)
    }

    fn check_content(&self, attributes: &[Attribute<'_>], content_type: ObjectIdentifier, digest: &[u8; 32]) -> Result<(), Refused> {
        let expected_version = if content_type == oid::DATA { 1 } else { 3 };
        if self.version != expected_version {
            return Err(Refused::VersionNotAllowed);
        }
        let signed_type = attributes::value(attributes, oid::CONTENT_TYPE).ok_or(Refused::ContentTypeMismatch)?;
        if self.content_type != content_type || ObjectIdentifier::from_der(signed_type)? != content_type {
            return Err(Refused::ContentTypeMismatch);
        }
        let signed_digest = attributes::value(attributes, oid::MESSAGE_DIGEST).ok_or(Refused::DigestMismatch)?;
        if asn1::content(tag::OCTET_STRING, signed_digest)? == digest { Ok(()) } else { Err(Refused::DigestMismatch) }
    }

    fn signer_certificate(&self) -> Result<&Certificate, Refused> {
        let is_signers = |certificate: &&Certificate| certificate.issuer_and_serial().is_ok_and(|named| named == self.signer.issuer_and_serial);
        self.certificates.iter().find(is_signers).ok_or(Refused::SignerCertificateMissing)
    }
}

impl Signer {
    fn read(element: &[u8]) -> Result<Self, Refused> {
        let mut fields = Fields::of_sequence(element)?;
        if u8::from_der(fields.required(tag::INTEGER)?)? != 1 {
            return Err(Refused::VersionNotAllowed); // 1 goes with issuerAndSerialNumber (RFC 5652 §5.3)
        }
        let issuer_and_serial = fields.required(tag::SEQUENCE)?.to_vec();
        es256::check_digest_algorithm(fields.required(tag::SEQUENCE)?)?;
        let signed = asn1::content(tag::CONTEXT_0, fields.required(tag::CONTEXT_0)?)?;
        attributes::read(signed)?; // order and repetition are refused here, before anything is hashed
        es256::check_signature_algorithm(fields.required(tag::SEQUENCE)?)?;
        let signature = asn1::content(tag::OCTET_STRING, fields.required(tag::OCTET_STRING)?)?.to_vec();
        let timestamp = fields.optional(tag::CONTEXT_1)?.map_or(Ok(None), timestamp)?;
        fields.end()?;
        let signed_attributes = SignedAttributes::from_set(asn1::tlv(tag::SET, &[signed])?);
        Ok(Self { signed_attributes, signature, timestamp, issuer_and_serial })
    }
}

fn encapsulated(element: &[u8]) -> Result<(ObjectIdentifier, Option<Vec<u8>>), Refused> {
    let mut fields = Fields::of_sequence(element)?;
    let content_type = ObjectIdentifier::from_der(fields.required(tag::OID)?)?;
    let explicit = fields.optional(tag::CONTEXT_0)?;
    fields.end()?;
    let Some(explicit) = explicit else { return Ok((content_type, None)) };
    let octets = asn1::content(tag::OCTET_STRING, asn1::content(tag::CONTEXT_0, explicit)?)?;
    Ok((content_type, Some(octets.to_vec())))
}

fn certificates(element: &[u8]) -> Result<Vec<Certificate>, Refused> {
    asn1::ordered(asn1::content(tag::CONTEXT_0, element)?)?.into_iter().map(Certificate::from_der).collect()
}

/// The only unsigned attribute with a place in a baseline signature is one timestamp; a counter-signature, certificate values
/// and revocation values have none (B14, L5).
fn timestamp(element: &[u8]) -> Result<Option<Vec<u8>>, Refused> {
    let attributes = attributes::read(asn1::content(tag::CONTEXT_1, element)?)?;
    match attributes.as_slice() {
        [one] if one.oid == oid::SIGNATURE_TIME_STAMP => Ok(Some(one.value.to_vec())),
        _ => Err(Refused::AttributeUnexpected),
    }
}
