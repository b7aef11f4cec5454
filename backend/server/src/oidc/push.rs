//! `POST /par` (RFC 9126): a service sends its request itself, proven, and gets an address of it for the browser. The same checks as
//! at the authorization endpoint, told to the service and never by a redirect.

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    authorize::Refusal as AskedWrong,
    par::{self, PushAnswer, PushedRequest, RequestUri},
    request_object::Means,
};
use handslag_vocab::UnixTime;

use super::{
    authorize, details,
    discovery::provider,
    objects, proof,
    proven_client::{self, ProvenClient},
    pushed_requests,
    refused::{Refused, no_store},
};
use crate::{
    caller::{Now, Rng},
    sender::Sender,
    server::Server,
};

impl From<par::Refusal> for Refused {
    fn from(refusal: par::Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

/// `POST /par`.
pub(super) async fn push(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let response = match answer(&server, (&headers, &sender), pairs, now, rng).await {
        Ok(answer) => (StatusCode::CREATED, no_store(), Json(answer)).into_response(),
        Err(refused) => refused.into_response(),
    };
    Ok(proof::with_next_nonce(&server, &headers, now, response)?)
}

async fn answer(
    server: &Server,
    (headers, sender): (&HeaderMap, &Sender),
    pairs: Vec<(String, String)>,
    now: UnixTime,
    mut rng: Rng,
) -> Result<PushAnswer, Refused> {
    let pushed = PushedRequest::parse(pairs, proven_client::authorization(headers)?)?;
    let client = ProvenClient::of(server, &pushed.client, sender, now).await?;
    let object = match pushed.request_object() {
        Some(compact) => Some(objects::verified(server, compact, &client, Means::Pushed, now).await.map_err(par::Refusal::from)?),
        None => None,
    };
    let pushed = match pushed.sign_request() {
        Some(alone) => {
            let verified = objects::sign_request(server, alone, &client, now).await;
            pushed.with_sign_request(verified)
        }
        None => pushed,
    };
    let at = proof::At { method: Method::POST.as_str(), path: "/par", access_token: None, now };
    let proof = proof::of(server, headers, at).await?;
    let proven = proof.as_ref().map(|proof| proof.thumbprint);
    let request = pushed.check(&client.client, provider(server), object.clone(), proven);
    let request = match request {
        Ok(request) => authorize::hinted(server, request)?.map_err(par::Refusal::from),
        Err(refusal) => Err(refusal),
    };
    let request = match request {
        Ok(request) => details::named(server, &client.config, &request).await?.map(|_| request).map_err(|refusal| AskedWrong::from(refusal).into()),
        Err(refusal) => Err(refusal),
    };
    let uri = RequestUri::random(&mut rng);
    // What came with it is used up, also where the request is refused.
    let kept = server.db.write(async |tx| {
        if let Err(replayed) = client.mark(tx, proof.as_ref(), now).await? {
            return Ok(Err(replayed));
        }
        if let Some(object) = &object
            && let Err(replayed) = objects::mark(tx, &client.client.id, object, now).await?
        {
            return Ok(Err(par::Refusal::from(replayed).into()));
        }
        if let Ok(request) = &request {
            pushed_requests::keep(tx, &uri, request, now)?;
        }
        Ok::<_, Refused>(Ok(()))
    });
    kept.await??;
    request?;
    Ok(uri.answer())
}
