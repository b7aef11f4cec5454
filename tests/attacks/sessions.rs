//! A log-in in a browser is that browser's, that person's, and for as long as all it rests on stands.

use handslag_phone::wire::Start;
use handslag_server::login;

use crate::{
    journeys::sso::{goes_to, logs_in, presses},
    kommun::{Kommun, Page},
};

fn asked(page: &Page) -> Option<&str> {
    page.location().filter(|location| location.starts_with("/fortsatt/"))
}

/// Attack 13.
pub(crate) async fn a_cookie_laid_before_opens_nothing_and_a_start_is_its_browsers(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let mut victim = kommun.browser();
    victim.cookies.insert("sso".to_owned(), "hs_sso_laid-by-the-attacker".to_owned());
    let (victim, ..) = logs_in(kommun, &grades, &mut worker, victim, &[]).await;
    assert_ne!(victim.cookies["sso"], "hs_sso_laid-by-the-attacker", "a new secret at every log-in");
    let mut attacker = kommun.browser();
    attacker.cookies.insert("sso".to_owned(), "hs_sso_laid-by-the-attacker".to_owned());
    assert!(asked(&goes_to(&timetable, &mut attacker, "a", &[]).await).is_none());
    let before = victim.cookies["sso"].clone();
    let (mut victim, ..) = logs_in(kommun, &grades, &mut worker, victim, &[("prompt", "login")]).await;
    let mut thief = kommun.browser();
    thief.cookies.insert("sso".to_owned(), before);
    assert!(asked(&goes_to(&timetable, &mut thief, "b", &[]).await).is_none(), "the old secret is dead");

    // The attacker's own question, opened by the victim, has no answer; nor has the victim's, opened by the attacker.
    let question = asked(&goes_to(&timetable, &mut victim, "c", &[]).await).unwrap().to_owned();
    assert_eq!(attacker.get(&question).await.status, 410);
    assert_eq!(presses(&mut attacker, &question, &[("svar", "fortsatt")]).await.status, 410);
    let (mut other, mut bo) = (kommun.browser(), kommun.worker("Bo Ek").await);
    (other, ..) = logs_in(kommun, &grades, &mut bo, other, &[]).await;
    let theirs = asked(&goes_to(&timetable, &mut other, "d", &[]).await).unwrap().to_owned();
    assert_eq!(victim.get(&theirs).await.status, 410);
    assert_eq!(presses(&mut victim, &theirs, &[("svar", "fortsatt")]).await.status, 410);
    let cross =
        victim.http.post(victim.address(question.split('?').next().unwrap())).header("origin", "https://evil.example").form(&[("svar", "fortsatt")]);
    assert_eq!(victim.send(cross).await.status, 403, "another site's form");
    assert_eq!(presses(&mut victim, &question, &[("svar", "fortsatt")]).await.status, 303, "the victim's own still stands");
}

/// Attack 7: the identity, the phone and the policy are read at every use.
pub(crate) async fn what_ended_since_the_log_in_opens_nothing(kommun: &Kommun) {
    let (grades, timetable) = (kommun.grades(), kommun.timetable());
    let (mut first, mut second) = (kommun.worker("Amina Sahlin").await, kommun.worker("Bo Ek").await);
    let (mut one, ..) = logs_in(kommun, &grades, &mut first, kommun.browser(), &[]).await;
    let (mut two, ..) = logs_in(kommun, &grades, &mut second, kommun.browser(), &[]).await;
    let waiting = asked(&goes_to(&timetable, &mut one, "a", &[]).await).unwrap().to_owned();
    let remembered = asked(&goes_to(&timetable, &mut two, "b", &[]).await).unwrap().to_owned();
    presses(&mut two, &remembered, &[("svar", "fortsatt"), ("minns", "ja")]).await;
    kommun.blocks(&first.affiliation).await;
    assert_eq!(one.get(&waiting).await.status, 410);
    let page = presses(&mut one, &waiting, &[("svar", "fortsatt")]).await;
    assert!(page.location().unwrap().starts_with("/login/"), "{:?}", page.location());
    assert!(goes_to(&timetable, &mut two, "c", &[]).await.answer("code").is_some());
    let mut own = second.at_a_desk(kommun).await;
    let mine = own.get("/min-sida").await;
    let phone = mine.between("/min-sida/telefon/", "/ta-bort").to_owned();
    assert_eq!(own.post(&format!("/min-sida/telefon/{phone}/ta-bort"), &[]).await.status, 303);
    assert!(goes_to(&timetable, &mut two, "d", &[]).await.location().unwrap().starts_with("/login/"));
    let silent = goes_to(&timetable, &mut two, "e", &[("prompt", "none")]).await;
    assert_eq!(silent.answer("error").as_deref(), Some("login_required"));
}

/// Of fifty presses one counts, and a log-out at the same moment leaves nothing alive.
pub(crate) async fn of_fifty_answers_to_one_question_one_counts(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let question = asked(&goes_to(&timetable, &mut browser, "a", &[]).await).unwrap().split('?').next().unwrap().to_owned();
    let pressed = kommun.fifty(|_| {
        let (mut browser, question) = (browser.clone(), question.clone());
        async move { browser.post(&question, &[("svar", "fortsatt")]).await }
    });
    let codes = pressed.await.iter().filter(|page| page.answer("code").is_some()).count();
    assert_eq!(codes, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants WHERE client_id = 'schemat'").await, 1);
}

/// On a computer where the next person sits down, the one before is logged out.
pub(crate) async fn another_person_in_the_same_browser_ends_the_first_log_in(kommun: &Kommun) {
    let (grades, timetable, mut amina, mut bo) =
        (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await, kommun.worker("Bo Ek").await);
    let (browser, ..) = logs_in(kommun, &grades, &mut amina, kommun.browser(), &[]).await;
    let (mut browser, ..) = logs_in(kommun, &grades, &mut bo, browser, &[("prompt", "login")]).await;
    let question = asked(&goes_to(&timetable, &mut browser, "a", &[]).await).unwrap().to_owned();
    assert!(browser.get(&question).await.body.contains("Bo Ek"));
    let heard = kommun.ear.hears(1).await;
    assert_eq!(heard[0].path, "/betygen", "the service of the first one is told");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions WHERE ended_for = 'another_person'").await, 1);
    kommun.journal_holds().await;
}

/// SG-05: an approval to sign leaves no log-in behind.
pub(crate) async fn a_signature_makes_no_log_in(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let signature = crate::journeys::asked(kommun, &mut signer, "protokoll").await;
    let outcome = signer.answers(Start::Assigned { signature: signature.clone() }, crate::kommun::Pick::Approve).await;
    assert!(matches!(outcome, handslag_phone::Outcome::Approved { .. }), "{outcome:?}");
    crate::journeys::signed(kommun, &signature).await;
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions").await, 0);
    let now = kommun.now();
    let none = kommun.server.db.read(async |tx| login::sso_sessions::of_affiliation(tx, &signer.affiliation, now).await).await.unwrap();
    assert!(none.is_empty());
}

/// Between the yes and the way back something ends: the person reads it, and the service gets no code.
pub(crate) async fn what_ended_since_the_yes_gives_no_code(kommun: &Kommun) {
    let (school, mut worker, mut other) = (kommun.school(), kommun.worker("Amina Sahlin").await, kommun.worker("Bo Ek").await);
    let (mut of_identity, mut of_phone) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    worker.approves(&of_identity).await;
    other.approves(&of_phone).await;
    kommun.blocks(&worker.affiliation).await;
    assert!(kommun.tampers("UPDATE phones SET blocked_at = 1").await > 0);
    for login in [&mut of_identity, &mut of_phone] {
        let page = login.goes_on().await;
        assert!(page.location().is_some_and(|to| to.starts_with("/besked/")) && page.answer("code").is_none(), "{page:?}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants").await, 0);
}
