//! Renewing a lease while its run goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lorch_store::{Claim, Lease, Store, StoreError};

use crate::EngineError;

/// Runs `work` while a thread renews `lease` every `interval`, and joins that thread.
///
/// `lost` is set as soon as the lease is known to be lost, or the store to have stopped.
pub(crate) fn with_heartbeat<T>(
    store: &Store,
    lease: &Lease,
    claim: impl Fn() -> Claim + Sync,
    interval: Duration,
    lost: &Arc<AtomicBool>,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let end = End::default();
    thread::scope(|scope| {
        thread::Builder::new()
            .name("lorch-heartbeat".to_owned())
            .spawn_scoped(scope, || {
                while !end.comes_within(interval) {
                    // A disk that is full or locked now may be better at the next beat; until then
                    // the token guards every write.
                    if let Err(
                        StoreError::LeaseLost { .. } | StoreError::Io(_) | StoreError::Stopped,
                    ) = store.renew(lease, claim())
                    {
                        lost.store(true, Ordering::Relaxed);
                        break;
                    }
                }
            })
            .map_err(EngineError::Thread)?;
        let _end = EndOnDrop(&end);
        work()
    })
}

/// Tells the thread that the work is done.
#[derive(Default)]
struct End {
    has_come: Mutex<bool>,
    changed: Condvar,
}

impl End {
    fn comes_within(&self, time: Duration) -> bool {
        let has_come = self.has_come.lock().unwrap_or_else(PoisonError::into_inner);
        let (has_come, _) = self
            .changed
            .wait_timeout_while(has_come, time, |has_come| !*has_come)
            .unwrap_or_else(PoisonError::into_inner);
        *has_come
    }
}

/// Ends the thread even when the work panics, since the scope waits for it.
struct EndOnDrop<'a>(&'a End);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}
