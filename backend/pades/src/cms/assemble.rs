//! Putting a `SignedData` together around a signature that was made elsewhere (RFC 5652 §5.1).

use der::{Encode, asn1::ObjectIdentifier};

use super::attributes::{self, SignedAttributes};
use crate::{
    asn1::{self, tag},
    certificate::Certificate,
    es256, oid,
    refused::Refused,
    timestamp::Token,
};

/// What the signature is over, as `EncapsulatedContentInfo` says it.
pub(crate) struct Content<'a> {
    pub(crate) oid: ObjectIdentifier,
    /// `None`: detached.
    pub(crate) octets: Option<&'a [u8]>,
}

/// The finished PAdES signature for /Contents: DER `ContentInfo`.
///
/// `chain` are the certificates above the signer's. `timestamp` is the DER token over `signature` (level B-T). The signature
/// must be the signer's over exactly these attributes, and the token over exactly this signature; otherwise nothing is built.
pub fn assemble(
    attributes: &SignedAttributes,
    signature: &[u8],
    signer: &Certificate,
    chain: &[Certificate],
    timestamp: Option<&[u8]>,
) -> Result<Vec<u8>, Refused> {
    if let Some(token) = timestamp {
        Token::from_der(token)?.check_covers(signature)?;
    }
    let certificates: Vec<&Certificate> = std::iter::once(signer).chain(chain).collect();
    signed_data(&Content { oid: oid::DATA, octets: None }, attributes, signature, signer, &certificates, timestamp)
}

/// A `ContentInfo` with one signer. The signature is checked before anything is built.
pub(crate) fn signed_data(
    content: &Content<'_>,
    attributes: &SignedAttributes,
    signature: &[u8],
    signer: &Certificate,
    certificates: &[&Certificate],
    timestamp: Option<&[u8]>,
) -> Result<Vec<u8>, Refused> {
    signer.key()?.verify(attributes.to_be_signed(), signature)?;
    let certificates = match certificates {
        [] => Vec::new(),
        some => asn1::set_of(tag::CONTEXT_0, some.iter().map(|certificate| certificate.der().to_vec()).collect())?,
    };
    let signed_data = asn1::tlv(
        tag::SEQUENCE,
        &[
            &version(content)?,
            &asn1::tlv(tag::SET, &[&es256::digest_algorithm()?])?,
            &content.der()?,
            &certificates,
            &asn1::tlv(tag::SET, &[&signer_info(attributes, signature, signer, timestamp)?])?,
        ],
    )?;
    let explicit = asn1::tlv(tag::CONTEXT_0, &[&signed_data])?;
    asn1::tlv(tag::SEQUENCE, &[&oid::SIGNED_DATA.to_der()?, &explicit])
}

/// RFC 5652 §5.1: 1 over id-data, 3 over any other content.
fn version(content: &Content<'_>) -> Result<Vec<u8>, Refused> {
    Ok(if content.oid == oid::DATA { 1_u8 } else { 3_u8 }.to_der()?)
}

fn signer_info(attributes: &SignedAttributes, signature: &[u8], signer: &Certificate, timestamp: Option<&[u8]>) -> Result<Vec<u8>, Refused> {
    let unsigned = match timestamp {
        Some(token) => asn1::tlv(tag::CONTEXT_1, &[&attributes::attribute(oid::SIGNATURE_TIME_STAMP, token)?])?,
        None => Vec::new(),
    };
    asn1::tlv(
        tag::SEQUENCE,
        &[
            &1_u8.to_der()?,
            &signer.issuer_and_serial()?,
            &es256::digest_algorithm()?,
            &attributes.implicit()?,
            &es256::signature_algorithm()?,
            &asn1::tlv(tag::OCTET_STRING, &[signature])?,
            &unsigned,
        ],
    )
}

impl Content<'_> {
    fn der(&self) -> Result<Vec<u8>, Refused> {
        let explicit = match self.octets {
            Some(octets) => asn1::tlv(tag::CONTEXT_0, &[&asn1::tlv(tag::OCTET_STRING, &[octets])?])?,
            None => Vec::new(),
        };
        asn1::tlv(tag::SEQUENCE, &[&self.oid.to_der()?, &explicit])
    }
}
