//! Logging in at a desk with the key of a phone nearby (WebAuthn): taken, shown, answered, all on the page that began.

use serde_json::{Value, json};

use crate::{
    journeys::verified,
    kommun::{Kommun, Login, Passkey},
};

/// What a button of the desk's page has the browser sign.
pub(crate) async fn challenge(login: &mut Login, button: &str) -> String {
    let page = login.browser.get(&format!("/login/{}", login.id)).await;
    let button = page.between(&format!("id=\"{button}\""), ">").to_owned();
    button.split_once("data-challenge=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// The key takes the log-in.
pub(crate) async fn takes(login: &mut Login, phone: &Passkey) -> (u16, Value) {
    let challenge = challenge(login, "take").await;
    login.browser.asks(&format!("/login/{}/skarmlas", login.id), &phone.signs(&challenge)).await
}

/// The person says yes to what the page shows.
pub(crate) async fn approves(login: &mut Login, phone: &Passkey) -> (u16, Value) {
    let challenge = challenge(login, "approve").await;
    login.browser.asks(&format!("/login/{}/godkann", login.id), &phone.signs(&challenge)).await
}

pub(crate) async fn a_key_nearby_takes_is_shown_and_answers(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let path = format!("/login/{}", login.id);
    assert!(!login.browser.get(&path).await.body.contains("Amina"), "nobody is known yet");
    for _ in 0..2 {
        assert_eq!(takes_again(&mut login, &phone).await.0, 204, "also where the first answer was lost");
    }
    assert_eq!(login.status().await["state"], json!("here"));
    let page = login.browser.get(&path).await.body;
    for shown in ["Vill du logga in i Skolportalen?", "Det här skickas", "Amina Sahlin", "Kvarnby kommun", "Godkänn", "Avbryt", "Det är inte jag"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(login.status().await["next"].is_null(), "taking is no yes");
    for _ in 0..2 {
        assert_eq!(approves_again(&mut login, &phone, &page).await.0, 204);
    }
    let code = login.code().await;
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), "skolportalen").await;
    assert_eq!(claims["amr"], json!(["swk", "user", "mfa", "passkey"]));
    assert_eq!(claims["acr"], json!("http://id.swedenconnect.se/loa/1.0/uncertified-loa2"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE start_kind = 'passkey' AND state = 'consumed'").await, 1);
    kommun.journal_holds().await;
}

/// The challenge of a log-in stays the same, whatever the page shows by now.
async fn takes_again(login: &mut Login, phone: &Passkey) -> (u16, Value) {
    let id = login.id.clone();
    let challenge = handslag_server::phone::nearby::challenge(&login.server(), &id).unwrap().to_base64url();
    login.browser.asks(&format!("/login/{id}/skarmlas"), &phone.signs(&challenge)).await
}

async fn approves_again(login: &mut Login, phone: &Passkey, page: &str) -> (u16, Value) {
    let (_, button) = page.split_once("id=\"approve\"").unwrap();
    let challenge = button.split_once("data-challenge=\"").unwrap().1.split('"').next().unwrap();
    login.browser.asks(&format!("/login/{}/godkann", login.id), &phone.signs(challenge)).await
}

pub(crate) async fn the_service_hears_every_no_at_the_desk(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    for (answer, state) in [("inte-jag", "not-me"), ("avbryt", "aborted")] {
        let mut login = school.begins(kommun.browser()).await;
        assert_eq!(takes(&mut login, &phone).await.0, 204);
        let page = login.browser.post(&format!("/login/{}/{answer}", login.id), &[]).await;
        assert_eq!((page.status, page.location()), (303, Some(format!("/login/{}", login.id).as_str())));
        assert_eq!(login.status().await["state"], json!(state));
        let page = login.browser.get(&format!("/authorize/{}", login.id)).await;
        assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("access_denied"), None));
    }
    kommun.journal_holds().await;
}

/// `amr` says what led the phone there, and nothing that it cannot know.
pub(crate) async fn the_service_is_told_how_and_no_more(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), "skolportalen").await;
    assert_eq!(claims["amr"], json!(["hwk", "user", "mfa", "qr"]));
    let mut login = school.begins(kommun.browser()).await;
    let back = worker.approves_here(&login).await;
    let code = login.browser.get(&back).await.answer("code").unwrap();
    let (_, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), "skolportalen").await;
    assert_eq!(claims["amr"], json!(["hwk", "user", "mfa"]));
}
