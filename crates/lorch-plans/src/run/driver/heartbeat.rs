//! Renewing the lease of a run as long as anything acts in its name.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use lorch_store::{Claim, PlanRunLease, StoreError};

use super::{Executor, RunError};

/// Runs `work` while a thread renews `lease`, and joins that thread, also when `work` panics.
///
/// `lost` is set as soon as the lease is known to be lost, or the store to have stopped.
pub(super) fn with_heartbeat<T>(
    executor: &Executor<'_>,
    lease: &PlanRunLease,
    claim: impl Fn() -> Claim + Send,
    lost: &AtomicBool,
    work: impl FnOnce() -> Result<T, RunError>,
) -> Result<T, RunError> {
    let interval = executor.pace.lease_ttl / 3;
    // Nothing is ever sent: what is heard is that the sender is gone.
    let (sender, end) = channel::<Infallible>();
    let renew = move || {
        while end.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            // A disk that is full or locked now may be better at the next beat; until then the token
            // guards every write.
            if let Err(StoreError::PlanRunLost { .. } | StoreError::Io(_) | StoreError::Stopped) =
                executor.store.renew_plan_run(lease, claim())
            {
                lost.store(true, Ordering::Relaxed);
                return;
            }
        }
    };
    thread::scope(|scope| {
        thread::Builder::new()
            .name("lorch-heartbeat".to_owned())
            .spawn_scoped(scope, renew)
            .map_err(RunError::Thread)?;
        let _sender = sender;
        work()
    })
}
