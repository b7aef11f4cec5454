//! The OpenID Connect provider: discovery, keys, authorization (code flow with PKCE S256 only), tokens and UserInfo, after the
//! OIDC Sweden profile. The checks of each endpoint stand as a visible list in `handslag_protocol`.
//!
//! Invariants: nothing is redirected to an address that is not registered; a code is usable once and any attempt by a proven client
//! ends it (RFC 6749 §4.1.2); a second attempt also ends what the first one got (OP-06); only what was shown is released.

mod access_tokens;
mod administration;
mod another_phone;
mod answer;
mod asker;
mod authorize;
mod client_credentials;
mod client_logos;
pub mod clients;
mod cross_origin;
mod delivery;
mod details;
mod discovery;
mod elsewhere;
mod event_claims;
mod examined;
mod exchange;
mod fetched;
mod grants;
mod introspect;
mod key_sets;
mod log_in_life;
mod log_ins;
pub mod logo;
mod logout;
mod objects;
mod presented;
mod proof;
mod proven_client;
mod push;
mod pushed_requests;
mod redeem;
mod refresh;
mod refresh_families;
mod refusals;
mod refused;
mod registration;
mod revoke;
mod service_sessions;
mod sign;
mod signed;
mod single_sign_on;
mod subjects;
mod token;
mod told;
mod userinfo;

pub use administration::{Administrator, not_registered};
pub use clients::{Clients, Registered};
pub use discovery::provider_of;
pub use key_sets::KeySets;
pub use log_in_life::{LogInLife, log_in_life};
pub use log_ins::{OpenLogIn, Rule, log_out, open_log_ins, rules};

use axum::{
    Router, middleware,
    routing::{get, post},
};

use handslag_store::{Error, Tx};
use handslag_vocab::{Seconds, UnixTime};

use crate::server::Server;

/// How long log-ins at services are kept after their end.
const KEPT: Seconds = Seconds::days(30);

/// Disposes of what has run out, by the rules in the migrations: what hangs on a grant before the grant.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    access_tokens::purge(tx, now).await?;
    pushed_requests::purge(tx, now).await?;
    single_sign_on::offers::purge(tx, now).await?;
    told::purge(tx, now).await?;
    logout::purge(tx, now).await?;
    service_sessions::purge(tx, now - KEPT).await?;
    refresh_families::purge(tx, now - KEPT).await?;
    elsewhere::purge(tx, now).await?;
    grants::purge(tx, now, now - KEPT).await
}

/// Tells services what people have answered and which log-ins have ended, and fetches their logos, until the process ends.
pub async fn work(server: Server) {
    tokio::join!(elsewhere::work(server.clone()), logo::work(server.clone()), logout::work(server));
}

/// The provider's endpoints.
pub fn routes(server: &Server) -> Router<Server> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/jwks", get(discovery::keys))
        .route("/authorize", get(authorize::ask).post(authorize::ask_by_form))
        .route("/authorize/{txn}", get(answer::answer))
        .route("/authorize/{txn}/annan-telefon", post(another_phone::begin_anew))
        .route("/fortsatt/{offer}", get(single_sign_on::show).post(single_sign_on::answer))
        .route("/besked/{id}", get(told::show))
        .route("/besked/{id}/vidare", get(told::go_on))
        .route("/end_session", get(logout::ask).post(logout::ask_by_form))
        .route("/utloggning/{id}", get(logout::show).post(logout::answer))
        .route("/logotyp/{digest}", get(logo::show))
        .route("/par", post(push::push))
        .route("/token", post(token::give))
        .route("/introspect", post(introspect::tell))
        .route("/revoke", post(revoke::take_back))
        .route("/register", post(registration::register))
        .route("/register/{client}", get(registration::read).put(registration::change).delete(registration::end))
        .merge(administration::routes(server))
        .route("/userinfo", get(userinfo::tell).post(userinfo::tell))
        .merge(elsewhere::routes())
        .layer(middleware::from_fn_with_state(server.clone(), refusals::journaled))
        .layer(middleware::from_fn_with_state(server.clone(), cross_origin::readable))
}
