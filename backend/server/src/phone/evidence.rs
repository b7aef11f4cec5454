//! Is this signature the person's yes to these bytes? Both kinds are verified by our own code: an ES256 signature by the app's
//! approval key over the bytes, or a WebAuthn assertion whose challenge is SHA-256 of the bytes (docs/decisions/0005).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use handslag_phone::wire::ApprovalSignature;
use handslag_protocol::webauthn::{self, CredentialKey, Expected, Framing, UnverifiedAssertion, UserVerification};
use handslag_store::Tx;
use handslag_vocab::Digest;
use serde_json::json;

use super::{
    caller::Caller,
    phones::{self, Credential, KeyUse},
};
use crate::{problem::Problem, server::Server};

/// Verifies, and gives the signed approval whole, as it is stored.
pub(super) async fn verified(tx: &mut Tx, server: &Server, caller: &Caller, bytes: &[u8], signature: &ApprovalSignature) -> Result<String, Problem> {
    let key_use = match signature {
        ApprovalSignature::App { .. } => KeyUse::Approval,
        ApprovalSignature::Webauthn { .. } => KeyUse::Browser,
    };
    let key = phones::key(tx, &caller.phone.phone_id, key_use).await?.ok_or_else(refused)?;
    match signature {
        ApprovalSignature::App { signature } => by_app(&key, bytes, &signature.0)?,
        ApprovalSignature::Webauthn { .. } => by_browser(server, &key, bytes, signature)?,
    }
    let key_form = if key_use == KeyUse::Browser { "cose" } else { "sec1" };
    let public_key = handslag_phone::wire::Octets(key.public_key);
    Ok(json!({ "credential": key.credential_id, "key_form": key_form, "public_key": public_key, "signature": signature }).to_string())
}

fn by_app(key: &Credential, bytes: &[u8], signature: &[u8]) -> Result<(), Problem> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public_key).verify(bytes, signature).map_err(|_| refused())
}

fn by_browser(server: &Server, key: &Credential, bytes: &[u8], signature: &ApprovalSignature) -> Result<(), Problem> {
    let ApprovalSignature::Webauthn { authenticator_data, client_data_json, credential_id, signature } = signature else { return Err(refused()) };
    if key.external_id.as_deref() != Some(&credential_id.0) {
        return Err(refused());
    }
    let cose = CredentialKey::from_cose(&key.public_key).map_err(|_| refused())?;
    let origins = [server.config.issuer.clone()];
    let expected = Expected {
        challenge: Digest::of(bytes),
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

fn refused() -> Problem {
    Problem::bad("approval_not_signed", "Telefonen kunde inte bekräfta att det är du. Försök igen.", "The phone could not confirm that it is you. Try again.")
}
