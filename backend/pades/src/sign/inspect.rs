//! Looks at the signatures of a finished file, strictly: what is absent is an error, never "valid" (V1–V4). It says
//! which bytes each signature covers and that nothing hides in or behind it; whether the CMS is right is another question.

use std::collections::BTreeSet;

use super::{Error, Pieces};
use crate::pdf::limits::{MAX_DEPTH, MAX_SIGNATURES};
use crate::pdf::object::placed_pairs;
use crate::pdf::{self, Dictionary, File, Value};

/// A signature in its field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignatureField {
    /// Start and length of the two signed pieces.
    pub byte_range: [u64; 4],
    /// The DER value of `/Contents`, without the zeros behind it.
    pub contents: Vec<u8>,
    /// True if the signature covers the file to its last byte.
    pub covers_all: bool,
    /// SHA-256 over the two pieces.
    pub digest: [u8; 32],
    /// The field's full name.
    pub name: String,
    /// `/SubFilter`, as in `ETSI.CAdES.detached`.
    pub sub_filter: String,
}

/// Every signed signature field of the file, in the order of the form.
///
/// Errors: the file cannot be read, or a signature breaks V1–V4.
pub fn inspect(signed: &[u8]) -> Result<Vec<SignatureField>, Error> {
    let file = File::open(signed)?;
    let (_, catalog) = file.catalog()?;
    let Some(form) = file.dictionary(&catalog, "AcroForm")? else { return Ok(Vec::new()) };
    let mut walk = Walk { file: &file, seen: BTreeSet::new(), found: Vec::new() };
    for field in file.array(&form, "Fields")?.unwrap_or_default() {
        walk.field(&field, "", false, 0)?;
    }
    Ok(walk.found)
}

struct Walk<'w, 'a> {
    file: &'w File<'a>,
    seen: BTreeSet<u32>,
    found: Vec<SignatureField>,
}

impl Walk<'_, '_> {
    fn field(&mut self, field: &Value, above: &str, inherited: bool, depth: usize) -> Result<(), Error> {
        let wrong = pdf::Error::MissingEntry { key: "Fields" };
        let reference = field.as_reference().ok_or(wrong)?;
        if depth > MAX_DEPTH || !self.seen.insert(reference.number) {
            return Err(wrong.into());
        }
        let Value::Dictionary(entries) = self.file.resolve(field)? else { return Err(wrong.into()) };
        let own = entries.get("T").and_then(Value::as_text).map(|name| String::from_utf8_lossy(name).into_owned());
        let name = match own {
            Some(own) if above.is_empty() => own,
            Some(own) => format!("{above}.{own}"),
            None => above.to_owned(),
        };
        let signature = entries.is("FT", "Sig") || (inherited && entries.get("FT").is_none());
        if let Some(value) = entries.get("V").filter(|_| signature) {
            if self.found.len() >= MAX_SIGNATURES {
                return Err(pdf::Error::TooMany { what: "signatures" }.into());
            }
            let found = self.signature(value, name.clone())?;
            self.found.push(found);
        }
        for kid in self.file.array(&entries, "Kids")?.unwrap_or_default() {
            self.field(&kid, &name, signature, depth + 1)?;
        }
        Ok(())
    }

    fn signature(&self, value: &Value, name: String) -> Result<SignatureField, Error> {
        let missing = |key| Error::Pdf(pdf::Error::MissingEntry { key });
        let reference = value.as_reference().ok_or(missing("V"))?;
        let object = self.file.object(reference)?.ok_or(missing("V"))?;
        let (Value::Dictionary(entries), Some(span)) = (&object.value, &object.span) else { return Err(missing("V")) };
        let byte_range = byte_range(entries).ok_or(Error::ByteRange)?;
        let bytes = self.file.bytes();
        let pieces = Pieces::new(byte_range, bytes.len())?;
        let pairs = placed_pairs(bytes, span.start)?;
        let contents = pairs.into_iter().find(|(key, _)| key == b"Contents").ok_or(Error::NoSignature)?.1;
        if contents != pieces.gap || bytes.get(contents).and_then(digits).is_none() {
            return Err(Error::Gap);
        }
        if !self.ends_a_revision(pieces.end) {
            return Err(Error::RevisionEnd);
        }
        let sub_filter = entries.get("SubFilter").and_then(Value::as_name).ok_or(missing("SubFilter"))?;
        Ok(SignatureField {
            byte_range,
            contents: der_of(entries)?,
            covers_all: pieces.end == bytes.len(),
            digest: pieces.digest(bytes),
            name,
            sub_filter: String::from_utf8_lossy(sub_filter).into_owned(),
        })
    }

    /// Behind the end mark with its end of line or without it, as writers differ; or at the end of the file.
    fn ends_a_revision(&self, end: usize) -> bool {
        let bare = self.file.bytes().get(..end).is_some_and(|bytes| bytes.ends_with(b"%%EOF"));
        let ends = self.file.revision_ends();
        ends.contains(&end) || bare && ends.iter().any(|with| (end..=end + 2).contains(with))
    }
}

fn byte_range(entries: &Dictionary) -> Option<[u64; 4]> {
    let numbers = entries.get("ByteRange")?.as_array()?.iter();
    let numbers: Option<Vec<u64>> = numbers.map(|number| u64::try_from(number.as_integer()?).ok()).collect();
    numbers?.try_into().ok()
}

/// The DER value, if only zeros follow it.
fn der_of(entries: &Dictionary) -> Result<Vec<u8>, Error> {
    let contents = entries.get("Contents").and_then(Value::as_text).ok_or(Error::NoSignature)?;
    let length = der_length(contents).ok_or(Error::NoSignature)?;
    let (der, padding) = contents.split_at_checked(length).ok_or(Error::NoSignature)?;
    if padding.iter().all(|byte| *byte == 0) { Ok(der.to_vec()) } else { Err(Error::Padding) }
}

/// The digits between `<` and `>`, if that is all there is.
pub(super) fn digits(gap: &[u8]) -> Option<&[u8]> {
    let inner = gap.strip_prefix(b"<")?.strip_suffix(b">")?;
    let even = inner.len() % 2 == 0;
    (even && inner.iter().all(u8::is_ascii_hexdigit)).then_some(inner)
}

/// Length of the DER SEQUENCE that begins here, head included (X.690 §10.1: definite and shortest).
pub(super) fn der_length(bytes: &[u8]) -> Option<usize> {
    let (head, length) = match bytes {
        [0x30, 0x81, one, ..] if *one >= 0x80 => (3, usize::from(*one)),
        [0x30, 0x82, high, low, ..] if *high > 0 => (4, usize::from(*high) << 8 | usize::from(*low)),
        [0x30, 0x83, high, middle, low, ..] if *high > 0 => (5, usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low)),
        [0x30, short @ 0..=0x7F, ..] => (2, usize::from(*short)),
        _ => return None,
    };
    Some(head + length).filter(|_| length > 0)
}
