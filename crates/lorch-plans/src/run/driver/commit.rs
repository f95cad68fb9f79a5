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
        let next = if commands.is_empty() { self.ready_at_once() } else { Vec::new() };
        let values = entries.iter().map(to_value).collect::<Result<_, _>>()?;
        self.record(
            RunChange { entries: values, states, commands, ..RunChange::default() },
            &next,
        )?;
        self.notice();
        for entry in &entries {
            (self.heard)(entry);
        }
        Ok(())
    }

    /// Records that assets are going to be acted on, unless a person wants something of the run.
    pub(super) fn begin(&mut self, next: &[Place]) -> Result<(), RunError> {
        self.record(RunChange::default(), next)
    }

    /// Refuses to go on once the lease is lost; whatever is recorded says that too, but there may be nothing
    /// to record for long.
    pub(super) fn check_lease(&mut self) -> Result<(), RunError> {
        if self.lost.load(Ordering::Relaxed) { self.begin(&[]) } else { Ok(()) }
    }

    fn record(&mut self, change: RunChange, next: &[Place]) -> Result<(), RunError> {
        let course = self.machine.course();
        let asset = |place| Some(course.at(place)?.1.clone());
        let acting: Vec<AssetId> = self.machine.begun().filter_map(asset).collect();
        let change =
            RunChange { acting, next: next.iter().copied().filter_map(asset).collect(), ..change };
        let at = self.executor.clock.now();
        if self.executor.store.record_plan_run(self.lease, change, at)? {
            for place in next {
                self.machine.begin(*place);
            }
        }
        Ok(())
    }
}
