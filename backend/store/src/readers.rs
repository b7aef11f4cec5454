//! The readers on SQLite: a few connections that may only read, each lent to one unit at a time.
//!
//! sqlx's own pool asks a connection that comes back whether it is still alive. A file does not hang up, and the question costs as much
//! as a short read. So a connection comes back here only from a unit that ended; that of a unit dropped on its way is closed, and what it
//! had begun ends with it. Beginning and ending are sent [`ahead`]: neither can fail while the connection works, and of two
//! statements in a unit that did fail to begin, each still sees one state.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, ahead, db::PATIENCE};

/// Units that read at the same time.
const MOST: usize = 8;

pub(crate) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(options: SqliteConnectOptions) -> Arc<Self> {
        Arc::new(Self { options, idle: Mutex::default(), places: Arc::new(Semaphore::new(MOST)) })
    }

    /// A connection, as soon as one is free.
    pub(crate) async fn lend(self: &Arc<Self>) -> Result<Reader, Error> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await.map_err(|_| Error::Busy)?.map_err(|_| closed())?,
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Reader { readers: Arc::clone(self), connection: Some(connection), place })
    }
}

/// One unit's connection.
pub(crate) struct Reader {
    readers: Arc<Readers>,
    connection: Option<SqliteConnection>,
    #[expect(dead_code, reason = "held for its drop, which comes after the connection is back")]
    place: OwnedSemaphorePermit,
}

impl Reader {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection.as_mut().ok_or_else(closed)
    }

    /// From the next statement on one state of the database is seen.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        ahead::send(self.connection()?, "BEGIN")
    }

    /// The end of what was begun.
    pub(crate) fn end(mut self) -> Result<(), Error> {
        ahead::send(self.connection()?, "ROLLBACK")?;
        self.give_back();
        Ok(())
    }

    /// Back to the others; nothing is open on it.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

fn closed() -> Error {
    Error::Connection("closed".to_owned())
}
