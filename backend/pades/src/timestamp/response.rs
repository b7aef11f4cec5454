//! `TimeStampResp` (RFC 3161 §2.4.2): writing it as the authority, checking it as the one who asked.

use der::{Decode, Encode, asn1::ObjectIdentifier};

use super::{request::Request, token::Token};
use crate::{
    asn1::{self, Fields, tag},
    refused::Refused,
};

/// `PKIStatus` granted.
const GRANTED: u8 = 0;
/// `PKIStatus` grantedWithMods.
const GRANTED_WITH_MODS: u8 = 1;
/// `PKIStatus` rejection.
const REJECTION: u8 = 2;

/// `PKIFailureInfo`: why the authority says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// badAlg: a digest algorithm outside SHA-256, SHA-384, SHA-512.
    #[error("The timestamp request names a digest algorithm that is not allowed.")]
    BadAlgorithm,
    /// badDataFormat: not the DER of a request, or a digest of the wrong length.
    #[error("The timestamp request is malformed.")]
    BadDataFormat,
    /// badRequest: a version that does not exist.
    #[error("The timestamp request is of an unknown version.")]
    BadRequest,
    /// systemFailure: the authority cannot sign now.
    #[error("The timestamp service cannot sign now.")]
    SystemFailure,
    /// timeNotAvailable: the authority cannot vouch for its clock.
    #[error("The timestamp service cannot vouch for its clock now.")]
    TimeNotAvailable,
    /// unacceptedExtension: no extension is supported.
    #[error("The timestamp request has an extension that is not supported.")]
    UnacceptedExtension,
    /// unacceptedPolicy: a policy that is not this authority's.
    #[error("The timestamp request asks for a policy that is not offered.")]
    UnacceptedPolicy,
}

impl Failure {
    /// A stable name for logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "timestamp_bad_algorithm",
            Self::BadDataFormat => "timestamp_bad_data_format",
            Self::BadRequest => "timestamp_bad_request",
            Self::SystemFailure => "timestamp_system_failure",
            Self::TimeNotAvailable => "timestamp_time_not_available",
            Self::UnacceptedExtension => "timestamp_unaccepted_extension",
            Self::UnacceptedPolicy => "timestamp_unaccepted_policy",
        }
    }

    /// The bit of `PKIFailureInfo`.
    const fn bit(self) -> u8 {
        match self {
            Self::BadAlgorithm => 0,
            Self::BadRequest => 2,
            Self::BadDataFormat => 5,
            Self::TimeNotAvailable => 14,
            Self::UnacceptedPolicy => 15,
            Self::UnacceptedExtension => 16,
            Self::SystemFailure => 25,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        if refused == Refused::AlgorithmNotAllowed { Self::BadAlgorithm } else { Self::BadDataFormat }
    }
}

/// The answer with a token: a body of type `application/timestamp-reply`.
pub fn granted(token: &[u8]) -> Result<Vec<u8>, Refused> {
    let status = asn1::tlv(tag::SEQUENCE, &[&GRANTED.to_der()?])?;
    asn1::tlv(tag::SEQUENCE, &[&status, token])
}

/// The answer without one.
pub fn rejected(failure: Failure) -> Result<Vec<u8>, Refused> {
    let text = asn1::tlv(tag::SEQUENCE, &[&asn1::tlv(tag::UTF8_STRING, &[failure.to_string().as_bytes()])?])?;
    let status = asn1::tlv(tag::SEQUENCE, &[&REJECTION.to_der()?, &text, &named_bit(failure.bit())?])?;
    asn1::tlv(tag::SEQUENCE, &[&status])
}

/// A named bit list with one bit set, without trailing zero bits (X.690 §11.2.2).
fn named_bit(bit: u8) -> Result<Vec<u8>, Refused> {
    let mut octets = vec![0; usize::from(bit / 8) + 2];
    if let Some(unused) = octets.first_mut() {
        *unused = 7 - bit % 8;
    }
    if let Some(last) = octets.last_mut() {
        *last = 0x80 >> (bit % 8);
    }
    asn1::tlv(tag::BIT_STRING, &[&octets])
}

/// Checks an answer against its question: status, token, imprint, nonce, and that the policy is one of `policies`.
pub fn check(response: &[u8], request: &Request, policies: &[ObjectIdentifier]) -> Result<Token, Refused> {
    let mut fields = Fields::of_sequence(response)?;
    let status = Fields::of_sequence(fields.required(tag::SEQUENCE)?)?.required(tag::INTEGER)?;
    if ![GRANTED, GRANTED_WITH_MODS].contains(&u8::from_der(status)?) {
        return Err(Refused::TimestampRejected);
    }
    let token = Token::from_der(fields.required(tag::SEQUENCE)?)?;
    fields.end()?;
    let info = token.info();
    if info.imprint != request.imprint {
        return Err(Refused::TimestampImprintMismatch);
    }
    if info.nonce != request.nonce {
        return Err(Refused::TimestampNonceMismatch);
    }
    let is_asked_for = request.policy.is_none_or(|policy| policy == info.policy);
    if policies.contains(&info.policy) && is_asked_for { Ok(token) } else { Err(Refused::TimestampPolicyMismatch) }
}
