//! Programs that may not end: jq and templates, in a process of their own that can be killed.
//!
//! The request goes to the worker's standard input as three lines of JSON: what to do, the input,
//! the arguments. The answer comes back as two: an error or null, and the value.

mod jq;
mod template;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::Command;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{self, Object, Value, from_value, to_value, write_canonical};
use serde::{Deserialize, Serialize};

use super::confined::{WorkerError, ask_worker, work_confined, worker_request};
use super::{Context, size};
use crate::backend::Cancellation;
use crate::config::Limits;

/// A program, and what it is given.
pub(super) struct Request {
    pub(super) program: Program,
    pub(super) input: Value,
    pub(super) args: Object,
}

/// What to do with the input.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Program {
    /// Put it through a jq program.
    Transform {
        /// The program.
        source: String,
        /// Whether all outputs are wanted.
        collect: bool,
    },
    /// Fill it into a template.
    Render {
        /// What the template is called in messages.
        name: String,
        /// The template.
        source: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    program: Program,
    max_output_bytes: usize,
    max_memory_bytes: usize,
}

/// How much of a message comes back: messages quote values, which may be large.
const MESSAGE_CHARACTERS: usize = 600;

impl Request {
    /// The program's result, from a worker where there is one.
    pub(super) fn run(self, context: &Context<'_>) -> Result<Value, ErrorInfo> {
        let limits = &context.config.limits;
        let result = match context.options.worker.as_deref() {
            Some([program, arguments @ ..]) => self.run_in(program, arguments, context),
            _ => self.run_here(limits.max_output_bytes.get(), context.cancellation),
        };
        result.map_err(|error| ErrorInfo {
            message: context.redactor.excerpt(&error.message, MESSAGE_CHARACTERS),
            ..error
        })
    }

    fn run_here(self, limit: usize, cancellation: &Cancellation) -> Result<Value, ErrorInfo> {
        let Self { program, input, args } = self;
        match program {
            Program::Transform { source, collect } => {
                let program = jq::Program { source: &source, args, collect };
                program.run(input, limit, cancellation)
            }
            Program::Render { name, source } => {
                let fuel = template::FUEL;
                template::render(&name, &source, &input, fuel, limit, cancellation).map(Value::from)
            }
        }
    }

    fn run_in(
        self,
        program: &OsString,
        arguments: &[OsString],
        context: &Context<'_>,
    ) -> Result<Value, ErrorInfo> {
        let limits = &context.config.limits;
        let request = self.encode(limits)?;
        let mut command = Command::new(program);
        command.args(arguments).arg("transform").current_dir(context.workspace.root());
        // The value's line is as long as the output, the other one holds at most a message.
        let max_answer_bytes = limits.max_output_bytes.get().saturating_mul(2);
        let answer = ask_worker(command, request, max_answer_bytes, context.cancellation)
            .map_err(|error| no_answer(error, limits))?;
        decode(&answer).unwrap_or_else(|| {
            Err(ErrorCode::Backend.error("the worker that ran the program ended without an answer"))
        })
    }

    fn encode(self, limits: &Limits) -> Result<Vec<u8>, ErrorInfo> {
        let header = Header {
            program: self.program,
            max_output_bytes: limits.max_output_bytes.get(),
            max_memory_bytes: limits.max_worker_memory_bytes.get(),
        };
        let header = to_value(&header).map_err(|error| internal(&error))?;
        Ok(lines([&header, &self.input, &Value::Object(self.args)]))
    }
}

/// Reads one request, performs it and writes the answer: what the program of
/// [`ComputeOptions::worker`](super::ComputeOptions::worker) does, and nothing else.
///
/// It limits the memory of the whole process, and ends with it.
///
/// # Errors
/// When the request cannot be read or the answer cannot be written.
pub fn transform_worker(input: impl Read, mut output: impl Write) -> io::Result<()> {
    let text = worker_request(input)?;
    let (request, max_output_bytes, max_memory_bytes) =
        request(&text).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    drop(text);
    let work = move || request.run_here(max_output_bytes, &Cancellation::never());
    let result = work_confined(max_memory_bytes, work)?
        .unwrap_or_else(|| Err(ErrorCode::Backend.error("the program made its interpreter fail")));
    let (error, value) = match result {
        Ok(value) => (Value::Null, value),
        Err(error) => (to_value(&error).map_err(io::Error::other)?, Value::Null),
    };
    output.write_all(&lines([&error, &value]))?;
    output.flush()
}

fn lines<const N: usize>(values: [&Value; N]) -> Vec<u8> {
    let mut text = String::new();
    for value in values {
        write_canonical(value, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

fn request(text: &[u8]) -> Option<(Request, usize, usize)> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut next = || read(lines.next()?);
    let header: Header = from_value(&next()?).ok()?;
    let input = next()?;
    let Value::Object(args) = next()? else { return None };
    let request = Request { program: header.program, input, args };
    Some((request, header.max_output_bytes, header.max_memory_bytes))
}

fn decode(answer: &[u8]) -> Option<Result<Value, ErrorInfo>> {
    let mut lines = answer.split(|byte| *byte == b'\n');
    match read(lines.next()?)? {
        Value::Null => Some(Ok(read(lines.next()?)?)),
        error => Some(Err(from_value(&error).ok()?)),
    }
}

fn read(line: &[u8]) -> Option<Value> {
    json::read(line, json::Limits { max_bytes: usize::MAX }).ok()
}

fn no_answer(error: WorkerError, limits: &Limits) -> ErrorInfo {
    match error {
        WorkerError::Stopped(error) => error,
        WorkerError::Memory => {
            let limit = limits.max_worker_memory_bytes;
            ErrorCode::Backend.error(format!(
                "the program needs more than {limit} bytes of memory; \
                 `max_worker_memory_bytes` under [limits] in lorch.toml raises the limit"
            ))
        }
        WorkerError::Stack => ErrorCode::Backend.error("the program recurses too deep"),
        WorkerError::Ended { status, stderr_tail } => ErrorCode::Backend
            .error(format!("the worker that ran the program ended without an answer ({status})"))
            .with_details([("stderr_tail", stderr_tail.as_str())]),
    }
}

fn internal(error: &dyn std::error::Error) -> ErrorInfo {
    ErrorCode::Backend.error(error.to_string())
}

/// Whether outputs of `size` bytes together are too large already.
fn check_size(size: usize, limit: usize) -> Result<(), ErrorInfo> {
    if size <= limit { Ok(()) } else { Err(size::too_large(size, limit)) }
}
