//! Tokens to values, and the indirect object `N G obj … endobj` with its stream (ISO 32000-2 §7.3).

use std::ops::Range;

use super::error::Error;
use super::lexer::Lexer;
use super::limits::{MAX_DEPTH, MAX_VALUES};
use super::value::{Dictionary, Reference, Value};

/// An indirect object as it stands in the file.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its number and generation.
    pub reference: Reference,
    /// Its value; of a stream, the dictionary.
    pub value: Value,
    /// Where the stream's stored bytes are, if it is a stream.
    pub stream: Option<Range<usize>>,
    /// From the first digit to the end of `endobj`; nothing for an object inside an object stream.
    pub span: Option<Range<usize>>,
}

/// Reads the object that begins at exactly `offset`; `length_of` looks up a `/Length` that is a reference.
pub(crate) fn indirect(bytes: &[u8], offset: usize, length_of: &dyn Fn(Reference) -> Result<usize, Error>) -> Result<Object, Error> {
    let (reference, mut lexer) = header(bytes, offset)?;
    let value = value(&mut lexer)?;
    let mut stream = None;
    if let Value::Dictionary(entries) = &value
        && lexer.keyword(b"stream")
    {
        let length = match entries.get("Length") {
            Some(Value::Reference(elsewhere)) => length_of(*elsewhere)?,
            Some(direct) => direct.as_size().ok_or(Error::MissingEntry { key: "Length" })?,
            None => return Err(Error::MissingEntry { key: "Length" }),
        };
        stream = Some(stream_data(bytes, &mut lexer, length)?);
    }
    lexer.expect("endobj")?;
    Ok(Object { reference, value, stream, span: Some(offset..lexer.at()) })
}

/// Reads `N G obj` at exactly `offset`.
pub(crate) fn header(bytes: &[u8], offset: usize) -> Result<(Reference, Lexer<'_>), Error> {
    let mut lexer = Lexer::new(bytes, offset);
    let wrong = Error::Malformed { at: offset, wanted: "an object" };
    if !lexer.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return Err(wrong);
    }
    let number = lexer.unsigned().and_then(|number| u32::try_from(number).ok()).ok_or(wrong)?;
    let generation = lexer.unsigned().and_then(|number| u16::try_from(number).ok()).ok_or(wrong)?;
    if lexer.keyword(b"obj") { Ok((Reference { number, generation }, lexer)) } else { Err(wrong) }
}

/// The data after `stream`: an end of line, exactly `length` bytes, `endstream` (§7.3.8.1).
fn stream_data<'a>(bytes: &'a [u8], lexer: &mut Lexer<'a>, length: usize) -> Result<Range<usize>, Error> {
    if !lexer.take(b"\r\n") && !lexer.take(b"\n") {
        return Err(lexer.wanted("an end of line after stream"));
    }
    let start = lexer.at();
    let mismatch = Error::LengthMismatch { at: start };
    let end = start.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(mismatch)?;
    let mut after = Lexer::new(bytes, end);
    let _ = after.take(b"\r\n") || after.take(b"\n") || after.take(b"\r");
    if after.run() != b"endstream" {
        return Err(mismatch);
    }
    *lexer = after;
    Ok(start..end)
}

/// Reads one value; the lexer ends behind it.
pub(crate) fn value(lexer: &mut Lexer<'_>) -> Result<Value, Error> {
    Reading { lexer, left: MAX_VALUES }.value(0)
}

/// A key, and the bytes its value stands in.
pub(crate) type PlacedPair = (Vec<u8>, Range<usize>);

/// The pairs of the dictionary object at `offset`, each value with the bytes it stands in.
/// Whoever checks a signature must know that the gap of its `/ByteRange` is the value of `/Contents` and nothing else.
pub(crate) fn placed_pairs(bytes: &[u8], offset: usize) -> Result<Vec<PlacedPair>, Error> {
    let (_, mut lexer) = header(bytes, offset)?;
    lexer.skip_white();
    if !lexer.take(b"<<") {
        return Err(lexer.wanted("a dictionary"));
    }
    let mut pairs = Vec::new();
    loop {
        lexer.skip_white();
        if lexer.take(b">>") {
            return Ok(pairs);
        }
        let key = lexer.name()?;
        lexer.skip_white();
        let start = lexer.at();
        value(&mut lexer)?;
        pairs.push((key, start..lexer.at()));
    }
}

struct Reading<'l, 'a> {
    lexer: &'l mut Lexer<'a>,
    left: usize,
}

impl Reading<'_, '_> {
    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.left = self.left.checked_sub(1).ok_or(Error::TooMany { what: "values in one object" })?;
        self.lexer.skip_white();
        let at = self.lexer.at();
        let byte = self.lexer.peek().ok_or_else(|| self.lexer.wanted("a value"))?;
        if matches!(byte, b'[' | b'<') && depth >= MAX_DEPTH {
            return Err(Error::TooDeep { at });
        }
        match byte {
            b'/' => self.lexer.name().map(Value::Name),
            b'(' => self.lexer.literal().map(Value::Text),
            b'<' if self.lexer.take(b"<<") => self.dictionary(depth),
            b'<' => self.lexer.hexadecimal().map(Value::Text),
            b'[' => self.array(depth),
            _ => self.word(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Error> {
        self.lexer.take(b"[");
        let mut items = Vec::new();
        loop {
            self.lexer.skip_white();
            if self.lexer.take(b"]") {
                return Ok(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Value, Error> {
        let mut pairs = Vec::new();
        loop {
            self.lexer.skip_white();
            if self.lexer.take(b">>") {
                let at = self.lexer.at();
                return Dictionary::unique(pairs).map(Value::Dictionary).ok_or(Error::DuplicateKey { at });
            }
            let key = self.lexer.name()?;
            pairs.push((key, self.value(depth + 1)?));
        }
    }

    /// A keyword, a number or a reference.
    fn word(&mut self) -> Result<Value, Error> {
        let at = self.lexer.at();
        let run = self.lexer.run();
        match run {
            b"true" => return Ok(Value::Bool(true)),
            b"false" => return Ok(Value::Bool(false)),
            b"null" => return Ok(Value::Null),
            _ => {}
        }
        let digits = run.strip_prefix(b"-").or(run.strip_prefix(b"+")).unwrap_or(run);
        let points = digits.split(|byte| *byte == b'.').count() - 1;
        let figures = digits.iter().filter(|byte| byte.is_ascii_digit()).count();
        if figures == 0 || points > 1 || figures + points != digits.len() {
            return Err(Error::Malformed { at, wanted: "a value" });
        }
        if points == 1 {
            return Ok(Value::Real(run.to_vec()));
        }
        let number = std::str::from_utf8(run).ok().and_then(|text| text.parse().ok());
        let number = number.ok_or(Error::Malformed { at, wanted: "a number within range" })?;
        Ok(self.reference(run, number).unwrap_or(Value::Integer(number)))
    }

    /// `number` was the first word; is it `number G R`?
    fn reference(&mut self, run: &[u8], number: i64) -> Option<Value> {
        if !run.first()?.is_ascii_digit() {
            return None;
        }
        let number = u32::try_from(number).ok()?;
        let mut ahead = *self.lexer;
        let generation = u16::try_from(ahead.unsigned()?).ok()?;
        if !ahead.keyword(b"R") {
            return None;
        }
        *self.lexer = ahead;
        Some(Value::Reference(Reference { number, generation }))
    }
}
