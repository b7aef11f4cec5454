//! Requests that two readers would read in two ways, and answers that would tell who is registered (attacks 34 and 35).

use serde_json::Value;

use crate::kommun::{Browser, JOURNAL_SECRET, Kommun, basic, form};

async fn sent(browser: &Browser, path: &str, authorization: &[&str], body: &str) -> (u16, Value) {
    let mut request = browser.http.post(format!("{}{path}", browser.base)).header("content-type", "application/x-www-form-urlencoded");
    for value in authorization {
        request = request.header("authorization", *value);
    }
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

/// Attack 35: a parameter stands once, and Basic is decoded as RFC 6749 §2.3.1 says or not at all.
pub(crate) async fn what_could_be_read_in_two_ways_is_refused(kommun: &Kommun) {
    let browser = kommun.browser();
    let right = basic("journalen", JOURNAL_SECRET);
    let body = "grant_type=client_credentials&resource=https%3A%2F%2Fjournal.example";
    assert_eq!(sent(&browser, "/token", &[&right], body).await.0, 200);
    for path in ["/token", "/par", "/introspect", "/revoke"] {
        for twice in ["grant_type=client_credentials&grant_type=client_credentials", "client_id=journalen&client_id=journalen", "x=1&x=1"] {
            let (status, answer) = sent(&browser, path, &[&right], &format!("{body}&token=x&{twice}")).await;
            assert!(status == 400 && answer["error"].is_string(), "{path} {twice} {answer}");
        }
        let wrong = [
            right.trim_end_matches('=').to_owned() + "!",
            right.replace("Basic ", "Basic  "),
            right.replace("Basic", "Bearer"),
            "Basic".to_owned(),
            basic("journalen", &format!("%zz{JOURNAL_SECRET}")),
            basic("journalen", ""),
        ];
        for value in &wrong {
            let (status, answer) = sent(&browser, path, &[value], body).await;
            assert!(status == 401 && answer["error"] == "invalid_client", "{path} {value} {status} {answer}");
        }
        let (status, answer) = sent(&browser, path, &[&right, &right], body).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_request")), "{path}: two headers");
        let secret = form(&[("client_id", "journalen".to_owned()), ("client_secret", JOURNAL_SECRET.to_owned())]);
        let (status, answer) = sent(&browser, path, &[&right], &format!("{body}&{secret}")).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_request")), "{path}: two proofs");
    }
}

/// Attack 34: nobody learns from an answer which services are registered, or how they prove themselves.
pub(crate) async fn an_unknown_service_is_answered_as_a_wrong_secret(kommun: &Kommun) {
    let browser = kommun.browser();
    for path in ["/token", "/par", "/introspect", "/revoke"] {
        let mut answers = Vec::new();
        for (id, secret) in [("journalen", "wrong"), ("nobody", "wrong"), ("vardportalen", "wrong"), ("nobody", JOURNAL_SECRET)] {
            let authorization = basic(id, secret);
            answers.push(sent(&browser, path, &[&authorization], "grant_type=client_credentials&token=x").await);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path} {answers:?}");
        assert_eq!((answers[0].0, answers[0].1["error"].as_str()), (401, Some("invalid_client")));
    }
}
