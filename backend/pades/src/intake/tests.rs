//! One file for each refusal, and near misses that may be signed.

use super::{Refusal, check};
use crate::pdf::Error;
use crate::pdf::fixture::{DELEGATION, PROTOKOLL, one_page, updated, with_trailer};

fn refused(catalog: &str, page: &str, more: &[&str]) -> Refusal {
    check(&one_page(catalog, page, more)).unwrap_err()
}

fn taken(catalog: &str, page: &str, more: &[&str]) {
    check(&one_page(catalog, page, more)).unwrap();
}

#[test]
fn the_two_council_files_are_taken() {
    let minutes = check(PROTOKOLL).unwrap();
    assert_eq!(minutes.pdfa.as_deref(), Some("2B"));
    assert!(minutes.title.is_some() && minutes.pages >= 1, "{minutes:?}");
    let decision = check(DELEGATION).unwrap();
    assert_eq!(decision.pdfa.as_deref(), Some("3B"));
    assert_eq!((minutes.unreferenced, decision.unreferenced), (0, 0));
}

#[test]
fn no_files() {
    assert_eq!(check(b"").unwrap_err(), Refusal::Empty);
    assert_eq!(check(b"<html>").unwrap_err(), Refusal::NotPdf);
    assert_eq!(check(&PROTOKOLL[..PROTOKOLL.len() / 2]).unwrap_err(), Refusal::Truncated);
    assert_eq!(check(&vec![b'%'; 101 * 1024 * 1024]).unwrap_err(), Refusal::TooBig);
    let polyglot = [PROTOKOLL, b"PK\x05\x06"].concat();
    assert_eq!(check(&polyglot).unwrap_err(), Refusal::SomethingElseInside(Error::TrailingData { at: PROTOKOLL.len() }));
}

#[test]
fn encrypted() {
    let file = with_trailer(&["<</Type /Catalog>>"], "/Encrypt <</Filter /Standard>>");
    assert_eq!(check(&file).unwrap_err(), Refusal::Encrypted);
}

#[test]
fn programs() {
    assert_eq!(refused("/OpenAction <</S /JavaScript /JS (app.alert\\(1\\))>>", "", &[]), Refusal::Program);
    assert_eq!(refused("/OpenAction 4 0 R", "", &["<</S /Launch /F (cmd.exe)>>"]), Refusal::Program);
    assert_eq!(refused("/OpenAction <</S /Go#54oR /F (b.pdf)>>", "", &[]), Refusal::Program);
    assert_eq!(refused("/OpenAction <</S /Named /N /Print>>", "", &[]), Refusal::Program);
    assert_eq!(refused("/OpenAction <</S 4 0 R>>", "", &["/SubmitForm"]), Refusal::Program);
    assert_eq!(refused("", "/AA <</O 4 0 R>>", &["<</S /URI /URI (http://example.se)>>"]), Refusal::Program);
    assert_eq!(refused("/Names <</JavaScript <</Names [(a) 4 0 R]>>>>", "", &["<</A 1>>"]), Refusal::Program);
    // Nothing leads to object 4 today; a later update could.
    assert_eq!(refused("", "", &["<</S /JavaScript /JS (x)>>"]), Refusal::Program);
    assert_eq!(refused("/OpenAction <</S /GoTo /D [3 0 R /Fit] /Next <</S /Hide /T (x)>>>>", "", &[]), Refusal::Program);
}

#[test]
fn harmless_actions() {
    taken("/OpenAction [3 0 R /XYZ null null 0]", "", &[]);
    taken("/OpenAction 4 0 R", "", &["<</S /GoTo /D [3 0 R /Fit]>>"]);
    taken("/OpenAction <</S /Named /N /LastPage>>", "", &[]);
    taken("", "/Annots [4 0 R]", &["<</Type /Annot /Subtype /Link /Rect [0 0 9 9] /A <</S /URI /URI (https://example.se)>>>>"]);
    taken("", "/Trans <</S /Dissolve>> /Resources <</Font <</AA 4 0 R /JS 4 0 R>>>>", &["<</Type /Font /Subtype /Type1 /BaseFont /Times>>"]);
}

#[test]
fn content_from_elsewhere() {
    assert_eq!(refused("", "", &["<</Length 0 /F (b.bin)>>\nstream\n\nendstream"]), Refusal::ExternalContent);
    assert_eq!(refused("", "", &["<</Length 0 /Subtype /Form /Ref <</F (b.pdf)>>>>\nstream\n\nendstream"]), Refusal::ExternalContent);
    assert_eq!(refused("", "", &["<</Type /Filespec /F (b.pdf)>>"]), Refusal::ExternalContent);
}

#[test]
fn attachments() {
    assert_eq!(refused("/Names <</EmbeddedFiles <</Names [(a) 4 0 R]>>>>", "", &["<</A 1>>"]), Refusal::Attachments);
    assert_eq!(refused("", "", &["<</Type /Filespec /EF <</F 5 0 R>>>>", "null"]), Refusal::Attachments);
    assert_eq!(refused("", "", &["<</Type /EmbeddedFile /Length 0>>\nstream\n\nendstream"]), Refusal::Attachments);
    assert_eq!(refused("", "", &["<</Subtype /FileAttachment /Rect [0 0 9 9]>>"]), Refusal::Attachments);
    assert_eq!(refused("/Collection <<>>", "", &[]), Refusal::Attachments);
    taken("/Names <</EmbeddedFiles <<>>>>", "", &[]);
}

#[test]
fn forms() {
    assert_eq!(refused("/AcroForm <</Fields [4 0 R]>>", "", &["<</FT /Tx /T (a)>>"]), Refusal::FormFields);
    assert_eq!(refused("", "/Annots [4 0 R]", &["<</Subtype /Widget /Rect [0 0 9 9]>>"]), Refusal::FormFields);
    assert_eq!(refused("/AcroForm <</Fields [] /XFA [(a) 4 0 R]>>", "", &["null"]), Refusal::DynamicForm);
    assert_eq!(refused("/AcroForm <</NeedAppearances true>>", "", &[]), Refusal::RedrawsForm);
    taken("/AcroForm <</Fields [] /DA (/F 0 Tf)>>", "", &[]);
}

#[test]
fn signed_before() {
    assert_eq!(refused("/AcroForm <</Fields [] /SigFlags 3>>", "", &[]), Refusal::AlreadySigned);
    assert_eq!(refused("", "", &["<</Type /Sig /Contents <00>>>"]), Refusal::AlreadySigned);
    assert_eq!(refused("", "", &["<</ByteRange [0 1 2 3]>>"]), Refusal::AlreadySigned);
    assert_eq!(refused("/DSS <<>>", "", &[]), Refusal::AlreadySigned);
}

#[test]
fn what_hides() {
    assert_eq!(refused("/OCProperties <</OCGs [4 0 R]>>", "", &["<</Type /OCG>>"]), Refusal::Layers);
    assert_eq!(refused("", "/Annots [4 0 R]", &["<</Subtype /FreeText /Rect [0 0 9 9] /F 2>>"]), Refusal::HiddenNotes);
    assert_eq!(refused("", "/Annots [4 0 R]", &["<</Subtype /3D /Rect [0 0 9 9]>>"]), Refusal::RichMedia);
    let older = updated(&one_page("", "", &["(one)"]), &[(4, "(two)")], 5);
    assert_eq!(check(&older).unwrap_err(), Refusal::OlderVersions);
    let hidden = refused("", "", &["<</Type /ObjStm /N 1 /First 4 /Length 7>>\nstream\n9 0 (x)\nendstream"]);
    assert_eq!(hidden, Refusal::Damaged(Error::ObjectStream { number: 4 }), "object 9 waits for a later table");
    taken("/OCProperties <</OCGs [] /D <<>>>>", "", &[]);
    taken("", "/Annots [4 0 R]", &["<</Subtype /Highlight /Rect [0 0 9 9] /F 4>>"]);
}

#[test]
fn pages_that_readers_show_differently() {
    assert_eq!(refused("", "/UserUnit 9", &[]), Refusal::PageSize);
    assert_eq!(refused("", "/Rotate 45", &[]), Refusal::PageSize);
    let sized = |page: &str| {
        let catalog = "<</Type /Catalog /Pages 2 0 R>>";
        let file = crate::pdf::fixture::classic(&[catalog, "<</Type /Pages /Kids [3 0 R] /Count 1>>", page]);
        check(&file).map(|intake| intake.pages)
    };
    assert_eq!(sized("<</Type /Page /MediaBox [0 0 20000 10]>>"), Err(Refusal::PageSize));
    assert_eq!(sized("<</Type /Page /MediaBox [0 0 0 10]>>"), Err(Refusal::PageSize));
    assert_eq!(sized("<</Type /Page>>"), Err(Refusal::PageSize));
    assert_eq!(sized("<</Type /Page /MediaBox [0 842 595.5 0]>>"), Ok(1));
    let empty = crate::pdf::fixture::classic(&["<</Type /Catalog /Pages 2 0 R>>", "<</Type /Pages /Kids [] /Count 0>>"]);
    assert_eq!(check(&empty).unwrap_err(), Refusal::NoPages);
}

#[test]
fn titles_are_told_without_disguise() {
    let title = |info: &str| {
        let objects = ["<</Type /Catalog /Pages 2 0 R>>", "<</Type /Pages /Kids [3 0 R] /Count 1>>", crate::pdf::fixture::PAGE, info];
        check(&with_trailer(&objects, "/Info 4 0 R")).unwrap().title
    };
    assert_eq!(title("<</Title (Beslut om bidrag)>>").as_deref(), Some("Beslut om bidrag"));
    assert_eq!(title("<</Title <FEFF00C5007200650020>>>").as_deref(), Some("Åre"));
    assert_eq!(title("<</Title <FEFF202E0061>>>").as_deref(), Some("a"));
    assert_eq!(title("<</Title ( )>>"), None);
    assert_eq!(title("<</Title 7>>"), None);
}

#[test]
fn every_refusal_speaks_two_languages_and_no_jargon() {
    let error = Error::NoEnd;
    let all = [
        Refusal::AlreadySigned,
        Refusal::Attachments,
        Refusal::Damaged(error),
        Refusal::DynamicForm,
        Refusal::Empty,
        Refusal::Encrypted,
        Refusal::ExternalContent,
        Refusal::FormFields,
        Refusal::HiddenNotes,
        Refusal::Layers,
        Refusal::NoPages,
        Refusal::NotPdf,
        Refusal::OlderVersions,
        Refusal::PageSize,
        Refusal::Program,
        Refusal::RedrawsForm,
        Refusal::RichMedia,
        Refusal::SomethingElseInside(error),
        Refusal::TooBig,
        Refusal::TooComplex(error),
        Refusal::Truncated,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), all.len());
    for refusal in all {
        assert_ne!(refusal.swedish(), refusal.english());
        for words in [refusal.swedish(), refusal.english()] {
            assert!(words.ends_with('.') && words.matches(". ").count() >= 1, "what is wrong, and what to do: {words}");
            for jargon in ["token", "digest", "hash", "xref", "metadata", "stream", "objekt", "dictionary"] {
                assert!(!words.to_lowercase().contains(jargon), "{words}");
            }
        }
    }
}
