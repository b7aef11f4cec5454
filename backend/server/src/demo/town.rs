//! Kvarnby, an invented municipality: its people, its doors and its services, entered once into a new database.

use handslag_door::LockId;
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, Assurance, DoorId, OrganisationId, OrganisationNumber, Seconds, UnixTime, VisitId};
use rand_core::Rng as _;

use crate::{
    caller::Rng,
    config::{Client, Config, DocumentClass, Mode, Operator},
    doors,
    identity::{self, AffiliationKind, Hired, Organisation},
    problem::Problem,
    server::Server,
};

/// Not a number of any real organisation; the check digit is right.
const NUMBER: &str = "2120009994";
const NAME: &str = "Kvarnby kommun";
/// The unit of the manager and the substitute.
pub const UNIT: &str = "Hemtjänst Norr";
/// Where services are registered.
const DIGITAL: &str = "Digitalisering";

/// The people who are there before the visitor comes.
#[derive(Debug, Clone)]
pub struct Town {
    /// The municipality.
    pub organisation: OrganisationId,
    /// Puts colleagues to work.
    pub manager: AffiliationId,
    /// Registers services.
    pub administrator: AffiliationId,
}

/// The configuration of a demonstration.
pub fn config(data: std::path::PathBuf, issuer: String, clients: Vec<Client>, vendor: [u8; 65]) -> Result<Config, Problem> {
    Ok(Config {
        mode: Mode::Demo,
        listen: String::new(),
        tls: None,
        mtls: None,
        proxy: None,
        issuer,
        pki_base_url: None,
        data,
        database: None,
        redis: None,
        reviewed_by_digg: false,
        keys: crate::config::Keys::default(),
        operator: Operator { name: NAME.to_owned(), number: number()?, oid_arc: "1.3.6.1.4.1.32473.1".to_owned() },
        document_classes: classes(),
        signing_core_url: None,
        demo_phone_vendor: Some(vendor),
        page_drawer: None,
        limits: crate::config::Limits::default(),
        outbound: crate::config::Outbound::default(),
        sso_groups: Vec::new(),
        apps: crate::config::Apps::default(),
        test: None,
        clients,
        registration_policies: Vec::new(),
    })
}

/// The municipality's own number.
pub fn number() -> Result<OrganisationNumber, Problem> {
    NUMBER.parse().map_err(|error: handslag_vocab::MalformedOrganisationNumber| Problem::internal(&error))
}

fn classes() -> Vec<DocumentClass> {
    let class = |id: &str, name_sv: &str, name_en: &str, assurance| DocumentClass {
        id: id.to_owned(),
        name_sv: name_sv.to_owned(),
        name_en: name_en.to_owned(),
        assurance,
    };
    vec![
        class("protokoll", "Protokoll (nivå 2)", "Minutes (level 2)", Assurance::Loa2),
        class("beslut", "Delegationsbeslut (nivå 3)", "Delegated decision (level 3)", Assurance::Loa3),
    ]
}

/// Finds the municipality in the database, or enters it.
pub async fn settle(server: &Server, now: UnixTime) -> Result<Town, Problem> {
    let number = number()?;
    let mut rng = Rng::system();
    server
        .db
        .write(async |tx| {
            if let Some(known) = identity::organisation_by_number(tx, &number).await? {
                let staff = identity::of_unit(tx, &known.organisation_id, UNIT).await?;
                let manager = staff.into_iter().find(|person| person.role == "manager").ok_or_else(Problem::not_found)?;
                let administrator = administrator(tx, &known, now, &mut rng).await?;
                return Ok(Town { organisation: known.organisation_id, manager: manager.affiliation_id, administrator });
            }
            founded(tx, server, now, &mut rng).await
        })
        .await
}

async fn founded(tx: &mut Tx, server: &Server, now: UnixTime, rng: &mut Rng) -> Result<Town, Problem> {
    let organisation = Organisation {
        organisation_id: OrganisationId::random(rng),
        number: number()?,
        name: NAME.to_owned(),
        identity_name: "Kvarnbys jobb-id".to_owned(),
    };
    identity::create_organisation(tx, &organisation, now).await?;
    let manager = person(tx, &organisation, ("Maria", "Lindqvist"), (UNIT, "manager"), now, rng).await?;
    person(tx, &organisation, ("Olof", "Berggren"), (UNIT, "secretary"), now, rng).await?;
    let administrator = administrator(tx, &organisation, now, rng).await?;
    for name in ["Björkvägen 4, port", "Björkvägen 4, lägenhet 1203", "Ekstigen 9"] {
        let (mut lock, mut seed) = ([0; 8], [0; 32]);
        rng.fill_bytes(&mut lock);
        rng.fill_bytes(&mut seed);
        let door = DoorId::random(rng);
        doors::mount(tx, server, (&door, &organisation.organisation_id, name), LockId(lock), &seed, now).await?;
    }
    Ok(Town { organisation: organisation.organisation_id, manager, administrator })
}

/// Whoever administers services, entered where nobody does: older data has nobody.
async fn administrator(tx: &mut Tx, organisation: &Organisation, now: UnixTime, rng: &mut Rng) -> Result<AffiliationId, Problem> {
    let staff = identity::of_unit(tx, &organisation.organisation_id, DIGITAL).await?;
    match staff.into_iter().find(|person| person.role == "administrator") {
        Some(known) => Ok(known.affiliation_id),
        None => person(tx, organisation, ("Nadia", "Forsberg"), (DIGITAL, "administrator"), now, rng).await,
    }
}

async fn person(
    tx: &mut Tx,
    organisation: &Organisation,
    name: (&str, &str),
    (unit, role): (&str, &str),
    now: UnixTime,
    rng: &mut Rng,
) -> Result<AffiliationId, Problem> {
    let person = identity::create_person(tx, name.0, name.1, now, rng).await?;
    let hired = Hired {
        organisation,
        person,
        kind: AffiliationKind::Employee,
        unit,
        role,
        assurance: Assurance::Loa3,
        identified_by: "two managers in_person",
        valid_to: None,
    };
    Ok(identity::hire(tx, hired, now, rng).await?)
}

/// Plans today's visits for whoever has just begun: one now, one after lunch. In real life the planning system does this.
pub async fn plan_today(tx: &mut Tx, organisation: &OrganisationId, worker: &AffiliationId, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    let all: Vec<DoorId> = doors::of_organisation(tx, organisation).await?.into_iter().map(|door| door.door_id).collect();
    let [apartment, entrance, later] = all.as_slice() else { return Ok(()) };
    let first = [entrance.clone(), apartment.clone()];
    doors::plan(tx, &VisitId::random(rng), worker, &first, now - Seconds::minutes(5), now + Seconds::minutes(40)).await?;
    doors::plan(tx, &VisitId::random(rng), worker, std::slice::from_ref(later), now + Seconds::hours(2), now + Seconds::hours(3)).await?;
    Ok(())
}
