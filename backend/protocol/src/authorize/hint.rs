//! `id_token_hint` (OIDC Core §3.1.2.1): an ID Token of ours that says who it must be. It opens nothing.

use serde::{Deserialize, Serialize};

use super::{AuthorizationRequest, Refusal};
use crate::{id_token::ReturnedIdToken, jose::JwkSet};

/// Who it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hint {
    /// Whoever logs in.
    #[default]
    Absent,
    /// An ID Token that nobody has verified. [`AuthorizationRequest::hinted`] does, and nothing is stored before.
    Unverified(String),
    /// The person with this `sub`.
    Subject(String),
}

impl Hint {
    pub(super) fn read(parameter: Option<&str>) -> Self {
        parameter.map_or(Self::Absent, |token| Self::Unverified(token.to_owned()))
    }

    /// Whether this person is meant, where one is. What is not verified means nobody.
    pub fn means(&self, subject: &str) -> bool {
        match self {
            Self::Absent => true,
            Self::Unverified(_) => false,
            Self::Subject(named) => named == subject,
        }
    }
}

impl AuthorizationRequest {
    /// Whether [`Self::hinted`] has something to verify.
    pub const fn has_unverified_hint(&self) -> bool {
        matches!(self.hint, Hint::Unverified(_))
    }

    /// The request with its hint verified. Takes every key that ever signed ID Tokens here and is not compromised.
    pub fn hinted(self, keys: &JwkSet) -> Result<Self, Refusal> {
        let Hint::Unverified(token) = &self.hint else { return Ok(self) };
        let returned = ReturnedIdToken::read(token, keys, self.reply_to.issuer())?;
        if returned.client_id != self.client_id {
            return Err(Refusal::HintOfOthers);
        }
        Ok(Self { hint: Hint::Subject(returned.subject), ..self })
    }
}
