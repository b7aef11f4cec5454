//! The memory that several nodes share: Redis. Seen-once marks, counters and wake-ups may lie there, and nothing else; all of it may vanish
//! at any moment, and must then be missed by nobody (decision 0010).
//!
//! A mark counts only in the *life* of the store in which it was made. A life ends when the server is restarted (its `run_id` changes, whatever
//! it reads back from a disk), when it is emptied (our epoch in it is gone), and when another server takes its place. So the connection is
//! kept here and not by a manager that reconnects in silence: to which life a mark went is known for each.
//!
//! A server that throws keys away when it is full could throw marks away, and is refused.

mod link;

use std::{sync::Arc, time::Duration};

use handslag_vocab::{Digest, Seconds};
use redis::{Cmd, FromRedisValue};
use tokio::{sync::mpsc, task::AbortHandle, time::timeout};

use crate::{Error, wakeups::Topics};
use link::{Link, State};

/// Redis. Clones share the connection, which is sought for as long as one of them lives.
#[derive(Clone)]
pub struct Shared(Arc<Kept>);

struct Kept {
    state: Arc<State>,
    told: mpsc::Sender<String>,
    keeper: AbortHandle,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// One life of the store. What was marked in it is known in it and in no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The server's `run_id`: new at each of its starts.
    pub(crate) run: String,
    /// Ours, made where none was.
    pub(crate) epoch: String,
}

impl Life {
    /// Names it, to whoever must be told which life a mark belongs to.
    pub fn name(&self) -> String {
        format!("{}.{}", self.run, self.epoch)
    }
}

/// How long one answer may take: a store that is slower is treated as one that is gone.
const QUICK: Duration = Duration::from_millis(500);
/// How long the first connection may take before the start goes on without.
const FIRST: Duration = Duration::from_secs(2);
/// Wake-ups that wait to be told; more are lost, which listeners live with.
const UNTOLD: usize = 4_096;

/// Marks, if the life is still this one: -1 if not, else whether it was the first.
const MARK: &str = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end \
    if redis.call('SET', KEYS[2], '', 'NX', 'EX', ARGV[2]) then return 1 end return 0";

/// [`crate::Counters`]: by how many microseconds the use comes too early, or 0.
const COUNT: &str = "local now, step, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) \
    local after = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + step \
    local over = after - now - per if over > 0 then return over end \
    if ARGV[4] == '1' then redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', string.format('%.0f', math.ceil((after - now) / 1000))) end return 0";

impl Shared {
    /// Begins to connect to `redis://[user:password@]host[:port][/database]` and waits a little for it; goes on without if it does not answer.
    /// `name` keeps deployments apart that share a server. Must run inside a Tokio runtime.
    pub async fn open(url: &str, name: &str) -> Result<Self, Error> {
        // The error may hold the address, and with it a password.
        let client = redis::Client::open(url).map_err(|_| Error::Connection("the address of Redis could not be read".to_owned()))?;
        let state = Arc::new(State::new(name));
        let (told, untold) = mpsc::channel(UNTOLD);
        let keeper = tokio::spawn(link::keep(Arc::clone(&state), client, untold)).abort_handle();
        let shared = Self(Arc::new(Kept { state, told, keeper }));
        timeout(FIRST, shared.0.state.joined()).await.ok();
        Ok(shared)
    }

    /// Whether the store answers.
    pub fn is_joined(&self) -> bool {
        self.0.state.link().is_some()
    }

    /// The life in which marks are made now; nothing while no store answers.
    pub fn life(&self) -> Option<Life> {
        self.0.state.link().map(|link| link.life)
    }

    /// Whether this is the first time that `purpose` sees `digest` in this life of the store. Nothing if that life is over or the store does not
    /// answer: then nobody knows, and what came with it must not count.
    pub async fn mark_once(&self, life: &Life, purpose: &str, digest: &Digest, remembered: Seconds) -> Option<bool> {
        let link = self.0.state.link().filter(|link| link.life == *life)?;
        let state = &self.0.state;
        let mark = state.key(&format!("{}:{purpose}:{}", life.epoch, digest.to_base64url()));
        let mut command = redis::cmd("EVAL");
        command.arg(MARK).arg(2).arg(state.key("epoch")).arg(mark).arg(&life.epoch).arg(remembered.0.max(1));
        match self.ask::<i64>(&link, &command).await? {
            1 => Some(true),
            0 => Some(false),
            _ => {
                state.lost(&link);
                None
            }
        }
    }

    /// By how many microseconds a use comes too early (zero or less: not at all). Nothing if the store does not answer.
    pub(crate) async fn count(&self, counter: &Digest, (step, per): (i64, i64), now: i64, spends: bool) -> Option<i64> {
        let link = self.0.state.link()?;
        let mut command = redis::cmd("EVAL");
        let key = self.0.state.key(&format!("count:{}", counter.to_base64url()));
        command.arg(COUNT).arg(1).arg(key).arg(now).arg(step).arg(per).arg(i64::from(spends));
        self.ask(&link, &command).await
    }

    /// Wakes the listeners of other nodes, soon.
    pub(crate) fn tell(&self, topic: &str) {
        self.0.told.try_send(topic.to_owned()).ok();
    }

    pub(crate) fn topics(&self) -> &Topics {
        &self.0.state.topics
    }

    async fn ask<T: FromRedisValue>(&self, link: &Link, command: &Cmd) -> Option<T> {
        match timeout(QUICK, command.query_async(&mut link.connection.clone())).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::warn!(kind = ?error.kind(), "Redis refused");
                self.0.state.lost(link);
                None
            }
            Err(_) => {
                tracing::warn!("Redis was too slow");
                self.0.state.lost(link);
                None
            }
        }
    }
}
