//! What phones carry for others: that entries exist, and nothing about them.

use std::vec::Vec;

use proptest::prelude::{any, prop_assert, proptest};

use super::{LOCK, NOW};
use crate::{
    Batch, Chain, Error, Fault, Link, LockClock,
    batch::{MAX_BATCH, MOST_LINKS},
    log::{Event, Kind, MAX_AHEAD, head_after},
};

const SEED: [u8; 32] = [7; 32];

fn links(count: u64) -> Vec<Link> {
    let mut chain = Chain::begin(LOCK, SEED);
    let events = (0..count).map(|n| Event::own(Kind::ClockSet, LockClock::set(1_800_000_000 + n, 0, NOW).read(NOW), 0));
    events
        .map(|event| {
            let before = chain.head();
            let (after, record) = chain.append(event).unwrap();
            chain = after;
            Link { seq: record.entry.seq, head: head_after(&before, &record.entry), mac: record.mac }
        })
        .collect()
}

#[test]
fn a_batch_comes_back_as_it_was_and_the_lock_made_it() {
    for (from, until) in [(0, 1), (0, 16), (3, 7), (14, 30)] {
        let batch = Batch::new(LOCK, links(30)[from..until].iter().copied()).unwrap();
        let bytes = batch.to_bytes().unwrap();
        assert_eq!(Batch::from_bytes(&bytes), Ok(batch.clone()));
        batch.verify(&Chain::begin(LOCK, SEED)).unwrap();
        assert_eq!(batch.verify(&Chain::begin(LOCK, [0; 32])), Err(Fault::Forged { seq: batch.links()[0].seq }));
    }
    assert!(Batch::new(LOCK, links(16)).unwrap().to_bytes().unwrap().len() <= MAX_BATCH);
}

#[test]
fn only_links_that_follow_each_other_make_a_batch() {
    let all = links(20);
    for wrong in [vec_of(&all, &[]), vec_of(&all, &[1, 0]), vec_of(&all, &[0, 2]), vec_of(&all, &[0, 0])] {
        assert_eq!(Batch::new(LOCK, wrong), Err(Error::Malformed));
    }
    assert_eq!(Batch::new(LOCK, all.iter().copied().take(MOST_LINKS + 1)), Err(Error::TooLarge));
    assert_eq!(Batch::new(LOCK, [Link { seq: 0, ..all[0] }]), Err(Error::Malformed));
    assert!(Batch::new(LOCK, [Link { seq: u32::MAX, ..all[0] }]).is_ok());
}

fn vec_of(all: &[Link], places: &[usize]) -> Vec<Link> {
    places.iter().map(|place| all[*place]).collect()
}

#[test]
fn one_false_link_spoils_the_batch() {
    let all = links(8);
    for place in 0..8 {
        let mut wrong = all.clone();
        wrong[place].head[0] ^= 1;
        assert_eq!(Batch::new(LOCK, wrong).unwrap().verify(&Chain::begin(LOCK, SEED)), Err(Fault::Forged { seq: all[place].seq }));
    }
    let moved = all.iter().map(|link| Link { seq: link.seq + 1, ..*link });
    assert_eq!(Batch::new(LOCK, moved).unwrap().verify(&Chain::begin(LOCK, SEED)), Err(Fault::Forged { seq: 2 }));
    let far = Batch::new(LOCK, [Link { seq: MAX_AHEAD + 3, ..all[0] }]).unwrap();
    assert_eq!(far.verify(&Chain::begin(LOCK, SEED)), Err(Fault::TooFar { seq: MAX_AHEAD + 3 }));
}

#[test]
fn bytes_that_are_no_batch_are_refused() {
    let bytes = Batch::new(LOCK, links(3)).unwrap().to_bytes().unwrap();
    for cut in 0..bytes.len() {
        assert!(Batch::from_bytes(&bytes[..cut]).is_err(), "{cut}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Batch::from_bytes(&longer), Err(Error::Malformed));
    // The number of the first link in a longer spelling than it needs.
    let number = bytes.iter().position(|byte| *byte == 0x58).unwrap() - 1;
    let spelled = [&bytes[..number], &[0x18, bytes[number]], &bytes[number + 1..]].concat();
    assert_eq!(Batch::from_bytes(&spelled), Err(Error::NotDeterministic));
    // A number that would run over.
    let high = [&bytes[..number], &[0x1a, 0xff, 0xff, 0xff, 0xff], &bytes[number + 1..]].concat();
    assert_eq!(Batch::from_bytes(&high), Err(Error::Malformed));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        if let Ok(batch) = Batch::from_bytes(&bytes) {
            prop_assert!(batch.to_bytes().unwrap()[..] == bytes[..]);
        }
    }
}
