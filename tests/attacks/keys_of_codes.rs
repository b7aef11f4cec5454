//! A code that was asked for with a key is that key's (attacks 3 and 23): who steals the code and the verifier steals nothing.

use serde_json::json;

use crate::{
    journeys::{address_of, pushed},
    kommun::{Device, Kommun, Login, Portal, Worker, post},
};

async fn code(portal: &Portal, worker: &mut Worker, mut login: Login) -> Vec<(String, String)> {
    worker.approves(&login).await;
    let code = login.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", portal.id.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", portal.redirect_uri.as_str()),
        ("code_verifier", login.verifier.as_str()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// RFC 9449 §10: by `dpop_jkt` in the query, and by the proof that came with the push. A wrong key ends the code as a wrong verifier does.
pub(crate) async fn a_code_is_for_the_key_that_asked(kommun: &Kommun) {
    let (app, mut worker, browser) = (kommun.web_app(), kommun.worker("Amina Sahlin").await, kommun.browser());
    for by_push in [false, true] {
        for is_thief in [true, false] {
            let (mut device, mut thief) = (Device::new(kommun), Device::new(kommun));
            let thumbprint = device.thumbprint();
            let named = [("dpop_jkt", thumbprint.as_str())];
            let login = if by_push {
                let address = address_of(&app, &pushed(&app, &browser, "k", &named).await);
                app.opens(kommun.browser(), &address, "k").await
            } else {
                app.begins_with(kommun.browser(), &named).await
            };
            let fields = code(&app, &mut worker, login).await;
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            if is_thief {
                assert_eq!(thief.posts(&browser, "/token", &fields).await.error(), (400, "invalid_grant"), "another key, pushed {by_push}");
                assert_eq!(device.posts(&browser, "/token", &fields).await.error(), (400, "invalid_grant"), "and the code is dead");
            } else {
                let tokens = device.posts(&browser, "/token", &fields).await;
                assert_eq!((tokens.status, &tokens.body["token_type"]), (200, &json!("DPoP")), "{}", tokens.body);
            }
        }
        let named = Device::new(kommun).thumbprint();
        let login = app.begins_with(kommun.browser(), &[("dpop_jkt", named.as_str())]).await;
        let fields = code(&app, &mut worker, login).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(post(&browser, "/token", &[], &fields).await.error(), (400, "invalid_grant"), "no key at all");
    }
    let (mut device, other) = (Device::new(kommun), Device::new(kommun));
    let address = app.address("m", &[("dpop_jkt", other.thumbprint().as_str())]);
    let query = address.split_once('?').unwrap().1.to_owned();
    let fields: Vec<(String, String)> = reqwest::Url::parse(&format!("https://x.example/?{query}")).unwrap().query_pairs().into_owned().collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(device.posts(&browser, "/par", &fields).await.error(), (400, "invalid_dpop_proof"), "the proof beside it is of another key");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM access_tokens").await, 2);
}

/// RFC 9449 §7.1: at a resource a proof is for this token, this method and this address.
pub(crate) async fn a_proof_is_for_the_token_beside_it(kommun: &Kommun) {
    let (app, mut worker, browser, mut device) = (kommun.field_app(), kommun.worker("Amina Sahlin").await, kommun.browser(), Device::new(kommun));
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let login = app.begins(kommun.browser()).await;
        let fields = code(&app, &mut worker, login).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        tokens.push(device.posts(&browser, "/token", &fields).await.token("access_token"));
    }
    assert_eq!(device.userinfo(&browser, &tokens[0]).await.status, 200);
    let ath = |token: &str| handslag_vocab::Digest::of(token.as_bytes()).to_base64url();
    let wrong = [
        json!({ "ath": null }),
        json!({ "ath": "" }),
        json!({ "ath": ath(&tokens[1]) }),
        json!({ "ath": [ath(&tokens[0])] }),
        json!({ "htm": "POST" }),
        json!({ "htu": format!("{}/token", kommun.issuer) }),
        json!({ "iat": kommun.now().seconds() - 61 }),
    ];
    for changes in &wrong {
        assert_eq!(device.userinfo_with(&browser, &tokens[0], changes).await.error(), (401, "invalid_dpop_proof"), "{changes}");
    }
    assert_eq!(device.userinfo_with(&browser, &tokens[0], &json!({ "ath": ath(&tokens[0]) })).await.status, 200, "nothing was used up");
}
