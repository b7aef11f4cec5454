//! From a configuration to a running node: open the database and the keys, migrate, listen, and work off the outbox.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use axum::Router;
use handslag_keys::KeyStore;
use handslag_policy::Policies;
use handslag_store::{Db, Place, Wakeups};
use handslag_vocab::UnixTime;
use tokio::{net::TcpListener, task::spawn_blocking};

use crate::{
    caller::{Clock, Rng},
    config::Config,
    doors,
    listen::listen,
    login, oidc, outbox,
    outward::Outward,
    phone,
    problem::Problem,
    server::{Parts, Server},
    signing,
};

/// How often to tidy.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Opens everything; nothing listens yet. The keys, the policies and the database do not know each other, and each waits for the disk
/// or reckons for a while at a first start: they go side by side.
pub async fn open(config: Config) -> Result<Server, Box<dyn Error + Send + Sync>> {
    std::fs::create_dir_all(&config.data)?;
    let clock = Clock::default();
    let outward = Outward::new(&config.outbound)?;
    let (folder, now) = (config.data.join("keys"), clock.now());
    let keys = spawn_blocking(move || KeyStore::open_folder(&folder, now, &mut Rng::system()));
    let policies = spawn_blocking(Policies::embedded);
    let db = Db::open(&place(&config)?).await?;
    db.migrate().await?;
    let (clients, provider) = (oidc::Clients::new(&config.clients)?, oidc::provider_of(&config));
    let (keys, policies) = (keys.await??, policies.await??);
    let (key_sets, wakeups) = (oidc::KeySets::default(), Wakeups::default());
    Ok(Server::new(Parts { db, keys, policies, clients, key_sets, provider, outward, config, clock, wakeups }))
}

/// Where the database is.
pub fn place(config: &Config) -> Result<Place, std::io::Error> {
    Ok(match &config.database {
        Some(database) => Place::Postgres(std::fs::read_to_string(&database.url_file)?.trim().to_owned()),
        None => Place::Sqlite(config.data.join("handslag.sqlite")),
    })
}

/// Listens until `stop` is over, then lets open requests finish.
pub async fn serve(
    server: Server,
    app: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let tidying = tokio::spawn(tidy(server.clone()));
    let work = [tokio::spawn(signing::work(server.clone())), tokio::spawn(oidc::work(server.clone()))];
    listen(app, listener, &server.config.limits, stop).await;
    work.iter().for_each(tokio::task::JoinHandle::abort);
    tidying.abort();
    Ok(())
}

/// Once a minute: disposes of what has run out, renews lists, and lets keys go on through their states. In this order: a key that
/// ends now has signed its last list.
async fn tidy(server: Server) {
    loop {
        let now = server.clock.now();
        if let Err(problem) = dispose(&server, now).await {
            tracing::warn!(code = problem.code, "what has run out could not be disposed of");
        }
        if let Err(problem) = signing::publish(&server, now).await {
            tracing::warn!(code = problem.code, "the lists of ended certificates could not be renewed");
        }
        if let Err(error) = server.keys.expire(now, &mut Rng::system()) {
            tracing::warn!(%error, "keys could not go on through their states");
        }
        tokio::time::sleep(TIDY_EVERY).await;
    }
}

/// Disposes of what has run out, by the rules in the migrations.
pub async fn dispose(server: &Server, now: UnixTime) -> Result<(), Problem> {
    server
        .db
        .write(async |tx| {
            tx.purge_marks(now).await?;
            outbox::purge(tx, now).await?;
            oidc::purge(tx, now).await?;
            login::purge(tx, now).await?;
            doors::purge(tx, now).await?;
            Ok::<_, Problem>(phone::purge(tx, now).await?)
        })
        .await?;
    signing::run_out(server, now).await
}

/// Over when the process is asked to end (Ctrl-C or TERM).
pub async fn asked_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! { _ = interrupted => {}, () = terminated => {} }
}

/// The multi-threaded runtime of every command that listens.
pub fn runtime() -> Result<Arc<tokio::runtime::Runtime>, std::io::Error> {
    Ok(Arc::new(tokio::runtime::Builder::new_multi_thread().enable_all().build()?))
}
