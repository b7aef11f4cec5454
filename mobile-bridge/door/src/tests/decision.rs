//! The lock's decision, step by step. Every test spoils one thing, or shows which of two wins.

use super::{ASKED, EXP, LOCK, Meeting, NBF, NONCE, NOW, colleagues_phone, sign};
use crate::{
    Class, Decision, Deny, GroupId, LockId, Nonce, Op, OpenRequest, Ops, RevocationIndex, RevocationList, Scope, Ticks, Window, decide,
    decide::REPLY_WITHIN_MS, log::Flags, pass, state::MAX_COUNTED,
};

#[test]
fn a_planned_visit_opens() {
    let allow = Meeting::planned().opens();
    assert_eq!((allow.op, allow.claims.cti.0), (Op::Unlock, *b"pass0001"));
    assert_eq!(allow.clock.lower_bound(), NBF - 600);
    assert!(!allow.flags.has(Flags::REVIEW));
}

#[test]
fn noise_is_refused_and_nobodys() {
    let meeting = Meeting::planned();
    let decision = decide(&meeting.state, &meeting.outstanding, b"noise", &meeting.signed_request(), NOW);
    assert!(matches!(decision, Decision::Deny { code: Deny::Parse(_), pass: None }));
    let decision = decide(&meeting.state, &meeting.outstanding, &meeting.pass(), b"", NOW);
    assert!(matches!(decision, Decision::Deny { code: Deny::Parse(_), pass: None }));
}

#[test]
fn only_a_pinned_key_vouches_and_only_for_its_own_issuer_and_time() {
    let mut stranger = Meeting::planned();
    stranger.issuer = colleagues_phone();
    assert_eq!(stranger.denied().code(), "E_ISSUER");

    let mut neighbour = Meeting::planned();
    neighbour.claims.iss = "se:lund".try_into().unwrap();
    assert_eq!(neighbour.denied().code(), "E_ISSUER");

    for (nbf, exp, opens) in [(NBF, NBF, true), (NBF + 1, NBF + 9, false), (NBF - 9, NBF - 1, false)] {
        let mut edge = Meeting::planned();
        (edge.state.issuers[0].nbf, edge.state.issuers[0].exp) = (nbf, exp);
        assert_eq!(matches!(edge.decide(), Decision::Allow(_)), opens, "{nbf}..={exp}");
    }
}

/// P11: judged by the pass's `nbf`; what was issued before the retirement goes on.
#[test]
fn a_retired_key_vouches_for_nothing_new() {
    let mut meeting = Meeting::planned();
    meeting.state.issuers[0].revoked_at = Some(NBF);
    assert_eq!(meeting.denied().code(), "E_ISSUER");
    meeting.state.issuers[0].revoked_at = Some(NBF + 1);
    meeting.opens();
}

#[test]
fn a_pass_signed_by_another_under_the_issuers_name_is_refused() {
    let meeting = Meeting::planned();
    let forged = sign(&colleagues_phone(), &meeting.claims.to_be_signed().unwrap());
    let pass = meeting.claims.assemble(crate::Kid::of(meeting.issuer.verifying_key()), &forged).unwrap();
    let request = OpenRequest { pass: pass::digest(&pass), ..meeting.request.clone() };
    let request = request.assemble(&sign(&meeting.phone, &request.to_be_signed().unwrap())).unwrap();
    let decision = decide(&meeting.state, &meeting.outstanding, &pass, &request, NOW);
    assert_eq!(decision, Decision::Deny { code: Deny::Signature, pass: None });
}

#[test]
fn no_class_is_valid_for_longer_than_it_may() {
    for class in [Class::Planned, Class::Standby, Class::BreakGlass, Class::Technician] {
        let mut meeting = Meeting::planned();
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF, []));
        (meeting.claims.class, meeting.claims.uv_max_age_s) = (class, None);
        meeting.claims.exp = NBF + class.longest_s();
        meeting.claims.ops = Ops::from_bits(15).unwrap();
        meeting.opens();
        meeting.claims.exp += 1;
        assert_eq!(meeting.denied(), Deny::Long { seconds: class.longest_s() + 1, at_most: class.longest_s() });
    }
}

/// P23: a wallet copied to another phone is useless.
#[test]
fn another_phones_key_opens_nothing() {
    let mut meeting = Meeting::planned();
    meeting.phone = colleagues_phone();
    assert_eq!(meeting.decide(), Decision::Deny { code: Deny::Possession, pass: None });
}

#[test]
fn a_request_is_for_one_lock_one_nonce_one_pass() {
    let mut wrong_lock = Meeting::planned();
    wrong_lock.request.lock = LockId([9; 8]);
    assert_eq!(wrong_lock.denied(), Deny::Possession);

    let mut nonce_of_another_lock = Meeting::planned();
    nonce_of_another_lock.request.nonce = Nonce([9; 16]);
    assert_eq!(nonce_of_another_lock.denied(), Deny::Possession);

    let mut no_nonce = Meeting::planned();
    no_nonce.outstanding.clear();
    assert_eq!(no_nonce.denied(), Deny::Possession);

    let meeting = Meeting::planned();
    let mut other = meeting.clone();
    other.claims.cti.0 = *b"pass0002";
    let decision = decide(&meeting.state, &meeting.outstanding, &meeting.pass(), &other.signed_request(), NOW);
    assert_eq!(decision, Decision::Deny { code: Deny::Possession, pass: None });
}

#[test]
fn a_door_key_off_the_curve_proves_nothing() {
    let mut meeting = Meeting::planned();
    meeting.claims.cnf.x = [0xff; 32];
    assert_eq!(meeting.denied(), Deny::Possession);
}

/// P3.
#[test]
fn a_pass_for_another_door_opens_nothing() {
    let mut meeting = Meeting::planned();
    meeting.claims.scope = Scope::Lock(LockId([9; 8]));
    assert_eq!(meeting.denied(), Deny::Scope { pass: Scope::Lock(LockId([9; 8])), lock: LOCK });
}

/// P3: only the emergency classes may name a group, and it must be this lock's.
#[test]
fn a_group_pass_opens_only_in_emergency_classes_and_only_its_group() {
    for (class, opens) in [(Class::Planned, false), (Class::Standby, true), (Class::BreakGlass, true), (Class::Technician, false)] {
        let mut meeting = Meeting::planned();
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF, []));
        (meeting.claims.class, meeting.claims.scope) = (class, Scope::Group(GroupId(LOCK.0)));
        // A group of the lock's own number is still not the lock.
        assert_eq!(meeting.denied().code(), "E_SCOPE");
        meeting.state.groups.push(GroupId(LOCK.0)).unwrap();
        assert_eq!(matches!(meeting.decide(), Decision::Allow(_)), opens, "{class:?}");
    }
}

#[test]
fn an_operation_outside_the_pass_is_refused() {
    let mut meeting = Meeting::planned();
    meeting.request.op = Op::Service;
    assert_eq!(meeting.denied(), Deny::Operation { asked: Op::Service, allowed: meeting.claims.ops });
    meeting.request.op = Op::ReadStatus;
    meeting.opens();
}

#[test]
fn an_old_user_verification_is_refused() {
    for (class, claimed, at_most_s) in [
        (Class::Planned, Some(20), 20),
        (Class::Planned, None, 300),
        (Class::Standby, None, 60),
        (Class::Standby, Some(3600), 60), // no pass can widen an emergency class
        (Class::BreakGlass, Some(3600), 60),
        (Class::BreakGlass, Some(5), 5),
    ] {
        let mut meeting = Meeting::planned();
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF, []));
        (meeting.claims.class, meeting.claims.uv_max_age_s) = (class, claimed);
        meeting.request.uv_age_s = at_most_s;
        meeting.opens();
        meeting.request.uv_age_s += 1;
        assert_eq!(meeting.denied(), Deny::Verification { age_s: at_most_s + 1, at_most_s });
    }
}

#[test]
fn the_kill_switch_stops_every_class() {
    for mut meeting in [Meeting::planned(), Meeting::emergency()] {
        meeting.state.min_iat = meeting.claims.iat;
        meeting.opens();
        meeting.state.min_iat += 1;
        assert_eq!(meeting.denied().code(), "E_EPOCH");
    }
}

/// A known revocation stops the emergency pass too.
#[test]
fn a_revoked_pass_is_refused_in_every_class() {
    for mut meeting in [Meeting::planned(), Meeting::emergency()] {
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF, [9, 4711, 3]));
        assert_eq!(meeting.denied(), Deny::Revoked(RevocationIndex { list: 7, index: 4711 }));
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF, [4710, 4712]));
        meeting.opens();
        // the same number in another list is another pass
        meeting.state.revoked = Some(RevocationList::new(8, 1, NBF, [4711]));
        meeting.opens();
    }
}

/// P7, P8: an older list never takes a revocation back.
#[test]
fn a_list_is_replaced_only_by_a_newer_one() {
    let known = RevocationList::new(7, 5, NBF, [4711]);
    for older in [RevocationList::new(7, 4, NBF + 9, []), RevocationList::new(7, 5, NBF + 9, []), RevocationList::new(8, 9, NBF + 9, [])] {
        assert_eq!(known.clone().or_newer(older), known);
    }
    assert_eq!(known.clone().or_newer(RevocationList::new(7, 6, NBF - 1, [])), known);
    let newer = RevocationList::new(7, 6, NBF, [4711, 1]);
    assert_eq!(known.or_newer(newer.clone()), newer);
}

#[test]
fn standby_and_technician_need_a_fresh_list() {
    for class in [Class::Standby, Class::Technician] {
        let mut meeting = Meeting::planned();
        meeting.claims.class = class;
        assert_eq!(meeting.denied(), Deny::Stale { list_age_s: None });
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF + 30 - 86_400, []));
        meeting.opens();
        meeting.state.revoked = Some(RevocationList::new(7, 1, NBF + 29 - 86_400, []));
        assert_eq!(meeting.denied(), Deny::Stale { list_age_s: Some(86_401) });
        // the list of another district says nothing about this pass
        meeting.state.revoked = Some(RevocationList::new(8, 1, NBF, []));
        assert_eq!(meeting.denied().code(), "E_STALE");
        // a time of this very visit is as good
        meeting.state.clock = meeting.state.clock.settle(NBF + 30, ASKED, NOW).unwrap();
        meeting.opens();
    }
}

#[test]
fn a_list_that_overflowed_vouches_for_nobody() {
    let overflowed = RevocationList::new(7, 1, NBF, 10_000..10_600);
    assert!(overflowed.overflowed());
    for (class, iat, opens) in [
        (Class::Planned, NBF, false),
        (Class::Planned, NBF + 1, true),
        (Class::Standby, NBF + 1, false),
        (Class::Technician, NBF + 1, false),
        (Class::BreakGlass, NBF, true),
    ] {
        let mut meeting = Meeting::planned();
        meeting.state.revoked = Some(overflowed.clone());
        (meeting.claims.class, meeting.claims.iat) = (class, iat);
        assert_eq!(matches!(meeting.decide(), Decision::Allow(_)), opens, "{class:?} {iat}");
    }
    let mut loud = Meeting::emergency();
    loud.state.revoked = Some(overflowed);
    assert!(loud.opens().flags.has(Flags::LIST_UNSURE.with(Flags::REVIEW)));
}

#[test]
fn the_time_of_a_pass_has_two_edges() {
    for (t, opens) in [(NBF - 1, false), (NBF, true), (EXP, true), (EXP + 1, false)] {
        assert_eq!(matches!(Meeting::planned().at(t, 0).decide(), Decision::Allow(_)), opens, "{t}");
    }
    assert_eq!(Meeting::planned().at(NBF - 1, 0).denied(), Deny::Time { from: NBF, until: EXP, clock: Some(NBF - 1) });
}

#[test]
fn windows_cut_the_time_of_a_pass_and_never_widen_it() {
    let mut meeting = Meeting::planned();
    let window = |offset_min, length_min| Window { offset_min, length_min };
    meeting.claims.windows = [window(0, 10), window(60, 600), window(6000, 1)].into();
    for (t, opens) in [(NBF + 600, true), (NBF + 601, false), (NBF + 3599, false), (NBF + 3600, true), (EXP, true), (EXP + 1, false)] {
        assert_eq!(matches!(meeting.clone().at(t, 0).decide(), Decision::Allow(_)), opens, "{t}");
    }
    // a person is told of the next window
    assert_eq!(meeting.clone().at(NBF + 700, 0).denied(), Deny::Time { from: NBF + 3600, until: EXP, clock: Some(NBF + 700) });
}

#[test]
fn uses_are_limited_and_locking_up_never_is() {
    let mut meeting = Meeting::planned();
    meeting.claims.max_uses = Some(2);
    for _ in 0..2 {
        assert!(meeting.opens().flags.has(Flags::COUNTED));
        meeting.state.uses = meeting.state.uses.with(meeting.claims.cti, EXP, 0);
    }
    assert_eq!(meeting.denied(), Deny::Uses { at_most: 2 });
    meeting.request.op = Op::Lock;
    meeting.opens();
}

#[test]
fn a_pass_cannot_widen_the_uses_of_its_class() {
    let mut standby = Meeting::planned();
    (standby.claims.class, standby.claims.max_uses) = (Class::Standby, Some(100));
    standby.state.revoked = Some(RevocationList::new(7, 1, NBF, []));
    for _ in 0..3 {
        standby.opens();
        standby.state.uses = standby.state.uses.with(standby.claims.cti, EXP, 0);
    }
    assert_eq!(standby.denied(), Deny::Uses { at_most: 3 });

    let mut emergency = Meeting::emergency();
    assert!(!emergency.opens().flags.has(Flags::FURTHER_USE));
    emergency.state.uses = emergency.state.uses.with(emergency.claims.cti, EXP, 0);
    assert!(emergency.opens().flags.has(Flags::FURTHER_USE));
}

#[test]
fn a_full_table_of_uses_refuses_until_passes_die() {
    let mut meeting = Meeting::planned();
    meeting.claims.max_uses = Some(1);
    for n in 0..MAX_COUNTED as u64 {
        meeting.state.uses = meeting.state.uses.with(crate::PassId(n.to_be_bytes()), NBF - 700 + n, 0);
    }
    assert!(matches!(meeting.decide(), Decision::Allow(_)), "one of them ended before the pass was issued");
    meeting.claims.iat = NBF - 700;
    assert_eq!(meeting.denied().code(), "E_USES");
    let kept = meeting.state.uses.clone().with(meeting.claims.cti, EXP, NBF - 690);
    assert_eq!((kept.of(meeting.claims.cti), kept.of(crate::PassId(63u64.to_be_bytes()))), (1, 1));
    assert_eq!(kept.of(crate::PassId(0u64.to_be_bytes())), 0);
}

#[test]
fn a_late_answer_may_have_been_relayed() {
    let mut meeting = Meeting::planned();
    meeting.now = Ticks(ASKED.0 + REPLY_WITHIN_MS);
    meeting.opens();
    meeting.now = Ticks(ASKED.0 + REPLY_WITHIN_MS + 1);
    assert_eq!(meeting.denied(), Deny::Slow { took_ms: Some(REPLY_WITHIN_MS + 1) });
    // a counter that started again
    meeting = meeting.at(NBF + 30, 0);
    meeting.outstanding[0].issued = Ticks(meeting.now.0 + 1);
    assert_eq!(meeting.denied(), Deny::Slow { took_ms: None });
}

#[test]
fn without_a_log_only_an_emergency_goes_on() {
    let denied = Meeting::planned().opens().once_logged(false);
    assert!(matches!(denied, Decision::Deny { code: Deny::Log, pass: Some(_) }));
    let Decision::Allow(allow) = Meeting::emergency().opens().once_logged(false) else { panic!("an emergency waits for no log") };
    assert!(allow.flags.has(Flags::UNLOGGED));
}

/// P26: stale list, lost clock, used up: an emergency pass opens, and says so.
#[test]
fn an_emergency_opens_in_every_bad_state_of_the_lock() {
    for lost in [false, true] {
        for list in [None, Some(RevocationList::new(8, 1, 0, [])), Some(RevocationList::new(7, 1, 0, 10_000..11_000))] {
            for used in [0, 1, 5] {
                let mut meeting = Meeting::emergency().at(NBF + 30, if used == 5 { 100_000 } else { 0 });
                if lost {
                    meeting.state.clock = meeting.state.clock.lose();
                }
                meeting.state.revoked.clone_from(&list);
                for _ in 0..used {
                    meeting.state.uses = meeting.state.uses.clone().with(meeting.claims.cti, EXP, 0);
                }
                let flags = meeting.opens().flags;
                assert!(flags.has(Flags::REVIEW) && flags.has(Flags::CLOCK_LOST) == lost && flags.has(Flags::FURTHER_USE) == (used > 0));
            }
        }
    }
}

type Mend = fn(&mut Meeting);

/// The order of the checks is normative: everything wrong at once, mended from the first step on.
#[test]
fn the_first_failing_step_is_the_answer() {
    let mut meeting = Meeting::planned();
    (meeting.claims.class, meeting.claims.exp, meeting.claims.max_uses) = (Class::Standby, NBF + 12 * 3600 + 1, Some(0));
    meeting.claims.scope = Scope::Lock(LockId([9; 8]));
    (meeting.claims.ops, meeting.request.uv_age_s, meeting.phone) = (Ops::default(), 900, colleagues_phone());
    meeting.state.min_iat = NBF;
    meeting.state.revoked = Some(RevocationList::new(7, 1, 0, [4711]));
    meeting.state.issuers[0].revoked_at = Some(0);
    meeting.now = Ticks(ASKED.0 + 9_999);
    meeting = meeting.at(NBF - 5000, 0);
    let mend: [(&str, Mend); 12] = [
        ("E_ISSUER", |m| m.state.issuers[0].revoked_at = None),
        ("E_LONG", |m| m.claims.exp = EXP),
        ("E_POP", |m| m.phone = super::phone()),
        ("E_SCOPE", |m| m.claims.scope = Scope::Lock(LOCK)),
        ("E_OP", |m| m.claims.ops = Ops::of(&[Op::Unlock])),
        ("E_UV", |m| m.request.uv_age_s = 0),
        ("E_EPOCH", |m| m.state.min_iat = 0),
        ("E_REVOKED", |m| m.state.revoked = Some(RevocationList::new(7, 2, 0, []))),
        ("E_STALE", |m| m.state.revoked = Some(RevocationList::new(7, 3, NBF, []))),
        ("E_TIME", |m| m.state.clock = crate::LockClock::set(NBF, 0, m.now)),
        ("E_USES", |m| m.claims.max_uses = None),
        ("E_SLOW", |m| m.outstanding[0].issued = m.now),
    ];
    for (code, mend) in mend {
        assert_eq!(meeting.denied().code(), code);
        mend(&mut meeting);
    }
    meeting.opens();
    assert_eq!(meeting.request.nonce, NONCE);
}

#[test]
fn every_code_has_its_own_number() {
    let known = [
        "E_PARSE",
        "E_ISSUER",
        "E_SIG",
        "E_LONG",
        "E_POP",
        "E_SCOPE",
        "E_OP",
        "E_UV",
        "E_EPOCH",
        "E_REVOKED",
        "E_STALE",
        "E_TIME",
        "E_USES",
        "E_SLOW",
        "E_LOG",
    ];
    for (number, code) in (1..).zip(known) {
        assert_eq!(Deny::code_of(number), Some(code));
    }
    assert_eq!((Deny::code_of(0), Deny::code_of(16)), (None, None));
    assert_eq!((Deny::Log.number(), Deny::Possession.code(), Deny::Parse(crate::Error::Malformed).number()), (15, "E_POP", 1));
}
