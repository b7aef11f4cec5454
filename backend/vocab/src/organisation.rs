//! Organisation numbers (SKV 709) and `orgAffiliation` (OIDC Sweden Claims 1.0 §2; SE-02, SE-03).

use std::{fmt, str::FromStr};

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

/// The text is not a Swedish organisation number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedOrganisationNumber {
    /// The last digit does not follow from the others.
    #[error("the check digit does not fit the organisation number")]
    CheckDigit,
    /// Not ten digits, or the third digit is below 2 (then it would be a personal number).
    #[error("an organisation number is ten digits with the third at least 2")]
    Form,
}

/// Ten digits without hyphen, check digit right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct OrganisationNumber(String);

impl OrganisationNumber {
    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrganisationNumber {
    type Err = MalformedOrganisationNumber;

    /// Takes `2120009999` or `212000-9999`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = match text.split_once('-') {
            Some((head, tail)) if head.len() == 6 && tail.len() == 4 => format!("{head}{tail}"),
            Some(_) => return Err(MalformedOrganisationNumber::Form),
            None => text.to_owned(),
        };
        let bytes = digits.as_bytes();
        let is_form = bytes.len() == 10 && bytes.iter().all(u8::is_ascii_digit) && bytes.get(2).is_some_and(|b| *b >= b'2');
        if !is_form {
            return Err(MalformedOrganisationNumber::Form);
        }
        if luhn_sum(bytes).is_multiple_of(10) { Ok(Self(digits)) } else { Err(MalformedOrganisationNumber::CheckDigit) }
    }
}

/// The modulus-10 sum of ten ASCII digits, doubling the first and then every other one (SKV 709).
pub(crate) fn luhn_sum(digits: &[u8]) -> u32 {
    let weighted = digits.iter().enumerate().map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 });
    weighted.map(|product| product / 10 + product % 10).sum()
}

impl TryFrom<String> for OrganisationNumber {
    type Error = MalformedOrganisationNumber;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OrganisationNumber> for String {
    fn from(number: OrganisationNumber) -> Self {
        number.0
    }
}

impl fmt::Display for OrganisationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `<opaque id>@<organisation number>`: who a person is at work, opaque to those who read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
pub struct OrgAffiliation(String);

impl OrgAffiliation {
    /// A new one: eight random characters, never the person's name or number (SE-03).
    pub fn random(organisation: &OrganisationNumber, rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 5];
        rng.fill_bytes(&mut bytes);
        Self(format!("{}@{organisation}", crate::id::base32().encode(&bytes)))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgAffiliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_real_authorities_pass_and_one_wrong_digit_does_not() {
        // Malmö stad, Örebro kommun, Skatteverket: published in their own registers.
        for right in ["2120001124", "212000-1967", "2021005448"] {
            assert!(right.parse::<OrganisationNumber>().is_ok(), "{right}");
        }
        for place in 0..10 {
            let mut digits = *b"2120001124";
            digits[place] = b'0' + (digits[place] - b'0' + 1) % 10;
            let text = String::from_utf8(digits.to_vec()).unwrap();
            assert!(text.parse::<OrganisationNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_personal_number_is_not_an_organisation_number() {
        assert_eq!("8112189876".parse::<OrganisationNumber>(), Err(MalformedOrganisationNumber::Form));
        assert_eq!("21200-01124".parse::<OrganisationNumber>(), Err(MalformedOrganisationNumber::Form));
        assert_eq!("".parse::<OrganisationNumber>(), Err(MalformedOrganisationNumber::Form));
    }
}
