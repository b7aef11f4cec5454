//! How much is done at a time, for how long, and how often for one caller.

use serde::Deserialize;

/// How much at a time, and for how long. The proxy in front has limits of its own; these hold without it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests from one address. Many people may be behind one.
    pub address_per_minute: u32,
    /// Requests of one service that proved itself.
    pub client_per_minute: u32,
    /// Wrong proofs of one service from one address.
    pub failures_per_minute: u32,
    /// Requests of one phone.
    pub phone_per_minute: u32,
    /// Connections at the same time; the next one waits until one ends.
    pub connections: usize,
    /// For open requests to be answered when the process is asked to end.
    pub end_seconds: u64,
    /// For the head of a request, and between two requests of one connection.
    pub head_seconds: u64,
    /// For a whole request.
    pub request_seconds: u64,
    /// For a connection over which nothing goes, in either direction. More than a whole request may take.
    pub stalled_seconds: u64,
    /// For a request that brings a document.
    pub upload_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            address_per_minute: 120_000,
            client_per_minute: 600_000,
            failures_per_minute: 30,
            phone_per_minute: 1_200,
            connections: 4096,
            end_seconds: 20,
            head_seconds: 15,
            request_seconds: 30,
            stalled_seconds: 60,
            upload_seconds: 600,
        }
    }
}

impl Limits {
    /// Nobody could connect, or no request could be answered.
    pub(super) const fn is_shut(&self) -> bool {
        let Self { connections, end_seconds, head_seconds, request_seconds, stalled_seconds, upload_seconds, .. } = self;
        let Self { address_per_minute, client_per_minute, failures_per_minute, phone_per_minute, .. } = self;
        *address_per_minute == 0
            || *client_per_minute == 0
            || *failures_per_minute == 0
            || *phone_per_minute == 0
            || *connections == 0
            || *end_seconds == 0
            || *head_seconds == 0
            || *request_seconds == 0
            || *stalled_seconds <= *request_seconds
            || *upload_seconds == 0
    }
}
