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
use handslag_vocab::SignatureId;

use crate::kommun::{Kommun, Pick, Worker};

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
    let outcome = worker.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert!(matches!(outcome, Outcome::Approved { .. }), "{outcome:?}");
    assert_eq!(signed(kommun, &id).await.state, signing::State::Signed);

    let mut desk = worker.at_a_desk(kommun).await;
    let file = desk.get(&format!("/underskrift/{id}/fil.pdf")).await.bytes;
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

    let stranger = kommun.worker("Nils Främling").await;
    assert_eq!(stranger.at_a_desk(kommun).await.get(&format!("/underskrift/{id}/fil.pdf")).await.status, 404);
    let page = kommun.browser().get(&format!("/underskrift/{id}/fil.pdf")).await;
    assert!(page.location().is_some_and(|to| to.starts_with("/logga-in")), "nobody is logged in: {}", page.status);
    let again = worker.answers(Start::Assigned { signature: id }, Pick::Approve).await;
    assert!(matches!(again, Outcome::RefusedByServer { status: 410, .. }), "{again:?}");
    kommun.journal_holds().await;
}
