//! Stages cannot be skipped (attack 19): the whole HTTP surface, with nothing in the form, without a cookie and by every other method.

use reqwest::Method;

use crate::kommun::{Browser, Kommun, Page};

/// Every address with its methods, as the house promises it outward.
const ROUTES: &str = include_str!("../snapshots/routes.snap");

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Whatever a stage could leave behind.
const TRACES: [&str; 8] = [
    "SELECT COUNT(*) FROM approvals",
    "SELECT COUNT(*) FROM authorizations",
    "SELECT COUNT(*) FROM awaited_requests",
    "SELECT COUNT(*) FROM clients",
    "SELECT COUNT(*) FROM grants",
    "SELECT COUNT(*) FROM invitations",
    "SELECT COUNT(*) FROM phones",
    "SELECT COUNT(*) FROM sso_sessions",
];

/// What answers a stranger who sends nothing: a page that asks for the code once more, and one that asks whether to log out.
const HARMLESS: [&str; 4] = ["POST /device 200", "POST /device/ja 200", "POST /device/nej 200", "POST /end_session 303"];

/// `(path, its methods)` of everything but the demonstration's own pages, where a name stands for whatever is not known.
fn routes() -> Vec<(String, Vec<Method>)> {
    let lines = ROUTES.lines().filter(|line| line.starts_with('/') && !line.starts_with("/demo/") && *line != "/ GET");
    let read = |line: &str| {
        let mut words = line.split(' ');
        let path: Vec<&str> = words.next().unwrap().split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        (path.join("/"), words.map(|method| method.parse().unwrap()).collect())
    };
    lines.map(read).collect()
}

async fn sends(browser: &mut Browser, method: Method, path: &str, pretends: Option<&Method>) -> Page {
    let request = browser.http.request(method, format!("{}{path}", browser.base));
    let request = match pretends {
        Some(other) => request.header("x-http-method-override", other.as_str()).form(&[("_method", other.as_str())]),
        None => request.header("content-type", "application/x-www-form-urlencoded"),
    };
    browser.send(request).await
}

async fn traces(kommun: &Kommun) -> Vec<i64> {
    let mut counts = Vec::new();
    for sql in TRACES {
        counts.push(kommun.count(sql).await);
    }
    counts
}

/// Attack 19 (CVE-2026-49448).
pub(crate) async fn no_stage_is_skipped_by_an_empty_form_or_another_method(kommun: &Kommun) {
    let mut stranger = kommun.browser();
    let before = traces(kommun).await;
    let all = routes();
    let mut answered = Vec::new();
    assert!(all.len() > 70, "{}", all.len());
    for (path, methods) in &all {
        for method in METHODS {
            if !methods.contains(&method) {
                let page = sends(&mut stranger, method.clone(), path, methods.last()).await;
                assert!([404, 405].contains(&page.status), "{method} {path}: {} {}", page.status, page.body);
            }
        }
        for method in methods.iter().filter(|method| **method != Method::GET) {
            let page = sends(&mut stranger, method.clone(), path, None).await;
            // To a page of ours that asks who it is, never past it.
            let is_ours = page.location().is_none_or(|to| to.starts_with('/') || to.starts_with(&kommun.issuer));
            assert!(
                is_ours && page.answer("code").is_none() && page.status < 500,
                "{method} {path}: {} {:?} {}",
                page.status,
                page.location(),
                page.body
            );
            if page.status < 400 {
                answered.push(format!("{method} {path} {}", page.status));
            }
        }
    }
    assert_eq!(answered, HARMLESS, "all others are refused");
    assert_eq!(traces(kommun).await, before, "nothing was left behind");

    // In the middle of a log-in too: what waits for a phone goes on by no form.
    let mut login = kommun.school().begins(kommun.browser()).await;
    for path in [format!("/authorize/{}", login.id), format!("/login/{}", login.id), format!("/login/{}/status", login.id)] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(sends(&mut login.browser, method.clone(), &path, Some(&Method::GET)).await.status, 405, "{method} {path}");
        }
    }
    assert_eq!(login.browser.get(&format!("/authorize/{}?svar=", login.id)).await.status, 410);
    assert_eq!(login.status().await["state"], "created");
}
