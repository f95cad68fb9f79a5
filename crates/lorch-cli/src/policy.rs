//! What the backends have and allow, asked before anything runs.

use anyhow::Context;
use lorch_backends::{Config, Workspace, check_params, check_policy};
use lorch_types::diagnostic::{Diagnostic, Severity};
use lorch_types::job::JobStepInstance;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::template::Expression;

use crate::exit::Failure;
use crate::site::Site;

/// A file is read that is not there now.
const NO_FILE: &str = "L0913";

/// What the backends of a workspace have and allow.
#[derive(Debug)]
pub(crate) struct Policy {
    workspace: Workspace,
    config: Config,
}

impl Policy {
    /// That of `site`.
    pub(crate) fn of(site: &Site) -> Result<Self, Failure> {
        let workspace = Workspace::open(&site.root)
            .with_context(|| format!("cannot work in `{}`", site.root.display()))
            .map_err(Failure::Usage)?;
        Ok(Self { workspace, config: site.config.clone() })
    }

    /// What is wrong with `step`, as far as its params are known; pointers begin at its params.
    /// `before` are the steps that come before it.
    pub(crate) fn check(
        &self,
        step: &JobStepInstance,
        before: &[JobStepInstance],
    ) -> Vec<Diagnostic> {
        let mut open = Vec::new();
        let params = known(&step.params, &mut open);
        let mut found = check_params(&step.op, &params, &open);
        if found.is_empty() {
            found = check_policy(&step.op, &params, &open, &self.config, &self.workspace);
        }
        for missing in found.iter_mut().filter(|it| it.code.0 == NO_FILE) {
            if !before.iter().any(may_write_files) {
                missing.severity = Severity::Error;
                missing.help = None;
            }
        }
        found
    }
}

/// Whether a file may be there after the step that was not there before.
fn may_write_files(step: &JobStepInstance) -> bool {
    !step.compiled_skip && matches!(&*step.op.to_string(), "compute.render" | "compute.exec")
}

/// The params as the data that they stand for; those at the places in `open` are not known before the
/// step is dispatched, and keep their text.
fn known(params: &Object, open: &mut Vec<Pointer>) -> Object {
    let mut at = Pointer::root();
    params
        .iter()
        .map(|(key, value)| {
            at.push(key);
            let value = known_value(value, &mut at, open);
            at.pop();
            (key.clone(), value)
        })
        .collect()
}

fn known_value(value: &Value, at: &mut Pointer, open: &mut Vec<Pointer>) -> Value {
    match value {
        Value::String(text) => match Expression::parse_compiled(text) {
            Ok(Expression::Literal(text)) => Value::String(text),
            _ => {
                open.push(at.clone());
                value.clone()
            }
        },
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                at.push(index);
                let item = known_value(item, at, open);
                at.pop();
                item
            });
            Value::Array(items.collect())
        }
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| {
                at.push(key);
                let value = known_value(value, at, open);
                at.pop();
                (key.clone(), value)
            });
            Value::Object(members.collect())
        }
        scalar => scalar.clone(),
    }
}
