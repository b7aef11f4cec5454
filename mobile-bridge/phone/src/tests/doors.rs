//! Wallet, doors and what is carried home. The lock decides by the door crate, so what the phone says is what a lock takes.

use handslag_door::{
    Chain, Challenge, Class, Decision, Deny, IssuerKey, Kid, LockClock, LockId as DoorLock, LockState, Nonce, Op, Reason, Receipt, Ticks, Uses,
    decide, log::Event,
};
use handslag_vocab::{Seconds, UnixTime};

use super::{
    kommun::{DOOR, Kommun, LOCK, NOW, at, ok},
    telefon::Telefon,
};
use crate::{
    Got, OutOfTurn, Outcome, PassFault, Refusal, Task, Verification, Want, When, key_store,
    wire::{Fixed, KeyUse, Octets, OutboxAnswer, Wallet},
};

pub(crate) const NONCE: [u8; 16] = [9; 16];

pub(crate) fn unlock(lock: [u8; 8], verified_ago: i64) -> Task {
    let door = DOOR.parse().unwrap();
    Task::Unlock { door, lock: Fixed(lock), nonce: NONCE, op: Op::Unlock, reason: None, verified_ago: Seconds(verified_ago) }
}

pub(crate) struct Lock {
    state: LockState,
    chain: Chain,
}

impl Lock {
    /// Its clock stands at `offset` from the beginning of the story.
    pub(crate) fn new(kommun: &Kommun, offset: i64) -> Self {
        let key = *kommun.issuer.verifying_key();
        let issuer = IssuerKey { kid: Kid::of(&key), iss: "se:kvarnby".try_into().unwrap(), key, nbf: 0, exp: u64::MAX, revoked_at: None };
        let state = LockState {
            lock: DoorLock(LOCK),
            groups: handslag_door::heapless::Vec::new(),
            issuers: handslag_door::heapless::Vec::from_slice(&[issuer]).unwrap(),
            min_iat: 0,
            revoked: None,
            clock: LockClock::set(u64::try_from(NOW + offset).unwrap(), 5, Ticks(0)),
            uses: Uses::default(),
        };
        Self { state, chain: Chain::begin(DoorLock(LOCK), [1; 32]) }
    }

    pub(crate) fn hears(&mut self, pass: &[u8], request: &[u8]) -> Got {
        let outstanding = [Challenge { nonce: Nonce(NONCE), issued: Ticks(0) }];
        let decision = decide(&self.state, &outstanding, pass, request, Ticks(500));
        let receipt = Event::of(&decision, &self.state, request, Ticks(500)).map(|event| {
            let before = self.chain.head();
            let (chain, record) = self.chain.append(event).unwrap();
            self.chain = chain;
            let request = handslag_door::request::RequestBytes::from_slice(request).unwrap();
            Receipt { lock: DoorLock(LOCK), before, record, request }.to_bytes().unwrap().to_vec()
        });
        let denied = match decision {
            Decision::Allow(_) => None,
            Decision::Deny { code, .. } => Some(code),
        };
        Got::FromLock { denied, logs: vec![b"sealed".to_vec()], receipt }
    }
}

/// A phone with one pass, open now.
fn ready() -> (Kommun, Telefon) {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    kommun.wallet = Some(Wallet { doors: vec![kommun.wallet_door(LOCK, -600)], synced_at: at(0) });
    assert_eq!(telefon.does(Task::Sync, &mut kommun), Want::Done(Outcome::Synced { doors: 1, left_out: vec![] }));
    telefon.reachable = false; // a basement
    (kommun, telefon)
}

fn to_lock(want: Want) -> (Vec<u8>, Vec<u8>) {
    let Want::ToLock { pass, request } = want else { panic!("{want:?}") };
    (pass, request)
}

#[test]
fn a_door_opens_in_a_basement_and_the_receipt_is_carried_home() {
    let (mut kommun, mut telefon) = ready();
    let mut lock = Lock::new(&kommun, 0);
    let (pass, request) = to_lock(telefon.does(unlock(LOCK, 30), &mut kommun));
    let got = lock.hears(&pass, &request);
    assert_eq!(telefon.answers(got, &mut kommun), Want::Done(Outcome::Opened { receipt: true }));
    assert_eq!(telefon.core.waiting_in_outbox(), 2);
    telefon.dies();
    telefon.reachable = true;
    assert_eq!(telefon.does(Task::Upload, &mut kommun), Want::Done(Outcome::Uploaded { left: 0 }));
    let receipt = Receipt::from_bytes(&kommun.receipts.first().unwrap().0).unwrap();
    assert!(receipt.verify(&Chain::begin(DoorLock(LOCK), [1; 32])).is_ok());
    assert_eq!(kommun.logs.first().unwrap().0, b"sealed");
    assert_eq!(telefon.does(Task::Upload, &mut kommun), Want::Done(Outcome::Uploaded { left: 0 }));
    assert_eq!(kommun.paths.iter().filter(|path| path.contains("outbox")).count(), 1, "nothing to carry, nothing sent");
}

#[test]
fn the_lock_decides_and_its_refusal_can_be_said_in_a_sentence() {
    let (mut kommun, mut telefon) = ready();
    let mut lock = Lock::new(&kommun, -3_000);
    let (pass, request) = to_lock(telefon.does(unlock(LOCK, 30), &mut kommun));
    let got = lock.hears(&pass, &request);
    let Want::Done(Outcome::RefusedByLock(refusal)) = telefon.answers(got, &mut kommun) else { panic!() };
    assert_eq!((refusal.code.as_str(), refusal.from, refusal.until), ("E_TIME", Some(at(-600)), Some(at(3_000))));
    assert_eq!(refusal.clock, Some(at(-3_000)), "rounded down to whole seconds");
    assert_eq!(telefon.core.waiting_in_outbox(), 2, "a refusal of the own pass is written down too");
}

#[test]
fn another_lock_gets_neither_pass_nor_signature() {
    let (mut kommun, mut telefon) = ready();
    let other = Want::Done(Outcome::Refused { refusal: Refusal::LockMismatch });
    assert_eq!(telefon.does(unlock(*b"lock-two", 0), &mut kommun), other);
    let Task::Unlock { lock, nonce, op, reason, verified_ago, .. } = unlock(LOCK, 0) else { panic!() };
    let door = "dor_1123456789abcdefghjkmnpqrs".parse().unwrap();
    let task = Task::Unlock { door, lock, nonce, op, reason, verified_ago };
    assert_eq!(telefon.does(task, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::DoorUnknown }));
}

#[test]
fn the_person_is_verified_anew_when_the_pass_wants_it() {
    for (ago, verification) in [(600, Verification::Grace), (601, Verification::Fresh), (-1, Verification::Fresh), (i64::MAX, Verification::Fresh)] {
        let (kommun, mut telefon) = ready();
        let mut lock = Lock::new(&kommun, 0);
        let moment = &mut crate::Moment { now: telefon.now, rng: &mut telefon.chance };
        let turn = telefon.core.start(unlock(LOCK, ago), moment).unwrap();
        let Want::Sign { key: KeyUse::Door, verification: wanted, .. } = &turn.want else { panic!() };
        assert_eq!(*wanted, verification, "{ago}");
        let got = key_store::fulfil(&mut telefon.store, &turn.want, moment.rng).unwrap();
        let (pass, request) = to_lock(telefon.core.resume(turn.number, got, moment).unwrap().want);
        let Got::FromLock { denied: None, .. } = lock.hears(&pass, &request) else { panic!("{ago}") };
    }
}

#[test]
fn an_emergency_pass_says_why_and_each_request_has_its_number() {
    let (mut kommun, mut telefon) = ready();
    let Task::Unlock { door, lock, nonce, op, verified_ago, .. } = unlock(LOCK, 10) else { panic!() };
    for number in 1..=3 {
        let task = Task::Unlock { door: door.clone(), lock, nonce, op, reason: Some(Reason::Danger), verified_ago };
        let (_, request) = to_lock(telefon.does(task, &mut kommun));
        let request = handslag_door::UnverifiedRequest::parse(&request).unwrap().request;
        assert_eq!((request.reason, request.counter, request.uv_age_s), (Some(Reason::Danger), number, 10));
        assert_eq!(telefon.answers(Got::LockSilent, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::LockSilent }));
        telefon.dies();
    }
}

#[test]
fn a_receipt_of_another_opening_is_not_taken() {
    let (mut kommun, mut telefon) = ready();
    let mut lock = Lock::new(&kommun, 0);
    let (pass, request) = to_lock(telefon.does(unlock(LOCK, 30), &mut kommun));
    let old = lock.hears(&pass, &request);
    telefon.answers(old.clone(), &mut kommun);
    let Got::FromLock { receipt, logs, .. } = old.clone() else { panic!() };
    let broken = receipt.clone().map(|bytes| bytes[1..].to_vec());
    let answers = [
        old,
        Got::FromLock { denied: None, receipt: broken, logs: logs.clone() },
        Got::FromLock { denied: Some(Deny::Log), receipt, logs: logs.clone() },
    ];
    let waiting = telefon.core.waiting_in_outbox();
    for answer in answers {
        to_lock(telefon.does(unlock(LOCK, 30), &mut kommun));
        assert_eq!(telefon.answers(answer, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::LockAnswerUnreadable }));
    }
    assert_eq!(telefon.core.waiting_in_outbox(), waiting);
}

#[test]
fn a_signature_of_an_earlier_opening_is_not_taken() {
    let (_kommun, mut telefon) = ready();
    let moment = &mut crate::Moment { now: telefon.now, rng: &mut telefon.chance };
    let first = telefon.core.start(unlock(LOCK, 30), moment).unwrap();
    let old = key_store::fulfil(&mut telefon.store, &first.want, moment.rng).unwrap();
    telefon.core.abandon(moment).unwrap();
    let second = telefon.core.start(unlock(LOCK, 30), moment).unwrap();
    assert_eq!(telefon.core.resume(second.number, old, moment), Err(OutOfTurn::Signature));
}

#[test]
fn passes_that_this_phone_could_never_use_are_left_out_and_told() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let right = kommun.wallet_door(LOCK, 0);
    let stranger = handslag_door::DoorKey::from_sec1(&crate::es256::public(&kommun.vendor).0).unwrap();
    let with = |pass| crate::wire::WalletDoor { pass, ..right.clone() };
    let group = |class| {
        kommun.pass(LOCK, 0, |claims| {
            claims.scope = handslag_door::Scope::Group(handslag_door::GroupId(*b"district"));
            claims.class = class;
        })
    };
    let mut extra_byte = right.pass.0.clone();
    extra_byte.push(0);
    let cases = [
        (with(Octets(vec![])), Some(PassFault::Malformed)),
        (with(Octets(extra_byte)), Some(PassFault::Malformed)),
        (with(kommun.pass(LOCK, 0, |claims| claims.cnf = stranger)), Some(PassFault::OtherKey)),
        (with(kommun.pass(*b"lock-two", 0, |_| {})), Some(PassFault::OtherLock)),
        (with(group(Class::Planned)), Some(PassFault::OtherLock)),
        (with(group(Class::Standby)), None),
        (with(kommun.pass(LOCK, 1, |_| {})), Some(PassFault::OtherTime)),
        (with(kommun.pass(LOCK, -1, |_| {})), Some(PassFault::OtherTime)),
        (crate::wire::WalletDoor { closes_at: right.opens_at, ..right.clone() }, Some(PassFault::OtherTime)),
        (crate::wire::WalletDoor { opens_at: UnixTime::from_seconds(-1), ..right.clone() }, Some(PassFault::OtherTime)),
    ];
    for (door, fault) in cases {
        kommun.wallet = Some(Wallet { doors: vec![door], synced_at: at(0) });
        let Want::Done(Outcome::Synced { doors, left_out }) = telefon.does(Task::Sync, &mut kommun) else { panic!() };
        assert_eq!((doors, left_out.first().map(|left| left.fault)), (usize::from(fault.is_none()), fault));
    }
}

#[test]
fn the_list_says_which_doors_open_now_and_the_urgent_pass_is_chosen() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let doors = [-9_000, 9_000, -600, 20_000, -5_000].map(|from| kommun.wallet_door(LOCK, from)).to_vec();
    kommun.wallet = Some(Wallet { doors, synced_at: at(-30) });
    telefon.does(Task::Sync, &mut kommun);
    telefon.dies();
    assert_eq!(telefon.core.synced_at(), Some(at(-30)));
    let list: Vec<_> = telefon.core.doors(at(0)).iter().map(|door| (door.when, door.opens_at)).collect();
    let expected = [(When::Now, at(-600)), (When::Later, at(9_000)), (When::Later, at(20_000)), (When::Past, at(-9_000)), (When::Past, at(-5_000))];
    assert_eq!(list, expected);
    for (now, from) in [(0, -600), (3_000, -600), (3_001, 9_000), (60_000, 20_000), (-100_000, -9_000)] {
        telefon.now = at(now);
        let (pass, _) = to_lock(telefon.does(unlock(LOCK, 0), &mut kommun));
        assert_eq!(pass, kommun.pass(LOCK, from, |_| {}).0, "at {now}");
        telefon.answers(Got::LockSilent, &mut kommun);
    }
}

#[test]
fn the_doors_of_one_visit_stand_in_the_order_of_the_way_in() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let named = |kommun: &Kommun, name: &str, from| crate::wire::WalletDoor { name: name.to_owned(), ..kommun.wallet_door(LOCK, from) };
    let doors = [("Ekstigen 9", 9_000), ("port", 0), ("lägenhet 1203", 0)].map(|(name, from)| named(&kommun, name, from)).to_vec();
    kommun.wallet = Some(Wallet { doors, synced_at: at(0) });
    telefon.does(Task::Sync, &mut kommun);
    let names: Vec<_> = telefon.core.doors(at(0)).into_iter().map(|door| door.name).collect();
    assert_eq!(names, ["port", "lägenhet 1203", "Ekstigen 9"]);
}

#[test]
fn the_outbox_keeps_what_the_server_did_not_take() {
    let (mut kommun, mut telefon) = ready();
    let mut lock = Lock::new(&kommun, 0);
    let (pass, request) = to_lock(telefon.does(unlock(LOCK, 30), &mut kommun));
    let got = lock.hears(&pass, &request);
    telefon.answers(got, &mut kommun);
    telefon.reachable = true;
    kommun.instead.insert("/phone/outbox", ok(&OutboxAnswer { logs: 0, receipts: 0 }));
    assert_eq!(telefon.does(Task::Upload, &mut kommun), Want::Done(Outcome::Uploaded { left: 2 }));
    kommun.instead.insert("/phone/outbox", ok(&OutboxAnswer { logs: 2, receipts: 1 }));
    assert_eq!(telefon.does(Task::Upload, &mut kommun), Want::Done(Outcome::Refused { refusal: Refusal::AnswerUnreadable }));
    assert_eq!(telefon.core.waiting_in_outbox(), 2);
    kommun.instead.clear();
    assert_eq!(telefon.does(Task::Upload, &mut kommun), Want::Done(Outcome::Uploaded { left: 0 }));
    assert_eq!((kommun.receipts.len(), kommun.logs.len()), (1, 1));
}
