//! One transaction (or, on SQLite, one unit of an open group) and the four ways to run a statement in it.

use futures_util::StreamExt as _;
use sqlx::{
    Either, Executor, PgConnection, Postgres, SqlSafeStr as _, SqliteConnection, Transaction, pool::PoolConnection, postgres::PgArguments,
    sqlite::SqliteArguments,
};

use crate::{
    Args, Error, Record,
    later::{OneByOne, OneText},
    readers::Reader,
    writer::Turn,
};

/// A unit's hold on the database; got from [`Db::read`](crate::Db::read) and [`Db::write`](crate::Db::write).
///
/// SQL is constant text, so SQL built from input does not compile.
pub struct Tx {
    engine: Engine,
    /// Why no other statement may follow.
    failed: Option<Error>,
    /// Statements that were begun.
    statements: usize,
    /// What [`Tx::later`] left, on PostgreSQL.
    one_by_one: OneByOne,
    /// The same on SQLite.
    one_text: Option<OneText>,
}

pub(crate) enum Engine {
    Postgres(Transaction<'static, Postgres>),
    PostgresOnce(PoolConnection<Postgres>),
    SqliteOnce(Reader),
    SqliteReader(Reader),
    SqliteWriter(Turn),
}

enum Connection<'t> {
    Postgres(&'t mut PgConnection),
    Sqlite(&'t mut SqliteConnection),
}

/// Runs one text on the engine at hand; the two arms are the same words on two types.
macro_rules! on_engine {
    ($tx:ident, $sql:ident, $args:ident, |$connection:ident, $text:ident, $bound:ident| $run:expr) => {{
        $tx.run_statements_before().await?;
        let waiting = std::mem::take(&mut $tx.one_text);
        let outcome = match $tx.connection($sql)? {
            Connection::Postgres($connection) => {
                let ($text, mut $bound) = ($sql.into_sql_str(), PgArguments::default());
                $args.for_postgres(&mut $bound)?;
                $run
            }
            Connection::Sqlite($connection) => {
                let ($text, $bound) = match waiting {
                    None => {
                        let mut bound = SqliteArguments::default();
                        $args.for_sqlite(&mut bound)?;
                        ($sql.into_sql_str(), bound)
                    }
                    Some(mut waiting) => {
                        waiting.add($sql, $args)?;
                        waiting.into_parts()
                    }
                };
                $run
            }
        };
        outcome.map_err(|error| $tx.fail(error))
    }};
}

#[expect(clippy::disallowed_methods, reason = "this is the one place through which all SQL goes")]
impl Tx {
    pub(crate) const fn new(engine: Engine) -> Self {
        Self { engine, failed: None, statements: 0, one_by_one: Vec::new(), one_text: None }
    }

    /// Runs a statement and gives how many rows it changed.
    pub async fn execute<'q>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<u64, Error> {
        on_engine!(self, sql, args, |connection, text, bound| {
            let mut steps = connection.fetch_many(sqlx::query_with(text, bound));
            // Of a text with several statements the last one is this.
            let mut changed = Ok(0);
            while let Some(step) = steps.next().await {
                match step {
                    Ok(Either::Left(done)) => changed = Ok(done.rows_affected()),
                    Ok(Either::Right(_)) => {}
                    Err(error) => changed = Err(error),
                }
            }
            changed
        })
    }

    /// Leaves a statement that nothing is asked back of, and that no input can make fail: it runs before the unit's next statement or its end,
    /// and an error of it is an error there.
    pub fn later<'q>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<(), Error> {
        if matches!(self.engine, Engine::Postgres(_) | Engine::PostgresOnce(_)) {
            let mut bound = PgArguments::default();
            args.for_postgres(&mut bound)?;
            self.one_by_one.push((sql, bound));
            return Ok(());
        }
        self.one_text.get_or_insert_default().add(sql, args)
    }

    /// The row, or nothing. A statement that can give several rows belongs in [`Tx::all`].
    pub async fn optional<'q, R: Record>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<Option<R>, Error> {
        on_engine!(self, sql, args, |connection, text, bound| sqlx::query_as_with(text, bound).fetch_optional(connection).await)
    }

    /// The row, or [`Error::Missing`], which leaves the unit alive.
    pub async fn one<'q, R: Record>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<R, Error> {
        self.optional(sql, args).await?.ok_or(Error::Missing)
    }

    /// Every row.
    pub async fn all<'q, R: Record>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<Vec<R>, Error> {
        on_engine!(self, sql, args, |connection, text, bound| sqlx::query_as_with(text, bound).fetch_all(connection).await)
    }

    /// Asks the engine whether it would accept this text, without running it: the check that a compile-time macro gives for one engine.
    pub async fn prepare(&mut self, sql: &'static str) -> Result<(), Error> {
        let outcome = match self.connection(sql)? {
            Connection::Postgres(connection) => connection.prepare(sql.into_sql_str()).await.map(drop),
            Connection::Sqlite(connection) => connection.prepare(sql.into_sql_str()).await.map(drop),
        };
        outcome.map_err(|error| self.fail(error))
    }

    /// Lets no other unit with this topic run until this one has committed, for rules that span rows no constraint can hold together
    /// (the end of a journal chain). Nothing to do on SQLite, which writes alone. The one place where the engines get different words.
    pub async fn alone(&mut self, topic: &str) -> Result<(), Error> {
        if matches!(self.engine, Engine::Postgres(_)) {
            self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (topic,)).await?;
        }
        Ok(())
    }

    /// PostgreSQL's part of what waits. SQLite's goes along with the statement.
    async fn run_statements_before(&mut self) -> Result<(), Error> {
        for (sql, bound) in std::mem::take(&mut self.one_by_one) {
            if let Connection::Postgres(connection) = self.connection(sql)? {
                let outcome = sqlx::query_with(sql, bound).execute(connection).await;
                outcome.map_err(|error| self.fail(error))?;
            }
        }
        Ok(())
    }

    /// Everything that waits, with nothing after it.
    async fn run_what_waits(&mut self) -> Result<(), Error> {
        self.run_statements_before().await?;
        let Some(waiting) = self.one_text.take() else { return Ok(()) };
        let (text, bound) = waiting.into_parts();
        if let Connection::Sqlite(connection) = self.connection(text.as_str())? {
            let outcome = sqlx::query_with(text, bound).execute(connection).await;
            outcome.map_err(|error| self.fail(error))?;
        }
        Ok(())
    }

    /// On PostgreSQL a failed statement ends its transaction. SQLite would go on, and after a full disk it would go on *outside* of
    /// any transaction; so the unit is over here on both.
    fn connection(&mut self, sql: &str) -> Result<Connection<'_>, Error> {
        if self.failed.is_some() {
            return Err(Error::Aborted);
        }
        self.statements += 1;
        if matches!(self.engine, Engine::PostgresOnce(_) | Engine::SqliteOnce(_)) {
            self.is_the_one(sql)?;
        }
        match &mut self.engine {
            Engine::PostgresOnce(connection) => Ok(Connection::Postgres(connection)),
            Engine::Postgres(transaction) => Ok(Connection::Postgres(transaction)),
            Engine::SqliteOnce(reader) | Engine::SqliteReader(reader) => reader.connection().map(Connection::Sqlite),
            Engine::SqliteWriter(turn) => turn.connection().map(Connection::Sqlite),
        }
    }

    /// Without a transaction there is one statement, and PostgreSQL would let it write.
    fn is_the_one(&mut self, sql: &str) -> Result<(), Error> {
        let refused = match self.statements {
            1 if sql.starts_with("SELECT ") => return Ok(()),
            1 => Error::ReadOnly,
            _ => Error::Aborted,
        };
        self.failed = Some(refused.clone());
        Err(refused)
    }

    fn fail(&mut self, error: sqlx::Error) -> Error {
        let error = Error::from(error);
        self.failed = Some(error.clone());
        error
    }

    /// Keeps what the unit did; returns when it is on the disk.
    pub(crate) async fn keep(mut self) -> Result<(), Error> {
        if self.failed.is_none()
            && let Err(error) = self.run_what_waits().await
        {
            self.failed.get_or_insert(error);
        }
        match (self.failed, self.engine) {
            (Some(error), engine) => {
                undo(engine, Some(&error)).await;
                Err(error)
            }
            (None, Engine::Postgres(transaction)) => Ok(transaction.commit().await?),
            (None, Engine::PostgresOnce(_)) => Ok(()),
            (None, Engine::SqliteOnce(reader)) => {
                reader.give_back();
                Ok(())
            }
            (None, Engine::SqliteReader(reader)) => reader.end(),
            (None, Engine::SqliteWriter(turn)) => turn.keep().await,
        }
    }

    /// Takes back what the unit did.
    pub(crate) async fn undo(self) {
        undo(self.engine, self.failed.as_ref()).await;
    }
}

/// A failed roll-back needs no answer: the connection is gone then, and the engine rolls back by itself.
async fn undo(engine: Engine, failed: Option<&Error>) {
    let outcome = match engine {
        Engine::Postgres(transaction) => transaction.rollback().await.map_err(Error::from),
        Engine::SqliteWriter(turn) => {
            drop(turn);
            Ok(())
        }
        Engine::PostgresOnce(_) => Ok(()),
        // Nothing tells whether a connection still works that a statement failed on: it is closed, and the next unit opens another one.
        Engine::SqliteOnce(_) | Engine::SqliteReader(_) if failed.is_some() => Ok(()),
        Engine::SqliteOnce(reader) => {
            reader.give_back();
            Ok(())
        }
        Engine::SqliteReader(reader) => reader.end(),
    };
    if let Err(error) = outcome {
        tracing::warn!(error = error.code(), "a roll-back was left to the engine");
    }
}
