//! A figure without its machine says nothing.

use std::{fs, thread::available_parallelism};

/// Processor, cores, memory, kernel and build in one line.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let processor = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let build = if cfg!(debug_assertions) { "unoptimised build" } else { "optimised build" };
    format!("{cores} cores ({processor}), memory {memory}, {} {}, {build}", std::env::consts::OS, kernel.trim())
}

fn line_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
