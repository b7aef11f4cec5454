//! Who asks too often waits a little (attack 18). Nobody is locked out: each allowance comes back evenly, and the answer says when.
//!
//! Narrow where a proof fails, wide where people meet: a ward, a school or a whole town hall comes from one address, so an address alone may
//! ask often; a wrong proof costs only those who claim to be the same service from the same address; and a phone has an allowance of its own.
//! No line of the log says who it was.

use std::net::IpAddr;

use handslag_store::Allowance;
use handslag_vocab::{ClientId, Digest, PhoneId, Seconds, SecretHash, UnixTime};

use crate::{problem::Problem, server::Server};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// Everybody at one address.
    Address(IpAddr),
    /// A service that proved itself.
    Client(&'a ClientId),
    /// Who says from this address that it is this service, and cannot prove it.
    Failing(&'a ClientId, IpAddr),
    /// A browser that brings signatures which do not hold, whosever key they name.
    Guessing(&'a SecretHash),
    /// A phone that proved its key.
    Phone(&'a PhoneId),
}

impl Who<'_> {
    fn counter(self) -> Digest {
        let text = match self {
            Self::Address(address) => format!("address {}", network(address)),
            Self::Client(client) => format!("client {client}"),
            Self::Failing(client, address) => format!("failing {client} {}", network(address)),
            Self::Guessing(browser) => format!("guessing {}", browser.to_hex()),
            Self::Phone(phone) => format!("phone {phone}"),
        };
        Digest::of(text.as_bytes())
    }

    fn allowance(self, server: &Server) -> Allowance {
        let limits = &server.config.limits;
        let times = match self {
            Self::Address(_) => limits.address_per_minute,
            Self::Client(_) => limits.client_per_minute,
            Self::Failing(..) | Self::Guessing(_) => limits.failures_per_minute,
            Self::Phone(_) => limits.phone_per_minute,
        };
        Allowance { times, per: Seconds(60) }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Client(_) => "client",
            Self::Failing(..) | Self::Guessing(_) => "failing",
            Self::Phone(_) => "phone",
        }
    }
}

/// Of IPv6 the part that is given out as a whole: the rest is chosen by whoever has it.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// Counts one request, or says how long to wait.
pub async fn spend(server: &Server, who: Who<'_>, now: UnixTime) -> Result<(), Problem> {
    let spent = match who {
        // On every request: not worth a question to another machine.
        Who::Address(_) => server.counters.spend_here(&who.counter(), who.allowance(server), now),
        _ => server.counters.spend(&who.counter(), who.allowance(server), now).await,
    };
    spent.map_err(|wait| told(who, wait))
}

/// Whether there is something left, without counting.
pub async fn left(server: &Server, who: Who<'_>, now: UnixTime) -> Result<(), Problem> {
    server.counters.left(&who.counter(), who.allowance(server), now).await.map_err(|wait| told(who, wait))
}

fn told(who: Who<'_>, wait: Seconds) -> Problem {
    tracing::warn!(counted = who.word(), wait = wait.0, "too many requests");
    Problem::slow_down(wait).counted(who.word())
}
