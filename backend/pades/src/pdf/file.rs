//! A PDF file as its own words describe it: header, sections from the last to the first, objects on demand
//! (ISO 32000-2 §7.5). Nothing is repaired; objects nobody asks for are not read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::error::Error;
use super::filter;
use super::lexer::{Lexer, is_white};
use super::limits::{MAX_FILE, MAX_INFLATED_TOTAL, MAX_OBJECTS, MAX_READINGS, MAX_SECTIONS, MIN_READ};
use super::object::{self, Object};
use super::value::{Dictionary, Reference, Value};
use super::xref::{self, Entry, Section};

/// An opened file. Borrows the bytes; reads objects when asked.
#[derive(Debug)]
pub struct File<'a> {
    bytes: &'a [u8],
    sections: Vec<Section>,
    entries: BTreeMap<u32, Entry>,
    superseded: BTreeSet<u32>,
    containers: RefCell<BTreeMap<u32, Rc<Container>>>,
    inflated: Cell<usize>,
    read: Cell<usize>,
}

/// An unfolded object stream (§7.5.7).
#[derive(Debug)]
struct Container {
    plain: Vec<u8>,
    places: Vec<(u32, usize)>,
}

impl<'a> File<'a> {
    /// Reads header, last pointer and every section; no object yet.
    ///
    /// Errors: those of the header, the end, the sections and the limits (I8–I10).
    pub fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        check_header(bytes)?;
        let pointer = last_pointer(bytes)?;
        let sections = read_sections(bytes, pointer)?;
        let (entries, superseded) = merge(&sections)?;
        let file = Self { bytes, sections, entries, superseded, containers: RefCell::default(), inflated: Cell::new(0), read: Cell::new(0) };
        let size = file.size()?;
        match file.entries.last_key_value() {
            Some((number, _)) if *number >= size => Err(Error::Size { number: *number }),
            _ => Ok(file),
        }
    }

    /// The bytes the file was opened on.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The sections, the newest first.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The newest section: its trailer is the file's trailer.
    pub fn last_section(&self) -> Result<&Section, Error> {
        self.sections.first().ok_or(Error::Startxref)
    }

    /// The trailer of the newest section (§7.5.5).
    pub fn trailer(&self) -> Result<&Dictionary, Error> {
        Ok(&self.last_section()?.trailer)
    }

    /// `/Size` of the trailer: the first object number that is not used.
    pub fn size(&self) -> Result<u32, Error> {
        let size = self.trailer()?.get("Size").and_then(Value::as_integer);
        size.and_then(|size| u32::try_from(size).ok()).ok_or(Error::MissingEntry { key: "Size" })
    }

    /// Numbers whose object of an earlier section was replaced or freed by a later one.
    pub fn superseded(&self) -> impl Iterator<Item = u32> {
        self.superseded.iter().copied()
    }

    /// The numbers in use.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().filter(|(_, entry)| **entry != Entry::Free).map(|(number, _)| *number)
    }

    /// Where each saved state of the file ends: behind `%%EOF` and its end of line. Oldest first.
    pub fn revision_ends(&self) -> Vec<usize> {
        let known: BTreeSet<usize> = self.sections.iter().map(|section| section.offset).collect();
        let tails = self.sections.iter().filter_map(|section| section.tail);
        let mut ends: Vec<usize> = tails.filter(|tail| known.contains(&tail.pointer)).map(|tail| tail.end).collect();
        ends.sort_unstable();
        ends.iter().map(|end| self.after_end_of_line(*end)).collect()
    }

    fn after_end_of_line(&self, at: usize) -> usize {
        let mut lexer = Lexer::new(self.bytes, at);
        let _ = lexer.take(b"\r\n") || lexer.take(b"\n") || lexer.take(b"\r");
        lexer.at()
    }

    /// True if any section is encrypted (§7.6).
    pub fn is_encrypted(&self) -> bool {
        self.sections.iter().any(|section| section.trailer.get("Encrypt").is_some())
    }

    /// The object with this number, whatever its generation; nothing if the number is free (§7.3.10).
    pub fn numbered(&self, number: u32) -> Result<Option<Object>, Error> {
        match self.entries.get(&number) {
            None | Some(Entry::Free) => Ok(None),
            Some(Entry::At { offset, .. }) => self.at(number, *offset).map(Some),
            Some(Entry::In { container, index }) => self.inside(number, *container, *index).map(Some),
        }
    }

    /// The object a reference names; nothing (that is: `null`) if it names none.
    pub fn object(&self, reference: Reference) -> Result<Option<Object>, Error> {
        let generation = match self.entries.get(&reference.number) {
            None | Some(Entry::Free) => return Ok(None),
            Some(Entry::At { generation, .. }) => *generation,
            Some(Entry::In { .. }) => 0,
        };
        if generation != reference.generation {
            return Err(Error::Generation { number: reference.number });
        }
        self.numbered(reference.number)
    }

    /// The value itself, or what it refers to; `null` for a reference to nothing.
    pub fn resolve(&self, value: &Value) -> Result<Value, Error> {
        let Value::Reference(reference) = value else { return Ok(value.clone()) };
        let found = self.object(*reference)?.map_or(Value::Null, |object| object.value);
        // §7.3.10: an indirect object is never itself a reference; following one would need a loop guard.
        if found.as_reference().is_some() { Err(Error::MissingEntry { key: "R" }) } else { Ok(found) }
    }

    /// The dictionary under `key`, direct or referred to; nothing if absent.
    pub fn dictionary(&self, of: &Dictionary, key: &'static str) -> Result<Option<Dictionary>, Error> {
        match of.get(key).map(|value| self.resolve(value)).transpose()? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Dictionary(entries)) => Ok(Some(entries)),
            Some(_) => Err(Error::MissingEntry { key }),
        }
    }

    /// The array under `key`, direct or referred to; nothing if absent.
    pub fn array(&self, of: &Dictionary, key: &'static str) -> Result<Option<Vec<Value>>, Error> {
        match of.get(key).map(|value| self.resolve(value)).transpose()? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(Error::MissingEntry { key }),
        }
    }

    /// The catalog: `/Root` of the trailer (§7.7.2).
    pub fn catalog(&self) -> Result<(Reference, Dictionary), Error> {
        let missing = Error::MissingEntry { key: "Root" };
        let reference = self.trailer()?.get("Root").and_then(Value::as_reference).ok_or(missing)?;
        match self.object(reference)?.map(|object| object.value) {
            Some(Value::Dictionary(catalog)) if catalog.is("Type", "Catalog") => Ok((reference, catalog)),
            _ => Err(missing),
        }
    }

    /// A stream's bytes, unfolded; counted against the file's limit.
    pub fn unfolded(&self, object: &Object) -> Result<Vec<u8>, Error> {
        let number = object.reference.number;
        let (Some(range), Value::Dictionary(entries)) = (&object.stream, &object.value) else {
            return Err(Error::ObjectStream { number });
        };
        let plain = filter::unfold(number, entries, self.bytes.get(range.clone()).unwrap_or_default())?;
        let total = self.inflated.get().saturating_add(plain.len());
        self.inflated.set(total);
        if total > MAX_INFLATED_TOTAL { Err(Error::TooMany { what: "unfolded bytes" }) } else { Ok(plain) }
    }

    fn at(&self, number: u32, offset: usize) -> Result<Object, Error> {
        let (found, _) = object::header(self.bytes, offset).map_err(|_| Error::WrongOffset { number })?;
        let listed = matches!(self.entries.get(&number), Some(Entry::At { generation, .. }) if *generation == found.generation);
        if found.number != number || !listed {
            return Err(Error::WrongOffset { number });
        }
        let object = object::indirect(self.bytes, offset, &|length| self.length(length))?;
        // Stream data is skipped, not read.
        let end = object.stream.as_ref().map_or(object.span.as_ref().map_or(offset, |span| span.end), |data| data.start);
        self.spend(end - offset)?;
        Ok(object)
    }

    /// An object may be asked for often; a large one asked for by every other object would take days (I8).
    fn spend(&self, bytes: usize) -> Result<(), Error> {
        let read = self.read.get().saturating_add(bytes);
        self.read.set(read);
        let budget = MAX_READINGS.saturating_mul(self.bytes.len().saturating_add(self.inflated.get())).max(MIN_READ);
        if read > budget { Err(Error::TooMany { what: "readings of its objects" }) } else { Ok(()) }
    }

    /// A `/Length` held elsewhere: a whole number and nothing else, so that looking it up cannot loop.
    fn length(&self, reference: Reference) -> Result<usize, Error> {
        let missing = Error::MissingEntry { key: "Length" };
        match self.entries.get(&reference.number) {
            Some(Entry::At { offset, generation }) if *generation == reference.generation => {
                let wrong = Error::WrongOffset { number: reference.number };
                let (found, mut lexer) = object::header(self.bytes, *offset).map_err(|_| wrong)?;
                if found != reference {
                    return Err(wrong);
                }
                let length = lexer.unsigned().and_then(|length| usize::try_from(length).ok()).ok_or(missing)?;
                lexer.expect("endobj").map(|()| length)
            }
            Some(Entry::In { container, index }) => {
                let held = self.containers.borrow().contains_key(container);
                // Only from a stream already open: opening one here could ask for its own length.
                if !held {
                    self.direct_container(*container)?;
                }
                self.inside(reference.number, *container, *index)?.value.as_size().ok_or(missing)
            }
            _ => Err(missing),
        }
    }

    /// Opens an object stream whose `/Length` is not itself in an object stream.
    fn direct_container(&self, number: u32) -> Result<(), Error> {
        let wrong = Error::ObjectStream { number };
        let Some(Entry::At { offset, .. }) = self.entries.get(&number) else { return Err(wrong) };
        let object = object::indirect(self.bytes, *offset, &|length| match self.entries.get(&length.number) {
            Some(Entry::At { .. }) => self.length(length),
            _ => Err(wrong),
        })?;
        self.keep_container(number, &object).map(|_| ())
    }

    fn inside(&self, number: u32, container: u32, index: usize) -> Result<Object, Error> {
        let wrong = Error::ObjectStream { number: container };
        let stream = self.container(container)?;
        let (listed, at) = *stream.places.get(index).ok_or(wrong)?;
        if listed != number {
            return Err(wrong);
        }
        let mut lexer = Lexer::new(&stream.plain, at);
        let value = object::value(&mut lexer)?;
        self.spend(lexer.at() - at)?;
        Ok(Object { reference: Reference { number, generation: 0 }, value, stream: None, span: None })
    }

    fn container(&self, number: u32) -> Result<Rc<Container>, Error> {
        if let Some(known) = self.containers.borrow().get(&number) {
            return Ok(Rc::clone(known));
        }
        self.direct_container(number)?;
        let known = self.containers.borrow().get(&number).map(Rc::clone);
        known.ok_or(Error::ObjectStream { number })
    }

    /// Checks that the table knows every object this stream holds: one it does not know waits for a later table (I4).
    pub(crate) fn check_container(&self, number: u32) -> Result<(), Error> {
        let held = self.container(number)?;
        let known = |(index, (inside, _)): (usize, &(u32, usize))| self.entries.get(inside) == Some(&Entry::In { container: number, index });
        if held.places.iter().enumerate().all(known) { Ok(()) } else { Err(Error::ObjectStream { number }) }
    }

    fn keep_container(&self, number: u32, object: &Object) -> Result<Rc<Container>, Error> {
        let wrong = Error::ObjectStream { number };
        let entries = object.value.as_dictionary().ok_or(wrong)?;
        if object.reference.number != number || !entries.is("Type", "ObjStm") {
            return Err(wrong);
        }
        let size = |key| entries.get(key).and_then(Value::as_size).ok_or(wrong);
        let (count, first) = (size("N")?, size("First")?);
        if count > MAX_OBJECTS {
            return Err(Error::TooMany { what: "objects" });
        }
        let plain = self.unfolded(object)?;
        let places = places(&plain, count, first).ok_or(wrong)?;
        let container = Rc::new(Container { plain, places });
        self.containers.borrow_mut().insert(number, Rc::clone(&container));
        Ok(container)
    }
}

/// The pairs at the head of an object stream: number and place of each object.
fn places(plain: &[u8], count: usize, first: usize) -> Option<Vec<(u32, usize)>> {
    let mut head = Lexer::new(plain.get(..first)?, 0);
    let mut places = Vec::new();
    for _ in 0..count {
        let number = u32::try_from(head.unsigned()?).ok()?;
        let offset = usize::try_from(head.unsigned()?).ok()?;
        places.push((number, first.checked_add(offset)?));
    }
    Some(places)
}

/// `%PDF-d.d` at the first byte (§7.5.2, I10): readers that search for it see another file in a polyglot.
fn check_header(bytes: &[u8]) -> Result<(), Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    if bytes.len() > MAX_FILE {
        return Err(Error::TooBig);
    }
    match bytes.strip_prefix(b"%PDF-") {
        Some([b'1', b'.', b'0'..=b'7', ..] | [b'2', b'.', b'0', ..]) => Ok(()),
        _ => Err(Error::NotPdf),
    }
}

/// Where the last `startxref` leads (§7.5.5). Behind `%%EOF` only white space may stand.
fn last_pointer(bytes: &[u8]) -> Result<usize, Error> {
    let end = rfind(bytes, b"%%EOF").ok_or(Error::NoEnd)?;
    let behind = bytes.get(end + 5..).unwrap_or_default();
    if let Some(place) = behind.iter().position(|byte| !is_white(*byte) || *byte == 0) {
        return Err(Error::TrailingData { at: end + 5 + place });
    }
    let before = bytes.get(..end).unwrap_or_default();
    let start = rfind(before, b"startxref").ok_or(Error::Startxref)?;
    let mut lexer = Lexer::new(before, start);
    lexer.take(b"startxref");
    let pointer = lexer.unsigned().and_then(|pointer| usize::try_from(pointer).ok()).ok_or(Error::Startxref)?;
    let clean = lexer.rest().iter().all(|byte| is_white(*byte));
    if clean && pointer < start { Ok(pointer) } else { Err(Error::Startxref) }
}

fn rfind(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|window| window == mark)
}

/// Newest first, along `/Prev`; each section once.
fn read_sections(bytes: &[u8], pointer: usize) -> Result<Vec<Section>, Error> {
    let (mut sections, mut seen, mut next) = (Vec::new(), BTreeSet::new(), Some(pointer));
    let mut total = 0_usize;
    while let Some(at) = next {
        if !seen.insert(at) {
            return Err(Error::PrevLoop { at });
        }
        let section = xref::section(bytes, at)?;
        total = total.saturating_add(section.entries.len());
        if total > MAX_OBJECTS {
            return Err(Error::TooMany { what: "objects" });
        }
        next = match section.trailer.get("Prev") {
            Some(prev) => Some(prev.as_size().ok_or(Error::MissingEntry { key: "Prev" })?),
            None => None,
        };
        sections.push(section);
        if sections.len() > MAX_SECTIONS {
            return Err(Error::TooMany { what: "object tables" });
        }
    }
    Ok(sections)
}

/// The newest entry of each number counts; what it hides is remembered.
fn merge(sections: &[Section]) -> Result<(BTreeMap<u32, Entry>, BTreeSet<u32>), Error> {
    let mut entries: BTreeMap<u32, Entry> = BTreeMap::new();
    let mut superseded = BTreeSet::new();
    for (number, entry) in sections.iter().flat_map(|section| &section.entries) {
        match entries.get(number) {
            None => {
                entries.insert(*number, *entry);
            }
            Some(newer) if newer != entry && *entry != Entry::Free => {
                superseded.insert(*number);
            }
            Some(_) => {}
        }
    }
    if entries.is_empty() { Err(Error::Startxref) } else { Ok((entries, superseded)) }
}
