//! One question, one person, one phone, one yes: over exactly the bytes that were shown.

use std::time::Duration;

use handslag_phone::wire::{Bearer, Start};
use handslag_server::{
    caller::Rng,
    phone::{approvals, carried},
};
use handslag_store::Error;
use handslag_vocab::ApprovalId;
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    journeys::asked,
    kommun::{BarePhone, Kommun, Login, bytes_of, txn_of},
};

fn link(login: &Login) -> Start {
    Start::Link { token: Bearer::new(&login.link) }
}

async fn claimed(kommun: &Kommun, phone: &BarePhone, login: &Login) -> (String, Vec<u8>) {
    let (status, claimed) = phone.claims(&link(login), kommun.now()).await;
    assert_eq!(status, 200, "{claimed}");
    let bytes = bytes_of(&claimed);
    (txn_of(&bytes), bytes)
}

pub(crate) async fn another_phone_cannot_answer(kommun: &Kommun) {
    let (mine, theirs) = (kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await);
    let login = kommun.school().begins(kommun.browser()).await;
    let now = kommun.now();
    let (txn, bytes) = claimed(kommun, &mine, &login).await;
    assert_eq!(theirs.claims(&link(&login), now).await.0, 410);
    assert_eq!(theirs.shows(&txn, None, now).await.0, 410);
    assert_eq!(mine.shows(&txn, None, now).await.0, 204);
    assert_eq!(theirs.signs(&txn, &theirs.approval, &bytes, now).await.0, 410);
    assert_eq!(theirs.signs(&txn, &mine.approval, &bytes, now).await.0, 410);
    assert_eq!(theirs.declines(&txn, now).await.0, 410);
    let unknown = ApprovalId::random(&mut Rng::system()).to_string();
    assert_eq!(mine.signs(&unknown, &mine.approval, &bytes, now).await.0, 410);
    assert_eq!(mine.signs(&txn, &mine.approval, &bytes, now).await.0, 200);
}

pub(crate) async fn what_is_signed_must_be_what_was_shown(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let (login, other) = (kommun.school().begins(kommun.browser()).await, kommun.school().begins(kommun.browser()).await);
    let now = kommun.now();
    let (_, other_bytes) = claimed(kommun, &phone, &other).await; // ended by the next one (MB-06)
    let (txn, bytes) = claimed(kommun, &phone, &login).await;
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes, now).await.0, 410, "not shown yet");
    assert_eq!(phone.shows(&txn, None, now).await.0, 204);
    let stranger = SigningKey::generate_from_rng(&mut Rng::system());
    let changed = [&bytes[..bytes.len() - 1], b" }"].concat();
    let wrong: [(&str, &SigningKey, &[u8]); 6] = [
        ("a key of nobody", &stranger, &bytes),
        ("the device key", &phone.device, &bytes),
        ("another approval's bytes", &phone.approval, &other_bytes),
        ("nothing", &phone.approval, b""),
        ("one byte less", &phone.approval, &bytes[1..]),
        ("another spelling", &phone.approval, &changed),
    ];
    for (what, key, signed) in wrong {
        let (status, answer) = phone.signs(&txn, key, signed, now).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("approval_not_signed")), "{what}");
    }
    let path = format!("/phone/approvals/{txn}/approve");
    let webauthn = json!({ "by": "webauthn", "authenticator_data": "", "client_data_json": "", "credential_id": "", "signature": "" });
    for signature in [webauthn, json!({ "by": "app", "signature": "" }), json!({}), Value::Null] {
        let (status, _) = phone.calls("POST", &path, Some(&json!({ "signature": signature })), now).await;
        assert!((400..500).contains(&status), "{signature}: {status}");
    }
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes, now).await.0, 200, "a wrong try is no answer");
}

pub(crate) async fn time_runs_out(kommun: &Kommun) {
    let (phone, other) = (kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await);
    let school = kommun.school();
    let (waits, mut taken, mut shown) =
        (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    let (txn, _) = claimed(kommun, &other, &taken).await;
    let (shown_txn, bytes) = claimed(kommun, &phone, &shown).await;
    assert_eq!(phone.shows(&shown_txn, None, kommun.now()).await.0, 204);
    kommun.server.clock.advance(301);
    assert_eq!(phone.claims(&link(&waits), kommun.now()).await.0, 410, "nobody came in five minutes");
    kommun.server.clock.advance(300);
    let now = kommun.now();
    assert_eq!(other.shows(&txn, None, now).await.0, 410);
    assert_eq!(phone.signs(&shown_txn, &phone.approval, &bytes, now).await.0, 410);
    assert_eq!(phone.declines(&shown_txn, now).await.0, 410);
    assert_eq!(other.claims(&link(&taken), now).await.0, 410);
    assert_eq!(taken.status().await["state"], json!("expired"));
    let page = shown.browser.get(&format!("/authorize/{}", shown.id)).await;
    assert!(page.location().is_none() || page.answer("error").is_some(), "{:?}", page.location());

    let mut late = school.begins(kommun.browser()).await;
    let (status, answer) = phone.approves(&Start::Qr { text: Bearer::new(late.qr().await) }, kommun.now()).await;
    assert_eq!(status, 200, "{answer}");
    kommun.server.clock.advance(301);
    let page = late.browser.get(&format!("/authorize/{}", late.id)).await;
    assert!(page.answer("code").is_none(), "a yes that nobody fetches is worth nothing after five minutes");
}

/// After a link on the same phone only the phone's browser goes on. The browser that began comes while the yes is on its way to the disk.
pub(crate) async fn a_yes_under_way_gives_nothing_without_the_phones_nonce(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    for (path, runs_out) in [("/authorize", true), ("/authorize", false), ("/logga-in/klar", true), ("/logga-in/klar", false)] {
        let school = kommun.school();
        let mut login = if path == "/authorize" {
            school.begins(kommun.browser()).await
        } else {
            let mut browser = kommun.browser();
            let own = browser.get("/logga-in?till=/").await.location().unwrap().to_owned();
            school.waits(browser, &own, "own").await
        };
        let (txn, _) = claimed(kommun, &phone, &login).await;
        let said_yes = kommun.now();
        assert_eq!(phone.shows(&txn, None, said_yes).await.0, 204);
        if runs_out {
            kommun.server.clock.advance(180);
        }
        let (id, server) = (login.id.clone(), kommun.server.clone());
        let ((begun, has_begun), (end, ends)) = (oneshot::channel(), oneshot::channel::<()>());
        let yes = tokio::spawn(async move {
            let unit = server.db.write(async |tx| {
                let row = approvals::by_id(tx, &id).await?.unwrap();
                let is_given = approvals::approve(tx, &id, row.phone_id.as_ref().unwrap(), "{}", said_yes).await?;
                begun.send(()).ok();
                ends.await.ok();
                Ok::<_, Error>(is_given)
            });
            unit.await
        });
        has_begun.await.unwrap();
        let comes = tokio::spawn(async move { login.browser.get(&format!("{path}/{}", login.id)).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        end.send(()).unwrap();
        assert_eq!(yes.await.unwrap(), Ok(true));
        let page = comes.await.unwrap();
        assert!(page.answer("code").is_none() && page.headers.get("set-cookie").is_none(), "{path} {runs_out} {} {:?}", page.status, page.location());
    }
}

pub(crate) async fn a_no_stays_a_no_and_a_yes_is_one_yes(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let school = kommun.school();
    let (mut no, yes) = (school.begins(kommun.browser()).await, school.begins(kommun.browser()).await);
    let now = kommun.now();
    let (txn, bytes) = claimed(kommun, &phone, &no).await;
    assert_eq!(phone.shows(&txn, None, now).await.0, 204);
    for _ in 0..2 {
        assert_eq!(phone.declines(&txn, now).await.0, 204);
    }
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes, now).await.0, 410);
    assert_eq!(phone.shows(&txn, None, now).await.0, 410);
    assert_eq!(no.status().await["state"], json!("not-me"));
    assert!(no.browser.get(&format!("/authorize/{}", no.id)).await.answer("code").is_none());

    let (txn, bytes) = claimed(kommun, &phone, &yes).await;
    assert_eq!(claimed(kommun, &phone, &yes).await, (txn.clone(), bytes.clone()), "asked again: the same bytes");
    assert_eq!(phone.shows(&txn, None, now).await.0, 204);
    let answers = kommun.fifty(|_| {
        let (phone, txn, bytes) = (phone.clone(), txn.clone(), bytes.clone());
        async move { phone.signs(&txn, &phone.approval, &bytes, now).await }
    });
    let answers = answers.await;
    assert!(answers.iter().all(|answer| answer == &answers[0] && answer.0 == 200), "{answers:?}");
    assert_eq!(phone.declines(&txn, now).await.0, 410, "too late for a no");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.given'").await, 1);
    kommun.journal_holds().await;
}

pub(crate) async fn of_two_phones_and_fifty_claims_one_wins(kommun: &Kommun) {
    let phones = [kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await];
    let login = kommun.school().begins(kommun.browser()).await;
    let (start, now) = (link(&login), kommun.now());
    let answers = kommun.fifty(|number| {
        let (phone, start) = (phones[number % 2].clone(), start.clone());
        async move { phone.claims(&start, now).await }
    });
    let answers = answers.await;
    let won = |parity: usize| answers.iter().enumerate().filter(|(number, answer)| number % 2 == parity && answer.0 == 200).count();
    assert!((won(0) == 0) != (won(1) == 0), "one phone has it: {} and {}", won(0), won(1));
    assert!(answers.iter().all(|answer| [200, 410].contains(&answer.0)), "{answers:?}");
    let mut bytes: Vec<_> = answers.iter().filter(|answer| answer.0 == 200).map(|answer| bytes_of(&answer.1)).collect();
    bytes.dedup();
    assert_eq!(bytes.len(), 1, "and one text to sign");
}

pub(crate) async fn of_fifty_who_consume_one_wins(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let login = kommun.school().begins(kommun.browser()).await;
    let now = kommun.now();
    let id = login.id.clone();
    assert!(kommun.server.db.write(async |tx| carried::consume(tx, &id, now).await).await.unwrap().is_none(), "not approved");
    assert_eq!(phone.approves(&link(&login), now).await.0, 200);
    let answers = kommun.fifty(|_| {
        let (server, id) = (kommun.server.clone(), login.id.clone());
        async move { server.db.write(async |tx| carried::consume(tx, &id, now).await).await.unwrap().is_some() }
    });
    assert_eq!(answers.await.into_iter().filter(|won| *won).count(), 1);
}

pub(crate) async fn pages_that_were_not_read_are_not_approved(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let signature = asked(kommun, &mut signer, "protokoll").await;
    let phone = BarePhone::enrolled(kommun, signer.affiliation.clone(), &kommun.invites_again(&signer.affiliation).await).await;
    let now = kommun.now();
    let (status, answer) = phone.claims(&Start::Assigned { signature: signature.clone() }, now).await;
    assert_eq!(status, 200, "{answer}");
    let (bytes, pages) = (bytes_of(&answer), u32::try_from(answer["documents"][0].as_u64().unwrap()).unwrap());
    let txn = txn_of(&bytes);
    for read in [None, Some(&[][..]), Some(&[0][..]), Some(&[pages - 1][..]), Some(&[pages + 1][..]), Some(&[pages, pages][..])] {
        let (status, answer) = phone.shows(&txn, read, now).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("pages_unread")), "{read:?} of {pages}");
    }
    assert_eq!(phone.signs(&txn, &phone.approval, &bytes, now).await.0, 410);
    let stranger = kommun.bare("Bo Ek").await;
    assert_eq!(stranger.claims(&Start::Assigned { signature }, now).await.0, 410, "another's signature does not exist");
    for page in [format!("/phone/approvals/{txn}/documents/1/pages/1"), format!("/phone/approvals/{txn}/documents/1/pages/{}", pages + 1)] {
        assert!([404, 410].contains(&stranger.calls("GET", &page, None, now).await.0), "{page}");
    }
    assert_eq!(phone.calls("GET", &format!("/phone/approvals/{txn}/documents/1/pages/{}", pages + 1), None, now).await.0, 404);
    assert_eq!(phone.calls("GET", &format!("/phone/approvals/{txn}/documents/2/pages/1"), None, now).await.0, 404);
}

/// A person with two phones says yes on one of them: only the text that was opened last can be signed.
pub(crate) async fn the_second_phone_ends_the_first_ones_screen(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let signature = asked(kommun, &mut signer, "protokoll").await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        phones.push(BarePhone::enrolled(kommun, signer.affiliation.clone(), &kommun.invites_again(&signer.affiliation).await).await);
    }
    let (start, now) = (Start::Assigned { signature: signature.clone() }, kommun.now());
    let (_, first) = phones[0].claims(&start, now).await;
    let bytes = bytes_of(&first);
    let pages = phones[0].reads(&txn_of(&bytes), &first, now).await;
    assert_eq!(phones[0].shows(&txn_of(&bytes), Some(&pages), now).await.0, 204);
    assert_eq!(phones[1].claims(&start, now).await.0, 200);
    assert_eq!(phones[0].signs(&txn_of(&bytes), &phones[0].approval, &bytes, now).await.0, 410, "a yes that would give nothing");
    assert_eq!(phones[1].approves(&start, now).await.0, 200);
    assert_eq!(crate::journeys::signed(kommun, &signature).await.state, handslag_server::signing::State::Signed);
    assert_eq!(phones[0].claims(&start, now).await.0, 410, "signed once");
    kommun.journal_holds().await;
}
