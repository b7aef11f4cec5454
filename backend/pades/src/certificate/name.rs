//! Distinguished names: each attribute alone in its set, UTF8String throughout but PrintableString where X.520 demands it.
//!
//! Names end up in stamps and lists people trust, so characters that hide, reorder or break text are refused (V12).

use der::{
    Decode, Encode,
    asn1::{Any, ObjectIdentifier, PrintableStringRef, Utf8StringRef},
};
use handslag_vocab::OrganisationNumber;
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use crate::{oid, refused::Refused};

/// EN 319 412-2 §4.2.4 lets names exceed the 64 characters of X.520; this bound only keeps certificates small.
const LONGEST: usize = 256;

/// The name of a root, a signing authority or a timestamp authority (EN 319 412-3 §4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// ISO 3166 country code, two capital letters.
    pub country: String,
    /// The organisation's registered name.
    pub organisation: String,
    /// The organisation's number; written as `NTRSE-<number>`.
    pub organisation_number: OrganisationNumber,
    /// What this authority is called.
    pub common_name: String,
}

/// The name of a person at work (EN 319 412-2 §4.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// ISO 3166 country code, two capital letters.
    pub country: String,
    /// The organisation's registered name.
    pub organisation: String,
    /// The organisation's number; written as `NTRSE-<number>`.
    pub organisation_number: OrganisationNumber,
    /// Given name.
    pub given_name: String,
    /// Surname.
    pub surname: String,
    /// The name as shown.
    pub common_name: String,
    /// `serialNumber`: the unique identifier, `orgAffiliation` (`<opaque id>@<organisation number>`).
    pub serial_number: String,
}

/// One subject attribute and the SAML attribute the Swedish mapping gives for it.
pub(super) struct SubjectAttribute {
    pub(super) oid: ObjectIdentifier,
    pub(super) value: String,
    pub(super) saml_name: &'static str,
    pub(super) friendly_name: &'static str,
}

impl Authority {
    pub(super) fn name(&self) -> Result<Name, Refused> {
        let number = organisation_identifier(&self.organisation_number);
        distinguished([
            (oid::COUNTRY, self.country.as_str()),
            (oid::ORGANISATION, &self.organisation),
            (oid::ORGANISATION_IDENTIFIER, &number),
            (oid::COMMON_NAME, &self.common_name),
        ])
    }
}

impl Person {
    pub(super) fn name(&self) -> Result<Name, Refused> {
        let attributes = self.attributes();
        distinguished(attributes.iter().map(|attribute| (attribute.oid, attribute.value.as_str())))
    }

    /// Every attribute of the subject, in its order.
    pub(super) fn attributes(&self) -> Vec<SubjectAttribute> {
        let number = organisation_identifier(&self.organisation_number);
        let one = |oid, value: &str, saml_name, friendly_name| SubjectAttribute { oid, value: value.to_owned(), saml_name, friendly_name };
        vec![
            one(oid::COUNTRY, &self.country, "urn:oid:2.5.4.6", "c"),
            one(oid::ORGANISATION, &self.organisation, "urn:oid:2.5.4.10", "o"),
            one(oid::ORGANISATION_IDENTIFIER, &number, "urn:oid:2.5.4.97", "organizationIdentifier"),
            one(oid::COMMON_NAME, &self.common_name, "urn:oid:2.16.840.1.113730.3.1.241", "displayName"),
            one(oid::SURNAME, &self.surname, "urn:oid:2.5.4.4", "sn"),
            one(oid::GIVEN_NAME, &self.given_name, "urn:oid:2.5.4.42", "givenName"),
            one(oid::SERIAL_NUMBER, &self.serial_number, "urn:oid:1.2.752.201.3.1", "orgAffiliation"),
        ]
    }
}

/// EN 319 412-1 §5.1.4: national trade register, Sweden.
fn organisation_identifier(number: &OrganisationNumber) -> String {
    format!("NTRSE-{number}")
}

fn distinguished<'a>(attributes: impl IntoIterator<Item = (ObjectIdentifier, &'a str)>) -> Result<Name, Refused> {
    let mut sequence = RdnSequence::default();
    for (oid, text) in attributes {
        let attribute = AttributeTypeAndValue { oid, value: value(oid, text)? };
        sequence.push(RelativeDistinguishedName::try_from(vec![attribute])?);
    }
    Ok(Name::from_der(&sequence.to_der()?)?)
}

fn value(oid: ObjectIdentifier, text: &str) -> Result<Any, Refused> {
    if text.trim().is_empty() || text.len() > LONGEST || text.chars().any(hides_or_reorders) {
        return Err(Refused::TextNotAllowed);
    }
    let any = match oid {
        oid::COUNTRY if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_uppercase()) => return Err(Refused::TextNotAllowed),
        oid::COUNTRY => Any::from(PrintableStringRef::new(text)?),
        _ => Any::from(Utf8StringRef::new(text)?),
    };
    Ok(any)
}

/// Control characters, bidirectional overrides and isolates, zero-width and other invisible characters.
pub(super) fn hides_or_reorders(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}
