//! Attack 18: who asks too often waits, who fails waits sooner, and nobody makes others wait.

use handslag_phone::wire::{Bearer, Start};
use handslag_server::config::{Config, Limits, Proxy};
use serde_json::Value;

use crate::{
    contracts::redis::Redis,
    journeys::nearby::takes,
    kommun::{Answer, Browser, JOURNAL_SECRET, Kommun, basic, post},
};

const WARD: &str = "192.0.2.10";
const ELSEWHERE: &str = "198.51.100.7";

/// Behind a proxy on this machine, with limits of its own.
async fn narrow(limits: Limits) -> Kommun {
    Kommun::configured(|config| {
        config.limits = limits;
        config.proxy = Some(Proxy { from: vec!["127.0.0.1".parse().unwrap()], address_header: "x-forwarded-for".to_owned() });
    })
    .await
}

/// The journal asks for a token of its own, with this secret, from this address.
async fn tries(browser: &Browser, secret: &str, from: &str) -> Answer {
    let authorization = basic("journalen", secret);
    let headers = [("authorization", authorization.as_str()), ("x-forwarded-for", from)];
    post(browser, "/token", &headers, &[("grant_type", "client_credentials"), ("resource", "https://journal.example")]).await
}

fn waits(answer: &Answer) -> i64 {
    assert_eq!(answer.error(), (429, "slow_down"), "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_proofs_cost_who_tries_them_and_nobody_else() {
    let kommun = narrow(Limits { failures_per_minute: 5, ..Limits::default() }).await;
    let browser = kommun.browser();
    for _ in 0..5 {
        assert_eq!(tries(&browser, "wrong", WARD).await.error(), (401, "invalid_client"));
    }
    let wait = waits(&tries(&browser, "wrong", WARD).await);
    assert!((1..=12).contains(&wait), "{wait}");
    waits(&tries(&browser, JOURNAL_SECRET, WARD).await);
    waits(&tries(&browser, JOURNAL_SECRET, &format!("{ELSEWHERE}, {WARD}")).await);
    let lines = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.refused'";
    assert_eq!(kommun.count(lines).await, 1, "in the journal once a minute, however often somebody is refused or waits");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_payloads WHERE payload LIKE '%192.0.2%'").await, 0, "and never who it was");
    assert_eq!(tries(&browser, JOURNAL_SECRET, ELSEWHERE).await.status, 200, "the service itself goes on where it is");
    assert_eq!(
        tries(&browser, JOURNAL_SECRET, &format!("{WARD}, {ELSEWHERE}")).await.status,
        200,
        "what the caller wrote before the proxy is nothing"
    );
    let care = kommun.care();
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut login = care.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    assert_eq!(care.exchanges(&login.browser, &code, &login.verifier).await.0, 200, "nor does anybody else wait");
    kommun.server.clock.advance(wait);
    assert_eq!(tries(&browser, JOURNAL_SECRET, WARD).await.status, 200, "and then it may try again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_asks_without_end_waits_and_its_ward_does_not() {
    let kommun = narrow(Limits { phone_per_minute: 30, ..Limits::default() }).await;
    let noisy = kommun.bare("Amina Sahlin").await;
    let nowhere = Start::Link { token: Bearer::new("nowhere") };
    let mut last = (0, Value::Null);
    for _ in 0..31 {
        last = noisy.claims(&nowhere, kommun.now()).await;
    }
    assert_eq!((last.0, last.1["code"].as_str()), (429, Some("slow_down")), "{last:?}");
    assert!(last.1["sv"].as_str().unwrap().contains("sekunder") && last.1["en"].as_str().unwrap().contains("seconds"));
    noisy.claims(&nowhere, kommun.now()).await;
    let lines = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'limits.slowed'";
    assert_eq!(kommun.count(lines).await, 1, "in the journal once a minute");
    let school = kommun.school();
    for name in ["Bo Ek", "Cecilia Dahl", "Dina Ek"] {
        let mut worker = kommun.worker(name).await;
        let mut login = school.begins(kommun.browser()).await;
        worker.approves(&login).await;
        let code = login.code().await;
        assert_eq!(school.exchanges(&login.browser, &code, &login.verifier).await.0, 200, "{name}");
    }
    kommun.server.clock.advance(60);
    assert_ne!(noisy.claims(&nowhere, kommun.now()).await.0, 429);
}

/// The id of a key is no secret: who brings it without the key waits, in that browser, and the person does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signatures_that_do_not_hold_cost_who_brings_them() {
    let kommun = narrow(Limits { phone_per_minute: 10, failures_per_minute: 20, ..Limits::default() }).await;
    let (school, phone) = (kommun.school(), kommun.stock("Amina Sahlin").await);
    let (mut own, mut thief) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    let path = format!("/login/{}/skarmlas", thief.id);
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(thief.browser.asks(&path, &phone.signs("AAAA")).await.0);
    }
    assert!(answers[..20].iter().all(|status| *status == 400), "{answers:?}");
    assert_eq!(answers.last(), Some(&429), "a guesser waits");
    assert_eq!(takes(&mut thief, &phone).await.0, 429, "there");
    assert_eq!(takes(&mut own, &phone).await.0, 204, "and nowhere else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_its_share_and_cannot_take_another_name() {
    let limits = Limits { address_per_minute: 40, ..Limits::default() };
    let kommun = narrow(limits.clone()).await;
    let asks = async |kommun: &Kommun, from: &str| {
        let mut browser = kommun.browser();
        let request = browser.http.get(format!("{}/healthz", kommun.base)).header("x-forwarded-for", from);
        browser.send(request).await
    };
    for _ in 0..40 {
        assert_eq!(asks(&kommun, WARD).await.status, 200);
    }
    let page = asks(&kommun, WARD).await;
    assert!(page.status == 429 && page.body.contains("Försök igen om") && page.headers.contains_key("retry-after"), "{page:?}");
    assert_eq!(asks(&kommun, ELSEWHERE).await.status, 200);
    let (one, same) = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9");
    for number in 0..40 {
        assert_eq!(asks(&kommun, if number % 2 == 0 { one } else { same }).await.status, 200);
    }
    assert_eq!((asks(&kommun, same).await.status, asks(&kommun, "2001:db8:1:3::1").await.status), (429, 200), "a network is one caller");

    // Without a named proxy the header is anybody's.
    let open = Kommun::configured(|config| config.limits = limits).await;
    for number in 0..40 {
        assert_eq!(asks(&open, &format!("203.0.113.{number}")).await.status, 200);
    }
    assert_eq!(asks(&open, "203.0.113.99").await.status, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_has_its_share_on_all_nodes_together() {
    let Some(redis) = Redis::own(&[]) else { return };
    let change = |config: &mut Config| {
        config.limits = Limits { client_per_minute: 12, failures_per_minute: 6, ..Limits::default() };
    };
    let Some(kommun) = Kommun::two_nodes_on(&redis, change).await else { return };
    let browser = kommun.browser();
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(tries(&browser, JOURNAL_SECRET, WARD).await.status == 429);
    }
    assert!((7..=8).contains(&refused), "twelve of twenty, and one more if a second went by five: {refused}");
    kommun.server.clock.advance(60);
    let mut failed = 0;
    for _ in 0..12 {
        failed += usize::from(tries(&browser, "wrong", WARD).await.status == 429);
    }
    assert!((5..=6).contains(&failed), "{failed}");
}
