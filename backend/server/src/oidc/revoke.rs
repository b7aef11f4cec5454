//! `POST /revoke` (RFC 7009): a service gives a token back. A refresh token ends its device's whole log-in, and so does a signed
//! access token of a person; an opaque access token ends alone; the signed token of a service itself lives its five minutes out. What is
//! unknown or another's is answered as if it were done (§2.2).

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use handslag_store::Tx;
use handslag_vocab::{GrantId, Secret, UnixTime};
use serde_json::json;

use super::{
    access_tokens, elsewhere,
    examined::{self, Question},
    grants::{self, Held, Why},
    proven_client::ProvenClient,
    refused::{Refused, no_store},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    sender::Sender,
    server::Server,
};

/// `POST /revoke`.
pub(super) async fn take_back(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let Question { service, presented } = Question::read(&server, &headers, &sender, pairs, now).await?;
    let ended = server.db.write(async |tx| {
        if let Err(replayed) = service.mark(tx, None, now).await? {
            return Ok(Err(replayed));
        }
        // Who gives up waiting for a person gives the handle of it back: the question on the phone ends too (MB-07).
        if let Some(approval) = elsewhere::withdraw(tx, &presented, &service.client.id, now).await? {
            server.wakeups.wake(approval.as_str());
        }
        Ok::<_, Refused>(end(tx, &server, &service, &presented, now, &mut rng).await)
    });
    ended.await??;
    Ok((no_store(), StatusCode::OK).into_response())
}

async fn end(tx: &mut Tx, server: &Server, service: &ProvenClient, presented: &Secret, now: UnixTime, rng: &mut Rng) -> Result<(), Refused> {
    let Some(found) = examined::examine(tx, server, presented, now).await? else { return Ok(()) };
    if found.token.client_id != service.client.id {
        return Ok(());
    }
    match found.grant {
        Some(grant) if found.token.is_refresh || found.token.audience.is_some() => end_grant(tx, &grant, now, rng).await,
        _ => Ok(access_tokens::give_back(tx, presented).await?),
    }
}

async fn end_grant(tx: &mut Tx, grant: &GrantId, now: UnixTime, rng: &mut Rng) -> Result<(), Refused> {
    let Some(Held { grant: living, affiliation, .. }) = grants::by_id(tx, grant).await? else { return Ok(()) };
    if grants::revoke(tx, grant, Why::GivenBack, now).await? {
        let event = Event {
            chain: affiliation.chain(Purpose::Login),
            kind: "oidc.given_back",
            actor: Actor::Client(living.client_id.clone()),
            objects: vec![affiliation.affiliation_id.to_string()],
            payload: json!({ "grant": grant, "approval": living.approval_id }),
        };
        audit::record(tx, event, now, rng).await?;
    }
    Ok(())
}
