//! Private keys that never leave: sealed in files, with next, active, retiring and retired (architecture §6).
//!
//! Callers name a [`Kind`] and give bytes; they get a signature, a MAC or a sealed text, and never a key. Invariants:
//! only the *active* key of a kind signs (an authority's retiring key signs its list of ended certificates and nothing else); a published *next* always stands ready, so that [`KeyStore::compromise`] can switch
//! at once; a key file is either the old one or the new one, whole, whenever the process dies.
//!
//! Everything outside the module `folder` speaks of keys and not of files, and all of it stands behind [`KeyStore`]. A store in a
//! PKCS#11 module would take the place of `folder`, `seal` and `material`; `ring` (the states) and the public face stay.
//!
//! AWS-LC clears the keys it holds when they are freed, and draws the nonce of an ECDSA signature, the salt of a PSS signature and
//! the primes of an RSA key itself; all other randomness is the caller's.
#![warn(missing_docs)]
#![expect(clippy::similar_names, reason = "`kind` and `kid` are the words of the field")]

mod folder;
mod kind;
mod material;
mod one_shot;
mod refusal;
mod ring;
mod rsa;
mod seal;
mod state;
mod store;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod stage;

pub use kind::{JWKS_CACHE_LIFE, Kind, Purpose, Scheme};
pub use material::{Kid, Oaep, PublicHalf, RSA_EXPONENT, Signature};
pub use one_shot::OneShotKey;
pub use refusal::KeyRefusal;
pub use state::{KeyState, WrongState};
pub use store::{KeyStore, Listed, PublicKey, Published};
