//! A no is an answer: who asked is told, what was prepared is taken away, and the same can be asked again. So is silence.

use std::time::Duration;

use handslag_phone::{Outcome, Task, wire::Start};
use handslag_server::{demo::Halt, signing};
use handslag_vocab::{Approval, Seconds, SignatureId};
use serde_json::Value;

use super::{asked, signed};
use crate::kommun::{BarePhone, Browser, Kommun, Pick, bytes_of, logged_in, txn_of};

/// Files that wait for a signature.
fn prepared(kommun: &Kommun) -> usize {
    std::fs::read_dir(kommun.folder.path().join("documents/prepared")).map_or(0, Iterator::count)
}

/// The file goes after the commit that lets it go.
async fn nothing_is_prepared(kommun: &Kommun) {
    for _ in 0..100 {
        if prepared(kommun) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} files are left", prepared(kommun));
}

async fn manager(kommun: &Kommun) -> Browser {
    logged_in(kommun, &kommun.manager().await, kommun.now()).await
}

/// A phone that has opened and read what waits for its owner.
async fn read(kommun: &Kommun, id: &SignatureId, phone: &BarePhone) -> (String, Vec<u8>) {
    let now = kommun.now();
    let (status, claimed) = phone.claims(&Start::Assigned { signature: id.clone() }, now).await;
    assert_eq!(status, 200, "{claimed}");
    let bytes = bytes_of(&claimed);
    let txn = txn_of(&bytes);
    let pages = phone.reads(&txn, &claimed, now).await;
    assert_eq!(phone.shows(&txn, Some(&pages), now).await.0, 204);
    (txn, bytes)
}

pub(crate) async fn a_no_is_told_and_can_be_asked_again(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let id = asked(kommun, &mut worker, "protokoll").await;
    let before = kommun.now();
    let outcome = worker.answers(Start::Assigned { signature: id.clone() }, Pick::NotMe).await;
    assert!(matches!(outcome, Outcome::Declined { .. }), "{outcome:?}");
    let declined = signed(kommun, &id).await;
    assert_eq!(declined.state, signing::State::Declined);
    assert!(declined.ended_at.is_some_and(|at| before <= at && at <= kommun.now()), "{declined:?}");
    nothing_is_prepared(kommun).await;
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.declined'").await, 1);

    let halt = worker.does(Task::Inbox).await;
    assert!(matches!(&halt, Halt::Done(Outcome::Inbox(inbox)) if inbox.items.is_empty()), "{halt:?}");
    let outcome = worker.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert!(matches!(outcome, Outcome::RefusedByServer { status: 410, .. }), "a no is final: {outcome:?}");
    let mut desk = manager(kommun).await;
    let page = desk.get("/underskrifter").await;
    assert!(page.body.contains("Amina Sahlin har sagt nej · ") && page.body.contains("Be igen"), "{}", page.body);

    let again = format!("/underskrift/{id}/igen");
    assert_eq!(kommun.worker("Nils Främling").await.at_a_desk(kommun).await.post(&again, &[]).await.status, 410, "whoever did not ask");
    assert_eq!(worker.at_a_desk(kommun).await.post(&again, &[]).await.status, 410, "whoever was asked");
    let answers = kommun.fifty(|_| {
        let (mut desk, again) = (desk.clone(), again.clone());
        async move { desk.post(&again, &[]).await.status }
    });
    let mut answers = answers.await;
    answers.sort_unstable();
    assert_eq!((answers[0], answers[1], answers[49]), (303, 410, 410), "asked again once");
    assert!(!desk.get("/underskrifter").await.body.contains("Be igen"));
    let Halt::Done(Outcome::Inbox(inbox)) = worker.does(Task::Inbox).await else { panic!() };
    let [item] = inbox.items.as_slice() else { panic!("it waits anew: {inbox:?}") };
    worker.answers(Start::Assigned { signature: item.signature.clone() }, Pick::Approve).await;
    assert_eq!(signed(kommun, &item.signature).await.state, signing::State::Signed);
    assert_eq!(desk.post(&format!("/underskrift/{}/igen", item.signature), &[]).await.status, 410, "what is signed is not asked again");
    nothing_is_prepared(kommun).await;
    kommun.journal_holds().await;
}

pub(crate) async fn fifty_noes_are_one_and_a_race_with_a_yes_has_one_winner(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let phone = BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    let id = asked(kommun, &mut worker, "protokoll").await;
    let (txn, _) = read(kommun, &id, &phone).await;
    let now = kommun.now();
    let answers = kommun.fifty(|_| {
        let (phone, txn) = (phone.clone(), txn.clone());
        async move { phone.declines(&txn, now).await.0 }
    });
    assert_eq!(answers.await, [204; 50]);
    assert_eq!(signed(kommun, &id).await.state, signing::State::Declined);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.declined'").await, 1);

    let mut declined = 1;
    for _ in 0..3 {
        let id = asked(kommun, &mut worker, "protokoll").await;
        let (txn, bytes) = read(kommun, &id, &phone).await;
        let now = kommun.now();
        let answers = kommun.fifty(|number| {
            let (phone, txn, bytes) = (phone.clone(), txn.clone(), bytes.clone());
            async move { if number % 2 == 0 { phone.declines(&txn, now).await.0 } else { phone.signs(&txn, &phone.approval, &bytes, now).await.0 } }
        });
        let answers = answers.await;
        let (no, yes): (Vec<u16>, Vec<u16>) = answers.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        let end = signed(kommun, &id).await.state;
        match end {
            signing::State::Declined => assert_eq!((no, yes), (vec![204; 25], vec![410; 25])),
            _ => assert_eq!((no, yes), (vec![410; 25], vec![200; 25])),
        }
        declined += i64::from(end == signing::State::Declined);
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.declined'").await, declined);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 4 - declined);
    nothing_is_prepared(kommun).await;
    kommun.journal_holds().await;
}

pub(crate) async fn what_nobody_answers_runs_out(kommun: &Kommun) {
    let mut worker = kommun.secretary().await; // whose employment does not end before the month does
    let phone = BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    let id = asked(kommun, &mut worker, "protokoll").await;
    let start = Start::Assigned { signature: id.clone() };
    assert_eq!(phone.claims(&start, kommun.now()).await.0, 200);
    signing::run_out(&kommun.server, kommun.now()).await.unwrap();
    assert_eq!(prepared(kommun), 1, "it is being read");
    kommun.server.clock.advance(Seconds::minutes(16).0);
    signing::run_out(&kommun.server, kommun.now()).await.unwrap();
    assert_eq!(prepared(kommun), 0, "nobody answered this opening");
    assert_eq!(phone.claims(&start, kommun.now()).await.0, 200, "it still waits, and is opened anew");

    kommun.server.clock.advance(Seconds::days(30).0);
    assert_eq!(phone.claims(&start, kommun.now()).await.0, 410);
    for _ in 0..2 {
        signing::run_out(&kommun.server, kommun.now()).await.unwrap();
    }
    assert_eq!(prepared(kommun), 0);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.expired'").await, 1);
    let mut desk = manager(kommun).await;
    let page = desk.get("/underskrifter").await;
    assert!(page.body.contains("Tiden gick ut") && page.body.contains("Be igen"), "{}", page.body);
    // A yes in the last minute that the core has not signed yet.
    kommun.tampers("UPDATE approvals SET state = 'approved' WHERE approval_id IN (SELECT approval_id FROM signatures)").await;
    assert_eq!(desk.post(&format!("/underskrift/{id}/igen"), &[]).await.status, 410, "nobody signs the same twice");
    kommun.tampers("UPDATE approvals SET state = 'claimed' WHERE approval_id IN (SELECT approval_id FROM signatures)").await;
    assert_eq!(desk.post(&format!("/underskrift/{id}/igen"), &[]).await.status, 303);
    kommun.journal_holds().await;
}

/// The same file for the same signer in the same second is prepared to the same bytes.
pub(crate) async fn what_ends_for_one_stays_for_its_twin(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let phone = BarePhone::enrolled(kommun, worker.affiliation.clone(), &kommun.invites_again(&worker.affiliation).await).await;
    for _ in 0..20 {
        asked(kommun, &mut worker, "protokoll").await;
        asked(kommun, &mut worker, "protokoll").await;
        let Halt::Done(Outcome::Inbox(inbox)) = worker.does(Task::Inbox).await else { panic!() };
        let ids: Vec<_> = inbox.items.into_iter().map(|item| item.signature).collect();
        assert_eq!(ids.len(), 2);
        let mut claims: Vec<Value> = Vec::new();
        for id in &ids {
            claims.push(phone.claims(&Start::Assigned { signature: id.clone() }, kommun.now()).await.1);
        }
        let digest = |claimed: &Value| Approval::parse(&bytes_of(claimed)).unwrap().documents[0].signed_bytes;
        let are_twins = digest(&claims[0]) == digest(&claims[1]);
        assert_eq!(phone.declines(&txn_of(&bytes_of(&claims[0])), kommun.now()).await.0, 204);
        assert_eq!(signed(kommun, &ids[0]).await.state, signing::State::Declined);
        assert_eq!(phone.approves(&Start::Assigned { signature: ids[1].clone() }, kommun.now()).await.0, 200);
        assert_eq!(signed(kommun, &ids[1]).await.state, signing::State::Signed);
        if are_twins {
            return;
        }
    }
    panic!("no two were prepared in the same second");
}
