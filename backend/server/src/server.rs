//! What every handler reaches: the database, the keys, the policies, the configuration and the clock. A node keeps nothing else.

use std::{ops::Deref, sync::Arc};

use handslag_keys::KeyStore;
use handslag_policy::Policies;
use handslag_protocol::discovery::Provider;
use handslag_store::{Db, Wakeups};

use crate::{
    caller::Clock,
    config::Config,
    oidc::{Clients, KeySets},
    outward::Outward,
};

/// One node. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Parts>);

/// The parts of a node.
pub struct Parts {
    /// Everything that must outlive a kill.
    pub db: Db,
    /// Private keys that never leave.
    pub keys: KeyStore,
    /// Who may do what.
    pub policies: Policies,
    /// The services of the configuration, read once.
    pub clients: Clients,
    /// Published keys, ours and of services, read when they change.
    pub key_sets: KeySets,
    /// What this node says of itself to services.
    pub provider: Provider,
    /// What the operator decided.
    pub config: Config,
    /// Calls to addresses that others named.
    pub outward: Outward,
    /// "Look again", within this node.
    pub wakeups: Wakeups,
    /// The time.
    pub clock: Clock,
}

impl Server {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Server {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
