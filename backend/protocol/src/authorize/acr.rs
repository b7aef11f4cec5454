//! The demanded level of assurance (OIDC Core §5.5.1.1, OIDC Sweden profile §2.2): a demand that can never be met is refused
//! before the person is asked anything, and none is met by pretending.

use handslag_vocab::Assurance;
use serde::{Deserialize, Serialize};

use super::{ClaimsParameter, Refusal};
use crate::discovery::Provider;

/// What the client wishes or demands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcrDemand {
    /// The named levels that this provider gives, in the client's order; empty for any.
    pub levels: Vec<Assurance>,
    /// Another level is an error, not an answer.
    pub essential: bool,
}

impl AcrDemand {
    /// `acr` in the claims parameter is the stronger word; `acr_values` counts where that is absent (profile §2.1.6).
    pub(super) fn read(claims: &ClaimsParameter, acr_values: Option<&str>, provider: &Provider) -> Result<Self, Refusal> {
        let Some(wish) = claims.id_token.get("acr") else {
            let levels = acr_values.into_iter().flat_map(|values| values.split(' ')).filter_map(|acr| provider.level(acr));
            return Ok(Self { levels: levels.collect(), essential: false });
        };
        let named: Option<Vec<&str>> = wish.values.iter().map(serde_json::Value::as_str).collect();
        let named = named.ok_or(Refusal::ClaimsForm)?;
        let levels: Vec<Assurance> = named.iter().filter_map(|acr| provider.level(acr)).collect();
        // Essential without values only says that the claim must be there, and it always is.
        let essential = wish.essential && !named.is_empty();
        if essential && levels.is_empty() { Err(Refusal::AcrUnmet) } else { Ok(Self { levels, essential }) }
    }

    /// The lowest level that the log-in must reach to be an answer; none where any will do.
    pub fn least(&self) -> Option<Assurance> {
        self.levels.iter().copied().min().filter(|_| self.essential)
    }

    /// The level to tell after a log-in that reached `reached`: the client's first choice that is not above it. A person at
    /// level 3 may answer a demand for level 2 as level 2, never the other way. `None`: the demand is not met.
    pub fn answer(&self, reached: Assurance) -> Option<Assurance> {
        let met = self.levels.iter().copied().find(|level| *level <= reached);
        if self.essential { met } else { Some(met.unwrap_or(reached)) }
    }
}
