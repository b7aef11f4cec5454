//! Having something signed: who may ask, who may read, and what is never signed (SG-01 … SG-05).

use std::time::{Duration, Instant};

use handslag_phone::wire::{Bearer, Start};
use handslag_server::outbox;
use handslag_vocab::Seconds;
use serde_json::{Value, json};

use super::core::Core;
use crate::{
    journeys::{
        nearby::challenge,
        object, parameters, pushed,
        sign::{MESSAGE, SIGN, SIGN_APPROVAL, SIGN_REQUEST, SIGNATURE, alone, given, members, to_sign},
        sso::logs_in,
        swedish::{base64, begins_signed},
    },
    kommun::{Kommun, Login, ORG_ID, Portal, WHO, bytes_of, txn_of},
};

/// What a posted request with these parameters is answered with.
async fn answered(kommun: &Kommun, portal: &Portal, changes: &[(&str, &str)]) -> (String, String) {
    let fields = parameters(portal, "x", changes);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = kommun.browser().post("/authorize", &fields).await;
    let error = page.answer("error").unwrap_or_else(|| panic!("{changes:?}: {:?} {}", page.location(), page.body));
    (error, page.answer("error_description").unwrap_or_default())
}

/// SG-01, SG-02, SG-03: every row of the table with its code, at the redirect address; pushed, told to the service.
pub(crate) async fn requests_to_sign_that_are_refused(kommun: &Kommun) {
    // The care portal has a key and a right to log people in; the contracts' portal takes only signed requests, so rows without one use a
    // request object.
    let (contracts, care) = (kommun.contracts(), kommun.care());
    let scope = |scopes: &str| format!("openid {ORG_ID} {scopes}");
    let (sign, approval) = (scope(SIGN), scope(SIGN_APPROVAL));
    let within = async |changes: &Value| {
        let request = object(&contracts, "x", &members(changes), &json!({}));
        answered(kommun, &contracts, &[("request", &request), ("scope", ""), ("response_type", "")]).await.0
    };
    let message = to_sign()["sign_message"].clone();
    for (what, changes) in [
        ("nothing to sign", json!({ SIGN_REQUEST: null })),
        ("no scope", json!({ "scope": scope("profile") })),
        ("no data", json!({ SIGN_REQUEST: { "sign_message": message } })),
        ("data with the approval alone", json!({ "scope": approval })),
        ("no message", json!({ SIGN_REQUEST: { "tbs_data": base64("x") } })),
        ("another type", json!({ SIGN_REQUEST: { "tbs_data": base64("x"), "sign_message": { "message": base64("x"), "mime_type": "text/html" } } })),
        ("hidden text", json!({ SIGN_REQUEST: { "tbs_data": base64("x"), "sign_message": { "message": base64("a\u{202e}b") } } })),
        ("without consent", json!({ "prompt": "login" })),
        ("without log-in", json!({ "prompt": "consent" })),
        ("without prompt", json!({ "prompt": null })),
        ("silently", json!({ "prompt": "none" })),
    ] {
        assert_eq!(within(&changes).await, "invalid_request", "{what}");
    }
    assert_eq!(within(&json!({ "scope": "openid profile", SIGN_REQUEST: null, "prompt": "none" })).await, "login_required", "else it is right");

    let token = alone(&care, &json!({}));
    let ask = [("scope", sign.as_str()), ("prompt", "login consent"), (SIGN_REQUEST, token.as_str())];
    assert_eq!(answered(kommun, &care, &ask).await.0, "unauthorized_client", "no right to it");
    assert_eq!(answered(kommun, &care, &ask[..2]).await.0, "unauthorized_client");
    let answer = pushed(&care, &kommun.browser(), "x", &ask).await;
    assert_eq!(answer.error(), (400, "unauthorized_client"), "{}", answer.body);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals").await, 0, "and nobody was asked");
}

/// SG-03: unsigned, by another's key, or for somebody else, in both places.
pub(crate) async fn what_the_service_did_not_sign(kommun: &Kommun) {
    let archive = kommun.archive();
    let scope = format!("openid {ORG_ID} {SIGN}");
    let thief = Portal { key: kommun.school().key, ..archive.clone() };
    let right = alone(&archive, &json!({}));
    let payload = right.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let plain = to_sign().to_string();
    let wrong = [
        ("unsigned", unsigned),
        ("no token", plain),
        ("another's key", alone(&thief, &json!({}))),
        ("another's", alone(&archive, &json!({ "iss": "skolportalen" }))),
        ("for another", alone(&archive, &json!({ "aud": "https://other.example" }))),
        ("late", alone(&archive, &json!({ "exp": kommun.now().seconds() }))),
        ("an assertion", archive.assertion(&json!({}), &json!({}))),
        ("changed", right.replacen(payload, &payload.chars().rev().collect::<String>(), 1)),
    ];
    for (what, token) in &wrong {
        let ask = [("scope", scope.as_str()), ("prompt", "login consent"), (SIGN_REQUEST, token.as_str())];
        assert_eq!(answered(kommun, &archive, &ask).await.0, "invalid_request", "{what}");
        let answer = pushed(&archive, &kommun.browser(), "x", &ask).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "{what}: {}", answer.body);
    }
    let stolen = object(&thief, "x", &members(&json!({})), &json!({}));
    let page = kommun.browser().get(&archive.address("x", &[("request", &stolen), ("scope", ""), ("response_type", "")])).await;
    assert_eq!((page.status, page.location()), (400, None), "an object by another's key is nobody's");
    let ask = [("scope", scope.as_str()), ("prompt", "login consent"), (SIGN_REQUEST, right.as_str())];
    assert_eq!(pushed(&archive, &kommun.browser(), "x", &ask).await.status, 201, "the right one is right");
}

/// A browser begins a signature that is for one person.
async fn begins_for(kommun: &Kommun, portal: &Portal, who: &str) -> Login {
    let claims = json!({ "claims": { "id_token": { WHO: { "essential": true, "value": who } } } });
    begins_signed(portal, kommun.browser(), &members(&claims)).await
}

/// SG-04: what is to be signed is shown to nobody but the wanted person, on no screen and by no answer; who else comes ends it.
pub(crate) async fn the_message_is_for_the_wanted_person_alone(kommun: &Kommun) {
    let (contracts, wanted) = (kommun.contracts(), kommun.bare("Amina Sahlin").await);
    let thief = kommun.bare("Nils Främling").await;
    let who = kommun.server.db.read(async |tx| handslag_server::identity::by_id(tx, &wanted.affiliation).await).await.unwrap().who.to_string();
    let secret = |text: &str| text.contains("avtal 17") || text.contains(&base64(MESSAGE)) || text.contains("I agree");
    for by_link in [false, true] {
        let mut login = begins_for(kommun, &contracts, &who).await;
        let page = login.browser.get(&format!("/login/{}", login.id)).await;
        assert!(!secret(&page.body), "{}", page.body);
        let start = if by_link { Start::Link { token: Bearer::new(&login.link) } } else { Start::Qr { text: Bearer::new(login.qr().await) } };
        let (status, answer) = thief.claims(&start, kommun.now()).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("another_person")), "{answer}");
        assert!(!secret(&answer.to_string()), "{answer}");
        // It is over, also for the wanted person.
        assert_eq!(wanted.claims(&start, kommun.now()).await.0, 410);
        let status = login.status().await;
        assert_eq!((status["state"].as_str(), secret(&status.to_string())), (Some("another-person"), false), "{status}");
        let back = status["back"].as_str().unwrap().to_owned();
        let page = login.browser.get(&back).await;
        assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("access_denied"), None), "{page:?}");
        let (bytes,): (Option<Vec<u8>>,) =
            kommun.server.db.read(async |tx| tx.one("SELECT bytes FROM approvals WHERE approval_id = $1", (&login.id,)).await).await.unwrap();
        assert_eq!(bytes, None, "nothing was written for anybody");
    }
    // By `sub` too, and the right person is shown it at once.
    let mut login = begins_for(kommun, &contracts, &who).await;
    let (status, claimed) = wanted.claims(&Start::Qr { text: Bearer::new(login.qr().await) }, kommun.now()).await;
    assert!(status == 200 && secret(std::str::from_utf8(&bytes_of(&claimed)).unwrap()), "{claimed}");
    assert_eq!(login.status().await["state"], json!("claimed"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.turned_away'").await, 2);
    kommun.journal_holds().await;
}

/// SG-04 at the desk itself: somebody else's key ends the question like somebody else's phone.
pub(crate) async fn somebody_elses_key_at_the_desk_ends_the_question(kommun: &Kommun) {
    let (contracts, wanted, thief) = (kommun.contracts(), kommun.bare("Amina Sahlin").await, kommun.stock("Bo Ek").await);
    let who = kommun.server.db.read(async |tx| handslag_server::identity::by_id(tx, &wanted.affiliation).await).await.unwrap().who.to_string();
    let mut login = begins_for(kommun, &contracts, &who).await;
    let start = Start::Qr { text: Bearer::new(login.qr().await) };
    let taking = challenge(&mut login, "take").await;
    for expected in [403, 410] {
        let path = format!("/login/{}/skarmlas", login.id);
        let (status, said) = login.browser.asks(&path, &thief.signs(&taking)).await;
        assert_eq!(status, expected, "{said}");
    }
    assert_eq!(login.status().await["state"], json!("another-person"));
    assert_eq!(wanted.claims(&start, kommun.now()).await.0, 410, "over for everybody");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.turned_away'").await, 1);
}

/// SG-05: a signature makes no log-in that another service could use, and uses none that stands.
pub(crate) async fn a_signature_makes_and_uses_no_log_in(kommun: &Kommun) {
    let (contracts, grades, mut worker) = (kommun.contracts(), kommun.grades(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.approves(&login).await;
    given(kommun, &contracts, &mut login).await;
    assert_eq!(kommun.count("SELECT COUNT(*) FROM sso_sessions").await, 0);
    let page = login.browser.get(&grades.address("n", &[("prompt", "none")])).await;
    assert_eq!(page.answer("error").as_deref(), Some("login_required"));
    // Somebody who is logged in at a service of the same group still needs the phone.
    let (browser, _, _) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let mut login = begins_signed(&contracts, browser, &members(&json!({}))).await;
    assert_eq!(login.status().await["state"], json!("created"), "it waits for the phone");
}

/// Of fifty browsers, or fifty clicks, that fetch one signature one gets it; and there is one signature.
pub(crate) async fn of_fifty_who_fetch_a_signature_one_gets_it(kommun: &Kommun) {
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.approves(&login).await;
    let next = login.status().await["next"].as_str().unwrap().to_owned();
    let answers = kommun
        .fifty(|_| {
            let (mut browser, next) = (login.browser.clone(), next.clone());
            async move { browser.get(&next).await }
        })
        .await;
    let codes: Vec<String> = answers.iter().filter_map(|page| page.answer("code")).collect();
    assert_eq!((codes.len(), answers.iter().filter(|page| page.status == 410).count()), (1, 49));
    let (status, tokens) = contracts.exchanges(&login.browser, &codes[0], &login.verifier).await;
    assert!(status == 200 && tokens["id_token"].is_string(), "{tokens}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM user_signatures").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 1);
    kommun.journal_holds().await;
}

/// A browser that did not begin is refused at once, also while the signature is being made: it holds nothing open here.
pub(crate) async fn nobody_elses_browser_waits_for_a_signature(kommun: &Kommun) {
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.approves(&login).await;
    let until = Instant::now() + Duration::from_secs(20);
    while kommun.tampers("DELETE FROM user_signatures").await == 0 {
        assert!(Instant::now() < until, "a signature was made, and is taken away: it looks as if it were on its way");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let began = Instant::now();
    let page = kommun.browser().get(&format!("/authorize/{}", login.id)).await;
    assert!(page.status == 410 && began.elapsed() < Duration::from_secs(5), "{} after {:?}", page.status, began.elapsed());
}

/// Puts other data under a yes, as no handler does.
async fn swaps(kommun: &Kommun, login: &Login, data: &Value) {
    let swapped = kommun.server.db.write(async |tx| {
        let (request,): (String,) = tx.one("SELECT request FROM approvals WHERE approval_id = $1", (&login.id,)).await?;
        let mut request: Value = serde_json::from_str(&request).unwrap();
        request["occasion"]["signing"]["request"]["tbs_data"] = data.clone();
        tx.execute("UPDATE approvals SET request = $2 WHERE approval_id = $1", (&login.id, request.to_string())).await
    });
    assert_eq!(swapped.await.unwrap(), 1);
}

/// Other data slipped in under the yes: the digest in the signed bytes does not fit, and nothing is signed.
async fn said_yes_to_other_data(kommun: &Kommun) -> Login {
    let (contracts, phone) = (kommun.contracts(), kommun.bare("Amina Sahlin").await);
    let login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    let (_, claimed) = phone.claims(&Start::Qr { text: Bearer::new(login.qr().await) }, kommun.now()).await;
    let txn = txn_of(&bytes_of(&claimed));
    assert_eq!(phone.shows(&txn, None, kommun.now()).await.0, 204);
    swaps(kommun, &login, &json!(base64("avtal 18"))).await;
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes_of(&claimed), kommun.now()).await.0, 200);
    login
}

/// The browser comes back, and the service is told that nothing was signed.
async fn hears_of_none(login: &mut Login) {
    let page = login.goes_on().await;
    let told = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    assert!(told.starts_with("/besked/"), "{told}");
    let page = login.browser.get(&format!("{}/vidare", told.split('?').next().unwrap())).await;
    assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("server_error"), None));
}

const MADE: &str = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'";
const KEPT: &str = "SELECT COUNT(*) FROM user_signatures";

/// The service has heard that there is no signature: whatever hindered it then, none is made any more.
pub(crate) async fn what_was_told_as_not_signed_is_never_signed(kommun: &Kommun) {
    let mut login = said_yes_to_other_data(kommun).await;
    hears_of_none(&mut login).await;
    swaps(kommun, &login, &to_sign()["tbs_data"]).await;
    let (status, answer) = Core::of(kommun).await.asked_for_data(&login.id, true).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("not_approved")), "{answer}");
    let open = "SELECT COUNT(*) FROM outbox WHERE topic = 'sign_request.approved' AND done_at IS NULL";
    assert_eq!(kommun.count(open).await, 0, "nobody tries again");
    assert_eq!((kommun.count(MADE).await, kommun.count(KEPT).await), (0, 0));
    kommun.journal_holds().await;
}

/// The core makes a signature at the very moment when its service hears that there is none: it is not kept, and stays the only one.
pub(crate) async fn a_signature_that_comes_too_late_is_not_kept(kommun: &Kommun) {
    // Each engine knows one of these.
    let told_meanwhile = [
        "CREATE TRIGGER told AFTER INSERT ON core_answers BEGIN UPDATE outbox SET done_at = 1 WHERE topic = 'sign_request.approved'; END",
        "CREATE RULE told AS ON INSERT TO core_answers DO ALSO UPDATE outbox SET done_at = 1 WHERE topic = 'sign_request.approved'",
    ];
    let mut known = 0;
    for text in told_meanwhile {
        known += usize::from(kommun.server.db.write(async |tx| tx.execute(text, ()).await).await.is_ok());
    }
    assert_eq!(known, 1);
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.approves(&login).await;
    hears_of_none(&mut login).await;
    assert_eq!((kommun.count(MADE).await, kommun.count(KEPT).await), (1, 0));
    let core = Core::of(kommun).await;
    assert_eq!(core.asked_for_data(&login.id, false).await.0, 401, "only the portal asks");
    let (first, again) = (core.asked_for_data(&login.id, true).await, core.asked_for_data(&login.id, true).await);
    assert!(first.0 == 200 && first == again, "the answer that stands: {first:?} {again:?}");
    assert_eq!((kommun.count(MADE).await, kommun.count(KEPT).await), (1, 0));
    kommun.journal_holds().await;
}

/// Attack V13: who reaches the core has nothing signed that nobody approved, and nothing else than what was.
pub(crate) async fn the_core_signs_no_data_that_was_not_approved(kommun: &Kommun) {
    let mut login = said_yes_to_other_data(kommun).await;
    let page = login.goes_on().await;
    let told = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    assert!(told.starts_with("/besked/"), "{told}");
    let page = login.browser.get(&told).await;
    assert!(page.body.contains("gick inte att göra"), "{}", page.body);
    let page = login.browser.get(&format!("{}/vidare", told.split('?').next().unwrap())).await;
    assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("server_error"), None));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM user_signatures").await, 0);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 0);
    let ticket = kommun
        .browser()
        .http
        .post(format!("{}/signing-core/user-signature", kommun.base))
        .bearer_auth("1.x")
        .json(&json!({ "approval": login.id }))
        .send();
    assert!(ticket.await.unwrap().status().is_client_error(), "the core is not reached from outside");
}

/// A signature for one service is of no use at another: what is told names whom it is for, and another's code does not fetch it.
pub(crate) async fn a_signature_is_its_services_alone(kommun: &Kommun) {
    let (contracts, archive, mut worker) = (kommun.contracts(), kommun.archive(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, answer) = archive.exchanges_with(&login.browser, &code, &login.verifier, &[("redirect_uri", "https://avtal.example/cb")]).await;
    assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_grant")));
    assert!(answer.get("id_token").is_none() && !answer.to_string().contains(SIGNATURE));
    let mut other = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    let mut blocked = kommun.worker("Nils Främling").await;
    blocked.approves(&other).await;
    kommun.blocks(&blocked.affiliation).await;
    let page = other.goes_on().await;
    assert!(page.answer("code").is_none() && page.location().is_some_and(|to| to.starts_with("/besked/")), "{page:?}");
}

/// Attack V13: the core asks again whether this phone said yes to these very bytes, and whether it and its person may still be used.
pub(crate) async fn the_core_believes_no_row(kommun: &Kommun) {
    let (contracts, phone) = (kommun.contracts(), kommun.bare("Amina Sahlin").await);
    let mut approved = Vec::new();
    for _ in 0..3 {
        let login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
        let later = kommun.now() + Seconds::days(1);
        let topic = outbox::Topic::SignRequestApproved;
        // Nobody but this attacker brings it to the core.
        kommun.server.db.write(async |tx| outbox::leave(tx, topic, login.id.as_str(), later).await).await.unwrap();
        assert_eq!(phone.approves(&Start::Qr { text: Bearer::new(login.qr().await) }, kommun.now()).await.0, 200);
        approved.push(login.id);
    }
    let core = Core::of(kommun).await;
    assert_eq!(core.asked_for_data(&approved[0], true).await.0, 200, "what was approved is signed");
    let text = "UPDATE approvals SET evidence = (SELECT other.evidence FROM approvals other WHERE other.approval_id = $2) WHERE approval_id = $1";
    let moved = kommun.server.db.write(async |tx| tx.execute(text, (&approved[1], &approved[2])).await);
    assert_eq!(moved.await.unwrap(), 1);
    assert_eq!(core.asked_for_data(&approved[1], true).await.0, 403, "a yes to something else");
    kommun.blocks(&phone.affiliation).await;
    assert_eq!(core.asked_for_data(&approved[2], true).await.0, 403, "of somebody whose work identity has ended");
    assert_eq!(kommun.count(MADE).await, 1);
    kommun.journal_holds().await;
}

/// A browser that keeps a key goes straight to a log-in, and never to a signature: who looks at one that is for somebody else ends it.
pub(crate) async fn no_browser_looks_at_a_signature_by_itself(kommun: &Kommun) {
    let (contracts, wanted, mut thief) = (kommun.contracts(), kommun.bare("Amina Sahlin").await, kommun.stock("Bo Ek").await);
    let who = kommun.server.db.read(async |tx| handslag_server::identity::by_id(tx, &wanted.affiliation).await).await.unwrap().who.to_string();
    let mut other = begins_for(kommun, &contracts, &who).await;
    let claims = json!({ "claims": { "id_token": { WHO: { "essential": true, "value": who } } } });
    let mut own = begins_signed(&contracts, thief.browser.clone(), &members(&claims)).await;
    let page = own.browser.get(&format!("/login/{}", own.id)).await;
    assert_eq!((page.status, own.status().await["state"].as_str()), (200, Some("created")), "{}", page.body);
    assert_eq!(thief.browser.get(&format!("/login/{}", other.id)).await.status, 410, "another browser's");
    assert_eq!(thief.browser.get(&format!("/t/{}", other.link)).await.status, 403, "nor by a link that somebody sent");
    assert_eq!(other.status().await["state"], json!("created"));
}
