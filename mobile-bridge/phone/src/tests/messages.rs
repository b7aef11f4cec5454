//! What a service says, and what it has signed that is no document.

use handslag_vocab::{Approval, ApprovalKind, Assurance, Digest, MessageType, StartKind, ToSign};

use super::{
    approvals::qr,
    kommun::{Kommun, but, claimed, login, signature},
    telefon::Telefon,
};
use crate::{Outcome, Refusal, Screen, Want, WhatHappens};

const MESSAGE: &str = "Jag godkänner **avtalet** <b>";

/// A signature of what a service says.
fn signs() -> Approval {
    let signing = ToSign { message_digest: Digest::of_shown(MESSAGE), nonce: Some("n".to_owned()), tbs_data: Some(Digest::of(b"data")) };
    let signature = but(login(StartKind::MovingQr), |approval| approval.kind = ApprovalKind::Signature);
    signature.saying(Some(MESSAGE.to_owned()), MessageType::Markdown).signing(Some(signing))
}

fn says(approval: &Approval) -> Want {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(approval));
    telefon.does(qr(), &mut kommun)
}

#[track_caller]
fn shown(approval: &Approval) -> WhatHappens {
    let Want::Show(Screen::Approval(screen)) = says(approval) else { panic!("it is not shown") };
    screen.what_happens
}

#[track_caller]
fn refuses(approval: &Approval, refusal: Refusal) {
    assert_eq!(says(approval), Want::Done(Outcome::Refused { refusal }));
}

#[test]
fn what_is_signed_is_shown_as_the_services_words_and_never_as_markup() {
    let happens = shown(&signs());
    assert!(happens.signs_message && happens.kind == ApprovalKind::Signature);
    let texts: Vec<(&str, bool)> = happens.words[0].lines[0].iter().map(|span| (span.text.as_str(), span.strong)).collect();
    assert_eq!(texts, [("Jag godkänner ", false), ("avtalet", true), (" <b>", false)]);
    let plain = shown(&login(StartKind::MovingQr).saying(Some(MESSAGE.to_owned()), MessageType::Plain));
    assert!(!plain.signs_message);
    assert_eq!(plain.words[0].lines[0][0].text, MESSAGE);
}

#[test]
fn what_is_signed_is_what_is_shown() {
    refuses(&but(signs(), |approval| approval.message = Some("Något annat".to_owned())), Refusal::MessageMismatch);
    refuses(&but(signs(), |approval| approval.message = None), Refusal::MessageMismatch);
    refuses(&but(signs(), |approval| approval.kind = ApprovalKind::Login), Refusal::MessageMismatch);
    refuses(&but(signs(), |approval| approval.documents = signature().documents), Refusal::DocumentsMismatch);
    refuses(&but(signs(), |approval| approval.start = StartKind::TypedCode), Refusal::StartMismatch);
    refuses(&but(signs(), |approval| approval.signing = None), Refusal::DocumentsMismatch);
    let typed = but(signs(), |approval| (approval.start, approval.assurance) = (StartKind::TypedCode, Assurance::Loa2));
    refuses(&typed, Refusal::StartMismatch);
}
