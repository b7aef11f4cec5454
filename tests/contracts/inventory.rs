//! The data inventory is complete and `docs/data.md` says the same as the migrations.

use std::{fs, path::Path};

use handslag_store::inventory;

#[test]
fn every_column_says_its_purpose_its_retention_and_who_sees_it() {
    if let Err(flaws) = inventory::tables() {
        let said: Vec<_> = flaws.iter().map(ToString::to_string).collect();
        panic!("\n{}", said.join("\n"));
    }
}

/// `HANDSLAG_BLESS=1` rewrites the page.
#[test]
fn the_page_about_stored_data_is_not_stale() {
    let page = inventory::markdown().expect("the test above names the flaws");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/data.md");
    if std::env::var("HANDSLAG_BLESS").is_ok() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page, "docs/data.md is stale: run with HANDSLAG_BLESS=1");
}
