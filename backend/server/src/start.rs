//! From a configuration to a running node: open the database and the keys, migrate, listen, and work off the outbox.

use std::{error::Error, future::Future, num::NonZero, sync::Arc, time::Duration};

use axum::Router;
use handslag_keys::{KeyStore, Kind};
use handslag_policy::Policies;
use handslag_store::{Counters, Db, Place, Shared, Wakeups};
use handslag_vocab::{Digest, UnixTime};
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    caller::{Clock, Rng},
    config::Config,
    doors, identity,
    listen::{Way, listen_by},
    login, oidc, outbox,
    outward::Outward,
    phone,
    problem::Problem,
    server::{Parts, Server},
    signing,
    tls::{Acceptor, Authorities, Unusable},
};

/// How often to tidy.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Opens everything; nothing listens yet. The keys, the policies and the database do not know each other, and each waits for the disk
/// or reckons for a while at a first start: they go side by side.
pub async fn open(config: Config) -> Result<Server, Box<dyn Error + Send + Sync>> {
    open_by(config, Clock::default()).await
}

/// The same by another clock: nodes of one test move through time together.
pub async fn open_by(config: Config, clock: Clock) -> Result<Server, Box<dyn Error + Send + Sync>> {
    std::fs::create_dir_all(&config.data)?;
    let (outward, authorities) = (Outward::new(&config.outbound)?, Authorities::open(config.mtls.as_ref())?);
    let (folder, now) = (config.data.join("keys"), clock.now());
    let keys = spawn_blocking(move || KeyStore::open_folder(&folder, now, &mut Rng::system()));
    let policies = spawn_blocking(Policies::embedded);
    let db = Db::open(&place(&config)?).await?;
    db.migrate().await?;
    let (clients, provider) = (oidc::Clients::new(&config.clients)?, oidc::provider_of(&config));
    let shared = shared(&config).await?;
    // A node on a file of its own is alone.
    let wakeups = if shared.is_none() && config.database.is_none() { Wakeups::default() } else { Wakeups::among(shared.clone()) };
    let (counters, key_sets) = (Counters::new(shared.clone()), oidc::KeySets::default());
    let (keys, policies) = (keys.await??, policies.await??);
    let server =
        Server::new(Parts { db, keys, policies, clients, key_sets, provider, config, outward, wakeups, shared, counters, authorities, clock });
    oidc::logo::settle(&server).await?;
    if let Some(test) = &server.config.test {
        tracing::warn!("[test] auto_approve is on: every log-in is answered without a person");
        phone::automatic::settle(&server, test, now).await.map_err(|problem| problem.en)?;
    }
    Ok(server)
}

/// The memory that this deployment's nodes share, if one is configured.
async fn shared(config: &Config) -> Result<Option<Shared>, Box<dyn Error + Send + Sync>> {
    let Some(redis) = &config.redis else { return Ok(None) };
    let url = std::fs::read_to_string(&redis.url_file)?;
    Ok(Some(Shared::open(url.trim(), &Digest::of(config.issuer.as_bytes()).to_base64url()).await?))
}

/// Where the database is.
pub fn place(config: &Config) -> Result<Place, std::io::Error> {
    Ok(match &config.database {
        Some(database) => Place::Postgres(std::fs::read_to_string(&database.url_file)?.trim().to_owned()),
        None => Place::Sqlite(config.data.join("handslag.sqlite")),
    })
}

/// Makes the keys that are slow to make, beside everything else: a node that serves others publishes all of them soon after its first
/// start. A demonstration makes them when somebody needs them.
pub fn make_slow_keys(server: &Server) {
    let server = server.clone();
    spawn_blocking(move || {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_made_when_needed()) {
            if let Err(error) = server.keys.make(kind, server.clock.now(), &mut Rng::system()) {
                tracing::warn!(%error, %kind, "keys could not be made");
            }
        }
    });
}

/// Listens until `stop` is over, then lets open requests finish.
pub async fn serve(
    server: Server,
    app: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (config, working) = (&server.config, Working::begin(&server));
    let way = match &config.tls {
        None => Way::Plain,
        Some(files) => Way::Tls(Arc::new(Acceptor::open(files, false)?)),
    };
    let mutual = config.mtls.as_ref().and_then(|mtls| mtls.listen.as_ref().zip(mtls.tls(config.tls.as_ref())));
    let mutual = mutual.map(|(address, files)| Ok::<_, Unusable>((address, Arc::new(Acceptor::open(&files, true)?)))).transpose()?;
    let stopped = Arc::new(Notify::new());
    let main = async {
        listen_by(app.clone(), listener, way, &config.limits, stop).await;
        stopped.notify_one();
    };
    match mutual {
        None => main.await,
        Some((address, acceptor)) => {
            let listener = TcpListener::bind(address).await?;
            tokio::join!(main, listen_by(app.clone(), listener, Way::Mutual(acceptor), &config.limits, stopped.notified()));
        }
    }
    drop(working);
    Ok(())
}

/// What a node does without being asked. Ends when it is dropped.
pub struct Working(JoinHandle<()>);

impl Working {
    /// Begins: every node tidies and takes up what is in the outbox; each piece is one node's.
    pub fn begin(server: &Server) -> Self {
        let server = server.clone();
        Self(tokio::spawn(async move {
            tokio::join!(tidy(server.clone()), signing::work(server.clone()), oidc::work(server));
        }))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.abort();
    }
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
            identity::purge(tx, now).await?;
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

/// The runtime of every command that listens: half of the cores answer, the other half is the database's threads'. More threads than that
/// wake each other for nothing: on two cores one thread answers twice as many requests a CPU-second as two (`bench -- provider`).
pub fn runtime() -> Result<Arc<tokio::runtime::Runtime>, std::io::Error> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Ok(Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads((cores / 2).max(1)).enable_all().build()?))
}
