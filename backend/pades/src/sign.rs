//! Signing in two phases (EN 319 142-1 §6.3). [`prepare`] appends everything but the signature and gives the digest to
//! be approved and signed elsewhere; minutes later, perhaps after a restart, [`Prepared::embed`] puts the CMS into its
//! place. The original is an exact prefix of both.

mod dictionary;
mod field;
mod inspect;

use handslag_vocab::UnixTime;
use sha2::{Digest as _, Sha256};
use thiserror::Error as ThisError;

pub use inspect::{SignatureField, inspect};

use crate::pdf::increment::Increment;
use crate::pdf::{self, File, pages, write};

/// Least and most bytes that can be reserved for the CMS.
const RESERVE: std::ops::RangeInclusive<usize> = 1..=1024 * 1024;

/// What the signature dictionary says, and how much room it leaves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Options {
    /// `/Location`. Only if the CMS has no signer-location (B14).
    pub location: Option<String>,
    /// `/Name`: who signs.
    pub name: Option<String>,
    /// `/Reason`. Only if the CMS has neither commitment-type nor signature policy (B12).
    pub reason: Option<String>,
    /// Bytes kept free for the DER CMS with its timestamp.
    pub reserve: usize,
    /// `/M`: the claimed time, the only place it stands (B8).
    pub time: UnixTime,
}

/// Why a file cannot be prepared, completed or inspected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub enum Error {
    /// `/ByteRange` is not `[0 a b c]` around one gap inside the file (B10, V1, V3).
    #[error("the signed range is not two pieces around one gap")]
    ByteRange,
    /// The gap is not exactly the hexadecimal string of `/Contents` (V3).
    #[error("the gap in the signed range is not exactly the signature")]
    Gap,
    /// `/Contents` holds no DER value (V1).
    #[error("the signature is empty or not DER")]
    NoSignature,
    /// Something other than zeros follows the DER value (V4).
    #[error("something hides behind the signature")]
    Padding,
    /// The file cannot be read.
    #[error("the file could not be read: {0}")]
    Pdf(#[from] pdf::Error),
    /// The CMS is longer than the room kept for it.
    #[error("the signature needs {needed} bytes, {reserved} are kept")]
    ReserveTooSmall {
        /// Bytes of the CMS.
        needed: usize,
        /// Bytes kept.
        reserved: usize,
    },
    /// The signed range does not end where a saved state of the file ends (V2).
    #[error("the signed range does not end with a saved state of the file")]
    RevisionEnd,
    /// The time has no four-digit year.
    #[error("the time is outside the years 0 to 9999")]
    Time,
}

impl Error {
    /// Stable name for logs and interfaces.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ByteRange => "byte_range",
            Self::Gap => "gap",
            Self::NoSignature => "no_signature",
            Self::Padding => "padding",
            Self::Pdf(error) => error.code(),
            Self::ReserveTooSmall { .. } => "reserve_too_small",
            Self::RevisionEnd => "revision_end",
            Self::Time => "time",
        }
    }
}

/// A file that waits for its signature. Keep `bytes` and `byte_range`; [`Prepared::restore`] brings it back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prepared {
    /// The whole file, zeros where the CMS will stand.
    pub bytes: Vec<u8>,
    /// Start and length of the two signed pieces.
    pub byte_range: [u64; 4],
    /// SHA-256 over the two pieces: the message-digest of the CMS.
    pub digest: [u8; 32],
}

/// Appends a signature field and dictionary to `original`. Reads only the objects on the way to the form and the first
/// page; whether the file *should* be signed is the question of [`crate::intake::check`].
///
/// Errors: the file cannot be read, is encrypted, or an option is out of bounds.
pub fn prepare(original: &[u8], options: &Options) -> Result<Prepared, Error> {
    if !RESERVE.contains(&options.reserve) {
        return Err(Error::ReserveTooSmall { needed: *RESERVE.end(), reserved: options.reserve });
    }
    let file = File::open(original)?;
    if file.is_encrypted() {
        return Err(pdf::Error::Encrypted.into());
    }
    let mut increment = Increment::new(&file)?;
    let (signature, widget) = (increment.allocate()?, increment.allocate()?);
    let (body, holes) = dictionary::signature_dictionary(options)?;
    increment.put(signature, body);
    let page = pages::first(&file)?;
    let taken = field::register(&file, &mut increment, widget)?;
    field::annotate(&file, &mut increment, &page, widget)?;
    increment.put_value(widget, &field::widget_dictionary(signature, &page, &taken));

    let mut hash = Sha256::new_with_prefix(original);
    let appendix = increment.finish(&file, &dictionary::identifier(&hash, options))?;
    let start = appendix.offsets.get(&signature.number).copied().unwrap_or_default();
    let start = start + format!("{} 0 obj\n", signature.number).len() - original.len();
    let mut tail = appendix.bytes;
    let (gap, end) = (start + holes.gap.start, start + holes.gap.end);
    let length = original.len() + tail.len();
    let range = [0, original.len() + gap, original.len() + end, tail.len() - end];
    debug_assert_eq!(range.iter().skip(2).sum::<usize>(), length);
    dictionary::fill_byte_range(&mut tail, start + holes.byte_range, range);
    hash.update(tail.get(..gap).unwrap_or_default());
    hash.update(tail.get(end..).unwrap_or_default());
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(original);
    bytes.append(&mut tail);
    Ok(Prepared { bytes, byte_range: range.map(|number| number as u64), digest: hash.finalize().into() })
}

impl Prepared {
    /// Brings back what was stored. The gap must still be exactly the zeros [`prepare`] wrote.
    ///
    /// Errors: [`Error::ByteRange`] or [`Error::Gap`] when the two do not belong together.
    pub fn restore(bytes: Vec<u8>, byte_range: [u64; 4]) -> Result<Self, Error> {
        let range = Pieces::new(byte_range, bytes.len())?;
        if range.end != bytes.len() {
            return Err(Error::ByteRange);
        }
        let zeros = bytes.get(range.gap.clone()).and_then(inspect::digits).ok_or(Error::Gap)?;
        if zeros.is_empty() || zeros.iter().any(|digit| *digit != b'0') {
            return Err(Error::Gap);
        }
        let digest = range.digest(&bytes);
        Ok(Self { bytes, byte_range, digest })
    }

    /// Bytes kept for the CMS.
    pub fn reserved(&self) -> usize {
        let [_, gap, end, _] = self.byte_range;
        usize::try_from(end.saturating_sub(gap).saturating_sub(2) / 2).unwrap_or(0)
    }

    /// Puts the DER CMS into its place: the finished file.
    ///
    /// Errors: [`Error::ReserveTooSmall`]; prepare again with a larger reserve (the digest to approve changes with it).
    pub fn embed(self, cms_der: &[u8]) -> Result<Vec<u8>, Error> {
        let reserved = self.reserved();
        if cms_der.len() > reserved {
            return Err(Error::ReserveTooSmall { needed: cms_der.len(), reserved });
        }
        if inspect::der_length(cms_der) != Some(cms_der.len()) {
            return Err(Error::NoSignature);
        }
        let mut digits = Vec::with_capacity(cms_der.len() * 2);
        write::hexadecimal(&mut digits, cms_der);
        let mut bytes = self.bytes;
        let range = Pieces::new(self.byte_range, bytes.len())?;
        let start = range.gap.start + 1;
        bytes.get_mut(start..start + digits.len()).ok_or(Error::Gap)?.copy_from_slice(&digits);
        Ok(bytes)
    }
}

/// A checked `/ByteRange`: from the first byte, one gap, an end inside the file.
pub(crate) struct Pieces {
    gap: std::ops::Range<usize>,
    end: usize,
}

impl Pieces {
    pub(crate) fn new(byte_range: [u64; 4], length: usize) -> Result<Self, Error> {
        let sizes = byte_range.map(usize::try_from);
        let [Ok(0), Ok(gap), Ok(start), Ok(rest)] = sizes else { return Err(Error::ByteRange) };
        let end = start.checked_add(rest).filter(|end| *end <= length).ok_or(Error::ByteRange)?;
        if gap == 0 || start <= gap || rest == 0 { Err(Error::ByteRange) } else { Ok(Self { gap: gap..start, end }) }
    }

    pub(crate) fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(bytes.get(..self.gap.start).unwrap_or_default());
        hash.update(bytes.get(self.gap.end..self.end).unwrap_or_default());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests;
