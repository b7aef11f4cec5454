//! Bad input (issue 3): each refusal has the RFC's code, a description for the client's developer, a sentence in both languages for whoever
//! is responsible, and a line in the journal; and the journal cannot be filled with them.

use handslag_server::audit::{self, Actor, Chain, Event, Whose};
use handslag_vocab::Seconds;
use serde_json::{Value, json};

use crate::{
    journeys::{metadata, object, registers, userinfo},
    kommun::{Answer, Browser, JOURNAL_SECRET, Kommun, TOKENS, basic, post},
};

const LINES: &str = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.refused'";
const OF_NOBODY: &str = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.refused' AND chain = 'operator/keys'";
const OF_AN_ORGANISATION: &str = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.refused' AND chain <> 'operator/keys'";
/// Longer than the minute in which one line is written.
const A_MINUTE: i64 = 61;

/// What one refusal must be.
struct Expected {
    status: u16,
    error: &'static str,
    /// In the description.
    says: &'static str,
}

/// Where, with what, and what is answered.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Expected);

const fn refused(status: u16, error: &'static str, says: &'static str) -> Expected {
    Expected { status, error, says }
}

/// The last line about a service.
async fn last_line(kommun: &Kommun, client: &str) -> Value {
    let object = format!("client:{client}");
    let lines = kommun.server.db.read(async |tx| audit::about(tx, &object, 1).await).await.unwrap();
    assert_eq!(lines[0].kind, "oidc.refused");
    lines[0].facts()
}

/// The administrator's page of a service, in both languages.
async fn pages(desk: &mut Browser, client: &str) -> [String; 2] {
    let swedish = desk.get(&format!("/tjanster/{client}?lang=sv")).await.body;
    [swedish, desk.get(&format!("/tjanster/{client}?lang=en")).await.body]
}

/// What is said of a code in both languages: neither is the general sentence.
fn said(error: &str) -> [&'static str; 2] {
    match error {
        "invalid_authorization_details" => ["bad om dörrar eller dokument", "asked for doors or documents"],
        "invalid_client" => ["kunde inte visa att den är den som den säger", "could not prove that it is who it says"],
        "invalid_dpop_proof" => ["finns i samma telefon", "is on the same phone"],
        "invalid_grant" => ["är använd, gammal eller någon annans", "is used, old or another"],
        "invalid_request" => ["Något saknas i det som tjänsten skickade", "Something is missing in what the service sent"],
        "invalid_request_object" => ["underskrivna begäran stämmer inte", "signed request of the service is not right"],
        "invalid_scope" => ["bad om uppgifter på fel sätt", "asked for facts in the wrong way"],
        "invalid_target" => ["inte hämta något från den mottagaren", "not fetch anything from that receiver"],
        "unauthorized_client" => ["inte registrerad för det som den försökte göra", "not registered for what it tried to do"],
        "unsupported_response_type" => ["ett sätt som inte finns längre", "a way that no longer exists"],
        other => panic!("{other}"),
    }
}

/// All four, for one refusal of a service that proved itself or is named by its address.
async fn is_whole(kommun: &Kommun, desk: &mut Browser, (client, endpoint): (&str, &str), told: (&str, &str), expected: &Expected) {
    let (error, description) = told;
    assert_eq!(error, expected.error, "{endpoint}: {description}");
    assert!(description.contains(expected.says), "{endpoint}: {description}");
    let line = last_line(kommun, client).await;
    assert_eq!((&line["endpoint"], &line["error"], &line["why"]), (&json!(endpoint), &json!(error), &json!(description)));
    let [swedish, english] = pages(desk, client).await;
    let [sv, en] = said(error);
    assert!(swedish.contains(sv), "{error}: {swedish}");
    assert!(english.contains(en), "{error}: {english}");
    kommun.server.clock.advance(A_MINUTE);
}

/// The endpoints that programs call, by a service that proves itself.
pub(crate) async fn each_refusal_of_a_program_is_whole(kommun: &Kommun) {
    let care = kommun.care();
    let mut desk = kommun.desk_of(&kommun.administrator().await).await;
    let code = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "https://care.example/cb"), ("code_verifier", VERIFIER)];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let exchange = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "x"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("audience", "https://nobody.example"),
    ];
    let details = [("grant_type", "client_credentials"), ("resource", "https://journal.example"), ("authorization_details", "[{\"type\":\"x\"}]")];
    let push = [("response_type", "code"), ("redirect_uri", "https://care.example/cb"), ("scope", "openid"), ("code_challenge_method", "S256")];
    let challenge = ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let broken = object(&care, "x", &json!({ "aud": "https://other.example" }), &json!({}));
    let cases: Vec<Case<'_>> = vec![
        ("/token", code.to_vec(), refused(400, "invalid_grant", "unknown, used or expired")),
        ("/token", refresh.to_vec(), refused(400, "invalid_grant", "unknown, ended or expired")),
        ("/token", exchange.to_vec(), refused(400, "invalid_target", "not registered for this audience")),
        ("/token", details.to_vec(), refused(400, "invalid_authorization_details", "unknown or not registered")),
        ("/token", vec![("grant_type", "client_credentials")], refused(400, "invalid_target", "say with resource")),
        ("/par", push.to_vec(), refused(400, "invalid_request", "code_challenge")),
        ("/par", [&push[..2], &[("scope", "profile"), challenge]].concat(), refused(400, "invalid_scope", "openid")),
        ("/par", [&[("response_type", "token"), challenge][..], &push[1..]].concat(), refused(400, "unsupported_response_type", "code")),
        ("/par", vec![("request", broken.as_str())], refused(400, "invalid_request_object", "")),
        ("/introspect", vec![], refused(400, "invalid_request", "token is missing")),
        ("/revoke", vec![], refused(400, "invalid_request", "token is missing")),
        ("/bc-authorize", vec![("scope", "openid")], refused(400, "invalid_request", "exactly one of login_hint")),
    ];
    before_any_proof(kommun, &[], &refused(400, "invalid_request", "grant_type is missing")).await;
    before_any_proof(kommun, &[("grant_type", "password")], &refused(400, "unsupported_grant_type", "not supported")).await;
    for (endpoint, fields, expected) in cases {
        let before = kommun.count(LINES).await;
        let answer = care.sends(kommun, endpoint, &fields).await;
        assert_eq!(answer.status, expected.status, "{endpoint} {fields:?} {}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store", "{endpoint}");
        assert_eq!(kommun.count(LINES).await, before + 1, "{endpoint} {fields:?} {}", answer.body);
        is_whole(kommun, &mut desk, ("vardportalen", endpoint), of(&answer), &expected).await;
        assert_eq!(last_line(kommun, "vardportalen").await["proven"], true);
    }
    kommun.journal_holds().await;
}

/// What is no request of ours at all is refused before anybody is asked who they are.
async fn before_any_proof(kommun: &Kommun, fields: &[(&str, &str)], expected: &Expected) {
    let before = kommun.count(OF_NOBODY).await;
    let answer = kommun.care().sends(kommun, "/token", fields).await;
    let (error, description) = of(&answer);
    assert_eq!((answer.status, error), (expected.status, expected.error));
    assert!(description.contains(expected.says), "{description}");
    assert_eq!(kommun.count(OF_NOBODY).await, before + 1);
    kommun.server.clock.advance(A_MINUTE);
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn of(answer: &Answer) -> (&str, &str) {
    (answer.body["error"].as_str().unwrap(), answer.body["error_description"].as_str().unwrap())
}

/// The authorization endpoint: told to the service, or where that is not safe to the person, in the person's language.
pub(crate) async fn each_refusal_of_a_request_is_whole(kommun: &Kommun) {
    let app = kommun.web_app();
    let mut desk = kommun.desk_of(&kommun.administrator().await).await;
    let cases = [
        ("response_type", "token", refused(303, "unsupported_response_type", "code")),
        ("scope", "profile", refused(303, "invalid_scope", "openid")),
        ("code_challenge", "", refused(303, "invalid_request", "code_challenge")),
        ("authorization_details", "[]", refused(303, "invalid_authorization_details", "1 to 16 objects")),
        ("resource", "https://nobody.example", refused(303, "invalid_target", "")),
    ];
    for (name, value, expected) in cases {
        let page = kommun.browser().get(&app.address("x", &[(name, value)])).await;
        assert_eq!(page.status, expected.status, "{name}");
        let (error, description) = (page.answer("error").unwrap(), page.answer("error_description").unwrap().replace("%20", " "));
        is_whole(kommun, &mut desk, ("webbappen", "/authorize"), (&error, &description), &expected).await;
    }
    let wrong_object = object(&kommun.care(), "x", &json!({ "aud": "https://other.example" }), &json!({}));
    let here = [
        (&app, "redirect_uri", "https://evil.example/cb", "redirect_uri_unknown"),
        (&app, "redirect_uri", "", "redirect_uri_missing"),
        (&kommun.care(), "request", wrong_object.as_str(), "object_aud"),
    ];
    for (portal, name, value, code) in here {
        let mut browser = kommun.browser();
        let page = browser.get(&portal.address("x", &[(name, value)])).await;
        assert!(page.status == 400 && page.body.contains("Kontakta den som ansvarar för tjänsten"), "{name} {}", page.body);
        let line = last_line(kommun, &portal.id).await;
        assert_eq!((&line["endpoint"], &line["error"], &line["proven"]), (&json!("/authorize"), &json!(code), &json!(false)));
        kommun.server.clock.advance(A_MINUTE);
        let page = browser.get(&(portal.address("x", &[(name, value)]) + "&lang=en")).await;
        assert!(page.body.contains("Contact whoever is responsible for it"), "{name} {}", page.body);
        kommun.server.clock.advance(A_MINUTE);
    }
}

/// Who is nobody here, or only says to be somebody: in the operator's chain, or as a claim.
pub(crate) async fn strangers_are_written_down_as_strangers(kommun: &Kommun) {
    let browser = kommun.browser();
    let with = async |path: &str, id: &str, secret: &str| {
        post(&browser, path, &[("authorization", &basic(id, secret))], &[("grant_type", "client_credentials"), ("token", "x")]).await
    };
    for path in ["/token", "/introspect", "/revoke", "/par"] {
        let before = kommun.count(OF_NOBODY).await;
        assert_eq!(with(path, "nobody", "wrong").await.error(), (401, "invalid_client"), "{path}");
        assert_eq!(kommun.count(OF_NOBODY).await, before + 1, "{path}");
        assert_eq!(with(path, "journalen", "wrong").await.error(), (401, "invalid_client"), "{path}");
        let line = last_line(kommun, "journalen").await;
        assert_eq!((&line["endpoint"], &line["error"], &line["proven"]), (&json!(path), &json!("invalid_client"), &json!(false)));
        kommun.server.clock.advance(A_MINUTE);
    }
    let public = [("client_id", "webbappen"), ("token", "x")];
    let answer = post(&browser, "/introspect", &[], &public).await;
    assert_eq!(answer.error(), (401, "invalid_client"), "who proves nothing asks about no token");
    assert!(answer.body["error_description"].as_str().unwrap().contains("proves itself"), "{}", answer.body);
    let registrations = [
        (metadata(&json!({ "redirect_uris": ["http://ny.example/cb"] })), "invalid_redirect_uri"),
        (metadata(&json!({ "authorization_details_types": ["door"] })), "invalid_client_metadata"),
        (metadata(&json!({ "grant_types": ["implicit"] })), "invalid_client_metadata"),
    ];
    for (members, error) in registrations {
        kommun.server.clock.advance(A_MINUTE);
        let before = kommun.count(OF_NOBODY).await;
        let (status, answer) = registers(&mut kommun.browser(), TOKENS[1], &members).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(error)), "{members} {answer}");
        assert!(!answer["error_description"].as_str().unwrap().is_empty());
        assert_eq!(kommun.count(OF_NOBODY).await, before + 1, "{members}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM clients").await, 0, "a refused registration changes nothing");
    let (name, leaked) = ("client:nobody", "SELECT COUNT(*) FROM journal_payloads WHERE payload LIKE '%nobody%'");
    let lines = kommun.server.db.read(async |tx| audit::about(tx, name, 1).await).await.unwrap();
    assert!(lines.is_empty() && kommun.count(leaked).await == 0, "what a stranger calls itself is not ours to keep");
    kommun.journal_holds().await;
}

/// A name is anybody's to say: what is refused without a proof of it makes no organisation's chain longer, and its page tells of it still.
pub(crate) async fn a_name_alone_lengthens_no_organisations_chain(kommun: &Kommun) {
    let (browser, wrong) = (kommun.browser(), basic("journalen", "wrong"));
    let public = [("client_id", "webbappen"), ("grant_type", "refresh_token"), ("refresh_token", "x"), ("token", "")];
    for path in ["/token", "/introspect", "/revoke", "/par", "/bc-authorize", "/device_authorization"] {
        let answer = post(&browser, path, &[("authorization", &wrong)], &[("grant_type", "client_credentials"), ("token", "x")]).await;
        assert_eq!(answer.error(), (401, "invalid_client"), "{path}");
        assert!(post(&browser, path, &[], &public).await.status >= 400, "{path}");
        assert_eq!(last_line(kommun, "journalen").await["proven"], false, "{path}");
        kommun.server.clock.advance(A_MINUTE);
    }
    let app = kommun.web_app();
    assert!(kommun.browser().get(&app.address("x", &[("scope", "profile")])).await.answer("error").is_some());
    let line = last_line(kommun, "webbappen").await;
    assert_eq!((&line["endpoint"], &line["proven"], &line["client"]), (&json!("/authorize"), &json!(false), &json!("webbappen")));
    assert_eq!(kommun.count(OF_AN_ORGANISATION).await, 0, "nobody has proved to be anybody");
    kommun.care().sends(kommun, "/introspect", &[]).await;
    assert_eq!(kommun.count(OF_AN_ORGANISATION).await, 1, "a service's own");
    kommun.journal_holds().await;
}

/// What people's tokens, log-outs and registrations are refused for is written down as at the token endpoint, and as seldom.
pub(crate) async fn every_endpoint_writes_its_refusals_down(kommun: &Kommun) {
    let mut browser = kommun.browser();
    let lines = async |endpoint: &str| {
        let text = format!("%\"endpoint\":\"{endpoint}\"%");
        let sql = "SELECT COUNT(*) FROM journal_payloads p JOIN journal_entries e ON e.chain = p.chain AND e.seq = p.seq \
                   WHERE e.kind = 'oidc.refused' AND e.chain = 'operator/keys' AND p.payload LIKE $1";
        let (count,): (i64,) = kommun.server.db.read(async |tx| tx.one(sql, (text.as_str(),)).await).await.unwrap();
        count
    };
    for _ in 0..3 {
        assert_eq!(userinfo(&browser, "x").await.0, 401);
    }
    assert_eq!(lines("/userinfo").await, 1, "once a minute");
    kommun.server.clock.advance(A_MINUTE);
    assert_eq!(browser.get("/userinfo").await.status, 401);
    assert_eq!(lines("/userinfo").await, 2, "without a token too");
    kommun.server.clock.advance(A_MINUTE);
    assert_eq!(browser.get("/end_session?client_id=nobody").await.status, 400);
    assert_eq!(lines("/end_session").await, 1);
    kommun.server.clock.advance(A_MINUTE);
    let managed = browser.http.get(browser.address("/register/nobody")).bearer_auth("x");
    assert_eq!(browser.send(managed).await.status, 401);
    assert_eq!(lines("/register").await, 1);
    kommun.server.clock.advance(A_MINUTE);
    // A living token in a way that is not open to its service: the line is about that service.
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    let mut login = care.begins(kommun.browser()).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = care.exchanges(&login.browser, &code, &login.verifier).await;
    let answer = post(&browser, "/userinfo", &[], &[("access_token", tokens["access_token"].as_str().unwrap())]).await;
    assert_eq!(answer.error(), (401, "invalid_token"), "{}", answer.body);
    let line = last_line(kommun, "vardportalen").await;
    assert_eq!((&line["endpoint"], &line["error"], &line["proven"]), (&json!("/userinfo"), &json!("invalid_token"), &json!(false)));
    kommun.journal_holds().await;
}

/// One line a minute for one cause: a flood writes one, and hides nobody else's.
pub(crate) async fn a_flood_of_refusals_is_one_line_a_minute(kommun: &Kommun) {
    let browser = kommun.browser();
    let wrong = async |id: &'static str| {
        let browser = browser.clone();
        kommun
            .fifty(move |number| {
                let (browser, authorization) = (browser.clone(), basic(id, &format!("wrong {number}")));
                async move { post(&browser, "/token", &[("authorization", &authorization)], &[("grant_type", "client_credentials")]).await.status }
            })
            .await
    };
    let own = [("grant_type", "client_credentials"), ("resource", "https://nobody.example")];
    for _ in 0..10 {
        let answer = post(&browser, "/token", &[("authorization", &basic("journalen", JOURNAL_SECRET))], &own).await;
        assert_eq!(answer.error(), (400, "invalid_target"));
    }
    let line = last_line(kommun, "journalen").await;
    assert_eq!((&line["error"], &line["proven"], kommun.count(LINES).await), (&json!("invalid_target"), &json!(true), 1));
    kommun.server.clock.advance(1); // of two chains the newer line is known by its second
    wrong("journalen").await;
    let line = last_line(kommun, "journalen").await;
    assert_eq!((&line["error"], &line["proven"], kommun.count(LINES).await), (&json!("invalid_client"), &json!(false), 2), "who says to be it");
    wrong("nobody").await;
    assert_eq!(kommun.count(LINES).await, 3, "fifty strangers from one network");
    kommun.care().sends(kommun, "/introspect", &[]).await;
    assert_eq!(kommun.count(LINES).await, 4, "nor is another service's hidden");
    kommun.server.clock.advance(A_MINUTE);
    wrong("nobody").await;
    assert_eq!(kommun.count(LINES).await, 5, "and the next minute has its line");
}

/// Strangers have a pot of their own: full to the brim, it hides nothing that a service did which proved itself.
pub(crate) async fn strangers_crowd_out_no_service(kommun: &Kommun) {
    let soon = kommun.now() + Seconds(30);
    let stranger = |name: String| {
        let server = kommun.server.clone();
        let event = Event { chain: Chain::Operator, kind: "oidc.refused", actor: Actor::System, objects: Vec::new(), payload: json!({}) };
        async move { audit::record_seldom(&server, Whose::Anybodys, &name, event, soon).await }
    };
    for round in 0..7 {
        kommun.fifty(|number| stranger(format!("stranger {round} {number}"))).await;
    }
    assert_eq!(kommun.count(LINES).await, 300, "so many in all, and no more");
    assert_eq!(kommun.care().sends(kommun, "/introspect", &[]).await.status, 400);
    assert_eq!(last_line(kommun, "vardportalen").await["proven"], true);
    assert_eq!(kommun.count(LINES).await, 301);
}
