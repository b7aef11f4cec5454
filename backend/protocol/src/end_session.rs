//! The logout request (OpenID Connect RP-Initiated Logout 1.0 §2, §3): who asks, which log-in is meant, and where the browser goes.
//!
//! Nothing is taken on trust: a log-in ends without a question only where an ID Token of ours names it, and the browser goes only to an
//! address that the client registered, byte for byte.

use handslag_vocab::ClientId;
use serde::{Deserialize, Serialize};

use crate::{authorize::Language, client::Client, id_token::ReturnedIdToken, jose::JwkSet, parameters::Parameters, refusal::refusals};

refusals! {
    /// Why nobody is logged out and nothing is redirected. All are told on a page.
    pub enum Refusal {
        /// §2: `client_id` and the ID Token name two clients.
        ClientDiffers = "logout_client_differs", "client_id is not the client that id_token_hint was issued to";
        /// §2.
        ClientUnknown = "logout_client_unknown", "no client of that id is registered";
        /// RFC 6749 §3.1.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// §3: nothing says whose address it would be.
        RedirectUriAlone = "post_logout_redirect_uri_alone", "post_logout_redirect_uri needs id_token_hint or client_id";
        /// §3.
        RedirectUriUnknown = "post_logout_redirect_uri_unknown", "post_logout_redirect_uri is not one of the client's registered addresses";
        /// A bound of ours.
        StateTooLong = "state_too_long", "state is longer than 2048 bytes";
    }
}

const LONGEST_STATE: usize = 2_048;

/// A request in which nothing is checked.
#[derive(Clone, Debug)]
pub struct UnverifiedEndSession {
    parameters: Parameters,
    hint: Option<ReturnedIdToken>,
}

/// A checked request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    /// Who asks, if anybody says so.
    pub client_id: Option<ClientId>,
    /// The log-in that an ID Token of ours names: `sid`.
    pub session: Option<String>,
    /// Whose log-in the client means (`logout_hint`): a `sub` or a `sid`; it chooses among log-ins and nothing else.
    pub logout_hint: Option<String>,
    /// Where the browser goes, with the state.
    pub go_to: Option<String>,
    /// The language of the pages, if the client wished one of ours.
    pub language: Option<Language>,
}

impl UnverifiedEndSession {
    /// Takes the decoded pairs of a query or a form, and every key that ever signed ID Tokens here and is not compromised. An ID Token
    /// that cannot be verified counts as none: the person is asked.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>, keys: &JwkSet, issuer: &str) -> Self {
        let parameters = Parameters::collect(pairs);
        let hint = parameters.value("id_token_hint").and_then(|hint| ReturnedIdToken::read(hint, keys, issuer).ok());
        Self { parameters, hint }
    }

    /// Whose registration to look up, if one is named.
    pub fn client_id(&self) -> Option<ClientId> {
        let hinted = self.hint.as_ref().map(|hint| hint.client_id.clone());
        hinted.or_else(|| self.parameters.value("client_id").and_then(|id| id.parse().ok()))
    }

    /// Takes the registration that [`Self::client_id`] names, if there is one.
    pub fn check(&self, client: Option<&Client>) -> Result<EndSession, Refusal> {
        if self.parameters.has_repeated() {
            return Err(Refusal::ParameterRepeated);
        }
        self.names_one_client(client)?;
        Ok(EndSession {
            client_id: client.map(|client| client.id.clone()),
            session: self.hint.as_ref().and_then(|hint| hint.session.clone()),
            logout_hint: self.parameters.value("logout_hint").map(str::to_owned),
            go_to: self.go_to(client)?,
            language: self.parameters.value("ui_locales").and_then(Language::first_of),
        })
    }

    fn names_one_client(&self, client: Option<&Client>) -> Result<(), Refusal> {
        let named = self.parameters.value("client_id");
        match (&self.hint, named) {
            (Some(hint), Some(named)) if hint.client_id.as_str() != named => Err(Refusal::ClientDiffers),
            (None, Some(_)) if client.is_none() => Err(Refusal::ClientUnknown),
            _ => Ok(()),
        }
    }

    /// §3: exactly as registered, and only where it is known who asks.
    fn go_to(&self, client: Option<&Client>) -> Result<Option<String>, Refusal> {
        let Some(address) = self.parameters.value("post_logout_redirect_uri") else { return Ok(None) };
        let client = client.ok_or(Refusal::RedirectUriAlone)?;
        if !client.registration.logout.post_logout_redirect_uris.iter().any(|registered| registered == address) {
            return Err(Refusal::RedirectUriUnknown);
        }
        match self.parameters.value("state") {
            Some(state) if state.len() > LONGEST_STATE => Err(Refusal::StateTooLong),
            state => Ok(Some(with_state(address, state))),
        }
    }
}

fn with_state(address: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return address.to_owned() };
    crate::oauth_error::with_parameters(address, [("state", state.to_owned())])
}

#[cfg(test)]
mod tests {
    use handslag_vocab::UnixTime;
    use serde_json::Map;

    use super::*;
    use crate::{
        client::{ClientKind, Logout, tests::client},
        id_token::IdToken,
        jose::{Algorithm, tests::TestKey},
    };

    const BACK: &str = "https://skola.example/utloggad?t=1";

    fn registered() -> Client {
        let mut client = client(ClientKind::Confidential, &[]);
        client.registration.logout = Logout { post_logout_redirect_uris: vec![BACK.to_owned()], ..Logout::default() };
        client
    }

    fn hint(key: &TestKey) -> String {
        let token = IdToken {
            issuer: "https://id.example".to_owned(),
            subject: "k3".to_owned(),
            client_id: "skolportalen".parse().unwrap(),
            issued_at: UnixTime::from_seconds(1_000),
            auth_time: UnixTime::from_seconds(900),
            acr: "x",
            amr: Vec::new(),
            nonce: None,
            transaction: None,
            session: Some("ses_1".to_owned()),
            access_token: None,
            released: Map::new(),
        };
        let unsigned = token.unsigned((Algorithm::Es256, "k"));
        let signature = key.sign(unsigned.to_be_signed());
        unsigned.signed(&signature).unwrap()
    }

    fn check(key: &TestKey, pairs: &[(&str, &str)]) -> Result<EndSession, Refusal> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let unverified = UnverifiedEndSession::parse(pairs, &key.set(), "https://id.example");
        let client = registered();
        unverified.check(Some(&client).filter(|client| unverified.client_id().as_ref() == Some(&client.id)))
    }

    #[test]
    fn a_right_request_says_who_which_and_where() {
        let key = TestKey::new(Some("k"));
        let hint = hint(&key);
        let whole = check(&key, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "a&b"), ("ui_locales", "en-GB sv")]);
        let expected = EndSession {
            client_id: Some("skolportalen".parse().unwrap()),
            session: Some("ses_1".to_owned()),
            logout_hint: None,
            go_to: Some(format!("{BACK}&state=a%26b")),
            language: Some(Language::En),
        };
        assert_eq!(whole, Ok(expected));
        assert_eq!(check(&key, &[]), Ok(EndSession::default()), "§2: everything may be left out");
        let by_id = check(&key, &[("client_id", "skolportalen"), ("post_logout_redirect_uri", BACK)]).unwrap();
        assert_eq!((by_id.session, by_id.go_to.as_deref()), (None, Some(BACK)));
    }

    /// Attack 28.
    #[test]
    fn what_is_not_registered_or_not_ours_leads_nowhere() {
        let (key, other) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
        let (right, forged) = (hint(&key), hint(&other));
        for address in
            ["https://skola.example/utloggad", "https://skola.example/utloggad?t=1&x=2", "https://skola.example/utloggad?t=1/", "https://evil.test/"]
        {
            assert_eq!(
                check(&key, &[("id_token_hint", &right), ("post_logout_redirect_uri", address)]),
                Err(Refusal::RedirectUriUnknown),
                "{address}"
            );
        }
        assert_eq!(check(&key, &[("post_logout_redirect_uri", BACK)]), Err(Refusal::RedirectUriAlone));
        assert_eq!(
            check(&key, &[("id_token_hint", &forged), ("post_logout_redirect_uri", BACK)]),
            Err(Refusal::RedirectUriAlone),
            "a forged hint is none"
        );
        assert_eq!(check(&key, &[("id_token_hint", &right), ("client_id", "annan")]), Err(Refusal::ClientDiffers));
        assert_eq!(check(&key, &[("client_id", "annan")]), Err(Refusal::ClientUnknown));
        assert_eq!(check(&key, &[("state", "1"), ("state", "2")]), Err(Refusal::ParameterRepeated));
        let long = "x".repeat(2_049);
        assert_eq!(check(&key, &[("client_id", "skolportalen"), ("post_logout_redirect_uri", BACK), ("state", &long)]), Err(Refusal::StateTooLong));
    }
}
