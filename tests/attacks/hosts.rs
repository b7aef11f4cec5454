//! Whoever sends a request may call us what they like; nobody else is sent there (attack 14).

use reqwest::RequestBuilder;
use serde_json::json;

use crate::{
    journeys::{metadata, pushed, sso::logs_in},
    kommun::{Browser, Kommun, Page, TOKENS, logged_in},
};

const EVIL: &str = "evil.example";

/// With every header that a server has ever made links from.
fn misled(request: RequestBuilder) -> RequestBuilder {
    let names = ["host", "x-forwarded-host", "x-forwarded-server", "x-host", "x-original-host"];
    let request = names.iter().fold(request, |request, name| request.header(*name, EVIL));
    request.header("forwarded", format!("host={EVIL};proto=https")).header("x-forwarded-proto", "https").header("x-original-url", "//evil.example/")
}

async fn gets(browser: &mut Browser, path: &str) -> Page {
    let request = misled(browser.http.get(browser.address(path)));
    unmoved(path, browser.send(request).await)
}

async fn posts(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let request = misled(browser.http.post(browser.address(path)).form(fields));
    unmoved(path, browser.send(request).await)
}

/// The same page, in which the other name stands nowhere.
fn unmoved(path: &str, page: Page) -> Page {
    assert!(page.status < 400, "{path}: {} {}", page.status, page.body);
    assert!(!page.body.contains(EVIL) && !format!("{:?}", page.headers).contains(EVIL), "{path}: {:?} {}", page.headers, page.body);
    page
}

/// Attack 14 (Zitadel GHSA-2wmj-46rj-qm2w): invitations, log-ins, devices, registrations and metadata name the configured address alone.
pub(crate) async fn no_link_is_made_from_what_a_caller_calls_us(kommun: &Kommun) {
    let mut desk = logged_in(kommun, &kommun.manager().await, kommun.now()).await;
    let new = [("given_name", "Sara"), ("family_name", "Holm"), ("role", "worker"), ("days", "30"), ("identity_document_seen", "yes")];
    let page = posts(&mut desk, "/personal", &new).await;
    let page = match page.location().map(str::to_owned) {
        Some(next) => gets(&mut desk, &next).await,
        None => page,
    };
    let link = page.between("/inbjudan/", "/kod.svg").to_owned();
    assert!(!page.body.contains("/inbjudan/") || !page.body.contains("http://evil"), "{}", page.body);
    gets(&mut kommun.browser(), &format!("/inbjudan/{link}")).await;

    let mut browser = kommun.browser();
    let metadata_of = gets(&mut browser, "/.well-known/openid-configuration").await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&metadata_of.body).unwrap()["issuer"], json!(kommun.issuer));
    let waiting = gets(&mut browser, &kommun.school().address("x", &[])).await.location().unwrap().to_owned();
    gets(&mut browser, &waiting).await;
    gets(&mut browser, "/logga-in").await;
    let begun = posts(&mut browser, "/device_authorization", &[("client_id", "tv-appen"), ("scope", "openid")]).await;
    let begun: serde_json::Value = serde_json::from_str(&begun.body).unwrap();
    assert!(begun["verification_uri_complete"].as_str().unwrap().starts_with(&format!("{}/device", kommun.issuer)), "{begun}");
    assert_eq!(pushed(&kommun.care(), &browser, "x", &[]).await.status, 201);

    let request = browser.http.post(browser.address("/register")).bearer_auth(TOKENS[1]).json(&metadata(&json!({})));
    let registered = unmoved("/register", browser.send(misled(request)).await);
    let registered: serde_json::Value = serde_json::from_str(&registered.body).unwrap();
    assert!(registered["registration_client_uri"].as_str().unwrap().starts_with(&format!("{}/register/", kommun.issuer)), "{registered}");

    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let out = format!("/end_session?id_token_hint={}", tokens["id_token"].as_str().unwrap());
    let page = gets(&mut browser, &out).await;
    gets(&mut browser, page.location().unwrap()).await;
}
