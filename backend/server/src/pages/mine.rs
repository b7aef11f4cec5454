//! `/min-sida`: what the employer sees of oneself, who looked, and the own phones.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use handslag_vocab::{ClientId, PhoneId, SessionId, UnixTime};

use super::{
    Head,
    history::{self, History},
};
use crate::{
    caller::{Now, Rng},
    identity::Affiliation,
    login::{Worker, remembered},
    oidc::{self, OpenLogIn, Rule},
    outbox::Topic,
    page::Page,
    phone::{self, Phone},
    problem::Problem,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "pages/mine.html")]
struct MyPage {
    voice: Voice,
    head: Head,
    person: Affiliation,
    phones: Vec<Phone>,
    log_ins: Vec<OpenLogIn>,
    rules: Vec<Rule>,
    history: Option<History>,
}

/// `GET /min-sida`.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, voice: Voice, worker: Worker) -> Result<Response, Problem> {
    let me = &worker.affiliation;
    history::may_be_read(&server, me, worker.tier, now)?;
    let (phones, history) = server
        .db
        .read(async |tx| {
            let phones = phone::of_affiliation(tx, &me.affiliation_id).await?;
            Ok::<_, Problem>((phones, history::of(tx, voice, me).await?))
        })
        .await?;
    let log_ins = oidc::open_log_ins(&server, voice, &me.affiliation_id, now).await?;
    let rules = oidc::rules(&server, voice, &me.affiliation_id).await?;
    let head = Head::of(&server, &worker, "mine", now);
    Ok(Page(MyPage { voice, head, person: worker.affiliation, phones, log_ins, rules, history: Some(history) }).into_response())
}

/// `POST /min-sida/telefon/{phone}/ta-bort`: one's own phone, without asking anybody (LC-14).
pub(super) async fn remove(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    worker: Worker,
    Path(id): Path<PhoneId>,
) -> Result<Response, Problem> {
    server.db.write(async |tx| own_removed(tx, &worker.affiliation, &id, now, &mut rng).await).await?;
    server.wakeups.wake(Topic::PhoneEnded.as_str());
    Ok(Redirect::to("/min-sida").into_response())
}

/// `POST /min-sida/inloggningar/logga-ut`: every service, in every browser.
pub(super) async fn log_out_everywhere(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    worker: Worker,
) -> Result<Response, Problem> {
    oidc::log_out(&server, voice, (&worker.affiliation.affiliation_id, None), &headers, (now, rng)).await
}

/// `POST /min-sida/inloggningar/{session}/logga-ut`: one log-in in one browser.
pub(super) async fn log_out_one(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    worker: Worker,
    Path(session): Path<SessionId>,
) -> Result<Response, Problem> {
    oidc::log_out(&server, voice, (&worker.affiliation.affiliation_id, Some(&session)), &headers, (now, rng)).await
}

/// `POST /min-sida/fraga-inte/{client}/ta-tillbaka`: the service asks again from now on.
pub(super) async fn ask_again(State(server): State<Server>, worker: Worker, Path(client): Path<ClientId>) -> Result<Response, Problem> {
    server.db.write(async |tx| remembered::withdraw(tx, &worker.affiliation.affiliation_id, &client).await).await?;
    Ok(Redirect::to("/min-sida").into_response())
}

async fn own_removed(tx: &mut handslag_store::Tx, me: &Affiliation, id: &PhoneId, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    let phone = phone::by_id(tx, id).await?.filter(|phone| phone.affiliation_id == me.affiliation_id).ok_or_else(Problem::not_found)?;
    Ok(phone::taken_off(tx, &phone.phone_id, me, now, rng).await?)
}
