//! Carrying a run out: what the machine says is next is done, and recorded before anything else is.

mod act;
mod check;
mod commit;
mod crew;
mod heartbeat;
mod heed;
mod step;
mod wait;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lorch_backends::config::Probe;
use lorch_store::{Claim, Owner, PlanRunLease, Store, StoreError};
use lorch_types::json::{FromValueError, Object, ToValueError, Value, from_value, to_value};
use lorch_types::plan::{AuditEntry, ExecutionMode, Metric, Metrics, Plan, RunId, TaskId};
use lorch_types::{SmolStr, Timestamp};

use self::crew::Crew;
use self::heartbeat::with_heartbeat;
use self::wait::Begun;
use super::clock::Clock;
use super::course::{Course, Terms, Unclear};
use super::hands::{Hands, Mark};
use super::machine::{Machine, OutOfPlace, RunEnding};
use super::probe::Eyes;
use super::verdict::PauseReason;
use super::watch::Watch;
use super::window::{InvalidWindow, Window};
use crate::audit::first_broken;
use crate::bound::{plan_digest, task_digest};
use crate::contract::Contract;

/// What carries a run out.
pub struct Executor<'a> {
    /// Where it is recorded.
    pub store: &'a Store,
    /// What acts on assets.
    pub hands: Hands<'a>,
    /// How metrics are measured.
    pub probes: &'a BTreeMap<Metric, Probe>,
    /// The metrics that there are.
    pub metrics: &'a Metrics,
    /// The time.
    pub clock: &'a dyn Clock,
    /// How fast.
    pub pace: Pace,
    /// Set when it is to stop at the next asset.
    pub stop: Arc<AtomicBool>,
}

/// The pace of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a health check is tried before it has failed.
    pub check_tries: u32,
    /// How long it is waited between two tries.
    pub check_every: Duration,
    /// How long it is waited between two looks at what a rollback condition is about.
    pub watch_every: Duration,
    /// How many assets of a phase are acted on at the same time, where its tools allow as many.
    pub max_parallel: NonZeroU16,
    /// How long the lease holds without being renewed.
    pub lease_ttl: Duration,
    /// Whether it stops when the run is paused, so that nobody watches it any longer.
    pub leave_when_paused: bool,
}

/// Why carrying a run out stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The run has ended.
    Ended(RunEnding),
    /// The run waits for a person.
    Paused(PauseReason),
    /// It was told to; the run can be gone on with.
    Interrupted,
}

/// Why a run cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It could not be recorded, or what is recorded not read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the plan cannot be read.
    #[error("the plan cannot be carried out")]
    Unclear(#[from] Unclear),
    /// The maintenance window says no time.
    #[error(transparent)]
    Window(#[from] InvalidWindow),
    /// The audit log is none of a run of this plan.
    #[error("the audit log of the run {run_id} is not what was written")]
    OutOfPlace {
        /// The run.
        run_id: RunId,
        /// What cannot be.
        source: OutOfPlace,
    },
    /// The audit log was changed.
    #[error("the audit log of the run {run_id} was changed: entry {sequence} does not follow")]
    Changed {
        /// The run.
        run_id: RunId,
        /// The first entry that does not follow.
        sequence: u64,
    },
    /// A document cannot be written as JSON.
    #[error(transparent)]
    Document(#[from] ToValueError),
    /// An entry of the log cannot be read.
    #[error("an entry of the audit log is none")]
    Entry(#[from] FromValueError),
    /// The system gave no thread to renew the lease.
    #[error("the lease cannot be renewed: the system gave no thread")]
    Thread(#[source] io::Error),
    /// The task says nothing to carry a plan out by.
    #[error("the task {task_id} has no `task_spec`")]
    NoSpec {
        /// The task.
        task_id: TaskId,
    },
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            check_tries: 3,
            check_every: Duration::from_secs(5),
            watch_every: Duration::from_secs(5),
            max_parallel: NonZeroU16::MIN,
            lease_ttl: Duration::from_secs(30),
            leave_when_paused: false,
        }
    }
}

/// Carries a run out until it ends, or waits where it is not to; each entry of its log is told to `heard`
/// once it is durable.
///
/// # Errors
/// When another process carries it out, or the store cannot be written: it can be gone on with then.
pub fn carry_out(
    executor: &Executor<'_>,
    run_id: &RunId,
    heard: &mut dyn FnMut(&AuditEntry),
) -> Result<Stopped, RunError> {
    let claim = || Claim {
        owner: Owner::current(),
        now: executor.clock.now(),
        ttl: executor.pace.lease_ttl,
    };
    let lease = executor.store.take_plan_run(run_id, claim())?;
    let lost = Arc::new(AtomicBool::new(false));
    let cancellation = executor.hands.cancellation.clone().or_when(Arc::clone(&lost));
    let hands = Hands { cancellation, ..executor.hands.clone() };
    let stopped = with_heartbeat(executor, &lease, claim, &lost, || {
        thread::scope(|scope| {
            let crew = |mark| Crew::new(scope, &hands, mark);
            Driver::open(executor, run_id, (&lease, &lost), heard, crew).and_then(Driver::drive)
        })
    });
    let _ = executor.store.release_plan_run(&lease);
    stopped
}

/// A run that is being carried out.
struct Driver<'a, 'env> {
    executor: &'a Executor<'a>,
    lease: &'a PlanRunLease,
    /// Whether the lease is known to be lost.
    lost: &'a AtomicBool,
    heard: &'a mut dyn FnMut(&AuditEntry),
    machine: Machine,
    crew: Crew<'a, 'env>,
    watch: Watch<'a>,
    /// When what is waited for began.
    begun: BTreeMap<Timestamp, Begun>,
    window: Option<Window>,
    /// What the first entry says.
    opening: Object,
}

impl<'a, 'env> Driver<'a, 'env> {
    fn open(
        executor: &'a Executor<'a>,
        run_id: &RunId,
        (lease, lost): (&'a PlanRunLease, &'a AtomicBool),
        heard: &'a mut dyn FnMut(&AuditEntry),
        crew: impl FnOnce(Mark) -> Crew<'a, 'env>,
    ) -> Result<Self, RunError> {
        let store = executor.store;
        let run = store.plan_run(run_id)?;
        let plan = &run.plan.plan;
        let entries = entries_of(store, run_id)?;
        let task = store.task(&plan.task_id)?.task;
        let no_spec = || RunError::NoSpec { task_id: task.id.clone() };
        let contract = Contract::of(&task).ok_or_else(no_spec)?;
        let first = entries.first().and_then(|entry| entry.details.as_ref());
        let terms = first.map_or_else(|| Ok(Terms::of(&contract)), terms_of)?;
        let opening = opening_of(plan, &contract, &terms)?;
        let window = terms.window.as_ref().map(Window::of).transpose()?;
        let course = Arc::new(Course::of(plan, terms, executor.metrics)?);
        let mut machine = Machine::new(course);
        for entry in &entries {
            machine.apply(entry).map_err(|source| out_of_place(run_id, source))?;
        }
        for asset in &run.acting {
            machine.resume(asset).map_err(|source| out_of_place(run_id, source))?;
        }
        let crew = crew(Mark { run_id: run_id.clone(), plan_digest: plan_digest(plan)? });
        let watch = Watch::new(executor.metrics, executor.pace.watch_every);
        let begun = BTreeMap::new();
        Ok(Self { executor, lease, lost, heard, machine, crew, watch, begun, window, opening })
    }

    fn drive(mut self) -> Result<Stopped, RunError> {
        loop {
            self.check_lease()?;
            if let Some(stopped) = self.step()? {
                return Ok(stopped);
            }
        }
    }

    fn eyes(&self) -> Eyes<'a> {
        Eyes { hands: &self.executor.hands, probes: self.executor.probes }
    }

    /// Whether anything may be done to assets now.
    fn is_open(&self) -> bool {
        let now = self.executor.clock.now();
        self.window.as_ref().is_none_or(|window| window.is_open(now))
    }

    fn is_stopped(&self) -> bool {
        self.executor.stop.load(Ordering::Relaxed)
    }
}

/// The log of a run, which nobody may have changed.
fn entries_of(store: &Store, run_id: &RunId) -> Result<Vec<AuditEntry>, RunError> {
    let log = store.plan_run_audit(run_id, 0)?;
    if let Some(sequence) = first_broken(&log) {
        return Err(RunError::Changed { run_id: run_id.clone(), sequence });
    }
    let entries = log.iter().map(|record| from_value(&record.entry));
    Ok(entries.collect::<Result<_, _>>()?)
}

/// What the first entry of a log says.
fn opening_of(plan: &Plan, contract: &Contract<'_>, terms: &Terms) -> Result<Object, RunError> {
    let mut opening = Object::new();
    opening.insert("plan_digest", plan_digest(plan)?.as_str());
    opening.insert("task_digest", task_digest(contract.task)?.as_str());
    opening.insert("environment", to_value(&contract.environment())?);
    opening.insert("mode", to_value(&terms.mode)?);
    opening.insert("timeout_minutes", terms.timeout_minutes);
    if let Some(trigger) = &terms.rollback_trigger {
        opening.insert("rollback_trigger", trigger.clone());
    }
    if let Some(window) = &terms.window {
        opening.insert("maintenance_window", to_value(window)?);
    }
    Ok(opening)
}

/// The terms that the first entry of a log says.
fn terms_of(opening: &Object) -> Result<Terms, FromValueError> {
    let mode = opening.get("mode").map(from_value::<ExecutionMode>).transpose()?;
    Ok(Terms {
        // What is not said is the strictest.
        mode: mode.unwrap_or_default(),
        timeout_minutes: opening.get("timeout_minutes").and_then(Value::as_u64).unwrap_or(30),
        rollback_trigger: opening.get("rollback_trigger").and_then(Value::as_str).map(SmolStr::new),
        window: opening.get("maintenance_window").map(from_value).transpose()?,
    })
}

fn out_of_place(run_id: &RunId, source: OutOfPlace) -> RunError {
    RunError::OutOfPlace { run_id: run_id.clone(), source }
}
