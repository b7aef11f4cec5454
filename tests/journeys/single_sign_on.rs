//! One log-in for several services, inside a group, for a time, and never for more than it was.

use serde_json::{Value, json};

use crate::{
    journeys::verified,
    kommun::{Browser, JOURNAL_SECRET, Kommun, Login, ORG_ID, Page, Portal, Worker, basic, post},
};

const MINUTE: i64 = 60;

/// A full log-in; gives the claims of its ID Token, and the browser with its cookies.
pub(crate) async fn logs_in(
    kommun: &Kommun,
    portal: &Portal,
    worker: &mut Worker,
    browser: Browser,
    more: &[(&str, &str)],
) -> (Browser, Value, Value) {
    let mut login = portal.begins_with(browser, more).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), &portal.id).await;
    (login.browser, claims, tokens)
}

/// Goes to a service in this browser; gives where it is sent.
pub(crate) async fn goes_to(portal: &Portal, browser: &mut Browser, secret: &str, more: &[(&str, &str)]) -> Page {
    browser.get(&portal.address(secret, more)).await
}

/// Presses a button of the page that asks.
pub(crate) async fn presses(browser: &mut Browser, asked: &str, fields: &[(&str, &str)]) -> Page {
    browser.post(asked.split('?').next().unwrap(), fields).await
}

/// The ID Token's claims behind an answer with a code.
async fn claims_of(kommun: &Kommun, portal: &Portal, browser: &Browser, page: &Page, secret: &str) -> (Value, Value) {
    let code = page.answer("code").unwrap_or_else(|| panic!("{:?} {}", page.location(), page.body));
    let verifier = handslag_vocab::Digest::of(format!("verifier {secret}").as_bytes()).to_base64url();
    let (status, tokens) = portal.exchanges(browser, &code, &verifier).await;
    assert_eq!(status, 200, "{tokens}");
    (verified(kommun, tokens["id_token"].as_str().unwrap(), &portal.id).await, tokens)
}

fn is_phone(page: &Page) -> bool {
    page.location().is_some_and(|location| location.starts_with("/login/"))
}

fn asked(page: &Page) -> String {
    page.location().filter(|location| location.starts_with("/fortsatt/")).unwrap_or_else(|| panic!("{:?} {}", page.location(), page.body)).to_owned()
}

/// OP-13, SE-13, SE-14, attack 27.
pub(crate) async fn whoever_is_logged_in_sees_what_is_sent_and_goes_on(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, first, _) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    kommun.server.clock.advance(30 * MINUTE);
    let page = goes_to(&timetable, &mut browser, "s1", &[]).await;
    let question = asked(&page);
    let shown = browser.get(&question).await;
    let me = worker.known().await;
    for told in ["Schemat", "Amina Sahlin", &me.who.to_string(), "Det här skickas", "Avbryt", "Fortsätt"] {
        assert!(shown.body.contains(told), "{told}: {}", shown.body);
    }
    assert!(!shown.body.contains(" checked"), "nothing is ticked beforehand");
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("form-action 'self' https://schema.example https:"), "{policy}");
    let answer = presses(&mut browser, &question, &[("svar", "fortsatt")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (second, tokens) = claims_of(kommun, &timetable, &browser, &answer, "s1").await;
    assert_eq!((&second["auth_time"], &second["acr"], &second["sub"]), (&first["auth_time"], &first["acr"], &first["sub"]), "as it was");
    assert_ne!((&second["sid"], &second["txn"]), (&first["sid"], &first["txn"]), "each service's own name for it, each use its own");
    assert!(second["iat"].as_i64().unwrap() - second["auth_time"].as_i64().unwrap() >= 30 * MINUTE);
    assert_eq!(presses(&mut browser, &question, &[("svar", "fortsatt")]).await.status, 410, "answered once");
    let active = post(
        &browser,
        "/introspect",
        &[("authorization", &basic("journalen", JOURNAL_SECRET))],
        &[("token", tokens["access_token"].as_str().unwrap())],
    )
    .await;
    assert_eq!(active.body, json!({ "active": false }), "another's token");
    kommun.journal_holds().await;
}

/// OP-19, SE-14: out is out, and the phone is always there.
pub(crate) async fn abort_and_log_in_anew_are_answers_too(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let question = asked(&goes_to(&timetable, &mut browser, "s1", &[]).await);
    let told = presses(&mut browser, &question, &[("svar", "avbryt")]).await;
    let page = browser.get(told.location().unwrap()).await;
    assert!(page.body.contains("Du avbröt") && page.location().is_none(), "{}", page.body);
    let path = page.between("id=\"back\" href=\"", "\"").to_owned();
    assert_eq!(kommun.browser().get(&path).await.status, 410, "only the browser that was asked");
    let back = browser.get(&path).await;
    assert_eq!((back.answer("error").as_deref(), back.answer("state").as_deref()), (Some("access_denied"), Some("state-s1")));
    assert!(back.answer("error_description").is_some());
    assert_eq!(browser.get(&path).await.status, 410, "told once");
    let question = asked(&goes_to(&timetable, &mut browser, "s2", &[]).await);
    assert!(is_phone(&presses(&mut browser, &question, &[("svar", "ny")]).await), "with the phone instead");
    assert_eq!(presses(&mut browser, &question, &[("svar", "fortsatt")]).await.status, 410);
    let question = asked(&goes_to(&timetable, &mut browser, "s3", &[]).await);
    for wrong in [vec![], vec![("svar", "ja")], vec![("svar", "")]] {
        assert!((400..500).contains(&presses(&mut browser, &question, &wrong).await.status), "{wrong:?} (attack 19)");
    }
    assert_eq!(presses(&mut browser, &question, &[("svar", "fortsatt")]).await.status, 303, "a wrong form used nothing up");
}

/// SE-15: one service, one set; the person sees it and takes it back.
pub(crate) async fn a_remembered_answer_is_for_one_service_and_what_was_shown(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let narrow = [("scope", "openid profile")];
    let question = asked(&goes_to(&timetable, &mut browser, "s1", &narrow).await);
    presses(&mut browser, &question, &[("svar", "fortsatt"), ("minns", "ja")]).await;
    let again = goes_to(&timetable, &mut browser, "s2", &narrow).await;
    assert!(again.answer("code").is_some(), "not asked again: {:?}", again.location());
    let less = goes_to(&timetable, &mut browser, "s3", &[("scope", "openid")]).await;
    assert!(less.answer("code").is_some(), "less than that");
    let wide = format!("openid profile {ORG_ID}");
    asked(&goes_to(&timetable, &mut browser, "s4", &[("scope", &wide)]).await);
    let stays = "openid profile offline_access";
    asked(&goes_to(&timetable, &mut browser, "s5", &[("scope", stays)]).await);
    asked(&goes_to(&timetable, &mut browser, "s6", &[("scope", "openid profile"), ("prompt", "consent")]).await);
    asked(&goes_to(&grades, &mut browser, "s7", &narrow).await);
    let mut own = worker.at_a_desk(kommun).await;
    let page = own.get("/min-sida").await;
    let again = page.between("Du gick in i tjänsten utan telefonen", "</li>");
    assert!(again.contains("Schemat"), "the service that was entered, not the one of the approval: {again}");
    assert!(page.body.contains("Tjänster som inte frågar igen") && page.body.contains("/min-sida/fraga-inte/schemat/ta-tillbaka"), "{}", page.body);
    assert_eq!(own.post("/min-sida/fraga-inte/schemat/ta-tillbaka", &[]).await.status, 303);
    asked(&goes_to(&timetable, &mut browser, "s8", &narrow).await);
}

/// SE-11, SE-12, and the errors of OpenID Connect Core §3.1.2.6, each where it belongs.
pub(crate) async fn without_a_page_each_refusal_has_its_name(kommun: &Kommun) {
    let (grades, timetable, register, library) = (kommun.grades(), kommun.timetable(), kommun.register(), kommun.library());
    let (mut worker, care) = (kommun.worker("Amina Sahlin").await, kommun.care());
    let none = [("prompt", "none"), ("scope", "openid profile")];
    let mut stranger = kommun.browser();
    let error = |page: &Page| page.answer("error").unwrap_or_else(|| panic!("{:?} {}", page.location(), page.body));
    assert_eq!(error(&goes_to(&grades, &mut stranger, "a", &none).await), "login_required", "nobody is logged in");
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    assert_eq!(error(&goes_to(&grades, &mut browser, "b", &none).await), "consent_required", "nothing was remembered");
    assert_eq!(error(&goes_to(&library, &mut browser, "c", &none).await), "login_required", "another group");
    assert_eq!(error(&goes_to(&care, &mut browser, "d", &none).await), "login_required", "no group");
    let question = asked(&goes_to(&timetable, &mut browser, "e", &[("scope", "openid profile")]).await);
    presses(&mut browser, &question, &[("svar", "fortsatt"), ("minns", "ja")]).await;
    assert!(goes_to(&timetable, &mut browser, "f", &none).await.answer("code").is_some());
    let wide = [("prompt", "none"), ("scope", &format!("openid profile {ORG_ID}"))];
    assert_eq!(error(&goes_to(&timetable, &mut browser, "g", &wide).await), "interaction_required", "remembered for less");

    assert!(is_phone(&goes_to(&register, &mut browser, "h", &[]).await), "no prompt is a log-in in the Swedish profile");
    let question = asked(&goes_to(&register, &mut browser, "i", &[("prompt", "consent"), ("scope", "openid profile")]).await);
    presses(&mut browser, &question, &[("svar", "fortsatt"), ("minns", "ja")]).await;
    assert!(goes_to(&register, &mut browser, "j", &none).await.answer("code").is_some());
    kommun.server.clock.advance(60 * MINUTE);
    assert_eq!(error(&goes_to(&register, &mut browser, "k", &none).await), "login_required", "sixty minutes from the full log-in");
    assert!(goes_to(&timetable, &mut browser, "l", &none).await.answer("code").is_some(), "the group's own time is longer");
    for (name, value) in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0"), ("max_age", "3599")] {
        assert!(is_phone(&goes_to(&timetable, &mut browser, "m", &[("scope", "openid profile"), (name, value)]).await), "{name}={value}");
    }
    let too_old = [("prompt", "none"), ("scope", "openid profile"), ("max_age", "3599")];
    assert_eq!(error(&goes_to(&timetable, &mut browser, "n", &too_old).await), "login_required");
    kommun.server.clock.advance(7 * 60 * MINUTE);
    assert_eq!(error(&goes_to(&timetable, &mut browser, "o", &none).await), "login_required", "eight hours");
}

/// RFC 9470, SE-10: what a resource demands is met or refused, and the tokens say which.
pub(crate) async fn a_step_up_is_a_new_log_in_and_told_as_it_is(kommun: &Kommun) {
    const LOA3: &str = "http://id.swedenconnect.se/loa/1.0/uncertified-loa3";
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    assert!(is_phone(&goes_to(&timetable, &mut browser, "a", &[("acr_values", LOA3)]).await), "the log-in reached level 2");
    let silent = [("acr_values", LOA3), ("prompt", "none")];
    assert_eq!(goes_to(&timetable, &mut browser, "b", &silent).await.answer("error").as_deref(), Some("login_required"));
    let (_, again, tokens) = logs_in(kommun, &timetable, &mut worker, browser, &[("acr_values", LOA3)]).await;
    assert!(again["acr"].as_str().unwrap().ends_with("loa2"), "wished and not reached: told as it is");
    let own = post(&kommun.browser(), "/introspect", &[], &[("token", tokens["access_token"].as_str().unwrap()), ("client_id", "schemat")]).await;
    assert_eq!(own.error(), (401, "invalid_client"));

    let (care, mut secretary) = (kommun.care(), kommun.secretary().await);
    let mut login = care.begins_with(kommun.browser(), &[("acr_values", LOA3)]).await;
    secretary.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = care.exchanges_with(&login.browser, &code, &login.verifier, &[("resource", "https://journal.example")]).await;
    let access = tokens["access_token"].as_str().unwrap();
    let claims = verified(kommun, access, "https://journal.example").await;
    let id_token = verified(kommun, tokens["id_token"].as_str().unwrap(), "vardportalen").await;
    assert_eq!((&claims["acr"], &claims["auth_time"]), (&json!(LOA3), &id_token["auth_time"]), "RFC 9068 §2.2.1");
    let journal = basic("journalen", JOURNAL_SECRET);
    let told = post(&login.browser, "/introspect", &[("authorization", &journal)], &[("token", access)]).await;
    assert_eq!((&told.body["acr"], &told.body["auth_time"]), (&json!(LOA3), &id_token["auth_time"]), "RFC 9470 §6.2");
}

/// OpenID Connect Core §3.1.2.1, attack 38: a hint says who it must be, and opens nothing.
pub(crate) async fn a_hint_says_who_it_must_be(kommun: &Kommun) {
    let (grades, mut amina, mut bo) = (kommun.grades(), kommun.worker("Amina Sahlin").await, kommun.worker("Bo Ek").await);
    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut amina, kommun.browser(), &[]).await;
    let hint = tokens["id_token"].as_str().unwrap().to_owned();
    kommun.server.clock.advance(20 * MINUTE);
    asked(&goes_to(&grades, &mut browser, "a", &[("id_token_hint", &hint)]).await);
    let (mut others, ..) = logs_in(kommun, &grades, &mut bo, kommun.browser(), &[]).await;
    let silent = [("id_token_hint", hint.as_str()), ("prompt", "none")];
    assert_eq!(goes_to(&grades, &mut others, "b", &silent).await.answer("error").as_deref(), Some("login_required"), "somebody else is logged in");
    assert_eq!(goes_to(&grades, &mut kommun.browser(), "c", &silent).await.answer("error").as_deref(), Some("login_required"), "it opens nothing");
    let mut login: Login = grades.begins_with(others, &[("id_token_hint", &hint)]).await;
    bo.approves(&login).await;
    let told = login.goes_on().await;
    let page = login.browser.get(told.location().unwrap()).await;
    assert!(page.body.contains("väntade sig en annan person"), "{}", page.body);
    let path = page.between("id=\"back\" href=\"", "\"").to_owned();
    let back = login.browser.get(&path).await;
    assert_eq!((back.answer("error").as_deref(), back.answer("code")), (Some("login_required"), None), "OP-19: read first");
    let forged = format!("{}AAAA", &hint[..hint.len() - 4]);
    for wrong in [forged.as_str(), "x", "a.b.c"] {
        let page = goes_to(&grades, &mut browser, "d", &[("id_token_hint", wrong)]).await;
        assert_eq!(page.answer("error").as_deref(), Some("invalid_request"), "{wrong}");
    }
    let foreign = goes_to(&kommun.timetable(), &mut browser, "e", &[("id_token_hint", &hint)]).await;
    assert_eq!(foreign.answer("error").as_deref(), Some("invalid_request"), "another service's");
}
