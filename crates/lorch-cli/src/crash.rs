//! Crash tests: ends this process as a power cut would, at a named point. In test builds only.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// `NAME:N` ends the process when it comes to the point `NAME` for the `N`-th time.
const CRASH_AT: &str = "LORCH_CRASH_AT";
/// How many milliseconds a lease holds, so that tests see it renewed.
const LEASE_TTL_MS: &str = "LORCH_LEASE_TTL_MS";

/// Sets the point up that the environment names.
pub(crate) fn arm() {
    let Ok(text) = std::env::var(CRASH_AT) else { return };
    let Some((name, nth)) = text.split_once(':') else { return };
    let Ok(nth) = nth.parse::<usize>() else { return };
    let hits = AtomicUsize::new(0);
    let crash = move || {
        if hits.fetch_add(1, Ordering::Relaxed) + 1 == nth {
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    };
    let _ = fail::cfg_callback(name, crash);
}

/// How long a lease holds in this test, if it says so.
pub(crate) fn lease_ttl() -> Option<Duration> {
    let millis = std::env::var(LEASE_TTL_MS).ok()?.parse().ok()?;
    Some(Duration::from_millis(millis))
}
