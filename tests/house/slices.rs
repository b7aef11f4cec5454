//! The slice line of the server (decision 0001): a slice uses only slices to its left.
//!
//! So blocking an identity is one state that everything to the right reads, and no circle of calls can grow.

use std::collections::BTreeSet;

use super::{
    rust::{code_only, root_modules, without_tests},
    source::{none_of, product, read},
};

const SOURCE: &str = "backend/server/src";

/// From left to right.
const LINE: [&str; 14] =
    ["audit", "outbox", "identity", "phone", "login", "doors", "federation", "oidc", "saml", "signing", "matters", "archive", "pages", "demo"];

/// What stands outside the line and puts it together; every other file outside the line may be used by all and uses no slice.
const PUTS_TOGETHER: [&str; 6] = ["commands", "lib", "main", "routes", "server", "start"];

/// The module at the crate's root that a file belongs to, and how deep the file's own module lies.
fn place(path: &str) -> (String, usize) {
    let path = path.trim_start_matches(SOURCE).trim_start_matches('/').trim_end_matches(".rs");
    let parts: Vec<&str> = path.split('/').filter(|part| *part != "mod").collect();
    (parts.first().copied().unwrap_or_default().to_owned(), parts.len())
}

/// The slices that this module must not name, of those it names.
fn forbidden(module: &str, named: &BTreeSet<String>) -> Vec<String> {
    let right_of = match LINE.iter().position(|slice| *slice == module) {
        Some(place) => place + 1,
        None if PUTS_TOGETHER.contains(&module) => LINE.len(),
        None => 0,
    };
    named.iter().filter(|name| LINE[right_of..].contains(&name.as_str())).cloned().collect()
}

#[test]
fn a_slice_uses_only_slices_to_its_left() {
    let files = product(SOURCE);
    assert!(!files.is_empty());
    let mut broken = Vec::new();
    for file in files {
        let (module, depth) = place(&file.path);
        let code = without_tests(&code_only(&file.text));
        let named = root_modules(&code, depth);
        broken.extend(forbidden(&module, &named).into_iter().map(|name| format!("{} names crate::{name}", file.path)));
    }
    none_of(&broken, &format!("the line is {}", LINE.join(" · ")));
}

#[test]
fn the_decision_names_the_same_line() {
    let decision = read("docs/decisions/0001-floors-and-the-slice-line.md");
    assert!(decision.contains(&LINE.join(" · ")));
}

#[test]
fn places_and_the_forbidden() {
    assert_eq!(place("backend/server/src/audit/mod.rs"), ("audit".to_owned(), 1));
    assert_eq!(place("backend/server/src/audit/verify.rs"), ("audit".to_owned(), 2));
    let named: BTreeSet<String> = ["audit", "login", "problem"].map(str::to_owned).into();
    assert_eq!(forbidden("identity", &named), ["login"]);
    assert_eq!(forbidden("caller", &named), ["audit", "login"]);
    assert!(forbidden("oidc", &named).is_empty() && forbidden("commands", &named).is_empty());
}
