//! Slow clients, many clients, large bodies: the server stays up, and says why it refuses.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use handslag_server::{config::Limits, listen::listen};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{sleep, timeout},
};

use super::kill::Node;
use crate::{
    contracts::engine::Folder,
    kommun::{Browser, Kommun},
};

fn impatient() -> Limits {
    Limits { connections: 6, end_seconds: 3, head_seconds: 2, request_seconds: 3, stalled_seconds: 4, upload_seconds: 3, ..Limits::default() }
}

fn host(kommun: &Kommun) -> &str {
    kommun.base.trim_start_matches("http://")
}

/// Writes these bytes, then one more a second, and gives what came back before the connection was closed, and when that was.
async fn drips(address: &str, first: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    stream.write_all(first.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    timeout(Duration::from_secs(20), read.read_to_end(&mut answer)).await.expect("the connection is closed").ok();
    let closed = began.elapsed();
    dripping.abort();
    (String::from_utf8_lossy(&answer).into_owned(), closed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_sends_one_byte_a_second_is_closed() {
    let kommun = Kommun::configured(|config| config.limits = impatient()).await;
    let form = "POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 900\r\n\r\ngrant_type=";
    let pdf = "POST /underskrift HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 90000\r\n\r\n";
    let (head, body, silent, upload) = tokio::join!(
        drips(host(&kommun), "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "),
        drips(host(&kommun), form),
        drips(host(&kommun), ""),
        drips(host(&kommun), pdf),
    );
    assert!(head.1 < Duration::from_secs(5) && !head.0.contains("200 OK"), "the head: {head:?}");
    assert!(silent.1 < Duration::from_secs(5), "nothing but a byte now and then: {silent:?}");
    assert!(body.1 < Duration::from_secs(6) && body.0.starts_with("HTTP/1.1 408") && body.0.contains("\"too_slow\""), "the body: {body:?}");
    assert!(upload.1 < Duration::from_secs(6) && upload.0.starts_with("HTTP/1.1 4"), "a document: {upload:?}");
    assert_eq!(kommun.browser().get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_there_is_room_for_wait_at_the_door() {
    let kommun = Kommun::configured(|config| config.limits = impatient()).await;
    let mut idle = Vec::new();
    for _ in 0..6 {
        idle.push(TcpStream::connect(host(&kommun)).await.unwrap());
    }
    sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    assert_eq!(kommun.browser().get("/healthz").await.status, 200);
    let waited = began.elapsed();
    assert!(waited > Duration::from_millis(800) && waited < Duration::from_secs(6), "it waited until an idle one was ended: {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_before_the_end_is_answered_and_nothing_after() {
    let (listener, (stop, stopped)) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), oneshot::channel::<()>());
    let address = listener.local_addr().unwrap();
    let slow = |seconds: u64| async move {
        sleep(Duration::from_secs(seconds)).await;
        "answered"
    };
    let app = Router::new().route("/slow", get(move || slow(1))).route("/stuck", get(move || slow(60)));
    let limits = impatient();
    let serving = tokio::spawn(async move { listen(app, listener, &limits, async { stopped.await.unwrap_or_default() }).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = tokio::spawn(http.get(format!("http://{address}/slow")).send());
    let idle = TcpStream::connect(address).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    stop.send(()).unwrap();
    let began = Instant::now();
    timeout(Duration::from_secs(5), serving).await.unwrap().unwrap();
    let ended = began.elapsed();
    assert!(ended > Duration::from_millis(400), "it waited for the answer that was under way: {ended:?}");
    assert!(ended < Duration::from_millis(2_500), "and not for the connection on which nothing was: {ended:?}");
    assert_eq!(asked.await.unwrap().unwrap().text().await.unwrap(), "answered");
    assert!(TcpStream::connect(address).await.is_err(), "nobody is taken any more");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_request_has_its_weight() {
    let kommun = Kommun::sqlite().await;
    let browser = kommun.browser();
    for (path, most) in [("/token", 64 * 1024), ("/logga-ut", 64 * 1024), ("/phone/enrol/start", 256 * 1024), ("/tsa", 64 * 1024)] {
        for accept in ["application/json", "text/html"] {
            let request = browser.http.post(format!("{}{path}", kommun.base)).header("accept", accept).header("accept-language", "sv");
            let answer = request.body(vec![b'x'; most + 1]).send().await.unwrap();
            assert_eq!(answer.headers()["connection"], "close", "{path} {accept}: nothing can follow what was not read");
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert!(status == 413 && text.contains("Det som skickades är för stort."), "{path} {status} {text}");
        }
        let answer = browser.http.post(format!("{}{path}", kommun.base)).body(vec![b'x'; most]).send().await.unwrap();
        assert_ne!(answer.status(), 413, "{path}: as much as that is read");
    }
    // A weight that is not told is counted.
    let mut stream = TcpStream::connect(host(&kommun)).await.unwrap();
    let head = "POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n";
    let heavy = [head.as_bytes(), b"11000\r\n", &vec![b'x'; 0x11000], b"\r\n0\r\n\r\n"].concat();
    stream.write_all(&heavy).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"too_large\""), "{answer}");
    let text = kommun.browser().get("/healthz").await;
    assert!(!text.headers.contains_key("strict-transport-security"), "plain http promises nothing");
    let safe = Kommun::configured(|config| config.issuer = config.issuer.replace("http://", "https://")).await;
    assert_eq!(safe.browser().get("/healthz").await.headers["strict-transport-security"], "max-age=31536000");
}

const LARGE: usize = 200 * 1024 * 1024;

/// What the process has held at most, in KiB.
fn most_held(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends a generated file of 200 MiB; gives the answer.
async fn pours(address: &str, cookie: &str, accept: &str, told: bool) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\ncontent-type: application/pdf\r\n\r\n%PDF-1.7\n";
    let length = if told { format!("content-length: {LARGE}") } else { "transfer-encoding: chunked".to_owned() };
    let start = format!(
        "POST /underskrift HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\naccept: {accept}\r\ncontent-type: multipart/form-data; boundary=b\r\n{length}\r\n\r\n"
    );
    stream.write_all(start.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let pouring = tokio::spawn(async move {
        let piece = vec![b'%'; 64 * 1024];
        let chunk = |bytes: &[u8]| if told { bytes.to_vec() } else { [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat() };
        let mut sent = head.len();
        if write.write_all(&chunk(head.as_bytes())).await.is_err() {
            return sent;
        }
        let piece = chunk(&piece);
        while sent < LARGE && write.write_all(&piece).await.is_ok() {
            sent += 64 * 1024;
        }
        sent
    });
    let mut answer = Vec::new();
    timeout(Duration::from_mins(1), read.read_to_end(&mut answer)).await.expect("an answer").unwrap();
    let sent = pouring.await.unwrap();
    assert!(sent >= LARGE, "the client was heard out to its last byte: {sent}");
    String::from_utf8_lossy(&answer).into_owned()
}

fn stored(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("documents")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_200_mib_is_refused_with_a_sentence_and_nothing_grows() {
    let folder = Folder::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let node = Node::start(folder.path(), port, &folder.path().join("log"));
    let (issuer, address) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    let mut browser = Browser::new(&format!("http://{address}"), &issuer);
    browser.get("/demo/skrivbord").await;
    let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    assert!(cookie.contains("session="), "{cookie}");
    let before = most_held(node.id());
    let json = pours(&address, &cookie, "application/json", true).await;
    let problem: Value = serde_json::from_str(json.rsplit("\r\n").next().unwrap()).unwrap();
    assert!(json.starts_with("HTTP/1.1 413") && problem["code"] == "file_too_large", "{json}");
    assert!(problem["sv"].as_str().unwrap().contains("100 MB") && problem["en"].as_str().unwrap().contains("100 MB"), "{problem}");
    let page = pours(&address, &cookie, "text/html", true).await;
    assert!(page.starts_with("HTTP/1.1 413") && page.contains("Dokumentet är för stort."), "{page}");
    let untold = pours(&address, &cookie, "application/json", false).await;
    assert!(untold.starts_with("HTTP/1.1 411") && untold.contains("length_required"), "{untold}");
    let grown = most_held(node.id()).saturating_sub(before);
    println!("three times 200 MiB: the process grew by {grown} KiB");
    assert!(grown < 16 * 1024, "{grown} KiB");
    assert_eq!(stored(folder.path()), 0);
    assert_eq!(browser.get("/underskrifter").await.status, 200, "and goes on");
}
