//! The QR code that moves each second (BankID RP API v6, "animated QR"): `<start token>.<t>.<hex HMAC-SHA256(secret, t)>`.
//!
//! A code photographed and sent on is worthless seconds later. The secret never leaves the server; the screen is sent codes,
//! not the secret.

use aws_lc_rs::hmac;
use handslag_vocab::{Seconds, Secret};

use crate::refusal::refusals;

refusals! {
    /// Why a scanned code is refused.
    pub enum Refusal {
        /// The screen cannot show a second that has not come.
        FromTheFuture = "qr_future", "the code is of a second that has not come yet";
        /// Not token, seconds and 64 lower-case hex digits with dots between.
        Malformed = "qr_malformed", "the text is not a moving code";
        /// Older than five seconds: probably a picture that was sent on.
        TooOld = "qr_too_old", "the code is older than five seconds";
        /// The code was not made with the secret of this start.
        Untrue = "qr_untrue", "the code was not shown by this service";
    }
}

/// How long a shown code may take to be scanned and to arrive.
pub const WINDOW: Seconds = Seconds(5);

/// A code as scanned, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannedCode<'a> {
    start_token: &'a str,
    second: u32,
    authenticator: [u8; 32],
}

/// The text to show `second` seconds after the start.
pub fn shown(start_token: &str, secret: &Secret, second: u32) -> String {
    let tag = hmac::sign(&key(secret), second.to_string().as_bytes());
    let hex: String = tag.as_ref().iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 0x0f)]).collect();
    format!("{start_token}.{second}.{hex}")
}

impl<'a> ScannedCode<'a> {
    /// Takes the text of the code. There is one spelling: no sign, no leading zero, lower-case hex.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let (rest, authenticator) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (start_token, second_text) = rest.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let second: u32 = second_text.parse().map_err(|_| Refusal::Malformed)?;
        let is_token = (1..=128).contains(&start_token.len()) && start_token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !is_token || second.to_string() != second_text {
            return Err(Refusal::Malformed);
        }
        Ok(Self { start_token, second, authenticator: from_hex(authenticator).ok_or(Refusal::Malformed)? })
    }

    /// Which start to look up.
    pub const fn start_token(&self) -> &'a str {
        self.start_token
    }

    /// Takes the secret of that start and how long ago it was; compared in constant time.
    pub fn accept(&self, secret: &Secret, since_start: Seconds) -> Result<(), Refusal> {
        hmac::verify(&key(secret), self.second.to_string().as_bytes(), &self.authenticator).map_err(|_| Refusal::Untrue)?;
        let age = since_start.0.saturating_sub(i64::from(self.second));
        match age {
            age if age < 0 => Err(Refusal::FromTheFuture),
            age if age > WINDOW.0 => Err(Refusal::TooOld),
            _ => Ok(()),
        }
    }
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes())
}

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BankID RP API v6, "QR code": token, secret and the codes of the first three seconds.
    const TOKEN: &str = "67df3917-fa0d-44e5-b327-edcc928297f8";
    const CODES: [&str; 3] = [
        "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8",
        "949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2",
        "a9e5ec59cb4eee4ef4117150abc58fad7a85439a6a96ccbecc3668b41795b3f3",
    ];

    fn secret() -> Secret {
        Secret::presented("d28db9a7-4cde-429e-a983-359be676944c")
    }

    #[test]
    fn the_published_codes() {
        for (second, code) in (0..).zip(CODES) {
            let text = format!("{TOKEN}.{second}.{code}");
            assert_eq!(shown(TOKEN, &secret(), second), text);
            let scanned = ScannedCode::parse(&text).unwrap();
            assert_eq!(scanned.start_token(), TOKEN);
            assert_eq!(scanned.accept(&secret(), Seconds(second.into())), Ok(()));
        }
    }

    #[test]
    fn a_code_is_good_for_five_seconds_and_only_with_its_secret() {
        let text = shown(TOKEN, &secret(), 10);
        let scanned = ScannedCode::parse(&text).unwrap();
        for (since_start, outcome) in [
            (10, Ok(())),
            (15, Ok(())),
            (16, Err(Refusal::TooOld)),
            (i64::MAX, Err(Refusal::TooOld)),
            (9, Err(Refusal::FromTheFuture)),
            (0, Err(Refusal::FromTheFuture)),
            (i64::MIN, Err(Refusal::FromTheFuture)),
        ] {
            assert_eq!(scanned.accept(&secret(), Seconds(since_start)), outcome, "{since_start}");
        }
        assert_eq!(scanned.accept(&Secret::presented("another start"), Seconds(10)), Err(Refusal::Untrue));
        let later = text.replace(".10.", ".11.");
        assert_eq!(ScannedCode::parse(&later).unwrap().accept(&secret(), Seconds(11)), Err(Refusal::Untrue), "an old code with a new second");
    }

    #[test]
    fn texts_that_are_no_code() {
        let code = CODES[0];
        let wrong = [
            String::new(),
            TOKEN.to_owned(),
            format!("{TOKEN}.0"),
            format!("{TOKEN}.0."),
            format!(".0.{code}"),
            format!("{TOKEN}..{code}"),
            format!("{TOKEN}.-1.{code}"),
            format!("{TOKEN}.+0.{code}"),
            format!("{TOKEN}.00.{code}"),
            format!("{TOKEN}.0x0.{code}"),
            format!("{TOKEN}.4294967296.{code}"),
            format!("{TOKEN}.0.{}", code.to_uppercase()),
            format!("{TOKEN}.0.{}", &code[1..]),
            format!("{TOKEN}.0.{code}0"),
            format!("{TOKEN}.0.{code} "),
            format!("{TOKEN}.0.{code}\n"),
            format!("bankid.{TOKEN}.0.{code}"),
            format!("a b.0.{code}"),
            format!("{}.0.{code}", "a".repeat(129)),
            format!("å.0.{code}"),
        ];
        for text in wrong {
            assert_eq!(ScannedCode::parse(&text), Err(Refusal::Malformed), "{text}");
        }
    }
}
