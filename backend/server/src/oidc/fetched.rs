//! What services publish at addresses of theirs, kept for a while: their keys, and which addresses are of one sector.
//!
//! One fetch at a time for one address, and not more often than [`SELDOM`], whoever asks: nobody makes us hammer somebody else. What
//! was fetched is used for [`FRESH`], and through an outage for [`OUTAGE`]; a key that its owner withdrew dies with that at the latest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use handslag_vocab::{Seconds, UnixTime};

use crate::outward::{Outward, Refusal};

const FRESH: Seconds = Seconds::minutes(15);
const SELDOM: Seconds = Seconds(30);
const OUTAGE: Seconds = Seconds::hours(24);
/// Addresses are registered ones. A node that meets more forgets all and begins again.
const MOST: usize = 10_000;

/// Documents of one kind, by their address.
pub(super) struct Fetched<T> {
    accept: &'static str,
    read: fn(&str) -> Option<T>,
    kept: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Kept<T>>>>>,
}

struct Kept<T> {
    found: Option<(Arc<T>, UnixTime)>,
    tried_at: Option<UnixTime>,
}

impl<T> Fetched<T> {
    pub(super) fn new(accept: &'static str, read: fn(&str) -> Option<T>) -> Self {
        Self { accept, read, kept: Mutex::default() }
    }

    /// What stands there, as it was found not long ago.
    pub(super) async fn at(&self, address: &str, outward: &Outward, now: UnixTime) -> Option<Arc<T>> {
        let place = self.place(address);
        let mut kept = place.lock().await;
        if kept.found.as_ref().is_none_or(|(_, since)| now.since(*since) >= FRESH) && kept.may_be_tried(now) {
            self.fetch(address, &mut kept, outward, now).await;
        }
        kept.found.as_ref().filter(|(_, since)| now.since(*since) < OUTAGE).map(|(document, _)| Arc::clone(document))
    }

    /// What stands there now, for something that was not in it before; nothing if it was looked at a moment ago.
    pub(super) async fn anew(&self, address: &str, outward: &Outward, now: UnixTime) -> Option<Arc<T>> {
        let place = self.place(address);
        let mut kept = place.lock().await;
        if !kept.may_be_tried(now) {
            return None;
        }
        self.fetch(address, &mut kept, outward, now).await;
        kept.found.as_ref().filter(|(_, since)| *since == now).map(|(document, _)| Arc::clone(document))
    }

    fn place(&self, address: &str) -> Arc<tokio::sync::Mutex<Kept<T>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        Arc::clone(kept.entry(address.to_owned()).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Kept { found: None, tried_at: None }))))
    }

    async fn fetch(&self, address: &str, kept: &mut Kept<T>, outward: &Outward, now: UnixTime) {
        kept.tried_at = Some(now);
        let fetched = outward.get(address, self.accept).await;
        let text = fetched.as_ref().ok().filter(|fetched| fetched.status == 200).and_then(|fetched| str::from_utf8(&fetched.body).ok());
        if let Some(document) = text.and_then(self.read) {
            kept.found = Some((Arc::new(document), now));
        } else {
            let code = fetched.map_or_else(Refusal::code, |_| "not_understood");
            tracing::warn!(address, code, "what a service publishes could not be read");
        }
    }
}

impl<T> Kept<T> {
    fn may_be_tried(&self, now: UnixTime) -> bool {
        self.tried_at.is_none_or(|tried_at| now.since(tried_at) >= SELDOM)
    }
}
