//! Doors with a lock.

use handslag_door::LockId;
use handslag_keys::Kind;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{DoorId, OrganisationId, UnixTime};

use crate::{caller::Rng, problem::Problem, server::Server};

/// One door.
#[derive(Debug, Clone, FromRow)]
pub struct Door {
    /// Names it.
    pub door_id: DoorId,
    /// Whose it is.
    pub organisation_id: OrganisationId,
    /// The address as the worker reads it.
    pub name: String,
    /// The lock's own eight bytes.
    pub lock_id: Vec<u8>,
    /// `LM_0`, sealed.
    pub log_seed: Vec<u8>,
}

impl Door {
    /// The lock.
    pub fn lock(&self) -> Option<LockId> {
        self.lock_id.as_slice().try_into().ok().map(LockId)
    }

    /// The seed that checks the lock's log, unsealed.
    pub fn seed(&self, server: &Server) -> Result<[u8; 32], Problem> {
        let seed = server.keys.open(Kind::DataEncryption, self.door_id.as_str().as_bytes(), &self.log_seed)?;
        seed.as_slice().try_into().map_err(|_| Problem::not_found())
    }
}

/// Registers a door whose lock was given `seed` when it was mounted.
pub async fn mount(
    tx: &mut Tx,
    server: &Server,
    door: (&DoorId, &OrganisationId, &str),
    lock: LockId,
    seed: &[u8; 32],
    now: UnixTime,
) -> Result<(), Problem> {
    let (door_id, organisation, name) = door;
    let sealed = server.keys.seal(Kind::DataEncryption, door_id.as_str().as_bytes(), seed, &mut Rng::system())?;
    tx.execute(
        "INSERT INTO doors (door_id, organisation_id, name, lock_id, log_seed, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        (door_id, organisation, name, lock.0.as_slice(), sealed, now),
    )
    .await?;
    Ok(())
}

/// One door by its lock.
pub async fn by_lock(tx: &mut Tx, lock: LockId) -> Result<Option<Door>, Error> {
    tx.optional("SELECT door_id, organisation_id, name, lock_id, log_seed FROM doors WHERE lock_id = $1", (lock.0.as_slice(),)).await
}

/// Every door of an organisation.
pub async fn of_organisation(tx: &mut Tx, organisation: &OrganisationId) -> Result<Vec<Door>, Error> {
    tx.all("SELECT door_id, organisation_id, name, lock_id, log_seed FROM doors WHERE organisation_id = $1 ORDER BY name", (organisation,)).await
}
