//! The claims of a verified token, read without coercion: a number in quotation marks is not a number.

use handslag_vocab::UnixTime;
use serde_json::{Map, Value};

/// A JWT's claims, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// All of them.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A claim that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim that is a whole number of seconds since the epoch (RFC 7519 §2 allows fractions; we make and take none).
    pub fn time(&self, name: &str) -> Option<UnixTime> {
        self.0.get(name).and_then(Value::as_i64).map(UnixTime::from_seconds)
    }

    /// `jti` as something that can be marked: 1 to 256 bytes of text.
    pub fn jti(&self) -> Option<&str> {
        self.text("jti").filter(|jti| (1..=256).contains(&jti.len()))
    }
}
