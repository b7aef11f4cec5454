//! Token exchange (RFC 8693): a service that got an access token of ours asks for one for the next service behind it. Never for more,
//! never for longer, and always with the name of who passed it on.

use handslag_vocab::Secret;

use super::Refusal;
use crate::parameters::Parameters;

/// §3: the one kind of token that is taken and given.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A token to be exchanged.
#[derive(Clone)]
pub struct Exchange {
    /// As presented.
    pub subject_token: Secret,
    /// Whom the new one is for: `audience` or `resource`, which name the same things here.
    pub audience: String,
}

impl Exchange {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let is_access_token = |name: &str| parameters.value(name).is_none_or(|kind| kind == ACCESS_TOKEN);
        let subject_token = parameters.value("subject_token").map(Secret::presented).ok_or(Refusal::SubjectTokenMissing)?;
        if parameters.value("subject_token_type") != Some(ACCESS_TOKEN) {
            return Err(Refusal::SubjectTokenType);
        }
        // §2.1: who acts is the client that authenticates, and nobody else's token says otherwise.
        if parameters.has("actor_token") || parameters.has("actor_token_type") {
            return Err(Refusal::ActorToken);
        }
        if !is_access_token("requested_token_type") {
            return Err(Refusal::RequestedTokenType);
        }
        let mut named = parameters.value("audience").into_iter().chain(parameters.resources());
        let audience = named.next().ok_or(Refusal::TargetMissing)?.to_owned();
        if named.all(|other| other == audience) { Ok(Self { subject_token, audience }) } else { Err(Refusal::TargetMissing) }
    }
}
