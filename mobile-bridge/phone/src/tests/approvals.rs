//! Log-in and signature.

use handslag_vocab::{Approval, ApprovalKind, Assurance, Granted, StartKind};
use serde_json::json;

use super::{
    kommun::{Kommun, SIG, at, but, claimed, login, problem, signature},
    telefon::Telefon,
};
use crate::{
    Button, Got, OutOfTurn, Outcome, Refusal, Screen, Task, Want,
    wire::{Approve, Bearer, Claim, Claimed, DeclineReason, Octets, Shown, Start},
};

pub(crate) fn qr() -> Task {
    Task::Approve { start: Start::Qr { text: Bearer::new("handslag.x.1.y") } }
}

pub(crate) fn link() -> Task {
    Task::Approve { start: Start::Link { token: Bearer::new("hs_start_x") } }
}

pub(crate) fn assigned() -> Task {
    Task::Approve { start: Start::Assigned { signature: SIG.parse().unwrap() } }
}

fn code(digits: &str) -> Task {
    Task::Approve { start: Start::Code { digits: Bearer::new(digits) } }
}

/// What the phone says to this claim answer.
fn says(task: Task, answer: Claimed) -> Want {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(answer);
    telefon.does(task, &mut kommun)
}

#[track_caller]
fn refuses(task: Task, answer: Claimed, refusal: Refusal) {
    assert_eq!(says(task, answer), Want::Done(Outcome::Refused { refusal }));
}

#[test]
fn a_log_in_is_shown_in_the_fixed_order_and_approved_over_exactly_these_bytes() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    let Want::Show(Screen::Approval(screen)) = telefon.does(qr(), &mut kommun) else { panic!() };
    assert_eq!(kommun.shown, [Shown { pages_read: None }]);
    let members = serde_json::to_string(&screen).unwrap();
    let places = ["\"who_asks\"", "\"what_happens\"", "\"sent\"", "\"buttons\""].map(|member| members.find(member).unwrap());
    assert!(places.is_sorted());
    let value = serde_json::to_value(Screen::Approval(screen)).unwrap();
    assert_eq!(value["screen"], "approval");
    assert_eq!(value["who_asks"], json!({"id": "skolportalen", "name": "Skolportalen", "organisation": "Kvarnby kommun"}));
    assert_eq!(value["sent"], json!([{"label": "Namn", "value": "Åsa Öberg"}]));
    assert_eq!(
        value["buttons"],
        json!([{"button": "approve", "enabled": true}, {"button": "cancel", "enabled": true}, {"button": "not_me", "enabled": true}])
    );
    let done = telefon.presses(Button::Approve, &mut kommun);
    assert_eq!(done, Want::Done(Outcome::Approved { return_to: None }), "a log-in at a desk goes on at the desk");
    assert!(kommun.approved.is_some());
}

/// A log-in after which the service may open a door.
fn letting(start: StartKind, value: &str) -> Approval {
    let (label, of, value) = ("Öppna dörr".to_owned(), "dor_0123456789abcdefghjkmnpqrs".to_owned(), value.to_owned());
    login(start).granting(vec![Granted { label, of, value }])
}

/// RFC 9396: what the service may do afterwards is read before the yes, and is not given for something that was typed.
#[test]
fn what_a_service_may_do_afterwards_is_shown_and_needs_something_near() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&letting(StartKind::MovingQr, "Storgatan 1")));
    let Want::Show(Screen::Approval(screen)) = telefon.does(qr(), &mut kommun) else { panic!() };
    let value = serde_json::to_value(&screen).unwrap();
    assert_eq!(value["granted"], json!([{"label": "Öppna dörr", "value": "Storgatan 1"}]));
    let members = serde_json::to_string(&screen).unwrap();
    let places = ["\"what_happens\"", "\"granted\"", "\"sent\""].map(|member| members.find(member).unwrap());
    assert!(places.is_sorted());
    refuses(qr(), claimed(&letting(StartKind::MovingQr, "Stor\u{202e}gatan")), Refusal::ApprovalUnshowable);
    refuses(code("12345678"), claimed(&letting(StartKind::TypedCode, "Storgatan 1")), Refusal::StartMismatch);
}

#[test]
fn a_log_in_on_the_same_phone_goes_on_to_a_web_page_only() {
    for (address, goes) in [("https://skola.example/", true), ("javascript:alert(1)", false), ("intent://x", false), ("", false)] {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kommun.waiting = Some(claimed(&login(StartKind::SameDevice)));
        kommun.instead.insert("/phone/approvals/approve", super::kommun::ok(&json!({"return_to": address})));
        telefon.does(link(), &mut kommun);
        let done = telefon.presses(Button::Approve, &mut kommun);
        assert_eq!(done, Want::Done(Outcome::Approved { return_to: goes.then(|| address.to_owned()) }));
    }
}

#[test]
fn the_person_can_say_no_in_two_ways() {
    for (button, reason) in [(Button::Cancel, DeclineReason::Cancelled), (Button::NotMe, DeclineReason::NotMe)] {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
        telefon.does(qr(), &mut kommun);
        assert_eq!(telefon.presses(button, &mut kommun), Want::Done(Outcome::Declined { reason }));
        assert_eq!((kommun.declined, kommun.approved), (Some(reason), None));
    }
}

#[test]
fn a_signature_waits_until_every_page_is_read() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&signature()));
    telefon.does(assigned(), &mut kommun);
    let cannot = |telefon: &mut Telefon| {
        let number = telefon.number();
        assert_eq!(telefon.is_told(number, Got::Pressed(Button::Approve)), OutOfTurn::Button);
        let Screen::Approval(screen) = telefon.screen() else { panic!() };
        assert!(screen.buttons.iter().any(|choice| choice.button == Button::Approve && !choice.enabled));
    };
    cannot(&mut telefon);
    telefon.presses(Button::Open { document: 1, page: 1 }, &mut kommun);
    telefon.presses(Button::Next, &mut kommun);
    telefon.presses(Button::Back, &mut kommun);
    cannot(&mut telefon); // page 2 was seen and left backwards
    telefon.presses(Button::Open { document: 2, page: 1 }, &mut kommun);
    telefon.presses(Button::Next, &mut kommun);
    cannot(&mut telefon);
    assert!(kommun.shown.is_empty());
    let Screen::Approval(screen) = telefon.screen() else { panic!() };
    assert_eq!(screen.what_happens.documents.iter().map(|document| document.pages_read).collect::<Vec<_>>(), [1, 1]);
    telefon.presses(Button::Open { document: 1, page: 2 }, &mut kommun);
    telefon.presses(Button::Next, &mut kommun);
    assert_eq!(kommun.shown, [Shown { pages_read: Some(vec![2, 1]) }]);
    telefon.presses(Button::Open { document: 1, page: 1 }, &mut kommun);
    telefon.presses(Button::Back, &mut kommun);
    assert_eq!(kommun.shown.len(), 1, "told once");
    assert_eq!(telefon.presses(Button::Approve, &mut kommun), Want::Done(Outcome::Approved { return_to: None }));
}

#[test]
fn a_page_that_is_not_there_cannot_be_opened_and_one_that_is_no_picture_is_not_shown() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&signature()));
    telefon.does(assigned(), &mut kommun);
    let number = telefon.number();
    for (document, page) in [(0, 1), (3, 1), (1, 0), (1, 3), (2, 2), (u32::MAX, u32::MAX)] {
        assert_eq!(telefon.is_told(number, Got::Pressed(Button::Open { document, page })), OutOfTurn::Button);
    }
    kommun.instead.insert("/phone/approvals/documents/1/pages/1", Got::Answer { status: 200, body: b"<html>".to_vec() });
    let done = telefon.presses(Button::Open { document: 1, page: 1 }, &mut kommun);
    assert_eq!(done, Want::Done(Outcome::Refused { refusal: Refusal::PageUnreadable }));
}

#[test]
fn an_approval_for_another_person_is_refused() {
    let other = but(login(StartKind::MovingQr), |approval| approval.who = "zzzzzzzz@2120009999".to_owned());
    refuses(qr(), claimed(&other), Refusal::ApprovalForOther);
}

#[test]
fn an_expired_approval_is_refused_when_claimed_when_pressed_and_when_signed() {
    refuses(qr(), claimed(&but(login(StartKind::MovingQr), |approval| approval.expires_at = at(-1))), Refusal::ApprovalExpired);
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    telefon.does(qr(), &mut kommun);
    telefon.now = at(301);
    assert_eq!(telefon.presses(Button::Approve, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::ApprovalExpired }));
    telefon.now = at(0);
    telefon.does(qr(), &mut kommun);
    let number = telefon.number();
    let turn = telefon.core.resume(number, Got::Pressed(Button::Approve), &mut crate::Moment { now: at(300), rng: &mut telefon.chance }).unwrap();
    let got = crate::key_store::fulfil(&mut telefon.store, &turn.want, &mut telefon.chance).unwrap();
    let turn = telefon.core.resume(turn.number, got, &mut crate::Moment { now: at(301), rng: &mut telefon.chance }).unwrap();
    assert_eq!(turn.want, Want::Done(Outcome::Refused { refusal: Refusal::ApprovalExpired }), "the person was long at the verification");
    assert!(kommun.approved.is_none());
}

#[test]
fn only_the_one_byte_form_is_shown() {
    let text = String::from_utf8(login(StartKind::MovingQr).to_bytes()).unwrap();
    let spellings = [
        text.replace(",\"kind", ", \"kind"),
        text.replace("Å", "\\u00c5"),
        text.replace("approval/1", "approval/2"),
        text.replace("{\"assurance", "{\"a\":1,\"assurance"),
        text.replacen("\"text\":\"Vill du logga in?\"", "\"text\":\"Vill du?\",\"text\":\"Vill du logga in?\"", 1),
        format!("{text} "),
        String::new(),
    ];
    for spelling in spellings {
        assert_ne!(spelling, text);
        refuses(qr(), Claimed { approval: Octets(spelling.into_bytes()), documents: vec![] }, Refusal::ApprovalNotCanonical);
    }
}

#[test]
fn the_way_it_began_must_be_the_way_it_says_and_allowed_for_it() {
    refuses(qr(), claimed(&login(StartKind::TypedCode)), Refusal::StartMismatch);
    refuses(link(), claimed(&login(StartKind::MovingQr)), Refusal::StartMismatch);
    refuses(code("12345678"), claimed(&but(login(StartKind::TypedCode), |approval| approval.assurance = Assurance::Loa3)), Refusal::StartMismatch);
    refuses(code("12345678"), claimed(&but(signature(), |approval| approval.start = StartKind::TypedCode)), Refusal::StartMismatch);
    refuses(code("12345678"), claimed(&but(login(StartKind::TypedCode), |approval| approval.kind = ApprovalKind::Opening)), Refusal::StartMismatch);
    refuses(assigned(), claimed(&login(StartKind::Assigned)), Refusal::StartMismatch);
    let Want::Show(Screen::Approval(_)) = says(code("12345678"), claimed(&login(StartKind::TypedCode))) else { panic!("a level 2 log-in") };
    for digits in ["1234567", "123456789", "1234567a", "１２３４５６７８", ""] {
        refuses(code(digits), claimed(&login(StartKind::TypedCode)), Refusal::CodeForm);
    }
}

#[test]
fn documents_must_fit_the_approval() {
    let right = claimed(&signature());
    for documents in [vec![], vec![2], vec![1, 1], vec![2, 1, 1], vec![1, 2]] {
        refuses(assigned(), Claimed { documents, ..right.clone() }, Refusal::DocumentsMismatch);
    }
    refuses(assigned(), claimed(&but(signature(), |approval| approval.documents = vec![])), Refusal::DocumentsMismatch);
    let with_documents = but(login(StartKind::MovingQr), |approval| approval.documents = signature().documents);
    refuses(qr(), claimed(&with_documents), Refusal::DocumentsMismatch);
    let mut no_pages = signature();
    no_pages.documents[1].pages = 0;
    refuses(assigned(), claimed(&no_pages), Refusal::DocumentsMismatch);
}

#[test]
fn a_text_that_reads_otherwise_than_it_is_or_in_another_language_is_refused() {
    let mut bent = login(StartKind::MovingQr);
    bent.requester.name = "Skol\u{202e}nelatrop".to_owned();
    refuses(qr(), claimed(&bent), Refusal::ApprovalUnshowable);
    let mut hidden = login(StartKind::MovingQr);
    hidden.shared[0].value = "Åsa\u{200b}".to_owned();
    refuses(qr(), claimed(&hidden), Refusal::ApprovalUnshowable);
    refuses(qr(), claimed(&but(login(StartKind::MovingQr), |approval| approval.language = "en".to_owned())), Refusal::ApprovalLanguage);
}

#[test]
fn an_answered_approval_replayed_gets_no_second_signature() {
    for button in [Button::Approve, Button::NotMe] {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
        telefon.does(qr(), &mut kommun);
        telefon.presses(button, &mut kommun);
        telefon.dies();
        assert_eq!(telefon.does(qr(), &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::ApprovalSpent }));
    }
}

#[test]
fn stopping_at_the_verification_signs_nothing_and_the_question_stands() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    telefon.does(qr(), &mut kommun);
    let number = telefon.number();
    let moment = &mut crate::Moment { now: at(0), rng: &mut telefon.chance };
    let turn = telefon.core.resume(number, Got::Pressed(Button::Approve), moment).unwrap();
    let Want::Sign { verification: crate::Verification::Fresh, .. } = turn.want else { panic!("verified anew at each use") };
    let turn = telefon.core.resume(turn.number, Got::KeyStoreRefused, moment).unwrap();
    let Want::Show(Screen::Approval(_)) = &turn.want else { panic!() };
    telefon.turn = Some(turn);
    assert_eq!(telefon.presses(Button::Approve, &mut kommun), Want::Done(Outcome::Approved { return_to: None }));
}

#[test]
fn the_servers_refusal_reaches_the_person_in_its_own_words() {
    for path in ["/phone/approvals", "/phone/approvals/shown", "/phone/approvals/approve"] {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
        kommun.instead.insert(path, problem(409, "approval_expired"));
        let mut want = telefon.does(qr(), &mut kommun);
        if matches!(want, Want::Show(_)) {
            want = telefon.presses(Button::Approve, &mut kommun);
        }
        let Want::Done(Outcome::RefusedByServer { problem, status: 409 }) = want else { panic!("{path}") };
        assert_eq!(problem.sv, "Det gick inte.");
    }
}

#[test]
fn requests_with_unknown_or_foreign_members_are_refused() {
    let claims = [
        r#"{"language":"sv","start":{"by":"qr","text":"x"}}"#,
        r#"{"language":"sv","start":{"by":"assigned","signature":"sig_0123456789abcdefghjkmnpqrs"}}"#,
    ];
    for right in claims {
        assert!(serde_json::from_str::<Claim>(right).is_ok(), "{right}");
    }
    let wrongs = [
        r#"{"language":"sv","start":{"by":"qr","text":"x"},"who":"y"}"#,
        r#"{"language":"sv","start":{"by":"qr","text":"x","digits":"1"}}"#,
        r#"{"language":"sv","start":{"by":"name","text":"x"}}"#,
        r#"{"language":"sv","start":{"by":"assigned","signature":"txn_0123456789abcdefghjkmnpqrs"}}"#,
        r#"{"start":{"by":"qr","text":"x"}}"#,
    ];
    for wrong in wrongs {
        assert!(serde_json::from_str::<Claim>(wrong).is_err(), "{wrong}");
    }
    assert!(serde_json::from_str::<Approve>(r#"{"signature":{"by":"app","signature":"AAAA"}}"#).is_err(), "64 bytes or none");
    assert!(serde_json::from_str::<Shown>(r#"{"pages_read":[-1]}"#).is_err());
}
