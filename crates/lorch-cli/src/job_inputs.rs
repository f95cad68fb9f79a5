//! What a job is compiled with: ctx, payload, envelope, and where nested jobs are.

use std::path::{Path, PathBuf};

use clap::Args;
use lorch_types::diagnostic::{Format, Source};
use lorch_types::json::{Limits, Object, Value};

use crate::assignment::{Assignment, Target};
use crate::exit::Failure;
use crate::input::read_value;

/// The arguments that say what a job is compiled with.
#[derive(Clone, Debug, Args)]
pub(crate) struct JobInputs {
    /// The ctx, as JSON or YAML: what `@ctx` names; `{}` when absent.
    #[arg(long, value_name = "FILE")]
    ctx: Option<PathBuf>,
    /// The payload, as JSON or YAML: what `@payload` names; `{}` when absent.
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// Sets one value of the payload or ctx: `payload.day=2026-11-20`, `ctx.limits[0]=5`. It is read
    /// as JSON where it is JSON, otherwise as a string.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<Assignment>,
    /// The folder of the jobs that `job.run` names; the folder of the job file when absent.
    #[arg(long, value_name = "DIR")]
    job_dir: Option<PathBuf>,
}

/// A value that a job is compiled with, and the text that diagnostics about it show.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// The value.
    pub(crate) value: Value,
    /// Its text: the file, or what was made of it.
    pub(crate) source: Source,
}

impl JobInputs {
    /// What `@ctx` names.
    pub(crate) fn ctx(&self, limits: Limits) -> Result<Input, Failure> {
        self.input(self.ctx.as_deref(), Target::Ctx, "ctx", limits)
    }

    /// What `@payload` names.
    pub(crate) fn payload(&self, limits: Limits) -> Result<Input, Failure> {
        self.input(self.payload.as_deref(), Target::Payload, "payload", limits)
    }

    /// What `@payload` names when the payload is `value`, which came from `name`.
    pub(crate) fn payload_of(&self, value: Value, name: &str) -> Result<Input, Failure> {
        let value = self.adjusted(value, Target::Payload)?;
        Ok(Input { source: written(&value, name), value })
    }

    /// What `@run.envelope` names; `file` holds it, if there is one.
    pub(crate) fn envelope(&self, file: Option<&Path>, limits: Limits) -> Result<Object, Failure> {
        match self.input(file, Target::Envelope, "envelope", limits)?.value {
            Value::Object(envelope) => Ok(envelope),
            other => {
                let found = other.value_type().with_article();
                Err(Failure::usage(format!("the envelope is {found}; it has to be an object")))
            }
        }
    }

    /// The folder of nested jobs, for the job in `job_file`.
    pub(crate) fn job_dir(&self, job_file: &Path) -> PathBuf {
        let beside = || job_file.parent().unwrap_or(Path::new("")).to_path_buf();
        self.job_dir.clone().unwrap_or_else(beside)
    }

    fn input(
        &self,
        file: Option<&Path>,
        target: Target,
        name: &str,
        limits: Limits,
    ) -> Result<Input, Failure> {
        let Some(file) = file else {
            let value = self.adjusted(Value::object(), target)?;
            return Ok(Input { source: written(&value, name), value });
        };
        let (source, value) = read_value(file, limits)?;
        if !self.assignments.iter().any(|it| it.target() == target) {
            return Ok(Input { source, value });
        }
        let value = self.adjusted(value, target)?;
        Ok(Input { source: written(&value, name), value })
    }

    fn adjusted(&self, mut value: Value, target: Target) -> Result<Value, Failure> {
        for assignment in self.assignments.iter().filter(|it| it.target() == target) {
            assignment
                .apply(&mut value)
                .map_err(|error| Failure::usage(format!("--set {error}")))?;
        }
        Ok(value)
    }
}

/// The text of a value that no file holds.
fn written(value: &Value, name: &str) -> Source {
    let text = format!("{:#}", serde_json::Value::from(value.clone()));
    Source { name: name.to_owned(), text: text.into_bytes(), format: Format::Json }
}
