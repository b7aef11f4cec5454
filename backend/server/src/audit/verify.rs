//! `handslag journal verify`: walks every chain from its beginning and says what does not fit.

use std::collections::BTreeSet;

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::UnixTime;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::journal::{entry_hash, payload_hash};

/// What was walked and what was wrong.
#[derive(Debug, Default)]
pub struct Verified {
    /// Chains walked.
    pub chains: u64,
    /// Entries walked.
    pub entries: u64,
    /// Payloads lawfully disposed of: the chain holds without them.
    pub disposed: u64,
    /// Everything that does not fit; empty when the journal is whole.
    pub findings: Vec<Finding>,
}

/// One thing that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// The chain's end is not where the chain says: entries were cut off or added.
    End(String),
    /// An entry was changed, moved or removed.
    Entry(String, i64),
    /// A payload was changed.
    Payload(String, i64),
}

#[derive(FromRow)]
struct Chain {
    chain: String,
    length: i64,
    head: Vec<u8>,
}

#[derive(FromRow)]
struct Entry {
    seq: i64,
    at: UnixTime,
    kind: String,
    actor: String,
    payload_hash: Vec<u8>,
    hash: Vec<u8>,
    salt: Option<Vec<u8>>,
    payload: Option<String>,
    rule: Option<String>,
    objects: i64,
}

/// How many entries are read at a time, so that a journal of any length fits in memory.
const PORTION: i64 = 1_000;

/// Walks every chain.
pub async fn verify(tx: &mut Tx) -> Result<Verified, Error> {
    let mut verified = Verified::default();
    for chain in tx.all::<Chain>("SELECT chain, length, head FROM journal_chains ORDER BY chain", ()).await? {
        verified.chains += 1;
        walk(tx, &chain, &mut verified).await?;
    }
    Ok(verified)
}

async fn walk(tx: &mut Tx, chain: &Chain, verified: &mut Verified) -> Result<(), Error> {
    let (mut head, mut seq) = (Sha256::digest(chain.chain.as_bytes()).to_vec(), 0);
    loop {
        let portion = portion_after(tx, &chain.chain, seq).await?;
        let Some(last) = portion.last() else { break };
        let last_seq = last.seq;
        for entry in portion {
            head = check(&chain.chain, seq + 1, &head, &entry, verified);
            seq = entry.seq;
        }
        seq = last_seq;
    }
    if seq != chain.length || head != chain.head {
        verified.findings.push(Finding::End(chain.chain.clone()));
    }
    Ok(())
}

async fn portion_after(tx: &mut Tx, chain: &str, seq: i64) -> Result<Vec<Entry>, Error> {
    tx.all(
        "SELECT e.seq, e.at, e.kind, e.actor, e.payload_hash, e.hash, p.salt, p.payload, d.rule, \
         (SELECT COUNT(*) FROM journal_objects o WHERE o.chain = e.chain AND o.seq = e.seq) AS objects FROM journal_entries e \
         LEFT JOIN journal_payloads p ON p.chain = e.chain AND p.seq = e.seq \
         LEFT JOIN journal_disposals d ON d.chain = e.chain AND d.seq = e.seq \
         WHERE e.chain = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3",
        (chain, seq, PORTION),
    )
    .await
}

/// How many different objects a payload names; the index that finds entries by object must hold as many.
fn objects_in(payload: &str) -> i64 {
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    let named: BTreeSet<&str> = payload.get("objects").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    i64::try_from(named.len()).unwrap_or(i64::MAX)
}

/// Checks one entry against the one before; gives the hash that the next entry must build on.
fn check(chain: &str, expected: i64, before: &[u8], entry: &Entry, verified: &mut Verified) -> Vec<u8> {
    verified.entries += 1;
    let hash = entry_hash(chain, entry.seq, entry.at, &entry.kind, &entry.actor, &entry.payload_hash, before);
    if entry.seq != expected || hash != entry.hash {
        verified.findings.push(Finding::Entry(chain.to_owned(), entry.seq));
    }
    match (&entry.salt, &entry.payload, &entry.rule) {
        (Some(salt), Some(payload), None) if payload_hash(salt, payload) == entry.payload_hash && entry.objects == objects_in(payload) => {}
        (None, None, Some(_)) => verified.disposed += 1,
        _ => verified.findings.push(Finding::Payload(chain.to_owned(), entry.seq)),
    }
    entry.hash.clone()
}
