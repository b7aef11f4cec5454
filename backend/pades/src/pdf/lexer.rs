//! Letters to tokens (ISO 32000-2 §7.2). Only what the standard allows: a reader that guesses sees another document
//! than the next reader does (I9).

use super::error::Error;

/// White space of §7.2.3, table 1.
pub(crate) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// A place in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes `literal` if it stands exactly here.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let here = self.rest().starts_with(literal);
        if here {
            self.at += literal.len();
        }
        here
    }

    /// Over white space and comments.
    pub(crate) fn skip_white(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let line = self.rest().iter().position(|b| matches!(b, 10 | 13));
                self.at += line.unwrap_or(self.rest().len());
            } else if is_white(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The run of regular characters that begins here; may be empty.
    pub(crate) fn run(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|b| is_white(*b) || is_delimiter(*b)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Over white space, then takes the keyword if it is the next one.
    pub(crate) fn keyword(&mut self, word: &[u8]) -> bool {
        let mut ahead = *self;
        ahead.skip_white();
        let found = ahead.run() == word;
        if found {
            *self = ahead;
        }
        found
    }

    /// [`Self::keyword`], or the refusal that says what should stand here.
    pub(crate) fn expect(&mut self, word: &'static str) -> Result<(), Error> {
        if self.keyword(word.as_bytes()) { Ok(()) } else { Err(self.wanted(word)) }
    }

    /// Over white space, then takes an unsigned whole number if it is the next token.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut ahead = *self;
        ahead.skip_white();
        let digits = ahead.run();
        let number = digits.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(digits).ok()?.parse().ok())??;
        *self = ahead;
        Some(number)
    }

    /// The name after the slash that stands here (§7.3.5).
    pub(crate) fn name(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.at;
        if !self.take(b"/") {
            return Err(self.wanted("a name"));
        }
        let raw = self.run();
        if !raw.contains(&b'#') {
            return Ok(raw.to_vec());
        }
        let bad = Error::Malformed { at: start, wanted: "a name" };
        let mut letters = raw.iter();
        let mut name = Vec::with_capacity(raw.len());
        while let Some(letter) = letters.next() {
            if *letter != b'#' {
                name.push(*letter);
                continue;
            }
            let (high, low) = (letters.next().copied().and_then(nibble), letters.next().copied().and_then(nibble));
            match (high, low) {
                (Some(high), Some(low)) if high | low != 0 => name.push(high << 4 | low),
                _ => return Err(bad),
            }
        }
        Ok(name)
    }

    /// The string in parentheses that begins here (§7.3.4.2).
    pub(crate) fn literal(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.at;
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 1_u32);
        while let Some(byte) = self.next() {
            match byte {
                b'(' => open += 1,
                b')' if open == 1 => return Ok(text),
                b')' => open -= 1,
                b'\\' => {
                    self.escape(&mut text);
                    continue;
                }
                b'\r' => {
                    self.take(b"\n");
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        Err(Error::Malformed { at: start, wanted: "a string that ends" })
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.next() else { return };
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\n' => {}
            b'\r' => {
                self.take(b"\n");
            }
            b'0'..=b'7' => text.push(self.octal(byte - b'0')),
            other => text.push(other),
        }
    }

    fn octal(&mut self, first: u8) -> u8 {
        let mut value = first;
        for _ in 0..2 {
            match self.peek() {
                Some(digit @ b'0'..=b'7') => {
                    value = value.wrapping_mul(8).wrapping_add(digit - b'0'); // §7.3.4.2: high overflow is ignored
                    self.at += 1;
                }
                _ => break,
            }
        }
        value
    }

    /// The string in angle brackets that begins here (§7.3.4.3).
    pub(crate) fn hexadecimal(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.at;
        self.at += 1;
        let (mut text, mut high) = (Vec::new(), None);
        while let Some(byte) = self.next() {
            match (byte, nibble(byte), high) {
                (b'>', _, Some(last)) => {
                    text.push(last << 4);
                    return Ok(text);
                }
                (b'>', _, None) => return Ok(text),
                (_, Some(value), None) => high = Some(value),
                (_, Some(value), Some(first)) => {
                    text.push(first << 4 | value);
                    high = None;
                }
                (white, None, _) if is_white(white) => {}
                _ => break,
            }
        }
        Err(Error::Malformed { at: start, wanted: "a string of hexadecimal digits" })
    }

    pub(crate) fn wanted(&self, wanted: &'static str) -> Error {
        Error::Malformed { at: self.at, wanted }
    }
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
