//! Is this signature the person's yes to these bytes? Both kinds are verified by our own code: an ES256 signature by the app's
//! approval key over the bytes, or a WebAuthn assertion whose challenge is SHA-256 of the bytes (docs/decisions/0005).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use handslag_phone::wire::{ApprovalSignature, Octets};
use handslag_protocol::webauthn::{self, CredentialKey, Expected, Framing, UnverifiedAssertion, UserVerification};
use handslag_store::Tx;
use handslag_vocab::{CredentialId, Digest};
use serde::{Deserialize, Serialize};

use super::{
    caller::Caller,
    phones::{self, Credential, KeyUse, Phone},
    pictures::Picture,
};
use crate::{problem::Problem, server::Server};

/// Verifies, and gives the signed approval whole, as it is stored, with the pictures of the pages that were shown before it.
pub(super) async fn verified(
    tx: &mut Tx,
    server: &Server,
    caller: &Caller,
    bytes: &[u8],
    signature: &ApprovalSignature,
    pictures: Vec<Picture>,
) -> Result<String, Problem> {
    let key_use = key_use(signature);
    let key = phones::key(tx, &caller.phone.phone_id, key_use).await?.ok_or_else(refused)?;
    match signature {
        ApprovalSignature::App { signature } => by_app(&key, bytes, &signature.0)?,
        ApprovalSignature::Webauthn { .. } => by_browser(&server.config.issuer, &key, Digest::of(bytes), signature)?,
    }
    let key_form = if key_use == KeyUse::Browser { "cose" } else { "sec1" }.to_owned();
    let (public_key, origin) = (Octets(key.public_key), server.config.issuer.clone());
    let evidence = Evidence { credential: key.credential_id, key_form, origin, pictures, public_key, signature: signature.clone() };
    serde_json::to_string(&evidence).map_err(|error| Problem::internal(&error))
}

/// Whether stored evidence is what this phone's stored key signed over these bytes: asked again by who acts on it later.
pub async fn evidence_holds(tx: &mut Tx, phone: &Phone, bytes: &[u8], evidence: &str) -> Result<bool, Problem> {
    let Ok(evidence) = serde_json::from_str::<Evidence>(evidence) else { return Ok(false) };
    let key_use = key_use(&evidence.signature);
    let Some(key) = phones::key(tx, &phone.phone_id, key_use).await? else { return Ok(false) };
    Ok(match &evidence.signature {
        ApprovalSignature::App { signature } => by_app(&key, bytes, &signature.0).is_ok(),
        ApprovalSignature::Webauthn { .. } => by_browser(&evidence.origin, &key, Digest::of(bytes), &evidence.signature).is_ok(),
    })
}

/// Verifies that the key of this phone's browser has signed this challenge now, with the person verified.
pub(super) async fn verified_challenge(
    tx: &mut Tx,
    server: &Server,
    phone: &Phone,
    challenge: Digest,
    signature: &ApprovalSignature,
) -> Result<(), Problem> {
    let key = phones::key(tx, &phone.phone_id, KeyUse::Browser).await?.ok_or_else(refused)?;
    by_browser(&server.config.issuer, &key, challenge, signature)
}

/// The signed approval whole, as it is stored.
#[derive(Serialize, Deserialize)]
struct Evidence {
    credential: CredentialId,
    key_form: String,
    /// The address that the browser signed for.
    origin: String,
    /// What the person saw of the documents, by its digest; none for a log-in.
    #[serde(default)]
    pictures: Vec<Picture>,
    public_key: Octets,
    signature: ApprovalSignature,
}

const fn key_use(signature: &ApprovalSignature) -> KeyUse {
    match signature {
        ApprovalSignature::App { .. } => KeyUse::Approval,
        ApprovalSignature::Webauthn { .. } => KeyUse::Browser,
    }
}

fn by_app(key: &Credential, bytes: &[u8], signature: &[u8]) -> Result<(), Problem> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public_key).verify(bytes, signature).map_err(|_| refused())
}

fn by_browser(origin: &str, key: &Credential, challenge: Digest, signature: &ApprovalSignature) -> Result<(), Problem> {
    let ApprovalSignature::Webauthn { authenticator_data, client_data_json, credential_id, signature } = signature else { return Err(refused()) };
    if key.external_id.as_deref() != Some(&credential_id.0) {
        return Err(refused());
    }
    let cose = CredentialKey::from_cose(&key.public_key).map_err(|_| refused())?;
    let origins = [origin.to_owned()];
    let expected = Expected {
        challenge,
        origins: &origins,
        rp_id: key.relying_party.as_deref().unwrap_or_default(),
        key: &cose,
        backup_eligible: key.backup_eligible == Some(1),
        user_verification: UserVerification::Required,
        framing: Framing::Refused,
    };
    let presented = UnverifiedAssertion { client_data_json: &client_data_json.0, authenticator_data: &authenticator_data.0, signature: &signature.0 };
    webauthn::verify(presented, &expected).map(|_| ()).map_err(|reason| {
        tracing::info!(code = reason.code(), "an assertion was refused");
        refused()
    })
}

pub(super) fn refused() -> Problem {
    Problem::bad(
        "approval_not_signed",
        "Telefonen kunde inte bekräfta att det är du. Försök igen.",
        "The phone could not confirm that it is you. Try again.",
    )
}
