//! `clientDataJSON` (Web Authentication Level 3 §5.8.1). Unknown members are allowed by the specification; doubled ones are not.

use serde::Deserialize;

use super::Refusal;

/// The members that the checks read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    pub(super) ceremony: String,
    pub(super) challenge: String,
    pub(super) origin: String,
    #[serde(default)]
    pub(super) cross_origin: bool,
    #[serde(default)]
    pub(super) top_origin: Option<String>,
}

impl ClientData {
    /// Reads one JSON object and nothing after it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(bytes).map_err(|_| Refusal::ClientData)
    }
}
