//! OpenID Connect, OAuth, JOSE and WebAuthn assertions as pure functions: parse, check, build.
//!
//! Floor 1: no IO, no clock, no randomness. `now` is an argument, keys that sign live elsewhere (a JWS is built in two
//! phases), and what must be used once (`jti`, codes) is handed back to the caller, who marks it in the store.
//! What came from outside has an `Unverified…` type until its checks, which stand in one visible table per endpoint, are done.
#![warn(missing_docs)]

pub mod access_token;
pub mod attribute;
pub mod authorization_details;
pub mod authorize;
pub mod backchannel;
pub mod client;
pub mod client_assertion;
pub mod client_authentication;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod end_session;
pub mod event_claims;
pub mod id_token;
pub mod introspection;
pub mod jarm;
pub mod jose;
pub mod logout_token;
pub mod moving_qr;
pub mod mutual_tls;
pub mod oauth_error;
pub mod par;
pub mod parameters;
pub mod pkce;
pub mod profile;
pub mod refresh;
pub mod registration;
pub mod release;
pub mod request_object;
pub mod resource;
pub mod response_mode;
pub mod sign_request;
pub mod single_sign_on;
pub mod token;
pub mod user_message;
pub mod user_signature;
pub mod userinfo;
pub mod webauthn;

mod base64url;
mod refusal;
mod strict_json;
mod web_address;
