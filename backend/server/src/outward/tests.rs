//! Attack 22, with real sockets.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Somebody who answers each connection with the same bytes and remembers what was asked.
struct Other {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Other {
    async fn answers(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = vec![0; 4096];
                let length = stream.read(&mut buffer).await.unwrap_or(0);
                heard.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                stream.write_all(answer).await.unwrap();
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
            }
        });
        Self { port, asked }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks", self.port)
    }

    fn named(&self) -> Outward {
        Outward::new(&Outbound { allow: vec![format!("127.0.0.1:{}", self.port)], roots: Vec::new() }).unwrap()
    }
}

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"keys\":[]}";

fn closed() -> Outward {
    Outward::new(&Outbound::default()).unwrap()
}

#[tokio::test]
async fn what_the_operator_names_is_fetched_and_told() {
    let other = Other::answers(GOOD).await;
    let fetched = other.named().get(&other.url(), "application/jwk-set+json").await.unwrap();
    assert_eq!((fetched.status, fetched.content_type.as_deref(), fetched.body.as_slice()), (200, Some("application/json"), &b"{\"keys\":[]}"[..]));
    let status = other.named().post(&other.url(), "application/json", Some("secret-token"), b"{}".to_vec()).await;
    assert_eq!(status, Ok(200));
    let asked = other.asked.lock().unwrap().join("");
    for part in ["GET /jwks HTTP/1.1", "accept: application/jwk-set+json", "POST /jwks HTTP/1.1", "authorization: Bearer secret-token"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

/// Attack 22: CVE-2020-10770, CVE-2025-67494, CVE-2026-27945.
#[tokio::test]
async fn nobody_else_makes_us_call_inward() {
    let other = Other::answers(GOOD).await;
    let (port, outward) = (other.port, closed());
    let hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    for host in hosts {
        assert_eq!(outward.get(&format!("https://{host}:{port}/jwks"), "*/*").await, Err(Refusal::Address), "{host}");
        assert_eq!(outward.get(&format!("http://{host}:{port}/jwks"), "*/*").await, Err(Refusal::Plain), "{host}");
    }
    for inner in ["10.0.0.1", "192.168.0.1", "169.254.169.254", "[fd00::1]", "[64:ff9b::a00:1]", "100.64.1.1"] {
        assert_eq!(outward.post(&format!("https://{inner}/"), "text/plain", None, Vec::new()).await, Err(Refusal::Address), "{inner}");
    }
    assert_eq!(other.count(), 0, "not even a connection");
}

/// Attack 22: one name and port is named, and no other.
#[tokio::test]
async fn an_exemption_is_for_one_host_and_one_port() {
    let (named, beside) = (Other::answers(GOOD).await, Other::answers(GOOD).await);
    let outward = named.named();
    assert!(outward.get(&named.url(), "*/*").await.is_ok());
    assert_eq!(outward.get(&beside.url(), "*/*").await, Err(Refusal::Plain));
    assert_eq!(outward.get(&format!("https://127.0.0.1:{}/", beside.port), "*/*").await, Err(Refusal::Address));
    assert_eq!(outward.get(&format!("http://localhost:{}/jwks", named.port), "*/*").await, Err(Refusal::Plain), "another name of the same machine");
    assert_eq!(beside.count(), 0);
}

/// Attack 22, rebinding: what a name server says a second time is never asked, and of a mixed answer only what is public is tried.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let other = Other::answers(GOOD).await;
    let (port, count) = (other.port, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let lookup: Lookup = Arc::new(move |_| {
        let is_first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        // A public address that answers nobody here, then the inner one.
        let answers: Vec<SocketAddr> = if is_first { vec!["[2001:200::1]:0", "127.0.0.1:0"] } else { vec!["127.0.0.1:0"] }
            .into_iter()
            .map(|address| address.parse().unwrap())
            .collect();
        Box::pin(async move { Ok(answers) })
    });
    let mut outward = Outward::with_lookup(&Outbound::default(), lookup).unwrap();
    outward.whole = Duration::from_millis(500);
    let url = format!("https://rebinding.example:{port}/jwks");
    let first = outward.get(&url, "*/*").await;
    assert!(matches!(first, Err(Refusal::Failed | Refusal::TooSlow)), "{first:?}");
    assert_eq!(count.load(Ordering::SeqCst), 1, "resolved once for one call");
    assert_eq!(outward.get(&url, "*/*").await, Err(Refusal::Address));
    assert_eq!(other.count(), 0);
}

/// Attack 22.
#[tokio::test]
async fn nothing_is_redirected_endless_or_slow() {
    let elsewhere = Other::answers(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(elsewhere.named().get(&elsewhere.url(), "*/*").await, Err(Refusal::Redirect));
    assert_eq!(elsewhere.named().post(&elsewhere.url(), "text/plain", None, Vec::new()).await, Err(Refusal::Redirect));

    let long: &'static [u8] = [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..], &vec![b'a'; USUAL + 1]].concat().leak();
    let endless = Other::answers(long).await;
    assert_eq!(endless.named().get(&endless.url(), "*/*").await, Err(Refusal::TooLarge));
    assert_eq!(endless.named().get_at_most(&endless.url(), "*/*", USUAL + 1).await.map(|fetched| fetched.body.len()), Ok(USUAL + 1));

    let silent = Other::answers(b"").await;
    let mut outward = silent.named();
    outward.whole = Duration::from_millis(200);
    assert_eq!(outward.get(&silent.url(), "*/*").await, Err(Refusal::TooSlow));
}

/// Attack 22: what two parsers could read in two ways is not read.
#[tokio::test]
async fn only_one_reading_of_an_address_is_called() {
    let other = Other::answers(GOOD).await;
    let (port, outward) = (other.port, other.named());
    let odd = [
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://user:word@127.0.0.1:{port}/"),
        format!("http://@127.0.0.1:{port}/"),
        format!("http://public.example@127.0.0.1:{port}/"),
        format!("http:\\\\127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}\\@public.example/"),
        format!("http://127.0.0.1:{port}/ HTTP/1.1"),
        format!("http://127.0.0.1:{port}/\r\nhost: x"),
        format!("ftp://127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        "https:///jwks".to_owned(),
        "jwks".to_owned(),
        String::new(),
    ];
    for address in odd {
        assert_eq!(outward.get(&address, "*/*").await, Err(Refusal::Form), "{address:?}");
    }
    assert_eq!(other.count(), 0);
}

/// A server with a certificate that nobody vouches for is not heard, also where its address is allowed.
#[tokio::test]
async fn an_exemption_is_not_from_certificates() {
    let other = Other::answers(GOOD).await;
    assert_eq!(other.named().get(&format!("https://127.0.0.1:{}/", other.port), "*/*").await, Err(Refusal::Failed));
}
