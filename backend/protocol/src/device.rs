//! The device authorization request (RFC 8628 §3.1, §3.2): a program without a browser shows a code, and the person types it at a screen
//! where there is one.
//!
//! The code is short because a person types it, so it is short-lived, and whoever types it is shown who asks and since when: somebody else's
//! code sent by mail is the attack (§5.4).

use handslag_vocab::{Seconds, Secret};
use rand_core::CryptoRng;
use serde::Serialize;

use crate::{
    authorize::{self, AuthorizationRequest},
    client::{Client, GrantType},
    client_authentication::{self, ClaimedClient},
    discovery::Provider,
    oauth_error::OAuthError,
    parameters::Parameters,
    refusal::refusals,
};

refusals! {
    /// Why a device authorization request is refused. Clauses are of RFC 8628 unless named.
    pub enum Refusal {
        /// RFC 6749 §5.2: not registered for this.
        GrantTypeOfOthers = "grant_type_of_others", "the client is not registered for urn:ietf:params:oauth:grant-type:device_code";
        /// RFC 6749 §3.2.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
    }
    wraps {
        /// §3.1: `scope`, read as at the authorization endpoint.
        Authorize(authorize::Refusal);
        /// §3.1: the client, as at the token endpoint.
        Client(client_authentication::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (§3.2).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Authorize(refusal) => refusal.oauth(),
            Self::Client(refusal) => refusal.oauth(),
            Self::GrantTypeOfOthers => OAuthError::UnauthorizedClient,
            Self::ParameterRepeated => OAuthError::InvalidRequest,
        }
    }
}

/// A code lives so long: enough to find a screen and a phone (§6.1).
pub const LIFETIME: Seconds = Seconds::minutes(10);

/// A request whose form is right. Has no `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct DeviceRequest {
    /// Who asks.
    pub client: ClaimedClient,
    parameters: Parameters,
}

impl DeviceRequest {
    /// Takes the decoded pairs of the form body, and the `Authorization` header if one was sent.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>, authorization: Option<&str>) -> Result<Self, Refusal> {
        let parameters = Parameters::collect(pairs);
        if parameters.has_repeated() {
            return Err(Refusal::ParameterRepeated);
        }
        Ok(Self { client: ClaimedClient::read(&parameters, authorization)?, parameters })
    }

    /// Takes the authenticated client and what this provider offers.
    pub fn check(&self, client: &Client, provider: &Provider) -> Result<AuthorizationRequest, Refusal> {
        if !client.grant_types.contains(&GrantType::DeviceCode) {
            return Err(Refusal::GrantTypeOfOthers);
        }
        Ok(authorize::elsewhere(&self.parameters, client, provider)?)
    }
}

/// Consonants that are not taken for one another (§6.1): no words come of them by chance.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// What the person types: eight consonants, 34 bits. Has no `Debug` and no `Display` on purpose.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A new one, each letter as likely as every other.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut code = String::with_capacity(LENGTH);
        while code.len() < LENGTH {
            let mut byte = [0];
            rng.fill_bytes(&mut byte);
            let [byte] = byte;
            // 240 is twelve times twenty: what lies above would make some letters likelier.
            if byte < 240 {
                code.extend(LETTERS.get(usize::from(byte) % LETTERS.len()).map(|letter| char::from(*letter)));
            }
        }
        Self(code)
    }

    /// As somebody typed it: in any case, with or without a dash and spaces between.
    pub fn typed(text: &str) -> Option<Self> {
        if text.len() > 4 * LENGTH {
            return None;
        }
        let code: String = text.chars().filter(|c| !matches!(c, '-' | '\u{2013}') && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let is_code = code.len() == LENGTH && code.bytes().all(|letter| LETTERS.contains(&letter));
        is_code.then_some(Self(code))
    }

    /// In two groups, as it is shown.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LENGTH / 2);
        format!("{first}-{second}")
    }

    /// The letters alone, to be hashed with a key.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

/// The successful answer (§3.2). Has no `Debug`: it holds secrets.
#[derive(Clone, Serialize)]
pub struct DeviceAnswer {
    /// For the device alone.
    pub device_code: String,
    /// For the person.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same with the code in it, to be drawn as a QR code.
    pub verification_uri_complete: String,
    /// Seconds that both live.
    pub expires_in: Seconds,
    /// Seconds between two polls.
    pub interval: Seconds,
}

impl DeviceAnswer {
    /// Takes the page's address.
    pub fn new(device_code: &Secret, user_code: &UserCode, page: &str) -> Self {
        Self {
            device_code: device_code.reveal().to_owned(),
            user_code: user_code.shown(),
            verification_uri: page.to_owned(),
            verification_uri_complete: format!("{page}?user_code={}", user_code.shown()),
            expires_in: LIFETIME,
            interval: crate::backchannel::INTERVAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{ClientKind, tests::client},
        discovery::tests::provider,
        jose::jwe::tests::Counting,
    };

    fn asked(pairs: &[(&str, &str)], client: &Client) -> Result<AuthorizationRequest, Refusal> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        DeviceRequest::parse(pairs, None)?.check(client, &provider())
    }

    #[test]
    fn only_a_client_that_is_registered_for_it_and_asks_once_and_for_a_log_in() {
        let registered = Client { grant_types: [GrantType::DeviceCode].into(), ..client(ClientKind::Native, &[]) };
        let right = [("client_id", "skolportalen"), ("scope", "openid profile email")];
        assert_eq!(asked(&right, &registered).unwrap().scopes, ["openid", "profile"], "what it may not ask is dropped");
        assert_eq!(asked(&right, &client(ClientKind::Native, &[])).unwrap_err().oauth(), OAuthError::UnauthorizedClient);
        let refused = [
            (vec![right[0]], OAuthError::InvalidScope),
            (vec![right[0], ("scope", "profile")], OAuthError::InvalidScope),
            (vec![right[0], right[1], right[1]], OAuthError::InvalidRequest),
            (vec![right[0], right[1], ("authorization_details", "[]")], OAuthError::InvalidAuthorizationDetails),
            (vec![right[1]], OAuthError::InvalidRequest),
        ];
        for (pairs, error) in refused {
            assert_eq!(asked(&pairs, &registered).unwrap_err().oauth(), error, "{pairs:?}");
        }
    }

    #[test]
    fn a_code_is_eight_consonants_however_it_is_typed() {
        let code = UserCode::random(&mut Counting(3));
        let shown = code.shown();
        assert_eq!((shown.len(), shown.find('-')), (9, Some(4)));
        assert!(shown.bytes().all(|letter| letter == b'-' || LETTERS.contains(&letter)), "{shown}");
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', ""), format!("  {shown} ")] {
            assert!(UserCode::typed(&typed) == Some(code.clone()), "{typed}");
        }
        for wrong in ["", "-", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ1", "БCDF-GHJK", &"BCDF-GHJK ".repeat(9)] {
            assert!(UserCode::typed(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_complete_address_holds_what_the_person_may_see_and_not_the_devices_secret() {
        let answer = DeviceAnswer::new(&Secret::presented("hs_device_x"), &UserCode::random(&mut Counting(3)), "https://id.example/device");
        assert_eq!(answer.verification_uri_complete, format!("{}?user_code={}", answer.verification_uri, answer.user_code));
        assert!(!answer.verification_uri_complete.contains(&answer.device_code));
    }
}
