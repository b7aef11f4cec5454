//! Eight clients that ask as fast as they are answered, or at half of that pace.

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::task::JoinSet;

use super::{
    flow::{Hurry, text},
    process::{RESOURCE, Service},
};

const CONNECTIONS: u32 = 8;

/// Before anything is counted.
const WARM: Duration = Duration::from_millis(500);

/// What is asked again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Flow,
    Introspection,
    Refresh,
    Token,
}

/// One of the clients, and what it holds.
struct Worker {
    hurry: Hurry,
    work: Work,
    introspection: String,
    /// The token that it asks about, or refreshes with.
    held: String,
}

/// All of them, ready.
pub(crate) struct Load(Vec<Worker>);

/// What came of it.
pub(crate) struct Run {
    pub(crate) done: f64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

impl Load {
    /// Clients that have logged in where they must.
    pub(crate) async fn of(service: &Service, work: Work) -> io::Result<Self> {
        let mut workers = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut hurry = Hurry::at(service)?;
            let held = match work {
                Work::Token => String::new(),
                Work::Flow => {
                    hurry.warm("bound").await?;
                    String::new()
                }
                Work::Introspection => text(&hurry.flow("app", "openid", false).await?, "access_token")?.to_owned(),
                Work::Refresh => text(&hurry.flow("app", "openid offline_access", false).await?, "refresh_token")?.to_owned(),
            };
            workers.push(Worker { hurry, work, introspection: service.endpoint("introspection_endpoint"), held });
        }
        Ok(Self(workers))
    }

    /// As fast as it goes.
    pub(crate) async fn run(self, service: &Service, length: Duration) -> io::Result<Run> {
        let from = Instant::now() + WARM;
        let until = from + length;
        let mut tasks = JoinSet::new();
        for worker in self.0 {
            tasks.spawn(worker.runs(from, until));
        }
        tokio::time::sleep_until(from.into()).await;
        let before = service.cpu_seconds()?;
        tokio::time::sleep_until(until.into()).await;
        let cpu_seconds = service.cpu_seconds()? - before;
        let mut done = 0_u32;
        while let Some(task) = tasks.join_next().await {
            done += task.map_err(io::Error::other)??;
        }
        Ok(Run { done: done.into(), seconds: length.as_secs_f64(), cpu_seconds })
    }
}

/// A pace that does not wait for answers.
pub(crate) struct Half {
    pub(crate) rate: f64,
    pub(crate) length: Duration,
}

impl Half {
    /// How long 99 of 100 waited at most, counted from when each should have been asked.
    pub(crate) async fn p99(&self, load: Load) -> io::Result<Duration> {
        let pause = Duration::from_secs_f64(f64::from(CONNECTIONS) / self.rate);
        let (from, length) = (Instant::now(), self.length);
        let mut tasks = JoinSet::new();
        for (number, worker) in (0_u32..).zip(load.0) {
            tasks.spawn(worker.paced(from + pause * number / CONNECTIONS, pause, length));
        }
        let mut waited = Vec::new();
        while let Some(task) = tasks.join_next().await {
            waited.extend(task.map_err(io::Error::other)??);
        }
        waited.sort();
        Ok(waited.get(waited.len() * 99 / 100).copied().unwrap_or_default())
    }
}

impl Worker {
    async fn runs(mut self, from: Instant, until: Instant) -> io::Result<u32> {
        let mut done = 0;
        while Instant::now() < until {
            self.once().await?;
            let now = Instant::now();
            done += u32::from(now >= from && now <= until);
        }
        Ok(done)
    }

    async fn paced(mut self, from: Instant, pause: Duration, length: Duration) -> io::Result<Vec<Duration>> {
        let mut waited = Vec::new();
        let mut due = from;
        while due < from + length {
            tokio::time::sleep_until(due.into()).await;
            self.once().await?;
            waited.push(due.elapsed());
            due += pause;
        }
        Ok(waited)
    }

    async fn once(&mut self) -> io::Result<()> {
        match self.work {
            Work::Token => {
                let form = [("grant_type", "client_credentials"), ("scope", "journal.read"), ("resource", RESOURCE)];
                text(&self.hurry.asks(&self.hurry.token, "machine", &form).await?, "access_token").map(|_| ())
            }
            Work::Introspection => {
                let answer = self.hurry.asks(&self.introspection, "app", &[("token", &self.held)]).await?;
                let is_active = answer.get("active").and_then(Value::as_bool) == Some(true);
                if is_active { Ok(()) } else { Err(io::Error::other(format!("not alive: {answer}"))) }
            }
            Work::Refresh => {
                let form = [("grant_type", "refresh_token"), ("refresh_token", &self.held)];
                let answer = self.hurry.asks(&self.hurry.token, "app", &form).await?;
                text(&answer, "refresh_token")?.clone_into(&mut self.held);
                Ok(())
            }
            Work::Flow => text(&self.hurry.flow("bound", "openid", true).await?, "access_token").map(|_| ()),
        }
    }
}
