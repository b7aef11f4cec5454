//! `POST /par` (RFC 9126): a service sends its request itself, proven, and gets an address of it for the browser. The same checks as
//! at the authorization endpoint, told to the service and never by a redirect.

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    par::{self, PushAnswer, PushedRequest, RequestUri},
    request_object::{Means, RequestObject},
};
use handslag_store::Tx;
use handslag_vocab::UnixTime;

use super::{
    discovery::provider,
    objects, proof,
    proven_client::{self, ProvenClient},
    pushed_requests,
    refused::{Refused, no_store},
};
use crate::{
    caller::{Now, Rng},
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
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let nonce = proof::next_nonce(&server, &headers, now)?;
    let mut response = match answer(&server, &headers, pairs, now, rng).await {
        Ok(answer) => (StatusCode::CREATED, no_store(), Json(answer)).into_response(),
        Err(refused) => refused.into_response(),
    };
    response.headers_mut().extend(nonce);
    Ok(response)
}

async fn answer(server: &Server, headers: &HeaderMap, pairs: Vec<(String, String)>, now: UnixTime, mut rng: Rng) -> Result<PushAnswer, Refused> {
    let pushed = PushedRequest::parse(pairs, proven_client::authorization(headers)?)?;
    let client = ProvenClient::of(server, &pushed.client, now)?;
    let object = pushed.request_object().map(|object| objects::verified(server, object, &client.client, Means::Pushed, now));
    let object = object.transpose().map_err(par::Refusal::from)?;
    let at = proof::At { method: Method::POST.as_str(), path: "/par", access_token: None, now };
    let proof = proof::of(server, headers, at)?;
    let proven = proof.as_ref().map(|proof| proof.thumbprint);
    let provider = provider(server);
    let kept = server.db.write(async |tx| {
        if let Err(replayed) = client.mark(tx, now).await? {
            return Ok(Err(replayed));
        }
        if let Err(replayed) = proof::mark(tx, proof.as_ref(), now).await? {
            return Ok(Err(replayed));
        }
        if let Err(replayed) = marked(tx, &client, object.as_ref(), now).await? {
            return Ok(Err(replayed));
        }
        let request = match pushed.clone().check(&client.client, &provider, object.clone(), proven) {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let uri = RequestUri::random(&mut rng);
        pushed_requests::keep(tx, &uri, &request, now).await?;
        Ok::<_, Refused>(Ok(uri.answer()))
    });
    kept.await?
}

async fn marked(tx: &mut Tx, client: &ProvenClient<'_>, object: Option<&RequestObject>, now: UnixTime) -> Result<Result<(), Refused>, Refused> {
    let Some(object) = object else { return Ok(Ok(())) };
    let is_first = objects::mark(tx, &client.client.id, object, now).await?;
    Ok(if is_first { Ok(()) } else { Err(par::Refusal::from(objects::replayed()).into()) })
}
