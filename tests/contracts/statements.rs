//! Every SQL text of the workspace is prepared on both engines: what a compile-time macro gives for one engine only.

mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

use handslag_store::Error;

use super::engine::{Engine, constant};

const VERBS: [&str; 5] = ["DELETE", "INSERT", "SELECT", "UPDATE", "WITH"];

/// The store's one engine-specific statement.
const POSTGRES_ONLY: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

pub(crate) async fn every_statement_of_the_workspace_is_accepted(engine: &Engine) {
    let statements = statements();
    assert!(statements.len() >= 3, "the store itself has three; the scan is broken");
    let mut refused = Vec::new();
    for (place, sql) in statements {
        if engine.is_sqlite() && sql == POSTGRES_ONLY {
            continue;
        }
        if let Err::<(), Error>(error) = engine.db.read(async |tx| tx.prepare(constant(sql)).await).await {
            refused.push(format!("{place}: {error}"));
        }
    }
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}

/// `file:line` and text, in the order of the files, so that a failure reads the same each time.
fn statements() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    collect(&root.join("backend"), &mut files);
    files.sort();
    let mut statements = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).unwrap().display();
        let texts = source::texts(&fs::read_to_string(&path).unwrap());
        statements.extend(texts.into_iter().filter(|(_, text)| is_sql(text)).map(|(line, text)| (format!("{file}:{line}"), text)));
    }
    statements
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn is_sql(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| VERBS.contains(&word)) && words.next().is_some()
}

#[test]
fn the_scan_finds_statements_and_only_those() {
    let source = "
        // \"SELECT comment\"
        /* \"SELECT comment\" */
        fn f<'a>(c: char) { c == '\"' || c == '\\'' || c == '\\\\'; }
        tx.one(\"SELECT \\\"a\\\" \\
                FROM b\", ());
        tx.one(r#\"DELETE FROM \"c\"\"#, ());
        let word = \"SELECTED\"; let alone = \"WITH\";
        for\"INSERT INTO d\"
        concat!(\"SELECT e \", \"FROM f\");
        macro_rules! select { ($rest:literal, $more:literal) => { concat!(\"SELECT g \", $rest, \"/\", $more) }; }
        tx.one(select!(\"FROM h\", \"WHERE i\"), ());
        tx.one(select!(\"\", \"FROM j\"), ());";
    let found: Vec<_> = source::texts(source).into_iter().filter(|(_, text)| is_sql(text)).collect();
    let expected = [
        (5, "SELECT \"a\" FROM b"),
        (7, "DELETE FROM \"c\""),
        (9, "INSERT INTO d"),
        (10, "SELECT e FROM f"),
        (12, "SELECT g FROM h/WHERE i"),
        (13, "SELECT g /FROM j"),
    ];
    assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
}
