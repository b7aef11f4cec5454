//! Our own apps on phones: which ones may open addresses of this server.

use serde::Deserialize;

/// The apps, by the names their makers gave them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apps {
    /// `<team>.<bundle>`, for iOS.
    #[serde(default)]
    pub apple: Vec<String>,
    /// For Android.
    #[serde(default)]
    pub android: Vec<Android>,
}

/// One app for Android.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Android {
    /// Its package.
    pub package: String,
    /// SHA-256 of the certificates that sign it: 32 bytes as hexadecimal digits with colons.
    pub sha256_cert_fingerprints: Vec<String>,
}

impl Apps {
    /// Names that a phone can match: a wrong one would fail in silence there.
    pub(super) fn are_sound(&self) -> bool {
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let has_team =
            |id: &String| id.split_once('.').is_some_and(|(team, bundle)| team.len() == 10 && is_word(team) && bundle.split('.').all(is_word));
        let is_print = |print: &String| {
            let bytes: Vec<&str> = print.split(':').collect();
            bytes.len() == 32 && bytes.iter().all(|byte| byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)))
        };
        let is_app = |app: &Android| {
            let prints = &app.sha256_cert_fingerprints;
            app.package.contains('.') && app.package.split('.').all(is_word) && !prints.is_empty() && prints.iter().all(is_print)
        };
        self.apple.iter().all(has_team) && self.android.iter().all(is_app)
    }
}
