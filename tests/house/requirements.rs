//! Every requirement of the provider is held by tests that exist (`tests/requirements.toml`). What is not held says so, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    rust::code_only,
    source::{File, files, none_of, read},
};

/// A requirement and what holds it.
struct Row {
    says: String,
    tests: Vec<String>,
}

struct Table {
    unfinished: BTreeMap<String, String>,
    rows: BTreeMap<String, Row>,
}

fn table() -> Table {
    let mut all: toml::Table = toml::from_str(&read("tests/requirements.toml")).unwrap_or_else(|error| panic!("tests/requirements.toml: {error}"));
    let text = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
    let unfinished = all.remove("unfinished").and_then(|value| value.as_table().cloned()).unwrap_or_default();
    let row = |value: toml::Value| Row {
        says: value.get("says").map(text).unwrap_or_default(),
        tests: value.get("tests").and_then(toml::Value::as_array).map(|tests| tests.iter().map(text).collect()).unwrap_or_default(),
    };
    Table {
        unfinished: unfinished.iter().map(|(id, why)| (id.clone(), text(why))).collect(),
        rows: all.into_iter().map(|(id, value)| (id, row(value))).collect(),
    }
}

/// The rows of the specification's and the attackers' lists that the provider answers for.
fn demanded() -> BTreeSet<String> {
    let numbered =
        |name: &'static str, numbers: &mut dyn Iterator<Item = u8>| numbers.map(|number| format!("{name}-{number:02}")).collect::<Vec<_>>();
    let attacks = &mut (1..=28_u8).chain(33..=36).chain([38, 39]);
    let all = [numbered("OP", &mut (1..=27_u8)), numbered("SE", &mut (1..=21_u8)), numbered("SG", &mut (1..=7_u8)), numbered("MB", &mut (1..=13_u8))];
    all.into_iter().flatten().chain(numbered("attack", attacks)).collect()
}

/// The Rust tests of a file: its functions under `#[test]` or `#[tokio::test]`.
fn rust_tests(text: &str) -> Vec<String> {
    let code = code_only(text);
    let mut names = Vec::new();
    let mut is_test = false;
    for line in code.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let name = line.split_once("fn ").map(|(_, rest)| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
        if let Some(name) = name
            && std::mem::take(&mut is_test)
        {
            names.push(name);
        }
    }
    names
}

/// `module::name` of each play that a file lists for every ground.
fn plays(text: &str) -> Vec<String> {
    let (_, listed) = text.split_once("on_every_ground! {").unwrap_or_default();
    let mut module = "";
    let mut found = Vec::new();
    for line in listed.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(" {") {
            module = name;
        } else if let Some(name) = line.strip_suffix(',') {
            found.push(format!("{module}::{name}"));
        }
    }
    found
}

/// `story: title` of each test in a script; a title that is made of pieces stands as it is written.
fn scripted(text: &str) -> Vec<String> {
    let mut story = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        let title = |call: &str| {
            let rest = line.strip_prefix(call)?;
            let quote = rest.chars().next().filter(|letter| ['"', '`'].contains(letter))?;
            Some(rest[1..].split(quote).next()?.to_owned())
        };
        if let Some(name) = title("about(") {
            story = name;
        } else if let Some(title) = title("test(") {
            found.push(format!("{story}: {title}"));
        }
    }
    found
}

/// The module that a Rust file is, below the folder where the crate's root lies; modules of tests alone are left out.
fn module(path: &str, root: &str) -> Option<String> {
    let inner = path.strip_prefix(root)?.strip_suffix(".rs")?;
    let parts = inner.split('/').filter(|part| !["", "lib", "main", "mod", "tests"].contains(part));
    Some(parts.collect::<Vec<_>>().join("::"))
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("::")
}

/// Tests of a crate of ours, by the crate's name.
fn of_crate(file: &File) -> Vec<String> {
    let mut parts = file.path.splitn(3, '/');
    let (Some(group @ ("backend" | "mobile-bridge")), Some(folder)) = (parts.next(), parts.next()) else { return Vec::new() };
    let Some(module) = module(&file.path, &format!("{group}/{folder}/src/")) else { return Vec::new() };
    let name = format!("handslag_{}", folder.replace('-', "_"));
    rust_tests(&file.text).iter().map(|test| joined(&[&name, &module, test])).collect()
}

/// The name of every test that there is.
fn existing() -> BTreeSet<String> {
    let crates = ["backend", "mobile-bridge"].into_iter().flat_map(|folder| files(folder, &["rs"]));
    let mut all: BTreeSet<String> = crates.flat_map(|file| of_crate(&file)).collect();
    for file in files("tests", &["rs"]) {
        let module = module(&file.path, "tests/").unwrap_or_default();
        all.extend(rust_tests(&file.text).iter().chain(&plays(&file.text)).map(|test| joined(&[&module, test])));
    }
    for folder in ["browser", "interop"] {
        let scripts = files(&format!("tests/{folder}"), &["mjs"]);
        all.extend(scripts.iter().flat_map(|file| scripted(&file.text)).map(|title| format!("{folder}: {title}")));
    }
    all
}

#[test]
fn every_requirement_stands_in_the_table() {
    let table = table();
    assert_eq!(table.rows.keys().cloned().collect::<BTreeSet<_>>(), demanded());
    let says: BTreeSet<&String> = table.rows.values().map(|row| &row.says).collect();
    assert!(says.len() == table.rows.len() && says.iter().all(|says| says.len() > 20), "each says what it demands, in words of its own");
}

#[test]
fn every_requirement_is_held_by_tests_that_exist() {
    let (table, existing) = (table(), existing());
    assert!(existing.len() > 500, "only {} tests were found; the reader is broken", existing.len());
    let mut broken: Vec<String> = Vec::new();
    for (id, row) in &table.rows {
        broken.extend(row.tests.iter().filter(|test| !existing.contains(*test)).map(|test| format!("{id}: there is no test {test}")));
        if row.tests.is_empty() && !table.unfinished.contains_key(id) {
            broken.push(format!("{id}: no test, and it is not said to be unfinished"));
        }
    }
    let unknown = table.unfinished.iter().filter(|(id, why)| !table.rows.contains_key(*id) || why.len() < 4);
    broken.extend(unknown.map(|(id, _)| format!("{id}: unfinished, and there is no such row or no reason")));
    none_of(&broken, "tests/requirements.toml");
}

#[test]
fn tests_are_found_where_they_stand() {
    assert_eq!(rust_tests("#[test]\nfn a() {}\nfn b() {}\n#[tokio::test(flavor = \"x\")]\nasync fn c() {}\n// #[test]\nfn d() {}"), ["a", "c"]);
    assert_eq!(plays("x\ncrate::kommun::on_every_ground! {\n    codes {\n        one,\n        two,\n    }\n}"), ["codes::one", "codes::two"]);
    assert_eq!(scripted("about(\"s\");\ntest(\"t, u\", async () => {\n  test(`v ${x}`, f);"), ["s: t, u", "s: v ${x}"]);
    assert_eq!(module("backend/protocol/src/jose/tests/published.rs", "backend/protocol/src/").as_deref(), Some("jose::published"));
}
