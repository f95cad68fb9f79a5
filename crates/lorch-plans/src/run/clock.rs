//! The time that a run goes by, so that tests need not wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lorch_types::Timestamp;

/// What time it is, and how it passes.
pub trait Clock: Sync {
    /// The moment.
    fn now(&self) -> Timestamp;
    /// Lets so much time pass, or less if `stop` is set meanwhile.
    fn sleep(&self, length: Duration, stop: &AtomicBool);
}

/// The clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    /// What tells the time.
    pub now: fn() -> Timestamp,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn sleep(&self, length: Duration, stop: &AtomicBool) {
        const TICK: Duration = Duration::from_millis(50);
        let begun = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let left = length.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(TICK));
        }
    }
}
