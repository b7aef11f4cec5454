//! What the lock believes about the time, to the edges of its integers (P4, P8–P10).

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{ASKED, EXP, Meeting, NBF, NOW};
use crate::{
    Decision, LockClock, Reading, Ticks,
    clock::{Interval, NONCE_TIME_MS},
    log::Flags,
};

fn interval(clock: &LockClock, now: Ticks) -> Interval {
    match clock.read(now) {
        Reading::Synced(interval) | Reading::Degraded(interval) => interval,
        Reading::Lost => panic!("lost"),
    }
}

#[test]
fn the_error_grows_by_drift() {
    let clock = LockClock::set(NBF, 1, Ticks(0));
    assert_eq!(interval(&clock, Ticks(86_400_000)), Interval { estimate: NBF + 86_400, error: 10 }); // 8.64 s, rounded up
    assert!(matches!(clock.read(Ticks(2_990_000_000)), Reading::Synced(_)));
    assert!(matches!(clock.read(Ticks(2_991_000_000)), Reading::Degraded(_)));
}

#[test]
fn a_counter_that_starts_again_has_lost_the_time() {
    assert_eq!(LockClock::set(NBF, 0, Ticks(10)).read(Ticks(9)), Reading::Lost);
}

/// P9.
#[test]
fn a_signed_time_corrects_a_slow_clock_and_never_moves_one_back() {
    let clock = LockClock::set(NBF, 5, Ticks(0));
    assert_eq!(interval(&clock.learn(NBF + 100, Ticks(0)), Ticks(0)).estimate, NBF + 100);
    assert_eq!(interval(&clock.learn(NBF + 5, Ticks(0)), Ticks(0)).estimate, NBF);
    let old = clock.learn(NBF - 9_999, Ticks(0));
    assert_eq!((interval(&old, Ticks(0)).estimate, old.lower_bound()), (NBF, NBF - 9_999));
    assert_eq!(LockClock::lost(7).learn(NBF, Ticks(0)).read(Ticks(0)), Reading::Lost);
}

#[test]
fn only_a_time_for_the_nonce_ends_a_lost_clock_and_moves_one_back() {
    let lost = LockClock::lost(NBF);
    let settled = lost.settle(NBF + 50, Ticks(0), Ticks(10_000)).unwrap();
    assert_eq!(interval(&settled, Ticks(10_000)), Interval { estimate: NBF + 60, error: 10 });
    assert!(settled.just_settled(Ticks(10_000)) && !settled.just_settled(Ticks(10_001 + NONCE_TIME_MS)));
    assert_eq!(lost.settle(NBF + 50, Ticks(0), Ticks(NONCE_TIME_MS + 1)), None);
    assert_eq!(lost.settle(NBF + 50, Ticks(9), Ticks(8)), None);
    assert_eq!(lost.settle(NBF - 11, Ticks(0), Ticks(10_000)), None, "a server has already signed a later time");
    let fast = LockClock::set(NBF + 9_999, 0, Ticks(0));
    assert_eq!(interval(&fast.settle(NBF, Ticks(0), Ticks(0)).unwrap(), Ticks(0)).estimate, NBF);
}

/// P10: an expired pass with an old signed time does not open a lock that lost its clock, nor does a valid one without a nonce-bound time.
#[test]
fn a_lost_clock_opens_no_planned_visit() {
    let mut meeting = Meeting::planned();
    for lo in [0, NBF, NBF + 30, EXP, EXP + 1] {
        meeting.state.clock = LockClock::lost(lo);
        assert_eq!(meeting.denied(), crate::Deny::Time { from: NBF, until: EXP, clock: None }, "{lo}");
    }
    meeting.state.clock = LockClock::lost(NBF).settle(NBF + 30, ASKED, NOW).unwrap();
    meeting.opens();
    meeting.state.clock = LockClock::lost(NBF).settle(EXP + 1, ASKED, NOW).unwrap();
    assert_eq!(meeting.denied().code(), "E_TIME");
}

#[test]
fn a_vague_clock_needs_a_signed_time_within_the_window() {
    let vague = Meeting::planned().at(NBF + 30, 301);
    assert_eq!(vague.denied().code(), "E_TIME", "the pass was issued before its window");
    for (signed, opens) in [(NBF - 1, false), (NBF, true), (NBF + 20, true), (EXP + 1, false)] {
        let mut meeting = vague.clone();
        meeting.state.clock = meeting.state.clock.learn(signed, meeting.now);
        assert_eq!(matches!(meeting.decide(), Decision::Allow(_)), opens, "{signed}");
    }
    let mut flagged = vague;
    flagged.state.clock = flagged.state.clock.learn(NBF, flagged.now);
    assert!(flagged.opens().flags.has(Flags::CLOCK_DEGRADED));
}

#[test]
fn a_server_that_has_signed_a_later_time_ends_the_pass() {
    let mut meeting = Meeting::planned().at(EXP - 10, 100);
    meeting.state.clock = meeting.state.clock.learn(EXP, meeting.now);
    meeting.opens();
    meeting.state.clock = meeting.state.clock.learn(EXP + 1, meeting.now);
    assert_eq!(meeting.denied().code(), "E_TIME");
}

#[test]
fn an_emergency_pass_that_is_over_opens_no_lost_clock() {
    let mut meeting = Meeting::emergency();
    meeting.state.clock = LockClock::lost(EXP);
    meeting.opens();
    meeting.state.clock = LockClock::lost(EXP + 1);
    assert_eq!(meeting.denied().code(), "E_TIME");
}

proptest! {
    /// P4: never outside [nbf − e, exp + e], whatever the integers are.
    #[test]
    fn never_outside_the_time_widened_by_the_error(t in any::<u64>(), e in any::<u64>(), ahead in any::<u64>(), lo in any::<u64>(), near in -7000i64..7000) {
        for estimate in [t, NBF.saturating_add_signed(near), u64::from(u32::MAX).saturating_add_signed(near), u64::MAX] {
            let mut meeting = Meeting::planned();
            meeting.now = Ticks(NOW.0.saturating_add(ahead));
            meeting.outstanding[0].issued = meeting.now;
            for error in [e, e % 400, 0] {
                meeting.state.clock = LockClock::set(estimate, error, NOW).learn(lo % (NBF * 2), NOW);
                let clock = meeting.state.clock.learn(meeting.claims.iat, meeting.now);
                if let Decision::Allow(_) = meeting.decide() {
                    let known = interval(&clock, meeting.now);
                    prop_assert!(known.latest() >= NBF && known.earliest() <= EXP && clock.lower_bound() <= EXP);
                }
            }
        }
    }

    /// P8: the lower bound never sinks.
    #[test]
    fn the_lower_bound_only_rises(start in any::<u64>(), times in proptest::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), 0u8..3), 0..20)) {
        let mut clock = LockClock::lost(start);
        for (iat, asked, now, way) in times {
            let before = clock.lower_bound();
            clock = match way {
                0 => clock.learn(iat, Ticks(now)),
                1 => clock.settle(iat, Ticks(asked), Ticks(now)).unwrap_or(clock),
                _ => clock.lose(),
            };
            prop_assert!(clock.lower_bound() >= before);
            prop_assert_eq!(clock.read(Ticks(now)) == Reading::Lost && way == 1, way == 1 && clock.read(Ticks(now)) == Reading::Lost);
        }
    }
}
