//! Values to bytes (ISO 32000-2 §7.3). Strings that are not plain become hexadecimal with an even number of digits
//! (ISO 19005-2 §6.1.6).

use super::value::{Dictionary, Reference, Value};

/// Writes one value.
pub fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b' ');
                }
                self::value(out, item);
            }
            out.push(b']');
        }
        Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Dictionary(entries) => dictionary(out, entries),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Name(letters) => name(out, letters),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Real(digits) => out.extend_from_slice(digits),
        Value::Reference(Reference { number, generation }) => {
            out.extend_from_slice(format!("{number} {generation} R").as_bytes());
        }
        Value::Text(bytes) => text(out, bytes),
    }
}

/// Writes `<<…>>`.
pub fn dictionary(out: &mut Vec<u8>, entries: &Dictionary) {
    out.extend_from_slice(b"<<");
    for (key, item) in entries.iter() {
        name(out, key);
        out.push(b' ');
        value(out, item);
        out.push(b'\n');
    }
    out.extend_from_slice(b">>");
}

fn name(out: &mut Vec<u8>, letters: &[u8]) {
    out.push(b'/');
    for letter in letters {
        if letter.is_ascii_graphic() && !b"()<>[]{}/%#".contains(letter) {
            out.push(*letter);
        } else {
            out.extend_from_slice(format!("#{letter:02X}").as_bytes());
        }
    }
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !b"()\\".contains(byte)) {
        out.push(b'(');
        out.extend_from_slice(bytes);
        out.push(b')');
    } else {
        out.push(b'<');
        hexadecimal(out, bytes);
        out.push(b'>');
    }
}

/// Writes the digits, two a byte.
pub(crate) fn hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |place: u8| DIGITS.get(usize::from(place)).copied().unwrap_or(b'0');
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// A text string of §7.9.2.2: ASCII as it is, anything else in UTF-16BE with its mark.
pub fn text_string(text: &str) -> Value {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Value::Text(text.as_bytes().to_vec());
    }
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    Value::Text(units.flat_map(u16::to_be_bytes).collect())
}
