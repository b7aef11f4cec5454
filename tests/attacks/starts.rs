//! What leads a phone to a log-in must be near, of this second, and of this screen (MB-01 to MB-04).

use handslag_phone::{
    Outcome,
    wire::{Bearer, Start},
};
use serde_json::json;

use crate::kommun::{Kommun, Pick};

fn qr(text: &str) -> Start {
    Start::Qr { text: Bearer::new(text) }
}

pub(crate) async fn a_code_from_another_screen_or_another_second(kommun: &Kommun) {
    let (school, phone) = (kommun.school(), kommun.bare("Amina Sahlin").await);
    let (mut login, other) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    let now = kommun.now();
    let shown = login.qr_at(now).await;
    let (address, rest) = shown.rsplit_once('/').unwrap();
    let [token, second, mac] = rest.split('.').collect::<Vec<_>>()[..] else { panic!("{rest}") };
    let foreign = other.qr_at(now).await;
    let [_, _, foreign_mac] = foreign.rsplit('/').next().unwrap().split('.').collect::<Vec<_>>()[..] else { panic!() };
    let flipped = format!("{}{}", if mac.starts_with('0') { '1' } else { '0' }, &mac[1..]);
    let later: u64 = second.parse::<u64>().unwrap() + 1;
    let wrong = [
        format!("{address}/{token}.{second}.{flipped}"),
        format!("{address}/{token}.{second}.{foreign_mac}"),
        format!("{address}/{token}.{later}.{mac}"),
        format!("{address}/{token}.{second}."),
        format!("{address}/{token}"),
        format!("{address}/x{token}.{second}.{mac}"),
        login.qr_at(now + handslag_vocab::Seconds(30)).await,
        login.link.clone(),
        String::new(),
    ];
    for text in &wrong {
        assert_eq!(phone.claims(&qr(text), kommun.now()).await.0, 410, "{text}");
    }
    for start in [json!({ "by": "link", "token": rest }), json!({ "by": "code", "digits": "12345678" }), json!({ "by": "link", "token": "" })] {
        let (status, answer) = phone.calls("POST", "/phone/approvals", Some(&json!({ "language": "sv", "start": start })), kommun.now()).await;
        assert_eq!(status, 410, "{start} {answer}");
    }
    kommun.server.clock.advance(6);
    assert_eq!(phone.claims(&qr(&shown), kommun.now()).await.0, 410, "six seconds old");
    assert_eq!(login.status().await["state"], json!("created"), "nothing of that has touched it");
    let fresh = login.qr().await;
    assert_eq!(phone.claims(&qr(&fresh), kommun.now()).await.0, 200);
    assert_eq!(login.browser.get(&format!("/login/{}/kod.svg", login.id)).await.status, 410, "claimed: no more codes");
}

/// MB-02: what the moving codes are made with is in no page, no answer, no code and no row.
pub(crate) async fn the_secret_behind_the_code_reaches_nobody(kommun: &Kommun) {
    let mut login = kommun.school().begins(kommun.browser()).await;
    let secret = handslag_server::phone::qr_secret(&kommun.server, &login.id).unwrap();
    let mut seen = vec![login.qr().await, login.status().await.to_string()];
    for path in ["", "/kod.svg", "/status"] {
        let page = login.browser.get(&format!("/login/{}{path}", login.id)).await;
        seen.push(format!("{} {:?}", page.body, page.headers));
    }
    let rows: Vec<(String,)> = kommun.server.db.read(async |tx| tx.all("SELECT request FROM approvals", ()).await).await.unwrap();
    seen.extend(rows.into_iter().map(|(row,)| row));
    assert!(secret.reveal().len() >= 43 && seen.len() == 6);
    assert!(seen.iter().all(|text| !text.contains(secret.reveal())), "{seen:?}");
}

/// The attacker begins, sends the link to the victim, and waits (MB-04).
pub(crate) async fn a_link_sent_to_somebody_else_gives_the_sender_nothing(kommun: &Kommun) {
    let (school, mut victim) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut attackers = school.begins(kommun.browser()).await;
    let back = victim.approves_here(&attackers).await;
    let status = attackers.status().await;
    assert_eq!((status["state"].as_str(), &status["next"]), (Some("approved"), &json!(null)), "{status}");
    let path = format!("/authorize/{}", attackers.id);
    for guess in ["", "?svar=", "?svar=x", "?svar=hs_return_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let page = attackers.browser.get(&format!("{path}{guess}")).await;
        assert_eq!((page.status, page.location()), (410, None), "{guess}");
    }
    let other = school.begins(kommun.browser()).await;
    let foreign = victim.approves_here(&other).await;
    let (_, nonce) = foreign.split_once('?').unwrap();
    assert_eq!(attackers.browser.get(&format!("{path}?{nonce}")).await.status, 410, "the nonce of another log-in");
    let mut own = kommun.browser();
    let page = own.get(&back).await;
    assert_eq!((page.status, page.location()), (410, None), "the victim's browser did not begin it: the log-in ends here");
    let mut bystander = school.begins(kommun.browser()).await.browser;
    assert_eq!(bystander.get(&back).await.status, 410, "a stolen return link without the cookie of its browser");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 0);
}

pub(crate) async fn the_answer_goes_to_the_browser_that_began(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    let id = login.id.clone();
    for mut thief in [kommun.browser(), school.begins(kommun.browser()).await.browser] {
        for path in [format!("/login/{id}"), format!("/login/{id}/kod.svg"), format!("/login/{id}/status"), format!("/authorize/{id}")] {
            assert_eq!(thief.get(&path).await.status, 410, "{path}");
        }
        assert_eq!(thief.post(&format!("/login/{id}/avbryt"), &[]).await.status, 410);
    }
    assert_eq!(login.browser.get(&format!("/authorize/{id}")).await.status, 410, "before any answer");
    worker.approves(&login).await;
    assert_eq!(school.begins(kommun.browser()).await.browser.get(&format!("/authorize/{id}")).await.status, 410);
    assert!(login.goes_on().await.answer("code").is_some());
    assert_eq!(login.browser.get(&format!("/authorize/{id}")).await.status, 410, "once");

    for pick in [Pick::Cancel, Pick::NotMe] {
        let mut turned_down = school.begins(kommun.browser()).await;
        let text = turned_down.qr().await;
        assert!(matches!(worker.answers(qr(&text), pick).await, Outcome::Declined { .. }));
        let page = turned_down.browser.get(&format!("/authorize/{}", turned_down.id)).await;
        assert_eq!(page.answer("error").as_deref(), Some("access_denied"), "the service hears of the no");
    }
    let mut cancelled = school.begins(kommun.browser()).await;
    let text = cancelled.qr().await;
    cancelled.browser.post(&format!("/login/{}/avbryt", cancelled.id), &[]).await;
    let outcome = worker.answers(qr(&text), Pick::Approve).await;
    assert!(matches!(outcome, Outcome::RefusedByServer { status: 410, .. }), "{outcome:?}");
    let page = cancelled.browser.get(&format!("/authorize/{}", cancelled.id)).await;
    assert_eq!(page.answer("error").as_deref(), Some("access_denied"));
}
