//! Timestamps: RFC 3339, read by one narrow rule and written in UTC.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::id::{self, InvalidId, Rule, through_text};

/// A moment, to the nanosecond.
///
/// Read from RFC 3339 with `T`, with `Z` or `±hh:mm`, 1 to 9 fraction digits and seconds 00 to 59
/// (no leap seconds). Written in UTC with `Z` and 0, 3, 6 or 9 fraction digits; the few moments
/// whose year in UTC has no four digits are written with the offset they came with. Equal when they
/// are the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<FixedOffset>);

/// The rule as a pattern: lengths of months and leap years included.
const PATTERN: &str = "^(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)\
T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?\
(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$";

pub(crate) const RULE: Rule = Rule {
    what: "timestamp",
    words: "it is RFC 3339, such as `2025-10-20T14:08:18.123Z`",
    schema: || id::varying(PATTERN),
    holds: is_timestamp,
};

impl Timestamp {
    /// The moment `millis` milliseconds after 1970 began; `None` beyond the year 9999.
    pub fn from_unix_millis(millis: u64) -> Option<Self> {
        let moment = DateTime::<Utc>::from_timestamp_millis(i64::try_from(millis).ok()?)?;
        (moment.year() <= 9999).then(|| Self(moment.fixed_offset()))
    }

    /// The moment at which 1970 began.
    pub fn unix_epoch() -> Self {
        DateTime::UNIX_EPOCH.into()
    }

    /// The moment so many seconds after 1970 began and so many nanoseconds after that; `None` outside
    /// the years 0 to 9999.
    pub fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        let moment = DateTime::<Utc>::from_timestamp(seconds, nanos)?;
        (0..=9999).contains(&moment.year()).then(|| Self(moment.fixed_offset()))
    }

    /// Milliseconds since 1970 began; negative before.
    pub fn unix_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Nanoseconds since 1970 began, in 64 bits: 0 before, and what fits after the year 2554.
    pub fn unix_nanos(self) -> u64 {
        let seconds = u64::try_from(self.0.timestamp()).unwrap_or(0);
        let nanos = u64::from(self.0.timestamp_subsec_nanos().min(999_999_999));
        if self.0.timestamp() < 0 {
            0
        } else {
            seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
        }
    }

    /// The moment so many whole milliseconds after this one, itself in milliseconds; the last of the year 9999
    /// where that would be later, and counted from 1970 where this is earlier.
    pub fn saturating_add(self, by: Duration) -> Self {
        /// 9999-12-31T23:59:59.999Z
        const LAST_MILLIS: u64 = 253_402_300_799_999;
        let millis = u64::try_from(self.unix_millis()).unwrap_or(0);
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self::from_unix_millis(millis.saturating_add(by).min(LAST_MILLIS)).unwrap_or(self)
    }

    /// Milliseconds from `earlier` to this; 0 when it is not earlier.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from((self.0 - earlier.0).num_milliseconds()).unwrap_or(0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.fixed_offset())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_utc();
        f.write_str(&if (0..=9999).contains(&utc.year()) {
            utc.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        } else {
            self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        })
    }
}

impl FromStr for Timestamp {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self).ok_or_else(|| InvalidId::new(text, RULE.what, RULE.words))
    }
}

/// Whether `text` is a timestamp; the same as parsing it, without the moment.
fn is_timestamp(text: &str) -> bool {
    let Some((date_time, rest)) = text.as_bytes().split_first_chunk::<19>() else { return false };
    let [c, e, n, y, b'-', m, o, b'-', d, a, b'T', h, r, b':', i, u, b':', s, z] = *date_time
    else {
        return false;
    };
    let (Some(century), Some(year)) = (two_digits(c, e), two_digits(n, y)) else { return false };
    let (Some(month), Some(day)) = (two_digits(m, o), two_digits(d, a)) else { return false };
    let is_leap = if year == 0 { century % 4 == 0 } else { year % 4 == 0 };
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return false,
    };
    let within = |tens, ones, most| two_digits(tens, ones).is_some_and(|value| value <= most);
    if day == 0 || day > days || !within(h, r, 23) || !within(i, u, 59) || !within(s, z, 59) {
        return false;
    }
    let zone = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&count) {
                return false;
            }
            fraction.get(count..).unwrap_or_default()
        }
    };
    match *zone {
        [b'Z'] => true,
        [b'+' | b'-', h, r, b':', i, u] => within(h, r, 23) && within(i, u, 59),
        _ => false,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?.strip_prefix('T')?);
    let (time, rest) = (rest.get(..8)?, rest.get(8..)?);
    let (nanos, zone) = match rest.strip_prefix('.') {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    if second > 59 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?
        .and_hms_nano_opt(hour, minute, second, nanos)?
        .and_local_timezone(offset(zone)?)
        .single()
}

/// The nanoseconds of 1 to 9 fraction digits, and what follows them.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text.get(..count).filter(|digits| (1..=9).contains(&digits.len()))?;
    let scale = 10_u32.pow(9 - u32::try_from(count).ok()?);
    Some((digits.parse::<u32>().ok()? * scale, text.get(count..)?))
}

fn offset(zone: &str) -> Option<FixedOffset> {
    if zone == "Z" {
        return FixedOffset::east_opt(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = fields(zone.strip_prefix(['+', '-'])?, ':', [2, 2])?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
}

/// Numbers of exactly the given widths, separated by `separator`.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut values = [0; N];
    for (value, width) in values.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *value = part.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

through_text!(Timestamp);

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        id::in_words((RULE.schema)(), RULE.what, RULE.words)
    }
}
