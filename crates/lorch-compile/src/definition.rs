//! Reads a definition: its structure is checked, and everything wrong with it is said at once.

mod fields;
mod idempotency;
mod step;

use std::collections::{HashMap, HashSet};

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

/// What can be read of a definition.
pub(crate) struct Draft {
    /// The definition with the steps that can be read.
    pub(crate) job: JobDef,
    /// Where those steps stand in the document; empty when all of them can be read.
    pub(crate) places: Vec<usize>,
    /// The steps that cannot.
    pub(crate) unread: Unread,
}

/// The steps of a definition that cannot be read: whatever is said of their outputs is passed over.
#[derive(Default)]
pub(crate) struct Unread {
    names: HashSet<SmolStr>,
    /// Whether one of them has no name that can be read.
    is_nameless: bool,
}

impl Unread {
    /// Whether `name` may be the name of such a step.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        self.is_nameless || self.names.contains(name)
    }
}

impl From<JobDef> for Draft {
    fn from(job: JobDef) -> Self {
        Self { job, places: Vec::new(), unread: Unread::default() }
    }
}

/// The definition that `document` is.
///
/// # Errors
/// Everything that is wrong with its structure; [`compile_document`](crate::compile_document) goes on
/// from there to what is wrong with the rest.
pub fn read_definition(document: Value) -> Result<Definition, Vec<Diagnostic>> {
    let sha256 = Digest::of(&document);
    let mut report = Report::default();
    let draft = read_draft(document, &mut report);
    // Reading gives no warnings: it is either whole or wrong.
    match (report.finish(), draft) {
        (Ok(_), Some(draft)) => Ok(Definition { job: draft.job, sha256 }),
        (Ok(_), None) => Err(Vec::new()),
        (Err(diagnostics), _) => Err(diagnostics),
    }
}

/// What can be read of `document`; what cannot is reported.
pub(crate) fn read_draft(document: Value, report: &mut Report) -> Option<Draft> {
    match document {
        Value::Object(object) => read_job(object, report),
        other => {
            let found = other.value_type().with_article();
            let message = format!("a definition is an object, not {found}");
            report
                .add("", Problem::new(code::WRONG_TYPE, message).into_error(Path::Root.pointer()));
            None
        }
    }
}

/// The fields of a definition.
const JOB_FIELDS: [&str; 5] = ["job_id", "version", "steps", "payload_schema", "ctx_schema"];

/// What stands in a draft for a name or version that cannot be read.
const UNREADABLE: &str = "unreadable";

fn read_job(object: Object, report: &mut Report) -> Option<Draft> {
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
    let job_id = fields.required("job_id", job_id).or_else(|| UNREADABLE.parse().ok())?;
    let version = fields.required("version", version).or_else(|| UNREADABLE.parse().ok())?;
    let Steps { steps, places, unread } = fields.required("steps", steps)?;
    let job = JobDef { job_id, version, steps, payload_schema, ctx_schema };
    Some(Draft { job, places, unread })
}

/// The steps that can be read, and what is known of the others.
struct Steps {
    steps: Vec<StepDef>,
    places: Vec<usize>,
    unread: Unread,
}

fn read_steps(value: Value, fields: &mut Fields<'_>) -> Option<Steps> {
    let items = match value {
        Value::Array(items) => items,
        other => {
            fields.wrong_type("steps", &other, "an array of steps");
            return None;
        }
    };
    let mut steps = Vec::with_capacity(items.len());
    let mut places = Vec::new();
    let mut unread = Unread::default();
    let mut first_uses = HashMap::with_capacity(items.len());
    let around = fields.path;
    let list = Path::Key(&around, "steps");
    for (index, item) in items.into_iter().enumerate() {
        if fields.report.is_full() {
            return None;
        }
        let path = Path::Index(&list, index);
        let name = match item.get("step_id") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        };
        let is_new = name
            .as_ref()
            .is_none_or(|name| note_name(name, index, &mut first_uses, &path, fields.report));
        match step::read(item, index, path, fields.report) {
            Some(step) if is_new => {
                if steps.len() != index && places.is_empty() {
                    places.extend(0..steps.len());
                }
                if steps.len() != index {
                    places.push(index);
                }
                steps.push(step);
            }
            _ => match name {
                Some(name) => _ = unread.names.insert(name),
                None => unread.is_nameless = true,
            },
        }
    }
    Some(Steps { steps, places, unread })
}

/// Remembers the name of a step, and whether it is the first of that name; a second one is an error.
fn note_name(
    name: &SmolStr,
    index: usize,
    first_uses: &mut HashMap<SmolStr, usize>,
    path: &Path<'_>,
    report: &mut Report,
) -> bool {
    let first = *first_uses.entry(name.clone()).or_insert(index);
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
    first == index
}
