//! What the demonstration holds beside the node: the town, its locks, one phone, and what its camera sees. All of it is on disk
//! too, so that the demonstration goes on where it was after a kill.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use handslag_phone::es256;
use handslag_vocab::UnixTime;
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    camera::Seen,
    handset::{Handset, private},
    locks::{self, Locks},
    school,
    town::{self, Town},
};
use crate::{caller::Rng, config::Config, problem::Problem, server::Server, start};

/// The demonstration around a node.
pub struct Place {
    /// The invented municipality.
    pub town: Town,
    /// The visitor's phone.
    pub handset: AsyncMutex<Handset>,
    /// Where this node listens.
    pub base: String,
    /// The school service's key.
    pub school: SigningKey,
    camera: Mutex<Option<Seen>>,
    id_token: Mutex<Option<Value>>,
    locks: Arc<Locks>,
    vendor: SigningKey,
    saved: PathBuf,
}

/// A node and the place around it.
type Opened = Result<(Server, Arc<Place>), Box<dyn std::error::Error + Send + Sync>>;

/// Opens a demonstration in a folder: the node and the place around it. `issuer` is what visitors type.
pub async fn at(data: &Path, issuer: &str, base: &str) -> Opened {
    at_with(data, issuer, base, |_| {}).await
}

/// The same with a changed configuration: another database, more services.
pub async fn at_with(data: &Path, issuer: &str, base: &str, change: impl FnOnce(&mut Config)) -> Opened {
    fs::create_dir_all(data)?;
    let vendor = kept_key(&data.join("demo-vendor.key"))?;
    let school = kept_key(&data.join("demo-school.key"))?;
    let mut config: Config =
        town::config(data.to_owned(), issuer.to_owned(), vec![school::client(issuer, &school)?], es256::public(&vendor).0).map_err(told)?;
    change(&mut config);
    let server = start::open(config).await?;
    let now = server.clock.now();
    let town = town::settle(&server, now).await.map_err(told)?;
    let doors = locks::of_town(&server, &town.organisation).await.map_err(told)?;
    let locks = Arc::new(Locks::mount(&server, &data.join("locks"), &doors, now).map_err(told)?);
    let saved = data.join("demo-phone");
    let kept = fs::read(&saved).ok().and_then(|bytes| Handset::restore(&bytes, base, vendor.clone(), Arc::clone(&locks), now));
    let handset = kept.unwrap_or_else(|| Handset::new(base, issuer, vendor.clone(), Arc::clone(&locks)));
    let handset = AsyncMutex::new(handset.kept_in(saved.clone()));
    let place = Place { town, handset, base: base.to_owned(), school, camera: Mutex::new(None), id_token: Mutex::new(None), locks, vendor, saved };
    Ok((server, Arc::new(place)))
}

fn told(problem: Problem) -> io::Error {
    io::Error::other(problem.en)
}

/// A key that stays the same between starts.
fn kept_key(path: &Path) -> io::Result<SigningKey> {
    if let Ok(bytes) = fs::read(path) {
        return SigningKey::from_slice(&bytes).map_err(io::Error::other);
    }
    let key = SigningKey::generate_from_rng(&mut Rng::system());
    private(path, &key.to_bytes())?;
    Ok(key)
}

impl Place {
    /// The visitor's phone out of its box.
    pub fn new_handset(&self, issuer: &str) -> Handset {
        self.another_handset(&self.base, issuer).kept_in(self.saved.clone())
    }

    /// Somebody else's phone out of its box, which reaches this node at another address.
    pub fn another_handset(&self, base: &str, issuer: &str) -> Handset {
        Handset::new(base, issuer, self.vendor.clone(), Arc::clone(&self.locks))
    }

    /// Somebody else's phone as it was kept.
    pub fn restored_handset(&self, kept: &[u8], now: UnixTime) -> Option<Handset> {
        Handset::restore(kept, &self.base, self.vendor.clone(), Arc::clone(&self.locks), now)
    }

    /// What the camera sees now.
    pub fn camera(&self) -> Option<Seen> {
        self.camera.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn camera_sees(&self, seen: Option<Seen>) {
        *self.camera.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// The ID Token that the school service got last: header and claims, for the engineers' page and the tour.
    pub fn last_id_token(&self) -> Option<Value> {
        self.id_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn got_id_token(&self, decoded: Value) {
        *self.id_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(decoded);
    }
}
