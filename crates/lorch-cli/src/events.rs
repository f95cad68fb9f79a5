//! A run as programs watch it: one JSON object a line, on standard output.

use std::io::{self, Write};
use std::time::Duration;

use lorch_engine::{Event, Observer};
use lorch_types::job::{AttemptStatus, ErrorInfo, RunId};
use lorch_types::json::{Object, Value, to_value};

/// Writes every event of one run.
///
/// That nobody reads them any more is no reason to stop the run.
#[derive(Debug)]
pub(crate) struct EventLines {
    run_id: RunId,
    line: Option<usize>,
}

impl EventLines {
    /// For the run `run_id`, whose payload stands on the line `line` of a file.
    pub(crate) fn new(run_id: RunId, line: Option<usize>) -> Self {
        Self { run_id, line }
    }
}

impl Observer for EventLines {
    fn observe(&mut self, event: &Event<'_>) {
        let mut line = object(event);
        if let (Event::RunStarted { .. }, Some(number)) = (event, self.line) {
            line.insert("line", number as u64);
        }
        line.insert("run_id", self.run_id.as_str());
        let mut text = Value::from(line).to_string();
        text.push('\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

fn object(event: &Event<'_>) -> Object {
    let mut line = Object::new();
    if let Some((step_id, op)) = event.step_id_and_op() {
        line.insert("step_id", step_id.as_str());
        line.insert("op", op.to_string());
    }
    let name = match event {
        Event::RunStarted { job_id, attempt_n, steps, .. } => {
            line.insert("job_id", job_id.as_str());
            line.insert("attempt_n", attempt_n.get());
            line.insert("steps", *steps as u64);
            "run_started"
        }
        Event::StepKept { output_ref, .. } => {
            line.insert("output_ref", output_ref.as_str());
            "step_kept"
        }
        Event::StepStarted { .. } => "step_started",
        Event::StepCompleted { duration, applied, output_ref, output_bytes, .. } => {
            line.insert("duration_ms", millis(*duration));
            line.insert("applied", *applied);
            line.insert("output_ref", output_ref.as_str());
            line.insert("output_bytes", *output_bytes as u64);
            "step_completed"
        }
        Event::StepFailed { duration, error, continues, .. } => {
            line.insert("duration_ms", millis(*duration));
            line.insert("error", error_value(error));
            line.insert("continues", *continues);
            "step_failed"
        }
        Event::StepSkipped { .. } => "step_skipped",
        Event::RunEnded { status, duration, .. } => {
            line.insert("status", status.as_str());
            line.insert("duration_ms", millis(*duration));
            match status {
                AttemptStatus::Completed => "run_completed",
                AttemptStatus::Running | AttemptStatus::Failed => "run_failed",
            }
        }
    };
    line.insert("event", name);
    line
}

fn error_value(error: &ErrorInfo) -> Value {
    to_value(error).unwrap_or_else(|_| Value::from(error.to_string()))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
