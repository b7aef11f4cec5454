//! Keys, algorithms and what they protect.

use super::{Candidate, Keys, Members, Policy, Refusal, SenderConstraint};
use crate::{
    authorization_details::DetailType,
    client::{Logout, Protection, Registration, RequestObjects},
    client_authentication::Authentication,
    jose::{
        Algorithm,
        jwe::{ContentEncryption, KeyManagement},
    },
    mutual_tls::Subject,
    profile::Profile,
    response_mode::ResponseMode,
};

/// Reads what the protocol needs to know.
pub(super) fn registration(members: &Members, policy: &Policy) -> Result<Registration, Refusal> {
    let is_unsigned = members.text("request_object_signing_alg")? == Some("none");
    let is_signing_answers = members.value("authorization_signed_response_alg").is_some() || policy.profile == Profile::Fapi2;
    let modes = ResponseMode::ALL.into_iter().filter(|mode| is_signing_answers || !mode.is_signed());
    let mut id_token = protection(members, "id_token")?;
    id_token.signed = id_token.signed.or(Some(if policy.profile == Profile::Core { Algorithm::Rs256 } else { Algorithm::Es256 }));
    Ok(Registration {
        authorization_details: members.words("authorization_details_types", &DetailType::ALL, DetailType::name)?.unwrap_or_default(),
        assertion_algorithm: algorithm(members, "token_endpoint_auth_signing_alg")?,
        authorization_response: protection(members, "authorization")?,
        certificate_subject: certificate_subject(members)?,
        id_token,
        introspection: protection(members, "introspection")?,
        logout: logout(members)?,
        pkce_optional: members.flag("require_pkce")? == Some(false),
        request_objects: RequestObjects {
            algorithm: if is_unsigned { None } else { algorithm(members, "request_object_signing_alg")? },
            required: members.flag("require_signed_request_object")?.unwrap_or_default(),
            unsigned: is_unsigned,
            uris: members.texts("request_uris")?,
        },
        requires_par: members.flag("require_pushed_authorization_requests")?.unwrap_or_default() || policy.profile == Profile::Fapi2,
        naming: Vec::new(),
        resources: Vec::new(),
        response_modes: modes.collect(),
        userinfo: protection(members, "userinfo")?,
    })
}

fn certificate_subject(members: &Members) -> Result<Option<Subject>, Refusal> {
    let named = |name| Ok::<_, Refusal>(members.text(name)?.map(str::to_owned));
    let dns = named("tls_client_auth_san_dns")?.map(Subject::SanDns);
    Ok(named("tls_client_auth_subject_dn")?.map(Subject::Dn).or(dns))
}

/// `backchannel_logout_session_required` needs no place here: every logout token names the log-in.
fn logout(members: &Members) -> Result<Logout, Refusal> {
    let address = |name| members.text(name).map(|address| address.map(str::to_owned));
    Ok(Logout {
        backchannel_logout_uri: address("backchannel_logout_uri")?,
        frontchannel_logout_uri: address("frontchannel_logout_uri")?,
        frontchannel_logout_session_required: members.flag("frontchannel_logout_session_required")?.unwrap_or_default(),
        post_logout_redirect_uris: members.texts("post_logout_redirect_uris")?,
    })
}

pub(super) fn sender_constraint(members: &Members) -> Result<Option<SenderConstraint>, Refusal> {
    let (dpop, tls) = (members.flag("dpop_bound_access_tokens")?, members.flag("tls_client_certificate_bound_access_tokens")?);
    match (dpop.unwrap_or_default(), tls.unwrap_or_default()) {
        (true, true) => Err(Refusal::SenderConstraint),
        (true, false) => Ok(Some(SenderConstraint::Dpop)),
        (false, true) => Ok(Some(SenderConstraint::Tls)),
        (false, false) => Ok(None),
    }
}

fn algorithm(members: &Members, name: &str) -> Result<Option<Algorithm>, Refusal> {
    members.word(name, &Algorithm::ALL, Algorithm::name).map_err(|_| Refusal::Algorithm)
}

/// OIDC Dynamic Registration §2: an `enc` without an `alg` says nothing, and an `alg` without an `enc` means `A128CBC-HS256`.
fn protection(members: &Members, kind: &str) -> Result<Protection, Refusal> {
    let signed = algorithm(members, &format!("{kind}_signed_response_alg"))?;
    let by = members.word(&format!("{kind}_encrypted_response_alg"), &KeyManagement::ALL, KeyManagement::name);
    let content = members.word(&format!("{kind}_encrypted_response_enc"), &ContentEncryption::ALL, ContentEncryption::name);
    let encrypted = match (by.map_err(|_| Refusal::Algorithm)?, content.map_err(|_| Refusal::Algorithm)?) {
        (None, None) => None,
        (None, Some(_)) => return Err(Refusal::Algorithm),
        (Some(by), content) => Some((by, content.unwrap_or(ContentEncryption::A128CbcHs256))),
    };
    Ok(Protection { signed, encrypted })
}

/// OP-07. FAPI 2.0 Security Profile §5.3.2.1: `private_key_jwt` or mTLS, no public clients.
pub(super) fn authentication_is_allowed(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, policy, members } = candidate;
    let is_allowed = match metadata.authentication {
        Authentication::None => policy.profile != Profile::Fapi2,
        Authentication::PrivateKeyJwt | Authentication::SelfSignedTls => true,
        Authentication::SecretBasic | Authentication::SecretPost => policy.profile.may_share_a_secret(),
        Authentication::Tls => members.says("tls_client_auth_subject_dn") != members.says("tls_client_auth_san_dns"),
    };
    if is_allowed && policy.authentications.contains(&metadata.authentication) { Ok(()) } else { Err(Refusal::Authentication) }
}

pub(super) fn keys_are_where_they_are_needed(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let metadata = candidate.metadata;
    let registration = &metadata.registration;
    let authenticates = matches!(metadata.authentication, Authentication::PrivateKeyJwt | Authentication::SelfSignedTls);
    let answers = [registration.authorization_response, registration.id_token, registration.introspection, registration.userinfo];
    let receives = answers.iter().any(|kind| kind.encrypted.is_some());
    let signs = registration.request_objects.required || registration.request_objects.algorithm.is_some();
    let is_empty = matches!(&metadata.keys, Keys::Inline(keys) if keys.is_empty());
    if is_empty && (authenticates || receives || signs) { Err(Refusal::Keys) } else { Ok(()) }
}

pub(super) fn assertions_can_be_verified(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let metadata = candidate.metadata;
    match (metadata.authentication, metadata.registration.assertion_algorithm) {
        (Authentication::PrivateKeyJwt, named) => can_verify(candidate, named),
        (_, None) => Ok(()),
        (_, Some(_)) => Err(Refusal::Algorithm),
    }
}

/// Attack 9: unsigned only where the profile has it, and not beside a promise to sign.
pub(super) fn request_objects_can_be_verified(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let objects = &candidate.metadata.registration.request_objects;
    if objects.unsigned && (objects.required || !candidate.policy.profile.may_send_unsigned_objects()) {
        return Err(Refusal::Algorithm);
    }
    if objects.required || objects.algorithm.is_some() { can_verify(candidate, objects.algorithm) } else { Ok(()) }
}

/// The named algorithm, or any of the profile's, is one that a registered key makes. Keys at an address are seen when fetched.
fn can_verify(candidate: &Candidate<'_>, named: Option<Algorithm>) -> Result<(), Refusal> {
    let of_profile = candidate.policy.profile.client_algorithms();
    let mut taken = of_profile.iter().copied().filter(|algorithm| named.is_none_or(|named| named == *algorithm));
    let can = match &candidate.metadata.keys {
        Keys::At(_) => taken.next().is_some(),
        Keys::Inline(keys) => taken.any(|algorithm| keys.verifies(algorithm)),
    };
    if can { Ok(()) } else { Err(Refusal::Algorithm) }
}

/// What we sign with, and what the client can open.
pub(super) fn answers_can_be_made(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let registration = &candidate.metadata.registration;
    let is_ours = |algorithm: Algorithm| Algorithm::OURS.contains(&algorithm) && candidate.policy.profile.client_algorithms().contains(&algorithm);
    let opens = |by| match &candidate.metadata.keys {
        Keys::At(_) => true,
        Keys::Inline(keys) => keys.encryption_key(by).is_some(),
    };
    let can = |kind: &Protection| kind.signed.is_none_or(is_ours) && kind.encrypted.is_none_or(|(by, _)| opens(by));
    let all = [registration.authorization_response, registration.id_token, registration.introspection, registration.userinfo];
    if all.iter().all(can) { Ok(()) } else { Err(Refusal::Algorithm) }
}

pub(super) fn tokens_are_bound_where_they_must(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let is_bound = candidate.metadata.sender_constraint.is_some();
    if is_bound || !candidate.policy.profile.requires_sender_constraint() { Ok(()) } else { Err(Refusal::SenderConstraint) }
}
