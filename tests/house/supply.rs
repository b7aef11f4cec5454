//! What we build from: licences, bans and sources of `deny.toml`, checked here without network.
//!
//! `deny.toml` keeps the form of cargo-deny, so that cargo-deny can read it too; advisories need a network and are its part.
//! Licences are those of this platform's crates (`cargo metadata`); bans and sources are read for every platform (`Cargo.lock`).

use std::{collections::BTreeSet, process::Command};

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{
    source::{none_of, read, root},
    spdx,
};

fn rules() -> Table {
    read("deny.toml").parse().expect("deny.toml")
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a text").to_owned()).collect()
}

fn locked() -> Vec<Value> {
    let lock: Table = read("Cargo.lock").parse().expect("Cargo.lock");
    lock["package"].as_array().expect("packages").clone()
}

fn text<'a>(package: &'a Value, member: &str) -> &'a str {
    package.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// The crates that are built for this platform, as cargo sees them without network.
fn built() -> Vec<Json> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let version = Command::new(&cargo).arg("-vV").output().expect("cargo runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host]).current_dir(root());
    let output = metadata.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Json = serde_json::from_slice(&output.stdout).expect("cargo answers in JSON");
    answer["packages"].as_array().expect("packages").clone()
}

#[test]
fn every_licence_is_on_the_list() {
    let allowed = strings(&rules()["licenses"]["allow"]);
    let packages = built();
    assert!(packages.len() > 100, "cargo names only {} crates", packages.len());
    let broken: Vec<String> = packages
        .iter()
        .filter(|package| !spdx::allows(package["license"].as_str().unwrap_or_default(), &allowed))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    none_of(&broken, "deny.toml [licenses] does not allow");
}

/// A banned crate may stand below the crates that `wrappers` names, and nowhere else.
fn banned(packages: &[Value], crate_name: &str, wrappers: &[String]) -> Vec<String> {
    let uses = |package: &&Value| {
        let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        dependencies.filter_map(Value::as_str).any(|line| line.split(' ').next() == Some(crate_name))
    };
    let present = packages.iter().any(|package| text(package, "name") == crate_name);
    let parents: Vec<String> = packages.iter().filter(uses).map(|package| text(package, "name").to_owned()).collect();
    if present && parents.is_empty() {
        return vec![format!("{crate_name} is in the lock file")];
    }
    parents.into_iter().filter(|parent| !wrappers.contains(parent)).map(|parent| format!("{parent} uses {crate_name}")).collect()
}

#[test]
fn no_banned_crate_is_locked() {
    let packages = locked();
    let rules = rules();
    let mut broken = Vec::new();
    for ban in rules["bans"]["deny"].as_array().expect("a list") {
        let wrappers = ban.get("wrappers").map(strings).unwrap_or_default();
        broken.extend(banned(&packages, ban["crate"].as_str().expect("a name"), &wrappers));
    }
    none_of(&broken, "deny.toml [bans] refuses");
}

#[test]
fn a_ban_is_seen_and_a_wrapper_excuses_only_itself() {
    let lock: Table =
        "[[package]]\nname = 'a'\ndependencies = ['bad 1.0']\n[[package]]\nname = 'b'\ndependencies = ['bad']\n[[package]]\nname = 'bad'\n"
            .parse()
            .expect("a lock file");
    let packages = lock["package"].as_array().expect("packages").clone();
    assert_eq!(banned(&packages, "bad", &["a".to_owned()]), ["b uses bad"]);
    assert!(banned(&packages, "good", &[]).is_empty());
    assert_eq!(banned(&packages, "a", &[]), ["a is in the lock file"]);
}

#[test]
fn every_crate_comes_from_an_allowed_registry_with_a_checksum() {
    let rules = rules();
    assert_eq!((text(&rules["sources"], "unknown-registry"), text(&rules["sources"], "unknown-git")), ("deny", "deny"));
    let allowed: BTreeSet<String> = strings(&rules["sources"]["allow-registry"]).into_iter().map(|index| format!("registry+{index}")).collect();
    let broken: Vec<String> = locked()
        .iter()
        .filter(|package| match package.get("source").and_then(Value::as_str) {
            Some(source) => !allowed.contains(source) || text(package, "checksum").len() != 64,
            None => !text(package, "name").starts_with("handslag-"),
        })
        .map(|package| format!("{} {}: {}", text(package, "name"), text(package, "version"), text(package, "source")))
        .collect();
    none_of(&broken, "deny.toml [sources] refuses");
}
