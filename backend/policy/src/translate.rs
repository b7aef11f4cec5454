//! Our question in Cedar's words. Everything is checked against the schema once more, so that a fact that was left out or put in the
//! wrong place makes the question unanswerable (and the answer no) instead of quietly false.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr,
};

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression as Value, Schema};
use handslag_vocab::{Assurance, OrganisationId};

use crate::{Act, Kind, Letting, Opening, Passing, Question, Role, Unit};

/// The question has no form that fits the schema.
#[derive(Debug, thiserror::Error)]
#[error("the question does not fit the schema")]
pub(crate) struct Unanswerable;

/// Cedar's names of our types, parsed once.
pub(crate) struct TypeNames(BTreeMap<&'static str, EntityTypeName>);

impl TypeNames {
    /// The error is the parser's sentence.
    pub(crate) fn new() -> Result<Self, String> {
        let parsed = TYPES.into_iter().map(|name| EntityTypeName::from_str(name).map(|parsed| (name, parsed)).map_err(|error| error.to_string()));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    fn uid(&self, name: &str, id: &str) -> Result<EntityUid, Unanswerable> {
        let name = self.0.get(name).ok_or(Unanswerable)?;
        Ok(EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id)))
    }

    fn reference(&self, name: &str, id: &str) -> Result<Value, Unanswerable> {
        self.uid(name, id).map(Value::new_entity_uid)
    }

    fn references<'a>(&self, name: &str, ids: impl IntoIterator<Item = &'a str>) -> Result<Value, Unanswerable> {
        ids.into_iter().map(|id| self.reference(name, id)).collect::<Result<Vec<_>, _>>().map(Value::new_set)
    }

    fn roles(&self, roles: &BTreeSet<Role>) -> Result<Value, Unanswerable> {
        self.references("Role", roles.iter().map(|role| role.as_str()))
    }

    fn organisation(&self, organisation: &OrganisationId) -> Result<Value, Unanswerable> {
        self.reference("Organisation", organisation.as_str())
    }

    /// A unit is named with its organisation: the same name elsewhere is another unit.
    fn unit(&self, organisation: &OrganisationId, name: &str) -> Result<EntityUid, Unanswerable> {
        self.uid("Unit", &format!("{organisation}/{name}"))
    }

    fn units_above(&self, unit: &Unit) -> Result<HashSet<EntityUid>, Unanswerable> {
        unit.above.iter().map(|name| self.unit(&unit.organisation, name)).collect()
    }

    fn unit_and_above(&self, unit: &Unit) -> Result<HashSet<EntityUid>, Unanswerable> {
        let mut units = self.units_above(unit)?;
        units.insert(self.unit(&unit.organisation, &unit.name)?);
        Ok(units)
    }
}

/// The request and everything that it speaks of.
pub(crate) fn translate(question: &Question, types: &TypeNames, schema: &Schema) -> Result<(Request, Entities), Unanswerable> {
    let (who, what) = (principal(question, types)?, resource(&question.act, types)?);
    let action = types.uid("Action", question.act.as_str())?;
    let context = Context::from_pairs(context(&question.act, types)?).map_err(|_| Unanswerable)?;
    let request = Request::new(who.uid(), action, what.uid(), context, Some(schema)).map_err(|_| Unanswerable)?;
    let entities = Entities::from_entities([who, what], Some(schema)).map_err(|_| Unanswerable)?;
    Ok((request, entities))
}

fn principal(question: &Question, types: &TypeNames) -> Result<Entity, Unanswerable> {
    let who = &question.who;
    let facts = [
        ("organisation", types.organisation(&who.unit.organisation)?),
        ("unit", Value::new_entity_uid(types.unit(&who.unit.organisation, &who.unit.name)?)),
        ("person", types.reference("Person", who.person.as_str())?),
        ("kind", types.reference("Kind", who.kind.as_str())?),
        ("roles", types.roles(&who.roles)?),
        ("serves", types.references("Organisation", who.serves.iter().map(OrganisationId::as_str))?),
        ("blocked", Value::new_bool(who.blocked)),
        ("valid", Value::new_bool(who.valid)),
        ("person_level", level(who.assurance)),
        ("level", level(question.level())),
        ("tier", Value::new_long(who.tier.number().into())),
        ("door_key", Value::new_bool(who.door_key)),
    ];
    entity(types.uid("Affiliation", who.affiliation.as_str())?, facts, types.unit_and_above(&who.unit)?)
}

fn resource(act: &Act, types: &TypeNames) -> Result<Entity, Unanswerable> {
    let alone = HashSet::new();
    match act {
        Act::AskForSignature { class } | Act::Sign { class, .. } => {
            let facts = [("organisation", types.organisation(&class.organisation)?), ("level", level(class.level))];
            entity(types.uid("DocumentClass", &class.name)?, facts, alone)
        }
        Act::Block { colleague } | Act::ReadColleague { colleague } => {
            let facts = [
                ("organisation", types.organisation(&colleague.unit.organisation)?),
                ("affiliation", types.reference("Affiliation", colleague.affiliation.as_str())?),
                ("roles", types.roles(&colleague.roles)?),
            ];
            entity(types.uid("Colleague", colleague.affiliation.as_str())?, facts, types.unit_and_above(&colleague.unit)?)
        }
        Act::Invite { unit } | Act::PutToWork { unit, .. } => {
            let facts = [("organisation", types.organisation(&unit.organisation)?)];
            entity(types.unit(&unit.organisation, &unit.name)?, facts, types.units_above(unit)?)
        }
        Act::LogIn { service } | Act::PassOn { passing: Passing { service, .. } } => {
            let mut facts = vec![
                ("organisation", types.organisation(&service.organisation)?),
                ("kinds", types.references("Kind", service.kinds.iter().map(|kind: &Kind| kind.as_str()))?),
                ("level", level(service.level)),
            ];
            if let Some(unit) = &service.unit {
                facts.push(("unit", Value::new_entity_uid(types.unit(&unit.organisation, &unit.name)?)));
            }
            if let Some(role) = service.role {
                facts.push(("role", types.reference("Role", role.as_str())?));
            }
            entity(types.uid("Service", service.client.as_str())?, facts, alone)
        }
        Act::LetOpen { letting: Letting { door, organisation, .. } } | Act::OpenDoor { opening: Opening { door, organisation, .. } } => {
            entity(types.uid("Door", door.as_str())?, [("organisation", types.organisation(organisation)?)], alone)
        }
        Act::ReadHistory { organisation, about } => {
            let facts = [("organisation", types.organisation(organisation)?), ("about", types.reference("Affiliation", about.as_str())?)];
            entity(types.uid("History", about.as_str())?, facts, alone)
        }
        Act::ReadJournal { organisation } => {
            entity(types.uid("Journal", organisation.as_str())?, [("organisation", types.organisation(organisation)?)], alone)
        }
        Act::RegisterService { organisation } => {
            entity(types.uid("Register", organisation.as_str())?, [("organisation", types.organisation(organisation)?)], alone)
        }
    }
}

fn context(act: &Act, types: &TypeNames) -> Result<Vec<(String, Value)>, Unanswerable> {
    let facts = match act {
        Act::LetOpen { letting } => self::letting(letting, types)?,
        Act::OpenDoor { opening } => vec![
            ("worker", types.reference("Affiliation", opening.worker.as_str())?),
            ("visit_starts", Value::new_long(opening.visit_starts.seconds())),
            ("visit_ends", Value::new_long(opening.visit_ends.seconds())),
            ("pass_starts", Value::new_long(opening.pass_starts.seconds())),
            ("pass_ends", Value::new_long(opening.pass_ends.seconds())),
            ("confirmed_online", Value::new_bool(opening.confirmed_online)),
            ("now", Value::new_long(opening.now.seconds())),
        ],
        Act::PutToWork { colleague, identity_document_seen, lasts, .. } => {
            let mut facts = vec![("identity_document_seen", Value::new_bool(*identity_document_seen)), ("seconds", Value::new_long(lasts.0))];
            if let Some(person) = colleague {
                facts.push(("colleague", types.reference("Person", person.as_str())?));
            }
            facts
        }
        Act::PassOn { passing } => vec![("level", level(passing.level)), ("steps", Value::new_long(passing.steps))],
        Act::Sign { signer, .. } => vec![("signer", types.reference("Affiliation", signer.as_str())?)],
        _ => Vec::new(),
    };
    Ok(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn letting(letting: &Letting, types: &TypeNames) -> Result<Vec<(&'static str, Value)>, Unanswerable> {
    let mut facts = vec![
        ("approved_at", Value::new_long(letting.approved_at.seconds())),
        ("at_once", Value::new_bool(letting.at_once)),
        ("now", Value::new_long(letting.now.seconds())),
    ];
    if let Some(visit) = &letting.visit {
        let members = [
            ("worker", types.reference("Affiliation", visit.worker.as_str())?),
            ("starts", Value::new_long(visit.starts.seconds())),
            ("ends", Value::new_long(visit.ends.seconds())),
        ];
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        facts.push(("visit", Value::new_record(members).map_err(|_| Unanswerable)?));
    }
    Ok(facts)
}

fn entity(uid: EntityUid, facts: impl IntoIterator<Item = (&'static str, Value)>, parents: HashSet<EntityUid>) -> Result<Entity, Unanswerable> {
    let facts: HashMap<_, _> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, facts, parents).map_err(|_| Unanswerable)
}

fn level(assurance: Assurance) -> Value {
    Value::new_long(assurance.number().into())
}

const TYPES: [&str; 14] = [
    "Action",
    "Affiliation",
    "Colleague",
    "DocumentClass",
    "Door",
    "History",
    "Journal",
    "Kind",
    "Organisation",
    "Person",
    "Register",
    "Role",
    "Service",
    "Unit",
];
