//! Request objects (RFC 9101), by value or fetched from where the client registered it, signed and perhaps encrypted to us: opened by
//! the key they name, verified with the client's registered keys; a pushed one counts once.

use handslag_keys::Oaep;
use handslag_protocol::{
    authorize::UnverifiedAuthorizationRequest,
    jose::{
        self, Curve,
        jwe::{self, ContentEncryption, KeyManagement, PrivateOperation},
    },
    request_object::{Expected, Means, Reference, Refusal, RequestObject, UnverifiedRequestObject},
    sign_request::{self, SignRequest},
};
use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, Digest, Seconds, UnixTime};
use zeroize::Zeroizing;

use super::{clients::Registered, discovery::provider, key_sets};
use crate::server::Server;

/// An object without an end of its own is remembered so long.
const REMEMBERED: Seconds = Seconds::hours(1);
const ACCEPTED: &str = "application/oauth-authz-req+jwt, application/jwt, text/plain;q=0.5";

/// The object of a request at the authorization endpoint, verified; none where none is named.
pub(super) async fn of(
    server: &Server,
    request: &UnverifiedAuthorizationRequest,
    registered: &Registered,
    now: UnixTime,
) -> Result<Option<RequestObject>, Refusal> {
    match (request.request_object(), request.request_uri()) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Refusal::Both),
        (Some(compact), None) => verified(server, compact, registered, Means::Value, now).await.map(Some),
        (None, Some(uri)) => {
            let reference = Reference::parse(uri, &registered.client)?;
            let object = reference.found(&fetched(server, &reference, &registered.client.id).await?)?;
            checked(server, object, registered, Means::Reference, now).await.map(Some)
        }
    }
}

/// Verifies one that came by value.
pub(super) async fn verified(server: &Server, compact: &str, registered: &Registered, means: Means, now: UnixTime) -> Result<RequestObject, Refusal> {
    checked(server, UnverifiedRequestObject::new(compact), registered, means, now).await
}

/// Verifies what is to be signed, that came as a token of its own (OIDC Sweden signature extension §3.1.1.1).
pub(super) async fn sign_request(
    server: &Server,
    compact: &str,
    registered: &Registered,
    now: UnixTime,
) -> Result<SignRequest, sign_request::Refusal> {
    let object = opened(server, UnverifiedRequestObject::new(compact))?;
    let verify = |registered: &Registered| {
        object.verify_sign_request(&Expected { client: &registered.client, provider: provider(server), means: Means::Value, now })
    };
    let verdict = verify(registered);
    if verdict != Err(Refusal::Jose(jose::Refusal::KeyUnknown).into()) {
        return verdict;
    }
    let newer = key_sets::with_newer_keys(server, registered, now).await;
    newer.map_or(verdict, |newer| verify(&newer))
}

/// Signed by a key that is not among the client's, it is tried once more with those that the client publishes now.
async fn checked(
    server: &Server,
    object: UnverifiedRequestObject,
    registered: &Registered,
    means: Means,
    now: UnixTime,
) -> Result<RequestObject, Refusal> {
    let object = opened(server, object)?;
    let verify = |registered: &Registered| object.verify(&Expected { client: &registered.client, provider: provider(server), means, now });
    match verify(registered) {
        Err(Refusal::Jose(jose::Refusal::KeyUnknown)) => {
            let newer = key_sets::with_newer_keys(server, registered, now).await;
            newer.map_or(Err(Refusal::Jose(jose::Refusal::KeyUnknown)), |newer| verify(&newer))
        }
        verdict => verdict,
    }
}

/// OpenID Connect Core §6.2: from nowhere but a registered address, by the guarded client (attack 22).
async fn fetched(server: &Server, reference: &Reference, client: &ClientId) -> Result<String, Refusal> {
    let answer = server.outward.get(&reference.address, ACCEPTED).await;
    let code = match answer {
        Ok(answer) if answer.status == 200 => return String::from_utf8(answer.body).map_err(|_| Refusal::NotFetched),
        Ok(_) => "status",
        Err(refusal) => refusal.code(),
    };
    tracing::warn!(%client, code, "a request object could not be fetched");
    Err(Refusal::NotFetched)
}

/// Takes the encryption off, if there is one: by what we announce and nothing else.
fn opened(server: &Server, object: UnverifiedRequestObject) -> Result<UnverifiedRequestObject, Refusal> {
    let Some(jwe) = object.encrypted().transpose()? else { return Ok(object) };
    if !KeyManagement::TO_US.contains(&jwe.key_management()) || !ContentEncryption::TO_US.contains(&jwe.content_encryption()) {
        return Err(Refusal::Jose(jose::Refusal::Encryption));
    }
    let ours = key_sets::ours(server).map_err(|_| Refusal::Jose(jose::Refusal::KeyUnknown))?;
    let (kind, kid) = ours.meant_by(&jwe)?;
    object.decrypted(|operation| match operation {
        PrivateOperation::Agree { curve: Curve::P256, point } => {
            server.keys.agree(kind, &kid, point).ok().map(|agreed| Zeroizing::new(agreed.to_vec()))
        }
        PrivateOperation::Agree { .. } => None,
        PrivateOperation::Decrypt { oaep, ciphertext } => {
            let oaep = if *oaep == jwe::Oaep::Sha1 { Oaep::Sha1 } else { Oaep::Sha256 };
            server.keys.decrypt(kind, &kid, oaep, ciphertext).ok()
        }
    })
}

/// Marks it as used. One without a `jti` cannot be told apart from another.
pub(super) async fn mark(tx: &mut Tx, client: &ClientId, object: &RequestObject, now: UnixTime) -> Result<Result<(), Refusal>, Error> {
    let Some(jti) = &object.jti else { return Ok(Ok(())) };
    let digest = Digest::of(format!("{client} {jti}").as_bytes());
    let is_first = tx.mark_once("request_object", &digest, object.expires_at.unwrap_or(now + REMEMBERED), now).await?;
    Ok(if is_first { Ok(()) } else { Err(Refusal::Replayed) })
}
