//! The example for outside conformance suites, started as it stands in the documents, but for paths and ports.

use std::{net::TcpListener, path::Path, process::Stdio};

use data_encoding::BASE64URL_NOPAD;
use handslag_store::{Db, Place};
use handslag_vocab::Digest;
use serde_json::{Value, json};

use crate::{
    contracts::engine::Folder,
    kommun::{Browser, Pki, basic, binary, form, post},
};

const EXAMPLE: &str = include_str!("../../docs/examples/conformance.toml");
const SECRET: &str = "hs_client_everybody-knows-this-one";
const REDIRECT: &str = "https://localhost.emobix.co.uk:8443/test/a/handslag/callback";

struct Node(std::process::Child);

impl Drop for Node {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// The example with other paths and ports.
fn moved(folder: &Path, pki: &Pki, (pages, mutual): (&str, &str)) -> String {
    let redirects = "@redirects@";
    let file = EXAMPLE.replace(REDIRECT, redirects).replace("8443", pages).replace("8444", mutual).replace(redirects, REDIRECT);
    let paths = [
        ("/var/lib/handslag/conformance", folder.join("data")),
        ("/etc/handslag/conformance.pem", pki.certificate("server")),
        ("/etc/handslag/conformance.key", pki.key("server")),
        ("/etc/handslag/conformance-clients.pem", pki.certificate("ca")),
    ];
    paths.iter().fold(file, |file, (from, to)| file.replace(&format!("\"{from}\""), &format!("{:?}", to.to_str().unwrap())))
}

async fn started(folder: &Path, pki: &Pki) -> (Node, String, String) {
    let (pages, mutual) = (free(), free());
    let file = folder.join("conformance.toml");
    std::fs::write(&file, moved(folder, pki, (&pages, &mutual))).unwrap();
    let mut command = std::process::Command::new(binary());
    command.args(["serve", "--config", file.to_str().unwrap()]).stdout(Stdio::null()).stderr(std::fs::File::create(folder.join("log")).unwrap());
    let node = Node(command.spawn().unwrap());
    let base = format!("https://localhost:{pages}");
    let browser = pki.browser(&base, &base, None);
    for _ in 0..400 {
        if browser.http.get(format!("{base}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200) {
            return (node, base, format!("https://localhost:{mutual}"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{}", std::fs::read_to_string(folder.join("log")).unwrap());
}

/// From the service's redirect to its code, with no page on the way.
async fn code(browser: &mut Browser, query: &[(&str, String)]) -> String {
    let page = browser.get(&format!("/authorize?{}", form(query))).await;
    let next = page.location().unwrap_or_else(|| panic!("{}", page.body)).to_owned();
    let page = browser.get(&next).await;
    assert!(page.location().unwrap().starts_with(REDIRECT), "{page:?}");
    page.answer("code").unwrap()
}

fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(jwt.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap()
}

/// Issue item 16: log-in and consent without a phone, for a person who has every claim; told and journalled as what it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_for_conformance_suites_answers_without_a_phone_and_says_so() {
    let (folder, pki) = (Folder::new(), Pki::new());
    pki.issues("conformance", "ca", "/CN=conformance", "DNS:conformance.example", "clientAuth");
    let (node, base, mutual) = started(folder.path(), &pki).await;
    let mut browser = pki.browser(&base, &base, None);
    let verifier = "v".repeat(43);
    let challenge = Digest::of(verifier.as_bytes()).to_base64url();
    let query = |client: &str| {
        let pairs = [("response_type", "code"), ("client_id", client), ("redirect_uri", REDIRECT), ("scope", "openid profile email phone address")];
        let more = [("state", "s"), ("nonce", "n"), ("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
        pairs.into_iter().chain(more).map(|(name, value)| (name, value.to_owned())).collect::<Vec<_>>()
    };
    let code = code(&mut browser, &query("conformance-basic")).await;
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT), ("code_verifier", verifier.as_str())];
    let tokens = post(&browser, "/token", &[("authorization", &basic("conformance-basic", SECRET))], &fields).await;
    let id_token = claims(&tokens.token("id_token"));
    assert_eq!(id_token["acr"], "http://id.swedenconnect.se/loa/1.0/uncertified-loa2", "the lowest, and never certified");
    assert_eq!(id_token["amr"], json!([]), "nobody did anything");
    let answer = browser.http.get(format!("{base}/userinfo")).bearer_auth(tokens.token("access_token")).send().await.unwrap();
    let info: Value = answer.json().await.unwrap();
    for claim in ["sub", "name", "given_name", "family_name", "email", "phone_number", "address"] {
        assert!(info.get(claim).is_some_and(|value| value.is_object() || value.as_str().is_some_and(|text| !text.is_empty())), "{claim} {info}");
    }
    assert_eq!((&info["email_verified"], &info["phone_number_verified"]), (&json!(true), &json!(true)));

    // The other services of the file are known too: one comes with its certificate.
    let with = pki.browser(&mutual, &base, Some("conformance"));
    let pushed = [query("conformance-fapi-mtls"), vec![("client_id", "conformance-fapi-mtls".to_owned())]].concat();
    let pushed: Vec<(&str, &str)> = pushed.iter().skip(1).filter(|(name, _)| *name != "scope").map(|(name, value)| (*name, value.as_str())).collect();
    let mut fields: Vec<(&str, &str)> = vec![("response_type", "code"), ("scope", "openid profile")];
    fields.extend(pushed.iter().take(pushed.len() - 1));
    let pushed = post(&with, "/par", &[], &fields).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);

    drop(node);
    let db = Db::open(&Place::Sqlite(folder.path().join("data/handslag.sqlite"))).await.unwrap();
    let count = async |sql: &'static str| db.read(async |tx| tx.one::<(i64,)>(sql, ()).await).await.unwrap().0;
    assert_eq!(count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.given_without_person'").await, 1);
    assert_eq!(count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'approval.given'").await, 0);
}
