//! `authorization_details` (RFC 9396): doors that a service asks to open and documents it asks to have signed in somebody's name.
//!
//! Invariants: a door that is not there and another organisation's are one answer; what the person read is what a token says, or less of
//! it; policy is asked again at every token, about the person, the door and the visit as they are then (attack 7); a token with details is
//! for one named resource and bound to a key, always (DR-01, DR-02).

use handslag_policy::Act;
use handslag_protocol::{
    authorization_details::{AuthorizationDetail, DoorDetail, Refusal, SignatureDetail, open_doors},
    authorize::AuthorizationRequest,
    oauth_error::OAuthError,
};
use handslag_store::Tx;
use handslag_vocab::{DoorId, OrganisationId, Seconds};
use serde_json::{Value, json};

use super::{
    grants::{Grant, Held},
    refused::Refused,
    token::Asked,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    config, doors,
    identity::{self, Affiliation},
    phone::{
        authority,
        granted::{self, AskedDoor, AskedGrant, AskedVisit},
    },
    problem::Problem,
    server::Server,
};

/// What a request asks for, by the names that people know. Read anew at every use: a door can be taken down meanwhile.
pub(super) async fn named(
    server: &Server,
    client: &config::Client,
    request: &AuthorizationRequest,
) -> Result<Result<Vec<AskedGrant>, Refusal>, Problem> {
    if request.details.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let read = server.db.read(async |tx| {
        let Some(organisation) = identity::organisation_by_number(tx, &client.organisation).await? else { return Ok(Err(Refusal::Unknown)) };
        let mut asked = Vec::new();
        for detail in &request.details {
            match detail {
                AuthorizationDetail::Signature(SignatureDetail { documents }) => {
                    let document = |one: &handslag_protocol::authorization_details::SignedDocument| AskedGrant::Document {
                        digest: one.digest,
                        title: one.title.clone(),
                    };
                    asked.extend(documents.iter().map(document));
                }
                AuthorizationDetail::Door(detail) => match asked_doors(tx, &organisation.organisation_id, detail).await? {
                    Some(doors) => asked.extend(doors.into_iter().map(AskedGrant::Door)),
                    None => return Ok(Err(Refusal::Unknown)),
                },
            }
        }
        Ok::<_, Problem>(Ok(asked))
    });
    read.await
}

async fn asked_doors(tx: &mut Tx, organisation: &OrganisationId, detail: &DoorDetail) -> Result<Option<Vec<AskedDoor>>, handslag_store::Error> {
    let Some(named) = doors::named(tx, organisation, &detail.doors, detail.visit.as_ref()).await? else { return Ok(None) };
    let visit = detail.visit.clone().zip(named.visit).map(|(visit, planned)| {
        let (starts, ends) = planned.window;
        AskedVisit { visit, worker: planned.worker, starts, ends }
    });
    let door = |(door, name)| AskedDoor { door, organisation: organisation.clone(), name, visit: visit.clone() };
    Ok(Some(named.doors.into_iter().map(door).collect()))
}

/// Identifiers, for the journal: titles can be confidential.
pub(super) fn facts(details: &[AuthorizationDetail]) -> Value {
    let told = |detail: &AuthorizationDetail| match detail {
        AuthorizationDetail::Door(door) => json!({ "type": "door", "doors": door.doors, "visit": door.visit }),
        AuthorizationDetail::Signature(signature) => {
            json!({ "type": "signature", "documents": signature.documents.iter().map(|document| document.digest).collect::<Vec<_>>() })
        }
    };
    details.iter().map(told).collect()
}

/// The same request with the details of this token: what was asked for of what was granted, as far as it may be used now. What may not
/// be used now is left out; where it was asked for by name that is a refusal.
pub(super) async fn narrowed(tx: &mut Tx, asked: &Asked<'_>, held: &Held, request: AuthorizationRequest) -> Result<AuthorizationRequest, Refused> {
    let details = asked.request.details(&asked.service.client, &request.details)?;
    if details.is_empty() {
        return Ok(AuthorizationRequest { details, ..request });
    }
    is_bound(asked)?;
    let living = usable(tx, asked, held, &details).await?;
    if asked.request.names_details() && living != details {
        return Err(not_now());
    }
    let request = AuthorizationRequest { details: living, ..request };
    audience(asked, &request)?;
    Ok(request)
}

/// DR-01: what acts in a person's name is worth nothing without its key.
fn is_bound(asked: &Asked<'_>) -> Result<(), Refused> {
    if asked.bound_to.is_some() {
        return Ok(());
    }
    Err(Refused::because(
        OAuthError::InvalidDpopProof,
        "a token with authorization_details is given only with a DPoP proof or a certificate that it is bound to",
    ))
}

/// Which of these the person may have used now.
async fn usable(tx: &mut Tx, asked: &Asked<'_>, held: &Held, details: &[AuthorizationDetail]) -> Result<Vec<AuthorizationDetail>, Refused> {
    let organisation = identity::organisation_by_number(tx, &asked.service.config.organisation).await?.ok_or_else(not_now)?;
    let tier = held.usable(asked.now).ok_or_else(not_now)?;
    let allowed = |act: Act| authority::allowed(asked.server, &held.affiliation, tier, act, asked.now).is_ok();
    let mut living = Vec::new();
    for detail in details {
        match detail {
            AuthorizationDetail::Door(door) => {
                let named = asked_doors(tx, &organisation.organisation_id, door).await?.unwrap_or_default();
                let may = |named: &AskedDoor| allowed(named.letting(held.grant.authenticated_at, true, asked.now));
                let doors: Vec<DoorId> = named.into_iter().filter(may).map(|named| named.door).collect();
                if !doors.is_empty() {
                    living.push(AuthorizationDetail::Door(DoorDetail { doors, ..door.clone() }));
                }
            }
            AuthorizationDetail::Signature(_) => {
                let is_fresh = asked.now.since(held.grant.authenticated_at) <= TO_SIGN;
                // At the level that was reached with the yes: what has fallen since signs no more.
                let act = granted::signing(organisation.organisation_id.clone(), held.grant.assurance, &held.affiliation);
                if is_fresh && allowed(act) {
                    living.push(detail.clone());
                }
            }
        }
    }
    Ok(living)
}

/// A signature is made at once after the yes to it or not at all. As long as a door by a key that can perhaps be copied: it is the same key,
/// and what it signed nobody can undo.
const TO_SIGN: Seconds = Seconds::minutes(5);

/// What a token with details is for: the resource that was named, or the only one there is.
pub(super) fn audience<'a>(asked: &'a Asked<'_>, request: &'a AuthorizationRequest) -> Result<Option<&'a str>, Refused> {
    if asked.audience.is_some() || request.details.is_empty() {
        return Ok(asked.audience);
    }
    let known = if request.resources.is_empty() { &asked.service.config.audiences } else { &request.resources };
    match known.as_slice() {
        [only] => Ok(Some(only.as_str())),
        _ => Err(Refused::because(OAuthError::InvalidTarget, "say with resource which one the token with authorization_details is for")),
    }
}

/// In the journal, at each token that has details; nothing where it has none.
pub(super) async fn record(
    tx: &mut Tx,
    asked: &Asked<'_>,
    (affiliation, grant): (&Affiliation, &Grant),
    (details, audience): (&[AuthorizationDetail], &str),
    rng: &mut Rng,
) -> Result<(), Refused> {
    if details.is_empty() {
        return Ok(());
    }
    let event = Event {
        chain: affiliation.chain(if open_doors(details) { Purpose::Doors } else { Purpose::Signing }),
        kind: "oidc.details_given",
        actor: Actor::Client(asked.service.client.id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": grant.grant_id, "approval": grant.approval_id, "audience": audience, "details": facts(details) }),
    };
    Ok(audit::record(tx, event, asked.now, rng).await?)
}

fn not_now() -> Refused {
    let sentence = "the person may not let this client do that now: the visit is not going on, has ended, or is another's, or the yes is too old";
    Refused::because(OAuthError::InvalidAuthorizationDetails, sentence)
}
