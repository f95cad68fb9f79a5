//! Work that may not end and may want any memory, in a worker: a process of its own that can be killed.

use std::io::{self, Read};
use std::process::{Command, ExitStatus};
use std::thread;

use lorch_types::job::ErrorInfo;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::process;
use crate::backend::Cancellation;

/// Why a worker gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// It could not be started, was stopped, or wrote more than it may.
    #[error(transparent)]
    Stopped(#[from] ErrorInfo),
    /// It wanted more memory than it may have.
    #[error("it needs more memory than it may have")]
    Memory,
    /// It nested deeper than its stack has room for.
    #[error("it recurses too deep")]
    Stack,
    /// It ended for another reason.
    #[error("the worker ended without an answer ({status})")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of what it wrote to standard error.
        stderr_tail: String,
    },
}

/// Interpreters recurse as deep as the authors of their programs like; the main thread's stack is small.
const STACK_BYTES: usize = 256 << 20;

/// What the worker that `command` starts answers to `request`. Its surroundings are empty, and nothing
/// of it is left when this returns.
///
/// # Errors
/// Why there is no answer; when `cancellation` says so it is killed.
pub fn ask_worker(
    mut command: Command,
    request: Vec<u8>,
    max_answer_bytes: usize,
    cancellation: &Cancellation,
) -> Result<Vec<u8>, WorkerError> {
    command.env_clear();
    let finished = process::run(command, Some(request), max_answer_bytes, cancellation)?;
    let stderr_tail = finished.stderr_tail;
    match finished.status {
        status if status.success() => Ok(finished.stdout),
        _ if stderr_tail.contains("memory allocation") => Err(WorkerError::Memory),
        _ if stderr_tail.contains("overflowed its stack") => Err(WorkerError::Stack),
        status => Err(WorkerError::Ended { status, stderr_tail }),
    }
}

/// Makes this process a worker: it reads one request, and ends with the process that asked.
///
/// # Errors
/// When the request cannot be read.
pub fn worker_request(mut input: impl Read) -> io::Result<Vec<u8>> {
    process::die_with_parent()?;
    let mut request = Vec::new();
    input.read_to_end(&mut request)?;
    Ok(request)
}

/// What `work` returns, done with a large stack and at most so much memory, to which this whole process
/// is limited from now on; `None` when it panics.
///
/// # Errors
/// When memory cannot be limited, or there can be no thread.
pub fn work_confined<T: Send + 'static>(
    max_memory_bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    limit_resources(max_memory_bytes)?;
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    Ok(thread.join().ok())
}

fn limit_resources(max_memory_bytes: usize) -> io::Result<()> {
    let limit = |value| Rlimit { current: Some(value), maximum: Some(value) };
    let memory = max_memory_bytes.saturating_add(STACK_BYTES);
    setrlimit(Resource::As, limit(u64::try_from(memory).unwrap_or(u64::MAX)))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(())
}
