//! `TimeStampReq` (RFC 3161 §2.4.1).

use der::{
    Decode, Encode,
    asn1::{Any, Int, ObjectIdentifier},
};
use rand_core::CryptoRng;
use spki::AlgorithmIdentifierOwned;

use super::response::Failure;
use crate::{
    asn1::{self, Fields, tag},
    es256, oid,
    refused::Refused,
};

/// No honest request is larger.
const LARGEST: usize = 1024;

/// No honest nonce is larger.
const LARGEST_NONCE: usize = 32;

/// The digest algorithms a timestamp is given over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// `MessageImprint`: the digest a timestamp is over.
#[derive(Clone, Debug)]
pub struct Imprint {
    algorithm: Algorithm,
    digest: Vec<u8>,
    /// Parameters NULL instead of absent: nothing differs in meaning, but the answer must repeat what was asked.
    has_null: bool,
}

impl PartialEq for Imprint {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.digest == other.digest
    }
}

impl Eq for Imprint {}

impl Imprint {
    /// Over these octets, with SHA-256.
    pub fn of(octets: &[u8]) -> Self {
        Self { algorithm: Algorithm::Sha256, digest: es256::sha256(octets).to_vec(), has_null: false }
    }

    /// A digest made elsewhere; refused unless it has the algorithm's length.
    pub fn new(algorithm: Algorithm, digest: &[u8]) -> Result<Self, Refused> {
        if digest.len() == algorithm.length() { Ok(Self { algorithm, digest: digest.to_vec(), has_null: false }) } else { Err(Refused::DigestLength) }
    }

    /// The digest algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    pub(super) fn der(&self) -> Result<Vec<u8>, Refused> {
        let parameters = self.has_null.then(Any::null);
        let algorithm = AlgorithmIdentifierOwned { oid: self.algorithm.oid(), parameters }.to_der()?;
        asn1::tlv(tag::SEQUENCE, &[&algorithm, &asn1::tlv(tag::OCTET_STRING, &[&self.digest])?])
    }

    pub(super) fn read(element: &[u8]) -> Result<Self, Refused> {
        let mut fields = Fields::of_sequence(element)?;
        let named: AlgorithmIdentifierOwned = asn1::exact(fields.required(tag::SEQUENCE)?)?;
        let digest = asn1::content(tag::OCTET_STRING, fields.required(tag::OCTET_STRING)?)?;
        fields.end()?;
        let has_null = named.parameters.is_some();
        let is_plain = named.parameters.is_none_or(|any| any.is_null());
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.oid() == named.oid && is_plain);
        let imprint = Self::new(algorithm.ok_or(Refused::AlgorithmNotAllowed)?, digest)?;
        Ok(Self { has_null, ..imprint })
    }
}

/// A timestamp request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What to timestamp.
    pub imprint: Imprint,
    /// The policy asked for, if any.
    pub policy: Option<ObjectIdentifier>,
    /// DER INTEGER to be echoed, if any.
    pub(super) nonce: Option<Vec<u8>>,
    /// Whether the answer must carry the authority's certificates.
    pub wants_certificates: bool,
}

impl Request {
    /// A request with a 64-bit random nonce that asks for the certificates (RFC 3161 §2.4.1).
    pub fn new(imprint: Imprint, rng: &mut dyn CryptoRng) -> Result<Self, Refused> {
        let mut octets = [0; 8];
        rng.fill_bytes(&mut octets);
        octets[0] = (octets[0] & 0x3f) | 0x40; // positive and of one length: the reserve for the answer is known beforehand
        Ok(Self { imprint, policy: None, nonce: Some(Int::new(&octets)?.to_der()?), wants_certificates: true })
    }

    /// DER, for a body of type `application/timestamp-query`.
    pub fn der(&self) -> Result<Vec<u8>, Refused> {
        let policy = self.policy.map(|policy| policy.to_der()).transpose()?.unwrap_or_default();
        let nonce = self.nonce.clone().unwrap_or_default();
        let certificates = if self.wants_certificates { true.to_der()? } else { Vec::new() }; // DEFAULT FALSE is not written
        asn1::tlv(tag::SEQUENCE, &[&1_u8.to_der()?, &self.imprint.der()?, &policy, &nonce, &certificates])
    }

    /// Reads a request on the authority's side. The failure is what the answer must say ([`super::rejected`]).
    pub fn from_der(der: &[u8]) -> Result<Self, Failure> {
        if der.len() > LARGEST {
            return Err(Failure::BadDataFormat);
        }
        Self::read(der)
    }

    fn read(der: &[u8]) -> Result<Self, Failure> {
        const BOOLEAN: u8 = 0x01;
        let mut fields = Fields::of_sequence(der)?;
        if u8::from_der(fields.required(tag::INTEGER)?).map_err(Refused::from)? != 1 {
            return Err(Failure::BadRequest);
        }
        let imprint = Imprint::read(fields.required(tag::SEQUENCE)?)?;
        let policy = fields.optional(tag::OID)?.map(ObjectIdentifier::from_der).transpose().map_err(Refused::from)?;
        let nonce = fields.optional(tag::INTEGER)?.map(nonce).transpose()?;
        let wants_certificates = match fields.optional(BOOLEAN)? {
            None => false,
            Some([BOOLEAN, 1, 0xff]) => true,
            Some(_) => return Err(Failure::BadDataFormat), // FALSE is the default, and DER does not write defaults
        };
        if fields.optional(tag::CONTEXT_0)?.is_some() {
            return Err(Failure::UnacceptedExtension);
        }
        fields.end()?;
        Ok(Self { imprint, policy, nonce, wants_certificates })
    }
}

/// Any INTEGER of reasonable size, kept as it stands.
fn nonce(element: &[u8]) -> Result<Vec<u8>, Refused> {
    let _: Int = asn1::exact(element)?;
    if element.len() > LARGEST_NONCE + 2 { Err(Refused::Oversized) } else { Ok(element.to_vec()) }
}
