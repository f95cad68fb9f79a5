//! Reads a definition: its structure is checked, and everything wrong with it is said at once.

mod draft;
mod fields;
mod idempotency;
mod step;

use lorch_types::Digest;
use lorch_types::diagnostic::{Diagnostic, Part};
use lorch_types::job::JobDef;
use lorch_types::json::{ArrayView, ObjectView, View};

pub(crate) use self::draft::{Draft, Head, Names, Step, Unread};
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
/// Everything that is wrong with its structure; [`compile_document`](crate::compile_document) goes on
/// from there to what is wrong with the rest.
pub fn read_definition<'d>(document: impl Into<View<'d>>) -> Result<Definition, Vec<Diagnostic>> {
    let document = document.into();
    let mut report = Report::default();
    let draft = read_draft(document, &mut report);
    // Reading gives no warnings: it is either whole or wrong.
    match (report.finish(), draft) {
        (Ok(_), Some(draft)) => {
            Ok(Definition { job: draft.into(), sha256: Digest::of_view(document) })
        }
        (Ok(_), None) => Err(Vec::new()),
        (Err(diagnostics), _) => Err(diagnostics),
    }
}

/// What can be read of `document`; what cannot is reported.
pub(crate) fn read_draft<'d>(document: View<'d>, report: &mut Report) -> Option<Draft<'d>> {
    match document {
        View::Object(object) => {
            let (head, Steps { steps, places, names }) = read_job(object, report, read_steps)?;
            Some(Draft { head, steps, places, names })
        }
        other => {
            let found = other.value_type().with_article();
            let message = format!("a definition is an object, not {found}");
            report
                .add("", Problem::new(code::WRONG_TYPE, message).into_error(Path::Root.pointer()));
            None
        }
    }
}

/// The head of the definition that `document` is, and its steps still to be read, if nothing is wrong
/// but perhaps those.
pub(crate) fn read_head<'d>(document: View<'d>) -> Option<(Head<'d>, ArrayView<'d>)> {
    let mut report = Report::default();
    let View::Object(object) = document else { return None };
    let head = read_job(object, &mut report, |steps, _| steps.as_array())?;
    (!report.has_errors()).then_some(head)
}

/// The fields of a definition.
const JOB_FIELDS: [&str; 5] = ["job_id", "version", "steps", "payload_schema", "ctx_schema"];

/// What stands in a draft for a name or version that cannot be read.
const UNREADABLE: &str = "unreadable";

/// The head of the definition that `object` is, and what `read_steps` makes of its steps.
fn read_job<'d, S>(
    object: ObjectView<'d>,
    report: &mut Report,
    read_steps: impl Fn(View<'d>, &mut Fields<'_>) -> Option<S>,
) -> Option<(Head<'d>, S)> {
    let mut fields = Fields { subject: &Subject::Job, path: Path::Root, report };
    let (mut job_id, mut version, mut steps) = (None, None, None);
    let (mut payload_schema, mut ctx_schema) = (None, None);
    for (key, value) in object.iter() {
        match key.as_str() {
            "job_id" => job_id = Some(fields.id("job_id", value)),
            "version" => version = Some(fields.id("version", value)),
            "steps" => steps = Some(read_steps(value, &mut fields)),
            "payload_schema" => payload_schema = fields.object("payload_schema", value),
            "ctx_schema" => ctx_schema = fields.object("ctx_schema", value),
            _ => fields.unknown(&key, &JOB_FIELDS),
        }
    }
    let job_id = fields.required("job_id", job_id).or_else(|| UNREADABLE.parse().ok())?;
    let version = fields.required("version", version).or_else(|| UNREADABLE.parse().ok())?;
    let steps = fields.required("steps", steps)?;
    Some((Head { job_id, version, payload_schema, ctx_schema }, steps))
}

/// The steps that can be read, and what is known of the others.
struct Steps<'d> {
    steps: Vec<Step<'d>>,
    places: Vec<usize>,
    names: Names,
}

fn read_steps<'d>(value: View<'d>, fields: &mut Fields<'_>) -> Option<Steps<'d>> {
    let items = match value {
        View::Array(items) => items,
        other => {
            fields.wrong_type("steps", other, "an array of steps");
            return None;
        }
    };
    let mut steps = Vec::with_capacity(items.len());
    let mut places = Vec::new();
    let mut unread = Unread::default();
    let mut names = Names::default();
    names.positions.reserve(items.len());
    let around = fields.path;
    let list = Path::Key(&around, "steps");
    for (index, item) in items.iter().enumerate() {
        if fields.report.is_full() {
            return None;
        }
        let path = Path::Index(&list, index);
        let name = item.get("step_id").and_then(View::as_str);
        match read_step(item, name, index, &mut names, path, fields.report) {
            Some(step) => {
                if steps.len() != index && places.is_empty() {
                    places.extend(0..steps.len());
                }
                if steps.len() != index {
                    places.push(index);
                }
                steps.push(step);
            }
            None => match name {
                Some(name) => unread.add(name),
                None => unread.add_nameless(),
            },
        }
    }
    if steps.len() < items.len() {
        names = Names { unread, ..Names::of(&steps) };
    }
    Some(Steps { steps, places, names })
}

/// The step that `item`, the one at `index`, is, if it can be read and no earlier one has its `name`.
pub(crate) fn read_step<'d>(
    item: View<'d>,
    name: Option<&str>,
    index: usize,
    names: &mut Names,
    path: Path<'_>,
    report: &mut Report,
) -> Option<Step<'d>> {
    let is_new = name.is_none_or(|name| note_name(name, index, names, &path, report));
    step::read(item, name, index, path, report).filter(|_| is_new)
}

/// Remembers the name of a step, and whether it is the first of that name; a second one is an error.
fn note_name(
    name: &str,
    index: usize,
    names: &mut Names,
    path: &Path<'_>,
    report: &mut Report,
) -> bool {
    let first = names.note(name.into(), index);
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
