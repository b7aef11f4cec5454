//! The one face of this crate. A call names a kind; the key is chosen here and stays here.
//!
//! Each call looks whether the kind's file was replaced, so that `keys compromise` in another process switches a running server at
//! once. A file that cannot be read any more stops the kind: nothing goes on with keys that may be dead.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::hmac;
use handslag_vocab::UnixTime;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    KeyRefusal, KeyState, Kid, Kind, Oaep, PublicHalf, Signature,
    folder::{Folder, Stamp},
    material::{SymmetricKey, Usable, agree, spki_of},
    ring::{Material, Record, Ring},
    seal::{MasterKey, open_with, seal_with},
};

/// All private keys of a deployment. Shared between threads as it is; has no `Debug`.
pub struct KeyStore {
    folder: Folder,
    master: MasterKey,
    rings: BTreeMap<Kind, RwLock<Loaded>>,
    /// Counts every reading of a changed file.
    revision: AtomicU64,
}

/// One key in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub kid: Kid,
    /// Where it stands.
    pub state: KeyState,
}

/// A key as a JWKS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub kid: Kid,
    /// Where it stands: never retired.
    pub state: KeyState,
    /// What verifies by it or encrypts to it.
    pub half: PublicHalf,
}

/// The public half of a pair on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub kid: Kid,
    /// Where it stands: publish all but the retired, refuse what the compromised made.
    pub state: KeyState,
    /// `04 ‖ x ‖ y` (SEC 1 §2.3.3).
    pub sec1: [u8; 65],
    /// SubjectPublicKeyInfo in DER (RFC 5480 §2).
    pub spki_der: Vec<u8>,
}

impl KeyStore {
    /// Opens the folder. At the first start it makes the folder (0700), the master key (0600) and an active and a next key of each
    /// kind but those that [`Self::make`] makes. Refuses a master key that others may read, a lost or wrong one, and a file that was changed.
    pub fn open_folder(path: &Path, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        let folder = Folder::at(path)?;
        let _alone = folder.lock()?;
        let master = master_key(&folder, rng)?;
        let made = folder.made()?;
        let at_once = |kind: &Kind| !kind.is_made_when_needed();
        for kind in Kind::ALL.into_iter().filter(|kind| at_once(kind) && !made.contains(kind)) {
            // A crash may have come between the keys and the list; then they are here already.
            if folder.read_keys(kind)?.is_none() {
                let first = Ring::new(kind, now, rng)?;
                folder.put_keys(kind, &master.seal(kind, &first.encode(), rng)?)?;
            }
        }
        let here: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| at_once(kind) || made.contains(kind)).collect();
        if made != here {
            folder.settle()?; // the keys stand there for good before the list says so
            folder.remember(&here)?;
        }
        let load = |kind| {
            let is_not_made = !here.contains(&kind) && folder.stamp(kind)?.is_none();
            let loaded = if is_not_made { Loaded::default() } else { Loaded::new(kind, read_ring(&folder, &master, kind)?)? };
            Ok((kind, RwLock::new(loaded)))
        };
        let rings = Kind::ALL.into_iter().map(load).collect::<Result<_, KeyRefusal>>()?;
        Ok(Self { folder, master, rings, revision: AtomicU64::new(0) })
    }

    /// Makes the first keys of a kind that is made when needed, unless they are there. Takes seconds: not for a thread that others
    /// wait for.
    pub fn make(&self, kind: Kind, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<(), KeyRefusal> {
        if self.is_made(kind)? {
            return Ok(());
        }
        let first = Ring::new(kind, now, rng)?; // before the lock: nobody else should wait for the primes
        let _alone = self.folder.lock()?;
        if self.folder.read_keys(kind)?.is_none() {
            self.folder.replace(&self.folder.keys_of(kind), &self.master.seal(kind, &first.encode(), rng)?)?;
        }
        let made = self.folder.made()?;
        let with_it: Vec<Kind> = Kind::ALL.into_iter().filter(|other| *other == kind || made.contains(other)).collect();
        self.folder.remember(&with_it)
    }

    /// Whether there are keys of this kind.
    pub fn is_made(&self, kind: Kind) -> Result<bool, KeyRefusal> {
        Ok(!self.keys(kind)?.keys.is_empty())
    }

    /// Signs what `build` makes of the active key's name, with that key: one look at the keys for both, so that no change comes between.
    /// Gives it back with the signature, in the form of JOSE (RFC 7518 §3.3–3.5, RFC 8037 §3.1).
    pub fn sign_as<T: AsRef<[u8]>>(&self, kind: Kind, build: impl FnOnce(&str) -> T) -> Result<(T, Vec<u8>), KeyRefusal> {
        let keys = self.keys(kind)?;
        let active = keys.active(kind)?;
        let built = build(&active.name);
        let usable = active.usable.as_ref().ok_or(KeyRefusal::UnknownKey(kind))?;
        let signature = usable.sign(kind, built.as_ref())?;
        Ok((built, signature))
    }

    /// The public halves of every key of these kinds that is not retired, oldest first. With a number that is another one whenever one
    /// of them may have changed: who keeps what it made of the keys asks [`Self::revision`] whether it still holds.
    pub fn published(&self, kinds: &[Kind]) -> Result<(u64, Vec<(Kind, Published)>), KeyRefusal> {
        // Before the keys: a change in between makes it too old and never too new.
        let revision = self.revision(kinds)?;
        let mut published = Vec::new();
        for kind in kinds {
            let keys = self.keys(*kind)?;
            let public = |key: &Key| key.public.clone().map(|half| (*kind, Published { kid: key.kid.clone(), state: key.state, half }));
            published.extend(keys.keys.iter().filter(|key| key.state.is_published()).filter_map(public));
        }
        Ok((revision, published))
    }

    /// The public halves of all keys of these kinds that ever made something and were never anybody else's: what they made is ours,
    /// however long ago.
    pub fn ever_used(&self, kinds: &[Kind]) -> Result<Vec<(Kind, Published)>, KeyRefusal> {
        let mut used = Vec::new();
        for kind in kinds {
            let keys = self.keys(*kind)?;
            let is_ours = |key: &&Key| !matches!(key.state, KeyState::Next { .. } | KeyState::Retired { compromised: true, .. });
            let public = |key: &Key| key.public.clone().map(|half| (*kind, Published { kid: key.kid.clone(), state: key.state, half }));
            used.extend(keys.keys.iter().filter(is_ours).filter_map(public));
        }
        Ok(used)
    }

    /// Looks whether another process changed keys of these kinds; the number is higher after every change.
    pub fn revision(&self, kinds: &[Kind]) -> Result<u64, KeyRefusal> {
        for kind in kinds {
            drop(self.keys(*kind)?);
        }
        Ok(self.revision.load(Ordering::Acquire))
    }

    /// RSAES-OAEP (RFC 8017 §7.1.2) by the named key, unless it is retired.
    pub fn decrypt(&self, kind: Kind, kid: &Kid, oaep: Oaep, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
        let keys = self.keys(kind)?;
        match &keys.named(kind, kid)?.usable {
            Some(Usable::Decrypts(key)) => key.decrypt(oaep, ciphertext),
            Some(_) => Err(KeyRefusal::WrongPurpose(kind)),
            None => Err(KeyRefusal::UnknownKey(kind)),
        }
    }

    /// Signs with the active key of the kind (ES256: ECDSA on P-256 with SHA-256 of `bytes`).
    pub fn sign(&self, kind: Kind, bytes: &[u8]) -> Result<Signature, KeyRefusal> {
        // The guard is held while signing: when `compromise` returns, the old key has signed for the last time.
        let keys = self.keys(kind)?;
        let active = keys.active(kind)?;
        let Some(Usable::Signs(pair)) = &active.usable else { return Err(KeyRefusal::WrongPurpose(kind)) };
        Ok(Signature { kid: active.kid.clone(), raw: pair.sign(bytes)? })
    }

    /// Signs with a named key that is active or retiring: only a certification authority's, for its list of ended certificates. Whoever
    /// issued them must be able to say so until the last has run out (RFC 5280 §5).
    pub fn sign_by(&self, kind: Kind, kid: &Kid, bytes: &[u8]) -> Result<Signature, KeyRefusal> {
        if !kind.answers_for_certificates() {
            return Err(KeyRefusal::WrongPurpose(kind));
        }
        let keys = self.keys(kind)?;
        let named = keys.keys.iter().filter(|key| key.has_made_things()).find(|key| key.kid == *kid).ok_or(KeyRefusal::UnknownKey(kind))?;
        let Some(Usable::Signs(pair)) = &named.usable else { return Err(KeyRefusal::WrongPurpose(kind)) };
        Ok(Signature { kid: named.kid.clone(), raw: pair.sign(bytes)? })
    }

    /// The public halves of all keys of a kind on P-256, oldest first, retired ones included; empty for other kinds.
    pub fn public_keys(&self, kind: Kind) -> Result<Vec<PublicKey>, KeyRefusal> {
        let public = |key: &Key| {
            let sec1 = *key.public.as_ref()?.p256()?;
            Some(PublicKey { kid: key.kid.clone(), state: key.state, sec1, spki_der: spki_of(&sec1) })
        };
        Ok(self.keys(kind)?.keys.iter().filter_map(public).collect())
    }

    /// ECDH with a peer's public point (SP 800-56A §5.7.1.2) by the named key, unless it is retired: what was sealed to it may come late.
    pub fn agree(&self, kind: Kind, kid: &Kid, peer_sec1: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyRefusal> {
        let keys = self.keys(kind)?;
        match &keys.named(kind, kid)?.usable {
            Some(Usable::Agrees { private, .. }) => agree(private, peer_sec1),
            Some(_) => Err(KeyRefusal::WrongPurpose(kind)),
            None => Err(KeyRefusal::UnknownKey(kind)),
        }
    }

    /// HMAC-SHA-256 by the active key. The caller begins `data` with a label of its own for each use.
    pub fn mac(&self, kind: Kind, data: &[u8]) -> Result<[u8; 32], KeyRefusal> {
        let keys = self.keys(kind)?;
        let tag = hmac::sign(&keys.active(kind)?.symmetric(kind)?.mac, data);
        tag.as_ref().try_into().map_err(|_| KeyRefusal::Cryptography)
    }

    /// Whether `mac` is right by the active or a retiring key; compared in constant time.
    pub fn is_mac(&self, kind: Kind, data: &[u8], mac: &[u8]) -> Result<bool, KeyRefusal> {
        let keys = self.keys(kind)?;
        keys.active(kind)?.symmetric(kind)?;
        let made_it = |key: &Key| matches!(&key.usable, Some(Usable::Symmetric(own)) if hmac::verify(&own.mac, data, mac).is_ok());
        Ok(keys.keys.iter().filter(|key| key.has_made_things()).any(made_it))
    }

    /// Seals with the active key (AES-256-GCM), bound to `aad`: `01 ‖ kid (20) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.
    pub fn seal(&self, kind: Kind, aad: &[u8], plaintext: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, KeyRefusal> {
        let keys = self.keys(kind)?;
        let key = keys.active(kind)?.symmetric(kind)?;
        let head = [&[SEALED_FORM], key.kid.as_bytes()].concat();
        let sealed = seal_with(&key.seal, &bound(kind, &head, aad), plaintext, rng)?;
        Ok([head, sealed].concat())
    }

    /// Opens what [`KeyStore::seal`] gave for the same kind and `aad`, by the key it names, unless that key is retired.
    pub fn open(&self, kind: Kind, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
        let keys = self.keys(kind)?;
        keys.active(kind)?.symmetric(kind)?;
        let (head, rest) = sealed.split_at_checked(21).ok_or(KeyRefusal::Unopenable)?;
        let named = |key: &&Key| head.strip_prefix(&[SEALED_FORM]) == Some(key.kid.as_bytes());
        let key = keys.keys.iter().filter(|key| key.has_made_things()).find(named).ok_or(KeyRefusal::Unopenable)?;
        open_with(&key.symmetric(kind)?.seal, &bound(kind, head, aad), rest).ok_or(KeyRefusal::Unopenable)
    }

    /// Normal rotation: next → active, active → retiring, a new next. Refused while the next has not been published for as long as
    /// relying parties may cache (architecture §6). Gives the new active key's name.
    pub fn rotate(&self, kind: Kind, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Kid, KeyRefusal> {
        self.change(kind, rng, |ring, rng| ring.rotate(now, rng))
    }

    /// The active key may be in other hands: it dies at once, the next steps in, a new next is made. Gives the new active key's name.
    /// Keys that open what was sealed before ([`Kind::opens_after_compromise`]) only stop making new things. If the whole folder
    /// leaked, the next did too: do this twice, under a new master key.
    pub fn compromise(&self, kind: Kind, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Kid, KeyRefusal> {
        self.change(kind, rng, |ring, rng| ring.compromise(now, rng))
    }

    /// Destroys one retiring key because nothing needs it any more.
    pub fn end(&self, kind: Kind, kid: &Kid, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<(), KeyRefusal> {
        self.change(kind, rng, |ring, _| ring.end(kid, now)).map(|_| ())
    }

    /// Destroys every retiring key whose time is over; to be called at start and once a day.
    pub fn expire(&self, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<(), KeyRefusal> {
        for kind in Kind::ALL {
            if self.keys(kind)?.keys.iter().any(|key| key.state.expire(now).is_ok()) {
                self.change(kind, rng, |ring, _| ring.expire(now))?;
            }
        }
        Ok(())
    }

    /// Every key of every kind, for the command `keys list`.
    pub fn list(&self) -> Result<Vec<Listed>, KeyRefusal> {
        let mut list = Vec::new();
        for kind in Kind::ALL {
            list.extend(self.keys(kind)?.keys.iter().map(|key| Listed { kind, kid: key.kid.clone(), state: key.state }));
        }
        Ok(list)
    }

    /// The keys of a kind as their file has them now.
    fn keys(&self, kind: Kind) -> Result<RwLockReadGuard<'_, Loaded>, KeyRefusal> {
        let ring = self.rings.get(&kind).ok_or(KeyRefusal::UnknownKey(kind))?;
        let guard = ring.read().unwrap_or_else(PoisonError::into_inner);
        if guard.stamp == self.folder.stamp(kind)? {
            return Ok(guard);
        }
        drop(guard);
        let mut writing = ring.write().unwrap_or_else(PoisonError::into_inner);
        *writing = Loaded::new(kind, read_ring(&self.folder, &self.master, kind)?)?;
        self.revision.fetch_add(1, Ordering::Release);
        drop(writing);
        Ok(ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One step of a ring: read, changed, written durably, and only then used. Nobody makes anything with the kind meanwhile.
    fn change(
        &self,
        kind: Kind,
        rng: &mut dyn CryptoRng,
        step: impl FnOnce(Ring, &mut dyn CryptoRng) -> Result<Ring, KeyRefusal>,
    ) -> Result<Kid, KeyRefusal> {
        let ring = self.rings.get(&kind).ok_or(KeyRefusal::UnknownKey(kind))?;
        let mut loaded = ring.write().unwrap_or_else(PoisonError::into_inner);
        let _alone = self.folder.lock()?;
        if loaded.stamp.is_none() && self.folder.stamp(kind)?.is_none() {
            return Err(KeyRefusal::UnknownKey(kind)); // made when needed, and not needed yet
        }
        let (_, before) = read_ring(&self.folder, &self.master, kind)?;
        let after = step(before, rng)?;
        let sealed = self.master.seal(kind, &after.encode(), rng)?;
        let stamp = self.folder.replace(&self.folder.keys_of(kind), &sealed)?;
        *loaded = Loaded::new(kind, (stamp, after))?;
        self.revision.fetch_add(1, Ordering::Release);
        Ok(loaded.active(kind)?.kid.clone())
    }
}

/// Reads the master key, or makes the first one where nothing was ever sealed.
fn master_key(folder: &Folder, rng: &mut dyn CryptoRng) -> Result<MasterKey, KeyRefusal> {
    let path = folder.master();
    match folder.read_master()? {
        Some(text) => MasterKey::parse(&text, &path),
        None if has_keys(folder)? => Err(KeyRefusal::MasterKeyMissing(path)),
        None => {
            let (master, text) = MasterKey::new(rng)?;
            folder.replace(&path, text.as_bytes())?;
            Ok(master)
        }
    }
}

fn has_keys(folder: &Folder) -> Result<bool, KeyRefusal> {
    Ok(!folder.made()?.is_empty() || Kind::ALL.into_iter().any(|kind| folder.keys_of(kind).exists()))
}

fn read_ring(folder: &Folder, master: &MasterKey, kind: Kind) -> Result<(Stamp, Ring), KeyRefusal> {
    let path = folder.keys_of(kind);
    let (stamp, file) = folder.read_keys(kind)?.ok_or_else(|| KeyRefusal::KeysMissing(path.clone()))?;
    let plain = master.open(kind, &file, &path)?;
    let ring = Ring::decode(kind, &plain).ok_or(KeyRefusal::Damaged(path))?;
    Ok((stamp, ring))
}

/// What a sealed text is bound to: no text of one kind or use opens as another.
fn bound(kind: Kind, head: &[u8], aad: &[u8]) -> Vec<u8> {
    [kind.as_str().as_bytes(), &[0], head, aad].concat()
}

/// The keys of one kind, ready for use; none and no stamp of a kind that is not made yet.
#[derive(Default)]
struct Loaded {
    stamp: Option<Stamp>,
    keys: Vec<Key>,
}

impl Loaded {
    fn new(kind: Kind, (stamp, ring): (Stamp, Ring)) -> Result<Self, KeyRefusal> {
        let keys = ring.records.into_iter().map(|record| Key::new(kind, record)).collect::<Result<_, _>>()?;
        Ok(Self { stamp: Some(stamp), keys })
    }

    fn named(&self, kind: Kind, kid: &Kid) -> Result<&Key, KeyRefusal> {
        self.keys.iter().find(|key| key.kid == *kid).ok_or(KeyRefusal::UnknownKey(kind))
    }

    fn active(&self, kind: Kind) -> Result<&Key, KeyRefusal> {
        self.keys.iter().find(|key| matches!(key.state, KeyState::Active { .. })).ok_or(KeyRefusal::UnknownKey(kind))
    }
}

/// One key, ready for use unless it is retired.
struct Key {
    kid: Kid,
    /// The kid as text.
    name: String,
    state: KeyState,
    public: Option<PublicHalf>,
    usable: Option<Usable>,
}

impl Key {
    fn new(kind: Kind, record: Record) -> Result<Self, KeyRefusal> {
        let usable = match &record.material {
            Material::Secret(secret) => Some(Usable::of(kind, secret)?),
            Material::Name(_) | Material::Public(_) => None,
        };
        let (kid, public) = match (record.material, &usable) {
            (Material::Name(kid), _) => (kid, None),
            (Material::Public(half), _) => (Kid::of(kind, &half), Some(half)),
            (Material::Secret(_), Some(usable)) => (usable.kid(kind)?, usable.public()?),
            (Material::Secret(_), None) => return Err(KeyRefusal::Cryptography),
        };
        Ok(Self { name: kid.to_string(), kid, state: record.state, public, usable })
    }

    fn symmetric(&self, kind: Kind) -> Result<&SymmetricKey, KeyRefusal> {
        match &self.usable {
            Some(Usable::Symmetric(key)) => Ok(key),
            _ => Err(KeyRefusal::WrongPurpose(kind)),
        }
    }

    /// A *next* has made nothing, so nothing can be by it.
    fn has_made_things(&self) -> bool {
        matches!(self.state, KeyState::Active { .. } | KeyState::Retiring { .. })
    }
}

/// The one form of a sealed text.
const SEALED_FORM: u8 = 1;
