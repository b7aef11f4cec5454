//! Logging in, checked by other people's code: `jsonwebtoken` against our published keys, and `openidconnect` as a whole client.

use data_encoding::BASE64URL_NOPAD;
use handslag_phone::{
    Outcome,
    wire::{Bearer, Start},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
};
use serde_json::{Value, json};

use crate::kommun::{Browser, Kommun, ORG_ID, Pick, WHO, bytes_of, txn_of};

/// Verifies with the published key that the header names.
pub(crate) async fn verified(kommun: &Kommun, jwt: &str, audience: &str) -> Value {
    let mut browser = kommun.browser();
    let keys: JwkSet = serde_json::from_str(&browser.get("/jwks").await.body).unwrap();
    let header = decode_header(jwt).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).expect("the key is published");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[&kommun.issuer]);
    validation.required_spec_claims.remove("exp"); // a signed UserInfo has none
    decode::<Value>(jwt, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

/// `GET /userinfo`.
pub(crate) async fn userinfo(browser: &Browser, token: &str) -> (u16, String) {
    let answer = browser.http.get(format!("{}/userinfo", browser.base)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(crate) async fn at_a_desk_by_the_moving_code(kommun: &Kommun) {
    let school = kommun.school();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut login = school.begins(kommun.browser()).await;
    let (created, picture) = (login.status().await, login.browser.get(&format!("/login/{}/kod.svg", login.id)).await);
    assert_eq!((created["state"].as_str(), picture.headers["content-type"].to_str().unwrap()), (Some("created"), "image/svg+xml"));
    assert!(created["next"].is_null());
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");

    let me = worker.known().await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims = verified(kommun, id_token, "skolportalen").await;
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!(life > 0 && life <= 300, "{life} s");
    assert_eq!(claims["nonce"], json!(login.nonce));
    assert_eq!(claims["acr"], json!("http://id.swedenconnect.se/loa/1.0/uncertified-loa2"));
    assert_eq!((&claims[WHO], &claims["sub"]), (&json!(me.who), &json!(me.subject)));
    assert!(claims.get("name").is_none(), "a name belongs in UserInfo: {claims}");
    assert!(claims["auth_time"].as_i64().unwrap() <= claims["iat"].as_i64().unwrap());

    let (status, info) = userinfo(&login.browser, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{info}");
    let info = verified(kommun, &info, "skolportalen").await;
    assert_eq!((&info["name"], &info[WHO], &info["sub"]), (&json!("Amina Sahlin"), &json!(me.who), &claims["sub"]));
    assert_eq!(info["https://id.oidc.se/claim/orgNumber"], json!("2120009994"));
    kommun.journal_holds().await;
}

pub(crate) async fn on_the_same_phone_by_link(kommun: &Kommun) {
    let school = kommun.school();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut login = school.begins(kommun.browser()).await;
    let back = worker.approves_here(&login).await;
    assert!(back.starts_with(&kommun.issuer), "{back}");
    let page = login.browser.get(&back).await;
    let code = page.answer("code").unwrap_or_else(|| panic!("{}", page.body));
    assert_eq!(page.answer("iss").as_deref(), Some(kommun.issuer.as_str()), "RFC 9207");
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
}

pub(crate) async fn a_page_in_a_browser_logs_in_with_proof_of_its_own_start_alone(kommun: &Kommun) {
    let http = openidconnect::reqwest::ClientBuilder::new().no_proxy().redirect(openidconnect::reqwest::redirect::Policy::none()).build().unwrap();
    let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(kommun.issuer.clone()).unwrap(), &http).await.unwrap();
    let redirect = RedirectUrl::new("https://app.example/cb".to_owned()).unwrap();
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new("webbappen".to_owned()), None).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = request.add_scope(Scope::new(ORG_ID.to_owned())).set_pkce_challenge(challenge).url();

    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut browser = kommun.browser();
    let waiting = browser.get(url.as_str()).await.location().unwrap().to_owned();
    let page = browser.get(&waiting).await;
    let link = page.between("href=\"/t/", "\"").to_owned();
    let Outcome::Approved { return_to: Some(back) } = worker.answers(Start::Link { token: Bearer::new(link) }, Pick::Approve).await else { panic!() };
    let answer = browser.get(&back).await;
    assert_eq!(answer.answer("state").as_ref(), Some(state.secret()));

    let code = AuthorizationCode::new(answer.answer("code").unwrap());
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request_async(&http).await.unwrap();
    let id_token = tokens.extra_fields().id_token().unwrap();
    let claims = id_token.claims(&client.id_token_verifier(), &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), worker.known().await.subject);
    let subject = Some(claims.subject().clone());
    let info: CoreUserInfoClaims = client.user_info(tokens.access_token().clone(), subject).unwrap().request_async(&http).await.unwrap();
    assert_eq!(info.name().unwrap().get(None).unwrap().as_str(), "Amina Sahlin");
}

pub(crate) async fn a_service_gets_an_access_token_for_its_own_audience(kommun: &Kommun) {
    let care = kommun.care();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut login = care.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let resource = [("resource", "https://journal.example")];
    let (status, tokens) = care.exchanges_with(&login.browser, &code, &login.verifier, &resource).await;
    assert_eq!(status, 200, "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(decode_header(access).unwrap().typ.as_deref(), Some("at+jwt"), "RFC 9068 §2.1");
    let claims = verified(kommun, access, "https://journal.example").await;
    assert_eq!((&claims["client_id"], &claims["sub"]), (&json!("vardportalen"), &json!(worker.known().await.subject)));
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 300);
    assert_eq!(userinfo(&login.browser, access).await.0, 401, "it is for somebody else");
    let id_token = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(id_token.as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["aud"], json!("vardportalen"));
}

/// Not by a timeout: the desk hears it while it waits, and the service when the browser is back, whichever way it began.
pub(crate) async fn a_no_reaches_the_desk_and_the_service_at_once(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.bare("Amina Sahlin").await);
    for (reason, state) in [("not_me", "not-me"), ("cancelled", "declined")] {
        for by_link in [false, true] {
            let mut login = school.begins(kommun.browser()).await;
            let start = if by_link { Start::Link { token: Bearer::new(&login.link) } } else { Start::Qr { text: Bearer::new(login.qr().await) } };
            let (_, claimed) = phone.claims(&start, kommun.now()).await;
            let txn = txn_of(&bytes_of(&claimed));
            assert_eq!(phone.shows(&txn, None, kommun.now()).await.0, 204);
            let (path, body) = (format!("/phone/approvals/{txn}/decline"), json!({ "reason": reason }));
            let began = std::time::Instant::now();
            let waits = format!("/login/{txn}/status?seen=shown");
            let no = async {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                phone.calls("POST", &path, Some(&body), kommun.now()).await
            };
            let (told, no) = tokio::join!(login.browser.get(&waits), no);
            assert!(began.elapsed().as_secs() < 5, "the desk hears it at once: {:?}", began.elapsed());
            let told: Value = serde_json::from_str(&told.body).unwrap();
            assert_eq!((no.0, told["state"].as_str()), (204, Some(state)), "{told}");
            assert!(!told["words"].as_str().unwrap().contains("login-state"), "{told}");
            let page = login.browser.get(&format!("/login/{txn}")).await;
            assert!(page.body.contains(told["words"].as_str().unwrap()) && page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
            let page = login.goes_on().await;
            assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("access_denied"), None), "by link: {by_link}");
            assert_eq!(page.answer("error_description").unwrap().contains("somebody"), reason == "not_me");
            assert_eq!(login.browser.get(&format!("/authorize/{txn}")).await.status, 410, "told once");
        }
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.declined'").await, 4);
    kommun.journal_holds().await;
}

pub(crate) async fn our_own_pages(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut browser = kommun.browser();
    let waiting = browser.get("/logga-in?till=/underskrifter").await.location().unwrap().to_owned();
    let page = browser.get(&waiting).await;
    let link = page.between("href=\"/t/", "\"").to_owned();
    let Outcome::Approved { return_to: Some(back) } = worker.answers(Start::Link { token: Bearer::new(link) }, Pick::Approve).await else { panic!() };
    let page = browser.get(&back).await;
    assert_eq!(page.location(), Some("/underskrifter"), "{}", page.body);
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let page = browser.post("/logga-ut", &[]).await;
    assert_eq!((page.status, page.location()), (303, Some("/")));
    assert_eq!(browser.get(&back).await.status, 410, "the answer was fetched once");
}
