//! Four Swedish words that stand for a digest, so that two people or two screens can compare a document by eye or aloud.
//!
//! The words are a help for people, never a check by a machine: 44 bits stop a mix-up and a forgery made by hand, and the
//! whole digest is what is signed. The list has 2,048 everyday words; any two differ in at least two letters even when
//! `å ä ö` are read as `a a o`, so that a misheard or mistyped letter gives no other word of the list.
//! The list never changes: a word shown in evidence today must mean the same digest in twenty years.

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// One word a line, sorted by bytes; the line number is the word's 11 bits.
const LIST: &str = include_str!("words/sv.txt");

/// Keeps these words apart from every other use of SHA-256 in the project.
const DOMAIN: &[u8] = b"se.handslag.control-words/1\0";

/// Gives the control words of a digest.
#[derive(Clone, Copy, Debug)]
pub struct ControlWords;

impl ControlWords {
    /// The four words of this digest: the first 44 bits, high bit first, of SHA-256 over the domain and the digest.
    pub fn of(digest: &Digest) -> [String; 4] {
        let hash = Sha256::new().chain_update(DOMAIN).chain_update(digest.as_bytes()).finalize();
        let bits = hash.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        [53, 42, 31, 20].map(|shift| word(bits >> shift))
    }
}

/// The word of the low 11 bits. The list has a line for every value (tested), so the empty word is never given.
fn word(bits: u64) -> String {
    let line = usize::try_from(bits & 0x7ff).unwrap_or_default();
    LIST.lines().nth(line).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn folded(word: &str) -> Vec<u8> {
        word.chars()
            .map(|letter| match letter {
                'å' | 'ä' => b'a',
                'ö' => b'o',
                plain => u8::try_from(plain).unwrap(),
            })
            .collect()
    }

    /// Equal, or one letter changed, added or left out.
    fn within_one_letter(one: &[u8], other: &[u8]) -> bool {
        let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
        let (one, other) = (&one[start..], &other[start..]);
        match one.len().cmp(&other.len()) {
            std::cmp::Ordering::Equal => one.get(1..) == other.get(1..),
            std::cmp::Ordering::Less => Some(one) == other.get(1..),
            std::cmp::Ordering::Greater => one.get(1..) == Some(other),
        }
    }

    #[test]
    fn a_line_for_every_eleven_bits_sorted_and_unique() {
        let words: Vec<&str> = LIST.lines().collect();
        assert_eq!(words.len(), 2_048);
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sorted by bytes, none twice");
        assert_eq!(words.iter().map(|word| folded(word)).collect::<BTreeSet<_>>().len(), 2_048, "none twice when folded");
    }

    #[test]
    fn three_to_eight_small_swedish_letters() {
        for word in LIST.lines() {
            assert!((3..=8).contains(&word.chars().count()), "{word}");
            assert!(word.chars().all(|letter| letter.is_ascii_lowercase() || "åäö".contains(letter)), "{word}");
        }
    }

    #[test]
    fn one_wrong_letter_never_gives_another_word() {
        let words: Vec<Vec<u8>> = LIST.lines().map(folded).collect();
        for (place, one) in words.iter().enumerate() {
            for other in &words[place + 1..] {
                assert!(!within_one_letter(one, other), "{} {}", String::from_utf8_lossy(one), String::from_utf8_lossy(other));
            }
        }
    }

    #[test]
    fn the_measure_of_one_letter_is_right() {
        for (one, other, near) in [
            ("tak", "tack", true),
            ("hund", "lund", true),
            ("glass", "glas", true),
            ("bok", "bok", true),
            ("hjul", "kjol", false),
            ("bok", "bokhylla", false),
        ] {
            assert_eq!(within_one_letter(one.as_bytes(), other.as_bytes()), near, "{one} {other}");
        }
    }

    /// Computed apart, with Python's hashlib: a changed list, domain or bit order turns old evidence into other words.
    #[test]
    fn golden_vectors() {
        assert_eq!(ControlWords::of(&Digest::of(b"file")), ["stjälk", "sotig", "våglängd", "kapsyl"]);
        assert_eq!(ControlWords::of(&Digest([0; 32])), ["kringla", "paj", "djurpark", "ansökan"]);
        assert_eq!(Digest::of(LIST.as_bytes()).to_base64url(), "r8W93NwDC3ReqEYqWaN3l8quml071lLllnx6jvr6NO4");
    }
}
