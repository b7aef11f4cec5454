//! A certificate as read: its octets, and what this crate asks of it. The octets are kept because digests and comparisons are
//! over them, never over a re-encoding.

use const_oid::AssociatedOid;
use der::{Decode, Encode, asn1::ObjectIdentifier, pem};
use handslag_vocab::UnixTime;
use x509_cert::{
    certificate::Version,
    ext::{
        Extension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
};

use crate::{
    asn1::{self, tag},
    es256::{self, PublicKey},
    oid,
    refused::Refused,
};

/// The largest certificate that is read: ours are 3 kB.
const LARGEST: usize = 32 * 1024;

/// An X.509 version 3 certificate, strict DER, not yet trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    /// Reads one DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, Refused> {
        if der.len() > LARGEST {
            return Err(Refused::Oversized);
        }
        let parsed: x509_cert::Certificate = asn1::exact(der)?;
        if parsed.tbs_certificate().version() != Version::V3 {
            return Err(Refused::VersionNotAllowed);
        }
        if parsed.tbs_certificate().signature() != parsed.signature_algorithm() {
            return Err(Refused::AlgorithmNotAllowed); // RFC 5280 §4.1.1.2: both must be the same
        }
        Ok(Self { der: der.to_vec(), parsed })
    }

    /// The octets as they were read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as a PEM block (RFC 7468 §5), for files people handle.
    pub fn pem(&self) -> Result<String, Refused> {
        pem::encode_string("CERTIFICATE", pem::LineEnding::LF, &self.der).map_err(|_| Refused::Oversized)
    }

    /// SHA-256 over the octets: what ESS signing-certificate-v2 carries.
    pub fn digest(&self) -> [u8; 32] {
        es256::sha256(&self.der)
    }

    /// The public key, if it is on P-256.
    pub fn key(&self) -> Result<PublicKey, Refused> {
        PublicKey::from_subject_public_key_info(self.parsed.tbs_certificate().subject_public_key_info())
    }

    /// The serial number's content octets.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// First second of validity.
    pub fn not_before(&self) -> UnixTime {
        unix(self.parsed.tbs_certificate().validity().not_before)
    }

    /// Last second of validity.
    pub fn not_after(&self) -> UnixTime {
        unix(self.parsed.tbs_certificate().validity().not_after)
    }

    /// The subject by RFC 4514, for people and logs.
    pub fn subject_text(&self) -> String {
        self.subject().to_string()
    }

    /// One subject attribute as text, if it is there.
    pub fn subject_attribute(&self, oid: ObjectIdentifier) -> Option<String> {
        let attribute = self.subject().iter().find(|attribute| attribute.oid == oid)?;
        String::from_utf8(attribute.value.value().to_vec()).ok()
    }

    /// Whether the certificate may issue others: basicConstraints and keyUsage both say so (RFC 5280 §4.2.1.3, §4.2.1.9).
    pub fn may_issue(&self) -> bool {
        let is_authority = matches!(self.extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
        is_authority && self.has_key_usage(KeyUsages::KeyCertSign)
    }

    /// Whether the certificate may sign revocation lists.
    pub fn may_sign_revocation_lists(&self) -> bool {
        self.may_issue() && self.has_key_usage(KeyUsages::CRLSign)
    }

    /// Refuses unless extended key usage is critical and exactly id-kp-timeStamping (RFC 3161 §2.3).
    pub fn check_timestamping(&self) -> Result<(), Refused> {
        match self.extension::<ExtendedKeyUsage>()? {
            Some((true, ExtendedKeyUsage(purposes))) if purposes == [oid::KP_TIME_STAMPING] => {}
            _ => return Err(Refused::TimestampSignerNotAuthority),
        }
        if self.has_key_usage(KeyUsages::DigitalSignature) || self.has_key_usage(KeyUsages::NonRepudiation) {
            Ok(())
        } else {
            Err(Refused::KeyUsageNotAllowed)
        }
    }

    /// Refuses unless the key may sign documents: nonRepudiation or digitalSignature, and no timestamping certificate.
    pub fn check_document_signing(&self) -> Result<(), Refused> {
        let may_sign = self.has_key_usage(KeyUsages::NonRepudiation) || self.has_key_usage(KeyUsages::DigitalSignature);
        if may_sign && !self.may_issue() && self.check_timestamping().is_err() { Ok(()) } else { Err(Refused::KeyUsageNotAllowed) }
    }

    /// Refuses a time outside the validity.
    pub fn check_valid_at(&self, time: UnixTime) -> Result<(), Refused> {
        if self.not_before() <= time && time <= self.not_after() { Ok(()) } else { Err(Refused::CertificateNotValidThen) }
    }

    /// Refuses unless `issuer` issued this certificate: name, key identifier, right to issue, signature (RFC 5280 §6.1.3).
    pub fn check_issued_by(&self, issuer: &Self) -> Result<(), Refused> {
        let tbs = self.parsed.tbs_certificate();
        let named = self.extension::<AuthorityKeyIdentifier>()?.and_then(|(_, identifier)| identifier.key_identifier);
        let is_other_key = named.is_some_and(|named| issuer.key_identifier().is_ok_and(|own| own != named.as_bytes()));
        if tbs.issuer() != issuer.subject() || is_other_key {
            return Err(Refused::CertificateIssuerMismatch);
        }
        if !issuer.may_issue() {
            return Err(Refused::CertificateIssuerNotAuthority);
        }
        es256::check_signature_algorithm(&self.parsed.signature_algorithm().to_der()?)?;
        let signature = self.parsed.signature().as_bytes().ok_or(Refused::SignatureInvalid)?;
        issuer.key()?.verify(&tbs.to_der()?, signature)
    }

    /// Whether this certificate names `issuer` as its issuer, by whichever of that authority's keys. Proves nothing.
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        self.parsed.tbs_certificate().issuer() == issuer.subject()
    }

    pub(crate) fn subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    pub(crate) fn key_identifier(&self) -> Result<Vec<u8>, Refused> {
        let (_, identifier) = self.extension::<SubjectKeyIdentifier>()?.ok_or(Refused::CertificateExtensionInvalid)?;
        Ok(identifier.0.as_bytes().to_vec())
    }

    /// DER `IssuerAndSerialNumber` (RFC 5652 §10.2.4): how CMS names this certificate.
    pub(crate) fn issuer_and_serial(&self) -> Result<Vec<u8>, Refused> {
        let tbs = self.parsed.tbs_certificate();
        asn1::tlv(tag::SEQUENCE, &[&tbs.issuer().to_der()?, &tbs.serial_number().to_der()?])
    }

    /// How many authorities may stand between this one and the end of a path (RFC 5280 §4.2.1.9).
    pub(super) fn path_length(&self) -> Result<Option<u8>, Refused> {
        Ok(self.extension::<BasicConstraints>()?.and_then(|(_, constraints)| constraints.path_len_constraint))
    }

    /// RFC 5280 §4.2: refuses a critical extension that is not understood here, and any that stands twice.
    pub(super) fn check_extensions(&self) -> Result<(), Refused> {
        let understood = [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID];
        let all = self.extensions();
        for (place, extension) in all.iter().enumerate() {
            if extension.critical && !understood.contains(&extension.extn_id) {
                return Err(Refused::CriticalExtensionUnknown);
            }
            if all.iter().skip(place + 1).any(|other| other.extn_id == extension.extn_id) {
                return Err(Refused::CertificateExtensionInvalid);
            }
        }
        Ok(())
    }

    /// The octets inside one extension, if it is there.
    pub fn extension_value(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions().iter().find(|extension| extension.extn_id == oid).map(|extension| extension.extn_value.as_bytes())
    }

    fn extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[], Vec::as_slice)
    }

    fn has_key_usage(&self, usage: KeyUsages) -> bool {
        matches!(self.extension::<KeyUsage>(), Ok(Some((_, usages))) if usages.0.contains(usage))
    }

    fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Result<Option<(bool, T)>, Refused> {
        self.parsed.tbs_certificate().get_extension::<T>().map_err(|_| Refused::CertificateExtensionInvalid)
    }
}

fn unix(time: x509_cert::time::Time) -> UnixTime {
    UnixTime::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}
