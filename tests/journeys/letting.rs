//! A person lets a service open the doors of a visit, or have documents signed (RFC 9396): asked for exactly, read in plain words, told
//! by the token and by nobody else.

use handslag_phone::{
    ApprovalScreen, Button,
    wire::{Bearer, Start},
};
use handslag_server::{caller::Rng, doors, phone::approvals};
use handslag_vocab::{AffiliationId, Digest, DoorId, Seconds, VisitId};
use serde_json::{Value, json};

use crate::{
    journeys::{exchanges_bound, object, pushed, verified},
    kommun::{Answer, Device, Halted as _, JOURNAL_SECRET, Kommun, Login, ORG_ID, Portal, Worker, basic, post},
};

pub(crate) const DOORS: &str = "https://dorrar.example";
const JOURNAL: &str = "https://journal.example";
const PROVES: (&str, &str) = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

/// The municipality's doors, in the order of their addresses.
pub(crate) async fn doors_of(kommun: &Kommun) -> Vec<DoorId> {
    let organisation = kommun.place.town.organisation.clone();
    let all = kommun.server.db.read(async |tx| doors::of_organisation(tx, &organisation).await).await.unwrap();
    all.into_iter().map(|door| door.door_id).collect()
}

/// A visit that begins so many seconds from now and takes forty minutes.
pub(crate) async fn visits(kommun: &Kommun, worker: &AffiliationId, doors: &[DoorId], begins: i64) -> VisitId {
    let (visit, from) = (VisitId::random(&mut Rng::system()), kommun.now() + Seconds(begins));
    let to = from + Seconds::minutes(40);
    kommun.server.db.write(async |tx| doors::plan(tx, &visit, worker, doors, from, to).await).await.unwrap();
    visit
}

/// `authorization_details` for these doors.
pub(crate) fn opening(doors: &[DoorId], visit: Option<&VisitId>) -> Value {
    let mut detail = json!({ "type": "door", "actions": ["open"], "doors": doors });
    if let Some(visit) = visit {
        detail["visit"] = json!(visit);
    }
    json!([detail])
}

/// `authorization_details` for documents of these titles.
pub(crate) fn documents(titles: &[&str]) -> Value {
    let documents: Vec<Value> = titles.iter().map(|title| json!({ "title": title, "digest": Digest::of(title.as_bytes()) })).collect();
    json!([{ "type": "signature", "documents": documents }])
}

/// The home care's app on a phone with a key, asking to stay logged in and for these details.
pub(crate) async fn app_asks(kommun: &Kommun, phone: &Device, details: &Value) -> Login {
    let (scope, details, key) = (format!("openid {ORG_ID} offline_access"), details.to_string(), phone.thumbprint());
    let asked = [("scope", scope.as_str()), ("dpop_jkt", &key), ("authorization_details", &details)];
    kommun.field_app().begins_with(kommun.browser(), &asked).await
}

/// Reads the question, says yes, and gives what was read.
pub(crate) async fn reads_and_approves(worker: &mut Worker, login: &Login) -> ApprovalScreen {
    let screen = worker.reads(Start::Qr { text: Bearer::new(&login.qr().await) }).await;
    worker.presses(Button::Approve).await.done();
    screen
}

/// The app's code for tokens, some fields changed.
pub(crate) async fn app_redeems(kommun: &Kommun, phone: &mut Device, login: &mut Login, more: &[(&str, &str)]) -> Answer {
    let (app, code) = (kommun.field_app(), login.code().await);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", app.id.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", app.redirect_uri.as_str()),
        ("code_verifier", login.verifier.as_str()),
    ];
    phone.posts(&login.browser, "/token", &[&fields[..], more].concat()).await
}

/// The app refreshes, with these details or with all.
pub(crate) async fn app_refreshes(phone: &mut Device, login: &Login, token: &str, details: Option<&Value>) -> Answer {
    let details = details.map(Value::to_string);
    let mut fields = vec![("grant_type", "refresh_token"), ("client_id", "hemtjanst-app"), ("refresh_token", token)];
    fields.extend(details.as_deref().map(|details| ("authorization_details", details)));
    phone.posts(&login.browser, "/token", &fields).await
}

/// What a resource is told of a token.
pub(crate) async fn told(kommun: &Kommun, resource: &str, token: &str) -> Value {
    post(&kommun.browser(), "/introspect", &[("authorization", &basic(resource, JOURNAL_SECRET))], &[("token", token)]).await.body
}

/// DR-01, DR-02: from the app's request to the lock system's answer, for the time of the visit.
pub(crate) async fn a_service_opens_the_doors_of_a_visit(kommun: &Kommun) {
    let (mut worker, mut phone, doors) = (kommun.worker("Amina Sahlin").await, Device::new(kommun), doors_of(kommun).await);
    let visit = visits(kommun, &worker.affiliation, &doors[..2], 60).await;
    let details = opening(&doors[..2], Some(&visit));
    let mut login = app_asks(kommun, &phone, &details).await;
    let screen = reads_and_approves(&mut worker, &login).await;
    assert!(screen.what_happens.text.contains("låta tjänsten göra det som står här"), "{screen:?}");
    let lines: Vec<&str> = screen.granted.iter().map(|line| line.value.as_str()).collect();
    assert!(lines.len() == 2 && lines[0].starts_with("Björkvägen 4, lägenhet 1203, ") && lines[1].starts_with("Björkvägen 4, port, "), "{lines:?}");
    assert!(screen.granted.iter().all(|line| line.label == "Öppna dörr"));
    let row = kommun.server.db.read(async |tx| approvals::by_id(tx, &login.id).await).await.unwrap().unwrap();
    let signed = row.approval().unwrap().unwrap();
    assert_eq!(signed.granted[0].of, format!("{} {visit}", doors[0]), "the evidence names what was granted");

    let tokens = app_redeems(kommun, &mut phone, &mut login, &[]).await;
    assert_eq!(tokens.body["authorization_details"], details, "RFC 9396 §7: {}", tokens.body);
    let access = tokens.token("access_token");
    let claims = verified(kommun, &access, DOORS).await;
    assert_eq!((&claims["authorization_details"], &claims["cnf"]["jkt"]), (&details, &json!(phone.thumbprint())), "§9.1");
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 300, "{claims}");
    assert!(!claims.to_string().contains("Björkvägen"), "no address and no name");
    let answer = told(kommun, "dorrsystemet", &access).await;
    assert_eq!((&answer["active"], &answer["authorization_details"], &answer["token_type"]), (&json!(true), &details, &json!("DPoP")), "§9.2");
    assert_eq!(told(kommun, "journalen", &access).await, json!({ "active": false }), "another resource hears nothing");

    let less = opening(&doors[..1], Some(&visit));
    let refresh = tokens.token("refresh_token");
    let narrower = app_refreshes(&mut phone, &login, &refresh, Some(&less)).await;
    assert_eq!(narrower.body["authorization_details"], less, "{}", narrower.body);
    assert_eq!(verified(kommun, &narrower.token("access_token"), DOORS).await["authorization_details"], less);
    let whole = app_refreshes(&mut phone, &login, &narrower.token("refresh_token"), None).await;
    assert_eq!(whole.body["authorization_details"], details, "less once is not less for ever");
    let mut desk = worker.at_a_desk(kommun).await;
    let page = desk.get("/min-sida").await.body;
    assert!(page.contains("Lät en tjänst öppna dörrar"), "{page}");
    // A visit of forty minutes, with a quarter of an hour after it.
    kommun.server.clock.advance(56 * 60 + 5);
    let after = app_refreshes(&mut phone, &login, &whole.token("refresh_token"), None).await;
    assert!(after.status == 200 && after.body.get("authorization_details").is_none(), "logged in still, and the doors are shut: {}", after.body);
    kommun.journal_holds().await;
}

/// By each way that a request comes, and for a service that proves itself with a key of its own.
pub(crate) async fn a_person_reads_which_documents_a_service_will_have_signed(kommun: &Kommun) {
    let (care, mut worker, mut key) = (kommun.care(), kommun.worker("Amina Sahlin").await, Device::new(kommun));
    let details = documents(&["Protokoll 2026-11-20", "Bilaga om en enskild"]);
    let text = details.to_string();
    let push = pushed(&care, &kommun.browser(), "p", &[("authorization_details", &text)]).await;
    let signed = object(&care, "s", &json!({ "authorization_details": details }), &json!({}));
    let ways = [
        ("w", care.address("w", &[("authorization_details", &text)])),
        ("p", crate::journeys::address_of(&care, &push)),
        ("s", care.address("s", &[("request", &signed)])),
    ];
    for (secret, address) in ways {
        let mut login = care.opens(kommun.browser(), &address, secret).await;
        let screen = reads_and_approves(&mut worker, &login).await;
        let lines: Vec<String> = screen.granted.iter().map(|line| format!("{}: {}", line.label, line.value)).collect();
        let expected = ["Skriva under, dokument 1 av 2: Protokoll 2026-11-20", "Skriva under, dokument 2 av 2: Bilaga om en enskild"];
        assert_eq!(lines, expected, "{secret}");
        let tokens = care_redeems(&care, &mut key, &mut login, &[]).await;
        assert_eq!((tokens.status, &tokens.body["authorization_details"]), (200, &details), "{}", tokens.body);
        let claims = verified(kommun, &tokens.token("access_token"), JOURNAL).await;
        assert_eq!((&claims["authorization_details"], &claims["cnf"]["jkt"]), (&details, &json!(key.thumbprint())));
    }
    let titles = "SELECT COUNT(*) FROM journal_payloads WHERE payload LIKE '%enskild%'";
    let digests = "SELECT COUNT(*) FROM journal_payloads WHERE payload LIKE '%\"type\":\"signature\"%'";
    assert_eq!(kommun.count(titles).await, 0, "a title can be confidential");
    assert_eq!(kommun.count(digests).await, 6, "at each log-in and each token, by what the documents are");
    kommun.journal_holds().await;
}

/// A yes to a signature is good for five minutes, like one at the signing page; the log-in itself goes on.
pub(crate) async fn a_service_has_documents_signed_within_five_minutes(kommun: &Kommun) {
    let (care, mut worker, mut key) = (kommun.care(), kommun.worker("Amina Sahlin").await, Device::new(kommun));
    let details = documents(&["Protokoll"]);
    let (scope, text) = (format!("openid {ORG_ID} offline_access"), details.to_string());
    let mut login = care.begins_with(kommun.browser(), &[("scope", &scope), ("authorization_details", &text)]).await;
    worker.approves(&login).await;
    let tokens = care_redeems(&care, &mut key, &mut login, &[]).await;
    assert_eq!(tokens.body["authorization_details"], details, "{}", tokens.body);
    kommun.server.clock.advance(280);
    let again = care_refreshes(&care, &mut key, &login, &tokens.token("refresh_token"), None).await;
    assert_eq!(again.body["authorization_details"], details, "{}", again.body);
    kommun.server.clock.advance(30);
    let named = care_refreshes(&care, &mut key, &login, &again.token("refresh_token"), Some(&details)).await;
    assert_eq!(named.error(), (400, "invalid_authorization_details"), "{}", named.body);
    let late = care_refreshes(&care, &mut key, &login, &again.token("refresh_token"), None).await;
    assert!(late.status == 200 && late.body.get("authorization_details").is_none(), "{}", late.body);
    kommun.journal_holds().await;
}

/// RFC 8693: what a person said yes to was for the service that they read about, and the next one gets the access without it.
pub(crate) async fn what_was_granted_is_not_passed_on(kommun: &Kommun) {
    let (care, mut worker, mut key) = (kommun.care(), kommun.worker("Amina Sahlin").await, Device::new(kommun));
    let doors = doors_of(kommun).await;
    let visit = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    for details in [opening(&doors[..1], Some(&visit)), documents(&["Protokoll", "Bilaga"])] {
        let subject = care_has(kommun, &care, (&mut worker, &mut key), &details).await;
        let mut next = Device::new(kommun);
        let text = details.to_string();
        let named = exchanges_bound(kommun, &mut next, &subject, &[("authorization_details", &text)]).await;
        assert_eq!(named.error(), (400, "invalid_authorization_details"), "{}", named.body);
        assert!(named.body["error_description"].as_str().unwrap().contains("not passed on"), "{}", named.body);
        let passed = exchanges_bound(kommun, &mut next, &subject, &[]).await;
        assert!(passed.body.get("authorization_details").is_none(), "{}", passed.body);
        let claims = verified(kommun, &passed.token("access_token"), DOORS).await;
        assert_eq!((claims.get("authorization_details"), &claims["act"]), (None, &json!({ "sub": "journalen" })));
        assert!(told(kommun, "dorrsystemet", &passed.token("access_token")).await.get("authorization_details").is_none());
    }
    kommun.journal_holds().await;
}

/// The care portal's code for tokens of the journal, bound to this key, some fields changed.
pub(crate) async fn care_redeems(care: &Portal, key: &mut Device, login: &mut Login, more: &[(&str, &str)]) -> Answer {
    let code = login.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", care.redirect_uri.as_str()),
        ("code_verifier", login.verifier.as_str()),
        PROVES,
        ("resource", JOURNAL),
    ];
    key.posts_with(&login.browser, "/token", &[&fields[..], more].concat(), &|| care.assertion(&json!({}), &json!({}))).await
}

/// The care portal refreshes with its key, with these details or with all.
pub(crate) async fn care_refreshes(care: &Portal, key: &mut Device, login: &Login, token: &str, details: Option<&Value>) -> Answer {
    let details = details.map(Value::to_string);
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token), PROVES, ("resource", JOURNAL)];
    fields.extend(details.as_deref().map(|details| ("authorization_details", details)));
    key.posts_with(&login.browser, "/token", &fields, &|| care.assertion(&json!({}), &json!({}))).await
}

/// The care portal's token for the journal, with these details and bound to this key.
pub(crate) async fn care_has(kommun: &Kommun, care: &Portal, (worker, key): (&mut Worker, &mut Device), details: &Value) -> String {
    let text = details.to_string();
    let mut login = care.begins_with(kommun.browser(), &[("scope", "openid profile"), ("authorization_details", &text)]).await;
    worker.approves(&login).await;
    care_redeems(care, key, &mut login, &[]).await.token("access_token")
}
