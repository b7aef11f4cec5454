//! The journal in words: what was done with one work identity, and who looked. The employer and the worker read the same lines.

use std::collections::BTreeSet;

use handslag_policy::Act;
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, ApprovalId, DoorId, SignatureId, UnixTime};
use serde_json::Value;

use crate::{
    audit::{self, Line},
    doors::{self, Door, LockLog},
    identity::{self, Affiliation},
    phone::{Tier, approvals, authority},
    problem::Problem,
    server::Server,
    signing,
    words::Voice,
};

/// The newest lines; older ones are the auditor's.
const NEWEST: i64 = 100;

/// Somebody opened a person's page.
pub(super) const LOOKED: &str = "pages.looked";

/// A lock told of an attempt at its door.
const OPENING: &str = "doors.opening";

/// What is told; how a service fetched its answer is part of the log-in that is told already.
const TOLD: [&str; 26] = [
    "approval.declined",
    "approval.given",
    OPENING,
    "doors.pass_issued",
    "identity.another_way_wanted",
    "identity.blocked",
    "identity.invitation_declined",
    "identity.invited",
    "oidc.asked_for",
    "oidc.asking_refused",
    "oidc.code_reused",
    "oidc.details_given",
    "oidc.given_back",
    "oidc.logged_in",
    "oidc.logged_out",
    "oidc.logout_not_taken",
    "oidc.passed_on",
    "oidc.refresh_token_copied",
    "phone.enrolled",
    "phone.removed",
    "signing.asked",
    "signing.declined",
    "signing.downloaded",
    "signing.expired",
    "signing.failed",
    "signing.signed",
];

/// One line for a person.
pub(super) struct Entry {
    /// When.
    pub(super) at: UnixTime,
    /// What was done.
    pub(super) what: String,
    /// The service, document, door or unit; empty where there is none.
    pub(super) place: String,
    /// Who, where it was somebody else.
    pub(super) by: Option<String>,
}

/// Newest first.
pub(super) struct History {
    /// Everything done with the work identity.
    pub(super) uses: Vec<Entry>,
    /// Who looked.
    pub(super) looked: Vec<Entry>,
    /// What is known to be missing at the doors among the uses.
    pub(super) notes: Vec<String>,
}

/// One's own history is asked of the policy too: a blocked identity reads nothing.
pub(super) fn may_be_read(server: &Server, me: &Affiliation, tier: Tier, now: UnixTime) -> Result<(), Problem> {
    let act = Act::ReadHistory { organisation: me.organisation_id.clone(), about: me.affiliation_id.clone() };
    authority::allowed(server, me, tier, act, now)
}

/// The history of one work identity.
pub(super) async fn of(tx: &mut Tx, voice: Voice, about: &Affiliation) -> Result<History, Problem> {
    let doors = doors::of_organisation(tx, &about.organisation_id).await?;
    let mut history = History { uses: Vec::new(), looked: Vec::new(), notes: Vec::new() };
    let mut opened: BTreeSet<DoorId> = BTreeSet::new();
    for line in audit::about(tx, about.affiliation_id.as_str(), NEWEST).await? {
        if line.kind == LOOKED {
            history.looked.push(entry(tx, voice, about, &doors, &line).await?);
        } else if TOLD.contains(&line.kind.as_str()) {
            history.uses.push(entry(tx, voice, about, &doors, &line).await?);
            opened.extend((line.kind == OPENING).then(|| text(&line.facts(), "door").parse().ok()).flatten());
        }
    }
    for door in opened {
        if let Some(log) = doors::log_of(tx, &door).await? {
            history.notes.extend(notes(voice, &log));
        }
    }
    history.uses.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Ok(history)
}

/// What a reader of openings must know of the lock that told them: what is not there.
fn notes(voice: Voice, log: &LockLog) -> Vec<String> {
    let counted = |key, count: i64| (count > 0).then(|| voice.count(key, count));
    let all = [counted("lock-log-missing", log.missing), counted("lock-log-untold", log.untold), log.forked_at.map(|_| voice.say("lock-log-forked"))];
    all.into_iter().flatten().map(|note| format!("{}: {note}", log.name)).collect()
}

async fn entry(tx: &mut Tx, voice: Voice, about: &Affiliation, doors: &[Door], line: &Line) -> Result<Entry, Problem> {
    let facts = line.facts();
    // A lock tells later what happened at its door: the time is the lock's.
    let at = facts.get("at").and_then(Value::as_i64).map_or(line.at, UnixTime::from_seconds);
    let place = place(tx, voice, doors, &line.kind, &facts).await?;
    Ok(Entry { at, what: voice.say(&key(&line.kind, &facts)), place, by: by(tx, about, &line.actor).await? })
}

/// `history-` and the kind, with a word more where the kind has two outcomes.
fn key(kind: &str, facts: &Value) -> String {
    let outcome = match kind {
        "approval.declined" if text(facts, "reason") == "not_me" => "-not-me",
        "approval.declined" if text(facts, "reason") == "wrong_number" => "-wrong-number",
        "oidc.details_given" if has_doors(facts) => "-doors",
        "oidc.logged_in" if is_again(facts) => "-again",
        OPENING if text(facts, "result") != "opened" => "-refused",
        _ => "",
    };
    format!("history-{}{outcome}", kind.replace(['.', '_'], "-"))
}

/// The service was entered by a log-in that stood already.
fn is_again(facts: &Value) -> bool {
    facts.get("again").and_then(Value::as_bool) == Some(true)
}

/// A service may open doors by what it was given.
fn has_doors(facts: &Value) -> bool {
    facts.get("details").and_then(Value::as_array).is_some_and(|details| details.iter().any(|detail| text(detail, "type") == "door"))
}

async fn place(tx: &mut Tx, voice: Voice, doors: &[Door], kind: &str, facts: &Value) -> Result<String, Problem> {
    Ok(match kind {
        OPENING => text(facts, "name").to_owned(),
        "doors.pass_issued" => {
            doors.iter().find(|door| door.door_id.as_str() == text(facts, "door")).map(|door| door.name.clone()).unwrap_or_default()
        }
        "identity.invited" => text(facts, "unit").to_owned(),
        // A log-in that stood already rests on an approval for another service.
        "oidc.logged_in" if is_again(facts) => text(facts, if voice.tag() == "en" { "name_en" } else { "name_sv" }).to_owned(),
        "signing.asked" | "signing.declined" | "signing.downloaded" | "signing.expired" | "signing.failed" => title(tx, facts).await?,
        _ => asked(tx, voice, facts).await?,
    })
}

/// The name that stood on the approval: the document's title, or the service.
async fn asked(tx: &mut Tx, voice: Voice, facts: &Value) -> Result<String, Problem> {
    let Ok(id) = text(facts, "approval").parse::<ApprovalId>() else { return Ok(String::new()) };
    let Some(request) = approvals::by_id(tx, &id).await?.and_then(|row| row.request().ok()) else { return Ok(String::new()) };
    let name = if voice.tag() == "en" { request.name_en } else { request.name_sv };
    Ok(request.documents.into_iter().next().map_or(name, |document| document.title))
}

async fn title(tx: &mut Tx, facts: &Value) -> Result<String, Problem> {
    let Ok(id) = text(facts, "signature").parse::<SignatureId>() else { return Ok(String::new()) };
    Ok(signing::by_id(tx, &id).await?.map(|signature| signature.title).unwrap_or_default())
}

async fn by(tx: &mut Tx, about: &Affiliation, actor: &str) -> Result<Option<String>, Problem> {
    let Ok(id) = actor.parse::<AffiliationId>() else { return Ok(None) };
    if id == about.affiliation_id {
        return Ok(None);
    }
    Ok(identity::find(tx, &id).await?.map(|actor| actor.name()))
}

fn text<'f>(facts: &'f Value, name: &str) -> &'f str {
    facts.get(name).and_then(Value::as_str).unwrap_or_default()
}
