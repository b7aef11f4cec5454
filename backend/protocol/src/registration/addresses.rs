//! Addresses: where answers go (RFC 8252 §7, RFC 9700 §4.1) and where we would call or link to. Whether a host is one we may call
//! is the guarded caller's to decide when it calls (attack 22).

use super::{Candidate, Policy, Redirect, Refusal};
use crate::{
    client::{ClientKind, GrantType},
    resource, web_address,
};

const ADDRESSES: [&str; 10] = [
    "backchannel_client_notification_endpoint",
    "backchannel_logout_uri",
    "client_uri",
    "frontchannel_logout_uri",
    "initiate_login_uri",
    "jwks_uri",
    "logo_uri",
    "policy_uri",
    "sector_identifier_uri",
    "tos_uri",
];

/// A client that sends people here says where they come back; one that does not has no use for an address.
pub(super) fn redirects_are_there_and_fit_the_kind(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let metadata = candidate.metadata;
    let is_sending = metadata.grants.contains(&GrantType::AuthorizationCode);
    let post_logout = candidate.members.texts("post_logout_redirect_uris").map_err(|_| Refusal::RedirectUri)?;
    let fits = metadata.redirect_uris.iter().chain(&post_logout).all(|uri| may_answer(uri, metadata.kind, candidate.policy));
    if fits && is_sending != metadata.redirect_uris.is_empty() { Ok(()) } else { Err(Refusal::RedirectUri) }
}

/// https for all; for a program on a device also a scheme that is a reversed domain name (RFC 8252 §7.1) and the literal loopback
/// addresses (§7.3). `localhost` is a name that somebody else may answer for.
fn may_answer(uri: &str, kind: ClientKind, policy: &Policy) -> bool {
    if is_on_the_web(uri) {
        return true;
    }
    let is_private_use =
        resource::is_absolute(uri) && uri.split_once(":/").is_some_and(|(scheme, rest)| scheme.contains('.') && !rest.starts_with('/'));
    let is_loopback = || web_address::loopback_without_port(uri).is_some_and(|_| resource::is_absolute(uri));
    let may = |redirect| policy.redirects.contains(&redirect);
    kind == ClientKind::Native && ((is_private_use && may(Redirect::PrivateUse)) || (is_loopback() && may(Redirect::Loopback)))
}

pub(super) fn others_are_on_the_web(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    for name in candidate.members.names().filter(|name| ADDRESSES.contains(&name.split('#').next().unwrap_or_default())) {
        if candidate.members.text(name)?.is_some_and(|address| !is_on_the_web(address)) {
            return Err(Refusal::Address);
        }
    }
    let objects = &candidate.metadata.registration.request_objects.uris;
    let is_object = |uri: &String| is_on_the_web(uri.split('#').next().unwrap_or_default());
    if objects.iter().all(is_object) { Ok(()) } else { Err(Refusal::Address) }
}

/// Plain https in its one spelling, so that what is compared byte for byte is what the browser goes to.
fn is_on_the_web(uri: &str) -> bool {
    let path = web_address::without_query(uri);
    let has_no_steps = !uri.split('?').next().unwrap_or_default().split('/').any(|step| step == ".." || step == "." || step == "..;");
    uri.starts_with("https://") && resource::is_absolute(uri) && has_no_steps && path.is_some_and(|path| uri.starts_with(path.trim_end_matches('/')))
}
