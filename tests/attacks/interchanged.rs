//! A token of ours in the place of another (attack 9): each is good for what it is, at whom it is for.

use serde_json::json;

use crate::{
    journeys::{exchanges, sso::goes_to, userinfo},
    kommun::Kommun,
};

/// ID Token, authorization response, UserInfo and access token are all signed by the same key of ours.
pub(crate) async fn one_token_of_ours_is_no_other(kommun: &Kommun) {
    let (care, school, mut worker, mut browser) = (kommun.care(), kommun.school(), kommun.worker("Amina Sahlin").await, kommun.browser());
    let mut login = school.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    let schools = tokens["id_token"].as_str().unwrap().to_owned();
    let asked = care.asks_for(kommun, &worker, &[("login_hint", ""), ("id_token_hint", &schools)]).await;
    assert_eq!(asked.error(), (400, "unknown_user_id"), "the ID Token of another service names nobody here");

    let mut login = care.begins_with(kommun.browser(), &[("response_mode", "jwt")]).await;
    worker.approves(&login).await;
    let response = login.goes_on().await.answer("response").unwrap();
    let payload = data_encoding::BASE64URL_NOPAD.decode(response.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let (_, tokens) = care.exchanges(&login.browser, told["code"].as_str().unwrap(), &login.verifier).await;
    let (id_token, access) = (tokens["id_token"].as_str().unwrap().to_owned(), tokens["access_token"].as_str().unwrap());
    let info = userinfo(&login.browser, access).await.1;
    for wrong in [&response, &info] {
        let page = goes_to(&care, &mut browser, "h", &[("id_token_hint", wrong)]).await;
        assert_eq!(page.answer("error").as_deref(), Some("invalid_request"), "no hint: {wrong}");
        let asked = care.asks_for(kommun, &worker, &[("login_hint", ""), ("id_token_hint", wrong)]).await;
        assert_eq!(asked.error(), (400, "unknown_user_id"), "{wrong}");
    }
    for wrong in [&response, &info, &id_token] {
        assert_eq!(userinfo(&browser, wrong).await.0, 401, "no access token: {wrong}");
        assert_eq!(exchanges(kommun, wrong, &[]).await.error(), (400, "invalid_request"), "{wrong}");
        let proof = [("client_assertion", wrong.as_str())];
        let (status, answer) = care.exchanges_with(&browser, "x", "x", &proof).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "{wrong}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE directed_at IS NOT NULL").await, 0, "no phone has asked anything");
}
