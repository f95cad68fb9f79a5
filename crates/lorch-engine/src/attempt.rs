//! One attempt at a run, from its first step to its end.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lorch_backends::{Cancellation, Performed};
use lorch_manifest::manifest;
use lorch_store::{Attempt, Blob, Change, StepChange};
use lorch_types::job::{
    AttemptEvent, AttemptStatus, ErrorCode, ErrorInfo, JobInstance, JobStepInstance, RunRecord,
    StepManifest, StepOutcome, StepPath, StepStatus,
};
use lorch_types::json::{Limits, to_value};

use crate::outputs::Outputs;
use crate::{Conclusion, Engine, EngineError, Event, Observer};

/// How many seconds a dispatch may take when its step does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// What an attempt is made with.
pub(crate) struct Context<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) attempt: &'a Attempt,
    pub(crate) record: &'a RunRecord,
    pub(crate) instance: &'a JobInstance,
    pub(crate) cancellation: Cancellation,
}

/// Runs the steps of an attempt in order; `standing` has the outcomes of earlier attempts.
pub(crate) fn run(
    context: Context<'_>,
    standing: &[StepOutcome],
    observer: &mut dyn Observer,
) -> Result<Conclusion, EngineError> {
    let began = Instant::now();
    let Context { attempt, record, instance, .. } = context;
    let attempt_n = attempt.number();
    observer.observe(&Event::RunStarted {
        run_id: &record.run_id,
        job_id: &record.job_id,
        attempt_n,
        steps: instance.steps.len(),
    });
    let outputs = Outputs::new(instance, standing);
    let mut running = Running { context, outputs, journal: Journal::default(), observer };
    let mut failure = None;
    for (position, step) in instance.steps.iter().enumerate() {
        let place = Place { position, step };
        if let ControlFlow::Break(error) = running.step(place, standing.get(position))? {
            failure = Some((step.step_id.clone(), error));
            break;
        }
    }
    let (event, status) = match failure {
        None => (AttemptEvent::Complete, AttemptStatus::Completed),
        Some(_) => (AttemptEvent::Fail, AttemptStatus::Failed),
    };
    let end = Change::End { at: running.now(), event };
    let duration = began.elapsed();
    running.journal.push(end, Event::RunEnded { run_id: &record.run_id, status, duration });
    running.commit()?;
    Ok(match failure {
        None => Conclusion::Completed { attempt_n },
        Some((step_id, error)) => Conclusion::Failed { attempt_n, step_id, error },
    })
}

/// An attempt under way.
struct Running<'a> {
    context: Context<'a>,
    outputs: Outputs,
    journal: Journal<'a>,
    observer: &'a mut dyn Observer,
}

/// What happened and is not durable yet.
///
/// Invariant: it is committed before anything is dispatched. The end of a step waits here for the
/// start of the next one, and both share a commit.
#[derive(Default)]
struct Journal<'a> {
    changes: Vec<Change>,
    events: Vec<Event<'a>>,
}

impl<'a> Journal<'a> {
    fn push(&mut self, change: Change, event: Event<'a>) {
        self.changes.push(change);
        self.events.push(event);
    }
}

/// A step and its place in the instance.
#[derive(Clone, Copy)]
struct Place<'a> {
    position: usize,
    step: &'a JobStepInstance,
}

/// Whether the attempt goes on after a step, or ends with its error.
type Next = ControlFlow<ErrorInfo>;

impl<'a> Running<'a> {
    fn step(
        &mut self,
        place: Place<'a>,
        standing: Option<&StepOutcome>,
    ) -> Result<Next, EngineError> {
        let Place { position, step } = place;
        match standing {
            Some(StepOutcome {
                status: StepStatus::Completed,
                output_ref: Some(output_ref),
                ..
            }) => {
                self.journal.events.push(Event::StepKept { step, output_ref: output_ref.clone() });
                return Ok(Next::Continue(()));
            }
            Some(StepOutcome { status: StepStatus::Skipped, .. }) => {
                self.journal.events.push(Event::StepSkipped { step });
                return Ok(Next::Continue(()));
            }
            _ => {}
        }
        if step.compiled_skip {
            let change = self.change(place, StepChange::Skipped);
            self.journal.push(change, Event::StepSkipped { step });
            return Ok(Next::Continue(()));
        }
        let manifest = self.manifest(place)?;
        self.outputs.after(position);
        match manifest {
            Ok(manifest) => self.dispatch(place, &manifest),
            Err(error) => Ok(self.failed(place, Duration::ZERO, error)),
        }
    }

    /// The manifest that the step was dispatched with before; otherwise a new one.
    ///
    /// What was dispatched once is dispatched again as it was: its inputs are outcomes that never
    /// change, and so its key stays the same even under another version of this program.
    fn manifest(
        &mut self,
        Place { position, step }: Place<'_>,
    ) -> Result<Result<StepManifest, ErrorInfo>, EngineError> {
        let Context { engine, attempt, record, instance, .. } = &self.context;
        if attempt.number().get() > 1
            && let Some(manifest) = engine.store.manifest(&record.run_id, position)?
        {
            return Ok(Ok(manifest));
        }
        let outputs = self.outputs.before(position, &engine.store)?;
        Ok(manifest(instance, step, record, outputs).map_err(ErrorInfo::from))
    }

    fn dispatch(&mut self, place: Place<'a>, manifest: &StepManifest) -> Result<Next, EngineError> {
        let step = place.step;
        let blob = Blob::of(&to_value(manifest)?);
        let change = self.change(place, StepChange::Started { manifest: blob });
        self.journal.push(change, Event::StepStarted { step });
        self.commit()?;
        let began = Instant::now();
        let performed = self.perform(step, manifest);
        let duration = began.elapsed();
        let max_bytes = self.context.engine.settings.max_output_bytes;
        match performed.and_then(|performed| Output::new(performed, max_bytes)) {
            Ok(output) => {
                self.completed(place, duration, output);
                Ok(Next::Continue(()))
            }
            Err(error) => Ok(self.failed(place, duration, error)),
        }
    }

    fn perform(
        &self,
        step: &JobStepInstance,
        manifest: &StepManifest,
    ) -> Result<Performed, ErrorInfo> {
        let timeout =
            step.timeout_s.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.get()));
        let cancellation = self.context.cancellation.with_timeout(timeout);
        cancellation.check()?;
        self.context.engine.backend(manifest.backend).perform(manifest, &cancellation)
    }

    fn completed(&mut self, place: Place<'a>, duration: Duration, output: Output) {
        let Output { blob, performed: Performed { output, applied } } = output;
        let output = Arc::new(output);
        self.outputs.hold(&place.step.step_id, &output);
        let event = Event::StepCompleted {
            step: place.step,
            duration,
            applied,
            output_ref: blob.digest().clone(),
            output_bytes: blob.text().len(),
            output,
        };
        let change = self.change(place, StepChange::Completed { output: blob });
        self.journal.push(change, event);
    }

    fn failed(&mut self, place: Place<'a>, duration: Duration, error: ErrorInfo) -> Next {
        let step = place.step;
        let may_fail = step.continue_on_error.unwrap_or(false);
        let continues = may_fail && !error.is(ErrorCode::Cancelled);
        let change = self.change(place, StepChange::Failed { error: error.clone() });
        let event = Event::StepFailed { step, duration, error: error.clone(), continues };
        self.journal.push(change, event);
        if continues { Next::Continue(()) } else { Next::Break(error) }
    }

    fn change(&self, Place { position, step }: Place<'_>, change: StepChange) -> Change {
        let step_id: StepPath = step.step_id.clone();
        Change::Step { position, step_id, at: self.now(), change }
    }

    fn now(&self) -> lorch_types::Timestamp {
        (self.context.engine.clock)()
    }

    /// Makes the journal durable, and tells what is in it.
    fn commit(&mut self) -> Result<(), EngineError> {
        let changes = std::mem::take(&mut self.journal.changes);
        self.context.engine.store.record(self.context.attempt, changes)?;
        for event in self.journal.events.drain(..) {
            self.observer.observe(&event);
        }
        Ok(())
    }
}

/// An output that may be stored.
struct Output {
    performed: Performed,
    blob: Blob,
}

impl Output {
    fn new(performed: Performed, max_bytes: usize) -> Result<Self, ErrorInfo> {
        let depth = performed.output.depth();
        if depth > Limits::MAX_DEPTH {
            let limit = Limits::MAX_DEPTH;
            let message = format!("the output nests {depth} levels deep, the limit is {limit}");
            return Err(ErrorCode::OutputTooLarge.error(message));
        }
        let blob = Blob::of(&performed.output);
        let size = blob.text().len();
        if size > max_bytes {
            let message = format!("the output has {size} bytes, the limit is {max_bytes}");
            let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
            return Err(ErrorCode::OutputTooLarge
                .error(message)
                .with_details([("size", number(size)), ("limit", number(max_bytes))]));
        }
        Ok(Self { performed, blob })
    }
}
