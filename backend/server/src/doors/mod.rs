//! Doors, visits, passes and openings. A pass opens one door for one phone in one visit's window, without network; what the
//! lock wrote comes back through the phone and is checked against the lock's own chain.
//!
//! Invariants: no visit, no pass (DR-02); a blocked identity or phone gets no new pass from the same moment (DR-03), and what it
//! holds dies with its window, four hours at most; every opening is told once, whoever brings it (P27);
//! what a lock wrote and nobody brought is known to be missing (P13). The full handshake takes its place in `handslag_door`.

mod doors;
mod letting;
mod lock_logs;
mod openings;
mod passes;
mod report;
mod visits;
mod wallet;

pub use doors::{Door, by_lock, mount, of_organisation};
pub use letting::{Named, Planned, named};
pub use lock_logs::{LockLog, of_door as log_of};
pub use openings::{Opening, recent};
pub use passes::issuer_kid;
pub use visits::{Visit, plan};

use handslag_policy::{Act, Opening as OpeningAsked};
use handslag_store::{Error, Tx};
use handslag_vocab::{Seconds, UnixTime};

use axum::{
    Router,
    routing::{get, post},
};

use crate::{
    phone::{Caller, authority},
    server::Server,
};

/// How long what is about visits is kept.
const KEPT: Seconds = Seconds::days(14);

/// Disposes of passes, visits and openings by the rules in the migrations. What a lock's log has in which places stays, so that an
/// opening that is brought again is not told again.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    openings::purge(tx, now - KEPT).await?;
    passes::purge(tx, now - KEPT).await?;
    visits::purge(tx, now - KEPT).await
}

/// The phone's door API (`handslag_phone::wire` is its contract).
pub fn routes() -> Router<Server> {
    Router::new().route("/phone/wallet", get(wallet::show)).route("/phone/outbox", post(report::take))
}

/// May this phone have a pass for this door of this visit? A no is no error: the worker sees the door without a pass.
fn allowed(server: &Server, caller: &Caller, visit: &Visit, confirmed_online: bool, now: UnixTime) -> bool {
    // The margin around the planned time belongs to the plan: to the policy the visit is the window in which the door may open.
    let (visit_starts, visit_ends) = visit.window();
    let opening = OpeningAsked {
        door: visit.door_id.clone(),
        organisation: visit.organisation_id.clone(),
        worker: caller.affiliation.affiliation_id.clone(),
        visit_starts,
        visit_ends,
        pass_starts: visit_starts,
        pass_ends: visit_ends,
        confirmed_online,
        now,
    };
    authority::allowed(server, &caller.affiliation, caller.phone.tier, Act::OpenDoor { opening }, now).is_ok()
}
