//! The people and the cases of the matrix: for each act the plain case, and each fact that a rule looks at, changed alone.
//!
//! In the plain case everything fits: an employee of the unit Hemtjänst norr with a level 3 identity on an attested phone, in their own
//! organisation. A rule that no case here makes a difference for is not shown to be needed, and `needed.rs` fails.

use std::{collections::BTreeSet, fmt::Debug, str::FromStr};

use handslag_vocab::{Assurance, OrganisationId, Seconds, UnixTime};

use crate::{Act, Colleague, DocumentClass, Kind, Letting, Opening, Passing, Question, Role, Service, Tier, Unit, Visit, Who};

/// One thing that is different from the plain case.
pub(crate) struct Case {
    pub(crate) says: &'static str,
    pub(crate) change: fn(&mut Question),
}

/// One act and its cases.
pub(crate) struct Scene {
    pub(crate) says: &'static str,
    pub(crate) act: fn() -> Act,
    pub(crate) cases: &'static [Case],
}

/// The plain question for one role, or for none.
pub(crate) fn question(role: Option<Role>, act: Act) -> Question {
    let who = Who {
        affiliation: id("aff_00000000000000000000000001"),
        person: id("per_00000000000000000000000001"),
        unit: hemtjanst(),
        kind: Kind::Employee,
        roles: role.into_iter().collect(),
        serves: BTreeSet::new(),
        blocked: false,
        valid: true,
        assurance: Assurance::Loa3,
        tier: Tier::T2,
        door_key: true,
    };
    Question { who, act, done_now: Assurance::Loa3 }
}

#[expect(clippy::expect_used, reason = "only for the constants of this file, all of which every test of the matrix parses")]
fn id<T: FromStr<Err: Debug>>(text: &'static str) -> T {
    text.parse().expect("a well-formed id")
}

fn kvarnby() -> OrganisationId {
    id("org_00000000000000000000000001")
}

fn grannby() -> OrganisationId {
    id("org_00000000000000000000000002")
}

fn unit(name: &str, above: &[&str]) -> Unit {
    Unit { organisation: kvarnby(), name: name.to_owned(), above: above.iter().map(|name| (*name).to_owned()).collect() }
}

fn hemtjanst() -> Unit {
    unit("Hemtjänst norr", &["Vård och omsorg"])
}

fn under() -> Unit {
    unit("Nattpatrullen", &["Hemtjänst norr", "Vård och omsorg"])
}

fn over() -> Unit {
    unit("Vård och omsorg", &[])
}

fn beside() -> Unit {
    unit("Skolan", &[])
}

fn put_to_work() -> Act {
    Act::PutToWork { unit: hemtjanst(), colleague: None, identity_document_seen: true, lasts: Seconds::hours(72) }
}

fn colleague() -> Colleague {
    Colleague { affiliation: id("aff_00000000000000000000000002"), unit: hemtjanst(), roles: BTreeSet::from([Role::Worker]) }
}

fn service() -> Service {
    Service {
        client: id("tjanst"),
        organisation: kvarnby(),
        kinds: BTreeSet::from([Kind::Employee, Kind::ProviderStaff]),
        level: Assurance::Loa2,
        unit: None,
        role: None,
    }
}

fn log_in() -> Act {
    Act::LogIn { service: service() }
}

/// The service behind the one that the person logged in to.
fn pass_on() -> Act {
    Act::PassOn { passing: Passing { service: service(), level: Assurance::Loa3, steps: 1 } }
}

fn class() -> DocumentClass {
    DocumentClass { organisation: kvarnby(), name: "protokoll".to_owned(), level: Assurance::Loa2 }
}

fn sign() -> Act {
    Act::Sign { class: class(), signer: id("aff_00000000000000000000000001") }
}

/// A visit from 10 000 to 13 600; now is 10 100.
fn open_door() -> Act {
    let opening = Opening {
        door: id("dor_00000000000000000000000001"),
        organisation: kvarnby(),
        worker: id("aff_00000000000000000000000001"),
        visit_starts: at(10_000),
        visit_ends: at(13_600),
        pass_starts: at(10_000),
        pass_ends: at(13_600),
        confirmed_online: false,
        now: at(10_100),
    };
    Act::OpenDoor { opening }
}

/// The same visit, for a service; the yes was given at 10 000.
fn let_open() -> Act {
    let visit = Visit { worker: id("aff_00000000000000000000000001"), starts: at(10_000), ends: at(13_600) };
    let door = id("dor_00000000000000000000000001");
    let letting = Letting { door, organisation: kvarnby(), visit: Some(visit), approved_at: at(10_000), at_once: true, now: at(10_100) };
    Act::LetOpen { letting }
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

/// What holds for every act.
pub(crate) const ANY_ACT: &[Case] = &[
    Case { says: "plain", change: |_| {} },
    Case { says: "blocked", change: |question| question.who.blocked = true },
    Case { says: "outside their dates", change: |question| question.who.valid = false },
    Case { says: "in another organisation", change: |question| move_away(&mut question.act) },
    Case { says: "in another organisation, employee with agreement", change: |question| across(question, Kind::Employee) },
    Case {
        says: "in another organisation, provider staff without agreement",
        change: |question| {
            across(question, Kind::ProviderStaff);
            question.who.serves.clear();
        },
    },
    Case { says: "in another organisation, provider staff with agreement", change: |question| across(question, Kind::ProviderStaff) },
];

/// Every act, in the order of the schema.
pub(crate) const SCENES: &[Scene] = &[
    Scene { says: "invite a colleague to a unit", act: || Act::Invite { unit: hemtjanst() }, cases: INVITE },
    Scene { says: "put a colleague to work", act: put_to_work, cases: PUT_TO_WORK },
    Scene { says: "block a work identity", act: || Act::Block { colleague: colleague() }, cases: BLOCK },
    Scene { says: "let a service open a door", act: let_open, cases: LET_OPEN },
    Scene { says: "log in to a service", act: log_in, cases: LOG_IN },
    Scene { says: "have a service pass one's access on", act: pass_on, cases: PASS_ON },
    Scene { says: "ask for a signature", act: || Act::AskForSignature { class: class() }, cases: &[] },
    Scene { says: "sign a document", act: sign, cases: SIGN },
    Scene { says: "open a door", act: open_door, cases: OPEN_DOOR },
    Scene { says: "read what a colleague has done", act: || Act::ReadColleague { colleague: colleague() }, cases: READ_COLLEAGUE },
    Scene { says: "see every use of a work identity", act: read_history, cases: READ_HISTORY },
    Scene { says: "register a service or change one", act: || Act::RegisterService { organisation: kvarnby() }, cases: REGISTER_SERVICE },
    Scene { says: "read the journal", act: || Act::ReadJournal { organisation: kvarnby() }, cases: &[] },
];

fn read_history() -> Act {
    Act::ReadHistory { organisation: kvarnby(), about: id("aff_00000000000000000000000001") }
}

const INVITE: &[Case] = &[
    Case { says: "to a unit under theirs", change: |question| in_unit(&mut question.act, under()) },
    Case { says: "to the unit over theirs", change: |question| in_unit(&mut question.act, over()) },
    Case { says: "to a unit beside theirs", change: |question| in_unit(&mut question.act, beside()) },
    Case { says: "with a second key (T3)", change: |question| question.who.tier = Tier::T3 },
    Case {
        says: "with a second key (T3), in another organisation with agreement",
        change: |question| {
            question.who.tier = Tier::T3;
            across(question, Kind::ProviderStaff);
        },
    },
];

const PUT_TO_WORK: &[Case] = &[
    Case { says: "in a unit under theirs", change: |question| in_unit(&mut question.act, under()) },
    Case { says: "in the unit over theirs", change: |question| in_unit(&mut question.act, over()) },
    Case { says: "in a unit beside theirs", change: |question| in_unit(&mut question.act, beside()) },
    Case { says: "for 72 hours and a second", change: |question| working(question, |_, _, lasts| *lasts = Seconds(259_201)) },
    Case { says: "for no time", change: |question| working(question, |_, _, lasts| *lasts = Seconds(0)) },
    Case { says: "identity document not seen", change: |question| working(question, |_, seen, _| *seen = false) },
    Case {
        says: "another known person",
        change: |question| working(question, |colleague, _, _| *colleague = Some(id("per_00000000000000000000000002"))),
    },
    Case { says: "oneself", change: |question| working(question, |colleague, _, _| *colleague = Some(id("per_00000000000000000000000001"))) },
];

const BLOCK: &[Case] = &[
    Case { says: "one's own", change: |question| acting_on(question, |them| them.affiliation = id("aff_00000000000000000000000001")) },
    Case { says: "in a unit under theirs", change: |question| in_unit(&mut question.act, under()) },
    Case { says: "in the unit over theirs", change: |question| in_unit(&mut question.act, over()) },
    Case { says: "in a unit beside theirs", change: |question| in_unit(&mut question.act, beside()) },
    Case { says: "a manager's", change: |question| acting_on(question, |them| them.roles = BTreeSet::from([Role::Manager])) },
    Case { says: "an administrator's", change: |question| acting_on(question, |them| them.roles = BTreeSet::from([Role::Administrator])) },
    Case { says: "with a phone of tier 0", change: |question| question.who.tier = Tier::T0 },
];

/// Who may stop somebody may not always look, so the cases are the same.
const READ_COLLEAGUE: &[Case] = BLOCK;

const LET_OPEN: &[Case] = &[
    Case { says: "without a visit", change: |question| letting(question, |letting| letting.visit = None) },
    Case { says: "another's visit", change: |question| visiting(question, |visit| visit.worker = id("aff_00000000000000000000000002")) },
    Case { says: "the visit is just over", change: |question| letting(question, |letting| letting.now = at(13_600)) },
    Case { says: "the visit begins in a second", change: |question| letting(question, |letting| letting.now = at(9_999)) },
    Case { says: "the visit begins in a second, promised for later", change: |question| promised(question, 9_999) },
    Case { says: "12 hours before the visit, promised for later", change: |question| promised(question, 10_000 - 43_200) },
    Case { says: "12 hours and a second before the visit, promised for later", change: |question| promised(question, 10_000 - 43_201) },
    Case { says: "tier 1, 5 minutes after the yes", change: |question| since_the_yes(question, Tier::T1, Assurance::Loa3, 300) },
    Case { says: "tier 1, 5 minutes and a second after the yes", change: |question| since_the_yes(question, Tier::T1, Assurance::Loa3, 301) },
    Case { says: "tier 2, person of level 2, 4 hours after the yes", change: |question| since_the_yes(question, Tier::T2, Assurance::Loa2, 14_400) },
    Case {
        says: "tier 2, person of level 2, 4 hours and a second after the yes",
        change: |question| since_the_yes(question, Tier::T2, Assurance::Loa2, 14_401),
    },
    Case { says: "tier 2, 5 hours after the yes", change: |question| since_the_yes(question, Tier::T2, Assurance::Loa3, 18_000) },
];

const LOG_IN: &[Case] = &[
    Case { says: "elected", change: |question| question.who.kind = Kind::Elected },
    Case { says: "contractor", change: |question| question.who.kind = Kind::Contractor },
    Case { says: "level 3 demanded", change: |question| entering(question, |service| service.level = Assurance::Loa3) },
    Case { says: "level 3 demanded, phone of tier 1", change: |question| demanding(question, |question| question.who.tier = Tier::T1) },
    Case { says: "level 3 demanded, person of level 2", change: |question| demanding(question, |question| question.who.assurance = Assurance::Loa2) },
    Case { says: "level 3 demanded, code typed", change: |question| demanding(question, |question| question.done_now = Assurance::Loa2) },
    Case { says: "level 2 demanded, all at level 2", change: at_level_two },
    Case { says: "only for auditors", change: |question| entering(question, |service| service.role = Some(Role::Auditor)) },
    Case { says: "only for their unit", change: |question| entering(question, |service| service.unit = Some(hemtjanst())) },
    Case { says: "only for the unit over theirs", change: |question| entering(question, |service| service.unit = Some(over())) },
    Case { says: "only for a unit under theirs", change: |question| entering(question, |service| service.unit = Some(under())) },
];

const PASS_ON: &[Case] = &[
    Case { says: "elected", change: |question| question.who.kind = Kind::Elected },
    Case { says: "level 3 demanded", change: |question| entering(question, |service| service.level = Assurance::Loa3) },
    Case {
        says: "level 3 demanded, logged in at level 2",
        change: |question| {
            entering(question, |service| service.level = Assurance::Loa3);
            passing(question, |passing| passing.level = Assurance::Loa2);
        },
    },
    Case { says: "level 2 demanded, logged in at level 2", change: |question| passing(question, |passing| passing.level = Assurance::Loa2) },
    Case { says: "only for auditors", change: |question| entering(question, |service| service.role = Some(Role::Auditor)) },
    Case { says: "only for a unit under theirs", change: |question| entering(question, |service| service.unit = Some(under())) },
    Case { says: "by the third service", change: |question| passing(question, |passing| passing.steps = 3) },
    Case { says: "by the fourth service", change: |question| passing(question, |passing| passing.steps = 4) },
];

const SIGN: &[Case] = &[
    Case { says: "another is named", change: |question| signing(question, |_, signer| *signer = id("aff_00000000000000000000000002")) },
    Case { says: "level 3 demanded", change: |question| signing(question, |class, _| class.level = Assurance::Loa3) },
    Case { says: "level 3 demanded, phone of tier 0", change: |question| demanding(question, |question| question.who.tier = Tier::T0) },
    Case { says: "level 3 demanded, person of level 2", change: |question| demanding(question, |question| question.who.assurance = Assurance::Loa2) },
    Case { says: "level 2 demanded, all at level 2", change: at_level_two },
];

const OPEN_DOOR: &[Case] = &[
    Case { says: "another's visit", change: |question| opening(question, |pass| pass.worker = id("aff_00000000000000000000000002")) },
    Case { says: "pass begins before the visit", change: |question| opening(question, |pass| pass.pass_starts = at(9_999)) },
    Case { says: "pass ends after the visit", change: |question| opening(question, |pass| pass.pass_ends = at(13_601)) },
    Case { says: "pass ends before it begins", change: |question| opening(question, |pass| pass.pass_ends = at(10_000)) },
    Case { says: "the visit is just over", change: |question| opening(question, |pass| pass.now = at(13_600)) },
    Case { says: "12 hours before the visit", change: |question| opening(question, |pass| pass.now = at(10_000 - 43_200)) },
    Case { says: "12 hours and a second before the visit", change: |question| opening(question, |pass| pass.now = at(10_000 - 43_201)) },
    Case { says: "tier 3", change: |question| question.who.tier = Tier::T3 },
    Case { says: "tier 2 without a door key", change: |question| question.who.door_key = false },
    Case { says: "tier 2, person of level 2, not confirmed", change: |question| question.who.assurance = Assurance::Loa2 },
    Case {
        says: "tier 2, person of level 2, confirmed online",
        change: |question| {
            question.who.assurance = Assurance::Loa2;
            opening(question, |pass| pass.confirmed_online = true);
        },
    },
    Case { says: "tier 1, the whole visit, confirmed online", change: |question| with_browser(question, 13_600, true) },
    Case { says: "tier 1, 5 minutes and a second, confirmed online", change: |question| with_browser(question, 10_401, true) },
    Case { says: "tier 1, 5 minutes, confirmed online", change: |question| with_browser(question, 10_400, true) },
    Case { says: "tier 1, 5 minutes, not confirmed", change: |question| with_browser(question, 10_400, false) },
    Case {
        says: "tier 0, 5 minutes, confirmed online",
        change: |question| {
            with_browser(question, 10_400, true);
            question.who.tier = Tier::T0;
        },
    },
];

const REGISTER_SERVICE: &[Case] = &[
    Case { says: "phone of tier 0", change: |question| question.who.tier = Tier::T0 },
    Case { says: "person of level 2", change: |question| question.who.assurance = Assurance::Loa2 },
    Case { says: "logged in by a typed code", change: |question| question.done_now = Assurance::Loa2 },
];

const READ_HISTORY: &[Case] = &[Case {
    says: "a colleague's",
    change: |question| question.act = Act::ReadHistory { organisation: kvarnby(), about: id("aff_00000000000000000000000002") },
}];

fn at_level_two(question: &mut Question) {
    question.who.assurance = Assurance::Loa2;
    question.who.tier = Tier::T0;
    question.done_now = Assurance::Loa2;
}

/// The act happens at the neighbour's, and an agreement with the neighbour is noted.
fn across(question: &mut Question, kind: Kind) {
    move_away(&mut question.act);
    question.who.kind = kind;
    question.who.serves = BTreeSet::from([grannby()]);
}

fn move_away(act: &mut Act) {
    match act {
        Act::AskForSignature { class } | Act::Sign { class, .. } => class.organisation = grannby(),
        Act::Block { colleague } | Act::ReadColleague { colleague } => colleague.unit.organisation = grannby(),
        Act::Invite { unit } | Act::PutToWork { unit, .. } => unit.organisation = grannby(),
        Act::LogIn { service } | Act::PassOn { passing: Passing { service, .. } } => service.organisation = grannby(),
        Act::LetOpen { letting } => letting.organisation = grannby(),
        Act::OpenDoor { opening } => opening.organisation = grannby(),
        Act::ReadHistory { organisation, .. } | Act::ReadJournal { organisation } | Act::RegisterService { organisation } => {
            *organisation = grannby();
        }
    }
}

fn in_unit(act: &mut Act, place: Unit) {
    match act {
        Act::Block { colleague } | Act::ReadColleague { colleague } => colleague.unit = place,
        Act::Invite { unit } | Act::PutToWork { unit, .. } => *unit = place,
        _ => {}
    }
}

/// A demand of level 3, and one fact that does not reach it.
fn demanding(question: &mut Question, weaken: fn(&mut Question)) {
    entering(question, |service| service.level = Assurance::Loa3);
    signing(question, |class, _| class.level = Assurance::Loa3);
    weaken(question);
}

fn with_browser(question: &mut Question, pass_ends: i64, confirmed_online: bool) {
    question.who.tier = Tier::T1;
    opening(question, |pass| {
        pass.pass_ends = at(pass_ends);
        pass.confirmed_online = confirmed_online;
    });
}

fn working(question: &mut Question, change: impl FnOnce(&mut Option<handslag_vocab::PersonId>, &mut bool, &mut Seconds)) {
    if let Act::PutToWork { colleague, identity_document_seen, lasts, .. } = &mut question.act {
        change(colleague, identity_document_seen, lasts);
    }
}

fn acting_on(question: &mut Question, change: impl FnOnce(&mut Colleague)) {
    if let Act::Block { colleague } | Act::ReadColleague { colleague } = &mut question.act {
        change(colleague);
    }
}

fn entering(question: &mut Question, change: impl FnOnce(&mut Service)) {
    if let Act::LogIn { service } | Act::PassOn { passing: Passing { service, .. } } = &mut question.act {
        change(service);
    }
}

fn passing(question: &mut Question, change: impl FnOnce(&mut Passing)) {
    if let Act::PassOn { passing } = &mut question.act {
        change(passing);
    }
}

fn signing(question: &mut Question, change: impl FnOnce(&mut DocumentClass, &mut handslag_vocab::AffiliationId)) {
    if let Act::Sign { class, signer } = &mut question.act {
        change(class, signer);
    }
}

fn letting(question: &mut Question, change: impl FnOnce(&mut Letting)) {
    if let Act::LetOpen { letting } = &mut question.act {
        change(letting);
    }
}

fn visiting(question: &mut Question, change: impl FnOnce(&mut Visit)) {
    letting(question, |letting| {
        if let Some(visit) = &mut letting.visit {
            change(visit);
        }
    });
}

/// Asked about when the person is asked, before the right is used.
fn promised(question: &mut Question, now: i64) {
    letting(question, |letting| {
        letting.at_once = false;
        letting.now = at(now);
        letting.approved_at = at(now);
    });
}

/// So long after the yes, on a phone of this tier and for a person of this level; the visit goes on all the while.
fn since_the_yes(question: &mut Question, tier: Tier, assurance: Assurance, seconds: i64) {
    (question.who.tier, question.who.assurance) = (tier, assurance);
    letting(question, |letting| {
        letting.now = letting.approved_at + Seconds(seconds);
        letting.visit.iter_mut().for_each(|visit| visit.ends = at(40_000));
    });
}

fn opening(question: &mut Question, change: impl FnOnce(&mut Opening)) {
    if let Act::OpenDoor { opening } = &mut question.act {
        change(opening);
    }
}
