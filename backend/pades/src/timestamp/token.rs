//! A timestamp token read and checked as far as its own octets go (RFC 3161 §2.4.2; rules T2, T4, V10).

use super::{info::TstInfo, request::Imprint};
use crate::{certificate::Certificate, cms::SignedData, es256, oid, refused::Refused};

/// A token whose signature, certificate reference and certificate purpose are right. Whether its authority is trusted is for
/// [`crate::certificate::path`] to say, at the token's own time.
#[derive(Clone, Debug)]
pub struct Token {
    der: Vec<u8>,
    info: TstInfo,
    signer: Certificate,
    others: Vec<Certificate>,
}

impl Token {
    /// Reads and checks a DER token. It must carry its authority's certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, Refused> {
        let read = SignedData::from_der(der)?;
        let content = read.content.as_deref().ok_or(Refused::ContentMissing)?;
        let signer = read.check_signer(oid::TST_INFO, &es256::sha256(content))?.clone();
        signer.check_timestamping()?;
        let info = TstInfo::read(content)?;
        signer.check_valid_at(info.time)?;
        let others = read.certificates.into_iter().filter(|certificate| *certificate != signer).collect();
        Ok(Self { der: der.to_vec(), info, signer, others })
    }

    /// The octets as they were read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the timestamp says.
    pub const fn info(&self) -> &TstInfo {
        &self.info
    }

    /// The authority's certificate.
    pub const fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// The other certificates inside.
    pub fn others(&self) -> &[Certificate] {
        &self.others
    }

    /// Refuses unless the timestamp is over these octets, by SHA-256. For a signature timestamp: the signature value (T2).
    pub fn check_covers(&self, octets: &[u8]) -> Result<(), Refused> {
        if self.info.imprint == Imprint::of(octets) { Ok(()) } else { Err(Refused::TimestampImprintMismatch) }
    }
}
