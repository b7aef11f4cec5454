//! The floors (decision 0001): a crate uses only crates on lower floors, and floors 0 and 1 touch nothing outside themselves.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{
    rust::{code_only, without_tests},
    source::{none_of, product, read, root},
};

/// Folder, floor. The tests' crate stands above all.
const FLOORS: [(&str, u8); 11] = [
    ("backend/vocab", 0),
    ("backend/protocol", 1),
    ("backend/pades", 1),
    ("mobile-bridge/door", 1),
    ("backend/store", 2),
    ("backend/policy", 2),
    ("mobile-bridge/phone", 2),
    ("backend/keys", 3),
    ("mobile-bridge/lock-sim", 3),
    ("backend/server", 4),
    ("tests", 5),
];

/// What floors 0 and 1 may not name: `now` and the generator are arguments, bytes come in and go out.
const OUTSIDE: [&str; 9] =
    ["std::fs", "std::net", "std::env", "std::process", "std::thread", "std::io::std", "Instant::now", "getrandom::", "tokio::"];

fn manifest(folder: &str) -> Table {
    read(&format!("{folder}/Cargo.toml")).parse().unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}"))
}

fn package(folder: &str) -> String {
    format!("handslag-{}", folder.rsplit('/').next().unwrap_or(folder))
}

/// Names in every table of dependencies: also of tests, of builds and of single targets.
fn dependencies(table: &Table) -> Vec<String> {
    table
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Table(inner) if name.ends_with("dependencies") => inner.keys().cloned().collect(),
            Value::Table(inner) if name == "target" => inner.values().filter_map(Value::as_table).flat_map(dependencies).collect(),
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn every_member_of_the_workspace_has_a_floor() {
    let root: Table = read("Cargo.toml").parse().expect("the workspace's manifest");
    let members = root["workspace"]["members"].as_array().expect("members").iter().filter_map(Value::as_str);
    let mut members: Vec<&str> = members.collect();
    let mut known: Vec<&str> = FLOORS.iter().map(|(folder, _)| *folder).collect();
    members.sort_unstable();
    known.sort_unstable();
    assert_eq!(members, known);
    for folder in known {
        assert_eq!(manifest(folder)["package"]["name"].as_str(), Some(package(folder).as_str()));
    }
}

#[test]
fn a_crate_uses_only_crates_on_lower_floors() {
    let floors: BTreeMap<String, u8> = FLOORS.iter().map(|(folder, floor)| (package(folder), *floor)).collect();
    let mut broken = Vec::new();
    for (folder, floor) in FLOORS {
        for dependency in dependencies(&manifest(folder)).iter().filter(|name| name.starts_with("handslag-")) {
            match floors.get(dependency) {
                Some(lower) if *lower < floor => {}
                other => broken.push(format!("{folder} (floor {floor}) uses {dependency} (floor {other:?})")),
            }
        }
    }
    none_of(&broken, "a crate uses only crates on lower floors");
}

#[test]
fn dependencies_are_found_in_every_kind_of_table() {
    let table: Table = "[dependencies]\na = '1'\n[dev-dependencies]\nb = '1'\n[target.'cfg(unix)'.build-dependencies]\nc = '1'\n[features]\nd = []"
        .parse()
        .expect("a manifest");
    assert_eq!(dependencies(&table), ["a", "b", "c"]);
}

/// The decision's table is what people read; this one is what the test reads.
#[test]
fn the_decision_and_this_test_name_the_same_floors() {
    let decision = read("docs/decisions/0001-floors-and-the-slice-line.md");
    let missing: Vec<String> =
        FLOORS.iter().map(|(folder, floor)| format!("| {floor} | `{folder}` |")).filter(|row| !decision.contains(row.as_str())).collect();
    none_of(&missing, "docs/decisions/0001 lacks the row");
}

#[test]
fn floors_0_and_1_do_no_io_and_know_no_clock_and_no_randomness() {
    let mut broken = Vec::new();
    for (folder, _) in FLOORS.iter().filter(|(_, floor)| *floor <= 1) {
        for file in product(&format!("{folder}/src")) {
            let code = without_tests(&code_only(&file.text));
            broken.extend(OUTSIDE.iter().filter(|name| code.contains(**name)).map(|name| format!("{} names {name}", file.path)));
        }
    }
    none_of(&broken, "floors 0 and 1 touch nothing outside themselves");
}

#[test]
fn the_door_needs_no_standard_library() {
    assert!(root().join("mobile-bridge/door/src/lib.rs").exists());
    assert!(read("mobile-bridge/door/src/lib.rs").contains("no_std"));
}
