//! Rooms and functions stay small (style 8): 500 lines a file, 60 a function; the medians are printed.

use super::{
    rust::{code_only, functions, without_tests},
    source::{File, files, none_of},
};

const FILE_WALL: usize = 500;
const FUNCTION_WALL: usize = 60;

/// Tables of data: the whole HTTP surface is one table on purpose.
const TABLES: [&str; 1] = ["backend/server/src/routes.rs"];

fn programs() -> Vec<File> {
    let mut files = files("", &["rs", "js", "mjs", "py", "sh", "css"]);
    files.retain(|file| !TABLES.contains(&file.path.as_str()) && !file.path.contains("/vectors/"));
    files
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

#[test]
fn no_file_is_longer_than_the_wall() {
    let files = programs();
    let broken: Vec<String> =
        files.iter().filter(|file| file.lines().count() > FILE_WALL).map(|file| format!("{}: {} lines", file.path, file.lines().count())).collect();
    let sizes = files.iter().filter(|file| file.ending() == "rs").map(|file| file.lines().count());
    println!("median Rust file: {} lines", median(sizes.collect()));
    none_of(&broken, "a file has at most 500 lines (tables of data excepted)");
}

#[test]
fn no_function_is_longer_than_the_wall() {
    let mut broken = Vec::new();
    let mut sizes = Vec::new();
    for file in programs().iter().filter(|file| file.ending() == "rs") {
        let code = code_only(&file.text);
        for function in functions(&code).iter().filter(|function| function.lines > FUNCTION_WALL) {
            broken.push(format!("{}:{}: {} has {} lines", file.path, function.line, function.name, function.lines));
        }
        sizes.extend(functions(&without_tests(&code)).iter().map(|function| function.lines));
    }
    println!("median function outside tests: {} lines of {} functions", median(sizes.clone()), sizes.len());
    none_of(&broken, "a function has at most 60 lines");
}

#[test]
fn the_median_is_the_middle_one() {
    assert_eq!((median(vec![9, 1, 5]), median(Vec::new())), (5, 0));
}
