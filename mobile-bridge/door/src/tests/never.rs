//! The decision and the parsers are total: noise never panics and never opens (P1, P18).

use std::vec::Vec;

use proptest::{
    collection::vec,
    prelude::{any, prop_assert, prop_assert_eq, proptest},
};

use super::{Meeting, colleagues_phone, sign};
use crate::{Challenge, Claims, Decision, Nonce, Op, OpenRequest, Receipt, Ticks, UnverifiedPass, UnverifiedRequest, decide};

fn opens(meeting: &Meeting, pass: &[u8], request: &[u8], now: u64) -> bool {
    matches!(decide(&meeting.state, &meeting.outstanding, pass, request, Ticks(now)), Decision::Allow(_))
}

/// Splices `piece` into `bytes`, in place of `cut` bytes at `at`.
fn spliced(bytes: &[u8], at: usize, cut: usize, piece: &[u8]) -> Vec<u8> {
    let at = at % bytes.len();
    let end = (at + cut).min(bytes.len());
    [&bytes[..at], piece, &bytes[end..]].concat()
}

proptest! {
    #[test]
    fn noise_never_opens(pass in vec(any::<u8>(), 0..400), request in vec(any::<u8>(), 0..300), now in any::<u64>()) {
        let meeting = Meeting::planned();
        prop_assert!(!opens(&meeting, &pass, &request, now));
        prop_assert!(Receipt::from_bytes(&pass).is_err());
    }

    /// Noise inside the right bytes reaches the inner parsers; and a colleague may sign whatever comes out.
    #[test]
    fn a_spoiled_pass_or_request_never_opens(at in any::<usize>(), cut in 0usize..40, piece in vec(any::<u8>(), 0..40), now in any::<u64>()) {
        let meeting = Meeting::planned();
        let (pass, request) = (meeting.pass(), meeting.signed_request());
        let (bad_pass, bad_request) = (spliced(&pass, at, cut, &piece), spliced(&request, at, cut, &piece));
        prop_assert!(bad_pass == pass || !opens(&meeting, &bad_pass, &request, super::NOW.0));
        prop_assert!(bad_request == request || !opens(&meeting, &pass, &bad_request, super::NOW.0));
        opens(&meeting, &bad_pass, &bad_request, now);
    }

    /// What the issuer signed is read back, or refused: nothing in between.
    #[test]
    fn claims_come_back_as_they_were(claims in vec(any::<u8>(), 0..256)) {
        if let Ok(read) = Claims::decode(&claims) {
            prop_assert_eq!(&read.encode().unwrap()[..], &claims[..]);
        }
        prop_assert!(UnverifiedPass::parse(&claims).is_err() && UnverifiedRequest::parse(&claims).is_err());
    }

    /// P2: a request for any other lock, nonce, operation or pass, signed by the right phone, opens nothing here that was not asked.
    #[test]
    fn a_request_opens_only_what_it_names(nonce in any::<[u8; 16]>(), lock in any::<[u8; 8]>(), pass in any::<[u8; 32]>(), which in 0u8..3) {
        let meeting = Meeting::planned();
        let mut request = OpenRequest { pass: crate::pass::digest(&meeting.pass()), ..meeting.request.clone() };
        match which {
            0 => request.nonce = Nonce(nonce),
            1 => request.lock.0 = lock,
            _ => request.pass = pass,
        }
        let signed = request.assemble(&sign(&meeting.phone, &request.to_be_signed().unwrap())).unwrap();
        prop_assert!(!opens(&meeting, &meeting.pass(), &signed, super::NOW.0));
    }

    /// P1: whatever a stranger's key signs, with whatever claims, opens nothing.
    #[test]
    fn a_strangers_pass_never_opens(bits in 0u8..16, nonce in any::<[u8; 16]>(), now in any::<u64>()) {
        let mut meeting = Meeting::planned();
        meeting.issuer = colleagues_phone();
        meeting.claims.ops = crate::Ops::from_bits(bits).unwrap();
        meeting.outstanding.push(Challenge { nonce: Nonce(nonce), issued: Ticks(now) });
        meeting.request.op = Op::Unlock;
        prop_assert!(!opens(&meeting, &meeting.pass(), &meeting.signed_request(), now));
    }
}
