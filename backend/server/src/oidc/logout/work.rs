//! Takes up what others have left: a phone or a work identity that ended ends the log-ins that rest on it; a log-in that ended is told
//! to its services.

use std::time::Duration;

use handslag_store::Tx;
use handslag_vocab::UnixTime;

use super::{
    super::grants::{self, Why as GrantEnd},
    Why, back_channel, end,
};
use crate::{
    caller::Rng,
    login::sso_sessions,
    outbox::{self, Topic},
    problem::Problem,
    server::Server,
};

/// How often the outbox is looked at without being woken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Works off the outbox until the process ends.
pub async fn work(server: Server) {
    tokio::join!(tell(&server), take_up(&server, Topic::IdentityEnded), take_up(&server, Topic::PhoneEnded));
}

async fn tell(server: &Server) {
    let room = back_channel::room();
    loop {
        let mut listener = server.wakeups.listen(Topic::ServiceLoggedOut.as_str());
        back_channel::tell_all(server, &room).await;
        tokio::time::timeout(PATIENCE, listener.woken()).await.ok();
    }
}

async fn take_up(server: &Server, topic: Topic) {
    loop {
        let mut listener = server.wakeups.listen(topic.as_str());
        while one(server, topic).await {}
        tokio::time::timeout(PATIENCE, listener.woken()).await.ok();
    }
}

/// Takes one row; false when there is none. What fails comes again when its lease has run out.
async fn one(server: &Server, topic: Topic) -> bool {
    let now = server.clock.now();
    let Ok(Some(taken)) = server.db.write(async |tx| outbox::take(tx, topic, now).await).await else { return false };
    let done = server.db.write(async |tx| {
        ended(tx, topic, &taken.subject, now).await?;
        Ok::<_, Problem>(outbox::done(tx, topic, &taken.subject, now).await?)
    });
    if let Err(problem) = done.await {
        tracing::error!(code = problem.code, topic = topic.as_str(), "log-ins could not be ended");
    }
    server.wakeups.wake(Topic::ServiceLoggedOut.as_str());
    true
}

/// Every log-in and everything it gave: a constant number of statements for each, however often its tokens were refreshed.
async fn ended(tx: &mut Tx, topic: Topic, subject: &str, now: UnixTime) -> Result<(), Problem> {
    let mut rng = Rng::system();
    match (topic, subject.parse(), subject.parse()) {
        (Topic::IdentityEnded, Ok(affiliation), _) => {
            let sessions = sso_sessions::of_affiliation(tx, &affiliation, now).await?;
            end(tx, &sessions, Why::IdentityEnded, (now, &mut rng)).await?;
            grants::end_of_affiliation(tx, &affiliation, GrantEnd::IdentityEnded, now).await?;
        }
        (Topic::PhoneEnded, _, Ok(phone)) => {
            let sessions = sso_sessions::of_phone(tx, &phone, now).await?;
            end(tx, &sessions, Why::PhoneEnded, (now, &mut rng)).await?;
            grants::end_of_phone(tx, &phone, GrantEnd::PhoneEnded, now).await?;
        }
        _ => {}
    }
    Ok(())
}
