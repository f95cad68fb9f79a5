//! Recording what happened, together with what begins next: one commit for each asset.

use lorch_store::RunChange;
use lorch_types::json::to_value;
use lorch_types::plan::{AssetId, AuditEntry, RunState, Truth};

use super::{Driver, RunError, out_of_place};
use crate::run::hands::Direction;
use crate::run::machine::Next;
use crate::run::watch::Watch;

impl Driver<'_> {
    /// Records entries, the commands that are dealt with by them, and which asset is next.
    pub(super) fn commit(
        &mut self,
        entries: Vec<AuditEntry>,
        commands: Vec<(i64, bool)>,
    ) -> Result<(), RunError> {
        let mut states: Vec<RunState> = Vec::new();
        let mut state = self.machine.run_state();
        for entry in &entries {
            let applied = self.machine.apply(entry);
            applied.map_err(|source| out_of_place(&self.mark.run_id, source))?;
            if self.machine.run_state() != state {
                state = self.machine.run_state();
                states.push(state);
            }
        }
        let acting = if commands.is_empty() { self.at_once()? } else { None };
        let values = entries.iter().map(to_value).collect::<Result<_, _>>()?;
        let is_begun = acting.is_some();
        let change = RunChange { entries: values, states, acting, commands };
        self.executor.store.record_plan_run(self.lease, change, self.executor.clock.now())?;
        if is_begun {
            self.machine.begin();
        }
        for entry in &entries {
            (self.heard)(entry);
        }
        Ok(())
    }

    /// Records that the next asset is going to be acted on.
    pub(super) fn begin(&mut self, asset: AssetId) -> Result<(), RunError> {
        let change = RunChange { acting: Some(asset), ..RunChange::default() };
        self.executor.store.record_plan_run(self.lease, change, self.executor.clock.now())?;
        self.machine.begin();
        Ok(())
    }

    /// The asset that is acted on next, when it is certain already that nothing comes before it.
    fn at_once(&mut self) -> Result<Option<AssetId>, RunError> {
        let Next::Act { stage, asset, direction, .. } = self.machine.next() else {
            return Ok(None);
        };
        let asset = asset.clone();
        if direction == Direction::Forward && !self.is_open() {
            return Ok(None);
        }
        if direction == Direction::Forward && self.machine.has_touched() {
            let eyes = self.eyes();
            if !Watch::is_at_hand(stage, &eyes) {
                return Ok(None);
            }
            let clock = self.executor.clock;
            if self.watch.look(stage, &self.machine, &eyes, || clock.now()) == Truth::True {
                return Ok(None);
            }
        }
        let is_free = !self.is_stopped()
            && self.executor.store.plan_run_commands(&self.mark.run_id)?.is_empty();
        Ok(is_free.then_some(asset))
    }
}
