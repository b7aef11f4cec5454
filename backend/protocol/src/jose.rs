//! JSON Web Keys, Signatures and Encryption (RFC 7515, 7516, 7517, 7518, 7638, 8037) as far as OpenID Connect here needs them.
//!
//! Invariants: the caller names the algorithms and the `typ`, the key comes from the caller's set, and nothing in a header can
//! bring another (no `none`, no HMAC, no `jku`, `x5u`, `x5c`, `crit`; an embedded `jwk` only where the caller asks for a
//! self-signed proof, which is DPoP). Private keys live elsewhere: what they do is asked for (a signature in two phases, the one
//! operation of a decryption). Clocks are not read here: whoever reads the claims compares times with `now`.

mod algorithm;
mod claims;
pub mod jwe;
mod jwk;
mod jwk_set;
mod jws;
mod material;
mod refusal;
mod roca;
mod signing;
#[cfg(test)]
pub(crate) mod tests;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use jwk::Jwk;
pub use jwk_set::JwkSet;
pub(crate) use jws::unsecured;
pub use jws::{Expected, Type, UnverifiedJws, VerifiedJws};
pub use material::Curve;
pub use refusal::Refusal;
pub use signing::UnsignedJws;
