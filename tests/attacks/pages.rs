//! Browsers do what any site tells them to; pages show what anybody has typed.

use handslag_phone::{
    Outcome,
    wire::{Bearer, Start},
};
use handslag_server::identity::NewColleague;

use crate::kommun::{Kommun, Pick, Worker, logged_in};

pub(crate) async fn another_site_cannot_ride_on_cookies(kommun: &Kommun) {
    let worker = kommun.worker("Amina Sahlin").await;
    let mut desk = worker.at_a_desk(kommun).await;
    let host = kommun.base.trim_start_matches("http://").to_owned();
    let wrong = [
        ("sec-fetch-site", "cross-site".to_owned()),
        ("sec-fetch-site", "same-site".to_owned()),
        ("sec-fetch-site", String::new()),
        ("origin", "https://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("origin", format!("http://{host}.evil.example")),
        ("origin", String::new()),
        ("origin", host.clone()),
    ];
    let invitation = kommun.invites("Bo", "Ek").await;
    let path = format!("/inbjudan/{}", invitation.link.reveal().trim_start_matches("hs_invite_"));
    for (name, value) in &wrong {
        for path in ["/logga-ut", "/underskrift", path.as_str()] {
            let request = desk.http.post(desk.address(path)).header(*name, value).form(&[("answer", "no")]);
            let page = desk.send(request).await;
            assert_eq!((page.status, page.location()), (403, None), "{path} {name}: {value}");
        }
    }
    let request = desk.http.post(desk.address("/logga-ut")).header("sec-fetch-site", "same-origin");
    assert_eq!(desk.send(request).await.status, 303, "still logged in, and a page of ours logs out");
    for header in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
        assert!(desk.get("/finns-inte").await.headers.contains_key(header), "{header}");
    }
}

/// Whoever may stop somebody at 03:00 does not thereby read what they have done; a shift leader reads nothing about a manager.
pub(crate) async fn who_may_read_about_a_colleague(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let login = kommun.school().begins(kommun.browser()).await;
    worker.approves(&login).await;
    let (mine, theirs) = (format!("/personal/{}", worker.affiliation), format!("/personal/{}", kommun.place.town.manager));
    let sees = |body: &str| body.contains("Skolportalen");
    let may_end = |body: &str| body.contains("/sparra\"");

    let mut manager = logged_in(kommun, &kommun.manager().await, kommun.now()).await;
    let page = manager.get(&mine).await;
    assert!(page.status == 200 && sees(&page.body) && may_end(&page.body), "the manager of the unit: {}", page.body);
    let mut own = worker.at_a_desk(kommun).await;
    let page = own.get("/min-sida").await;
    assert!(page.status == 200 && sees(&page.body) && !may_end(&page.body), "oneself");

    let other = kommun.worker("Bo Ek").await;
    let mut colleague = other.at_a_desk(kommun).await;
    for path in [&mine, &theirs] {
        let page = colleague.get(path).await;
        assert!(page.status == 403 && !sees(&page.body), "a colleague: {} {}", page.status, page.body);
        assert_eq!(colleague.post(&format!("{path}/sparra"), &[]).await.status, 403);
    }
    let roles = [
        (
            "UPDATE affiliations SET role = 'administrator' WHERE person_id IN (SELECT person_id FROM persons WHERE given_name = 'Bo')",
            [(200, false, true), (200, false, true)],
        ),
        (
            "UPDATE affiliations SET role = 'shift_leader' WHERE role = 'administrator' AND unit <> 'Digitalisering'",
            [(200, true, true), (403, false, false)],
        ),
        ("UPDATE affiliations SET unit = 'Skolan' WHERE role = 'shift_leader'", [(403, false, false), (403, false, false)]),
    ];
    for (change, expected) in roles {
        assert_eq!(kommun.tampers(change).await, 1);
        for (path, expected) in [&mine, &theirs].into_iter().zip(expected) {
            let page = colleague.get(path).await;
            assert_eq!((page.status, sees(&page.body), may_end(&page.body)), expected, "{change}: {path} {}", page.body);
        }
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'pages.looked'").await, 4, "each who looked stands there");
}

pub(crate) async fn names_are_shown_as_text(kommun: &Kommun) {
    for (given, family) in
        [("A\r\nSet-Cookie: x=1", "B"), ("A", "B\u{0}"), ("A\n", "B\u{1b}[2J"), ("", "B"), ("A", " "), ("x".repeat(81).as_str(), "B")]
    {
        let new = NewColleague { given_name: given.to_owned(), family_name: family.to_owned(), role: "worker".to_owned(), days: None };
        assert!(!new.is_sound(), "{given:?} {family:?}");
    }
    let (given, family) = ("<script>alert(1)</script>", "\"><img/src=x onerror='a'>");
    let answered = kommun.invites(given, family).await;
    let mut browser = kommun.browser();
    let page = browser.get(&format!("/inbjudan/{}", answered.link.reveal().trim_start_matches("hs_invite_"))).await;
    let shown = |body: &str| assert!(!body.contains("<script>alert") && !body.contains("<img/src") && body.contains("alert(1)"), "{body}");
    shown(&page.body);
    let mut worker = Worker::enrols(kommun, answered.affiliation, &answered.link).await;
    browser.get("/demo/skola").await;
    let to = browser.get("/demo/skola/logga-in").await.location().unwrap().to_owned();
    let waiting = browser.get(&to).await.location().unwrap().to_owned();
    let page = browser.get(&waiting).await;
    let link = page.between("href=\"/t/", "\"").to_owned();
    let outcome = worker.answers(Start::Link { token: Bearer::new(link) }, Pick::Approve).await;
    let Outcome::Approved { return_to: Some(back) } = outcome else { panic!("{outcome:?}") };
    let to = browser.get(&back).await.location().unwrap().to_owned();
    shown(&browser.get(&to).await.body);
    let mut desk = worker.at_a_desk(kommun).await;
    for path in ["/personal", "/mina-sidor", "/underskrifter", "/demo/skrivbord"] {
        let page = desk.get(path).await;
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img/src"), "{path}");
    }
    let state = "a\r\nSet-Cookie: evil=1\r\n\r\n<script>";
    let page = kommun.browser().get(&kommun.web_app().address("x", &[("state", state), ("prompt", "none")])).await;
    assert!(page.location().unwrap().contains("state=a%0D%0ASet-Cookie"), "{:?}", page.location());
    assert!(!page.headers.contains_key("set-cookie"));
}

pub(crate) async fn the_way_back_is_never_to_another_site(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let evil = [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/x%0D%0AX: y",
        "",
    ];
    for till in evil {
        let mut browser = kommun.browser();
        let waiting = browser.get(&format!("/logga-in?till={till}")).await.location().unwrap().to_owned();
        let link = browser.get(&waiting).await.between("href=\"/t/", "\"").to_owned();
        let outcome = worker.answers(Start::Link { token: Bearer::new(link) }, Pick::Approve).await;
        let Outcome::Approved { return_to: Some(back) } = outcome else { panic!("{outcome:?}") };
        let tampered = back.replace("till=/", &format!("till={till}"));
        let page = browser.get(&tampered).await;
        assert_eq!(page.location(), Some("/"), "{till}: {tampered} {}", page.body);
    }
}
