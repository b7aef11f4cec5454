//! Certificate revocation lists (RFC 5280 §5). The signing authority's list is empty: one-shot keys are destroyed with their
//! signature. It is still published, because most validators want a list for every certificate in a path. The root's list names
//! the authorities whose keys were lost.

use der::{Encode, asn1::OctetString};
use handslag_vocab::UnixTime;
use x509_cert::{
    certificate::Version,
    crl::{RevokedCert, TbsCertList},
    ext::{
        Extension,
        pkix::{CrlNumber, CrlReason},
    },
    serial_number::SerialNumber,
};

use crate::{
    certificate::{Certificate, authority_key_identifier, extension, x509_time},
    es256,
    refused::Refused,
    unsigned::Unsigned,
};

/// What the next list says.
#[derive(Clone, Debug)]
pub struct List {
    /// When the list is issued.
    pub this_update: UnixTime,
    /// When the next one comes at the latest.
    pub next_update: UnixTime,
    /// Greater than the number of every earlier list (RFC 5280 §5.2.3).
    pub number: u64,
    /// The revoked certificates.
    pub revoked: Vec<Revoked>,
}

/// One revoked certificate.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The serial number as [`Certificate::serial`] gives it.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: UnixTime,
    /// Why.
    pub reason: Reason,
}

/// Why a certificate is revoked (RFC 5280 §5.3.1). Reasons that would make a revocation reversible do not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person or unit is no longer what the certificate says.
    AffiliationChanged,
    /// The issuing key may be known to others.
    CaCompromise,
    /// The authority has ended.
    CessationOfOperation,
    /// The key may be known to others.
    KeyCompromise,
    /// Another certificate has taken its place.
    Superseded,
    /// No reason is told; written as no reason at all.
    Unspecified,
}

/// Builds the list and leaves the signature to `issuer`'s key.
pub fn unsigned(list: &List, issuer: &Certificate) -> Result<Unsigned, Refused> {
    if !issuer.may_sign_revocation_lists() {
        return Err(Refused::CertificateIssuerNotAuthority);
    }
    if list.next_update <= list.this_update {
        return Err(Refused::TimeOutOfRange);
    }
    let revoked = list.revoked.iter().map(Revoked::entry).collect::<Result<Vec<_>, _>>()?;
    let tbs = TbsCertList {
        version: Version::V2,
        signature: es256::ecdsa_with_sha256(),
        issuer: issuer.subject().clone(),
        this_update: x509_time(list.this_update)?,
        next_update: Some(x509_time(list.next_update)?),
        revoked_certificates: (!revoked.is_empty()).then_some(revoked), // absent when empty: RFC 5280 §5.1.2.6
        crl_extensions: Some(vec![authority_key_identifier(issuer)?, extension(false, &CrlNumber::try_from(list.number)?)?]),
    };
    Ok(Unsigned::new(tbs.to_der()?, issuer.key()?))
}

impl Revoked {
    fn entry(&self) -> Result<RevokedCert, Refused> {
        let reason = self.reason.extension()?;
        Ok(RevokedCert {
            serial_number: SerialNumber::new(&self.serial).map_err(|_| Refused::SerialNumber)?,
            revocation_date: x509_time(self.at)?,
            crl_entry_extensions: reason.map(|extension| vec![extension]),
        })
    }
}

impl Reason {
    fn extension(self) -> Result<Option<Extension>, Refused> {
        let reason = match self {
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            Self::CaCompromise => CrlReason::CaCompromise,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::Superseded => CrlReason::Superseded,
            Self::Unspecified => return Ok(None),
        };
        let extn_value = OctetString::new(reason.to_der()?)?;
        Ok(Some(Extension { extn_id: <CrlReason as const_oid::AssociatedOid>::OID, critical: false, extn_value }))
    }
}

#[cfg(test)]
mod tests;
