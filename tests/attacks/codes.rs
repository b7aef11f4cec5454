//! `/token`: a code counts once, for one service, with its proof; and a confidential service proves itself each time.

use data_encoding::BASE64URL_NOPAD;
use handslag_server::caller::Rng;
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use serde_json::{Value, json};

use crate::{
    journeys::userinfo,
    kommun::{Kommun, Login, Portal, Worker},
};

async fn approved(portal: &Portal, worker: &mut Worker, kommun: &Kommun) -> (Login, String) {
    let mut login = portal.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    (login, code)
}

fn error(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"].as_str().unwrap_or("none"))
}

pub(crate) async fn a_code_is_used_once_and_a_second_use_ends_the_first(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let (login, code) = approved(&school, &mut worker, kommun).await;
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(userinfo(&login.browser, token).await.0, 200);
    for _ in 0..2 {
        let again = school.exchanges(&login.browser, &code, &login.verifier).await;
        assert_eq!(error(&again), (400, "invalid_grant"));
        assert_eq!(userinfo(&login.browser, token).await.0, 401, "what the first one got ends (OP-06)");
    }
    for wrong in ["", "x", "hs_access_", &code, &token.to_uppercase()] {
        assert_eq!(userinfo(&login.browser, wrong).await.0, 401, "{wrong}");
    }
    kommun.journal_holds().await;
}

pub(crate) async fn a_wrong_exchange_kills_the_code(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for changes in [("code_verifier", verifier), ("code_verifier", ""), ("redirect_uri", "https://app.example/cb?fast=1"), ("redirect_uri", "")] {
        let (login, code) = approved(&app, &mut worker, kommun).await;
        let wrong = app.exchanges_with(&login.browser, &code, &login.verifier, &[changes]).await;
        assert_eq!(error(&wrong), (400, "invalid_grant"), "{changes:?}");
        let right = app.exchanges(&login.browser, &code, &login.verifier).await;
        assert_eq!(error(&right), (400, "invalid_grant"), "dead after {changes:?}");
    }
    let (login, code) = approved(&kommun.school(), &mut worker, kommun).await;
    let foreign = kommun.care().exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(error(&foreign), (400, "invalid_grant"), "another service's code");
    assert_eq!(error(&kommun.school().exchanges(&login.browser, &code, &login.verifier).await), (400, "invalid_grant"));
    let (login, code) = approved(&kommun.school(), &mut worker, kommun).await;
    let at_its_address = [("redirect_uri", kommun.school().redirect_uri)];
    let at_its_address = at_its_address.each_ref().map(|(name, value)| (*name, value.as_str()));
    let foreign = kommun.care().exchanges_with(&login.browser, &code, &login.verifier, &at_its_address).await;
    assert_eq!(error(&foreign), (400, "invalid_grant"), "also with everything else right");
    let resource = [("resource", "https://other.example")];
    let (login, code) = approved(&kommun.care(), &mut worker, kommun).await;
    assert_eq!(error(&kommun.care().exchanges_with(&login.browser, &code, &login.verifier, &resource).await), (400, "invalid_target"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM access_tokens").await, 0);
}

pub(crate) async fn an_expired_code_is_dead(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, code) = approved(&app, &mut worker, kommun).await;
    kommun.server.clock.advance(61);
    assert_eq!(error(&app.exchanges(&login.browser, &code, &login.verifier).await), (400, "invalid_grant"));
    let (login, code) = approved(&app, &mut worker, kommun).await;
    let (_, tokens) = app.exchanges(&login.browser, &code, &login.verifier).await;
    kommun.server.clock.advance(301);
    assert_eq!(userinfo(&login.browser, tokens["access_token"].as_str().unwrap()).await.0, 401, "an access token lives five minutes");
}

pub(crate) async fn of_fifty_takers_of_a_code_one_wins(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let (login, code) = approved(&school, &mut worker, kommun).await;
    let answers = kommun.fifty(|_| {
        let (school, browser, code, verifier) = (school.clone(), login.browser.clone(), code.clone(), login.verifier.clone());
        async move { school.exchanges(&browser, &code, &verifier).await }
    });
    let answers = answers.await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.0 == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().filter(|answer| answer.0 != 200).all(|answer| error(answer) == (400, "invalid_grant")), "{answers:?}");
    assert_eq!(userinfo(&login.browser, won[0].1["access_token"].as_str().unwrap()).await.0, 401, "forty-nine second uses ended it");
    kommun.journal_holds().await;
}

pub(crate) async fn services_that_do_not_prove_themselves(kommun: &Kommun) {
    let (school, care, mut worker) = (kommun.school(), kommun.care(), kommun.worker("Amina Sahlin").await);
    let (login, code) = approved(&school, &mut worker, kommun).await;
    let now = kommun.now().seconds();
    let stranger = Portal { key: Some(SigningKey::generate_from_rng(&mut Rng::system())), ..school.clone() };
    let unsigned = school.assertion(&json!({}), &json!({ "alg": "none" }));
    let wrong = [
        school.assertion(&json!({ "aud": "https://other.example" }), &json!({})),
        school.assertion(&json!({ "aud": format!("{}/", kommun.issuer) }), &json!({})),
        school.assertion(&json!({ "exp": now - 1 }), &json!({})),
        school.assertion(&json!({ "exp": now + 4_000 }), &json!({})),
        school.assertion(&json!({ "iat": now + 3_600, "exp": now + 3_610 }), &json!({})),
        school.assertion(&json!({ "nbf": now + 3_600, "exp": now + 3_610 }), &json!({})),
        school.assertion(&json!({ "jti": null }), &json!({})),
        school.assertion(&json!({ "iss": "vardportalen" }), &json!({})),
        school.assertion(&json!({}), &json!({ "alg": "HS256" })),
        school.assertion(&json!({}), &json!({ "kid": "other" })),
        school.assertion(&json!({}), &json!({ "typ": "dpop+jwt" })),
        stranger.assertion(&json!({}), &json!({})),
        care.assertion(&json!({ "iss": "skolportalen", "sub": "skolportalen" }), &json!({ "kid": "skolportalen" })),
        unsigned.clone(),
        unsigned.trim_end_matches('.').to_owned(),
        with_hmac_of_the_public_key(kommun),
        String::from("a.b.c"),
    ];
    for assertion in &wrong {
        let answer = school.exchanges_with(&login.browser, &code, &login.verifier, &[("client_assertion", assertion)]).await;
        assert_eq!(error(&answer), (401, "invalid_client"), "{assertion}");
    }
    let by_name = [("client_assertion", ""), ("client_assertion_type", ""), ("client_id", "skolportalen")];
    assert_eq!(error(&school.exchanges_with(&login.browser, &code, &login.verifier, &by_name).await), (401, "invalid_client"), "by name alone");
    let both = [("client_secret", "x"), ("client_id", "skolportalen")];
    assert_eq!(error(&school.exchanges_with(&login.browser, &code, &login.verifier, &both).await), (400, "invalid_request"), "two ways at once");
    let secret = [by_name[0], by_name[1], by_name[2], ("client_secret", "x")];
    assert_eq!(error(&school.exchanges_with(&login.browser, &code, &login.verifier, &secret).await), (401, "invalid_client"), "OP-07");

    let assertion = school.assertion(&json!({}), &json!({}));
    let once = [("client_assertion", assertion.as_str())];
    assert_eq!(school.exchanges_with(&login.browser, &code, &login.verifier, &once).await.0, 200, "nobody unproved has killed the code");
    let (login, code) = approved(&school, &mut worker, kommun).await;
    assert_eq!(error(&school.exchanges_with(&login.browser, &code, &login.verifier, &once).await), (401, "invalid_client"), "replayed");
    assert_eq!(school.exchanges(&login.browser, &code, &login.verifier).await.0, 200);
}

/// The old confusion: HS256 with the published key as its secret.
fn with_hmac_of_the_public_key(kommun: &Kommun) -> String {
    let school = kommun.school();
    let public = handslag_phone::es256::public(school.key.as_ref().unwrap());
    let now = kommun.now().seconds();
    let claims = json!({ "iss": "skolportalen", "sub": "skolportalen", "aud": kommun.issuer, "jti": "h", "iat": now, "exp": now + 60 });
    let header = jsonwebtoken::Header { kid: Some("skolportalen".to_owned()), ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256) };
    let made = jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(&public.0)).unwrap();
    assert!(BASE64URL_NOPAD.decode(made.rsplit('.').next().unwrap().as_bytes()).is_ok());
    made
}
