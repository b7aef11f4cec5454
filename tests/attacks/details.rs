//! RFC 9396 against us: more than is registered, than exists, than is one's own, than was granted; and tokens that have lost their key.

use handslag_door::LockId;
use handslag_phone::{
    Outcome, Task,
    wire::{Bearer, Start},
};
use handslag_server::{caller::Rng, doors};
use handslag_vocab::{DoorId, OrganisationId, VisitId};
use serde_json::{Value, json};

use crate::{
    journeys::{
        letting::{
            app_asks, app_redeems, app_refreshes, care_has, care_redeems, care_refreshes, documents, doors_of, opening, reads_and_approves, told,
            visits,
        },
        metadata, object, pushed,
        sso::{goes_to, logs_in},
    },
    kommun::{Device, Halted as _, JOURNAL_SECRET, Kommun, Portal, Worker, basic, post},
};

/// A door of the neighbour's.
async fn door_of_the_neighbour(kommun: &Kommun) -> DoorId {
    let organisation: OrganisationId = kommun.neighbour().await.organisation_id;
    let (door, now) = (DoorId::random(&mut Rng::system()), kommun.now());
    let mounted = kommun
        .server
        .db
        .write(async |tx| doors::mount(tx, &kommun.server, (&door, &organisation, "Grannvägen 1"), LockId([9; 8]), &[7; 32], now).await);
    mounted.await.unwrap();
    door
}

/// RFC 9396 §5: each as its own error, to the service and never to the person's phone.
pub(crate) async fn details_that_cannot_be_granted_are_refused(kommun: &Kommun) {
    let (care, worker, doors) = (kommun.care(), kommun.worker("Amina Sahlin").await, doors_of(kommun).await);
    let cancelled = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    kommun.tampers("UPDATE visits SET cancelled_at = 1").await;
    let visit = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    let foreign = door_of_the_neighbour(kommun).await;
    let with = |name: &str, value: Value| {
        let mut details = opening(&doors[..1], Some(&visit));
        details[0][name] = value;
        details
    };
    let nobody = (DoorId::random(&mut Rng::system()), VisitId::random(&mut Rng::system()));
    let wrong = [
        ("unknown or not registered", with("type", json!("payment"))),
        ("malformed", with("locks", json!(["x"]))),
        ("malformed", with("doors", json!(["dörren"]))),
        ("malformed", with("actions", json!(["unlock"]))),
        ("not known for this client", with("doors", json!([nobody.0]))),
        ("not known for this client", opening(&[foreign], None)),
        ("not known for this client", with("visit", json!(nobody.1))),
        ("not known for this client", with("visit", json!(cancelled))),
        ("not known for this client", opening(&doors[..2], Some(&visit))),
        ("not a JSON array", json!({ "type": "door" })),
    ];
    for (says, details) in wrong {
        let text = details.to_string();
        let page = kommun.browser().get(&care.address("x", &[("authorization_details", &text)])).await;
        assert_eq!(page.answer("error").as_deref(), Some("invalid_authorization_details"), "{details} {}", page.body);
        assert!(page.answer("error_description").unwrap().replace("%20", " ").contains(says), "{page:?}");
        let answer = pushed(&care, &kommun.browser(), "x", &[("authorization_details", &text)]).await;
        assert_eq!(answer.error(), (400, "invalid_authorization_details"), "{details}");
        let signed = object(&care, "x", &json!({ "authorization_details": details }), &json!({}));
        let page = kommun.browser().get(&care.address("x", &[("request", &signed)])).await;
        assert_eq!(page.answer("error").as_deref(), Some("invalid_authorization_details"), "{details}");
    }
    // A service that registered no type, and one that registered another.
    for (portal, details) in [(kommun.web_app(), opening(&doors[..1], Some(&visit))), (kommun.field_app(), documents(&["x"]))] {
        let page = kommun.browser().get(&portal.address("x", &[("authorization_details", &details.to_string())])).await;
        assert_eq!(page.answer("error").as_deref(), Some("invalid_authorization_details"), "{}", portal.id);
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals").await, 0, "nobody was asked");
}

/// A number or a code that somebody types can be talked out of them: good for a log-in alone.
pub(crate) async fn nothing_is_granted_for_something_typed(kommun: &Kommun) {
    let (mut worker, doors) = (kommun.worker("Amina Sahlin").await, doors_of(kommun).await);
    let visit = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    let details = opening(&doors[..1], Some(&visit)).to_string();
    let asked = kommun.care().asks_for(kommun, &worker, &[("authorization_details", &details)]).await;
    assert_eq!(asked.error(), (400, "invalid_authorization_details"), "CIBA: {}", asked.body);
    let device = [("client_id", "tv-appen"), ("scope", "openid"), ("authorization_details", details.as_str())];
    assert_eq!(post(&kommun.browser(), "/device_authorization", &[], &device).await.error(), (400, "invalid_authorization_details"));
    let mut login = kommun.care().begins_with(kommun.browser(), &[("authorization_details", &details)]).await;
    let digits = super::elsewhere::shown_digits(&mut login).await;
    let problem = refused(&mut worker, Start::Code { digits: Bearer::new(&digits) }).await;
    assert!(problem.0 == "typed_code_is_for_log_in" && problem.1.contains("Skanna koden"), "{problem:?}");
    worker.approves(&login).await;
}

/// What the phone is told instead of a question.
async fn refused(worker: &mut Worker, start: Start) -> (String, String) {
    match worker.does(Task::Approve { start }).await.done() {
        Outcome::RefusedByServer { problem, .. } => (problem.code, problem.sv),
        other => panic!("{other:?}"),
    }
}

/// Policy decides about the person who logs in, and says why not.
pub(crate) async fn nobody_lets_open_what_is_not_theirs(kommun: &Kommun) {
    let (mut worker, other, doors) = (kommun.worker("Amina Sahlin").await, kommun.worker("Bo Ek").await, doors_of(kommun).await);
    let door = &doors[..1];
    let theirs = visits(kommun, &other.affiliation, door, 0).await;
    let far = visits(kommun, &worker.affiliation, door, 13 * 3_600).await;
    let cases = [
        (opening(door, None), "Dörren hör inte till något av dina besök"),
        (opening(door, Some(&theirs)), "Dörren hör inte till något av dina besök"),
        (opening(door, Some(&far)), "Det är för långt kvar till besöket"),
    ];
    for (details, says) in cases {
        let login = app_asks(kommun, &Device::new(kommun), &details).await;
        let (code, sv) = refused(&mut worker, Start::Qr { text: Bearer::new(&login.qr().await) }).await;
        assert!(code == "not_allowed" && sv.contains(says), "{details}: {code} {sv}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE state <> 'created'").await, 0, "and nothing was shown");
}

/// DR-01, and the same for signatures: a token with details that is bound to nothing is never made, whoever asks and however.
pub(crate) async fn a_token_with_details_is_bound_to_a_key(kommun: &Kommun) {
    let (care, mut worker, doors) = (kommun.care(), kommun.worker("Amina Sahlin").await, doors_of(kommun).await);
    let visit = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    let resource = [("resource", "https://dorrar.example")];
    for details in [opening(&doors[..1], Some(&visit)), documents(&["Protokoll"])] {
        let text = details.to_string();
        for more in [&resource[..], &[]] {
            let mut login = care.begins_with(kommun.browser(), &[("authorization_details", &text)]).await;
            worker.approves(&login).await;
            let code = login.code().await;
            let (status, answer) = care.exchanges_with(&login.browser, &code, &login.verifier, more).await;
            assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_dpop_proof")), "{answer}");
            let (_, answer) = care.exchanges_with(&login.browser, &code, &login.verifier, more).await;
            assert_eq!(answer["error"].as_str(), Some("invalid_grant"), "the code is dead");
        }
        // Bound, it is given; sent on without its key it is not.
        let mut key = Device::new(kommun);
        let access = care_has(kommun, &care, (&mut worker, &mut key), &details).await;
        assert_eq!(told(kommun, "journalen", &access).await["authorization_details"], details);
        let passed = crate::journeys::exchanges(kommun, &access, &[]).await;
        assert_eq!(passed.error(), (400, "invalid_dpop_proof"), "{}", passed.body);
    }
}

/// Attack 7: a signature is given at the level at which the person said yes to it, or not at all.
pub(crate) async fn a_level_that_fell_signs_nothing(kommun: &Kommun) {
    let (care, mut secretary, mut key) = (kommun.care(), kommun.secretary().await, Device::new(kommun));
    let details = documents(&["Protokoll"]);
    let (scope, text) = (format!("openid {} offline_access", crate::kommun::ORG_ID), details.to_string());
    let mut login = care.begins_with(kommun.browser(), &[("scope", &scope), ("authorization_details", &text)]).await;
    secretary.approves(&login).await;
    let tokens = care_redeems(&care, &mut key, &mut login, &[]).await;
    assert_eq!(tokens.body["authorization_details"], details, "{}", tokens.body);
    assert!(kommun.tampers("UPDATE affiliations SET assurance = 'loa2' WHERE role = 'secretary'").await > 0);
    let refresh = tokens.token("refresh_token");
    let named = care_refreshes(&care, &mut key, &login, &refresh, Some(&details)).await;
    assert_eq!(named.error(), (400, "invalid_authorization_details"), "{}", named.body);
    let after = care_refreshes(&care, &mut key, &login, &refresh, None).await;
    assert!(after.status == 200 && after.body.get("authorization_details").is_none(), "{}", after.body);
}

/// RFC 9396 §6: a token request asks for what was granted or for less.
pub(crate) async fn what_was_granted_is_never_widened(kommun: &Kommun) {
    let (mut worker, mut phone, doors) = (kommun.worker("Amina Sahlin").await, Device::new(kommun), doors_of(kommun).await);
    let visit = visits(kommun, &worker.affiliation, &doors[..2], 0).await;
    let other = visits(kommun, &worker.affiliation, &doors[..2], 0).await;
    let granted = opening(&doors[..1], Some(&visit));
    let more =
        [opening(&doors[..2], Some(&visit)), opening(&doors[..1], None), opening(&doors[..1], Some(&other)), opening(&doors[1..2], Some(&visit))];
    for wider in &more {
        let mut login = app_asks(kommun, &phone, &granted).await;
        reads_and_approves(&mut worker, &login).await;
        let answer = app_redeems(kommun, &mut phone, &mut login, &[("authorization_details", &wider.to_string())]).await;
        assert_eq!(answer.error(), (400, "invalid_authorization_details"), "{wider}: {}", answer.body);
    }
    let mut login = app_asks(kommun, &phone, &granted).await;
    reads_and_approves(&mut worker, &login).await;
    let tokens = app_redeems(kommun, &mut phone, &mut login, &[]).await;
    let refresh = tokens.token("refresh_token");
    for wider in more.iter().chain([&documents(&["x"]), &json!([]), &json!("door")]) {
        let answer = app_refreshes(&mut phone, &login, &refresh, Some(wider)).await;
        assert_eq!(answer.error(), (400, "invalid_authorization_details"), "{wider}: {}", answer.body);
    }
    assert_eq!(app_refreshes(&mut phone, &login, &refresh, None).await.body["authorization_details"], granted, "and the family lives");
    let documented = documents(&["x"]).to_string();
    let alone = [("grant_type", "client_credentials"), ("resource", "https://journal.example"), ("authorization_details", documented.as_str())];
    let answer = post(&kommun.browser(), "/token", &[("authorization", &basic("journalen", JOURNAL_SECRET))], &alone).await;
    assert_eq!(answer.error(), (400, "invalid_authorization_details"), "no person granted anything");
    let (care, mut key) = (kommun.care(), Device::new(kommun));
    let (text, scope) = (documents(&["Bilaga"]).to_string(), format!("openid {} offline_access", crate::kommun::ORG_ID));
    let mut login = care.begins_with(kommun.browser(), &[("scope", &scope), ("authorization_details", &text)]).await;
    worker.approves(&login).await;
    let refresh = care_redeems(&care, &mut key, &mut login, &[]).await.token("refresh_token");
    for wider in [documents(&["Bilaga", "Protokoll"]), documents(&["Protokoll"]), granted] {
        let answer = care_refreshes(&care, &mut key, &login, &refresh, Some(&wider)).await;
        assert_eq!(answer.error(), (400, "invalid_authorization_details"), "{wider}: {}", answer.body);
    }
}

/// Attack 7: what ended between the yes and the token is not in the token.
pub(crate) async fn what_ended_since_the_yes_is_not_given(kommun: &Kommun) {
    let (mut worker, mut phone, doors) = (kommun.worker("Amina Sahlin").await, Device::new(kommun), doors_of(kommun).await);
    let later = visits(kommun, &worker.affiliation, &doors[1..2], 3_600).await;
    let visit = visits(kommun, &worker.affiliation, &doors[..1], 0).await;
    let both = json!([opening(&doors[..1], Some(&visit))[0], opening(&doors[1..2], Some(&later))[0]]);
    let (now, then) = (opening(&doors[..1], Some(&visit)), opening(&doors[1..2], Some(&later)));
    let mut login = app_asks(kommun, &phone, &both).await;
    assert_eq!(reads_and_approves(&mut worker, &login).await.granted.len(), 2);
    let tokens = app_redeems(kommun, &mut phone, &mut login, &[]).await;
    assert_eq!(tokens.body["authorization_details"], now, "the other one is an hour away: {}", tokens.body);
    let refresh = tokens.token("refresh_token");
    let early = app_refreshes(&mut phone, &login, &refresh, Some(&then)).await;
    assert_eq!(early.error(), (400, "invalid_authorization_details"), "DR-02: {}", early.body);
    kommun.server.clock.advance(3_600);
    let next = app_refreshes(&mut phone, &login, &refresh, None).await;
    assert_eq!(next.body["authorization_details"], then, "now it is that one's time");
    kommun.tampers("UPDATE visits SET cancelled_at = 1").await;
    let refresh = next.token("refresh_token");
    let gone = app_refreshes(&mut phone, &login, &refresh, None).await;
    assert!(gone.status == 200 && gone.body.get("authorization_details").is_none(), "{}", gone.body);
    kommun.blocks(&worker.affiliation).await;
    let dead = app_refreshes(&mut phone, &login, &gone.token("refresh_token"), None).await;
    assert_eq!(dead.error(), (400, "invalid_grant"));
    assert_eq!(told(kommun, "dorrsystemet", &next.token("access_token")).await, json!({ "active": false }), "DR-03");
}

/// SG-05: nobody's earlier answer covers what is granted now.
pub(crate) async fn a_log_in_that_stands_grants_nothing(kommun: &Kommun) {
    let (grades, mut worker) = (kommun.grades(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let page = goes_to(&grades, &mut browser, "r1", &[]).await;
    let question = page.location().unwrap().to_owned();
    assert!(question.starts_with("/fortsatt/"), "{question}");
    browser.post(question.split('?').next().unwrap(), &[("svar", "fortsatt"), ("minns", "ja")]).await;
    assert!(goes_to(&grades, &mut browser, "r2", &[]).await.answer("code").is_some(), "it is remembered");
    let details = documents(&["Betyg"]).to_string();
    let page = goes_to(&grades, &mut browser, "r3", &[("authorization_details", &details)]).await;
    assert!(page.location().is_some_and(|location| location.starts_with("/login/")), "{page:?}");
    let page = goes_to(&grades, &mut browser, "r4", &[("authorization_details", &details), ("prompt", "none")]).await;
    assert_eq!(page.answer("error").as_deref(), Some("login_required"), "{page:?}");
    let mut login = grades.begins_with(kommun.browser(), &[("authorization_details", &details)]).await;
    worker.approves(&login).await;
    login.code().await;
    let page = goes_to(&kommun.timetable(), &mut login.browser, "r5", &[]).await;
    assert!(page.location().is_some_and(|location| location.starts_with("/login/")), "and it makes none: {page:?}");
}

/// RFC 9396 §10, attack 21: what a service registered bounds what it may ask for, and a registration that was narrowed bounds what it has.
pub(crate) async fn a_registration_bounds_what_is_asked_and_what_is_kept(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let (mut desk, mut worker) = (kommun.desk_of(&administrator).await, kommun.worker("Amina Sahlin").await);
    let members = |types: &Value| metadata(&json!({ "grant_types": ["authorization_code", "refresh_token"], "authorization_details_types": types }));
    let settings = json!({ "audiences": ["https://journal.example"] });
    for wrong in [json!(["payment"]), json!("signature"), json!([1])] {
        let body = json!({ "client_id": "nytjanst", "metadata": members(&wrong) });
        assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body)).await.0, 400, "{wrong}");
    }
    let body = json!({ "client_id": "nytjanst", "metadata": members(&json!(["signature"])), "settings": settings });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body)).await.0, 201);
    assert!(desk.get("/tjanster/nytjanst").await.body.contains("Att dokument skrivs under"));
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let door = opening(&doors_of(kommun).await[..1], None).to_string();
    let page = kommun.browser().get(&portal.address("x", &[("authorization_details", &door)])).await;
    assert_eq!(page.answer("error").as_deref(), Some("invalid_authorization_details"), "a type that it did not register");
    let (details, scope) = (documents(&["Bilaga"]), format!("openid offline_access {}", crate::kommun::ORG_ID));
    let asked = details.to_string();
    let mut login = portal.begins_with(kommun.browser(), &[("scope", &scope), ("authorization_details", &asked)]).await;
    worker.approves(&login).await;
    let (code, mut key) = (login.code().await, Device::new(kommun));
    let redeem = [
        ("grant_type", "authorization_code"),
        ("client_id", "nytjanst"),
        ("code", &code),
        ("redirect_uri", &portal.redirect_uri),
        ("code_verifier", &login.verifier),
    ];
    let tokens = key.posts(&login.browser, "/token", &redeem).await;
    assert_eq!((tokens.status, &tokens.body["authorization_details"]), (200, &details), "{}", tokens.body);
    let narrower = json!({ "metadata": members(&json!([])), "settings": settings });
    assert_eq!(desk.calls("PUT", "/admin/clients/nytjanst", &[("if-match", "\"1\"")], Some(&narrower)).await.0, 200);
    let refresh = tokens.token("refresh_token");
    let fields = [("grant_type", "refresh_token"), ("client_id", "nytjanst"), ("refresh_token", refresh.as_str()), ("authorization_details", &asked)];
    let named = key.posts(&login.browser, "/token", &fields).await;
    assert_eq!(named.error(), (400, "invalid_authorization_details"), "{}", named.body);
    let plain = key.posts(&login.browser, "/token", &fields[..3]).await;
    assert!(plain.status == 200 && plain.body.get("authorization_details").is_none(), "{}", plain.body);
}
