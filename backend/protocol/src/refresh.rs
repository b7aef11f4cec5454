//! Refresh tokens that phones survive (RFC 6749 §6, RFC 9700 §4.14.2): a family per device, one living chain in it.
//!
//! A token is the family's secret name and one link of its chain. A link's successor is computed from the link itself and a random
//! step that the database keeps, so whoever repeats a request whose answer was lost gets the *same* successor and leaves no
//! dead sibling. The database alone leads to no token. Of the chain only the hashes of the last two links are kept: what is neither
//! is an ancestor whose successor was used, and its use ends the family. A copy of one of the last two is not told apart from a repeat
//! whose answer was lost; a proof of the device's key does that.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use handslag_vocab::{Digest, Secret};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

const PREFIX: &str = "hs_refresh_";
const FAMILY: usize = 16;
const LINK: usize = 32;

/// The random part of one step from a link to the next; kept until the step after it.
pub type Step = [u8; 16];

/// One link of one family's chain. Has no `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RefreshToken {
    family: [u8; FAMILY],
    link: [u8; LINK],
}

/// What the database knows of a chain.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    /// The hash of the link that was given out last.
    pub current: &'a Digest,
    /// The hash of the link before it, and the step between.
    pub before: Option<(&'a Digest, &'a Step)>,
    /// Whether links are replaced at use: for public clients. A client that proves a key of its own keeps its token
    /// (FAPI 2.0 Security Profile §5.3.2.1).
    pub rotates: bool,
}

/// What a presented token deserves.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The living link: replace it, under the condition that it still is the living one.
    Advance,
    /// The living link of a chain that does not rotate.
    Keep,
    /// The link before, whose successor nobody has used: this successor once more.
    Repeat(RefreshToken),
    /// An older link, or none of this family: somebody holds a copy. The family ends.
    Reuse,
}

impl RefreshToken {
    /// The first link of a new family.
    pub fn first(rng: &mut dyn CryptoRng) -> Self {
        let mut token = Self { family: [0; FAMILY], link: [0; LINK] };
        rng.fill_bytes(&mut token.family);
        rng.fill_bytes(&mut token.link);
        token
    }

    /// Takes what a client presented; one spelling only.
    pub fn parse(presented: &Secret) -> Option<Self> {
        let mut bytes = URL_SAFE_NO_PAD.decode(presented.reveal().strip_prefix(PREFIX)?).ok()?;
        let (family, link) = bytes.split_first_chunk()?;
        let token = link.try_into().ok().map(|link| Self { family: *family, link });
        bytes.zeroize();
        token
    }

    /// The text for the client.
    pub fn secret(&self) -> Secret {
        let mut bytes = [self.family.as_slice(), self.link.as_slice()].concat();
        let secret = Secret::presented(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes)));
        bytes.zeroize();
        secret
    }

    /// Finds the family.
    pub fn family(&self) -> Digest {
        Digest::of(&self.family)
    }

    /// Finds the link within its family.
    pub fn link(&self) -> Digest {
        Digest::of(&self.link)
    }

    /// The next link after this step.
    #[must_use]
    pub fn successor(&self, step: &Step) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.link), step);
        let mut next = Self { family: self.family, link: [0; LINK] };
        next.link.iter_mut().zip(tag.as_ref()).for_each(|(byte, of_tag)| *byte = *of_tag);
        next
    }
}

impl Chain<'_> {
    /// Judges a token whose family this is.
    pub fn judge(&self, presented: &RefreshToken) -> Verdict {
        let link = presented.link();
        if link == *self.current {
            return if self.rotates { Verdict::Advance } else { Verdict::Keep };
        }
        match self.before {
            Some((before, step)) if link == *before => Verdict::Repeat(presented.successor(step)),
            _ => Verdict::Reuse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwe::tests::Counting;

    const STEPS: [Step; 3] = [[1; 16], [2; 16], [3; 16]];

    /// The first four links of one family.
    fn links() -> Vec<RefreshToken> {
        let mut links = vec![RefreshToken::first(&mut Counting(0))];
        for step in &STEPS {
            links.push(links.last().unwrap().successor(step));
        }
        links
    }

    fn at(links: &[RefreshToken], generation: usize, presented: &RefreshToken) -> Verdict {
        let current = links[generation].link();
        let before = generation.checked_sub(1).map(|before| links[before].link());
        let before = before.as_ref().map(|before| (before, &STEPS[generation - 1]));
        Chain { current: &current, before, rotates: true }.judge(presented)
    }

    #[test]
    fn every_link_of_a_chain_has_its_verdict() {
        let links = links();
        for generation in 0..4 {
            for (number, link) in links.iter().enumerate().take(generation + 1) {
                let expected = match generation - number {
                    0 => Verdict::Advance,
                    1 => Verdict::Repeat(links[generation].clone()),
                    _ => Verdict::Reuse,
                };
                assert!(at(&links, generation, link) == expected, "link {number} at generation {generation}");
            }
        }
        let foreign = RefreshToken { link: [9; 32], ..links[0].clone() };
        assert!(at(&links, 2, &foreign) == Verdict::Reuse);
    }

    #[test]
    fn a_chain_that_does_not_rotate_keeps_its_token() {
        let first = RefreshToken::first(&mut Counting(0));
        let (current, other) = (first.link(), RefreshToken { link: [9; 32], ..first.clone() });
        let chain = Chain { current: &current, before: None, rotates: false };
        assert!(chain.judge(&first) == Verdict::Keep && chain.judge(&other) == Verdict::Reuse);
    }

    #[test]
    fn a_token_reads_back_and_has_one_spelling() {
        let token = RefreshToken::first(&mut Counting(0));
        let text = token.secret().reveal().to_owned();
        assert!(text.starts_with(PREFIX) && text.len() == PREFIX.len() + 64);
        let parse = |text: &str| RefreshToken::parse(&Secret::presented(text));
        assert!(parse(&text) == Some(token));
        let shorter = &text[..text.len() - 1];
        for wrong in ["", PREFIX, shorter, &format!("{text}A"), &format!("{text}=="), &text.replace("hs_refresh_", "hs_code_"), &format!(" {text}")] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_successor_needs_both_the_link_and_the_step() {
        let links = links();
        assert!(links[0].successor(&STEPS[0]) == links[1]);
        assert!(links[0].successor(&STEPS[1]) != links[1]);
        assert!(RefreshToken { link: [9; 32], ..links[0].clone() }.successor(&STEPS[0]) != links[1]);
        assert_eq!(links[0].family(), links[3].family());
    }
}
