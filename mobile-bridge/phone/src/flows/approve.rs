//! Approving: claim what is near, check that it is for this phone, show exactly what it says, have every page of a document
//! read, and only then have the approval key sign exactly these bytes.
//!
//! The screen is made from the parsed approval, and the approval has one byte form, so what is shown is what is signed.

use std::collections::BTreeSet;

use handslag_vocab::{Approval, ApprovalKind, Assurance, Digest, StartKind, is_showable};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Ask, Call, Flow, Ground, Next, Step, ToSign, accepted, read};
use crate::{
    Button, Choice, Got, OutOfTurn, Outcome, Refusal, Screen,
    memory::Memory,
    screen::{self, ApprovalScreen, DocumentShown, NumberField, PageScreen, SentValue, WhatHappens, WhoAsks},
    wire::{
        ApprovalSignature, Approve, ApprovedAnswer, Claim, Claimed, Decline, DeclineReason, Fixed, KeyUse, Language, Octets, RawSignature, Shown,
        Start,
    },
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Approving {
        asked: Asked,
        signature: RawSignature,
    },
    Claiming {
        start: Start,
        language: Language,
    },
    Declining {
        asked: Asked,
        reason: DeclineReason,
    },
    /// The server is asked whether the question still stands.
    Looking {
        asked: Asked,
    },
    /// A page is fetched, and shown when it is here. The picture is not saved: it is fetched again.
    Reading {
        asked: Asked,
        page: Page,
        #[serde(skip)]
        image: Option<Octets>,
    },
    Showing {
        asked: Asked,
    },
    Signing {
        asked: Asked,
    },
    /// The server is told that the text is shown and the pages are read.
    Telling {
        asked: Asked,
    },
}

/// A page of a document; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Page {
    document: u32,
    number: u32,
}

/// A claimed approval that this phone may answer, and how far its documents have been read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    approval: Canonical,
    /// The number of the other screen, as typed.
    #[serde(default)]
    number: Option<u8>,
    read: BTreeSet<Page>,
    /// The server knows that it was shown and read.
    told: bool,
}

/// Saved as its bytes and read back through its one byte form.
#[derive(Clone, Debug)]
struct Canonical(Approval);

impl Serialize for Canonical {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Octets(self.0.to_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Canonical {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Octets(bytes) = Octets::deserialize(deserializer)?;
        Approval::parse(&bytes).map(Self).map_err(D::Error::custom)
    }
}

impl State {
    pub(super) fn ask(&self, memory: &Memory) -> Ask {
        match self {
            Self::Claiming { start, language } => Call::post("/phone/approvals", &Claim { language: *language, start: start.clone() }),
            Self::Telling { asked } => Call::post(asked.path("/shown"), &asked.shown()),
            Self::Looking { asked } => Call::get(asked.path("")),
            Self::Showing { asked } => Ask::Show(Screen::Approval(asked.screen())),
            Self::Reading { asked, page, image: None } => Call::get(asked.path(&format!("/documents/{}/pages/{}", page.document, page.number))),
            Self::Reading { asked, page, image: Some(image) } => Ask::Show(Screen::Page(asked.page_screen(*page, image.clone()))),
            Self::Signing { asked } => Ask::Sign(ToSign::by(KeyUse::Approval, approval_key(memory), asked.approval().to_bytes())),
            Self::Approving { asked, signature } => {
                Call::post(asked.path("/approve"), &Approve { number: asked.number, signature: ApprovalSignature::App { signature: *signature } })
            }
            Self::Declining { asked, reason } => Call::post(asked.path("/decline"), &Decline { reason: *reason }),
        }
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        match (self, got) {
            (Self::Claiming { start, language }, Got::Answer { status, body }) => Ok(claimed(status, &body, &start, language, ground)),
            (Self::Telling { asked }, Got::Answer { status, body }) => Ok(match accepted(status, &body) {
                Ok(()) => Self::Showing { asked: Asked { told: true, ..asked } }.on(),
                Err(outcome) => Next::End(outcome),
            }),
            (Self::Looking { asked }, Got::Answer { status, body }) if status < 500 => Ok(match accepted(status, &body) {
                Ok(()) => Self::Showing { asked }.on(),
                Err(outcome) => Next::End(outcome),
            }),
            (Self::Showing { asked }, Got::Pressed(button)) => asked.pressed(button, ground),
            (Self::Reading { asked, page, image: None }, Got::Answer { status, body }) => Ok(fetched(asked, page, status, body)),
            (Self::Reading { asked, page, image: Some(_) }, Got::Pressed(button)) => asked.turned(page, button),
            (Self::Signing { asked }, Got::Signature(signature)) => Ok(signed(asked, signature, ground)),
            // Nobody was reached, or the person stopped at the verification: nothing is signed, and the question still stands.
            (Self::Looking { asked }, Got::Answer { .. } | Got::Unreachable) | (Self::Signing { asked }, Got::KeyStoreRefused) => {
                Ok(Self::Showing { asked }.on())
            }
            (Self::Approving { asked, .. }, Got::Answer { status, body }) => Ok(approved(read(status, &body), asked.approval().start)),
            (Self::Declining { reason, .. }, Got::Answer { status, body }) => {
                Ok(Next::End(accepted(status, &body).map_or_else(|outcome| outcome, |()| Outcome::Declined { reason })))
            }
            _ => Err(OutOfTurn::Unexpected),
        }
    }

    const fn on(self) -> Next {
        Next::On(Flow::Approve(self))
    }
}

fn claimed(status: u16, body: &[u8], start: &Start, language: Language, ground: &Ground<'_>) -> Next {
    match read(status, body).map(|claimed| check(&claimed, start, language, ground)) {
        Ok(Ok(asked)) => asked.home(),
        Ok(Err(refusal)) => Next::refuse(refusal),
        Err(outcome) => Next::End(outcome),
    }
}

/// The phone's checks, in order. The server has made its own; these hold against a server that errs or is taken over.
fn check(claimed: &Claimed, start: &Start, language: Language, ground: &Ground<'_>) -> Result<Asked, Refusal> {
    let approval = Approval::parse(&claimed.approval.0).map_err(|_| Refusal::ApprovalNotCanonical)?;
    let checks: [(bool, Refusal); 8] = [
        (is_ours(&approval, ground.memory), Refusal::ApprovalForOther),
        (ground.now <= approval.expires_at, Refusal::ApprovalExpired),
        (!ground.memory.spent.holds(&approval.transaction), Refusal::ApprovalSpent),
        (approval.language == language.as_str(), Refusal::ApprovalLanguage),
        (started_so(&approval, start), Refusal::StartMismatch),
        (documents_fit(&approval, &claimed.documents), Refusal::DocumentsMismatch),
        (message_fits(&approval), Refusal::MessageMismatch),
        (screen::texts(&approval).into_iter().all(is_showable), Refusal::ApprovalUnshowable),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        Some((_, refusal)) => Err(refusal),
        None => Ok(Asked { approval: Canonical(approval), number: None, read: BTreeSet::new(), told: false }),
    }
}

fn is_ours(approval: &Approval, memory: &Memory) -> bool {
    memory.identity.as_ref().is_some_and(|identity| identity.who.as_str() == approval.who)
}

/// A typed code or number can be talked out of somebody over the telephone, so it gives no more than a log-in of level 2, and the service
/// nothing to do afterwards; what is assigned is only ever a signature.
fn started_so(approval: &Approval, start: &Start) -> bool {
    let allowed = match approval.start {
        StartKind::Assigned => approval.kind == ApprovalKind::Signature,
        StartKind::Number | StartKind::TypedCode => {
            approval.kind == ApprovalKind::Login && approval.assurance == Assurance::Loa2 && approval.granted.is_empty()
        }
        StartKind::MovingQr | StartKind::SameDevice => true,
        // Taken by a key in a browser at a desk, and answered there.
        StartKind::Passkey => false,
    };
    approval.start == start.kind() && allowed
}

/// A signature has documents, each with pages, or a service's message; nothing else has any.
fn documents_fit(approval: &Approval, offered: &[u32]) -> bool {
    let named: Vec<u32> = approval.documents.iter().map(|document| document.pages).collect();
    let is_of_documents = approval.kind == ApprovalKind::Signature && approval.signing.is_none();
    named == offered && !named.contains(&0) && named.is_empty() != is_of_documents
}

/// What a service has signed is what this screen shows, and only a signature is one.
fn message_fits(approval: &Approval) -> bool {
    approval.signing.as_ref().is_none_or(|signing| {
        let shown = approval.message.as_deref().map(Digest::of_shown);
        approval.kind == ApprovalKind::Signature && shown.as_deref() == Some(signing.message_digest.as_str())
    })
}

fn fetched(asked: Asked, page: Page, status: u16, body: Vec<u8>) -> Next {
    match accepted(status, &body) {
        Ok(()) if body.starts_with(PNG) => State::Reading { asked, page, image: Some(Octets(body)) }.on(),
        Ok(()) => Next::refuse(Refusal::PageUnreadable),
        Err(outcome) => Next::End(outcome),
    }
}

/// From here on the transaction is spent on this phone, whether or not the server hears of it in this life.
fn signed(asked: Asked, signature: RawSignature, ground: &mut Ground<'_>) -> Next {
    if ground.now > asked.approval().expires_at {
        return Next::refuse(Refusal::ApprovalExpired);
    }
    ground.memory.spent.add(asked.approval().transaction.clone(), asked.approval().expires_at, ground.now);
    State::Approving { asked, signature }.on()
}

/// Only a log-in that began on this phone goes on somewhere, and only to a web page.
fn approved(answer: Result<ApprovedAnswer, Outcome>, start: StartKind) -> Next {
    let is_page = |address: &String| start == StartKind::SameDevice && (address.starts_with("https://") || address.starts_with("http://"));
    Next::End(match answer {
        Ok(answer) => Outcome::Approved { return_to: answer.return_to.filter(is_page) },
        Err(outcome) => outcome,
    })
}

impl Asked {
    const fn approval(&self) -> &Approval {
        &self.approval.0
    }

    fn path(&self, act: &str) -> String {
        format!("/phone/approvals/{}{act}", self.approval().transaction)
    }

    /// Documents with their numbers from 1.
    fn documents(&self) -> impl Iterator<Item = (u32, &handslag_vocab::Document)> {
        (1..).zip(&self.approval().documents)
    }

    fn pages_read(&self, document: u32) -> u32 {
        let read = self.read.iter().filter(|page| page.document == document).count();
        u32::try_from(read).unwrap_or(u32::MAX)
    }

    fn all_read(&self) -> bool {
        self.documents().all(|(number, document)| self.pages_read(number) == document.pages)
    }

    fn has(&self, page: Page) -> bool {
        self.documents().any(|(number, document)| number == page.document && (1..=document.pages).contains(&page.number))
    }

    fn shown(&self) -> Shown {
        let pages_read: Vec<u32> = self.documents().map(|(number, _)| self.pages_read(number)).collect();
        Shown { pages_read: Some(pages_read).filter(|pages| !pages.is_empty()) }
    }

    /// To the question. The server is told first, once, as soon as there is nothing left to read.
    fn home(self) -> Next {
        if self.all_read() && !self.told { State::Telling { asked: self }.on() } else { State::Showing { asked: self }.on() }
    }

    fn can_approve(&self) -> bool {
        self.all_read() && self.told && self.number_field() != NumberField::Empty
    }

    fn number_field(&self) -> NumberField {
        match (self.approval().start, self.number) {
            (StartKind::Number, Some(number)) => NumberField::Typed(number),
            (StartKind::Number, None) => NumberField::Empty,
            _ => NumberField::NotAsked,
        }
    }

    fn pressed(self, button: Button, ground: &mut Ground<'_>) -> Step {
        let in_time = ground.now <= self.approval().expires_at;
        Ok(match button {
            Button::Approve if !self.can_approve() => return Err(OutOfTurn::Button),
            Button::Approve if !in_time => Next::refuse(Refusal::ApprovalExpired),
            Button::Approve => State::Signing { asked: self }.on(),
            Button::Cancel => self.declined(DeclineReason::Cancelled, ground),
            Button::Look => State::Looking { asked: self }.on(),
            Button::NotMe => self.declined(DeclineReason::NotMe, ground),
            Button::Number { number } if self.approval().start == StartKind::Number && (10..=99).contains(&number) => {
                State::Showing { asked: Self { number: Some(number), ..self } }.on()
            }
            Button::Open { document, page: number } => {
                let page = Page { document, number };
                if !self.has(page) {
                    return Err(OutOfTurn::Button);
                }
                State::Reading { asked: self, page, image: None }.on()
            }
            Button::Again | Button::Back | Button::Next | Button::Number { .. } | Button::RemoveHere => return Err(OutOfTurn::Button),
        })
    }

    fn declined(self, reason: DeclineReason, ground: &mut Ground<'_>) -> Next {
        ground.memory.spent.add(self.approval().transaction.clone(), self.approval().expires_at, ground.now);
        State::Declining { asked: self, reason }.on()
    }

    /// Leaving a page forwards is having read it; leaving it backwards is not.
    fn turned(mut self, page: Page, button: Button) -> Step {
        let next = Page { number: page.number.saturating_add(1), ..page };
        Ok(match button {
            Button::Back => self.home(),
            Button::Next => {
                self.read.insert(page);
                if self.has(next) { State::Reading { asked: self, page: next, image: None }.on() } else { self.home() }
            }
            _ => return Err(OutOfTurn::Button),
        })
    }

    fn screen(&self) -> ApprovalScreen {
        let approval = self.approval();
        let requester = approval.requester.clone();
        let documents = self.documents().map(|(number, document)| DocumentShown {
            title: document.title.clone(),
            words: document.words.clone(),
            pages: document.pages,
            pages_read: self.pages_read(number),
        });
        ApprovalScreen {
            who_asks: WhoAsks { id: requester.id, name: requester.name, organisation: requester.organisation },
            what_happens: WhatHappens {
                kind: approval.kind,
                text: approval.text.clone(),
                message: approval.message.clone(),
                words: approval.words(),
                signs_message: approval.signing.is_some(),
                documents: documents.collect(),
                assurance: approval.assurance,
                who: approval.who.clone(),
                expires_at: approval.expires_at,
            },
            granted: approval.granted.iter().map(|granted| SentValue { label: granted.label.clone(), value: granted.value.clone() }).collect(),
            sent: approval.shared.iter().map(|shared| SentValue { label: shared.label.clone(), value: shared.value.clone() }).collect(),
            number: self.number_field(),
            buttons: self.buttons(),
        }
    }

    /// Each document opens at its first unread page.
    fn buttons(&self) -> Vec<Choice> {
        let open = self.documents().map(|(document, content)| {
            let unread = (1..=content.pages).find(|number| !self.read.contains(&Page { document, number: *number }));
            Choice::on(Button::Open { document, page: unread.unwrap_or(1) })
        });
        let approve = Choice { button: Button::Approve, enabled: self.can_approve() };
        open.chain([approve, Choice::on(Button::Cancel), Choice::on(Button::NotMe)]).collect()
    }

    fn page_screen(&self, page: Page, image: Octets) -> PageScreen {
        let document = self.documents().find(|(number, _)| *number == page.document).map(|(_, document)| document);
        PageScreen {
            title: document.map(|document| document.title.clone()).unwrap_or_default(),
            document: page.document,
            page: page.number,
            pages: document.map_or(0, |document| document.pages),
            image,
            buttons: vec![Choice::on(Button::Next), Choice::on(Button::Back)],
        }
    }
}

fn approval_key(memory: &Memory) -> crate::wire::PublicKey {
    // Approving starts only on an enrolled phone; zeroes verify nothing.
    memory.identity.as_ref().map_or(Fixed([0; 65]), |identity| identity.keys.approval)
}

/// The first eight bytes of every PNG file (PNG §5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
