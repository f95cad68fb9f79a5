//! Moments that are so much later than others; the clock itself is the caller's.

use std::time::Duration;

use lorch_types::Timestamp;

/// The moment so long after another; the same moment where there is none.
pub(crate) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    let moment_millis = u64::try_from(moment.unix_millis()).unwrap_or(0);
    Timestamp::from_unix_millis(moment_millis.saturating_add(millis)).unwrap_or(moment)
}
