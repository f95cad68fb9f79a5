//! What the backends have and allow, asked before anything runs.

use anyhow::Context;
use lorch_backends::{Config, Workspace, check_params, check_policy};
use lorch_types::diagnostic::{Diagnostic, Severity};
use lorch_types::job::DispatchOp;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::reference::ReferenceError;
use lorch_types::template::Expression;

use crate::exit::Failure;
use crate::site::Site;

/// A file is read that is not there now.
const NO_FILE: &str = "L0913";

/// How a string of the params is read: as an author wrote it, or as it was compiled.
pub(crate) type Parse = fn(&str) -> Result<Expression, ReferenceError>;

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

    /// What is wrong with a step of `op`, as far as its params are known; pointers begin at them.
    /// `parse` reads their strings. `files_may_come` when a step before may write files.
    pub(crate) fn check(
        &self,
        op: &DispatchOp,
        params: &Object,
        parse: Parse,
        files_may_come: bool,
    ) -> Vec<Diagnostic> {
        let mut open = Vec::new();
        let params = known(params, parse, &mut open);
        let mut found = check_params(op, &params, &open);
        if found.is_empty() {
            found = check_policy(op, &params, &open, &self.config, &self.workspace);
        }
        for missing in found.iter_mut().filter(|it| it.code.0 == NO_FILE && !files_may_come) {
            missing.severity = Severity::Error;
            missing.help = None;
        }
        found
    }
}

/// Whether a file may be there after a step of `op` that was not there before.
pub(crate) fn may_write_files(op: &DispatchOp) -> bool {
    matches!(&*op.to_string(), "compute.render" | "compute.exec")
}

/// The params as the data that they stand for; those at the places in `open` are not known before the
/// step is dispatched, and keep their text.
fn known(params: &Object, parse: Parse, open: &mut Vec<Pointer>) -> Object {
    let mut at = Pointer::root();
    params
        .iter()
        .map(|(key, value)| {
            at.push(key);
            let value = known_value(value, parse, &mut at, open);
            at.pop();
            (key.clone(), value)
        })
        .collect()
}

fn known_value(value: &Value, parse: Parse, at: &mut Pointer, open: &mut Vec<Pointer>) -> Value {
    match value {
        Value::String(text) => match parse(text) {
            Ok(Expression::Literal(text)) => Value::String(text),
            _ => {
                open.push(at.clone());
                value.clone()
            }
        },
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                at.push(index);
                let item = known_value(item, parse, at, open);
                at.pop();
                item
            });
            Value::Array(items.collect())
        }
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| {
                at.push(key);
                let value = known_value(value, parse, at, open);
                at.pop();
                (key.clone(), value)
            });
            Value::Object(members.collect())
        }
        scalar => scalar.clone(),
    }
}
