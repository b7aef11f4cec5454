//! The pass is in the phone before the basement; the lock's own record comes home afterwards.

use handslag_door::Receipt;
use handslag_phone::{Outcome, Task};
use handslag_server::{caller::Rng, demo::Halt, doors};
use handslag_vocab::{DoorId, Seconds, VisitId};

use crate::{
    attacks::lock_logs::{Writer, brings},
    kommun::{Kommun, Worker, logged_in},
};

/// A worker has a visit, opens its door in a basement, and the record comes home.
pub(super) async fn opened(kommun: &Kommun, worker: &mut Worker) -> DoorId {
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
    door
}

pub(crate) async fn a_door_opens_without_coverage_and_the_record_comes_home(kommun: &Kommun) {
    let mut worker = kommun.worker("Amina Sahlin").await;
    let door = opened(kommun, &mut worker).await;
    let organisation = kommun.place.town.organisation.clone();
    let openings = kommun.server.db.read(async |tx| doors::recent(tx, &organisation, 10).await).await.unwrap();
    let [opening] = openings.as_slice() else { panic!("told once: {openings:?}") };
    assert_eq!((opening.result.as_str(), opening.finding.as_deref(), opening.affiliation_id.as_ref()), ("opened", None, Some(&worker.affiliation)));
    kommun.journal_holds().await;

    let log = kommun.server.db.read(async |tx| doors::log_of(tx, &door).await).await.unwrap().unwrap();
    assert_eq!((log.seq, log.missing, log.untold, log.forked_at), (1, 0, 0, None), "its log came with it");
    let mut desk = worker.at_a_desk(kommun).await;
    let page = desk.get("/min-sida").await.body;
    assert!(page.contains("Öppnade en dörr") && !page.contains("från låset"), "{page}");
    // Then four colleagues were there; only the last one's phone came home.
    let (receipt,): (Vec<u8>,) = kommun.server.db.read(async |tx| tx.one("SELECT receipt FROM openings", ()).await).await.unwrap();
    let (writer, _) = Writer::of(kommun, 0).await;
    let mut lock = writer.after(&Receipt::from_bytes(&receipt).unwrap());
    let links = lock.links(4);
    let colleague = kommun.bare("Bo Ek").await;
    brings(kommun, &colleague, &[lock.batch(&links[3..])], &[]).await;
    let mut manager = logged_in(kommun, &kommun.manager().await, kommun.now()).await;
    for page in [desk.get("/min-sida").await, manager.get(&format!("/personal/{}", worker.affiliation)).await] {
        assert!(
            page.body.contains("Det saknas 3 händelser från låset.") && page.body.contains("Låset har skrivit 1 händelse till."),
            "{}",
            page.body
        );
    }
    brings(kommun, &colleague, &[lock.batch(&links[..3])], &[]).await;
    let page = desk.get("/min-sida").await.body;
    assert!(!page.contains("Det saknas") && page.contains("Låset har skrivit 4 händelser till."), "{page}");
}
