//! Wake-ups: "something changed about this topic, look again". They carry no data and may be lost between nodes, so every listener
//! also looks by itself from time to time; the database is the truth.
//!
//! In-process for now. Across nodes the same two words would publish to and hear from Redis.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// The topics that somebody listens to. Clones share them.
#[derive(Clone, Default)]
pub struct Wakeups(Arc<Mutex<HashMap<String, watch::Sender<()>>>>);

/// Somebody who waits for one topic.
pub struct Listener {
    heard: Option<watch::Receiver<()>>,
    topic: String,
    topics: Wakeups,
}

impl Wakeups {
    /// Listens from now on. Listen first and read the database then: what changes in between is heard.
    pub fn listen(&self, topic: impl Into<String>) -> Listener {
        let topic = topic.into();
        let heard = self.topics().entry(topic.clone()).or_default().subscribe();
        Listener { heard: Some(heard), topic, topics: self.clone() }
    }

    /// Wakes everybody who listens to the topic. Call it after the commit.
    pub fn wake(&self, topic: &str) {
        if let Some(sender) = self.topics().get(topic) {
            sender.send_replace(());
        }
    }

    /// No code panics while it holds this lock, so a poisoned one is still whole.
    fn topics(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits for the next wake-up; several that came since the last call are one. Give it a time limit.
    pub async fn woken(&mut self) {
        if let Some(heard) = &mut self.heard {
            // The sender lives as long as this listener keeps its topic.
            heard.changed().await.ok();
        }
    }
}

/// The last listener takes its topic away, so that topics do not pile up.
impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.topics.topics();
        self.heard = None;
        if topics.get(&self.topic).is_some_and(|sender| sender.receiver_count() == 0) {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

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
        assert!(wakeups.topics().is_empty());
    }
}
