//! A program waits while a person answers elsewhere: a service that knows the person asks for them (OpenID Connect CIBA), or a device without
//! a browser shows a code (RFC 8628). The person answers the one approval as always; the program polls.
//!
//! Invariants: a handle is its client's alone, stored as a hash, and gives tokens once; polls faster than agreed wait longer; a name alone
//! makes no yes (the number of the service's screen goes with it), and a code alone neither (the person reads who asks and since when).

mod awaited;
mod backchannel;
mod device_authorization;
mod device_page;
mod ping;
mod poll;

pub(super) use awaited::{purge, withdraw};
pub(super) use ping::work;
pub(super) use poll::{give, give_device};

use axum::{
    Router,
    routing::{get, post},
};

use crate::server::Server;

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/bc-authorize", post(backchannel::ask))
        .route("/device_authorization", post(device_authorization::begin))
        .route("/device", get(device_page::show).post(device_page::typed))
        .route("/device/ja", post(device_page::yes))
        .route("/device/nej", post(device_page::no))
        .route("/device/klar/{txn}", get(device_page::done))
}
