//! The phone is killed at every want of every flow, before the want is done and after it is done but not heard of. It goes on
//! from what was saved and comes to the same end, and nothing has happened twice.

use handslag_vocab::StartKind;

use super::{
    approvals::{assigned, link, qr},
    doors::{Lock, unlock},
    kommun::{Kommun, LOCK, at, claimed, login, signature},
    telefon::{Kill, Telefon, enrol},
};
use crate::{Button, Got, Outcome, Screen, Task, Want, wire::Wallet};

/// Runs the story unkilled, then once for each kill, and compares the end.
fn survives(story: impl Fn(Kill) -> (Outcome, usize)) {
    let (end, wants) = story(Kill::Never);
    assert!(wants > 1);
    for number in 0..wants {
        for kill in [Kill::Before(number), Kill::After(number)] {
            assert_eq!(story(kill).0, end, "{kill:?}");
        }
    }
}

/// Counts from the first want of the story itself.
fn kills(telefon: &mut Telefon, kill: Kill) {
    telefon.kill = kill;
    telefon.wants = 0;
}

fn end(want: Want) -> Outcome {
    let Want::Done(outcome) = want else { panic!("{want:?}") };
    outcome
}

#[test]
fn enrolment() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::new(&kommun);
        kills(&mut telefon, kill);
        let done = end(telefon.does(enrol(), &mut kommun));
        assert_eq!(telefon.core.identity().map(|identity| &identity.keys), kommun.keys.as_ref());
        assert_eq!(crate::KeyStore::public_keys(&telefon.store), kommun.keys);
        (done, telefon.wants)
    });
}

#[test]
fn log_in() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kills(&mut telefon, kill);
        kommun.waiting = Some(claimed(&login(StartKind::SameDevice)));
        let Want::Show(Screen::Approval(_)) = telefon.does(link(), &mut kommun) else { panic!() };
        let done = end(telefon.presses(Button::Approve, &mut kommun));
        assert!(kommun.approved.is_some());
        (done, telefon.wants)
    });
}

#[test]
fn a_no() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kills(&mut telefon, kill);
        kommun.waiting = Some(claimed(&login(StartKind::MovingQr)));
        telefon.does(qr(), &mut kommun);
        (end(telefon.presses(Button::NotMe, &mut kommun)), telefon.wants)
    });
}

#[test]
fn a_signature_with_reading() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kills(&mut telefon, kill);
        kommun.waiting = Some(claimed(&signature()));
        telefon.does(assigned(), &mut kommun);
        telefon.presses(Button::Open { document: 1, page: 1 }, &mut kommun);
        telefon.presses(Button::Next, &mut kommun);
        telefon.presses(Button::Next, &mut kommun);
        telefon.presses(Button::Open { document: 2, page: 1 }, &mut kommun);
        telefon.presses(Button::Next, &mut kommun);
        assert!(kommun.shown.iter().all(|shown| shown.pages_read == Some(vec![2, 1])));
        (end(telefon.presses(Button::Approve, &mut kommun)), telefon.wants)
    });
}

#[test]
fn a_visit_from_wallet_to_outbox() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kills(&mut telefon, kill);
        kommun.wallet = Some(Wallet { doors: vec![kommun.wallet_door(LOCK, -600)], synced_at: at(0) });
        telefon.does(Task::Sync, &mut kommun);
        let mut lock = Lock::new(&kommun, 0);
        let Want::ToLock { pass, request } = telefon.does(unlock(LOCK, 30), &mut kommun) else { panic!() };
        let heard: Got = lock.hears(&pass, &request);
        assert_eq!(end(telefon.answers(heard, &mut kommun)), Outcome::Opened { receipt: true });
        let done = end(telefon.does(Task::Upload, &mut kommun));
        assert_eq!((kommun.receipts.len(), kommun.logs.len(), telefon.core.waiting_in_outbox()), (1, 1, 0));
        (done, telefon.wants)
    });
}

#[test]
fn questions_without_side_effects() {
    for task in [Task::Inbox, Task::Transparency] {
        survives(|kill| {
            let mut kommun = Kommun::new();
            let mut telefon = Telefon::enrolled(&mut kommun);
            kills(&mut telefon, kill);
            (end(telefon.does(task.clone(), &mut kommun)), telefon.wants)
        });
    }
}

/// The server gives a phone that it has already removed the same answer again, so the phone knows that it was told.
#[test]
fn removal() {
    survives(|kill| {
        let mut kommun = Kommun::new();
        let mut telefon = Telefon::enrolled(&mut kommun);
        kills(&mut telefon, kill);
        let done = end(telefon.does(Task::Remove, &mut kommun));
        assert_eq!(done, Outcome::Removed { server_told: true });
        assert!(kommun.removed && !telefon.has_keys() && telefon.core.identity().is_none());
        (done, telefon.wants)
    });
}
