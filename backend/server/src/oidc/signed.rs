//! Signing with the key in use, never with the next one.

use handslag_keys::{KeyState, Kind};
use handslag_protocol::jose::UnsignedJws;

use crate::{problem::Problem, server::Server};

/// Builds and signs. If the key was changed in between, it is built again for the new one.
pub(super) fn signed(server: &Server, unsigned: impl Fn(&str) -> UnsignedJws) -> Result<String, Problem> {
    for _ in 0..3 {
        let keys = server.keys.public_keys(Kind::TokenSigning)?;
        let active = keys.into_iter().find(|key| matches!(key.state, KeyState::Active { .. })).ok_or_else(Problem::not_found)?;
        let jws = unsigned(&active.kid.to_string());
        let signature = server.keys.sign(Kind::TokenSigning, jws.to_be_signed())?;
        if signature.kid == active.kid {
            return jws.signed(&signature.raw).map_err(|error| Problem::internal(&error));
        }
    }
    Err(Problem::internal(&std::io::Error::other("the signing key changes faster than a token can be signed")))
}
