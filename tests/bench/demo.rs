//! The built program's demonstration in a process of its own, and somebody at its pages: plain HTTP/1.1 over one connection a request,
//! so that every byte and every millisecond is the program's.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Nothing takes longer to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A demonstration that runs; ends with this value.
pub(crate) struct Demo {
    child: Child,
    /// From the start of the process until the first page was answered whole.
    pub(crate) answered_after: Duration,
    visitor: Visitor,
}

/// Somebody with a browser that keeps cookies and follows redirects.
pub(crate) struct Visitor {
    port: u16,
    cookies: BTreeMap<String, String>,
}

/// An answer.
pub(crate) struct Answer {
    /// Where the redirects ended.
    pub(crate) path: String,
    /// The page.
    pub(crate) body: String,
    /// Head and body as they came over the wire.
    pub(crate) bytes: usize,
}

impl Demo {
    /// Starts the program beside this one with its data in a folder, and asks for the first page until it comes.
    pub(crate) fn start(data: &Path) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(program()?);
        command.arg("demo").arg("--port").arg(port.to_string()).arg("--data").arg(data).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let mut demo = Self { child: command.spawn()?, answered_after: PATIENCE, visitor: Visitor { port, cookies: BTreeMap::new() } };
        while started.elapsed() < PATIENCE {
            if demo.visitor.get("/").is_ok() {
                demo.answered_after = started.elapsed();
                return Ok(demo);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::other("the demonstration does not answer"))
    }

    /// Somebody at its pages.
    pub(crate) fn visitor(&mut self) -> &mut Visitor {
        &mut self.visitor
    }

    /// `VmRSS`, in MiB.
    pub(crate) fn resident(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().map_err(io::Error::other)?;
        Ok(kilobytes / 1_024.0)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `handslag` beside this program.
pub(crate) fn program() -> io::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("handslag");
    if program.exists() { Ok(program) } else { Err(io::Error::other(format!("{} is not built", program.display()))) }
}

impl Visitor {
    /// Opens a page.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.follow("GET", path, "", "")
    }

    /// Opens a page as a browser that takes compressed answers; only its size is of use.
    pub(crate) fn weigh(&mut self, path: &str) -> io::Result<usize> {
        Ok(self.follow("GET", path, "", "accept-encoding: gzip, deflate, br\r\n")?.bytes)
    }

    /// Sends a form.
    pub(crate) fn post(&mut self, path: &str, form: &str) -> io::Result<Answer> {
        self.follow("POST", path, form, "")
    }

    /// Sends a form as a browser that takes compressed answers; only the answer's size is of use.
    pub(crate) fn weigh_post(&mut self, path: &str, form: &str) -> io::Result<usize> {
        Ok(self.follow("POST", path, form, "accept-encoding: gzip, deflate, br\r\n")?.bytes)
    }

    fn follow(&mut self, method: &str, path: &str, form: &str, more: &str) -> io::Result<Answer> {
        let (mut head, mut body) = self.ask(method, path, form, more)?;
        let mut path = path.to_owned();
        for _ in 0..10 {
            let Some(next) = header(&head, "location").next().map(|to| without_host(to).to_owned()) else { break };
            (head, body) = self.ask("GET", &next, "", more)?;
            path = next;
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(format!("{path}: {}", head.lines().next().unwrap_or_default())));
        }
        Ok(Answer { path, bytes: head.len() + 4 + body.len(), body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn ask(&mut self, method: &str, path: &str, form: &str, more: &str) -> io::Result<(String, Vec<u8>)> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\naccept: text/html\r\naccept-language: sv\r\ncookie: {}\r\n{more}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.port,
            cookies.join("; "),
            form.len()
        );
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or_else(|| io::Error::other("no whole answer"))?;
        let body = answer.split_off(end + 4);
        let head = String::from_utf8_lossy(&answer).trim_end().to_owned();
        for cookie in header(&head, "set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok((head, body))
    }
}

fn header<'h>(head: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    head.lines().filter_map(move |line| line.split_once(": ").filter(|(is, _)| *is == name).map(|(_, value)| value))
}

/// The service's own address, and the provider's, are this one's.
fn without_host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    if rest.len() == address.len() { address } else { rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/")) }
}

/// What stands between two texts of a page.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> io::Result<&'t str> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.map(|(found, _)| found).ok_or_else(|| io::Error::other(format!("the page has no {before}")))
}
