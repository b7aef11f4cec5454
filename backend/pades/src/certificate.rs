//! Certificates of this service: a root, the signing authority, the timestamp authority, and the one-shot certificate a person
//! gets for a single signature (RFC 5280; EN 319 412-1 and -2; Sweden Connect certificate profile 1.2).
//!
//! A profile is chosen whole: who asks for [`Profile::OneShot`] gets its key usage, policies and authentication context, and
//! cannot leave one out. No personal identity number is needed: the person is named by the organisation's own identifier.

mod authentication_context;
mod extensions;
mod name;
mod path;
mod read;

use der::{
    DateTime, Encode, Sequence,
    asn1::{Int, ObjectIdentifier},
};
use handslag_vocab::{Seconds, UnixTime};
use rand_core::CryptoRng;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{certificate::Version, ext::Extension, name::Name, serial_number::SerialNumber, time::Time};

pub(crate) use self::extensions::{authority_key_identifier, extension};
pub use self::{
    authentication_context::{AuthenticationContext, CONTEXT_TYPE_OIDC, CONTEXT_TYPE_SACI},
    name::{Authority, Person},
    path::path,
    read::Certificate,
};
use crate::{
    es256::{self, PublicKey},
    refused::Refused,
    unsigned::Unsigned,
};

/// The longest life of a certificate that cannot be revoked in time (EN 319 411-1, short-term certificate).
const SHORT_TERM: Seconds = Seconds::hours(24);

/// What a certificate is for, with what only that kind needs.
#[derive(Clone, Debug)]
pub enum Profile {
    /// The trust anchor, issued by itself. Signs authorities and revocation lists.
    Root(Authority),
    /// Issues one-shot certificates, timestamping certificates and revocation lists; no authorities below it.
    SigningCa(Authority, Addresses),
    /// Signs timestamp tokens and nothing else (RFC 3161 §2.3, EN 319 422).
    Timestamping(Authority, Addresses),
    /// One person, one signature (EN 319 412-2).
    OneShot(Box<OneShot>),
}

/// The one-shot certificate's own content.
#[derive(Clone, Debug)]
pub struct OneShot {
    /// Who signs.
    pub person: Person,
    /// How, when and by whom the person was authenticated (RFC 7773).
    pub context: AuthenticationContext,
    /// The certificate policy this service issues under.
    pub policy: ObjectIdentifier,
    /// Where the issuer's certificate and revocation list are.
    pub addresses: Addresses,
}

/// Where relying parties fetch what belongs to the issuer (plain http: the files are signed themselves).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// URI of the issuer's DER certificate (authority information access, caIssuers).
    pub ca_issuers: String,
    /// URI of the issuer's DER revocation list.
    pub revocation_list: String,
}

/// From `not_before` to `not_after`, both included (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: UnixTime,
    /// Last second.
    pub not_after: UnixTime,
}

/// A serial number of 126 random bits: unguessable, positive, 16 octets (RFC 5280 §4.1.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial([u8; 16]);

impl Serial {
    /// Draws a serial number.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut octets = [0; 16];
        rng.fill_bytes(&mut octets);
        octets[0] = (octets[0] & 0x3f) | 0x40; // positive and of one length, whatever was drawn
        Self(octets)
    }

    /// Big-endian octets.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn integer(&self) -> Result<Vec<u8>, Refused> {
        Ok(Int::new(&self.0)?.to_der()?)
    }
}

/// Tells the parts of a certificate together and leaves the signature to the issuer's key.
///
/// `issuer` is `None` for [`Profile::Root`] alone; then `key` itself must sign.
pub fn unsigned(profile: &Profile, key: &PublicKey, issuer: Option<&Certificate>, validity: Validity, serial: &Serial) -> Result<Unsigned, Refused> {
    let subject = profile.subject()?;
    let (issuer_name, issuer_key) = match (profile, issuer) {
        (Profile::Root(_), None) => (subject.clone(), key.clone()),
        (Profile::Root(_), Some(_)) | (_, None) => return Err(Refused::ProfileIssuer),
        (_, Some(issuer)) if !issuer.may_issue() => return Err(Refused::CertificateIssuerNotAuthority),
        (_, Some(issuer)) => (issuer.subject().clone(), issuer.key()?),
    };
    let validity = profile.allowed(validity, issuer)?;
    let to_be_signed = ToBeSigned {
        version: Version::V3,
        serial_number: SerialNumber::new(serial.as_bytes())?,
        signature: es256::ecdsa_with_sha256(),
        issuer: issuer_name,
        validity,
        subject,
        subject_public_key_info: key.subject_public_key_info()?,
        extensions: extensions::of(profile, key, issuer)?,
    };
    Ok(Unsigned::new(to_be_signed.to_der()?, issuer_key))
}

impl Profile {
    fn subject(&self) -> Result<Name, Refused> {
        match self {
            Self::Root(authority) | Self::SigningCa(authority, _) | Self::Timestamping(authority, _) => authority.name(),
            Self::OneShot(one) => one.person.name(),
        }
    }

    /// A one-shot certificate is short-lived, as its extension promises, and no certificate outlives its issuer's.
    fn allowed(&self, validity: Validity, issuer: Option<&Certificate>) -> Result<x509_cert::time::Validity, Refused> {
        let written = validity.x509()?;
        if matches!(self, Self::OneShot(_)) && validity.not_after.since(validity.not_before) > SHORT_TERM {
            return Err(Refused::ValidityTooLong);
        }
        if let Some(issuer) = issuer {
            issuer.check_valid_at(validity.not_before)?;
            issuer.check_valid_at(validity.not_after)?;
        }
        Ok(written)
    }
}

impl Validity {
    fn x509(self) -> Result<x509_cert::time::Validity, Refused> {
        if self.not_after < self.not_before {
            return Err(Refused::TimeOutOfRange);
        }
        Ok(x509_cert::time::Validity::new(x509_time(self.not_before)?, x509_time(self.not_after)?))
    }
}

/// `TBSCertificate` (RFC 5280 §4.1), without the fields no certificate of ours has.
#[derive(Sequence)]
struct ToBeSigned {
    #[asn1(context_specific = "0", default = "Default::default")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: x509_cert::time::Validity,
    subject: Name,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

pub(crate) fn date_time(time: UnixTime) -> Result<DateTime, Refused> {
    let seconds = u64::try_from(time.seconds()).map_err(|_| Refused::TimeOutOfRange)?;
    DateTime::from_unix_duration(std::time::Duration::from_secs(seconds)).map_err(|_| Refused::TimeOutOfRange)
}

/// UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5).
pub(crate) fn x509_time(time: UnixTime) -> Result<Time, Refused> {
    Ok(Time::from(date_time(time)?))
}

#[cfg(test)]
mod tests;
