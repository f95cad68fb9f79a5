//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use lorch_types::Timestamp;

/// The time, in milliseconds as documents have it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or_default();
    Timestamp::from_unix_millis(millis).unwrap_or_else(Timestamp::unix_epoch)
}
