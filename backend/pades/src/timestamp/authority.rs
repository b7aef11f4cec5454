//! The timestamp authority: from a request to a token that waits for its signature.

use der::asn1::ObjectIdentifier;
use handslag_vocab::UnixTime;

use super::{info, request::Request, response::Failure};
use crate::{
    certificate::{Certificate, Serial},
    cms::{self, SignedAttributes},
    es256, oid,
    refused::Refused,
};

/// A timestamp authority: its certificate, those above it, and its policy.
#[derive(Clone, Debug)]
pub struct Service {
    /// The timestamping certificate.
    pub certificate: Certificate,
    /// The certificates above it, sent along when the request asks for certificates.
    pub chain: Vec<Certificate>,
    /// The policy every token is made under.
    pub policy: ObjectIdentifier,
}

/// A token without its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    info: Vec<u8>,
    signed: SignedAttributes,
    signer: Certificate,
    certificates: Vec<Certificate>,
}

impl Service {
    /// Makes the token for `request` at `now`, or tells why it must be refused. The clock must be within a second of UTC.
    ///
    /// `serial` must never have been used by this authority before; random 126 bits never have.
    pub fn token(&self, request: &Request, now: UnixTime, serial: &Serial) -> Result<Unsigned, Failure> {
        if request.policy.is_some_and(|policy| policy != self.policy) {
            return Err(Failure::UnacceptedPolicy);
        }
        let is_fit = self.certificate.check_timestamping().is_ok() && self.certificate.check_valid_at(now).is_ok();
        if !is_fit {
            return Err(Failure::SystemFailure);
        }
        self.unsigned(request, now, serial).map_err(|_| Failure::SystemFailure)
    }

    fn unsigned(&self, request: &Request, now: UnixTime, serial: &Serial) -> Result<Unsigned, Refused> {
        let info = info::write(request, self.policy, now, serial)?;
        let signed = cms::signed_attributes(oid::TST_INFO, &es256::sha256(&info), &self.certificate)?;
        let certificates =
            if request.wants_certificates { std::iter::once(&self.certificate).chain(&self.chain).cloned().collect() } else { Vec::new() };
        Ok(Unsigned { info, signed, signer: self.certificate.clone(), certificates })
    }
}

impl Unsigned {
    /// The octets the authority's key signs.
    pub fn to_be_signed(&self) -> &[u8] {
        self.signed.to_be_signed()
    }

    /// Takes the DER ECDSA signature and gives the token, DER `ContentInfo`. A signature by another key is refused.
    pub fn signed(self, signature: &[u8]) -> Result<Vec<u8>, Refused> {
        let content = cms::Content { oid: oid::TST_INFO, octets: Some(&self.info) };
        let certificates: Vec<&Certificate> = self.certificates.iter().collect();
        cms::signed_data(&content, &self.signed, signature, &self.signer, &certificates, None)
    }
}
