//! A process that is killed in the middle of its work has lost nothing that it had answered, and has kept nothing by halves.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use handslag_store::{Db, Error, Place};

use super::engine::{Engine, add};

const KILLS: i64 = 10;
const WRITERS: usize = 64;

/// The second row of a unit has this much more in its number.
const SECOND: i64 = 1_000_000_000;

pub(crate) async fn what_was_answered_survives_a_kill(engine: &Engine) {
    let mut answered = BTreeSet::new();
    for round in 0..KILLS {
        answered.extend(work_until_killed(&engine.place, round * 1_000_000, 100));
    }
    // A new connection, as after a restart.
    let after = Db::open(&engine.place).await.unwrap();
    let kept: Vec<(i64,)> = after.read(async |tx| tx.all::<(i64,)>("SELECT n FROM contract_rows", ()).await).await.map_err(|e: Error| e).unwrap();
    let kept: BTreeSet<_> = kept.into_iter().map(|(n,)| n).collect();
    let lost: Vec<_> = answered.difference(&kept).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
    let halves: Vec<_> = kept.iter().filter(|n| **n < SECOND && !kept.contains(&(**n + SECOND))).collect();
    assert!(halves.is_empty() && kept.len() % 2 == 0, "kept by halves: {halves:?}");
    assert!(answered.len() >= 1_000);
}

/// Starts a child that writes, kills it after so many answers, and gives every number it had answered by then.
fn work_until_killed(place: &Place, first: i64, answers: usize) -> Vec<i64> {
    let (engine, at) = match place {
        Place::Sqlite(path) => ("sqlite", path.to_str().unwrap().to_owned()),
        Place::Postgres(url) => ("postgres", url.clone()),
    };
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", "contracts::crash::child"])
        .env("HANDSLAG_CRASH_CHILD", format!("{engine} {first} {at}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut numbers = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n').map_while(Result::ok) {
        numbers.extend(
            std::str::from_utf8(&line).unwrap().strip_prefix("answered ").and_then(|n| n.strip_suffix('.')).map(|n| n.parse::<i64>().unwrap()),
        );
        if numbers.len() == answers {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    numbers
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of the test above, which kills it"]
async fn child() {
    let Ok(task) = std::env::var("HANDSLAG_CRASH_CHILD") else { return };
    let [engine, first, at] = task.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("three words") };
    let place = if engine == "sqlite" { Place::Sqlite(at.into()) } else { Place::Postgres(at.to_owned()) };
    let db = Db::open(&place).await.unwrap();
    let next = Arc::new(AtomicI64::new(first.parse().unwrap()));
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write_for_ever(db.clone(), Arc::clone(&next)))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write_for_ever(db: Db, next: Arc<AtomicI64>) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let unit = async |tx: &mut handslag_store::Tx| {
            add(tx, n).await?;
            add(tx, n + SECOND).await
        };
        // A failure is no answer: it says nothing that could be lost.
        if db.write(unit).await.is_ok() {
            writeln!(std::io::stdout().lock(), "\nanswered {n}.").unwrap();
        }
    }
}
