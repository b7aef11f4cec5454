//! Files for tests: the two real ones of the project, those of a folder outside it, and small ones made by hand.

use std::path::PathBuf;

pub(crate) const PROTOKOLL: &[u8] = include_bytes!("../../../../tests/pdf/protokoll-pdfa2b.pdf");
pub(crate) const DELEGATION: &[u8] = include_bytes!("../../../../tests/pdf/delegationsbeslut-pdfa3b.pdf");

/// Names and bytes of the files in the folder that `HANDSLAG_PDF_SAMPLES` names, sorted.
pub(crate) fn samples() -> Option<Vec<(String, Vec<u8>)>> {
    let Some(folder) = std::env::var_os("HANDSLAG_PDF_SAMPLES").map(PathBuf::from) else {
        eprintln!("SKIPPED: HANDSLAG_PDF_SAMPLES names no folder, so the PDF files of other producers are NOT tested");
        return None;
    };
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "pdf"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    Some(files)
}

/// A file with a classic table; the first object is the catalog.
pub(crate) fn classic(objects: &[&str]) -> Vec<u8> {
    with_trailer(objects, "")
}

pub(crate) fn with_trailer(objects: &[&str], extra: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", objects.len() + 1);
    for (place, object) in objects.iter().enumerate() {
        table.extend(format!("{:010} 00000 n\r\n", bytes.len()).chars());
        bytes.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", place + 1).as_bytes());
    }
    let start = bytes.len();
    let size = objects.len() + 1;
    bytes.extend_from_slice(format!("{table}trailer\n<</Size {size} /Root 1 0 R {extra}>>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    bytes
}

pub(crate) const PAGES: &str = "<</Type /Pages /Kids [3 0 R] /Count 1>>";
pub(crate) const PAGE: &str = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]>>";

/// One empty page; `catalog` and `page` are added to their dictionaries, `more` are the objects from number 4.
pub(crate) fn one_page(catalog: &str, page: &str, more: &[&str]) -> Vec<u8> {
    let catalog = format!("<</Type /Catalog /Pages 2 0 R {catalog}>>");
    let page = format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {page}>>");
    let mut objects = vec![catalog.as_str(), PAGES, page.as_str()];
    objects.extend_from_slice(more);
    classic(&objects)
}

/// `bytes` with the first `from` replaced by `to` of the same length, so that every offset stays right.
pub(crate) fn swapped(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("the text to swap is there");
    let mut bytes = bytes.to_vec();
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

/// An update appended by hand: `objects` as number and body.
pub(crate) fn updated(bytes: &[u8], objects: &[(u32, &str)], size: u32) -> Vec<u8> {
    let previous = super::File::open(bytes).unwrap().last_section().unwrap().offset;
    let mut bytes = bytes.to_vec();
    let mut table = String::from("xref\n");
    for (number, body) in objects {
        table.extend(format!("{number} 1\n{:010} 00000 n\r\n", bytes.len()).chars());
        bytes.extend_from_slice(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
    }
    let start = bytes.len();
    let trailer = format!("trailer\n<</Size {size} /Root 1 0 R /Prev {previous}>>\nstartxref\n{start}\n%%EOF\n");
    bytes.extend_from_slice((table + &trailer).as_bytes());
    bytes
}
