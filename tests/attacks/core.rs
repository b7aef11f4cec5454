//! The signing core and the timestamp service: the two who hold keys that others trust.

use data_encoding::BASE64URL_NOPAD;
use handslag_keys::Kind;
use handslag_pades::{
    cms,
    timestamp::{self, Imprint},
};
use handslag_phone::wire::{Bearer, Octets, Start};
use handslag_server::{caller::Rng, outbox};
use handslag_vocab::{Approval, ApprovalId, Seconds};
use serde_json::{Value, json};

use crate::{
    journeys::{asked, signed},
    kommun::{BarePhone, Kommun, bytes_of},
};

/// What only the portal can show.
fn ticket(kommun: &Kommun) -> String {
    format!("hs_core_{}", BASE64URL_NOPAD.encode(&kommun.server.keys.mac(Kind::Cookie, b"signing core").unwrap()))
}

async fn ordered(kommun: &Kommun, ticket: &str, approval: &ApprovalId, attributes: Vec<u8>) -> (u16, Value) {
    let browser = kommun.browser();
    let body = json!({ "approval": approval, "signed_attributes": Octets(attributes) });
    let answer = browser.http.post(format!("{}/signing-core/sign", kommun.base)).bearer_auth(ticket).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

fn attributes(digest: &[u8; 32]) -> Vec<u8> {
    cms::Request::new(*digest).der().unwrap()
}

pub(crate) async fn the_core_signs_what_was_approved_and_nothing_else(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let signature = asked(kommun, &mut signer, "protokoll").await;
    let phone = BarePhone::enrolled(kommun, signer.affiliation.clone(), &kommun.invites_again(&signer.affiliation).await).await;
    let (start, now) = (Start::Assigned { signature: signature.clone() }, kommun.now());
    let (_, claimed) = phone.claims(&start, now).await;
    let approval = Approval::parse(&bytes_of(&claimed)).unwrap();
    let (id, digest) = (approval.transaction.clone(), *approval.documents[0].signed_bytes.as_bytes());
    let ticket = ticket(kommun);
    for wrong in ["", "x", &ticket.to_uppercase(), "hs_core_AAAA"] {
        assert_eq!(ordered(kommun, wrong, &id, attributes(&digest)).await.0, 401, "{wrong}");
    }
    let refused = async |id: &ApprovalId, attributes: Vec<u8>, why: &str| {
        let (status, answer) = ordered(kommun, &ticket, id, attributes).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("not_approved")), "{why}");
    };
    refused(&id, attributes(&digest), "nobody has said yes").await;
    refused(&ApprovalId::random(&mut Rng::system()), attributes(&digest), "an approval that does not exist").await;
    let login = kommun.school().begins(kommun.browser()).await;
    assert_eq!(phone.approves(&Start::Link { token: Bearer::new(&login.link) }, now).await.0, 200);
    refused(&login.id, attributes(&digest), "a log-in is no signature").await;

    assert_eq!(phone.approves(&start, now).await.0, 200);
    signed(kommun, &signature).await;
    let mut other = digest;
    other[31] ^= 1;
    refused(&id, attributes(&other), "another digest").await;
    let der = attributes(&digest);
    let mangled: [&[u8]; 4] = [b"", b"junk", &der[..der.len() - 1], &[&der[..], b"\0"].concat()];
    for junk in mangled {
        refused(&id, junk.to_vec(), "no attributes of ours").await;
    }
    let (first, again) = (ordered(kommun, &ticket, &id, attributes(&digest)).await, ordered(kommun, &ticket, &id, attributes(&digest)).await);
    assert_eq!((first.0, &first), (200, &again), "who asks again after a kill gets the same answer");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM core_answers").await, 1);
    kommun.journal_holds().await;
}

pub(crate) async fn of_fifty_takers_of_the_outbox_one_wins(kommun: &Kommun) {
    let later = kommun.now() + Seconds::hours(1); // the node itself does not see it before
    kommun.server.db.write(async |tx| outbox::leave(tx, outbox::Topic::SignatureApproved, "work", later).await).await.unwrap();
    let take = |at| {
        kommun.fifty(move |_| {
            let server = kommun.server.clone();
            async move { server.db.write(async |tx| outbox::take(tx, outbox::Topic::SignatureApproved, at).await).await.unwrap() }
        })
    };
    let won: Vec<_> = take(later).await.into_iter().flatten().collect();
    assert_eq!((won.len(), won[0].attempts), (1, 1));
    assert_eq!(take(later + Seconds(19)).await.into_iter().flatten().count(), 0, "leased");
    let again: Vec<_> = take(later + Seconds(20)).await.into_iter().flatten().collect();
    assert_eq!((again.len(), again[0].attempts), (1, 2), "its taker died: another follows");
    let done = kommun.fifty(|_| {
        let server = kommun.server.clone();
        async move { server.db.write(async |tx| outbox::done(tx, outbox::Topic::SignatureApproved, "work", later).await).await.unwrap() }
    });
    assert_eq!(done.await.into_iter().filter(|done| *done).count(), 1);
    assert_eq!(take(later + Seconds::days(1)).await.into_iter().flatten().count(), 0);
}

pub(crate) async fn the_timestamp_service_refuses_junk(kommun: &Kommun) {
    let http = kommun.browser().http;
    let ask = async |media: &str, body: Vec<u8>| {
        let answer = http.post(format!("{}/tsa", kommun.base)).header("content-type", media).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    };
    let request = timestamp::Request::new(Imprint::of(b"signature"), &mut Rng::system()).unwrap();
    let policy = "1.3.6.1.4.1.32473.1.2".parse().unwrap();
    let der = request.der().unwrap();
    let (status, response) = ask("application/timestamp-query", der.clone()).await;
    assert_eq!(status, 200);
    assert!(timestamp::check(&response, &request, &[policy]).is_ok());
    let other = timestamp::Request::new(Imprint::of(b"another"), &mut Rng::system()).unwrap();
    assert!(timestamp::check(&response, &other, &[policy]).is_err());
    let mut md5 = der.clone();
    md5.truncate(der.len() - 3);
    for junk in [Vec::new(), b"junk".to_vec(), md5, [&der[..], b"\0"].concat(), vec![0x30; 64]] {
        let (status, response) = ask("application/timestamp-query", junk.clone()).await;
        assert_eq!(status, 200, "the refusal is in the response (RFC 3161 §2.4.2): {junk:?}");
        assert!(timestamp::check(&response, &request, &[policy]).is_err(), "{junk:?}");
        assert!(response.len() < 100, "no token in it");
    }
    assert_eq!(ask("text/plain", der).await.0, 400);
    assert_eq!(ask("application/timestamp-query", vec![0x30; 300 * 1024]).await.0, 413);
}
