//! A service has something signed within OpenID Connect, and verifies it with what anybody has: the steps are those of
//! docs/integrating.md, "A signature from a person".

use std::{process::Command, time::Duration};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use handslag_phone::{
    Button, Outcome,
    wire::{Bearer, Start},
};
use handslag_protocol::jose::{
    Jwk,
    jwe::{self, ContentEncryption, KeyManagement, Recipient},
};
use handslag_server::caller::Rng;
use handslag_vocab::{ApprovalKind, Digest};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    journeys::{
        jwks,
        swedish::{base64, begins_signed, fresh},
        verified,
    },
    kommun::{Browser, Kommun, Login, ORG_ID, Pick, Portal, WHO},
};

pub(crate) const SIGN_REQUEST: &str = "https://id.oidc.se/param/signRequest";
pub(crate) const SIGN: &str = "https://id.oidc.se/scope/sign";
pub(crate) const SIGN_APPROVAL: &str = "https://id.oidc.se/scope/signApproval";
pub(crate) const SIGNATURE: &str = "https://id.oidc.se/claim/userSignature";
const CERTIFICATE: &str = "https://id.oidc.se/claim/userCertificate";
const DIGEST: &str = "urn:x-handslag:claim:signMessageDigest";

/// Looked at so often without being woken.
const LOOK: Duration = Duration::from_millis(100);

/// What the service wants signed, and what the person reads.
const DATA: &[u8] = b"avtal 17, version 3";
pub(crate) const MESSAGE: &str = "Jag godkänner **avtal 17**.";

pub(crate) fn to_sign() -> Value {
    json!({ "tbs_data": base64(DATA), "sign_message": { "message#sv": base64(MESSAGE), "message": base64("I agree"), "mime_type": "text/markdown" } })
}

/// The members of a request to sign (placement B), some changed; null leaves one out.
pub(crate) fn members(changes: &Value) -> Value {
    let mut members = json!({ "scope": format!("openid {ORG_ID} {SIGN}"), "prompt": "login consent", SIGN_REQUEST: to_sign() });
    members.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    members
}

/// A sign request as a token of its own (placement A).
pub(crate) fn alone(portal: &Portal, claims: &Value) -> String {
    let now = portal.server.clock.now().seconds();
    let mut right = to_sign().as_object().unwrap().clone();
    right.extend(json!({ "iss": portal.id, "aud": portal.issuer, "exp": now + 60 }).as_object().unwrap().clone());
    portal.signed_request(&right, claims, &json!({ "typ": "JWT" }))
}

/// A browser begins with a posted form (§3.1.1).
async fn begins_alone(portal: &Portal, mut browser: Browser, token: &str) -> Login {
    let (secret, scope) = (fresh(), format!("openid {ORG_ID} {SIGN}"));
    let changes = [("scope", scope.as_str()), ("prompt", "login consent"), (SIGN_REQUEST, token)];
    let fields = crate::journeys::parameters(portal, &secret, &changes);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = browser.post("/authorize", &fields).await;
    let waiting = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    portal.waits(browser, &waiting, &secret).await
}

/// The answer to a yes: the claims of the ID Token.
pub(crate) async fn given(kommun: &Kommun, portal: &Portal, login: &mut Login) -> Value {
    let code = login.code().await;
    let (status, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(tokens.get("refresh_token").is_none(), "a signature keeps nobody logged in");
    assert!(!login.browser.cookies.keys().any(|name| name.contains("sso")), "SG-05: {:?}", login.browser.cookies);
    verified(kommun, tokens["id_token"].as_str().unwrap(), &portal.id).await
}

/// Runs openssl in a folder of this test's.
fn openssl(kommun: &Kommun, words: &str) -> String {
    let output = Command::new("openssl").args(words.split_whitespace()).current_dir(kommun.folder.path()).output().unwrap();
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// docs/integrating.md, step by step.
async fn verify(kommun: &Kommun, claims: &Value, portal: &Portal, nonce: &str) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(kommun.folder.path().join(name), bytes).unwrap();
    // 1. The claim is the base64 of a compact JWS.
    let jws = String::from_utf8(BASE64.decode(claims[SIGNATURE].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    let header = decode_header(&jws).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::ES256, Some("user-signature+jwt")));
    // 2. Its certificates lead to the root that you have from the operator.
    let chain = header.x5c.unwrap();
    let der = |place: usize| BASE64.decode(chain[place].as_bytes()).unwrap();
    write("leaf.der", &der(0));
    write("ca.der", &der(1));
    write("root.der", &kommun.browser().get("/pki/root.cer").await.bytes);
    for name in ["leaf", "ca", "root"] {
        openssl(kommun, &format!("x509 -inform DER -in {name}.der -out {name}.pem"));
    }
    let payload: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(jws.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    let at = payload["iat"].as_i64().unwrap();
    openssl(kommun, &format!("verify -attime {at} -x509_strict -CAfile root.pem -untrusted ca.pem leaf.pem"));
    // 3. The signature is by the first certificate's key.
    let key = DecodingKey::from_ec_pem(openssl(kommun, "x509 -in leaf.pem -noout -pubkey").as_bytes()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[&portal.id]);
    validation.set_issuer(&[&kommun.issuer]);
    validation.required_spec_claims.remove("exp");
    validation.validate_exp = false;
    let payload = decode::<Value>(&jws, &key, &validation).unwrap().claims;
    // 4. It is of your request: your data, your message, your nonce.
    assert_eq!((&payload["tbs_data"], &payload["nonce"]), (&json!(base64(DATA)), &json!(nonce)));
    let shown = format!("http://www.w3.org/2001/04/xmlenc#sha256;{}", BASE64.encode(Digest::of(MESSAGE.as_bytes()).as_bytes()));
    assert_eq!((&payload["sign_message_digest"], &claims[DIGEST]), (&json!(shown), &json!(shown)), "SG-07");
    // 5. It is the log-in that you got, by the person who stands in it.
    assert_eq!((&payload["txn"], &payload["acr"], &payload["auth_time"]), (&claims["txn"], &claims["acr"], &claims["auth_time"]));
    let subject = openssl(kommun, "x509 -in leaf.pem -noout -subject -nameopt multiline,utf8,-esc_msb");
    assert!(subject.contains(claims[WHO].as_str().unwrap()) && subject.contains("Amina Sahlin"), "{subject}");
    assert_eq!(claims[CERTIFICATE], json!(chain[0]));
    // 6. The person's own yes: the phone's signature over the approval.
    let approval = BASE64URL_NOPAD.decode(payload["approval"].as_str().unwrap().as_bytes()).unwrap();
    let evidence = &payload["evidence"];
    let octets = |value: &Value| BASE64URL_NOPAD.decode(value.as_str().unwrap().as_bytes()).unwrap();
    assert_eq!((&evidence["signature"]["by"], &evidence["key_form"]), (&json!("app"), &json!("sec1")));
    let key = VerifyingKey::from_sec1_bytes(&octets(&evidence["public_key"])).unwrap();
    let signature = Signature::from_slice(&octets(&evidence["signature"]["signature"])).unwrap();
    key.verify(&approval, &signature).unwrap();
    // 7. What was approved is what you sent.
    let approval: Value = serde_json::from_slice(&approval).unwrap();
    let signing = json!({ "message_digest": shown, "nonce": nonce, "tbs_data": Digest::of(DATA).to_base64url() });
    assert_eq!((&approval["signing"], &approval["message"]), (&signing, &json!(MESSAGE)));
    assert_eq!((&approval["requester"]["id"], &approval["who"]), (&json!(portal.id), &claims[WHO]));
    assert_eq!((&approval["transaction"], &approval["kind"]), (&claims["txn"], &json!("signature")));
}

/// SG-06, SG-07, SE-19: in both places of the request, read as a signature, and verified by who asked.
pub(crate) async fn a_service_has_something_signed(kommun: &Kommun) {
    let (archive, mut worker) = (kommun.archive(), kommun.worker("Amina Sahlin").await);
    let claims = json!({ "claims": { "id_token": { CERTIFICATE: null } } });
    let token = alone(&archive, &json!({}));
    let began = [
        begins_signed(&kommun.contracts(), kommun.browser(), &members(&claims)).await,
        begins_alone(&archive, kommun.browser(), &token).await,
        begins_alone(&archive, kommun.browser(), &encrypted(kommun, &token).await).await,
    ];
    for (number, mut login) in began.into_iter().enumerate() {
        let service = if number == 0 { kommun.contracts() } else { archive.clone() };
        let page = login.browser.get(&format!("/login/{}", login.id)).await;
        assert!(page.body.contains("Skriv under hos") && !page.body.contains("avtal 17") && !page.body.contains("siffror"), "{}", page.body);
        let screen = worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
        let happens = &screen.what_happens;
        assert!(happens.kind == ApprovalKind::Signature && happens.signs_message && happens.text.starts_with("Vill du skriva under"), "{happens:?}");
        assert_eq!(happens.message.as_deref(), Some(MESSAGE));
        for sent in ["Namn", "Jobb-id", "Organisation"] {
            assert!(screen.sent.iter().any(|line| line.label == sent), "the certificate says so: {:?}", screen.sent);
        }
        worker.approves(&login).await;
        let mut told = given(kommun, &service, &mut login).await;
        if number > 0 {
            assert!(told.get(CERTIFICATE).is_none(), "nobody asked");
            told[CERTIFICATE] = json!(certificate_of(&told));
        }
        verify(kommun, &told, &service, &login.nonce).await;
        let page = login.browser.get(&format!("/authorize/{}", login.id)).await;
        assert_eq!(page.status, 410, "given once");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 3);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.signed_for'").await, 3);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.logged_in'").await, 0);
    kommun.journal_holds().await;
}

/// To the key that we publish for it.
async fn encrypted(kommun: &Kommun, token: &str) -> String {
    let key = jwks(kommun).await.into_iter().find(|key| key["use"] == "enc" && key["kty"] == "EC").unwrap();
    let recipient = Recipient { key: &Jwk::parse(&key.to_string()).unwrap(), by: KeyManagement::EcdhEs, content: ContentEncryption::A128Gcm };
    jwe::encrypt(token.as_bytes(), Some("JWT"), &recipient, &mut Rng::system()).unwrap()
}

fn certificate_of(claims: &Value) -> String {
    let jws = String::from_utf8(BASE64.decode(claims[SIGNATURE].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    decode_header(&jws).unwrap().x5c.unwrap().remove(0)
}

/// With the approval alone: the message, its digest, and the phone's own signature as evidence.
pub(crate) async fn a_service_has_something_approved(kommun: &Kommun) {
    const EVIDENCE: &str = "https://id.oidc.se/claim/authnEvidence";
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let request = json!({ "sign_message": to_sign()["sign_message"] });
    let changes = json!({ "scope": format!("openid {ORG_ID} {SIGN_APPROVAL}"), SIGN_REQUEST: request, "claims": { "id_token": { EVIDENCE: null } } });
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&changes)).await;
    worker.approves(&login).await;
    let told = given(kommun, &contracts, &mut login).await;
    assert_eq!((told.get(SIGNATURE), &told[DIGEST]), (None, &json!(Digest::of_shown(MESSAGE))));
    let evidence: Value = serde_json::from_slice(&BASE64.decode(told[EVIDENCE].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    let approval = BASE64URL_NOPAD.decode(evidence["approval"].as_str().unwrap().as_bytes()).unwrap();
    let evidence = &evidence["evidence"];
    let octets = |value: &Value| BASE64URL_NOPAD.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let key = VerifyingKey::from_sec1_bytes(&octets(&evidence["public_key"])).unwrap();
    key.verify(&approval, &Signature::from_slice(&octets(&evidence["signature"]["signature"])).unwrap()).unwrap();
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 0, "nothing but the approval");
    kommun.journal_holds().await;
}

/// A no is an answer, and so is time.
pub(crate) async fn a_service_hears_that_nothing_was_signed(kommun: &Kommun) {
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    let outcome = worker.answers(Start::Qr { text: Bearer::new(login.qr().await) }, Pick::Cancel).await;
    assert!(matches!(outcome, Outcome::Declined { .. }), "{outcome:?}");
    let status = login.status().await;
    assert!(status["words"].as_str().unwrap().contains("Inget är underskrivet"), "{status}");
    let page = login.goes_on().await;
    assert_eq!((page.answer("error").as_deref(), page.answer("code")), (Some("access_denied"), None));
    let mut late = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    kommun.server.clock.advance(301);
    let back = late.status().await["back"].as_str().unwrap().to_owned();
    let page = late.browser.get(&back).await;
    assert_eq!(page.answer("error").as_deref(), Some("access_denied"), "{page:?}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM outbox WHERE topic LIKE 'sign%'").await, 0);
    kommun.journal_holds().await;
}

/// The page that waits for what comes next asks when the signature is made already, and given out to nobody: it gets it.
pub(crate) async fn the_page_ahead_gets_a_signature_that_is_made(kommun: &Kommun) {
    let (contracts, mut worker) = (kommun.contracts(), kommun.worker("Amina Sahlin").await);
    let mut login = begins_signed(&contracts, kommun.browser(), &members(&json!({}))).await;
    worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
    let ahead = login.status().await["ahead"].as_str().unwrap().to_owned();
    worker.presses(Button::Approve).await;
    let mut listener = kommun.server.wakeups.listen(login.id.as_str());
    while kommun.count("SELECT COUNT(*) FROM user_signatures").await == 0 {
        timeout(LOOK, listener.woken()).await.ok();
    }
    let page = login.browser.get(&ahead).await;
    let code = page.answer("code").unwrap_or_else(|| panic!("{} {}", page.status, page.body));
    let (status, tokens) = contracts.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(login.browser.get(&ahead).await.status, 410, "once");
}
