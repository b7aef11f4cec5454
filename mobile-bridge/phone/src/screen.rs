//! Screens as data: no markup and no words of the core's own. Members have fixed names and a fixed order, so that every
//! shell shows the same thing: who asks · what happens · what it may do · what is sent · the buttons.

use handslag_vocab::{Approval, ApprovalKind, Assurance, Block, UnixTime};
use serde::Serialize;

use crate::wire::Octets;

/// What a person shall see now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "screen", rename_all = "snake_case")]
pub enum Screen {
    /// The one approval screen.
    Approval(ApprovalScreen),
    /// The server was not reached.
    NoNetwork {
        /// Again, cancel, and for a removal: remove here.
        buttons: Vec<Choice>,
    },
    /// One page of a document.
    Page(PageScreen),
}

/// Everything in it is read from the canonical bytes that are signed; only how far the reading has come is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalScreen {
    /// Who asks.
    pub who_asks: WhoAsks,
    /// What happens.
    pub what_happens: WhatHappens,
    /// "Det här får tjänsten göra": what the service may do afterwards; most ask for nothing such.
    pub granted: Vec<SentValue>,
    /// "Det här skickas".
    pub sent: Vec<SentValue>,
    /// The number to be typed, where one is demanded.
    pub number: NumberField,
    /// Approve, cancel, not me; for documents also open.
    pub buttons: Vec<Choice>,
}

/// The number that the other screen shows: who is not in front of it cannot type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberField {
    /// Nothing began at another screen.
    NotAsked,
    /// Two digits are waited for.
    Empty,
    /// These were typed.
    Typed(u8),
}

/// Who asks, as registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoAsks {
    /// The registered id, by which a shell finds the logo.
    pub id: String,
    /// The name.
    pub name: String,
    /// The organisation behind it.
    pub organisation: String,
}

/// What happens on a yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhatHappens {
    /// Log-in, signature, opening.
    pub kind: ApprovalKind,
    /// The question.
    pub text: String,
    /// What the service says about the occasion, or what is signed: its words.
    pub message: Option<String>,
    /// The same in the pieces it is shown in. A shell shows these; it never reads the message as markup.
    pub words: Vec<Block>,
    /// A service has signed what it says.
    pub signs_message: bool,
    /// What is signed.
    pub documents: Vec<DocumentShown>,
    /// The level demanded.
    pub assurance: Assurance,
    /// Whose work identity.
    pub who: String,
    /// Until when.
    pub expires_at: UnixTime,
}

/// A document on the approval screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentShown {
    /// The title.
    pub title: String,
    /// The four control words.
    pub words: [String; 4],
    /// Pages in all.
    pub pages: u32,
    /// Pages read.
    pub pages_read: u32,
}

/// One value that leaves, or one thing that the service may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentValue {
    /// The label.
    pub label: String,
    /// The value.
    pub value: String,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageScreen {
    /// The document's title.
    pub title: String,
    /// Which document, from 1.
    pub document: u32,
    /// Which page, from 1.
    pub page: u32,
    /// Pages in all.
    pub pages: u32,
    /// PNG.
    pub image: Octets,
    /// Next and back.
    pub buttons: Vec<Choice>,
}

/// A button, and whether it can be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Which.
    #[serde(flatten)]
    pub button: Button,
    /// A button that cannot be pressed yet is shown so.
    pub enabled: bool,
}

impl Choice {
    pub(crate) const fn on(button: Button) -> Self {
        Self { button, enabled: true }
    }
}

/// What a person can press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "button", rename_all = "snake_case")]
pub enum Button {
    /// Try to reach the server again.
    Again,
    /// Godkänn.
    Approve,
    /// From a page to the approval.
    Back,
    /// Avbryt.
    Cancel,
    /// Asks whether the question still stands. A shell presses it from time to time while the question is shown, so that what was ended
    /// at the other screen ends here too.
    Look,
    /// This page is read; the next one. A shell that lays pages below each other presses it when the page's end has come into view.
    Next,
    /// Det är inte jag.
    NotMe,
    /// Two digits are typed, or typed anew.
    Number {
        /// Which.
        number: u8,
    },
    /// Read a document from one page on. Both count from 1.
    Open {
        /// Which document.
        document: u32,
        /// Which page.
        page: u32,
    },
    /// Remove from this phone though the server cannot be told.
    RemoveHere,
}

/// Every text of the approval that a person reads.
pub(crate) fn texts(approval: &Approval) -> Vec<&str> {
    let mut texts = vec![&*approval.text, &*approval.who, &*approval.requester.id, &*approval.requester.name, &*approval.requester.organisation];
    texts.extend(approval.message.as_deref());
    texts.extend(approval.granted.iter().flat_map(|granted| [&*granted.label, &*granted.value]));
    texts.extend(approval.shared.iter().flat_map(|shared| [&*shared.label, &*shared.value]));
    texts.extend(approval.documents.iter().flat_map(|document| document.words.iter().map(|word| &**word).chain([&*document.title])));
    texts
}
