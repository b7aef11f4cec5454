//! Attacks 33, 36 and 39: what is too large or too deep, answers that somebody could keep or repeat, and other spellings of an address.

use data_encoding::BASE64URL_NOPAD;
use handslag_phone::es256;
use handslag_protocol::jose::Jwk;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::kommun::{Kommun, jws, post};

/// An answer to these bytes, as far as it comes.
async fn raw(kommun: &Kommun, request: &str) -> String {
    let mut stream = TcpStream::connect(kommun.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.ok();
    let mut answer = Vec::new();
    tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_to_end(&mut answer)).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn nested(depth: usize) -> String {
    format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
}

/// Attack 33: heads of 32 KiB, deep JSON in everything that is read as JSON, many and long parameters. Each is refused, none is an error of ours.
pub(crate) async fn objects_that_are_too_large_or_too_deep(kommun: &Kommun) {
    let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: {}\r\n\r\n", "x".repeat(40_000));
    let answer = raw(kommun, &head).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many: String = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect();
    let answer = raw(kommun, &format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");

    let (browser, care) = (kommun.browser(), kommun.care());
    let key = care.key.as_ref().unwrap();
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let header = part(r#"{"alg":"ES256","typ":"JWT","kid":"vardportalen"}"#);
    let deep_claims = format!("{header}.{}.{}", part(&format!(r#"{{"iss":"vardportalen","sub":"vardportalen","x":{}}}"#, nested(20_000))), part("s"));
    let deep_header = format!("{}.{}.{}", part(&format!(r#"{{"alg":"ES256","x":{}}}"#, nested(20_000))), part("{}"), part("s"));
    let long_jti = care.assertion(&json!({ "jti": "j".repeat(30_000) }), &json!({}));
    for assertion in [deep_claims.as_str(), deep_header.as_str(), long_jti.as_str(), "a.b.c", "..", "...."] {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", assertion)];
        let answer = post(&browser, "/token", &[], &fields).await;
        assert_eq!(answer.error(), (401, "invalid_client"), "{:.80}", assertion);
    }
    let jwk = Jwk::from_p256_point(&es256::public(key).0, None).unwrap().to_json();
    let proof = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
    let proof = jws(proof.as_object().unwrap(), json!({ "jti": "j".repeat(20_000), "htm": "POST" }).as_object().unwrap(), key);
    let fields = [("grant_type", "authorization_code"), ("client_id", "webbappen"), ("code", "x"), ("redirect_uri", "x"), ("code_verifier", "v")];
    for wrong in [proof.as_str(), "e30.e30.", "x"] {
        let answer = post(&browser, "/token", &[("dpop", wrong)], &fields).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(["invalid_dpop_proof", "invalid_request"].contains(&answer.error().1), "{}", answer.body);
    }
    let app = kommun.web_app();
    for claims in
        [nested(20_000), format!(r#"{{"userinfo":{}}}"#, nested(5_000)), format!(r#"{{"userinfo":{{"name":{{"value":"{}"}}}}}}"#, "x".repeat(50_000))]
    {
        let address = app.address("x", &[("claims", &claims)]);
        let (path, query) = address.split_once('?').unwrap();
        let request = browser.http.post(format!("{}{path}", browser.base)).header("content-type", "application/x-www-form-urlencoded");
        let page = request.body(query.to_owned()).send().await.unwrap();
        let status = page.status().as_u16();
        assert!([303, 400, 413].contains(&status), "{status}");
        let location = page.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert!(status != 303 || location.contains("error=invalid_request") || location.starts_with("/login/"), "{location:.200}");
    }
    let many: Vec<(String, String)> = (0..5_000).map(|number| (format!("p{number}"), "x".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let began = std::time::Instant::now();
    assert_eq!(post(&browser, "/token", &[], &many).await.status, 400);
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(kommun.browser().get("/healthz").await.status, 200, "and goes on");
}

/// Attack 39: the checks and the router see the same path, and there is one spelling of each (CVE-2026-15573).
pub(crate) async fn one_spelling_of_an_address_and_no_other(kommun: &Kommun) {
    let mut desk = kommun.worker("Amina Sahlin").await.at_a_desk(kommun).await;
    let cookie = desk.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let others = [
        "//logga-ut",
        "/logga-ut/",
        "/LOGGA-UT",
        "/%6cogga-ut",
        "/logga%2Dut",
        "/./logga-ut",
        "/x/../logga-ut",
        "/token/../logga-ut",
        "/token/..;/logga-ut",
        "/token;/../logga-ut",
        "/logga-ut;x",
        "/logga-ut%00",
        "/token%2f..%2flogga-ut",
        "/token\\..\\logga-ut",
    ];
    for path in others {
        for site in ["cross-site", "same-origin"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\nsec-fetch-site: {site}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let answer = raw(kommun, &head).await;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(["400", "403", "404"].contains(&status), "{path} {site}: {answer:.200}");
        }
    }
    assert_eq!(desk.get("/min-sida").await.status, 200, "still logged in");
    for path in ["//token", "/token/", "/Token", "/%74oken", "/./token", "/userinfo/../token", "/token;x", "/token%20"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let answer = raw(kommun, &head).await;
        assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"), "{path}: {answer:.200}");
    }
    // A whole address in the request's line names the same path and no other host (RFC 9112 §3.2.2).
    let head =
        "POST http://evil.example/logga-ut HTTP/1.1\r\nhost: x\r\nsec-fetch-site: cross-site\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert!(raw(kommun, head).await.starts_with("HTTP/1.1 403"));
}

/// Attack 36: 303 after a form, `no-store` on whatever carries a code or a token, no token in an address, no frame and no other site's form.
pub(crate) async fn answers_are_kept_by_nobody_and_repeated_nowhere(kommun: &Kommun) {
    let (school, mut worker) = (kommun.school(), kommun.worker("Amina Sahlin").await);
    let address = school.address("x", &[]);
    let (path, query) = address.split_once('?').unwrap();
    let mut browser = kommun.browser();
    let request = browser.http.post(browser.address(path)).header("content-type", "application/x-www-form-urlencoded").body(query.to_owned());
    let page = browser.send(request).await;
    assert_eq!(page.status, 303, "never 307: the form would be sent on");
    let waiting = page.location().unwrap().to_owned();
    let mut login = school.waits(browser, &waiting, "x").await;
    worker.approves(&login).await;
    let page = login.goes_on().await;
    assert_eq!((page.status, page.headers["cache-control"].to_str().unwrap()), (303, "no-store"), "with the code in it");
    let location = page.location().unwrap();
    assert!(!location.contains("access_token") && !location.contains("id_token") && !location.contains('#'), "{location}");
    let code = page.answer("code").unwrap();
    let (status, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await; // asserts no-store
    assert_eq!(status, 200, "{tokens}");
    let info = login.browser.http.get(format!("{}/userinfo", login.browser.base)).bearer_auth(tokens["access_token"].as_str().unwrap());
    assert_eq!(info.send().await.unwrap().headers()["cache-control"], "no-store");
    let by_address = format!("/userinfo?access_token={}", tokens["access_token"].as_str().unwrap());
    assert_eq!(login.browser.get(&by_address).await.status, 401, "RFC 9700 §4.3.2: not in the query");
    for path in ["/logga-in", "/finns-inte", &waiting] {
        let page = kommun.browser().get(path).await;
        let header = |name: &str| page.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!((header("x-content-type-options").as_str(), header("referrer-policy").as_str()), ("nosniff", "same-origin"), "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'self'") && policy.contains("default-src 'none'"),
            "{policy}"
        );
    }
    let cancelled = school.begins(kommun.browser()).await;
    let mut desk = cancelled.browser.clone();
    assert_eq!(desk.post(&format!("/login/{}/avbryt", cancelled.id), &[]).await.status, 303);
    assert_eq!(worker.at_a_desk(kommun).await.post("/logga-ut", &[]).await.status, 303);
}
