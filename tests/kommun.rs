//! The invented municipality that every test plays in: a node of its own on either engine, or two nodes on the same PostgreSQL, Redis and
//! key folder, with real HTTP, and its people.
//!
//! Of two nodes each request goes to a random one. What a test does beside HTTP (the clock, a look into the database) it does on the first:
//! nodes keep nothing of their own.
//!
//! A worker has the demonstration's phone, which is the real core. An attacker has a [`BarePhone`]: the same keys without the
//! core's good manners.

mod administration;
mod asking;
mod bare;
mod browser;
mod device;
mod ear;
mod elsewhere;
mod ground;
mod passkey;
mod pki;
mod portal;
mod processes;
mod registered;
mod worker;

use std::{path::PathBuf, sync::Arc};

use handslag_server::{
    audit,
    caller::Rng,
    config::Config,
    demo::{self, Place},
    identity::{self, Affiliation, Answered, NewColleague},
    server::Server,
    start,
};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, InvitationId, Seconds, Secret, UnixTime};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) use administration::{STATED, TOKENS, stated};
pub(crate) use asking::{CIBA, DEVICE};
pub(crate) use bare::{BarePhone, bytes_of, txn_of};
pub(crate) use browser::{Browser, Page};
pub(crate) use device::{Answer, Device, basic, post};
pub(crate) use ear::Ear;
pub(crate) use elsewhere::Elsewhere;
pub(crate) use passkey::{Ceremony, Passkey};
pub(crate) use pki::Pki;
pub(crate) use portal::{Login, Portal, form, jws};
pub(crate) use processes::Processes;
pub(crate) use worker::{Halted, Pick, Worker, logged_in};

use crate::contracts::{
    engine::{Folder, schema},
    redis::Redis,
};
use ground::Ground;

/// OIDC Sweden: the work identity.
pub(crate) const ORG_ID: &str = "https://id.oidc.se/scope/naturalPersonOrgId";
/// The claim that names a work identity.
pub(crate) const WHO: &str = "https://id.oidc.se/claim/orgAffiliation";

/// The secret of the journal, which authenticates with `client_secret_basic`.
pub(crate) const JOURNAL_SECRET: &str = "hs_client_only-for-tests";

/// One municipality with its node.
pub(crate) struct Kommun {
    pub(crate) server: Server,
    pub(crate) place: Arc<Place>,
    pub(crate) base: String,
    pub(crate) issuer: String,
    pub(crate) folder: Arc<Folder>,
    /// The end of services that are told things.
    pub(crate) ear: Ear,
    care: SigningKey,
    serving: JoinHandle<()>,
}

impl Drop for Kommun {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Kommun {
    /// On SQLite.
    pub(crate) async fn sqlite() -> Self {
        Self::configured(|_| {}).await
    }

    /// On SQLite, with another configuration.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::open(Ground::alone(), change).await
    }

    /// On PostgreSQL, where the environment names a server.
    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::open(Ground { postgres: Some(schema().await?), ..Ground::alone() }, |_| {}).await)
    }

    /// Two nodes on PostgreSQL and Redis, where the environment names both.
    pub(crate) async fn two_nodes() -> Option<Self> {
        Self::two_nodes_on(&Redis::of_environment()?, |_| {}).await
    }

    /// Two nodes that share this Redis.
    pub(crate) async fn two_nodes_on(redis: &Redis, change: impl FnOnce(&mut Config)) -> Option<Self> {
        Some(Self::open(Ground { postgres: Some(schema().await?), redis: Some(redis.url()), nodes: 2, folder: Folder::new() }, change).await)
    }

    async fn open(ground: Ground, change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (issuer, base) = (format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}"));
        let care = SigningKey::generate_from_rng(&mut Rng::system());
        let ear = Ear::open().await;
        let services = registered::of(&care, &ear);
        let allowed = ear.base.trim_start_matches("http://").to_owned();
        let opened = demo::at_with(ground.folder.path(), &issuer, &base, |config| {
            ground.configures(config);
            config.page_drawer = Some(binary());
            config.clients.extend(services);
            config.sso_groups = registered::groups();
            config.outbound.allow.push(allowed);
            administration::configured(config);
            change(config);
        });
        let (server, place) = opened.await.unwrap();
        let (app, others) = ground.app(&server, &place).await;
        let node = server.clone();
        let serving = tokio::spawn(async move {
            start::serve(node, app, listener, std::future::pending()).await.unwrap();
            drop(others);
        });
        Self { server, place, base, issuer, folder: Arc::new(ground.folder), ear, care, serving }
    }

    /// The node's time.
    pub(crate) fn now(&self) -> UnixTime {
        self.server.clock.now()
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.base, &self.issuer)
    }

    /// The manager of the home care.
    pub(crate) async fn manager(&self) -> Affiliation {
        self.server.db.read(async |tx| identity::by_id(tx, &self.place.town.manager).await).await.unwrap()
    }

    /// The manager puts a colleague to work; the invitation waits for its answer.
    pub(crate) async fn invites(&self, given_name: &str, family_name: &str) -> Answered {
        let manager = self.manager().await;
        let new = NewColleague { given_name: given_name.to_owned(), family_name: family_name.to_owned(), role: "worker".to_owned(), days: Some(30) };
        assert!(new.is_sound());
        let now = self.now();
        self.server.db.write(async |tx| identity::invite(tx, &manager, &new, now, &mut Rng::system()).await).await.unwrap()
    }

    /// One more invitation for a work identity that exists: another phone.
    pub(crate) async fn invites_again(&self, affiliation: &AffiliationId) -> Secret {
        let link = Secret::random("invite", &mut Rng::system());
        let now = self.now();
        let invitation = identity::Invitation {
            invitation_id: InvitationId::random(&mut Rng::system()),
            affiliation_id: affiliation.clone(),
            invited_by: self.place.town.manager.clone(),
            expires_at: now + Seconds::days(7),
            answered_at: None,
            state: "open".to_owned(),
        };
        self.server.db.write(async |tx| identity::create_invitation(tx, &invitation, &link, now).await).await.unwrap();
        link
    }

    /// A colleague with an enrolled phone.
    pub(crate) async fn worker(&self, name: &str) -> Worker {
        let (given, family) = name.split_once(' ').unwrap_or((name, "Testsson"));
        let answered = self.invites(given, family).await;
        Worker::enrols(self, answered.affiliation, &answered.link).await
    }

    /// The secretary, identified by two managers: level 3.
    pub(crate) async fn secretary(&self) -> Worker {
        let organisation = self.place.town.organisation.clone();
        let staff = self.server.db.read(async |tx| identity::of_unit(tx, &organisation, "Hemtjänst Norr").await).await.unwrap();
        let secretary = staff.into_iter().find(|person| person.role == "secretary").unwrap().affiliation_id;
        let link = self.invites_again(&secretary).await;
        Worker::enrols(self, secretary, &link).await
    }

    /// A colleague whose phone is in an attacker's hands from the first minute.
    pub(crate) async fn bare(&self, name: &str) -> BarePhone {
        let (given, family) = name.split_once(' ').unwrap_or((name, "Testsson"));
        let answered = self.invites(given, family).await;
        BarePhone::enrolled(self, answered.affiliation, &answered.link).await
    }

    /// A colleague whose phone's browser keeps the key.
    pub(crate) async fn stock(&self, name: &str) -> Passkey {
        let (given, family) = name.split_once(' ').unwrap_or((name, "Testsson"));
        let answered = self.invites(given, family).await;
        Passkey::enrolled(self, answered.affiliation, &answered.link).await
    }

    /// The manager ends a work identity, as the page does it.
    pub(crate) async fn blocks(&self, affiliation: &AffiliationId) {
        let now = self.now();
        let by = audit::Actor::Person(self.place.town.manager.clone());
        let blocked = self.server.db.write(async |tx| {
            let ended = identity::by_id(tx, affiliation).await?;
            assert!(identity::block(tx, affiliation, now).await?);
            audit::record(tx, identity::blocked_event(&ended, by), now, &mut Rng::system()).await
        });
        blocked.await.unwrap();
    }

    /// The school portal: confidential.
    pub(crate) fn school(&self) -> Portal {
        let redirect = format!("{}/demo/skola/tillbaka", self.issuer);
        Portal::new(self, "skolportalen", Some(self.place.school.clone()), &redirect)
    }

    /// Another confidential service, with an interface of its own that takes access tokens.
    pub(crate) fn care(&self) -> Portal {
        Portal::new(self, "vardportalen", Some(self.care.clone()), "https://care.example/cb")
    }

    /// A service of the Swedish profile that signs every request, and may have things signed.
    pub(crate) fn contracts(&self) -> Portal {
        Portal::new(self, "avtalen", Some(self.care.clone()), "https://avtal.example/cb")
    }

    /// Another one that may have things signed, in a request signed or not.
    pub(crate) fn archive(&self) -> Portal {
        Portal::new(self, "arkivet", Some(self.care.clone()), "https://arkiv.example/cb")
    }

    /// A service that asks for people it knows, and is told when they have answered.
    pub(crate) fn alarm(&self) -> Portal {
        Portal::new(self, "larmet", Some(self.care.clone()), "https://larm.example/cb")
    }

    /// A page in a browser: no key, PKCE alone.
    pub(crate) fn web_app(&self) -> Portal {
        Portal::new(self, "webbappen", None, "https://app.example/cb")
    }

    /// The home care's app: a native client that proves its device's key.
    pub(crate) fn field_app(&self) -> Portal {
        Portal::new(self, "hemtjanst-app", None, "se.kvarnby.hemtjanst:/cb")
    }

    /// A service that demands level 3.
    pub(crate) fn high(&self) -> Portal {
        Portal::new(self, "beslutsportalen", None, "https://beslut.example/cb")
    }

    /// A service of the group "skola" on managed computers.
    pub(crate) fn grades(&self) -> Portal {
        Portal::new(self, "betygen", None, "https://betyg.example/cb")
    }

    /// Another one of that group.
    pub(crate) fn timetable(&self) -> Portal {
        Portal::new(self, "schemat", None, "https://schema.example/cb")
    }

    /// A third one of that group, held to the Swedish profile.
    pub(crate) fn register(&self) -> Portal {
        Portal::new(self, "registret", None, "https://register.example/cb")
    }

    /// A service of another group, on shared computers.
    pub(crate) fn library(&self) -> Portal {
        Portal::new(self, "biblioteket", None, "https://bibliotek.example/cb")
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let (count,): (i64,) = self.server.db.read(async |tx| tx.one(sql, ()).await).await.unwrap();
        count
    }

    /// Does something to the database that no handler does.
    pub(crate) async fn tampers(&self, sql: &'static str) -> u64 {
        self.server.db.write(async |tx: &mut Tx| tx.execute(sql, ()).await).await.unwrap()
    }

    /// The journal as it is now.
    pub(crate) async fn journal(&self) -> audit::Verified {
        self.server.db.read(async |tx| audit::verify(tx).await).await.unwrap()
    }

    /// Every act so far is in the journal and nothing else is.
    pub(crate) async fn journal_holds(&self) {
        let verified = self.journal().await;
        assert!(verified.findings.is_empty() && verified.entries > 0 && verified.disposed == 0, "{verified:?}");
    }

    /// Fifty at the same moment; gives their answers.
    pub(crate) async fn fifty<T: Send + 'static, F: Future<Output = T> + Send + 'static>(&self, taker: impl Fn(usize) -> F) -> Vec<T> {
        let tasks: Vec<_> = (0..50).map(|number| tokio::spawn(taker(number))).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }
}

/// `handslag`, beside the folder of this test binary.
pub(crate) fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().and_then(|deps| deps.parent()).unwrap().join("handslag");
    assert!(binary.exists(), "build the binary first: cargo build -p handslag-server");
    binary
}

/// Each play as a test of each engine, and of two nodes.
macro_rules! on_every_ground {
    ($($module:ident { $($play:ident,)* })*) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $play() {
                    super::$module::$play(&crate::kommun::Kommun::sqlite().await).await;
                }
            )*)*
        }
        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $play() {
                    if let Some(kommun) = crate::kommun::Kommun::postgres().await {
                        super::$module::$play(&kommun).await;
                    }
                }
            )*)*
        }
        mod on_two_nodes {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $play() {
                    if let Some(kommun) = crate::kommun::Kommun::two_nodes().await {
                        super::$module::$play(&kommun).await;
                    }
                }
            )*)*
        }
    };
}
pub(crate) use on_every_ground;
