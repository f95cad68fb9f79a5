//! What a run would dispatch, as far as it is known before.

use lorch_manifest::{Outputs, manifest, upstream};
use lorch_types::job::{JobStepInstance, StepManifest};
use lorch_types::json::{Object, Value, to_value};

use crate::exit::{Failure, Outcome};
use crate::runner::Planned;
use crate::terminal::print;

/// What is known of one step before the run.
enum Known {
    /// Its whole manifest.
    Manifest(StepManifest),
    /// Its params, with references to the outputs of these steps.
    Waits(Vec<String>),
    /// It is skipped.
    Skipped,
}

/// Shows what would be dispatched; nothing is.
pub(crate) fn dry_run(planned: &Planned, json: bool) -> Outcome {
    let steps = &planned.instance.steps;
    steps.iter().enumerate().try_for_each(|(index, step)| {
        let known = known(planned, step)?;
        let line = line(step, &known)?;
        if json {
            return print(&format!("{line}\n"));
        }
        let place = format!("{}/{}", index + 1, steps.len());
        let (id, op) = (&step.step_id, &step.op);
        let head = match &known {
            Known::Manifest(_) => format!("# {place} {id} ({op})\n"),
            Known::Waits(on) => format!("# {place} {id} ({op}) after {}\n", on.join(", ")),
            Known::Skipped => return print(&format!("# {place} {id} ({op}) is skipped\n")),
        };
        let shown = line.get("manifest").or_else(|| line.get("params"));
        let shown = shown.cloned().map(serde_json::Value::from).unwrap_or_default();
        print(&format!("{head}{shown:#}\n"))
    })
}

fn known(planned: &Planned, step: &JobStepInstance) -> Result<Known, Failure> {
    if step.compiled_skip {
        return Ok(Known::Skipped);
    }
    let waits: Vec<String> = upstream(step).iter().map(ToString::to_string).collect();
    if !waits.is_empty() {
        return Ok(Known::Waits(waits));
    }
    let manifest = manifest(&planned.instance, step, &planned.record, &Outputs::new());
    manifest.map(Known::Manifest).map_err(Failure::work)
}

fn line(step: &JobStepInstance, known: &Known) -> Result<Value, Failure> {
    let mut line = Object::new();
    line.insert("step_id", step.step_id.as_str());
    line.insert("op", step.op.to_string());
    match known {
        Known::Manifest(manifest) => {
            line.insert("event", "manifest");
            line.insert("manifest", to_value(manifest).map_err(Failure::work)?);
        }
        Known::Waits(on) => {
            line.insert("event", "manifest_pending");
            line.insert("waits_for", on.clone());
            line.insert("params", step.params.clone());
        }
        Known::Skipped => {
            line.insert("event", "step_skipped");
        }
    }
    Ok(line.into())
}
