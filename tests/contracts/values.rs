//! Values on both engines: what goes in comes out, and what does not fit is refused.

use handslag_store::{Error, FromRow, Rule};
use handslag_vocab::{ApprovalKind, ClientId, UnixTime};

use super::engine::Engine;

#[derive(Debug, PartialEq, FromRow)]
struct Row {
    id: ClientId,
    n: i64,
    bytes: Option<Vec<u8>>,
    at: Option<UnixTime>,
    kind: Option<ApprovalKind>,
}

pub(crate) async fn every_kind_of_value_comes_back_as_it_was(engine: &Engine) {
    let rows = [
        Row {
            id: "full".parse().unwrap(),
            n: i64::MAX,
            bytes: Some(vec![0, 255, 0]),
            at: Some(UnixTime::from_seconds(-1)),
            kind: Some(ApprovalKind::Opening),
        },
        Row { id: "none".parse().unwrap(), n: i64::MIN, bytes: None, at: None, kind: None },
        Row { id: "void".parse().unwrap(), n: 0, bytes: Some(Vec::new()), at: Some(UnixTime::from_seconds(0)), kind: Some(ApprovalKind::Login) },
    ];
    let insert = "INSERT INTO contract_rows (id, n, bytes, at, kind) VALUES ($1, $2, $3, $4, $5)";
    for Row { id, n, bytes, at, kind } in &rows {
        engine.db.write(async |tx| tx.execute(insert, (id, n, bytes.as_deref(), at, *kind)).await).await.unwrap();
    }
    let select = "SELECT id, n, bytes, at, kind FROM contract_rows WHERE id >= $1 ORDER BY id";
    let read: Vec<Row> = engine.db.read(async |tx| tx.all(select, (Some("a"),)).await).await.unwrap();
    assert_eq!(read, rows);
    let text = "Åsa \u{1f511} 'quoted' -- $1 \\";
    let (back,): (String,) = engine.db.read(async |tx| tx.one("SELECT CAST($1 AS TEXT)", (text,)).await).await.unwrap();
    assert_eq!(back, text);
}

pub(crate) async fn a_row_that_does_not_fit_its_type_is_refused_without_its_value(engine: &Engine) {
    let insert = "INSERT INTO contract_rows (id, n, kind) VALUES ('191212121212', 1, 'another')";
    engine.db.write(async |tx| tx.execute(insert, ()).await).await.unwrap();
    let text_as_number = engine.db.read(async |tx| tx.one::<(i64,)>("SELECT id FROM contract_rows", ()).await).await.unwrap_err();
    let number_as_text = engine.db.read(async |tx| tx.one::<(String,)>("SELECT n FROM contract_rows", ()).await).await.unwrap_err();
    let unknown_state = engine.db.read(async |tx| tx.one::<(ApprovalKind,)>("SELECT kind FROM contract_rows", ()).await).await.unwrap_err();
    for error in [text_as_number, number_as_text, unknown_state] {
        assert_eq!(error.code(), "row", "{error}");
        assert!(!format!("{error} {error:?}").contains("191212121212") && !error.to_string().contains("another"), "{error}");
    }
    let missing = engine.db.read(async |tx| tx.one::<(i64,)>("SELECT n FROM contract_rows WHERE id = 'x'", ()).await).await;
    assert_eq!(missing, Err(Error::Missing));
}

/// PostgreSQL refuses the text when it is written; SQLite keeps it, and the row is refused when it is read.
pub(crate) async fn a_text_in_a_number_column_never_comes_back_as_a_number(engine: &Engine) {
    let written = engine.db.write(async |tx| tx.execute("INSERT INTO contract_rows (id, n) VALUES ('a', $1)", ("hello",)).await).await;
    let read = engine.db.read(async |tx| tx.optional::<(i64,)>("SELECT n FROM contract_rows", ()).await).await;
    if engine.is_sqlite() {
        assert!(matches!(read, Err(Error::Row(_))), "{read:?}");
    } else {
        assert_eq!((written, read), (Err(Error::Value), Ok(None)));
    }
}

/// SQLite's driver reads 0 for it, as the README of the migrations warns; the run on PostgreSQL is what finds a forgotten `Option`.
pub(crate) async fn a_missing_value_needs_an_option(engine: &Engine) {
    engine.db.write(async |tx| super::engine::add(tx, 1).await).await.unwrap();
    let at = "SELECT at FROM contract_rows";
    assert_eq!(engine.db.read(async |tx| tx.one::<(Option<i64>,)>(at, ()).await).await, Ok((None,)));
    let bare = engine.db.read(async |tx| tx.one::<(i64,)>(at, ()).await).await;
    assert_eq!(bare, if engine.is_sqlite() { Ok((0,)) } else { Err(Error::Row("0".to_owned())) });
}

pub(crate) async fn numbers_need_the_casts_that_the_readme_names(engine: &Engine) {
    for n in [1, 2] {
        engine.db.write(async |tx| super::engine::add(tx, n).await).await.unwrap();
    }
    let one = "SELECT CAST(1 AS BIGINT)";
    let sum = "SELECT CAST(SUM(n) AS BIGINT) FROM contract_rows";
    let count = "SELECT COUNT(*) FROM contract_rows";
    for (sql, expected) in [(one, 1), (sum, 3), (count, 2)] {
        let (number,): (i64,) = engine.db.read(async |tx| tx.one(sql, ()).await).await.unwrap();
        assert_eq!(number, expected, "{sql}");
    }
}

pub(crate) async fn rules_of_a_table_have_the_same_names(engine: &Engine) {
    engine.db.write(async |tx| super::engine::add(tx, 1).await).await.unwrap();
    for (sql, expected) in [
        ("INSERT INTO contract_rows (id, n) VALUES ('1', 2)", Rule::Unique),
        ("INSERT INTO contract_rows (id) VALUES ('2')", Rule::NotNull),
        ("INSERT INTO contract_rows (id, n, kind) VALUES ('2', 2, 'x')", Rule::Check),
        ("INSERT INTO contract_rows (id, n, parent) VALUES ('2', 2, 'x')", Rule::ForeignKey),
    ] {
        let refused = engine.db.write(async |tx| tx.execute(sql, ()).await).await;
        assert!(matches!(&refused, Err(Error::Constraint { rule, .. }) if *rule == expected), "{sql}: {refused:?}");
    }
    let unknown = engine.db.write(async |tx| tx.execute("DELETE FROM contract_nothing", ()).await).await;
    assert!(matches!(unknown, Err(Error::Statement(_))), "{unknown:?}");
    assert_eq!(engine.numbers().await, [1]);
}
