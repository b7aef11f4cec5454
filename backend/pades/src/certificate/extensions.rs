//! The extensions of each profile (RFC 5280 §4.2; EN 319 412-2 §4.3; RFC 9336; RFC 7773).
//!
//! A revocation list address stands beside the short-term mark on purpose: validators that do not know the mark need the list,
//! and an empty list is cheap. RFC 9608 forbids noRevAvail together with such an address, so that one is left out.

use const_oid::AssociatedOid;
use der::{
    Encode,
    asn1::{Ia5String, Null, ObjectIdentifier, OctetString},
};
use x509_cert::ext::{
    Extension,
    pkix::{
        AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, CrlDistributionPoints,
        ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
        certpolicy::PolicyInformation,
        crl::dp::DistributionPoint,
        name::{DistributionPointName, GeneralName},
    },
};

use super::{Addresses, Certificate, OneShot, Profile};
use crate::{
    asn1::{self, tag},
    es256::PublicKey,
    oid,
    refused::Refused,
};

pub(super) fn of(profile: &Profile, key: &PublicKey, issuer: Option<&Certificate>) -> Result<Vec<Extension>, Refused> {
    let mut extensions = own(profile)?;
    if let Some(issuer) = issuer {
        extensions.push(authority_key_identifier(issuer)?);
    }
    extensions.push(extension(false, &SubjectKeyIdentifier(OctetString::new(key.identifier())?))?);
    Ok(extensions)
}

fn own(profile: &Profile) -> Result<Vec<Extension>, Refused> {
    let authority = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
    match profile {
        Profile::Root(_) => Ok(vec![constraints(true, None)?, extension(true, &KeyUsage(authority))?]),
        Profile::SigningCa(_, addresses) => {
            let mut all = vec![constraints(true, Some(0))?, extension(true, &KeyUsage(authority))?, policies(oid::ANY_POLICY)?];
            all.extend(where_to_fetch(addresses)?);
            Ok(all)
        }
        Profile::Timestamping(_, addresses) => {
            let usage = extension(true, &ExtendedKeyUsage(vec![oid::KP_TIME_STAMPING]))?; // critical: RFC 3161 §2.3
            let mut all = vec![constraints(false, None)?, extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?, usage];
            all.extend(where_to_fetch(addresses)?);
            Ok(all)
        }
        Profile::OneShot(one) => one_shot(one),
    }
}

fn one_shot(one: &OneShot) -> Result<Vec<Extension>, Refused> {
    let mut all = vec![
        constraints(false, None)?,
        extension(true, &KeyUsage(KeyUsages::NonRepudiation.into()))?, // EN 319 412-2 §4.3.2, type A
        extension(false, &ExtendedKeyUsage(vec![oid::KP_DOCUMENT_SIGNING]))?,
        policies(one.policy)?,
        with_value(oid::VALIDITY_ASSURED_SHORT_TERM, Null.to_der()?)?,
        with_value(oid::QC_STATEMENTS, semantics(&one.person.serial_number)?)?,
        with_value(oid::AUTHENTICATION_CONTEXTS, one.context.der(&one.person)?)?,
    ];
    all.extend(where_to_fetch(&one.addresses)?);
    Ok(all)
}

/// QCStatements that name the meaning of identifiers (EN 319 412-1 §5.1): `organizationIdentifier` always has the legal
/// person's form here; `serialNumber` has the natural person's form only for `PNOSE-…` and its like. To declare that form
/// for a plain `orgAffiliation` would tell validators something untrue.
fn semantics(serial_number: &str) -> Result<Vec<u8>, Refused> {
    let mut statements = Vec::new();
    if has_natural_semantics(serial_number) {
        statements.extend(semantics_statement(oid::SEMANTICS_NATURAL)?);
    }
    statements.extend(semantics_statement(oid::SEMANTICS_LEGAL)?);
    asn1::tlv(tag::SEQUENCE, &[&statements])
}

fn semantics_statement(meaning: ObjectIdentifier) -> Result<Vec<u8>, Refused> {
    let information = asn1::tlv(tag::SEQUENCE, &[&meaning.to_der()?])?;
    asn1::tlv(tag::SEQUENCE, &[&oid::QCS_SYNTAX_V2.to_der()?, &information])
}

/// EN 319 412-1 §5.1.3: three letters of a known kind, a country, a hyphen, the identifier.
fn has_natural_semantics(serial_number: &str) -> bool {
    let Some((head, identifier)) = serial_number.split_once('-') else { return false };
    let is_kind = ["PAS", "IDC", "PNO", "TAX", "TIN"].iter().any(|kind| head.starts_with(kind));
    is_kind && head.len() == 5 && head.bytes().all(|b| b.is_ascii_uppercase()) && !identifier.is_empty()
}

fn where_to_fetch(addresses: &Addresses) -> Result<[Extension; 2], Refused> {
    let certificate = AccessDescription { access_method: oid::AD_CA_ISSUERS, access_location: uri(&addresses.ca_issuers)? };
    let list = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri(&addresses.revocation_list)?])),
        reasons: None,
        crl_issuer: None,
    };
    Ok([extension(false, &AuthorityInfoAccessSyntax(vec![certificate]))?, extension(false, &CrlDistributionPoints(vec![list]))?])
}

fn uri(text: &str) -> Result<GeneralName, Refused> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refused::TextNotAllowed);
    }
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(text)?))
}

fn policies(policy: ObjectIdentifier) -> Result<Extension, Refused> {
    extension(false, &CertificatePolicies(vec![PolicyInformation { policy_identifier: policy, policy_qualifiers: None }]))
}

fn constraints(ca: bool, path_len_constraint: Option<u8>) -> Result<Extension, Refused> {
    extension(true, &BasicConstraints { ca, path_len_constraint })
}

pub(crate) fn authority_key_identifier(issuer: &Certificate) -> Result<Extension, Refused> {
    let key_identifier = Some(OctetString::new(issuer.key_identifier()?)?);
    extension(false, &AuthorityKeyIdentifier { key_identifier, ..AuthorityKeyIdentifier::default() })
}

pub(crate) fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> Result<Extension, Refused> {
    Ok(Extension { extn_id: T::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn with_value(extn_id: ObjectIdentifier, value: Vec<u8>) -> Result<Extension, Refused> {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value)? })
}
