//! A pack is asked in a process of its own: it can neither outlive its budget nor take all memory.
//!
//! The request goes to the worker's standard input as two lines of JSON: the pack with its budget, and
//! the input. The answer is one line, the verdict.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lorch_backends::{Cancellation, WorkerError, ask_worker, work_confined, worker_request};
use lorch_types::job::ErrorCode;
use lorch_types::json::{Limits, Value, canonical, from_value, read, to_value};
use serde::{Deserialize, Serialize};

use super::evaluate::{Budget, PolicyFault, Verdict};
use super::input::{Question, converted};
use super::pack::Pack;
use super::rego::Rego;

/// What a question may take, beside the stack: as much as an input of the largest plan needs and some.
const MAX_MEMORY: usize = 1 << 30;

/// How much a pack may say.
const MAX_ANSWER: usize = 16 << 20;

/// A pack that is asked in a process of its own.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    worker: Vec<OsString>,
    name: String,
    rego: Arc<str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    rego: String,
    budget_ms: u64,
}

impl Apart {
    pub(super) fn of(pack: &Pack, worker: Vec<OsString>) -> Self {
        Self { worker, name: pack.name().to_string(), rego: pack.rego().into() }
    }

    pub(super) fn evaluate(&self, question: &Question<'_>, budget: Budget) -> Verdict {
        self.ask(question, budget).unwrap_or_else(Verdict::None)
    }

    fn ask(&self, question: &Question<'_>, budget: Budget) -> Result<Verdict, PolicyFault> {
        let internal = |error: &dyn std::fmt::Display| PolicyFault::failed(&error.to_string());
        let [program, arguments @ ..] = self.worker.as_slice() else {
            return Err(PolicyFault::failed("there is no program to ask it in"));
        };
        let mut command = Command::new(program);
        command.args(arguments).arg("policy");
        let header = Header {
            name: self.name.clone(),
            rego: self.rego.to_string(),
            budget_ms: u64::try_from(budget.0.as_millis()).unwrap_or(u64::MAX),
        };
        let header = to_value(&header).map_err(|error| internal(&error))?;
        let request = format!("{}\n{}\n", canonical(&header), question.text());
        let until = Cancellation::never().with_timeout(budget.with_grace());
        let answer = ask_worker(command, request.into_bytes(), MAX_ANSWER, &until)
            .map_err(|error| no_answer(error, budget))?;
        let answer = read(&answer, Limits { max_bytes: usize::MAX });
        let answer = answer.map_err(|error| internal(&error))?;
        from_value(&answer).map_err(|error| internal(&error))
    }
}

fn no_answer(error: WorkerError, budget: Budget) -> PolicyFault {
    match error {
        WorkerError::Memory => PolicyFault::Memory { limit: MAX_MEMORY },
        WorkerError::Stopped(error) if error.is(ErrorCode::Timeout) => {
            PolicyFault::Budget { budget: budget.0 }
        }
        WorkerError::Stopped(error) if error.is(ErrorCode::OutputTooLarge) => {
            let limit = MAX_ANSWER >> 20;
            PolicyFault::Failed { reason: format!("its reasons have more than {limit} MiB") }
        }
        other => PolicyFault::Failed { reason: other.to_string() },
    }
}

/// Reads one question about a plan, asks the pack, and writes the verdict: what the program of
/// [`Evaluator::Process`](crate::Evaluator::Process) does, and nothing else.
///
/// It limits the memory of the whole process, and ends with it.
///
/// # Errors
/// When the question cannot be read or the verdict cannot be written.
pub fn policy_worker(input: impl Read, mut output: impl Write) -> io::Result<()> {
    let request = worker_request(input)?;
    let work = move || verdict(&request);
    let verdict = work_confined(MAX_MEMORY, work)?
        .unwrap_or_else(|| Some(Verdict::None(PolicyFault::failed("the evaluator panicked"))))
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let verdict = to_value(&verdict).map_err(io::Error::other)?;
    writeln!(output, "{}", canonical(&verdict))?;
    output.flush()
}

/// What the pack of the request says about its input; `None` when it is no request.
fn verdict(request: &[u8]) -> Option<Verdict> {
    let mut lines = request.split(|byte| *byte == b'\n');
    let mut next = || read(lines.next()?, Limits { max_bytes: usize::MAX }).ok();
    let header: Header = from_value::<Header>(&next()?).ok()?;
    let input: Value = next()?;
    let budget = Budget(Duration::from_millis(header.budget_ms));
    let name = header.name.parse().ok()?;
    Some(match Rego::of(&name, &header.rego) {
        Ok(mut rego) => rego.ask(converted(&input), budget),
        Err(fault) => Verdict::None(fault),
    })
}
