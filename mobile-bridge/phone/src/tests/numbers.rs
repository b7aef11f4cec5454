//! Log-ins that a service asks for: the number of its screen, its words, and whether the question still stands.

use handslag_vocab::{Assurance, MessageType, StartKind};
use serde_json::json;

use super::{
    approvals::qr,
    kommun::{Kommun, TXN, but, claimed, login, problem},
    telefon::Telefon,
};
use crate::{
    Button, Got, NumberField, OutOfTurn, Outcome, Refusal, Screen, Task, Want,
    wire::{Approve, Claim, DeclineReason, Start},
};

fn asked() -> Task {
    Task::Approve { start: Start::Asked { approval: TXN.parse().unwrap() } }
}

fn waiting() -> (Kommun, Telefon) {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::Number).saying(Some("Kassa 3".to_owned()), MessageType::Plain)));
    telefon.does(asked(), &mut kommun);
    (kommun, telefon)
}

/// Attack 25.
#[test]
fn nobody_says_yes_without_the_number_of_the_other_screen() {
    let (mut kommun, mut telefon) = waiting();
    let Screen::Approval(screen) = telefon.screen() else { panic!() };
    assert_eq!((screen.number, screen.what_happens.message.as_deref()), (NumberField::Empty, Some("Kassa 3")));
    let number = telefon.number();
    assert_eq!(telefon.is_told(number, Got::Pressed(Button::Approve)), OutOfTurn::Button);
    for wrong in [0, 9, 100, 255] {
        assert_eq!(telefon.is_told(number, Got::Pressed(Button::Number { number: wrong })), OutOfTurn::Button, "{wrong}");
    }
    for typed in [12, 47] {
        telefon.presses(Button::Number { number: typed }, &mut kommun);
    }
    telefon.turn = telefon.dies();
    let Want::Done(Outcome::Approved { return_to: None }) = telefon.presses(Button::Approve, &mut kommun) else { panic!() };
    assert_eq!(kommun.number, Some(47), "the one typed last, also after a kill");
}

#[test]
fn a_no_needs_no_number() {
    for (button, reason) in [(Button::Cancel, DeclineReason::Cancelled), (Button::NotMe, DeclineReason::NotMe)] {
        let (mut kommun, mut telefon) = waiting();
        assert_eq!(telefon.presses(button, &mut kommun), Want::Done(Outcome::Declined { reason }));
    }
}

#[test]
fn other_questions_have_no_number_and_this_one_gives_no_more_than_level_2() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    telefon.does(qr(), &mut kommun);
    let number = telefon.number();
    assert_eq!(telefon.is_told(number, Got::Pressed(Button::Number { number: 47 })), OutOfTurn::Button);
    let Screen::Approval(screen) = telefon.screen() else { panic!() };
    assert_eq!(screen.number, NumberField::NotAsked);
    telefon.presses(Button::Approve, &mut kommun);
    assert_eq!(kommun.number, None);
    let high = but(login(StartKind::Number), |approval| approval.assurance = Assurance::Loa3);
    let bent = login(StartKind::Number).saying(Some("Kassa\u{202e}3".to_owned()), MessageType::Plain);
    let refused = [
        (high, Refusal::StartMismatch),
        (login(StartKind::MovingQr), Refusal::StartMismatch),
        (login(StartKind::Assigned), Refusal::StartMismatch),
        (bent, Refusal::ApprovalUnshowable),
    ];
    for (approval, refusal) in refused {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kommun.waiting = Some(claimed(&approval));
        assert_eq!(telefon.does(asked(), &mut kommun), Want::Done(Outcome::Refused { refusal }));
    }
}

/// MB-07.
#[test]
fn what_was_ended_at_the_other_screen_ends_here_and_a_lost_network_ends_nothing() {
    let (mut kommun, mut telefon) = waiting();
    telefon.presses(Button::Number { number: 47 }, &mut kommun);
    for lost in [Got::Unreachable, Got::Answer { status: 503, body: Vec::new() }] {
        kommun.instead.insert("/phone/approvals", lost);
        telefon.presses(Button::Look, &mut kommun);
        let Screen::Approval(screen) = telefon.screen() else { panic!("the question stands") };
        assert_eq!(screen.number, NumberField::Typed(47));
    }
    telefon.reachable = false;
    telefon.presses(Button::Look, &mut kommun);
    assert!(matches!(telefon.screen(), Screen::Approval(_)));
    telefon.reachable = true;
    kommun.instead.clear();
    telefon.presses(Button::Look, &mut kommun);
    assert!(matches!(telefon.screen(), Screen::Approval(_)));
    kommun.instead.insert("/phone/approvals", problem(410, "approval_aborted"));
    let Want::Done(Outcome::RefusedByServer { status: 410, .. }) = telefon.presses(Button::Look, &mut kommun) else { panic!("ended") };
    assert_eq!(kommun.approved, None);
}

#[test]
fn the_inbox_tells_what_still_waits() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let Want::Done(Outcome::Inbox(inbox)) = telefon.does(Task::Inbox, &mut kommun) else { panic!() };
    assert_eq!((inbox.items.len(), inbox.log_ins.len()), (1, 1), "what has expired is not offered");
}

#[test]
fn the_wire_takes_a_number_and_nothing_else_beside() {
    let claim = format!(r#"{{"language":"sv","start":{{"by":"asked","approval":"{TXN}"}}}}"#);
    assert!(serde_json::from_str::<Claim>(&claim).is_ok());
    assert!(serde_json::from_str::<Claim>(&claim.replace("txn_", "sig_")).is_err());
    let approve = json!({ "number": 47, "signature": { "by": "app", "signature": "A".repeat(86) } });
    assert_eq!(serde_json::from_value::<Approve>(approve.clone()).unwrap().number, Some(47));
    for wrong in [json!(-1), json!("47"), json!(256), json!(4.7)] {
        let mut approve = approve.clone();
        approve["number"] = wrong;
        assert!(serde_json::from_value::<Approve>(approve).is_err());
    }
}
