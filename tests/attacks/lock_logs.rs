//! A lock has no network, so its log comes home in pieces, by many phones, late and twice. What is missing must be seen (P13), and
//! the order must not matter (P27).

use data_encoding::BASE64URL_NOPAD;
use handslag_door::{
    Batch, Chain, Link, LockClock, LockId, PassId, Receipt, Ticks,
    heapless::Vec as Short,
    log::{Event, Flags, Kind, head_after, request_mark},
};
use handslag_server::doors::{self, Door, LockLog};
use handslag_vocab::DoorId;
use serde_json::{Value, json};

use crate::kommun::{BarePhone, Kommun};

/// A lock that writes what it is told to.
#[derive(Clone)]
pub(crate) struct Writer {
    chain: Chain,
    lock: LockId,
    written: u64,
}

impl Writer {
    /// The lock of a door of the municipality, before its first entry.
    pub(crate) async fn of(kommun: &Kommun, place: usize) -> (Self, DoorId) {
        let organisation = kommun.place.town.organisation.clone();
        let door: Door = kommun.server.db.read(async |tx| doors::of_organisation(tx, &organisation).await).await.unwrap().remove(place);
        let (lock, seed) = (door.lock().unwrap(), door.seed(&kommun.server).unwrap());
        (Self { chain: Chain::begin(lock, seed), lock, written: 0 }, door.door_id)
    }

    /// Goes on after what a real lock wrote.
    pub(crate) fn after(mut self, receipt: &Receipt) -> Self {
        self.chain = self.chain.follow(&receipt.record).unwrap_or_else(|fault| panic!("{fault}"));
        self
    }

    pub(crate) fn writes(&mut self) -> (Receipt, Link) {
        self.written += 1;
        let request = Short::from_slice(&self.written.to_be_bytes()).unwrap();
        let reading = LockClock::set(1_800_000_000 + self.written, 0, Ticks(0)).read(Ticks(0));
        let event = Event { pass: PassId([9; 8]), request: request_mark(&request), flags: Flags::NONE, ..Event::own(Kind::Refused(12), reading, 0) };
        let before = self.chain.head();
        let (after, record) = self.chain.append(event).unwrap();
        self.chain = after;
        let link = Link { seq: record.entry.seq, head: head_after(&before, &record.entry), mac: record.mac };
        (Receipt { lock: self.lock, before, record, request }, link)
    }

    pub(crate) fn links(&mut self, count: usize) -> Vec<Link> {
        (0..count).map(|_| self.writes().1).collect()
    }

    pub(crate) fn batch(&self, links: &[Link]) -> Vec<u8> {
        Batch::new(self.lock, links.iter().copied()).unwrap().to_bytes().unwrap().to_vec()
    }
}

/// A phone brings this home; gives how many it may forget.
pub(crate) async fn brings(kommun: &Kommun, phone: &BarePhone, logs: &[Vec<u8>], receipts: &[Vec<u8>]) -> (u64, u64) {
    let octets = |all: &[Vec<u8>]| all.iter().map(|bytes| BASE64URL_NOPAD.encode(bytes)).collect::<Vec<_>>();
    let body = json!({ "logs": octets(logs), "receipts": octets(receipts) });
    let (status, answer) = phone.calls("POST", "/phone/outbox", Some(&body), kommun.now()).await;
    assert_eq!(status, 200, "{answer}");
    (answer["logs"].as_u64().unwrap(), answer["receipts"].as_u64().unwrap())
}

async fn log(kommun: &Kommun, door: &DoorId) -> Option<LockLog> {
    kommun.server.db.read(async |tx| doors::log_of(tx, door).await).await.unwrap()
}

/// Number of the last entry, gap, without content.
async fn counted(kommun: &Kommun, door: &DoorId) -> (i64, i64, i64) {
    log(kommun, door).await.map_or((0, 0, 0), |log| (log.seq, log.missing, log.untold))
}

pub(crate) async fn a_gap_is_told_and_a_late_batch_fills_it(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let (mut lock, door) = Writer::of(kommun, 0).await;
    let links = lock.links(9);
    let gaps = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.log_gap'";
    let whole = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.log_whole'";
    assert_eq!(brings(kommun, &phone, &[lock.batch(&links[..3])], &[]).await, (1, 0));
    assert_eq!((counted(kommun, &door).await, kommun.count(gaps).await), ((3, 0, 3), 0));
    brings(kommun, &phone, &[lock.batch(&links[5..7])], &[]).await;
    assert_eq!((counted(kommun, &door).await, kommun.count(gaps).await), ((7, 2, 5), 1), "4 and 5 are missing");
    brings(kommun, &phone, &[lock.batch(&links[5..7]), lock.batch(&links[..2])], &[]).await;
    assert_eq!((counted(kommun, &door).await, kommun.count(gaps).await), ((7, 2, 5), 1), "the same again is nothing new");
    brings(kommun, &phone, &[lock.batch(&links[8..])], &[]).await;
    assert_eq!((counted(kommun, &door).await, kommun.count(gaps).await), ((9, 3, 6), 2), "and 8");
    brings(kommun, &phone, &[lock.batch(&links[6..]), lock.batch(&links[2..5])], &[]).await;
    assert_eq!((counted(kommun, &door).await, kommun.count(gaps).await, kommun.count(whole).await), ((9, 0, 9), 2, 1), "late and whole");
    assert_eq!(log(kommun, &door).await.unwrap().forked_at, None);
    kommun.journal_holds().await;
}

pub(crate) async fn the_order_of_pieces_does_not_matter(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    for (place, order) in [[0_usize, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]].into_iter().enumerate() {
        let (mut lock, door) = Writer::of(kommun, place).await;
        let (receipts, links): (Vec<_>, Vec<_>) = (0..6).map(|_| lock.writes()).unzip();
        let receipt = |number: usize| (Vec::new(), vec![receipts[number].to_bytes().unwrap().to_vec()]);
        let pieces = [(vec![lock.batch(&links[..3])], Vec::new()), receipt(1), (vec![lock.batch(&links[2..])], Vec::new()), receipt(5)];
        for piece in order {
            let (logs, receipts) = &pieces[piece];
            brings(kommun, &phone, logs, receipts).await;
        }
        let log = log(kommun, &door).await.unwrap();
        assert_eq!((log.seq, log.missing, log.untold, log.forked_at), (6, 0, 4, None), "{order:?}");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM openings").await, 6);
}

pub(crate) async fn fifty_carriers_of_one_batch_are_one(kommun: &Kommun) {
    let phones = [kommun.bare("Amina Sahlin").await, kommun.bare("Bo Ek").await];
    let ((mut lock, door), (mut other, other_door)) = (Writer::of(kommun, 0).await, Writer::of(kommun, 1).await);
    let (receipts, links): (Vec<_>, Vec<_>) = (0..8).map(|_| lock.writes()).unzip();
    let theirs = other.links(4);
    let logs = [lock.batch(&links[..2]), lock.batch(&links[4..]), other.batch(&theirs[1..])].map(|bytes| BASE64URL_NOPAD.encode(&bytes));
    let receipt = BASE64URL_NOPAD.encode(&receipts[6].to_bytes().unwrap());
    let body = json!({ "logs": logs, "receipts": [receipt] });
    let now = kommun.now();
    let answers = kommun.fifty(|number| {
        let (phone, body) = (phones[number % 2].clone(), body.clone());
        async move { phone.calls("POST", "/phone/outbox", Some(&body), now).await }
    });
    assert!(answers.await.into_iter().all(|answer| answer == (200, json!({ "logs": 3, "receipts": 1 }))));
    assert_eq!((counted(kommun, &door).await, counted(kommun, &other_door).await), ((8, 2, 5), (4, 1, 3)));
    assert_eq!(kommun.count("SELECT CAST(SUM(known) AS BIGINT) FROM lock_logs").await, 9);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.log_gap'").await, 2, "one gap in each lock");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.opening'").await, 1);
    kommun.journal_holds().await;
}

pub(crate) async fn two_histories_are_seen_and_told_once(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let forks = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.log_fork'";
    // Two links with one number.
    let (mut lock, door) = Writer::of(kommun, 0).await;
    let first = lock.links(2);
    let mut twin = lock.clone();
    twin.written += 100;
    let (one, two) = (lock.links(2), twin.links(2));
    brings(kommun, &phone, &[lock.batch(&first), lock.batch(&one)], &[]).await;
    assert_eq!((log(kommun, &door).await.unwrap().forked_at, kommun.count(forks).await), (None, 0));
    for _ in 0..2 {
        brings(kommun, &phone, &[twin.batch(&two)], &[]).await;
        assert_eq!((log(kommun, &door).await.unwrap().forked_at.is_some(), kommun.count(forks).await), (true, 2), "each false entry once");
    }
    assert_eq!(counted(kommun, &door).await, (4, 0, 4), "the second history counts for nothing");
    // A receipt that begins where no known entry ended, and the other way about.
    for (place, receipt_first) in [(1, false), (2, true)] {
        let (mut lock, door) = Writer::of(kommun, place).await;
        lock.writes();
        let mut twin = lock.clone();
        twin.written += 100;
        let (known, _) = (lock.links(1), twin.writes());
        let receipt = vec![twin.writes().0.to_bytes().unwrap().to_vec()];
        let batch = vec![lock.batch(&known)];
        let (none, findings) = (Vec::new(), "SELECT COUNT(*) FROM openings WHERE finding = 'fork'");
        let before = (kommun.count(forks).await, kommun.count(findings).await);
        let pieces = if receipt_first { [(&none, &receipt), (&batch, &none)] } else { [(&batch, &none), (&none, &receipt)] };
        for (logs, receipts) in pieces {
            brings(kommun, &phone, logs, receipts).await;
        }
        let after = (kommun.count(forks).await, kommun.count(findings).await);
        let expected = if receipt_first { (before.0 + 1, before.1) } else { (before.0, before.1 + 1) };
        assert_eq!((after, log(kommun, &door).await.unwrap().forked_at.is_some()), (expected, true), "receipt first: {receipt_first}");
    }
    kommun.journal_holds().await;
}

pub(crate) async fn what_no_lock_wrote_is_not_kept(kommun: &Kommun) {
    let phone = kommun.bare("Amina Sahlin").await;
    let (mut lock, door) = Writer::of(kommun, 0).await;
    let (mut other, _) = Writer::of(kommun, 1).await;
    let (links, theirs) = (lock.links(4), other.links(4));
    let mut changed = links.clone();
    changed[2].head[5] ^= 1;
    let renumbered: Vec<Link> = links.iter().map(|link| Link { seq: link.seq + 1, ..*link }).collect();
    let stranger = Writer { lock: LockId(*b"stranger"), ..lock.clone() };
    let far = [Link { seq: 3_000_000_000, ..links[0] }];
    let good = lock.batch(&links);
    let wrong = [
        lock.batch(&theirs),
        lock.batch(&changed),
        lock.batch(&renumbered),
        stranger.batch(&links),
        lock.batch(&far),
        good[1..].to_vec(),
        Vec::new(),
    ];
    assert_eq!(brings(kommun, &phone, &wrong, &wrong).await, (7, 7), "the phone may forget it");
    assert_eq!((counted(kommun, &door).await, kommun.count("SELECT COUNT(*) FROM lock_entries").await), ((0, 0, 0), 0));
    // More than is taken at once: the front is taken, and the phone sends the rest.
    let many: Vec<Vec<u8>> = (0..64_u8).map(|number| vec![number]).collect();
    assert_eq!(brings(kommun, &phone, &many, &many).await, (20, 20));
    let body = json!({ "logs": [], "receipts": [], "more": Value::Null });
    assert!((400..500).contains(&phone.calls("POST", "/phone/outbox", Some(&body), kommun.now()).await.0));
}
