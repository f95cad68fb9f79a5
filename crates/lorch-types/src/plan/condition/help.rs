//! What to write instead of what is no condition.

use super::{ConditionError, ConditionErrorKind};
use crate::listing::listed_quoted;
use crate::plan::{AmountFault, Decimal, DurationError, Metric, MetricType, TimeUnit, Unit};

impl ConditionError {
    /// What to write instead, where that is clear.
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            ConditionErrorKind::Empty => {
                Some("compare a metric with a quantity, such as `error_rate > 1%`".to_owned())
            }
            ConditionErrorKind::Foreign { instead, .. } => Some(format!("write {instead}")),
            ConditionErrorKind::UnknownMetric { meant: Some(meant), .. } => {
                Some(format!("did you mean `{meant}`?"))
            }
            ConditionErrorKind::UnknownMetric { meant: None, known, .. } => {
                let known: Vec<&str> = known.iter().map(Metric::as_str).collect();
                Some(format!("there are {}", listed_quoted(&known, "and")))
            }
            ConditionErrorKind::NoComparison { metric, of } => {
                Some(format!("write `{metric} > {}`", example(*of)))
            }
            ConditionErrorKind::FlagCompared { metric } => {
                Some(format!("write `{metric}` alone, or `not {metric}`"))
            }
            ConditionErrorKind::Reversed { instead } => Some(format!("write `{instead}`")),
            ConditionErrorKind::Number { instead, .. } => {
                instead.as_ref().map(|instead| format!("write `{instead}`"))
            }
            ConditionErrorKind::UnknownUnit { number, found, of } => {
                Some(unknown_unit(*number, found, *of))
            }
            ConditionErrorKind::UnitMissing { number, of: MetricType::Ratio } => {
                Some(percentage(*number))
            }
            ConditionErrorKind::UnitMissing { number, of }
            | ConditionErrorKind::UnitOfOtherType { number, of, .. } => {
                Some(format!("write {}", with_units(*number, *of)))
            }
            ConditionErrorKind::Amount { fault, .. } => match fault {
                AmountFault::Negative => Some("it is never less than nothing".to_owned()),
                AmountFault::TooFine(_) => Some("write fewer digits behind the point".to_owned()),
                AmountFault::TooLarge(_) => None,
            },
            ConditionErrorKind::Duration(kind) => {
                DurationError { kind: kind.clone(), span: self.span.clone(), units: &TimeUnit::ALL }
                    .help()
            }
            ConditionErrorKind::StrayFor => {
                Some("write it after each comparison, such as `error_rate > 1% for 5m`".to_owned())
            }
            ConditionErrorKind::EmptyThreshold { of } => {
                Some(format!("write `< {}`", example(*of)))
            }
            ConditionErrorKind::FlagThreshold => {
                Some("leave `threshold` out: the check passes when the flag is true".to_owned())
            }
            ConditionErrorKind::TooLong { .. }
            | ConditionErrorKind::TooDeep
            | ConditionErrorKind::Unexpected { .. } => None,
        }
    }
}

const fn example(of: MetricType) -> &'static str {
    match of {
        MetricType::Ratio => "1%",
        MetricType::Duration => "250ms",
        MetricType::Bytes => "64MiB",
        MetricType::Rate => "100/s",
        MetricType::Number | MetricType::Flag => "10",
    }
}

/// A number without a unit where a ratio should stand: below one it may be the ratio itself.
fn percentage(number: Decimal) -> String {
    let hundredfold = match number.scale() {
        scale @ 2.. => Decimal::new(number.mantissa(), scale - 2),
        scale => number
            .mantissa()
            .checked_mul(if scale == 1 { 10 } else { 100 })
            .and_then(|mantissa| Decimal::new(mantissa, 0)),
    };
    match hundredfold {
        Some(percent) if number < Decimal::from(1) && number > Decimal::from(0) => {
            format!("write `{percent}%` for {number} of the whole, or `{number}%`")
        }
        _ => format!("write `{number}%`"),
    }
}

/// The number with each unit of a type: "`5ms`, `5s`, `5m` or `5h`".
fn with_units(number: Decimal, of: MetricType) -> String {
    let units = Unit::ALL.into_iter().filter(|unit| unit.of() == of);
    let written: Vec<String> = units.map(|unit| format!("{number}{unit}")).collect();
    if written.is_empty() { format!("`{number}`") } else { listed_quoted(&written, "or") }
}

fn unknown_unit(number: Decimal, found: &str, of: MetricType) -> String {
    if of == MetricType::Duration
        && let Some(meant) = in_known_unit(number, found)
    {
        return format!("write `{meant}`");
    }
    match unit_meant(found, of).filter(|unit| unit.of() == of) {
        Some(unit) => match meaning(unit) {
            Some(meaning) => format!("write `{number}{unit}`: `{unit}` is {meaning}"),
            None => format!("write `{number}{unit}`"),
        },
        None => format!("write {}", with_units(number, of)),
    }
}

/// The same time in a unit that there is.
fn in_known_unit(number: Decimal, unit: &str) -> Option<String> {
    let milliseconds = |scale: u8| {
        let number = Decimal::new(number.mantissa(), number.scale().checked_add(scale)?)?;
        Some(format!("{number}{}", Unit::Milliseconds))
    };
    match unit {
        "us" | "µs" | "μs" => milliseconds(3),
        "ns" => milliseconds(6),
        "d" | "day" | "days" => {
            let hours = Decimal::new(number.mantissa().checked_mul(24)?, number.scale())?;
            Some(format!("{hours}{}", Unit::Hours))
        }
        _ => None,
    }
}

/// What a unit is that others understand otherwise.
const fn meaning(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Minutes => Some("minutes"),
        Unit::Kibibytes => Some("2^10 bytes"),
        Unit::Mebibytes => Some("2^20 bytes"),
        Unit::Gibibytes => Some("2^30 bytes"),
        Unit::Percent | Unit::Milliseconds | Unit::Seconds | Unit::Hours | Unit::PerSecond => None,
    }
}

/// The unit that a word of other languages means, of a metric of type `of`.
fn unit_meant(word: &str, of: MetricType) -> Option<Unit> {
    Some(match word.to_ascii_lowercase().as_str() {
        "%%" | "pct" | "percent" => Unit::Percent,
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Unit::Milliseconds,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds,
        "m" | "mb" | "mib" if of == MetricType::Bytes => Unit::Mebibytes,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minutes,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hours,
        "k" | "kb" | "kib" => Unit::Kibibytes,
        "g" | "gb" | "gib" => Unit::Gibibytes,
        "/sec" | "/second" | "rps" | "qps" | "req/s" | "hz" => Unit::PerSecond,
        _ => return None,
    })
}
