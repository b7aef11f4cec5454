//! Attack 6 and its neighbours: copied refresh tokens, races, and log-ins that should have ended.

use serde_json::json;

use crate::{
    journeys::{refreshed, stays, userinfo, verified},
    kommun::{Device, Kommun, post},
};

pub(crate) async fn an_ancestor_ends_the_family_for_the_thief_and_the_owner(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let (other_login, other) = stays(&app, &mut worker, kommun).await;
    let second = refreshed(&login, "webbappen", first).await.token("refresh_token");
    let third = refreshed(&login, "webbappen", &second).await;
    // The successor of the first has been used: whoever still has the first has a copy.
    for token in [first, &second, &third.token("refresh_token")] {
        assert_eq!(refreshed(&login, "webbappen", token).await.error(), (400, "invalid_grant"));
    }
    assert_eq!(userinfo(&login.browser, &third.token("access_token")).await.0, 401, "its access tokens end with it");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM grants WHERE revoked_for = 'refresh_reused'").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.refresh_token_copied'").await, 1, "said once");
    let other = other["refresh_token"].as_str().unwrap();
    assert_eq!(refreshed(&other_login, "webbappen", other).await.status, 200, "another device's log-in goes on");
    kommun.journal_holds().await;
}

pub(crate) async fn of_fifty_who_refresh_at_once_all_get_the_one_chain(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let first = tokens["refresh_token"].as_str().unwrap().to_owned();
    let answers = kommun.fifty(|_| {
        let (browser, first) = (login.browser.clone(), first.clone());
        async move {
            let fields = [("grant_type", "refresh_token"), ("client_id", "webbappen"), ("refresh_token", first.as_str())];
            post(&browser, "/token", &[], &fields).await
        }
    });
    let answers = answers.await;
    let successors: std::collections::BTreeSet<String> = answers.iter().map(|answer| answer.token("refresh_token")).collect();
    assert_eq!(successors.len(), 1, "one living chain");
    assert_eq!(kommun.count("SELECT CAST(SUM(uses) AS BIGINT) FROM refresh_families").await, 1, "one step");
    let next = refreshed(&login, "webbappen", successors.first().unwrap()).await;
    assert_eq!(userinfo(&login.browser, &next.token("access_token")).await.0, 200);
}

pub(crate) async fn what_should_have_ended_refreshes_nothing(kommun: &Kommun) {
    let app = kommun.web_app();
    let mut blocked = kommun.worker("Amina Sahlin").await;
    let (login, tokens) = stays(&app, &mut blocked, kommun).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    kommun.blocks(&blocked.affiliation).await;
    assert_eq!(refreshed(&login, "webbappen", token).await.error(), (400, "invalid_grant"), "a blocked identity");

    let mut ended = kommun.worker("Bo Ek").await;
    let (login, tokens) = stays(&app, &mut ended, kommun).await;
    kommun.tampers("UPDATE affiliations SET valid_to = 1 WHERE valid_to IS NOT NULL").await;
    assert_eq!(refreshed(&login, "webbappen", tokens["refresh_token"].as_str().unwrap()).await.error(), (400, "invalid_grant"), "employment ended");

    let mut worker = kommun.worker("Cilla Dahl").await;
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let others =
        [("betygen", "invalid_grant"), ("hemtjanst-app", "invalid_dpop_proof"), ("nobody", "invalid_client"), ("skolportalen", "invalid_client")];
    for (client, code) in others {
        assert_eq!(refreshed(&login, client, &token).await.error().1, code, "another service's token, {client}");
    }
    let wider = [("grant_type", "refresh_token"), ("client_id", "webbappen"), ("refresh_token", token.as_str()), ("scope", "openid email")];
    assert_eq!(post(&login.browser, "/token", &[], &wider).await.error(), (400, "invalid_scope"));
    let narrower = [wider[0], wider[1], wider[2], ("scope", "openid")];
    let narrow = post(&login.browser, "/token", &[], &narrower).await;
    let (status, told) = userinfo(&login.browser, &narrow.token("access_token")).await;
    assert!(status == 200 && !told.contains("orgAffiliation"), "less was asked: {told}");
    let claims = verified(kommun, &narrow.token("id_token"), "webbappen").await;
    assert!(claims.get(crate::kommun::WHO).is_none(), "and told in the ID Token: {claims}");
    let without = [wider[0], wider[1], wider[2], ("scope", "offline_access")];
    assert!(post(&login.browser, "/token", &[], &without).await.body.get("id_token").is_none(), "no openid, no ID Token");
}

/// Attack 7: the policy is asked at every use. Somebody who works elsewhere since may not log in here, so neither a code nor a refresh gives more.
pub(crate) async fn what_policy_no_longer_allows_gives_nothing(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    kommun.neighbour().await;
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let mut waiting = app.begins(kommun.browser()).await;
    worker.approves(&waiting).await;
    let code = waiting.code().await;
    let moved = "UPDATE affiliations SET organisation_id = (SELECT o.organisation_id FROM organisations o WHERE o.number = '2120001124') \
                 WHERE person_id IN (SELECT p.person_id FROM persons p WHERE p.given_name = 'Amina')";
    assert_eq!(kommun.tampers(moved).await, 1);
    let (status, answer) = app.exchanges(&waiting.browser, &code, &waiting.verifier).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "a code");
    assert_eq!(refreshed(&login, "webbappen", tokens["refresh_token"].as_str().unwrap()).await.error(), (400, "invalid_grant"), "a refresh token");
}

pub(crate) async fn a_second_use_of_the_code_ends_the_refresh_tokens(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let mut login = app.begins_with(kommun.browser(), &[("scope", "openid offline_access")]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let (_, tokens) = app.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(app.exchanges(&login.browser, &code, &login.verifier).await.0, 400);
    assert_eq!(refreshed(&login, "webbappen", tokens["refresh_token"].as_str().unwrap()).await.error(), (400, "invalid_grant"));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'oidc.code_reused'").await, 1, "said once");
    kommun.journal_holds().await;
}

/// What decision 0009 says remains: a copy of the last token that goes first is taken for the owner, until one of the two comes late.
pub(crate) async fn a_copy_of_the_last_token_is_found_when_one_comes_late(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let copied = tokens["refresh_token"].as_str().unwrap();
    let thief = refreshed(&login, "webbappen", copied).await.token("refresh_token");
    assert_eq!(refreshed(&login, "webbappen", copied).await.token("refresh_token"), thief, "the owner is told the same: not found yet");
    let ahead = refreshed(&login, "webbappen", &thief).await.token("refresh_token");
    let ahead = refreshed(&login, "webbappen", &ahead).await.token("refresh_token");
    assert_eq!(refreshed(&login, "webbappen", &thief).await.error(), (400, "invalid_grant"), "the owner comes two steps late");
    assert_eq!(refreshed(&login, "webbappen", &ahead).await.error(), (400, "invalid_grant"), "and the thief is out too");
}

/// RFC 8707 §2.2.
pub(crate) async fn a_token_is_for_a_resource_that_was_authorized(kommun: &Kommun) {
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    for (asked, wanted, status) in
        [("https://journal.example", "https://journal.example", 200), ("https://journal.example", "https://dorrar.example", 400)]
    {
        let mut login = care.begins_with(kommun.browser(), &[("resource", asked)]).await;
        worker.approves(&login).await;
        let code = login.code().await;
        let answer = care.exchanges_with(&login.browser, &code, &login.verifier, &[("resource", wanted)]).await;
        assert_eq!(answer.0, status, "{wanted} {}", answer.1);
    }
}

pub(crate) async fn ending_a_device_costs_the_same_after_many_uses(kommun: &Kommun) {
    let (app, mut worker) = (kommun.web_app(), kommun.worker("Amina Sahlin").await);
    let (login, tokens) = stays(&app, &mut worker, kommun).await;
    let mut token = tokens["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..100 {
        token = refreshed(&login, "webbappen", &token).await.token("refresh_token");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM refresh_families").await, 1, "one row whatever its length");
    assert_eq!(kommun.count("SELECT uses FROM refresh_families").await, 100);
    assert_eq!(post(&login.browser, "/revoke", &[], &[("token", &token), ("client_id", "webbappen")]).await.status, 200);
    assert_eq!(refreshed(&login, "webbappen", &token).await.error(), (400, "invalid_grant"));
}

/// Attack 23.
pub(crate) async fn proofs_that_are_not_this_requests(kommun: &Kommun) {
    let (browser, mut phone) = (kommun.browser(), Device::new(kommun));
    let fields = [("grant_type", "refresh_token"), ("client_id", "hemtjanst-app"), ("refresh_token", "x")];
    let sent = async |proof: &str| post(&browser, "/token", &[("dpop", proof)], &fields).await;
    let without = sent(&phone.proof("POST", "/token", None, &json!({}))).await;
    assert_eq!(without.error(), (400, "use_dpop_nonce"));
    assert!(without.headers.contains_key("dpop-nonce"));
    assert_eq!(phone.posts(&browser, "/token", &fields).await.error(), (400, "invalid_grant"), "the proof is right, the token is not");
    let now = kommun.now().seconds();
    let wrong = [
        json!({ "htm": "GET" }),
        json!({ "htu": format!("{}/revoke", kommun.issuer) }),
        json!({ "htu": [format!("{}/token", kommun.issuer)] }),
        json!({ "iat": now - 61 }),
        json!({ "iat": now + 62 }),
        json!({ "jti": null }),
    ];
    for changes in wrong {
        assert_eq!(sent(&phone.proof("POST", "/token", None, &changes)).await.error(), (400, "invalid_dpop_proof"), "{changes}");
    }
    for nonce in ["", "x", &"A".repeat(43)] {
        assert_eq!(sent(&phone.proof("POST", "/token", None, &json!({ "nonce": nonce }))).await.error(), (400, "use_dpop_nonce"), "{nonce}");
    }
    let proof = phone.proof("POST", "/token", None, &json!({}));
    assert_eq!(sent(&proof).await.error(), (400, "invalid_grant"));
    assert_eq!(sent(&proof).await.error(), (400, "invalid_dpop_proof"), "a second time");
    let two = post(&browser, "/token", &[("dpop", &phone.proof("POST", "/token", None, &json!({}))), ("dpop", &proof)], &fields).await;
    assert_eq!(two.error(), (400, "invalid_dpop_proof"), "two headers");
    let kept = phone.proof("POST", "/token", None, &json!({ "iat": now + 300 }));
    kommun.server.clock.advance(300);
    assert_eq!(sent(&kept).await.error(), (400, "use_dpop_nonce"), "made in advance, used later");
}

/// Attack 4 for proofs: of fifty with one proof, one is heard.
pub(crate) async fn of_fifty_with_one_proof_one_is_heard(kommun: &Kommun) {
    let (browser, mut phone) = (kommun.browser(), Device::new(kommun));
    let fields = [("grant_type", "refresh_token"), ("client_id", "hemtjanst-app"), ("refresh_token", "x")];
    phone.posts(&browser, "/token", &fields).await;
    let proof = phone.proof("POST", "/token", None, &json!({}));
    let answers = kommun.fifty(|_| {
        let (browser, proof) = (browser.clone(), proof.clone());
        async move { post(&browser, "/token", &[("dpop", &proof)], &fields).await }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.error().1 == "invalid_grant").count(), 1, "heard");
    assert_eq!(answers.iter().filter(|answer| answer.error().1 == "invalid_dpop_proof").count(), 49);
}
