//! The services of the invented municipality, as its configuration file has them.

use std::path::Path;

use handslag_phone::es256;
use handslag_protocol::{
    authorization_details::DetailType,
    client::GrantType,
    jose::{Jwk, JwkSet},
    profile::Profile,
    response_mode::ResponseMode,
};
use handslag_server::config::{ApplicationType, Client, Computers, Requests, SsoGroup};
use handslag_vocab::{Assurance, Secret};
use p256::ecdsa::SigningKey;

use super::{Ear, JOURNAL_SECRET, ORG_ID};

/// Every one of them.
pub(crate) fn of(care: &SigningKey, ear: &Ear) -> Vec<Client> {
    let keys = |kid: &str| {
        let jwk = Jwk::from_p256_point(&es256::public(care).0, Some(kid.to_owned())).unwrap();
        JwkSet::new(vec![jwk]).unwrap().to_json()
    };
    let public = Client {
        redirect_uris: vec!["https://app.example/cb".to_owned(), "https://app.example/cb?fast=1".to_owned()],
        scopes: vec![ORG_ID.to_owned(), "profile".to_owned()],
        grant_types: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
        userinfo_signed: false,
        ..Client::new("webbappen".parse().unwrap(), "Webbappen", "The web app", "2120009994".parse().unwrap())
    };
    let confidential = Client {
        id: "vardportalen".parse().unwrap(),
        redirect_uris: vec!["https://care.example/cb".to_owned()],
        jwks: Some(keys("vardportalen")),
        grant_types: GrantType::ALL.into(),
        response_modes: ResponseMode::ALL.into(),
        audiences: vec!["https://journal.example".to_owned(), "https://dorrar.example".to_owned()],
        authorization_details_types: DetailType::ALL.to_vec(),
        userinfo_signed: true,
        ..public.clone()
    };
    let strict = Client {
        id: "nationella-prov".parse().unwrap(),
        reviewed_only: true,
        redirect_uris: vec!["https://prov.example/cb".to_owned()],
        ..public.clone()
    };
    let high = Client {
        id: "beslutsportalen".parse().unwrap(),
        assurance: Assurance::Loa3,
        redirect_uris: vec!["https://beslut.example/cb".to_owned()],
        ..public.clone()
    };
    let journal = Client {
        id: "journalen".parse().unwrap(),
        redirect_uris: Vec::new(),
        profile: Profile::Core,
        secret_sha256: Some(Secret::presented(JOURNAL_SECRET).hash().to_hex()),
        grant_types: [GrantType::ClientCredentials, GrantType::TokenExchange].into(),
        audiences: vec!["https://journal.example".to_owned(), "https://dorrar.example".to_owned()],
        scopes: vec!["journal.read".to_owned(), "profile".to_owned()],
        resource: Some("https://journal.example".to_owned()),
        authorization_details_types: DetailType::ALL.to_vec(),
        ..public.clone()
    };
    let asking = asking(&public, keys("larmet"), ear);
    let opening = opening(&public, &journal);
    let signing = signing(&confidential, keys);
    [vec![public, confidential, strict, high, journal], opening, asking, signing, grouped(&ear.base)].concat()
}

/// The home care's app, which asks for doors, and the system of locks, which takes its tokens.
fn opening(public: &Client, journal: &Client) -> Vec<Client> {
    let doors = Client {
        id: "dorrsystemet".parse().unwrap(),
        grant_types: [GrantType::ClientCredentials].into(),
        resource: Some("https://dorrar.example".to_owned()),
        authorization_details_types: Vec::new(),
        ..journal.clone()
    };
    let bound = Client {
        id: "hemtjanst-app".parse().unwrap(),
        redirect_uris: vec!["se.kvarnby.hemtjanst:/cb".to_owned()],
        application_type: ApplicationType::Native,
        dpop_bound_access_tokens: true,
        audiences: vec!["https://dorrar.example".to_owned()],
        authorization_details_types: vec![DetailType::Door],
        ..public.clone()
    };
    vec![doors, bound]
}

/// Those that have things signed (OIDC Sweden signature extension).
fn signing(confidential: &Client, keys: impl Fn(&str) -> serde_json::Value) -> Vec<Client> {
    let scopes = [ORG_ID, "profile", "https://id.oidc.se/scope/sign", "https://id.oidc.se/scope/signApproval"].map(str::to_owned).to_vec();
    let service = |id: &str, host: &str| Client {
        id: id.parse().unwrap(),
        redirect_uris: vec![format!("https://{host}.example/cb")],
        jwks: Some(keys(id)),
        scopes: scopes.clone(),
        ..confidential.clone()
    };
    let group = Some("skola".to_owned());
    let contracts = Client { profile: Profile::Swedish, requests: Requests::Signed, sso_group: group, ..service("avtalen", "avtal") };
    vec![contracts, service("arkivet", "arkiv")]
}

/// Those that wait while a person answers elsewhere.
fn asking(public: &Client, keys: serde_json::Value, ear: &Ear) -> Vec<Client> {
    let alarm = Client {
        id: "larmet".parse().unwrap(),
        redirect_uris: vec!["https://larm.example/cb".to_owned()],
        jwks: Some(keys),
        grant_types: [GrantType::Ciba].into(),
        notification_endpoint: Some(format!("{}/ping", ear.base)),
        ..public.clone()
    };
    let television = Client {
        id: "tv-appen".parse().unwrap(),
        redirect_uris: Vec::new(),
        grant_types: [GrantType::DeviceCode, GrantType::RefreshToken].into(),
        application_type: ApplicationType::Native,
        ..Client { name_sv: "Tv-appen".to_owned(), name_en: "The TV app".to_owned(), ..public.clone() }
    };
    vec![alarm, television]
}

/// Which of them share log-ins, and for how long.
pub(crate) fn groups() -> Vec<SsoGroup> {
    let group = |name: &str, hours, computers| SsoGroup { name: name.to_owned(), hours, computers };
    vec![group("skola", 8, Computers::Managed), group("bibliotek", 1, Computers::Shared)]
}

/// Services that share log-ins.
fn grouped(ear: &str) -> Vec<Client> {
    let service = |id: &str, name: &str, host: &str, group: &str| Client {
        redirect_uris: vec![format!("https://{host}.example/cb")],
        post_logout_redirect_uris: vec![format!("https://{host}.example/ut")],
        scopes: vec![ORG_ID.to_owned(), "profile".to_owned()],
        grant_types: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
        userinfo_signed: false,
        sso_group: Some(group.to_owned()),
        backchannel_logout_uri: Some(format!("{ear}/{id}")),
        ..Client::new(id.parse().unwrap(), name, name, "2120009994".parse().unwrap())
    };
    let grades = Client {
        audiences: vec!["https://underskrift.example".to_owned()],
        authorization_details_types: vec![DetailType::Signature],
        ..service("betygen", "Betygen", "betyg", "skola")
    };
    let timetable = Client {
        logo: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("pictures/logotyp.png")),
        backchannel_logout_uri: None,
        frontchannel_logout_uri: Some("https://schema.example/fram?x=1".to_owned()),
        frontchannel_logout_session_required: true,
        offline_access_ends_with_session: true,
        ..service("schemat", "Schemat", "schema", "skola")
    };
    let register = Client { profile: Profile::Swedish, ..service("registret", "Registret", "register", "skola") };
    vec![grades, timetable, register, service("biblioteket", "Biblioteket", "bibliotek", "bibliotek")]
}
