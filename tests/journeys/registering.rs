//! Programs that register themselves, and administrators who register them.

use serde_json::{Value, json};

use crate::kommun::{Browser, Kommun, ORG_ID, Portal, STATED, TOKENS, basic, stated};

/// A registration that every policy of the municipality takes.
pub(crate) fn metadata(change: &Value) -> Value {
    let mut members = json!({
        "redirect_uris": ["https://ny.example/cb"], "token_endpoint_auth_method": "none", "client_name#sv": "Ny tjänst", "client_name#en": "New service",
        "scope": format!("openid {ORG_ID}"), "contacts": ["drift@ny.example"],
    });
    members.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    members.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    members
}

/// `POST /register` with a token that opens a policy.
pub(crate) async fn registers(browser: &mut Browser, token: &str, members: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let (status, answer, headers) = browser.calls("POST", "/register", &[("authorization", &bearer)], Some(members)).await;
    assert_eq!(headers["cache-control"], "no-store", "{answer}");
    (status, answer)
}

/// RFC 7591 and RFC 7592: registered, logged in to, changed and ended by itself.
pub(crate) async fn a_program_registers_and_looks_after_itself(kommun: &Kommun) {
    let mut program = kommun.browser();
    let (status, registered) =
        registers(&mut program, TOKENS[1], &metadata(&json!({ "grant_types": ["authorization_code", "refresh_token"] }))).await;
    assert_eq!(status, 201, "{registered}");
    let id = registered["client_id"].as_str().unwrap().to_owned();
    assert_eq!(registered["registration_client_uri"], json!(format!("{}/register/{id}", kommun.issuer)));
    assert_eq!(registered["response_types"], json!(["code"]));
    assert_eq!(registered["contacts"], json!(["drift@ny.example"]));
    assert!(registered.get("client_secret").is_none(), "a public client has none: {registered}");

    let portal = Portal::new(kommun, &id, None, "https://ny.example/cb");
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut login = portal.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");

    let token = |answer: &Value| format!("Bearer {}", answer["registration_access_token"].as_str().unwrap());
    let (path, first) = (format!("/register/{id}"), token(&registered));
    let (status, read, _) = program.calls("GET", &path, &[("authorization", &first)], None).await;
    assert_eq!((status, &read), (200, &registered), "the answer to reading is the answer to registering");

    let moved = metadata(&json!({ "client_id": id, "redirect_uris": ["https://ny.example/tillbaka"] }));
    let (status, changed, _) = program.calls("PUT", &path, &[("authorization", &first)], Some(&moved)).await;
    assert_eq!(
        (status, &changed["redirect_uris"], &changed["grant_types"]),
        (200, &json!(["https://ny.example/tillbaka"]), &json!(["authorization_code"]))
    );
    let second = token(&changed);
    assert_ne!(first, second);
    assert_eq!(program.calls("GET", &path, &[("authorization", &first)], None).await.0, 401, "the token is another after each change");
    let mut browser = kommun.browser();
    assert_eq!(browser.get(&portal.address("x", &[])).await.status, 400, "the address it had is not its own any more");
    let moved = Portal::new(kommun, &id, None, "https://ny.example/tillbaka");
    assert_eq!(browser.get(&moved.address("y", &[])).await.status, 303);

    let (status, _, _) = program.calls("DELETE", &path, &[("authorization", &second)], None).await;
    assert_eq!(status, 204);
    assert_eq!(program.calls("GET", &path, &[("authorization", &second)], None).await.0, 401);
    assert_eq!(browser.get(&moved.address("z", &[])).await.status, 400);
    let (status, gone) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!((status, gone["error"].as_str()), (401, Some("invalid_client")));
    let acts = "SELECT COUNT(*) FROM journal_entries WHERE kind IN ('oidc.client_registered', 'oidc.client_changed', 'oidc.client_ended')";
    assert_eq!(kommun.count(acts).await, 3);
    kommun.journal_holds().await;
}

/// In the profile core a secret is given out once, and works; a plain client gets RS256 unless it says otherwise.
pub(crate) async fn a_plain_client_gets_a_secret_once(kommun: &Kommun) {
    let mut program = kommun.browser();
    let members = metadata(&json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    let (status, registered) = registers(&mut program, TOKENS[0], &members).await;
    assert_eq!((status, &registered["id_token_signed_response_alg"]), (201, &json!("RS256")), "{registered}");
    assert_eq!(registered["client_secret_expires_at"], json!(0));
    let (id, secret) = (registered["client_id"].as_str().unwrap(), registered["client_secret"].as_str().unwrap());
    let code = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "https://ny.example/cb")];
    let form = code.map(|(name, value)| format!("{name}={value}")).join("&");
    let headers = |secret: &str| [("content-type", "application/x-www-form-urlencoded".to_owned()), ("authorization", basic(id, secret))];
    for (secret, error) in [(secret, "invalid_grant"), ("wrong", "invalid_client")] {
        let mut request = program.http.post(format!("{}/token", program.base)).body(form.clone());
        for (name, value) in headers(secret) {
            request = request.header(name, value);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["error"], json!(error), "{answer}");
    }
    let bearer = format!("Bearer {}", registered["registration_access_token"].as_str().unwrap());
    let (_, read, _) = program.calls("GET", &format!("/register/{id}"), &[("authorization", &bearer)], None).await;
    assert!(read.get("client_secret").is_none(), "only its hash is kept: {read}");
}

/// A statement opens a policy that names its issuer, and says more than the program does.
pub(crate) async fn a_program_is_vouched_for(kommun: &Kommun) {
    let mut program = kommun.browser();
    let statement = stated(&json!({ "iss": STATED, "software_id": "prov", "redirect_uris": ["https://prov.example/cb"] }), None);
    let (status, registered, _) = program.calls("POST", "/register", &[], Some(&metadata(&json!({ "software_statement": statement })))).await;
    assert_eq!(
        (status, &registered["redirect_uris"], &registered["software_id"]),
        (201, &json!(["https://prov.example/cb"]), &json!("prov")),
        "{registered}"
    );
}

/// The whole life of a service in an administrator's hands.
pub(crate) async fn an_administrator_registers_a_service(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let body = json!({ "client_id": "nytjanst", "metadata": metadata(&json!({})), "settings": { "stay_days": 30 } });
    let (status, one, headers) = desk.calls("POST", "/admin/clients", &[], Some(&body)).await;
    assert_eq!((status, &one["version"], headers["etag"].to_str().unwrap()), (201, &json!(1), "\"1\""), "{one}");
    assert_eq!((&one["settings"]["stay_days"], &one["settings"]["profile"]), (&json!(30), &json!("strict")));
    let (_, list, _) = desk.calls("GET", "/admin/clients", &[], None).await;
    assert_eq!(list["clients"][0]["client_id"], json!("nytjanst"));
    assert!(list["file"].as_array().unwrap().iter().any(|one| one["client_id"] == "skolportalen"), "{list}");

    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let mut browser = kommun.browser();
    assert_eq!(browser.get(&portal.address("a", &[])).await.status, 303);
    let as_of = |version: i64| format!("\"{version}\"");
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/suspend", &[("if-match", &as_of(1))], None).await.0, 204);
    assert_eq!(browser.get(&portal.address("b", &[])).await.status, 400, "suspended");
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/resume", &[("if-match", &as_of(2))], None).await.0, 204);
    let changed = json!({ "metadata": metadata(&json!({ "redirect_uris": ["https://ny.example/annan"] })) });
    let (status, one, _) = desk.calls("PUT", "/admin/clients/nytjanst", &[("if-match", &as_of(3))], Some(&changed)).await;
    assert_eq!((status, &one["version"], &one["settings"]["stay_days"]), (200, &json!(4), &json!(90)), "what is left out has its default: {one}");
    assert_eq!(browser.get(&portal.address("c", &[])).await.status, 400, "the new version counts at once");
    assert_eq!(desk.calls("DELETE", "/admin/clients/nytjanst", &[("if-match", &as_of(4))], None).await.0, 204);
    assert_eq!(desk.calls("GET", "/admin/clients/nytjanst", &[], None).await.0, 404);
    let (status, taken, _) = desk.calls("POST", "/admin/clients", &[], Some(&body)).await;
    assert_eq!((status, taken["code"].as_str()), (409, Some("taken")), "an id is never given again");
    kommun.journal_holds().await;
}
