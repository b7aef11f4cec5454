//! A page of another site asks from a browser (attack 35): who is not a registered application's page reads nothing.

use reqwest::{Method, Response, header::HeaderMap};

use crate::kommun::Kommun;

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
