//! The picture of who asks, beside the name: one that we drew and serve ourselves, or none; then the first letter of the name stands there.

use handslag_vocab::Digest;
use serde::{Deserialize, Serialize};

/// The logo of a service, in each language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// In Swedish.
    pub sv: Option<Digest>,
    /// In English.
    pub en: Option<Digest>,
}

impl Logo {
    /// Where the picture for this language is.
    pub fn path(&self, language: &str) -> Option<String> {
        let picture = if language == "en" { self.en } else { self.sv };
        picture.map(|picture| format!("/logotyp/{}", picture.to_base64url()))
    }
}
