//! What counts once counts once, however many ask at the same moment.

use handslag_store::{Db, Error};
use handslag_vocab::{Digest, UnixTime};

use super::engine::{Engine, add};

const TAKERS: i64 = 50;

const NOW: UnixTime = UnixTime::from_seconds(1_000);
const LATER: UnixTime = UnixTime::from_seconds(1_060);

/// Runs fifty at once and gives their answers.
async fn fifty<T: Send + 'static, F>(engine: &Engine, taker: impl Fn(Db, i64) -> F) -> Vec<T>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let tasks: Vec<_> = (0..TAKERS).map(|n| tokio::spawn(taker(engine.db.clone(), n))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap().unwrap());
    }
    answers
}

pub(crate) async fn of_fifty_takers_of_a_mark_exactly_one_wins(engine: &Engine) {
    let digest = Digest::of(b"jti");
    let won = fifty(engine, |db, _| async move { db.write(async |tx| tx.mark_once("proof", &digest, LATER, NOW).await).await }).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
}

pub(crate) async fn of_fifty_takers_of_a_row_exactly_one_wins(engine: &Engine) {
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    let redeem = "UPDATE contract_rows SET at = $2 WHERE id = $1 AND at IS NULL RETURNING n";
    let won: Vec<Option<(i64,)>> = fifty(engine, |db, n| async move { db.write(async |tx| tx.optional(redeem, ("1", n)).await).await }).await;
    assert_eq!(won.into_iter().flatten().collect::<Vec<_>>(), [(1,)]);
}

pub(crate) async fn fifty_counters_give_every_number_once(engine: &Engine) {
    let count = "INSERT INTO contract_rows (id, n) VALUES ('counter', 1) ON CONFLICT (id) DO UPDATE SET n = contract_rows.n + 1 RETURNING n";
    let mut numbers: Vec<(i64,)> = fifty(engine, |db, _| async move { db.write(async |tx| tx.one(count, ()).await).await }).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=TAKERS).map(|n| (n,)).collect::<Vec<_>>());
}

/// Reads the end of a chain and appends to it: no single statement's work.
pub(crate) async fn rules_over_several_rows_hold_under_alone(engine: &Engine) {
    fifty(engine, |db, _| async move {
        db.write(async |tx| {
            tx.alone("chain").await?;
            let (last,): (i64,) = tx.one("SELECT CAST(COALESCE(MAX(n), 0) AS BIGINT) FROM contract_rows", ()).await?;
            add(tx, last + 1).await
        })
        .await
    })
    .await;
    assert_eq!(engine.numbers().await, (1..=TAKERS).collect::<Vec<_>>());
}

pub(crate) async fn a_mark_counts_for_its_purpose_until_it_expires(engine: &Engine) {
    let (digest, other) = (Digest::of(b"a"), Digest::of(b"b"));
    let mark = async |purpose: &str, digest: &Digest, now| engine.db.write(async |tx| tx.mark_once(purpose, digest, LATER, now).await).await.unwrap();
    assert!(mark("proof", &digest, NOW).await);
    assert!(!mark("proof", &digest, NOW).await);
    assert!(mark("nonce", &digest, NOW).await);
    assert!(mark("proof", &other, NOW).await);
    assert!(!mark("proof", &Digest::of(b"c"), LATER).await, "what expired counts no more, also without a mark");
    assert_eq!(engine.db.write(async |tx| tx.purge_marks(NOW).await).await, Ok(0));
    assert_eq!(engine.db.write(async |tx| tx.purge_marks(LATER).await).await, Ok(3));
    assert!(!mark("proof", &digest, LATER).await, "not even after its mark is purged");
}
