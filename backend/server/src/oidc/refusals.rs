//! Every refusal of the provider's endpoints in the journal, with the code and the sentence that the other side got: an administrator finds
//! on the service's page why it is refused, and an auditor who was tried.
//!
//! Anybody can be refused as often as they like, so a line is written once a minute: for a service that proved itself by itself, else for
//! what was claimed from one network, so that nobody's refusals hide another's.

use std::cell::RefCell;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use handslag_vocab::{ClientId, OrganisationId, UnixTime};
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
const ENDPOINTS: [&str; 8] = ["/authorize", "/bc-authorize", "/device_authorization", "/introspect", "/par", "/register", "/revoke", "/token"];

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
    let Some(endpoint) = ENDPOINTS.into_iter().find(|endpoint| *endpoint == request.uri().path()) else { return next.run(request).await };
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

/// What was refused; nothing where it was not, or where something broke here.
fn told(response: &Response) -> Option<Told> {
    let page = || {
        let problem = response.extensions().get::<Problem>().filter(|problem| problem.status.is_client_error())?;
        Some(Told { error: problem.code, why: problem.en.clone() })
    };
    response.extensions().get::<Told>().cloned().or_else(page)
}

async fn record(server: &Server, endpoint: &'static str, (asker, sender): (&Asker, &Sender), told: &Told, now: UnixTime) {
    let known = match &asker.claimed {
        Some(client) => owner(server, client).await.map(|organisation| (client, organisation)),
        None => None,
    };
    let network = patience::network(sender.address);
    let cause = match &known {
        Some((client, _)) if asker.is_proven => format!("refused {client}"),
        Some((client, _)) => format!("refused {client} {network}"),
        // What a stranger calls itself is chosen by the stranger.
        None => format!("refused {network}"),
    };
    let why: String = told.why.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let client = known.as_ref().map(|(client, _)| (*client).clone());
    let event = Event {
        kind: "oidc.refused",
        actor: client.clone().filter(|_| asker.is_proven).map_or(Actor::System, Actor::Client),
        objects: client.iter().map(|client| format!("client:{client}")).collect(),
        payload: json!({ "endpoint": endpoint, "error": told.error, "why": why, "client": client, "proven": asker.is_proven }),
        chain: known.map_or(Chain::Operator, |(_, organisation)| Chain::Organisation { organisation, purpose: Purpose::Administration }),
    };
    let whose = if asker.is_proven { Whose::AProvenServices } else { Whose::Anybodys };
    audit::record_seldom(server, whose, &cause, event, now).await;
}

/// Whose service it is, if it is one.
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
