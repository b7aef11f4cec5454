//! Public keys, read when they change and not at every use: ours as the JWKS has them, and those that services publish.

use std::sync::{Arc, PoisonError, RwLock};

use handslag_keys::{KeyState, Kind, PublicHalf, Published, RSA_EXPONENT};
use handslag_protocol::{
    client::{Client, Protection},
    jose::{
        self, Algorithm, Jwk, JwkSet,
        jwe::{KeyManagement, UnverifiedJwe},
    },
};
use handslag_vocab::UnixTime;

use super::{clients::Registered, fetched::Fetched};
use crate::{problem::Problem, server::Server};

/// Every kind that the JWKS publishes.
const PUBLISHED: [Kind; 6] = [
    Kind::TokenSigning,
    Kind::TokenSigningEdDsa,
    Kind::TokenSigningPs256,
    Kind::TokenSigningRs256,
    Kind::RequestDecryption,
    Kind::RequestDecryptionRsa,
];

/// The kind that signs in this way; none for an algorithm that only others sign with.
pub(super) const fn kind_of(algorithm: Algorithm) -> Option<Kind> {
    match algorithm {
        Algorithm::EdDsa => Some(Kind::TokenSigningEdDsa),
        Algorithm::Es256 => Some(Kind::TokenSigning),
        Algorithm::Ps256 => Some(Kind::TokenSigningPs256),
        Algorithm::Rs256 => Some(Kind::TokenSigningRs256),
        _ => None,
    }
}

/// Public keys, read when they change.
pub struct KeySets {
    ours: RwLock<Option<Arc<Ours>>>,
    of_services: Fetched<JwkSet>,
    /// Which addresses are of one sector (OpenID Connect Core §8.1).
    pub(super) sectors: Fetched<Vec<String>>,
}

impl Default for KeySets {
    fn default() -> Self {
        let sector = |text: &str| serde_json::from_str(text).ok();
        Self {
            ours: RwLock::default(),
            of_services: Fetched::new("application/jwk-set+json, application/json", |text| JwkSet::parse(text).ok()),
            sectors: Fetched::new("application/json", sector),
        }
    }
}

/// Our own keys as they were at one moment.
pub(super) struct Ours {
    revision: u64,
    /// The keys in use, the next ones, and those whose tokens may still live or that something may still be encrypted to.
    pub(super) set: JwkSet,
    keys: Vec<(Kind, Published)>,
}

/// Our own keys. Looks whether another process changed them; reads them only then.
pub(super) fn ours(server: &Server) -> Result<Arc<Ours>, Problem> {
    let kept = server.key_sets.ours.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(kept) = kept
        && kept.revision == server.keys.revision(&PUBLISHED)?
    {
        return Ok(kept);
    }
    let (revision, keys) = server.keys.published(&PUBLISHED)?;
    let set = keys.iter().map(|(kind, key)| jwk(*kind, key)).collect::<Result<_, _>>().and_then(JwkSet::new);
    let ours = Arc::new(Ours { revision, set: set.map_err(|error| Problem::internal(&error))?, keys });
    *server.key_sets.ours.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ours));
    Ok(ours)
}

/// The kinds that sign what services get.
const SIGNING: [Kind; 4] = [Kind::TokenSigning, Kind::TokenSigningEdDsa, Kind::TokenSigningPs256, Kind::TokenSigningRs256];

/// Our keys that ever signed and are nobody else's: an ID Token that comes back as a hint is one of ours, however old (attack 38).
pub(super) fn that_ever_signed(server: &Server) -> Result<JwkSet, Problem> {
    let keys = server.keys.ever_used(&SIGNING)?;
    let set = keys.iter().map(|(kind, key)| jwk(*kind, key)).collect::<Result<_, _>>().and_then(JwkSet::new);
    set.map_err(|error| Problem::internal(&error))
}

/// One purpose and one algorithm each (RFC 7517 §4.2, §4.4); but the RSA key for requests opens both paddings, so it names none.
fn jwk(kind: Kind, key: &Published) -> Result<Jwk, jose::Refusal> {
    let kid = Some(key.kid.to_string());
    match (&key.half, kind) {
        (PublicHalf::Ed25519(bytes), _) => Jwk::from_ed25519(bytes, kid),
        (PublicHalf::P256(point), Kind::RequestDecryption) => Jwk::from_p256_point(point, kid)?.for_encryption(KeyManagement::EcdhEs),
        (PublicHalf::P256(point), _) => Jwk::from_p256_point(point, kid),
        (PublicHalf::Rsa { modulus }, Kind::RequestDecryptionRsa) => {
            Ok(Jwk::from_rsa(modulus, &RSA_EXPONENT, Algorithm::Rs256, kid)?.for_any_encryption())
        }
        (PublicHalf::Rsa { modulus }, Kind::TokenSigningPs256) => Jwk::from_rsa(modulus, &RSA_EXPONENT, Algorithm::Ps256, kid),
        (PublicHalf::Rsa { modulus }, _) => Jwk::from_rsa(modulus, &RSA_EXPONENT, Algorithm::Rs256, kid),
    }
}

impl Ours {
    /// How a request object may be encrypted to us: as far as there is a key for it.
    pub(super) fn opens(&self) -> Vec<KeyManagement> {
        let has = |by: &KeyManagement| self.keys.iter().any(|(kind, _)| *kind == opening(*by));
        KeyManagement::TO_US.into_iter().filter(has).collect()
    }

    /// The key that something was encrypted to. An id that is not ours is nobody's (attack 38); without one it is the key in use.
    pub(super) fn meant_by(&self, jwe: &UnverifiedJwe<'_>) -> Result<(Kind, handslag_keys::Kid), jose::Refusal> {
        let kind = opening(jwe.key_management());
        let is_meant = |key: &Published| match jwe.kid() {
            Some(kid) => key.kid.to_string() == kid,
            None => matches!(key.state, KeyState::Active { .. }),
        };
        let meant = self.keys.iter().find(|(of, key)| *of == kind && is_meant(key));
        meant.map(|(kind, key)| (*kind, key.kid.clone())).ok_or(jose::Refusal::KeyUnknown)
    }
}

const fn opening(by: KeyManagement) -> Kind {
    if by.agrees() { Kind::RequestDecryption } else { Kind::RequestDecryptionRsa }
}

/// A service with the keys that it publishes, if it does. Keys that cannot be had are none: then nothing of its verifies, and
/// nothing is encrypted to it or told in the clear instead.
pub(super) async fn with_keys(server: &Server, registered: Arc<Registered>, now: UnixTime) -> Arc<Registered> {
    let Some(address) = &registered.config.jwks_uri else { return registered };
    let keys = server.key_sets.of_services.at(address, &server.outward, now).await;
    let registered = keys.map_or(registered.clone(), |keys| having(&registered, &keys));
    let is_missing = answers(&registered.client).any(|protection| registered.client.recipient(&protection).is_err());
    if is_missing { with_newer_keys(server, &registered, now).await.unwrap_or(registered) } else { registered }
}

/// The same service with its keys fetched anew: for a key that was not among them. Nothing if it publishes none, or they were looked at
/// a moment ago.
pub(super) async fn with_newer_keys(server: &Server, registered: &Registered, now: UnixTime) -> Option<Arc<Registered>> {
    let address = registered.config.jwks_uri.as_ref()?;
    let keys = server.key_sets.of_services.anew(address, &server.outward, now).await?;
    Some(having(registered, &keys))
}

fn having(registered: &Registered, keys: &JwkSet) -> Arc<Registered> {
    Arc::new(Registered { config: registered.config.clone(), client: Client { keys: keys.clone(), ..registered.client.clone() } })
}

/// How each kind of answer is protected.
pub(super) fn answers(client: &Client) -> impl Iterator<Item = Protection> {
    let registration = &client.registration;
    [registration.authorization_response, registration.id_token, registration.introspection, registration.userinfo].into_iter()
}
