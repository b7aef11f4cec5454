//! Keys of a maker whose primes can be guessed from the modulus (ROCA, CVE-2017-15361; Nemec et al., "The Return of Coppersmith's Attack",
//! CCS 2017 §2): each prime is a power of 65537 modulo a product of small primes, so the modulus is one too, modulo each of them. A modulus
//! of another maker is that by chance once in a hundred million.

/// The small primes of which the product is made in keys of every length; 2 tells nothing.
const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149,
    151, 157, 163, 167,
];

const GENERATOR: u32 = 65_537;

/// Whether a modulus, big-endian, has that mark.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power_of_generator(modulus, u32::from(*prime)))
}

fn is_power_of_generator(modulus: &[u8], prime: u32) -> bool {
    let rest = modulus.iter().fold(0, |rest, byte| ((rest << 8) | u32::from(*byte)) % prime);
    let powers = std::iter::successors(Some(1), |power| Some(power * (GENERATOR % prime) % prime));
    powers.take(prime as usize).any(|power| power == rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_the_generator_is_marked_and_its_neighbours_are_not() {
        assert!(is_marked(&[1]) && is_marked(&GENERATOR.to_be_bytes()));
        let fourth = u128::from(GENERATOR).pow(4);
        assert!(is_marked(&fourth.to_be_bytes()));
        assert!((2..1_000_u128).all(|more| !is_marked(&(fourth + more).to_be_bytes())));
    }
}
