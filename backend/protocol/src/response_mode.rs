//! How an authorization response reaches the client (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post Response
//! Mode, JARM §2.3). A code never goes into a fragment.

use serde::{Deserialize, Serialize};

/// A way. The first is every client's; the others it has registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the query of the redirect address.
    #[default]
    #[serde(rename = "query")]
    Query,
    /// Posted by a form in the browser.
    #[serde(rename = "form_post")]
    FormPost,
    /// In the query, as one signed token.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// Posted, as one signed token.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Query, Self::FormPost, Self::QueryJwt, Self::FormPostJwt];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
            Self::QueryJwt => "query.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// The mode of this name; `jwt` is the default one for a code, which is the query (JARM §2.3.4).
    pub fn named(name: &str) -> Option<Self> {
        if name == "jwt" { Some(Self::QueryJwt) } else { Self::ALL.into_iter().find(|mode| mode.name() == name) }
    }

    /// Whether the answer is one signed token.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FormPostJwt)
    }

    /// Whether the browser posts it.
    pub const fn is_posted(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_registered_ones() {
        for mode in ResponseMode::ALL {
            assert_eq!(ResponseMode::named(mode.name()), Some(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
        }
        assert_eq!(ResponseMode::named("jwt"), Some(ResponseMode::QueryJwt));
        for wrong in ["fragment", "fragment.jwt", "Query", "web_message", ""] {
            assert_eq!(ResponseMode::named(wrong), None, "{wrong}");
        }
    }
}
