//! Every refusal of the provider's endpoints in the journal, with the code and the sentence that the other side got: an administrator finds
//! on the service's page why it is refused, and an auditor who was tried.
//!
//! Anybody can be refused as often as they like, so a line is written once a minute: for a service that proved itself by itself, else for
//! what was claimed from one network, so that nobody's refusals hide another's. Only what a proven service did stands in its organisation's
//! chain: a name alone is anybody's to say, and what is said with it is the operator's to keep.

use std::{cell::RefCell, net::IpAddr};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use handslag_store::Allowance;
use handslag_vocab::{ClientId, Digest, OrganisationId, Seconds, UnixTime};
use serde_json::json;

use super::clients;
use crate::{
    audit::{self, Actor, Chain, Event, Purpose, Whose},
    caller::Now,
    identity, patience,
    problem::Problem,
    sender::Sender,
    server::Server,
};

/// Where programs and services are refused.
const ENDPOINTS: [&str; 10] =
    ["/authorize", "/bc-authorize", "/device_authorization", "/end_session", "/introspect", "/par", "/register", "/revoke", "/token", "/userinfo"];

/// What is said on the way of every right request: no refusal of anybody.
const USUAL: [&str; 2] = ["authorization_pending", "use_dpop_nonce"];

/// A sentence is short; what a request put in it is not longer.
const LONGEST: usize = 300;

/// What an answer says of its refusal; goes with the response to where it is written down.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) error: &'static str,
    pub(super) why: String,
}

/// Who asks, as far as it is known when the request is refused.
#[derive(Clone, Debug, Default)]
struct Asker {
    claimed: Option<ClientId>,
    is_proven: bool,
}

tokio::task_local! {
    static ASKER: RefCell<Asker>;
}

/// The request says that it is of this service.
pub(super) fn claims(id: &ClientId) {
    ASKER.try_with(|asker| asker.replace(Asker { claimed: Some(id.clone()), is_proven: false })).ok();
}

/// And it is.
pub(super) fn proves(id: &ClientId) {
    ASKER.try_with(|asker| asker.replace(Asker { claimed: Some(id.clone()), is_proven: true })).ok();
}

/// Writes down what is refused beneath.
pub(super) async fn journaled(State(server): State<Server>, Now(now): Now, sender: Sender, request: Request, next: Next) -> Response {
    let Some(endpoint) = endpoint(request.uri().path()) else { return next.run(request).await };
    let answered = async {
        let response = next.run(request).await;
        (response, ASKER.with(RefCell::take))
    };
    let (response, asker) = ASKER.scope(RefCell::default(), answered).await;
    let told = told(&response).filter(|told| !USUAL.contains(&told.error));
    if let Some(told) = told {
        record(&server, endpoint, (&asker, &sender), &told, now).await;
    }
    response
}

/// A registration's own address (RFC 7592) is told as the endpoint: the name in it is chosen by who asks.
fn endpoint(path: &str) -> Option<&'static str> {
    let path = if path.starts_with("/register/") { "/register" } else { path };
    ENDPOINTS.into_iter().find(|endpoint| *endpoint == path)
}

/// What was refused; nothing where it was not, or where something broke here.
fn told(response: &Response) -> Option<Told> {
    let page = || {
        let problem = response.extensions().get::<Problem>().filter(|problem| problem.status.is_client_error())?;
        Some(Told { error: problem.code, why: problem.en.clone() })
    };
    response.extensions().get::<Told>().cloned().or_else(page)
}

async fn record(server: &Server, endpoint: &'static str, (asker, sender): (&Asker, &Sender), told: &Told, now: UnixTime) {
    let network = patience::network(sender.address);
    let client = match &asker.claimed {
        Some(client) if asker.is_proven || is_somebodys(server, client, network, now).await => Some(client),
        _ => None,
    };
    let (whose, cause) = match client {
        Some(client) if asker.is_proven => (Whose::AProvenServices, format!("refused {client}")),
        Some(client) => (Whose::Anybodys, format!("refused {client} {network}")),
        // What a stranger calls itself is chosen by the stranger.
        None => (Whose::Anybodys, format!("refused {network}")),
    };
    if !audit::is_due(server, whose, &cause, now).await {
        return;
    }
    let owner = match client {
        Some(client) if asker.is_proven => owner(server, client).await,
        _ => None,
    };
    let why: String = told.why.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let event = Event {
        kind: "oidc.refused",
        actor: client.filter(|_| asker.is_proven).map_or(Actor::System, |client| Actor::Client(client.clone())),
        objects: client.iter().map(|client| format!("client:{client}")).collect(),
        payload: json!({ "endpoint": endpoint, "error": told.error, "why": why, "client": client, "proven": asker.is_proven }),
        chain: owner.map_or(Chain::Operator, |organisation| Chain::Organisation { organisation, purpose: Purpose::Administration }),
    };
    audit::record_due(server, event, now).await;
}

/// Names that nobody proved are looked for in the database so often for one network.
const LOOKED_FOR: Allowance = Allowance { times: 10, per: Seconds(60) };

/// Whether there is such a service. Who has looked for too many hears as for one that there is not.
async fn is_somebodys(server: &Server, client: &ClientId, network: IpAddr, now: UnixTime) -> bool {
    if server.clients.of_the_file(client).is_some() {
        return true;
    }
    let looked = Digest::of(format!("looked for {network}").as_bytes());
    if server.counters.spend_here(&looked, LOOKED_FOR, now).is_err() {
        return false;
    }
    server.db.read(async |tx| clients::known(tx, server, client).await).await.is_ok_and(|known| known.is_some())
}

/// Whose service it is.
async fn owner(server: &Server, client: &ClientId) -> Option<OrganisationId> {
    let found = server.db.read(async |tx| {
        let Some(registered) = clients::known(tx, server, client).await? else { return Ok(None) };
        let organisation = identity::organisation_by_number(tx, &registered.config.organisation).await?;
        Ok::<_, Problem>(organisation.map(|organisation| organisation.organisation_id))
    });
    found.await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use handslag_protocol::oauth_error::OAuthError;

    use crate::words::{Language, Voice};

    /// Each code that a program can get has a sentence for whoever is responsible for the program, in both languages.
    #[test]
    fn every_code_has_its_sentence() {
        for error in OAuthError::ALL {
            let key = format!("refused-{}", error.code().replace('_', "-"));
            for language in [Language::Swedish, Language::English] {
                assert_ne!(Voice::in_language(language).say(&key), key, "{language:?}");
            }
        }
    }
}
