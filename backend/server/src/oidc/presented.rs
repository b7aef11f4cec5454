//! The access token that came with a request for UserInfo (RFC 6750 §2): in the header, or in the body of a form. Never in the address: that
//! is written down on the way (RFC 9700 §4.3.2). What came in two ways came in none.

use axum::{
    Form,
    extract::{FromRequest as _, Request},
    http::{HeaderMap, HeaderValue, Method, header},
};
use handslag_protocol::profile::Profile;
use handslag_vocab::Secret;

/// A token as it was sent.
pub(super) struct Presented {
    pub(super) token: Secret,
    pub(super) way: Way,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// RFC 6750 §2.2.
    Body,
    /// RFC 6750 §2.1.
    Bearer,
    /// RFC 9449 §7.1.
    Dpop,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nothing came.
    Absent,
    /// RFC 6750 §3.1: more than one, or in more than one way.
    Several,
}

impl Way {
    /// The scheme that a refusal names.
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::Body | Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }

    /// Bodies are for plain OpenID Connect clients (OP-14): they are kept in more places on the way than a header.
    pub(super) fn is_open_to(self, profile: Profile) -> bool {
        self != Self::Body || profile == Profile::Core
    }
}

/// The one token of a request.
pub(super) async fn of(request: Request) -> Result<Presented, Wrong> {
    let by_header = in_header(request.headers())?;
    let mut in_body = in_body(request).await;
    match (by_header, in_body.pop()) {
        (Some(presented), None) => Ok(presented),
        (None, Some(token)) if in_body.is_empty() => Ok(Presented { token: Secret::presented(token), way: Way::Body }),
        (None, None) => Err(Wrong::Absent),
        _ => Err(Wrong::Several),
    }
}

/// RFC 9110 §11.1: the scheme's name is compared without case.
fn in_header(headers: &HeaderMap) -> Result<Option<Presented>, Wrong> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Wrong::Several);
    }
    let read = |value: &HeaderValue| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let ways = [("bearer", Way::Bearer), ("dpop", Way::Dpop)];
        let (_, way) = ways.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name))?;
        Some(Presented { token: Secret::presented(token), way })
    };
    first.map(|value| read(value).ok_or(Wrong::Absent)).transpose()
}

/// Every token in the body of a form; another body has none.
async fn in_body(request: Request) -> Vec<String> {
    if request.method() != Method::POST {
        return Vec::new();
    }
    let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    let pairs = form.map(|Form(pairs)| pairs).unwrap_or_default();
    pairs.into_iter().filter(|(name, _)| name == "access_token").map(|(_, token)| token).collect()
}
