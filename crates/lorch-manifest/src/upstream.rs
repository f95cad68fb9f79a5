//! Which steps' outputs a step needs.

use std::collections::BTreeSet;

use lorch_types::job::{JobStepInstance, StepPath};
use lorch_types::json::Value;
use lorch_types::reference::{Reference, Root, Segment};
use lorch_types::template::{Expression, is_plain};

/// The steps whose outputs `step` refers to, in its params and its semantic key.
pub fn upstream(step: &JobStepInstance) -> BTreeSet<StepPath> {
    let mut steps = BTreeSet::new();
    let key = step.idempotency.as_ref().and_then(|idempotency| idempotency.semantic_key.as_ref());
    for value in step.params.values().chain(key) {
        collect(value, &mut steps);
    }
    steps
}

fn collect(value: &Value, steps: &mut BTreeSet<StepPath>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) if is_plain(text) => {}
        Value::String(text) => {
            if let Ok(expression) = Expression::parse_compiled(text) {
                steps.extend(expression.references().filter_map(step_of));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, steps)),
        Value::Object(object) => object.values().for_each(|value| collect(value, steps)),
    }
}

/// The step whose output `reference` names; none when it names something of the run's own.
fn step_of(reference: &Reference) -> Option<StepPath> {
    match (reference.root(), reference.path().first()) {
        // What is the run's own is no valid name of a step.
        (Root::Run, Some(Segment::Key(name))) => name.parse().ok(),
        _ => None,
    }
}
