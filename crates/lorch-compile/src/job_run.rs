//! Puts the steps of another job in the place of a `job.run` step.

use std::collections::HashMap;
use std::rc::Rc;

use lorch_types::SmolStr;
use lorch_types::job::{JobDef, JobId, Version};
use lorch_types::json::{ObjectView, Value, View};
use lorch_types::template::Expression;

use crate::bindings::{Bindings, Payload};
use crate::bring_in::Notation;
use crate::code;
use crate::compile::Compiler;
use crate::contract::SchemaOf;
use crate::definition::{Names, Step};
use crate::inputs::{Definitions, FindError, Found};
use crate::known::State;
use crate::limits::{MAX_JOB_DEPTH, MAX_STEPS, PARAMS_DEPTH};
use crate::report::{Path, Problem};
use crate::schema::{Extent, Schema};
use crate::steps::{Decided, Frame, Site};
use crate::suggest;

/// The definitions that nested jobs come from, each looked up once.
pub(crate) struct Library<'a> {
    definitions: &'a dyn Definitions,
    jobs: HashMap<JobId, Rc<Entry>>,
}

/// What looking a job up gave.
enum Entry {
    Job(Box<Nested>),
    /// There is none; these are there.
    Unknown(Vec<JobId>),
    /// It is wrong, which has been reported.
    Broken,
}

/// A definition that stands in the place of steps.
struct Nested {
    file: SmolStr,
    job: JobDef,
    payload_schema: Option<Schema>,
    /// The ctx with the definition's defaults; `None` when there is nothing to add.
    ctx: Option<Value>,
}

/// What a `job.run` step asks for.
#[derive(Default)]
struct Request {
    job_id: Option<JobId>,
    version: Option<Version>,
    payload: Option<Value>,
}

const FIELDS: [&str; 3] = ["job_id", "version", "payload"];

impl<'a> Library<'a> {
    pub(crate) fn new(definitions: &'a dyn Definitions) -> Self {
        Self { definitions, jobs: HashMap::new() }
    }
}

impl Compiler<'_> {
    /// Compiles the job that a `job.run` step names, in the step's place.
    pub(crate) fn job_run(&mut self, step: Step<'_>, site: &Site<'_>) -> State {
        let steps = Path::Key(&Path::Root, "steps");
        let path = Path::Index(&steps, site.index);
        self.refuse_fields(&step, site, &path);
        let request = self.request(step.params, site, &path);
        let Some(job_id) = request.job_id else { return State::Broken };
        let params = Path::Key(&path, "params");
        if let Err(problem) = self.may_inline(&job_id, site.frame) {
            self.fail(site, &Path::Key(&params, "job_id"), problem);
            return State::Broken;
        }
        let entry = self.look_up(&job_id, site);
        let nested = match &*entry {
            Entry::Job(nested) => nested,
            Entry::Unknown(candidates) => {
                let message = format!("there is no job `{job_id}`");
                let names = candidates.iter().map(JobId::as_str);
                let help = suggest::among(job_id.as_str(), names, "the jobs are");
                let problem = Problem::new(code::UNKNOWN_JOB, message).with_help(help);
                self.fail(site, &Path::Key(&params, "job_id"), problem);
                return State::Broken;
            }
            Entry::Broken => return State::Broken,
        };
        if let Some(version) = request.version.filter(|version| *version != nested.job.version) {
            let message =
                format!("job `{job_id}` has version `{}`, not `{version}`", nested.job.version);
            let problem = Problem::new(code::JOB_VERSION, message);
            self.fail(site, &Path::Key(&params, "version"), problem);
        }
        let payload = request.payload.unwrap_or_else(Value::object);
        let payload = self.bound_payload(payload, nested, site, &params);
        let label = site.name.to_string();
        let frame = Frame {
            job_id: &job_id,
            file: Some(&nested.file),
            places: &[],
            prefix: Some(site.name),
            bindings: Bindings {
                ctx: nested.ctx.as_ref().unwrap_or(site.frame.bindings.ctx),
                payload: Payload::Bound { value: &payload, step: &label },
            },
            skipped: site.skipped,
            continue_on_error: site.frame.continue_on_error.or(step.continue_on_error),
            phase_id: step.phase_id.as_ref().or(site.frame.phase_id),
            around: Some(site.frame),
            depth: site.frame.depth + 1,
            decided: Decided::default(),
        };
        let steps: Vec<_> = nested.job.steps.iter().map(Step::from).collect();
        let names = Names::of(&steps);
        State::Job(Box::new(self.steps(steps, names, &frame)))
    }

    /// The fields that say how a step is dispatched mean nothing for one that is not.
    fn refuse_fields(&mut self, step: &Step<'_>, site: &Site<'_>, path: &Path<'_>) {
        let given =
            [("timeout_s", step.timeout_s.is_some()), ("idempotency", step.idempotency.is_some())];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            let message = format!("a `job.run` step has no `{field}`");
            let problem = Problem::new(code::JOB_RUN_FIELD, message)
                .with_help(format!("set `{field}` on the steps of the nested job"));
            self.fail(site, &Path::Key(path, field), problem);
        }
    }

    fn request(&mut self, params: ObjectView<'_>, site: &Site<'_>, step: &Path<'_>) -> Request {
        let path = Path::Key(step, "params");
        let mut request = Request::default();
        if !params.contains_key("job_id") {
            let message = "`params` of a `job.run` step has no `job_id`";
            self.fail(site, &path, Problem::new(code::JOB_RUN_PARAMS, message));
        }
        for (key, value) in params.iter() {
            let at = Path::Key(&path, &key);
            match key.as_str() {
                "job_id" => request.job_id = self.fixed(value, site, &at, &key),
                "version" => request.version = self.fixed(value, site, &at, &key),
                "payload" => {
                    let payload = self.substituted(value, site, &at, PARAMS_DEPTH + 1);
                    request.payload = Some(payload);
                }
                other => {
                    let message = format!("`job.run` has no param `{}`", other.escape_debug());
                    let help = suggest::among(other, FIELDS, "its params are");
                    let mut diagnostic = Problem::new(code::JOB_RUN_PARAMS, message)
                        .with_help(help)
                        .into_error(at.pointer());
                    diagnostic.part = lorch_types::diagnostic::Part::Key;
                    self.say(site, diagnostic);
                }
            }
        }
        request
    }

    /// The identifier that a param states, which must not depend on anything.
    fn fixed<T: std::str::FromStr<Err = lorch_types::InvalidId>>(
        &mut self,
        value: View<'_>,
        site: &Site<'_>,
        path: &Path<'_>,
        name: &str,
    ) -> Option<T> {
        let problem = match value {
            View::String(text) => match Expression::parse(&text) {
                Ok(Expression::Literal(text)) => match text.parse() {
                    Ok(parsed) => return Some(parsed),
                    Err(error) => Problem::new(code::JOB_RUN_PARAMS, format!("`{name}`: {error}")),
                },
                _ => {
                    let message = format!("`{name}` must stand there as it is, without references");
                    let help = "which jobs there are is fixed; choose between them with `if`";
                    Problem::new(code::JOB_RUN_PARAMS, message).with_help(help.to_owned())
                }
            },
            other => {
                let found = other.value_type().with_article();
                Problem::new(code::JOB_RUN_PARAMS, format!("`{name}` is {found}, not a string"))
            }
        };
        self.fail(site, path, problem);
        None
    }

    /// Checks that the job may be put into the one of `frame`.
    fn may_inline(&mut self, job_id: &JobId, frame: &Frame<'_>) -> Result<(), Problem> {
        let mut chain = vec![job_id];
        let mut around = Some(frame);
        while let Some(frame) = around {
            chain.push(frame.job_id);
            if frame.job_id == job_id {
                chain.reverse();
                let names: Vec<String> = chain.iter().map(|job| format!("`{job}`")).collect();
                let message = format!("jobs run each other in a circle: {}", names.join(" → "));
                return Err(Problem::new(code::JOB_CYCLE, message));
            }
            around = frame.around;
        }
        if frame.depth >= MAX_JOB_DEPTH {
            let message = format!("jobs are nested deeper than {MAX_JOB_DEPTH} levels");
            return Err(Problem::new(code::JOB_DEPTH, message));
        }
        self.inlined += 1;
        if self.inlined > MAX_STEPS {
            let message = format!("more than {MAX_STEPS} jobs are nested");
            return Err(Problem::new(code::TOO_MANY_STEPS, message));
        }
        Ok(())
    }

    /// The definition of a job; what is wrong with it is reported the first time.
    fn look_up(&mut self, job_id: &JobId, site: &Site<'_>) -> Rc<Entry> {
        if let Some(entry) = self.library.jobs.get(job_id) {
            return Rc::clone(entry);
        }
        let entry = match self.library.definitions.find(job_id) {
            Ok(found) => self.nested(job_id, found, site.frame.bindings.ctx),
            Err(FindError::NotFound { candidates }) => Entry::Unknown(candidates),
            Err(FindError::Invalid { name, diagnostics }) => {
                for mut diagnostic in diagnostics {
                    diagnostic.file.get_or_insert_with(|| name.clone());
                    self.report.add("", diagnostic);
                }
                if !self.report.has_errors() {
                    let message = format!("the definition of job `{job_id}` cannot be read");
                    self.fail(site, &Path::Root, Problem::new(code::UNKNOWN_JOB, message));
                }
                Entry::Broken
            }
        };
        let entry = Rc::new(entry);
        self.library.jobs.insert(job_id.clone(), Rc::clone(&entry));
        entry
    }

    fn nested(&mut self, job_id: &JobId, found: Found, ctx: &Value) -> Entry {
        let Found { name: file, definition } = found;
        let job = definition.job;
        if job.job_id != *job_id {
            let message = format!("this is the definition of `{}`, not of `{job_id}`", job.job_id);
            let path = Path::Key(&Path::Root, "job_id");
            let diagnostic = Problem::new(code::JOB_NAME, message).into_error(path.pointer());
            self.report.add("", diagnostic.in_file(file));
            return Entry::Broken;
        }
        let payload_schema = self.schema(
            job.payload_schema.as_ref().map(ObjectView::from),
            SchemaOf::Payload,
            Some(&file),
        );
        let ctx_schema =
            self.schema(job.ctx_schema.as_ref().map(ObjectView::from), SchemaOf::Ctx, Some(&file));
        let ctx = ctx_schema.map(|schema| {
            let whole = schema.with_defaults(ctx).into_owned();
            self.check(Some(&schema), &whole, ctx, SchemaOf::Ctx, Some(&file));
            whole
        });
        Entry::Job(Box::new(Nested { file, job, payload_schema, ctx }))
    }

    /// The payload with the nested job's defaults, checked against its schema.
    fn bound_payload(
        &mut self,
        mut payload: Value,
        nested: &Nested,
        site: &Site<'_>,
        params: &Path<'_>,
    ) -> Value {
        let Some(schema) = &nested.payload_schema else { return payload };
        let path = Path::Key(params, "payload");
        for (name, default) in schema.missing_defaults(&payload) {
            match self.brought_in(&default, Notation::Data, PARAMS_DEPTH + 2) {
                Ok(default) => {
                    if let Some(object) = payload.as_object_mut() {
                        object.insert(name, default);
                    }
                }
                Err(problem) => self.stop(site, &path, problem),
            }
        }
        if site.skipped || matches!(payload, Value::String(_)) && !is_plain_data(&payload) {
            return payload;
        }
        let (value, extent) = match crate::bindings::decoded(&payload) {
            Ok(data) => (data, Extent::Whole),
            Err(_) => (payload.clone(), Extent::Names),
        };
        for violation in schema.violations(&value, extent) {
            let mut pointer = path.pointer();
            violation.pointer.tokens().for_each(|token| pointer.push(token));
            let message =
                format!("the payload for job `{}`: {}", nested.job.job_id, violation.message);
            let problem = Problem::new(code::PAYLOAD_SCHEMA, message).with_help(violation.help);
            self.say(site, problem.into_error(pointer).about(violation.part));
        }
        payload
    }
}

/// Whether a value in the notation of an instance depends on nothing.
fn is_plain_data(value: &Value) -> bool {
    crate::bindings::decoded(value).is_ok()
}
