//! The signature dictionary as bytes, with room for what is known only later (ISO 32000-2 §12.8.1).

use handslag_vocab::UnixTime;
use sha2::{Digest as _, Sha256};

use super::{Error, Options};
use crate::pdf::{Value, write};

/// Digits of each number in `/ByteRange`: fixed, as the numbers are known only when their place is.
const DIGITS: usize = 10;
/// Where the body of the signature dictionary leaves room.
pub(super) struct Holes {
    pub(super) byte_range: usize,
    pub(super) gap: std::ops::Range<usize>,
}

/// The signature dictionary (ISO 32000-2 §12.8.1, EN 319 142-1 §6.3: B9, B11, B17).
pub(super) fn signature_dictionary(options: &Options) -> Result<(Vec<u8>, Holes), Error> {
    let mut body = b"<</Type /Sig\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.CAdES.detached\n/M ".to_vec();
    write::value(&mut body, &Value::Text(pdf_date(options.time)?.into_bytes()));
    for (key, text) in [("Name", &options.name), ("Reason", &options.reason), ("Location", &options.location)] {
        if let Some(text) = text {
            body.extend_from_slice(format!("\n/{key} ").as_bytes());
            write::value(&mut body, &write::text_string(text));
        }
    }
    body.extend_from_slice(b"\n/ByteRange [");
    let byte_range = body.len();
    body.resize(byte_range + 4 * (DIGITS + 1), b' ');
    body.extend_from_slice(b"]\n/Contents ");
    let gap = body.len();
    body.push(b'<');
    body.resize(body.len() + options.reserve * 2, b'0');
    body.push(b'>');
    let holes = Holes { byte_range, gap: gap..body.len() };
    body.extend_from_slice(b">>");
    Ok((body, holes))
}

pub(super) fn fill_byte_range(tail: &mut [u8], at: usize, range: [usize; 4]) {
    let text = range.map(|number| format!("{number:<width$}", width = DIGITS + 1)).concat();
    if let Some(room) = tail.get_mut(at..at + text.len()) {
        room.copy_from_slice(text.as_bytes());
    }
}

/// The changing half of `/ID` (ISO 32000-2 §14.4): from the original and the options, so that it needs no chance.
pub(super) fn identifier(original: &Sha256, options: &Options) -> [u8; 16] {
    let mut hash = original.clone();
    hash.update(options.time.seconds().to_be_bytes());
    hash.update(options.name.as_deref().unwrap_or_default());
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = <[u8; 32]>::from(hash.finalize());
    id
}

/// `D:YYYYMMDDHHmmSSZ` (ISO 32000-2 §7.9.4). The calendar is Howard Hinnant's `civil_from_days`.
pub(super) fn pdf_date(time: UnixTime) -> Result<String, Error> {
    let (days, second) = (time.seconds().div_euclid(86_400), time.seconds().rem_euclid(86_400));
    let shifted = days.checked_add(719_468).ok_or(Error::Time)?;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(0..=9999).contains(&year) {
        return Err(Error::Time);
    }
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    Ok(format!("D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"))
}
