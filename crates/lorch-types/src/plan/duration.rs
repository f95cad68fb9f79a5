//! Durations: a whole number and one unit, such as `30s`.

mod error;

use std::fmt;
use std::str::FromStr;

use smol_str::{SmolStr, format_smolstr};

pub use error::{DurationError, DurationErrorKind};

/// A length of time as a plan writes it: `^(0|[1-9][0-9]{0,6})(s|m|h|d)$`.
///
/// Equal to another that is written the same; [`Duration::nanos`] compares lengths. `Display` writes
/// what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Invariant: at most seven digits.
    count: u32,
    unit: TimeUnit,
}

/// A unit of [`Duration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeUnit {
    /// `s`
    Seconds,
    /// `m`, which is always minutes.
    Minutes,
    /// `h`
    Hours,
    /// `d`, 24 hours.
    Days,
}

/// A field of a plan that holds a duration, in units of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DurationField {
    /// A phase's `wait_time`: seconds, minutes or hours.
    WaitTime,
    /// A health check's `timeout`: seconds or minutes.
    Timeout,
    /// A plan's `estimated_duration`: minutes, hours or days.
    EstimatedDuration,
}

impl Duration {
    /// The largest count of a unit.
    pub const MAX_COUNT: u32 = 9_999_999;

    /// So many of a unit; `None` beyond [`Duration::MAX_COUNT`].
    pub const fn new(count: u32, unit: TimeUnit) -> Option<Self> {
        if count <= Self::MAX_COUNT { Some(Self { count, unit }) } else { None }
    }

    /// How many of its unit it is.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Its unit.
    pub const fn unit(self) -> TimeUnit {
        self.unit
    }

    /// Its length in nanoseconds, exactly; below 2^70.
    pub fn nanos(self) -> u128 {
        u128::from(self.seconds()) * 1_000_000_000
    }

    /// Its length in seconds, exactly.
    pub fn seconds(self) -> u64 {
        u64::from(self.count) * self.unit.seconds()
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_secs(duration.seconds())
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, &TimeUnit::ALL)
    }
}

impl DurationField {
    /// All fields.
    pub const ALL: [Self; 3] = [Self::WaitTime, Self::Timeout, Self::EstimatedDuration];

    /// The name of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitTime => "wait_time",
            Self::Timeout => "timeout",
            Self::EstimatedDuration => "estimated_duration",
        }
    }

    /// The units in which the field is given, the smallest first.
    pub const fn units(self) -> &'static [TimeUnit] {
        match self {
            Self::WaitTime => &[TimeUnit::Seconds, TimeUnit::Minutes, TimeUnit::Hours],
            Self::Timeout => &[TimeUnit::Seconds, TimeUnit::Minutes],
            Self::EstimatedDuration => &[TimeUnit::Minutes, TimeUnit::Hours, TimeUnit::Days],
        }
    }

    /// The duration that `text` writes in this field.
    ///
    /// # Errors
    /// When it is no duration, or its unit is none of the field's.
    pub fn parse(self, text: &str) -> Result<Duration, DurationError> {
        let duration = parse(text, self.units())?;
        if self.units().contains(&duration.unit) {
            return Ok(duration);
        }
        let kind = DurationErrorKind::UnitOfOtherFields { duration, field: self };
        let unit = text.len().saturating_sub(1);
        Err(DurationError { kind, span: unit..text.len(), units: self.units() })
    }
}

impl TimeUnit {
    /// All units, the smallest first.
    pub const ALL: [Self; 4] = [Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    /// The unit as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
        }
    }

    /// The unit in words, in the plural.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// How many seconds it is.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3600,
            Self::Days => 86_400,
        }
    }

    fn written(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == text)
    }
}

/// The duration that `text` writes; `units` are those that advice may name.
fn parse(text: &str, units: &'static [TimeUnit]) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let error = |kind, span| Err(DurationError { kind, span, units });
    if text.is_empty() {
        return error(DurationErrorKind::Empty, 0..0);
    }
    if count.is_empty() {
        return error(DurationErrorKind::NoNumber { found: shown(text) }, 0..text.len());
    }
    let Some(unit) = TimeUnit::written(unit) else {
        let kind = match unit {
            "" => DurationErrorKind::NoUnit { found: shown(count) },
            _ => DurationErrorKind::UnknownUnit { count: shown(count), found: shown(unit) },
        };
        return error(kind, if unit.is_empty() { 0..text.len() } else { digits..text.len() });
    };
    let Some(duration) = count.parse().ok().and_then(|count| Duration::new(count, unit)) else {
        return error(DurationErrorKind::TooLong { found: shown(count) }, 0..digits);
    };
    if count.len() > 1 && count.starts_with('0') {
        return error(DurationErrorKind::LeadingZero { found: shown(text) }, 0..digits);
    }
    Ok(duration)
}

/// As much of a text as an error repeats.
fn shown(text: &str) -> SmolStr {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format_smolstr!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for DurationField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
