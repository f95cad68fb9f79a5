//! Recording what happened, together with what begins next: one commit for each asset, or for several
//! that ended at the same time.

use std::sync::atomic::Ordering;

use lorch_store::RunChange;
use lorch_types::json::to_value;
use lorch_types::plan::{AssetId, AuditEntry, RunState};

use super::{Driver, RunError, out_of_place};
use crate::run::machine::Place;

impl Driver<'_, '_> {
    /// Records entries, the commands that are dealt with by them, and which assets are next.
    pub(super) fn commit(
        &mut self,
        entries: Vec<AuditEntry>,
        commands: Vec<(i64, bool)>,
    ) -> Result<(), RunError> {
        self.apply(entries, RunChange { commands, ..RunChange::default() }).map(drop)
    }

    /// Records that the run ends, unless a person wants something of it: that comes first.
    pub(super) fn end(&mut self, entry: AuditEntry) -> Result<(), RunError> {
        let before = self.machine.clone();
        let change = RunChange { unless_wanted: true, ..RunChange::default() };
        if !self.apply(vec![entry], change)? {
            self.machine = before;
        }
        Ok(())
    }

    /// Takes entries and records them with a change; whether they are recorded.
    fn apply(&mut self, entries: Vec<AuditEntry>, change: RunChange) -> Result<bool, RunError> {
        let unless_wanted = change.unless_wanted;
        let mut states: Vec<RunState> = Vec::new();
        let mut state = self.machine.run_state();
        for entry in &entries {
            let applied = self.machine.apply(entry);
            applied.map_err(|source| out_of_place(&self.crew.mark().run_id, source))?;
            if self.machine.run_state() != state {
                state = self.machine.run_state();
                states.push(state);
            }
        }
        let next = if change.commands.is_empty() { self.ready_at_once() } else { Vec::new() };
        let values = entries.iter().map(to_value).collect::<Result<_, _>>()?;
        let goes_on = self.record(RunChange { entries: values, states, ..change }, &next)?;
        if unless_wanted && !goes_on {
            return Ok(false);
        }
        self.notice();
        for entry in &entries {
            (self.heard)(entry);
        }
        Ok(true)
    }

    /// Records that assets are going to be acted on, unless a person wants something of the run.
    pub(super) fn begin(&mut self, next: &[Place]) -> Result<(), RunError> {
        self.record(RunChange::default(), next).map(drop)
    }

    /// Refuses to go on once the lease is lost; whatever is recorded says that too, but there may be nothing
    /// to record for long.
    pub(super) fn check_lease(&mut self) -> Result<(), RunError> {
        if self.lost.load(Ordering::Relaxed) { self.begin(&[]) } else { Ok(()) }
    }

    fn record(&mut self, change: RunChange, next: &[Place]) -> Result<bool, RunError> {
        let course = self.machine.course();
        let asset = |place| Some(course.at(place)?.1.clone());
        let acting: Vec<AssetId> = self.machine.begun().filter_map(asset).collect();
        let change =
            RunChange { acting, next: next.iter().copied().filter_map(asset).collect(), ..change };
        let at = self.executor.clock.now();
        let goes_on = self.executor.store.record_plan_run(self.lease, change, at)?;
        for place in next.iter().filter(|_| goes_on) {
            self.machine.begin(*place);
        }
        Ok(goes_on)
    }
}
