//! Staying logged in on a phone, with bad coverage and without being thrown out.

use handslag_phone::wire::{Bearer, Start};
use serde_json::{Value, json};

use crate::{
    journeys::{log_in::verified, userinfo},
    kommun::{Answer, Device, JOURNAL_SECRET, Kommun, Login, Portal, Worker, basic, post},
};

const DAY: i64 = 86_400;

/// The app logs in and asks to stay logged in.
pub(crate) async fn stays(app: &Portal, worker: &mut Worker, kommun: &Kommun) -> (Login, Value) {
    let scope = format!("openid {} offline_access", crate::kommun::ORG_ID);
    let mut login = app.begins_with(kommun.browser(), &[("scope", &scope)]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = app.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    (login, tokens)
}

/// One refresh by a public client.
pub(crate) async fn refreshed(login: &Login, client: &str, token: &str) -> Answer {
    post(&login.browser, "/token", &[], &[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]).await
}

pub(crate) async fn a_phone_stays_logged_in_through_lost_answers(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let id_token = verified(kommun, tokens["id_token"].as_str().unwrap(), "webbappen").await;
    kommun.server.clock.advance(3 * DAY);
    let answer = refreshed(&login, "webbappen", first).await;
    let second = answer.token("refresh_token");
    assert_ne!(second, first);
    for _ in 0..3 {
        // The answer was lost on the way; the phone asks again, also days later.
        kommun.server.clock.advance(DAY);
        assert_eq!(refreshed(&login, "webbappen", first).await.token("refresh_token"), second, "the same successor");
    }
    let third = refreshed(&login, "webbappen", &second).await;
    assert_eq!(userinfo(&login.browser, &third.token("access_token")).await.0, 200);
    let renewed = verified(kommun, &third.token("id_token"), "webbappen").await;
    assert_eq!((&renewed["sub"], &renewed["auth_time"]), (&id_token["sub"], &id_token["auth_time"]), "OIDC Core §12.2");
    assert!(renewed.get("nonce").is_none() && renewed["iat"] != id_token["iat"]);
    kommun.journal_holds().await;
}

pub(crate) async fn the_person_reads_how_long_before_saying_yes(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let (app, scope) = (kommun.web_app(), format!("openid {} offline_access", crate::kommun::ORG_ID));
    for (scope, is_told) in [(scope.as_str(), true), ("openid", false)] {
        let login = app.begins_with(kommun.browser(), &[("scope", scope)]).await;
        let screen = worker.reads(Start::Qr { text: Bearer::new(&login.qr().await) }).await;
        let told = screen.sent.iter().find(|line| line.label == "Förblir inloggad").map(|line| line.value.as_str());
        assert_eq!(told, is_told.then_some("i högst 90 dagar"), "{scope}");
    }
    let mut short = app.begins_with(kommun.browser(), &[]).await;
    worker.approves(&short).await;
    let code = short.code().await;
    let (_, tokens) = app.exchanges(&short.browser, &code, &short.verifier).await;
    assert!(tokens.get("refresh_token").is_none(), "nobody asked to stay");
}

pub(crate) async fn an_idle_phone_and_an_old_log_in_end(kommun: &Kommun) {
    // Somebody without a last day at work.
    let (app, mut worker) = (kommun.web_app(), kommun.secretary().await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    kommun.server.clock.advance(14 * DAY);
    let idle = refreshed(&login, "webbappen", tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(idle.error(), (400, "invalid_grant"), "fourteen days without use");
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let mut token = tokens["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..8 {
        kommun.server.clock.advance(11 * DAY);
        token = refreshed(&login, "webbappen", &token).await.token("refresh_token");
    }
    kommun.server.clock.advance(2 * DAY);
    assert_eq!(refreshed(&login, "webbappen", &token).await.error(), (400, "invalid_grant"), "ninety days in all");
}

pub(crate) async fn a_service_that_proves_itself_keeps_its_token(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&care, &mut worker, kommun).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        let changes = [("grant_type", "refresh_token"), ("refresh_token", token), ("code", ""), ("redirect_uri", ""), ("code_verifier", "")];
        let (status, answer) = care.exchanges_with(&login.browser, "x", "x", &changes).await;
        assert_eq!((status, answer["refresh_token"].as_str()), (200, Some(token)), "FAPI 2.0 §5.3.2.1: no rotation");
    }
    assert_eq!(refreshed(&login, "vardportalen", token).await.error(), (401, "invalid_client"), "not by name alone");
}

pub(crate) async fn a_device_key_proves_every_use(kommun: &Kommun) {
    let (app, mut worker, mut phone, mut thief) = (kommun.field_app(), kommun.worker("Amina Sahlin").await, Device::new(kommun), Device::new(kommun));
    let scope = format!("openid {} offline_access", crate::kommun::ORG_ID);
    let asked = [("scope", scope.as_str()), ("dpop_jkt", &phone.thumbprint())].map(|(name, value)| (name, value.to_owned()));
    let asked: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut login = app.begins_with(kommun.browser(), &asked).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", app.id.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", app.redirect_uri.as_str()),
        ("code_verifier", login.verifier.as_str()),
    ];
    assert_eq!(post(&login.browser, "/token", &[], &fields).await.error(), (400, "invalid_dpop_proof"), "this app always proves its key");
    let tokens = phone.posts(&login.browser, "/token", &fields).await;
    assert_eq!(tokens.body["token_type"], "DPoP", "{}", tokens.body);
    let (access, refresh) = (tokens.token("access_token"), tokens.token("refresh_token"));
    assert_eq!(phone.userinfo(&login.browser, &access).await.status, 200);
    assert_eq!(userinfo(&login.browser, &access).await.0, 401, "sent as Bearer it is stolen");
    thief.userinfo(&login.browser, &access).await; // hears the nonce
    assert_eq!(thief.userinfo(&login.browser, &access).await.error(), (401, "invalid_token"));

    let stolen = [("grant_type", "refresh_token"), ("client_id", app.id.as_str()), ("refresh_token", refresh.as_str())];
    assert_eq!(thief.posts(&login.browser, "/token", &stolen).await.error(), (400, "invalid_grant"), "another key");
    let renewed = phone.posts(&login.browser, "/token", &stolen).await;
    assert_eq!(phone.userinfo(&login.browser, &renewed.token("access_token")).await.status, 200, "the owner lost nothing");
}

pub(crate) async fn a_service_speaks_for_itself(kommun: &Kommun) {
    let browser = kommun.browser();
    let journal = basic("journalen", JOURNAL_SECRET);
    let asked = |fields: Vec<(&'static str, &'static str)>| {
        let (browser, journal) = (browser.clone(), journal.clone());
        async move {
            let fields: Vec<(&str, &str)> = std::iter::once(("grant_type", "client_credentials")).chain(fields).collect();
            post(&browser, "/token", &[("authorization", &journal)], &fields).await
        }
    };
    let answer = asked(vec![("resource", "https://dorrar.example"), ("scope", "journal.read")]).await;
    let claims = verified(kommun, &answer.token("access_token"), "https://dorrar.example").await;
    assert_eq!((&claims["sub"], &claims["client_id"], &claims["scope"]), (&json!("journalen"), &json!("journalen"), &json!("journal.read")));
    assert!(answer.body.get("id_token").is_none() && answer.body.get("refresh_token").is_none());
    let body =
        [("client_id", "journalen"), ("client_secret", JOURNAL_SECRET), ("grant_type", "client_credentials"), ("resource", "https://dorrar.example")];
    assert_eq!(post(&browser, "/token", &[], &body).await.status, 200, "client_secret_post");
    assert_eq!(asked(vec![]).await.error(), (400, "invalid_target"), "it is registered for two resources");
    assert_eq!(asked(vec![("resource", "https://other.example")]).await.error(), (400, "invalid_target"));
    assert_eq!(
        asked(vec![("resource", "https://dorrar.example"), ("scope", "profile")]).await.error(),
        (400, "invalid_scope"),
        "no person is behind it"
    );
}

pub(crate) async fn a_resource_asks_about_its_own_tokens_and_no_others(kommun: &Kommun) {
    let (care, app, mut worker) = (kommun.care(), kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let mut login = care.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let resource = [("resource", "https://journal.example")];
    let (_, tokens) = care.exchanges_with(&login.browser, &code, &login.verifier, &resource).await;
    let for_journal = tokens["access_token"].as_str().unwrap().to_owned();
    let (other, tokens) = stays(&app, &mut worker, kommun).await;
    let (opaque, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());

    let journal = basic("journalen", JOURNAL_SECRET);
    let ask = async |token: &str| post(&other.browser, "/introspect", &[("authorization", &journal)], &[("token", token)]).await;
    let active = ask(&for_journal).await;
    assert_eq!(
        (&active.body["active"], &active.body["client_id"], &active.body["aud"]),
        (&json!(true), &json!("vardportalen"), &json!("https://journal.example"))
    );
    for not_its_own in [opaque, refresh, "x", "hs_access_x", &for_journal[..for_journal.len() - 2]] {
        let told = ask(not_its_own).await;
        assert_eq!((told.status, &told.body), (200, &json!({ "active": false })), "{not_its_own}");
    }
    let signed = [("authorization", journal.as_str()), ("accept", "application/token-introspection+jwt")];
    let signed = post(&other.browser, "/introspect", &signed, &[("token", &for_journal)]).await;
    let claims = verified(kommun, signed.body.as_str().unwrap(), "journalen").await;
    assert_eq!(claims["token_introspection"]["active"], true, "RFC 9701");
    let by_name = post(&other.browser, "/introspect", &[], &[("token", refresh), ("client_id", "webbappen")]).await;
    assert_eq!(by_name.error(), (401, "invalid_client"), "who proves nothing may not try tokens");

    kommun.blocks(&worker.affiliation).await;
    assert_eq!(ask(&for_journal).await.body, json!({ "active": false }), "a blocked identity has no living token");
}

pub(crate) async fn a_token_given_back_ends_the_log_in(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let give_back = async |client: &str, token: &str| post(&login.browser, "/revoke", &[], &[("token", token), ("client_id", client)]).await;
    assert_eq!(give_back("hemtjanst-app", refresh).await.status, 200, "another service learns nothing");
    assert_eq!(give_back("webbappen", "nonsense").await.status, 200);
    assert_eq!(refreshed(&login, "webbappen", refresh).await.status, 200, "and ends nothing");
    assert_eq!(give_back("webbappen", access).await.status, 200);
    assert_eq!(userinfo(&login.browser, access).await.0, 401, "an opaque access token ends alone");
    let second = refreshed(&login, "webbappen", refresh).await;
    assert_eq!(give_back("webbappen", &second.token("refresh_token")).await.status, 200);
    assert_eq!(userinfo(&login.browser, &second.token("access_token")).await.0, 401);
    assert_eq!(refreshed(&login, "webbappen", &second.token("refresh_token")).await.error(), (400, "invalid_grant"));
    kommun.journal_holds().await;
}
