//! What a phone signs. A log-in, a signature and an emergency opening are all an approval of a *shown* text.
//!
//! The bytes are canonical JSON (RFC 8785: members sorted, no white space, no floating point), so that an archivist can
//! read the evidence in twenty years with any editor. The app's approval key signs the bytes (ES256); a WebAuthn assertion has
//! SHA-256 of the bytes as its challenge. There is exactly one byte form: [`Approval::parse`] refuses every other.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, Assurance, Block, Digest, MessageType, UnixTime};

/// Marks the form; an older or newer form is another type. Part of the signed bytes, so no other structure can be taken for it.
const TYPE: &str = "se.handslag.approval/1";

/// What the person is asked. Members stand in alphabetical order because the canonical form has them so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The level that this act demands.
    pub assurance: Assurance,
    /// The documents, for a signature; empty otherwise.
    pub documents: Vec<Document>,
    /// After this time the approval is refused.
    pub expires_at: UnixTime,
    /// What the requester may do afterwards in the person's name, line by line, where it asked for that (RFC 9396).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<Granted>,
    /// When the text was fixed for this person and this phone.
    pub issued_at: UnixTime,
    /// What the approval gives.
    pub kind: ApprovalKind,
    /// The language the text was shown in: `sv` or `en`.
    pub language: String,
    /// What the service says: about the occasion (`userMessage`, CIBA `binding_message`), or what is signed (`sign_message`). Shown as its
    /// words, not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How [`Self::message`] is written; left out for plain text.
    #[serde(default, skip_serializing_if = "MessageType::is_plain")]
    pub message_type: MessageType,
    /// Who asks, as registered.
    pub requester: Requester,
    /// "Det här skickas": every value that leaves, with its label as shown.
    pub shared: Vec<Shared>,
    /// What a service has signed here, beside the message (OIDC Sweden signature extension).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<ToSign>,
    /// How the person came here.
    pub start: StartKind,
    /// The question as shown.
    pub text: String,
    /// The transaction.
    pub transaction: ApprovalId,
    /// Always [`TYPE`].
    #[serde(rename = "type")]
    form: String,
    /// The work identity that is used (`orgAffiliation`).
    pub who: String,
}

/// What an approval gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(type_name = "TEXT", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// A log-in to a service.
    Login,
    /// An opening outside the plan.
    Opening,
    /// A signature under documents.
    Signature,
}

/// How the person came to the approval: always something near, never a typed name (MB-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(type_name = "TEXT", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum StartKind {
    /// A matter that names this person as signer, opened on the phone.
    Assigned,
    /// A moving QR code on a screen.
    MovingQr,
    /// A service that knows the person asked, and the person typed the number that its screen shows.
    Number,
    /// A key that the browser at the desk reached: its own, or one on a phone nearby. By which way is not known and not told.
    Passkey,
    /// A link in the same phone's browser.
    SameDevice,
    /// Eight digits typed from a screen (level 2 log-in only).
    TypedCode,
}

impl StartKind {
    /// What the act can be worth at most. A code or a number can be talked out of somebody over the telephone: level 2, and a log-in only.
    pub const fn assurance(self) -> Assurance {
        match self {
            Self::Number | Self::TypedCode => Assurance::Loa2,
            Self::Assigned | Self::MovingQr | Self::Passkey | Self::SameDevice => Assurance::Loa3,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The registered id.
    pub id: String,
    /// The registered name in the language shown.
    pub name: String,
    /// The organisation behind it.
    pub organisation: String,
}

/// One value that is sent, with its label as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The claim's name.
    pub claim: String,
    /// The label as shown.
    pub label: String,
    /// The value as sent.
    pub value: String,
}

/// One thing that the requester may do: opening one door, signing one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// What may be done, as shown.
    pub label: String,
    /// To what exactly: the identifier of a door or a visit, the digest of a document.
    pub of: String,
    /// To what, as the person knows it.
    pub value: String,
}

/// What a service has signed that is no document: its message stands in the approval itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToSign {
    /// [`Digest::of_shown`] of the message in the language shown.
    pub message_digest: String,
    /// The service's own mark of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// SHA-256 of the data that the service wants signed (`tbs_data`); none where it only wants the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbs_data: Option<Digest>,
}

/// One document to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// SHA-256 of the file as uploaded; the control words come from it.
    pub file: Digest,
    /// Pages that were shown.
    pub pages: u32,
    /// SHA-256 of the bytes that the signature covers. The signing core signs nothing else (attack V13).
    pub signed_bytes: Digest,
    /// The title as shown.
    pub title: String,
    /// The four control words as shown.
    pub words: [String; 4],
}

/// The bytes are not the canonical form of an approval.
#[derive(Debug, thiserror::Error)]
pub enum NotCanonical {
    /// Another spelling of the same JSON.
    #[error("the approval is not in canonical form (RFC 8785)")]
    Form,
    /// Not JSON, or not these members.
    #[error("the approval could not be read")]
    Json(#[from] serde_json::Error),
    /// Another structure or another version.
    #[error("the bytes are not an approval of version 1")]
    Type,
}

impl Approval {
    /// Sets the form mark; all else is given. A service's own words are added with [`Self::saying`], and what it may do afterwards with
    /// [`Self::granting`].
    #[expect(clippy::too_many_arguments, reason = "every member is a fact of its own and none has a default")]
    pub fn new(
        kind: ApprovalKind,
        transaction: ApprovalId,
        who: String,
        requester: Requester,
        text: String,
        language: String,
        shared: Vec<Shared>,
        documents: Vec<Document>,
        assurance: Assurance,
        start: StartKind,
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Self {
        let form = TYPE.to_owned();
        let (granted, message, message_type, signing) = (Vec::new(), None, MessageType::Plain, None);
        Self {
            assurance,
            documents,
            expires_at,
            granted,
            issued_at,
            kind,
            language,
            message,
            message_type,
            requester,
            shared,
            signing,
            start,
            text,
            transaction,
            form,
            who,
        }
    }

    /// The same with what the requester may do afterwards.
    #[must_use]
    pub fn granting(self, granted: Vec<Granted>) -> Self {
        Self { granted, ..self }
    }

    /// The same with what the service says, and how it is written.
    #[must_use]
    pub fn saying(self, message: Option<String>, message_type: MessageType) -> Self {
        Self { message, message_type, ..self }
    }

    /// The same as a signature of what the service says and of this.
    #[must_use]
    pub fn signing(self, signing: Option<ToSign>) -> Self {
        Self { signing, ..self }
    }

    /// What the service says, in the pieces it is shown in.
    pub fn words(&self) -> Vec<Block> {
        self.message.as_deref().map(|message| self.message_type.blocks(message)).unwrap_or_default()
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising strings, integers and lists of them into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// SHA-256 of the canonical bytes: the challenge of a WebAuthn assertion.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Reads canonical bytes; every other spelling is refused, so that what was shown and what was signed cannot differ.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotCanonical> {
        let approval: Self = serde_json::from_slice(bytes)?;
        if approval.form != TYPE {
            return Err(NotCanonical::Type);
        }
        if approval.to_bytes() == bytes { Ok(approval) } else { Err(NotCanonical::Form) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval() -> Approval {
        let document = Document {
            file: Digest::of(b"file"),
            pages: 2,
            signed_bytes: Digest::of(b"bytes"),
            title: "Protokoll § 12 \"Skolan\"".to_owned(),
            words: ["björk", "hammare", "tåg", "vante"].map(str::to_owned),
        };
        Approval::new(
            ApprovalKind::Signature,
            "txn_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            "k7x4m2p9@2120009999".to_owned(),
            Requester { id: "underskrift".to_owned(), name: "Underskrift".to_owned(), organisation: "Kvarnby kommun".to_owned() },
            "Vill du skriva under?".to_owned(),
            "sv".to_owned(),
            vec![Shared { claim: "name".to_owned(), label: "Namn".to_owned(), value: "Åsa Öberg".to_owned() }],
            vec![document],
            Assurance::Loa2,
            StartKind::Assigned,
            UnixTime::from_seconds(1_000),
            UnixTime::from_seconds(1_300),
        )
    }

    /// A generic JSON value sorts its members, so equality says that the declared order is the canonical one (RFC 8785 §3.2.3).
    #[test]
    fn the_bytes_are_what_any_canonical_json_writer_would_give() {
        let door = Granted { label: "Öppna dörr".to_owned(), of: "dor_1".to_owned(), value: "Storgatan 1".to_owned() };
        let signing = ToSign { message_digest: Digest::of_shown("Kassa 3"), nonce: Some("n".to_owned()), tbs_data: Some(Digest::of(b"data")) };
        let said = || approval().saying(Some("Kassa 3".to_owned()), MessageType::Markdown);
        let plainly = approval().saying(Some("Kassa 3".to_owned()), MessageType::Plain);
        for approval in [approval(), plainly, said(), said().signing(Some(signing)), approval().granting(vec![door])] {
            let bytes = approval.to_bytes();
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), value.to_string());
        }
        let before = String::from_utf8(approval().to_bytes()).unwrap();
        assert!(["message", "signing", "granted"].iter().all(|later| !before.contains(later)), "what was signed before reads as before");
    }

    #[test]
    fn one_byte_form_only() {
        let bytes = approval().to_bytes();
        assert_eq!(Approval::parse(&bytes).unwrap(), approval());
        let text = String::from_utf8(bytes).unwrap();
        let spellings = [
            text.replace(":[", ": ["),
            text.replace("Å", "\\u00c5"),
            format!("{text}\n"),
            text.replace("approval/1", "approval/2"),
            text.replace("\"who\"", "\"extra\":1,\"who\""),
            text.replace("\"requester\"", "\"message_type\":\"text/plain\",\"requester\""),
        ];
        for spelling in spellings {
            assert!(Approval::parse(spelling.as_bytes()).is_err(), "{spelling}");
        }
    }
}
