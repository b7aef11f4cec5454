//! A lock on a door, phones before it, and a power supply that fails at every byte.

use std::{cell::Cell, io, rc::Rc};

use handslag_door::{
    Chain, Claims, Class, Decision, Deny, DoorKey, Fault, GroupId, IssuerKey, Kid, LockClock, LockId, Nonce, Op, OpenRequest, Ops, PassId,
    RevocationIndex, RevocationList, Scope, Ticks, UnverifiedRequest, Window, log::Flags, log::Kind,
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use crate::{Answer, Bolt, Config, Error, Folder, Lock, Memory, Storage, Update};

const NBF: u64 = 1_800_000_000;
const LOCK: LockId = LockId(*b"annas do");
const SEED: [u8; 32] = [42; 32];
/// The simulation's ticks are Unix milliseconds.
const NOW: Ticks = Ticks((NBF + 60) * 1000);

fn key(name: u8) -> SigningKey {
    SigningKey::from_slice(&[name; 32]).unwrap()
}

fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

fn config(lock: LockId) -> Config {
    let issuer = *key(1).verifying_key();
    let issuer = IssuerKey { kid: Kid::of(&issuer), iss: "se:malmo".try_into().unwrap(), key: issuer, nbf: 0, exp: u64::MAX, revoked_at: None };
    Config { lock, groups: vec![GroupId(*b"district")], issuers: vec![issuer], seed: SEED, clock: LockClock::set(NBF + 60, 1, NOW) }
}

fn mounted<S: Storage>(storage: S) -> Lock<S> {
    Lock::start(&config(LOCK), storage, NOW).unwrap()
}

/// A worker's phone with one pass.
#[derive(Clone)]
struct Phone {
    key: SigningKey,
    pass: Vec<u8>,
}

impl Phone {
    fn with(change: impl FnOnce(&mut Claims)) -> Self {
        let key = key(2);
        let mut claims = Claims {
            iss: "se:malmo".try_into().unwrap(),
            sub: *b"worker01",
            exp: NBF + 3600,
            nbf: NBF,
            iat: NBF,
            cti: PassId(*b"pass0001"),
            cnf: DoorKey::from(key.verifying_key()),
            scope: Scope::Lock(LOCK),
            ops: Ops::of(&[Op::Unlock, Op::Lock]),
            windows: Window::whole(NBF, NBF + 3600),
            visit: None,
            revocation: RevocationIndex { list: 1, index: 7 },
            class: Class::Planned,
            max_uses: None,
            uv_max_age_s: None,
        };
        change(&mut claims);
        let issuer = self::key(1);
        let pass = claims.assemble(Kid::of(issuer.verifying_key()), &sign(&issuer, &claims.to_be_signed().unwrap())).unwrap().to_vec();
        Self { key, pass }
    }

    fn planned() -> Self {
        Self::with(|_| {})
    }

    fn emergency() -> Self {
        Self::with(|claims| claims.class = Class::BreakGlass)
    }

    fn asks(&self, lock: LockId, nonce: Nonce, op: Op) -> Vec<u8> {
        let request = OpenRequest::new(lock, nonce, &self.pass, op, 3);
        request.assemble(&sign(&self.key, &request.to_be_signed().unwrap())).unwrap().to_vec()
    }

    fn opens<S: Storage>(&self, lock: &mut Lock<S>) -> Answer {
        self.does(Op::Unlock, lock)
    }

    fn does<S: Storage>(&self, op: Op, lock: &mut Lock<S>) -> Answer {
        let nonce = lock.challenge([1; 16], NOW);
        lock.open(&self.pass, &self.asks(LOCK, nonce, op), Ticks(NOW.0 + 300))
    }
}

fn code(answer: &Answer) -> &'static str {
    match &answer.decision {
        Decision::Allow(_) => "opened",
        Decision::Deny { code, .. } => code.code(),
    }
}

#[test]
fn a_worker_opens_without_any_network_and_carries_the_receipt_home() {
    let mut lock = mounted(Memory::default());
    lock.set_network(false);
    let answer = Phone::planned().opens(&mut lock);
    assert!(answer.is_allowed());
    assert_eq!(lock.bolt(), Bolt::Unlocked);
    let receipt = answer.receipt.unwrap();
    receipt.verify(&Chain::begin(LOCK, SEED)).unwrap();
    assert!(UnverifiedRequest::parse(&receipt.request).unwrap().verify(key(2).verifying_key()).is_ok());
    assert!(Phone::planned().does(Op::Lock, &mut lock).is_allowed());
    assert_eq!(lock.bolt(), Bolt::Locked);
    assert!(Chain::begin(LOCK, SEED).follow_all(&lock.records()).is_ok());
}

#[test]
fn a_nonce_is_usable_once_whatever_the_answer() {
    let mut lock = mounted(Memory::default());
    let phone = Phone::planned();
    let nonce = lock.challenge([1; 16], NOW);
    let request = phone.asks(LOCK, nonce, Op::Unlock);
    assert_eq!(code(&lock.open(b"noise", &request, NOW)), "E_PARSE");
    assert_eq!(code(&lock.open(&phone.pass, &request, NOW)), "E_POP", "the failed attempt has ended the nonce");
}

/// P5. A recorded opening opens nothing: not at once, not after a restart, not after any number of other openings.
#[test]
fn a_recorded_opening_never_opens_again() {
    let mut lock = mounted(Memory::default());
    let phone = Phone::planned();
    let nonce = lock.challenge([1; 16], NOW);
    let recorded = phone.asks(LOCK, nonce, Op::Unlock);
    assert!(lock.open(&phone.pass, &recorded, NOW).is_allowed());
    for _ in 0..3 {
        assert_eq!(code(&lock.open(&phone.pass, &recorded, NOW)), "E_POP");
        lock.challenge([1; 16], NOW);
        assert_eq!(code(&lock.open(&phone.pass, &recorded, NOW)), "E_POP");
        assert!(phone.opens(&mut lock).is_allowed());
    }
    let mut restarted = mounted(lock.stop());
    // a generator that gives the same after every power-up, and a counter that starts again
    restarted.challenge([1; 16], NOW);
    assert_eq!(code(&restarted.open(&phone.pass, &recorded, NOW)), "E_POP");
}

#[test]
fn a_nonce_of_another_lock_and_a_late_answer_open_nothing() {
    let (mut lock, mut other) = (mounted(Memory::default()), Lock::start(&config(LockId([9; 8])), Memory::default(), NOW).unwrap());
    let phone = Phone::planned();
    let foreign = other.challenge([1; 16], NOW);
    lock.challenge([1; 16], NOW);
    assert_eq!(code(&lock.open(&phone.pass, &phone.asks(LOCK, foreign, Op::Unlock), NOW)), "E_POP");
    let nonce = lock.challenge([2; 16], NOW);
    assert_eq!(code(&lock.open(&phone.pass, &phone.asks(LOCK, nonce, Op::Unlock), Ticks(NOW.0 + 2_501))), "E_SLOW");
    let relayed = other.challenge([3; 16], NOW);
    let answer = other.open(&phone.pass, &phone.asks(LockId([9; 8]), relayed, Op::Unlock), NOW);
    assert!(matches!(answer.decision, Decision::Deny { code: Deny::Scope { .. }, pass: Some(_) }));
    assert_eq!((lock.bolt(), other.bolt()), (Bolt::Locked, Bolt::Locked));
}

#[test]
fn four_phones_may_ask_at_a_time_and_the_fifth_pushes_out_the_first() {
    let mut lock = mounted(Memory::default());
    let phone = Phone::planned();
    let nonces: Vec<Nonce> = (0..5).map(|n| lock.challenge([n; 16], NOW)).collect();
    assert_eq!(code(&lock.open(&phone.pass, &phone.asks(LOCK, nonces[0], Op::Unlock), NOW)), "E_POP");
    for nonce in &nonces[1..] {
        assert!(lock.open(&phone.pass, &phone.asks(LOCK, *nonce, Op::Unlock), NOW).is_allowed());
    }
}

#[test]
fn a_stranger_leaves_no_trace_and_a_refused_holder_does() {
    let mut lock = mounted(Memory::default());
    let thief = Phone { key: key(3), ..Phone::planned() };
    let answer = thief.opens(&mut lock);
    assert_eq!((code(&answer), answer.receipt), ("E_POP", None));
    assert!(lock.records().is_empty());
    let early = Phone::with(|claims| (claims.nbf, claims.exp, claims.windows) = (NBF + 900, NBF + 990, Window::whole(NBF + 900, NBF + 990)));
    let answer = early.opens(&mut lock);
    assert_eq!(code(&answer), "E_TIME");
    assert!(matches!(answer.receipt.unwrap().record.entry.event.kind, Kind::Refused(12)));
}

#[test]
fn what_a_phone_carries_for_others_is_links_only() {
    let mut lock = mounted(Memory::default());
    for _ in 0..3 {
        assert!(Phone::planned().opens(&mut lock).is_allowed());
    }
    let links = lock.links_after(1);
    assert_eq!(links.iter().map(|link| link.seq).collect::<Vec<_>>(), [2, 3]);
    for link in links {
        link.verify(&Chain::begin(LOCK, SEED)).unwrap();
        assert_eq!(link.verify(&Chain::begin(LOCK, [0; 32])), Err(Fault::Forged { seq: link.seq }));
    }
}

#[test]
fn each_phone_carries_the_newest_links() {
    let mut lock = mounted(Memory::default());
    assert_eq!(lock.batch(), None, "nothing has happened yet");
    for opening in 1..=20_u32 {
        assert!(Phone::planned().opens(&mut lock).is_allowed());
        let batch = lock.batch().unwrap();
        batch.verify(&Chain::begin(LOCK, SEED)).unwrap();
        let numbers: Vec<_> = batch.links().iter().map(|link| link.seq).collect();
        assert_eq!(numbers, (opening.saturating_sub(15).max(1)..=opening).collect::<Vec<_>>());
    }
}

#[test]
fn updates_need_the_network_and_are_never_taken_back() {
    let mut lock = mounted(Memory::default());
    let revoked = |version, indices: &[u32]| Update::Revocations(RevocationList::new(1, version, NBF, indices.iter().copied()));
    assert!(matches!(lock.update(revoked(2, &[7]), NOW), Err(Error::Offline)));
    assert!(Phone::planned().opens(&mut lock).is_allowed());
    lock.set_network(true);
    lock.update(revoked(2, &[7]), NOW).unwrap();
    lock.update(revoked(1, &[]), NOW).unwrap();
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_REVOKED");
    // P7: nor by pulling the battery
    let mut lock = mounted(lock.stop());
    assert_eq!(code(&Phone::emergency().opens(&mut lock)), "E_REVOKED");
    lock.set_network(true);
    lock.update(revoked(3, &[]), NOW).unwrap();
    lock.update(Update::Earliest(NBF + 1), NOW).unwrap();
    lock.update(Update::Earliest(0), NOW).unwrap();
    let mut lock = mounted(lock.stop());
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_EPOCH");
}

#[test]
fn an_overflowed_list_survives_the_battery() {
    let mut lock = mounted(Memory::default());
    lock.set_network(true);
    lock.update(Update::Revocations(RevocationList::new(1, 1, NBF, 1_000..2_000)), NOW).unwrap();
    let known = lock.state().revoked.clone();
    let lock = mounted(lock.stop());
    assert_eq!(lock.state().revoked, known);
    assert!(known.unwrap().overflowed());
}

/// P10: a lost clock refuses the planned visit, not the emergency; a time for the lock's own nonce mends it.
#[test]
fn a_lost_clock_is_mended_only_by_its_own_nonce() {
    let mut lock = mounted(Memory::default());
    assert!(Phone::planned().opens(&mut lock).is_allowed());
    lock.lose_clock(NOW).unwrap();
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_TIME");
    let answer = Phone::emergency().opens(&mut lock);
    assert!(answer.receipt.unwrap().record.entry.event.flags.has(Flags::CLOCK_LOST.with(Flags::REVIEW)));
    lock.set_network(true);
    lock.update(Update::Time(NBF + 70), NOW).unwrap();
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_TIME");
    assert!(matches!(lock.update(Update::SettledTime(NBF - 9_000, NOW), NOW), Err(Error::UnusableTime)));
    lock.update(Update::SettledTime(NBF + 70, NOW), Ticks(NOW.0 + 2_000)).unwrap();
    let nonce = lock.challenge([1; 16], Ticks(NOW.0 + 2_000));
    let phone = Phone::planned();
    assert!(lock.open(&phone.pass, &phone.asks(LOCK, nonce, Op::Unlock), Ticks(NOW.0 + 2_100)).is_allowed());
    assert!(Chain::begin(LOCK, SEED).follow_all(&lock.records()).is_ok());
}

#[test]
fn a_lower_bound_of_the_time_survives_the_battery() {
    let mut lock = mounted(Memory::default());
    lock.set_network(true);
    lock.update(Update::Time(NBF + 4_000), NOW).unwrap();
    let mut lock = mounted(lock.stop());
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_TIME");
}

#[test]
fn a_folder_remembers_and_what_was_taken_out_of_it_is_missed() {
    let folder = std::env::temp_dir().join(format!("handslag-lock-{}", std::process::id()));
    let open = || Folder::open(&folder).unwrap();
    let once = Phone::with(|claims| claims.max_uses = Some(1));
    assert!(once.opens(&mut mounted(open())).is_allowed());
    let mut again = mounted(open());
    assert_eq!(code(&once.opens(&mut again)), "E_USES");
    assert_eq!(again.records().len(), 2);
    let log = again.stop().log().unwrap();
    for spoiled in [&log[..80], &log[..159], &[&log[..80], &log[..80]].concat()] {
        std::fs::write(folder.join("log"), spoiled).unwrap();
        assert!(matches!(Lock::start(&config(LOCK), open(), NOW), Err(Error::Tampered)));
    }
    std::fs::write(folder.join("log"), &log).unwrap();
    std::fs::remove_file(folder.join("slot")).unwrap();
    assert!(matches!(Lock::start(&config(LOCK), open(), NOW), Err(Error::Tampered)));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_log_of_another_lock_is_not_taken_over() {
    let mut lock = mounted(Memory::default());
    assert!(Phone::planned().opens(&mut lock).is_allowed());
    assert!(matches!(Lock::start(&config(LockId([9; 8])), lock.stop(), NOW), Err(Error::Tampered)));
}

/// Memory on a power supply that fails after so many bytes, in the middle of a write; and may be torn by noise there.
struct Failing {
    memory: Memory,
    left: Rc<Cell<usize>>,
    noise: bool,
}

impl Failing {
    fn spend(&self, bytes: usize) -> Result<(), usize> {
        let left = self.left.get();
        self.left.set(left.saturating_sub(bytes));
        if left < bytes { Err(left) } else { Ok(()) }
    }
}

impl Storage for Failing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.spend(bytes.len()) {
            Ok(()) => self.memory.append(bytes),
            Err(left) => {
                self.memory.append(&bytes[..left])?;
                if self.noise {
                    self.memory.append(&vec![0xa5; bytes.len() - left])?;
                }
                Err(io::Error::other("the power is out"))
            }
        }
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.spend(1).map_err(|_| io::Error::other("the power is out"))?;
        self.memory.cut(len)
    }

    fn keep(&mut self, slot: &[u8]) -> io::Result<()> {
        self.spend(slot.len()).map_err(|_| io::Error::other("the power is out"))?;
        self.memory.keep(slot)
    }

    fn kept(&self) -> io::Result<Option<Vec<u8>>> {
        self.memory.kept()
    }

    fn log(&self) -> io::Result<Vec<u8>> {
        self.memory.log()
    }
}

/// P12, P20: the power goes after every possible byte of four openings. Whatever moved the bolt is in the log, the log is whole, no pass opens more
/// often than it may in both lives together, and the lock goes on.
#[test]
fn the_power_may_go_at_any_byte() {
    let phone = Phone::with(|claims| claims.max_uses = Some(3));
    let mut whole_runs = 0;
    for noise in [false, true] {
        for budget in 0..1_000 {
            let storage = Failing { memory: Memory::default(), left: Rc::new(Cell::new(budget)), noise };
            let (memory, mut opened) = match Lock::start(&config(LOCK), storage, NOW) {
                Err(_) => (Memory::default(), Vec::new()), // a lock that did not start has written no entry
                Ok(mut lock) => {
                    let answers: Vec<Answer> = (0..4).map(|_| phone.opens(&mut lock)).collect();
                    whole_runs += usize::from(answers[2].is_allowed() && code(&answers[3]) == "E_USES");
                    let moved = answers.into_iter().filter(Answer::is_allowed).map(|answer| answer.receipt.expect("a receipt with every opening"));
                    (lock.journal.into_storage().memory, moved.collect())
                }
            };
            let mut lock = mounted(memory);
            for receipt in &opened {
                assert!(lock.records().contains(&receipt.record), "an opening without its entry, {budget} bytes");
            }
            let uses = lock.records().iter().filter(|record| record.entry.event.flags.has(Flags::COUNTED)).count();
            while let Answer { receipt: Some(receipt), decision: Decision::Allow(_) } = phone.opens(&mut lock) {
                opened.push(receipt);
            }
            let written = lock.records().iter().filter(|record| record.entry.event.flags.has(Flags::COUNTED)).count();
            assert!(opened.len() <= 3 && uses <= 3 && written == 3, "{budget} bytes: {} openings, {written} written", opened.len());
            assert!(Chain::begin(LOCK, SEED).follow_all(&lock.records()).is_ok(), "{budget} bytes");
            // what was torn is gone from the memory too: a third life reads the same
            let records = lock.records();
            assert_eq!(mounted(lock.stop()).records(), records, "{budget} bytes");
        }
    }
    assert!(whole_runs > 20, "the budget reaches beyond the last write");
}

/// A full memory: a planned visit waits, an emergency does not, and is written as soon as there is room.
#[test]
fn a_log_that_cannot_be_written_stops_all_but_an_emergency() {
    let left = Rc::new(Cell::new(10_000));
    let mut lock = mounted(Failing { memory: Memory::default(), left: Rc::clone(&left), noise: true });
    left.set(10);
    assert_eq!(code(&Phone::planned().opens(&mut lock)), "E_LOG");
    assert_eq!(lock.bolt(), Bolt::Locked);
    let answer = Phone::emergency().opens(&mut lock);
    assert!(matches!(&answer.decision, Decision::Allow(allow) if allow.flags.has(Flags::UNLOGGED)));
    assert_eq!((lock.bolt(), answer.receipt), (Bolt::Unlocked, None));
    left.set(10_000);
    assert!(Phone::planned().opens(&mut lock).is_allowed());
    let records = lock.records();
    assert!(records.len() == 2 && records[0].entry.event.flags.has(Flags::UNLOGGED.with(Flags::REVIEW)));
    assert!(Chain::begin(LOCK, SEED).follow_all(&records).is_ok());
    assert_eq!(mounted(lock.stop()).records(), records);
}
