//! Attacks on the reader: each a typed refusal, never a guess (I8–I10).

use super::fixture::{self, PAGE, PAGES, PROTOKOLL, classic, one_page, swapped, updated};
use super::{Error, File, Value, pages, write};

fn every_object(bytes: &[u8]) -> Result<(), Error> {
    let file = File::open(bytes)?;
    let mut spans = Vec::new();
    for number in file.numbers() {
        spans.extend(file.numbered(number)?.and_then(|object| object.span).map(|span| (span, number)));
    }
    file.account(spans)?;
    pages::walk(&file, &mut |_| std::ops::ControlFlow::Continue(())).map(|_| ())
}

#[test]
fn a_small_file_is_read() {
    assert_eq!(every_object(&one_page("", "", &[])), Ok(()));
}

#[test]
fn the_minutes_are_read_with_objects_in_streams() {
    assert_eq!(every_object(PROTOKOLL), Ok(()));
    let file = File::open(PROTOKOLL).unwrap();
    assert_eq!(file.revision_ends(), [PROTOKOLL.len()]);
}

#[test]
fn what_is_no_pdf_is_refused() {
    assert_eq!(File::open(b"").unwrap_err(), Error::Empty);
    assert_eq!(File::open(b"<!DOCTYPE html><html><body>%PDF-1.7</body></html>").unwrap_err(), Error::NotPdf);
    let mut late = b"\n".to_vec();
    late.extend_from_slice(PROTOKOLL);
    assert_eq!(File::open(&late).unwrap_err(), Error::NotPdf);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend_from_slice(PROTOKOLL);
    assert_eq!(File::open(&zip).unwrap_err(), Error::NotPdf);
}

#[test]
fn a_zip_behind_the_end_is_refused() {
    let mut polyglot = PROTOKOLL.to_vec();
    polyglot.extend_from_slice(b"PK\x03\x04zip");
    assert_eq!(File::open(&polyglot).unwrap_err(), Error::TrailingData { at: PROTOKOLL.len() });
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for file in [PROTOKOLL.to_vec(), one_page("", "", &[])] {
        for length in (0..file.trim_ascii_end().len()).step_by(7).chain(file.len() - 60..file.trim_ascii_end().len()) {
            assert!(File::open(&file[..length]).is_err(), "cut at {length}");
        }
    }
}

#[test]
fn every_flipped_bit_near_the_table_is_refused_or_reads_the_same() {
    let file = one_page("", "", &[]);
    let table = File::open(&file).unwrap().last_section().unwrap().offset;
    for at in table..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            let Ok(read) = File::open(&flipped) else { continue };
            let Ok((_, catalog)) = read.catalog() else { continue };
            assert!(catalog.is("Type", "Catalog"), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_wrong_last_pointer_is_refused() {
    let file = one_page("", "", &[]);
    let table = File::open(&file).unwrap().last_section().unwrap().offset;
    let pointer = format!("startxref\n{table}");
    for wrong in [table - 1, table + 1, 9 + 1] {
        let moved = swapped(&file, &pointer, &format!("startxref\n{wrong:0width$}", width = table.to_string().len()));
        assert!(File::open(&moved).is_err(), "{wrong}");
    }
    // At an object that is no object table:
    let first = swapped(&file, &pointer, &format!("startxref\n{:0width$}", 9, width = table.to_string().len()));
    assert_eq!(File::open(&first).unwrap_err(), Error::Startxref);
    let beyond = swapped(&file, &pointer, &format!("startxref\n{}", "9".repeat(table.to_string().len())));
    assert_eq!(File::open(&beyond).unwrap_err(), Error::Startxref);
}

#[test]
fn a_loop_of_tables_is_refused() {
    let file = fixture::with_trailer(&["<</Type /Catalog /Pages 2 0 R>>", PAGES, PAGE], "/Prev 0000000000");
    let table = file.windows(5).position(|window| window == b"xref\n").unwrap();
    let looped = swapped(&file, "/Prev 0000000000", &format!("/Prev {table:010}"));
    assert_eq!(File::open(&looped).unwrap_err(), Error::PrevLoop { at: table });
}

#[test]
fn a_loop_of_pages_is_refused() {
    let catalog = "<</Type /Catalog /Pages 2 0 R>>";
    let own_parent = classic(&[catalog, "<</Type /Pages /Kids [2 0 R] /Count 1>>"]);
    assert_eq!(every_object(&own_parent), Err(Error::PageTree { number: 2 }));
    let twice = classic(&[catalog, "<</Type /Pages /Kids [3 0 R 3 0 R] /Count 2>>", PAGE]);
    assert_eq!(every_object(&twice), Err(Error::PageTree { number: 3 }));
    let miscounted = classic(&[catalog, "<</Type /Pages /Kids [3 0 R] /Count 2>>", PAGE]);
    assert_eq!(every_object(&miscounted), Err(Error::PageTree { number: 2 }));
}

#[test]
fn a_table_that_points_elsewhere_is_refused() {
    let file = one_page("", "", &["(one)", "(two)"]);
    let entry = |number: &str| {
        let at = file.windows(number.len()).position(|window| window == number.as_bytes()).unwrap();
        format!("{at:010} 00000 n")
    };
    let (one, two) = (entry("4 0 obj"), entry("5 0 obj"));
    assert_eq!(every_object(&swapped(&file, &one, &two)), Err(Error::WrongOffset { number: 4 }));
    let zero = swapped(&file, &one, "0000000000 00000 n");
    assert!(matches!(File::open(&zero), Err(Error::XrefTable { .. })));
    let generation = swapped(&file, &one, &one.replace(" 00000 ", " 00001 "));
    assert_eq!(every_object(&generation), Err(Error::WrongOffset { number: 4 }));
    let freed = swapped(&file, &one, &one.replace('n', "f"));
    assert!(matches!(every_object(&freed), Err(Error::Unaccounted { .. })), "a hidden object");
    let mixed = swapped(&file, "00000 n\r\n", "00000 n \n");
    assert!(matches!(File::open(&mixed), Err(Error::XrefTable { .. })), "entries that end in two ways");
    let short = swapped(&file, &format!("{one}\r\n"), &format!("{one}\n\n"));
    assert!(matches!(File::open(&short), Err(Error::XrefTable { .. })));
}

#[test]
fn an_object_inside_another_is_refused() {
    let file = one_page("", "", &["<</Length 20>>\nstream\n5 0 obj (x) endobj \n\nendstream", "(y)"]);
    let places: Vec<usize> = (0..file.len() - 7).filter(|at| &file[*at..*at + 7] == b"5 0 obj").collect();
    let entry = |place: usize| format!("{:010} 00000 n", places[place]);
    assert_eq!(every_object(&file), Ok(()));
    assert_eq!(every_object(&swapped(&file, &entry(1), &entry(0))), Err(Error::Overlap { number: 5 }));
}

#[test]
fn a_key_named_twice_is_refused() {
    let file = one_page("", "/Rotate 0 /Rotate 90", &[]);
    assert!(matches!(every_object(&file), Err(Error::DuplicateKey { .. })));
    let disguised = one_page("", "/Rotate 0 /Rot#61te 90", &[]);
    assert!(matches!(every_object(&disguised), Err(Error::DuplicateKey { .. })));
}

#[test]
fn a_stream_of_another_length_is_refused() {
    for length in [0, 3, 6, 90_000] {
        let file = one_page("", "", &[&format!("<</Length {length}>>\nstream\nabcd\nendstream")]);
        assert!(matches!(every_object(&file), Err(Error::LengthMismatch { .. })), "{length}");
    }
    assert_eq!(every_object(&one_page("", "", &["<</Length 5 0 R>>\nstream\nabcd\nendstream", "4"])), Ok(()));
    let own = one_page("", "", &["<</Length 4 0 R>>\nstream\nabcd\nendstream"]);
    assert_eq!(every_object(&own), Err(Error::MissingEntry { key: "Length" }));
}

#[test]
fn a_second_header_is_refused() {
    let file = one_page("", "", &[]);
    let table = File::open(&file).unwrap().last_section().unwrap().offset;
    let mut second = file[..table].to_vec();
    second.extend_from_slice(b"%PDF-1.4\n");
    second.extend_from_slice(&file[table..]);
    let moved = swapped(&second, &format!("startxref\n{table}"), &format!("startxref\n{}", table + 9));
    assert_eq!(every_object(&moved), Err(Error::MultipleHeaders { at: table }));
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = one_page("", "", &[&("[".repeat(100) + &"]".repeat(100))]);
    assert!(matches!(every_object(&deep), Err(Error::TooDeep { .. })));
    let deeper = one_page("", "", &[&"<</A ".repeat(100_000)]);
    assert!(matches!(every_object(&deeper), Err(Error::TooDeep { .. })));
}

fn high(offset: usize) -> u8 {
    u8::try_from(offset >> 8).unwrap()
}

fn low(offset: usize) -> u8 {
    u8::try_from(offset & 255).unwrap()
}

fn flate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, plain).unwrap();
    encoder.finish().unwrap()
}

/// A file whose object 1 is `unfolded` in an object stream, so that the reader has to open it.
fn in_a_stream(unfolded: &[u8], first: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let folded = flate(unfolded);
    bytes.extend_from_slice(
        format!("2 0 obj\n<</Type /ObjStm /N 1 /First {first} /Filter /FlateDecode /Length {}>>\nstream\n", folded.len()).as_bytes(),
    );
    bytes.extend_from_slice(&folded);
    bytes.extend_from_slice(b"\nendstream\nendobj\n");
    let start = bytes.len();
    let rows = [[0, 0, 0, 0], [2, 0, 2, 0], [1, 0, 9, 0], [1, high(start), low(start), 0]].concat();
    bytes.extend_from_slice(b"3 0 obj\n<</Type /XRef /W [1 2 1] /Size 4 /Root 1 0 R /Length 16>>\nstream\n");
    bytes.extend_from_slice(&rows);
    bytes.extend_from_slice(format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes());
    bytes
}

#[test]
fn a_decompression_bomb_is_refused() {
    let small = in_a_stream(b"1 0 <</Type /Catalog>>", 4);
    assert!(File::open(&small).unwrap().catalog().is_ok());
    let mut bomb = b"1 0 <</Type /Catalog>>".to_vec();
    bomb.resize(super::limits::MAX_INFLATED + 1, b' ');
    let bomb = in_a_stream(&bomb, 4);
    assert_eq!(File::open(&bomb).unwrap().catalog().unwrap_err(), Error::TooMany { what: "unfolded bytes" });
}

#[test]
fn an_object_stream_that_disagrees_with_the_table_is_refused() {
    for (content, first) in [(b"7 0 <</Type /Catalog>>".as_slice(), 4), (b"1 0 <</Type /Catalog>>", 900), (b"x y <</Type /Catalog>>", 4)] {
        let file = in_a_stream(content, first);
        assert_eq!(File::open(&file).unwrap().catalog().unwrap_err(), Error::ObjectStream { number: 2 });
    }
}

#[test]
fn a_large_object_asked_for_by_all_others_is_refused() {
    let large = format!("<</S /Big {}>>", "/K [1 2 3 4 5 6 7 8]".replace("/K", "/Key") + &" ".repeat(100_000));
    let users = "<</S 4 0 R>>".repeat(2_000);
    let file = one_page("", "", &[&large, &format!("[{users}]")]);
    let refused = crate::intake::check(&file).unwrap_err();
    assert_eq!(refused, crate::intake::Refusal::TooComplex(Error::TooMany { what: "readings of its objects" }));
}

#[test]
fn an_update_hides_the_older_object() {
    let file = updated(&one_page("", "", &["(one)"]), &[(4, "(two)")], 5);
    let read = File::open(&file).unwrap();
    assert_eq!(read.superseded().collect::<Vec<_>>(), [4]);
    assert_eq!(read.numbered(4).unwrap().unwrap().value, Value::Text(b"two".to_vec()));
    assert_eq!(read.revision_ends().len(), 2);
}

#[test]
fn a_number_not_below_the_size_is_refused() {
    let file = updated(&one_page("", "", &[]), &[(4, "(new)")], 4);
    assert_eq!(File::open(&file).unwrap_err(), Error::Size { number: 4 });
}

/// As word processors write them: a classic table, then an empty one with `/XRefStm` and `/Prev`.
fn hybrid(second: [u8; 4]) -> Vec<u8> {
    let mut bytes = one_page("", "", &["(four)"]);
    let previous = File::open(&bytes).unwrap().last_section().unwrap().offset;
    let stream = bytes.len();
    bytes.extend_from_slice(b"5 0 obj\n<</Type /XRef /W [1 2 1] /Index [4 1] /Size 6 /Root 1 0 R /Length 4>>\nstream\n");
    bytes.extend_from_slice(&second);
    bytes.extend_from_slice(b"\nendstream\nendobj\n");
    let table = bytes.len();
    let trailer = format!("xref\n0 0\ntrailer\n<</Size 6 /Root 1 0 R /Prev {previous} /XRefStm {stream}>>\nstartxref\n{table}\n%%EOF\n");
    bytes.extend_from_slice(trailer.as_bytes());
    bytes
}

#[test]
fn a_hybrid_file_is_read() {
    let plain = one_page("", "", &["(four)"]);
    let at = plain.windows(7).position(|window| window == b"4 0 obj").unwrap();
    let file = hybrid([1, high(at), low(at), 0]);
    assert_eq!(every_object(&file), Ok(()));
    assert_eq!(File::open(&file).unwrap().superseded().count(), 0, "the same place twice is no older version");
}

#[test]
fn a_hybrid_file_that_disagrees_with_itself_is_refused() {
    // The later section places object 4 at the catalog: an older version is hidden.
    let elsewhere = hybrid([1, 0, 9, 0]);
    assert_eq!(File::open(&elsewhere).unwrap().superseded().collect::<Vec<_>>(), [4]);
    // Table and stream of one section place it in two places.
    let at = elsewhere.windows(7).position(|window| window == b"4 0 obj").unwrap();
    let both = String::from_utf8_lossy(&elsewhere).replace("xref\n0 0\n", &format!("xref\n4 1\n{at:010} 00000 n\r\n"));
    assert_eq!(File::open(both.as_bytes()).unwrap_err(), Error::HybridDisagrees { number: 4 });
}

#[test]
fn an_object_the_table_does_not_know_is_refused() {
    let whole = in_a_stream(b"1 0 <</Type /Catalog>>", 4);
    assert_eq!(File::open(&whole).unwrap().check_container(2), Ok(()));
    let freed = swapped_bytes(&whole, &[2, 0, 2, 0], &[0, 0, 2, 0]);
    assert_eq!(File::open(&freed).unwrap().check_container(2), Err(Error::ObjectStream { number: 2 }));
}

fn swapped_bytes(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn a_chain_of_tables_without_end_is_refused() {
    let mut file = one_page("", "", &["(one)"]);
    for _ in 1..super::limits::MAX_SECTIONS {
        file = updated(&file, &[(4, "(again)")], 5);
    }
    assert!(File::open(&file).is_ok());
    let one_more = updated(&file, &[(4, "(again)")], 5);
    assert_eq!(File::open(&one_more).unwrap_err(), Error::TooMany { what: "object tables" });
}

#[test]
fn values_are_written_as_they_were_read() {
    let text = r"<</A [1 -2 +3 4. -.5 true null (a\(b\)\n) <00ff0> 7 0 R] /B#20c /D /E#2F/x>>";
    let once = super::object::value(&mut super::lexer::Lexer::new(text.as_bytes(), 0)).unwrap();
    let mut out = Vec::new();
    write::value(&mut out, &once);
    let again = super::object::value(&mut super::lexer::Lexer::new(&out, 0)).unwrap();
    assert_eq!(once, again);
}

#[test]
fn what_is_no_value_is_refused() {
    for text in ["--5", "1e5", "1.2.3", "(open", "<0g>", "/a#0", "/a#00", "99999999999999999999", "<</A>>", "<</A 1", "[1 2", "}", "nul", ""] {
        assert!(super::object::value(&mut super::lexer::Lexer::new(text.as_bytes(), 0)).is_err(), "{text}");
    }
}
