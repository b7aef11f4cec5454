//! Making a key that the browser keeps (Web Authentication Level 3 §7.1): webauthn-rs runs the ceremony, and the key is stored
//! in its COSE form, as the assertions of every later approval are verified by our own code.
//!
//! The tier is T0 whatever came back: the ceremony asks for no attestation. Where evidence of a device-bound key is asked for and
//! checked, [`Kept::tier`] is the one place that says so.

use handslag_protocol::webauthn::{AttestedCredential, attested_credential};
use minicbor::Decoder;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder};

use super::super::phones::Tier;
use crate::{caller::Rng, identity::Affiliation, problem::Problem};

/// A ceremony that has begun: what the browser was asked, so that asking again asks the same, and what its answer must match.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) options: Value,
    state: PasskeyRegistration,
}

/// A key that was made, checked.
#[derive(Debug)]
pub(super) struct Kept {
    /// The credential, as its authenticator data names it.
    pub(super) credential: AttestedCredential,
    /// The attestation statement's format.
    pub(super) format: String,
}

impl Kept {
    /// What the key is worth.
    pub(super) const fn tier(&self) -> Tier {
        Tier::T0
    }
}

/// The rpID: the host of the issuer. None where a browser cannot keep a key for it (an address in numbers).
pub(super) fn relying_party(issuer: &str) -> Option<String> {
    Url::parse(issuer).ok()?.domain().map(str::to_owned)
}

/// Begins a ceremony for a person.
pub(super) fn begin(issuer: &str, person: &Affiliation, rng: &mut Rng) -> Result<Begun, Problem> {
    // The user handle lives in the authenticator and may be read there: it is random, not the person's number or name.
    let mut handle = [0; 16];
    rng.fill_bytes(&mut handle);
    let (who, name) = (person.who.to_string(), person.name());
    let begun = party(issuer, &person.identity_name)?.start_passkey_registration(Uuid::from_bytes(handle), &who, &name, None);
    let (asked, state) = begun.map_err(|error| Problem::internal(&error))?;
    let mut options = serde_json::to_value(&asked.public_key).map_err(|error| Problem::internal(&error))?;
    if let Some(options) = options.as_object_mut() {
        options.insert("hints".to_owned(), json!(["client-device"])); // this phone's own lock before a key on a keyring
    }
    Ok(Begun { options, state })
}

/// Checks the browser's answer against what it was asked.
pub(super) fn finish(issuer: &str, begun: &Begun, made: &RegisterPublicKeyCredential) -> Result<Kept, Problem> {
    party(issuer, "")?.finish_passkey_registration(made, &begun.state).map_err(|error| {
        tracing::info!(%error, "a browser's new key was refused");
        refused()
    })?;
    let (format, authenticator_data) = statement(&made.response.attestation_object).ok_or_else(refused)?;
    let credential = attested_credential(authenticator_data).map_err(|_| refused())?;
    Ok(Kept { credential, format: format.to_owned() })
}

fn party(issuer: &str, name: &str) -> Result<Webauthn, Problem> {
    let (Ok(origin), Some(host)) = (Url::parse(issuer), relying_party(issuer)) else { return Err(impossible()) };
    WebauthnBuilder::new(&host, &origin).map(|builder| builder.rp_name(name)).and_then(WebauthnBuilder::build).map_err(|error| Problem::internal(&error))
}

/// `fmt` and `authData` of an attestation object (§6.5.4), whose statement the ceremony has checked.
fn statement(object: &[u8]) -> Option<(&str, &[u8])> {
    let mut decoder = Decoder::new(object);
    let (mut format, mut authenticator_data) = (None, None);
    for _ in 0..decoder.map().ok()?? {
        match decoder.str().ok()? {
            "fmt" => format = Some(decoder.str().ok()?),
            "authData" => authenticator_data = Some(decoder.bytes().ok()?),
            _ => decoder.skip().ok()?,
        }
    }
    Some((format?, authenticator_data?))
}

fn impossible() -> Problem {
    let (sv, en) = ("Den här adressen kan inte skyddas med skärmlåset. Be om ett annat sätt.", "This address cannot be protected with the screen lock. Ask for another way.");
    Problem::bad("screen_lock_impossible", sv, en)
}

fn refused() -> Problem {
    let (sv, en) = ("Telefonen kunde inte skydda jobb-id med skärmlåset. Försök igen.", "The phone could not protect your work identity with its screen lock. Try again.");
    Problem::bad("screen_lock_refused", sv, en)
}
