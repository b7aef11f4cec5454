//! Unfolding of the few streams that must be read: object tables, object streams, XMP (ISO 32000-2 §7.4.4).
//! Page content is never unfolded here; the renderer does that in its own limited process.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::error::Error;
use super::limits::MAX_INFLATED;
use super::value::{Dictionary, Value};

/// The stream's bytes with its filters undone; at most [`MAX_INFLATED`] bytes.
pub(crate) fn unfold(number: u32, entries: &Dictionary, stored: &[u8]) -> Result<Vec<u8>, Error> {
    let unsupported = Error::UnsupportedFilter { number };
    match single(entries.get("Filter")).ok_or(unsupported)? {
        Value::Null => return Ok(stored.to_vec()),
        Value::Name(name) if name == b"FlateDecode" => {}
        _ => return Err(unsupported),
    }
    let mut plain = Vec::new();
    let limit = u64::try_from(MAX_INFLATED).unwrap_or(u64::MAX);
    let mut decoder = ZlibDecoder::new(stored).take(limit.saturating_add(1));
    decoder.read_to_end(&mut plain).map_err(|_| Error::CorruptStream { number })?;
    if plain.len() > MAX_INFLATED {
        return Err(Error::TooMany { what: "unfolded bytes" });
    }
    match single(entries.get("DecodeParms")).ok_or(unsupported)? {
        Value::Null => Ok(plain),
        Value::Dictionary(parameters) => predicted(number, parameters, plain),
        _ => Err(unsupported),
    }
}

/// One value, or the one item of an array; `null` if absent, nothing if there are more.
fn single(value: Option<&Value>) -> Option<&Value> {
    match value.unwrap_or(&Value::Null) {
        Value::Array(items) if items.len() <= 1 => Some(items.first().unwrap_or(&Value::Null)),
        Value::Array(_) => None,
        other => Some(other),
    }
}

fn predicted(number: u32, parameters: &Dictionary, plain: Vec<u8>) -> Result<Vec<u8>, Error> {
    let unsupported = Error::UnsupportedFilter { number };
    let size = |key, default| parameters.get(key).map_or(Some(default), Value::as_size).ok_or(unsupported);
    match size("Predictor", 1)? {
        1 => return Ok(plain),
        10..=15 => {}
        _ => return Err(unsupported),
    }
    let (columns, colors, bits) = (size("Columns", 1)?, size("Colors", 1)?, size("BitsPerComponent", 8)?);
    let sample = colors.checked_mul(bits).filter(|bits| (1..=512).contains(bits)).ok_or(unsupported)?;
    let row = columns.checked_mul(sample).filter(|bits| (1..=1 << 24).contains(bits)).ok_or(unsupported)?;
    png(row.div_ceil(8), sample.div_ceil(8), &plain).ok_or(Error::CorruptStream { number })
}

/// PNG prediction (ISO 15948 §9): each row is a type byte and `width` bytes.
fn png(width: usize, step: usize, rows: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(rows.len());
    let mut above = vec![0; width];
    for row in rows.chunks(width + 1) {
        let (kind, row) = row.split_first()?;
        let mut current: Vec<u8> = Vec::with_capacity(width);
        for (place, byte) in row.iter().enumerate() {
            let before = place.checked_sub(step);
            let left = before.and_then(|place| current.get(place)).copied().unwrap_or(0);
            let corner = before.and_then(|place| above.get(place)).copied().unwrap_or(0);
            let up = above.get(place).copied().unwrap_or(0);
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => left.midpoint(up),
                4 => paeth(left, up, corner),
                _ => return None,
            };
            current.push(byte.wrapping_add(guess));
        }
        plain.extend_from_slice(&current);
        current.resize(width, 0);
        above = current;
    }
    Some(plain)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |byte: u8| (guess - i16::from(byte)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}
