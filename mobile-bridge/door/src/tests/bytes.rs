//! The bytes of pass and request: against vectors made without this crate, and every other writing of the same thing refused.

use std::vec::Vec;

use super::{Meeting, claims, issuer, phone, unhex};
use crate::{
    Challenge, Class, Decision, DoorKey, Error, GroupId, OpenRequest, Ops, Reason, Scope, UnverifiedPass, UnverifiedRequest, Window,
    claims::MAX_CLAIMS, decide, pass::MAX_PASS, request,
};

fn golden_pass() -> Vec<u8> {
    unhex(include_str!("../../vectors/pass.hex"))
}

fn golden_request() -> Vec<u8> {
    unhex(include_str!("../../vectors/request.hex"))
}

#[test]
fn a_pass_has_the_bytes_of_the_vector() {
    assert_eq!(Meeting::planned().pass(), golden_pass());
    let read = UnverifiedPass::parse(&golden_pass()).unwrap();
    assert_eq!(read.clone().verify(issuer().verifying_key()), Ok(claims()));
    assert_eq!(read.verify(phone().verifying_key()), Err(Error::BadSignature));
}

#[test]
fn a_request_has_the_bytes_of_the_vector() {
    assert_eq!(Meeting::planned().signed_request(), golden_request());
    let read = UnverifiedRequest::parse(&golden_request()).unwrap();
    assert!(read.clone().verify(phone().verifying_key()).is_ok());
    assert_eq!(read.verify(issuer().verifying_key()), Err(Error::BadSignature));
}

#[test]
fn the_vectors_open_the_door() {
    let meeting = Meeting::planned();
    let decision = decide(&meeting.state, &meeting.outstanding, &golden_pass(), &golden_request(), meeting.now);
    assert!(matches!(decision, Decision::Allow(_)));
}

#[test]
fn every_flipped_bit_keeps_the_door_shut() {
    let meeting = Meeting::planned();
    let opens = |pass: &[u8], request: &[u8]| matches!(decide(&meeting.state, &meeting.outstanding, pass, request, meeting.now), Decision::Allow(_));
    let (pass, request) = (golden_pass(), golden_request());
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..pass.len() * 8 {
        assert!(!opens(&flipped(&pass, bit), &request), "bit {bit} of the pass");
    }
    for bit in 0..request.len() * 8 {
        assert!(!opens(&pass, &flipped(&request, bit)), "bit {bit} of the request");
    }
}

/// A changed pass is caught even when the phone signs a request for the changed bytes.
#[test]
fn every_flipped_bit_of_a_pass_is_caught_without_the_request() {
    let pass = golden_pass();
    for bit in 0..pass.len() * 8 {
        let mut changed = pass.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let accepted = UnverifiedPass::parse(&changed).and_then(|read| {
            // The kid stands outside the signature (RFC 9052): a changed one names no key at all.
            if read.kid == crate::Kid::of(issuer().verifying_key()) { read.verify(issuer().verifying_key()) } else { Err(Error::BadSignature) }
        });
        assert!(accepted.is_err(), "bit {bit}");
    }
}

#[test]
fn every_prefix_and_every_tail_is_refused() {
    let (pass, request) = (golden_pass(), golden_request());
    for len in 0..pass.len() {
        assert!(UnverifiedPass::parse(&pass[..len]).is_err());
    }
    for len in 0..request.len() {
        assert!(UnverifiedRequest::parse(&request[..len]).is_err());
    }
    assert_eq!(UnverifiedPass::parse(&[&pass[..], &[0]].concat()), Err(Error::Malformed));
    assert_eq!(UnverifiedRequest::parse(&[&request[..], &[0]].concat()), Err(Error::Malformed));
}

#[test]
fn another_writing_of_the_same_claims_is_refused() {
    let claims = claims().encode().unwrap().to_vec();
    let refused = |from: &[u8], to: &[u8]| {
        let at = claims.windows(from.len()).position(|part| part == from).expect("the bytes are there");
        let written = [&claims[..at], to, &claims[at + from.len()..]].concat();
        crate::Claims::decode(&written).unwrap_err()
    };
    let label = |n: u8| [0x3a, 0x00, 0x01, 0x11, 0x70 + n - 1];
    // a longer integer for the class (label -70004)
    assert_eq!(refused(&[&label(4)[..], &[0]].concat(), &[&label(4)[..], &[0x18, 0]].concat()), Error::NotDeterministic);
    // a longer label
    assert_eq!(refused(&[0x02, 0x48, b'w'], &[0x18, 0x02, 0x48, b'w']), Error::NotDeterministic);
    // an indefinite map, and one that counts wrongly
    assert_eq!(refused(&[0xac], &[0xbf]), Error::NotDeterministic);
    assert_eq!(refused(&[0xac], &[0xad]), Error::NotDeterministic);
    // an indefinite string
    assert_eq!(refused(&[0x48, b'w'], &[0x5f, 0x48, b'w']), Error::Malformed);
    // a label twice, an unknown one, one out of order
    assert_eq!(refused(&[0x06, 0x1a], &[0x05, 0x1a]), Error::Malformed);
    assert_eq!(refused(&[0x06, 0x1a], &[0x09, 0x1a]), Error::Malformed);
    assert_eq!(refused(&label(4), &label(9)), Error::Malformed);
    // a fraction where a number belongs, another curve, an operation and a class without meaning
    assert_eq!(refused(&[0x20, 0x01, 0x21], &[0x20, 0x02, 0x21]), Error::Malformed);
    assert_eq!(refused(&[0x07, 0x81], &[0x10, 0x81]), Error::Malformed);
    assert_eq!(refused(&[&label(4)[..], &[0]].concat(), &[&label(4)[..], &[4]].concat()), Error::Malformed);
}

#[test]
fn another_writing_of_the_envelope_is_refused() {
    let rewritten = |bytes: &[u8], at: usize, from: &[u8], to: &[u8]| {
        assert_eq!(&bytes[at..at + from.len()], from);
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    let (pass, request) = (golden_pass(), golden_request());
    // longer forms of the tag, the array, the kid's length and label
    for (at, from, to) in [(0, &[0xd2][..], &[0xd8, 18][..]), (1, &[0x84], &[0x98, 4]), (8, &[0x48], &[0x58, 8]), (7, &[4], &[0x18, 4])] {
        assert_eq!(UnverifiedPass::parse(&rewritten(&pass, at, from, to)), Err(Error::NotDeterministic));
    }
    // no tag, an array without an end, a header that is not in the form
    for (at, from, to) in [(0, &[0xd2][..], &[][..]), (1, &[0x84], &[0x9f]), (6, &[0xa1, 4], &[0xa2, 4])] {
        assert_eq!(UnverifiedPass::parse(&rewritten(&pass, at, from, to)), Err(Error::Malformed));
    }
    assert_eq!(UnverifiedRequest::parse(&rewritten(&request, 0, &[0x82], &[0x98, 2])), Err(Error::NotDeterministic));
    assert_eq!(UnverifiedRequest::parse(&rewritten(&request, 0, &[0x82], &[0x9f])), Err(Error::Malformed));
}

#[test]
fn another_algorithm_is_refused() {
    let mut pass = golden_pass();
    assert_eq!(pass[2..6], [0x43, 0xa1, 0x01, 0x26]);
    pass[5] = 0x27; // EdDSA
    assert_eq!(UnverifiedPass::parse(&pass), Err(Error::Malformed));
}

#[test]
fn the_fullest_pass_fits_and_comes_back() {
    let mut fullest = claims();
    fullest.iss = "x".repeat(32).as_str().try_into().unwrap();
    (fullest.exp, fullest.nbf, fullest.iat) = (u64::MAX, u64::MAX - 1, u64::MAX);
    fullest.scope = Scope::Group(GroupId(*b"district"));
    fullest.ops = Ops::from_bits(15).unwrap();
    fullest.windows = [Window { offset_min: u16::MAX, length_min: u16::MAX }; 4].into();
    fullest.revocation = crate::RevocationIndex { list: u32::MAX, index: u32::MAX };
    (fullest.class, fullest.max_uses, fullest.uv_max_age_s) = (Class::Technician, Some(u16::MAX), Some(u32::MAX));
    let pass = Meeting { claims: fullest.clone(), ..Meeting::planned() }.pass();
    assert!(fullest.encode().unwrap().len() <= MAX_CLAIMS && pass.len() <= MAX_PASS);
    assert_eq!(UnverifiedPass::parse(&pass).unwrap().claims, fullest);
}

#[test]
fn the_fullest_request_fits_and_comes_back() {
    let mut fullest = Meeting::planned().request.because(Reason::Other).numbered(u32::MAX);
    fullest.uv_age_s = u32::MAX;
    let bytes = fullest.assemble(&[7; 64]).unwrap();
    assert_eq!(UnverifiedRequest::parse(&bytes).unwrap().request, fullest);
    assert!(bytes.len() <= request::MAX_REQUEST);
}

#[test]
fn claims_that_contradict_each_other_are_not_signed() {
    let mut backwards = claims();
    backwards.exp = backwards.nbf;
    assert_eq!(backwards.to_be_signed(), Err(Error::Contradiction));
    let mut never = claims();
    never.windows.clear();
    assert_eq!(never.to_be_signed(), Err(Error::Contradiction));
    assert_eq!(never.assemble(crate::Kid([0; 8]), &[0; 64]), Err(Error::Contradiction));
}

#[test]
fn a_key_off_the_curve_is_no_key() {
    let mut bytes = DoorKey::from(phone().verifying_key()).to_sec1();
    assert!(DoorKey::from_sec1(&bytes).is_ok());
    bytes[1..].fill(0xff);
    assert_eq!(DoorKey::from_sec1(&bytes), Err(Error::NotOnCurve));
    assert_eq!(DoorKey::from_sec1(&[]), Err(Error::NotOnCurve));
    assert_eq!(DoorKey { x: [0xff; 32], y_odd: true }.verifying_key(), Err(Error::NotOnCurve));
}

/// P29: what the issuer signs and what a phone signs can never be taken for one another.
#[test]
fn each_signed_structure_begins_with_its_own_name() {
    let pass = claims().to_be_signed().unwrap();
    let request = OpenRequest::new(super::LOCK, super::NONCE, &[], crate::Op::Unlock, 0).to_be_signed().unwrap();
    assert!(pass.starts_with(b"\x84\x6aSignature1"));
    assert!(request.starts_with(b"\x88\x77se.handslag.door.open/1"));
}

#[test]
fn the_answered_nonce_is_found_by_the_request() {
    let meeting = Meeting::planned();
    let other = Challenge { nonce: crate::Nonce([9; 16]), issued: super::ASKED };
    let outstanding = [other, meeting.outstanding[0]];
    assert_eq!(crate::decide::answered(&outstanding, &golden_request()), Some(meeting.outstanding[0]));
    assert_eq!(crate::decide::answered(&[other], &golden_request()), None);
    assert_eq!(crate::decide::answered(&outstanding, b"noise"), None);
}
