//! The real program is killed fifty times under load and started again on the same data: nothing that was answered is lost, and
//! what was used stays used.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use handslag_server::{audit, caller::Clock};
use handslag_store::{Db, Place};
use handslag_vocab::UnixTime;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    contracts::engine::Folder,
    kommun::{BarePhone, Kommun, ORG_ID, bytes_of, form, jws, txn_of},
};

const KILLS: u64 = 50;
const WORKERS: usize = 4;

/// What the program has answered before it was killed.
#[derive(Default)]
struct Answered {
    /// A yes: transaction, bytes, and whose phone.
    approved: Vec<(String, Vec<u8>, usize)>,
    /// A code that gave tokens: the form of the exchange without its assertion, and the access token.
    used: Vec<(Vec<(&'static str, String)>, String)>,
    /// Every secret that was in an answer or a request.
    secrets: Vec<String>,
}

#[derive(Clone)]
struct Load {
    answered: Arc<Mutex<Answered>>,
    base: String,
    http: Client,
    issuer: String,
    phone: BarePhone,
    school: p256::ecdsa::SigningKey,
    who: usize,
}

fn now() -> UnixTime {
    Clock::default().now()
}

/// The running program, and the address that it prints.
pub(crate) struct Node {
    child: Child,
    _out: BufReader<std::process::ChildStdout>,
}

impl Node {
    pub(crate) fn start(data: &Path, port: u16, log: &Path) -> Self {
        let mut child = Command::new(crate::kommun::binary())
            .args(["demo", "--data", data.to_str().unwrap(), "--port", &port.to_string()])
            .env("HANDSLAG_LOG", "debug")
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(log).unwrap())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains(&format!(":{port} ")), "it listens where it was told: {line}");
        Self { child, _out: out }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Load {
    /// Logs in until the program is gone.
    async fn runs(self) {
        while self.logs_in().await.is_some() {}
    }

    /// One log-in on the same phone and its exchange; nothing when no answer came.
    async fn logs_in(&self) -> Option<()> {
        let verifier = handslag_vocab::Digest::of(format!("{}", rand()).as_bytes()).to_base64url();
        let address = self.authorization(&verifier);
        let begun = self.http.get(format!("{}{address}", self.base)).send().await.ok()?;
        let cookie = begun.headers().get("set-cookie")?.to_str().ok()?.split(';').next()?.to_owned();
        let waiting = begun.headers().get("location")?.to_str().ok()?.to_owned();
        let page = self.get(&waiting, &cookie).await?.text().await.ok()?;
        let link = page.split_once("href=\"/t/")?.1.split_once('"')?.0.to_owned();
        let back = self.approves(&link).await?;
        let answer = self.get(back.strip_prefix(&self.issuer)?, &cookie).await?;
        let location = answer.headers().get("location")?.to_str().ok()?.to_owned();
        let code = location.split_once("code=")?.1.split('&').next()?.to_owned();
        let exchange = self.exchange(&code, &verifier);
        let (status, tokens) = self.token(&exchange).await?;
        assert_eq!(status, 200, "{tokens}");
        let token = tokens["access_token"].as_str()?.to_owned();
        let mut answered = self.answered.lock().unwrap();
        answered.secrets.extend([code, token.clone(), link, verifier, cookie.split_once('=')?.1.to_owned()]);
        answered.used.push((exchange, token));
        Some(())
    }

    fn authorization(&self, verifier: &str) -> String {
        let challenge = handslag_vocab::Digest::of(verifier.as_bytes()).to_base64url();
        let pairs = [
            ("response_type", "code".to_owned()),
            ("client_id", "skolportalen".to_owned()),
            ("redirect_uri", format!("{}/demo/skola/tillbaka", self.issuer)),
            ("scope", format!("openid {ORG_ID}")),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
        ];
        format!("/authorize?{}", form(&pairs))
    }

    async fn get(&self, path: &str, cookie: &str) -> Option<reqwest::Response> {
        self.http.get(format!("{}{path}", self.base)).header("cookie", cookie).send().await.ok()
    }

    /// Claims, shows, approves; remembers the yes as soon as it is answered.
    async fn approves(&self, link: &str) -> Option<String> {
        let start = json!({ "language": "sv", "start": { "by": "link", "token": link } });
        let (_, claimed) = self.call("/phone/approvals", &start).await?;
        let bytes = bytes_of(&claimed);
        let txn = txn_of(&bytes);
        self.call(&format!("/phone/approvals/{txn}/shown"), &json!({})).await?;
        let (status, answer) = self.yes(&txn, &bytes).await?;
        assert_eq!(status, 200, "{answer}");
        self.answered.lock().unwrap().approved.push((txn, bytes, self.who));
        Some(answer["return_to"].as_str()?.to_owned())
    }

    async fn yes(&self, txn: &str, bytes: &[u8]) -> Option<(u16, Value)> {
        let signature = handslag_phone::es256::sign(&self.phone.approval, bytes);
        self.call(&format!("/phone/approvals/{txn}/approve"), &json!({ "signature": { "by": "app", "signature": signature } })).await
    }

    async fn call(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let proof = self.phone.proof("POST", path, now());
        let answer = self.http.post(format!("{}{path}", self.base)).header("dpop", proof).json(body).send().await.ok()?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.ok()?;
        if bytes.is_empty() { Some((status, Value::Null)) } else { Some((status, serde_json::from_slice(&bytes).ok()?)) }
    }

    fn exchange(&self, code: &str, verifier: &str) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", format!("{}/demo/skola/tillbaka", self.issuer)),
            ("code_verifier", verifier.to_owned()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()),
        ]
    }

    async fn token(&self, exchange: &[(&'static str, String)]) -> Option<(u16, Value)> {
        let (at, jti) = (now().seconds(), format!("jti-{}", rand()));
        let claims = json!({ "iss": "skolportalen", "sub": "skolportalen", "aud": self.issuer, "jti": jti, "iat": at, "exp": at + 60 });
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "skolportalen" });
        let assertion = jws(header.as_object().unwrap(), claims.as_object().unwrap(), &self.school);
        let body = form(&[exchange, &[("client_assertion", assertion)]].concat());
        let request = self.http.post(format!("{}/token", self.base)).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }

    async fn userinfo(&self, token: &str) -> u16 {
        self.http.get(format!("{}/userinfo", self.base)).bearer_auth(token).send().await.unwrap().status().as_u16()
    }
}

/// Different at each call.
fn rand() -> u64 {
    rand_core::Rng::next_u64(&mut handslag_server::caller::Rng::system())
}

/// Everything that was answered before the kill is there, and what was used is refused.
async fn check(loads: &[Load], answered: &Answered) {
    for (txn, bytes, who) in &answered.approved {
        let (status, answer) = loads[*who].yes(txn, bytes).await.unwrap();
        assert_eq!(status, 200, "a yes that was answered stands: {answer}");
    }
    for (exchange, token) in &answered.used {
        assert_eq!(loads[0].userinfo(token).await, 200, "tokens that were given are known");
        let (status, refused) = loads[0].token(exchange).await.unwrap();
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "a code that was used before the kill stays used");
        assert_eq!(loads[0].userinfo(token).await, 401, "and its second use ends what it gave");
    }
}

/// The database opens without the program, and the journal verifies; gives its length.
async fn journal(data: &Path) -> u64 {
    let db = Db::open(&Place::Sqlite(data.join("handslag.sqlite"))).await.unwrap();
    let verified = db.read(async |tx| audit::verify(tx).await).await.unwrap();
    assert!(verified.findings.is_empty() && verified.disposed == 0, "{verified:?}");
    verified.entries
}

/// Workers with phones, enrolled in this process; nothing of it runs afterwards.
fn prepared() -> (Arc<Folder>, Vec<BarePhone>, p256::ecdsa::SigningKey) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let kommun = Kommun::sqlite().await;
        let mut phones = Vec::new();
        for number in 0..WORKERS {
            phones.push(kommun.bare(&format!("Worker Number{number}")).await);
        }
        (Arc::clone(&kommun.folder), phones, kommun.place.school.clone())
    })
}

#[test]
fn nothing_that_was_answered_is_lost_in_fifty_kills() {
    let (folder, phones, school) = prepared();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (issuer, base) = (format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}"));
    let (data, log) = (folder.path().to_owned(), folder.path().join("log"));
    let answered = Arc::new(Mutex::new(Answered::default()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut used, mut approved, mut entries, mut secrets) = (0, 0, 0, Vec::new());
    for kill in 0..=KILLS {
        let node = Node::start(&data, port, &log);
        // New connections after each start.
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10)).build().unwrap();
        let loads: Vec<Load> = phones
            .iter()
            .enumerate()
            .map(|(who, phone)| {
                let phone = BarePhone { issuer: issuer.clone(), base: base.clone(), ..phone.clone() };
                Load {
                    answered: Arc::clone(&answered),
                    base: base.clone(),
                    http: http.clone(),
                    issuer: issuer.clone(),
                    phone,
                    school: school.clone(),
                    who,
                }
            })
            .collect();
        let before = std::mem::take(&mut *answered.lock().unwrap());
        runtime.block_on(check(&loads, &before));
        used += before.used.len();
        approved += before.approved.len();
        secrets.extend(before.secrets);
        let running: Vec<_> = loads.into_iter().map(|load| runtime.spawn(load.runs())).collect();
        // Under load, however slow the machine is: not before one of them has its tokens.
        for _ in 0..1_000 {
            if !answered.lock().unwrap().used.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(kill * 37 % 190));
        node.kill();
        for task in running {
            runtime.block_on(task).unwrap();
        }
        let longer = runtime.block_on(journal(&data));
        assert!(longer >= entries, "the journal only grows");
        entries = longer;
    }
    println!("{KILLS} kills: {used} codes and {approved} approvals were answered before them and stand; {entries} journal entries");
    assert!(used >= 50 && approved >= 50, "the load was no load: {used} codes, {approved} approvals");
    let written = std::fs::read(&log).unwrap();
    assert!(written.len() > 1_000, "the log is on");
    // Word by word, because the log is long and the secrets are many.
    let secrets: HashSet<&[u8]> = secrets.iter().map(String::as_bytes).collect();
    let mut words = written.split(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte));
    let leaked = words.find(|word| word.starts_with(b"hs_") || secrets.contains(word)).map(String::from_utf8_lossy);
    assert!(leaked.is_none(), "the log holds {leaked:?}");
}
