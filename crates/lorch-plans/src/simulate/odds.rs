//! How likely assets fail, and chance itself.

use std::collections::BTreeMap;
use std::str::FromStr;

use lorch_types::plan::{Amount, Decimal, PhaseName, Quantity, Unit};

/// How likely an asset fails, in parts per billion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    everywhere: Share,
    of_phases: BTreeMap<PhaseName, Share>,
}

/// Parts per billion. Invariant: at most a billion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share(u64);

/// A text that says no odds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no share: it is a percentage from 0% to 100%, such as `2.5%`", text.escape_debug())]
pub struct InvalidOdds {
    text: String,
}

impl FromStr for Share {
    type Err = InvalidOdds;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InvalidOdds { text: text.to_owned() };
        let number: Decimal = text.trim_end_matches('%').parse().map_err(|_| error())?;
        let quantity = Quantity::new(number, Some(Unit::Percent)).map_err(|_| error())?;
        match quantity.amount() {
            Amount::Ratio(parts) if parts <= WHOLE => Ok(Self(parts)),
            _ => Err(error()),
        }
    }
}

const WHOLE: u64 = 1_000_000_000;

impl Odds {
    /// The same share of all assets: `2.5%`.
    ///
    /// # Errors
    /// When `text` is no percentage from 0 to 100.
    pub fn everywhere(text: &str) -> Result<Self, InvalidOdds> {
        Ok(Self { everywhere: text.parse()?, of_phases: BTreeMap::new() })
    }

    /// The same odds, but for one phase.
    ///
    /// # Errors
    /// When `text` is no percentage from 0 to 100.
    pub fn but_for(mut self, phase: PhaseName, text: &str) -> Result<Self, InvalidOdds> {
        self.of_phases.insert(phase, text.parse()?);
        Ok(self)
    }

    /// The phases that have odds of their own.
    pub fn phases(&self) -> impl Iterator<Item = &PhaseName> {
        self.of_phases.keys()
    }

    /// The bound under which a number of 64 random bits means that an asset of `phase` fails; `None`
    /// when it always does.
    pub(super) fn bound(&self, phase: &PhaseName) -> Option<u64> {
        let Share(parts) = self.of_phases.get(phase).unwrap_or(&self.everywhere);
        let scaled = (u128::from(*parts) << 64) / u128::from(WHOLE);
        u64::try_from(scaled).ok()
    }
}

/// Numbers that look random (SplitMix64 of Steele, Lea and Flood, 2014): quick, and the same for the
/// same seed everywhere.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
