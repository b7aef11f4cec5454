//! Enrolment and removal.

use handslag_vocab::Seconds;

use super::{
    kommun::{Kommun, empty, ok, problem, transparency, who},
    telefon::{Telefon, enrol},
};
use crate::{
    Button, Got, Outcome, PublicKeys, Refusal, Screen, Structure, Task, Want,
    wire::{Bearer, EnrolStart, EnrolledKey, EnrolmentStatement, Fixed, KeyUse, Tier},
};

#[test]
fn a_worker_enrols_with_three_proved_keys() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::new(&kommun);
    let done = telefon.does(enrol(), &mut kommun);
    assert_eq!(done, Want::Done(Outcome::Enrolled { clock_behind: Seconds(90), tier: Tier::T2 }));
    let identity = telefon.core.identity().unwrap();
    assert_eq!((&identity.who, identity.name.as_str()), (&who(), "Åsa Öberg"));
    assert_eq!(Some(&identity.keys), kommun.keys.as_ref());
}

#[test]
fn a_spent_invitation_leaves_no_trace() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::new(&kommun);
    let before = telefon.core.save();
    let task = Task::Enrol { invitation: Bearer::new("hs_invite_old"), terms_version: "1".to_owned() };
    let Want::Done(Outcome::RefusedByServer { problem, status: 410 }) = telefon.does(task, &mut kommun) else { panic!() };
    assert_eq!(problem.code, "invitation_spent");
    assert!(!telefon.has_keys());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().split("\"turn\"").next().unwrap().to_owned();
    assert_eq!(text(telefon.core.save()), text(before));
}

#[test]
fn keys_are_destroyed_when_the_server_refuses_them() {
    for refusal in
        [problem(403, "attestation_signature"), Got::Answer { status: 200, body: b"{}".to_vec() }, Got::Answer { status: 302, body: vec![] }]
    {
        let mut kommun = Kommun::new();
        kommun.instead.insert("/phone/enrol/finish", refusal);
        let mut telefon = Telefon::new(&kommun);
        let Want::Done(Outcome::RefusedByServer { .. } | Outcome::Refused { refusal: Refusal::AnswerUnreadable }) =
            telefon.does(enrol(), &mut kommun)
        else {
            panic!()
        };
        assert!(!telefon.has_keys() && telefon.core.identity().is_none());
    }
}

#[test]
fn giving_up_without_network_destroys_the_keys() {
    let mut kommun = Kommun::new();
    kommun.instead.insert("/phone/enrol/finish", Got::Unreachable);
    let mut telefon = Telefon::new(&kommun);
    let Want::Show(Screen::NoNetwork { .. }) = telefon.does(enrol(), &mut kommun) else { panic!() };
    assert!(telefon.has_keys());
    assert_eq!(telefon.presses(Button::Cancel, &mut kommun), Want::Done(Outcome::Abandoned));
    assert!(!telefon.has_keys());
}

#[test]
fn one_phone_has_one_identity_and_nothing_goes_without() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::new(&kommun);
    for task in [Task::Inbox, Task::Remove, Task::Sync, Task::Transparency, Task::Upload] {
        assert_eq!(telefon.does(task, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::NotEnrolled }));
    }
    telefon.does(enrol(), &mut kommun);
    assert_eq!(telefon.does(enrol(), &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::AlreadyEnrolled }));
}

#[test]
fn three_keys_that_are_not_three_are_refused() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::new(&kommun);
    kommun.instead.insert("/phone/enrol/start", Got::Unreachable);
    telefon.does(enrol(), &mut kommun);
    kommun.instead.clear();
    let mut turn = telefon.core.again(&mut crate::Moment { now: telefon.now, rng: &mut telefon.chance }).unwrap();
    let Want::Send(request) = &turn.want else { panic!() };
    let got = kommun.answer(request);
    for got in [got, Got::PublicKeys(PublicKeys { approval: Fixed([4; 65]), device: Fixed([4; 65]), door: Fixed([5; 65]) }), Got::Forgotten] {
        turn = telefon.core.resume(turn.number, got, &mut crate::Moment { now: telefon.now, rng: &mut telefon.chance }).unwrap();
    }
    assert_eq!(turn.want, Want::Done(Outcome::Refused { refusal: Refusal::KeysNotDifferent }));
}

#[test]
fn a_key_proved_for_one_use_is_not_proved_for_another() {
    let mut kommun = Kommun::new();
    let telefon = Telefon::enrolled(&mut kommun);
    let keys = &telefon.core.identity().unwrap().keys;
    let statement = EnrolmentStatement::new(Fixed([3; 32]), KeyUse::Device, keys.device);
    assert_eq!(Structure::of(&statement.to_bytes()), Some(Structure::Enrolment(KeyUse::Device)));
    let mut store = telefon.store;
    let signature = crate::KeyStore::sign(&mut store, KeyUse::Device, &statement.to_bytes(), crate::Verification::None).unwrap();
    let key = |key_use, public_key| EnrolledKey { key_use, public_key, signature };
    assert!(key(KeyUse::Device, keys.device).check(Fixed([3; 32])).is_ok());
    assert!(key(KeyUse::Device, keys.device).check(Fixed([4; 32])).is_err(), "another challenge");
    assert!(key(KeyUse::Approval, keys.device).check(Fixed([3; 32])).is_err(), "another use");
    assert!(key(KeyUse::Device, keys.door).check(Fixed([3; 32])).is_err(), "another key");
    let three = [key(KeyUse::Device, keys.device), key(KeyUse::Approval, keys.approval), key(KeyUse::Door, keys.door)];
    assert_eq!(PublicKeys::from_enrolled(&three).as_ref(), Some(keys));
    assert!(PublicKeys::from_enrolled(&three[..2]).is_none());
    assert!(PublicKeys::from_enrolled(&[three.as_slice(), &three[..1]].concat()).is_none());
    assert!(PublicKeys::from_enrolled(&[three[0].clone(), key(KeyUse::Approval, keys.device), three[2].clone()]).is_none());
}

#[test]
fn a_request_with_an_unknown_member_is_refused() {
    let right = r#"{"invitation":"hs_invite_x","language":"sv","terms_version":"1"}"#;
    assert!(serde_json::from_str::<EnrolStart>(right).is_ok());
    for wrong in [
        right.replace("{\"inv", "{\"admin\":true,\"inv"),
        right.replace("\"sv\"", "\"fi\""),
        right.replace("\"terms_version\":\"1\"", "\"terms\":\"1\""),
    ] {
        assert!(serde_json::from_str::<EnrolStart>(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_worker_sees_what_the_employer_sees_and_removes_it_with_one_tap() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    assert_eq!(telefon.does(Task::Transparency, &mut kommun), Want::Done(Outcome::Transparency(Box::new(transparency()))));
    assert_eq!(telefon.does(Task::Remove, &mut kommun), Want::Done(Outcome::Removed { server_told: true }));
    assert!(kommun.removed && !telefon.has_keys() && telefon.core.identity().is_none());
}

#[test]
fn removal_works_without_network_and_says_that_nobody_was_told() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    telefon.reachable = false;
    telefon.does(Task::Remove, &mut kommun);
    assert_eq!(telefon.presses(Button::RemoveHere, &mut kommun), Want::Done(Outcome::Removed { server_told: false }));
    assert!(!kommun.removed && !telefon.has_keys() && telefon.core.identity().is_none());
}

#[test]
fn removal_works_on_a_phone_that_the_server_has_blocked() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.instead.insert("/phone", problem(403, "phone_ended"));
    assert_eq!(telefon.does(Task::Remove, &mut kommun), Want::Done(Outcome::Removed { server_told: false }));
    assert!(!telefon.has_keys());
}

#[test]
fn only_a_removal_can_be_ended_by_removing_here() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    telefon.reachable = false;
    telefon.does(Task::Inbox, &mut kommun);
    let number = telefon.number();
    assert_eq!(telefon.is_told(number, Got::Pressed(Button::RemoveHere)), crate::OutOfTurn::Button);
    telefon.reachable = true;
    let Want::Done(Outcome::Inbox(inbox)) = telefon.presses(Button::Again, &mut kommun) else { panic!() };
    assert_eq!(inbox.items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["Protokoll"], "what has expired is not offered");
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.instead.insert("/phone/transparency", Got::Answer { status: 503, body: b"<html>".to_vec() });
    let Want::Show(Screen::NoNetwork { .. }) = telefon.does(Task::Transparency, &mut kommun) else { panic!() };
    kommun.instead.insert("/phone/transparency", ok(&transparency()));
    assert_eq!(telefon.presses(Button::Again, &mut kommun), Want::Done(Outcome::Transparency(Box::new(transparency()))));
    kommun.instead.insert("/phone/transparency", empty());
    assert_eq!(telefon.does(Task::Transparency, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::AnswerUnreadable }));
}
