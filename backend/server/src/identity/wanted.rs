//! Whom a service wants, where it says so (OpenID Connect Core §3.1.2.1 `id_token_hint`, §5.5.1 values of claims). Asked when somebody comes
//! back from a log-in, and before a sign message is shown to anybody.

use std::collections::BTreeMap;

use handslag_keys::Kind;
use handslag_protocol::{
    authorize::{AuthorizationRequest, ClaimsParameter, Hint},
    release::{self, Naming},
};
use handslag_vocab::Digest;
use serde::{Deserialize, Serialize};

use super::Known;
use crate::{problem::Problem, server::Server};

/// What a service named of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    claims: ClaimsParameter,
    hint: Hint,
    naming: Vec<Naming>,
    /// Whose names people have there; the one name for all services where there is none.
    sector: Option<String>,
}

impl Wanted {
    /// Of a request, and the sector of the service that sent it.
    pub fn of(request: &AuthorizationRequest, sector: Option<String>) -> Self {
        Self { claims: request.claims.clone(), hint: request.hint.clone(), naming: request.naming.clone(), sector }
    }

    /// Whether this is the person of `id_token_hint`, where there is one.
    pub fn is_meant(&self, server: &Server, known: &Known) -> Result<bool, Problem> {
        Ok(self.hint.means(&subject(server, self.sector.as_deref(), known.subject())?))
    }

    /// Whether every value that was named for `sub` or a claim is this person's.
    pub fn is_wanted(&self, server: &Server, known: &Known) -> Result<bool, Problem> {
        let is_subject = self.claims.takes("sub", &subject(server, self.sector.as_deref(), known.subject())?.into());
        let sources: BTreeMap<_, _> = self.naming.iter().map(|named| (named.claim.clone(), named.from)).collect();
        // A value named for something this person has not is not met: null is never among the values a service names.
        let is_theirs = |claim: &str| self.claims.takes(claim, &known.claim(claim, &sources).unwrap_or_default());
        let own_names = self.naming.iter().map(|named| named.claim.as_str());
        Ok(is_subject && release::RELEASE.iter().map(|row| row.claim).chain(own_names).all(is_theirs))
    }

    /// Both.
    pub fn is_this(&self, server: &Server, known: &Known) -> Result<bool, Problem> {
        Ok(self.is_meant(server, known)? && self.is_wanted(server, known)?)
    }
}

/// What somebody with this public name is called in a sector, or everywhere. The secret behind the first never changes (architecture §6).
pub fn subject(server: &Server, sector: Option<&str>, public: &str) -> Result<String, Problem> {
    let Some(sector) = sector else { return Ok(public.to_owned()) };
    // Both parts are without zero bytes, so that no other pair gives the same text.
    let label = format!("subject\0{sector}\0{public}");
    Ok(Digest(server.keys.mac(Kind::PairwiseSubject, label.as_bytes())?).to_base64url())
}
