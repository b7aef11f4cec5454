//! The `claims` parameter (OIDC Core §5.5): which single claims a client wishes, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Refusal;
use crate::{event_claims, strict_json};

/// Bounds against exhaustion.
const LONGEST: usize = 8 * 1024;
const MOST_CLAIMS: usize = 64;

/// Wishes by destination and claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimsParameter {
    /// For the ID Token.
    pub id_token: BTreeMap<String, Wish>,
    /// For UserInfo.
    pub userinfo: BTreeMap<String, Wish>,
}

/// One wish (OIDC Core §5.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The client's task depends on it.
    pub essential: bool,
    /// The values that it takes, in order of preference; empty for any.
    pub values: Vec<Value>,
}

impl ClaimsParameter {
    /// Takes the JSON text. Members that are not `id_token` or `userinfo` are ignored as OIDC Core demands.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        if json.len() > LONGEST {
            return Err(Refusal::ClaimsForm);
        }
        let members = strict_json::object(json.as_bytes()).ok_or(Refusal::ClaimsForm)?;
        Ok(Self { id_token: destination(&members, "id_token")?, userinfo: destination(&members, "userinfo")? })
    }

    /// Without the claims that `allowed` denies. `sub` stays: asking for a certain person reveals nothing. What is said of the authentication
    /// stays (profile §4.2).
    #[must_use]
    pub(super) fn only(mut self, allowed: impl Fn(&str) -> bool) -> Self {
        for wishes in [&mut self.id_token, &mut self.userinfo] {
            wishes.retain(|claim, _| claim == "sub" || event_claims::ALL.contains(&claim.as_str()) || allowed(claim));
        }
        self
    }

    /// Whether any value is named, and so a certain person is wanted.
    pub fn names_values(&self) -> bool {
        self.id_token.values().chain(self.userinfo.values()).any(|wish| !wish.values.is_empty())
    }

    /// Whether this value of a claim is one that the client takes (OIDC Core §5.5.1): a signature meant for one person must not
    /// be made by another. True where no value was named.
    pub fn takes(&self, claim: &str, value: &Value) -> bool {
        let named = [&self.id_token, &self.userinfo].into_iter().filter_map(|wishes| wishes.get(claim));
        named.filter(|wish| !wish.values.is_empty()).all(|wish| wish.values.contains(value))
    }
}

fn destination(members: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, Wish>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(wishes)) if wishes.len() <= MOST_CLAIMS => {
            wishes.iter().map(|(claim, value)| Ok((claim.clone(), Wish::parse(value)?))).collect()
        }
        Some(_) => Err(Refusal::ClaimsForm),
    }
}

impl Wish {
    fn parse(value: &Value) -> Result<Self, Refusal> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            _ => return Err(Refusal::ClaimsForm),
        };
        let essential = members.get("essential").map_or(Some(false), Value::as_bool).ok_or(Refusal::ClaimsForm)?;
        let values = match (members.get("value"), members.get("values")) {
            (None, None) => Vec::new(),
            (Some(value), None) => vec![value.clone()],
            (None, Some(Value::Array(values))) if !values.is_empty() => values.clone(),
            _ => return Err(Refusal::ClaimsForm),
        };
        Ok(Self { essential, values })
    }
}
