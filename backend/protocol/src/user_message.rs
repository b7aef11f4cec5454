//! What a service says to the person beside its request (OIDC Sweden request parameters §2.1), in one or several languages. The sign message of
//! the signature extension has the same form.
//!
//! It is shown to the person as the service's words, so a text that would read otherwise than it is, or that we have no way to show, is
//! refused when it comes; nobody finds out on the phone.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_vocab::{MessageType, is_showable};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{refusal::refusals, strict_json};

refusals! {
    /// Why a message is not taken. Clauses are of the request parameter extensions.
    pub enum Refusal {
        /// §2.1: not the base64 of UTF-8.
        Base64 = "user_message_base64", "a message is not the base64 of UTF-8 text";
        /// §2.1: no text in any language.
        Empty = "user_message_empty", "the message holds no text";
        /// §2.1: not a JSON object with the right members.
        Form = "user_message_form", "the message is not a JSON object of message and mime_type";
        /// A bound of ours.
        Length = "user_message_length", "a message is longer than 4096 bytes, or stands in more than eight languages";
        /// §2.1.
        MimeType = "user_message_mime_type", "the mime_type of the message is not supported";
        /// §2.1: what cannot be shown as it is.
        Unshowable = "user_message_unshowable", "a message holds control characters or characters that hide or turn others";
    }
}

/// The request parameter.
pub const PARAMETER: &str = "https://id.oidc.se/param/userMessage";

/// Bounds of ours: it is read on a telephone.
const LONGEST: usize = 4_096;
const MOST: usize = 8;

/// A message that can be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserMessage {
    /// By language tag in lower case; empty where none was given.
    texts: BTreeMap<String, String>,
    mime_type: MessageType,
}

impl UserMessage {
    /// Takes the JSON text of the parameter.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        Self::of(&strict_json::object(json.as_bytes()).ok_or(Refusal::Form)?)
    }

    /// Takes the members. Those that are not known are ignored.
    pub(crate) fn of(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let mime_type = match members.get("mime_type") {
            None => MessageType::Plain,
            Some(name) => MessageType::named(name.as_str().ok_or(Refusal::Form)?).ok_or(Refusal::MimeType)?,
        };
        let mut texts = BTreeMap::new();
        for (name, value) in members {
            let tag = if name == "message" { Some("") } else { name.strip_prefix("message#") };
            let Some(tag) = tag else { continue };
            let text = text(value.as_str().ok_or(Refusal::Form)?)?;
            // Two spellings of one tag: nobody can tell which was meant.
            if texts.insert(tag.to_ascii_lowercase(), text).is_some() {
                return Err(Refusal::Form);
            }
        }
        match texts.len() {
            0 => Err(Refusal::Empty),
            1..=MOST => Ok(Self { texts, mime_type }),
            _ => Err(Refusal::Length),
        }
    }

    /// How it is written.
    pub const fn mime_type(&self) -> MessageType {
        self.mime_type
    }

    /// The text for somebody who reads `language`: in that language, the one without a tag, or else the one that we choose: English if there is
    /// one, and otherwise the first by its tag.
    pub fn said(&self, language: &str) -> &str {
        let of = |language: &str| {
            let is_it = |tag: &str| tag == language || tag.strip_prefix(language).is_some_and(|rest| rest.starts_with('-'));
            self.texts.iter().find(|(tag, _)| is_it(tag)).map(|(_, text)| text)
        };
        let found = of(language).or_else(|| self.texts.get("")).or_else(|| of("en")).or_else(|| self.texts.values().next());
        found.map(String::as_str).unwrap_or_default()
    }
}

fn text(base64: &str) -> Result<String, Refusal> {
    // Told before it is decoded: four characters for three bytes.
    if base64.len() > LONGEST.div_ceil(3) * 4 {
        return Err(Refusal::Length);
    }
    let bytes = STANDARD.decode(base64).map_err(|_| Refusal::Base64)?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Base64)?;
    match text.len() {
        _ if text.trim().is_empty() => Err(Refusal::Empty),
        length if length > LONGEST => Err(Refusal::Length),
        _ if !is_showable(&text) => Err(Refusal::Unshowable),
        _ => Ok(text),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn base64(text: impl AsRef<[u8]>) -> String {
        STANDARD.encode(text)
    }

    fn parse(json: &Value) -> Result<UserMessage, Refusal> {
        UserMessage::parse(&json.to_string())
    }

    /// SE-17: the language of the page, the one without a tag, our choice.
    #[test]
    fn the_language_of_the_page_decides() {
        let all = parse(&json!({ "message": base64("utan"), "message#sv": base64("på svenska"), "message#EN-gb": base64("in English") })).unwrap();
        assert_eq!((all.said("sv"), all.said("en"), all.said("fi")), ("på svenska", "in English", "utan"));
        let tagged = parse(&json!({ "message#fi": base64("suomeksi"), "message#en": base64("in English") })).unwrap();
        assert_eq!((tagged.said("sv"), tagged.said("fi")), ("in English", "suomeksi"));
        let one = parse(&json!({ "message#fi": base64("suomeksi") })).unwrap();
        assert_eq!((one.said("sv"), one.mime_type()), ("suomeksi", MessageType::Plain));
        let svahili = parse(&json!({ "message#svx": base64("x"), "message": base64("utan") })).unwrap();
        assert_eq!(svahili.said("sv"), "utan", "another language that begins alike");
    }

    /// The fixture of the signature extension §3.1.
    #[test]
    fn the_fixture_of_the_specification() {
        let message = parse(&json!({ "message": "SSBoZXJlYnkgYWdyZWUgdG8gdGhlIGNvbnRyYWN0IGRpc3BsYXllZA==", "mime_type": "text/markdown" })).unwrap();
        assert_eq!((message.said("sv"), message.mime_type()), ("I hereby agree to the contract displayed", MessageType::Markdown));
    }

    #[test]
    fn what_is_not_a_message() {
        let nine: Map<String, Value> = (0..9).map(|number| (format!("message#x{number}"), base64("x").into())).collect();
        let wrong = [
            (json!({}), Refusal::Empty),
            (json!({ "message": "" }), Refusal::Empty),
            (json!({ "message": base64(" \n ") }), Refusal::Empty),
            (json!({ "message": "inte base64" }), Refusal::Base64),
            (json!({ "message": "SGVq=" }), Refusal::Base64),
            (json!({ "message": base64([0xff, 0xfe]) }), Refusal::Base64),
            (json!({ "message": base64("x".repeat(4_097)) }), Refusal::Length),
            (json!({ "message": base64("x".repeat(40_000)) }), Refusal::Length),
            (Value::Object(nine), Refusal::Length),
            (json!({ "message": base64("x"), "mime_type": "text/html" }), Refusal::MimeType),
            (json!({ "message": base64("x"), "mime_type": "" }), Refusal::MimeType),
            (json!({ "message": base64("x"), "mime_type": 1 }), Refusal::Form),
            (json!({ "message": { "sv": base64("x") } }), Refusal::Form),
            (json!({ "message#sv": base64("x"), "message#SV": base64("y") }), Refusal::Form),
            (json!([]), Refusal::Form),
            (json!({ "message": base64("fdp.\u{202e}nrat") }), Refusal::Unshowable),
            (json!({ "message": base64("a\0") }), Refusal::Unshowable),
        ];
        for (json, refusal) in wrong {
            assert_eq!(parse(&json), Err(refusal), "{json}");
        }
        assert_eq!(UserMessage::parse(r#"{"message":"eA==","message":"eQ=="}"#), Err(Refusal::Form), "twice");
        assert!(parse(&json!({ "message": base64("x".repeat(4_096)), "title": "ignored" })).is_ok());
    }
}
