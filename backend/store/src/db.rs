//! The two engines behind one word, and the two ways into them: [`Db::read`] and [`Db::write`]. [`Db::read_one`] is the short form of the first.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{Error, Tx, readers::Readers, tx::Engine, writer::Writer};

/// The repository's `migrations/`, one folder for both engines.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// How long a statement waits for another process's lock, and a unit for a connection, before [`Error::Busy`].
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// More texts than are in use, so that each is parsed once per connection: a statement counts anew with what goes along with it.
const STATEMENTS: usize = 2_000;

/// Where the data is.
#[derive(Clone)]
pub enum Place {
    /// One file on a local disk (SQLite's WAL does not work on network file systems). Its folder must exist.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`, with the options of libpq's connection strings.
    Postgres(String),
}

/// The database. Clones share it.
#[derive(Clone)]
pub struct Db(Kind);

#[derive(Clone)]
enum Kind {
    Postgres(PgPool),
    Sqlite { readers: Arc<Readers>, writer: Arc<Writer> },
}

impl Db {
    /// Opens the place, and creates the file where SQLite has none. Must run inside a Tokio runtime, which the database then stays with.
    pub async fn open(place: &Place) -> Result<Self, Error> {
        match place {
            Place::Sqlite(path) => open_sqlite(path.clone()).await,
            Place::Postgres(url) => {
                let options: PgConnectOptions = url.parse()?;
                let options = options.statement_cache_capacity(STATEMENTS);
                let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(PATIENCE).connect_with(options).await?;
                Ok(Self(Kind::Postgres(pool)))
            }
        }
    }

    /// Brings the tables to this program's state. Safe to run twice and by several nodes at once; a database with
    /// migrations this program does not know, or knows otherwise, is refused.
    pub async fn migrate(&self) -> Result<(), Error> {
        match &self.0 {
            Kind::Postgres(pool) => Ok(MIGRATIONS.run(pool).await?),
            Kind::Sqlite { writer, .. } => writer.migrate(&MIGRATIONS).await,
        }
    }

    /// Reads one state of the database: what others commit meanwhile is not seen. Writing gives [`Error::ReadOnly`].
    pub async fn read<T, E: From<Error>>(&self, unit: impl AsyncFnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        let engine = match &self.0 {
            Kind::Postgres(pool) => {
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await;
                Engine::Postgres(begun.map_err(Error::from)?)
            }
            Kind::Sqlite { readers, .. } => {
                let mut reader = readers.lend().await?;
                reader.begin()?;
                Engine::SqliteReader(reader)
            }
        };
        run(engine, unit).await
    }

    /// Reads with one `SELECT`, which sees one state by itself: nothing is begun and nothing ended, so it costs one trip to the engine
    /// where [`Db::read`] costs three. A second statement gives [`Error::Aborted`], and one that is no `SELECT` [`Error::ReadOnly`].
    pub async fn read_one<T, E: From<Error>>(&self, unit: impl AsyncFnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        let engine = match &self.0 {
            Kind::Postgres(pool) => Engine::PostgresOnce(pool.acquire().await.map_err(Error::from)?),
            Kind::Sqlite { readers, .. } => Engine::SqliteOnce(readers.lend().await?),
        };
        run(engine, unit).await
    }

    /// Writes: everything the unit did is on the disk when this gives `Ok`, and nothing of it when it gives `Err`.
    ///
    /// The one exception is the network's: if the connection to a PostgreSQL server breaks during the commit, [`Error::Connection`]
    /// leaves open whether it took place. [`Error::Busy`] is never retried here, because the unit can run only once.
    pub async fn write<T, E: From<Error>>(&self, unit: impl AsyncFnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        let engine = match &self.0 {
            Kind::Postgres(pool) => Engine::Postgres(pool.begin().await.map_err(Error::from)?),
            Kind::Sqlite { writer, .. } => Engine::SqliteWriter(writer.turn().await?),
        };
        run(engine, unit).await
    }
}

async fn run<T, E: From<Error>>(engine: Engine, unit: impl AsyncFnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
    let mut tx = Tx::new(engine);
    match unit(&mut tx).await {
        Ok(value) => {
            tx.keep().await?;
            Ok(value)
        }
        Err(error) => {
            tx.undo().await;
            Err(error)
        }
    }
}

/// Readers are `query_only`, so that a write in a [`Db::read`] is refused as PostgreSQL refuses it.
async fn open_sqlite(path: PathBuf) -> Result<Db, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // What is sent ahead must always find room in line: two control statements for each unit of a group.
        .command_buffer_size(256)
        // A savepoint keeps aside the pages that its unit changes; else in a file that is made and removed each time.
        .pragma("temp_store", "MEMORY")
        // Pages of the log before they are brought home, 16 MiB: those at the end of every index are written there again and again.
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(STATEMENTS);
    // The writer's pages stay good from one unit to the next, 16 MiB of them; a reader's are thrown away with every commit.
    let writer = Writer::open(options.clone().pragma("cache_size", "-16384")).await?;
    let readers = Readers::new(options.create_if_missing(false).pragma("query_only", "ON"));
    Ok(Db(Kind::Sqlite { readers, writer }))
}
