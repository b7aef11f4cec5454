//! Wake-ups: "something changed about this topic, look again". They carry no data and may be lost between nodes, so every listener
//! also looks by itself from time to time; the database is the truth.
//!
//! Within a process they are never lost. Between nodes they go through Redis; where there is none, or while it does not answer, a listener
//! is woken each second, so that a "no" on the phone reaches the desk within two.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use crate::shared::Shared;

/// How often to look while nothing is heard from other nodes, and while something is: a message may be lost all the same.
const UNHEARD: Duration = Duration::from_secs(1);
const HEARD: Duration = Duration::from_secs(5);

/// The topics that somebody listens to. Clones share them.
#[derive(Clone, Default)]
pub struct Wakeups {
    here: Topics,
    others: Others,
}

/// Who else may change something.
#[derive(Clone, Default)]
enum Others {
    /// This is the only node.
    #[default]
    None,
    /// There may be others, and nothing is heard from them.
    Unheard,
    /// They are heard through Redis.
    Shared(Shared),
}

/// The listeners of this process by topic.
#[derive(Clone, Default)]
pub(crate) struct Topics(Arc<Mutex<HashMap<String, watch::Sender<()>>>>);

/// Somebody who waits for one topic.
pub struct Listener {
    heard: Option<watch::Receiver<()>>,
    topic: String,
    wakeups: Wakeups,
}

impl Wakeups {
    /// Among other nodes on the same database, heard through Redis if there is one.
    pub fn among(shared: Option<Shared>) -> Self {
        match shared {
            None => Self { here: Topics::default(), others: Others::Unheard },
            Some(shared) => Self { here: shared.topics().clone(), others: Others::Shared(shared) },
        }
    }

    /// Listens from now on. Listen first and read the database then: what changes in between is heard.
    pub fn listen(&self, topic: impl Into<String>) -> Listener {
        let topic = topic.into();
        let heard = self.here.lock().entry(topic.clone()).or_default().subscribe();
        Listener { heard: Some(heard), topic, wakeups: self.clone() }
    }

    /// Wakes everybody who listens to the topic, on every node. Call it after the commit.
    pub fn wake(&self, topic: &str) {
        self.here.wake(topic);
        if let Others::Shared(shared) = &self.others {
            shared.tell(topic);
        }
    }

    /// After how long to look without having been woken.
    fn patience(&self) -> Option<Duration> {
        match &self.others {
            Others::None => None,
            Others::Unheard => Some(UNHEARD),
            Others::Shared(shared) => Some(if shared.is_joined() { HEARD } else { UNHEARD }),
        }
    }
}

impl Topics {
    pub(crate) fn wake(&self, topic: &str) {
        if let Some(sender) = self.lock().get(topic) {
            sender.send_replace(());
        }
    }

    /// Everybody looks again: messages may have been lost.
    pub(crate) fn wake_all(&self) {
        for sender in self.lock().values() {
            sender.send_replace(());
        }
    }

    /// No code panics while it holds this lock, so a poisoned one is still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits for the next wake-up; several that came since the last call are one. Means "look again", not "it changed". Give it a time limit.
    pub async fn woken(&mut self) {
        let patience = self.wakeups.patience();
        let Some(heard) = &mut self.heard else { return };
        // The sender lives as long as this listener keeps its topic.
        match patience {
            None => drop(heard.changed().await),
            Some(patience) => drop(timeout(patience, heard.changed()).await),
        }
    }
}

/// The last listener takes its topic away, so that topics do not pile up.
impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.wakeups.here.lock();
        self.heard = None;
        if topics.get(&self.topic).is_some_and(|sender| sender.receiver_count() == 0) {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_wake_up_between_listening_and_waiting_is_heard_once() {
        let wakeups = Wakeups::default();
        let (mut here, mut elsewhere) = (wakeups.listen("approval:1"), wakeups.listen("approval:2"));
        wakeups.wake("approval:1");
        wakeups.wake("approval:1");
        timeout(SOON, here.woken()).await.unwrap();
        assert!(timeout(SOON, here.woken()).await.is_err());
        assert!(timeout(SOON, elsewhere.woken()).await.is_err());
    }

    #[tokio::test]
    async fn the_last_listener_takes_the_topic_away_and_not_an_earlier_one() {
        let wakeups = Wakeups::default();
        let (first, mut second) = (wakeups.listen("a"), wakeups.listen("a"));
        drop(first);
        wakeups.wake("a");
        timeout(SOON, second.woken()).await.unwrap();
        drop(second);
        assert!(wakeups.here.lock().is_empty());
    }

    #[tokio::test]
    async fn who_hears_nothing_from_other_nodes_looks_each_second() {
        let wakeups = Wakeups::among(None);
        let mut listener = wakeups.listen("a");
        assert!(timeout(SOON, listener.woken()).await.is_err());
        timeout(UNHEARD + SOON, listener.woken()).await.unwrap();
    }
}
