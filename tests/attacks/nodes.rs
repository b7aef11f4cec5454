//! Two real processes behind one address: one of them is killed, Redis is stopped, emptied and started again, and everything goes on. What
//! was used once is never taken again, on either of them.

use std::time::{Duration, Instant};

use handslag_keys::Kind;
use handslag_phone::wire::{Bearer, Start};
use handslag_server::caller::Rng;
use serde_json::{Value, json};

use crate::{
    contracts::redis::Redis,
    journeys::verified,
    kommun::{BarePhone, Browser, Device, Kommun, Login, ORG_ID, Portal, Processes, bytes_of, post, txn_of},
};

const DURABLE: &str = "SELECT COUNT(*) FROM seen_once WHERE purpose = 'dpop'";

/// What was taken once, to be sent again.
#[derive(Default)]
struct Used {
    sent: Vec<Sent>,
}

/// A form of the token endpoint, with its proof where there was one.
struct Sent {
    proof: Option<String>,
    fields: Vec<(String, String)>,
}

impl Used {
    fn keeps(&mut self, proof: Option<&str>, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.sent.push(Sent { proof: proof.map(str::to_owned), fields: fields.collect() });
    }

    /// Attacks 8 and 23: whichever process it comes to.
    async fn is_refused(&self, browser: &Browser) {
        for Sent { proof, fields } in &self.sent {
            let headers: Vec<(&str, &str)> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            for _ in 0..3 {
                let answer = post(browser, "/token", &headers, &fields).await;
                let refusals = ["invalid_client", "invalid_dpop_proof", "use_dpop_nonce"];
                assert!(refusals.contains(&answer.error().1), "{} {}", answer.status, answer.body);
            }
        }
    }
}

/// An app with a device's key that stays logged in.
struct App<'k> {
    portal: Portal,
    device: Device,
    token: String,
    kommun: &'k Kommun,
}

async fn approved(portal: &Portal, phone: &BarePhone, kommun: &Kommun, changes: &[(&str, &str)]) -> (Login, String) {
    let mut login = portal.begins_with(kommun.browser(), changes).await;
    let (status, answer) = phone.approves(&Start::Qr { text: Bearer::new(login.qr().await) }, kommun.now()).await;
    assert_eq!(status, 200, "{answer}");
    let code = login.code().await;
    (login, code)
}

impl<'k> App<'k> {
    async fn logs_in(kommun: &'k Kommun, phone: &BarePhone, used: &mut Used) -> Self {
        let (portal, mut device) = (kommun.field_app(), Device::new(kommun));
        let scope = format!("openid {ORG_ID} offline_access");
        let (login, code) = approved(&portal, phone, kommun, &[("scope", &scope)]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", portal.id.as_str()),
            ("code", code.as_str()),
            ("redirect_uri", portal.redirect_uri.as_str()),
            ("code_verifier", login.verifier.as_str()),
        ];
        let (answer, proof) = device.posts_with_proof(&login.browser, "/token", &fields).await;
        let token = answer.token("refresh_token");
        used.keeps(Some(&proof), &fields);
        Self { portal, device, token, kommun }
    }

    async fn refreshes(&mut self, used: &mut Used) {
        for _ in 0..4 {
            let browser = self.kommun.browser();
            let fields = [("grant_type", "refresh_token"), ("client_id", self.portal.id.as_str()), ("refresh_token", self.token.as_str())];
            let (answer, proof) = self.device.posts_with_proof(&browser, "/token", &fields).await;
            let next = answer.token("refresh_token");
            used.keeps(Some(&proof), &fields);
            self.token = next;
            let token = answer.token("access_token");
            let mut told = self.device.userinfo(&browser, &token).await;
            // While the nodes find Redis again one after the other, each names the place that it reaches (decision 0010).
            for _ in 0..4 {
                if told.error().1 == "use_dpop_nonce" {
                    told = self.device.userinfo(&browser, &token).await;
                }
            }
            assert_eq!(told.status, 200, "{}", told.body);
        }
    }
}

/// A log-in at the school, by assertion.
async fn logs_in_at_school(kommun: &Kommun, phone: &BarePhone, used: &mut Used) -> Value {
    let school = kommun.school();
    let (login, code) = approved(&school, phone, kommun, &[]).await;
    let assertion = school.assertion(&json!({}), &json!({}));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", school.redirect_uri.as_str()),
        ("code_verifier", login.verifier.as_str()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    let answer = post(&login.browser, "/token", &[], &fields).await;
    used.keeps(None, &fields);
    verified(kommun, &answer.token("id_token"), "skolportalen").await
}

/// A no that one process hears reaches the desk that waits at the other.
async fn a_no_arrives(kommun: &Kommun, phone: &BarePhone, bases: &[String]) -> Duration {
    let (here, there) = (Browser::new(&bases[0], &kommun.issuer), BarePhone { base: bases[1].clone(), ..phone.clone() });
    let mut login = kommun.school().begins(here).await;
    let (status, claimed) = there.claims(&Start::Qr { text: Bearer::new(login.qr().await) }, kommun.now()).await;
    assert_eq!(status, 200, "{claimed}");
    let txn = txn_of(&bytes_of(&claimed));
    assert_eq!(there.shows(&txn, None, kommun.now()).await.0, 204);
    let waits = format!("/login/{txn}/status?seen=shown");
    let no = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(there.declines(&txn, kommun.now()).await.0, 204);
        Instant::now()
    };
    let (told, said) = tokio::join!(
        async {
            let page = login.browser.get(&waits).await;
            (page, Instant::now())
        },
        no
    );
    assert!(told.0.body.contains("not-me"), "{}", told.0.body);
    told.1.saturating_duration_since(said)
}

/// AU-08: the loss of Redis and of one node is tolerated. Attacks 4, 6, 8 and 23 across processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_go_on_without_redis_and_without_one_of_them_and_take_nothing_twice() {
    let Some(mut redis) = Redis::own(&[]) else { return };
    let Some(mut kommun) = Kommun::two_nodes_on(&redis, |_| {}).await else { return };
    let phone = kommun.bare("Amina Sahlin").await;
    let mut processes = Processes::start(&kommun, 2).await;
    kommun.base = processes.base.clone();
    let phone = BarePhone { base: kommun.base.clone(), ..phone };
    let (kommun, mut used) = (&kommun, Used::default());

    let mut app = App::logs_in(kommun, &phone, &mut used).await;
    app.refreshes(&mut used).await;
    logs_in_at_school(kommun, &phone, &mut used).await;
    used.is_refused(&kommun.browser()).await;
    assert!(a_no_arrives(kommun, &phone, &processes.bases).await < Duration::from_secs(2));
    assert_eq!(kommun.count(DURABLE).await, 0, "the marks of proofs lie in Redis");

    redis.stop();
    used.is_refused(&kommun.browser()).await;
    app.refreshes(&mut used).await;
    let mut another = App::logs_in(kommun, &phone, &mut used).await;
    logs_in_at_school(kommun, &phone, &mut used).await;
    used.is_refused(&kommun.browser()).await;
    assert!(kommun.count(DURABLE).await > 0, "and without it in the database");
    assert!(a_no_arrives(kommun, &phone, &processes.bases).await < Duration::from_secs(2), "without Redis too");

    redis.start();
    used.is_refused(&kommun.browser()).await;
    app.refreshes(&mut used).await;
    another.refreshes(&mut used).await;
    // Both processes have found it again: nonces name its new life.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    app.refreshes(&mut used).await;
    used.is_refused(&kommun.browser()).await;
    assert_eq!(redis.says("FLUSHALL"), "+OK");
    used.is_refused(&kommun.browser()).await;
    app.refreshes(&mut used).await;

    let before = logs_in_at_school(kommun, &phone, &mut used).await;
    kommun.server.keys.compromise(Kind::TokenSigning, kommun.now(), &mut Rng::system()).unwrap();
    for _ in 0..4 {
        // Verified with the key that is published now: each process signs with the next one at once.
        assert_eq!(logs_in_at_school(kommun, &phone, &mut used).await["sub"], before["sub"]);
    }

    processes.kill(0);
    app.refreshes(&mut used).await;
    logs_in_at_school(kommun, &phone, &mut used).await;
    used.is_refused(&kommun.browser()).await;
    kommun.journal_holds().await;
}
