//! Signing real files with a stand-in for the CMS, and attacks on what comes out.

use std::process::Command;

use handslag_vocab::UnixTime;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::dictionary::pdf_date;
use super::{Error, Options, Prepared, inspect, prepare};
use crate::intake;
use crate::pdf::fixture::{self, DELEGATION, PROTOKOLL, one_page};
use crate::pdf::{self, File};

fn options() -> Options {
    Options { location: None, name: Some("Åsa Öberg".into()), reason: None, reserve: 8_192, time: UnixTime::from_seconds(1_795_208_400) }
}

/// A DER SEQUENCE of 1 000 bytes: the shape of a CMS, not its content.
fn stand_in() -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x03, 0xE4];
    der.resize(1_000, 0xA5);
    der
}

fn signed(original: &[u8]) -> Vec<u8> {
    prepare(original, &options()).unwrap().embed(&stand_in()).unwrap()
}

/// Exit code of `qpdf --check`, 0 clean, 2 errors, 3 warnings; nothing if it is not installed.
fn qpdf(bytes: &[u8], name: &str) -> Option<i32> {
    let path = std::env::temp_dir().join(format!("handslag-{}-{name}.pdf", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let status = Command::new("qpdf").arg("--check").arg(&path).output();
    std::fs::remove_file(&path).unwrap();
    if let Ok(output) = status {
        return output.status.code();
    }
    eprintln!("SKIPPED: qpdf is not installed, so its opinion on signed files is NOT tested");
    None
}

/// Everything that must hold of a signed file.
fn assert_sound(name: &str, original: &[u8]) {
    let prepared = prepare(original, &options()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let digest = prepared.digest;
    let finished = prepared.embed(&stand_in()).unwrap();
    assert!(finished.starts_with(original), "{name}: the original is an untouched prefix");
    let found = inspect(&finished).unwrap_or_else(|error| panic!("{name}: {error}"));
    let [field] = found.as_slice() else { panic!("{name}: one signature") };
    assert_eq!((field.contents.clone(), field.digest, field.covers_all), (stand_in(), digest, true), "{name}");
    let loaded = lopdf::Document::load_mem(&finished).unwrap_or_else(|error| panic!("{name}: {error}"));
    let before = lopdf::Document::load_mem(original).unwrap();
    assert_eq!(loaded.get_pages().len(), before.get_pages().len(), "{name}: another parser counts the same pages");
    assert_eq!(loaded.get_pages().len(), intake::check(original).unwrap().pages, "{name}");
    if let (Some(before), Some(after)) = (qpdf(original, name), qpdf(&finished, name)) {
        assert!(after == 0 || after == before, "{name}: qpdf said {before}, now {after}");
    }
}

#[test]
fn the_two_council_files_are_signed() {
    assert_sound("protokoll", PROTOKOLL);
    assert_sound("delegationsbeslut", DELEGATION);
}

#[test]
fn files_of_other_producers_are_signed_or_refused_with_their_reason() {
    let Some(files) = fixture::samples() else { return };
    let mut refused = Vec::new();
    for (name, bytes) in &files {
        match intake::check(bytes) {
            Ok(_) => assert_sound(name, bytes),
            Err(refusal) => {
                eprintln!("{name}: {refusal}");
                refused.push((name.as_str(), refusal.code()));
            }
        }
    }
    let expected = [
        ("libreoffice-form", "form_fields"),
        ("libreoffice-writer-password", "encrypted"),
        ("pdflatex-forms", "form_fields"),
        ("reportlab-overlay", "redraws_form"),
        ("with-attachment", "attachments"),
    ];
    assert_eq!(refused, expected);
    assert!(files.len() - refused.len() >= 25);
}

#[test]
fn the_digest_is_over_everything_but_the_gap() {
    let prepared = prepare(PROTOKOLL, &options()).unwrap();
    let [zero, gap, end, rest] = prepared.byte_range.map(|number| usize::try_from(number).unwrap());
    assert_eq!((zero, end + rest), (0, prepared.bytes.len()));
    assert_eq!((prepared.bytes[gap], prepared.bytes[end - 1]), (b'<', b'>'));
    assert_eq!(end - gap, 2 * 8_192 + 2);
    let mut plain = prepared.bytes[..gap].to_vec();
    plain.extend_from_slice(&prepared.bytes[end..]);
    assert_eq!(prepared.digest, <[u8; 32]>::from(Sha256::digest(plain)));
}

#[test]
fn a_prepared_file_survives_a_restart() {
    let prepared = prepare(PROTOKOLL, &options()).unwrap();
    let (bytes, range) = (prepared.bytes.clone(), prepared.byte_range);
    assert_eq!(Prepared::restore(bytes.clone(), range).unwrap(), prepared);
    for wrong in [[0, range[1] - 1, range[2], range[3]], [0, range[1], range[2] + 1, range[3] - 1], [1, range[1], range[2], range[3]]] {
        assert!(Prepared::restore(bytes.clone(), wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(Prepared::restore(bytes[..bytes.len() - 1].to_vec(), range).unwrap_err(), Error::ByteRange);
    let finished = prepared.embed(&stand_in()).unwrap();
    assert_eq!(Prepared::restore(finished, range).unwrap_err(), Error::Gap, "a finished file is not signed into again");
}

#[test]
fn a_signature_that_does_not_fit_is_refused_with_both_lengths() {
    let tight = Options { reserve: 999, ..options() };
    let refused = prepare(PROTOKOLL, &tight).unwrap().embed(&stand_in()).unwrap_err();
    assert_eq!(refused, Error::ReserveTooSmall { needed: 1_000, reserved: 999 });
    let exact = Options { reserve: 1_000, ..options() };
    assert!(prepare(PROTOKOLL, &exact).unwrap().embed(&stand_in()).is_ok());
    assert!(prepare(PROTOKOLL, &Options { reserve: 0, ..options() }).is_err());
    assert_eq!(prepare(PROTOKOLL, &options()).unwrap().embed(b"not DER").unwrap_err(), Error::NoSignature);
    assert_eq!(prepare(PROTOKOLL, &options()).unwrap().embed(b"").unwrap_err(), Error::NoSignature);
}

#[test]
fn signing_twice_keeps_the_first() {
    let once = signed(PROTOKOLL);
    let twice = signed(&once);
    assert!(twice.starts_with(&once));
    let found = inspect(&twice).unwrap();
    let names: Vec<_> = found.iter().map(|field| (field.name.as_str(), field.covers_all)).collect();
    assert_eq!(names, [("Signature1", false), ("Signature2", true)]);
    assert_eq!(found[0].digest, inspect(&once).unwrap()[0].digest);
    assert_eq!(intake::check(&once).unwrap_err(), intake::Refusal::AlreadySigned);
    assert_eq!(qpdf(&twice, "twice").unwrap_or(0), 0);
}

#[test]
fn every_shape_of_form_and_annotations_is_kept() {
    let annotation = "<</Subtype /Link /Rect [0 0 9 9]>>";
    for (catalog, page, more) in [
        ("", "/Annots [4 0 R]", vec![annotation]),
        ("", "/Annots 5 0 R", vec![annotation, "[4 0 R]"]),
        ("/AcroForm <</Fields [] /DA (/F 0 Tf)>>", "", vec![]),
        ("/AcroForm 4 0 R", "", vec!["<</Fields []>>"]),
        ("/AcroForm 4 0 R", "", vec!["<</Fields 5 0 R /SigFlags 1>>", "[]"]),
        ("/AcroForm <</Fields 4 0 R>>", "/Annots 5 0 R", vec!["[]", "[]"]),
    ] {
        let original = one_page(catalog, page, &more);
        let finished = signed(&original);
        assert_eq!(inspect(&finished).unwrap().len(), 1, "{catalog} {page}");
        assert_eq!(qpdf(&finished, "shape").unwrap_or(0), 0, "{catalog} {page}");
        let file = File::open(&finished).unwrap();
        let (_, root) = file.catalog().unwrap();
        let form = file.dictionary(&root, "AcroForm").unwrap().unwrap();
        assert_eq!(form.get("SigFlags"), Some(&pdf::Value::Integer(3)), "{catalog}");
        assert_eq!(form.get("DA").is_some(), catalog.contains("/DA"), "{catalog}");
        let first = pdf::pages::first(&file).unwrap();
        let annotations = file.array(&first.entries, "Annots").unwrap().unwrap();
        assert_eq!(annotations.len(), 1 + usize::from(more.contains(&annotation)), "{page}");
    }
}

#[test]
fn only_touched_objects_are_written() {
    let original = one_page("/AcroForm 4 0 R", "/Annots 5 0 R", &["<</Fields 6 0 R /SigFlags 3>>", "[]", "[]"]);
    let finished = signed(&original);
    let file = File::open(&finished).unwrap();
    assert_eq!(file.superseded().collect::<Vec<_>>(), [5, 6], "neither catalog nor form nor page");
}

#[test]
fn the_trailer_is_kept() {
    let objects = ["<</Type /Catalog /Pages 2 0 R>>", fixture::PAGES, fixture::PAGE, "<</Title (a)>>"];
    let original = fixture::with_trailer(&objects, "/Info 4 0 R /ID [<01><02>] /Other /Thing");
    let finished = signed(&original);
    let file = File::open(&finished).unwrap();
    let trailer = file.trailer().unwrap();
    assert!(trailer.is("Other", "Thing") && trailer.get("Info").is_some());
    let id = file.array(trailer, "ID").unwrap().unwrap();
    assert_eq!(id[0], pdf::Value::Text(vec![1]));
    assert_ne!(id[1], pdf::Value::Text(vec![2]));
    let bare = signed(&one_page("", "", &[]));
    let id = File::open(&bare).unwrap().trailer().unwrap().get("ID").cloned();
    assert!(matches!(id, Some(pdf::Value::Array(halves)) if halves.len() == 2), "an identifier is made if there was none");
}

#[test]
fn a_file_without_a_last_line_end_is_signed() {
    let original = one_page("", "", &[]);
    assert_sound("no-line-end", original.trim_ascii_end());
}

#[test]
fn an_encrypted_file_is_not_prepared() {
    let objects = ["<</Type /Catalog /Pages 2 0 R>>", fixture::PAGES, fixture::PAGE];
    let file = fixture::with_trailer(&objects, "/Encrypt <</Filter /Standard>>");
    assert_eq!(prepare(&file, &options()).unwrap_err(), Error::Pdf(pdf::Error::Encrypted));
}

/// A signed file whose first `from` behind the original is replaced.
fn forged(from: &str, to: &str) -> Vec<u8> {
    let finished = signed(&one_page("", "", &[]));
    fixture::swapped(&finished, from, to)
}

#[test]
fn a_signature_without_its_parts_is_an_error() {
    assert_eq!(inspect(&forged("/ByteRange", "/ByteRangX")).unwrap_err(), Error::ByteRange);
    assert_eq!(inspect(&forged("/ByteRange [0 ", "/ByteRange [1 ")).unwrap_err(), Error::ByteRange);
    assert_eq!(inspect(&forged("/ByteRange [0 ", "/ByteRange [-1")).unwrap_err(), Error::ByteRange);
    assert_eq!(inspect(&forged("/Contents", "/ContentX")).unwrap_err(), Error::NoSignature);
    assert_eq!(inspect(&forged("<308203e4", "<00000000")).unwrap_err(), Error::NoSignature);
    assert_eq!(inspect(&forged("<308203e4", "<308203e3")).unwrap_err(), Error::Padding);
    assert_eq!(inspect(&forged("<308203e4", "<3080a5a5")).unwrap_err(), Error::NoSignature, "no end of its own: BER");
}

#[test]
fn something_behind_the_signature_is_an_error() {
    let mut finished = signed(&one_page("", "", &[]));
    let hidden = finished.windows(3).position(|window| window == b"00>").unwrap();
    finished[hidden] = b'7';
    assert_eq!(inspect(&finished).unwrap_err(), Error::Padding);
}

#[test]
fn a_gap_that_is_not_the_signature_is_an_error() {
    let prepared = prepare(&one_page("", "", &[]), &options()).unwrap();
    let [_, gap, end, rest] = prepared.byte_range;
    let finished = prepared.embed(&stand_in()).unwrap();
    let range = |gap: u64, end: u64, rest: u64| format!("{gap:<11}{end:<11}{rest:<11}");
    let right = range(gap, end, rest);
    for (wrong, expected) in [
        (range(gap - 1, end, rest), Error::Gap),
        (range(gap, end + 1, rest - 1), Error::Gap),
        (range(gap + 1, end, rest), Error::Gap),
        (range(gap, end, rest - 9), Error::RevisionEnd),
        (range(gap, end, rest + 1), Error::ByteRange),
        (range(end, gap, rest), Error::ByteRange),
    ] {
        assert_eq!(inspect(&fixture::swapped(&finished, &right, &wrong)).unwrap_err(), expected, "{wrong}");
    }
}

#[test]
fn bytes_behind_the_signed_revision_are_no_part_of_it() {
    let finished = signed(&one_page("", "", &["(one)"]));
    let longer = fixture::updated(&finished, &[(4, "(two)")], 7);
    // The hand-made update has no form any more in its catalog? It has: only object 4 is replaced.
    let found = inspect(&longer).unwrap();
    assert!(!found[0].covers_all);
    let garbage = [finished.as_slice(), b"5 0 obj (x) endobj\n"].concat();
    assert!(matches!(inspect(&garbage).unwrap_err(), Error::Pdf(pdf::Error::TrailingData { .. })));
}

#[test]
fn dates_are_right() {
    let date = |seconds| pdf_date(UnixTime::from_seconds(seconds));
    assert_eq!(date(0).unwrap(), "D:19700101000000Z");
    assert_eq!(date(951_782_399).unwrap(), "D:20000228235959Z");
    assert_eq!(date(951_782_400).unwrap(), "D:20000229000000Z");
    assert_eq!(date(1_795_208_400).unwrap(), "D:20261120210000Z");
    assert_eq!(date(-1).unwrap(), "D:19691231235959Z");
    assert_eq!(date(253_402_300_800), Err(Error::Time));
    assert_eq!(date(i64::MAX), Err(Error::Time));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_change_of_a_real_file_makes_the_reader_fall(
        which in 0..3_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let small = one_page("/AcroForm <</Fields []>>", "/Annots []", &["<</Length 4>>\nstream\nabcd\nendstream"]);
        let mut bytes = [PROTOKOLL, DELEGATION, &small][which].to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = intake::check(&bytes);
        let _ = inspect(&bytes);
        if let Ok(prepared) = prepare(&bytes, &options()) {
            prop_assert!(prepared.bytes.starts_with(&bytes));
            let finished = prepared.embed(&stand_in()).unwrap();
            prop_assert!(finished.starts_with(&bytes));
        }
    }
}
