//! A program waits while a person answers elsewhere: services that ask for somebody they know (CIBA), devices without a browser (RFC 8628),
//! and what services pass on to each other (RFC 8693).

use handslag_phone::{
    Button, Outcome, Screen, Task,
    wire::{Bearer, Start},
};
use serde_json::{Value, json};

use crate::{
    journeys::{log_in::verified, userinfo},
    kommun::{Answer, DEVICE, Device, Halted as _, JOURNAL_SECRET, Kommun, ORG_ID, Pick, WHO, Worker, basic, post},
};

/// OpenID Connect CIBA Core 1.0 §7 to §10, poll: the same tokens as for a code.
pub(crate) async fn a_service_asks_for_somebody_it_knows(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let scope = format!("openid {ORG_ID} offline_access");
    let asked = care.asks_for(kommun, &worker, &[("scope", &scope)]).await;
    let (id, number) = (asked.token("auth_req_id"), asked.token("binding_number"));
    assert_eq!((asked.body["expires_in"].as_i64(), asked.body["interval"].as_i64()), (Some(120), Some(2)));
    assert_eq!(asked.headers["cache-control"], "no-store");
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "authorization_pending"));

    let inbox = worker.asked().await;
    assert_eq!((inbox[0].requester.as_str(), inbox[0].organisation.as_str()), ("Webbappen", "Kvarnby kommun"));
    let start = Start::Asked { approval: inbox[0].approval.clone() };
    let Screen::Approval(screen) = worker.does(Task::Approve { start }).await.shown() else { panic!() };
    assert_eq!(screen.what_happens.message.as_deref(), Some("Kassa 3"), "what the service says is shown");
    worker.presses(Button::Number { number: number.parse().unwrap() }).await;
    assert_eq!(worker.presses(Button::Approve).await.done(), Outcome::Approved { return_to: None });

    let tokens = care.polls(kommun, &id).await;
    let claims = verified(kommun, &tokens.token("id_token"), "vardportalen").await;
    let me = worker.known().await;
    assert_eq!((&claims["sub"], &claims[WHO]), (&json!(me.subject), &json!(me.who)));
    assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], json!(id));
    assert!(claims["txn"].as_str().unwrap().starts_with("txn_"));
    assert_eq!(userinfo(&kommun.browser(), &tokens.token("access_token")).await.0, 200);
    let refreshed = care.sends(kommun, "/token", &[("grant_type", "refresh_token"), ("refresh_token", &tokens.token("refresh_token"))]).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(care.polls(kommun, &id).await.error(), (400, "invalid_grant"), "given once");
    assert!(worker.asked().await.is_empty());

    // The ID Token names the person as well as the work identity does.
    let hint = tokens.token("id_token");
    let again = care.asks_for(kommun, &worker, &[("login_hint", ""), ("id_token_hint", &hint)]).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(matches!(worker.answers_service(&again.token("binding_number"), Pick::Approve).await, Outcome::Approved { .. }));
    kommun.journal_holds().await;
}

/// CIBA §10.2: told at the registered address with its own token, again until it hears, and then it fetches.
pub(crate) async fn a_service_is_told_when_somebody_has_answered(kommun: &Kommun) {
    let (alarm, mut worker) = (kommun.alarm(), kommun.worker("Amina Sahlin").await);
    let token = "8d67dc78-7faa-4d41-aabd-67707b374255";
    assert_eq!(alarm.asks_for(kommun, &worker, &[]).await.error(), (400, "invalid_request"), "without the token of the ping");
    let asked = alarm.asks_for(kommun, &worker, &[("client_notification_token", token)]).await;
    let id = asked.token("auth_req_id");
    kommun.ear.answers(503);
    worker.answers_service(&asked.token("binding_number"), Pick::Approve).await;
    let heard = kommun.ear.hears(1).await;
    assert_eq!(heard[0].ping(), (Some(format!("Bearer {token}").as_str()), json!({ "auth_req_id": id })));
    kommun.ear.answers(204);
    kommun.server.clock.advance(21); // the lease of the first try
    assert_eq!(kommun.ear.hears(2).await[1].ping(), heard[0].ping(), "tried again");
    assert_eq!(alarm.polls(kommun, &id).await.status, 200);

    // MB-07: a no is told as fast.
    let asked = alarm.asks_for(kommun, &worker, &[("client_notification_token", token)]).await;
    worker.answers_service("", Pick::NotMe).await;
    kommun.ear.hears(3).await;
    let denied = alarm.polls(kommun, &asked.token("auth_req_id")).await;
    assert_eq!(denied.error(), (400, "access_denied"));
    assert!(denied.body["error_description"].as_str().unwrap().contains("somebody else"), "{}", denied.body);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM outbox WHERE topic = 'directed.answered' AND done_at IS NULL").await, 0);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM awaited_requests WHERE notification IS NOT NULL").await, 0);
}

/// MB-07: whoever gives up waiting gives the handle back, and the question on the phone ends.
pub(crate) async fn a_service_that_gives_up_ends_the_question_on_the_phone(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let asked = care.asks_for(kommun, &worker, &[]).await;
    let start = Start::Asked { approval: worker.asked().await[0].approval.clone() };
    worker.does(Task::Approve { start }).await.shown();
    assert!(matches!(worker.presses(Button::Look).await.shown(), Screen::Approval(_)), "it still stands");
    assert_eq!(kommun.alarm().sends(kommun, "/revoke", &[("token", &asked.token("auth_req_id"))]).await.status, 200);
    assert!(matches!(worker.presses(Button::Look).await.shown(), Screen::Approval(_)), "another service ends nothing");
    assert_eq!(care.sends(kommun, "/revoke", &[("token", &asked.token("auth_req_id"))]).await.status, 200);
    let Outcome::RefusedByServer { problem, status: 410 } = worker.presses(Button::Look).await.done() else { panic!() };
    assert_eq!(problem.code, "approval_aborted");
    assert_eq!(care.polls(kommun, &asked.token("auth_req_id")).await.error(), (400, "invalid_grant"));
    assert_eq!(care.asks_for(kommun, &worker, &[]).await.status, 200, "and it may ask anew");
}

/// MB-05, MB-07: the waiting page hears each state as it happens, in words; nobody else hears anything.
pub(crate) async fn a_waiting_page_is_told_as_it_happens(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let path = format!("/login/{}/handelser", login.id);
    assert_eq!(kommun.browser().get(&path).await.status, 410, "not for other browsers");
    let cookies: Vec<String> = login.browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = login.browser.http.get(login.browser.address(&path)).header("cookie", cookies.join("; ")).header("accept-language", "sv");
    let mut events = request.send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut hears = async || {
        let piece = events.chunk().await.unwrap().expect("an event");
        let text = String::from_utf8(piece.to_vec()).unwrap();
        serde_json::from_str::<Value>(text.trim().strip_prefix("data: ").unwrap()).unwrap()
    };
    assert_eq!(hears().await["state"], "created");
    let began = std::time::Instant::now();
    worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
    let (claimed, shown) = (hears().await, hears().await);
    assert!(claimed["state"] == "claimed" && shown["state"] == "shown" && began.elapsed().as_secs() < 2, "{claimed} {shown}");
    worker.presses(Button::NotMe).await.done();
    let told = hears().await;
    assert_eq!(told["state"], "not-me");
    assert!(told["words"].as_str().unwrap().contains("Det är inte jag") && told["next"].is_string(), "{told}");
    assert!(events.chunk().await.unwrap().is_none(), "nothing comes after it");
    drop(login.goes_on().await);
}

async fn begins(kommun: &Kommun) -> Answer {
    let scope = format!("openid {ORG_ID} offline_access");
    post(&kommun.browser(), "/device_authorization", &[], &[("client_id", "tv-appen"), ("scope", &scope)]).await
}

async fn device_polls(kommun: &Kommun, code: &str) -> Answer {
    post(&kommun.browser(), "/token", &[], &[("grant_type", DEVICE), ("client_id", "tv-appen"), ("device_code", code)]).await
}

/// Types the code in a browser and goes on; gives the browser on its waiting page.
pub(crate) async fn types(kommun: &Kommun, begun: &Answer) -> crate::kommun::Login {
    let mut browser = kommun.browser();
    let page = browser.get(begun.body["verification_uri_complete"].as_str().unwrap()).await;
    let typed = page.between("name=\"user_code\" value=\"", "\"").to_owned();
    assert_eq!(typed, begun.token("user_code"), "typed for the person");
    let page = browser.post("/device", &[("user_code", &typed.to_lowercase())]).await;
    assert!(page.body.contains("Tv-appen") && page.body.contains("nyss") && page.body.contains(&typed), "{}", page.body);
    let waiting = browser.post("/device/ja", &[("user_code", &typed)]).await.location().unwrap().to_owned();
    kommun.care().waits(browser, &waiting, "device").await
}

/// RFC 8628: from the code on the screen to the tokens on the device.
pub(crate) async fn a_device_without_a_browser_logs_in(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let begun = begins(kommun).await;
    let code = begun.token("device_code");
    assert_eq!((begun.body["expires_in"].as_i64(), begun.body["interval"].as_i64()), (Some(600), Some(2)));
    assert_eq!(device_polls(kommun, &code).await.error(), (400, "authorization_pending"));
    let mut login = types(kommun, &begun).await;
    let screen = worker.reads(Start::Qr { text: Bearer::new(&login.qr().await) }).await;
    assert_eq!(screen.what_happens.text, "Vill du logga in i Tv-appen på en annan enhet?");
    worker.presses(Button::Approve).await.done();
    let done = login.goes_on().await;
    assert!(done.status == 200 && done.body.contains("Titta på enheten"), "{}", done.body);
    let tokens = device_polls(kommun, &code).await;
    let claims = verified(kommun, &tokens.token("id_token"), "tv-appen").await;
    assert_eq!(claims["sub"], json!(worker.known().await.subject));
    assert!(tokens.body["refresh_token"].is_string());
    assert_eq!(userinfo(&login.browser, &tokens.token("access_token")).await.0, 200);
    assert_eq!(device_polls(kommun, &code).await.error(), (400, "invalid_grant"), "given once");
    kommun.journal_holds().await;
}

/// MB-07 for devices: a no on the phone, a cancel at the screen, and "Det är inte jag" before anything began.
pub(crate) async fn a_device_hears_every_no(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    for pick in [Some(Pick::NotMe), Some(Pick::Cancel), None] {
        let begun = begins(kommun).await;
        let mut login = types(kommun, &begun).await;
        match pick {
            Some(pick) => {
                let start = Start::Qr { text: Bearer::new(login.qr().await) };
                worker.answers(start, pick).await;
            }
            None => drop(login.browser.post(&format!("/login/{}/avbryt", login.id), &[]).await),
        }
        assert_eq!(device_polls(kommun, &begun.token("device_code")).await.error(), (400, "access_denied"));
        let page = login.browser.get(&format!("/device/klar/{}", login.id)).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }
    let begun = begins(kommun).await;
    let page = kommun.browser().post("/device/nej", &[("user_code", &begun.token("user_code"))]).await;
    assert!(page.body.contains("Vi har stoppat det"), "{}", page.body);
    assert_eq!(device_polls(kommun, &begun.token("device_code")).await.error(), (400, "access_denied"));
    assert!(kommun.browser().post("/device", &[("user_code", &begun.token("user_code"))]).await.body.contains("Koden gäller inte"));
}

/// A token of a person's log-in at the care portal, for the journal.
pub(crate) async fn for_the_journal(kommun: &Kommun, worker: &mut Worker) -> String {
    let care = kommun.care();
    let mut login = care.begins_with(kommun.browser(), &[("scope", "openid profile offline_access")]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = care.exchanges_with(&login.browser, &code, &login.verifier, &[("resource", "https://journal.example")]).await;
    assert_eq!(status, 200, "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// The journal passes a token on.
pub(crate) async fn exchanges(kommun: &Kommun, token: &str, changes: &[(&str, &str)]) -> Answer {
    let fields = exchange(token, changes);
    post(&kommun.browser(), "/token", &[("authorization", &basic("journalen", JOURNAL_SECRET))], &fields).await
}

fn exchange<'a>(token: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("audience", "https://dorrar.example"),
    ];
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    fields
}

/// The same with a proof of the journal's key.
pub(crate) async fn exchanges_bound(kommun: &Kommun, key: &mut Device, token: &str, changes: &[(&str, &str)]) -> Answer {
    for _ in 0..6 {
        let fields = exchange(token, changes);
        let proof = key.proof("POST", "/token", None, &json!({}));
        let headers = [("authorization", &*basic("journalen", JOURNAL_SECRET)), ("dpop", &*proof)];
        let answer = post(&kommun.browser(), "/token", &headers, &fields).await;
        key.hears(&answer);
        if answer.error().1 != "use_dpop_nonce" {
            return answer;
        }
    }
    panic!("the nonce of the last answer is refused")
}

/// RFC 8693: for the next audience, for no more and no longer, with the name of who passed it on.
pub(crate) async fn a_service_passes_a_persons_access_on(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let subject = for_the_journal(kommun, &mut worker).await;
    let before = verified(kommun, &subject, "https://journal.example").await;
    kommun.server.clock.advance(100);
    let answer = exchanges(kommun, &subject, &[("scope", "profile")]).await;
    assert_eq!(answer.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((answer.body["scope"].as_str(), answer.body["token_type"].as_str()), (Some("profile"), Some("Bearer")));
    assert!(answer.body.get("refresh_token").is_none() && answer.body.get("id_token").is_none());
    let after: Value = verified(kommun, &answer.token("access_token"), "https://dorrar.example").await;
    assert_eq!((&after["sub"], &after["client_id"]), (&before["sub"], &json!("journalen")));
    assert_eq!(after["act"], json!({ "sub": "journalen" }));
    assert_eq!(after["exp"], before["exp"], "never longer than what it came from");
    let whole = exchanges(kommun, &subject, &[]).await;
    assert_eq!(whole.body["scope"], "openid profile", "and never to stay logged in");
    kommun.journal_holds().await;
}
