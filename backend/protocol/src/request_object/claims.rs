//! What stands in an object: claims of the token, checked in order, and parameters of the request, read without coercion.

use handslag_vocab::Seconds;
use serde_json::Value;

use super::{Expected, Means, Refusal, RequestObject};
use crate::{jose::Claims, sign_request, user_message};

/// FAPI 2.0 Security Profile §5.3.2.1: ten seconds ahead must be taken, more than sixty must not.
const SKEW: Seconds = Seconds(60);

/// Claims about the token; everything else is a parameter.
const ABOUT_THE_TOKEN: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];

/// Parameters whose value is JSON in a query too.
const JSON_PARAMETERS: [&str; 5] = ["authorization_details", "claims", "registration", sign_request::PARAMETER, user_message::PARAMETER];

struct Object<'a> {
    claims: &'a Claims,
    expected: &'a Expected<'a>,
    is_signed: bool,
}

type Check = fn(&Object<'_>) -> Result<(), Refusal>;

/// In order.
const CHECKS: [Check; 7] = [is_from_the_client, is_for_us, is_no_assertion, names_the_client, holds_no_other, has_begun, has_not_ended];

pub(super) fn read(claims: &Claims, expected: &Expected<'_>, is_signed: bool) -> Result<RequestObject, Refusal> {
    let object = Object { claims, expected, is_signed };
    CHECKS.iter().try_for_each(|check| check(&object))?;
    let mut parameters = Vec::new();
    for (name, value) in claims.members().iter().filter(|(name, _)| !ABOUT_THE_TOKEN.contains(&name.as_str())) {
        for text in as_in_a_query(name, value)? {
            parameters.push((name.clone(), text));
        }
    }
    // OIDC Core §6.1: it is the one beside the object where none stands inside.
    if !claims.members().contains_key("client_id") {
        parameters.push(("client_id".to_owned(), expected.client.id.to_string()));
    }
    let reads_beside = expected.client.profile.reads_beside_objects();
    let is_timed = ["iat", "nbf"].iter().all(|name| claims.time(name).is_some());
    Ok(RequestObject { parameters, is_signed, is_timed, reads_beside, jti: claims.jti().map(str::to_owned), expires_at: claims.time("exp") })
}

/// A signed `signRequest` of its own (OIDC Sweden signature extension §3.1.1.1). It need not say who made it, for whom and until when; what
/// it says holds, and an assertion of the same key is none.
pub(super) fn stands_alone(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let object = Object { claims, expected, is_signed: false };
    let checks: [Check; 3] = [is_from_the_client, is_for_us, is_no_assertion];
    checks.iter().try_for_each(|check| check(&object))?;
    let says = |name| claims.members().contains_key(name);
    if says("nbf") && claims.time("nbf").is_none_or(|begin| begin > expected.now + SKEW) {
        return Err(Refusal::NotBefore);
    }
    if says("exp") && claims.time("exp").is_none_or(|end| end <= expected.now) { Err(Refusal::Expired) } else { Ok(()) }
}

impl Object<'_> {
    /// An unsigned object need not say who made it, but what it says holds.
    fn may_leave_out(&self, name: &str) -> bool {
        !self.is_signed && !self.claims.members().contains_key(name)
    }
}

fn is_from_the_client(object: &Object<'_>) -> Result<(), Refusal> {
    let is_it = object.claims.text("iss") == Some(object.expected.client.id.as_str());
    if is_it || object.may_leave_out("iss") { Ok(()) } else { Err(Refusal::Issuer) }
}

/// A list is taken here (RFC 9101 §4, FAPI 2.0 Message Signing §5.3.1): whoever else stands in it gets no token from it.
fn is_for_us(object: &Object<'_>) -> Result<(), Refusal> {
    let Expected { provider, client, means, .. } = object.expected;
    let is_us = |audience: &Value| {
        let at_endpoint = match means {
            Means::Backchannel => *audience == provider.backchannel_authentication_endpoint,
            _ => *audience == provider.authorization_endpoint,
        };
        let at_endpoint = at_endpoint && client.profile.takes_endpoint_as_audience();
        *audience == provider.issuer || at_endpoint
    };
    let is_for_us = match object.claims.members().get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().all(Value::is_string) && audiences.iter().any(is_us),
        Some(audience) => is_us(audience),
        None => object.may_leave_out("aud"),
    };
    if is_for_us { Ok(()) } else { Err(Refusal::Audience) }
}

fn is_no_assertion(object: &Object<'_>) -> Result<(), Refusal> {
    if object.claims.text("sub") == Some(object.expected.client.id.as_str()) { Err(Refusal::Subject) } else { Ok(()) }
}

fn names_the_client(object: &Object<'_>) -> Result<(), Refusal> {
    let client = object.expected.client;
    let is_it = match object.claims.members().get("client_id") {
        Some(named) => *named == client.id.as_str(),
        // CIBA §7.1.1 has no such member: who asks is told by `iss`.
        None => object.expected.means == Means::Backchannel || !client.profile.names_client_in_objects(),
    };
    if is_it { Ok(()) } else { Err(Refusal::ClientId) }
}

fn holds_no_other(object: &Object<'_>) -> Result<(), Refusal> {
    let holds = ["request", "request_uri"].iter().any(|name| object.claims.members().contains_key(*name));
    if holds { Err(Refusal::Nested) } else { Ok(()) }
}

fn has_begun(object: &Object<'_>) -> Result<(), Refusal> {
    let Expected { client, now, .. } = object.expected;
    if !object.claims.members().contains_key("nbf") {
        return if client.profile.demands_not_before() { Err(Refusal::NotBefore) } else { Ok(()) };
    }
    let age = now.since(object.claims.time("nbf").ok_or(Refusal::NotBefore)?);
    let oldest = client.profile.longest_object_life().filter(|_| client.profile.demands_not_before());
    if age >= Seconds(-SKEW.0) && oldest.is_none_or(|oldest| age <= oldest) { Ok(()) } else { Err(Refusal::NotBefore) }
}

fn has_not_ended(object: &Object<'_>) -> Result<(), Refusal> {
    let Expected { client, now, .. } = object.expected;
    let longest = client.profile.longest_object_life().filter(|_| object.is_signed);
    if !object.claims.members().contains_key("exp") {
        return if longest.is_some() { Err(Refusal::Expired) } else { Ok(()) };
    }
    let end = object.claims.time("exp").ok_or(Refusal::Expired)?;
    // From `nbf` where it stands, because that is when its life begins (FAPI 2.0 Message Signing §5.3.1).
    let begin = object.claims.time("nbf").unwrap_or(*now);
    if end > *now && longest.is_none_or(|longest| end.since(begin) <= longest) { Ok(()) } else { Err(Refusal::Expired) }
}

/// The value as text. `resource` may be several; numbers are whole; JSON stays JSON where a query would hold it too.
fn as_in_a_query(name: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Number(number) if number.is_i64() => Ok(vec![number.to_string()]),
        Value::Object(_) | Value::Array(_) if JSON_PARAMETERS.contains(&name) => Ok(vec![value.to_string()]),
        Value::Array(values) if name == "resource" => {
            values.iter().map(|value| value.as_str().map(str::to_owned).ok_or(Refusal::ParameterForm)).collect()
        }
        _ => Err(Refusal::ParameterForm),
    }
}
