//! One cross-reference section: a table, a stream, or both (ISO 32000-2 §7.5.4, §7.5.8).

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::Error;
use super::filter;
use super::lexer::Lexer;
use super::limits::MAX_OBJECTS;
use super::object::{self, Object};
use super::value::{Dictionary, Value};

/// Where an object is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entry {
    /// At this byte, with this generation.
    At {
        /// Byte offset of `N G obj`.
        offset: usize,
        /// Generation.
        generation: u16,
    },
    /// Nowhere: the number is free.
    Free,
    /// In an object stream.
    In {
        /// Object number of the stream.
        container: u32,
        /// Place in its list.
        index: usize,
    },
}

/// How a section is written; a new one follows the last one's style (§7.5.8.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// A cross-reference stream.
    Stream,
    /// A classic table.
    Table,
}

/// The `startxref N %%EOF` that follows a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) pointer: usize,
    /// Behind `%%EOF`, before its end of line.
    pub(crate) end: usize,
}

/// A section with its trailer.
#[derive(Debug)]
pub struct Section {
    /// Where it begins.
    pub offset: usize,
    /// How it is written.
    pub style: Style,
    /// Its trailer, or the dictionary of its stream.
    pub trailer: Dictionary,
    pub(crate) entries: BTreeMap<u32, Entry>,
    pub(crate) span: Range<usize>,
    pub(crate) hybrid: Option<Range<usize>>,
    pub(crate) tail: Option<Tail>,
}

/// Reads the section that begins at exactly `offset`, its hybrid part included.
pub(crate) fn section(bytes: &[u8], offset: usize) -> Result<Section, Error> {
    if !bytes.get(offset..).is_some_and(|rest| rest.starts_with(b"xref")) {
        return stream(bytes, offset);
    }
    let mut section = table(bytes, offset)?;
    let Some(hybrid) = section.trailer.get("XRefStm") else { return Ok(section) };
    let hybrid = stream(bytes, hybrid.as_size().ok_or(Error::MissingEntry { key: "XRefStm" })?)?;
    for (number, entry) in hybrid.entries {
        match section.entries.get(&number) {
            None | Some(Entry::Free) => {
                section.entries.insert(number, entry);
            }
            Some(same) if *same == entry || entry == Entry::Free => {}
            Some(_) => return Err(Error::HybridDisagrees { number }),
        }
    }
    section.hybrid = Some(hybrid.span);
    Ok(section)
}

fn table(bytes: &[u8], offset: usize) -> Result<Section, Error> {
    let mut lexer = Lexer::new(bytes, offset);
    lexer.expect("xref")?;
    let mut entries = BTreeMap::new();
    while !lexer.keyword(b"trailer") {
        let wrong = Error::XrefTable { at: lexer.at() };
        let first = lexer.unsigned().and_then(|number| u32::try_from(number).ok()).ok_or(wrong)?;
        let count = lexer.unsigned().and_then(|number| u32::try_from(number).ok()).ok_or(wrong)?;
        subsection(&mut lexer, first, count, &mut entries)?;
    }
    let Value::Dictionary(trailer) = object::value(&mut lexer)? else {
        return Err(lexer.wanted("a trailer dictionary"));
    };
    let (end, tail) = tail(bytes, lexer);
    Ok(Section { offset, style: Style::Table, trailer, entries, span: offset..end, hybrid: None, tail })
}

fn subsection(lexer: &mut Lexer<'_>, first: u32, count: u32, entries: &mut BTreeMap<u32, Entry>) -> Result<(), Error> {
    // The line of a subsection may end with a space before its end of line.
    while lexer.take(b" ") {}
    if !lexer.take(b"\r\n") && !lexer.take(b"\n") && !lexer.take(b"\r") {
        return Err(Error::XrefTable { at: lexer.at() });
    }
    let mut ending = None;
    for place in 0..count {
        let wrong = Error::XrefTable { at: lexer.at() };
        let line: &[u8; 18] = lexer.rest().first_chunk().ok_or(wrong)?;
        let entry = table_entry(line).ok_or(wrong)?;
        lexer.take(line);
        let end = ENTRY_ENDS.iter().find(|end| lexer.take(end)).ok_or(wrong)?;
        // A reader may count the first entry's length and jump: entries of one subsection are all alike.
        if *ending.get_or_insert(end) != end {
            return Err(wrong);
        }
        let number = first.checked_add(place).ok_or(wrong)?;
        if entries.insert(number, entry).is_some() {
            return Err(wrong);
        }
        if entries.len() > MAX_OBJECTS {
            return Err(Error::TooMany { what: "objects" });
        }
    }
    Ok(())
}

/// How an entry ends: three ways by the standard, and the lone line feed of some producers, which every reader takes.
const ENTRY_ENDS: [&[u8]; 4] = [b" \n", b"\r\n", b" \r", b"\n"];

/// `oooooooooo ggggg n` (§7.5.4).
fn table_entry(line: &[u8; 18]) -> Option<Entry> {
    let [offset @ .., b' ', g0, g1, g2, g3, g4, b' ', kind] = line else { return None };
    let offset = usize::try_from(decimal(offset)?).ok()?;
    let generation = decimal(&[*g0, *g1, *g2, *g3, *g4])?;
    match kind {
        b'f' => Some(Entry::Free),
        b'n' if offset > 0 => Some(Entry::At { offset, generation: u16::try_from(generation).ok()? }),
        _ => None,
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

fn stream(bytes: &[u8], offset: usize) -> Result<Section, Error> {
    let wrong = Error::XrefStream { at: offset };
    // The length of an object table cannot itself be found through an object table.
    let object = object::indirect(bytes, offset, &|_| Err(wrong)).map_err(|error| match error {
        Error::Malformed { at, wanted: "an object" } if at == offset => Error::Startxref,
        other => other,
    })?;
    let Object { reference, value: Value::Dictionary(trailer), stream: Some(range), span: Some(span) } = object else {
        return Err(Error::Startxref);
    };
    if !trailer.is("Type", "XRef") {
        return Err(Error::Startxref);
    }
    let plain = filter::unfold(reference.number, &trailer, bytes.get(range).unwrap_or_default())?;
    let entries = stream_entries(&trailer, &plain).map_err(|error| error.unwrap_or(wrong))?;
    let (end, tail) = tail(bytes, Lexer::new(bytes, span.end));
    Ok(Section { offset, style: Style::Stream, trailer, entries, span: offset..end, hybrid: None, tail })
}

/// The entries; an error of `None` is "this stream is wrong".
fn stream_entries(trailer: &Dictionary, plain: &[u8]) -> Result<BTreeMap<u32, Entry>, Option<Error>> {
    let sizes = |key| -> Option<Vec<usize>> { trailer.get(key)?.as_array()?.iter().map(Value::as_size).collect() };
    let widths = sizes("W").filter(|w| w.iter().all(|width| *width <= 8)).ok_or(None)?;
    let &[kind, second, third] = widths.as_slice() else { return Err(None) };
    let width = kind + second + third;
    let size = trailer.get("Size").and_then(Value::as_size).ok_or(None)?;
    let index = if trailer.get("Index").is_some() { sizes("Index").ok_or(None)? } else { vec![0, size] };
    let mut entries = BTreeMap::new();
    let mut rest = plain;
    if second == 0 || index.len() % 2 != 0 {
        return Err(None);
    }
    for pair in index.chunks_exact(2) {
        let &[first, count] = pair else { return Err(None) };
        for place in 0..count {
            let (row, after) = rest.split_at_checked(width).ok_or(None)?;
            rest = after;
            let number = first.checked_add(place).and_then(|number| u32::try_from(number).ok()).ok_or(None)?;
            let entry = stream_entry(row, kind, second).ok_or(None)?;
            if entries.insert(number, entry).is_some() {
                return Err(None);
            }
            if entries.len() > MAX_OBJECTS {
                return Err(Some(Error::TooMany { what: "objects" }));
            }
        }
    }
    // Rows that no subsection claims are where another reader could find other objects (I9).
    if rest.is_empty() { Ok(entries) } else { Err(None) }
}

fn stream_entry(row: &[u8], kind: usize, second: usize) -> Option<Entry> {
    let (first, rest) = row.split_at_checked(kind)?;
    let (second, third) = rest.split_at_checked(second)?;
    let kind = if first.is_empty() { 1 } else { big_endian(first) };
    let (second, third) = (big_endian(second), big_endian(third));
    match kind {
        0 => Some(Entry::Free),
        1 if second > 0 => Some(Entry::At { offset: usize::try_from(second).ok()?, generation: u16::try_from(third).ok()? }),
        2 => Some(Entry::In { container: u32::try_from(second).ok()?, index: usize::try_from(third).ok()? }),
        _ => None,
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The end of the section, and its `startxref … %%EOF` if it has one (a hybrid's stream has none).
fn tail(bytes: &[u8], mut lexer: Lexer<'_>) -> (usize, Option<Tail>) {
    let end = lexer.at();
    if !lexer.keyword(b"startxref") {
        return (end, None);
    }
    let Some(pointer) = lexer.unsigned().and_then(|number| usize::try_from(number).ok()) else { return (end, None) };
    let end = lexer.at();
    let white = lexer.rest().iter().take_while(|byte| super::lexer::is_white(**byte)).count();
    let mut mark = Lexer::new(bytes, end + white);
    let tail = mark.take(b"%%EOF").then(|| Tail { pointer, end: mark.at() });
    (end, tail)
}
