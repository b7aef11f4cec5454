//! A real PDF is read on the phone, approved and signed; the signature is verified from the file alone, up to our root.

use std::time::Duration;

use handslag_pades::{
    certificate::{Certificate, path},
    cms,
    sign::inspect,
};
use handslag_phone::{Outcome, Task, wire::Start};
use handslag_server::{
    demo::{Halt, MINUTES},
    signing,
};
use handslag_vocab::{Digest, SignatureId};
use serde_json::{Value, json};

use crate::kommun::{BarePhone, Kommun, Pick, Worker, bytes_of, txn_of};

const DOWNLOADED: &str = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.downloaded'";

/// The manager asks; gives the signature that waits in the worker's inbox.
pub(crate) async fn asked(kommun: &Kommun, worker: &mut Worker, class: &str) -> SignatureId {
    let mut desk = crate::kommun::logged_in(kommun, &kommun.manager().await, kommun.now()).await;
    let page = desk.upload(worker.affiliation.as_str(), class, MINUTES).await;
    assert_eq!((page.status, page.location()), (303, Some("/underskrifter")), "{}", page.body);
    let Halt::Done(Outcome::Inbox(inbox)) = worker.does(Task::Inbox).await else { panic!() };
    inbox.items.into_iter().next_back().expect("it waits in the inbox").signature
}

/// The signed file's address, when it is there.
pub(crate) async fn signed(kommun: &Kommun, id: &SignatureId) -> signing::Signature {
    for _ in 0..200 {
        let signature = kommun.server.db.read(async |tx| signing::by_id(tx, id).await).await.unwrap().unwrap();
        if signature.state != signing::State::Waiting {
            return signature;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the signature was not made")
}

pub(crate) async fn the_minutes_are_signed(kommun: &Kommun) {
    let mut worker = kommun.worker("Åsa O'Brien-Öberg").await;
    let id = asked(kommun, &mut worker, "protokoll").await;
    let unsigned = worker.at_a_desk(kommun).await.get(&format!("/underskrift/{id}/fil.pdf")).await;
    assert_eq!(unsigned.headers["content-disposition"], "attachment; filename=\"dokument.pdf\"", "what is not signed is not called so");
    let outcome = worker.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert!(matches!(outcome, Outcome::Approved { .. }), "{outcome:?}");
    assert_eq!(signed(kommun, &id).await.state, signing::State::Signed);

    let mut desk = worker.at_a_desk(kommun).await;
    let page = desk.get(&format!("/underskrift/{id}/fil.pdf")).await;
    for (name, value) in [
        ("content-disposition", "attachment; filename=\"underskriven.pdf\""),
        ("content-type", "application/pdf"),
        ("cache-control", "no-store"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ] {
        assert_eq!(page.headers[name], value);
    }
    let file = page.bytes;
    assert!(file.starts_with(MINUTES), "the uploaded bytes are an untouched prefix");
    let found = inspect(&file).unwrap();
    let [field] = found.as_slice() else { panic!("one signature") };
    assert!(field.covers_all);
    let verified = cms::verify(&field.contents, &field.digest).unwrap();
    let at = verified.best_signature_time().expect("level B-T");
    assert!(kommun.now().since(at).0 < 30);
    let root = Certificate::from_der(&desk.get("/pki/root.cer").await.bytes).unwrap();
    path(&verified.signer, &verified.others, &root, at).unwrap();
    assert!(verified.signer.subject_text().contains("Åsa O'Brien-Öberg"), "{}", verified.signer.subject_text());
    let mut other = field.digest;
    other[0] ^= 1;
    assert!(cms::verify(&field.contents, &other).is_err(), "of these bytes and no others");

    assert_eq!(kommun.count(DOWNLOADED).await, 2);
    let stranger = kommun.worker("Nils Främling").await;
    assert_eq!(stranger.at_a_desk(kommun).await.get(&format!("/underskrift/{id}/fil.pdf")).await.status, 404);
    let page = kommun.browser().get(&format!("/underskrift/{id}/fil.pdf")).await;
    assert!(page.location().is_some_and(|to| to.starts_with("/logga-in")), "nobody is logged in: {}", page.status);
    assert_eq!(kommun.count(DOWNLOADED).await, 2, "who got nothing leaves no such line");
    let again = worker.answers(Start::Assigned { signature: id }, Pick::Approve).await;
    assert!(matches!(again, Outcome::RefusedByServer { status: 410, .. }), "{again:?}");
    kommun.journal_holds().await;
}

/// Afterwards it can be said which pictures the person saw: by their digests, in the evidence that the journal binds.
pub(crate) async fn the_pictures_shown_are_part_of_the_evidence(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let signature = asked(kommun, &mut worker, "protokoll").await;
    let phone = BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    let now = kommun.now();
    let (_, claimed) = phone.claims(&Start::Assigned { signature: signature.clone() }, now).await;
    let (bytes, pages) = (bytes_of(&claimed), u32::try_from(claimed["documents"][0].as_u64().unwrap()).unwrap());
    let txn = txn_of(&bytes);
    let mut expected = Vec::new();
    for page in 1..=pages {
        let (status, answer) = phone.shows(&txn, Some(&[pages]), now).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("pages_unread")), "{} of {pages} pages were handed out", page - 1);
        let picture = phone.picture(&txn, 1, page, now).await;
        expected.push(json!({ "document": 1, "page": page, "sha256": Digest::of(&picture), "size": picture.len() }));
    }
    phone.picture(&txn, 1, 1, now).await; // once more is the same picture
    assert_eq!(phone.shows(&txn, Some(&[pages]), now).await.0, 204);
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes, now).await.0, 200);
    let (stored,): (String,) =
        kommun.server.db.read(async |tx| tx.one("SELECT evidence FROM approvals WHERE approval_id = $1", (txn.as_str(),)).await).await.unwrap();
    let evidence: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(evidence["pictures"], json!(expected));
    let bound = json!(Digest::of(stored.as_bytes())).to_string();
    let (payload,): (String,) =
        kommun.server.db.read(async |tx| tx.one("SELECT payload FROM journal_payloads WHERE payload LIKE '%evidence%'", ()).await).await.unwrap();
    assert!(payload.contains(&bound), "{payload}");
    assert_eq!(signed(kommun, &signature).await.state, signing::State::Signed, "the evidence still verifies");
    let late = format!("/phone/approvals/{txn}/documents/1/pages/1");
    assert_eq!(phone.calls("GET", &late, None, kommun.now()).await.0, 410, "what is looked at after the yes is no part of it");
    kommun.journal_holds().await;
}
