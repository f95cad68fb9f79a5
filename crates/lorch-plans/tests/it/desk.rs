//! An approved plan that is carried out.

use std::collections::BTreeMap;
use std::time::Duration;

use lorch_backends::Cancellation;
use lorch_backends::config::{Assets, Config, Probe};
use lorch_plans::{Executor, Hands, Pace, RunEnding, RunError, Stopped, carry_out, first_broken};
use lorch_store::{Claim, CommandKind, Owner};
use lorch_types::json::from_value;
use lorch_types::plan::{AuditEntry, AuditEvent, Metric, Metrics, RunId, RunState};

use crate::field::{Field, Hourglass};
use crate::office::{Office, at, plan, task};

/// An office in which the example's plan was approved, with a run that is queued.
pub(crate) struct Desk {
    pub(crate) office: Office,
    pub(crate) run_id: RunId,
    pub(crate) config: Config,
    pub(crate) probes: BTreeMap<Metric, Probe>,
    pub(crate) clock: Hourglass,
    pub(crate) leave: bool,
    /// How many assets of a phase are acted on at the same time.
    pub(crate) parallel: u16,
    /// What else there is to say about how fast.
    pub(crate) pace: Pace,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(&[], &[])
    }

    pub(crate) fn with(task_changes: &[(&str, &str)], plan_changes: &[(&str, &str)]) -> Self {
        let office = Office::new();
        office.submit(&task(task_changes), &plan(plan_changes), 0).unwrap();
        office.approve("alice", "SRELead", 1).unwrap();
        let run_id = office.execute(2).unwrap().run_id;
        let config = crate::drift::config();
        let (probes, clock) = (BTreeMap::new(), Hourglass::new(at(2)));
        let pace = Pace::default();
        Self { office, run_id, config, probes, clock, leave: true, parallel: 1, pace }
    }

    pub(crate) fn command(&self, kind: CommandKind) {
        let by = "dora".parse().unwrap();
        self.office.store.command_plan_run(&self.run_id, kind, &by, at(3)).unwrap();
    }

    /// Takes the lease as a process does that takes its holder for dead, and gives it back.
    pub(crate) fn steal(&self) {
        let (owner, now) = (Owner::current(), at(100_000));
        let claim = Claim { owner, now, ttl: Duration::from_secs(60) };
        // Unless another one does that at this moment.
        if let Ok(lease) = self.office.store.take_plan_run(&self.run_id, claim) {
            self.office.store.release_plan_run(&lease).unwrap();
        }
    }

    pub(crate) fn go(&self, field: &Field<'_>) -> Result<Stopped, RunError> {
        self.go_until(field, &mut |_| {})
    }

    pub(crate) fn go_until(
        &self,
        field: &Field<'_>,
        heard: &mut dyn FnMut(&AuditEntry),
    ) -> Result<Stopped, RunError> {
        let assets = Assets { url: Some("http://{asset}.test".to_owned()), inventory: None };
        let executor = Executor {
            store: &self.office.store,
            hands: Hands {
                backend: field,
                tools: &self.config.tools,
                assets: &assets,
                inventory: &BTreeMap::new(),
                cancellation: Cancellation::new(field.stop.clone()),
            },
            probes: &self.probes,
            metrics: &Metrics::built_in(),
            clock: &self.clock,
            pace: Pace {
                leave_when_paused: self.leave,
                max_parallel: self.parallel.try_into().unwrap(),
                ..self.pace
            },
            stop: field.stop.clone(),
        };
        carry_out(&executor, &self.run_id, heard)
    }

    pub(crate) fn log(&self) -> Vec<AuditEntry> {
        let log = self.office.store.plan_run_audit(&self.run_id, 0).unwrap();
        assert_eq!(first_broken(&log), None);
        log.iter().map(|record| from_value(&record.entry).unwrap()).collect()
    }

    pub(crate) fn count(&self, event: AuditEvent) -> usize {
        self.log().iter().filter(|entry| entry.event == event).count()
    }

    pub(crate) fn state(&self) -> RunState {
        self.office.store.plan_run(&self.run_id).unwrap().entry.state
    }
}

pub(crate) fn failed(why: &str) -> Stopped {
    Stopped::Ended(RunEnding::Failed(why.into()))
}

pub(crate) const COMPLETED: Stopped = Stopped::Ended(RunEnding::Completed);
pub(crate) const ROLLED_BACK: Stopped = Stopped::Ended(RunEnding::RolledBack);

/// The assets `asset-FIRST` to `asset-LAST`, the last first when that is smaller.
pub(crate) fn assets(first: usize, last: usize) -> Vec<String> {
    let named = |number| format!("asset-{number}");
    if first <= last {
        (first..=last).map(named).collect()
    } else {
        (last..=first).rev().map(named).collect()
    }
}
