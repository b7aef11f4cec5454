//! Rich authorization requests (RFC 9396): doors to be opened and documents to be signed, said so exactly that the person reads
//! what is granted. Two types of ours; an unknown type, an unknown field and a missing one are refused (§5).
//!
//! ```json
//! [{ "type": "door", "actions": ["open"], "doors": ["dor_…"], "visit": "vis_…" },
//!  { "type": "signature", "documents": [{ "title": "Protokoll 2026-11-20", "digest": "…" }] }]
//! ```
//! `doors`: identifiers, 1 to 32, each once. `actions`: `open`, nothing else yet. `visit`: the planned visit, where the grant is for one.
//! `documents`: 1 to 100, each with the title that the person is shown (at most 200 characters, one line, nothing
//! in it that turns or hides other characters) and the base64url of its SHA-256.

use handslag_vocab::{Digest, DoorId, VisitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{refusal::refusals, strict_json};

refusals! {
    /// Why `authorization_details` is refused (§5).
    pub enum Refusal {
        /// In a request that no browser carries (CIBA, RFC 8628): a number or a code that somebody types can be talked out of them, and is good
        /// for a log-in alone.
        Elsewhere = "details_elsewhere", "authorization_details are granted at the authorization endpoint alone";
        /// A field is unknown, missing, out of bounds or of another form.
        Field = "details_field", "a field of authorization_details is unknown, missing or malformed";
        /// No JSON array of objects, a member twice, or larger than it can usefully be.
        Form = "details_form", "authorization_details is not a JSON array of 1 to 16 objects";
        /// At the token endpoint, more than was granted.
        NotGranted = "details_not_granted", "authorization_details asks for more than was granted";
        /// A type that we do not have, or that the client did not register.
        Type = "details_type", "authorization_details has a type that is unknown or not registered for the client";
        /// A door or a visit that is not there, or another organisation's: one answer for all, nobody learns which there are.
        Unknown = "details_unknown", "authorization_details names a door or a visit that is not known for this client";
    }
}

/// A type of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetailType {
    /// Opening doors.
    Door,
    /// Signing documents.
    Signature,
}

impl DetailType {
    /// Every one, as discovery announces them (§10).
    pub const ALL: [Self; 2] = [Self::Door, Self::Signature];

    /// The value of `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Signature => "signature",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum AuthorizationDetail {
    /// Doors.
    Door(DoorDetail),
    /// Documents.
    Signature(SignatureDetail),
}

/// What may be done at which doors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorDetail {
    /// What is done.
    pub actions: Vec<DoorAction>,
    /// Where.
    pub doors: Vec<DoorId>,
    /// In which visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
}

/// What is done at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DoorAction {
    /// It is opened.
    Open,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureDetail {
    /// Each document.
    pub documents: Vec<SignedDocument>,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What the person reads.
    pub title: String,
}

const LONGEST: usize = 16 * 1024;
const MOST: usize = 16;
const MOST_DOORS: usize = 32;
const MOST_DOCUMENTS: usize = 100;
const LONGEST_TITLE: usize = 200;

/// Takes the parameter and the types that the client registered.
pub fn parse(json: &str, registered: &[DetailType]) -> Result<Vec<AuthorizationDetail>, Refusal> {
    let document = Some(json).filter(|json| json.len() <= LONGEST).and_then(|json| strict_json::value(json.as_bytes()));
    let Some(Value::Array(details)) = document else { return Err(Refusal::Form) };
    if details.is_empty() || details.len() > MOST {
        return Err(Refusal::Form);
    }
    details.into_iter().map(|detail| AuthorizationDetail::read(detail, registered)).collect()
}

/// Takes what the token request asks for and what was granted (§6): each must be something granted, or less of it.
pub fn narrowed(asked: Vec<AuthorizationDetail>, granted: &[AuthorizationDetail]) -> Result<Vec<AuthorizationDetail>, Refusal> {
    let is_granted = asked.iter().all(|asked| granted.iter().any(|granted| granted.covers(asked)));
    if is_granted { Ok(asked) } else { Err(Refusal::NotGranted) }
}

/// Whether one of these opens doors: a token of such is bound to a key, always (DR-01).
pub fn open_doors(details: &[AuthorizationDetail]) -> bool {
    details.iter().any(|detail| detail.kind() == DetailType::Door)
}

impl AuthorizationDetail {
    /// Its type.
    pub const fn kind(&self) -> DetailType {
        match self {
            Self::Door(_) => DetailType::Door,
            Self::Signature(_) => DetailType::Signature,
        }
    }

    fn read(detail: Value, registered: &[DetailType]) -> Result<Self, Refusal> {
        let name = detail.as_object().ok_or(Refusal::Form)?.get("type").and_then(Value::as_str);
        if !name.and_then(DetailType::named).is_some_and(|kind| registered.contains(&kind)) {
            return Err(Refusal::Type);
        }
        let read: Self = serde_json::from_value(detail).map_err(|_| Refusal::Field)?;
        if read.is_bounded() { Ok(read) } else { Err(Refusal::Field) }
    }

    fn is_bounded(&self) -> bool {
        match self {
            Self::Door(DoorDetail { actions, doors, .. }) => {
                let is_once = doors.iter().enumerate().all(|(place, door)| !doors.iter().skip(place + 1).any(|other| other == door));
                actions.as_slice() == [DoorAction::Open] && (1..=MOST_DOORS).contains(&doors.len()) && is_once
            }
            Self::Signature(SignatureDetail { documents }) => {
                (1..=MOST_DOCUMENTS).contains(&documents.len()) && documents.iter().all(|document| is_showable(&document.title))
            }
        }
    }

    /// Whether the other is this or less of it.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Door(granted), Self::Door(asked)) => {
                let has = |door: &DoorId| granted.doors.contains(door);
                granted.visit.as_ref().is_none_or(|visit| asked.visit.as_ref() == Some(visit)) && asked.doors.iter().all(has)
            }
            (Self::Signature(granted), Self::Signature(asked)) => asked.documents.iter().all(|document| granted.documents.contains(document)),
            _ => false,
        }
    }
}

/// A title reads as it is: what turns, hides or breaks the characters beside it would make what is read differ from what is granted.
fn is_showable(title: &str) -> bool {
    let bends =
        |c: char| c.is_control() || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !title.trim().is_empty() && title.chars().count() <= LONGEST_TITLE && !title.chars().any(bends)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DOOR: &str = "dor_0123456789abcdefghjkmnpqrs";
    const OTHER: &str = "dor_1123456789abcdefghjkmnpqrs";

    fn visit() -> String {
        VisitId::random(&mut crate::jose::jwe::tests::Counting(4)).to_string()
    }

    fn door() -> Value {
        json!({ "type": "door", "actions": ["open"], "doors": [DOOR], "visit": visit() })
    }

    fn signature() -> Value {
        json!({ "type": "signature", "documents": [{ "title": "Protokoll", "digest": Digest::of(b"a") }, { "title": "Bilaga", "digest": Digest::of(b"b") }] })
    }

    fn read(details: &Value) -> Result<Vec<AuthorizationDetail>, Refusal> {
        parse(&details.to_string(), &DetailType::ALL)
    }

    /// One member set, or removed where null.
    fn with(mut detail: Value, name: &str, value: Value) -> Value {
        let members = detail.as_object_mut().unwrap();
        members.insert(name.to_owned(), value);
        members.retain(|_, value| !value.is_null());
        json!([detail])
    }

    #[test]
    fn both_types_read_and_are_told_back_as_they_came() {
        let both = json!([door(), signature()]);
        let details = read(&both).unwrap();
        assert_eq!(serde_json::to_value(&details).unwrap(), both);
        assert_eq!(details.iter().map(AuthorizationDetail::kind).collect::<Vec<_>>(), DetailType::ALL);
        assert!(read(&with(door(), "visit", Value::Null)).is_ok());
        assert_eq!(parse(&both.to_string(), &[DetailType::Door]), Err(Refusal::Type), "not registered");
    }

    #[test]
    fn what_is_unknown_or_malformed_is_refused() {
        let fields = [
            with(door(), "locks", json!([DOOR])),
            with(door(), "actions", json!(["open", "open"])),
            with(door(), "actions", json!(["unlock"])),
            with(door(), "actions", json!([])),
            with(door(), "actions", Value::Null),
            with(door(), "doors", json!([])),
            with(door(), "doors", json!(DOOR)),
            with(door(), "doors", json!(["dörren"])),
            with(door(), "doors", json!(vec![DOOR; 33])),
            with(door(), "doors", json!([DOOR, DOOR])),
            with(door(), "visit", json!("i morgon")),
            with(signature(), "documents", json!([])),
            with(signature(), "documents", Value::Null),
            with(signature(), "documents", json!([{ "title": "x" }])),
            with(signature(), "documents", json!([{ "title": " ", "digest": Digest::of(b"a") }])),
            with(signature(), "documents", json!([{ "title": "a\nb", "digest": Digest::of(b"a") }])),
            with(signature(), "documents", json!([{ "title": "fdp.\u{202e}nrat", "digest": Digest::of(b"a") }])),
            with(signature(), "documents", json!([{ "title": "Pro\u{200b}tokoll", "digest": Digest::of(b"a") }])),
            with(signature(), "documents", json!([{ "title": "x".repeat(201), "digest": Digest::of(b"a") }])),
            with(signature(), "documents", json!([{ "title": "x", "digest": "AAAA" }])),
            with(signature(), "documents", json!([{ "title": "x", "digest": Digest::of(b"a"), "body": "y" }])),
            with(signature(), "locations", json!(["https://a.example"])),
        ];
        for details in fields {
            assert_eq!(read(&details), Err(Refusal::Field), "{details}");
        }
        for kind in [json!("payment"), json!("Door"), json!(1), Value::Null, json!(["door"])] {
            assert_eq!(read(&with(door(), "type", kind.clone())), Err(Refusal::Type), "{kind}");
        }
        let forms = [json!([]), json!({}), door(), json!([1]), json!([[door()]]), json!(vec![door(); 17]), json!(["x".repeat(17_000)])];
        for details in forms {
            assert_eq!(read(&details), Err(Refusal::Form), "{details}");
        }
        let doubled = format!(r#"[{{"type":"door","actions":["open"],"doors":["{DOOR}"],"doors":["{OTHER}"]}}]"#);
        assert_eq!(parse(&doubled, &DetailType::ALL), Err(Refusal::Form));
    }

    #[test]
    fn a_token_has_what_was_granted_or_less() {
        let granted = read(&json!([with(door(), "doors", json!([DOOR, OTHER]))[0], signature()])).unwrap();
        let ask = |details: &Value| narrowed(read(details).unwrap(), &granted);
        assert!(ask(&json!([door()])).is_ok());
        assert!(ask(&with(signature(), "documents", json!([{ "title": "Bilaga", "digest": Digest::of(b"b") }]))).is_ok());
        let more = [
            with(door(), "doors", json!([DOOR, "dor_2123456789abcdefghjkmnpqrs"])),
            with(door(), "visit", Value::Null),
            with(signature(), "documents", json!([{ "title": "Protokoll", "digest": Digest::of(b"c") }])),
            with(signature(), "documents", json!([{ "title": "Annat", "digest": Digest::of(b"a") }])),
        ];
        for details in more {
            assert_eq!(ask(&details), Err(Refusal::NotGranted), "{details}");
        }
    }
}
