//! The data inventory: what every column is for, how long it is kept and who sees it, read from the migrations themselves
//! (GDPR article 30; the page `docs/data.md` is written from here, so that it cannot drift).
//!
//! A migration says it at the end of the column's own line:
//! `name TEXT NOT NULL, -- purpose: …; retention: …; seen by: …`; a comment right above `CREATE TABLE` says what the table is for.
//! Only `TEXT`, `BIGINT` and `BYTEA` are columns that mean the same on both engines.

mod parse;

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use crate::db::MIGRATIONS;

/// One migration file.
#[derive(Clone, Copy, Debug)]
pub struct Migration<'m> {
    /// The file's name.
    pub file: &'m str,
    /// Its text.
    pub sql: &'m str,
}

/// One table as the migrations leave it, columns in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The comment above it, or nothing.
    pub about: String,
    /// The columns in the order in which they were added.
    pub columns: Vec<Column>,
}

/// One column with the three things that must be said about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `TEXT`, `BIGINT` or `BYTEA`.
    pub kind: String,
    /// What it is for.
    pub purpose: String,
    /// How long it is kept.
    pub retention: String,
    /// Who may see it.
    pub seen_by: String,
}

/// Something that a migration leaves unsaid or says in a way one engine would not understand.
#[derive(Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file's name.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migrations/{}:{}: {}", self.file, self.line, self.what)
    }
}

/// The tables by name after all these migrations, or everything that is wrong with them.
pub fn read<'m>(migrations: impl IntoIterator<Item = Migration<'m>>) -> Result<BTreeMap<String, Table>, Vec<Flaw>> {
    let mut reader = parse::Reader::default();
    for migration in migrations {
        reader.read(migration);
    }
    reader.finish()
}

/// The inventory of this program's own migrations.
pub fn tables() -> Result<BTreeMap<String, Table>, Vec<Flaw>> {
    let files: Vec<_> =
        MIGRATIONS.iter().map(|one| (format!("{}_{}.sql", one.version, one.description.replace(' ', "_")), one.sql.as_str())).collect();
    read(files.iter().map(|(file, sql)| Migration { file, sql }))
}

/// The page `docs/data.md`.
pub fn markdown() -> Result<String, Vec<Flaw>> {
    Ok(page(&tables()?))
}

fn page(tables: &BTreeMap<String, Table>) -> String {
    let columns: usize = tables.values().map(|table| table.columns.len()).sum();
    let mut page =
        format!("# What is stored\n\nWritten from `migrations/` by a test; change it there. {} tables, {columns} columns.\n", tables.len());
    for (name, table) in tables {
        // Writing into a string cannot fail.
        let about = if table.about.is_empty() { String::new() } else { format!("{}\n\n", table.about) };
        write!(page, "\n## {name}\n\n{about}| column | type | purpose | kept | seen by |\n|---|---|---|---|---|\n").ok();
        for Column { name, kind, purpose, retention, seen_by } in &table.columns {
            writeln!(page, "| `{name}` | {kind} | {purpose} | {retention} | {seen_by} |").ok();
        }
    }
    page
}
