//! What a log-in costs the person who begins it: a browser that keeps the key goes straight to the question, the desk asks ahead, and what happens
//! on one side is on the other within two seconds (MB-05, MB-07, MB-08).

use std::time::{Duration, Instant};

use handslag_phone::{
    Button, Outcome, Screen,
    wire::{Bearer, Start},
};
use serde_json::{Value, json};

use super::nearby::takes;
use crate::kommun::{Browser, Kommun, Login, Page, Passkey, Portal};

const TWO_SECONDS: Duration = Duration::from_secs(2);

/// A browser that keeps its key begins; gives where it is led.
pub(crate) async fn led(portal: &Portal, browser: &mut Browser) -> (String, Page) {
    let page = browser.get(&portal.address("s", &[])).await;
    let waiting = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    (waiting.trim_start_matches("/login/").to_owned(), browser.get(&waiting).await)
}

/// The form of the yes on the phone's own page.
pub(crate) async fn says_yes(phone: &mut Passkey, id: &str) -> Page {
    let page = phone.browser.get(&format!("/telefon/godkann/{id}")).await;
    let challenge = page.between("data-challenge=\"", "\"").to_owned();
    says_yes_to(phone, id, &challenge).await
}

async fn says_yes_to(phone: &mut Passkey, id: &str, challenge: &str) -> Page {
    let signed = phone.signs(challenge);
    let fields = ["authenticator_data", "client_data_json", "credential_id", "signature"].map(|name| (name, signed[name].as_str().unwrap()));
    phone.browser.post(&format!("/telefon/godkann/{id}"), &fields).await
}

pub(crate) async fn a_browser_that_keeps_its_key_goes_straight_to_the_question(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let (id, next) = led(&school, &mut phone.browser).await;
    assert_eq!((next.status, next.location()), (303, Some(format!("/telefon/godkann/{id}").as_str())));
    let page = phone.browser.get(next.location().unwrap()).await;
    for shown in ["Vill du logga in i Skolportalen?", "Det här skickas", "Amina Sahlin", "Använd en annan telefon"] {
        assert!(page.body.contains(shown), "{shown}");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&format!("form-action 'self' {} https:", kommun.issuer)), "{policy}");
    let challenge = page.between("data-challenge=\"", "\"").to_owned();
    let wrong = says_yes_to(&mut phone, &id, "AAAA").await;
    assert!(wrong.status == 400 && wrong.body.contains("Försök igen"), "{} {}", wrong.status, wrong.body);
    let yes = says_yes_to(&mut phone, &id, &challenge).await;
    let back = yes.location().unwrap_or_else(|| panic!("{}", yes.body)).to_owned();
    assert!(yes.status == 303 && back.starts_with(&format!("{}/authorize/{id}?svar=", kommun.issuer)), "{back}");
    assert_eq!(says_yes_to(&mut phone, &id, &challenge).await.location(), Some(back.as_str()), "sent again after the answer was lost");
    assert!(phone.browser.get(&back).await.answer("code").is_some());
    // What this phone does not reach, another may: the page that waits for any phone stands.
    let (_, page) = led(&kommun.high(), &mut phone.browser).await;
    assert!(page.status == 200 && page.body.contains("Logga in i"), "{} {}", page.status, page.body);
    kommun.journal_holds().await;
}

/// Any page can lead a browser to a question: what the person has open elsewhere stands until the yes (MB-06).
pub(crate) async fn to_be_led_to_a_question_ends_nothing_and_a_yes_does(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut desk = school.begins(kommun.browser()).await;
    assert_eq!(takes(&mut desk, &phone).await.0, 204);
    assert!(desk.status().await["ahead"].is_null(), "what is answered at the desk itself is not asked for ahead");
    let (id, next) = led(&school, &mut phone.browser).await;
    assert_eq!(next.status, 303);
    assert_eq!(desk.status().await["state"], json!("here"), "nobody has pressed anything");
    assert_eq!(says_yes(&mut phone, &id).await.status, 303);
    assert_eq!(desk.status().await["state"], json!("replaced"));
}

/// MB-06: the screen of what gave way says so at once, whether another was taken or answered.
pub(crate) async fn what_gives_way_says_so_within_two_seconds(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut desk = school.begins(kommun.browser()).await;
    assert_eq!(takes(&mut desk, &phone).await.0, 204);
    let mut next = school.begins(kommun.browser()).await;
    let another = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(takes(&mut next, &phone).await.0, 204);
    };
    let ((told, waited), ()) = tokio::join!(heard(&mut desk, "here"), another);
    assert!(told["state"] == "replaced" && waited < TWO_SECONDS, "{told} {waited:?}");
    let (id, _) = led(&school, &mut phone.browser).await;
    let yes = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        says_yes(&mut phone, &id).await.status
    };
    let ((told, waited), status) = tokio::join!(heard(&mut next, "here"), yes);
    assert!(status == 303 && told["state"] == "replaced" && waited < TWO_SECONDS, "{status} {told} {waited:?}");
}

/// A question that is over is not gone to: the page that began says how it ended.
pub(crate) async fn a_question_that_is_over_leads_nowhere(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let (id, next) = led(&school, &mut phone.browser).await;
    assert_eq!(next.status, 303);
    assert_eq!(phone.browser.post(&format!("/telefon/godkann/{id}/inte-jag"), &[]).await.status, 303);
    let page = phone.browser.get(&format!("/login/{id}")).await;
    assert_eq!((page.status, page.location()), (200, None), "{}", page.body);
}

/// Whoever's browser it is, another phone may answer; what stood first is over.
pub(crate) async fn another_phone_answers_where_this_browsers_own_could(kommun: &Kommun) {
    let (school, mut phone, mut bo) = (kommun.school(), kommun.stock("Amina Sahlin").await, kommun.worker("Bo Ek").await);
    let (id, _) = led(&school, &mut phone.browser).await;
    let path = format!("/authorize/{id}/annan-telefon");
    assert_eq!(kommun.browser().post(&path, &[]).await.status, 410, "another browser's");
    let cross = phone.browser.http.post(phone.browser.address(&path)).header("origin", "https://evil.example");
    assert_eq!(phone.browser.send(cross).await.status, 403, "another site's form");
    let anew = phone.browser.post(&path, &[]).await;
    let waiting = anew.location().unwrap_or_else(|| panic!("{}", anew.body)).to_owned();
    assert!(waiting.starts_with("/login/") && !waiting.contains(&id), "{waiting}");
    assert_eq!(phone.browser.post(&path, &[]).await.status, 410, "once");
    assert!(phone.browser.get(&format!("/telefon/godkann/{id}")).await.body.contains("Du började logga in på nytt"));
    assert_eq!(phone.browser.get(&format!("/authorize/{id}")).await.status, 410, "the first one gives nothing, not even a no");
    let mut login = school.waits(phone.browser.clone(), &waiting, "s").await;
    bo.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(phone.browser.post(&format!("/authorize/{}/annan-telefon", login.id), &[]).await.status, 410, "after the yes");
    kommun.journal_holds().await;
}

/// What was cancelled or has run out is over: nothing is begun in its place, and the service is told of the end.
pub(crate) async fn what_is_over_is_not_begun_anew(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    for cancels in [true, false] {
        let (id, _) = led(&school, &mut phone.browser).await;
        if cancels {
            assert_eq!(phone.browser.post(&format!("/login/{id}/avbryt"), &[]).await.status, 303);
        } else {
            kommun.server.clock.advance(601);
        }
        let anew = phone.browser.post(&format!("/authorize/{id}/annan-telefon"), &[]).await;
        assert!(anew.status == 410 && anew.body.contains("gäller inte längre"), "{} {:?}", anew.status, anew.location());
        let told = phone.browser.get(&format!("/authorize/{id}")).await;
        assert_eq!(told.answer("error").as_deref(), Some("access_denied"), "{} {}", told.status, told.body);
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals").await, 2, "no third");
}

/// The desk asks for what comes next while the person reads, and has it with the yes; one round trip less.
pub(crate) async fn the_desk_asks_ahead(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let mut login = school.begins(kommun.browser()).await;
    assert!(login.status().await["ahead"].is_null(), "no phone yet");
    worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
    let ahead = login.status().await["ahead"].as_str().unwrap().to_owned();
    assert_eq!(ahead, format!("/authorize/{}?vanta=ja", login.id));
    assert_eq!(kommun.browser().get(&ahead).await.status, 410, "another browser's");
    let mut browser = login.browser.clone();
    let began = Instant::now();
    let yes = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        worker.presses(Button::Approve).await
    };
    let (page, _) = tokio::join!(browser.get(&ahead), yes);
    assert!(page.answer("code").is_some() && began.elapsed() < TWO_SECONDS, "{:?} {:?}", page.location(), began.elapsed());
    assert_eq!(login.browser.get(&format!("/authorize/{}", login.id)).await.status, 410, "once");

    let mut login = school.begins(kommun.browser()).await;
    worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
    let ahead = login.status().await["ahead"].as_str().unwrap().to_owned();
    let no = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        worker.presses(Button::Cancel).await
    };
    let (page, _) = tokio::join!(login.browser.get(&ahead), no);
    assert_eq!(page.status, 204, "the page stays, and says that it was a no");
    assert!(login.status().await["ahead"].is_null(), "nothing comes any more");
    assert_eq!(login.goes_on().await.answer("error").as_deref(), Some("access_denied"));
}

/// How long after a no on one side the other side knows.
async fn heard(login: &mut Login, seen: &str) -> (Value, Duration) {
    let began = Instant::now();
    let told = login.browser.get(&format!("/login/{}/status?seen={seen}", login.id)).await;
    (serde_json::from_str(&told.body).unwrap(), began.elapsed())
}

/// MB-07, measured, whichever node hears it first.
pub(crate) async fn a_cancel_on_either_side_is_on_the_other_within_two_seconds(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    for (button, state) in [(Button::Cancel, "declined"), (Button::NotMe, "not-me")] {
        let mut login = school.begins(kommun.browser()).await;
        worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
        let pressed = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            worker.presses(button).await
        };
        let ((told, waited), _) = tokio::join!(heard(&mut login, "shown"), pressed);
        assert!(told["state"] == state && waited < TWO_SECONDS, "{told} {waited:?}");
    }
    for _ in 0..3 {
        let mut login = school.begins(kommun.browser()).await;
        worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
        assert!(matches!(worker.presses(Button::Look).await, handslag_server::demo::Halt::Shown(Screen::Approval(_))), "it still stands");
        let began = Instant::now();
        assert_eq!(login.browser.post(&format!("/login/{}/avbryt", login.id), &[]).await.status, 303);
        // As the phone's page does: once a second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let handslag_server::demo::Halt::Done(Outcome::RefusedByServer { problem, status: 410 }) = worker.presses(Button::Look).await else {
            panic!()
        };
        assert!(problem.code == "approval_aborted" && began.elapsed() < TWO_SECONDS, "{problem:?} {:?}", began.elapsed());
    }
}

/// MB-05: what a later version wrote is told in general words, in both languages.
pub(crate) async fn an_end_without_words_of_its_own_is_told_in_general(kommun: &Kommun) {
    let mut login = kommun.school().begins(kommun.browser()).await;
    assert_eq!(kommun.tampers("UPDATE approvals SET state = 'aborted', reason = 'sun_storm'").await, 1);
    for (language, words) in [("sv", "inte har ord för"), ("en", "no words for")] {
        let told = login.browser.get(&format!("/login/{}/status?lang={language}", login.id)).await;
        let told: Value = serde_json::from_str(&told.body).unwrap();
        assert!(told["state"] == "unknown" && told["words"].as_str().unwrap().contains(words), "{told}");
        assert!(told["back"].is_string(), "and the way back to the service");
    }
    assert!(login.browser.get(&format!("/login/{}", login.id)).await.body.contains("no words for"));
}

/// MB-03, MB-10: no name leads to a log-in; where a service asks for somebody it knows, a no has its own code.
pub(crate) async fn nobody_logs_in_by_a_name(kommun: &Kommun) {
    let (school, worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let who = worker.known().await.who.to_string();
    let mut login = school.begins_with(kommun.browser(), &[("login_hint", &who)]).await;
    let page = login.browser.get(&format!("/login/{}", login.id)).await;
    assert!(!page.body.contains("<input") && !page.body.contains(&who), "nothing to type, nobody named: {}", page.body);
    assert_eq!(login.status().await["state"], json!("created"), "nobody was asked");
    let phone = kommun.bare("Bo Ek").await;
    for start in [json!({ "by": "name", "who": who }), json!({ "by": "asked", "approval": login.id }), json!({ "by": "code", "digits": who })] {
        let (status, answer) = phone.calls("POST", "/phone/approvals", Some(&json!({ "language": "sv", "start": start })), kommun.now()).await;
        assert!(status == 410 || status == 422, "{start} {status} {answer}");
    }
}

/// MB-04, for a phone whose browser keeps the key: somebody else's link asks it nothing.
pub(crate) async fn a_link_of_another_browser_asks_nothing(kommun: &Kommun) {
    let (school, mut phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let mut attackers = school.begins(kommun.browser()).await;
    let page = phone.browser.get(&format!("/t/{}", attackers.link)).await;
    assert!(page.status == 403 && page.body.contains("började i en annan webbläsare"), "{} {}", page.status, page.body);
    assert_eq!(phone.browser.get(&format!("/login/{}", attackers.id)).await.status, 410);
    assert_eq!(attackers.status().await["state"], json!("created"));
    // The moving code asks, as for any phone, and says where it leads.
    let text = attackers.qr().await;
    let code = text.rsplit('/').next().unwrap();
    let next = phone.browser.get(&format!("/q/{code}")).await;
    assert_eq!(next.location(), Some(format!("/telefon/godkann/{}", attackers.id).as_str()));
    let yes = says_yes(&mut phone, attackers.id.as_str()).await;
    assert_eq!(yes.location(), Some(format!("/telefon/godkann/{}", attackers.id).as_str()), "the answer goes to the other screen");
}
