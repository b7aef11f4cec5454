//! The log as the lock writes it and as the server checks it (P13).

use std::vec::Vec;

use proptest::prelude::{any, prop_assert, proptest};

use super::{ASKED, EXP, LOCK, Meeting, NBF, NOW, unhex};
use crate::{
    Chain, Decision, Entry, Fault, LockClock, LockId, Receipt, Record,
    log::{ENTRY_BYTES, Event, Flags, Kind, MAX_AHEAD, head_after},
};

const SEED: [u8; 32] = {
    let mut seed = [0; 32];
    let mut n = 0;
    while n < 32 {
        seed[n as usize] = n;
        n += 1;
    }
    seed
};

fn begin() -> Chain {
    Chain::begin(LOCK, SEED)
}

fn event(t: u64) -> Event {
    Event::own(Kind::Refused(12), LockClock::set(t, 0, NOW).read(NOW), t - 90)
}

fn history(events: impl IntoIterator<Item = Event>) -> Vec<Record> {
    let mut chain = begin();
    let mut records = Vec::new();
    for event in events {
        let (after, record) = chain.append(event).unwrap();
        chain = after;
        records.push(record);
    }
    records
}

fn ten() -> Vec<Record> {
    history((0..10).map(|n| event(NBF + n)))
}

fn fault(records: &[Record]) -> Fault {
    match begin().follow_all(records) {
        Err(fault) => fault,
        Ok(_) => panic!("no fault found"),
    }
}

/// Two receipts for the first two of three openings.
fn receipts(times: [u64; 3]) -> [Receipt; 3] {
    let mut chain = begin();
    times.map(|t| {
        let meeting = Meeting::planned().at(t, 0);
        let request = meeting.signed_request();
        let decision = meeting.decide();
        assert!(matches!(decision, Decision::Allow(_)));
        let event = Event::of(&decision, &meeting.state, &request, NOW).unwrap();
        let before = chain.head();
        let (after, record) = chain.append(event).unwrap();
        chain = after;
        Receipt { lock: LOCK, before, record, request: request.as_slice().try_into().unwrap() }
    })
}

#[test]
fn the_log_has_the_bytes_of_the_vector() {
    let meeting = Meeting::planned().at(NBF + 60, 0);
    let allowed = Event::of(&meeting.decide(), &meeting.state, &meeting.signed_request(), NOW).unwrap();
    let lost = Event { t: u32::try_from(NBF).unwrap() + 90, lo_before_min: 11, ..Event::own(Kind::ClockLost, crate::Reading::Lost, 0) };
    let mut written = Vec::new();
    for record in history([allowed, lost]) {
        written.extend(record.entry.to_bytes());
        written.extend(record.mac);
    }
    assert_eq!(written, unhex(include_str!("../../vectors/log.hex")));
}

#[test]
fn the_server_follows_what_the_lock_wrote() {
    let end = begin().follow_all(&ten()).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(end.seq(), 10);
    let resumed = Chain::from_bytes(&end.to_bytes()).unwrap();
    assert!(resumed == end);
}

#[test]
fn an_altered_entry_is_found() {
    let records = ten();
    for (at, seq) in (0..records.len()).zip(1..) {
        let mut altered = records.clone();
        altered[at].entry.event.t += 1;
        assert_eq!(fault(&altered), Fault::Forged { seq });
        let mut altered = records.clone();
        altered[at].mac[31] ^= 1;
        assert_eq!(fault(&altered), Fault::Forged { seq });
        let mut altered = records.clone();
        altered[at].entry.before[0] ^= 1;
        assert_eq!(fault(&altered), Fault::Broken { seq });
    }
}

#[test]
fn a_removed_a_moved_and_a_repeated_entry_are_found() {
    let mut removed = ten();
    removed.remove(4);
    assert_eq!(fault(&removed), Fault::Gap { from: 5, until: 5 });
    let mut moved = ten();
    moved.swap(4, 6);
    assert_eq!(fault(&moved), Fault::Gap { from: 5, until: 6 });
    let mut repeated = ten();
    repeated.insert(4, repeated[3]);
    assert_eq!(fault(&repeated), Fault::Repeated { seq: 4 });
}

/// A cut-off end shows as soon as any phone brings a later receipt or link.
#[test]
fn a_cut_off_end_is_found_by_any_later_link() {
    let [_, _, third] = receipts([NBF, NBF + 1, NBF + 2]);
    let (told, shown) = (begin().follow_all(&ten()[..2]).unwrap_or_else(|fault| panic!("{fault}")), third.link());
    assert_eq!(shown.verify(&begin()), Ok(()));
    assert!(shown.seq > told.seq(), "the server sees an entry it was not shown");
}

#[test]
fn another_locks_log_or_seed_is_found() {
    let records = ten();
    assert_eq!(Chain::begin(LockId([9; 8]), SEED).follow_all(&records).err(), Some(Fault::Broken { seq: 1 }));
    assert_eq!(Chain::begin(LOCK, [9; 32]).follow_all(&records).err(), Some(Fault::Forged { seq: 1 }));
}

/// P13: whoever takes the lock's memory today has no key for yesterday.
#[test]
fn a_stolen_place_cannot_rewrite_what_is_before_it() {
    let records = ten();
    let stolen = begin().follow_all(&records[..5]).unwrap_or_else(|fault| panic!("{fault}"));
    let key: [u8; 32] = stolen.to_bytes()[36..68].try_into().unwrap();
    let forger = Chain::begin(LOCK, key);
    let mut rewritten = records.clone();
    rewritten[0] = forger.append(event(NBF + 777)).unwrap().1;
    assert_eq!(fault(&rewritten), Fault::Forged { seq: 1 });
    // what comes after the theft the thief can write; that is the limit of a ratchet
    assert!(begin().follow_all(&records[..5]).is_ok_and(|place| place.follow(&stolen.append(event(NBF + 9)).unwrap().1).is_ok()));
}

#[test]
fn a_clock_that_goes_back_is_found_unless_it_was_set_or_lost() {
    let set = Event { kind: Kind::ClockSet, ..event(NBF - 50) };
    let lost = Event::own(Kind::ClockLost, crate::Reading::Lost, NBF - 50);
    assert_eq!(fault(&history([event(NBF), event(NBF - 1)])), Fault::ClockRegress { seq: 2 });
    assert!(begin().follow_all(&history([event(NBF), set, event(NBF - 49)])).is_ok());
    assert!(begin().follow_all(&history([event(NBF), lost, event(NBF + 1)])).is_ok());
    assert_eq!(fault(&history([event(NBF), lost, event(NBF - 1)])), Fault::ClockRegress { seq: 3 });
}

#[test]
fn a_receipt_proves_itself_without_the_entries_between() {
    let receipts = receipts([NBF, NBF + 1, NBF + 2]);
    for receipt in &receipts {
        assert_eq!(receipt.verify(&begin()), Ok(()));
        assert_eq!(Receipt::from_bytes(&receipt.to_bytes().unwrap()).as_ref(), Ok(receipt));
    }
    let place = begin().follow(&receipts[0].record).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(receipts[0].verify(&place), Err(Fault::Repeated { seq: 1 }));
    assert_eq!(receipts[2].verify(&place), Ok(()));
}

#[test]
fn a_changed_receipt_proves_nothing() {
    let [receipt, ..] = receipts([NBF, NBF + 1, NBF + 2]);
    let changed = |change: fn(&mut Receipt)| {
        let mut receipt = receipt.clone();
        change(&mut receipt);
        receipt.verify(&begin())
    };
    assert_eq!(changed(|r| r.record.entry.event.t -= 60), Err(Fault::Forged { seq: 1 }));
    assert_eq!(changed(|r| r.before[0] ^= 1), Err(Fault::Broken { seq: 1 }));
    assert_eq!(changed(|r| r.before[31] ^= 1), Err(Fault::Forged { seq: 1 }));
    assert_eq!(changed(|r| r.record.mac[0] ^= 1), Err(Fault::Forged { seq: 1 }));
    assert_eq!(changed(|r| r.request[50] ^= 1), Err(Fault::WrongEvidence { seq: 1 }));
    assert_eq!(changed(|r| r.record.entry.seq = 2), Err(Fault::Forged { seq: 2 }));
    assert_eq!(changed(|r| r.record.entry.seq = 0), Err(Fault::Repeated { seq: 0 }));
    assert_eq!(changed(|r| r.record.entry.seq = MAX_AHEAD + 2), Err(Fault::TooFar { seq: MAX_AHEAD + 2 }));
    assert_eq!(changed(|r| r.record.entry.seq = u32::MAX), Err(Fault::TooFar { seq: u32::MAX }));
}

/// A lock whose memory was copied and run twice tells two histories, each with good MACs.
#[test]
fn two_histories_are_found() {
    let [one, two, three] = receipts([NBF, NBF + 1, NBF + 2]);
    let [_, other_two, other_three] = receipts([NBF, NBF + 5, NBF + 6]);
    assert_eq!((other_two.verify(&begin()), other_three.verify(&begin())), (Ok(()), Ok(())));
    for (a, b) in [(&one, &two), (&two, &three), (&three, &one), (&one, &other_two), (&two, &two)] {
        assert_eq!(a.agrees_with(b), Ok(()));
    }
    assert_eq!(two.agrees_with(&other_two), Err(Fault::Fork { seq: 2 }));
    assert_eq!(two.agrees_with(&other_three), Err(Fault::Fork { seq: 3 }));
    assert_eq!(other_three.agrees_with(&two), Err(Fault::Fork { seq: 3 }));
    assert_eq!(two.link().agrees_with(&other_two.link()), Err(Fault::Fork { seq: 2 }));
    let [early, late, _] = receipts([NBF + 9, NBF + 1, EXP]);
    assert_eq!(late.agrees_with(&early), Err(Fault::ClockRegress { seq: 2 }));
}

/// P14: a link has no room for what happened; it is made of number, head and MAC alone, and the head hides 16 random bytes.
#[test]
fn a_link_says_nothing_of_the_visit() {
    let [receipt, ..] = receipts([NBF, NBF + 1, NBF + 2]);
    let link = receipt.link();
    let said = [&link.head[..], &link.mac].concat();
    for secret in [&b"pass0001"[..], &receipt.record.entry.event.request] {
        assert!(!said.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn a_stranger_is_not_logged_and_a_refused_holder_is() {
    let mut stranger = Meeting::planned();
    stranger.phone = super::colleagues_phone();
    assert_eq!(Event::of(&stranger.decide(), &stranger.state, &stranger.signed_request(), NOW), None);
    let late = Meeting::planned().at(EXP + 1, 0);
    let event = Event::of(&late.decide(), &late.state, &late.signed_request(), NOW).unwrap();
    assert_eq!((event.kind, event.pass.0), (Kind::Refused(12), *b"pass0001"));
    assert_eq!(ASKED.0 + 400, NOW.0);
}

#[test]
fn the_numbers_end_without_a_wrap() {
    let mut bytes = begin().to_bytes();
    bytes[..4].fill(0xff);
    let last = Chain::from_bytes(&bytes).unwrap();
    assert_eq!(last.append(event(NBF)).err(), Some(Fault::Exhausted));
    assert_eq!(last.follow(&ten()[0]).err(), Some(Fault::Exhausted));
    assert_eq!(Fault::Exhausted.code(), "log_exhausted");
}

proptest! {
    /// Any one changed byte of a whole log, an entry's or a MAC's, is found.
    #[test]
    fn any_changed_byte_is_found(at in 0usize..800, by in 1u8..=255) {
        let mut frames: Vec<[u8; 80]> = ten().iter().map(|record| {
            let mut frame = [0; 80];
            frame[..ENTRY_BYTES].copy_from_slice(&record.entry.to_bytes());
            frame[ENTRY_BYTES..].copy_from_slice(&record.mac);
            frame
        }).collect();
        frames[at / 80][at % 80] ^= by;
        let read: Option<Vec<Record>> = frames.iter().map(|frame| {
            let entry = Entry::from_bytes(frame[..ENTRY_BYTES].try_into().unwrap())?;
            Some(Record { entry, mac: frame[ENTRY_BYTES..].try_into().unwrap() })
        }).collect();
        prop_assert!(read.is_none_or(|records| begin().follow_all(&records).is_err()));
    }

    /// Entries are one to one with their bytes.
    #[test]
    fn an_entry_is_its_bytes(bytes in any::<[[u8; 16]; 3]>()) {
        let bytes: [u8; ENTRY_BYTES] = bytes.concat().try_into().unwrap();
        if let Some(entry) = Entry::from_bytes(&bytes) {
            prop_assert!(entry.to_bytes() == bytes);
        }
        prop_assert!(head_after(&[0; 32], &ten()[0].entry) != [0; 32]);
        prop_assert!(Flags::NONE.bits() == 0);
    }
}
