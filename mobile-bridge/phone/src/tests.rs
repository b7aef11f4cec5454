//! Stories with actors: a municipality that answers over the contract and verifies everything really, a lock that decides by
//! the door crate, and a worker's phone.

mod approvals;
mod doors;
mod enrolment;
mod keys;
mod kills;
mod kommun;
mod messages;
mod numbers;
mod telefon;
mod turns;

use rand_core::{TryCryptoRng, TryRng};

/// SplitMix64: chance that every run repeats.
pub(crate) struct Chance(pub(crate) u64);

impl TryRng for Chance {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| u32::try_from(number >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = u8::try_from(self.try_next_u64()? >> 56).unwrap();
        }
        Ok(())
    }
}

impl TryCryptoRng for Chance {}
