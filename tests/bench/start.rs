//! How long the demonstration takes from the start of its process to the first answered page, and how much memory it then holds.
//!
//! A first start makes the keys, the tables and the town; a later one finds them. A start from a cold disk reads the program anew: its
//! pages are dropped from the system's memory before.

use std::{
    fs, io,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use super::{
    demo::{Demo, program},
    visit,
};

/// A start must be answered within this, and an idle process hold no more.
const MOST: Duration = Duration::from_secs(1);
const MOST_MIB: f64 = 64.0;

/// So long nobody asks for anything before the memory is read.
const IDLE: Duration = Duration::from_secs(5);

struct Figures {
    starts: [(&'static str, Vec<Duration>); 3],
    idle: f64,
    after_work: f64,
    weights: visit::Weights,
}

/// Starts it so many times each way, and prints.
pub(crate) fn measure(times: usize) -> ExitCode {
    let folder = std::env::temp_dir().join(format!("handslag-bench-{}", std::process::id()));
    let figures = figures(&folder, times.max(1));
    fs::remove_dir_all(&folder).ok();
    match figures {
        Ok(figures) => report(figures),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn figures(folder: &Path, times: usize) -> io::Result<Figures> {
    let (mut cold, mut new, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..times {
        let (first, second) = (folder.join(format!("cold-{round}")), folder.join(format!("new-{round}")));
        fs::create_dir_all(folder)?;
        if forget(&program()?) {
            cold.push(Demo::start(&first)?.answered_after);
        }
        new.push(Demo::start(&second)?.answered_after);
        known.push(Demo::start(&second)?.answered_after);
    }
    let mut demo = Demo::start(&folder.join("worked"))?;
    thread::sleep(IDLE);
    let idle = demo.resident()?;
    let weights = visit::whole(demo.visitor())?;
    thread::sleep(IDLE);
    let starts = [("new data folder, cold disk", cold), ("new data folder", new), ("data folder in use", known)];
    Ok(Figures { starts, idle, after_work: demo.resident()?, weights })
}

/// Drops a file's pages from the system's memory; false where that cannot be done.
fn forget(file: &Path) -> bool {
    let mut dd = Command::new("dd");
    dd.arg(format!("if={}", file.display())).args(["iflag=nocache", "count=0"]).stdout(Stdio::null()).stderr(Stdio::null());
    dd.status().is_ok_and(|status| status.success())
}

fn report(figures: Figures) -> ExitCode {
    println!("`handslag demo`, from the start of the process to the first answered page\n");
    println!("| start | times | median | worst |\n|---|---:|---:|---:|");
    let mut is_good = figures.idle <= MOST_MIB;
    for (what, mut times) in figures.starts {
        times.sort();
        let (Some(median), Some(worst)) = (times.get(times.len() / 2), times.last()) else { continue };
        println!("| {what} | {} | {} ms | {} ms |", times.len(), median.as_millis(), worst.as_millis());
        is_good &= *worst <= MOST;
    }
    println!("\n| resident memory | MiB |\n|---|---:|");
    println!("| idle for {} s after the first page | {:.1} |", IDLE.as_secs(), figures.idle);
    println!("| {} s after the whole job was done once | {:.1} |", IDLE.as_secs(), figures.after_work);
    println!("\n| over the wire, compressed, heads included | bytes |\n|---|---:|");
    println!("| the first page, with its style and script | {} |", figures.weights.first);
    println!("| the phone's question about a log-in | {} |", figures.weights.approval);
    println!("| the phone's question about a document of four pages, with the pages | {} |", figures.weights.document);
    if is_good {
        return ExitCode::SUCCESS;
    }
    eprintln!("\na start takes more than {} s, or the idle process holds more than {MOST_MIB} MiB", MOST.as_secs());
    ExitCode::FAILURE
}
