//! The rules that differ from client to client, each as one visible answer. A client has one profile, chosen by an administrator
//! or by the policy it was registered under; what is not asked here holds for all.

use handslag_vocab::Seconds;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, ClientKind},
    client_assertion::Audience,
    jose::Algorithm,
};

/// What a client is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Plain OpenID Connect Core, for programs that cannot do better.
    Core,
    /// FAPI 2.0 Security Profile and Message Signing.
    Fapi2,
    /// Our own default: Core without what attacks taught to leave out.
    #[default]
    Strict,
    /// OIDC Sweden and Sweden Connect.
    Swedish,
}

/// FAPI 2.0 Message Signing §5.3.1: how far back `nbf` may lie, and how long a request object may live after it.
const REQUEST_OBJECT_LIFE: Seconds = Seconds::minutes(60);

/// Sweden Connect profile §2.2.1.
const SWEDISH_SESSION: Seconds = Seconds::minutes(60);

impl Profile {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Core, Self::Fapi2, Self::Strict, Self::Swedish];

    /// Its name in registrations and on pages for administrators.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Fapi2 => "fapi2",
            Self::Strict => "strict",
            Self::Swedish => "swedish",
        }
    }

    /// Whether a request without a challenge is refused. An administrator may register a confidential client without PKCE, but
    /// not for FAPI (Security Profile §5.3.2.2), and never a public one (RFC 9700 §2.1.1). A challenge that was sent always counts.
    pub fn requires_pkce(self, client: &Client) -> bool {
        self == Self::Fapi2 || client.kind != ClientKind::Confidential || !client.registration.pkce_optional
    }

    /// Whether a request without a challenge must bring a nonce instead: something must tie the code to who asked (RFC 9700 §2.1.1).
    pub const fn requires_nonce_without_pkce(self) -> bool {
        !matches!(self, Self::Core)
    }

    /// FAPI 2.0 Security Profile §5.3.2.2; other clients may have registered it.
    pub const fn requires_par(self, client: &Client) -> bool {
        matches!(self, Self::Fapi2) || client.registration.requires_par
    }

    /// Whether access tokens must be bound to a key (FAPI 2.0 Security Profile §5.3.2.1).
    pub const fn requires_sender_constraint(self) -> bool {
        matches!(self, Self::Fapi2)
    }

    /// What a client assertion may name as `aud`: the issuer as one string (FAPI 2.0 Security Profile §5.3.2.1), or also the token
    /// endpoint (OIDC Sweden profile §3.1.1).
    pub const fn assertion_audience(self) -> Audience {
        match self {
            Self::Fapi2 => Audience::Issuer,
            Self::Core | Self::Strict | Self::Swedish => Audience::IssuerOrTokenEndpoint,
        }
    }

    /// How long a client assertion may live. It counts once all the same, so the longer life only costs us a longer memory; common
    /// libraries make them for an hour.
    pub const fn longest_assertion_life(self) -> Seconds {
        match self {
            Self::Fapi2 | Self::Swedish => Seconds::minutes(5),
            Self::Core | Self::Strict => Seconds::hours(1),
        }
    }

    /// Algorithms of a client's own signatures where its registration names none.
    pub const fn client_algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Fapi2 => &Algorithm::FAPI,
            Self::Core | Self::Strict | Self::Swedish => &Algorithm::ALL,
        }
    }

    /// Whether an administrator may allow a shared secret (OP-07).
    pub const fn may_share_a_secret(self) -> bool {
        matches!(self, Self::Core)
    }

    /// Whether a request object by reference may be unsigned where the client registered that.
    pub const fn may_send_unsigned_objects(self) -> bool {
        matches!(self, Self::Core)
    }

    /// Whether a request object may name the authorization endpoint as `aud` (OIDC Sweden profile §2.1.7) beside the issuer.
    pub const fn takes_endpoint_as_audience(self) -> bool {
        !matches!(self, Self::Fapi2)
    }

    /// Whether a request object has to name its `client_id` (RFC 9101 §4); OIDC Core §6.1 leaves it outside.
    pub const fn names_client_in_objects(self) -> bool {
        matches!(self, Self::Fapi2 | Self::Strict)
    }

    /// How long a request object may live, for the profiles that demand an end.
    pub const fn longest_object_life(self) -> Option<Seconds> {
        match self {
            Self::Fapi2 | Self::Strict => Some(REQUEST_OBJECT_LIFE),
            Self::Core | Self::Swedish => None,
        }
    }

    /// Whether a request without `prompt` is one for a new log-in (Sweden Connect profile §2.2.1; SE-12).
    pub const fn logs_in_without_prompt(self) -> bool {
        matches!(self, Self::Swedish)
    }

    /// How old a full log-in may be at most (Sweden Connect profile §2.2.1; SE-11), whatever the group of the client allows.
    pub const fn longest_session(self) -> Option<Seconds> {
        match self {
            Self::Swedish => Some(SWEDISH_SESSION),
            Self::Core | Self::Fapi2 | Self::Strict => None,
        }
    }

    /// Whether a request object has to say from when it counts (FAPI 2.0 Message Signing §5.3.1).
    pub const fn demands_not_before(self) -> bool {
        matches!(self, Self::Fapi2)
    }

    /// Whether `response_type` and `scope` may stand outside the object (OIDC Core §6.1) and nowhere else.
    pub const fn reads_beside_objects(self) -> bool {
        !matches!(self, Self::Fapi2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;

    #[test]
    fn pkce_is_left_out_only_by_an_administrator_for_a_confidential_client_and_never_in_fapi() {
        for (kind, confidential) in [(ClientKind::Browser, false), (ClientKind::Native, false), (ClientKind::Confidential, true)] {
            for profile in Profile::ALL {
                let mut client = client(kind, &[]);
                assert!(profile.requires_pkce(&client), "{profile:?} {kind:?}");
                client.registration.pkce_optional = true;
                assert_eq!(profile.requires_pkce(&client), !confidential || profile == Profile::Fapi2, "{profile:?} {kind:?}");
            }
        }
        let nonce = Profile::ALL.map(Profile::requires_nonce_without_pkce);
        assert_eq!(nonce, [false, true, true, true]);
    }

    #[test]
    fn fapi_is_the_narrowest() {
        let client = client(ClientKind::Confidential, &[]);
        let only_fapi = |rule: fn(Profile, &Client) -> bool| Profile::ALL.map(|profile| rule(profile, &client)) == [false, true, false, false];
        assert!(only_fapi(Profile::requires_par));
        assert!(only_fapi(|profile, _| profile.requires_sender_constraint()));
        assert!(only_fapi(|profile, _| profile.assertion_audience() == Audience::Issuer));
        assert!(only_fapi(|profile, _| profile.client_algorithms() == Algorithm::FAPI));
        let minutes = Profile::ALL.map(|profile| profile.longest_assertion_life().0 / 60);
        assert_eq!(minutes, [60, 5, 60, 5]);
        assert!(only_fapi(|profile, _| profile.demands_not_before() && !profile.takes_endpoint_as_audience() && !profile.reads_beside_objects()));
        let core = Profile::ALL.map(|profile| profile.may_share_a_secret() && profile.may_send_unsigned_objects());
        assert_eq!(core, [true, false, false, false]);
        assert_eq!(Profile::default(), Profile::Strict);
        assert_eq!(Profile::ALL.map(|profile| serde_json::to_value(profile).unwrap()), Profile::ALL.map(Profile::name));
    }
}
