//! The files of the project, without what builds and tests leave behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::rust::{code_only, test_modules};

/// Folders that git ignores, and git itself.
const NOT_OURS: [&str; 7] = [".demo", ".git", ".venv", "fuzz-corpus", "node_modules", "out", "target"];

/// One text file: its path from the root with `/`, and its content.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// The file's name without folder and ending.
    pub(super) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.split('.').next().unwrap_or(name)
    }

    /// What follows the last dot.
    pub(super) fn ending(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// Each line with its number from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The root of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' crate lies in the workspace").to_owned()
}

/// The Rust files of a folder that are part of the product: without those that are compiled for tests only.
pub(super) fn product(folder: &str) -> Vec<File> {
    let mut found = files(folder, &["rs"]);
    let tests: BTreeSet<String> = found.iter().flat_map(|file| test_modules(&code_only(&file.text))).collect();
    found.retain(|file| !file.path.split(['/', '.']).any(|part| tests.contains(part)));
    found
}

/// The text of a file that must be there.
pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All UTF-8 files under a folder with one of the endings (all endings when none is named), sorted.
pub(super) fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(&path, endings, found);
            }
        } else if endings.is_empty() || endings.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
            // A file that is no UTF-8 is a picture, a PDF or another vector: not read by people.
            if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
}

/// Fails with one line for each broken rule.
pub(super) fn none_of(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn the_walk_finds_this_file_and_nothing_that_a_build_left() {
    let files = files("", &["rs"]);
    assert!(files.iter().any(|file| file.path == "tests/house/source.rs" && file.stem() == "source"));
    assert!(files.iter().all(|file| !file.path.starts_with("target/")));
}
