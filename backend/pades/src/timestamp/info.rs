//! `TSTInfo` (RFC 3161 §2.4.2): what a timestamp says.

use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, Int, ObjectIdentifier},
};
use handslag_vocab::UnixTime;

use super::request::{Imprint, Request};
use crate::{
    asn1::{self, Fields, tag},
    certificate::{Serial, date_time},
    refused::Refused,
};

/// RFC 3161 §2.4.2: serial numbers of up to 160 bits.
const LONGEST_SERIAL: usize = 20;

/// The content of a timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TstInfo {
    /// The policy it was made under.
    pub policy: ObjectIdentifier,
    /// What it is over.
    pub imprint: Imprint,
    /// Its number, unique at its authority; the integer's content octets.
    pub serial: Vec<u8>,
    /// When; fractions of a second are cut off.
    pub time: UnixTime,
    /// DER INTEGER echoed from the request.
    pub(super) nonce: Option<Vec<u8>>,
}

/// DER of a new timestamp. Accuracy is one second, because times here are whole seconds; ordering is not promised.
pub(super) fn write(request: &Request, policy: ObjectIdentifier, time: UnixTime, serial: &Serial) -> Result<Vec<u8>, Refused> {
    let accuracy = asn1::tlv(tag::SEQUENCE, &[&1_u8.to_der()?])?;
    asn1::tlv(
        tag::SEQUENCE,
        &[
            &1_u8.to_der()?,
            &policy.to_der()?,
            &request.imprint.der()?,
            &serial.integer()?,
            &GeneralizedTime::from_date_time(date_time(time)?).to_der()?,
            &accuracy,
            request.nonce.as_deref().unwrap_or_default(),
        ],
    )
}

impl TstInfo {
    pub(super) fn read(der: &[u8]) -> Result<Self, Refused> {
        const BOOLEAN: u8 = 0x01;
        let mut fields = Fields::of_sequence(der)?;
        if u8::from_der(fields.required(tag::INTEGER)?)? != 1 {
            return Err(Refused::VersionNotAllowed);
        }
        let policy = ObjectIdentifier::from_der(fields.required(tag::OID)?)?;
        let imprint = Imprint::read(fields.required(tag::SEQUENCE)?)?;
        let serial = fields.required(tag::INTEGER)?;
        let _: Int = asn1::exact(serial)?;
        let serial = asn1::content(tag::INTEGER, serial)?.to_vec();
        if serial.len() > LONGEST_SERIAL + 1 {
            return Err(Refused::SerialNumber);
        }
        let time = whole_seconds(asn1::content(tag::GENERALIZED_TIME, fields.required(tag::GENERALIZED_TIME)?)?)?;
        fields.optional(tag::SEQUENCE)?; // accuracy
        fields.optional(BOOLEAN)?; // ordering
        let nonce = fields.optional(tag::INTEGER)?.map(<[u8]>::to_vec);
        fields.optional(tag::CONTEXT_0)?; // the authority's name, which the certificate tells better
        fields.optional(tag::CONTEXT_1)?; // extensions
        fields.end()?;
        Ok(Self { policy, imprint, serial, time, nonce })
    }
}

/// `YYYYMMDDhhmmss[.f…]Z`, a fraction without trailing zeros (RFC 3161 §2.4.2); the fraction is cut off.
fn whole_seconds(text: &[u8]) -> Result<UnixTime, Refused> {
    let (seconds, rest) = text.split_at_checked(14).ok_or(Refused::NotDer)?;
    match rest {
        [b'Z'] => {}
        [b'.', fraction @ .., b'1'..=b'9', b'Z'] if fraction.iter().all(u8::is_ascii_digit) => {}
        _ => return Err(Refused::NotDer),
    }
    let time = GeneralizedTime::from_der(&asn1::tlv(tag::GENERALIZED_TIME, &[seconds, b"Z"])?)?;
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Refused::TimeOutOfRange)?;
    Ok(UnixTime::from_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_off_and_their_malformed_kin_refused() {
        let second = UnixTime::from_seconds(1_794_997_600);
        for good in ["20261118102640Z", "20261118102640.1Z", "20261118102640.0001Z", "20261118102640.987654321Z"] {
            assert_eq!(whole_seconds(good.as_bytes()), Ok(second), "{good}");
        }
        for bad in ["20261118102640", "20261118102640.Z", "20261118102640.10Z", "20261118102640+0100", "20261318102640Z", "2026111810264Z", ""] {
            assert!(whole_seconds(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
