//! The doors of the demonstration: simulated locks that know only `handslag_door`, each with a log on disk. They have no
//! network at all; what they write comes back through a phone.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use handslag_door::{Decision, Deny, DoorKey, IssuerKey, LockClock, LockId, Nonce, Ticks, claims::IssuerName};
use handslag_keys::{KeyState, Kind};
use handslag_lock_sim::{Config, Folder, Lock};
use handslag_vocab::{DoorId, OrganisationId, UnixTime};
use rand_core::CryptoRng;

use crate::{doors, problem::Problem, server::Server};

/// A door of the invented municipality.
pub struct Mounted {
    /// The door it sits in.
    pub door: DoorId,
    /// The lock's own eight bytes.
    pub lock: LockId,
    /// `LM_0`, which the server holds too.
    pub seed: [u8; 32],
}

/// Every lock, by its id, and the counter they all tick by.
pub struct Locks {
    mounted: Mutex<BTreeMap<[u8; 8], Lock<Folder>>>,
    places: BTreeMap<DoorId, LockId>,
    started: Instant,
}

/// What a phone hears from a lock.
pub struct Heard {
    /// Why it refused.
    pub denied: Option<Deny>,
    /// What else of its log the phone carries home.
    pub logs: Vec<Vec<u8>>,
    /// Its receipt.
    pub receipt: Option<Vec<u8>>,
}

/// A clock on a wall is a second off.
const CLOCK_ERROR: u64 = 1;

impl Locks {
    /// Mounts the locks in a folder; a lock that was mounted before goes on with its log.
    pub fn mount(server: &Server, folder: &Path, doors: &[Mounted], now: UnixTime) -> Result<Self, Problem> {
        let started = Instant::now();
        let places = doors.iter().map(|door| (door.door.clone(), door.lock)).collect();
        // Each lock waits for the disk several times, and none knows of another.
        let mounted: Result<BTreeMap<_, _>, Problem> = thread::scope(|scope| {
            let starting: Vec<_> = doors.iter().map(|door| scope.spawn(move || mounted(server, folder, door, now))).collect();
            starting.into_iter().map(|lock| lock.join().unwrap_or_else(|_| Err(Problem::gone()))).collect()
        });
        Ok(Self { mounted: Mutex::new(mounted?), places, started })
    }

    /// The lock of the door that a person stands before.
    pub fn at(&self, door: &DoorId) -> Option<LockId> {
        self.places.get(door).copied()
    }

    /// The lock wakes and gives a fresh number.
    pub fn challenge(&self, lock: LockId, rng: &mut dyn CryptoRng) -> Option<Nonce> {
        let mut random = [0; 16];
        rng.fill_bytes(&mut random);
        let now = self.ticks();
        self.all().get_mut(&lock.0).map(|lock| lock.challenge(random, now))
    }

    /// Brings a pass and a signed request to the lock that the pass is for.
    pub fn open(&self, lock: LockId, pass: &[u8], request: &[u8]) -> Option<Heard> {
        let now = self.ticks();
        let (answer, batch) = {
            let mut all = self.all();
            let lock = all.get_mut(&lock.0)?;
            (lock.open(pass, request, now), lock.batch())
        };
        let logs = batch.and_then(|batch| batch.to_bytes().ok()).map(|bytes| bytes.to_vec()).into_iter().collect();
        let denied = match answer.decision {
            Decision::Allow(_) => None,
            Decision::Deny { code, .. } => Some(code),
        };
        Some(Heard { denied, logs, receipt: answer.receipt.and_then(|receipt| receipt.to_bytes().ok()).map(|bytes| bytes.to_vec()) })
    }

    fn ticks(&self) -> Ticks {
        Ticks(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// No code panics while it holds this lock, so a poisoned one is still whole.
    fn all(&self) -> MutexGuard<'_, BTreeMap<[u8; 8], Lock<Folder>>> {
        self.mounted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mounted(server: &Server, folder: &Path, door: &Mounted, now: UnixTime) -> Result<([u8; 8], Lock<Folder>), Problem> {
    let name = handslag_vocab::Digest::of(&door.lock.0).to_base64url();
    let storage = Folder::open(folder.join(name)).map_err(|error| Problem::internal(&error))?;
    let lock = Lock::start(&config(server, door, now)?, storage, Ticks(0)).map_err(|error| Problem::internal(&error))?;
    Ok((door.lock.0, lock))
}

fn config(server: &Server, door: &Mounted, now: UnixTime) -> Result<Config, Problem> {
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let clock = LockClock::set(seconds, CLOCK_ERROR, Ticks(0));
    Ok(Config { lock: door.lock, groups: Vec::new(), issuers: issuers(server)?, seed: door.seed, clock })
}

/// The issuer keys that the locks of this municipality pin: the one in use and the next.
fn issuers(server: &Server) -> Result<Vec<IssuerKey>, Problem> {
    let number = &server.config.operator.number;
    let iss = IssuerName::try_from(format!("se:{number}").as_str()).unwrap_or_default();
    let keys = server.keys.public_keys(Kind::DoorIssuer)?;
    let pinned = keys.iter().filter(|key| matches!(key.state, KeyState::Active { .. } | KeyState::Next { .. }));
    pinned
        .map(|key| {
            let point = DoorKey::from_sec1(&key.sec1).and_then(|key| key.verifying_key()).map_err(|error| Problem::internal(&error))?;
            Ok(IssuerKey { kid: handslag_door::Kid::of(&point), iss: iss.clone(), key: point, nbf: 0, exp: u64::MAX, revoked_at: None })
        })
        .collect()
}

/// The lock ids and seeds of the doors that the database knows.
pub async fn of_town(server: &Server, organisation: &OrganisationId) -> Result<Vec<Mounted>, Problem> {
    let doors = server.db.read(async |tx| doors::of_organisation(tx, organisation).await).await?;
    doors
        .iter()
        .map(|door| Ok(Mounted { door: door.door_id.clone(), lock: door.lock().ok_or_else(Problem::not_found)?, seed: door.seed(server)? }))
        .collect()
}
