//! `/authorize`: an open redirector helps whoever made the link (RFC 9700 §4.1, §4.11).

use crate::kommun::Kommun;

pub(crate) async fn an_address_that_is_not_registered_gets_a_page(kommun: &Kommun) {
    let app = kommun.web_app();
    let wrong = [
        "https://app.example/cb/",
        "https://app.example/c",
        "https://app.example/cbb",
        "https://app.example/CB",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "http://app.example/cb",
        "https://app.example/cb?",
        "https://app.example/cb?fast=2",
        "https://app.example/cb?fast=1&x=2",
        "https://app.example/cb#",
        "https://app.example/cb#code",
        "https://app.example/./cb",
        "https://app.example/x/../cb",
        "https://app.example/%63b",
        "https://app.example\\cb",
        "https://user@app.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/?https://app.example/cb",
        "//app.example/cb",
        "/cb",
        " https://app.example/cb",
        "https://app.example/cb\n",
        "javascript:alert(1)",
        "https://care.example/cb",
        "",
    ];
    for address in wrong {
        page_only(kommun, &app.address("x", &[("redirect_uri", address)])).await;
    }
    for client in ["webbapp", "Webbappen", "webbappen ", "", "skolportalen", "'; DROP TABLE grants; --"] {
        page_only(kommun, &app.address("x", &[("client_id", client)])).await;
    }
    for twice in ["&client_id=skolportalen", "&redirect_uri=https%3A%2F%2Fevil.example", "&client_id=webbappen"] {
        page_only(kommun, &(app.address("x", &[]) + twice)).await;
    }
    // What is in an object that nobody vouches for is no address to be sent to.
    page_only(kommun, &app.address("x", &[("request", "e30.e30.")])).await;
    let right = kommun.browser().get(&app.address("x", &[("redirect_uri", "https://app.example/cb?fast=1")])).await;
    assert!(right.location().unwrap().starts_with("/login/"));
}

/// An error page, for GET and for POST, and nothing stored.
async fn page_only(kommun: &Kommun, address: &str) {
    let mut browser = kommun.browser();
    let page = browser.get(address).await;
    assert_eq!((page.status, page.location()), (400, None), "{address}");
    assert!(page.body.contains("</html>") && !page.body.contains("evil.example"), "{address}: {}", page.body);
    let (path, query) = address.split_once('?').unwrap();
    let request = browser.http.post(browser.address(path)).header("content-type", "application/x-www-form-urlencoded").body(query.to_owned());
    let page = browser.send(request).await;
    assert_eq!((page.status, page.location()), (400, None), "POST {address}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals").await, 0);
}

pub(crate) async fn what_is_refused_goes_back_to_the_service(kommun: &Kommun) {
    let app = kommun.web_app();
    let cases = [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "profile"), "invalid_scope"),
        (("registration", "{}"), "registration_not_supported"),
        (("prompt", "none"), "login_required"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("claims", "{"), "invalid_request"),
    ];
    for ((name, value), error) in cases {
        let page = kommun.browser().get(&app.address("x", &[(name, value)])).await;
        let location = page.location().unwrap_or_else(|| panic!("{name}={value}: {} {}", page.status, page.body));
        assert!(location.starts_with("https://app.example/cb?"), "{location}");
        assert_eq!(page.answer("error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(page.answer("state").as_deref(), Some("state-x"), "{name}={value}");
        assert_eq!(page.answer("iss").as_deref(), Some(kommun.issuer.as_str()), "{name}={value}");
        assert!(page.answer("code").is_none());
    }
    // What it asks for stands elsewhere, so also where the answer may go is not known (RFC 9101 §5).
    page_only(kommun, &app.address("x", &[("request_uri", "https://evil.example/x")])).await;
    let strict = crate::kommun::Portal { id: "nationella-prov".to_owned(), redirect_uri: "https://prov.example/cb".to_owned(), ..app };
    let page = kommun.browser().get(&strict.address("x", &[])).await;
    assert_eq!(page.answer("error").as_deref(), Some("unmet_authentication_requirements"), "demands a reviewed e-ID (SE-08)");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals").await, 0);
}
