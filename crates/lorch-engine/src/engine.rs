//! Starting and resuming runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SubsecRound, Utc};
use lorch_backends::{Backend, Cancellation};
use lorch_store::{Attempt, Claim, Owner, Store, StoreError};
use lorch_types::job::{self, ErrorInfo, JobInstance, RunId, RunRecord, StepOutcome, StepPath};
use lorch_types::{PositiveInteger, Timestamp};

use crate::attempt::{Context, run};
use crate::heartbeat::with_heartbeat;
use crate::{EngineError, Observer};

/// What runs jobs: a store to record them in, and backends to perform their steps.
pub struct Engine {
    /// Where runs are recorded.
    pub store: Arc<Store>,
    /// Performs `query.*`, `write.*` and `assert.*`.
    pub data_plane: Arc<dyn Backend>,
    /// Performs `compute.*`.
    pub compute: Arc<dyn Backend>,
    /// Set to stop every run: the step at work is recorded as failed with the code `cancelled`.
    pub stop: Arc<AtomicBool>,
    /// Limits and times.
    pub settings: Settings,
    /// The clock that records are written by.
    pub clock: fn() -> Timestamp,
    owner: Owner,
}

/// Limits and times of an engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The size that the text of an output may have, in bytes; 64 MiB unless said otherwise.
    pub max_output_bytes: usize,
    /// How long a lease holds without being renewed; it is renewed three times as often. 30 seconds
    /// unless said otherwise.
    pub lease_ttl: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_output_bytes: 64 * 1024 * 1024, lease_ttl: Duration::from_secs(30) }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Every step has ended well, or may fail.
    Completed {
        /// The number of the attempt.
        attempt_n: PositiveInteger,
    },
    /// A step failed that may not.
    Failed {
        /// The number of the attempt.
        attempt_n: PositiveInteger,
        /// The step.
        step_id: StepPath,
        /// Why it failed.
        error: ErrorInfo,
    },
    /// The run that was to be resumed has completed before; nothing was done.
    AlreadyCompleted,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("store", &self.store)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with the usual settings, which nothing stops.
    pub fn new(store: Arc<Store>, data_plane: Arc<dyn Backend>, compute: Arc<dyn Backend>) -> Self {
        Self {
            store,
            data_plane,
            compute,
            stop: Arc::default(),
            settings: Settings::default(),
            clock: system_clock,
            owner: Owner::current(),
        }
    }

    /// Records a new run and makes the first attempt at it.
    ///
    /// # Errors
    /// When the run exists already or cannot be recorded, or its record and instance do not fit
    /// together. A step that fails is no error: see
    /// [`Conclusion`].
    pub fn start(
        &self,
        record: &RunRecord,
        instance: &JobInstance,
        observer: &mut dyn Observer,
    ) -> Result<Conclusion, EngineError> {
        if record.job_id != instance.job_id || record.job_def_sha256 != instance.job_def_sha256 {
            let (record, instance) = (record.job_id.clone(), instance.job_id.clone());
            return Err(EngineError::OtherJob { record, instance });
        }
        if let Some(step_id) = instance.repeated_step() {
            return Err(EngineError::RepeatedStep { step_id: step_id.clone() });
        }
        let attempt = self.store.create(record, instance, self.claim())?;
        self.drive(&attempt, record, instance, observer)
    }

    /// Makes the next attempt at a run: what completed stays as it is, the rest is done.
    ///
    /// # Errors
    /// When there is no such run, a living owner holds it, or it cannot be recorded.
    pub fn resume(
        &self,
        run_id: &RunId,
        observer: &mut dyn Observer,
    ) -> Result<Conclusion, EngineError> {
        // Neither ever changes, so that both may be read before the run is held.
        let (record, instance) = (self.store.run(run_id)?, self.store.instance(run_id)?);
        match self.store.resume(run_id, self.claim())? {
            Some(attempt) => self.drive(&attempt, &record, &instance, observer),
            None => Ok(Conclusion::AlreadyCompleted),
        }
    }

    fn drive(
        &self,
        attempt: &Attempt,
        record: &RunRecord,
        instance: &JobInstance,
        observer: &mut dyn Observer,
    ) -> Result<Conclusion, EngineError> {
        let lost = Arc::new(AtomicBool::new(false));
        let context = Context {
            engine: self,
            attempt,
            record,
            instance,
            cancellation: Cancellation::new(Arc::clone(&self.stop)).or_when(Arc::clone(&lost)),
        };
        let interval = self.settings.lease_ttl / 3;
        let claim = || self.claim();
        let work = || run(context, &self.standing(attempt)?, observer);
        let ended = with_heartbeat(&self.store, attempt.lease(), claim, interval, &lost, work);
        if ended.is_err() {
            // Another attempt need not wait for the lease to run out; where even this cannot be
            // recorded, it has to.
            drop(self.store.release(attempt.lease()));
        }
        ended
    }

    /// The outcomes that hold from earlier attempts, and pending ones; none in the first attempt.
    fn standing(&self, attempt: &Attempt) -> Result<Vec<StepOutcome>, StoreError> {
        if attempt.number() == PositiveInteger::ONE {
            return Ok(Vec::new());
        }
        let newest = self.store.attempts(attempt.lease().run_id())?.pop();
        Ok(newest.map(|newest| newest.step_outcomes).unwrap_or_default())
    }

    fn claim(&self) -> Claim {
        Claim { owner: self.owner.clone(), now: (self.clock)(), ttl: self.settings.lease_ttl }
    }

    pub(crate) fn backend(&self, backend: job::Backend) -> &dyn Backend {
        match backend {
            job::Backend::DataPlane => &*self.data_plane,
            job::Backend::Compute => &*self.compute,
        }
    }
}

/// The time of the system, to the millisecond.
pub fn system_clock() -> Timestamp {
    DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(3).into()
}
