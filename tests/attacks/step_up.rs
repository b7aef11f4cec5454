//! Step-up cannot be faked (attack 27): what was pushed or signed is demanded, whatever the browser adds beside it, and the tokens say what
//! was reached.

use handslag_phone::wire::{Bearer, Start};
use serde_json::json;

use crate::{
    journeys::{address_of, object, pushed, sso::logs_in, verified},
    kommun::{Kommun, Page},
};

const LOA2: &str = "http://id.swedenconnect.se/loa/1.0/uncertified-loa2";
const LOA3: &str = "http://id.swedenconnect.se/loa/1.0/uncertified-loa3";
const TEN_MINUTES: i64 = 600;

fn is_phone(page: &Page) -> bool {
    page.location().is_some_and(|location| location.starts_with("/login/"))
}

fn essential() -> serde_json::Value {
    json!({ "id_token": { "acr": { "essential": true, "value": LOA3 } } })
}

/// A log-in stands in the browser, and would answer a request that demands nothing.
pub(crate) async fn what_a_pushed_request_demands_is_not_taken_away(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, first, _) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    kommun.server.clock.advance(TEN_MINUTES);
    let plain = address_of(&timetable, &pushed(&timetable, &browser, "a", &[]).await);
    assert!(browser.get(&plain).await.location().unwrap().starts_with("/fortsatt/"), "the log-in answers");
    let essential = essential().to_string();
    for demanded in [("prompt", "login"), ("max_age", "0"), ("max_age", "599"), ("acr_values", LOA3), ("claims", essential.as_str())] {
        let address = address_of(&timetable, &pushed(&timetable, &browser, "b", &[demanded]).await);
        for beside in ["", "&prompt=none", "&prompt=consent", "&max_age=99999", "&acr_values=", "&claims=%7B%7D", "&max_age=99999&max_age=99999"] {
            let page = browser.get(&format!("{address}{beside}")).await;
            assert!(is_phone(&page), "{demanded:?} with {beside}: {} {:?} {}", page.status, page.location(), page.body);
        }
    }
    let address = address_of(&timetable, &pushed(&timetable, &browser, "c", &[("max_age", "599")]).await);
    let mut login = timetable.opens(browser, &format!("{address}&max_age=99999"), "c").await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = timetable.exchanges(&login.browser, &code, &login.verifier).await;
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), "schemat").await;
    let aged = claims["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap();
    assert!(aged >= TEN_MINUTES, "a new log-in, and told as one: {claims}");
    assert!(claims["iat"].as_i64().unwrap() - claims["auth_time"].as_i64().unwrap() < 599, "{claims}");
}

/// The same for what is signed: the level is the phone's to reach and not the query's to lower.
pub(crate) async fn what_a_signed_request_demands_is_not_taken_away(kommun: &Kommun) {
    let (care, phone, mut secretary) = (kommun.care(), kommun.bare("Amina Sahlin").await, kommun.secretary().await);
    let request = object(&care, "j", &json!({ "claims": essential() }), &json!({}));
    for beside in [("state", "x"), ("claims", "{}"), ("acr_values", LOA2), ("max_age", "99999"), ("prompt", "consent")] {
        let login = care.opens(kommun.browser(), &care.address("j", &[("request", request.as_str()), beside]), "j").await;
        let start = Start::Link { token: Bearer::new(&login.link) };
        let (status, answer) = phone.claims(&start, kommun.now()).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("level_too_low")), "{beside:?} {answer}");
    }
    let beside = [("request", request.as_str()), ("acr_values", LOA2), ("claims", "{}")];
    let mut login = care.opens(kommun.browser(), &care.address("j", &beside), "j").await;
    secretary.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = care.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(verified(kommun, tokens["id_token"].as_str().unwrap(), "vardportalen").await["acr"], LOA3);
}

/// A level that fell between the yes and the answer is not told as reached; the person reads why first.
pub(crate) async fn a_level_that_fell_in_between_is_not_told(kommun: &Kommun) {
    let (app, mut secretary) = (kommun.web_app(), kommun.secretary().await);
    let mut login = app.begins_with(kommun.browser(), &[("claims", &essential().to_string())]).await;
    secretary.approves(&login).await;
    assert!(kommun.tampers("UPDATE affiliations SET assurance = 'loa2' WHERE role = 'secretary'").await > 0);
    let told = login.goes_on().await;
    assert!(told.location().is_some_and(|location| location.starts_with("/besked/")), "{:?} {}", told.location(), told.body);
    let page = login.browser.get(told.location().unwrap()).await;
    let back = page.between("id=\"back\" href=\"", "\"").to_owned();
    let answer = login.browser.get(&back).await;
    assert_eq!((answer.answer("error").as_deref(), answer.answer("code")), (Some("unmet_authentication_requirements"), None));
}
