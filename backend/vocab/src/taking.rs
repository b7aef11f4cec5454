//! What a key in a browser signs to take a log-in before the person is known (docs/decisions/0011). It says which log-in and nothing else:
//! a yes to what is sent is always an [`crate::Approval`], and neither of the two can be taken for the other.

use serde::Serialize;

use crate::{ApprovalId, Digest};

/// Marks the form; part of the signed bytes.
const TYPE: &str = "se.handslag.taking/1";

/// Which log-in the key takes. Members stand in alphabetical order because the canonical form has them so (RFC 8785 §3.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taking {
    /// What only the server can compute for this log-in: nobody signs ahead of the page that asks.
    nonce: Digest,
    /// The log-in.
    transaction: ApprovalId,
    /// Always [`TYPE`].
    #[serde(rename = "type")]
    form: &'static str,
}

impl Taking {
    /// Sets the form mark.
    pub const fn new(transaction: ApprovalId, nonce: Digest) -> Self {
        Self { nonce, transaction, form: TYPE }
    }

    /// SHA-256 of the canonical bytes: the challenge of the WebAuthn assertion.
    pub fn digest(&self) -> Digest {
        // Serialising strings into memory cannot fail.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_canonical_and_no_approval() {
        let taking = Taking::new("txn_0123456789abcdefghjkmnpqrs".parse().unwrap(), Digest::of(b"nonce"));
        let bytes = serde_json::to_vec(&taking).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), value.to_string());
        assert!(crate::Approval::parse(&bytes).is_err());
        assert_eq!(taking.digest(), Digest::of(&bytes));
        assert_ne!(taking.digest(), Taking::new("txn_0123456789abcdefghjkmnpqrt".parse().unwrap(), Digest::of(b"nonce")).digest());
        assert_ne!(taking.digest(), Taking::new("txn_0123456789abcdefghjkmnpqrs".parse().unwrap(), Digest::of(b"other")).digest());
    }
}
