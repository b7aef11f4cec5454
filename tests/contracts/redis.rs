//! A Redis for one test: the one that the environment names, or one of the test's own, which it may stop, empty and start again.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Once,
    thread::sleep,
    time::Duration,
};

use super::engine::Folder;

static SAID: Once = Once::new();

pub(crate) struct Redis {
    url: String,
    own: Option<Own>,
}

/// A server of the test's own, gone with it.
struct Own {
    child: Option<Child>,
    folder: Folder,
    port: u16,
    /// More words of its configuration.
    words: Vec<&'static str>,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Redis {
    /// The one that `HANDSLAG_REDIS` names.
    pub(crate) fn of_environment() -> Option<Self> {
        let Ok(url) = std::env::var("HANDSLAG_REDIS") else {
            assert!(std::env::var("HANDSLAG_REQUIRE_ALL").is_err(), "HANDSLAG_REDIS must name a server here");
            SAID.call_once(|| writeln!(std::io::stderr(), "NOT TESTED with Redis: HANDSLAG_REDIS names no server").unwrap());
            return None;
        };
        Some(Self { url, own: None })
    }

    /// One of its own, where the environment has Redis at all.
    pub(crate) fn own(words: &[&'static str]) -> Option<Self> {
        Self::of_environment()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut own = Own { child: None, folder: Folder::new(), port, words: words.to_vec() };
        own.start();
        Some(Self { url: format!("redis://127.0.0.1:{port}"), own: Some(own) })
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// SIGKILL: what it has not written down is gone.
    pub(crate) fn stop(&mut self) {
        self.own.as_mut().unwrap().stop();
    }

    /// On the same port, with what it has written down.
    pub(crate) fn start(&mut self) {
        self.own.as_mut().unwrap().start();
    }

    /// One command; gives the first line of the answer.
    pub(crate) fn says(&self, command: &str) -> String {
        let address = self.url.trim_start_matches("redis://");
        said(address, command).unwrap()
    }
}

fn said(address: &str, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = [0; 256];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned())
}

impl Own {
    fn start(&mut self) {
        let port = self.port.to_string();
        let folder = self.folder.path().to_str().unwrap();
        let words = ["--bind", "127.0.0.1", "--port", &port, "--dir", folder, "--save", "", "--appendonly", "no"];
        let child = Command::new("redis-server").args(words).args(&self.words).stdout(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        for _ in 0..100 {
            if said(&format!("127.0.0.1:{port}"), "PING").is_ok_and(|answer| answer == "+PONG") {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("redis-server does not answer on port {port}");
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
