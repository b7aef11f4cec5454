//! What is promised outward: every address, and what the provider says of itself. No address appears unseen, and none goes away
//! without somebody having looked (INSTA_UPDATE=always writes the snapshots anew).

use handslag_protocol::discovery::Provider;

use super::source::{File, files, none_of, product, root};

const SERVER: &str = "backend/server/src";

/// The calls by which an axum router gains an address; only `.route` may be used, because only its addresses are listed here.
const OTHER_WAYS: [&str; 5] = [".nest(", ".nest_service(", ".route_service(", ".fallback_service(", ".method_not_allowed_fallback("];

const METHODS: [&str; 8] = ["any", "delete", "get", "head", "options", "patch", "post", "put"];

/// What stands between the parenthesis at the beginning of a text and its partner.
fn inside(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    panic!("a parenthesis has no partner: {text}")
}

/// `path METHODS` of every `.route("…", …)`.
fn routes(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let calls = code.match_indices(".route(").map(|(at, call)| inside(&code[at + call.len() - 1..]));
    calls
        .map(|call| {
            let (_, rest) = call.split_once('"').unwrap_or_else(|| panic!("a route without an address that can be read: {call}"));
            let (path, handlers) = rest.split_once('"').expect("a closed text");
            let handlers = handlers.replace("asset!(", "get(");
            let is_called = |method: &&&str| {
                handlers.split(|c: char| !c.is_alphanumeric() && c != '(' && c != '_').any(|word| word.starts_with(&format!("{method}(")))
            };
            let methods: Vec<String> = METHODS.iter().filter(is_called).map(|method| method.to_uppercase()).collect();
            assert!(!methods.is_empty(), "no method can be read of {path}: {handlers}");
            format!("{path} {}", methods.join(" "))
        })
        .collect()
}

fn in_server() -> Vec<File> {
    product(SERVER)
}

#[test]
fn no_address_appears_unseen() {
    let mut all: Vec<String> = in_server().iter().flat_map(|file| routes(&file.text)).collect();
    all.sort_unstable();
    all.dedup(); // the first page of a demonstration stands in the place of the real one
    assert!(all.len() > 40, "only {} addresses were found; the reader is broken", all.len());
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("routes", all.join("\n"));
    });
}

#[test]
fn addresses_are_only_given_where_they_are_read() {
    let mut broken = Vec::new();
    for file in in_server() {
        broken.extend(OTHER_WAYS.iter().filter(|way| file.text.contains(**way)).map(|way| format!("{}: {way}", file.path)));
        if file.text.contains(".fallback(") && !file.path.ends_with("/routes.rs") {
            broken.push(format!("{}: .fallback(", file.path));
        }
    }
    none_of(&broken, "addresses are given by .route(\"…\", …) alone");
}

#[test]
fn what_the_provider_says_of_itself() {
    let provider = Provider::at("https://id.kvarnby.example", false);
    let metadata = serde_json::to_string_pretty(&provider.metadata()).expect("JSON");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("metadata", metadata);
    });
}

/// A snapshot that no test refers to promises nothing.
#[test]
fn every_snapshot_is_somebodys() {
    let mut found: Vec<String> = files("tests", &["snap", "new"]).into_iter().map(|file| file.path).collect();
    found.sort_unstable();
    assert_eq!(found, ["tests/snapshots/metadata.snap", "tests/snapshots/routes.snap"]);
    assert!(root().join("tests/snapshots").is_dir());
}

#[test]
fn the_reader_of_routes_sees_what_axum_sees() {
    let text = "Router::new()\n// .route(\"/no\", get(x))\n.route(\"/a/{id}\", get(a).post(b::get_it)).route(\n  \"/b\",\n  post(async || f(\")\")).layer(limit(3)),\n)\n.route(\"/c\", asset!(\"x\", \"y\"))";
    assert_eq!(routes(text), ["/a/{id} GET POST", "/b POST", "/c GET"]);
}
