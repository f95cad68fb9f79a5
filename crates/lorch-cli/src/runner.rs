//! Running what is planned: one run with all its steps shown, or many at once.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use lorch_engine::{Conclusion, Engine, EngineError, Event, Observer};
use lorch_store::StoreError;
use lorch_types::diagnostic::{Color, visible};
use lorch_types::job::{ErrorCode, JobInstance, RunRecord, StepStatus};

use crate::amount::{counted, duration};
use crate::cli::Global;
use crate::events::EventLines;
use crate::exit::{Failure, Outcome};
use crate::glyph::Glyph;
use crate::progress::{Progress, Tally};
use crate::site::Site;
use crate::summary::{Summary, outcome};
use crate::terminal::{Stream, print, tell};

/// A run that is ready to begin.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Its record.
    pub(crate) record: RunRecord,
    /// What is run.
    pub(crate) instance: JobInstance,
    /// What tells it from the others, for people.
    pub(crate) label: String,
    /// The line of the file of payloads on which its payload stands.
    pub(crate) line: Option<usize>,
}

/// Runs what is planned, and shows it.
pub(crate) struct Runner<'a> {
    /// What runs it.
    pub(crate) engine: &'a Engine,
    /// Where.
    pub(crate) site: &'a Site,
    /// Colours.
    pub(crate) global: &'a Global,
    /// Whether programs are to read what happens.
    pub(crate) json: bool,
}

/// How many of several runs came to what.
#[derive(Default)]
struct Counts {
    completed: usize,
    failed: usize,
    interrupted: usize,
}

impl Runner<'_> {
    /// One run, with all its steps shown.
    pub(crate) fn one(&self, planned: &Planned) -> Outcome {
        let Planned { record, instance, line, .. } = planned;
        let events = EventLines::new(record.run_id.clone(), *line);
        self.show(record, instance, events, |observer| {
            self.engine.start(record, instance, observer)
        })
    }

    /// The run that `work` starts or resumes, with all its steps shown; programs
    /// read of it as `events`.
    pub(crate) fn show(
        &self,
        record: &RunRecord,
        instance: &JobInstance,
        mut events: EventLines,
        work: impl FnOnce(&mut dyn Observer) -> Result<Conclusion, EngineError>,
    ) -> Outcome {
        let run_id = &record.run_id;
        if self.json {
            let conclusion = work(&mut events)?;
            return outcome(&conclusion);
        }
        let began = Instant::now();
        let mut progress = Progress::new(instance, self.global.color.on(Stream::Error));
        let conclusion = work(&mut progress);
        progress.clear();
        let is_lost = matches!(conclusion, Err(EngineError::Store(StoreError::LeaseLost { .. })));
        if conclusion.is_err() && progress.has_begun && !is_lost {
            tell(&format!("\nrun {run_id} has begun: `lorch resume {run_id}` goes on with it\n"));
        }
        let conclusion = conclusion?;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let color = self.global.color.on(Stream::Output);
        let summary = Summary {
            job_id: &record.job_id,
            run_id,
            conclusion: &conclusion,
            tally: &progress.tally,
            millis,
        };
        tell("\n");
        let told = print(&summary.text(self.site, color));
        // That nobody reads the summary makes no failure a success.
        outcome(&conclusion).and(told)
    }

    /// All the runs, `parallel` of them at once.
    pub(crate) fn all(&self, planned: &[Planned], parallel: usize) -> Outcome {
        let began = Instant::now();
        let next = AtomicUsize::new(0);
        let counts = Mutex::new(Counts::default());
        thread::scope(|scope| {
            for _ in 0..parallel.min(planned.len()) {
                scope.spawn(|| {
                    while let Some(run) = planned.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if self.engine.stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let ended = self.one_of_many(run);
                        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                        match ended {
                            Ok(Conclusion::Failed { error, .. })
                                if error.is(ErrorCode::Cancelled) =>
                            {
                                counts.interrupted += 1;
                            }
                            Ok(Conclusion::Failed { .. }) | Err(_) => counts.failed += 1,
                            Ok(_) => counts.completed += 1,
                        }
                    }
                });
            }
        });
        let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stopped = self.engine.stop.load(Ordering::Relaxed);
        let mut told = Ok(());
        if !self.json {
            let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tell("\n");
            told = print(&counts.summary(planned.len(), millis));
        }
        match (stopped, counts.failed) {
            (true, _) => Err(Failure::Interrupted),
            (false, 0) => told,
            (false, _) => Err(Failure::Reported),
        }
    }

    fn one_of_many(&self, planned: &Planned) -> Result<Conclusion, EngineError> {
        let Planned { record, instance, label, line: payload_line } = planned;
        if self.json {
            let mut events = EventLines::new(record.run_id.clone(), *payload_line);
            let ended = self.engine.start(record, instance, &mut events);
            if let Err(error) = &ended {
                tell(&format!("error: run {}: {error}\n", record.run_id));
            }
            return ended;
        }
        let mut tally = Tally::default();
        let began = Instant::now();
        let mut observer = |event: &Event<'_>| tally.observe(event);
        let ended = self.engine.start(record, instance, &mut observer);
        let took = duration(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        let color = self.global.color.on(Stream::Error);
        tell(&line(planned, &ended, &took, label, color));
        ended
    }
}

fn line(
    planned: &Planned,
    ended: &Result<Conclusion, EngineError>,
    took: &str,
    label: &str,
    color: Color,
) -> String {
    let run_id = &planned.record.run_id;
    let (status, words) = match ended {
        Ok(Conclusion::Failed { step_id, error, .. }) => {
            (StepStatus::Failed, format!("  {step_id}: {error}"))
        }
        Ok(_) => (StepStatus::Completed, String::new()),
        Err(error) => (StepStatus::Failed, format!("  {error}")),
    };
    let glyph = Glyph::of(status).draw(color);
    format!("{glyph} {run_id}  {took:>9}  {}{}\n", visible(label), visible(&words))
}

impl Counts {
    fn summary(&self, planned: usize, millis: u64) -> String {
        let begun = self.completed + self.failed + self.interrupted;
        let mut parts = vec![format!("{} completed", self.completed)];
        let rest = [
            (self.failed, "failed"),
            (self.interrupted, "interrupted"),
            (planned.saturating_sub(begun), "not started"),
        ];
        parts.extend(rest.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        let runs = counted(planned as u64, "run");
        format!("{runs} in {}: {}\n  look    lorch runs\n", duration(millis), parts.join(", "))
    }
}
