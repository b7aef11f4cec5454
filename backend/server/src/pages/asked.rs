//! `/underskrifter`: asking for a signature, what was asked, and what waits for oneself.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, SignatureId, UnixTime};

use super::Head;
use crate::{
    caller::Now,
    identity::{self, Affiliation, Standing},
    login::Worker,
    page::Page,
    problem::Problem,
    server::Server,
    signing::{self, Signature, State as SignatureState},
    words::Voice,
};

/// Newest first; what is older is found by its matter.
const NEWEST: i64 = 50;

#[derive(Template)]
#[template(path = "pages/signatures.html")]
struct SignaturesPage {
    voice: Voice,
    head: Head,
    people: Vec<(AffiliationId, String)>,
    classes: Vec<(String, String)>,
    asked: Vec<Row>,
    waiting: Vec<Row>,
    /// Something may change by itself: the page looks again.
    is_open: bool,
}

struct Row {
    id: SignatureId,
    title: String,
    /// The signer of what I asked; who asks, for what waits for me.
    person: String,
    state: &'static str,
    at: String,
    /// When it came to its end, where that is known.
    ended: Option<String>,
    /// Who asked can ask again with one press.
    again: bool,
}

/// `GET /underskrifter`.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, voice: Voice, worker: Worker) -> Result<Response, Problem> {
    let me = &worker.affiliation;
    let (people, asked, waiting) = server
        .db
        .read(async |tx| {
            let mine = signing::asked_by(tx, &me.affiliation_id, NEWEST).await?;
            let for_me = signing::waiting_for(tx, &me.affiliation_id, now).await?;
            let asked = rows(tx, voice, mine, |signature| &signature.signer, now).await?;
            Ok::<_, Problem>((signers(tx, me, now).await?, asked, rows(tx, voice, for_me, |signature| &signature.requested_by, now).await?))
        })
        .await?;
    let is_open = asked.iter().any(|row| row.state == "waiting") || !waiting.is_empty();
    let head = Head::of(&server, &worker, "signatures", now);
    Ok(Page(SignaturesPage { voice, head, people, classes: classes(&server, voice), asked, waiting, is_open }).into_response())
}

/// Whom this person can ask: the colleagues of the unit, the newest first.
async fn signers(tx: &mut Tx, me: &Affiliation, now: UnixTime) -> Result<Vec<(AffiliationId, String)>, Problem> {
    let unit = identity::of_unit(tx, &me.organisation_id, &me.unit).await?;
    let good = unit.into_iter().rev().filter(|person| person.standing(now) == Standing::Good);
    Ok(good.map(|person| (person.affiliation_id.clone(), person.name())).collect())
}

fn classes(server: &Server, voice: Voice) -> Vec<(String, String)> {
    let classes = server.config.document_classes.iter();
    classes.map(|class| (class.id.clone(), if voice.tag() == "en" { class.name_en.clone() } else { class.name_sv.clone() })).collect()
}

async fn rows(
    tx: &mut Tx,
    voice: Voice,
    signatures: Vec<Signature>,
    person: impl Fn(&Signature) -> &AffiliationId,
    now: UnixTime,
) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for signature in signatures {
        let person = identity::by_id(tx, person(&signature)).await?.name();
        let state = word(&signature, now);
        let (again, ended) = (signature.may_be_asked_again(now), signature.ended_at.map(|at| voice.moment(at)));
        rows.push(Row { id: signature.signature_id, title: signature.title, person, state, at: voice.moment(signature.created_at), ended, again });
    }
    Ok(rows)
}

/// The end of the text's key.
fn word(signature: &Signature, now: UnixTime) -> &'static str {
    match signature.state {
        SignatureState::Declined => "declined",
        SignatureState::Failed => "failed",
        SignatureState::Signed => "signed",
        SignatureState::Waiting if now >= signature.expires_at => "expired",
        SignatureState::Waiting => "waiting",
    }
}
