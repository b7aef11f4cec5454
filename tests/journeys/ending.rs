//! An end is an end at once, on the same node, for everything that was under way (LC-08).

use handslag_phone::{
    Outcome, Task,
    wire::{Bearer, Start},
};
use handslag_server::demo::Halt;
use serde_json::json;

use super::{log_in::userinfo, signing::asked};
use crate::kommun::{Kommun, Pick};

pub(crate) async fn a_block_ends_everything_at_once(kommun: &Kommun) {
    let school = kommun.school();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let (mut approved, mut coded, mut told) =
        (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    for login in [&approved, &coded, &told] {
        worker.approves(login).await;
    }
    let code = coded.code().await;
    let last = told.code().await;
    let (_, tokens) = school.exchanges(&told.browser, &last, &told.verifier).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&told.browser, &token).await.0, 200);
    let signature = asked(kommun, &mut worker, "protokoll").await;
    let mut desk = worker.at_a_desk(kommun).await;
    assert_eq!(desk.get(&format!("/underskrift/{signature}/fil.pdf")).await.status, 200);

    kommun.blocks(&worker.affiliation).await;

    let first = approved.goes_on().await.location().unwrap().to_owned();
    let page = approved.browser.get(&first).await;
    assert!(page.body.contains("spärrades medan du svarade"), "a log-in, and the person reads why (OP-19): {}", page.body);
    let back = page.between("id=\"back\" href=\"", "\"").to_owned();
    assert_eq!(approved.browser.get(&back).await.answer("error").as_deref(), Some("access_denied"));
    let (status, refused) = school.exchanges(&coded.browser, &code, &coded.verifier).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "a code");
    assert_eq!(userinfo(&told.browser, &token).await.0, 401, "an access token");
    let page = desk.get(&format!("/underskrift/{signature}/fil.pdf")).await;
    assert!(page.location().is_some_and(|to| to.starts_with("/logga-in")), "a session: {}", page.status);
    let refused = |halt: &Halt| matches!(halt, Halt::Done(Outcome::RefusedByServer { status: 403, .. }));
    for task in [Task::Sync, Task::Inbox, Task::Approve { start: Start::Assigned { signature } }] {
        let halt = worker.does(task.clone()).await;
        assert!(refused(&halt), "{task:?}: {halt:?}");
    }
    let late = school.begins(kommun.browser()).await;
    let outcome = worker.answers(Start::Qr { text: Bearer::new(late.qr().await) }, Pick::Approve).await;
    assert!(matches!(outcome, Outcome::RefusedByServer { status: 403, .. }), "{outcome:?}");
    kommun.journal_holds().await;
}

pub(crate) async fn a_worker_takes_the_identity_off_the_phone(kommun: &Kommun) {
    let school = kommun.school();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut told = school.begins(kommun.browser()).await;
    worker.approves(&told).await;
    let code = told.code().await;
    let (_, tokens) = school.exchanges(&told.browser, &code, &told.verifier).await;
    let halt = worker.does(Task::Remove).await;
    assert!(matches!(halt, Halt::Done(Outcome::Removed { server_told: true })), "{halt:?}");
    assert!(worker.handset.core().identity().is_none());
    assert_eq!(userinfo(&told.browser, tokens["access_token"].as_str().unwrap()).await.0, 401, "what that phone gave has ended");

    let phone = kommun.bare("Bo Ek").await;
    let mut login = school.begins(kommun.browser()).await;
    let start = Start::Link { token: Bearer::new(&login.link) };
    let (_, answer) = phone.approves(&start, kommun.now()).await;
    let page = login.browser.get(answer["return_to"].as_str().unwrap()).await;
    let code = page.answer("code").unwrap();
    let mut browser = kommun.browser();
    let own = browser.get("/logga-in?till=/").await.location().unwrap().to_owned();
    let link = browser.get(&own).await.between("href=\"/t/", "\"").to_owned();
    let (_, answer) = phone.approves(&Start::Link { token: Bearer::new(link) }, kommun.now()).await;
    browser.get(answer["return_to"].as_str().unwrap()).await;
    assert_eq!(browser.post("/logga-ut", &[]).await.status, 303, "logged in on our own pages");
    let own = browser.get("/logga-in?till=/").await.location().unwrap().to_owned();
    let link = browser.get(&own).await.between("href=\"/t/", "\"").to_owned();
    let (_, answer) = phone.approves(&Start::Link { token: Bearer::new(link) }, kommun.now()).await;
    browser.get(answer["return_to"].as_str().unwrap()).await;

    assert_eq!(phone.calls("DELETE", "/phone", None, kommun.now()).await.0, 204);
    assert_eq!(browser.post("/logga-ut", &[]).await.status, 401, "sessions from that phone end with it");
    assert_eq!(school.exchanges(&login.browser, &code, &login.verifier).await.0, 400, "and codes");
    assert_eq!(phone.calls("GET", "/phone/inbox", None, kommun.now()).await.0, 403);
    assert_eq!(phone.calls("GET", "/phone/wallet", None, kommun.now()).await.0, 403);
    kommun.journal_holds().await;
}
