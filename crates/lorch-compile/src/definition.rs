//! Reads a definition: its structure is checked, and everything wrong with it is said at once.

mod fields;
mod idempotency;
mod step;

use std::collections::HashMap;

use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::job::{JobDef, StepDef};
use lorch_types::json::{Object, Value};
use lorch_types::{Digest, SmolStr};

use self::fields::{Fields, Subject};
use crate::code;
use crate::report::{Path, Problem, Report};

/// A definition whose structure is right, and the digest of the document that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The definition.
    pub job: JobDef,
    /// The digest over the canonical JSON of the document.
    pub sha256: Digest,
}

/// The definition that `document` is.
///
/// # Errors
/// Everything that is wrong with its structure.
pub fn read_definition(document: Value) -> Result<Definition, Vec<Diagnostic>> {
    let sha256 = Digest::of(&document);
    let mut report = Report::default();
    let job = match document {
        Value::Object(object) => read_job(object, &mut report),
        other => {
            let found = other.value_type().with_article();
            let message = format!("a definition is an object, not {found}");
            report
                .add("", Problem::new(code::WRONG_TYPE, message).into_error(Path::Root.pointer()));
            None
        }
    };
    // Reading gives no warnings: it is either whole or wrong.
    match (report.finish(), job) {
        (Ok(_), Some(job)) => Ok(Definition { job, sha256 }),
        (Ok(_), None) => Err(Vec::new()),
        (Err(diagnostics), _) => Err(diagnostics),
    }
}

/// The fields of a definition.
const JOB_FIELDS: [&str; 5] = ["job_id", "version", "steps", "payload_schema", "ctx_schema"];

fn read_job(object: Object, report: &mut Report) -> Option<JobDef> {
    let mut fields = Fields { subject: &Subject::Job, path: Path::Root, report };
    let (mut job_id, mut version, mut steps) = (None, None, None);
    let (mut payload_schema, mut ctx_schema) = (None, None);
    for (key, value) in object {
        match key.as_str() {
            "job_id" => job_id = Some(fields.id("job_id", &value)),
            "version" => version = Some(fields.id("version", &value)),
            "steps" => steps = Some(read_steps(value, &mut fields)),
            "payload_schema" => payload_schema = fields.object("payload_schema", value),
            "ctx_schema" => ctx_schema = fields.object("ctx_schema", value),
            _ => fields.unknown(&key, &JOB_FIELDS),
        }
    }
    let job_id = fields.required("job_id", job_id);
    let version = fields.required("version", version);
    let steps = fields.required("steps", steps);
    Some(JobDef { job_id: job_id?, version: version?, steps: steps?, payload_schema, ctx_schema })
}

fn read_steps(value: Value, fields: &mut Fields<'_>) -> Option<Vec<StepDef>> {
    let items = match value {
        Value::Array(items) => items,
        other => {
            fields.wrong_type("steps", &other, "an array of steps");
            return None;
        }
    };
    let mut steps = Vec::with_capacity(items.len());
    let mut first_uses = HashMap::with_capacity(items.len());
    let count = items.len();
    let around = fields.path;
    let list = Path::Key(&around, "steps");
    for (index, item) in items.into_iter().enumerate() {
        if fields.report.is_full() {
            return None;
        }
        let path = Path::Index(&list, index);
        if let Some(name) = item.get("step_id").and_then(Value::as_str) {
            note_name(name, index, &mut first_uses, &path, fields.report);
        }
        steps.extend(step::read(item, index, path, fields.report));
    }
    (steps.len() == count).then_some(steps)
}

/// Remembers the name of a step; a second step of that name is an error.
fn note_name(
    name: &str,
    index: usize,
    first_uses: &mut HashMap<SmolStr, usize>,
    path: &Path<'_>,
    report: &mut Report,
) {
    let first = *first_uses.entry(name.into()).or_insert(index);
    if first != index {
        let message = format!(
            "step {} has the name of step {}: `{}`",
            index + 1,
            first + 1,
            name.escape_debug()
        );
        let problem = Problem::new(code::DUPLICATE_STEP, message)
            .with_help("every step of a job has a name of its own".to_owned());
        let pointer = Path::Key(path, "step_id").pointer();
        report.add("", problem.into_error(pointer).about(Part::Value));
    }
}
