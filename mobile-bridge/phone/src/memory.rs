//! What the phone remembers between tasks. No key and no secret: whoever reads it learns what the worker could see.

use std::collections::BTreeMap;

use handslag_vocab::{ApprovalId, OrgAffiliation, PhoneId, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{key_store::PublicKeys, outbox::Carried, wallet::Passes, wire::Tier};

/// The work identity on this phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The public halves of the phone's keys.
    pub keys: PublicKeys,
    /// The worker's name.
    pub name: String,
    /// The organisation's name.
    pub organisation: String,
    /// This phone.
    pub phone: PhoneId,
    /// The role at enrolment.
    pub role: String,
    /// What the keys rest on.
    pub tier: Tier,
    /// The unit at enrolment.
    pub unit: String,
    /// `orgAffiliation`; every approval must name it.
    pub who: OrgAffiliation,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) identity: Option<Identity>,
    /// How many openings were asked for: their running number.
    pub(crate) openings: u32,
    pub(crate) outbox: Carried,
    pub(crate) spent: Spent,
    pub(crate) wallet: Passes,
}

/// Approvals that this phone has answered, until they expire: an answer of the server replayed to the phone does not get a
/// second signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spent(BTreeMap<ApprovalId, UnixTime>);

impl Spent {
    pub(crate) fn holds(&self, transaction: &ApprovalId) -> bool {
        self.0.contains_key(transaction)
    }

    /// What has expired is refused for that, and need not be remembered.
    pub(crate) fn add(&mut self, transaction: ApprovalId, expires_at: UnixTime, now: UnixTime) {
        self.0.retain(|_, expires_at| now <= *expires_at);
        self.0.insert(transaction, expires_at);
    }
}
