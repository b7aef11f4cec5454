//! Every rule is needed: without it somebody in the matrix gets another answer, not only other words. One test per rule, so that a
//! failure names the rule.

use cedar_policy::PolicyId;

use crate::{Policies, stories::all_questions};

fn is_needed(rule: &str) -> bool {
    let mut policies = Policies::embedded().unwrap();
    let answers = |policies: &Policies| all_questions().iter().map(|asked| policies.evaluate(asked).allowed).collect::<Vec<_>>();
    let before = answers(&policies);
    policies.rules.remove_static(PolicyId::new(rule)).unwrap();
    answers(&policies) != before
}

macro_rules! needed {
    ($($name:ident = $rule:literal,)*) => {
        $(#[test] fn $name() { assert!(is_needed($rule), "everybody gets the same answers without the rule {}", $rule); })*
        const LISTED: &[&str] = &[$($rule),*];
    };
}

needed! {
    ask_signature = "ask-signature",
    block_administrator = "block-administrator",
    block_manager = "block-manager",
    block_own = "block-own",
    block_shift_leader = "block-shift-leader",
    blocked = "blocked",
    colleague_manager = "colleague-manager",
    colleague_own = "colleague-own",
    colleague_shift_leader = "colleague-shift-leader",
    door_confirm = "door-confirm",
    door_early = "door-early",
    door_no_key = "door-no-key",
    door_short = "door-short",
    door_visit = "door-visit",
    door_window = "door-window",
    history_own = "history-own",
    invite_administrator = "invite-administrator",
    invite_manager = "invite-manager",
    journal_auditor = "journal-auditor",
    let_open = "let-open",
    let_open_confirm = "let-open-confirm",
    let_open_early = "let-open-early",
    let_open_short = "let-open-short",
    let_open_visit = "let-open-visit",
    let_open_window = "let-open-window",
    log_in = "log-in",
    log_in_kind = "log-in-kind",
    log_in_level = "log-in-level",
    log_in_role = "log-in-role",
    log_in_unit = "log-in-unit",
    not_valid = "not-valid",
    other_organisation = "other-organisation",
    pass_on = "pass-on",
    pass_on_far = "pass-on-far",
    pass_on_level = "pass-on-level",
    service_administrator = "service-administrator",
    service_level = "service-level",
    sign_level = "sign-level",
    sign_named = "sign-named",
    work_document = "work-document",
    work_manager = "work-manager",
    work_oneself = "work-oneself",
    work_shift_leader = "work-shift-leader",
}

#[test]
fn every_rule_is_listed_here() {
    let policies = Policies::embedded().unwrap();
    let rules: Vec<_> = policies.rules().map(|rule| rule.as_str().to_owned()).collect();
    assert_eq!(rules, LISTED);
}
