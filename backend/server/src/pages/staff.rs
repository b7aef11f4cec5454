//! `/personal`: the manager's unit, and putting a colleague to work.

use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Response},
};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, Seconds, UnixTime};
use serde::Deserialize;

use super::{Head, put_to_work as question};
use crate::{
    caller::{Now, Rng},
    identity::{self, Affiliation, NewColleague, Standing},
    login::Worker,
    page::Page,
    phone::{self, authority},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// "Until further notice" is asked of the policy as this long.
const LONG: Seconds = Seconds::days(1_826);

#[derive(Template)]
#[template(path = "pages/staff.html")]
struct StaffPage {
    voice: Voice,
    head: Head,
    unit: String,
    staff: Vec<Member>,
}

struct Member {
    id: AffiliationId,
    name: String,
    role: String,
    has_phone: bool,
    standing: &'static str,
}

/// `GET /personal`.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, voice: Voice, worker: Worker) -> Result<Response, Problem> {
    authority::allowed(&server, &worker.affiliation, worker.tier, question(&worker, true, Seconds::days(1)), now)?;
    let staff = server.db.read(async |tx| members(tx, &worker.affiliation, now).await).await?;
    let head = Head::of(&server, &worker, "staff", now);
    Ok(Page(StaffPage { voice, head, unit: worker.affiliation.unit, staff }).into_response())
}

async fn members(tx: &mut Tx, manager: &Affiliation, now: UnixTime) -> Result<Vec<Member>, Problem> {
    let mut members = Vec::new();
    for person in identity::of_unit(tx, &manager.organisation_id, &manager.unit).await? {
        let phones = phone::of_affiliation(tx, &person.affiliation_id).await?;
        let has_phone = phones.iter().any(|phone| phone.blocked_at.is_none());
        let (name, standing) = (person.name(), word(person.standing(now)));
        members.push(Member { id: person.affiliation_id, name, role: person.role, has_phone, standing });
    }
    Ok(members)
}

/// The end of the text's key.
pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Blocked => "blocked",
        Standing::Ended => "ended",
        Standing::Good => "good",
        Standing::NotYet => "not-yet",
    }
}

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Colleague {
    given_name: String,
    family_name: String,
    role: String,
    /// A number of days, or nothing: until further notice.
    #[serde(default)]
    days: String,
    identity_document_seen: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/invited.html")]
struct InvitedPage {
    voice: Voice,
    head: Head,
    name: String,
    code: String,
    link: String,
    expires: String,
}

/// `POST /personal`: the invitation, for the desk's screen.
pub(super) async fn put_to_work(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    worker: Worker,
    Form(form): Form<Colleague>,
) -> Result<Response, Problem> {
    let is_seen = form.identity_document_seen.is_some();
    let new = new_colleague(form)?;
    let lasts = new.days.map_or(LONG, Seconds::days);
    authority::allowed(&server, &worker.affiliation, worker.tier, question(&worker, is_seen, lasts), now)?;
    let answered = server.db.write(async |tx| identity::invite(tx, &worker.affiliation, &new, now, &mut rng).await).await?;
    let link = identity::invitation_link(&server.config.issuer, &answered.link);
    let code = format!("{}/kod.svg", link.strip_prefix(&server.config.issuer).unwrap_or_default());
    let name = format!("{} {}", new.given_name.trim(), new.family_name.trim());
    let head = Head::of(&server, &worker, "staff", now);
    Ok(Page(InvitedPage { voice, head, name, code, link, expires: voice.moment(answered.expires_at) }).into_response())
}

fn new_colleague(form: Colleague) -> Result<NewColleague, Problem> {
    let days = Some(form.days.trim()).filter(|days| !days.is_empty()).map(|days| days.parse().unwrap_or(0));
    let new = NewColleague { given_name: form.given_name, family_name: form.family_name, role: form.role, days };
    if new.is_sound() {
        Ok(new)
    } else {
        Err(Problem::bad("unsound_colleague", "Fyll i förnamn, efternamn, roll och tid.", "Fill in given name, family name, role and time."))
    }
}
