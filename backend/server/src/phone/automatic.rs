//! Answers without a phone and without a person, for outside conformance suites (`[test] auto_approve`); never in production.
//!
//! The approval is asked about, and fixed in the same bytes, as any other. What is missing is that anybody saw it and signed: it never was
//! shown, the evidence says so, and so does the journal. The phone of such an answer has no key and the lowest tier, so that no level is told that nobody reached.

use handslag_protocol::attribute::Attribute;
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, Digest, OrganisationId, OrganisationNumber, StartKind, UnixTime};
use serde_json::json;

use super::{
    approvals::{self, Request},
    caller::{CallerIsBrowser, carrying},
    carried,
    claim::{self, Question},
    phones::{self, Phone, Tier},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    config::Test,
    identity::{self, Affiliation, AffiliationKind, Entered, Hired, Organisation},
    problem::Problem,
    server::Server,
};

/// Who said what is known of the person.
const SOURCE: &str = "[test] auto_approve";

/// The values that an organisation enters of a person; the numbers and addresses are nobody's.
const VALUES: [(Attribute, &str); 7] = [
    (Attribute::AdName, "TEST\\testes01"),
    (Attribute::Address, "Provgatan 1, 123 45 Kvarnby"),
    (Attribute::Email, "test.testsson@kvarnby.example"),
    (Attribute::EmployeeNumber, "100001"),
    (Attribute::Eppn, "testes01@kvarnby.example"),
    (Attribute::HsaId, "SE2120009994-TEST"),
    (Attribute::Phone, "+46701740605"),
];

/// Enters the person, and every organisation that a service of the configuration names, where they are not known.
pub async fn settle(server: &Server, test: &Test, now: UnixTime) -> Result<(), Problem> {
    let mut rng = Rng::system();
    server
        .db
        .write(async |tx| {
            tx.alone(SOURCE).await?;
            let own = test.organisation().ok_or_else(Problem::not_found)?;
            let organisation = organisation(tx, server, &own, now, &mut rng).await?;
            for client in &server.config.clients {
                self::organisation(tx, server, &client.organisation, now, &mut rng).await?;
            }
            let affiliation = person(tx, test, &organisation, now, &mut rng).await?;
            for (attribute, value) in missing(tx, &affiliation).await? {
                let (name, value, source) = (attribute.name().to_owned(), value.to_owned(), SOURCE.to_owned());
                let entered = Entered { name, value, source, changed_at: now, checked_at: Some(now) };
                identity::enter(tx, &affiliation.affiliation_id, attribute, &entered).await?;
            }
            if phone(tx, &affiliation).await?.is_none() {
                phones::enrol(tx, &affiliation.affiliation_id, Tier::T0, None, now, &mut rng).await?;
            }
            Ok(())
        })
        .await
}

async fn organisation(tx: &mut Tx, server: &Server, number: &OrganisationNumber, now: UnixTime, rng: &mut Rng) -> Result<Organisation, Problem> {
    if let Some(known) = identity::organisation_by_number(tx, number).await? {
        return Ok(known);
    }
    let name = server.config.operator.name.clone();
    let new = Organisation { organisation_id: OrganisationId::random(rng), number: number.clone(), identity_name: name.clone(), name };
    identity::create_organisation(tx, &new, now).await?;
    Ok(new)
}

async fn person(tx: &mut Tx, test: &Test, organisation: &Organisation, now: UnixTime, rng: &mut Rng) -> Result<Affiliation, Problem> {
    if let Some(known) = identity::by_who(tx, test.auto_approve.as_str()).await? {
        return Ok(known);
    }
    let person = identity::create_person(tx, "Test", "Testsson", now, rng).await?;
    let hired = Hired {
        organisation,
        person,
        kind: AffiliationKind::Employee,
        unit: "Prov",
        role: "worker",
        assurance: Assurance::Loa2,
        identified_by: SOURCE,
        valid_to: None,
    };
    let affiliation = identity::hire(tx, hired, now, rng).await?;
    identity::name(tx, &affiliation, &test.auto_approve).await?;
    Ok(identity::by_id(tx, &affiliation).await?)
}

async fn missing(tx: &mut Tx, affiliation: &Affiliation) -> Result<Vec<(Attribute, &'static str)>, Problem> {
    let entered = identity::attributes(tx, &affiliation.affiliation_id).await?;
    let is_missing = |attribute: &Attribute| entered.iter().all(|entered| entered.name != attribute.name());
    Ok(VALUES.into_iter().filter(|(attribute, _)| is_missing(attribute)).collect())
}

/// A phone that no key makes more than it is.
async fn phone(tx: &mut Tx, affiliation: &Affiliation) -> Result<Option<Phone>, Problem> {
    let phones = phones::of_affiliation(tx, &affiliation.affiliation_id).await?;
    Ok(phones.into_iter().find(|phone| phone.tier == Tier::T0 && phone.blocked_at.is_none()))
}

/// Says yes at once to a log-in that was just begun.
pub async fn answer(
    tx: &mut Tx,
    server: &Server,
    test: &Test,
    (id, request): (&ApprovalId, &Request),
    now: UnixTime,
    rng: &mut Rng,
) -> Result<(), Problem> {
    if request.signing().is_some() {
        // Nothing is signed that nobody signs: it waits for a phone.
        return Ok(());
    }
    let carried = carried::without_key(tx, test.auto_approve.as_str()).await?.ok_or_else(Problem::not_found)?;
    let caller = carrying(carried, CallerIsBrowser::No, None);
    let question = Question { approval: id, kind: request.kind(), request, ends_at: None };
    let approval = claim::approval(tx, server, &caller, &question, (StartKind::Assigned, "sv"), now).await?;
    let evidence = json!({ "by": "nobody", "because": SOURCE }).to_string();
    approvals::approve_unseen(tx, &approval, &caller.affiliation.affiliation_id, &caller.phone.phone_id, &evidence, now)?;
    audit::record(tx, answered(&caller.affiliation, id, &evidence), now, rng).await?;
    Ok(())
}

/// Not the person's act, and not written as one.
fn answered(affiliation: &Affiliation, id: &ApprovalId, evidence: &str) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "approval.given_without_person",
        actor: Actor::Operator,
        objects: vec![affiliation.affiliation_id.to_string(), id.to_string()],
        payload: json!({ "approval": id, "because": SOURCE, "evidence": Digest::of(evidence.as_bytes()) }),
    }
}
