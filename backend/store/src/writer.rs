//! The one writer on SQLite, and the groups that share a commit.
//!
//! A commit costs a wait for the disk, so units that stand in line share one: each runs in its caller's task while it holds the *seat*,
//! the first of a group by itself and every other under a savepoint, which the next one's replaces; whoever leaves the seat with nobody
//! waiting (or as the 64th of the group) commits for all; nobody is answered before.
//!
//! A trip to the connection's thread costs more than most statements, so control statements make none of their own. The beginning is one
//! text with the first unit's first statement, and the end one with what the last unit left for later. Savepoints are sent [`ahead`] of
//! the unit's first statement and not waited for. One that failed (there was no memory for it) is missing when it is needed: the roll-back
//! to it fails, or the commit of the group that it ended, and with it the group.
//!
//! What may go wrong, and why nobody else pays for it:
//! * *A unit is dropped while it runs* (the browser hung up, a task was aborted) *or panics*: [`Turn`]'s drop moves the seat, still locked,
//!   into a task that rolls back to the savepoint. So whoever gets the seat finds it clean, and the group goes on.
//! * *A caller is dropped after its unit ran*: the commit runs in a task of its own. The unit is kept; its answer goes nowhere.
//! * *A caller is dropped while it waits in line*, after others left the commit to it: the drop starts a task that commits.
//! * *A commit or a roll-back fails* (full disk, damaged file, no memory): every member of the group gets the error, the connection is
//!   closed, which undoes the group, and the next unit opens another one.
//!
//! A statement that was under way when its unit was dropped is finished by the connection's own thread before the roll-back: the thread
//! takes its commands in order.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, oneshot},
    time::timeout,
};

use crate::{Error, ahead, db::PATIENCE, later::OneText};

/// No unit waits for more others than this.
const GROUP: usize = 64;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";

/// From the second unit on, the group stands within a savepoint of its own. Where the engine has undone the transaction by itself, that is
/// gone and the commit fails: nobody is told that something was kept which was not.
const COMMIT_TOGETHER: &str = "RELEASE together; COMMIT";

pub(crate) struct Writer {
    options: SqliteConnectOptions,
    runtime: Handle,
    /// Fair: first come, first seated.
    seat: Arc<Mutex<Seat>>,
    /// How many stand in line for the seat.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Seat {
    /// `None` after a failure: the next unit opens another one.
    connection: Option<SqliteConnection>,
    /// `Some` from when its first unit is kept until the commit.
    group: Option<Group>,
}

#[derive(Default)]
struct Group {
    /// Units that ran, kept or undone.
    units: usize,
    /// Whether savepoints stand: the group's own, and the newest unit's that began under one.
    is_marked: bool,
    /// Those whose unit is kept if the commit succeeds.
    members: Vec<Member>,
}

/// Hears what became of its unit.
type Member = oneshot::Sender<Result<(), Error>>;

impl Writer {
    /// Opens the connection at once, so that a wrong path is found at the start.
    pub(crate) async fn open(options: SqliteConnectOptions) -> Result<Arc<Self>, Error> {
        let seat = Seat { connection: Some(options.connect().await?), group: None };
        Ok(Arc::new(Self { options, runtime: Handle::current(), seat: Arc::new(Mutex::new(seat)), waiting: AtomicUsize::new(0) }))
    }

    /// Waits for the seat and begins a unit.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, Error> {
        let seat = self.line_up().await?;
        let mut turn = Turn { writer: Arc::clone(self), seat: Some(seat), stage: Stage::Untouched };
        turn.begin().await?;
        Ok(turn)
    }

    /// Migrates between two groups, on a connection of its own that does not wait for the disk after each migration: whatever happens
    /// to the machine, whole migrations stand in the file or are made again at the next start. The first group's commit, which waits,
    /// brings them all to the disk before anybody is answered.
    pub(crate) async fn migrate(self: &Arc<Self>, migrations: &Migrator) -> Result<(), Error> {
        let mut seat = self.line_up().await?;
        self.commit(&mut seat).await;
        let mut connection = self.options.clone().synchronous(SqliteSynchronous::Normal).connect().await?;
        migrations.run(&mut connection).await?;
        Ok(connection.close().await?)
    }

    async fn line_up(self: &Arc<Self>) -> Result<OwnedMutexGuard<Seat>, Error> {
        let mut place = InLine::join(self);
        let seat = timeout(PATIENCE, Arc::clone(&self.seat).lock_owned()).await.map_err(|_| Error::Busy)?;
        place.seated = true;
        Ok(seat)
    }

    /// A unit that is kept leaves the seat. What it left to be run is run, in one text with the commit where it is the last of its group.
    async fn keep(self: Arc<Self>, mut seat: OwnedMutexGuard<Seat>, stage: Stage, left: Option<OneText>, member: Member) {
        let is_last = self.is_last(seat.group.as_ref().map_or(0, |group| group.units) + 1);
        let is_committed = left.is_some() && is_last;
        if let Some(left) = left {
            let left = if is_last { left.and(seat.commit()) } else { left };
            if let Err(error) = seat.run(left).await {
                member.send(Err(error.clone())).ok();
                return undo(self, seat, stage, Some(error)).await;
            }
        }
        seat.group.get_or_insert_default().members.push(member);
        if is_committed {
            return seat.answer(&Ok(()));
        }
        self.leave(seat).await;
    }

    /// A unit leaves the seat: commits when nobody else will.
    async fn leave(&self, mut seat: OwnedMutexGuard<Seat>) {
        let Some(group) = &mut seat.group else { return };
        group.units += 1;
        let units = group.units;
        if self.is_last(units) {
            self.commit(&mut seat).await;
        }
    }

    fn is_last(&self, units: usize) -> bool {
        units >= GROUP || self.waiting.load(Ordering::SeqCst) == 0
    }

    /// Ends the open group, if any, and answers its members.
    async fn commit(&self, seat: &mut Seat) {
        if seat.group.is_none() {
            return;
        }
        match seat.control(seat.commit()).await {
            Ok(()) => seat.answer(&Ok(())),
            Err(error) => seat.give_up(error).await,
        }
    }

    /// Somebody left the line without taking the seat; the group may have waited for exactly that one.
    async fn commit_if_left_alone(self: Arc<Self>) {
        let mut seat = Arc::clone(&self.seat).lock_owned().await;
        if self.waiting.load(Ordering::SeqCst) == 0 {
            self.commit(&mut seat).await;
        }
    }
}

impl Seat {
    async fn connected(&mut self, options: &SqliteConnectOptions) -> Result<&mut SqliteConnection, Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => options.connect().await?,
        };
        Ok(self.connection.insert(connection))
    }

    #[expect(clippy::disallowed_methods, reason = "the control statements of the one writer")]
    async fn control(&mut self, sql: &'static str) -> Result<(), Error> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        sqlx::query(sql).execute(connection).await?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "what a unit left to be run, through the one writer")]
    async fn run(&mut self, text: OneText) -> Result<(), Error> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        let (text, bound) = text.into_parts();
        sqlx::query_with(text, bound).execute(connection).await?;
        Ok(())
    }

    /// What ends the group, with the unit in the seat.
    fn commit(&self) -> &'static str {
        if self.group.as_ref().is_some_and(|group| group.is_marked) { COMMIT_TOGETHER } else { COMMIT }
    }

    /// A savepoint for the next unit, in the place of the one before: only one stands, so no roll-back reaches further than it should.
    fn mark(&mut self) -> Result<(), Error> {
        let (Some(connection), Some(group)) = (&mut self.connection, &mut self.group) else { return Err(closed()) };
        ahead::send(connection, if group.is_marked { "RELEASE unit" } else { "SAVEPOINT together" })?;
        ahead::send(connection, "SAVEPOINT unit")?;
        group.is_marked = true;
        Ok(())
    }

    fn answer(&mut self, outcome: &Result<(), Error>) {
        for member in self.group.take().unwrap_or_default().members {
            // A member that was dropped meanwhile needs no answer.
            member.send(outcome.clone()).ok();
        }
    }

    /// Nothing is known about the open transaction any more; closing the connection undoes it for certain.
    async fn give_up(&mut self, error: Error) {
        tracing::error!(%error, "a group of writes failed and was undone");
        self.close().await;
        self.answer(&Err(error));
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close_hard().await.ok();
        }
    }
}

fn closed() -> Error {
    Error::Connection("closed".to_owned())
}

/// One caller's place in the line.
struct InLine<'w> {
    writer: &'w Arc<Writer>,
    seated: bool,
}

impl<'w> InLine<'w> {
    fn join(writer: &'w Arc<Writer>) -> Self {
        writer.waiting.fetch_add(1, Ordering::SeqCst);
        Self { writer, seated: false }
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let was_last = self.writer.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        if was_last && !self.seated {
            self.writer.runtime.spawn(Arc::clone(self.writer).commit_if_left_alone());
        }
    }
}

/// One unit in the seat. Dropped without [`Turn::keep`], it undoes the unit.
pub(crate) struct Turn {
    writer: Arc<Writer>,
    seat: Option<OwnedMutexGuard<Seat>>,
    stage: Stage,
}

/// How far the unit came; decides what there is to undo.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The first of its group, and no statement yet.
    Untouched,
    /// The same, and `BEGIN` goes along with its first statement.
    Opened,
    /// The first of its group, and a statement was sent: to undo it is to undo all.
    Alone,
    /// Under a savepoint.
    Marked,
}

impl Turn {
    async fn begin(&mut self) -> Result<(), Error> {
        let seat = self.seat.as_mut().ok_or_else(closed)?;
        if seat.group.is_none() {
            seat.connected(&self.writer.options).await?;
            return Ok(());
        }
        self.stage = Stage::Marked;
        seat.mark()
    }

    /// What stands before the unit's first statement; nothing before any other.
    pub(crate) fn opening(&mut self) -> Option<&'static str> {
        if self.stage != Stage::Untouched {
            return None;
        }
        self.stage = Stage::Opened;
        Some(BEGIN)
    }

    /// For a statement.
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        if self.stage == Stage::Opened {
            self.stage = Stage::Alone;
        }
        self.seat.as_mut().and_then(|seat| seat.connection.as_mut()).ok_or_else(closed)
    }

    /// Gives the seat on, with what the unit left to be run; returns when the group's commit did. Runs in a task of its own: a caller
    /// dropped here takes nothing with it.
    pub(crate) async fn keep(mut self, left: Option<OneText>) -> Result<(), Error> {
        let seat = self.seat.take().ok_or_else(closed)?;
        let stage = match self.stage {
            Stage::Untouched => return Ok(()),
            Stage::Opened => Stage::Alone,
            stage => stage,
        };
        let (member, answer) = oneshot::channel();
        self.writer.runtime.spawn(Arc::clone(&self.writer).keep(seat, stage, left, member));
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.writer.runtime.spawn(undo(Arc::clone(&self.writer), seat, self.stage, None));
        }
    }
}

/// `cause`: what went wrong before, which may have been the commit.
async fn undo(writer: Arc<Writer>, mut seat: OwnedMutexGuard<Seat>, stage: Stage, cause: Option<Error>) {
    match stage {
        Stage::Untouched | Stage::Opened => {}
        // Nobody else is in it. Where nothing is open, `BEGIN` did not take place or the engine has undone it by itself.
        Stage::Alone => {
            if seat.control("ROLLBACK").await.is_err() {
                seat.close().await;
            }
        }
        // It stands after this, for the next unit to replace.
        Stage::Marked => match seat.control("ROLLBACK TO unit").await {
            Ok(()) => writer.leave(seat).await,
            Err(error) => seat.give_up(cause.unwrap_or(error)).await,
        },
    }
}
