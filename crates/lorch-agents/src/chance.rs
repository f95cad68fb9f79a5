//! Numbers that look random and follow from a seed.

use std::time::Duration;

/// A generator of numbers (SplitMix64, as Steele, Lea and Flood have it in "Fast splittable
/// pseudorandom number generators", 2014).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The upper half of the next number.
    pub(crate) fn word(&mut self) -> u32 {
        u32::try_from(self.number() >> 32).unwrap_or_default()
    }

    /// A time from nothing up to `most`.
    pub(crate) fn below(&mut self, most: Duration) -> Duration {
        most.mul_f64(f64::from(self.word()) / (f64::from(u32::MAX) + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation for the seed 1234567.
    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut chance = Chance::new(1_234_567);
        let numbers = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([chance.number(), chance.number()], numbers);
    }

    #[test]
    fn times_stay_below_their_bound() {
        let mut chance = Chance::new(7);
        let most = Duration::from_secs(1);
        assert!((0..1000).all(|_| chance.below(most) < most));
        assert_eq!(chance.below(Duration::ZERO), Duration::ZERO);
    }
}
