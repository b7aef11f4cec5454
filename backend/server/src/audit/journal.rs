//! Entries of the journal, and the chain that binds them.

use std::fmt;

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ClientId, OrganisationId, PhoneId, UnixTime};
use rand_core::CryptoRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One act. Built by the slice that owns the act.
#[derive(Debug, Clone)]
pub struct Event {
    /// The chain it goes to.
    pub chain: Chain,
    /// What happened: `slice.act` in the past tense, e.g. `login.approved`.
    pub kind: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// Ids of everything it is about.
    pub objects: Vec<String>,
    /// The facts, as JSON. No secret and no personal number (AU-04).
    pub payload: Value,
}

/// One chain: an organisation and a purpose, or the operator's own.
#[derive(Debug, Clone)]
pub enum Chain {
    /// Keys and the certificates of our authorities, on which every organisation rests, and what concerns no organisation.
    Operator,
    /// What was done in one organisation, for one purpose.
    Organisation {
        /// Whose chain.
        organisation: OrganisationId,
        /// What for.
        purpose: Purpose,
    },
}

/// Purposes are kept apart: an access log is not a time sheet (phones-and-doors, product rule 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Issue, block, removal of identities.
    Administration,
    /// Openings of doors.
    Doors,
    /// Log-ins and what was released.
    Login,
    /// Signatures.
    Signing,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Administration => "administration",
            Self::Doors => "doors",
            Self::Login => "login",
            Self::Signing => "signing",
        }
    }
}

impl Chain {
    /// `organisation/purpose`; the operator is no organisation's id.
    pub fn name(&self) -> String {
        match self {
            Self::Operator => "operator/keys".to_owned(),
            Self::Organisation { organisation, purpose } => format!("{organisation}/{}", purpose.as_str()),
        }
    }
}

/// Who did it.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A service.
    Client(ClientId),
    /// Whoever runs the machine, at its command line.
    Operator,
    /// A person at work.
    Person(AffiliationId),
    /// A phone, without a person's act (synchronising).
    Phone(PhoneId),
    /// This system by itself (a deadline, a rule).
    System,
}

/// As it stands in the journal.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Operator => f.write_str("operator"),
            Self::Person(id) => id.fmt(f),
            Self::Phone(id) => id.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

#[derive(FromRow)]
struct End {
    length: i64,
    head: Vec<u8>,
}

/// Writes one event at the end of its chain, in the caller's transaction, which writes alone there until it ends.
pub async fn record(tx: &mut Tx, event: Event, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<(), Error> {
    let chain = event.chain.name();
    let before = end(tx, &chain).await?;
    let seq = before.length + 1;
    let mut salt = vec![0; 16];
    rng.fill_bytes(&mut salt);
    // The objects are part of what the chain binds: nobody can move an entry from one person to another unseen.
    let payload = json!({ "facts": event.payload, "objects": event.objects }).to_string();
    let actor = event.actor.to_string();
    let payload_hash = payload_hash(&salt, &payload);
    let hash = entry_hash(&chain, seq, now, event.kind, &actor, &payload_hash, &before.head);
    tx.later(
        "INSERT INTO journal_entries (chain, seq, at, kind, actor, payload_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (chain.as_str(), seq, now, event.kind, actor.as_str(), payload_hash, hash.clone()),
    )?;
    tx.later("INSERT INTO journal_payloads (chain, seq, salt, payload) VALUES ($1, $2, $3, $4)", (chain.as_str(), seq, salt, payload.as_str()))?;
    // Two at a time: most acts are about two things, and to name one twice is to name it once.
    for pair in event.objects.chunks(2) {
        if let [first, .., last] | [first @ last] = pair {
            tx.later(OBJECTS, (first.as_str(), last.as_str(), chain.as_str(), seq))?;
        }
    }
    tx.later("UPDATE journal_chains SET length = $2, head = $3 WHERE chain = $1", (chain.as_str(), seq, hash))
}

const OBJECTS: &str = "INSERT INTO journal_objects (object, chain, seq) VALUES ($1, $3, $4), ($2, $3, $4) ON CONFLICT DO NOTHING";

/// Where the chain ends; nobody else writes there from now on.
async fn end(tx: &mut Tx, chain: &str) -> Result<End, Error> {
    tx.alone(chain).await?;
    if let Some(end) = tx.optional("SELECT length, head FROM journal_chains WHERE chain = $1", (chain,)).await? {
        return Ok(end);
    }
    let head = Sha256::digest(chain.as_bytes()).to_vec();
    tx.later("INSERT INTO journal_chains (chain, length, head) VALUES ($1, 0, $2)", (chain, head.clone()))?;
    Ok(End { length: 0, head })
}

/// H(salt ‖ payload).
pub(super) fn payload_hash(salt: &[u8], payload: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update(payload.as_bytes()).finalize().to_vec()
}

/// Every part goes in with its length, so that no two different entries have the same bytes.
pub(super) fn entry_hash(chain: &str, seq: i64, at: UnixTime, kind: &str, actor: &str, payload_hash: &[u8], before: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"se.handslag.journal/1");
    for part in [chain.as_bytes(), &seq.to_be_bytes(), &at.seconds().to_be_bytes(), kind.as_bytes(), actor.as_bytes(), payload_hash, before] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// One line of the journal, as a person reads it.
#[derive(Debug, Clone, FromRow)]
pub struct Line {
    /// When.
    pub at: UnixTime,
    /// What.
    pub kind: String,
    /// Who.
    pub actor: String,
    payload: String,
}

impl Line {
    /// The facts.
    pub fn facts(&self) -> Value {
        serde_json::from_str::<Value>(&self.payload).ok().and_then(|mut payload| payload.get_mut("facts").map(Value::take)).unwrap_or_default()
    }
}

/// Disposes of one payload by a lawful rule. The chain still verifies; the disposal itself is on record. True if it was this call.
pub async fn dispose(tx: &mut Tx, chain: &Chain, seq: i64, rule: &str, now: UnixTime) -> Result<bool, Error> {
    let name = chain.name();
    tx.execute("DELETE FROM journal_objects WHERE chain = $1 AND seq = $2", (name.as_str(), seq)).await?;
    let removed = tx.execute("DELETE FROM journal_payloads WHERE chain = $1 AND seq = $2", (name.as_str(), seq)).await?;
    if removed == 1 {
        tx.execute("INSERT INTO journal_disposals (chain, seq, rule, at) VALUES ($1, $2, $3, $4)", (name.as_str(), seq, rule, now)).await?;
    }
    Ok(removed == 1)
}

/// The newest entries about one object (a person, a door, a document), newest first.
pub async fn about(tx: &mut Tx, object: &str, limit: i64) -> Result<Vec<Line>, Error> {
    tx.all(
        "SELECT e.at, e.kind, e.actor, p.payload FROM journal_objects o \
         JOIN journal_entries e ON e.chain = o.chain AND e.seq = o.seq \
         JOIN journal_payloads p ON p.chain = o.chain AND p.seq = o.seq \
         WHERE o.object = $1 ORDER BY e.at DESC, e.seq DESC LIMIT $2",
        (object, limit),
    )
    .await
}
