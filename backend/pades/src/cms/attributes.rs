//! Signed attributes (RFC 5652 §5.3, §11; RFC 5035; RFC 6211).

use der::{Decode, Encode, asn1::ObjectIdentifier};

use crate::{
    asn1::{self, Fields, tag},
    certificate::Certificate,
    es256, oid,
    refused::Refused,
};

/// Complete signed attributes: what the signer's key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttributes(Vec<u8>);

impl SignedAttributes {
    pub(crate) const fn from_set(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The octets to sign: the attributes under the SET tag 0x31, not the `[0]` they get inside the SignerInfo (RFC 5652 §5.4).
    pub fn to_be_signed(&self) -> &[u8] {
        &self.0
    }

    /// The same attributes under the `[0]` tag.
    pub(crate) fn implicit(&self) -> Result<Vec<u8>, Refused> {
        asn1::tlv(tag::CONTEXT_0, &[asn1::content(tag::SET, &self.0)?])
    }
}

/// One attribute with its single value.
pub(crate) struct Attribute<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) value: &'a [u8],
}

impl<'a> Attribute<'a> {
    fn read(element: &'a [u8]) -> Result<Self, Refused> {
        let mut fields = Fields::of_sequence(element)?;
        let oid = ObjectIdentifier::from_der(fields.required(tag::OID)?)?;
        let values = asn1::ordered(asn1::content(tag::SET, fields.required(tag::SET)?)?)?;
        fields.end()?;
        match values.as_slice() {
            [value] => Ok(Self { oid, value }),
            _ => Err(Refused::AttributeRepeated),
        }
    }
}

/// Reads the content of a set of attributes: DER order, each type once, each with one value.
pub(crate) fn read(content: &[u8]) -> Result<Vec<Attribute<'_>>, Refused> {
    let attributes = asn1::ordered(content)?.into_iter().map(Attribute::read).collect::<Result<Vec<_>, _>>()?;
    for (place, attribute) in attributes.iter().enumerate() {
        if attributes.iter().skip(place + 1).any(|other| other.oid == attribute.oid) {
            return Err(Refused::AttributeRepeated);
        }
    }
    Ok(attributes)
}

/// The value of one attribute, if it is there.
pub(crate) fn value<'a>(attributes: &[Attribute<'a>], oid: ObjectIdentifier) -> Option<&'a [u8]> {
    attributes.iter().find(|attribute| attribute.oid == oid).map(|attribute| attribute.value)
}

/// DER `Attribute` with one value.
pub(crate) fn attribute(oid: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, Refused> {
    let values = asn1::tlv(tag::SET, &[value])?;
    asn1::tlv(tag::SEQUENCE, &[&oid.to_der()?, &values])
}

pub(crate) fn content_type(oid: ObjectIdentifier) -> Result<Vec<u8>, Refused> {
    attribute(oid::CONTENT_TYPE, &oid.to_der()?)
}

pub(crate) fn message_digest(digest: &[u8; 32]) -> Result<Vec<u8>, Refused> {
    attribute(oid::MESSAGE_DIGEST, &asn1::tlv(tag::OCTET_STRING, &[digest])?)
}

/// Content type, digest, certificate reference and algorithm protection, in DER order.
pub(crate) fn signed_attributes(content: ObjectIdentifier, digest: &[u8; 32], signer: &Certificate) -> Result<SignedAttributes, Refused> {
    let attributes = vec![content_type(content)?, message_digest(digest)?, signing_certificate_v2(signer)?, algorithm_protection()?];
    Ok(SignedAttributes(asn1::set_of(tag::SET, attributes)?))
}

/// `SigningCertificateV2` with the digest alone: SHA-256 is the default and is left out; issuer and serial number stand in the
/// SignerInfo already (RFC 5035 §4).
fn signing_certificate_v2(signer: &Certificate) -> Result<Vec<u8>, Refused> {
    let digest = asn1::tlv(tag::OCTET_STRING, &[&signer.digest()])?;
    let identifier = asn1::tlv(tag::SEQUENCE, &[&digest])?;
    let identifiers = asn1::tlv(tag::SEQUENCE, &[&identifier])?;
    attribute(oid::SIGNING_CERTIFICATE_V2, &asn1::tlv(tag::SEQUENCE, &[&identifiers])?)
}

fn algorithm_protection() -> Result<Vec<u8>, Refused> {
    attribute(oid::ALGORITHM_PROTECTION, &protected_algorithms()?)
}

/// `CMSAlgorithmProtection` (RFC 6211 §2): the digest algorithm, and the signature algorithm under `[1]`.
fn protected_algorithms() -> Result<Vec<u8>, Refused> {
    let signature = es256::signature_algorithm()?;
    let signature = asn1::tlv(tag::CONTEXT_1, &[asn1::content(tag::SEQUENCE, &signature)?])?;
    asn1::tlv(tag::SEQUENCE, &[&es256::digest_algorithm()?, &signature])
}

/// Refuses unless the first certificate reference is to `signer` (B7, V9).
pub(crate) fn check_signing_certificate(attributes: &[Attribute<'_>], signer: &Certificate) -> Result<(), Refused> {
    let value = value(attributes, oid::SIGNING_CERTIFICATE_V2).ok_or(Refused::SigningCertificateMismatch)?;
    if self::value(attributes, oid::SIGNING_CERTIFICATE).is_some() {
        return Err(Refused::SigningCertificateMismatch); // exactly one of the two
    }
    let mut identifiers = Fields::of_sequence(Fields::of_sequence(value)?.required(tag::SEQUENCE)?)?;
    let mut identifier = Fields::of_sequence(identifiers.required(tag::SEQUENCE)?)?;
    if let Some(algorithm) = identifier.optional(tag::SEQUENCE)? {
        es256::check_digest_algorithm(algorithm)?;
    }
    let digest = asn1::content(tag::OCTET_STRING, identifier.required(tag::OCTET_STRING)?)?;
    if digest == signer.digest() { Ok(()) } else { Err(Refused::SigningCertificateMismatch) }
}

/// Refuses an algorithm protection that names other algorithms; its absence is allowed (RFC 6211 §2 makes it optional).
pub(crate) fn check_algorithm_protection(attributes: &[Attribute<'_>]) -> Result<(), Refused> {
    let Some(value) = value(attributes, oid::ALGORITHM_PROTECTION) else { return Ok(()) };
    let mut fields = Fields::of_sequence(value)?;
    let digest = fields.required(tag::SEQUENCE)?;
    let signature = asn1::tlv(tag::SEQUENCE, &[asn1::content(tag::CONTEXT_1, fields.required(tag::CONTEXT_1)?)?])?;
    fields.end()?;
    let are_ours = es256::check_digest_algorithm(digest).is_ok() && es256::check_signature_algorithm(&signature).is_ok();
    if are_ours { Ok(()) } else { Err(Refused::AlgorithmProtectionMismatch) }
}
