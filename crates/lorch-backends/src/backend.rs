//! The seam between orchestration and the work itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::Value;

/// Something that performs steps.
///
/// A backend is given a whole manifest and nothing else: it may be performed today, or again after a
/// crash. For a write, the same idempotency key has its effect once.
pub trait Backend: Send + Sync {
    /// Performs the step, and returns its output.
    ///
    /// It returns soon after `cancellation` says so, and leaves nothing running.
    ///
    /// # Errors
    /// Why the step failed, with one of the stable codes; nothing of a failed write stays.
    fn perform(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo>;
}

/// What came of performing a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The output that later steps refer to.
    pub output: Value,
    /// False when the idempotency key was there already, and the recorded output is returned.
    pub applied: bool,
}

/// When a dispatch has to stop: at its deadline, or when a person says so.
#[derive(Clone, Debug)]
pub struct Cancellation {
    stops: Vec<Arc<AtomicBool>>,
    deadline: Option<Instant>,
}

impl Cancellation {
    /// Stops when `stop` is set, and never by itself.
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { stops: vec![stop], deadline: None }
    }

    /// Never stops.
    pub fn never() -> Self {
        Self::new(Arc::default())
    }

    /// The same, and stops when `stop` is set too.
    #[must_use]
    pub fn or_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stops.push(stop);
        self
    }

    /// The same, and stops `timeout` from now too.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { stops: self.stops.clone(), deadline: Instant::now().checked_add(timeout) }
    }

    /// How long there is until the deadline; `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether to stop now.
    pub fn is_stopped(&self) -> bool {
        self.is_told_to() || self.remaining().is_some_and(|left| left.is_zero())
    }

    fn is_told_to(&self) -> bool {
        self.stops.iter().any(|stop| stop.load(Ordering::Relaxed))
    }

    /// Goes on, or says why to stop.
    ///
    /// # Errors
    /// `cancelled` when a person stopped it, `timeout` when its deadline has passed.
    pub fn check(&self) -> Result<(), ErrorInfo> {
        if self.is_told_to() {
            return Err(ErrorCode::Cancelled.error("the step was stopped before it had ended"));
        }
        if self.remaining().is_some_and(|left| left.is_zero()) {
            return Err(ErrorCode::Timeout.error("the step took longer than its `timeout_s`"));
        }
        Ok(())
    }
}
