//! The signer opens a signature on the phone: the file is prepared (its signed bytes are fixed), and the approval names both the
//! file as uploaded and those bytes. What is shown, approved and signed is one row (attack V14).

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use handslag_pades::sign::{Options, Prepared, prepare};
use handslag_phone::wire::{AskedLogIn, Claim, Claimed, Inbox, InboxItem, Octets, Start};
use handslag_policy::{Act, DocumentClass};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, ApprovalKind, ControlWords, Digest, Document, Secret, SignatureId, StartKind, UnixTime};

use super::{
    files::Files,
    preview,
    signatures::{self, Signature, State as SignatureState},
};
use crate::{
    caller::{Now, Rng},
    identity,
    phone::{
        self, Caller,
        approvals::{self, Request, Row, Starts, State as ApprovalState},
        authority,
        pictures::{self, Picture},
    },
    problem::Problem,
    server::Server,
    words::Voice,
};

/// Room for the signature, its three certificates and the timestamp with its own: about 6 kB, measured, and as much again.
const RESERVE: usize = 16 * 1024;

/// `GET /phone/inbox`.
pub(super) async fn inbox(State(server): State<Server>, Now(now): Now, voice: Voice, caller: Caller) -> Result<Json<Inbox>, Problem> {
    let (items, log_ins) = server
        .db
        .read(async |tx| {
            let mut items = Vec::new();
            for signature in signatures::waiting_for(tx, &caller.affiliation.affiliation_id, now).await? {
                if is_answered(tx, &signature).await? {
                    continue;
                }
                let requester = identity::by_id(tx, &signature.requested_by).await?.name();
                let pages = u32::try_from(signature.pages).unwrap_or(u32::MAX);
                items.push(InboxItem {
                    expires_at: signature.expires_at,
                    pages,
                    requester,
                    signature: signature.signature_id,
                    title: signature.title,
                });
            }
            let asked = phone::directed::waiting_for(tx, &caller.affiliation.affiliation_id, &caller.phone.phone_id, now).await?;
            Ok::<_, Problem>((items, asked))
        })
        .await?;
    let log_ins = log_ins.into_iter().map(|row| log_in(voice, row)).collect::<Result<_, _>>()?;
    Ok(Json(Inbox { items, log_ins }))
}

fn log_in(voice: Voice, row: Row) -> Result<AskedLogIn, Problem> {
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let requester = if voice.tag() == "en" { request.name_en } else { request.name_sv };
    Ok(AskedLogIn { approval: row.approval_id, expires_at: row.expires_at, organisation: request.organisation, requester })
}

/// The yes is given and the signature is being made, or the no is being told: it no longer waits for the person.
async fn is_answered(tx: &mut Tx, signature: &Signature) -> Result<bool, Problem> {
    let Some(approval) = &signature.approval_id else { return Ok(false) };
    let row = approvals::by_id(tx, approval).await?;
    Ok(row.is_some_and(|row| row.state.is_answered()))
}

/// `POST /phone/approvals`: what is assigned to a person starts here; what a screen nearby shows, in slice `phone`.
pub(super) async fn claim(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    caller: Caller,
    Json(asked): Json<Claim>,
) -> Result<Json<Claimed>, Problem> {
    let language = asked.language.as_str();
    let row = match &asked.start {
        Start::Assigned { signature } => opened(&server, &caller, signature, language, now, &mut rng).await?,
        near => phone::taken(&server, &caller, near, language, now).await?,
    };
    let documents = row.request().map_err(|error| Problem::internal(&error))?.documents.iter().map(|document| document.pages).collect();
    Ok(Json(Claimed { approval: Octets(row.bytes.unwrap_or_default()), documents }))
}

/// Gives the open approval of this phone, or makes one.
pub(super) async fn opened(server: &Server, caller: &Caller, id: &SignatureId, language: &str, now: UnixTime, rng: &mut Rng) -> Result<Row, Problem> {
    let signature = waiting(server, caller, id, now).await?;
    if let Some(row) = already_open(server, caller, &signature, now).await? {
        return Ok(row);
    }
    let (prepared, file) = fixed(server, caller, &signature, now).await?;
    let approval = ApprovalId::at(now, rng);
    let held = Files::of(server).hold(server, &approval, &prepared.bytes)?;
    let range = serde_json::to_string(&prepared.byte_range).map_err(|error| Problem::internal(&error))?;
    let browser = Secret::random("none", rng).hash(); // no browser began this: nothing can ever match it
    let request = request(server, &signature, &prepared, file);
    let row = server
        .db
        .write(async |tx| {
            let starts = Starts { link: None, qr: None, browser };
            approvals::create(tx, &approval, ApprovalKind::Signature, &request, starts, now, now + approvals::time_for(ApprovalKind::Signature))?;
            // Only one approval of a signature is ever open: the earlier one is ended here, or it was answered and its answer stands.
            if let Some(earlier) = &signature.approval_id
                && !approvals::replace(tx, earlier, now).await?
                && approvals::is_answered(tx, earlier).await?
            {
                return Err(Problem::gone());
            }
            if !signatures::opened(tx, &signature, &approval, &held, &range).await? {
                return Err(Problem::gone());
            }
            let row = approvals::by_id(tx, &approval).await?.ok_or_else(Problem::gone)?;
            phone::fix(tx, server, caller, row, StartKind::Assigned, language, now).await
        })
        .await?;
    // What an earlier opening had prepared can no longer be signed.
    if let Some(earlier) = &signature.approval_id {
        Files::of(server).release(earlier);
    }
    Ok(row)
}

async fn waiting(server: &Server, caller: &Caller, id: &SignatureId, now: UnixTime) -> Result<Signature, Problem> {
    let signature = server.db.read(async |tx| signatures::by_id(tx, id).await).await?;
    let mine = signature.filter(|signature| signature.signer == caller.affiliation.affiliation_id);
    let open = mine.filter(|signature| signature.state == SignatureState::Waiting && now < signature.expires_at).ok_or_else(Problem::gone)?;
    let class = DocumentClass { organisation: open.organisation_id.clone(), name: open.class.clone(), level: open.assurance };
    let act = Act::Sign { class, signer: open.signer.clone() };
    phone::reaches(caller, open.assurance)?;
    authority::allowed(server, &caller.affiliation, caller.phone.tier, act, now)?;
    Ok(open)
}

/// The approval that this phone opened before and has not answered; an answer, yes or no, is final.
async fn already_open(server: &Server, caller: &Caller, signature: &Signature, now: UnixTime) -> Result<Option<Row>, Problem> {
    let Some(approval) = &signature.approval_id else { return Ok(None) };
    let row = server.db.read(async |tx| approvals::by_id(tx, approval).await).await?;
    let Some(row) = row else { return Ok(None) };
    match row.state_at(now) {
        state if state.is_answered() => Err(Problem::gone()),
        ApprovalState::Claimed | ApprovalState::Shown if row.phone_id.as_ref() == Some(&caller.phone.phone_id) => Ok(Some(row)),
        _ => Ok(None),
    }
}

/// The file with room for the signature; its signed bytes never change from here on.
async fn fixed(server: &Server, caller: &Caller, signature: &Signature, now: UnixTime) -> Result<(Prepared, Digest), Problem> {
    let address = Digest::from_slice(&signature.file_hash).ok_or_else(Problem::not_found)?;
    let file = Files::of(server).get(server, &address)?;
    let options = Options { location: None, name: Some(caller.affiliation.name()), reason: None, reserve: RESERVE, time: now };
    let prepared = tokio::task::spawn_blocking(move || prepare(&file, &options)).await.map_err(|error| Problem::internal(&error))?;
    Ok((prepared.map_err(|error| Problem::internal(&error))?, address))
}

fn request(server: &Server, signature: &Signature, prepared: &Prepared, file: Digest) -> Request {
    let document = Document {
        file,
        pages: u32::try_from(signature.pages).unwrap_or(u32::MAX),
        signed_bytes: Digest(prepared.digest),
        title: signature.title.clone(),
        words: ControlWords::of(&file),
    };
    Request {
        requester: "underskrift".to_owned(),
        name_sv: "Underskrift".to_owned(),
        name_en: "Signature".to_owned(),
        organisation: server.config.operator.name.clone(),
        claims: vec!["name".to_owned(), "https://id.oidc.se/claim/orgName".to_owned(), "https://id.oidc.se/claim/orgAffiliation".to_owned()],
        assurance: signature.assurance,
        return_to: None,
        in_browser: None,
        documents: vec![document],
        stays_days: None,
        service: None,
        granted: Vec::new(),
        logo: phone::logo::Logo::default(),
        occasion: approvals::Occasion::Ordinary,
    }
}

/// `GET /phone/approvals/{txn}/documents/{document}/pages/{page}`: a picture, for the phone that opened it. Its digest is noted before
/// it leaves.
pub(super) async fn page(
    State(server): State<Server>,
    Now(now): Now,
    caller: Caller,
    Path((id, document, page)): Path<(ApprovalId, u32, u32)>,
) -> Result<Response, Problem> {
    let signature = server.db.read(async |tx| shown(tx, &caller, &id, now).await).await?;
    if document != 1 || page == 0 || i64::from(page) > signature.pages {
        return Err(Problem::not_found());
    }
    let address = Digest::from_slice(&signature.file_hash).ok_or_else(Problem::not_found)?;
    let picture = preview::page(&server, Files::of(&server).get(&server, &address)?, page).await?;
    let size = i64::try_from(picture.len()).unwrap_or(i64::MAX);
    let noted = Picture { document: i64::from(document), page: i64::from(page), sha256: Digest::of(&picture), size };
    // Asked again, because drawing takes a while: what was noted after the yes would be no part of its evidence.
    let noting = async |tx: &mut Tx| {
        shown(tx, &caller, &id, now).await?;
        Ok::<_, Problem>(pictures::note(tx, &id, &noted, now).await?)
    };
    server.db.write(noting).await?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], picture).into_response())
}

/// While the question waits for its answer: what is looked at afterwards is no part of it.
async fn shown(tx: &mut Tx, caller: &Caller, id: &ApprovalId, now: UnixTime) -> Result<Signature, Problem> {
    let row = approvals::by_id(tx, id).await?.filter(|row| row.phone_id.as_ref() == Some(&caller.phone.phone_id));
    row.filter(|row| matches!(row.state_at(now), ApprovalState::Claimed | ApprovalState::Shown)).ok_or_else(Problem::gone)?;
    signatures::by_approval(tx, id).await?.ok_or_else(Problem::gone)
}
