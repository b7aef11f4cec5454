//! What the rules must give whatever the matrix says: a blessed matrix cannot bless these away.

use handslag_vocab::{Assurance, OrganisationId, UnixTime};

use crate::{
    Act, Kind, Policies, Question, Role, RuleId, Tier,
    cast::{ANY_ACT, SCENES, question},
};

fn policies() -> Policies {
    Policies::embedded().unwrap()
}

/// Every question of the matrix, for everybody.
pub(crate) fn all_questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for scene in SCENES {
        for case in ANY_ACT.iter().chain(scene.cases) {
            for role in [None].into_iter().chain(Role::ALL.map(Some)) {
                let mut asked = question(role, (scene.act)());
                (case.change)(&mut asked);
                questions.push(asked);
            }
        }
    }
    questions
}

fn scene(act: &str) -> Act {
    SCENES.iter().map(|scene| (scene.act)()).find(|made| made.as_str() == act).unwrap()
}

fn pass(change: impl FnOnce(&mut crate::Opening)) -> Question {
    let mut act = scene("OpenDoor");
    if let Act::OpenDoor { opening } = &mut act {
        change(opening);
    }
    question(Some(Role::Worker), act)
}

#[test]
fn whoever_is_blocked_or_outside_their_dates_may_do_nothing_at_all() {
    let policies = policies();
    for mut asked in all_questions() {
        asked.who.roles = Role::ALL.into_iter().collect();
        asked.who.tier = Tier::T3;
        asked.who.blocked = true;
        let answer = policies.decide(&asked);
        assert!(!answer.allowed && answer.rules.contains(&RuleId::named("blocked")), "{asked:?}");
        (asked.who.blocked, asked.who.valid) = (false, false);
        let answer = policies.decide(&asked);
        assert!(!answer.allowed && answer.rules.contains(&RuleId::named("not-valid")), "{asked:?}");
    }
}

#[test]
fn no_role_reaches_into_another_organisation_without_an_agreement() {
    let policies = policies();
    let elsewhere: OrganisationId = "org_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
    for mut asked in all_questions() {
        asked.who.unit.organisation = elsewhere.clone();
        asked.who.roles = Role::ALL.into_iter().collect();
        asked.who.tier = Tier::T3;
        asked.who.serves.clear();
        for kind in Kind::ALL {
            asked.who.kind = kind;
            assert!(!policies.decide(&asked).allowed, "{asked:?}");
        }
    }
}

#[test]
fn an_agreement_opens_services_doors_and_signatures_and_nothing_that_rules_over_people() {
    let policies = policies();
    let across = ANY_ACT.iter().find(|case| case.says == "in another organisation, provider staff with agreement").unwrap();
    for scene in SCENES {
        let mut asked = question(None, (scene.act)());
        asked.who.roles = Role::ALL.into_iter().collect();
        asked.who.tier = Tier::T3;
        (across.change)(&mut asked);
        let expected = matches!(
            asked.act,
            Act::LetOpen { .. } | Act::LogIn { .. } | Act::PassOn { .. } | Act::OpenDoor { .. } | Act::Sign { .. } | Act::ReadHistory { .. }
        );
        assert_eq!(policies.decide(&asked).allowed, expected, "{}", scene.says);
    }
}

/// Ending a work identity is a matter of minutes and safety; what its holder has done is another's business.
#[test]
fn an_administrator_may_stop_somebody_and_not_read_what_they_did() {
    let policies = policies();
    let by = |act| policies.decide(&question(Some(Role::Administrator), scene(act))).allowed;
    assert!(by("Block") && !by("ReadColleague"));
    let by = |act| policies.decide(&question(Some(Role::Manager), scene(act))).allowed;
    assert!(by("Block") && by("ReadColleague"));
    for role in [None, Some(Role::Auditor), Some(Role::Secretary), Some(Role::Worker)] {
        assert!(!policies.decide(&question(role, scene("ReadColleague"))).allowed, "{role:?}");
    }
}

/// A unit of the same name in another organisation is another unit.
#[test]
fn a_manager_of_a_unit_with_the_same_name_elsewhere_is_no_manager_here() {
    let mut asked = question(Some(Role::Manager), scene("Invite"));
    assert!(policies().decide(&asked).allowed);
    asked.who.kind = Kind::ProviderStaff;
    asked.who.serves.insert(asked.who.unit.organisation.clone());
    asked.who.unit.organisation = "org_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
    assert!(!policies().decide(&asked).allowed);
}

/// Cedar leaves out a rule that it cannot evaluate; if that rule forbids, leaving it out would open the door.
#[test]
fn times_that_overflow_close_the_door() {
    for now in [i64::MIN, i64::MIN + 9_999] {
        let answer = policies().decide(&pass(|opening| opening.now = UnixTime::from_seconds(now)));
        assert_eq!((answer.allowed, answer.rules), (false, vec![RuleId::named("question-broken")]));
    }
}

/// A unit above itself has no place in any tree.
#[test]
fn a_question_that_makes_no_sense_is_answered_no() {
    let mut asked = question(Some(Role::Manager), scene("Invite"));
    if let Act::Invite { unit } = &mut asked.act {
        unit.above.push(unit.name.clone());
    }
    let answer = policies().decide(&asked);
    assert!(!answer.allowed, "{answer:?}");
}

#[test]
fn without_network_a_door_opens_only_by_attested_keys() {
    let policies = policies();
    for (tier, door_key, expected) in [
        (Tier::T0, true, false),
        (Tier::T0, false, false),
        (Tier::T1, true, false),
        (Tier::T1, false, false),
        (Tier::T2, true, true),
        (Tier::T2, false, false),
        (Tier::T3, true, true),
        (Tier::T3, false, false),
    ] {
        let mut asked = pass(|_| {});
        (asked.who.tier, asked.who.door_key) = (tier, door_key);
        assert_eq!(policies.decide(&asked).allowed, expected, "{tier:?} {door_key}");
    }
}

#[test]
fn the_weakest_of_person_phone_and_act_decides_what_may_be_signed() {
    let policies = policies();
    let mut asked = question(Some(Role::Worker), scene("Sign"));
    if let Act::Sign { class, .. } = &mut asked.act {
        class.level = Assurance::Loa3;
    }
    assert!(policies.decide(&asked).allowed);
    let weaker: [fn(&mut Question); 4] = [
        |asked| asked.who.assurance = Assurance::Loa2,
        |asked| asked.who.tier = Tier::T1,
        |asked| asked.who.tier = Tier::T0,
        |asked| asked.done_now = Assurance::Loa2,
    ];
    for weaken in weaker {
        let mut asked = asked.clone();
        weaken(&mut asked);
        let answer = policies.decide(&asked);
        assert_eq!((answer.allowed, answer.rules), (false, vec![RuleId::named("sign-level")]));
    }
}

#[test]
fn every_answer_has_words_in_both_languages() {
    let policies = policies();
    for asked in all_questions() {
        let answer = policies.decide(&asked);
        assert!(!answer.rules.is_empty());
        for rule in &answer.rules {
            let (sv, en) = (policies.reason(rule, "sv").unwrap(), policies.reason(rule, "en").unwrap());
            assert!(sv != en && !sv.is_empty() && !en.is_empty(), "{rule}");
            assert_eq!(policies.reason(rule, "fi"), Some(sv));
        }
    }
    assert_eq!(policies.reason(&RuleId::named("log-in-"), "sv"), None);
}

/// Style 19: no word of ours that a person has never met.
#[test]
fn the_words_for_people_are_free_of_jargon() {
    let policies = policies();
    let pseudo = ["no-rule", "question-broken"].map(RuleId::named);
    for rule in policies.rules().chain(&pseudo) {
        for language in ["sv", "en"] {
            let text = policies.reason(rule, language).unwrap().to_lowercase();
            for jargon in ["token", "scope", "claim", "acr", "loa", "digest", "hash", "credential", "passkey", "tier", "affiliation", "biljett"] {
                assert!(!text.contains(jargon), "{rule}: {text}");
            }
            assert!(text.ends_with('.'), "{rule}: {text}");
        }
    }
}

#[test]
fn a_log_in_is_decided_once_and_by_every_one_of_its_facts() {
    let policies = policies();
    let mut asked = question(Some(Role::Worker), scene("LogIn"));
    let first = policies.decide(&asked);
    assert!(first.allowed, "{first:?}");
    assert_eq!((policies.decide(&asked), policies.kept()), (first.clone(), 1));
    asked.who.blocked = true;
    assert!(!policies.decide(&asked).allowed, "one fact is another");
    asked.who.blocked = false;
    assert_eq!((policies.decide(&asked), policies.kept()), (first, 2));
    policies.decide(&pass(|_| ()));
    assert_eq!(policies.kept(), 2, "what depends on a moment is decided anew");
}

#[test]
fn a_full_memory_keeps_what_is_asked_again() {
    let policies = policies();
    let asked = |number: usize| {
        let mut asked = question(Some(Role::Worker), scene("LogIn"));
        let Act::LogIn { service } = &mut asked.act else { panic!() };
        service.client = format!("tjanst-{number}").parse().unwrap();
        asked
    };
    for number in 0..4_200 {
        policies.decide(&asked(number));
    }
    let kept = policies.kept();
    assert!((2_000..=4_096).contains(&kept), "{kept} of 4,200");
    policies.decide(&asked(4_200 - 1_900));
    assert_eq!(policies.kept(), kept, "asking again is no new answer");
}
