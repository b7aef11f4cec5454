//! A page of another site asks from a browser (attack 35): who is not a registered application's page reads nothing.

use reqwest::{Method, Response, header::HeaderMap};

use serde_json::{Value, json};

use crate::{
    journeys::{metadata, registers},
    kommun::{Kommun, TOKENS},
};

const APP: &str = "https://app.example";

async fn asked(kommun: &Kommun, method: Method, path: &str, origin: &str) -> (u16, HeaderMap) {
    let browser = kommun.browser();
    let request = browser.http.request(method, format!("{}{path}", browser.base)).header("origin", origin);
    let request = request.header("access-control-request-method", "POST").header("access-control-request-headers", "dpop");
    let answer: Response = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

fn readable_by(headers: &HeaderMap) -> Option<&str> {
    headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap())
}

/// Attack 35.
pub(crate) async fn a_page_of_another_site_reads_nothing(kommun: &Kommun) {
    for path in ["/par", "/revoke", "/token", "/userinfo"] {
        let (status, headers) = asked(kommun, Method::OPTIONS, path, APP).await;
        assert_eq!((status, readable_by(&headers)), (204, Some(APP)), "{path}");
        assert_eq!(headers["vary"], "origin");
        let (_, headers) = asked(kommun, Method::POST, path, APP).await;
        assert_eq!(readable_by(&headers), Some(APP), "{path}");
        assert!(headers.get("access-control-allow-credentials").is_none());
        let strangers = [
            "null",
            "https://app.example.evil.example",
            "https://evil.example",
            "http://app.example",
            "https://APP.example",
            "https://app.example:8443",
        ];
        // The care portal is a server: its pages have no business at these endpoints.
        for origin in strangers.into_iter().chain(["https://care.example", "se.kvarnby.hemtjanst:", "*", ""]) {
            for method in [Method::OPTIONS, Method::POST] {
                let (status, headers) = asked(kommun, method.clone(), path, origin).await;
                assert_eq!(readable_by(&headers), None, "{method} {path} from {origin:?}");
                assert_ne!(status, 204, "{method} {path} from {origin:?}");
            }
        }
    }
    for path in ["/authorize", "/introspect", "/logga-in", "/min-sida"] {
        let (_, headers) = asked(kommun, Method::GET, path, APP).await;
        assert_eq!(readable_by(&headers), None, "{path}");
    }
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        let (status, headers) = asked(kommun, Method::GET, path, "null").await;
        assert_eq!((status, readable_by(&headers)), (200, Some("*")), "{path}");
    }
}

/// Attack 35 for services that are stored: their pages and no others, as long as people may log in there.
pub(crate) async fn pages_of_stored_services_come_and_go_with_them(kommun: &Kommun) {
    let readable = async |origin: &str| {
        let (_, headers) = asked(kommun, Method::OPTIONS, "/token", origin).await;
        readable_by(&headers).map(str::to_owned)
    };
    let (new, moved) = ("https://ny.example", "https://flyttad.example:8443");
    assert_eq!(readable(new).await, None, "nobody has registered it");
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let body = |change: &Value| json!({ "client_id": "nytjanst", "metadata": metadata(change) });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body(&json!({})))).await.0, 201);
    assert_eq!(readable(new).await.as_deref(), Some(new));
    for stranger in ["null", "http://ny.example", "https://ny.example:443", "https://NY.example", "https://ny.example/", "https://ny.example/cb"] {
        assert_eq!(readable(stranger).await, None, "{stranger}");
    }
    let change = body(&json!({ "redirect_uris": ["https://flyttad.example:8443/cb", "https://flyttad.example:8443/cb2"] }));
    assert_eq!(desk.calls("PUT", "/admin/clients/nytjanst", &[("if-match", "\"1\"")], Some(&change)).await.0, 200);
    assert_eq!((readable(new).await, readable(moved).await.as_deref()), (None, Some(moved)));
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/suspend", &[("if-match", "\"2\"")], None).await.0, 204);
    assert_eq!(readable(moved).await, None, "nobody logs in there");
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/resume", &[("if-match", "\"3\"")], None).await.0, 204);
    assert_eq!(readable(moved).await.as_deref(), Some(moved));
    let server = json!({ "client_id": "server", "metadata": metadata(&json!({ "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": ["https://server.example/cb"] })), "settings": { "profile": "core" } });
    let (status, answer, _) = desk.calls("POST", "/admin/clients", &[], Some(&server)).await;
    assert_eq!((status, readable("https://server.example").await), (201, None), "a server's pages have no business here: {answer}");
    assert_eq!(desk.calls("DELETE", "/admin/clients/nytjanst", &[("if-match", "\"4\"")], None).await.0, 204);
    assert_eq!(readable(moved).await, None);
    let (status, answer) = registers(&mut kommun.browser(), TOKENS[1], &metadata(&json!({ "redirect_uris": ["https://sjalv.example/cb"] }))).await;
    assert_eq!((status, readable("https://sjalv.example").await.as_deref()), (201, Some("https://sjalv.example")), "{answer}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM client_origins").await, 1, "what ended is gone");
}
