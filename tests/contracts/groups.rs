//! Grouped commits, SQLite only: who is answered when, and what happens to a group whose members leave it.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use handslag_store::{Error, Rule};
use tokio::{sync::oneshot, time::timeout};

use super::engine::{Engine, add};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(150);

type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// Lets a future come as far as it can without waiting.
async fn poll_once<T>(future: &mut Boxed<'_, T>) -> Option<T> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn adding(engine: &Engine, n: i64) -> Boxed<'_, Result<(), Error>> {
    Box::pin(engine.db.write(async move |tx| add(tx, n).await))
}

/// A unit in the seat that ends when the sender says so, and another one behind it in line.
async fn one_seated_one_in_line(engine: &Engine) -> (oneshot::Sender<()>, Boxed<'_, Result<(), Error>>, Boxed<'_, Result<(), Error>>) {
    let (finish, finished) = oneshot::channel::<()>();
    let (seated, is_seated) = oneshot::channel();
    let mut first: Boxed<'_, _> = Box::pin(engine.db.write(async move |tx| {
        add(tx, 1).await?;
        seated.send(()).ok();
        finished.await.ok();
        Ok(())
    }));
    tokio::select! {
        _ = &mut first => panic!("the first unit still runs"),
        seat = is_seated => seat.unwrap(),
    }
    let mut second = adding(engine, 2);
    assert_eq!(poll_once(&mut second).await, None);
    (finish, first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_before_the_commit_that_the_last_in_line_makes() {
    let engine = Engine::sqlite().await;
    let (finish, mut first, second) = one_seated_one_in_line(&engine).await;
    finish.send(()).unwrap();
    assert!(timeout(SHORT, &mut first).await.is_err(), "answered while the commit was still to come");
    assert_eq!(engine.numbers().await, Vec::<i64>::new(), "committed while somebody stood in line");
    let (first, second) = tokio::join!(timeout(LONG, first), timeout(LONG, second));
    assert_eq!((first.unwrap(), second.unwrap()), (Ok(()), Ok(())));
    assert_eq!(engine.numbers().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_group_is_committed_when_the_last_in_line_goes_away() {
    let engine = Engine::sqlite().await;
    let (finish, mut first, second) = one_seated_one_in_line(&engine).await;
    finish.send(()).unwrap();
    assert!(timeout(SHORT, &mut first).await.is_err());
    drop(second);
    assert_eq!(timeout(LONG, first).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_whose_caller_left_after_it_ran_is_kept_and_the_next_is_not_held_up() {
    let engine = Engine::sqlite().await;
    let (finish, mut first, second) = one_seated_one_in_line(&engine).await;
    finish.send(()).unwrap();
    assert!(timeout(SHORT, &mut first).await.is_err());
    drop(first);
    assert_eq!(timeout(LONG, second).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_unit_is_undone_inside_a_group_that_goes_on() {
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    drop(first);
    assert!(finish.send(()).is_err(), "the unit is gone");
    assert_eq!(timeout(LONG, second).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [2]);
}

/// An error needs no commit: its unit is undone whatever becomes of the group.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_answered_before_the_commit() {
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    let mut refused: Boxed<'_, Result<(), Error>> = Box::pin(engine.db.write(async |_| Err(Error::Missing)));
    assert_eq!(poll_once(&mut refused).await, None);
    let mut last = adding(&engine, 4);
    assert_eq!(poll_once(&mut last).await, None);
    finish.send(()).unwrap();
    let answered = tokio::spawn(async { tokio::time::sleep(LONG).await });
    let outcome = tokio::select! {
        _ = async { tokio::join!(first, second) } => panic!("committed while somebody stood in line"),
        outcome = refused => outcome,
        _ = answered => panic!("the refusal waited for the commit"),
    };
    assert_eq!(outcome, Err(Error::Missing));
    assert_eq!(timeout(LONG, last).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [1, 2, 4]);
}

/// Only one savepoint stands: whoever is undone takes nothing along of those who came before in the same group.
#[tokio::test(flavor = "multi_thread")]
async fn an_undone_unit_takes_along_nothing_of_its_group() {
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    let refused = |n: i64| -> Boxed<'_, Result<(), Error>> {
        let unit = engine.db.write(async move |tx| {
            add(tx, n).await?;
            Err(Error::Missing)
        });
        Box::pin(unit)
    };
    let (mut third, mut fourth, mut fifth, mut sixth) = (refused(3), refused(4), adding(&engine, 5), refused(6));
    for unit in [&mut third, &mut fourth, &mut fifth, &mut sixth] {
        assert_eq!(poll_once(unit).await, None);
    }
    finish.send(()).unwrap();
    let kept = timeout(LONG, async { tokio::join!(first, second, fifth) });
    let undone = timeout(LONG, async { tokio::join!(third, fourth, sixth) });
    let (kept, undone) = tokio::join!(kept, undone);
    assert_eq!(kept.unwrap(), (Ok(()), Ok(()), Ok(())));
    assert_eq!(undone.unwrap(), (Err(Error::Missing), Err(Error::Missing), Err(Error::Missing)));
    assert_eq!(engine.numbers().await, [1, 2, 5]);
}

/// What a unit leaves to be run is run when it leaves the seat, and for the last of a group in one text with the commit.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_unit_left_fails_with_that_unit_alone() {
    const ADD: &str = "INSERT INTO contract_rows (id, n) VALUES ($1, $2)";
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    let leaving = |id: &'static str, n: i64| -> Boxed<'_, Result<(), Error>> { Box::pin(engine.db.write(async move |tx| tx.later(ADD, (id, n)))) };
    let (mut wrong, mut right, mut wrong_at_the_end) = (leaving("1", 3), leaving("4", 4), leaving("2", 5));
    for unit in [&mut wrong, &mut right, &mut wrong_at_the_end] {
        assert_eq!(poll_once(unit).await, None);
    }
    finish.send(()).unwrap();
    let (first, second, wrong, right, wrong_at_the_end) =
        timeout(LONG, async { tokio::join!(first, second, wrong, right, wrong_at_the_end) }).await.unwrap();
    assert_eq!((first, second, right), (Ok(()), Ok(()), Ok(())));
    assert!(wrong.unwrap_err().is_unique());
    assert!(wrong_at_the_end.unwrap_err().is_unique());
    assert_eq!(engine.numbers().await, [1, 2, 4]);
    assert!(timeout(LONG, leaving("1", 6)).await.unwrap().unwrap_err().is_unique(), "alone in its group");
    assert_eq!(timeout(LONG, leaving("7", 7)).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [1, 2, 4, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_with_what_was_left_fails_every_member() {
    const LATE: &str = "INSERT INTO contract_late (parent) VALUES ('nobody')";
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    let leaving = || -> Boxed<'_, Result<(), Error>> { Box::pin(engine.db.write(async |tx| tx.later(LATE, ()))) };
    let mut third = leaving();
    assert_eq!(poll_once(&mut third).await, None);
    finish.send(()).unwrap();
    let (first, second, third) = timeout(LONG, async { tokio::join!(first, second, third) }).await.unwrap();
    for error in [first.unwrap_err(), second.unwrap_err(), third.unwrap_err(), timeout(LONG, leaving()).await.unwrap().unwrap_err()] {
        assert!(matches!(error, Error::Constraint { rule: Rule::ForeignKey, .. }), "everybody hears the cause: {error}");
    }
    assert_eq!(engine.numbers().await, Vec::<i64>::new());
    assert_eq!(timeout(LONG, adding(&engine, 5)).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_asks_nothing_holds_up_nobody() {
    let engine = Engine::sqlite().await;
    let nothing = || -> Boxed<'_, Result<(), Error>> { Box::pin(engine.db.write(async |_| Ok(()))) };
    assert_eq!(timeout(LONG, nothing()).await.unwrap(), Ok(()));
    let (finish, first, mut second) = one_seated_one_in_line(&engine).await;
    let mut third = nothing();
    assert_eq!(poll_once(&mut third).await, None);
    assert_eq!(poll_once(&mut second).await, None);
    finish.send(()).unwrap();
    let all = timeout(LONG, async { tokio::join!(first, second, third) }).await.unwrap();
    assert_eq!(all, (Ok(()), Ok(()), Ok(())));
    assert_eq!(engine.numbers().await, [1, 2]);
}

/// A deferred rule is one of the few things that let a commit fail; migrations may not use it for this reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_fails_every_member_and_the_next_unit_works() {
    let engine = Engine::sqlite().await;
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    let mut third: Boxed<'_, Result<u64, Error>> =
        Box::pin(engine.db.write(async |tx| tx.execute("INSERT INTO contract_late (parent) VALUES ('nobody')", ()).await));
    assert_eq!(poll_once(&mut third).await, None);
    finish.send(()).unwrap();
    let (first, second, third) = tokio::join!(first, second, third);
    for error in [first.unwrap_err(), second.unwrap_err(), third.unwrap_err()] {
        assert!(matches!(error, Error::Constraint { rule: Rule::ForeignKey, .. }), "{error}");
    }
    assert_eq!(engine.numbers().await, Vec::<i64>::new());
    assert_eq!(timeout(LONG, adding(&engine, 5)).await.unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_writers_does_not_put_off_the_commit_for_ever() {
    let engine = Engine::sqlite().await;
    let tasks: Vec<_> =
        (0..1_000).map(|n| (n, engine.db.clone())).map(|(n, db)| tokio::spawn(async move { db.write(async |tx| add(tx, n).await).await })).collect();
    let mut first_seen_at = None;
    while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
        let seen = engine.numbers().await.len();
        first_seen_at = first_seen_at.or((seen > 0).then_some(seen));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert!(first_seen_at.is_some_and(|seen| seen < 1_000), "one commit for all: {first_seen_at:?}");
    assert_eq!(engine.numbers().await, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_by_another_process_is_waited_for() {
    let engine = Engine::sqlite().await;
    let other = handslag_store::Db::open(&engine.place).await.unwrap();
    let (finish, first, second) = one_seated_one_in_line(&engine).await;
    drop(second);
    let there = tokio::spawn(async move { other.write(async |tx| add(tx, 7).await).await });
    tokio::time::sleep(SHORT).await;
    finish.send(()).unwrap();
    assert_eq!(timeout(LONG, first).await.unwrap(), Ok(()));
    assert_eq!(timeout(LONG, there).await.unwrap().unwrap(), Ok(()));
    assert_eq!(engine.numbers().await, [1, 7]);
}

/// Better an error that names the fault than a server that stands still.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_inside_a_write_is_busy_and_the_outer_one_goes_on() {
    let engine = Engine::sqlite().await;
    let outer = engine.db.write(async |tx| {
        add(tx, 1).await?;
        assert_eq!(engine.db.write(async |tx| add(tx, 2).await).await, Err(Error::Busy));
        add(tx, 3).await
    });
    assert_eq!(outer.await, Ok(()));
    assert_eq!(engine.numbers().await, [1, 3]);
}

/// Without these four, every promise about a kill or a power cut is empty.
#[tokio::test(flavor = "multi_thread")]
async fn the_writer_waits_for_the_disk() {
    let engine = Engine::sqlite().await;
    let settings = engine
        .db
        .write(async |tx| {
            let (journal,): (String,) = tx.one("PRAGMA journal_mode", ()).await?;
            let (synchronous,): (i64,) = tx.one("PRAGMA synchronous", ()).await?;
            let (foreign_keys,): (i64,) = tx.one("PRAGMA foreign_keys", ()).await?;
            let (patience,): (i64,) = tx.one("PRAGMA busy_timeout", ()).await?;
            Ok::<_, Error>((journal, synchronous, foreign_keys, patience))
        })
        .await;
    assert_eq!(settings, Ok(("wal".to_owned(), 2, 1, 5_000)));
}
