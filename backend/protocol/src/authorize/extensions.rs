//! Parameters of OIDC Sweden beside those of OpenID Connect (request parameter extensions 1.1, signature extension 1.1).

use serde::{Deserialize, Serialize};

use super::{AuthorizationRequest, Prompt, Question, Refusal};
use crate::{
    client::OFFLINE_ACCESS,
    sign_request::{self, Asked, SCOPES, SignRequest},
    user_message::{self, UserMessage},
};

/// Which mechanism the service wants the person authenticated by (request parameter extensions §2.2). There is one: this provider itself,
/// named by its issuer as in the claim of the same name.
const AUTHN_PROVIDER: &str = "https://id.oidc.se/param/authnProvider";

/// What a request says by them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Extensions {
    /// What is to be signed, where this is no log-in but a signature.
    pub sign_request: Option<SignRequest>,
    /// What the service says beside the question.
    pub user_message: Option<UserMessage>,
}

impl Question<'_> {
    /// Reads them, in order: each line refuses or gives.
    pub(super) fn extensions(&self, prompt: Prompt) -> Result<Extensions, Refusal> {
        self.is_authenticated_here()?;
        let asked = Asked {
            client: self.client,
            scope: self.parameters.value("scope").unwrap_or_default(),
            prompt,
            parameter: self.parameters.value(sign_request::PARAMETER),
            is_signed: self.is_signed,
            alone: self.sign_request,
        };
        let sign_request = asked.read()?;
        let user_message = self.parameters.value(user_message::PARAMETER).map(UserMessage::parse).transpose()?;
        // Read and refused all the same where no page is shown, and never shown there (§2.1).
        Ok(Extensions { sign_request, user_message: user_message.filter(|_| prompt != Prompt::None) })
    }

    fn is_authenticated_here(&self) -> Result<(), Refusal> {
        let is_here = self.parameters.value(AUTHN_PROVIDER).is_none_or(|named| named == self.provider.issuer);
        if is_here { Ok(()) } else { Err(Refusal::AuthnProvider) }
    }
}

impl AuthorizationRequest {
    /// What is to be signed; nothing for a log-in.
    pub const fn signs(&self) -> Option<&SignRequest> {
        self.extensions.sign_request.as_ref()
    }

    /// The same request with the scopes of its act: a signature keeps nobody logged in (SG-05).
    pub(super) fn with_scopes_of_its_act(mut self, scope: Option<&str>) -> Self {
        if self.signs().is_some() {
            let asked = |name: &&str| scope.unwrap_or_default().split(' ').any(|asked| asked == *name);
            self.scopes.retain(|scope| scope != OFFLINE_ACCESS);
            self.scopes.extend(SCOPES.iter().filter(|name| asked(name)).map(|name| (*name).to_owned()));
        }
        self
    }
}
