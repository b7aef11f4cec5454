//! An incremental update (ISO 32000-2 §7.5.6): only touched objects, one section in the style of the last one, a
//! trailer that keeps every entry of the last one but `/Prev`, `/XRefStm` (they place older sections) and the second `/ID`.

use std::collections::BTreeMap;

use super::error::Error;
use super::file::File;
use super::value::{Dictionary, Reference, Value};
use super::write;
use super::xref::Style;

/// Entries of a cross-reference stream that describe that stream itself, not the file.
const OWN_TO_THE_STREAM: [&str; 8] = ["Type", "W", "Index", "Length", "Filter", "DecodeParms", "Prev", "XRefStm"];

/// Objects to be appended to a file.
#[derive(Debug)]
pub struct Increment {
    objects: BTreeMap<u32, (u16, Vec<u8>)>,
    next: u32,
}

/// The finished bytes, to be written right behind the original.
#[derive(Debug)]
pub struct Appendix {
    /// What to append.
    pub bytes: Vec<u8>,
    /// Offset in the whole file of each object's `N G obj`.
    pub offsets: BTreeMap<u32, usize>,
}

impl Increment {
    /// An empty update of `file`.
    pub fn new(file: &File<'_>) -> Result<Self, Error> {
        Ok(Self { objects: BTreeMap::new(), next: file.size()?.max(1) })
    }

    /// A new object number.
    pub fn allocate(&mut self) -> Result<Reference, Error> {
        let number = self.next;
        self.next = number.checked_add(1).ok_or(Error::TooMany { what: "objects" })?;
        Ok(Reference { number, generation: 0 })
    }

    /// The object's new body, as bytes between `obj` and `endobj`.
    pub fn put(&mut self, reference: Reference, body: Vec<u8>) {
        self.objects.insert(reference.number, (reference.generation, body));
    }

    /// The object's new value.
    pub fn put_value(&mut self, reference: Reference, value: &Value) {
        let mut body = Vec::new();
        write::value(&mut body, value);
        self.put(reference, body);
    }

    /// Writes objects, section and trailer. `id` becomes the second half of `/ID`, and the first too if there was none.
    pub fn finish(mut self, file: &File<'_>, id: &[u8]) -> Result<Appendix, Error> {
        let last = file.last_section()?;
        let own = if last.style == Style::Stream { Some(self.allocate()?) } else { None };
        let base = file.bytes().len();
        let mut bytes = Vec::new();
        if !file.bytes().ends_with(b"\n") && !file.bytes().ends_with(b"\r") {
            bytes.push(b'\n');
        }
        let mut offsets = BTreeMap::new();
        for (number, (generation, body)) in &self.objects {
            offsets.insert(*number, base + bytes.len());
            bytes.extend_from_slice(format!("{number} {generation} obj\n").as_bytes());
            bytes.extend_from_slice(body);
            bytes.extend_from_slice(b"\nendobj\n");
        }
        let section = base + bytes.len();
        let trailer = self.trailer(file, last.offset, id)?;
        if let Some(own) = own {
            offsets.insert(own.number, section);
            self.objects.insert(own.number, (0, Vec::new()));
            self.stream(&mut bytes, own, trailer, &offsets)?;
        } else {
            self.table(&mut bytes, &trailer, &offsets);
        }
        bytes.extend_from_slice(format!("startxref\n{section}\n%%EOF\n").as_bytes());
        Ok(Appendix { bytes, offsets })
    }

    fn trailer(&self, file: &File<'_>, previous: usize, id: &[u8]) -> Result<Dictionary, Error> {
        let mut trailer = file.trailer()?.clone();
        for key in OWN_TO_THE_STREAM {
            trailer.remove(key);
        }
        trailer.set("Size", Value::Integer(i64::from(self.next)));
        trailer.set("Prev", Value::Integer(i64::try_from(previous).map_err(|_| Error::TooBig)?));
        let kept = file.array(&trailer, "ID")?;
        let first = match kept.as_deref() {
            None => Value::Text(id.to_vec()),
            Some([first @ Value::Text(_), Value::Text(_)]) => first.clone(),
            Some(_) => return Err(Error::MissingEntry { key: "ID" }),
        };
        trailer.set("ID", Value::Array(vec![first, Value::Text(id.to_vec())]));
        Ok(trailer)
    }

    /// Runs of consecutive numbers: first and count.
    fn runs(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for number in self.objects.keys() {
            match runs.last_mut() {
                Some((first, count)) if *first + *count == *number => *count += 1,
                _ => runs.push((*number, 1)),
            }
        }
        runs
    }

    fn table(&self, bytes: &mut Vec<u8>, trailer: &Dictionary, offsets: &BTreeMap<u32, usize>) {
        bytes.extend_from_slice(b"xref\n");
        for (first, count) in self.runs() {
            bytes.extend_from_slice(format!("{first} {count}\n").as_bytes());
            for (number, (generation, _)) in self.objects.range(first..first + count) {
                let offset = offsets.get(number).copied().unwrap_or_default();
                bytes.extend_from_slice(format!("{offset:010} {generation:05} n\r\n").as_bytes());
            }
        }
        bytes.extend_from_slice(b"trailer\n");
        write::dictionary(bytes, trailer);
        bytes.push(b'\n');
    }

    fn stream(&self, bytes: &mut Vec<u8>, own: Reference, mut trailer: Dictionary, offsets: &BTreeMap<u32, usize>) -> Result<(), Error> {
        let mut rows = Vec::new();
        for (number, (generation, _)) in &self.objects {
            let offset = offsets.get(number).copied().unwrap_or_default();
            rows.push(1);
            rows.extend_from_slice(&u32::try_from(offset).map_err(|_| Error::TooBig)?.to_be_bytes());
            rows.extend_from_slice(&generation.to_be_bytes());
        }
        let numbers = |list: &[i64]| Value::Array(list.iter().copied().map(Value::Integer).collect());
        let index: Vec<i64> = self.runs().iter().flat_map(|(first, count)| [i64::from(*first), i64::from(*count)]).collect();
        trailer.set("Type", Value::name("XRef"));
        trailer.set("W", numbers(&[1, 4, 2]));
        trailer.set("Index", numbers(&index));
        trailer.set("Length", Value::Integer(i64::try_from(rows.len()).map_err(|_| Error::TooBig)?));
        bytes.extend_from_slice(format!("{} 0 obj\n", own.number).as_bytes());
        write::dictionary(bytes, &trailer);
        bytes.extend_from_slice(b"\nstream\n");
        bytes.extend_from_slice(&rows);
        bytes.extend_from_slice(b"\nendstream\nendobj\n");
        Ok(())
    }
}
