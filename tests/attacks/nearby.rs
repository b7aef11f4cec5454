//! A key nearby gives one log-in to the page that asked, and nothing to any other page, time, address or person.

use handslag_phone::wire::{Bearer, Start};
use serde_json::{Value, json};

use crate::{
    journeys::nearby::{approves, challenge, takes},
    kommun::{Ceremony, Kommun, Login, Passkey},
};

async fn posts(login: &mut Login, act: &str, body: &Value) -> (u16, Value) {
    login.browser.asks(&format!("/login/{}/{act}", login.id), body).await
}

type Change = fn(&mut Ceremony);

/// What an authenticator says that does not hold.
const WRONG: [(&str, Change); 7] = [
    ("nobody was verified", Ceremony::unverified),
    ("another kind of key than was enrolled", Ceremony::not_synced),
    ("another site", |ceremony| ceremony.origin = "https://evil.example".to_owned()),
    ("another port", |ceremony| ceremony.origin.push('1')),
    ("within another page", |ceremony| ceremony.cross_origin = true),
    ("another address of the key", |ceremony| ceremony.relying_party = "evil.example".to_owned()),
    ("a registration", |ceremony| ceremony.kind = "webauthn.create"),
];

pub(crate) async fn what_the_key_signs_is_this_log_in_and_this_question(kommun: &Kommun) {
    let (school, phone, other) = (kommun.school(), kommun.stock("Amina Sahlin").await, kommun.stock("Bo Ek").await);
    let (mut login, mut elsewhere) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    let (own, foreign) = (challenge(&mut login, "take").await, challenge(&mut elsewhere, "take").await);
    assert_ne!(own, foreign);
    let refused = Some("approval_not_signed");
    for (what, change) in WRONG {
        let (status, said) = posts(&mut login, "skarmlas", &phone.signs_so(&own, change)).await;
        assert_eq!((status, said["code"].as_str()), (400, refused), "{what}");
    }
    assert_eq!(posts(&mut login, "skarmlas", &phone.signs(&foreign)).await.1["code"].as_str(), refused, "another log-in's");
    let mut others = phone.signs(&own);
    others["credential_id"] = other.signs(&own)["credential_id"].clone();
    assert_eq!(posts(&mut login, "skarmlas", &others).await.1["code"].as_str(), refused, "another's name on it");
    others["credential_id"] = json!("AAAA");
    assert_eq!(posts(&mut login, "skarmlas", &others).await.0, 401, "a key of nobody");
    let app = json!({ "by": "app", "signature": "A".repeat(86) });
    let wrong_kind = Some("wrong_signature_kind");
    assert_eq!(posts(&mut login, "skarmlas", &app).await.0, 400, "an app's signature");
    assert_eq!(posts(&mut login, "godkann", &phone.signs(&own)).await.0, 410, "nothing has been shown");
    assert_eq!(login.status().await["state"], json!("created"), "nothing of that has touched it");

    assert_eq!(posts(&mut login, "skarmlas", &phone.signs(&own)).await.0, 204);
    assert_eq!(posts(&mut login, "skarmlas", &other.signs(&own)).await.0, 410, "taken");
    let question = challenge(&mut login, "approve").await;
    for (what, change) in WRONG {
        let (status, said) = posts(&mut login, "godkann", &phone.signs_so(&question, change)).await;
        assert_eq!((status, said["code"].as_str()), (400, refused), "{what}");
    }
    for (what, body) in [("the taking again", phone.signs(&own)), ("another person's yes", other.signs(&question)), ("nothing", phone.signs(""))] {
        assert_eq!(posts(&mut login, "godkann", &body).await.1["code"].as_str(), refused, "{what}");
    }
    assert_eq!(posts(&mut login, "godkann", &app).await.1["code"].as_str(), wrong_kind, "an app's signature");
    assert!(login.status().await["next"].is_null(), "nothing of that is a yes");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE evidence IS NOT NULL").await, 0);
    assert_eq!(posts(&mut login, "godkann", &phone.signs(&question)).await.0, 204, "a wrong try is no answer");
}

pub(crate) async fn only_the_page_that_began_gets_the_question(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let own = challenge(&mut login, "take").await;
    let id = login.id.clone();
    for mut thief in [kommun.browser(), school.begins(kommun.browser()).await.browser, phone.browser.clone()] {
        assert_eq!(thief.asks(&format!("/login/{id}/skarmlas"), &phone.signs(&own)).await.0, 410, "in another browser");
    }
    let cross = login.browser.http.post(login.browser.address(&format!("/login/{id}/skarmlas"))).header("origin", "https://evil.example");
    assert_eq!(login.browser.send(cross.json(&phone.signs(&own))).await.status, 403, "from another site's page");
    assert_eq!(takes(&mut login, &phone).await.0, 204);
    let question = challenge(&mut login, "approve").await;
    for mut thief in [kommun.browser(), school.begins(kommun.browser()).await.browser] {
        assert_eq!(thief.get(&format!("/login/{id}")).await.status, 410, "what would be sent is shown to nobody else");
        assert_eq!(thief.asks(&format!("/login/{id}/godkann"), &phone.signs(&question)).await.0, 410);
        assert_eq!(thief.post(&format!("/login/{id}/inte-jag"), &[]).await.status, 410);
    }
    assert_eq!(approves(&mut login, &phone).await.0, 204);
    assert_eq!(school.begins(kommun.browser()).await.browser.get(&format!("/authorize/{id}")).await.status, 410);
    assert!(login.goes_on().await.answer("code").is_some());

    // What a phone has taken by the moving code is answered on that phone, not at the desk.
    let (bare, mut scanned) = (kommun.bare("Bo Ek").await, school.begins(kommun.browser()).await);
    let own = challenge(&mut scanned, "take").await;
    assert_eq!(bare.claims(&Start::Qr { text: Bearer::new(scanned.qr().await) }, kommun.now()).await.0, 200);
    assert_eq!(posts(&mut scanned, "skarmlas", &phone.signs(&own)).await.0, 410);
    assert_eq!(posts(&mut scanned, "godkann", &phone.signs(&own)).await.0, 410);
    assert_eq!(scanned.browser.post(&format!("/login/{}/inte-jag", scanned.id), &[]).await.status, 410);
}

pub(crate) async fn what_a_copied_key_does_not_reach(kommun: &Kommun) {
    let (phone, high) = (kommun.stock("Amina Sahlin").await, kommun.high());
    let mut login = high.begins(kommun.browser()).await;
    let (status, said) = takes(&mut login, &phone).await;
    assert_eq!((status, said["code"].as_str()), (403, Some("level_too_low")));
    assert!(said["sv"].as_str().unwrap().contains("nivå 3"), "{said}");
    assert_eq!(login.status().await["state"], json!("created"), "another phone may still come");
}

pub(crate) async fn a_key_that_has_ended_takes_and_answers_nothing(kommun: &Kommun) {
    let (school, mut phone, other) = (kommun.school(), kommun.stock("Amina Sahlin").await, kommun.stock("Bo Ek").await);
    let (mut taken, mut fresh) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    assert_eq!(takes(&mut taken, &phone).await.0, 204);
    let question = challenge(&mut taken, "approve").await;
    assert_eq!(phone.browser.post("/telefon/ta-bort", &[]).await.status, 200);
    assert_eq!(taken.browser.get(&format!("/login/{}", taken.id)).await.status, 403);
    assert_eq!(posts(&mut taken, "godkann", &phone.signs(&question)).await.1["code"], json!("phone_ended"));
    assert_eq!(takes(&mut fresh, &phone).await.1["code"], json!("phone_ended"));
    kommun.blocks(&other.affiliation).await;
    assert_eq!(takes(&mut fresh, &other).await.1["code"], json!("phone_ended"), "the identity has ended");
    let late = kommun.stock("Cilla Dahl").await;
    let own = challenge(&mut fresh, "take").await;
    kommun.server.clock.advance(301);
    assert_eq!(posts(&mut fresh, "skarmlas", &late.signs(&own)).await.0, 410, "nobody came in five minutes");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 0);
}

/// Two people at the same screen at the same moment: one takes it, and fifty answers are one.
pub(crate) async fn of_fifty_who_take_one_wins(kommun: &Kommun) {
    let (school, phones) = (kommun.school(), [kommun.stock("Amina Sahlin").await, kommun.stock("Bo Ek").await]);
    let mut login = school.begins(kommun.browser()).await;
    let (path, own) = (format!("/login/{}/skarmlas", login.id), challenge(&mut login, "take").await);
    let bodies: Vec<Value> = phones.iter().map(|phone| phone.signs(&own)).collect();
    let answers = kommun.fifty(|number| {
        let (mut browser, path, body) = (login.browser.clone(), path.clone(), bodies[number % 2].clone());
        async move { (number % 2, browser.asks(&path, &body).await.0) }
    });
    let answers = answers.await;
    let winners: std::collections::BTreeSet<usize> = answers.iter().filter(|(_, status)| *status == 204).map(|(who, _)| *who).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(who, status)| *status == if winners.contains(who) { 204 } else { 410 }), "{answers:?}");
    let phone: &Passkey = &phones[*winners.first().unwrap()];
    let (path, question) = (format!("/login/{}/godkann", login.id), challenge(&mut login, "approve").await);
    let answers = kommun.fifty(|_| {
        let (mut browser, path, body) = (login.browser.clone(), path.clone(), phone.signs(&question));
        async move { browser.asks(&path, &body).await.0 }
    });
    assert!(answers.await.iter().all(|status| *status == 204), "each hears that the yes stands");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.given'").await, 1);
    assert!(login.goes_on().await.answer("code").is_some());
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 1);
    kommun.journal_holds().await;
}

/// What a phone's browser took by the moving code is answered there: the same key at the desk gets neither it nor its question.
pub(crate) async fn what_the_phone_took_is_not_the_desks(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let own = challenge(&mut login, "take").await;
    let text = login.qr().await;
    let path = format!("/q/{}", text.rsplit('/').next().unwrap());
    for _ in 0..2 {
        assert_eq!(phone.browser.get(&path).await.location(), Some(format!("/telefon/godkann/{}", login.id).as_str()), "also asked again");
    }
    for act in ["skarmlas", "godkann"] {
        assert_eq!(posts(&mut login, act, &phone.signs(&own)).await.0, 410, "{act}");
    }
    assert!(!login.browser.get(&format!("/login/{}", login.id)).await.body.contains("Amina"), "nobody is named at the desk");
}

/// Time runs out for what was taken, too: asked again, it is over.
pub(crate) async fn what_was_taken_is_not_taken_again_when_its_time_is_over(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let own = challenge(&mut login, "take").await;
    assert_eq!(posts(&mut login, "skarmlas", &phone.signs(&own)).await.0, 204);
    assert_eq!(posts(&mut login, "skarmlas", &phone.signs(&own)).await.0, 204, "the answer was lost");
    kommun.server.clock.advance(1_000);
    assert_eq!(posts(&mut login, "skarmlas", &phone.signs(&own)).await.0, 410);
}
