//! From a yes to a signed file. Every step may be done twice, after a kill, and gives the same file's signature.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use handslag_pades::{
    certificate::Certificate,
    cms,
    sign::Prepared,
    timestamp::{self, Imprint},
};
use handslag_phone::wire::Octets;
use handslag_vocab::{ApprovalId, Digest};
use tower::ServiceExt;

use super::{
    authorities::{current, policy, refused},
    core::{self, Order, Signed},
    files::Files,
    signatures::{self, Signature},
};
use crate::{
    caller::Rng,
    outbox::{self, Topic},
    problem::Problem,
    server::Server,
};

/// Makes the signature that an approval was given for.
pub(super) async fn complete(server: &Server, approval: &ApprovalId) -> Result<(), Problem> {
    let signature = server.db.read(async |tx| signatures::by_approval(tx, approval).await).await?.ok_or_else(Problem::not_found)?;
    let file = signed_file(server, approval, &signature).await?;
    let address = Files::of(server).put(server, &file)?;
    let now = server.clock.now();
    server
        .db
        .write(async |tx| {
            signatures::signed(tx, &signature.signature_id, &address, now).await?;
            outbox::done(tx, Topic::SignatureApproved, approval.as_str(), now).await
        })
        .await?;
    Files::of(server).release(approval);
    Ok(())
}

/// The prepared file with the core's signature and our timestamp in it.
async fn signed_file(server: &Server, approval: &ApprovalId, signature: &Signature) -> Result<Vec<u8>, Problem> {
    let prepared = prepared(server, approval, signature)?;
    let asked = cms::Request::new(prepared.digest);
    let signed_attributes = Octets(asked.der().map_err(refused)?);
    let signed = ordered(server, &Order { approval: approval.clone(), signed_attributes }).await?;
    let certificates = certificates(&signed)?;
    let [signer, chain @ ..] = certificates.as_slice() else { return Err(core_refused(b"no certificate")) };
    // What the core says it signed must be what we asked for with its certificate bound in, octet by octet.
    let attributes = asked.with_certificate(signer).map_err(refused)?;
    if attributes.to_be_signed() != signed.signed_attributes.0 {
        return Err(core_refused(b"other attributes"));
    }
    let token = timestamped(server, &signed.signature.0).await?;
    let cms = cms::assemble(&attributes, &signed.signature.0, signer, chain, Some(&token)).map_err(refused)?;
    // As anybody will read it: a core whose clock is ahead gives a certificate that begins after the timestamp. Tried again, it holds.
    cms::verify(&cms, &prepared.digest).map_err(refused)?;
    prepared.embed(&cms).map_err(|error| Problem::internal(&error))
}

fn prepared(server: &Server, approval: &ApprovalId, signature: &Signature) -> Result<Prepared, Problem> {
    let digest = signature.prepared_hash.as_deref().and_then(Digest::from_slice).ok_or_else(Problem::not_found)?;
    let range = signature.byte_range.as_deref().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(Problem::not_found)?;
    Prepared::restore(Files::of(server).held(server, approval, &digest)?, range).map_err(|error| Problem::internal(&error))
}

fn certificates(signed: &Signed) -> Result<Vec<Certificate>, Problem> {
    signed.certificates.iter().map(|der| Certificate::from_der(&der.0).map_err(refused)).collect()
}

/// Asks the core over its HTTP interface: in this process, or where it listens alone.
async fn ordered(server: &Server, order: &Order) -> Result<Signed, Problem> {
    let body = serde_json::to_vec(order).map_err(|error| Problem::internal(&error))?;
    let answer = asked_of_core(server, "/signing-core/sign", body).await?;
    serde_json::from_slice(&answer).map_err(|error| Problem::internal(&error))
}

/// Sends an order to the core at this path.
pub(super) async fn asked_of_core(server: &Server, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let ticket = format!("Bearer {}", core::ticket(server, &body, server.clock.now())?);
    match &server.config.signing_core_url {
        Some(url) => elsewhere(&format!("{url}{path}"), ticket, body).await,
        None => here(core::routes().with_state(server.clone()), path, ticket, body).await,
    }
}

async fn here(core: Router, path: &str, ticket: String, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, ticket)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|error| Problem::internal(&error))?;
    let response = core.oneshot(request).await.map_err(|error| Problem::internal(&error))?;
    let is_good = response.status().is_success();
    let bytes = to_bytes(response.into_body(), 64 * 1024).await.map_err(|error| Problem::internal(&error))?;
    if is_good { Ok(bytes.to_vec()) } else { Err(core_refused(&bytes)) }
}

async fn elsewhere(address: &str, ticket: String, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10)).build();
    let request = client.map_err(|error| Problem::internal(&error))?.post(address);
    let sent = request.header(header::AUTHORIZATION, ticket).header(header::CONTENT_TYPE, "application/json").body(body).send().await;
    let response = sent.map_err(|error| Problem::internal(&error))?;
    let is_good = response.status().is_success();
    let bytes = response.bytes().await.map_err(|error| Problem::internal(&error))?;
    if is_good { Ok(bytes.to_vec()) } else { Err(core_refused(&bytes)) }
}

fn core_refused(body: &[u8]) -> Problem {
    tracing::error!(answer = %String::from_utf8_lossy(body), "the signing core refused");
    Problem::forbidden("Underskriften kunde inte göras.", "The signature could not be made.").with_code("core_refused")
}

/// A timestamp over the signature value (B-T): asked for and checked like any other authority's.
///
/// It tells the time of now, not of when the work began: the certificate was made meanwhile.
async fn timestamped(server: &Server, signature: &[u8]) -> Result<Vec<u8>, Problem> {
    let now = server.clock.now();
    let authorities = current(server, now).await?;
    let request = timestamp::Request::new(Imprint::of(signature), &mut Rng::system()).map_err(refused)?;
    let response = super::timestamp::respond(server, &authorities, &request.der().map_err(refused)?, now)?;
    let token = timestamp::check(&response, &request, &[policy(server, 2)?]).map_err(refused)?;
    Ok(token.der().to_vec())
}
