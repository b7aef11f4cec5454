//! Typed ids: 128 bits, random or of a time, in lower-case base32 behind a prefix that says what they name (`per_`, `aff_`, …).
//!
//! An id is not a secret and never derived from a person's data (OP-21, SE-03).

use std::{fmt, str::FromStr};

use data_encoding::{Encoding, Specification};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::UnixTime;

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the kind {expected}")]
pub struct MalformedId {
    /// The prefix that was expected.
    pub expected: &'static str,
}

/// Crockford's alphabet in lower case: no `i`, `l`, `o`, `u`, so that an id can be read aloud.
pub(crate) fn base32() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    // The symbols above are distinct and a power of two, the only ways this could fail.
    specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
}

fn random_text(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    base32().encode(&bytes)
}

/// The second, and 96 random bits.
fn text_of(now: UnixTime, rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; 16];
    let (second, random) = bytes.split_at_mut(4);
    // It ends in 2106; from then on ids are random again in effect, and nothing rests on their order.
    second.copy_from_slice(&u32::try_from(now.seconds()).unwrap_or(u32::MAX).to_be_bytes());
    rng.fill_bytes(random);
    base32().encode(&bytes)
}

fn is_id_text(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&b))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id from 128 random bits.
            pub fn random(rng: &mut dyn CryptoRng) -> Self {
                Self(format!(concat!($prefix, "_{}"), random_text(rng)))
            }

            /// A new id for what is made many times a second: those of one time stand together in an index, where random ones would
            /// touch a page each. It tells the second, which everybody who meets it knows.
            pub fn at(now: UnixTime, rng: &mut dyn CryptoRng) -> Self {
                Self(format!(concat!($prefix, "_{}"), text_of(now, rng)))
            }

            /// The text form, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;
            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let rest = text.strip_prefix(concat!($prefix, "_"));
                if rest.is_some_and(is_id_text) { Ok(Self(text.to_owned())) } else { Err(MalformedId { expected: $prefix }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;
            fn try_from(text: String) -> Result<Self, MalformedId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One person's work identity in one organisation.
    AffiliationId = "aff";
    /// One approval: the transaction id that the phone signs.
    ApprovalId = "txn";
    /// One public key of a phone.
    CredentialId = "cre";
    /// One door with a lock.
    DoorId = "dor";
    /// One authorization grant.
    GrantId = "gra";
    /// One invitation to a colleague.
    InvitationId = "inv";
    /// One opening of a door.
    OpeningId = "ope";
    /// One organisation.
    OrganisationId = "org";
    /// One door pass.
    PassId = "pas";
    /// One natural person.
    PersonId = "per";
    /// One enrolled phone.
    PhoneId = "pho";
    /// One log-in session in a browser.
    SessionId = "ses";
    /// One signature that a person is asked for.
    SignatureId = "sig";
    /// One visit by one worker.
    VisitId = "vis";
}

/// A client id is chosen by whoever registers the service: 1–64 of `a–z 0–9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    /// A new id from 128 random bits, for who does not choose one.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self(random_text(rng))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = MalformedId;
    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedId { expected: "client id" })
        }
    }
}

impl TryFrom<String> for ClientId {
    type Error = MalformedId;
    fn try_from(text: String) -> Result<Self, MalformedId> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_one_kind_is_not_an_id_of_another() {
        let text = "per_0123456789abcdefghjkmnpqrs";
        assert!(text.parse::<PersonId>().is_ok());
        assert_eq!(text.parse::<AffiliationId>(), Err(MalformedId { expected: "aff" }));
        for wrong in [
            "per_",
            "per_0123456789ABCDEFGHJKMNPQRS",
            "per_0123456789abcdefghjkmnpqr",
            "0123456789abcdefghjkmnpqrs",
            "per_0123456789abcdefghjkmnpqrsi",
        ] {
            assert!(wrong.parse::<PersonId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ids_of_one_time_stand_together_and_are_never_the_same() {
        let mut rng = crate::secret::tests::Counter(0);
        let mut ids = Vec::new();
        for second in [1, 31, 32, 1_000_000_000, i64::from(u32::MAX), i64::MAX] {
            ids.extend([GrantId::at(UnixTime::from_seconds(second), &mut rng), GrantId::at(UnixTime::from_seconds(second), &mut rng)]);
        }
        assert!(ids.iter().all(|id| id.as_str().parse() == Ok(id.clone())));
        assert!(ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
    }

    #[test]
    fn a_client_id_holds_no_character_that_a_url_or_a_log_would_bend() {
        assert!("skolportalen".parse::<ClientId>().is_ok());
        for wrong in ["", "Skol", "a b", "a/b", "å", "a\n", &"x".repeat(65)] {
            assert!(wrong.parse::<ClientId>().is_err(), "{wrong}");
        }
    }
}
