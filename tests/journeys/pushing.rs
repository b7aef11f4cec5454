//! Requests that come pushed or signed, and answers that come posted or signed.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::{
    journeys::log_in::verified,
    kommun::{Answer, Browser, Kommun, Login, Portal, post},
};

/// The parameters of a right request, some changed; an empty value leaves one out.
pub(crate) fn parameters(portal: &Portal, secret: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let address = portal.address(secret, changes);
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let escaped = first == b'%';
            bytes.push(if escaped { u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap() } else { first });
            rest = if escaped { &after[2..] } else { after };
        }
        String::from_utf8(bytes).unwrap()
    };
    let query = address.split_once('?').unwrap().1;
    query.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), decode(value))).collect()
}

/// Pushes a request, proven by an assertion where the service has a key.
pub(crate) async fn pushed(portal: &Portal, browser: &Browser, secret: &str, changes: &[(&str, &str)]) -> Answer {
    let mut parameters = parameters(portal, secret, changes);
    if portal.key.is_some() {
        parameters.push(("client_assertion_type".to_owned(), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()));
        parameters.push(("client_assertion".to_owned(), portal.assertion(&json!({}), &json!({}))));
    }
    let fields: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    post(browser, "/par", &[], &fields).await
}

/// The address that a browser opens for a pushed request.
pub(crate) fn address_of(portal: &Portal, pushed: &Answer) -> String {
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    format!("/authorize?client_id={}&request_uri={}", portal.id, pushed.body["request_uri"].as_str().unwrap().replace(':', "%3A"))
}

/// A signed request (RFC 9101) as its parameter, with some claims and header members changed; null leaves one out.
pub(crate) fn object(portal: &Portal, secret: &str, claims: &Value, header: &Value) -> String {
    let mut members: serde_json::Map<String, Value> = parameters(portal, secret, &[]).into_iter().map(|(name, value)| (name, value.into())).collect();
    let about = json!({ "iss": portal.id, "aud": portal.issuer, "exp": portal.server.clock.now().seconds() + 300 });
    members.extend(about.as_object().unwrap().clone());
    portal.signed_request(&members, claims, header)
}

pub(crate) async fn a_pushed_request_is_opened_twice_and_completed_once(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let answer = pushed(&care, &kommun.browser(), "p", &[]).await;
    let address = address_of(&care, &answer);
    assert_eq!((answer.body["expires_in"].as_i64(), answer.headers["cache-control"].to_str().unwrap()), (Some(300), "no-store"));
    let (mut first, mut second) = (care.opens(kommun.browser(), &address, "p").await, care.opens(kommun.browser(), &address, "p").await);
    worker.approves(&second).await;
    let code = second.code().await;
    let (status, tokens) = care.exchanges(&second.browser, &code, &second.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    worker.approves(&first).await;
    let late = first.goes_on().await;
    assert_eq!(late.answer("error").as_deref(), Some("invalid_request_uri"), "{late:?}");
    assert_eq!(kommun.browser().get(&address).await.status, 400, "and is opened no more");
}

pub(crate) async fn a_signed_request_counts_and_what_stands_beside_it_does_not(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    for audience in [kommun.issuer.clone(), format!("{}/authorize", kommun.issuer)] {
        let request = object(&care, "s", &json!({ "aud": audience }), &json!({}));
        let beside = [("request", request.as_str()), ("state", "other"), ("nonce", "other"), ("redirect_uri", "https://evil.example/cb")];
        let mut login = care.opens(kommun.browser(), &care.address("s", &beside), "s").await;
        worker.approves(&login).await;
        let code = login.code().await; // checks the state of the signed request
        let (_, tokens) = care.exchanges(&login.browser, &code, &login.verifier).await;
        let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), "vardportalen").await;
        assert_eq!(claims["nonce"], "nonce-s", "OP-09, {audience}");
    }
}

pub(crate) async fn answers_come_in_the_way_the_service_registered(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let mut login = care.begins_with(kommun.browser(), &[("response_mode", "form_post")]).await;
    worker.approves(&login).await;
    let page = login.goes_on().await;
    assert_eq!((page.status, page.between("action=\"", "\"")), (200, "https://care.example/cb"));
    assert!(page.headers["content-security-policy"].to_str().unwrap().ends_with("form-action https://care.example"), "{:?}", page.headers);
    let field = |name: &str| page.between(&format!("name=\"{name}\" value=\""), "\"").to_owned();
    assert_eq!((field("state"), field("iss")), (login.state.clone(), kommun.issuer.clone()));
    assert_eq!(care.exchanges(&login.browser, &field("code"), &login.verifier).await.0, 200);

    let mut login = care.begins_with(kommun.browser(), &[("response_mode", "jwt")]).await;
    worker.approves(&login).await;
    let response = login.goes_on().await.answer("response").unwrap();
    let claims = verified(kommun, &response, "vardportalen").await;
    let life = claims["exp"].as_i64().unwrap() - kommun.now().seconds();
    assert!(claims["state"] == json!(login.state) && life > 0 && life <= 600, "{claims}");
    assert_eq!(care.exchanges(&login.browser, claims["code"].as_str().unwrap(), &login.verifier).await.0, 200);

    let refused = kommun.browser().get(&care.address("r", &[("response_mode", "query.jwt"), ("scope", "profile")])).await;
    let claims = verified(kommun, &refused.answer("response").unwrap(), "vardportalen").await;
    assert_eq!(claims["error"], "invalid_scope", "errors too");
    let unregistered = kommun.browser().get(&kommun.school().address("r", &[("response_mode", "form_post")])).await;
    assert_eq!(unregistered.answer("error").as_deref(), Some("invalid_request"), "told in the query");
}

pub(crate) async fn requests_that_are_not_the_services_own(kommun: &Kommun) {
    let (care, school) = (kommun.care(), kommun.school());
    let mut browser = kommun.browser();
    let answer = pushed(&care, &browser, "x", &[]).await;
    let right = address_of(&care, &answer);
    let foreign = right.replace("client_id=vardportalen", "client_id=skolportalen");
    let unknown = format!("{right}x");
    for wrong in [foreign.as_str(), &unknown, "/authorize?client_id=vardportalen&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A"] {
        let page = browser.get(wrong).await;
        assert_eq!((page.status, page.location()), (400, None), "{wrong}");
    }
    assert_eq!(pushed(&care, &browser, "x", &[("redirect_uri", "https://evil.example/cb")]).await.error(), (400, "invalid_request"));
    assert_eq!(pushed(&care, &browser, "x", &[("request_uri", "urn:x")]).await.error(), (400, "invalid_request"));
    assert_eq!(pushed(&care, &browser, "x", &[("code_challenge", "")]).await.error(), (400, "invalid_request"));
    let by_name = post(&browser, "/par", &[], &[("client_id", "vardportalen"), ("response_type", "code")]).await;
    assert_eq!(by_name.error(), (401, "invalid_client"));
    kommun.server.clock.advance(301);
    assert_eq!(browser.get(&right).await.status, 400, "five minutes");

    let now = kommun.now().seconds();
    let stranger = Portal { key: school.key.clone(), ..care.clone() };
    let wrong = [
        object(&stranger, "x", &json!({}), &json!({})),
        object(&care, "x", &json!({ "iss": "skolportalen" }), &json!({})),
        object(&care, "x", &json!({ "aud": "https://other.example" }), &json!({})),
        object(&care, "x", &json!({ "client_id": "skolportalen" }), &json!({})),
        object(&care, "x", &json!({ "exp": now - 1 }), &json!({})),
        object(&care, "x", &json!({ "request": "a.b.c" }), &json!({})),
        object(&care, "x", &json!({}), &json!({ "alg": "none" })),
        object(&care, "x", &json!({}), &json!({ "alg": "HS256" })),
        object(&care, "x", &json!({}), &json!({ "kid": "other" })),
        object(&care, "x", &json!({ "sub": "vardportalen" }), &json!({})),
        BASE64URL_NOPAD.encode(b"{}"),
    ];
    for request in &wrong {
        let page = browser.get(&care.address("x", &[("request", request)])).await;
        assert_eq!((page.status, page.location()), (400, None), "a page and no redirect: {request}");
    }
}

impl Portal {
    /// A browser opens an address that leads to a log-in.
    pub(crate) async fn opens(&self, mut browser: Browser, address: &str, secret: &str) -> Login {
        let page = browser.get(address).await;
        let waiting = page.location().unwrap_or_else(|| panic!("{} {}", page.status, page.body)).to_owned();
        self.waits(browser, &waiting, secret).await
    }
}
