//! What a service asks to do afterwards in the person's name (RFC 9396): whether this person may give it, and the lines they read before
//! the yes. The lines stand in the signed bytes with the identifiers behind them, so that the evidence says what exactly was given.

use handslag_policy::{Act, DocumentClass, Letting, Visit};
use handslag_vocab::{AffiliationId, Assurance, Digest, DoorId, Granted, OrganisationId, StartKind, UnixTime, VisitId};
use serde::{Deserialize, Serialize};

use super::{approvals::Request, authority, caller::Caller};
use crate::{
    identity::Affiliation,
    problem::Problem,
    server::Server,
    words::{Language, Voice},
};

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedGrant {
    /// A signature under a document.
    Document {
        /// Of its bytes.
        digest: Digest,
        /// As the service names it.
        title: String,
    },
    /// Opening a door.
    Door(AskedDoor),
}

/// A door that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedDoor {
    /// Which.
    pub door: DoorId,
    /// Whose.
    pub organisation: OrganisationId,
    /// The address, as the worker reads it everywhere.
    pub name: String,
    /// In which visit.
    pub visit: Option<AskedVisit>,
}

/// A planned visit that a door is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedVisit {
    /// Which.
    pub visit: VisitId,
    /// Whose.
    pub worker: AffiliationId,
    /// When the door opens at the earliest.
    pub starts: UnixTime,
    /// When it is over.
    pub ends: UnixTime,
}

impl AskedDoor {
    /// The policy's view, for a yes of that time.
    pub fn letting(&self, approved_at: UnixTime, at_once: bool, now: UnixTime) -> Act {
        let visit = self.visit.as_ref().map(|visit| Visit { worker: visit.worker.clone(), starts: visit.starts, ends: visit.ends });
        let (door, organisation) = (self.door.clone(), self.organisation.clone());
        Act::LetOpen { letting: Letting { door, organisation, visit, approved_at, at_once, now } }
    }
}

/// The policy's view of documents that a service of this organisation will have signed, at this level.
pub fn signing(organisation: OrganisationId, level: Assurance, signer: &Affiliation) -> Act {
    let class = DocumentClass { organisation, name: "authorization_details".to_owned(), level };
    Act::Sign { class, signer: signer.affiliation_id.clone() }
}

/// Whether this person may give what is asked for, in this way. Policy is asked about each door, and about signing.
pub(super) fn may_be_given(server: &Server, caller: &Caller, request: &Request, start: StartKind, now: UnixTime) -> Result<(), Problem> {
    if !request.granted.is_empty() && matches!(start, StartKind::Number | StartKind::TypedCode) {
        return Err(needs_something_near());
    }
    for asked in &request.granted {
        let act = match (asked, &request.service) {
            (AskedGrant::Door(door), _) => door.letting(now, false, now),
            (AskedGrant::Document { .. }, Some(service)) => signing(service.organisation.clone(), request.assurance, &caller.affiliation),
            (AskedGrant::Document { .. }, None) => return Err(Problem::gone()), // only a service asks
        };
        authority::allowed(server, &caller.affiliation, caller.phone.tier, act, now)?;
    }
    Ok(())
}

/// Digits can be talked out of somebody over the telephone: they are good for a log-in and nothing more.
fn needs_something_near() -> Problem {
    let (sv, en) = (
        "Tjänsten ber om mer än en inloggning. Det kan du inte godkänna med en kod som du skriver av. Skanna koden på skärmen i stället.",
        "The service asks for more than a log-in. You cannot approve that with a code that you type. Scan the code on the screen instead.",
    );
    Problem::forbidden(sv, en).with_code("typed_code_is_for_log_in")
}

/// The lines as shown, in the order asked.
pub(super) fn lines(asked: &[AskedGrant], language: &str) -> Vec<Granted> {
    let voice = Voice::in_language(Language::named(language).unwrap_or(Language::Swedish));
    let documents = asked.iter().filter(|asked| matches!(asked, AskedGrant::Document { .. })).count().to_string();
    let mut place = 0_usize;
    let line = |asked: &AskedGrant| match asked {
        AskedGrant::Door(door) => door_line(door, voice),
        AskedGrant::Document { digest, title } => {
            place += 1;
            let label = voice.say2("granted-sign", &("place", &place.to_string()), &("count", &documents));
            Granted { label, of: digest.to_base64url(), value: title.clone() }
        }
    };
    asked.iter().map(line).collect()
}

fn door_line(door: &AskedDoor, voice: Voice) -> Granted {
    let label = voice.say("granted-open-door");
    match &door.visit {
        None => Granted { label, of: door.door.to_string(), value: door.name.clone() },
        Some(visit) => {
            let when = voice.say2("granted-visit", &("from", &voice.moment(visit.starts)), &("to", &voice.time(visit.ends)));
            Granted { label, of: format!("{} {}", door.door, visit.visit), value: format!("{}, {when}", door.name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(visit: Option<AskedVisit>) -> AskedGrant {
        let (door, organisation) = ("dor_0123456789abcdefghjkmnpqrs".parse().unwrap(), "org_00000000000000000000000001".parse().unwrap());
        AskedGrant::Door(AskedDoor { door, organisation, name: "Storgatan 1".to_owned(), visit })
    }

    #[test]
    fn a_person_reads_which_doors_and_which_documents() {
        let visit = AskedVisit {
            visit: "vis_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            worker: "aff_00000000000000000000000001".parse().unwrap(),
            starts: UnixTime::from_seconds(1_795_504_800),
            ends: UnixTime::from_seconds(1_795_508_400),
        };
        let document = |title: &str| AskedGrant::Document { digest: Digest::of(title.as_bytes()), title: title.to_owned() };
        let asked = [door(Some(visit)), document("Protokoll"), document("Bilaga")];
        let shown = |language| lines(&asked, language).into_iter().map(|line| format!("{}: {}", line.label, line.value)).collect::<Vec<_>>();
        let swedish = shown("sv");
        assert_eq!(swedish[1..], ["Skriva under, dokument 1 av 2: Protokoll", "Skriva under, dokument 2 av 2: Bilaga"]);
        assert!(swedish[0].starts_with("Öppna dörr: Storgatan 1, ") && swedish[0].contains(" till "), "{swedish:?}");
        let english = shown("en");
        assert!(english[0].starts_with("Open door: Storgatan 1, ") && english[2] == "Sign, document 2 of 2: Bilaga", "{english:?}");
        let lines = lines(&asked, "sv");
        assert_eq!(lines[0].of, "dor_0123456789abcdefghjkmnpqrs vis_0123456789abcdefghjkmnpqrs", "the evidence names the door and the visit");
        assert_eq!(lines[1].of, Digest::of(b"Protokoll").to_base64url());
        assert_eq!(super::lines(&[door(None)], "sv")[0].of, "dor_0123456789abcdefghjkmnpqrs");
    }
}
