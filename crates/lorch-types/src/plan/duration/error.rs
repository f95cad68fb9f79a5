//! Why a text is no duration, and what to write instead.

use smol_str::{SmolStr, format_smolstr};

use super::{Duration, DurationField, TimeUnit};
use crate::listing::listed;
use crate::place::Span;

/// Why a text is no duration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct DurationError {
    /// What is wrong.
    pub kind: DurationErrorKind,
    /// The bytes of the text at fault.
    pub span: Span,
    /// The units that are possible, the smallest first.
    pub units: &'static [TimeUnit],
}

/// What can be wrong with the text of a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationErrorKind {
    /// There is nothing.
    #[error("the duration is empty")]
    Empty,
    /// It does not begin with a digit.
    #[error("a duration begins with a whole number: found `{}`", found.escape_debug())]
    NoNumber {
        /// What stands there.
        found: SmolStr,
    },
    /// There is a number only.
    #[error("the duration `{found}` has no unit")]
    NoUnit {
        /// The number.
        found: SmolStr,
    },
    /// Something else than one unit follows the number.
    #[error("a duration is a whole number and one of `s`, `m`, `h` and `d`: found `{}` after `{count}`", found.escape_debug())]
    UnknownUnit {
        /// The number.
        count: SmolStr,
        /// What follows it.
        found: SmolStr,
    },
    /// A zero stands before another digit.
    #[error("the duration `{found}` has a leading `0`")]
    LeadingZero {
        /// The duration.
        found: SmolStr,
    },
    /// The number has more than seven digits.
    #[error("`{found}` has more digits than the seven of a duration")]
    TooLong {
        /// The number.
        found: SmolStr,
    },
    /// The duration is one, but not for this field.
    #[error("`{field}` is not given in {}", duration.unit().name())]
    UnitOfOtherFields {
        /// The duration.
        duration: Duration,
        /// The field.
        field: DurationField,
    },
}

impl DurationError {
    /// What to write instead.
    pub fn help(&self) -> Option<String> {
        Some(match &self.kind {
            DurationErrorKind::Empty => format!("write {}", self.examples("30")),
            DurationErrorKind::NoNumber { found } | DurationErrorKind::LeadingZero { found } => {
                match self.meant(found) {
                    Some(meant) => format!("write `{meant}`"),
                    None => format!("write {}", self.examples("30")),
                }
            }
            DurationErrorKind::NoUnit { found } => format!("write {}", self.examples(found)),
            DurationErrorKind::UnknownUnit { count, found } => {
                match self.meant(&format!("{count}{found}")) {
                    Some(meant) => format!("write `{meant}`: {}", in_words(meant)),
                    None => format!("write {}", self.examples(count)),
                }
            }
            DurationErrorKind::TooLong { .. } => "take a larger unit".to_owned(),
            DurationErrorKind::UnitOfOtherFields { duration, .. } => {
                match in_unit_of(self.units, duration.seconds()) {
                    Some(meant) => format!("write `{meant}`"),
                    None => {
                        format!("its unit is {}", self.each_unit(|unit| format!("`{unit}`")))
                    }
                }
            }
        })
    }

    /// "`30s` for seconds or `30m` for minutes", with the count as written where it is one.
    fn examples(&self, count: &str) -> String {
        let count = count.parse().ok().filter(|count| *count <= Duration::MAX_COUNT).unwrap_or(30);
        self.each_unit(|unit| format!("`{count}{unit}`"))
    }

    /// What `write` makes of each unit, and what the unit is.
    fn each_unit(&self, write: impl Fn(TimeUnit) -> String) -> String {
        let units = self.units.iter();
        let written: Vec<String> =
            units.map(|unit| format!("{} for {}", write(*unit), unit.name())).collect();
        listed(&written, "or")
    }

    /// The duration that somebody meant who wrote a unit otherwise, several units, or a fraction.
    fn meant(&self, text: &str) -> Option<Duration> {
        let text = text.trim();
        let mut rest = text.strip_prefix("PT").unwrap_or(text);
        let mut seconds = 0_u64;
        let mut parts = 0;
        let mut last = None;
        while !rest.is_empty() {
            let length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            let (number, after) = rest.split_at_checked(length)?;
            let after = after.trim_start();
            let length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (word, after) = after.split_at_checked(length)?;
            let unit = unit_meant(word)?;
            seconds = seconds.saturating_add(seconds_of(number, unit)?);
            (rest, last) = (after.trim_start(), Some((number, unit)));
            parts += 1;
        }
        if let (1, Some((number, unit))) = (parts, last)
            && let Ok(count) = number.parse()
            && self.units.contains(&unit)
        {
            return Duration::new(count, unit);
        }
        (parts > 0).then(|| in_unit_of(self.units, seconds)).flatten()
    }
}

/// The largest of `units` that gives so many seconds as a whole number, and the number.
fn in_unit_of(units: &[TimeUnit], seconds: u64) -> Option<Duration> {
    units.iter().rev().find_map(|unit| {
        let count = seconds
            .checked_div(unit.seconds())
            .filter(|_| seconds.is_multiple_of(unit.seconds()))?;
        Duration::new(u32::try_from(count).ok()?, *unit)
    })
}

/// The unit that a word of other languages means; only `M` alone is in doubt, and is minutes here.
fn unit_meant(word: &str) -> Option<TimeUnit> {
    match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(TimeUnit::Seconds),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(TimeUnit::Minutes),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(TimeUnit::Hours),
        "d" | "day" | "days" => Some(TimeUnit::Days),
        _ => None,
    }
}

/// `number` of `unit` in seconds, where that is a whole number.
fn seconds_of(number: &str, unit: TimeUnit) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok().filter(|it| *it <= 6)?)?;
    let whole = whole.parse::<u64>().ok().filter(|it| *it <= 10_000_000)?;
    let count = whole * scale + fraction.parse::<u64>().ok()?;
    let seconds = count.checked_mul(unit.seconds())?;
    seconds.is_multiple_of(scale).then_some(seconds / scale)
}

fn in_words(duration: Duration) -> SmolStr {
    let unit = duration.unit();
    format_smolstr!("`{unit}` is {}", unit.name())
}
