//! What both engines can bind and read. The compiler checks it for both: a `u64` does not compile, because PostgreSQL has none.

use sqlx::{
    Encode, FromRow, Postgres, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::Error;

/// A value both engines can bind; id types get it with `#[sqlx(transparent)]`.
pub trait Value<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + Send + 'q {}

impl<'q, V> Value<'q> for V where V: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + Send + 'q {}

/// A row both engines can read; `#[derive(FromRow)]` gives it, and tuples have it.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<R> Record for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// The arguments of one statement: a tuple of up to sixteen [`Value`]s, `$1` first.
pub trait Args<'q>: Send {
    /// How many.
    #[doc(hidden)]
    const COUNT: usize;

    /// Bound for SQLite, after those that are bound already.
    #[doc(hidden)]
    fn for_sqlite(self, bound: &mut SqliteArguments) -> Result<(), Error>;

    /// Bound for PostgreSQL.
    #[doc(hidden)]
    fn for_postgres(self, bound: &mut PgArguments) -> Result<(), Error>;
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<'q, $($name: Value<'q>),*> Args<'q> for ($($name,)*) {
            const COUNT: usize = 0 $(+ tuples!(@one $name))*;
            tuples!(@bind for_sqlite SqliteArguments $($name)*);
            tuples!(@bind for_postgres PgArguments $($name)*);
        }
    };
    (@one $name:ident) => { 1 };
    (@bind $bind:ident $Arguments:ident) => {
        fn $bind(self, _: &mut $Arguments) -> Result<(), Error> {
            Ok(())
        }
    };
    (@bind $bind:ident $Arguments:ident $($name:ident)+) => {
        #[expect(non_snake_case, reason = "the type's name serves as the variable's")]
        fn $bind(self, bound: &mut $Arguments) -> Result<(), Error> {
            let ($($name,)+) = self;
            $(sqlx::Arguments::add(bound, $name).map_err(|_| Error::Value)?;)+
            Ok(())
        }
    };
}

tuples! {}
tuples! { A }
tuples! { A B }
tuples! { A B C }
tuples! { A B C D }
tuples! { A B C D E }
tuples! { A B C D E F }
tuples! { A B C D E F G }
tuples! { A B C D E F G H }
tuples! { A B C D E F G H I }
tuples! { A B C D E F G H I J }
tuples! { A B C D E F G H I J K }
tuples! { A B C D E F G H I J K L }
tuples! { A B C D E F G H I J K L M }
tuples! { A B C D E F G H I J K L M N }
tuples! { A B C D E F G H I J K L M N O }
tuples! { A B C D E F G H I J K L M N O P }
