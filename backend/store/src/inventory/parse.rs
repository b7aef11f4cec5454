//! Reads the part of SQL that migrations may use. Strict on purpose: what it does not understand is a flaw, never skipped.

use std::collections::BTreeMap;

use super::{Column, Flaw, Migration, Table};

const TYPES: [&str; 3] = ["BIGINT", "BYTEA", "TEXT"];
const TABLE_RULES: [&str; 5] = ["CHECK", "CONSTRAINT", "FOREIGN", "PRIMARY", "UNIQUE"];

#[derive(Default)]
pub(super) struct Reader {
    tables: BTreeMap<String, Table>,
    flaws: Vec<Flaw>,
    /// The line that is read, for flaws.
    file: String,
    line: usize,
    /// The comment lines just above.
    about: Vec<String>,
    within: Within,
}

/// What the reader stands in.
#[derive(Default)]
enum Within {
    #[default]
    Nothing,
    /// Between the parentheses of `CREATE TABLE`.
    Table(String),
    /// In a rule of a table that goes on over several lines; so many parentheses are open.
    Rule(String, usize),
    /// In a statement without columns, until its semicolon.
    Statement,
}

impl Reader {
    pub(super) fn read(&mut self, migration: Migration<'_>) {
        migration.file.clone_into(&mut self.file);
        for (index, text) in migration.sql.lines().enumerate() {
            self.line = index + 1;
            let (code, comment) = split_comment(text);
            // It would fail at the commit, and a commit on SQLite is shared: one unit's mistake would undo its neighbours.
            if code.contains("DEFERRABLE") {
                self.flaw("a deferred rule fails at the commit, which units share");
            }
            match std::mem::take(&mut self.within) {
                Within::Nothing => self.outside(code, comment),
                Within::Rule(table, open) => self.rule(table, open, code),
                Within::Statement => self.statement(code),
                Within::Table(table) => self.inside(table, code, comment),
            }
        }
        if !matches!(self.within, Within::Nothing) {
            self.flaw("the file ends inside a statement");
            self.within = Within::Nothing;
        }
    }

    pub(super) fn finish(self) -> Result<BTreeMap<String, Table>, Vec<Flaw>> {
        if self.flaws.is_empty() { Ok(self.tables) } else { Err(self.flaws) }
    }

    fn outside(&mut self, code: &str, comment: Option<&str>) {
        let words: Vec<_> = code.split_whitespace().collect();
        match words.as_slice() {
            [] => self.remember(comment),
            ["CREATE", "TABLE", name, "("] => self.create((*name).to_owned()),
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column @ ..] => self.column(table, column, comment),
            ["ALTER", "TABLE", table, "DROP", "COLUMN", name] => self.drop_column(table, name.trim_end_matches(';')),
            ["DROP", "TABLE", name] => self.drop_table(name.trim_end_matches(';')),
            ["CREATE", "INDEX", ..] | ["CREATE", "UNIQUE", "INDEX", ..] | ["UPDATE" | "INSERT" | "DELETE", ..] => self.statement(code),
            _ => self.flaw("not a form that the inventory knows (see migrations/README.md)"),
        }
        if !words.is_empty() {
            self.about.clear();
        }
    }

    /// A comment belongs to the table right below it; an empty line ends it.
    fn remember(&mut self, comment: Option<&str>) {
        match comment {
            Some(comment) => self.about.push(comment.trim().to_owned()),
            None => self.about.clear(),
        }
    }

    fn create(&mut self, name: String) {
        let table = Table { about: self.about.join(" "), columns: Vec::new() };
        if self.tables.insert(name.clone(), table).is_some() {
            self.flaw(&format!("table {name} exists already"));
        }
        self.within = Within::Table(name);
    }

    fn inside(&mut self, table: String, code: &str, comment: Option<&str>) {
        let words: Vec<_> = code.split_whitespace().collect();
        match words.as_slice() {
            [");"] => return,
            [] => {}
            [first, ..] if TABLE_RULES.iter().any(|rule| first.starts_with(rule)) => return self.rule(table, 0, code),
            column => self.column(&table, column, comment),
        }
        self.within = Within::Table(table);
    }

    fn rule(&mut self, table: String, open: usize, code: &str) {
        let opened = open + code.matches('(').count();
        let open = opened.saturating_sub(code.matches(')').count());
        self.within = if open == 0 { Within::Table(table) } else { Within::Rule(table, open) };
    }

    fn statement(&mut self, code: &str) {
        self.within = if code.trim_end().ends_with(';') { Within::Nothing } else { Within::Statement };
    }

    fn column(&mut self, table: &str, words: &[&str], comment: Option<&str>) {
        let [name, kind, ..] = words else { return self.flaw("a column has a name and a type on one line") };
        let kind = kind.trim_end_matches([',', ';']);
        if !TYPES.contains(&kind) {
            self.flaw(&format!("column {name}: {kind} is not TEXT, BIGINT or BYTEA (a nullable time instead of a boolean)"));
        }
        let Some([purpose, retention, seen_by]) = comment.and_then(three_things) else {
            return self.flaw(&format!("column {name} does not say `-- purpose: …; retention: …; seen by: …` on its own line"));
        };
        let column = Column { name: (*name).to_owned(), kind: kind.to_owned(), purpose, retention, seen_by };
        match self.tables.get_mut(table) {
            Some(known) => known.columns.push(column),
            None => self.flaw(&format!("table {table} does not exist")),
        }
    }

    fn drop_column(&mut self, table: &str, name: &str) {
        let columns = self.tables.get_mut(table).map(|table| &mut table.columns);
        match columns.and_then(|columns| columns.iter().position(|column| column.name == name).map(|place| columns.remove(place))) {
            Some(_) => {}
            None => self.flaw(&format!("column {table}.{name} does not exist")),
        }
    }

    fn drop_table(&mut self, name: &str) {
        if self.tables.remove(name).is_none() {
            self.flaw(&format!("table {name} does not exist"));
        }
    }

    fn flaw(&mut self, what: &str) {
        self.flaws.push(Flaw { file: self.file.clone(), line: self.line, what: what.to_owned() });
    }
}

/// The code of a line and its comment. `--` inside a quoted text begins no comment.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("--")).map(|at| from + at) {
        let (code, comment) = line.split_at(at);
        if code.matches('\'').count() % 2 == 0 {
            return (code, comment.get(2..));
        }
        from = at + 2;
    }
    (line, None)
}

/// `purpose: …; retention: …; seen by: …`, each said and none empty; `|` would break the page's table.
fn three_things(comment: &str) -> Option<[String; 3]> {
    let rest = comment.trim().strip_prefix("purpose:")?;
    let (purpose, rest) = rest.split_once("; retention:")?;
    let (retention, seen_by) = rest.split_once("; seen by:")?;
    let things = [purpose, retention, seen_by].map(|thing| thing.trim().to_owned());
    things.iter().all(|thing| !thing.is_empty() && !thing.contains('|')).then_some(things)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{page, read};

    const SAID: &str = "-- purpose: p; retention: r; seen by: s";

    fn flaws(sql: &str) -> Vec<(usize, String)> {
        let flaws = read([Migration { file: "1_a.sql", sql }]).unwrap_err();
        flaws.into_iter().map(|flaw| (flaw.line, flaw.what)).collect()
    }

    fn table_with(column: &str) -> String {
        format!("-- About.\nCREATE TABLE a (\n    {column}\n);\n")
    }

    #[test]
    fn the_tables_stand_as_the_last_migration_left_them() {
        let first = format!(
            "-- People,\n-- not pets.\nCREATE TABLE a (\n    id TEXT PRIMARY KEY, {SAID}\n    gone BIGINT, {SAID}\n    \
             kind TEXT DEFAULT '--', {SAID}\n    CHECK (\n        kind IN ('x', 'y')\n    ),\n    UNIQUE (kind)\n);\n\
             CREATE UNIQUE INDEX one ON a (kind)\n    WHERE gone IS NULL;\n-- Gone soon.\nCREATE TABLE b (\n    id TEXT {SAID}\n);\n"
        );
        let second =
            format!("ALTER TABLE a ADD COLUMN late BYTEA; {SAID}\nALTER TABLE a DROP COLUMN gone;\nDROP TABLE b;\nUPDATE a SET kind = 'x';\n");
        let tables = read([Migration { file: "1_a.sql", sql: &first }, Migration { file: "2_b.sql", sql: &second }]).unwrap();
        let names: Vec<_> = tables["a"].columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(names, [("id", "TEXT"), ("kind", "TEXT"), ("late", "BYTEA")]);
        assert_eq!((tables.len(), tables["a"].about.as_str()), (1, "People, not pets."));
        assert!(page(&tables).contains("| `late` | BYTEA | p | r | s |\n"));
    }

    #[test]
    fn a_column_that_leaves_one_of_the_three_unsaid_is_named_with_its_line() {
        for comment in
            ["", "-- a name", "-- purpose: p; retention: r", "-- purpose: p; retention: ; seen by: s", "-- retention: r; purpose: p; seen by: s"]
        {
            let said = flaws(&table_with(&format!("name TEXT NOT NULL, {comment}")));
            assert_eq!(said, [(3, "column name does not say `-- purpose: …; retention: …; seen by: …` on its own line".to_owned())], "{comment}");
        }
        let said = flaws(&format!("{}ALTER TABLE a ADD COLUMN late TEXT;\n", table_with(&format!("id TEXT {SAID}"))));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].0, 5);
    }

    #[test]
    fn a_type_that_means_different_things_on_the_engines_is_refused() {
        for kind in ["BOOLEAN", "INTEGER", "JSONB", "TIMESTAMPTZ", "VARCHAR(20)", "UUID", "text"] {
            assert!(flaws(&table_with(&format!("a {kind}, {SAID}")))[0].1.contains("is not TEXT, BIGINT or BYTEA"), "{kind}");
        }
    }

    #[test]
    fn what_the_reader_does_not_understand_is_never_skipped() {
        for wrong in [
            "CREATE TABLE a (id TEXT);\n",
            "CREATE VIEW v AS SELECT 1;\n",
            "ALTER TABLE a RENAME TO b;\n",
            "CREATE INDEX i ON a (b)\n",
            "DROP TABLE never;\n",
            "ALTER TABLE never DROP COLUMN a;\n",
        ] {
            assert_eq!(flaws(wrong).len(), 1, "{wrong}");
        }
        assert!(flaws(&table_with(&format!("a TEXT REFERENCES a (a) DEFERRABLE, {SAID}")))[0].1.contains("deferred"));
        assert!(
            flaws(&format!("{}{}", table_with(&format!("a TEXT, {SAID}")), table_with(&format!("b TEXT, {SAID}"))))[0].1.contains("exists already")
        );
    }
}
