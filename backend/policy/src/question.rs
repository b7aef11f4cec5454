//! The question, in words of the field: who asks, what they want to do, and the facts that matter. `policies/schema.cedarschema`
//! says the same to the rules.

use std::collections::BTreeSet;

use handslag_vocab::{AffiliationId, Assurance, ClientId, DoorId, OrganisationId, PersonId, Seconds, UnixTime};

/// May this work identity do this now?
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Who asks.
    pub who: Who,
    /// What they want to do.
    pub act: Act,
    /// How strong the thing is that was done just now: level 2 for a typed code, level 3 for an approval with user verification.
    pub done_now: Assurance,
}

/// One person's work identity, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// The work identity.
    pub affiliation: AffiliationId,
    /// The person behind it.
    pub person: PersonId,
    /// Where they work; its organisation is theirs.
    pub unit: Unit,
    /// What kind of assignment it is.
    pub kind: Kind,
    /// What they may be more than present.
    pub roles: BTreeSet<Role>,
    /// For provider staff: the organisations they work for by agreement. Means nothing for other kinds.
    pub serves: BTreeSet<OrganisationId>,
    /// Somebody blocked it.
    pub blocked: bool,
    /// Today is within its dates.
    pub valid: bool,
    /// How surely the person was identified.
    pub assurance: Assurance,
    /// What the phone's keys are worth.
    pub tier: Tier,
    /// The phone holds a key for doors; an attested security key, for one, does not.
    pub door_key: bool,
}

/// The kind of an affiliation (architecture §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Works on a contract.
    Contractor,
    /// Elected to an assembly or a board.
    Elected,
    /// Employed.
    Employee,
    /// Employed by somebody who does the work for an organisation.
    ProviderStaff,
}

/// What a person may be more than present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Connects systems, sets policy.
    Administrator,
    /// Follows every use.
    Auditor,
    /// Leads a unit and those under it. A deputy has this role for the time.
    Manager,
    /// Prepares matters and asks for signatures.
    Secretary,
    /// Leads the shift of a unit.
    ShiftLeader,
    /// Does the work.
    Worker,
}

/// What the phone's keys are worth (architecture §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A passkey that can be synchronised.
    T0,
    /// That, and a key in this browser.
    T1,
    /// Attested keys in secure hardware.
    T2,
    /// That, and a second roaming key.
    T3,
}

/// A unit of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Whose unit.
    pub organisation: OrganisationId,
    /// Its name, one of its kind in the organisation.
    pub name: String,
    /// The names of the units above it, all the way up.
    pub above: Vec<String>,
}

/// What somebody wants to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Ask a colleague to sign a document of this class.
    AskForSignature {
        /// The class.
        class: DocumentClass,
    },
    /// Block a work identity, one's own or another's.
    Block {
        /// Whose.
        colleague: Colleague,
    },
    /// Invite a colleague to a unit.
    Invite {
        /// The unit.
        unit: Unit,
    },
    /// Let a service open a door in one's name.
    LetOpen {
        /// The door and the visit.
        letting: Letting,
    },
    /// Log in to a service.
    LogIn {
        /// The service.
        service: Service,
    },
    /// Have a pass for a door.
    OpenDoor {
        /// The door, the visit and the pass.
        opening: Opening,
    },
    /// Have a service pass one's access on to the next one.
    PassOn {
        /// By which service, and how far it has come.
        passing: Passing,
    },
    /// Put a colleague who stands here to work in a unit.
    PutToWork {
        /// The unit.
        unit: Unit,
        /// The colleague, if already known as a person.
        colleague: Option<PersonId>,
        /// Whoever asks has looked at the colleague's identity document.
        identity_document_seen: bool,
        /// For how long.
        lasts: Seconds,
    },
    /// See what the employer sees of a colleague.
    ReadColleague {
        /// Of whom.
        colleague: Colleague,
    },
    /// See every use of a work identity.
    ReadHistory {
        /// Whose organisation.
        organisation: OrganisationId,
        /// Whose work identity.
        about: AffiliationId,
    },
    /// Read an organisation's journal.
    ReadJournal {
        /// Whose journal.
        organisation: OrganisationId,
    },
    /// Register a service of an organisation, or change one.
    RegisterService {
        /// Whose service.
        organisation: OrganisationId,
    },
    /// Sign a document of this class.
    Sign {
        /// The class.
        class: DocumentClass,
        /// Who is named as signer.
        signer: AffiliationId,
    },
}

/// Another work identity, as a thing to act on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Colleague {
    /// The work identity.
    pub affiliation: AffiliationId,
    /// Where they work.
    pub unit: Unit,
    /// Their roles.
    pub roles: BTreeSet<Role>,
}

/// A class of documents, with the level it demands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentClass {
    /// Whose documents.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: String,
    /// The least level of a signature.
    pub level: Assurance,
}

/// A service that people log in to, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// Its registered id.
    pub client: ClientId,
    /// Whose service.
    pub organisation: OrganisationId,
    /// Kinds of affiliation that may use it.
    pub kinds: BTreeSet<Kind>,
    /// The least level of a log-in.
    pub level: Assurance,
    /// Only for this unit and those under it.
    pub unit: Option<Unit>,
    /// Only for this role.
    pub role: Option<Role>,
}

/// A person's access on its way from service to service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Passing {
    /// The service that passes it on, and whom it is for.
    pub service: Service,
    /// The level of the log-in behind it.
    pub level: Assurance,
    /// How many services have passed it on then.
    pub steps: i64,
}

/// A door that a service asks to open in somebody's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Letting {
    /// The door.
    pub door: DoorId,
    /// Whose door.
    pub organisation: OrganisationId,
    /// The visit that it is for, if it names one.
    pub visit: Option<Visit>,
    /// When the person said yes.
    pub approved_at: UnixTime,
    /// Whether the right is used within minutes; else it is promised for later, and asked about again then.
    pub at_once: bool,
    /// Now.
    pub now: UnixTime,
}

/// A planned visit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Visit {
    /// Whose.
    pub worker: AffiliationId,
    /// When it may begin at the earliest.
    pub starts: UnixTime,
    /// When it is over at the latest.
    pub ends: UnixTime,
}

/// A pass that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opening {
    /// The door.
    pub door: DoorId,
    /// Whose door.
    pub organisation: OrganisationId,
    /// Whose visit.
    pub worker: AffiliationId,
    /// When the visit may begin at the earliest.
    pub visit_starts: UnixTime,
    /// When it is over at the latest.
    pub visit_ends: UnixTime,
    /// From when the pass is to open.
    pub pass_starts: UnixTime,
    /// Until when.
    pub pass_ends: UnixTime,
    /// The worker has approved this visit just now, and the approval reached us.
    pub confirmed_online: bool,
    /// Now.
    pub now: UnixTime,
}

impl Question {
    /// The level that holds for this act: the least of person, phone and what was done now.
    pub fn level(&self) -> Assurance {
        Assurance::of(self.who.assurance, self.who.tier.assurance(), self.done_now)
    }
}

impl Tier {
    /// The level that the phone's keys can reach.
    pub const fn assurance(self) -> Assurance {
        match self {
            Self::T0 | Self::T1 => Assurance::Loa2,
            Self::T2 | Self::T3 => Assurance::Loa3,
        }
    }

    /// 0 to 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::T0 => 0,
            Self::T1 => 1,
            Self::T2 => 2,
            Self::T3 => 3,
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Contractor, Self::Elected, Self::Employee, Self::ProviderStaff];

    /// The word in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contractor => "contractor",
            Self::Elected => "elected",
            Self::Employee => "employee",
            Self::ProviderStaff => "provider_staff",
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [Self::Administrator, Self::Auditor, Self::Manager, Self::Secretary, Self::ShiftLeader, Self::Worker];

    /// The word in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Manager => "manager",
            Self::Secretary => "secretary",
            Self::ShiftLeader => "shift_leader",
            Self::Worker => "worker",
        }
    }
}

impl Act {
    /// The word in rules, and the heading in the matrix.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::AskForSignature { .. } => "AskForSignature",
            Self::Block { .. } => "Block",
            Self::Invite { .. } => "Invite",
            Self::LetOpen { .. } => "LetOpen",
            Self::LogIn { .. } => "LogIn",
            Self::OpenDoor { .. } => "OpenDoor",
            Self::PassOn { .. } => "PassOn",
            Self::PutToWork { .. } => "PutToWork",
            Self::ReadColleague { .. } => "ReadColleague",
            Self::ReadHistory { .. } => "ReadHistory",
            Self::ReadJournal { .. } => "ReadJournal",
            Self::RegisterService { .. } => "RegisterService",
            Self::Sign { .. } => "Sign",
        }
    }
}
