//! The one connection to Redis: sought for as long as it is wanted, left at the first doubt, and never exchanged unseen.

use std::{sync::Arc, time::Duration};

use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, RedisResult, aio::MultiplexedConnection, from_redis_value_ref};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};

use super::{Life, QUICK};
use crate::wakeups::Topics;

/// How often to look whether the store still lives and is not emptied.
const BEAT: Duration = Duration::from_secs(1);
/// How long to wait before the next try.
const BREATH: Duration = Duration::from_millis(500);
/// How long a connection may take with all its questions.
const JOINING: Duration = Duration::from_secs(2);

/// Our epoch in the store, made where there is none. The time is the store's own.
const EPOCH: &str = "local epoch = redis.call('GET', KEYS[1]) if epoch then return epoch end \
    local time = redis.call('TIME') epoch = time[1] .. '-' .. time[2] redis.call('SET', KEYS[1], epoch) return epoch";

/// A connection, and the life of the store at its other end.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    pub(super) life: Life,
    /// The connection's number at the server: tells our own messages from others'.
    number: u64,
}

/// What the keeper and those who ask share.
pub(super) struct State {
    name: String,
    link: watch::Sender<Option<Link>>,
    doubted: Notify,
    pub(super) topics: Topics,
}

/// Why there is no connection.
enum Unfit {
    /// It throws keys away when it is full.
    Evicts,
    /// It did not answer, or not as Redis does.
    Silent,
}

impl From<redis::RedisError> for Unfit {
    /// The error may hold the address, so it is not told.
    fn from(_: redis::RedisError) -> Self {
        Self::Silent
    }
}

impl State {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), link: watch::Sender::new(None), doubted: Notify::new(), topics: Topics::default() }
    }

    pub(super) fn key(&self, rest: &str) -> String {
        format!("handslag:{}:{rest}", self.name)
    }

    pub(super) fn link(&self) -> Option<Link> {
        self.link.borrow().clone()
    }

    /// Over when there is a connection.
    pub(super) async fn joined(&self) {
        self.link.subscribe().wait_for(Option::is_some).await.ok();
    }

    /// Nobody uses this connection any more; the keeper seeks another.
    pub(super) fn lost(&self, link: &Link) {
        let is_this = |current: &mut Option<Link>| {
            let is_this = current.as_ref().is_some_and(|current| current.number == link.number && current.life == link.life);
            if is_this {
                *current = None;
            }
            is_this
        };
        if self.link.send_if_modified(is_this) {
            self.doubted.notify_one();
        }
    }

    /// A message from another node, or the end of the connection.
    fn heard(&self, push: &PushInfo, own: u64) {
        match push.kind {
            PushKind::Message => {
                let text = push.data.last().and_then(|value| from_redis_value_ref::<String>(value).ok()).unwrap_or_default();
                let from_other = text.split_once('\n').filter(|(number, _)| *number != own.to_string());
                if let Some((_, topic)) = from_other {
                    self.topics.wake(topic);
                }
            }
            PushKind::Disconnection => self.doubted.notify_one(),
            _ => {}
        }
    }
}

/// Connects, and connects again, until the task is ended.
pub(super) async fn keep(state: Arc<State>, client: Client, mut untold: mpsc::Receiver<String>) {
    let mut was_told = false;
    loop {
        match timeout(JOINING, join(&state, &client)).await.unwrap_or(Err(Unfit::Silent)) {
            Ok(link) => {
                tracing::info!("Redis answers");
                was_told = false;
                state.link.send_replace(Some(link.clone()));
                // What was told while nobody listened is lost.
                state.topics.wake_all();
                hold(&state, &link, &mut untold).await;
                state.link.send_replace(None);
                tracing::warn!("Redis was lost; marks go to the database");
            }
            Err(why) if !was_told => {
                let why = match why {
                    Unfit::Evicts => "it throws keys away when it is full (maxmemory-policy must be noeviction)",
                    Unfit::Silent => "it does not answer",
                };
                tracing::warn!(why, "Redis is not used; marks go to the database");
                was_told = true;
            }
            Err(_) => {}
        }
        sleep(BREATH).await;
    }
}

async fn join(state: &Arc<State>, client: &Client) -> Result<Link, Unfit> {
    let info = client.get_connection_info();
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.clone().set_redis_settings(settings))?;
    let number = Arc::new(std::sync::OnceLock::new());
    let (listening, own) = (Arc::clone(state), Arc::clone(&number));
    let heard = move |push: PushInfo| -> Result<(), ()> {
        listening.heard(&push, own.get().copied().unwrap_or_default());
        Ok(())
    };
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(JOINING)).set_response_timeout(Some(QUICK)).set_push_sender(heard);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let about: String = redis::cmd("INFO").query_async(&mut connection).await?;
    let run = said(&about, "run_id").ok_or(Unfit::Silent)?.to_owned();
    if said(&about, "maxmemory") != Some("0") && said(&about, "maxmemory_policy") != Some("noeviction") {
        return Err(Unfit::Evicts);
    }
    let id: u64 = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
    number.set(id).ok();
    connection.subscribe(state.key("wake")).await?;
    let epoch = epoch(state, &mut connection).await?;
    Ok(Link { connection, life: Life { run, epoch }, number: id })
}

async fn epoch(state: &State, connection: &mut MultiplexedConnection) -> RedisResult<String> {
    redis::cmd("EVAL").arg(EPOCH).arg(1).arg(state.key("epoch")).query_async(connection).await
}

/// One line of `INFO`.
fn said<'t>(about: &'t str, name: &str) -> Option<&'t str> {
    about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Tells what is to be told, until the connection is doubted or the store's life has ended.
async fn hold(state: &State, link: &Link, untold: &mut mpsc::Receiver<String>) {
    let mut connection = link.connection.clone();
    loop {
        let is_good = tokio::select! {
            () = state.doubted.notified() => false,
            topic = untold.recv() => match topic {
                Some(topic) => told(state, &mut connection, link.number, &topic).await,
                None => false,
            },
            () = sleep(BEAT) => timeout(QUICK, epoch(state, &mut connection)).await.is_ok_and(|now| now.is_ok_and(|now| now == link.life.epoch)),
        };
        if !is_good {
            return;
        }
    }
}

async fn told(state: &State, connection: &mut MultiplexedConnection, number: u64, topic: &str) -> bool {
    let mut command = redis::cmd("PUBLISH");
    command.arg(state.key("wake")).arg(format!("{number}\n{topic}"));
    timeout(QUICK, command.query_async::<()>(connection)).await.is_ok_and(|sent| sent.is_ok())
}
