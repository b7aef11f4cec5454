//! Who may not administer, and what an administrator may not do (attack 29).

use serde_json::{Value, json};

use crate::{
    journeys::{letting::told, metadata},
    kommun::{Browser, Kommun, Portal},
};

const ROWS: &str = "SELECT COUNT(*) FROM clients";

fn body(id: &str, change: &Value, settings: &Value) -> Value {
    json!({ "client_id": id, "metadata": metadata(change), "settings": settings })
}

async fn tries(browser: &mut Browser, method: &str, path: &str) -> u16 {
    let all = body("nytjanst", &json!({}), &json!({}));
    let sent = matches!(method, "POST" | "PUT").then_some(&all);
    browser.calls(method, path, &[("if-match", "\"1\"")], sent).await.0
}

const ACTS: [(&str, &str); 8] = [
    ("GET", "/admin/clients/nytjanst"),
    ("PUT", "/admin/clients/nytjanst"),
    ("DELETE", "/admin/clients/nytjanst"),
    ("POST", "/admin/clients/nytjanst/suspend"),
    ("POST", "/admin/clients/nytjanst/resume"),
    ("POST", "/admin/clients/nytjanst/secret"),
    ("GET", "/admin/clients"),
    ("POST", "/admin/clients"),
];

/// Only an administrator, logged in at level 3; and only in the own organisation: another's does not exist.
pub(crate) async fn nobody_else_administers(kommun: &Kommun) {
    let (administrator, neighbour) = (kommun.administrator().await, kommun.neighbour().await);
    let mut desk = kommun.desk_of(&administrator).await;
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &json!({}), &json!({})))).await.0, 201);
    let worker = kommun.worker("Amina Sahlin").await;
    let mut others = [kommun.browser(), worker.at_a_desk(kommun).await, kommun.desk_of(&kommun.manager().await).await];
    for (method, path) in ACTS {
        for (browser, expected) in others.iter_mut().zip([401, 403, 403]) {
            assert_eq!(tries(browser, method, path).await, expected, "{method} {path}");
        }
    }
    let mut theirs = kommun.desk_of(&neighbour).await;
    for (method, path) in ACTS.into_iter().filter(|(_, path)| path.contains("nytjanst")) {
        assert_eq!(tries(&mut theirs, method, path).await, 404, "{method} {path}");
    }
    let (_, list, _) = theirs.calls("GET", "/admin/clients", &[], None).await;
    assert_eq!((&list["clients"], &list["file"]), (&json!([]), &json!([])), "{list}");
    assert_eq!(theirs.calls("GET", "/admin/clients/skolportalen", &[], None).await.0, 404);
    assert_eq!(theirs.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &json!({}), &json!({})))).await.0, 409, "ids are one for all");
    let path = format!("/admin/people/{}", worker.affiliation);
    for (method, sent) in [("GET", None), ("PUT", Some(json!({ "email": { "value": "a@evil.example" } })))] {
        assert_eq!(theirs.calls(method, &path, &[], sent.as_ref()).await.0, 404);
    }
    let (_, one, _) = desk.calls("GET", "/admin/clients/nytjanst", &[], None).await;
    assert_eq!(one["version"], json!(1), "nobody has changed it");
    kommun.blocks(&administrator.affiliation_id).await;
    assert_eq!(desk.calls("GET", "/admin/clients", &[], None).await.0, 401, "a blocked administrator is nobody at once");
    kommun.journal_holds().await;
}

/// Attack 29: no organisation gets tokens that another's interfaces take, or hears about them.
pub(crate) async fn what_belongs_to_another_organisation_cannot_be_named(kommun: &Kommun) {
    let (administrator, neighbour) = (kommun.administrator().await, kommun.neighbour().await);
    let (mut ours, mut theirs) = (kommun.desk_of(&administrator).await, kommun.desk_of(&neighbour).await);
    let audience = |of: &str| json!({ "audiences": [of] });
    let refused = [
        (json!({}), audience("https://journal.example"), "audience"),
        (json!({}), audience("https://nobody.example"), "audience"),
        (json!({}), json!({ "resource": "https://journal.example" }), "taken"),
    ];
    for (members, settings, code) in refused {
        let (_, answer, _) = theirs.calls("POST", "/admin/clients", &[], Some(&body("deras", &members, &settings))).await;
        assert_eq!(answer["code"], json!(code), "{settings} {answer}");
    }
    for id in ["skolportalen", "vardportalen"] {
        let (status, answer, _) = theirs.calls("POST", "/admin/clients", &[], Some(&body(id, &json!({}), &json!({})))).await;
        assert_eq!((status, answer["code"].as_str()), (409, Some("taken")), "{id}");
    }
    assert_eq!(kommun.count(ROWS).await, 0);
    let own = json!({ "resource": "https://ny.example/api", "audiences": ["https://ny.example/api", "https://journal.example"] });
    assert_eq!(ours.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &json!({}), &own))).await.0, 201, "its own are its to name");
    let (_, answer, _) = theirs.calls("POST", "/admin/clients", &[], Some(&body("deras", &json!({}), &audience("https://ny.example/api")))).await;
    assert_eq!(answer["code"], json!("audience"));
}

/// Of administrators who change the same version one wins, and the others hear of it.
pub(crate) async fn of_fifty_changes_of_one_version_one_wins(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &json!({}), &json!({})))).await.0, 201);
    let (status, answer, _) = desk.calls("PUT", "/admin/clients/nytjanst", &[], Some(&body("nytjanst", &json!({}), &json!({})))).await;
    assert_eq!((status, answer["code"].as_str()), (428, Some("version_missing")));
    let browser = desk.clone();
    let answers = kommun
        .fifty(move |number| {
            let mut browser = browser.clone();
            let sent = json!({ "metadata": metadata(&json!({ "redirect_uris": [format!("https://ny.example/{number}")] })) });
            async move { browser.calls("PUT", "/admin/clients/nytjanst", &[("if-match", "\"1\"")], Some(&sent)).await }
        })
        .await;
    let count = |wanted: u16| answers.iter().filter(|(status, _, _)| *status == wanted).count();
    assert_eq!((count(200), count(412)), (1, 49), "{:?}", answers.iter().map(|(status, _, _)| status).collect::<Vec<_>>());
    let (_, one, _) = desk.calls("GET", "/admin/clients/nytjanst", &[], None).await;
    assert_eq!(one["version"], json!(2));
}

/// A program of an administrator: by a token for the administration, and with the person's rights alone.
pub(crate) async fn a_token_opens_the_administration_with_the_persons_rights(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let link = kommun.invites_again(&administrator.affiliation_id).await;
    let mut chief = crate::kommun::Worker::enrols(kommun, administrator.affiliation_id.clone(), &link).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    let care = kommun.care();
    let audience = format!("{}/admin", kommun.issuer);
    let mut given = Vec::new();
    for person in [&mut chief, &mut worker] {
        for resource in [audience.as_str(), "https://journal.example"] {
            let mut login = care.begins(kommun.browser()).await;
            person.approves(&login).await;
            let code = login.code().await;
            let (status, tokens) = care.exchanges_with(&login.browser, &code, &login.verifier, &[("resource", resource)]).await;
            assert_eq!(status, 200, "{tokens}");
            given.push(tokens["access_token"].as_str().unwrap().to_owned());
        }
    }
    let mut program = kommun.browser();
    for (token, expected) in given.iter().zip([200, 401, 403, 401]) {
        let bearer = format!("Bearer {token}");
        assert_eq!(program.calls("GET", "/admin/clients", &[("authorization", &bearer)], None).await.0, expected);
    }
    let right = format!("Bearer {}", given[0]);
    for wrong in [right.replace("Bearer", "DPoP"), right.replace("Bearer", "Basic"), format!("{right}x"), "Bearer".to_owned()] {
        assert_eq!(program.calls("GET", "/admin/clients", &[("authorization", &wrong)], None).await.0, 401, "{wrong}");
    }
    kommun.blocks(&administrator.affiliation_id).await;
    assert_eq!(program.calls("GET", "/admin/clients", &[("authorization", &right)], None).await.0, 401);
}

/// What a service gave up, or lost, is worth nothing from the next request on, also what it has already.
pub(crate) async fn a_suspended_service_gets_nothing_more(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let members = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &members, &json!({})))).await.0, 201);
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let mut worker = kommun.worker("Amina Sahlin").await;
    let scope = format!("openid offline_access {}", crate::kommun::ORG_ID);
    let mut login = portal.begins_with(kommun.browser(), &[("scope", &scope)]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert_eq!(crate::journeys::userinfo(&login.browser, access).await.0, 200);
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/suspend", &[("if-match", "\"1\"")], None).await.0, 204);
    assert_ne!(crate::journeys::userinfo(&login.browser, access).await.0, 200);
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "nytjanst")];
    let answer = login.browser.http.post(format!("{}/token", kommun.base)).form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
}

/// A token lives as long as both the person and the service that holds it may use it, whoever is asked about it.
pub(crate) async fn what_an_ended_service_held_is_dead_everywhere(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let settings = json!({ "audiences": ["https://journal.example"] });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body("nytjanst", &json!({}), &settings))).await.0, 201);
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let mut worker = kommun.worker("Amina Sahlin").await;
    let mut held = Vec::new();
    for resource in ["", "https://journal.example"] {
        let mut login = portal.begins(kommun.browser()).await;
        worker.approves(&login).await;
        let code = login.code().await;
        let (status, tokens) = portal.exchanges_with(&login.browser, &code, &login.verifier, &[("resource", resource)]).await;
        assert_eq!(status, 200, "{tokens}");
        held.push(tokens["access_token"].as_str().unwrap().to_owned());
    }
    let browser = kommun.browser();
    let is_alive = async || {
        let told = told(kommun, "journalen", &held[1]).await;
        (crate::journeys::userinfo(&browser, &held[0]).await.0, told["active"].as_bool().unwrap())
    };
    assert_eq!(is_alive().await, (200, true));
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/suspend", &[("if-match", "\"1\"")], None).await.0, 204);
    assert_eq!(is_alive().await, (401, false));
    assert_eq!(crate::journeys::exchanges(kommun, &held[1], &[]).await.error(), (400, "invalid_request"), "nor is it passed on");
    assert_eq!(desk.calls("POST", "/admin/clients/nytjanst/resume", &[("if-match", "\"2\"")], None).await.0, 204);
    assert_eq!(is_alive().await, (200, true), "nothing of the person's has ended");
    assert_eq!(desk.calls("DELETE", "/admin/clients/nytjanst", &[("if-match", "\"3\"")], None).await.0, 204);
    assert_eq!(is_alive().await, (401, false));
}
