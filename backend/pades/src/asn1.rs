//! Writing and reading the DER that is built by hand: sequences, and above all `SET OF`.
//!
//! Signed attributes and certificate sets are ordered here on the encoded octets (X.690 §11.6), not by the ordering of Rust
//! values: a library's value order may differ from the octet order, and one octet out of place invalidates a signature for
//! every strict validator. Reading keeps the original octets, so what is hashed is what was received.

use der::{Decode, Encode, Reader, SliceReader, asn1::AnyRef};

use crate::refused::Refused;

/// Identifier octets used in CMS and X.509.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    pub(crate) const CONTEXT_1: u8 = 0xa1;
}

/// One element: identifier octet, definite length, the parts one after another.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    let content = parts.concat();
    let length = der::Length::try_from(content.len())?.to_der()?;
    Ok([&[tag], length.as_slice(), &content].concat())
}

/// A `SET OF` under `tag` in DER order. The same element twice is refused.
pub(crate) fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Result<Vec<u8>, Refused> {
    elements.sort();
    if elements.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Refused::SetOutOfOrder);
    }
    tlv(tag, &[&elements.concat()])
}

/// The content octets of exactly one element with this identifier octet.
pub(crate) fn content(tag: u8, element: &[u8]) -> Result<&[u8], Refused> {
    if element.first() != Some(&tag) {
        return Err(Refused::NotDer);
    }
    Ok(AnyRef::from_der(element)?.value())
}

/// The elements of a `SET OF` content, refused unless strictly ascending (X.690 §11.6).
pub(crate) fn ordered(content: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    let mut fields = Fields::of(content)?;
    let mut elements: Vec<&[u8]> = Vec::new();
    while let Some(element) = fields.next()? {
        if elements.last().is_some_and(|last| *last >= element) {
            return Err(Refused::SetOutOfOrder);
        }
        elements.push(element);
    }
    Ok(elements)
}

/// Decodes, and refuses any other octets than the ones DER gives for the value.
pub(crate) fn exact<'a, T: Decode<'a> + Encode>(der: &'a [u8]) -> Result<T, Refused>
where
    Refused: From<<T as Decode<'a>>::Error>,
{
    let value = T::from_der(der)?;
    if value.to_der()? != der {
        return Err(Refused::NotDer);
    }
    Ok(value)
}

/// The fields of a sequence, taken in order as whole elements.
pub(crate) struct Fields<'a>(SliceReader<'a>);

impl<'a> Fields<'a> {
    /// Over content octets.
    pub(crate) fn of(content: &'a [u8]) -> Result<Self, Refused> {
        Ok(Self(SliceReader::new(content)?))
    }

    /// Over one whole `SEQUENCE` element.
    pub(crate) fn of_sequence(element: &'a [u8]) -> Result<Self, Refused> {
        Self::of(content(tag::SEQUENCE, element)?)
    }

    /// The next element whatever it is; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<&'a [u8]>, Refused> {
        if self.0.is_finished() { Ok(None) } else { Ok(Some(self.0.tlv_bytes()?)) }
    }

    /// The next element, which must have this identifier octet.
    pub(crate) fn required(&mut self, tag: u8) -> Result<&'a [u8], Refused> {
        self.optional(tag)?.ok_or(Refused::NotDer)
    }

    /// The next element if it has this identifier octet.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Refused> {
        if self.0.peek_byte() == Some(tag) { self.next() } else { Ok(None) }
    }

    /// Refuses anything left over.
    pub(crate) fn end(self) -> Result<(), Refused> {
        Ok(self.0.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_ordered_by_its_octets() {
        let set = set_of(tag::SET, vec![vec![0x04, 0x01, 0x09], vec![0x02, 0x01, 0x7f], vec![0x04, 0x01, 0x02]]).unwrap();
        assert_eq!(set, [0x31, 9, 0x02, 0x01, 0x7f, 0x04, 0x01, 0x02, 0x04, 0x01, 0x09]);
        assert_eq!(ordered(content(tag::SET, &set).unwrap()).unwrap().len(), 3);
    }

    #[test]
    fn disorder_repetition_and_long_lengths_are_refused() {
        assert_eq!(ordered(&[0x04, 0x01, 0x09, 0x04, 0x01, 0x02]), Err(Refused::SetOutOfOrder));
        assert_eq!(ordered(&[0x05, 0x00, 0x05, 0x00]), Err(Refused::SetOutOfOrder));
        assert_eq!(set_of(tag::SET, vec![vec![5, 0], vec![5, 0]]), Err(Refused::SetOutOfOrder));
        assert_eq!(content(tag::SEQUENCE, &[0x30, 0x81, 0x00]), Err(Refused::NotDer), "length in the long form");
        assert_eq!(content(tag::SEQUENCE, &[0x30, 0x80, 0x00, 0x00]), Err(Refused::NotDer), "indefinite length");
        assert_eq!(content(tag::SEQUENCE, &[0x30, 0x00, 0x00]), Err(Refused::NotDer), "something after the end");
        assert!(ordered(&[0x04, 0x7f, 0x00]).is_err(), "length beyond the end");
    }
}
