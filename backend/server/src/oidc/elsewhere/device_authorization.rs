//! `POST /device_authorization` (RFC 8628 §3.1): a program without a browser gets a code for itself and one for the person.

use axum::{
    Form, Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handslag_protocol::device::{DeviceAnswer, DeviceRequest, LIFETIME, Refusal, UserCode};
use handslag_vocab::{Secret, UnixTime};

use super::{
    super::{
        discovery, proven_client,
        proven_client::ProvenClient,
        refused::{Refused, no_store},
    },
    awaited::{self, New, Way},
};
use crate::{
    caller::{Now, Rng},
    sender::Sender,
    server::Server,
};

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

/// `POST /device_authorization`.
pub(super) async fn begin(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    Ok((no_store(), Json(answer(&server, (&headers, &sender), pairs, now, &mut rng).await?)).into_response())
}

async fn answer(
    server: &Server,
    (headers, sender): (&HeaderMap, &Sender),
    pairs: Vec<(String, String)>,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<DeviceAnswer, Refused> {
    let asked = DeviceRequest::parse(pairs, proven_client::authorization(headers)?)?;
    let service = ProvenClient::of(server, &asked.client, sender, now).await?;
    let request = asked.check(&service.client, discovery::provider(server));
    let (handle, user_code) = (Secret::random("device", rng), UserCode::random(rng));
    let user_mac = awaited::user_mac(server, &user_code)?;
    let begun = server.db.write(async |tx| {
        if let Err(replayed) = service.mark(tx, None, now).await? {
            return Ok(Err(replayed));
        }
        let Ok(request) = &request else { return Ok(Ok(())) };
        let new = New {
            handle: &handle,
            way: Way::Device,
            request,
            person: None,
            approval: None,
            user_code: Some(user_mac.clone()),
            notification: None,
            expires_at: now + LIFETIME,
        };
        Ok::<_, Refused>(Ok(awaited::begin(tx, new, now).await?))
    });
    begun.await??;
    request?;
    Ok(DeviceAnswer::new(&handle, &user_code, &format!("{}/device", server.config.issuer)))
}
