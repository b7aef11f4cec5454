//! The ping (CIBA §10.2): a service that registered an address is told that the person has answered, and fetches the answer itself. What is
//! sent gives nothing to anybody but the service; it goes out through the guarded client, from an outbox row, and is tried again.

use std::time::Duration;

use handslag_keys::Kind;
use handslag_vocab::{ApprovalId, UnixTime};
use serde_json::json;

use super::{
    super::clients,
    awaited::{self, Awaited},
    backchannel,
};
use crate::{
    outbox::{self, Taken, Topic},
    problem::Problem,
    server::Server,
};

/// How often the outbox is looked at without being woken.
const PATIENCE: Duration = Duration::from_secs(5);

/// A service that does not hear so many times polls, or finds out by the end of its time.
const TRIES: i64 = 6;

/// Pings until the process ends.
pub(in crate::oidc) async fn work(server: Server) {
    loop {
        let mut listener = server.wakeups.listen(Topic::DirectedAnswered.as_str());
        while one(&server).await {}
        tokio::time::timeout(PATIENCE, listener.woken()).await.ok();
    }
}

/// Takes one row; false when there is none.
async fn one(server: &Server) -> bool {
    let now = server.clock.now();
    let Ok(Some(taken)) = server.db.write(async |tx| outbox::take(tx, Topic::DirectedAnswered, now).await).await else { return false };
    match told(server, &taken, now).await {
        Ok(true) => {}
        Ok(false) if taken.attempts < TRIES => return true,
        Ok(false) => tracing::warn!(approval = taken.subject, "a service could not be told that a person has answered"),
        Err(problem) => {
            tracing::error!(code = problem.code, "a ping could not be made");
            return true;
        }
    }
    server.db.write(async |tx| outbox::done(tx, Topic::DirectedAnswered, &taken.subject, now).await).await.ok();
    true
}

/// True when there is nothing left to tell; false is to be tried again when the lease has run out.
async fn told(server: &Server, taken: &Taken, now: UnixTime) -> Result<bool, Problem> {
    let Ok(approval) = taken.subject.parse::<ApprovalId>() else { return Ok(true) };
    let awaited = server.db.read_one(async |tx| awaited::by_approval(tx, &approval).await).await?;
    let Some(awaited) = awaited.filter(|awaited| awaited.is_open() && now < awaited.expires_at) else { return Ok(true) };
    let Some(token) = notification_token(server, &approval, &awaited)? else { return Ok(true) };
    let client = clients::registered(server, &awaited.client_id).await?;
    let address = client.and_then(|client| client.config.notification_endpoint.clone());
    let Some(address) = address else { return Ok(true) };
    let handle = backchannel::handle(server, &approval)?;
    let body = json!({ "auth_req_id": handle.reveal() }).to_string().into_bytes();
    let answered = server.outward.post(&address, "application/json", Some(&token), body).await;
    // §10.2: 204 is right; any other success is as good. A redirect is never followed.
    Ok(answered.is_ok_and(|status| (200..300).contains(&status)))
}

fn notification_token(server: &Server, approval: &ApprovalId, awaited: &Awaited) -> Result<Option<String>, Problem> {
    let Some(sealed) = &awaited.notification else { return Ok(None) };
    let label = backchannel::notification_label(approval);
    let token = server.keys.open(Kind::Cookie, label.as_bytes(), sealed)?;
    Ok(String::from_utf8(token.to_vec()).ok())
}
