//! The Swedish profile from end to end: a service that signs every request, says something beside it, and hears how it was.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use handslag_phone::wire::{Bearer, Start};
use handslag_vocab::{ApprovalKind, Secret};
use serde_json::{Value, json};

use crate::{
    journeys::{object, pushed, sso::logs_in, userinfo, verified},
    kommun::{Browser, Kommun, Login, ORG_ID, Portal, WHO},
};

pub(crate) const USER_MESSAGE: &str = "https://id.oidc.se/param/userMessage";
const PROVIDER: &str = "https://id.oidc.se/claim/authnProvider";
const EVIDENCE: &str = "https://id.oidc.se/claim/authnEvidence";
const FROM: &str = "https://id.oidc.se/claim/credentialValidFrom";
const TO: &str = "https://id.oidc.se/claim/credentialValidTo";

pub(crate) fn base64(text: impl AsRef<[u8]>) -> String {
    BASE64.encode(text.as_ref())
}

/// In both languages and a third without a tag.
fn message() -> Value {
    json!({
        "message": base64("without a language"), "message#sv": base64("Kassa **3** <b>x</b>"), "message#en": base64("Till 3"),
        "mime_type": "text/markdown",
    })
}

/// A browser that begins with a signed request, with these members more.
pub(crate) async fn begins_signed(portal: &Portal, browser: Browser, members: &Value) -> Login {
    let secret = fresh();
    let request = object(portal, &secret, members, &json!({}));
    let beside = [("request", request.as_str()), ("scope", ""), ("response_type", ""), ("state", ""), ("nonce", "")];
    portal.opens(browser, &portal.address(&secret, &beside), &secret).await
}

/// SE-17: as a parameter, as a member of a signed request and pushed; in the language of the page, as the service's words, in the bytes that
/// are signed.
pub(crate) async fn a_service_says_something_beside_its_question(kommun: &Kommun) {
    let (school, contracts, mut worker) = (kommun.school(), kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let text = message().to_string();
    let by_parameter = school.begins_with(kommun.browser(), &[(USER_MESSAGE, &text)]).await;
    let in_object = begins_signed(&contracts, kommun.browser(), &json!({ USER_MESSAGE: message() })).await;
    for login in [&by_parameter, &in_object] {
        let screen = worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
        assert_eq!(screen.what_happens.message.as_deref(), Some("Kassa **3** <b>x</b>"));
        let spans: Vec<(&str, bool)> = screen.what_happens.words[0].lines[0].iter().map(|span| (span.text.as_str(), span.strong)).collect();
        assert_eq!(spans, [("Kassa ", false), ("3", true), (" <b>x</b>", false)], "never markup of the service's own");
        assert!(!screen.what_happens.signs_message && screen.what_happens.kind == ApprovalKind::Login);
        let (bytes,): (Vec<u8>,) =
            kommun.server.db.read(async |tx| tx.one("SELECT bytes FROM approvals WHERE approval_id = $1", (&login.id,)).await).await.unwrap();
        let signed: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((signed["message"].as_str(), signed["message_type"].as_str()), (Some("Kassa **3** <b>x</b>"), Some("text/markdown")));
    }
    let answer =
        pushed(&contracts, &kommun.browser(), "p", &[("request", &object(&contracts, "p", &json!({ USER_MESSAGE: message() }), &json!({})))]).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let plain = school.begins_with(kommun.browser(), &[(USER_MESSAGE, &json!({ "message": base64("**rakt**\r\nav") }).to_string())]).await;
    let screen = worker.reads(Start::Qr { text: Bearer::new(plain.qr().await) }).await;
    assert_eq!(screen.what_happens.words[0].lines.iter().map(|line| line[0].text.as_str()).collect::<Vec<_>>(), ["**rakt**", "av"]);
    kommun.journal_holds().await;
}

/// SE-07, SE-18, SE-19: a service of the profile signs every request and gets signed UserInfo; what happened stands in the ID Token alone.
pub(crate) async fn a_service_of_the_profile_hears_how_it_was(kommun: &Kommun) {
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let wishes = json!({ PROVIDER: null, EVIDENCE: null, FROM: null, TO: null, "https://id.oidc.se/claim/deviceIp": { "essential": true } });
    let members = json!({ "claims": { "id_token": wishes, "userinfo": wishes }, "https://id.oidc.se/param/authnProvider": kommun.issuer });
    let mut login = begins_signed(&contracts, kommun.browser(), &members).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = contracts.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = verified(kommun, tokens["id_token"].as_str().unwrap(), &contracts.id).await;
    assert_eq!((&claims[PROVIDER], &claims["nonce"]), (&json!(kommun.issuer), &json!(login.nonce)));
    assert!(claims.get("https://id.oidc.se/claim/deviceIp").is_none(), "where somebody is is nobody's business");
    let known = worker.known().await;
    assert_eq!(claims[TO], json!(known.valid_to.unwrap().seconds() / 86_400 * 86_400));
    assert!(claims[FROM].as_i64().unwrap() <= kommun.now().seconds());
    let evidence: Value = serde_json::from_slice(&BASE64.decode(claims[EVIDENCE].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    let approval = BASE64URL_NOPAD.decode(evidence["approval"].as_str().unwrap().as_bytes()).unwrap();
    let approval: Value = serde_json::from_slice(&approval).unwrap();
    assert_eq!((&approval["transaction"], &approval["requester"]["id"]), (&claims["txn"], &json!(contracts.id)));
    let (status, info) = userinfo(&login.browser, tokens["access_token"].as_str().unwrap()).await;
    let info = verified(kommun, &info, &contracts.id).await;
    assert_eq!((status, &info[WHO]), (200, &json!(known.who.to_string())));
    for claim in [PROVIDER, EVIDENCE, FROM, TO] {
        assert!(info.get(claim).is_none(), "{claim} is of the log-in: {info}");
    }
    kommun.journal_holds().await;
}

/// SE-12, SE-17: the four refusals stay what they are, and what the service wanted to say is shown nowhere.
pub(crate) async fn nothing_is_said_where_no_page_is_shown(kommun: &Kommun) {
    let (grades, register, mut worker) = (kommun.grades(), kommun.register(), kommun.worker("Amina Sahlin").await);
    let text = message().to_string();
    let silent = async |browser: &mut Browser, more: &[(&str, &str)]| {
        let all = [more, &[("prompt", "none"), (USER_MESSAGE, text.as_str())]].concat();
        let page = browser.get(&register.address("s", &all)).await;
        assert!(!page.body.contains("Kassa"), "{}", page.body);
        page.answer("error").unwrap_or_else(|| panic!("{:?} {}", page.location(), page.body))
    };
    assert_eq!(silent(&mut kommun.browser(), &[]).await, "login_required", "nobody is logged in");
    let (mut browser, _, _) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    assert_eq!(silent(&mut browser, &[]).await, "consent_required");
    let levels =
        json!({ "id_token": { "acr": { "values": ["http://id.swedenconnect.se/loa/1.0/uncertified-loa3"], "essential": true } } }).to_string();
    assert_eq!(silent(&mut browser, &[("claims", &levels)]).await, "login_required", "another level");
    let page = browser.get(&register.address("r", &[("prompt", "consent"), ("scope", "openid"), (USER_MESSAGE, &text)])).await;
    let asked = page.location().unwrap().split('?').next().unwrap().to_owned();
    let page = browser.get(&asked).await;
    assert!(page.status == 200 && !page.body.contains("Kassa"), "nobody is authenticated on this page: {}", page.body);
    assert_eq!(browser.post(&asked, &[("svar", "fortsatt"), ("minns", "1")]).await.status, 303);
    assert_eq!(silent(&mut browser, &[("scope", &format!("openid {ORG_ID}"))]).await, "interaction_required", "the answer was for less");
    let page = browser.get(&register.address("q", &[("prompt", "none"), ("scope", "openid"), (USER_MESSAGE, &text)])).await;
    assert!(page.answer("code").is_some(), "{:?}", page.location());
    kommun.server.clock.advance(3_601);
    assert_eq!(silent(&mut browser, &[("scope", "openid")]).await, "login_required", "older than an hour");
}

/// A state or a verifier of its own.
pub(crate) fn fresh() -> String {
    BASE64URL_NOPAD.encode(Secret::random("test", &mut handslag_server::caller::Rng::system()).hash().as_bytes())
}
