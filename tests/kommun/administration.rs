//! The administrator, the neighbour's administrator, and the policies under which programs register themselves.

use handslag_phone::es256;
use handslag_protocol::{
    client::GrantType,
    client_authentication::Authentication,
    jose::{Jwk, JwkSet},
    profile::Profile,
};
use handslag_server::{
    caller::Rng,
    config::{Config, RegistrationPolicy, StatementIssuer},
    identity::{self, Affiliation, AffiliationKind, Hired, Organisation},
};
use handslag_vocab::{Assurance, OrganisationId, OrganisationNumber, Secret};
use p256::ecdsa::SigningKey;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Browser, Kommun, ORG_ID, jws, logged_in};

/// What opens the policies `skola` (core, with secrets) and `strikt` (room for ten).
pub(crate) const TOKENS: [&str; 2] = ["hs_client_skola-for-tests", "hs_client_strikt-for-tests"];
/// Who vouches under the policy `intygat`, which takes statements alone.
pub(crate) const STATED: &str = "https://skolverket.example";

const GRANNBY: &str = "2120001124";

fn statement_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// A statement about a program, signed by whom the policy trusts.
pub(crate) fn stated(claims: &Value, key: Option<&SigningKey>) -> String {
    let header = json!({ "alg": "ES256", "kid": "skolverket" });
    jws(header.as_object().unwrap(), claims.as_object().unwrap(), key.unwrap_or(&statement_key()))
}

pub(super) fn configured(config: &mut Config) {
    let kvarnby: OrganisationNumber = "2120009994".parse().unwrap();
    let strict = RegistrationPolicy {
        name: "strikt".to_owned(),
        organisation: kvarnby,
        profile: Profile::Strict,
        scopes: vec![ORG_ID.to_owned(), "profile".to_owned()],
        grant_types: vec![GrantType::RefreshToken],
        authorization_details_types: Vec::new(),
        authentication: vec![Authentication::None, Authentication::PrivateKeyJwt],
        redirects: Vec::new(),
        assurance: Assurance::Loa2,
        most: 10,
        initial_access_tokens: vec![Secret::presented(TOKENS[1]).hash().to_hex()],
        statement_issuers: Vec::new(),
    };
    let core = RegistrationPolicy {
        name: "skola".to_owned(),
        profile: Profile::Core,
        authentication: vec![Authentication::None, Authentication::SecretBasic],
        initial_access_tokens: vec![Secret::presented(TOKENS[0]).hash().to_hex()],
        most: 1_000,
        ..strict.clone()
    };
    let jwk = Jwk::from_p256_point(&es256::public(&statement_key()).0, Some("skolverket".to_owned())).unwrap();
    let issuer = StatementIssuer { issuer: STATED.to_owned(), jwks: JwkSet::new(vec![jwk]).unwrap().to_json() };
    let by_statement =
        RegistrationPolicy { name: "intygat".to_owned(), initial_access_tokens: Vec::new(), statement_issuers: vec![issuer], ..strict.clone() };
    config.registration_policies = vec![core, strict, by_statement];
    let administration = format!("{}/admin", config.issuer);
    config.clients.iter_mut().filter(|client| client.id.as_str() == "vardportalen").for_each(|client| client.audiences.push(administration.clone()));
}

impl Kommun {
    async fn hired(&self, organisation: &Organisation, role: &str) -> Affiliation {
        let now = self.now();
        let hired = self.server.db.write(async |tx| {
            let person = identity::create_person(tx, "Disa", "Ek", now, &mut Rng::system()).await?;
            let hired = Hired {
                organisation,
                person,
                kind: AffiliationKind::Employee,
                unit: "Digitalisering",
                role,
                assurance: Assurance::Loa3,
                identified_by: "test in_person",
                valid_to: None,
            };
            let id = identity::hire(tx, hired, now, &mut Rng::system()).await?;
            identity::by_id(tx, &id).await
        });
        hired.await.unwrap()
    }

    /// Somebody who may register services here.
    pub(crate) async fn administrator(&self) -> Affiliation {
        let id = self.place.town.organisation.clone();
        let organisation = self.server.db.read(async |tx| identity::organisation(tx, &id).await).await.unwrap();
        self.hired(&organisation, "administrator").await
    }

    /// Somebody who may do so at the neighbour's.
    pub(crate) async fn neighbour(&self) -> Affiliation {
        let number: OrganisationNumber = GRANNBY.parse().unwrap();
        let (name, identity_name) = ("Grannby kommun".to_owned(), "Grannby jobb-id".to_owned());
        let organisation = Organisation { organisation_id: OrganisationId::random(&mut Rng::system()), number, name, identity_name };
        let now = self.now();
        self.server.db.write(async |tx| identity::create_organisation(tx, &organisation, now).await).await.unwrap();
        self.hired(&organisation, "administrator").await
    }

    /// The desk of somebody.
    pub(crate) async fn desk_of(&self, who: &Affiliation) -> Browser {
        logged_in(self, who, self.now()).await
    }
}

impl Browser {
    /// A request of a program, with JSON both ways.
    pub(crate) async fn calls(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> (u16, Value, HeaderMap) {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base)).header("cookie", cookies);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::Null), headers)
    }
}
