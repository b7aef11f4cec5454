//! `bench provider`: this provider beside npm `oidc-provider`, the same four rows, the same load, the same machine, in turns.
//!
//! Ours keeps everything durably (SQLite, `synchronous=FULL`); the peer keeps everything in memory. The figure is requests per
//! CPU-second of the server's process, so that it does not depend on what else runs; the wall rate stands beside it.

mod flow;
mod load;
mod process;

use std::{io, path::Path, process::ExitCode, time::Duration};

use load::{Half, Load, Work};
use process::Service;

/// Each row this many times, ours and the peer in turns; medians are told.
const ROUNDS: usize = 3;

/// At half the wall rate, 99 of 100 requests must be answered within this.
const P99: Duration = Duration::from_millis(25);

/// Resident memory under load, and how far it may move from ten thousand to a million living refresh families.
const MOST_MIB: f64 = 96.0;
const FLAT: f64 = 0.2;
const FAMILIES: [u32; 2] = [10_000, 1_000_000];

/// One row: what is asked, what ours writes durably for it, and how many times the peer's rate it must reach.
struct Row {
    work: Work,
    name: &'static str,
    written: &'static str,
    bar: f64,
}

const ROWS: [Row; 4] = [
    Row { work: Work::Token, name: "client_credentials, ES256 JWT", written: "nothing to write", bar: 3.0 },
    Row { work: Work::Introspection, name: "introspection of an opaque token", written: "nothing to write", bar: 3.0 },
    Row { work: Work::Refresh, name: "refresh with rotation, ID Token", written: "the new link and the access token", bar: 2.0 },
    Row { work: Work::Flow, name: "PAR + code + PKCE + DPoP, whole flow", written: "request, approval, grant, proofs, tokens, journal", bar: 3.0 },
];

/// What was measured of one row at one provider.
#[derive(Default)]
struct Figures {
    per_cpu_second: Vec<f64>,
    per_second: Vec<f64>,
}

/// Measures everything and prints it. Fails where a bar is missed.
pub(crate) async fn measure(length: Duration) -> ExitCode {
    let folder = std::env::temp_dir().join(format!("handslag-bench-{}", std::process::id()));
    let outcome = all(&folder, length).await;
    std::fs::remove_dir_all(&folder).ok();
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("\na bar is missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn all(folder: &Path, length: Duration) -> io::Result<bool> {
    std::fs::create_dir_all(folder)?;
    let (ours, peer) = (Service::ours(folder).await?, Service::peer().await?);
    println!("One process each, 8 connections, client_secret_basic; {} s a figure, medians of {ROUNDS} rounds in turns.", length.as_secs());
    println!("Ours: SQLite, synchronous=FULL. Peer: npm oidc-provider {}, Node {}, in memory.\n", process::peer_version()?, process::node_version()?);
    println!("| row | ours per CPU-s | peer per CPU-s | times | bar | ours per s | peer per s | p99 at half load | ours wrote durably |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---|");
    let mut is_good = true;
    for row in &ROWS {
        is_good &= measured(row, &ours, &peer, length).await?;
    }
    let under_load = ours.resident()?;
    println!("\nResident memory after that: ours {under_load:.1} MiB, peer {:.1} MiB.\n", peer.resident()?);
    drop(peer);
    Ok(flat(&ours, folder, length).await? && is_good && under_load <= MOST_MIB)
}

async fn measured(row: &Row, ours: &Service, peer: &Service, length: Duration) -> io::Result<bool> {
    let (mut own, mut other) = (Figures::default(), Figures::default());
    for _ in 0..ROUNDS {
        own.take(&Load::of(ours, row.work).await?.run(ours, length).await?);
        other.take(&Load::of(peer, row.work).await?.run(peer, length).await?);
    }
    let rate = median(own.per_second);
    let p99 = Half { rate: rate / 2.0, length }.p99(Load::of(ours, row.work).await?).await?;
    let (own_cpu, other_cpu) = (median(own.per_cpu_second), median(other.per_cpu_second));
    let times = own_cpu / other_cpu;
    println!(
        "| {} | {own_cpu:.0} | {other_cpu:.0} | {times:.1} | {:.0} | {rate:.0} | {:.0} | {:.1} ms | {} |",
        row.name,
        row.bar,
        median(other.per_second),
        p99.as_secs_f64() * 1_000.0,
        row.written
    );
    Ok(times >= row.bar && p99 <= P99)
}

impl Figures {
    fn take(&mut self, run: &load::Run) {
        self.per_cpu_second.push(run.done / run.cpu_seconds);
        self.per_second.push(run.done / run.seconds);
    }
}

/// Memory while phones refresh, with so many families alive.
async fn flat(ours: &Service, folder: &Path, length: Duration) -> io::Result<bool> {
    println!("| living refresh families | resident under load, MiB | refreshes per s |\n|---:|---:|---:|");
    let mut held = Vec::new();
    for families in FAMILIES {
        process::fill(folder, families).await?;
        let run = Load::of(ours, Work::Refresh).await?.run(ours, length).await?;
        let resident = ours.resident()?;
        println!("| {families} | {resident:.1} | {:.0} |", run.done / run.seconds);
        held.push(resident);
    }
    let (Some(few), Some(many)) = (held.first(), held.last()) else { return Ok(false) };
    Ok((many / few - 1.0).abs() <= FLAT && *many <= MOST_MIB)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
