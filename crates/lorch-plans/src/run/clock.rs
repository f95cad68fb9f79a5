//! The time that a run goes by, so that tests need not wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lorch_types::Timestamp;

/// What time it is, and how it passes.
pub trait Clock: Sync {
    /// The moment, as the clock is set: it can jump.
    fn now(&self) -> Timestamp;
    /// How much time has passed since a moment that stays the same; it never jumps.
    fn elapsed(&self) -> Duration;
    /// Lets so much time pass, or less if `stop` is set meanwhile.
    fn sleep(&self, length: Duration, stop: &AtomicBool);
}

/// The clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    now: fn() -> Timestamp,
    made: Instant,
}

impl SystemClock {
    /// The clock of the system, whose moments `now` tells.
    pub fn new(now: fn() -> Timestamp) -> Self {
        Self { now, made: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
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
