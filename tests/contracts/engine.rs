//! An empty, migrated database for one test, on either engine.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use handslag_store::{Db, Error, Place};

/// The tables that the contracts play with.
const TABLES: [&str; 3] = [
    "CREATE TABLE contract_parents (id TEXT PRIMARY KEY)",
    "CREATE TABLE contract_rows (
        id     TEXT PRIMARY KEY,
        n      BIGINT NOT NULL,
        bytes  BYTEA,
        at     BIGINT,
        kind   TEXT CHECK (kind IN ('login', 'opening', 'signature', 'another')),
        parent TEXT REFERENCES contract_parents (id)
    )",
    "CREATE TABLE contract_late (parent TEXT REFERENCES contract_parents (id) DEFERRABLE INITIALLY DEFERRED)",
];

static SAID: Once = Once::new();

pub(crate) struct Engine {
    pub(crate) db: Db,
    pub(crate) place: Place,
    _folder: Option<Folder>,
}

impl Engine {
    pub(crate) async fn sqlite() -> Self {
        let folder = Folder::new();
        Self::fill(Place::Sqlite(folder.path().join("test.db")), Some(folder)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::fill(Place::Postgres(schema().await?), None).await)
    }

    pub(crate) async fn fill(place: Place, folder: Option<Folder>) -> Self {
        let db = Db::open(&place).await.unwrap();
        db.migrate().await.unwrap();
        db.write(async |tx| define(tx, &TABLES).await).await.unwrap();
        Self { db, place, _folder: folder }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
    }

    /// The numbers in `contract_rows`, sorted.
    pub(crate) async fn numbers(&self) -> Vec<i64> {
        let rows: Vec<(i64,)> =
            self.db.read(async |tx| tx.all("SELECT n FROM contract_rows ORDER BY n", ()).await).await.map_err(|e: Error| e).unwrap();
        rows.into_iter().map(|(n,)| n).collect()
    }
}

/// The address of an empty schema of its own on the server that the environment names.
pub(crate) async fn schema() -> Option<String> {
    let Ok(url) = std::env::var("HANDSLAG_POSTGRES") else {
        assert!(std::env::var("HANDSLAG_REQUIRE_ALL").is_err(), "HANDSLAG_POSTGRES must name a server here");
        // Not `eprintln!`, which the test harness keeps to itself.
        SAID.call_once(|| writeln!(std::io::stderr(), "NOT TESTED on PostgreSQL: HANDSLAG_POSTGRES names no server").unwrap());
        return None;
    };
    let schema = format!("contract_{}_{}", process::id(), next());
    let server = Db::open(&Place::Postgres(url.clone())).await.unwrap();
    server
        .write(async |tx| define(tx, &[&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), &format!("CREATE SCHEMA {schema}")]).await)
        .await
        .unwrap();
    let mark = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{mark}options[search_path]={schema}"))
}

async fn define(tx: &mut handslag_store::Tx, statements: &[&str]) -> Result<(), Error> {
    for statement in statements {
        tx.execute(constant((*statement).to_owned()), ()).await?;
    }
    Ok(())
}

/// Tests may make SQL out of text; the store's signature keeps the program from it.
pub(crate) fn constant(text: String) -> &'static str {
    String::leak(text)
}

/// Adds a row with this number; its id is the number too.
pub(crate) async fn add(tx: &mut handslag_store::Tx, n: i64) -> Result<(), Error> {
    tx.execute("INSERT INTO contract_rows (id, n) VALUES ($1, $2)", (n.to_string(), n)).await.map(drop)
}

/// A folder on the disk that the build uses, gone with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}-{}", process::id(), next()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
