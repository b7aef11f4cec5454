//! Personal identity numbers (SKV 704) and coordination numbers (SKV 707), as OIDC Sweden Claims 1.0 §2.1 tells them: twelve digits.

use std::{fmt, str::FromStr};

use super::organisation::luhn_sum;

/// The text is neither kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPersonNumber {
    /// The last digit does not follow from the others.
    #[error("the check digit does not fit the number")]
    CheckDigit,
    /// Not twelve digits, or no day of the calendar.
    #[error("a number is twelve digits that begin with a day, in a coordination number with 60 added to the day")]
    Form,
}

/// Twelve digits without hyphen, a day of the calendar first, check digit right. Of which kind it is, it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonNumber(String);

/// What a coordination number has added to the day.
const COORDINATION: u32 = 60;

impl PersonNumber {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a coordination number, and not a personal identity number: nobody's is both.
    pub fn is_coordination(&self) -> bool {
        number(self.0.as_bytes(), 6..8).is_some_and(|day| day > COORDINATION)
    }
}

impl FromStr for PersonNumber {
    type Err = MalformedPersonNumber;

    /// Takes `YYYYMMDDNNNC` and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let tail = bytes.get(2..).filter(|_| bytes.len() == 12 && is_day(bytes)).ok_or(MalformedPersonNumber::Form)?;
        if luhn_sum(tail).is_multiple_of(10) { Ok(Self(text.to_owned())) } else { Err(MalformedPersonNumber::CheckDigit) }
    }
}

impl fmt::Display for PersonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn number(digits: &[u8], place: std::ops::Range<usize>) -> Option<u32> {
    std::str::from_utf8(digits.get(place)?).ok()?.parse().ok()
}

/// Digits alone, and the first eight a day of the nineteenth to the twenty-first century, with or without 60 more.
fn is_day(digits: &[u8]) -> bool {
    let parts = (number(digits, 0..4), number(digits, 4..6), number(digits, 6..8));
    let (Some(year @ 1800..=2099), Some(month), Some(day)) = parts else { return false };
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    let day = if day > COORDINATION { day - COORDINATION } else { day };
    (1..=days).contains(&day) && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_day_and_its_check_digit() {
        for (right, is_coordination) in [("191212121212", false), ("200002292399", false), ("189001019802", false), ("197010632391", true)] {
            let number: PersonNumber = right.parse().unwrap();
            assert_eq!((number.is_coordination(), number.as_str()), (is_coordination, right));
        }
        for wrong in ["191212121213", "191212121222", "197010632392"] {
            assert_eq!(wrong.parse::<PersonNumber>(), Err(MalformedPersonNumber::CheckDigit), "{wrong}");
        }
        for wrong in [
            "",
            "1212121212",
            "19121212-1212",
            "19121212+212",
            "191313121212",
            "191200121212",
            "191212001212",
            "191212321212",
            "190002291212",
            "210012121212",
            "191212601212",
            "191212921212",
            "199911919209",
            "1912121212125",
            "１９１２",
        ] {
            assert_eq!(wrong.parse::<PersonNumber>(), Err(MalformedPersonNumber::Form), "{wrong}");
        }
    }
}
