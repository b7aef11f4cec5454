//! The signing core and the timestamp service: the two who hold keys that others trust.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use data_encoding::BASE64URL_NOPAD;
use handslag_keys::Kind;
use handslag_pades::{
    cms,
    sign::inspect,
    timestamp::{self, Imprint},
};
use handslag_phone::{
    Outcome,
    wire::{Bearer, Octets, Start},
};
use handslag_server::{
    caller::{Clock, Rng},
    outbox,
    server::Server,
    signing, start,
};
use handslag_vocab::{Approval, ApprovalId, Seconds, SignatureId, UnixTime};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    journeys::{asked, signed},
    kommun::{BarePhone, Kommun, Pick, Worker, bytes_of},
};

/// What only the portal can show, for one body at one time.
fn ticket(kommun: &Kommun, body: &[u8], at: UnixTime) -> String {
    let text = [b"signing core ", at.seconds().to_string().as_bytes(), b" ", body].concat();
    format!("{}.{}", at.seconds(), BASE64URL_NOPAD.encode(&kommun.server.keys.mac(Kind::Cookie, &text).unwrap()))
}

/// The core, as it listens alone.
pub(super) struct Core<'a> {
    kommun: &'a Kommun,
    address: String,
}

impl<'a> Core<'a> {
    pub(super) async fn of(kommun: &'a Kommun) -> Self {
        Self::at(kommun, kommun.server.clone()).await
    }

    async fn at(kommun: &'a Kommun, server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/signing-core/sign", listener.local_addr().unwrap());
        let core = signing::core_routes().with_state(server);
        tokio::spawn(async move { axum::serve(listener, core).await });
        Self { kommun, address }
    }

    async fn ordered(&self, ticket: &str, body: Vec<u8>) -> (u16, Value) {
        self.posted(&self.address, ticket, body).await
    }

    /// The signature that a service asked for, with a ticket for another body than this one where it is wrong.
    pub(super) async fn asked_for_data(&self, approval: &ApprovalId, is_let_in: bool) -> (u16, Value) {
        let body = json!({ "approval": approval }).to_string().into_bytes();
        let known = if is_let_in { body.clone() } else { Vec::new() };
        let address = format!("{}/user-signature", self.address.trim_end_matches("/sign"));
        self.posted(&address, &ticket(self.kommun, &known, self.kommun.now()), body).await
    }

    async fn posted(&self, address: &str, ticket: &str, body: Vec<u8>) -> (u16, Value) {
        let request = self.kommun.browser().http.post(address).bearer_auth(ticket).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// With a ticket made now.
    async fn asked(&self, approval: &ApprovalId, attributes: Vec<u8>) -> (u16, Value) {
        let body = order(approval, attributes);
        self.ordered(&ticket(self.kommun, &body, self.kommun.now()), body).await
    }

    async fn refuses(&self, approval: &ApprovalId, attributes: Vec<u8>, why: &str) {
        let (status, answer) = self.asked(approval, attributes).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("not_approved")), "{why}");
    }
}

fn order(approval: &ApprovalId, attributes: Vec<u8>) -> Vec<u8> {
    json!({ "approval": approval, "signed_attributes": Octets(attributes) }).to_string().into_bytes()
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
    let core = Core::of(kommun).await;
    let body = order(&id, attributes(&digest));
    let right = ticket(kommun, &body, now);
    let other_body = ticket(kommun, &order(&id, attributes(&[7; 32])), now);
    let (old, early) = (ticket(kommun, &body, now - Seconds(90)), ticket(kommun, &body, now + Seconds(90)));
    let forged = right.replacen(&now.seconds().to_string(), &(now.seconds() + 1).to_string(), 1);
    for wrong in ["", "x", ".", &right.to_uppercase(), &other_body, &old, &early, &forged] {
        assert_eq!(core.ordered(wrong, body.clone()).await.0, 401, "{wrong}");
    }
    let open = kommun.browser();
    let answer = open.http.post(format!("{}/signing-core/sign", kommun.base)).bearer_auth(&right).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 404, "the node itself has no such address");
    core.refuses(&id, attributes(&digest), "nobody has said yes").await;
    core.refuses(&ApprovalId::random(&mut Rng::system()), attributes(&digest), "an approval that does not exist").await;
    let login = kommun.school().begins(kommun.browser()).await;
    assert_eq!(phone.approves(&Start::Link { token: Bearer::new(&login.link) }, now).await.0, 200);
    core.refuses(&login.id, attributes(&digest), "a log-in is no signature").await;

    assert_eq!(phone.approves(&start, now).await.0, 200);
    signed(kommun, &signature).await;
    let mut other = digest;
    other[31] ^= 1;
    core.refuses(&id, attributes(&other), "another digest").await;
    let der = attributes(&digest);
    let mangled: [&[u8]; 4] = [b"", b"junk", &der[..der.len() - 1], &[&der[..], b"\0"].concat()];
    for junk in mangled {
        core.refuses(&id, junk.to_vec(), "no attributes of ours").await;
    }
    let (first, again) = (core.asked(&id, attributes(&digest)).await, core.asked(&id, attributes(&digest)).await);
    assert_eq!((first.0, &first), (200, &again), "who asks again after a kill gets the same answer");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 1);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM core_answers").await, 1);
    kommun.journal_holds().await;
}

/// A core that answers with an error so many times, and then as the real one, or takes its time.
#[derive(Default)]
struct IllCore {
    failures: AtomicU32,
    asked: AtomicU32,
    /// A clock that goes on while the core is at work, and by how many seconds.
    meanwhile: OnceLock<(Clock, i64)>,
    real: OnceLock<String>,
}

impl IllCore {
    async fn listening(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/signing-core/sign", post(ill)).with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

async fn ill(State(core): State<Arc<IllCore>>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
    core.asked.fetch_add(1, Ordering::SeqCst);
    let fails = core.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let Some(real) = core.real.get().filter(|_| !fails) else { return (StatusCode::INTERNAL_SERVER_ERROR, b"<h1>ill".to_vec()) };
    if let Some((clock, seconds)) = core.meanwhile.get() {
        clock.advance(*seconds);
    }
    let request = reqwest::Client::new().post(real).header("authorization", &headers["authorization"]);
    let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}

/// The yes waits: nothing is half done meanwhile, and the signature is made once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_fails_for_a_while_loses_nothing() {
    const FAILURES: u32 = 3;
    let core = Arc::new(IllCore { failures: AtomicU32::new(FAILURES), ..IllCore::default() });
    let address = core.listening().await;
    let kommun = Kommun::configured(|config| config.signing_core_url = Some(address)).await;
    core.real.set(Core::of(&kommun).await.address).unwrap();

    let mut signer = kommun.worker("Amina Sahlin").await;
    let id = asked(&kommun, &mut signer, "protokoll").await;
    let outcome = signer.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert!(matches!(outcome, Outcome::Approved { .. }), "{outcome:?}");
    for failed in 1..=FAILURES {
        while core.asked.load(Ordering::SeqCst) < failed {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let signature = kommun.server.db.read(async |tx| signing::by_id(tx, &id).await).await.unwrap().unwrap();
        assert_eq!(signature.state, signing::State::Waiting);
        let left = ["SELECT COUNT(*) FROM core_answers", "SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'"];
        for rows in left {
            assert_eq!(kommun.count(rows).await, 0, "{rows}");
        }
        kommun.server.clock.advance(21); // the lease of who failed has run out
        kommun.server.wakeups.wake(outbox::Topic::SignatureApproved.as_str());
    }
    assert_eq!(signed(&kommun, &id).await.state, signing::State::Signed);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 1);
    kommun.journal_holds().await;
}

async fn holds(kommun: &Kommun, signer: &mut Worker, id: &SignatureId) {
    let file = signer.at_a_desk(kommun).await.get(&format!("/underskrift/{id}/fil.pdf")).await.bytes;
    let found = inspect(&file).unwrap();
    let verified = cms::verify(&found[0].contents, &found[0].digest).unwrap();
    assert!(verified.best_signature_time().unwrap() >= verified.signer.not_before());
}

/// The certificate is made while the portal waits for it; the timestamp is never from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_takes_its_time_makes_no_signature_before_its_certificate() {
    let core = Arc::new(IllCore::default());
    let address = core.listening().await;
    let kommun = Kommun::configured(|config| config.signing_core_url = Some(address)).await;
    core.real.set(Core::of(&kommun).await.address).unwrap();
    core.meanwhile.set((kommun.server.clock.clone(), 2)).ok().unwrap();
    let mut signer = kommun.worker("Amina Sahlin").await;
    let id = asked(&kommun, &mut signer, "protokoll").await;
    signer.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert_eq!(signed(&kommun, &id).await.state, signing::State::Signed);
    assert_eq!(core.asked.load(Ordering::SeqCst), 1);
    holds(&kommun, &mut signer, &id).await;
}

/// Two machines, two clocks: nothing goes out that does not verify, and a little later the same signature does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_whose_clock_is_ahead_is_waited_for() {
    let core = Arc::new(IllCore::default());
    let address = core.listening().await;
    let kommun = Kommun::configured(|config| config.signing_core_url = Some(address)).await;
    let clock = Clock::default();
    clock.advance(15);
    let ahead = start::open_by(kommun.server.config.clone(), clock).await.unwrap();
    core.real.set(Core::at(&kommun, ahead).await.address).unwrap();
    let mut signer = kommun.worker("Amina Sahlin").await;
    let id = asked(&kommun, &mut signer, "protokoll").await;
    signer.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    while kommun.count("SELECT COUNT(*) FROM core_answers").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let signature = kommun.server.db.read(async |tx| signing::by_id(tx, &id).await).await.unwrap().unwrap();
    assert_eq!(signature.state, signing::State::Waiting);
    kommun.server.clock.advance(21); // the lease has run out
    kommun.server.wakeups.wake(outbox::Topic::SignatureApproved.as_str());
    assert_eq!(signed(&kommun, &id).await.state, signing::State::Signed);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'signing.signed'").await, 1, "the same signature");
    holds(&kommun, &mut signer, &id).await;
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
