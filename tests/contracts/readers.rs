//! The readers' connections, SQLite only: what one unit did on a connection, the next one that gets it does not meet.

use std::future::pending;

use handslag_store::{Db, Error};
use tokio::sync::oneshot;

use super::engine::{Engine, add};

/// Larger than any that a connection has by itself: it tells one connection from a new one.
const MARK: i64 = 7_777;

/// Marks the connection that is lent next, which is the one that came back last.
async fn mark(db: &Db) {
    db.read(async |tx| tx.execute("PRAGMA cache_size = 7777", ()).await).await.unwrap();
    assert!(is_marked(db).await, "the same connection is lent again");
}

async fn is_marked(db: &Db) -> bool {
    let (size,): (i64,) = db.read_one(async |tx| tx.one("SELECT cache_size FROM pragma_cache_size", ()).await).await.unwrap();
    size == MARK
}

async fn fails(tx: &mut handslag_store::Tx) -> Result<(i64,), Error> {
    tx.one("SELECT n FROM nobody_made_this_table", ()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_failed_is_not_lent_again() {
    let engine = Engine::sqlite().await;
    mark(&engine.db).await;
    assert!(engine.db.read_one(fails).await.is_err());
    assert!(!is_marked(&engine.db).await, "after one statement");
    mark(&engine.db).await;
    assert!(engine.db.read(fails).await.is_err());
    assert!(!is_marked(&engine.db).await, "after a unit");
    mark(&engine.db).await;
    let swallowed = engine.db.read(async |tx| {
        fails(tx).await.ok();
        Ok::<_, Error>(())
    });
    assert!(swallowed.await.is_err());
    assert!(!is_marked(&engine.db).await, "after a unit that did not look");
}

/// A refusal is no failure of the connection's.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_unit_said_no_is_lent_again() {
    let engine = Engine::sqlite().await;
    mark(&engine.db).await;
    assert_eq!(engine.db.read_one(async |_| Err::<(), _>(Error::Missing)).await, Err(Error::Missing));
    assert_eq!(engine.db.read(async |_| Err::<(), _>(Error::Missing)).await, Err(Error::Missing));
    assert!(is_marked(&engine.db).await);
}

/// What a unit had begun ends with it, however it ended: the next unit on the same connection sees the state of its own time.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_ended_holds_no_state_for_the_next() {
    let engine = Engine::sqlite().await;
    let count = "SELECT COUNT(*) FROM contract_rows";
    let counted = async || engine.db.read_one(async |tx| tx.one::<(i64,)>(count, ()).await).await;
    for n in 0..2 {
        mark(&engine.db).await;
        let read = engine.db.read(async |tx| {
            let (before,): (i64,) = tx.one(count, ()).await?;
            if n == 0 { Ok(before) } else { Err(Error::Missing) }
        });
        assert_eq!(read.await.is_ok(), n == 0);
        engine.db.write(async |tx| add(tx, n).await).await.unwrap();
        assert_eq!(counted().await, Ok((n + 1,)));
        assert!(is_marked(&engine.db).await, "it was the same connection");
    }
}

/// A browser that hung up leaves no state behind that keeps the file from being cleaned.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_was_dropped_holds_no_state_for_the_next() {
    let engine = Engine::sqlite().await;
    let count = "SELECT COUNT(*) FROM contract_rows";
    let (seen, was_seen) = oneshot::channel();
    let db = engine.db.clone();
    let doomed = tokio::spawn(async move {
        db.read(async |tx| {
            let before: (i64,) = tx.one(count, ()).await?;
            seen.send(before).ok();
            pending::<()>().await;
            Ok::<_, Error>(())
        })
        .await
    });
    assert_eq!(was_seen.await.unwrap(), (0,));
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    assert_eq!(engine.db.read_one(async |tx| tx.one::<(i64,)>(count, ()).await).await, Ok((1,)));
}
