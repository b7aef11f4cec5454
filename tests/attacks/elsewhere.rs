//! Attacks 7, 18, 25 and 26: phones that somebody else makes ask, devices that somebody else began, digits that somebody tries, and tokens
//! that are passed on too far.

use std::time::Instant;

use handslag_phone::{
    Button, Outcome, Task,
    wire::{Bearer, Start},
};
use serde_json::{Value, json};

use crate::{
    journeys::{exchanges, for_the_journal, types},
    kommun::{Answer, CIBA, DEVICE, Device, Halted as _, JOURNAL_SECRET, Kommun, ORG_ID, Pick, Portal, Worker, basic, bytes_of, post, txn_of},
};

/// Attack 25: another number than the one on the service's screen ends the question; there is no second guess.
pub(crate) async fn a_wrong_number_is_the_last_one(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let asked = care.asks_for(kommun, &worker, &[]).await;
    let right: u8 = asked.token("binding_number").parse().unwrap();
    let wrong = if right == 99 { 10 } else { right + 1 };
    let Outcome::RefusedByServer { problem, status: 403 } = worker.answers_service(&wrong.to_string(), Pick::Approve).await else { panic!() };
    assert_eq!(problem.code, "wrong_number");
    assert!(worker.asked().await.is_empty(), "the question is over");
    let denied = care.polls(kommun, &asked.token("auth_req_id")).await;
    assert_eq!(denied.error(), (400, "access_denied"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE state = 'declined' AND reason = 'wrong_number'").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 0);

    // Past the core's good manners: without any number, and with the right one after a wrong one.
    let phone = kommun.bare("Bo Ek").await;
    let who = kommun.server.db.read(async |tx| handslag_server::identity::by_id(tx, &phone.affiliation).await).await.unwrap().who.to_string();
    let asked = care.asks_for(kommun, &worker, &[("login_hint", &who)]).await;
    let number: u8 = asked.token("binding_number").parse().unwrap();
    let (_, inbox) = phone.calls("GET", "/phone/inbox", None, kommun.now()).await;
    let start = Start::Asked { approval: inbox["log_ins"][0]["approval"].as_str().unwrap().parse().unwrap() };
    let (_, claimed) = phone.claims(&start, kommun.now()).await;
    let bytes = bytes_of(&claimed);
    let txn = txn_of(&bytes);
    assert_eq!(phone.shows(&txn, None, kommun.now()).await.0, 204);
    let (status, answer) = phone.signs(&txn, &phone.approval, &bytes, kommun.now()).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("number_missing")));
    let signed =
        |number: u8| json!({ "number": number, "signature": { "by": "app", "signature": handslag_phone::es256::sign(&phone.approval, &bytes) } });
    let path = format!("/phone/approvals/{txn}/approve");
    let other = if number == 99 { 10 } else { number + 1 };
    assert_eq!(phone.calls("POST", &path, Some(&signed(other)), kommun.now()).await.0, 403);
    assert_eq!(phone.calls("POST", &path, Some(&signed(number)), kommun.now()).await.0, 410, "too late");
    kommun.journal_holds().await;
}

/// Attack 25: one open question of a service and person at a time, on every node; the first one stands.
pub(crate) async fn of_fifty_questions_at_once_one_is_open(kommun: &Kommun) {
    let (care, worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let who = worker.known().await.who.to_string();
    let answers = kommun.fifty(|_| {
        let (care, who, base, issuer) = (care.clone(), who.clone(), kommun.base.clone(), kommun.issuer.clone());
        async move {
            let assertion = care.assertion(&json!({}), &json!({}));
            let browser = crate::kommun::Browser::new(&base, &issuer);
            let fields = [
                ("scope", "openid"),
                ("login_hint", who.as_str()),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
            ];
            post(&browser, "/bc-authorize", &[], &fields).await
        }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.error() == (403, "access_denied")), "{answers:?}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM awaited_requests").await, 1);
    let other = kommun.alarm().asks_for(kommun, &worker, &[("client_notification_token", "8d67dc78-7faa-4d41-aabd-67707b374255")]).await;
    assert_eq!(other.status, 200, "another service's question is another matter");
}

/// Attack 25, fatigue: after three refused or ignored questions this service is not heard for an hour, after "Det är inte jag" at once. Other
/// services, the moving code and a later yes are not touched by it.
pub(crate) async fn nobody_wears_out_or_silences_a_phone(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    for ignored in 0..3 {
        let asked = care.asks_for(kommun, &worker, &[("requested_expiry", "30")]).await;
        assert_eq!(asked.status, 200, "{ignored}: {}", asked.body);
        if ignored == 0 {
            worker.answers_service("", Pick::Cancel).await;
        } else {
            kommun.server.clock.advance(31);
            assert_eq!(care.polls(kommun, &asked.token("auth_req_id")).await.error(), (400, "expired_token"));
            assert!(worker.asked().await.is_empty(), "it is over on the phone too");
        }
    }
    assert_eq!(care.asks_for(kommun, &worker, &[]).await.error(), (403, "access_denied"), "three are enough");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.asking_refused'").await, 1, "and it is told");
    let (alarm, ping) = (kommun.alarm(), [("client_notification_token", "8d67dc78-7faa-4d41-aabd-67707b374255")]);
    let asked = alarm.asks_for(kommun, &worker, &ping).await;
    worker.answers_service(&asked.token("binding_number"), Pick::Approve).await;
    let mut login = kommun.school().begins(kommun.browser()).await;
    worker.approves(&login).await;
    assert!(login.goes_on().await.answer("code").is_some(), "the moving code works as before");
    kommun.server.clock.advance(3_601);
    let asked = care.asks_for(kommun, &worker, &[]).await;
    worker.answers_service("", Pick::NotMe).await;
    assert_eq!(care.polls(kommun, &asked.token("auth_req_id")).await.error(), (400, "access_denied"));
    assert_eq!(care.asks_for(kommun, &worker, &[]).await.error(), (403, "access_denied"), "not me is enough at once");
    let other = kommun.worker("Bo Ek").await;
    assert_eq!(care.asks_for(kommun, &other, &[]).await.status, 200, "for others it asks as before");
    kommun.journal_holds().await;
}

/// Attacks 25 and 34: who cannot be asked is not told apart; hints, codes and messages that are refused.
pub(crate) async fn questions_that_are_not_asked(kommun: &Kommun) {
    let (care, worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let blocked = kommun.worker("Bo Ek").await;
    kommun.blocks(&blocked.affiliation).await;
    let without_phone = kommun.invites("Cia", "Dahl").await;
    let without = kommun.server.db.read(async |tx| handslag_server::identity::by_id(tx, &without_phone.affiliation).await).await.unwrap();
    let (without, blocked) = (without.who.to_string(), blocked.known().await.who.to_string());
    let mut answers = Vec::new();
    for hint in ["zzzzzzzz@2120009994", "nobody", "Amina Sahlin", without.as_str(), blocked.as_str()] {
        let answer = care.asks_for(kommun, &worker, &[("login_hint", hint)]).await;
        assert_eq!(answer.error(), (400, "unknown_user_id"), "{hint}");
        answers.push(answer.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "one answer for all of them");
    let school = kommun.school();
    let foreign = Portal { key: school.key.clone(), ..care.clone() };
    assert_eq!(school.asks_for(kommun, &worker, &[]).await.error(), (400, "unauthorized_client"));
    assert_eq!(foreign.asks_for(kommun, &worker, &[]).await.error(), (401, "invalid_client"));
    let wrong = [
        ([("binding_message", "rad ett\nrad två")], "invalid_binding_message"),
        ([("scope", "profile")], "invalid_scope"),
        ([("login_hint", "")], "invalid_request"),
        ([("login_hint_token", "a.b.c")], "invalid_request"),
        ([("id_token_hint", "a.b.c")], "invalid_request"),
        ([("requested_expiry", "soon")], "invalid_request"),
    ];
    for (changes, error) in wrong {
        assert_eq!(care.asks_for(kommun, &worker, &changes).await.error(), (400, error), "{changes:?}");
    }
    let forged = care.signed_request(
        json!({ "iss": kommun.issuer, "aud": "vardportalen", "txn": "txn_0123456789abcdefghjkmnpqrs" }).as_object().unwrap(),
        &json!({}),
        &json!({}),
    );
    let by_token = care.asks_for(kommun, &worker, &[("login_hint", ""), ("id_token_hint", &forged)]).await;
    assert_eq!(by_token.error(), (400, "unknown_user_id"), "an ID Token that we did not sign");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE directed_at IS NOT NULL").await, 0, "no phone has asked anything");
}

/// CIBA §7.1.1: what is signed counts; what was changed, repeated or stands beside it does not.
pub(crate) async fn signed_questions(kommun: &Kommun) {
    let (care, worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let now = kommun.now().seconds();
    let right = json!({
        "iss": "vardportalen", "aud": kommun.issuer, "iat": now, "nbf": now, "exp": now + 60, "jti": "one",
        "scope": "openid", "login_hint": worker.known().await.who, "binding_message": "Kassa 3",
    });
    let object = |claims: Value| care.signed_request(right.as_object().unwrap(), &claims, &json!({}));
    let sent =
        async |request: &str, beside: &[(&str, &str)]| care.sends(kommun, "/bc-authorize", &[&[("request", request)][..], beside].concat()).await;
    let strangers = Portal { key: kommun.school().key.clone(), ..care.clone() }.signed_request(right.as_object().unwrap(), &json!({}), &json!({}));
    assert_eq!(sent(&strangers, &[]).await.error(), (400, "invalid_request"));
    for claims in [json!({ "iat": null }), json!({ "jti": null }), json!({ "aud": "https://other.example" }), json!({ "response_type": "code" })] {
        assert_eq!(sent(&object(claims.clone()), &[]).await.error(), (400, "invalid_request"), "{claims}");
    }
    assert_eq!(sent(&object(json!({ "jti": "two" })), &[("binding_message", "Kassa 4")]).await.error(), (400, "invalid_request"));
    let request = object(json!({ "jti": "three" }));
    assert_eq!(sent(&request, &[]).await.status, 200);
    assert_eq!(sent(&request, &[]).await.error(), (400, "invalid_request"), "a replay");
}

/// Attacks 25 and 7: another program's handle, polls faster than agreed, fifty takers, and somebody blocked in between.
pub(crate) async fn handles_are_their_programs_alone_and_give_once(kommun: &Kommun) {
    let (care, alarm, mut worker) = (kommun.care(), kommun.alarm(), kommun.worker("Amina Sahlin").await);
    let asked = care.asks_for(kommun, &worker, &[]).await;
    let id = asked.token("auth_req_id");
    assert_eq!(alarm.polls(kommun, &id).await.error(), (400, "invalid_grant"), "another service's");
    assert_eq!(care.polls(kommun, "hs_ciba_guess").await.error(), (400, "invalid_grant"));
    let as_device = care.sends(kommun, "/token", &[("grant_type", DEVICE), ("device_code", &id)]).await;
    assert_eq!(as_device.error(), (400, "invalid_grant"), "one kind of handle is not the other");
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "authorization_pending"));
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "slow_down"), "within two seconds");
    kommun.server.clock.advance(3);
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "slow_down"), "five seconds more from then on");
    kommun.server.clock.advance(13);
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "authorization_pending"));
    worker.answers_service(&asked.token("binding_number"), Pick::Approve).await;
    let answers = kommun.fifty(|_| {
        let (care, id, base, issuer) = (care.clone(), id.clone(), kommun.base.clone(), kommun.issuer.clone());
        async move {
            let assertion = care.assertion(&json!({}), &json!({}));
            let browser = crate::kommun::Browser::new(&base, &issuer);
            let fields = [
                ("grant_type", CIBA),
                ("auth_req_id", id.as_str()),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
            ];
            post(&browser, "/token", &[], &fields).await
        }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.error() == (400, "invalid_grant")), "{answers:?}");

    let asked = care.asks_for(kommun, &worker, &[]).await;
    worker.answers_service(&asked.token("binding_number"), Pick::Approve).await;
    kommun.blocks(&worker.affiliation).await;
    let late = care.polls(kommun, &asked.token("auth_req_id")).await;
    assert_eq!(late.error(), (400, "access_denied"), "blocked between the yes and the poll");
    assert!(late.body.get("access_token").is_none());
}

/// CIBA §7.1 `user_code`: asked for where the person has set one, from each service only so often.
pub(crate) async fn a_person_decides_who_may_ask(kommun: &Kommun) {
    let (care, worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let mut desk = worker.at_a_desk(kommun).await;
    assert_eq!(desk.post("/min-sida/kod", &[("kod", "åäö1")]).await.status, 400);
    assert_eq!(desk.post("/min-sida/kod", &[("kod", "sill77")]).await.status, 303);
    assert_eq!(care.asks_for(kommun, &worker, &[]).await.error(), (400, "missing_user_code"));
    for guess in 0..10 {
        assert_eq!(care.asks_for(kommun, &worker, &[("user_code", &format!("sill{guess}"))]).await.error(), (400, "invalid_user_code"));
    }
    assert_eq!(care.asks_for(kommun, &worker, &[("user_code", "sill77")]).await.error(), (400, "invalid_user_code"), "it has guessed enough");
    let ping = ("client_notification_token", "8d67dc78-7faa-4d41-aabd-67707b374255");
    assert_eq!(kommun.alarm().asks_for(kommun, &worker, &[ping, ("user_code", "sill77")]).await.status, 200, "others are not touched by that");
    kommun.server.clock.advance(3_601);
    assert_eq!(care.asks_for(kommun, &worker, &[("user_code", "sill77")]).await.status, 200);
    assert_eq!(desk.post("/min-sida/kod", &[]).await.status, 303);
    let other = kommun.worker("Bo Ek").await;
    assert_eq!(care.asks_for(kommun, &other, &[("user_code", "anything")]).await.status, 200, "where none is set, none is needed");
}

async fn begins(kommun: &Kommun) -> Answer {
    let scope = format!("openid {ORG_ID}");
    post(&kommun.browser(), "/device_authorization", &[], &[("client_id", "tv-appen"), ("scope", &scope)]).await
}

async fn device_polls(kommun: &Kommun, code: &str) -> Answer {
    post(&kommun.browser(), "/token", &[], &[("grant_type", DEVICE), ("client_id", "tv-appen"), ("device_code", code)]).await
}

/// Attack 26: codes are tried so often and no more from one browser, and others are not locked out; a used code is used.
pub(crate) async fn guessing_codes_of_devices(kommun: &Kommun) {
    let begun = begins(kommun).await;
    let right = begun.token("user_code");
    let (mut guesser, mut person) = (kommun.browser(), kommun.browser());
    guesser.post("/device", &[("user_code", "")]).await;
    for _ in 0..9 {
        assert!(guesser.post("/device", &[("user_code", "BCDF-GHJK")]).await.body.contains("Koden gäller inte"));
    }
    let page = guesser.post("/device", &[("user_code", &right)]).await;
    assert!(page.status == 429 && page.body.contains("för många gånger") && !page.body.contains("Tv-appen"), "{}", page.body);
    assert!(person.post("/device", &[("user_code", &right)]).await.body.contains("Tv-appen"), "nobody else is locked out");
    person.post("/device/ja", &[("user_code", &right)]).await;
    assert!(kommun.browser().post("/device", &[("user_code", &right)]).await.body.contains("Koden gäller inte"), "used once");
    let mut evil = kommun.browser();
    let request = evil.http.post(evil.address("/device/ja")).header("origin", "https://evil.example").form(&[("user_code", "BCDF-GHJK")]);
    assert_eq!(evil.send(request).await.status, 403, "no other site may send it");
    let old = begins(kommun).await;
    kommun.server.clock.advance(601);
    assert!(kommun.browser().post("/device", &[("user_code", &old.token("user_code"))]).await.body.contains("Koden gäller inte"));
    assert_eq!(device_polls(kommun, &old.token("device_code")).await.error(), (400, "expired_token"));
    let by_url = kommun.browser().get(&format!("/token?grant_type={DEVICE}&device_code={}", old.token("device_code"))).await;
    assert_eq!(by_url.status, 405, "nothing is taken from an address");
}

/// Attack 26 and MB-04: the link of a device's log-in, sent to somebody's phone, gives the device nothing; a code that was typed by two
/// browsers is one's; fifty takers have one answer.
pub(crate) async fn a_device_that_somebody_else_began(kommun: &Kommun) {
    let mut victim = kommun.worker("Amina Sahlin").await;
    let begun = begins(kommun).await;
    let login = types(kommun, &begun).await;
    victim.approves_here(&login).await;
    assert_eq!(
        device_polls(kommun, &begun.token("device_code")).await.error(),
        (400, "authorization_pending"),
        "the answer went with the victim's phone"
    );
    let mut attacker = login.browser.clone();
    assert_eq!(attacker.get(&format!("/device/klar/{}", login.id)).await.status, 410);
    kommun.server.clock.advance(3);
    assert_eq!(device_polls(kommun, &begun.token("device_code")).await.error(), (400, "authorization_pending"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 0);

    let begun = begins(kommun).await;
    let mut own = types(kommun, &begun).await;
    let back = victim.approves_here(&own).await;
    assert_eq!(own.browser.get(&back).await.status, 200, "one's own browser");
    let code = begun.token("device_code");
    let answers = kommun.fifty(|_| {
        let (browser, code) = (own.browser.clone(), code.clone());
        async move { post(&browser, "/token", &[], &[("grant_type", DEVICE), ("client_id", "tv-appen"), ("device_code", &code)]).await }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.error() == (400, "invalid_grant")), "{answers:?}");
}

/// What the screen shows when it is asked for digits.
pub(super) async fn shown_digits(login: &mut crate::kommun::Login) -> String {
    let path = format!("/login/{}", login.id);
    assert_eq!(login.browser.post(&format!("{path}/siffror"), &[]).await.status, 303);
    let page = login.browser.get(&path).await;
    page.between("<b class=\"typed\">", "</b>").replace(' ', "")
}

fn typed(digits: &str) -> Start {
    Start::Code { digits: Bearer::new(digits) }
}

/// MB-03, attack 18: digits from the screen, once, for a minute, five tries a phone, level 2 and a log-in only.
pub(crate) async fn digits_from_a_screen(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let digits = shown_digits(&mut login).await;
    assert!(digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit()), "{digits}");
    assert!(matches!(worker.answers(typed(&digits), Pick::Approve).await, Outcome::Approved { return_to: None }));
    let code = login.code().await;
    let (_, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    let claims = crate::journeys::verified(kommun, tokens["id_token"].as_str().unwrap(), "skolportalen").await;
    assert!(claims["acr"].as_str().unwrap().ends_with("loa2"), "{claims}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE start_kind = 'typed_code'").await, 1);
    let refused = async |worker: &mut Worker, digits: &str| match worker.does(Task::Approve { start: typed(digits) }).await.done() {
        Outcome::RefusedByServer { problem, status } => (status, problem.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut worker, &digits).await.0, 410, "once");
    let mut late = school.begins(kommun.browser()).await;
    let old = shown_digits(&mut late).await;
    kommun.server.clock.advance(61);
    assert_eq!(refused(&mut worker, &old).await.0, 410, "a minute");
    let fresh = shown_digits(&mut late).await;
    assert_ne!(fresh, old);
    for _ in 0..2 {
        assert_eq!(refused(&mut worker, "00000000").await.0, 410);
    }
    assert_eq!(refused(&mut worker, &fresh).await, (429, "too_many_tries".to_owned()), "five tries in ten minutes");
    let mut other = kommun.worker("Bo Ek").await;
    assert!(matches!(other.answers(typed(&fresh), Pick::Approve).await, Outcome::Approved { .. }), "another phone is not locked out");

    let high = Portal::new(kommun, "beslutsportalen", None, "https://beslut.example/cb");
    let mut demanding = high.begins(kommun.browser()).await;
    demanding.browser.post(&format!("/login/{}/siffror", demanding.id), &[]).await;
    let page = demanding.browser.get(&format!("/login/{}", demanding.id)).await;
    assert!(!page.body.contains("class=\"typed\"") && !page.body.contains("/siffror"), "level 3 has no digits");
    let mut thief = kommun.browser();
    assert_eq!(thief.post(&format!("/login/{}/siffror", demanding.id), &[]).await.status, 410);
}

/// MB-06: a second log-in of the same person ends the first, and its screen and phone are told.
pub(crate) async fn a_second_log_in_ends_the_first(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let (mut first, second) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    worker.reads(Start::Qr { text: Bearer::new(first.qr().await) }).await;
    let phone = crate::kommun::BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    let began = Instant::now();
    let waits = format!("/login/{}/status?seen=shown", first.id);
    let start = Start::Qr { text: Bearer::new(second.qr().await) };
    let taken = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        phone.claims(&start, kommun.now()).await
    };
    let (told, taken) = tokio::join!(first.browser.get(&waits), taken);
    assert_eq!(taken.0, 200);
    let told: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(told["state"], "replaced", "{told}");
    assert!(told["words"].as_str().unwrap().contains("annat ställe") && began.elapsed().as_secs() < 2, "MB-07");
    let Outcome::RefusedByServer { problem, .. } = worker.presses(Button::Look).await.done() else { panic!() };
    assert_eq!(problem.code, "approval_replaced");
    let page = first.browser.get(&format!("/authorize/{}", first.id)).await;
    assert_eq!(page.answer("error").as_deref(), Some("access_denied"));

    // What a service asked for is another matter: it stands.
    let asked = kommun.care().asks_for(kommun, &worker, &[]).await;
    let start = Start::Asked { approval: worker.asked().await[0].approval.clone() };
    worker.does(Task::Approve { start }).await.shown();
    let third = school.begins(kommun.browser()).await;
    assert_eq!(phone.claims(&Start::Qr { text: Bearer::new(third.qr().await) }, kommun.now()).await.0, 200);
    worker.presses(Button::Number { number: asked.token("binding_number").parse().unwrap() }).await;
    assert!(matches!(worker.presses(Button::Approve).await.done(), Outcome::Approved { .. }));
}

/// RFC 8693 and attack 7: what is not passed on.
pub(crate) async fn tokens_that_are_not_passed_on(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let subject = for_the_journal(kommun, &mut worker).await;
    let wrong = [
        ([("audience", "https://bank.example")], "invalid_target"),
        ([("scope", "openid email")], "invalid_scope"),
        ([("scope", "offline_access")], "invalid_scope"),
        ([("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")], "invalid_request"),
        ([("actor_token", "x")], "invalid_request"),
        ([("subject_token", "hs_access_x")], "invalid_request"),
    ];
    for (changes, error) in wrong {
        assert_eq!(exchanges(kommun, &subject, &changes).await.error(), (400, error), "{changes:?}");
    }
    let passed_on = exchanges(kommun, &subject, &[]).await.token("access_token");
    assert_eq!(exchanges(kommun, &format!("{passed_on}x"), &[]).await.error(), (400, "invalid_request"));
    let own = [("grant_type", "client_credentials"), ("scope", "journal.read"), ("resource", "https://journal.example")];
    let own = post(&kommun.browser(), "/token", &[("authorization", &basic("journalen", JOURNAL_SECRET))], &own).await.token("access_token");
    assert_eq!(exchanges(kommun, &own, &[]).await.error(), (400, "invalid_request"), "no person is behind it");
    let by_name =
        [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", "journalen"), ("subject_token", subject.as_str())];
    let by_name =
        [&by_name[..], &[("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), ("audience", "https://dorrar.example")]].concat();
    assert_eq!(post(&kommun.browser(), "/token", &[], &by_name).await.error(), (401, "invalid_client"));
    let other = post(
        &kommun.browser(),
        "/token",
        &[],
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", "tv-appen"),
            ("subject_token", &subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", "https://dorrar.example"),
        ],
    )
    .await;
    assert_eq!(other.error(), (400, "unauthorized_client"));

    let mut bo = kommun.worker("Bo Ek").await;
    let of_bo = for_the_journal(kommun, &mut bo).await;
    kommun.blocks(&bo.affiliation).await;
    assert_eq!(exchanges(kommun, &of_bo, &[]).await.error(), (400, "invalid_request"), "attack 7: blocked");
    kommun.tampers("UPDATE phones SET blocked_at = 1").await;
    assert_eq!(exchanges(kommun, &subject, &[]).await.error(), (400, "invalid_request"), "attack 7: the phone is gone");
    kommun.server.clock.advance(301);
    assert_eq!(exchanges(kommun, &subject, &[]).await.error(), (400, "invalid_request"), "expired");
}

/// RFC 9449 with RFC 8693: what was bound to a key does not become a bearer token on its way.
pub(crate) async fn a_bound_token_stays_bound(kommun: &Kommun) {
    let (care, mut worker, mut device, mut thief) = (kommun.care(), kommun.worker("Amina Sahlin").await, Device::new(kommun), Device::new(kommun));
    let mut login = care.begins_with(kommun.browser(), &[("scope", "openid profile")]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let assertion = || care.assertion(&json!({}), &json!({}));
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let redeem = |proof: &str| {
        [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", "https://care.example/cb"),
            ("code_verifier", &*login.verifier),
            ("resource", "https://journal.example"),
            kind,
            ("client_assertion", proof),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let nonce = redeem(&assertion());
    let fields: Vec<(&str, &str)> = nonce.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let tokens = device.posts_with(&kommun.browser(), "/token", &fields, &assertion).await;
    let subject = tokens.token("access_token");
    let form = |proof: String| {
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".to_owned()),
            ("subject_token", subject.clone()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token".to_owned()),
            ("audience", "https://dorrar.example".to_owned()),
            (kind.0, kind.1.to_owned()),
            ("client_assertion", proof),
        ]
    };
    let unproven = form(assertion());
    let unproven: Vec<(&str, &str)> = unproven.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(post(&kommun.browser(), "/token", &[], &unproven).await.error(), (400, "invalid_dpop_proof"));
    let fields = form(assertion());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(thief.posts_with(&kommun.browser(), "/token", &fields, &assertion).await.error(), (400, "invalid_dpop_proof"), "another key");
    let passed = device.posts_with(&kommun.browser(), "/token", &fields, &assertion).await;
    assert_eq!(passed.body["token_type"], "DPoP", "{}", passed.body);
    let claims = crate::journeys::verified(kommun, &passed.token("access_token"), "https://dorrar.example").await;
    assert_eq!(claims["cnf"]["jkt"], json!(device.thumbprint()));
    let by_resource = exchanges(kommun, &subject, &[]).await;
    assert_eq!(by_resource.error(), (400, "invalid_dpop_proof"), "a resource that got it proves a key of its own");
}
