//! Logging out: by a service, by the person, by what ends a phone (attacks 28 and 38).

use data_encoding::BASE64URL_NOPAD;
use handslag_keys::Kind;
use handslag_server::{
    caller::Rng,
    identity::{self, AffiliationKind, Hired},
};
use handslag_vocab::Assurance;
use serde_json::{Value, json};

use crate::{
    journeys::{
        metadata, refreshed,
        sso::{goes_to, logs_in, presses},
        stays, userinfo, verified,
    },
    kommun::{Browser, Kommun, Portal, Worker, form},
};

const OUT: &str = "https://betyg.example/ut";

fn out(fields: &[(&str, &str)]) -> String {
    let fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    format!("/end_session?{}", form(&fields))
}

/// Follows to the page or the redirect that ends it.
async fn asks(browser: &mut Browser, address: &str) -> crate::kommun::Page {
    let page = browser.get(address).await;
    match page.location().map(str::to_owned) {
        Some(next) => browser.get(&next).await,
        None => page,
    }
}

fn token_of(body: &str) -> String {
    body.strip_prefix("logout_token=").unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// Attack 28: the ID Token names the log-in of this browser, so it ends at once, with everything it gave, and every service is told.
pub(crate) async fn a_service_logs_out_and_the_others_of_the_log_in_are_told(kommun: &Kommun) {
    let (grades, timetable, register, mut worker) = (kommun.grades(), kommun.timetable(), kommun.register(), kommun.worker("Amina Sahlin").await);
    let (mut browser, first, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    for (portal, secret, more) in [(&timetable, "a", vec![]), (&register, "b", vec![("prompt", "consent")])] {
        let question = goes_to(portal, &mut browser, secret, &more).await.location().unwrap().to_owned();
        presses(&mut browser, &question, &[("svar", "fortsatt")]).await;
    }
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(userinfo(&browser, access).await.0, 200);
    let hint = tokens["id_token"].as_str().unwrap();
    let page = asks(&mut browser, &out(&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT), ("state", "st&1")])).await;
    // The timetable is told by the browser itself.
    assert_eq!(page.status, 200, "{:?}", page.location());
    let frame = page.between("<iframe class=\"unseen\" src=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
    assert!(frame.starts_with("https://schema.example/fram?x=1&iss=http") && frame.contains("&sid=ses_"), "{frame}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-src 'self' https://schema.example;") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(page.body.contains("3;url=https://betyg.example/ut?state=st%261"), "{}", page.body);
    assert_eq!(userinfo(&browser, access).await.0, 401, "what it gave is dead");
    assert!(goes_to(&timetable, &mut browser, "c", &[]).await.location().unwrap().starts_with("/login/"), "and so is the log-in");

    let heard = kommun.ear.hears(2).await;
    let mut paths: Vec<&str> = heard.iter().map(|heard| heard.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/betygen", "/registret"]);
    let told = heard.iter().find(|heard| heard.path == "/betygen").unwrap();
    assert_eq!(told.headers["content-type"], "application/x-www-form-urlencoded");
    let token = token_of(&told.body);
    let claims = verified(kommun, &token, "betygen").await;
    assert_eq!((&claims["sub"], &claims["sid"]), (&first["sub"], &first["sid"]));
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(claims.get("nonce").is_none() && claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 120);
    let header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap()).unwrap();
    assert_eq!(header["typ"], "logout+jwt");
    kommun.journal_holds().await;
}

/// Attack 28: without a hint for this very log-in the person is asked.
pub(crate) async fn without_a_hint_for_this_browser_the_person_is_asked(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let (mut other, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let forged = format!("{}AAAA", &hint[..hint.len() - 4]);
    let by_id = [("client_id", "betygen"), ("post_logout_redirect_uri", OUT)];
    for fields in [vec![], vec![("id_token_hint", forged.as_str())], by_id.to_vec(), vec![("logout_hint", "nobody")]] {
        let page = asks(&mut browser, &out(&fields)).await;
        assert!(page.status == 200 && page.body.contains("Vill du logga ut?") && page.body.contains("Betygen"), "{fields:?} {}", page.body);
    }
    // Another browser's ID Token: asked too, and that log-in ends only by the person's yes.
    let page = asks(&mut other, &out(&[("id_token_hint", hint)])).await;
    assert!(page.body.contains("Vill du logga ut?"), "{}", page.body);
    let path = format!("/utloggning/{}", page.between("action=\"/utloggning/", "\""));
    let no = other.post(&path, &[("svar", "nej")]).await;
    assert!(no.body.contains("fortfarande inloggad"), "{}", no.body);
    assert_eq!(other.post(&path, &[("svar", "ja")]).await.status, 410, "answered once");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions WHERE ended_at IS NOT NULL").await, 0);

    let page = asks(&mut browser, &out(&by_id)).await;
    let path = format!("/utloggning/{}", page.between("action=\"/utloggning/", "\""));
    for wrong in [vec![], vec![("svar", "x")]] {
        assert!((400..500).contains(&browser.post(&path, &wrong).await.status));
    }
    let cross = browser.http.post(browser.address(&path)).header("origin", "https://evil.example").form(&[("svar", "ja")]);
    assert_eq!(browser.send(cross).await.status, 403, "another site's form");
    let yes = browser.post(&path, &[("svar", "ja")]).await;
    assert_eq!((yes.status, yes.location()), (303, Some(OUT)));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions WHERE ended_at IS NOT NULL").await, 1, "the other browser is logged in still");
}

/// `logout_hint` chooses by the name that the service knows the person by, which in a sector of its own is no other service's.
pub(crate) async fn a_hint_is_a_name_that_the_service_knows(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let body = json!({ "client_id": "nytjanst", "metadata": metadata(&json!({ "subject_type": "pairwise" })) });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body)).await.0, 201);
    let own = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let mut first = kommun.worker("Amina Sahlin").await;
    let mut second = another_work_identity(kommun, &first).await;
    let (browser, claims, _) = logs_in(kommun, &own, &mut first, kommun.browser(), &[]).await;
    let (mut browser, ..) = logs_in(kommun, &kommun.web_app(), &mut second, browser, &[]).await;
    let sub = claims["sub"].as_str().unwrap();
    let public = first.known().await.subject;
    assert_ne!(sub, public);
    for (hint, asker, meant) in [
        (sub, Some("nytjanst"), &["Ny tjänst"][..]),
        (sub, None, &["Ny tjänst"]),
        (&public, Some("nytjanst"), &["Ny tjänst", "Webbappen"]),
        (sub, Some("webbappen"), &["Ny tjänst", "Webbappen"]),
        (&public, Some("webbappen"), &["Ny tjänst"]),
    ] {
        let fields: Vec<(&str, &str)> = asker.map(|asker| ("client_id", asker)).into_iter().chain([("logout_hint", hint)]).collect();
        let page = asks(&mut browser, &out(&fields)).await;
        let told: Vec<&str> = ["Ny tjänst", "Webbappen"].into_iter().filter(|name| page.body.contains(name)).collect();
        assert_eq!(told, meant, "{fields:?} {}", page.body);
    }
}

/// The same person in another assignment, on a phone of its own.
async fn another_work_identity(kommun: &Kommun, worker: &Worker) -> Worker {
    let (known, now) = (worker.known().await, kommun.now());
    let hired = kommun.server.db.write(async |tx| {
        let organisation = identity::organisation(tx, &known.organisation_id).await?;
        let hired = Hired {
            organisation: &organisation,
            person: known.person_id.clone(),
            kind: AffiliationKind::Elected,
            unit: "Nämnden",
            role: "worker",
            assurance: Assurance::Loa2,
            identified_by: "test in_person",
            valid_to: None,
        };
        identity::hire(tx, hired, now, &mut Rng::system()).await
    });
    let affiliation = hired.await.unwrap();
    let link = kommun.invites_again(&affiliation).await;
    Worker::enrols(kommun, affiliation, &link).await
}

/// Attack 28: only a registered address, byte for byte; and who is logged out already is sent on.
pub(crate) async fn an_address_that_is_not_registered_is_gone_to_by_nobody(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    for wrong in [
        "https://evil.example/",
        "https://betyg.example/ut/",
        "https://betyg.example/ut?x=1",
        "https://betyg.example/cb",
        "https://schema.example/ut",
    ] {
        let page = browser.get(&out(&[("id_token_hint", hint), ("post_logout_redirect_uri", wrong)])).await;
        assert_eq!((page.status, page.location()), (400, None), "{wrong}");
    }
    for fields in [vec![("post_logout_redirect_uri", OUT)], vec![("id_token_hint", hint), ("client_id", "schemat")], vec![("client_id", "nobody")]] {
        assert_eq!(browser.get(&out(&fields)).await.status, 400, "{fields:?}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions WHERE ended_at IS NOT NULL").await, 0);
    // POST works too (§2), also from the service's own page.
    let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", OUT)];
    let cross = browser.http.post(browser.address("/end_session")).header("origin", "https://betyg.example").form(&fields);
    let next = browser.send(cross).await.location().unwrap().to_owned();
    assert_eq!(browser.get(&next).await.location(), Some(OUT));
    let again = asks(&mut browser, &out(&fields)).await;
    assert_eq!(again.location(), Some(OUT), "logged out already");
}

/// Attack 38: the key that signed the hint has retired since; a compromised one proves nothing.
pub(crate) async fn a_hint_by_a_retired_key_still_logs_out(kommun: &Kommun) {
    const DAY: i64 = 86_400;
    let (grades, mut worker) = (kommun.grades(), kommun.secretary().await);
    let rotated = || {
        kommun.server.clock.advance(2 * DAY);
        kommun.server.keys.rotate(Kind::TokenSigning, kommun.now(), &mut Rng::system()).unwrap();
        kommun.server.clock.advance(2 * DAY);
        kommun.server.keys.expire(kommun.now(), &mut Rng::system()).unwrap();
    };
    let (_, _, old) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    rotated();
    let published = kommun.browser().get("/jwks").await.body;
    let header = old["id_token"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    assert!(!published.contains(header["kid"].as_str().unwrap()), "retired: {published}");
    let fields = [("id_token_hint", old["id_token"].as_str().unwrap()), ("post_logout_redirect_uri", OUT)];
    assert_eq!(asks(&mut kommun.browser(), &out(&fields)).await.location(), Some(OUT), "its client is believed");

    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    kommun.server.keys.compromise(Kind::TokenSigning, kommun.now(), &mut Rng::system()).unwrap();
    let fields = [("id_token_hint", tokens["id_token"].as_str().unwrap())];
    assert!(asks(&mut browser, &out(&fields)).await.body.contains("Vill du logga ut?"), "anybody may have made it");
}

/// OpenID Connect Core §11: what was to stay logged in stays, unless the service is registered otherwise.
pub(crate) async fn a_refresh_token_outlives_the_browser_unless_registered_otherwise(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    for (portal, stays_on) in [(&grades, true), (&timetable, false)] {
        let (login, tokens) = stays(portal, &mut worker, kommun).await;
        let mut browser = login.browser.clone();
        asks(&mut browser, &out(&[("id_token_hint", tokens["id_token"].as_str().unwrap())])).await;
        let answer = refreshed(&login, &portal.id, tokens["refresh_token"].as_str().unwrap()).await;
        assert_eq!(answer.status == 200, stays_on, "{} {}", portal.id, answer.body);
    }
    // A code that nobody has fetched is nobody's any more.
    let mut login = grades.begins_with(kommun.browser(), &[]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let page = asks(&mut login.browser, &out(&[])).await;
    let path = format!("/utloggning/{}", page.between("action=\"/utloggning/", "\""));
    login.browser.post(&path, &[("svar", "ja")]).await;
    let (status, answer) = grades.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_grant")));
}

/// Attack 28: at least once, each time as a new token, later and later; nobody waits.
pub(crate) async fn a_service_that_does_not_answer_is_told_again(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (mut browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    kommun.ear.answers(503);
    let began = std::time::Instant::now();
    asks(&mut browser, &out(&[("id_token_hint", tokens["id_token"].as_str().unwrap())])).await;
    assert!(began.elapsed().as_secs() < 5);
    kommun.ear.hears(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    kommun.server.clock.advance(4);
    kommun.server.wakeups.wake("service.logged_out");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(kommun.ear.heard().len(), 1, "not before its time");
    kommun.ear.answers(200);
    kommun.server.clock.advance(10);
    kommun.server.wakeups.wake("service.logged_out");
    let heard = kommun.ear.hears(2).await;
    let mut ids = Vec::new();
    for told in &heard {
        ids.push(verified(kommun, &token_of(&told.body), "betygen").await["jti"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1], "a repeated token would be refused as a replay");
    kommun.server.clock.advance(86_400);
    kommun.server.wakeups.wake("service.logged_out");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(kommun.ear.heard().len(), 2, "it has answered");
}

/// Attack 28: one phone's end leaves the others, and the person's own page ends one log-in or all.
pub(crate) async fn one_phone_or_one_browser_leaves_the_others(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    kommun.server.clock.advance(60);
    let link = kommun.invites_again(&worker.affiliation).await;
    let mut second = crate::kommun::Worker::enrols(kommun, worker.affiliation.clone(), &link).await;
    let (browser, claims, one) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let (_, _, two) = logs_in(kommun, &grades, &mut second, kommun.browser(), &[]).await;
    kommun.server.clock.advance(60);
    let (_, _, three) = logs_in(kommun, &grades, &mut second, kommun.browser(), &[]).await;
    let token = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
    let mut own = worker.at_a_desk(kommun).await;
    let page = own.get("/min-sida").await;
    // The newest phone stands first.
    let first_phone = page.body.rsplit("/min-sida/telefon/").next().unwrap().split('/').next().unwrap().to_owned();
    assert_eq!(own.post(&format!("/min-sida/telefon/{first_phone}/ta-bort"), &[]).await.status, 303);
    assert_eq!(userinfo(&browser, &token(&one)).await.0, 401);
    for other in [&two, &three] {
        assert_eq!(userinfo(&browser, &token(other)).await.0, 200, "the other phone's log-ins stand");
    }
    let heard = kommun.ear.hears(1).await;
    assert_eq!(verified(kommun, &token_of(&heard[0].body), "betygen").await["sid"], claims["sid"]);
    let page = own.get("/min-sida").await;
    assert_eq!(page.body.matches("/logga-ut\"><button class=\"button\" aria-label=\"Logga ut från Betygen\"").count(), 2, "{}", page.body);
    let session = page.between("/min-sida/inloggningar/", "/logga-ut").to_owned();
    assert!([200, 303].contains(&own.post(&format!("/min-sida/inloggningar/{session}/logga-ut"), &[]).await.status));
    assert_eq!((userinfo(&browser, &token(&three)).await.0, userinfo(&browser, &token(&two)).await.0), (401, 200), "the newest stands first");
    let mut stranger = kommun.worker("Bo Ek").await.at_a_desk(kommun).await;
    let theirs = own.get("/min-sida").await.between("/min-sida/inloggningar/", "/logga-ut").to_owned();
    stranger.post(&format!("/min-sida/inloggningar/{theirs}/logga-ut"), &[]).await;
    stranger.post("/min-sida/inloggningar/logga-ut", &[]).await;
    assert_eq!(userinfo(&browser, &token(&two)).await.0, 200, "nobody ends another's");
    own.post("/min-sida/inloggningar/logga-ut", &[]).await;
    assert_eq!(userinfo(&browser, &token(&two)).await.0, 401);
    kommun.ear.hears(3).await;
    kommun.journal_holds().await;
}

/// Of fifty log-outs of one log-in one ends it, and each service is told once.
pub(crate) async fn of_fifty_log_outs_one_counts(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (browser, _, tokens) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let address = out(&[("id_token_hint", tokens["id_token"].as_str().unwrap())]);
    let asked = kommun.fifty(|_| {
        let (mut browser, address) = (browser.clone(), address.clone());
        async move { asks(&mut browser, &address).await.status }
    });
    assert!(asked.await.iter().all(|status| *status == 200));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.logged_out'").await, 1);
    kommun.ear.hears(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(kommun.ear.heard().len(), 1);
    kommun.journal_holds().await;
}

/// Attack 28, a measurement: `cargo test -p handslag-tests -- --ignored --nocapture the_end_of_a_phone`. Prints how long the end of a phone
/// takes after one refresh and after ten thousand: until it is answered, and until everything that rests on it has ended and its services
/// have been told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which prints and asserts no time"]
async fn the_end_of_a_phone_costs_the_same_after_ten_thousand_refreshes() {
    const LIVING: &str = "SELECT COUNT(*) FROM grants WHERE revoked_at IS NULL";
    let kommun = Kommun::sqlite().await;
    let grades = kommun.grades();
    for refreshes in [1, 10_000, 1, 10_000] {
        let mut worker = kommun.worker("Amina Sahlin").await;
        let (login, tokens) = stays(&grades, &mut worker, &kommun).await;
        let mut token = tokens["refresh_token"].as_str().unwrap().to_owned();
        for _ in 0..refreshes {
            token = refreshed(&login, &grades.id, &token).await.token("refresh_token");
        }
        let mut own = worker.at_a_desk(&kommun).await;
        let phone = own.get("/min-sida").await.between("/min-sida/telefon/", "/ta-bort").to_owned();
        let began = std::time::Instant::now();
        assert_eq!(own.post(&format!("/min-sida/telefon/{phone}/ta-bort"), &[]).await.status, 303);
        let answered = began.elapsed();
        assert_eq!(refreshed(&login, &grades.id, &token).await.error(), (400, "invalid_grant"));
        kommun.server.wakeups.wake("phone.ended");
        let woken = std::time::Instant::now();
        while kommun.count(LIVING).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        println!("{refreshes} refreshes: answered in {answered:?}, everything ended {:?} after the work began", woken.elapsed());
    }
}
