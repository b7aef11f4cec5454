//! Phones and their public keys. A phone has up to three keys, each signing only its own typed structures; a browser-kept
//! one has a single key for approvals. Blocking a phone is one state that every use reads.

use handslag_phone::wire;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, Assurance, CredentialId, Digest, PhoneId, SecretHash, UnixTime};
use rand_core::CryptoRng;

use crate::outbox::{self, Topic};

/// What a phone's keys are worth (architecture §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum Tier {
    /// A key in the browser that may be copied between devices.
    T0,
    /// T0 and a key that stays in this browser.
    T1,
    /// Keys in secure hardware, attested.
    T2,
    /// T2 and a second roaming key.
    T3,
}

impl Tier {
    /// The highest level this phone can give.
    pub const fn assurance(self) -> Assurance {
        match self {
            Self::T0 | Self::T1 => Assurance::Loa2,
            Self::T2 | Self::T3 => Assurance::Loa3,
        }
    }

    /// The word stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T0 => "t0",
            Self::T1 => "t1",
            Self::T2 => "t2",
            Self::T3 => "t3",
        }
    }
}

impl From<Tier> for wire::Tier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::T0 => Self::T0,
            Tier::T1 => Self::T1,
            Tier::T2 => Self::T2,
            Tier::T3 => Self::T3,
        }
    }
}

/// One enrolled phone.
#[derive(Debug, Clone, FromRow)]
pub struct Phone {
    /// Names it.
    pub phone_id: PhoneId,
    /// Whose work identity it carries.
    pub affiliation_id: AffiliationId,
    /// What its keys are worth.
    pub tier: Tier,
    /// When it was enrolled.
    pub enrolled_at: UnixTime,
    /// Set: every key of it is dead.
    #[sqlx(rename = "phone_blocked_at")]
    pub blocked_at: Option<UnixTime>,
    /// Last use.
    pub last_used_at: Option<UnixTime>,
}

/// What a key signs, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum KeyUse {
    /// Canonical approval bytes.
    Approval,
    /// Approvals, as WebAuthn assertions.
    Browser,
    /// Openings of doors.
    Door,
    /// DPoP proofs.
    Device,
}

/// One public key.
#[derive(Debug, Clone, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as its column")]
pub struct Credential {
    /// Names it.
    pub credential_id: CredentialId,
    /// SEC1 point, or COSE key for [`KeyUse::Browser`].
    pub public_key: Vec<u8>,
    /// WebAuthn credential id.
    pub external_id: Option<Vec<u8>>,
    /// rpID.
    pub relying_party: Option<String>,
    /// WebAuthn BE flag at enrolment.
    pub backup_eligible: Option<i64>,
}

/// A key to store.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// What it signs.
    pub key_use: KeyUse,
    /// SEC1 point, or COSE key for [`KeyUse::Browser`].
    pub public_key: &'a [u8],
    /// Finds it: RFC 7638 thumbprint, or SHA-256 of the WebAuthn credential id.
    pub thumbprint: Digest,
    /// WebAuthn credential id.
    pub external_id: Option<&'a [u8]>,
    /// rpID.
    pub relying_party: Option<&'a str>,
    /// WebAuthn BE flag.
    pub backup_eligible: Option<bool>,
    /// Which evidence was checked.
    pub attestation: &'a str,
}

/// Stores an enrolled phone; its keys follow with [`add_key`].
pub async fn enrol(
    tx: &mut Tx,
    affiliation: &AffiliationId,
    tier: Tier,
    browser: Option<SecretHash>,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<PhoneId, Error> {
    let phone_id = PhoneId::random(rng);
    tx.execute(
        "INSERT INTO phones (phone_id, affiliation_id, tier, browser_hash, enrolled_at) VALUES ($1, $2, $3, $4, $5)",
        (phone_id.clone(), affiliation.clone(), tier, browser, now),
    )
    .await?;
    Ok(phone_id)
}

/// Stores one public key. A key that any phone already has is refused by the database (one key, one phone).
pub async fn add_key(tx: &mut Tx, phone: &PhoneId, key: &NewKey<'_>, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<CredentialId, Error> {
    let credential_id = CredentialId::random(rng);
    tx.execute(
        "INSERT INTO credentials (credential_id, phone_id, key_use, public_key, thumbprint, external_id, relying_party, backup_eligible, attestation, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        (
            credential_id.clone(),
            phone.clone(),
            key.key_use,
            key.public_key,
            key.thumbprint.as_bytes().as_slice(),
            key.external_id,
            key.relying_party,
            key.backup_eligible.map(i64::from),
            key.attestation,
            now,
        ),
    )
    .await?;
    Ok(credential_id)
}

macro_rules! select_phones {
    ($condition:literal) => {
        concat!(
            "SELECT p.phone_id, p.affiliation_id, p.tier, p.enrolled_at, p.blocked_at AS phone_blocked_at, p.last_used_at FROM phones p ",
            $condition
        )
    };
}

/// One phone.
pub async fn by_id(tx: &mut Tx, id: &PhoneId) -> Result<Option<Phone>, Error> {
    tx.optional(select_phones!("WHERE p.phone_id = $1"), (id.clone(),)).await
}

/// The phone whose device key has this thumbprint.
pub async fn by_device_key(tx: &mut Tx, thumbprint: &Digest) -> Result<Option<Phone>, Error> {
    tx.optional(
        select_phones!("JOIN credentials c ON c.phone_id = p.phone_id WHERE c.thumbprint = $1 AND c.key_use = 'device'"),
        (thumbprint.as_bytes().as_slice(),),
    )
    .await
}

/// The phone whose browser keeps the key of this WebAuthn credential id.
pub async fn by_browser_key(tx: &mut Tx, external_id: &[u8]) -> Result<Option<Phone>, Error> {
    tx.optional(
        select_phones!("JOIN credentials c ON c.phone_id = p.phone_id WHERE c.thumbprint = $1 AND c.key_use = 'browser'"),
        (Digest::of(external_id).as_bytes().as_slice(),),
    )
    .await
}

/// The phone that this browser was greeted as at enrolment.
pub async fn by_browser(tx: &mut Tx, browser: &SecretHash) -> Result<Option<Phone>, Error> {
    tx.optional(select_phones!("WHERE p.browser_hash = $1"), (browser.clone(),)).await
}

/// Every phone of one work identity, newest first.
pub async fn of_affiliation(tx: &mut Tx, affiliation: &AffiliationId) -> Result<Vec<Phone>, Error> {
    tx.all(select_phones!("WHERE p.affiliation_id = $1 ORDER BY p.enrolled_at DESC, p.phone_id"), (affiliation.clone(),)).await
}

/// One key of a phone.
pub async fn key(tx: &mut Tx, phone: &PhoneId, key_use: KeyUse) -> Result<Option<Credential>, Error> {
    tx.optional(
        "SELECT credential_id, public_key, external_id, relying_party, backup_eligible FROM credentials \
         WHERE phone_id = $1 AND key_use = $2",
        (phone.clone(), key_use),
    )
    .await
}

/// Ends a phone. True if it was this call that did. Waits for who is being given a pass at this moment.
pub async fn block(tx: &mut Tx, id: &PhoneId, now: UnixTime) -> Result<bool, Error> {
    tx.alone(id.as_str()).await?;
    let changed =
        tx.execute("UPDATE phones SET blocked_at = $2, browser_hash = NULL WHERE phone_id = $1 AND blocked_at IS NULL", (id.clone(), now)).await?;
    if changed == 1 {
        outbox::leave(tx, Topic::PhoneEnded, id.as_str(), now).await?;
    }
    Ok(changed == 1)
}

/// Notes a use, for the worker to see.
pub fn used(tx: &mut Tx, id: &PhoneId, now: UnixTime) -> Result<(), Error> {
    tx.later("UPDATE phones SET last_used_at = $2 WHERE phone_id = $1", (id.clone(), now))
}
