//! JSON Web Keys and Signatures (RFC 7515, 7517, 7518, 7638) as far as OpenID Connect here needs them: ES256, and RS256 to verify.
//!
//! Invariants: the caller names the algorithms and the `typ`, the key comes from the caller's set, and nothing in a header can
//! bring another (no `none`, no HMAC, no `jku`, `x5u`, `x5c`, `crit`; an embedded `jwk` only where the caller asks for a
//! self-signed proof, which is DPoP). Clocks are not read here: whoever reads the claims compares times with `now`.

mod claims;
mod jwk;
mod jws;
mod refusal;
mod signing;
#[cfg(test)]
pub(crate) mod tests;

pub use claims::Claims;
pub use jwk::{Jwk, JwkSet};
pub use jws::{Expected, Type, UnverifiedJws, VerifiedJws};
pub use refusal::Refusal;
pub use signing::UnsignedJws;

/// A signature algorithm (RFC 7518 §3.1). What is not here does not exist for this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of this name, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Es256, Self::Rs256].into_iter().find(|algorithm| algorithm.name() == name)
    }
}
