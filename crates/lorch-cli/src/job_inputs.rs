//! What a job is compiled with: ctx, payload, envelope, and where nested jobs are.

use std::path::{Path, PathBuf};

use clap::Args;
use lorch_types::diagnostic::{Color, Format, Source};
use lorch_types::json::{Limits, Object, Value};

use crate::assignment::{Assignment, Target};
use crate::exit::{Failure, Outcome};
use crate::input::{read_stdin_once, read_value};
use crate::terminal::tell_warning;

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
    /// The line of its file, when each line is a value of its own.
    pub(crate) line: Option<usize>,
}

/// How the files of inputs are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// How large they may be.
    pub(crate) limits: Limits,
    /// How it is said that they cannot be read.
    pub(crate) color: Color,
}

impl JobInputs {
    /// Refuses what cannot be meant, and tells what is probably not; `others` are the other files
    /// that the command line names.
    pub(crate) fn vet<'p>(
        &'p self,
        others: impl IntoIterator<Item = &'p PathBuf>,
        color: Color,
    ) -> Outcome {
        let files = self.ctx.iter().chain(&self.payload).chain(others);
        read_stdin_once(files.map(PathBuf::as_path))?;
        let doubts = self.assignments.iter().filter_map(Assignment::doubt);
        doubts.for_each(|doubt| tell_warning(&doubt, color));
        Ok(())
    }

    /// What `@ctx` names.
    pub(crate) fn ctx(&self, reading: Reading) -> Result<Input, Failure> {
        self.input(self.ctx.as_deref(), Target::Ctx, "ctx", reading)
    }

    /// What `@payload` names.
    pub(crate) fn payload(&self, reading: Reading) -> Result<Input, Failure> {
        self.input(self.payload.as_deref(), Target::Payload, "payload", reading)
    }

    /// What `@payload` names when the payload is `value`, which stands on the line `line` of `file`.
    pub(crate) fn payload_of(
        &self,
        value: Value,
        file: &Path,
        line: usize,
    ) -> Result<Input, Failure> {
        let value = self.adjusted(value, Target::Payload)?;
        let name = format!("{}:{line}", file.display());
        Ok(Input { source: written(&value, &name), value, line: Some(line) })
    }

    /// What `@run.envelope` names; `file` holds it, if there is one.
    pub(crate) fn envelope(
        &self,
        file: Option<&Path>,
        reading: Reading,
    ) -> Result<Object, Failure> {
        match self.input(file, Target::Envelope, "envelope", reading)?.value {
            Value::Object(envelope) => Ok(envelope),
            other => {
                let found = other.value_type().with_article();
                Err(Failure::work(format!("the envelope is {found}; it has to be an object")))
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
        Reading { limits, color }: Reading,
    ) -> Result<Input, Failure> {
        let Some(file) = file else {
            let value = self.adjusted(Value::object(), target)?;
            return Ok(Input { source: written(&value, name), value, line: None });
        };
        let (source, value) = read_value(file, limits, color)?;
        if !self.assignments.iter().any(|it| it.target() == target) {
            return Ok(Input { source, value, line: None });
        }
        let value = self.adjusted(value, target)?;
        Ok(Input { source: written(&value, name), value, line: None })
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
