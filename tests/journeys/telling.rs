//! What a service is told and in which way it asks: claims, UserInfo, and its own words coming back.

use data_encoding::BASE64URL_NOPAD;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::{
    journeys::{address_of, metadata, object, pushed, registers, verified},
    kommun::{Browser, Kommun, Login, ORG_ID, Page, Portal, TOKENS, WHO, Worker, form},
};

const JOURNAL: &str = "https://journal.example";

/// A parameter of the answer, decoded by other people's code.
fn told(page: &Page, name: &str) -> Option<String> {
    let location = Url::parse(page.location()?).unwrap();
    location.query_pairs().find(|(told, _)| told == name).map(|(_, value)| value.into_owned())
}

fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(jwt.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap()
}

async fn tokens(portal: &Portal, worker: &mut Worker, mut login: Login) -> Value {
    worker.approves(&login).await;
    let code = told(&login.goes_on().await, "code").unwrap();
    let (status, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

/// OP-03: hundreds of characters of every kind, in success and in error, in the query, in a form, in a token, and pushed.
pub(crate) async fn what_a_service_sent_comes_back_letter_by_letter(kommun: &Kommun) {
    let visible: String = (' '..='~').collect();
    let state = format!("{visible}åäö€ 100%25+%2B&state=x\u{1F511}{}", "s".repeat(400));
    let (care, app, mut worker) = (kommun.care(), kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let sent = [("state", state.as_str())];
    for portal in [&care, &app] {
        let mut login = portal.begins_with(kommun.browser(), &sent).await;
        worker.approves(&login).await;
        let page = login.goes_on().await;
        assert!(told(&page, "code").is_some(), "{page:?}");
        assert_eq!(told(&page, "state").as_deref(), Some(state.as_str()));
    }
    let refused = kommun.browser().get(&app.address("x", &[sent[0], ("scope", "profile")])).await;
    assert_eq!((told(&refused, "error").as_deref(), told(&refused, "state")), (Some("invalid_scope"), Some(state.clone())));

    let mut login = care.begins_with(kommun.browser(), &[sent[0], ("response_mode", "query.jwt")]).await;
    worker.approves(&login).await;
    let response = told(&login.goes_on().await, "response").unwrap();
    assert_eq!(verified(kommun, &response, "vardportalen").await["state"], json!(state));

    let address = address_of(&care, &pushed(&care, &kommun.browser(), "p", &sent).await);
    let mut login = care.opens(kommun.browser(), &address, "p").await;
    worker.approves(&login).await;
    assert_eq!(told(&login.goes_on().await, "state"), Some(state));
}

/// OP-15: a claim goes where the `claims` parameter says, in the query and in a signed object, and to UserInfo all the same where its scope
/// was asked.
pub(crate) async fn a_claim_goes_where_the_service_says(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let wanted = json!({ "id_token": { "name": null }, "userinfo": { "given_name": { "essential": true } } });
    let by_query = care.begins_with(kommun.browser(), &[("claims", &wanted.to_string())]).await;
    let request = object(&care, "o", &json!({ "claims": wanted }), &json!({}));
    let by_object = care.opens(kommun.browser(), &care.address("o", &[("request", &request)]), "o").await;
    for login in [by_query, by_object] {
        let browser = login.browser.clone();
        let tokens = tokens(&care, &mut worker, login).await;
        let id_token = verified(kommun, tokens["id_token"].as_str().unwrap(), "vardportalen").await;
        assert_eq!((&id_token["name"], id_token.get("given_name")), (&json!("Amina Sahlin"), None), "{id_token}");
        let (status, info) = super::userinfo(&browser, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(status, 200);
        let info = verified(kommun, &info, "vardportalen").await;
        assert_eq!((&info["name"], &info["given_name"]), (&json!("Amina Sahlin"), &json!("Amina")), "its scope was asked too: {info}");
    }
    let plain = tokens(&care, &mut worker, care.begins(kommun.browser()).await).await;
    let id_token = claims(plain["id_token"].as_str().unwrap());
    assert!(id_token.get("name").is_none(), "without the parameter: {id_token}");
    let for_journal = care.begins_with(kommun.browser(), &[("scope", "openid profile")]).await;
    let browser = for_journal.browser.clone();
    let mut for_journal = for_journal;
    worker.approves(&for_journal).await;
    let code = for_journal.code().await;
    let (_, answer) = care.exchanges_with(&browser, &code, &for_journal.verifier, &[("resource", JOURNAL)]).await;
    let access = claims(answer["access_token"].as_str().unwrap());
    assert!(!access.to_string().contains("Amina"), "OP-23: nothing about the person in an access token: {access}");
}

/// SE-02, SE-03, SE-04, OP-21: `<opaque>@<the organisation's number>`, random, another one for each work identity and in each organisation.
pub(crate) async fn a_work_identity_has_its_form_and_is_one_persons(kommun: &Kommun) {
    let care = kommun.care();
    let mut seen = std::collections::BTreeSet::new();
    // Of the same name twice, the second after the first was blocked. No part of a name so short that chance writes it.
    for name in ["Amina Sahlin", "Amina Sahlin", "Birgitta Engberg"] {
        let mut worker = kommun.worker(name).await;
        let login = care.begins_with(kommun.browser(), &[("scope", &format!("openid profile {ORG_ID}"))]).await;
        let browser = login.browser.clone();
        let tokens = tokens(&care, &mut worker, login).await;
        let id_token = verified(kommun, tokens["id_token"].as_str().unwrap(), "vardportalen").await;
        let info = verified(kommun, &super::userinfo(&browser, tokens["access_token"].as_str().unwrap()).await.1, "vardportalen").await;
        let who = id_token[WHO].as_str().unwrap().to_owned();
        let (opaque, number) = who.split_once('@').unwrap();
        assert!(opaque.len() >= 8 && opaque.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{who}");
        assert_eq!((info["https://id.oidc.se/claim/orgNumber"].as_str(), number.len()), (Some(number), 10), "{info}");
        number.parse::<handslag_vocab::OrganisationNumber>().expect("with its check digit");
        let subject = id_token["sub"].as_str().unwrap().to_owned();
        for known in name.to_lowercase().split(' ').chain([number, worker.affiliation.as_str()]) {
            assert!(!subject.to_lowercase().contains(known) && !opaque.contains(known), "{subject} {who}");
        }
        for name in [who, subject] {
            assert!(seen.insert(name.clone()), "{name} was another's");
        }
        kommun.blocks(&worker.affiliation).await;
    }
    let (here, there) = (kommun.administrator().await.who.to_string(), kommun.neighbour().await.who.to_string());
    assert_ne!(here.split_once('@').unwrap().1, there.split_once('@').unwrap().1, "each in its own organisation");
    let shared = "UPDATE affiliations SET who = (SELECT MIN(other.who) FROM affiliations other)";
    assert!(kommun.server.db.write(async |tx| tx.execute(shared, ()).await).await.is_err(), "one person's for ever");
}

/// A request for UserInfo, its `Authorization` headers and its body as they are given; gives status, challenge and answer.
async fn asks(browser: &Browser, method: Method, path: &str, headers: &[&str], body: Option<(&str, String)>) -> (u16, String, Value) {
    let request = browser.http.request(method, format!("{}{path}", browser.base));
    let request = headers.iter().fold(request, |request, value| request.header("authorization", *value));
    let request = match body {
        Some((kind, body)) => request.header("content-type", kind).body(body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let challenge = headers.get("www-authenticate").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (status, challenge, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// OP-14: JSON for a plain client, by GET and POST, the token in the header or the body; never in the address and never in two places.
pub(crate) async fn userinfo_is_asked_in_each_way_that_the_standard_has(kommun: &Kommun) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let (_, registered) = registers(&mut kommun.browser(), TOKENS[0], &metadata(&json!({}))).await;
    let plain = Portal::new(kommun, registered["client_id"].as_str().unwrap(), None, "https://ny.example/cb");
    let (mut worker, browser) = (kommun.worker("Amina Sahlin").await, kommun.browser());
    let answer = tokens(&plain, &mut worker, plain.begins(kommun.browser()).await).await;
    let token = answer["access_token"].as_str().unwrap();
    let (bearer, body) = (format!("Bearer {token}"), form(&[("access_token", token.to_owned())]));
    let in_body = || Some((FORM, body.clone()));
    let by_header = asks(&browser, Method::GET, "/userinfo", &[&bearer], None).await;
    assert_eq!((by_header.0, &by_header.2["name"], &by_header.2["sub"]), (200, &json!("Amina Sahlin"), &json!(worker.known().await.subject)));
    for other in [
        asks(&browser, Method::POST, "/userinfo", &[&bearer], None).await,
        asks(&browser, Method::POST, "/userinfo", &[&format!("bearer {token}")], Some((FORM, String::new()))).await,
        asks(&browser, Method::POST, "/userinfo", &[], in_body()).await,
    ] {
        assert_eq!(other, by_header);
    }
    let (query, two) = (format!("/userinfo?{body}"), format!("{body}&{body}"));
    let several = [
        asks(&browser, Method::POST, "/userinfo", &[&bearer], in_body()).await,
        asks(&browser, Method::POST, "/userinfo", &[], Some((FORM, two))).await,
        asks(&browser, Method::GET, "/userinfo", &[&bearer, &bearer], None).await,
    ];
    for (status, challenge, answer) in several {
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_request")), "RFC 6750 §3.1");
        assert!(challenge.contains("invalid_request"), "{challenge}");
    }
    let nothing = [
        asks(&browser, Method::GET, "/userinfo", &[], None).await,
        asks(&browser, Method::GET, &query, &[], None).await,
        asks(&browser, Method::POST, &query, &[], None).await,
        asks(&browser, Method::POST, "/userinfo", &[], Some(("text/plain", body.clone()))).await,
        asks(&browser, Method::POST, "/userinfo", &[&format!("Basic {token}")], None).await,
    ];
    for (status, challenge, _) in nothing {
        assert_eq!((status, challenge.as_str()), (401, "Bearer"), "no token, so nothing is said about one (RFC 6750 §3.1)");
    }
    for wrong in [asks(&browser, Method::POST, "/userinfo", &[], Some((FORM, format!("{body}x")))).await, {
        let strict = tokens(&kommun.web_app(), &mut worker, kommun.web_app().begins(kommun.browser()).await).await;
        let body = form(&[("access_token", strict["access_token"].as_str().unwrap().to_owned())]);
        asks(&browser, Method::POST, "/userinfo", &[], Some((FORM, body))).await
    }] {
        assert_eq!((wrong.0, wrong.1.contains("invalid_token")), (401, true), "{wrong:?}");
    }
    kommun.server.clock.advance(301);
    assert_eq!(asks(&browser, Method::POST, "/userinfo", &[], in_body()).await.0, 401, "expired");
}
