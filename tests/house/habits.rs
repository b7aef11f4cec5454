//! Habits that a reader would have to look for in every change: each name here has one place, or none.

use super::{
    rust::code_only,
    source::{File, files, none_of, read},
};

/// The one file that reads the real clock.
const CLOCK: &str = "backend/server/src/caller.rs";

/// Names that gather what belongs elsewhere (decision 0001).
const DRAWERS: [&str; 14] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "model", "models", "service", "services", "type", "types", "util", "utils"];

/// Lines of code that hold the needle and are not excused.
fn holding(files: &[File], needle: &str, excused: impl Fn(&File, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in code_only(&file.text).lines().enumerate() {
            if line.contains(needle) && !excused(file, line) {
                found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn only_the_store_runs_sql() {
    let derives = |line: &str| line.contains("derive(") && (line.contains("sqlx::FromRow") || line.contains("sqlx::Type"));
    let found = holding(&files("", &["rs"]), "sqlx::", |file, line| file.path.starts_with("backend/store/") || derives(line));
    none_of(&found, "only backend/store names sqlx; elsewhere it is derived (FromRow, Type)");
}

#[test]
fn one_file_reads_the_clock() {
    let found = holding(&files("", &["rs"]), "SystemTime::now", |file, _| file.path == CLOCK);
    none_of(&found, "`now` is an argument; the clock is read in one file");
}

#[test]
fn a_lint_is_expected_with_a_reason_and_never_silenced() {
    let files = files("", &["rs"]);
    let mut found = holding(&files, "#[allow", |_, _| false);
    found.extend(holding(&files, "#![allow", |_, _| false));
    none_of(&found, "write #[expect(lint, reason = …)]");
}

#[test]
fn there_is_no_drawer() {
    let drawer = |file: &&File| file.path.split(['/', '.']).any(|part| DRAWERS.contains(&part));
    let found: Vec<String> = files("", &["rs", "js", "mjs", "py", "sql"]).iter().filter(drawer).map(|file| file.path.clone()).collect();
    none_of(&found, "a file is named for what it is about");
}

/// Work that is left says whose it is: an open question without an issue is never found again.
#[test]
fn no_unfinished_thing_without_an_issue() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimple", "mented!(")];
    let mut found = Vec::new();
    for file in files("", &["rs", "js", "mjs", "py", "sql", "html", "ftl", "toml", "md", "css"]) {
        for (number, line) in file.lines() {
            if marks.iter().any(|mark| line.contains(mark)) && !line.contains(concat!("TO", "DO(#")) {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none_of(&found, "name the issue");
}

/// Text that names one machine's folders is wrong on every other.
#[test]
fn no_path_of_one_machine() {
    let everywhere = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let temporary = concat!("/tm", "p/");
    let mut found = Vec::new();
    for file in files("", &[]).iter().filter(|file| !is_evidence(file)) {
        for (number, line) in file.lines() {
            let elsewhere = everywhere.iter().any(|path| names(line, path));
            if elsewhere || (file.path != "tests/run" && names(line, temporary)) {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none_of(&found, "no path of one machine in committed text");
}

/// Files given to us: real PDFs and published vectors are kept byte for byte.
fn is_evidence(file: &File) -> bool {
    ["pdf", "pem", "der", "cms", "tsr"].contains(&file.ending()) || file.path.contains("/vectors/")
}

/// The path starts here; `https://host/work/` or `docs/work/` are other things.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| !line[..at].chars().next_back().is_some_and(|letter| letter.is_alphanumeric() || "._-}".contains(letter)))
}

#[test]
fn a_path_is_told_from_a_part_of_an_address() {
    let path = concat!("/wo", "rk/");
    assert!(names(&format!("cd {path}main"), path) && names(&format!("\"{path}\""), path));
    assert!(!names(&format!("https://host{path}"), path) && !names(&format!("team{path}x"), path));
}

/// A lock file pins by checksum; an address in it would make every build ask one host.
#[test]
fn lock_files_name_no_address_but_the_index() {
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    let mut found: Vec<String> = files("", &["lock"])
        .iter()
        .flat_map(|file| file.lines().map(|(number, line)| format!("{}:{number}: {line}", file.path)).collect::<Vec<_>>())
        .filter(|line| line.replace(index, "").contains("://"))
        .collect();
    for file in files("", &["json", "txt"]).iter().filter(|file| ["package-lock", "requirements"].contains(&file.stem())) {
        let address = |line: &str| line.contains("://") && (file.ending() == "txt" || line.contains("\"resolved\""));
        found.extend(file.lines().filter(|(_, line)| address(line)).map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    none_of(&found, "lock files name no address");
}

#[test]
fn the_test_command_is_the_only_one_that_ci_calls() {
    let calls = read(".ci/run");
    let commands: Vec<&str> = calls.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(commands.iter().any(|line| line.contains("./tests/run")), "{commands:?}");
    assert!(commands.iter().all(|line| line.contains("./tests/run") || line.starts_with("set ") || line.starts_with("cd ")), "{commands:?}");
}
