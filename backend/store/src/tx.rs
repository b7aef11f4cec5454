//! One transaction (or, on SQLite, one unit of an open group) and the ways to run a statement in it.

use futures_util::StreamExt as _;
use sqlx::{
    Either, Executor, PgConnection, Postgres, SqlSafeStr as _, SqlStr, SqliteConnection, Transaction, pool::PoolConnection, postgres::PgArguments,
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

/// Runs one text on the engine at hand; the two arms are the same words on two types.
macro_rules! on_engine {
    ($tx:ident, $sql:ident, $args:ident, |$connection:ident, $text:ident, $bound:ident| $run:expr) => {{
        $tx.run_statements_before().await?;
        let outcome = if $tx.is_postgres() {
            let mut $bound = PgArguments::default();
            $args.for_postgres(&mut $bound).map_err(|error| $tx.refuse(error))?;
            let ($connection, $text) = ($tx.postgres($sql)?, $sql.into_sql_str());
            $run
        } else {
            let ($text, $bound) = $tx.one_text_with($sql, $args)?;
            let $connection = $tx.sqlite($sql)?;
            $run
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
        if self.is_postgres() {
            let mut bound = PgArguments::default();
            args.for_postgres(&mut bound).map_err(|error| self.refuse(error))?;
            self.one_by_one.push((sql, bound));
            return Ok(());
        }
        let mut text = self.take_text().unwrap_or_default();
        text.add(sql, args).map_err(|error| self.refuse(error))?;
        self.one_text = Some(text);
        Ok(())
    }

    /// Runs a statement and asks a question right after it, on SQLite in one trip: how many rows the first one changed, and the question's
    /// row. The question is asked whatever the first one changed.
    pub async fn execute_and_ask<'q, R: Record>(
        &mut self,
        (sql, args): (&'static str, impl Args<'q>),
        (question, asked): (&'static str, impl Args<'q>),
    ) -> Result<(u64, Option<R>), Error> {
        if self.is_postgres() {
            let changed = self.execute(sql, args).await?;
            return Ok((changed, self.optional(question, asked).await?));
        }
        let mut text = self.take_text().unwrap_or_default();
        text.add(sql, args).map_err(|error| self.refuse(error))?;
        let first = text.statements();
        text.add(question, asked).map_err(|error| self.refuse(error))?;
        let outcome = changed_and_row(self.sqlite(sql)?, text, first).await;
        outcome.map_err(|error| self.fail(error))
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
        let outcome = if self.is_postgres() {
            self.postgres(sql)?.prepare(sql.into_sql_str()).await.map(drop)
        } else {
            self.sqlite(sql)?.prepare(sql.into_sql_str()).await.map(drop)
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
            let outcome = sqlx::query_with(sql, bound).execute(self.postgres(sql)?).await;
            outcome.map_err(|error| self.fail(error))?;
        }
        Ok(())
    }

    /// Everything that waits, with nothing after it. The writer's goes along with the end instead.
    async fn run_what_waits(&mut self) -> Result<(), Error> {
        self.run_statements_before().await?;
        if matches!(self.engine, Engine::SqliteWriter(_)) {
            return Ok(());
        }
        let Some(waiting) = self.one_text.take() else { return Ok(()) };
        let (text, bound) = waiting.into_parts();
        let outcome = sqlx::query_with(text.clone(), bound).execute(self.sqlite(text.as_str())?).await;
        outcome.map(drop).map_err(|error| self.fail(error))
    }

    /// What goes to SQLite before the next statement, in one text with it.
    fn take_text(&mut self) -> Option<OneText> {
        let opening = match &mut self.engine {
            Engine::SqliteWriter(turn) => turn.opening(),
            _ => None,
        };
        opening.map(|opening| OneText::default().and(opening)).or_else(|| self.one_text.take())
    }

    fn one_text_with<'q>(&mut self, sql: &'static str, args: impl Args<'q>) -> Result<(SqlStr, SqliteArguments), Error> {
        match self.take_text() {
            None => {
                let mut bound = SqliteArguments::default();
                args.for_sqlite(&mut bound).map_err(|error| self.refuse(error))?;
                Ok((sql.into_sql_str(), bound))
            }
            Some(mut text) => {
                text.add(sql, args).map_err(|error| self.refuse(error))?;
                Ok(text.into_parts())
            }
        }
    }

    const fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_) | Engine::PostgresOnce(_))
    }

    fn postgres(&mut self, sql: &str) -> Result<&mut PgConnection, Error> {
        self.may_run(sql)?;
        match &mut self.engine {
            Engine::PostgresOnce(connection) => Ok(connection),
            Engine::Postgres(transaction) => Ok(transaction),
            _ => Err(Error::Aborted),
        }
    }

    fn sqlite(&mut self, sql: &str) -> Result<&mut SqliteConnection, Error> {
        self.may_run(sql)?;
        match &mut self.engine {
            Engine::SqliteOnce(reader) | Engine::SqliteReader(reader) => reader.connection(),
            Engine::SqliteWriter(turn) => turn.connection(),
            _ => Err(Error::Aborted),
        }
    }

    /// On PostgreSQL a failed statement ends its transaction. SQLite would go on, and after a full disk it would go on *outside* of
    /// any transaction; so the unit is over here on both.
    fn may_run(&mut self, sql: &str) -> Result<(), Error> {
        if self.failed.is_some() {
            return Err(Error::Aborted);
        }
        self.statements += 1;
        if matches!(self.engine, Engine::PostgresOnce(_) | Engine::SqliteOnce(_)) {
            self.is_the_one(sql)?;
        }
        Ok(())
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
        self.refuse(Error::from(error))
    }

    /// Also where nothing was sent: what waited is not whole any more.
    fn refuse(&mut self, error: Error) -> Error {
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
            (None, Engine::SqliteWriter(turn)) => turn.keep(self.one_text).await,
        }
    }

    /// Takes back what the unit did.
    pub(crate) async fn undo(self) {
        undo(self.engine, self.failed.as_ref()).await;
    }
}

/// Of a text with several statements: what the one at this place changed, and the first row of those after it.
#[expect(clippy::disallowed_methods, reason = "this is the one place through which all SQL goes")]
async fn changed_and_row<R: Record>(connection: &mut SqliteConnection, text: OneText, place: usize) -> Result<(u64, Option<R>), sqlx::Error> {
    let (text, bound) = text.into_parts();
    let mut steps = connection.fetch_many(sqlx::query_with(text, bound));
    let (mut done, mut changed, mut row) = (0, 0, None);
    while let Some(step) = steps.next().await {
        match step? {
            Either::Left(outcome) => {
                done += 1;
                if done == place {
                    changed = outcome.rows_affected();
                }
            }
            Either::Right(found) if done >= place && row.is_none() => row = Some(R::from_row(&found)?),
            Either::Right(_) => {}
        }
    }
    Ok((changed, row))
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

#[cfg(test)]
mod tests {
    use sqlx::{Database, Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError};

    use crate::{Db, Error, Place};

    /// A value that no engine is given.
    struct Unwritable;

    macro_rules! unwritable {
        ($($Engine:ident)*) => {
            $(
                impl Type<$Engine> for Unwritable {
                    fn type_info() -> <$Engine as Database>::TypeInfo {
                        <i64 as Type<$Engine>>::type_info()
                    }
                }
                impl Encode<'_, $Engine> for Unwritable {
                    fn encode_by_ref(&self, _: &mut <$Engine as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                        Err("unwritable".into())
                    }
                }
            )*
        };
    }

    unwritable! { Postgres Sqlite }

    /// What waited for it would be lost with it otherwise, and the unit kept without.
    #[tokio::test]
    async fn a_value_that_cannot_be_written_ends_its_unit() {
        const MARK: &str = "INSERT INTO seen_once (purpose, digest, expires_at) VALUES ('a', $1, 1)";
        let folder = std::env::temp_dir().join(format!("handslag-store-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let db = Db::open(&Place::Sqlite(folder.join("test.db"))).await.unwrap();
        db.migrate().await.unwrap();
        for way in 0_u8..3 {
            let ran = db.write(async |tx| {
                tx.later(MARK, (vec![way],))?;
                let refused = match way {
                    0 => tx.later(MARK, (Unwritable,)).err(),
                    1 => tx.execute(MARK, (Unwritable,)).await.err(),
                    _ => tx
                        .execute_and_ask::<(i64,)>((MARK, (vec![9_u8],)), ("SELECT expires_at FROM seen_once WHERE expires_at = $1", (Unwritable,)))
                        .await
                        .err(),
                };
                assert_eq!(refused, Some(Error::Value));
                Ok(())
            });
            assert_eq!(ran.await, Err(Error::Value), "{way}");
        }
        let kept = db.write(async |tx| tx.execute("DELETE FROM seen_once WHERE expires_at = 1", ()).await).await;
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(kept, Ok(0));
    }
}
