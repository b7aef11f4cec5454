//! Invitations, keys and proofs: who becomes a phone of whom, and which requests are a phone's.

use handslag_phone::{
    PublicKeys, demo_attestation,
    wire::{Bearer, EnrolledKey, Fixed, Start},
};
use handslag_server::caller::Rng;
use handslag_vocab::{Seconds, Secret};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use serde_json::{Value, json};

use crate::{
    journeys::asked,
    kommun::{BarePhone, Kommun, Portal, bytes_of, txn_of},
};

fn page_of(link: &Secret) -> String {
    format!("/inbjudan/{}", link.reveal().trim_start_matches("hs_invite_"))
}

pub(crate) async fn spent_foreign_and_expired_invitations(kommun: &Kommun) {
    let spent = kommun.invites("Amina", "Sahlin").await;
    BarePhone::enrolled(kommun, spent.affiliation.clone(), &spent.link).await;
    let foreign = Secret::random("invite", &mut Rng::system());
    let (expired, half_way) = (kommun.invites("Bo", "Ek").await, kommun.invites("Cilla", "Dal").await);
    let phone = BarePhone::new(kommun, half_way.affiliation.clone());
    let (_, challenge) = phone.says_yes(&half_way.link).await;
    let body = json!({ "invitation": page_of(&expired.link), "language": "sv", "terms_version": "1999-1" });
    assert_eq!(phone.post_openly("/phone/enrol/start", &body).await.1["code"], json!("terms_changed"));

    kommun.server.clock.advance(16 * 60);
    assert_eq!(phone.finishes(&challenge).await.0, 410, "a quarter of an hour from the yes to the keys");
    kommun.server.clock.advance(Seconds::days(7).0);
    for link in [&spent.link, &foreign, &expired.link, &half_way.link] {
        let mut browser = kommun.browser();
        assert_eq!(browser.get(&page_of(link)).await.status, 410);
        assert_eq!(browser.post(&page_of(link), &[("answer", "no")]).await.status, 410);
        assert_eq!(phone.says_yes(link).await.0, 410);
    }
    assert_eq!(phone.finishes(&challenge).await.0, 410);
    assert_eq!(kommun.browser().get(&format!("/inbjudan/{}/kod.svg", "x".repeat(4_000))).await.status, 404);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 1);
}

pub(crate) async fn keys_that_do_not_prove_themselves(kommun: &Kommun) {
    let (mine, other) = (kommun.invites("Amina", "Sahlin").await, kommun.invites("Bo", "Ek").await);
    let phone = BarePhone::new(kommun, mine.affiliation.clone());
    let ((_, challenge), (_, foreign)) = (phone.says_yes(&mine.link).await, phone.says_yes(&other.link).await);
    let right = phone.proof_of_keys(&challenge);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = right.clone();
        change(&mut body);
        body
    };
    let vouched = |vendor: &SigningKey, keys: &Value| {
        let keys: Vec<EnrolledKey> = serde_json::from_value(keys.clone()).unwrap();
        let nonce: Fixed<32> = serde_json::from_value(challenge["challenge"].clone()).unwrap();
        json!(demo_attestation::make(vendor, &nonce, &PublicKeys::from_enrolled(&keys).unwrap()))
    };
    let stranger = SigningKey::generate_from_rng(&mut Rng::system());
    let others_keys = BarePhone::new(kommun, mine.affiliation.clone()).proof_of_keys(&challenge);
    let wrong = [
        with(&|body| body["keys"].as_array_mut().unwrap().truncate(2)),
        with(&|body| body["keys"][1] = body["keys"][0].clone()),
        with(&|body| body["keys"][0]["signature"] = body["keys"][1]["signature"].clone()),
        with(&|body| body["keys"][0]["public_key"] = body["keys"][1]["public_key"].clone()),
        with(&|body| body["keys"][0]["key_use"] = json!("door")),
        with(&|body| body["keys"] = phone.proof_of_keys(&foreign)["keys"].clone()),
        with(&|body| body["keys"] = json!([])),
        with(&|body| body["attestation"] = json!({ "evidence": "", "format": "none" })),
        with(&|body| body["attestation"]["evidence"] = json!("")),
        with(&|body| body["attestation"] = vouched(&stranger, &right["keys"])),
        with(&|body| body["attestation"] = others_keys["attestation"].clone()),
        with(&|body| body["extra"] = json!(1)),
        with(&|body| body["enrolment"] = json!("hs_enrol_x")),
        with(&|body| body["enrolment"] = foreign["enrolment"].clone()),
    ];
    for (number, body) in wrong.iter().enumerate() {
        let (status, answer) = phone.post_openly("/phone/enrol/finish", body).await;
        assert!((400..500).contains(&status), "{number}: {status} {answer}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 0);
    assert_eq!(phone.finishes(&challenge).await.0, 200, "wrong tries are no enrolment");
}

pub(crate) async fn of_fifty_who_say_yes_one_gets_the_identity(kommun: &Kommun) {
    let invited = kommun.invites("Amina", "Sahlin").await;
    let answers = kommun.fifty(|_| {
        let (phone, link) = (BarePhone::new(kommun, invited.affiliation.clone()), invited.link.clone());
        async move {
            let (status, challenge) = phone.says_yes(&link).await;
            if status == 200 { phone.finishes(&challenge).await.0 } else { status }
        }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 410].contains(status)), "{answers:?}");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM credentials").await, 3);

    let torn = kommun.invites("Bo", "Ek").await;
    let answers = kommun.fifty(|number| {
        let (phone, mut browser, link) = (BarePhone::new(kommun, torn.affiliation.clone()), kommun.browser(), torn.link.clone());
        async move { if number % 2 == 0 { phone.says_yes(&link).await.0 } else { browser.post(&page_of(&link), &[("answer", "no")]).await.status } }
    });
    let answers = answers.await;
    let won = |parity: usize| answers.iter().enumerate().filter(|(number, status)| number % 2 == parity && **status == 200).count();
    assert_eq!(won(1), 1, "one no; it also takes back a yes that made no keys yet: {answers:?}");
    let late = BarePhone::new(kommun, torn.affiliation.clone());
    assert_eq!(late.says_yes(&torn.link).await.0, 410, "a no is the last word, after {} yes", won(0));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 1);
    kommun.journal_holds().await;
}

pub(crate) async fn proofs_count_once_for_one_request(kommun: &Kommun) {
    let (phone, stranger) = (kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await);
    let now = kommun.now();
    let inbox = "/phone/inbox";
    let proof = phone.proof("GET", inbox, now);
    assert_eq!(phone.calls_with("GET", inbox, None, &proof).await.0, 200);
    assert_eq!(phone.calls_with("GET", inbox, None, &proof).await.0, 401, "replayed");
    let elsewhere = BarePhone { issuer: "https://evil.example".to_owned(), ..phone.clone() };
    let unknown = BarePhone::new(kommun, phone.affiliation.clone());
    let by_approval = BarePhone { device: phone.approval.clone(), ..phone.clone() };
    let (head, tail) = phone.proof("GET", inbox, now).rsplit_once('.').map(|(head, tail)| (head.to_owned(), tail.to_owned())).unwrap();
    let (other, _) = stranger.proof("GET", inbox, now).rsplit_once('.').map(|(head, tail)| (head.to_owned(), tail.to_owned())).unwrap();
    let wrong = [
        phone.proof("POST", inbox, now),
        phone.proof("get", inbox, now),
        phone.proof("GET", "/phone/wallet", now),
        phone.proof("GET", "/phone/inbox/", now),
        phone.proof("GET", inbox, now - Seconds(62)),
        phone.proof("GET", inbox, now + Seconds(62)),
        elsewhere.proof("GET", inbox, now),
        unknown.proof("GET", inbox, now),
        by_approval.proof("GET", inbox, now),
        format!("{other}.{tail}"),
        format!("{head}."),
        head,
        "x".to_owned(),
        String::new(),
    ];
    for proof in &wrong {
        assert_eq!(phone.calls_with("GET", inbox, None, proof).await.0, 401, "{proof}");
    }
    let proof = phone.proof("GET", inbox, now);
    let answers = kommun.fifty(|_| {
        let (phone, proof) = (phone.clone(), proof.clone());
        async move { phone.calls_with("GET", inbox, None, &proof).await.0 }
    });
    assert_eq!(answers.await.iter().filter(|status| **status == 200).count(), 1);
    let answer = kommun.browser().http.get(format!("{}{inbox}", kommun.base)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "no proof at all");
}

pub(crate) async fn a_level_that_is_too_low_says_what_to_do(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let signature = asked(kommun, &mut worker, "beslut").await;
    let phone = BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    let high = Portal::new(kommun, "beslutsportalen", None, "https://beslut.example/cb").begins(kommun.browser()).await;
    let demanded = [("claims", r#"{"id_token":{"acr":{"essential":true,"value":"http://id.swedenconnect.se/loa/1.0/uncertified-loa3"}}}"#)];
    let asked_for = kommun.web_app().begins_with(kommun.browser(), &demanded).await;
    let starts = [
        Start::Assigned { signature: signature.clone() },
        Start::Link { token: Bearer::new(&high.link) },
        Start::Link { token: Bearer::new(&asked_for.link) },
    ];
    for start in &starts {
        let (status, answer) = phone.claims(start, kommun.now()).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("level_too_low")), "{start:?}");
        let (sv, en) = (answer["sv"].as_str().unwrap(), answer["en"].as_str().unwrap());
        assert!(sv.contains("nivå 3") && sv.contains("Be din chef om ett annat sätt"), "{sv}");
        assert!(en.contains("level 3") && en.contains("Ask your manager for another way"), "{en}");
    }
    let mut secretary = kommun.secretary().await;
    assert!(matches!(
        secretary.answers(Start::Link { token: Bearer::new(&high.link) }, crate::kommun::Pick::Approve).await,
        handslag_phone::Outcome::Approved { .. }
    ));
}

pub(crate) async fn taking_leave_twice_is_taking_leave_once(kommun: &Kommun) {
    let (phone, other) = (kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await);
    let now = kommun.now();
    let again = kommun.fifty(|_| {
        let phone = phone.clone();
        async move { phone.calls("DELETE", "/phone", None, now).await.0 }
    });
    assert!(again.await.into_iter().all(|status| status == 204));
    kommun.server.clock.advance(86_400);
    assert_eq!(phone.calls("DELETE", "/phone", None, kommun.now()).await.0, 204, "also the day after");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'phone.removed'").await, 1);
    assert_eq!(phone.calls("GET", "/phone/inbox", None, kommun.now()).await.0, 403, "only leave, nothing else");
    let stranger = BarePhone::new(kommun, phone.affiliation.clone());
    assert_eq!(stranger.calls("DELETE", "/phone", None, kommun.now()).await.0, 401, "a key that nobody knows");
    assert_eq!(other.calls("GET", "/phone/inbox", None, kommun.now()).await.0, 200, "another's phone stays");
    kommun.blocks(&phone.affiliation).await;
    assert_eq!(phone.calls("DELETE", "/phone", None, kommun.now()).await.0, 204, "whatever became of the work identity");
    kommun.journal_holds().await;
}

pub(crate) async fn a_blocked_phone_is_unknown_at_once(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let login = kommun.school().begins(kommun.browser()).await;
    let now = kommun.now();
    let start = Start::Link { token: Bearer::new(&login.link) };
    let (_, claimed) = phone.claims(&start, now).await;
    let bytes = bytes_of(&claimed);
    let txn = txn_of(&bytes);
    assert_eq!(phone.shows(&txn, None, now).await.0, 204);
    kommun.blocks(&phone.affiliation).await;
    let ended = |answer: (u16, Value)| assert_eq!((answer.0, answer.1["code"].as_str()), (403, Some("phone_ended")));
    ended(phone.signs(&txn, &phone.approval, &bytes, now).await);
    ended(phone.shows(&txn, None, now).await);
    ended(phone.declines(&txn, now).await);
    ended(phone.claims(&start, now).await);
    for path in ["/phone/inbox", "/phone/wallet"] {
        ended(phone.calls("GET", path, None, now).await);
    }
    ended(phone.calls("POST", "/phone/outbox", Some(&json!({ "receipts": [], "logs": [] })), now).await);
    ended(phone.calls("DELETE", "/phone", None, now).await);
    let link = kommun.invites_again(&phone.affiliation).await;
    let fresh = BarePhone::new(kommun, phone.affiliation.clone());
    let (status, challenge) = fresh.says_yes(&link).await;
    assert!(status == 410 || fresh.finishes(&challenge).await.0 == 410, "a blocked identity gets no new phone");
}
