//! Somebody asks one person to sign one file. A file that could show one thing and mean another is refused with a sentence, and
//! nothing of it is stored.

use axum::{
    extract::{Multipart, Path, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use handslag_pades::intake;
use handslag_policy::{Act, DocumentClass};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, Digest, Seconds, SignatureId, UnixTime};
use serde_json::json;

use super::{
    LARGEST_FILE,
    files::Files,
    signatures::{self, Signature, State as SignatureState},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config,
    identity::{self, Affiliation},
    login::Worker,
    phone::authority,
    problem::Problem,
    server::Server,
};

/// A signer has this long.
const TO_SIGN: Seconds = Seconds::days(30);

/// What is asked for.
#[derive(Debug, Default)]
pub struct Asked {
    /// The file.
    pub file: Vec<u8>,
    /// Its name, the title where the file itself has none.
    pub file_name: String,
    /// Who shall sign.
    pub signer: String,
    /// The kind of document.
    pub class: String,
}

/// `POST /underskrift`: the form with the file.
pub(super) async fn upload(State(server): State<Server>, Now(now): Now, rng: Rng, worker: Worker, form: Multipart) -> Result<Response, Problem> {
    let asked = read(form).await?;
    ask(&server, &worker, asked, now, rng).await?;
    Ok(Redirect::to("/underskrifter").into_response())
}

async fn read(mut form: Multipart) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    while let Some(field) = form.next_field().await.map_err(|_| too_large())? {
        match field.name().unwrap_or_default() {
            "file" => {
                asked.file_name = field.file_name().unwrap_or_default().to_owned();
                asked.file = field.bytes().await.map_err(|_| too_large())?.to_vec();
            }
            "signer" => asked.signer = field.text().await.map_err(|_| too_large())?,
            "class" => asked.class = field.text().await.map_err(|_| too_large())?,
            _ => {}
        }
    }
    Ok(asked)
}

/// Checks the file, stores it and asks.
pub async fn ask(server: &Server, worker: &Worker, asked: Asked, now: UnixTime, mut rng: Rng) -> Result<SignatureId, Problem> {
    let requester = &worker.affiliation;
    let class = class_of(server, &asked.class)?;
    may_ask(server, worker, &class, now)?;
    let signer: AffiliationId = asked.signer.parse().map_err(|_| no_signer())?;
    known_signer(server, requester, &signer).await?;
    let (checked, file) = checked(asked.file).await?;
    let title = checked.title.filter(|title| !title.trim().is_empty()).unwrap_or(asked.file_name);
    let file_hash = Files::of(server).put(server, &file)?;
    let new = Signature {
        signer,
        title: title.chars().filter(|c| !c.is_control()).take(200).collect(),
        pages: i64::try_from(checked.pages).unwrap_or(i64::MAX),
        file_hash: file_hash.as_bytes().to_vec(),
        ..waiting(requester, class, now, &mut rng)
    };
    server.db.write(async |tx| stored(tx, requester, &new, now, &mut rng).await).await?;
    Ok(new.signature_id)
}

/// A signature that nobody has answered, before it is said who shall sign what.
fn waiting(requester: &Affiliation, class: config::DocumentClass, now: UnixTime, rng: &mut Rng) -> Signature {
    Signature {
        signature_id: SignatureId::random(rng),
        organisation_id: requester.organisation_id.clone(),
        requested_by: requester.affiliation_id.clone(),
        signer: requester.affiliation_id.clone(),
        class: class.id,
        assurance: class.assurance,
        title: String::new(),
        pages: 0,
        file_hash: Vec::new(),
        state: SignatureState::Waiting,
        approval_id: None,
        prepared_hash: None,
        byte_range: None,
        signed_hash: None,
        created_at: now,
        expires_at: now + TO_SIGN,
        ended_at: None,
        asked_again_at: None,
    }
}

fn may_ask(server: &Server, worker: &Worker, class: &config::DocumentClass, now: UnixTime) -> Result<(), Problem> {
    let requester = &worker.affiliation;
    let class = DocumentClass { organisation: requester.organisation_id.clone(), name: class.id.clone(), level: class.assurance };
    authority::allowed(server, requester, worker.tier, Act::AskForSignature { class }, now)
}

/// `POST /underskrift/{signature}/igen`: the same question to the same person, once, after a no, a failure or a time that ran out.
pub(super) async fn again(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    worker: Worker,
    Path(id): Path<SignatureId>,
) -> Result<Redirect, Problem> {
    let requester = &worker.affiliation;
    server
        .db
        .write(async |tx| {
            let earlier = signatures::asked_again(tx, &id, &requester.affiliation_id, now).await?.ok_or_else(Problem::gone)?;
            let class = class_of(&server, &earlier.class)?;
            may_ask(&server, &worker, &class, now)?;
            let Signature { signer, title, pages, file_hash, .. } = earlier;
            let new = Signature { signer, title, pages, file_hash, ..waiting(requester, class, now, &mut rng) };
            stored(tx, requester, &new, now, &mut rng).await
        })
        .await?;
    Ok(Redirect::to("/underskrifter"))
}

/// A reader of hostile bytes takes its time; it must not hold up others.
async fn checked(file: Vec<u8>) -> Result<(intake::Intake, Vec<u8>), Problem> {
    if file.len() > LARGEST_FILE {
        return Err(too_large());
    }
    let both = tokio::task::spawn_blocking(move || (intake::check(&file), file)).await.map_err(|error| Problem::internal(&error))?;
    match both {
        (Ok(intake), file) => Ok((intake, file)),
        (Err(refusal), _) => Err(Problem::bad("file_refused", refusal.swedish(), refusal.english())),
    }
}

async fn stored(tx: &mut Tx, requester: &Affiliation, new: &Signature, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    signatures::create(tx, new).await?;
    let event = Event {
        chain: requester.chain(Purpose::Signing),
        kind: "signing.asked",
        actor: Actor::Person(requester.affiliation_id.clone()),
        objects: vec![new.signer.to_string(), requester.affiliation_id.to_string(), new.signature_id.to_string()],
        payload: json!({ "signature": new.signature_id, "class": new.class, "file": Digest::from_slice(&new.file_hash) }),
    };
    Ok(audit::record(tx, event, now, rng).await?)
}

/// Asked before anything is stored. A signer of another organisation does not exist here.
async fn known_signer(server: &Server, requester: &Affiliation, signer: &AffiliationId) -> Result<(), Problem> {
    let found = server.db.read(async |tx| identity::find(tx, signer).await).await?;
    found.filter(|signer| signer.organisation_id == requester.organisation_id).map(|_| ()).ok_or_else(no_signer)
}

fn class_of(server: &Server, id: &str) -> Result<config::DocumentClass, Problem> {
    let class = server.config.document_classes.iter().find(|class| class.id == id).cloned();
    class.ok_or_else(|| Problem::bad("unknown_class", "Välj vad det är för slags dokument.", "Choose what kind of document it is."))
}

fn no_signer() -> Problem {
    Problem::bad("unknown_signer", "Välj vem som ska skriva under.", "Choose who is to sign.")
}

fn too_large() -> Problem {
    Problem::bad("file_too_large", "Dokumentet är för stort. Högst 100 MB.", "The document is too large. At most 100 MB.")
}

/// `GET /underskrift/{signature}/fil.pdf`: the signed file, or the uploaded one before, for who asked and who signs. The journal has
/// it before a byte leaves.
pub(super) async fn download(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    worker: Worker,
    Path(id): Path<SignatureId>,
) -> Result<Response, Problem> {
    let signature = server.db.read(async |tx| signatures::by_id(tx, &id).await).await?.ok_or_else(Problem::not_found)?;
    let me = &worker.affiliation.affiliation_id;
    if signature.requested_by != *me && signature.signer != *me {
        return Err(Problem::not_found());
    }
    let address = signature.signed_hash.as_deref().unwrap_or(&signature.file_hash);
    let address = Digest::from_slice(address).ok_or_else(Problem::not_found)?;
    let file = Files::of(&server).get(&server, &address)?;
    let disposition =
        if signature.signed_hash.is_some() { "attachment; filename=\"underskriven.pdf\"" } else { "attachment; filename=\"dokument.pdf\"" };
    let event = downloaded(&worker.affiliation, &signature, &address);
    server.db.write(async |tx| audit::record(tx, event, now, &mut rng).await).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ];
    Ok((headers, file).into_response())
}

fn downloaded(reader: &Affiliation, signature: &Signature, file: &Digest) -> Event {
    Event {
        chain: reader.chain(Purpose::Signing),
        kind: "signing.downloaded",
        actor: Actor::Person(reader.affiliation_id.clone()),
        objects: vec![reader.affiliation_id.to_string(), signature.signature_id.to_string()],
        payload: json!({ "signature": signature.signature_id, "file": file }),
    }
}
