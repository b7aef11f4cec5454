//! Lines about what anybody can cause without end: refusals, and allowances that are used up. At most one a minute for one cause, and so
//! many in all on a node: nobody fills the journal, and what strangers cause hides nothing that a known service did.

use handslag_store::Allowance;
use handslag_vocab::{Digest, Seconds, UnixTime};

use super::journal::{Event, record};
use crate::{caller::Rng, server::Server};

const FOR_ONE: Allowance = Allowance { times: 1, per: Seconds(60) };
const IN_ALL: Allowance = Allowance { times: 300, per: Seconds(60) };

/// Whose doing it is. Each has room of its own: a stranger's networks are without number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of a service that proved itself.
    AProvenServices,
    /// Of anybody.
    Anybodys,
}

/// Writes a line if the last one of this cause is a minute old. Whoever is refused is not made to wait for it to succeed.
pub async fn record_seldom(server: &Server, whose: Whose, cause: &str, event: Event, now: UnixTime) {
    if is_due(server, whose, cause, now).await {
        record_due(server, event, now).await;
    }
}

/// Whether a line of this cause is to be written now; then it counts as written. For who must look something up to write it.
pub async fn is_due(server: &Server, whose: Whose, cause: &str, now: UnixTime) -> bool {
    let one = Digest::of(format!("journal {cause}").as_bytes());
    let all = Digest::of(format!("journal {whose:?}").as_bytes());
    server.counters.spend(&one, FOR_ONE, now).await.is_ok() && server.counters.spend_here(&all, IN_ALL, now).is_ok()
}

/// Writes a line that is due.
pub async fn record_due(server: &Server, event: Event, now: UnixTime) {
    if let Err(error) = server.db.write(async |tx| record(tx, event, now, &mut Rng::system()).await).await {
        tracing::error!(%error, "a refusal could not be written in the journal");
    }
}
