//! Programs that would be more than they may (attacks 20 and 21).

use handslag_server::caller::Rng;
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use serde_json::{Value, json};

use crate::{
    journeys::{metadata, registers},
    kommun::{Browser, Kommun, STATED, TOKENS, stated},
};

const ROWS: &str = "SELECT COUNT(*) FROM clients";

async fn post(browser: &mut Browser, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let (status, answer, _) = browser.calls("POST", "/register", headers, Some(body)).await;
    (status, answer["error"].as_str().unwrap_or_default().to_owned())
}

/// Attacks 20 and 21: nothing opens a policy but what it names, and nothing beyond it is registered.
pub(crate) async fn a_refused_registration_changes_nothing(kommun: &Kommun) {
    let mut program = kommun.browser();
    for headers in [&[("authorization", "Bearer x")][..], &[("authorization", "Basic eDp5")], &[("authorization", "Bearer ")]] {
        assert_eq!(post(&mut program, headers, &metadata(&json!({}))).await, (401, "invalid_token".to_owned()), "{headers:?}");
    }
    let key = SigningKey::generate_from_rng(&mut Rng::system());
    let statements = [
        (Value::Null, "invalid_software_statement"),
        (json!("a.b.c"), "invalid_software_statement"),
        (json!(stated(&json!({ "iss": STATED }), Some(&key))), "invalid_software_statement"),
        (json!(stated(&json!({ "iss": STATED, "exp": 1 }), None)), "invalid_software_statement"),
        (json!(stated(&json!({ "iss": "https://nobody.example" }), None)), "unapproved_software_statement"),
    ];
    for (statement, error) in statements {
        assert_eq!(post(&mut program, &[], &metadata(&json!({ "software_statement": statement }))).await, (400, error.to_owned()), "{statement}");
    }
    let refused = [
        (json!({ "redirect_uris": ["http://ny.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://ny.example/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["se.ny.app:/cb"], "application_type": "native" }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": null }), "invalid_redirect_uri"),
        (json!({ "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["password"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["authorization_code", "client_credentials"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["code id_token"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "scope": "openid email" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "client_secret_basic" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] } }), "invalid_client_metadata"),
        (json!({ "id_token_signed_response_alg": "none" }), "invalid_client_metadata"),
        (json!({ "request_object_signing_alg": "none" }), "invalid_client_metadata"),
        (json!({ "require_pkce": false }), "invalid_client_metadata"),
        (json!({ "default_max_age": 60 }), "invalid_client_metadata"),
        (json!({ "client_id": "skolportalen" }), "invalid_client_metadata"),
        (json!({ "client_name": "A\u{0007}" }), "invalid_client_metadata"),
    ];
    for (change, error) in refused {
        let (status, answer) = registers(&mut program, TOKENS[1], &metadata(&change)).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(error)), "{change} {answer}");
        assert!(answer["error_description"].as_str().unwrap().len() > 10, "{answer}");
    }
    let doubled = "{\"redirect_uris\":[\"https://ny.example/cb\"],\"redirect_uris\":[\"https://evil.example/cb\"]}";
    let bearer = format!("Bearer {}", TOKENS[1]);
    let answer = program.http.post(format!("{}/register", program.base)).header("authorization", bearer).body(doubled).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400, "a member that stands twice");
    assert_eq!(kommun.count(ROWS).await, 0);
}

/// Attack 21: an update says all of a registration, and all of it is judged; what it leaves out is not kept from before.
pub(crate) async fn an_update_is_judged_on_what_would_result(kommun: &Kommun) {
    let mut program = kommun.browser();
    let (_, registered) = registers(&mut program, TOKENS[1], &metadata(&json!({}))).await;
    let (_, other) = registers(&mut program, TOKENS[1], &metadata(&json!({}))).await;
    let id = registered["client_id"].as_str().unwrap();
    let path = format!("/register/{id}");
    let bearer = |answer: &Value| format!("Bearer {}", answer["registration_access_token"].as_str().unwrap());
    let (own, foreign) = (bearer(&registered), bearer(&other));
    for (method, token) in [("GET", &foreign), ("PUT", &foreign), ("DELETE", &foreign), ("GET", &format!("Bearer {}", TOKENS[1]))] {
        let body = (method == "PUT").then(|| metadata(&json!({ "client_id": id })));
        let (status, answer, headers) = program.calls(method, &path, &[("authorization", token)], body.as_ref()).await;
        assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_token")), "{method}");
        assert!(headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    }
    let refused = [
        json!({}),
        json!({ "client_id": other["client_id"] }),
        json!({ "client_id": id, "scope": "openid email" }),
        json!({ "client_id": id, "redirect_uris": null }),
        json!({ "client_id": id, "token_endpoint_auth_method": null }),
        json!({ "client_id": id, "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "client_id": id, "grant_types": ["client_credentials"], "redirect_uris": null }),
        json!({ "client_id": id, "client_secret": "mine" }),
        json!({ "client_id": id, "software_statement": stated(&json!({ "iss": "https://nobody.example" }), None) }),
    ];
    for change in &refused {
        let (status, answer, _) = program.calls("PUT", &path, &[("authorization", &own)], Some(&metadata(change))).await;
        assert_eq!(status, 400, "{change} {answer}");
    }
    let (status, read, _) = program.calls("GET", &path, &[("authorization", &own)], None).await;
    assert_eq!((status, &read), (200, &registered), "nothing has changed, the token neither");
    let told = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.registration_refused'";
    assert_eq!(kommun.count(told).await, i64::try_from(refused.len()).unwrap(), "each refusal to a known client is in the journal");
    let more = json!({ "client_id": id, "roles": ["administrator"], "audiences": ["https://journal.example"], "assurance": "loa2", "naming": [], "profile": "core" });
    let (status, changed, _) = program.calls("PUT", &path, &[("authorization", &own)], Some(&metadata(&more))).await;
    assert_eq!(status, 200, "{changed}");
    for unknown in ["roles", "audiences", "assurance", "naming", "profile"] {
        assert!(changed.get(unknown).is_none(), "{unknown} is not the program's to say");
    }
    kommun.journal_holds().await;
}

/// The number that a policy names holds, however many come at once.
pub(crate) async fn of_fifty_programs_ten_are_registered(kommun: &Kommun) {
    let browser = kommun.browser();
    let answers = kommun
        .fifty(move |_| {
            let mut browser = browser.clone();
            async move { registers(&mut browser, TOKENS[1], &metadata(&json!({}))).await }
        })
        .await;
    let registered = answers.iter().filter(|(status, _)| *status == 201).count();
    let full = answers.iter().filter(|(status, answer)| *status == 403 && answer["error"] == "access_denied").count();
    assert_eq!((registered, full, kommun.count(ROWS).await), (10, 40, 10));
    let (_, first) = answers.iter().find(|(status, _)| *status == 201).unwrap();
    let (path, bearer) =
        (format!("/register/{}", first["client_id"].as_str().unwrap()), format!("Bearer {}", first["registration_access_token"].as_str().unwrap()));
    let mut program = kommun.browser();
    assert_eq!(program.calls("DELETE", &path, &[("authorization", &bearer)], None).await.0, 204);
    assert_eq!(registers(&mut program, TOKENS[1], &metadata(&json!({}))).await.0, 201, "one that ended leaves its place");
    kommun.journal_holds().await;
}

/// RFC 7592 §2: a suspended service is answered as one that never was.
pub(crate) async fn a_suspended_program_does_not_look_after_itself(kommun: &Kommun) {
    let mut program = kommun.browser();
    let (_, registered) = registers(&mut program, TOKENS[1], &metadata(&json!({}))).await;
    let (id, token) = (registered["client_id"].as_str().unwrap(), format!("Bearer {}", registered["registration_access_token"].as_str().unwrap()));
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let (status, answer, _) = desk.calls("POST", &format!("/admin/clients/{id}/suspend"), &[("if-match", "\"1\"")], None).await;
    assert_eq!(status, 204, "{answer}");
    for (method, body) in [("GET", None), ("PUT", Some(metadata(&json!({ "client_id": id })))), ("DELETE", None)] {
        let (status, answer, _) = program.calls(method, &format!("/register/{id}"), &[("authorization", &token)], body.as_ref()).await;
        assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_token")), "{method}");
    }
}
