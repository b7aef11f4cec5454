//! Statements of a unit that nothing is asked back of. They wait for the unit's next question, or for its end, and go to the engine with it:
//! on SQLite all of it is one text and so one trip to the connection's thread, which costs more than most statements.

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr, postgres::PgArguments, sqlite::SqliteArguments};

use crate::{Args, Error};

/// What waits on SQLite: one text, with the arguments of all its statements.
#[derive(Default)]
pub(crate) struct OneText {
    text: String,
    bound: SqliteArguments,
    parameters: usize,
    statements: usize,
}

impl OneText {
    pub(crate) fn add<'q, A: Args<'q>>(&mut self, sql: &str, args: A) -> Result<(), Error> {
        append(&mut self.text, sql, self.parameters);
        args.for_sqlite(&mut self.bound)?;
        self.parameters += A::COUNT;
        self.statements += 1;
        Ok(())
    }

    /// One that begins, or goes on, with a control statement.
    pub(crate) fn and(mut self, control: &str) -> Self {
        append(&mut self.text, control, self.parameters);
        self.statements += 1;
        self
    }

    /// How many stand in it: the engine tells of each when it is done.
    pub(crate) const fn statements(&self) -> usize {
        self.statements
    }

    pub(crate) fn into_parts(self) -> (SqlStr, SqliteArguments) {
        (AssertSqlSafe(self.text).into_sql_str(), self.bound)
    }
}

/// What waits on PostgreSQL, which runs one statement at a time.
pub(crate) type OneByOne = Vec<(&'static str, PgArguments)>;

/// The statement at the end of the text, its parameters counted on from those that stand there.
fn append(text: &mut String, sql: &str, count: usize) {
    if !text.is_empty() {
        text.push_str("; ");
    }
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        text.push('$');
        if let Ok(number) = number.parse::<usize>() {
            text.push_str(&(number + count).to_string());
        }
        text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn parameters_are_counted_on() {
        let mut text = String::new();
        append(&mut text, "put ($1, $2), ($1, $12)", 0);
        append(&mut text, "move $2 to $1 for $", 12);
        assert_eq!(text, "put ($1, $2), ($1, $12); move $14 to $13 for $");
    }
}
