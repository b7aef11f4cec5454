//! What may be signed. Before the first signature a file can simply be refused, so it is refused whenever it could later
//! show something else than the signer saw: programs, outside content, layers, fields, old versions, hidden bytes
//! (rules I1–I11). Each rule is one [`Refusal`] with a sentence for people.

mod metadata;
mod refusal;
mod scan;

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

pub use refusal::Refusal;

use crate::pdf::value::Value;
use crate::pdf::{Dictionary, Error, File, pages};

/// A file that may be signed, and what it says about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Intake {
    /// Number of pages, at least 1.
    pub pages: usize,
    /// The PDF/A part and level the file claims, as in `2B`; a claim, not a finding.
    pub pdfa: Option<String>,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// The title the file gives itself (XMP before Info); may be confidential: never to a log (I12).
    pub title: Option<String>,
    /// Objects nothing leads to: no reader shows them, but a later update could (I4).
    pub unreferenced: usize,
}

/// Reads the whole file and says whether it may be signed.
///
/// Errors: the first rule the file breaks. The rules are tried in this order, the ones a person can do most about first.
pub fn check(bytes: &[u8]) -> Result<Intake, Refusal> {
    let file = File::open(bytes)?;
    if file.is_encrypted() {
        return Err(Refusal::Encrypted);
    }
    let (_, catalog) = file.catalog()?;
    check_catalog(&file, &catalog)?;
    let findings = scan::all(&file)?;
    if file.superseded().next().is_some() {
        return Err(Refusal::OlderVersions);
    }
    file.account(findings.spans)?;
    let pages = check_pages(&file)?;
    let (title, pdfa) = metadata::read(&file, &catalog);
    let sha256 = Sha256::digest(bytes).into();
    Ok(Intake { pages, pdfa, sha256, title, unreferenced: findings.unreferenced })
}

/// The entries of the catalog that change what is shown, and the traces of an earlier signature.
fn check_catalog(file: &File<'_>, catalog: &Dictionary) -> Result<(), Refusal> {
    if catalog.get("DSS").is_some() || catalog.get("Perms").is_some() {
        return Err(Refusal::AlreadySigned);
    }
    if let Some(form) = file.dictionary(catalog, "AcroForm")? {
        check_form(file, &form)?;
    }
    if let Some(layers) = file.dictionary(catalog, "OCProperties")?
        && file.array(&layers, "OCGs")?.is_none_or(|groups| !groups.is_empty())
    {
        return Err(Refusal::Layers);
    }
    if catalog.get("Collection").is_some() {
        return Err(Refusal::Attachments);
    }
    if catalog.get("AA").is_some() {
        return Err(Refusal::Program);
    }
    let Some(names) = file.dictionary(catalog, "Names")? else { return Ok(()) };
    if names.get("JavaScript").is_some() {
        return Err(Refusal::Program);
    }
    match file.dictionary(&names, "EmbeddedFiles")? {
        Some(files) if files.get("Names").is_some() || files.get("Kids").is_some() => Err(Refusal::Attachments),
        _ => Ok(()),
    }
}

fn check_form(file: &File<'_>, form: &Dictionary) -> Result<(), Refusal> {
    let flags = form.get("SigFlags").and_then(Value::as_integer).unwrap_or(0);
    if flags != 0 {
        return Err(Refusal::AlreadySigned);
    }
    if form.get("XFA").is_some() {
        return Err(Refusal::DynamicForm);
    }
    if file.array(form, "Fields")?.is_some_and(|fields| !fields.is_empty()) {
        return Err(Refusal::FormFields);
    }
    // Without a field there is nothing to draw anew today, but a signature is a field, and is drawn by this order.
    match form.get("NeedAppearances") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(_) => Err(Refusal::RedrawsForm),
    }
}

/// Page sizes that every reader shows alike (I11).
fn check_pages(file: &File<'_>) -> Result<usize, Refusal> {
    let mut verdict = Ok(());
    let pages = pages::walk(file, &mut |page| {
        verdict = check_page(file, &page);
        if verdict.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    verdict?;
    if pages == 0 { Err(Refusal::NoPages) } else { Ok(pages) }
}

fn check_page(file: &File<'_>, page: &pages::Page) -> Result<(), Refusal> {
    if page.entries.get("UserUnit").is_some_and(|unit| unit.as_number() != Some(1.0)) {
        return Err(Refusal::PageSize);
    }
    let rotate = page.rotate.as_ref().map(|rotate| file.resolve(rotate)).transpose()?;
    if rotate.is_some_and(|rotate| rotate.as_integer().is_none_or(|degrees| degrees % 90 != 0)) {
        return Err(Refusal::PageSize);
    }
    let media_box = page.media_box.as_ref().map(|value| file.resolve(value)).transpose()?;
    let corners: Option<Vec<f64>> = media_box.as_ref().and_then(Value::as_array).and_then(|items| items.iter().map(Value::as_number).collect());
    match corners.as_deref() {
        Some(&[left, bottom, right, top]) if sound((right - left).abs()) && sound((top - bottom).abs()) => Ok(()),
        _ => Err(Refusal::PageSize),
    }
}

/// 14 400 units is the most a page may measure (ISO 32000-2 annex C).
fn sound(side: f64) -> bool {
    side > 0.0 && side <= 14_400.0
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Empty => Self::Empty,
            Error::Encrypted => Self::Encrypted,
            Error::NoEnd => Self::Truncated,
            Error::NotPdf => Self::NotPdf,
            Error::TooBig => Self::TooBig,
            Error::TooDeep { .. } | Error::TooMany { .. } => Self::TooComplex(error),
            Error::MultipleHeaders { .. } | Error::TrailingData { .. } => Self::SomethingElseInside(error),
            other => Self::Damaged(other),
        }
    }
}

#[cfg(test)]
mod tests;
