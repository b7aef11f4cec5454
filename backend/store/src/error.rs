//! What can go wrong at the database, without any value that was bound: an error may reach a log.

use sqlx::error::{DatabaseError, ErrorKind};

/// What kind of rule of a table refused the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A `CHECK`.
    Check,
    /// A reference to a row that is not there, or a row that others refer to.
    ForeignKey,
    /// A column that must have a value.
    NotNull,
    /// A primary key or a unique index: somebody was first.
    Unique,
}

/// One variant for each thing that callers or operators treat differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A statement of this unit failed before; the unit is undone whatever it still tries.
    #[error("a statement came after another one of its unit had failed")]
    Aborted,
    /// Others hold what the unit needs: a lock, a deadlock (PostgreSQL `40P01`), no free connection. Trying again later is right.
    #[error("the database was busy for too long")]
    Busy,
    /// The database, its server or its disk does not answer; also when a group's commit failed (then nothing of it was kept).
    #[error("the database could not be reached: {0}")]
    Connection(String),
    /// A rule of the table refused the change. The name is for logs: SQLite names columns where PostgreSQL names the constraint.
    #[error("the database refused a change by its rule {rule:?} ({name})")]
    Constraint {
        /// The kind of rule, the same on both engines.
        rule: Rule,
        /// The engine's name for it; never branch on it.
        name: String,
    },
    /// The database file or its index is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The migrations do not fit this database.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// [`Tx::one`](crate::Tx::one) found no row.
    #[error("a row that must be there is missing")]
    Missing,
    /// A statement that writes stood in a [`Db::read`](crate::Db::read).
    #[error("a reading unit tried to write")]
    ReadOnly,
    /// A row does not fit its Rust type; names the column, not its value.
    #[error("a row could not be read: column {0}")]
    Row(String),
    /// The engine does not accept the text: a fault in the program.
    #[error("the database did not accept a statement: {0}")]
    Statement(String),
    /// A value does not fit where it was bound.
    #[error("a value did not fit its column")]
    Value,
}

impl Error {
    /// A stable word for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::Busy => "busy",
            Self::Connection(_) => "connection",
            Self::Constraint { .. } => "constraint",
            Self::Corrupt(_) => "corrupt",
            Self::Migration(_) => "migration",
            Self::Missing => "missing",
            Self::ReadOnly => "read_only",
            Self::Row(_) => "row",
            Self::Statement(_) => "statement",
            Self::Value => "value",
        }
    }

    /// Whether a primary key or a unique index refused: somebody was first.
    pub const fn is_unique(&self) -> bool {
        matches!(self, Self::Constraint { rule: Rule::Unique, .. })
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(refusal) => from_engine(refusal.as_ref()),
            E::RowNotFound => Self::Missing,
            E::ColumnDecode { index, .. } => Self::Row(index),
            E::ColumnNotFound(name) => Self::Row(name),
            E::ColumnIndexOutOfBounds { index, .. } => Self::Row(index.to_string()),
            E::Decode(_) | E::TypeNotFound { .. } => Self::Row("of unknown name".to_owned()),
            E::Encode(_) | E::InvalidArgument(_) => Self::Value,
            E::PoolTimedOut => Self::Busy,
            E::Io(error) => Self::Connection(error.kind().to_string()),
            E::Tls(_) => Self::Connection("TLS".to_owned()),
            // The source may hold the connection string, and with it a password.
            E::Configuration(_) => Self::Connection("the address could not be read".to_owned()),
            E::PoolClosed | E::WorkerCrashed => Self::Connection("closed".to_owned()),
            _ => Self::Connection("protocol".to_owned()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error.to_string())
    }
}

/// Sorts an engine's refusal. Its detail and its free text about values never pass.
fn from_engine(refusal: &dyn DatabaseError) -> Error {
    let rule = match refusal.kind() {
        ErrorKind::CheckViolation => Rule::Check,
        ErrorKind::ForeignKeyViolation => Rule::ForeignKey,
        ErrorKind::NotNullViolation => Rule::NotNull,
        ErrorKind::UniqueViolation => Rule::Unique,
        _ => return from_code(refusal),
    };
    let after_colon = refusal.message().split_once("failed: ").map(|(_, name)| name);
    let name = refusal.constraint().or(after_colon).unwrap_or("unnamed").to_owned();
    Error::Constraint { rule, name }
}

fn from_code(refusal: &dyn DatabaseError) -> Error {
    let code = refusal.code().unwrap_or_default();
    let said = || format!("{} ({code})", refusal.message());
    match refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        Some(_) => from_sqlite(code.parse().unwrap_or_default(), said),
        None => from_sqlstate(&code, said),
    }
}

/// SQLite's result codes (sqlite.org/rescode.html); the low byte is the primary one.
fn from_sqlite(code: i32, said: impl Fn() -> String) -> Error {
    match code & 0xff {
        5 | 6 => Error::Busy,
        8 => Error::ReadOnly,
        11 | 26 => Error::Corrupt(said()),
        1 | 19 | 25 => Error::Statement(said()),
        18 | 20 => Error::Value,
        _ => Error::Connection(said()),
    }
}

/// SQLSTATE (PostgreSQL documentation, appendix A). Class 22 quotes the value in its text, so the text is left out.
fn from_sqlstate(code: &str, said: impl Fn() -> String) -> Error {
    match code {
        "40001" | "40P01" | "55P03" => Error::Busy,
        "25006" => Error::ReadOnly,
        "25P02" => Error::Aborted,
        "42804" => Error::Value,
        _ if code.starts_with("22") => Error::Value,
        _ if code.starts_with("23") || code.starts_with("42") => Error::Statement(said()),
        "XX001" | "XX002" => Error::Corrupt(said()),
        _ => Error::Connection(said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_become_ours() {
        let said = || "text".to_owned();
        assert_eq!(from_sqlite(517, said), Error::Busy, "SQLITE_BUSY_SNAPSHOT");
        assert_eq!(from_sqlite(13, said), Error::Connection("text".to_owned()), "SQLITE_FULL");
        assert_eq!(from_sqlite(11, said), Error::Corrupt("text".to_owned()));
        assert_eq!(from_sqlstate("40P01", said), Error::Busy);
        assert_eq!(from_sqlstate("22P02", said), Error::Value);
        assert_eq!(from_sqlstate("42P01", said), Error::Statement("text".to_owned()));
        assert_eq!(from_sqlstate("57P01", said), Error::Connection("text".to_owned()));
    }

    #[test]
    fn a_decoding_error_names_the_column_and_not_its_value() {
        let source = "personal number 191212121212".into();
        let error = Error::from(sqlx::Error::ColumnDecode { index: "\"number\"".to_owned(), source });
        assert_eq!(error.to_string(), "a row could not be read: column \"number\"");
        let error = Error::from(sqlx::Error::Configuration("postgres://user:password@host".into()));
        assert!(!format!("{error} {error:?}").contains("password"));
    }
}
