//! Deterministic CBOR and nothing else (RFC 8949 §4.2.1): one value has one encoding, so that a hash or a signature cannot be dodged by
//! writing the same thing in another way. The reader accepts a superset and then encodes again and compares; the labels are asked for in order.

use heapless::Vec;
use minicbor::{Decoder, Encoder, data::Tag, decode, encode};

use crate::Error;

/// A buffer of fixed size that refuses instead of growing.
pub(crate) struct Buffer<const N: usize>(Vec<u8, N>);

/// The buffer is full.
#[derive(Debug)]
pub(crate) struct Full;

impl<const N: usize> encode::Write for Buffer<N> {
    type Error = Full;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.0.extend_from_slice(bytes).map_err(|_| Full)
    }
}

/// The encoder every structure here writes with.
pub(crate) type To<const N: usize> = Encoder<Buffer<N>>;

/// What a writing step answers.
pub(crate) type Written = Result<(), encode::Error<Full>>;

/// Writes one structure into at most `N` bytes.
pub(crate) fn write<const N: usize>(build: impl FnOnce(&mut To<N>) -> Written) -> Result<Vec<u8, N>, Error> {
    let mut encoder = Encoder::new(Buffer(Vec::new()));
    build(&mut encoder).map_err(|_| Error::TooLarge)?;
    Ok(encoder.into_writer().0)
}

/// Reads one structure that must fill `bytes` to the end.
pub(crate) fn read<'b, T>(bytes: &'b [u8], parse: impl FnOnce(&mut Decoder<'b>) -> Result<T, decode::Error>) -> Result<T, Error> {
    let mut decoder = Decoder::new(bytes);
    let value = parse(&mut decoder).map_err(|_| Error::Malformed)?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(Error::Malformed) }
}

/// Refuses bytes that are not what the value encodes to.
pub(crate) fn same(bytes: &[u8], again: &[u8]) -> Result<(), Error> {
    if bytes == again { Ok(()) } else { Err(Error::NotDeterministic) }
}

/// A definite array of exactly `len` items.
pub(crate) fn array(d: &mut Decoder<'_>, len: u64) -> Result<(), decode::Error> {
    if d.array()? == Some(len) { Ok(()) } else { Err(decode::Error::message("array of another length")) }
}

/// A definite map of exactly `len` pairs.
pub(crate) fn map(d: &mut Decoder<'_>, len: u64) -> Result<(), decode::Error> {
    if d.map()? == Some(len) { Ok(()) } else { Err(decode::Error::message("map of another length")) }
}

/// The next label of a map must be this one.
pub(crate) fn label(d: &mut Decoder<'_>, wanted: i32) -> Result<(), decode::Error> {
    if d.i32()? == wanted { Ok(()) } else { Err(decode::Error::message("another label")) }
}

/// Takes the label if it is next; leaves the decoder where it was if not.
pub(crate) fn optional_label(d: &mut Decoder<'_>, wanted: i32) -> bool {
    let here = d.position();
    let found = d.i32().is_ok_and(|label| label == wanted);
    if !found {
        d.set_position(here);
    }
    found
}

/// The next tag must be this one.
pub(crate) fn tag(d: &mut Decoder<'_>, wanted: u64) -> Result<(), decode::Error> {
    if d.tag()? == Tag::new(wanted) { Ok(()) } else { Err(decode::Error::message("another tag")) }
}

/// A byte string of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], decode::Error> {
    d.bytes()?.try_into().map_err(|_| decode::Error::message("byte string of another length"))
}

/// A value outside its set.
pub(crate) fn foreign() -> decode::Error {
    decode::Error::message("value outside its set")
}
