//! Whose token it is that a service wants to pass on, and what of it the service may have (attack 18), and what is used up by being shown.

use serde_json::{Value, json};

use crate::{
    journeys::{exchanges, for_the_journal},
    kommun::{Kommun, ORG_ID, Portal, Worker, post},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The tokens of a log-in at a service, for one of its audiences or none.
async fn tokens(kommun: &Kommun, portal: &Portal, worker: &mut Worker, (scope, resource): (&str, Option<&str>)) -> Value {
    let mut login = portal.begins_with(kommun.browser(), &[("scope", scope)]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let changes: Vec<(&str, &str)> = resource.into_iter().map(|resource| ("resource", resource)).collect();
    let (status, tokens) = portal.exchanges_with(&login.browser, &code, &login.verifier, &changes).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

/// RFC 8693: only what was given to this service or is for it; of that only what it may have; and no token that lives for weeks.
pub(crate) async fn a_service_passes_on_what_concerns_it_and_no_more(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let whole = format!("openid profile {ORG_ID} offline_access");
    let own = tokens(kommun, &care, &mut worker, (&whole, None)).await;
    let doors = tokens(kommun, &care, &mut worker, ("openid profile", Some("https://dorrar.example"))).await;
    for (what, token) in [("another service's own", &own["access_token"]), ("for another one", &doors["access_token"])] {
        assert_eq!(exchanges(kommun, token.as_str().unwrap(), &[]).await.error(), (400, "invalid_request"), "{what}");
    }
    let by_care = async |token: &Value| {
        let token = token.as_str().unwrap();
        let fields = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS), ("audience", "https://dorrar.example")];
        care.sends(kommun, "/token", &fields).await
    };
    assert_eq!(by_care(&own["refresh_token"]).await.error(), (400, "invalid_request"), "a token that lives for weeks");
    let passed = by_care(&own["access_token"]).await;
    let scopes = passed.body["scope"].as_str().unwrap();
    assert!(scopes.contains("profile") && scopes.contains(ORG_ID) && !scopes.contains("offline_access"), "{scopes}");
    let journal = tokens(kommun, &care, &mut worker, (&whole, Some("https://journal.example"))).await;
    let passed = exchanges(kommun, journal["access_token"].as_str().unwrap(), &[]).await;
    assert_eq!(passed.body["scope"], "openid profile", "the scope that it is not registered for is left out");
}

/// Policy is asked at every step (attack 7): behind the third service nothing is passed on.
pub(crate) async fn nothing_is_passed_on_too_far(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut token = for_the_journal(kommun, &mut worker).await;
    for _ in 0..3 {
        token = exchanges(kommun, &token, &[("audience", "https://journal.example")]).await.token("access_token");
    }
    let refused = exchanges(kommun, &token, &[("audience", "https://journal.example")]).await;
    assert_eq!(refused.error(), (400, "invalid_request"));
    assert!(refused.body["error_description"].as_str().unwrap().starts_with("policy: "), "{}", refused.body);
}

/// RFC 7523 §3: the assertion that proves a service counts once, wherever it is shown, also where the request beside it is refused.
pub(crate) async fn an_assertion_is_used_up_wherever_it_is_shown(kommun: &Kommun) {
    let care = kommun.care();
    for path in ["/token", "/par", "/bc-authorize", "/device_authorization"] {
        let assertion = care.assertion(&json!({}), &json!({}));
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "openid"),
            ("login_hint", "2120009994-nobody"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        let first = post(&kommun.browser(), path, &[], &fields).await;
        assert_ne!(first.body["error"], "invalid_client", "{path} {}", first.body);
        assert_eq!(post(&kommun.browser(), path, &[], &fields).await.error(), (401, "invalid_client"), "{path}: shown again");
    }
}
