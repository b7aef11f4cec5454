//! A unit of work happens as a whole or not at all, whatever becomes of its caller, and harms no other.

use std::{future::pending, time::Duration};

use handslag_store::{Db, Error};
use tokio::{sync::oneshot, time::timeout};

use super::engine::{Engine, add};

const LONG: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq)]
enum Refused {
    Odd(i64),
    Store(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

async fn add_even(db: &Db, n: i64) -> Result<i64, Refused> {
    db.write(async |tx| {
        add(tx, n).await?;
        if n % 2 == 0 { Ok(n) } else { Err(Refused::Odd(n)) }
    })
    .await
}

pub(crate) async fn an_error_undoes_its_unit_and_no_other(engine: &Engine) {
    let tasks: Vec<_> = (0..100).map(|n| (n, engine.db.clone())).map(|(n, db)| tokio::spawn(async move { (n, add_even(&db, n).await) })).collect();
    for task in tasks {
        let (n, outcome) = task.await.unwrap();
        assert_eq!(outcome, if n % 2 == 0 { Ok(n) } else { Err(Refused::Odd(n)) });
    }
    assert_eq!(engine.numbers().await, (0..100).step_by(2).collect::<Vec<_>>());
}

pub(crate) async fn a_failed_statement_ends_its_unit(engine: &Engine) {
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    let swallowed: Result<(), Error> = engine
        .db
        .write(async |tx| {
            add(tx, 2).await?;
            assert!(add(tx, 1).await.unwrap_err().is_unique());
            assert_eq!(add(tx, 3).await, Err(Error::Aborted));
            Ok(())
        })
        .await;
    assert!(swallowed.unwrap_err().is_unique());
    assert_eq!(engine.numbers().await, [1]);
}

pub(crate) async fn a_reading_unit_cannot_write(engine: &Engine) {
    assert_eq!(engine.db.read(async |tx| add(tx, 1).await).await, Err(Error::ReadOnly));
    assert_eq!(engine.numbers().await, Vec::<i64>::new());
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
}

pub(crate) async fn a_read_of_one_statement_is_one_statement_that_reads(engine: &Engine) {
    let count = "SELECT COUNT(*) FROM contract_rows";
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    let counted: Result<(i64,), Error> = engine.db.read_one(async |tx| tx.one(count, ()).await).await;
    assert_eq!(counted, Ok((1,)));
    assert_eq!(engine.db.read_one(async |tx| add(tx, 2).await).await, Err(Error::ReadOnly));
    let twice = engine.db.read_one(async |tx| {
        let (first,): (i64,) = tx.one(count, ()).await?;
        let (second,): (i64,) = tx.one(count, ()).await?;
        Ok::<_, Error>(first + second)
    });
    assert_eq!(twice.await, Err(Error::Aborted));
    for _ in 0..20 {
        let broken = engine.db.read_one(async |tx| tx.one::<(i64,)>("SELECT n FROM nobody_made_this_table", ()).await).await;
        assert!(matches!(broken, Err(Error::Statement(_))), "{broken:?}");
    }
    assert_eq!(engine.db.read(async |tx| tx.one(count, ()).await).await, Ok::<(i64,), Error>((1,)), "the connection is as before");
    assert_eq!(engine.numbers().await, [1]);
}

pub(crate) async fn a_read_sees_one_state(engine: &Engine) {
    let count = "SELECT COUNT(*) FROM contract_rows";
    let (before, after) = engine
        .db
        .read(async |tx| {
            let before: (i64,) = tx.one(count, ()).await?;
            engine.db.write(async |tx| add(tx, 1).await).await?;
            let after: (i64,) = tx.one(count, ()).await?;
            Ok::<_, Error>((before, after))
        })
        .await
        .unwrap();
    assert_eq!((before, after), ((0,), (0,)));
    assert_eq!(engine.numbers().await, [1]);
}

pub(crate) async fn what_was_answered_is_seen_by_the_next_read(engine: &Engine) {
    for n in 0..50 {
        engine.db.write(async |tx| add(tx, n).await).await.unwrap();
        assert_eq!(engine.numbers().await.len(), usize::try_from(n).unwrap() + 1);
    }
}

/// Aborts a unit in its middle, with others before and behind it in line.
pub(crate) async fn a_dropped_unit_leaves_nothing_and_harms_nobody(engine: &Engine) {
    for round in 0..10 {
        let (started, running) = oneshot::channel();
        let db = engine.db.clone();
        let doomed = tokio::spawn(async move {
            db.write(async |tx| {
                add(tx, -1).await?;
                started.send(()).ok();
                pending::<()>().await;
                Ok::<_, Error>(())
            })
            .await
        });
        running.await.unwrap();
        let others: Vec<_> =
            (0..5).map(|n| (n, engine.db.clone())).map(|(n, db)| tokio::spawn(async move { add_even(&db, round * 10 + n * 2).await })).collect();
        tokio::task::yield_now().await;
        doomed.abort();
        assert!(doomed.await.unwrap_err().is_cancelled());
        for other in others {
            timeout(LONG, other).await.unwrap().unwrap().unwrap();
        }
    }
    assert_eq!(engine.numbers().await, (0..100).step_by(2).collect::<Vec<_>>());
}

/// Drops units at every moment of their life, so that statements, savepoints and commits are cut in their middle.
pub(crate) async fn a_statement_that_was_under_way_is_undone_too(engine: &Engine) {
    for n in 0..300 {
        let pair = async |tx: &mut handslag_store::Tx| {
            add(tx, n * 2).await?;
            add(tx, n * 2 + 1).await
        };
        let limit = Duration::from_micros(u64::try_from(n).unwrap() * 10);
        tokio::join!(async { timeout(limit, engine.db.write(pair)).await.ok() }, async {
            timeout(LONG, engine.db.write(async |tx| add(tx, 10_000 + n).await)).await.unwrap().unwrap();
        },);
    }
    let numbers = engine.numbers().await;
    let (pairs, others): (Vec<i64>, Vec<i64>) = numbers.iter().partition(|n| **n < 10_000);
    assert_eq!(others.len(), 300);
    for pair in pairs.chunks(2) {
        assert_eq!(pair, [pair[0], pair[0] + 1], "half a unit was kept");
        assert_eq!(pair[0] % 2, 0, "half a unit was kept");
    }
}

pub(crate) async fn a_panicking_unit_leaves_nothing_and_harms_nobody(engine: &Engine) {
    let db = engine.db.clone();
    let panicked = tokio::spawn(async move {
        db.write(async |tx| {
            add(tx, -1).await?;
            assert!(tx.execute("DELETE FROM contract_parents", ()).await.is_err(), "this unit panics here");
            Ok::<_, Error>(())
        })
        .await
    });
    let others: Vec<_> = (0..5).map(|n| (n, engine.db.clone())).map(|(n, db)| tokio::spawn(async move { add_even(&db, n * 2).await })).collect();
    assert!(panicked.await.unwrap_err().is_panic());
    for other in others {
        timeout(LONG, other).await.unwrap().unwrap().unwrap();
    }
    assert_eq!(engine.numbers().await, [0, 2, 4, 6, 8]);
}

/// The form that every handler uses: boxed as `Send`, with borrowed arguments and captured variables.
pub(crate) async fn a_unit_stands_in_a_task_and_borrows_what_is_around_it(engine: &Engine) {
    async fn handler(db: Db, id: String, bytes: Vec<u8>) -> Result<usize, Refused> {
        let mut tries = 0;
        let (name, slice): (Option<&str>, &[u8]) = (Some(&id), &bytes);
        let rows = db
            .write(async |tx| {
                for at in [Some(5_i64), None] {
                    tries += 1;
                    tx.execute("INSERT INTO contract_rows (id, n, bytes, at) VALUES ($1, $2, $3, $4)", (format!("{id}{tries}"), 1_i64, slice, at))
                        .await?;
                }
                tx.all::<(String,)>("SELECT id FROM contract_rows WHERE id <> $1 AND bytes = $2", (name, slice)).await.map_err(Refused::from)
            })
            .await?;
        assert_eq!((tries, id.as_str(), bytes.len()), (2, "a", 3));
        Ok(rows.len())
    }
    let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(handler(engine.db.clone(), "a".to_owned(), vec![1, 2, 3]));
    assert_eq!(tokio::spawn(boxed).await.unwrap(), Ok(2));
}

pub(crate) async fn migrations_run_twice_and_from_two_nodes(engine: &Engine) {
    let node = Db::open(&engine.place).await.unwrap();
    let (here, there) = tokio::join!(engine.db.migrate(), node.migrate());
    assert_eq!((here, there), (Ok(()), Ok(())));
    assert_eq!(engine.db.migrate().await, Ok(()));
}
