//! The pass is in the phone before the basement; the lock's own record comes home afterwards.

use handslag_phone::{Outcome, Task};
use handslag_server::{caller::Rng, demo::Halt, doors};
use handslag_vocab::{Seconds, VisitId};

use crate::kommun::Kommun;

pub(crate) async fn a_door_opens_without_coverage_and_the_record_comes_home(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let organisation = kommun.place.town.organisation.clone();
    let door = kommun.server.db.read(async |tx| doors::of_organisation(tx, &organisation).await).await.unwrap().remove(0).door_id;
    let (now, visit) = (kommun.now(), VisitId::random(&mut Rng::system()));
    let ends = now + Seconds::minutes(40);
    kommun.server.db.write(async |tx| doors::plan(tx, &visit, &worker.affiliation, std::slice::from_ref(&door), now, ends).await).await.unwrap();
    let halt = worker.does(Task::Sync).await;
    assert!(matches!(halt, Halt::Done(Outcome::Synced { doors: 1, .. })), "{halt:?}");

    worker.handset.online = false;
    let halt = worker.handset.open(&door, kommun.now()).await.unwrap();
    assert!(matches!(halt, Halt::Done(Outcome::Opened { receipt: true })), "{halt:?}");
    worker.handset.online = true;
    for _ in 0..2 {
        let halt = worker.does(Task::Upload).await;
        assert!(matches!(halt, Halt::Done(Outcome::Uploaded { left: 0 })), "{halt:?}");
    }
    let openings = kommun.server.db.read(async |tx| doors::recent(tx, &organisation, 10).await).await.unwrap();
    let [opening] = openings.as_slice() else { panic!("told once: {openings:?}") };
    assert_eq!((opening.result.as_str(), opening.finding.as_deref(), opening.affiliation_id.as_ref()), ("opened", None, Some(&worker.affiliation)));
    kommun.journal_holds().await;
}
