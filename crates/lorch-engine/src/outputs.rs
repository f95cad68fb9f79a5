//! The outputs that later steps refer to, held as long as one does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lorch_manifest::upstream;
use lorch_store::{Store, StoreError};
use lorch_types::Digest;
use lorch_types::job::{JobInstance, StepOutcome, StepPath};
use lorch_types::json::Value;

/// The outputs that steps still to come refer to.
pub(crate) struct Outputs {
    /// For each step the ones whose outputs it needs.
    needs: Vec<BTreeSet<StepPath>>,
    /// The place of the last step that needs an output.
    last_need: HashMap<StepPath, usize>,
    /// Where outputs of earlier attempts are found.
    recorded: HashMap<StepPath, Digest>,
    held: BTreeMap<StepPath, Arc<Value>>,
}

impl Outputs {
    /// Nothing yet, of a run of `instance` with the outcomes `standing` of earlier attempts.
    pub(crate) fn new(instance: &JobInstance, standing: &[StepOutcome]) -> Self {
        let needs: Vec<_> = instance
            .steps
            .iter()
            .map(|step| if step.compiled_skip { BTreeSet::new() } else { upstream(step) })
            .collect();
        let last_need = needs
            .iter()
            .enumerate()
            .flat_map(|(position, paths)| paths.iter().map(move |path| (path.clone(), position)))
            .collect();
        let recorded = standing
            .iter()
            .filter_map(|outcome| Some((outcome.step_id.clone(), outcome.output_ref.clone()?)))
            .collect();
        Self { needs, last_need, recorded, held: BTreeMap::new() }
    }

    /// The outputs held, among them all that the step at `position` needs and that there are.
    pub(crate) fn before(
        &mut self,
        position: usize,
        store: &Store,
    ) -> Result<&BTreeMap<StepPath, Arc<Value>>, StoreError> {
        for path in self.needs.get(position).into_iter().flatten() {
            if let Some(digest) = self.recorded.get(path)
                && !self.held.contains_key(path)
            {
                self.held.insert(path.clone(), Arc::new(store.value(digest)?));
            }
        }
        Ok(&self.held)
    }

    /// Lets go of what no step after `position` needs.
    pub(crate) fn after(&mut self, position: usize) {
        for path in self.needs.get(position).into_iter().flatten() {
            if self.last_need.get(path) == Some(&position) {
                self.held.remove(path);
            }
        }
    }

    /// Holds the output of a step, if a later one needs it.
    pub(crate) fn hold(&mut self, step_id: &StepPath, output: &Arc<Value>) {
        if self.last_need.contains_key(step_id) {
            self.held.insert(step_id.clone(), Arc::clone(output));
        }
    }
}
