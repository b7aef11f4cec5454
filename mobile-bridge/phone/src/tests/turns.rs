//! What a shell may not do: late, doubled, replayed and foreign answers.

use super::{
    approvals::qr,
    kommun::{Kommun, but, claimed, empty, login},
    telefon::{Telefon, enrol},
};
use crate::{Button, Core, Got, Moment, OutOfTurn, Task, Turn, Want, key_store, wire::Fixed};
use handslag_vocab::StartKind;

#[test]
fn nothing_is_taken_when_nothing_runs_and_no_task_pushes_another_aside() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let number = telefon.number();
    assert_eq!(telefon.is_told(number, empty()), OutOfTurn::Idle);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    telefon.does(qr(), &mut kommun);
    let moment = &mut Moment { now: telefon.now, rng: &mut telefon.chance };
    assert_eq!(telefon.core.start(Task::Inbox, moment), Err(OutOfTurn::Busy));
    assert!(telefon.core.abandon(moment).is_ok());
    assert!(telefon.core.start(Task::Inbox, moment).is_ok());
}

#[test]
fn a_doubled_tap_does_not_approve_what_comes_next() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    telefon.does(qr(), &mut kommun);
    let first = telefon.number();
    telefon.presses(Button::Cancel, &mut kommun);
    let other = but(login(StartKind::MovingQr), |approval| approval.transaction = "txn_1123456789abcdefghjkmnpqrs".parse().unwrap());
    kommun.waiting = Some(claimed(&other));
    kommun.instead.insert("/phone/approvals/txn_1123456789abcdefghjkmnpqrs/shown", empty());
    telefon.does(qr(), &mut kommun);
    assert_eq!(telefon.is_told(first, Got::Pressed(Button::Approve)), OutOfTurn::Turn);
}

/// Every want of an enrolment and a log-in, answered with everything but what it wants.
#[test]
fn at_every_want_every_other_answer_is_refused_and_changes_nothing() {
    let mut kommun = Kommun::new();
    kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
    let mut telefon = Telefon::new(&kommun);
    for task in [enrol(), qr()] {
        let mut turn = telefon.core.start(task, &mut Moment { now: telefon.now, rng: &mut telefon.chance }).unwrap();
        while !matches!(turn.want, Want::Done(_)) {
            refuses_all_others(&mut telefon, &turn);
            let got = match &turn.want {
                Want::Send(request) => kommun.answer(request),
                Want::Show(_) => Got::Pressed(Button::Approve),
                want => key_store::fulfil(&mut telefon.store, want, &mut telefon.chance).unwrap(),
            };
            assert_eq!(telefon.is_told(turn.number + 1, got.clone()), OutOfTurn::Turn);
            assert_eq!(telefon.is_told(turn.number - 1, got.clone()), OutOfTurn::Turn);
            let late = (turn.number, got.clone());
            turn = telefon.core.resume(turn.number, got, &mut Moment { now: telefon.now, rng: &mut telefon.chance }).unwrap();
            if !matches!(turn.want, Want::Done(_)) {
                assert_eq!(telefon.is_told(late.0, late.1), OutOfTurn::Turn, "the same answer twice");
            }
        }
    }
}

fn refuses_all_others(telefon: &mut Telefon, turn: &Turn) {
    let (sends, signs, shows) = (matches!(turn.want, Want::Send(_)), matches!(turn.want, Want::Sign { .. }), matches!(turn.want, Want::Show(_)));
    let others = [
        (empty(), sends),
        (Got::Unreachable, sends),
        (Got::Forgotten, false),
        (Got::LockSilent, false),
        (Got::FromLock { denied: None, logs: vec![], receipt: None }, false),
        (Got::Pressed(Button::RemoveHere), false),
        (Got::Pressed(Button::Next), false),
        (Got::Signature(Fixed([1; 64])), false), // never the right one
    ];
    for (got, fits) in others {
        if !fits {
            let told = telefon.is_told(turn.number, got.clone());
            let expected = match got {
                Got::Signature(_) if signs => OutOfTurn::Signature,
                Got::Pressed(_) if shows => OutOfTurn::Button,
                _ => OutOfTurn::Unexpected,
            };
            assert_eq!(told, expected, "{got:?} at {:?}", turn.want);
        }
    }
}

#[test]
fn a_state_that_is_not_ours_is_not_restored() {
    let mut kommun = Kommun::new();
    let telefon = Telefon::enrolled(&mut kommun);
    let text = String::from_utf8(telefon.core.save()).unwrap();
    assert!(Core::restore(text.as_bytes()).is_ok());
    let wrongs =
        [text.replace("phone/1", "phone/2"), text.replace("{\"flow\"", "{\"extra\":1,\"flow\""), text[..text.len() - 1].to_owned(), String::new()];
    for wrong in wrongs {
        assert!(Core::restore(wrong.as_bytes()).is_err());
    }
}

#[test]
fn a_killed_request_goes_on_only_with_a_new_proof() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let moment = &mut Moment { now: telefon.now, rng: &mut telefon.chance };
    let turn = telefon.core.start(Task::Inbox, moment).unwrap();
    let got = key_store::fulfil(&mut telefon.store, &turn.want, moment.rng).unwrap();
    telefon.core = Core::restore(&telefon.core.save()).unwrap();
    assert_eq!(telefon.core.resume(turn.number, got, moment), Err(OutOfTurn::Unexpected));
    let Want::Sign { bytes, .. } = telefon.core.again(moment).unwrap().want else { panic!() };
    let Want::Sign { bytes: before, .. } = turn.want else { panic!() };
    assert_ne!(bytes, before);
}
