//! `compute.exec`: a program, never a shell, with JSON on its standard input and output.

mod program;
mod start;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Limits, Object, ReadError, ReadErrorKind, Value, read, write_canonical};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Context;
use super::process::{self, Finished};
use crate::op::{OpParams, not_null};

pub(crate) use program::{check_not_program, check_program};
pub use start::exec_worker;

/// Runs a program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields)]
pub(crate) struct ExecParams {
    /// The program and its arguments; the program as `lorch.toml` allows it.
    #[schemars(length(min = 1))]
    pub(crate) argv: Vec<String>,
    /// What the program reads as JSON from its standard input.
    #[serde(default)]
    input: Option<Value>,
    /// The folder that it runs in, relative to the workspace; without it the workspace itself.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) cwd: Option<String>,
    /// Its environment, beside `PATH` and `LORCH_IDEMPOTENCY_KEY`.
    #[serde(default)]
    env: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for ExecParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if params.argv.is_empty() {
            return Err(D::Error::custom("`argv` needs at least the program"));
        }
        Ok(params)
    }
}

impl OpParams for ExecParams {
    const OP: &'static str = "compute.exec";
    const SUMMARY: &'static str = "Runs a program with JSON on its standard input and output";
}

/// How much of standard error a result shows.
const SHOWN_STDERR: usize = 4096;

pub(super) fn exec(params: &ExecParams, context: &Context<'_>) -> Result<Value, ErrorInfo> {
    let command = command(params, context)?;
    let input = params.input.as_ref().map(|input| {
        let mut text = String::new();
        write_canonical(input, &mut text);
        text.push('\n');
        text.into_bytes()
    });
    let limit = context.config.limits.max_output_bytes.get();
    let finished = process::run(command, input, limit, context.cancellation)?;
    let stderr_tail = tail(&context.redactor.text(&finished.stderr_tail));
    if finished.status.success() {
        output(finished, stderr_tail, limit)
    } else {
        Err(failed(params, &finished, stderr_tail))
    }
}

fn command(params: &ExecParams, context: &Context<'_>) -> Result<Command, ErrorInfo> {
    let [name, arguments @ ..] = params.argv.as_slice() else {
        return Err(ErrorCode::InvalidParams.error("`argv` names no program"));
    };
    let path = context.options.environment.get("PATH").unwrap_or_default();
    let program = program::find(name, &path, context)?;
    let folder = match &params.cwd {
        None => context.workspace.root().to_owned(),
        Some(cwd) => context.workspace.folder(&context.path(cwd)?)?,
    };
    refuse_nul(params)?;
    let mut command = start::command(&program, context.options.worker.as_deref());
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("LORCH_IDEMPOTENCY_KEY", context.key.as_str())
        .envs(&params.env);
    Ok(command)
}

fn refuse_nul(params: &ExecParams) -> Result<(), ErrorInfo> {
    let bad_argument = params.argv.iter().any(|argument| argument.contains('\0'));
    let bad_variable = params
        .env
        .iter()
        .any(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'));
    let (pointer, message) = match (bad_argument, bad_variable) {
        (true, _) => ("/argv", "an argument has a NUL character"),
        (_, true) => ("/env", "a variable has a NUL character, or a name that is empty or has `=`"),
        _ => return Ok(()),
    };
    Err(ErrorCode::InvalidParams.error(message).with_details([("pointer", pointer)]))
}

fn output(finished: Finished, stderr_tail: String, limit: usize) -> Result<Value, ErrorInfo> {
    let mut members = Object::new();
    members.insert("exit_code", 0_i64);
    match read(&finished.stdout, Limits { max_bytes: limit }) {
        Ok(json) => members.insert("json", json),
        Err(error) if is_refused(&finished.stdout, &error) => {
            let place = error.place;
            let message = format!(
                "the program wrote JSON that lorch does not read: line {}, column {}: {error}",
                place.line, place.column
            );
            return Err(ErrorCode::Backend.error(message));
        }
        Err(_) => {
            let text = String::from_utf8(finished.stdout).map_err(|_| {
                ErrorCode::Backend.error("the program wrote bytes that are not UTF-8")
            })?;
            members.insert("stdout", text)
        }
    };
    members.insert("stderr_tail", stderr_tail);
    Ok(Value::Object(members))
}

/// Whether a text that is an object or an array in shape was refused for what it says. What breaks
/// the grammar is taken for text: a log line may begin with `[` too.
fn is_refused(text: &[u8], error: &ReadError) -> bool {
    use ReadErrorKind as Kind;
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
        && matches!(
            error.kind,
            Kind::DuplicateKey { .. }
                | Kind::TooDeep { .. }
                | Kind::Number { .. }
                | Kind::LoneSurrogate { .. }
        )
}

fn failed(params: &ExecParams, finished: &Finished, stderr_tail: String) -> ErrorInfo {
    let program = params.argv.first().map_or("", String::as_str).escape_debug();
    let last_line = stderr_tail.lines().rev().find(|line| !line.trim().is_empty());
    let said =
        last_line.map(|line| format!(": {}", line.trim().escape_debug())).unwrap_or_default();
    let mut details = Object::new();
    let message = match (finished.status.code(), finished.status.signal()) {
        (Some(code), _) => {
            details.insert("exit_code", i64::from(code));
            format!("`{program}` ended with status {code}{said}")
        }
        (None, signal) => {
            details.insert("signal", signal.map(i64::from));
            format!("`{program}` was ended by a signal ({}){said}", finished.status)
        }
    };
    details.insert("stderr_tail", stderr_tail);
    ErrorCode::Backend.error(message).with_details(details)
}

/// The last characters of `text`.
fn tail(text: &str) -> String {
    let start = text.len().saturating_sub(SHOWN_STDERR);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default().to_owned()
}
