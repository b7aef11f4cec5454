//! Units of work per second through `db.write` on SQLite with `synchronous=FULL`, beside what the disk can do at all.
//!
//! A unit is one row of the size of an approval's evidence. With one writer each unit waits for its own write to the disk; with more,
//! units that stand in line share one.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use handslag_store::{Db, Error, Place};

const ROUNDS: usize = 5;
const WRITERS: [usize; 3] = [1, 8, 64];

/// Sixty-four writers must do this many times the work of one.
const GAIN: f64 = 3.0;

/// Measures every figure once a round, so that a slow moment of the disk hits all alike, and prints the medians.
pub(crate) async fn measure(length: Duration) -> ExitCode {
    let folder = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|parent| parent.join("bench-store"))).unwrap_or_default();
    fs::remove_dir_all(&folder).ok();
    let outcome = figures(&folder, length).await;
    fs::remove_dir_all(&folder).ok();
    match outcome {
        Ok(medians) => report(medians),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn figures(folder: &Path, length: Duration) -> Result<[f64; 4], Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let db = Db::open(&Place::Sqlite(folder.join("bench.db"))).await?;
    db.write(async |tx| tx.execute("CREATE TABLE bench_units (id BIGINT PRIMARY KEY, evidence BYTEA NOT NULL)", ()).await).await?;
    let next = Arc::new(AtomicI64::new(0));
    let mut rounds: [Vec<f64>; 4] = Default::default();
    let [raw, one, eight, many] = &mut rounds;
    for _ in 0..ROUNDS {
        raw.push(syncs_a_second(&folder.join("bench.raw"), length)?);
        for (rates, writers) in [&mut *one, &mut *eight, &mut *many].into_iter().zip(WRITERS) {
            rates.push(units_a_second(&db, &next, writers, length).await?);
        }
    }
    Ok(rounds.map(median))
}

/// Appends a WAL frame's worth of bytes and waits for the disk, again and again.
fn syncs_a_second(path: &Path, length: Duration) -> std::io::Result<f64> {
    let mut file = File::create(path)?;
    let start = Instant::now();
    let mut syncs = 0_u32;
    while start.elapsed() < length {
        file.write_all(&[7; 4_120])?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / start.elapsed().as_secs_f64())
}

async fn units_a_second(db: &Db, next: &Arc<AtomicI64>, writers: usize, length: Duration) -> Result<f64, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers).map(|_| tokio::spawn(write_until(db.clone(), Arc::clone(next), Arc::clone(&stop)))).collect();
    tokio::time::sleep(length).await;
    stop.store(true, Ordering::Relaxed);
    let mut units = 0_u32;
    for task in tasks {
        units += task.await.map_err(|_| Error::Aborted)??;
    }
    Ok(f64::from(units) / start.elapsed().as_secs_f64())
}

async fn write_until(db: Db, next: Arc<AtomicI64>, stop: Arc<AtomicBool>) -> Result<u32, Error> {
    let evidence = [7_u8; 1_024];
    let mut units = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = next.fetch_add(1, Ordering::Relaxed);
        db.write(async |tx| tx.execute("INSERT INTO bench_units (id, evidence) VALUES ($1, $2)", (id, evidence.as_slice())).await).await?;
        units += 1;
    }
    Ok(units)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

fn report([raw, one, eight, many]: [f64; 4]) -> ExitCode {
    println!("db.write on SQLite, synchronous=FULL, units of one 1 KiB row; medians of {ROUNDS} rounds\n");
    println!("| what | per second | × one writer |\n|---|---:|---:|");
    for (what, rate) in [("fsync of the disk, alone", raw), ("units, 1 writer", one), ("units, 8 writers", eight), ("units, 64 writers", many)] {
        println!("| {what} | {rate:.0} | {:.1} |", rate / one);
    }
    if many >= GAIN * one {
        return ExitCode::SUCCESS;
    }
    eprintln!("\n64 writers do less than {GAIN} times the work of one");
    ExitCode::FAILURE
}
