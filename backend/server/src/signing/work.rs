//! The answers that approvals left in the outbox are taken up here, also after a kill: a yes is made a signature, a no ends it.

use std::time::Duration;

use handslag_vocab::{ApprovalId, UnixTime};

use super::{
    complete::complete,
    ended::{decline, give_up},
    user_signatures,
};
use crate::{
    outbox::{self, Taken, Topic},
    problem::Problem,
    server::Server,
};

/// How often the outbox is looked at without being woken.
const PATIENCE: Duration = Duration::from_secs(5);

/// A signature that failed so often is given up, and shown as such.
const TRIES: i64 = 8;

/// Works off the outbox until the process ends.
pub async fn work(server: Server) {
    tokio::join!(
        take_up(&server, Topic::SignatureApproved),
        take_up(&server, Topic::SignatureDeclined),
        take_up(&server, Topic::SignRequestApproved)
    );
}

async fn take_up(server: &Server, topic: Topic) {
    loop {
        let mut listener = server.wakeups.listen(topic.as_str());
        while one(server, topic).await {}
        tokio::time::timeout(PATIENCE, listener.woken()).await.ok();
    }
}

/// Takes one row; false when there is none.
async fn one(server: &Server, topic: Topic) -> bool {
    let now = server.clock.now();
    let Ok(Some(taken)) = server.db.write(async |tx| outbox::take(tx, topic, now).await).await else { return false };
    let Ok(approval) = taken.subject.parse::<ApprovalId>() else { return true };
    let done = match topic {
        Topic::SignatureApproved => complete(server, &approval).await,
        Topic::SignatureDeclined => decline(server, &approval, now).await,
        Topic::SignRequestApproved => user_signatures::complete(server, &approval, now).await,
        // Other slices'.
        Topic::ClientLogoNamed | Topic::DirectedAnswered | Topic::IdentityEnded | Topic::PhoneEnded | Topic::ServiceLoggedOut => return false,
    };
    if let Err(problem) = done {
        failed(server, topic, &approval, &taken, &problem, now).await;
    }
    server.wakeups.wake(approval.as_str());
    true
}

/// Tried again when the lease has run out; what cannot be signed at all is given up. A no is never given up.
async fn failed(server: &Server, topic: Topic, approval: &ApprovalId, taken: &Taken, problem: &Problem, now: UnixTime) {
    tracing::error!(code = problem.code, attempts = taken.attempts, topic = topic.as_str(), "an answer could not be taken up");
    if taken.attempts < TRIES {
        return;
    }
    if topic == Topic::SignRequestApproved {
        // Whoever waited has heard long ago that it was not made.
        server.db.write(async |tx| outbox::done(tx, topic, approval.as_str(), now).await).await.ok();
    }
    if topic != Topic::SignatureApproved {
        return;
    }
    if let Err(problem) = give_up(server, approval, problem.code, now).await {
        tracing::error!(code = problem.code, "a failed signature could not be put away");
    }
}
