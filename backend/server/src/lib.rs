//! HTTP and the slices; the binary.
//!
//! The slices stand in one line, and a slice imports only slices to its left (tests/house enforces it):
//! `audit · outbox · identity · phone · login · doors · federation · oidc · saml · signing · matters · archive · pages · demo`.
//! Those not yet built have their place in the line and no folder.
//!
//! One request: [`routes`] (the whole surface as one table) → the endpoint file → [`caller`] → pure checks in `protocol` → the
//! record file → [`problem`] only if refused.

pub mod audit;
pub mod caller;
pub mod commands;
pub mod config;
pub mod confined;
mod cookies;
pub mod demo;
pub mod doors;
pub mod identity;
mod limits;
pub mod listen;
pub mod login;
pub mod oidc;
pub mod outbox;
pub mod outward;
mod page;
pub mod pages;
mod patience;
pub mod phone;
pub mod problem;
mod qr;
pub mod routes;
pub mod sender;
pub mod server;
pub mod signing;
pub mod start;
pub mod tls;
mod words;
