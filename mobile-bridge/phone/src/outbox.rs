//! What the phone carries home for locks: receipts of its own openings, and sealed batches of logs that it cannot read.
//!
//! It survives a kill, and leaves only when the server says that it has it. The same thing is never carried twice.

use serde::{Deserialize, Serialize};

use crate::wire::{Octets, Outbox, OutboxAnswer};

/// At most so many of each kind in one request.
const PER_REQUEST: usize = 64;

/// Batches of logs beyond this are not taken: the lock keeps them until the server acknowledges, and another phone comes.
const MOST_BATCHES: usize = 256;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Carried {
    logs: Vec<Octets>,
    receipts: Vec<Octets>,
}

impl Carried {
    /// A receipt is never turned away: it is the worker's own proof of the opening.
    pub(crate) fn add_receipt(&mut self, receipt: Vec<u8>) {
        let receipt = Octets(receipt);
        if !self.receipts.contains(&receipt) {
            self.receipts.push(receipt);
        }
    }

    pub(crate) fn add_log(&mut self, batch: Vec<u8>) {
        let batch = Octets(batch);
        if self.logs.len() < MOST_BATCHES && !self.logs.contains(&batch) {
            self.logs.push(batch);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.logs.len() + self.receipts.len()
    }

    /// The front of both lists. New things join at the back, so the front stands still while it is under way.
    pub(crate) fn front(&self) -> Outbox {
        Outbox { logs: self.logs.iter().take(PER_REQUEST).cloned().collect(), receipts: self.receipts.iter().take(PER_REQUEST).cloned().collect() }
    }

    /// Drops what the server has; `false` when it claims more than was sent.
    pub(crate) fn delivered(&mut self, answer: OutboxAnswer) -> bool {
        let (logs, receipts) = (answer.logs as usize, answer.receipts as usize);
        let sent = self.front();
        if logs > sent.logs.len() || receipts > sent.receipts.len() {
            return false;
        }
        self.logs.drain(..logs);
        self.receipts.drain(..receipts);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_before_the_server_has_it_and_nothing_is_carried_twice() {
        let mut carried = Carried::default();
        for number in [1, 2, 2, 3] {
            carried.add_receipt(vec![number]);
            carried.add_log(vec![number]);
        }
        assert_eq!(carried.len(), 6);
        assert!(!carried.delivered(OutboxAnswer { logs: 0, receipts: 4 }));
        assert_eq!(carried.len(), 6);
        assert!(carried.delivered(OutboxAnswer { logs: 0, receipts: 2 }));
        assert_eq!(carried.front(), Outbox { logs: vec![Octets(vec![1]), Octets(vec![2]), Octets(vec![3])], receipts: vec![Octets(vec![3])] });
    }
}
