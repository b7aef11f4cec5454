//! What can be wrong with the bytes of a pass, a request or a receipt.

use core::fmt;

/// Why bytes were refused, or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The signature does not verify under the key (RFC 9052 §4.4).
    BadSignature,
    /// The values cannot hold together: the pass ends before it begins, or has no window.
    Contradiction,
    /// Not the structure of the CDDL: a wrong type, a missing, unknown or repeated label, bytes left over.
    Malformed,
    /// The structure is right but the bytes are not its deterministic encoding (RFC 8949 §4.2.1).
    NotDeterministic,
    /// The key is no point of P-256.
    NotOnCurve,
    /// A value is larger than a lock has room for.
    TooLarge,
}

impl Error {
    /// A stable name for journals and tests.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Contradiction => "contradiction",
            Self::Malformed => "malformed",
            Self::NotDeterministic => "not_deterministic",
            Self::NotOnCurve => "not_on_curve",
            Self::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadSignature => "the signature does not verify under the key",
            Self::Contradiction => "the values of the pass contradict each other",
            Self::Malformed => "the bytes do not have the expected structure",
            Self::NotDeterministic => "the bytes are not in deterministic encoding",
            Self::NotOnCurve => "the key is not a point on P-256",
            Self::TooLarge => "a value is too large for a lock",
        })
    }
}

impl core::error::Error for Error {}
