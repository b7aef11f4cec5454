//! Answers as each service registered them: signed in its algorithm, encrypted to its key, with people's names for its sector.

use data_encoding::BASE64URL_NOPAD;
use handslag_keys::Kind;
use handslag_phone::es256;
use handslag_protocol::{
    jose::{
        Algorithm, Curve, Jwk, JwkSet,
        jwe::{ContentEncryption, KeyManagement, PrivateOperation, UnverifiedJwe},
    },
    profile::Profile,
};
use handslag_server::{
    caller::Rng,
    config::{Client, Config, SubjectType},
};
use handslag_vocab::Digest;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use p256::{
    PublicKey,
    ecdsa::SigningKey,
    elliptic_curve::{Generate, ecdh::diffie_hellman},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    journeys::{stays, userinfo},
    kommun::{Answer, Elsewhere, Kommun, Portal, Worker, post},
};

/// A confidential service like the care portal, with a key that signs and one that opens.
pub(crate) fn service(config: &Config, id: &str, keys: &Keys, change: impl FnOnce(&mut Client)) -> Client {
    let care = config.clients.iter().find(|client| client.id.as_str() == "vardportalen").unwrap();
    let mut service = Client { id: id.parse().unwrap(), jwks: Some(keys.published(id)), ..care.clone() };
    change(&mut service);
    service
}

/// The private keys of a service.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) signing: SigningKey,
    pub(crate) opening: SigningKey,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let key = || SigningKey::generate_from_rng(&mut Rng::system());
        Self { signing: key(), opening: key() }
    }

    pub(crate) fn published(&self, id: &str) -> Value {
        let jwk = |key: &SigningKey, kid: &str| Jwk::from_p256_point(&es256::public(key).0, Some(kid.to_owned())).unwrap();
        let opening = jwk(&self.opening, &format!("{id}-opens")).for_encryption(KeyManagement::EcdhEs).unwrap();
        JwkSet::new(vec![jwk(&self.signing, id), opening]).unwrap().to_json()
    }

    /// Opens what is encrypted to the service; gives its header and what is within.
    pub(crate) fn opens(&self, compact: &str) -> (Value, String) {
        let header = header(compact);
        let jwe = UnverifiedJwe::parse(compact).unwrap_or_else(|refusal| panic!("{refusal:?}: {compact}"));
        let plain = jwe.decrypt(|operation| {
            let PrivateOperation::Agree { curve: Curve::P256, point } = operation else { panic!("{operation:?}") };
            let theirs = PublicKey::from_sec1_bytes(point).unwrap();
            let shared = diffie_hellman(self.opening.as_nonzero_scalar(), theirs.as_affine());
            Some(Zeroizing::new(shared.raw_secret_bytes().to_vec()))
        });
        (header, String::from_utf8(plain.unwrap()).unwrap())
    }
}

pub(crate) fn portal(kommun: &Kommun, id: &str, keys: &Keys) -> Portal {
    Portal::new(kommun, id, Some(keys.signing.clone()), "https://care.example/cb")
}

fn header(compact: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(compact.split('.').next().unwrap().as_bytes()).unwrap()).unwrap()
}

pub(crate) async fn jwks(kommun: &Kommun) -> Vec<Value> {
    let set: Value = serde_json::from_str(&kommun.browser().get("/jwks").await.body).unwrap();
    set["keys"].as_array().unwrap().clone()
}

/// Verifies with other people's code and the published key; gives the claims.
async fn verified_with(kommun: &Kommun, jwt: &str, algorithm: &str, audience: &str) -> Value {
    let head = decode_header(jwt).unwrap();
    let keys = jwks(kommun).await;
    let key = keys.iter().find(|key| key["kid"].as_str() == head.kid.as_deref()).expect("the key is published");
    assert_eq!((header(jwt)["alg"].as_str(), key["alg"].as_str(), key["use"].as_str()), (Some(algorithm), Some(algorithm), Some("sig")));
    let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
    let mut validation = Validation::new(head.alg);
    validation.set_audience(&[audience]);
    validation.required_spec_claims.remove("exp");
    decode::<Value>(jwt, &DecodingKey::from_jwk(&key).unwrap(), &validation).unwrap().claims
}

/// OP-24: each service's ID Token, UserInfo, authorization response and introspection answer in the algorithm that it registered, and
/// one that registered nothing in ES256.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_gets_the_algorithm_it_registered() {
    let keys = Keys::new();
    let kommun = Kommun::configured(|config| {
        let services = Algorithm::OURS.map(|algorithm| {
            service(config, &format!("tjanst-{}", algorithm.name().to_lowercase()), &keys, |client| {
                client.id_token_signed_response_alg = Some(algorithm);
                client.userinfo_signed_response_alg = Some(algorithm);
                client.authorization_signed_response_alg = Some(algorithm);
                client.introspection_signed_response_alg = Some(algorithm);
            })
        });
        config.clients.extend(services);
    })
    .await;
    assert!(jwks(&kommun).await.iter().all(|key| key["kty"] != "RSA"), "made when they are needed");
    let mut worker = kommun.worker("Amina Sahlin").await;
    for algorithm in Algorithm::OURS {
        let (name, id) = (algorithm.name(), format!("tjanst-{}", algorithm.name().to_lowercase()));
        let service = portal(&kommun, &id, &keys);
        let mut login = service.begins_with(kommun.browser(), &[("response_mode", "jwt")]).await;
        worker.approves(&login).await;
        let response = login.goes_on().await.answer("response").unwrap();
        let code = verified_with(&kommun, &response, name, &id).await["code"].as_str().unwrap().to_owned();
        let (status, tokens) = service.exchanges(&login.browser, &code, &login.verifier).await;
        assert_eq!(status, 200, "{tokens}");
        let claims = verified_with(&kommun, tokens["id_token"].as_str().unwrap(), name, &id).await;
        let access = tokens["access_token"].as_str().unwrap();
        let half = if algorithm == Algorithm::EdDsa { 43 } else { 22 };
        assert_eq!((claims["nonce"].as_str(), claims["at_hash"].as_str().unwrap().len()), (Some(login.nonce.as_str()), half), "{name}");
        let info = verified_with(&kommun, &userinfo(&login.browser, access).await.1, name, &id).await;
        assert_eq!(info["sub"], claims["sub"]);
        let told = asks(&service, &login.browser, access).await;
        let told = verified_with(&kommun, told.body.as_str().unwrap(), name, &id).await;
        assert_eq!(told["token_introspection"]["active"], true);
    }
    let kids: std::collections::BTreeSet<String> = jwks(&kommun).await.iter().map(|key| key["kid"].to_string()).collect();
    assert_eq!(kids.len(), jwks(&kommun).await.len(), "OP-22: each id is one key's");
}

/// `POST /introspect`, proven.
async fn asks(service: &Portal, browser: &crate::kommun::Browser, token: &str) -> Answer {
    let assertion = service.assertion(&json!({}), &json!({}));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    post(browser, "/introspect", &[], &[("token", token), ("client_assertion_type", kind), ("client_assertion", &assertion)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_a_service_alone_is_encrypted_to_it() {
    let keys = Keys::new();
    let encrypted = |client: &mut Client| {
        (client.id_token_encrypted_response_alg, client.id_token_encrypted_response_enc) =
            (Some(KeyManagement::EcdhEs), Some(ContentEncryption::A256Gcm));
        (client.userinfo_encrypted_response_alg, client.introspection_encrypted_response_alg) =
            (Some(KeyManagement::EcdhEs), Some(KeyManagement::EcdhEs));
        (client.authorization_encrypted_response_alg, client.authorization_encrypted_response_enc) =
            (Some(KeyManagement::EcdhEs), Some(ContentEncryption::A128Gcm));
    };
    let kommun = Kommun::configured(|config| {
        let whole = service(config, "sluten", &keys, encrypted);
        let plain = service(config, "sluten-json", &keys, |client| {
            encrypted(client);
            (client.userinfo_signed, client.profile) = (false, Profile::Core);
        });
        config.clients.extend([whole, plain]);
    })
    .await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    for id in ["sluten", "sluten-json"] {
        let service = portal(&kommun, id, &keys);
        let mut login = service.begins_with(kommun.browser(), &[("response_mode", "jwt")]).await;
        worker.approves(&login).await;
        let (head, response) = keys.opens(&login.goes_on().await.answer("response").unwrap());
        assert_eq!((head["enc"].as_str(), head["cty"].as_str(), head["kid"].as_str()), (Some("A128GCM"), Some("JWT"), Some(&*format!("{id}-opens"))));
        let code = verified_with(&kommun, &response, "ES256", id).await["code"].as_str().unwrap().to_owned();
        let (_, tokens) = service.exchanges(&login.browser, &code, &login.verifier).await;
        let (head, id_token) = keys.opens(tokens["id_token"].as_str().unwrap());
        assert_eq!((head["enc"].as_str(), head["alg"].as_str()), (Some("A256GCM"), Some("ECDH-ES")));
        let claims = verified_with(&kommun, &id_token, "ES256", id).await;
        let access = tokens["access_token"].as_str().unwrap();
        let (head, info) = keys.opens(&userinfo(&login.browser, access).await.1);
        assert_eq!(head["enc"], "A128CBC-HS256", "the default of the registration");
        let info = if id == "sluten" { verified_with(&kommun, &info, "ES256", id).await } else { serde_json::from_str(&info).unwrap() };
        assert_eq!((&info["sub"], head.get("cty").is_some()), (&claims["sub"], id == "sluten"));
        let told = keys.opens(asks(&service, &login.browser, access).await.body.as_str().unwrap()).1;
        assert_eq!(verified_with(&kommun, &told, "ES256", id).await["token_introspection"]["sub"], claims["sub"]);
    }
}

/// A service's keys at an address: found, changed without a restart, kept through an outage and not for ever; and nobody makes us ask
/// more often than now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_changes_the_keys_that_it_publishes() {
    let (elsewhere, first, second) = (Elsewhere::open().await, Keys::new(), Keys::new());
    let kommun = Kommun::configured(|config| {
        let published = service(config, "nyckelring", &first, |client| {
            client.jwks = None;
            client.jwks_uri = Some(elsewhere.url("/jwks"));
            client.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        });
        config.clients.push(published);
        config.outbound.allow.push(elsewhere.host());
    })
    .await;
    let (clock, browser) = (&kommun.server.clock, kommun.browser());
    let proves = async |keys: &Keys, kid: &str| {
        let assertion = portal(&kommun, "nyckelring", keys).assertion(&json!({}), &json!({ "kid": kid }));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        post(&browser, "/introspect", &[], &[("token", "x"), ("client_assertion_type", kind), ("client_assertion", &assertion)]).await.status
    };
    assert_eq!((proves(&first, "nyckelring").await, elsewhere.asked("/jwks")), (401, 1), "nothing is published yet");
    elsewhere.puts("/jwks", &first.published("nyckelring").to_string());
    assert_eq!((proves(&first, "nyckelring").await, elsewhere.asked("/jwks")), (401, 1), "it was asked a moment ago");
    clock.advance(31);
    assert_eq!((proves(&first, "nyckelring").await, elsewhere.asked("/jwks")), (200, 2));
    assert_eq!((proves(&first, "nyckelring").await, elsewhere.asked("/jwks")), (200, 2), "kept");

    elsewhere.puts("/jwks", &second.published("ny").to_string());
    assert_eq!((proves(&second, "ny").await, elsewhere.asked("/jwks")), (401, 2), "asked a moment ago");
    clock.advance(31);
    assert_eq!((proves(&second, "ny").await, elsewhere.asked("/jwks")), (200, 3), "an unknown key is looked for once");
    assert_eq!(proves(&first, "nyckelring").await, 401, "the old one is gone");
    for _ in 0..5 {
        assert_eq!(proves(&second, "okänd").await, 401);
    }
    assert_eq!(elsewhere.asked("/jwks"), 3);

    let mut worker = kommun.worker("Amina Sahlin").await;
    let service = portal(&kommun, "nyckelring", &second);
    let mut login = service.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let named = [("client_assertion", service.assertion(&json!({}), &json!({ "kid": "ny" })))];
    let (_, tokens) =
        service.exchanges_with(&login.browser, &code, &login.verifier, &named.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!(second.opens(tokens["id_token"].as_str().unwrap()).0["kid"], "ny-opens", "encrypted to the newest key");

    elsewhere.is_down(true);
    clock.advance(23 * 3600);
    assert_eq!(proves(&second, "ny").await, 200, "an outage is lived through");
    clock.advance(2 * 3600);
    assert_eq!(proves(&second, "ny").await, 401, "and not for ever");
}

/// Where encryption is registered and no key is found, nothing is told in the clear instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_nothing_is_told() {
    let (elsewhere, keys) = (Elsewhere::open().await, Keys::new());
    let signing_only = json!({ "keys": [keys.published("nyckelring")["keys"][0]] });
    elsewhere.puts("/jwks", &signing_only.to_string());
    let kommun = Kommun::configured(|config| {
        let published = service(config, "nyckelring", &keys, |client| {
            client.jwks = None;
            client.jwks_uri = Some(elsewhere.url("/jwks"));
            client.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
            client.userinfo_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        });
        config.clients.push(published);
        config.outbound.allow.push(elsewhere.host());
    })
    .await;
    let (mut worker, service) = (kommun.worker("Amina Sahlin").await, portal(&kommun, "nyckelring", &keys));
    let mut login = service.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let form = service.token_form(&code, &login.verifier, &[]);
    let request = login.browser.http.post(format!("{}/token", login.browser.base)).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.unwrap();
    let (status, answer): (u16, Value) = (answer.status().as_u16(), answer.json().await.unwrap());
    assert_eq!((status, answer.get("id_token"), answer.get("access_token")), (500, None, None), "{answer}");
}

/// Services and their addresses: two of one host, one of another, two that one list holds together.
const SECTORS: [(&str, &str); 5] = [
    ("vard-a", "https://care.example/cb"),
    ("vard-b", "https://care.example/annan"),
    ("skola-a", "https://skola.example/cb"),
    ("grupp-a", "https://a.example/cb"),
    ("grupp-b", "https://b.example/cb"),
];

/// OP-21: pairwise names differ from sector to sector and are the same within one, wherever they are told, and public ones reveal
/// nothing either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_another_name_in_each_sector() {
    let (elsewhere, keys) = (Elsewhere::open().await, Keys::new());
    let kommun = Kommun::configured(|config| {
        let pairwise = |config: &Config, id: &str, redirect: &str, sector: Option<String>| {
            service(config, id, &keys, |client| {
                client.subject_type = SubjectType::Pairwise;
                client.sector_identifier_uri = sector;
                client.redirect_uris = vec![redirect.to_owned()];
                client.userinfo_signed = false;
            })
        };
        let list = Some(elsewhere.url("/sector"));
        let services = [
            pairwise(config, "vard-a", "https://care.example/cb", None),
            pairwise(config, "vard-b", "https://care.example/annan", None),
            pairwise(config, "skola-a", "https://skola.example/cb", None),
            pairwise(config, "grupp-a", "https://a.example/cb", list.clone()),
            pairwise(config, "grupp-b", "https://b.example/cb", list.clone()),
            pairwise(config, "frammande", "https://evil.example/cb", list),
        ];
        config.clients.extend(services);
        config.outbound.allow.push(elsewhere.host());
    })
    .await;
    elsewhere.puts("/sector", r#"["https://a.example/cb", "https://b.example/cb"]"#);
    let mut worker = kommun.worker("Amina Sahlin").await;
    let person = worker.known().await;
    let mut names = Vec::new();
    for (id, redirect) in SECTORS {
        let service = Portal::new(&kommun, id, Some(keys.signing.clone()), redirect);
        let name = told_everywhere(&kommun, &service, &mut worker).await;
        // The value of a claims request is compared with what this service calls the person.
        for (asked, is_met) in [(name.as_str(), true), (person.subject.as_str(), false)] {
            let claims = json!({ "id_token": { "sub": { "value": asked } } }).to_string();
            let mut login = service.begins_with(kommun.browser(), &[("claims", &claims)]).await;
            worker.approves(&login).await;
            let page = login.goes_on().await;
            // Who is not the one named reads so before the service hears of it (OP-19).
            let is_told = page.location().is_some_and(|location| location.starts_with("/besked/"));
            assert_eq!((page.answer("code").is_some(), is_told), (is_met, !is_met), "{id} {asked}");
        }
        names.push(name);
    }
    let [care, care_too, school, group, group_too] = names.as_slice() else { panic!() };
    assert_eq!((care, group), (care_too, group_too), "one sector, one name");
    let all = [care, school, group, &person.subject];
    for (at, name) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(name), "no two sectors share a name");
        for known in [person.affiliation_id.to_string(), person.subject.clone(), "2120009994".to_owned(), "Amina Sahlin".to_owned()] {
            let derived = [known.clone(), format!("care.example{known}")].map(|text| Digest::of(text.as_bytes()).to_base64url());
            assert!(!derived.contains(name) && (*name == &known || !name.contains(&known)), "{name}");
        }
    }
    let stranger = Portal::new(&kommun, "frammande", Some(keys.signing.clone()), "https://evil.example/cb");
    let page = kommun.browser().get(&stranger.address("x", &[])).await;
    assert_eq!((page.status, page.location()), (400, None), "who owns the sector does not know it");
}

/// What a person is called in the ID Token, in UserInfo, to who asks about either token, and after a refresh: always the same.
async fn told_everywhere(kommun: &Kommun, service: &Portal, worker: &mut Worker) -> String {
    let (login, tokens) = stays(service, worker, kommun).await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let info: Value = serde_json::from_str(&userinfo(&login.browser, access).await.1).unwrap();
    let mut told = vec![subject_of(tokens["id_token"].as_str().unwrap()), info["sub"].as_str().unwrap().to_owned()];
    for token in [access, refresh] {
        told.push(asks(service, &login.browser, token).await.body["sub"].as_str().unwrap().to_owned());
    }
    let assertion = service.assertion(&json!({}), &json!({}));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_assertion_type", kind), ("client_assertion", &assertion)];
    told.push(subject_of(&post(&login.browser, "/token", &[], &fields).await.token("id_token")));
    assert!(told.iter().all(|name| *name == told[0]), "{told:?}");
    told.swap_remove(0)
}

fn subject_of(jwt: &str) -> String {
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(jwt.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

/// OP-22, attack 38: the next key is published before it signs; a token by the old one verifies until it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_change_while_services_go_on() {
    let keys = Keys::new();
    let kommun = Kommun::configured(|config| {
        let rs256 = service(config, "gammal", &keys, |client| client.id_token_signed_response_alg = Some(Algorithm::Rs256));
        config.clients.push(rs256);
    })
    .await;
    let (mut worker, service) = (kommun.worker("Amina Sahlin").await, portal(&kommun, "gammal", &keys));
    let mut logs_in = async || {
        let mut login = service.begins(kommun.browser()).await;
        worker.approves(&login).await;
        let code = login.code().await;
        service.exchanges(&login.browser, &code, &login.verifier).await.1["id_token"].as_str().unwrap().to_owned()
    };
    let before = logs_in().await;
    let of_kind = |keys: Vec<Value>| keys.into_iter().filter(|key| key["alg"] == "RS256").map(|key| key["kid"].clone()).collect::<Vec<_>>();
    let published = of_kind(jwks(&kommun).await);
    assert_eq!((published.len(), &published[0]), (2, &header(&before)["kid"]), "in use and next; the next signs nothing");
    kommun.server.clock.advance(86_400);
    kommun.server.keys.rotate(Kind::TokenSigningRs256, kommun.now(), &mut Rng::system()).unwrap();
    let after = logs_in().await;
    assert_eq!(header(&after)["kid"], published[1], "the one that was published first");
    let published = of_kind(jwks(&kommun).await);
    assert_eq!(published.len(), 3);
    verified_with(&kommun, &after, "RS256", "gammal").await;
    assert!(published.contains(&header(&before)["kid"]), "what the old one signed verifies on");
    kommun.server.keys.compromise(Kind::TokenSigningRs256, kommun.now(), &mut Rng::system()).unwrap();
    assert!(!of_kind(jwks(&kommun).await).contains(&header(&after)["kid"]), "a lost key verifies nothing");
}
