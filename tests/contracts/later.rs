//! What a unit leaves for later is done in its order, before what asks for it, and before the end.

use handslag_store::Error;

use super::engine::{Engine, add};

const ADD_TWO: &str = "INSERT INTO contract_rows (id, n) VALUES ($1, $2), ($3, $4)";
const MOVE: &str = "UPDATE contract_rows SET n = $1 WHERE n = $2";
const FIND: &str = "SELECT n FROM contract_rows WHERE n = $1";

pub(crate) async fn what_is_left_for_later_runs_in_its_order(engine: &Engine) {
    let ran = engine.db.write(async |tx| {
        tx.later(ADD_TWO, ("1", 1_i64, "2", 2_i64))?;
        tx.later(MOVE, (40_i64, 2_i64))?;
        let seen: Vec<(i64,)> = tx.all("SELECT n FROM contract_rows WHERE n >= $1 ORDER BY n", (1_i64,)).await?;
        assert_eq!(seen, [(1,), (40,)], "what asks comes after it");
        tx.later(MOVE, (41_i64, 40_i64))?;
        let one: (i64,) = tx.one("SELECT n FROM contract_rows WHERE n = $1", (41_i64,)).await?;
        tx.later(MOVE, (42_i64, one.0))?;
        tx.later(ADD_TWO, ("3", 3_i64, "4", 4_i64))?;
        let changed = tx.execute("UPDATE contract_rows SET n = n + $1 WHERE n < $2", (10_i64, 4_i64)).await?;
        assert_eq!(changed, 2, "its own rows and no others");
        add(tx, 5).await?;
        tx.later(MOVE, (50_i64, 5_i64))
    });
    ran.await.unwrap();
    assert_eq!(engine.numbers().await, [4, 11, 13, 42, 50]);
}

pub(crate) async fn what_is_left_for_later_and_fails_undoes_its_unit_alone(engine: &Engine) {
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    let at_the_end: Result<(), Error> = engine.db.write(async |tx| tx.later(ADD_TWO, ("2", 2_i64, "1", 1_i64))).await;
    assert!(at_the_end.unwrap_err().is_unique());
    let before_the_next: Result<(), Error> = engine
        .db
        .write(async |tx| {
            tx.later(ADD_TWO, ("2", 2_i64, "3", 3_i64))?;
            tx.later(ADD_TWO, ("4", 4_i64, "1", 1_i64))?;
            assert!(tx.all::<(i64,)>("SELECT n FROM contract_rows", ()).await.unwrap_err().is_unique());
            tx.later(ADD_TWO, ("5", 5_i64, "6", 6_i64))
        })
        .await;
    assert!(before_the_next.unwrap_err().is_unique());
    let refused: Result<(), Error> = engine
        .db
        .write(async |tx| {
            tx.later(ADD_TWO, ("7", 7_i64, "8", 8_i64))?;
            Err(Error::Missing)
        })
        .await;
    assert_eq!(refused, Err(Error::Missing));
    assert_eq!(engine.db.read(async |tx| tx.later(ADD_TWO, ("9", 9_i64, "10", 10_i64))).await, Err(Error::ReadOnly));
    assert_eq!(engine.db.read_one(async |tx| tx.later(ADD_TWO, ("9", 9_i64, "10", 10_i64))).await, Err(Error::ReadOnly));
    assert_eq!(engine.numbers().await, [1]);
}

pub(crate) async fn a_question_goes_along_with_the_statement_that_it_stands_on(engine: &Engine) {
    engine.db.write(async |tx| add(tx, 1).await).await.unwrap();
    let first = engine.db.write(async |tx| tx.execute_and_ask::<(i64,)>((MOVE, (2_i64, 1_i64)), (FIND, (2_i64,))).await).await;
    assert_eq!(first, Ok((1, Some((2,)))), "as a unit's first");
    let ran = engine.db.write(async |tx| {
        tx.later(ADD_TWO, ("10", 10_i64, "11", 11_i64))?;
        let moved = tx.execute_and_ask::<(i64,)>((MOVE, (12_i64, 10_i64)), (FIND, (10_i64,))).await?;
        assert_eq!(moved, (1, None), "counted without what waited, and asked after it");
        tx.later(ADD_TWO, ("20", 20_i64, "21", 21_i64))?;
        let all = "UPDATE contract_rows SET n = n + $1 WHERE n > $2 RETURNING n";
        let (changed, row) = tx.execute_and_ask::<(i64,)>((MOVE, (0_i64, 99_i64)), (all, (100_i64, 2_i64))).await?;
        assert_eq!((changed, row.is_some()), (0, true), "nothing was moved, and the question is asked all the same");
        let back = tx.execute_and_ask::<(i64,)>(("UPDATE contract_rows SET n = n - $1 WHERE n > $2", (100_i64, 99_i64)), (FIND, (2_i64,))).await?;
        assert_eq!(back, (4, Some((2,))));
        Ok::<_, Error>(())
    });
    ran.await.unwrap();
    assert_eq!(engine.numbers().await, [2, 11, 12, 20, 21]);
    for fails_first in [true, false] {
        let (wrong, right) = ((ADD_TWO, ("2", 30_i64, "1", 31_i64)), (ADD_TWO, ("40", 40_i64, "41", 41_i64)));
        let (sql, question) = if fails_first { (wrong, right) } else { (right, wrong) };
        let failed = engine.db.write(async |tx| tx.execute_and_ask::<(i64,)>(sql, question).await).await;
        assert!(failed.unwrap_err().is_unique(), "either of them ends the unit");
    }
    assert_eq!(engine.numbers().await, [2, 11, 12, 20, 21]);
}
