//! A run as people watch it: a line for each step, and a spinner for the one at work.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lorch_engine::{Event, Observer};
use lorch_types::diagnostic::{Color, visible};
use lorch_types::job::{JobInstance, JobStepInstance, StepStatus};
use lorch_types::json::Value;

use crate::amount::duration;
use crate::effect::effect;
use crate::glyph::Glyph;
use crate::terminal::tell;

/// How often a spinner turns.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Writes a line for each step to standard error, and counts.
#[derive(Debug)]
pub(crate) struct Progress {
    color: Color,
    width: usize,
    spinner: Option<ProgressBar>,
    /// Whether the attempt is recorded as begun.
    pub(crate) has_begun: bool,
    /// What the steps came to.
    pub(crate) tally: Tally,
}

/// What the steps of a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Steps that gave an output in this attempt.
    pub(crate) completed: usize,
    /// Steps among them whose effect was there already.
    pub(crate) already_there: usize,
    /// Steps that an earlier attempt completed.
    pub(crate) kept: usize,
    /// Steps whose condition was false.
    pub(crate) skipped: usize,
    /// Steps that failed.
    pub(crate) failed: usize,
    /// The files that were written.
    pub(crate) files: Vec<String>,
    /// Whether tables were read or written.
    pub(crate) uses_tables: bool,
}

impl Progress {
    /// For a run of `instance`.
    pub(crate) fn new(instance: &JobInstance, color: Color) -> Self {
        let names = instance.steps.iter().map(|step| step.step_id.as_str().len());
        Self {
            color,
            width: names.max().unwrap_or(0),
            spinner: io::stderr().is_terminal().then(spinner),
            has_begun: false,
            tally: Tally::default(),
        }
    }

    /// Takes the spinner off the screen.
    pub(crate) fn clear(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }

    fn line(&self, glyph: Glyph, step: &JobStepInstance, took: &str, words: &str) {
        let glyph = glyph.draw(self.color);
        let (id, op, width) = (step.step_id.as_str(), step.op.to_string(), self.width);
        let line = format!("{glyph} {id:<width$}  {op:<18}  {took:>9}  {}", visible(words));
        let line = format!("{}\n", line.trim_end());
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| tell(&line)),
            None => tell(&line),
        }
    }

    fn start(&self, step: &JobStepInstance) {
        if let Some(spinner) = &self.spinner {
            spinner.reset_elapsed();
            spinner.set_message(format!("{}  {}", step.step_id, step.op));
            spinner.enable_steady_tick(TICK);
        }
    }
}

impl Observer for Progress {
    fn observe(&mut self, event: &Event<'_>) {
        self.tally.observe(event);
        match event {
            Event::RunStarted { attempt_n, run_id, .. } => {
                self.has_begun = true;
                if attempt_n.get() > 1 {
                    tell(&format!("attempt {attempt_n} of {run_id}\n"));
                }
            }
            Event::StepKept { step, .. } => {
                self.line(Glyph::PRESENT, step, "", "completed in an earlier attempt");
            }
            Event::StepStarted { step } => self.start(step),
            Event::StepCompleted { step, duration, applied, output, .. } => {
                let glyph =
                    if *applied { Glyph::of(StepStatus::Completed) } else { Glyph::PRESENT };
                let words = effect(&step.op, output, *applied);
                self.line(glyph, step, &millis(*duration), &words);
            }
            Event::StepFailed { step, duration, error, continues } => {
                let goes_on = if *continues { " (the run goes on)" } else { "" };
                let words = format!("{error}{goes_on}");
                self.line(Glyph::of(StepStatus::Failed), step, &millis(*duration), &words);
            }
            Event::StepSkipped { step } => {
                self.line(Glyph::of(StepStatus::Skipped), step, "", "skipped: its `if` is false");
            }
            Event::RunEnded { .. } => self.clear(),
        }
    }
}

impl Tally {
    /// Counts what happened.
    pub(crate) fn observe(&mut self, event: &Event<'_>) {
        if let Some((_, op)) = event.step_id_and_op() {
            self.uses_tables |= op.backend() == lorch_types::job::Backend::DataPlane;
        }
        match event {
            Event::StepCompleted { step, applied, output, .. } => {
                self.completed += 1;
                self.already_there += usize::from(!applied);
                if step.op.to_string() == "compute.render" {
                    let path = output.get("path").and_then(Value::as_str);
                    self.files.extend(path.map(str::to_owned));
                }
            }
            Event::StepKept { .. } => self.kept += 1,
            Event::StepSkipped { .. } => self.skipped += 1,
            Event::StepFailed { .. } => self.failed += 1,
            Event::RunStarted { .. } | Event::StepStarted { .. } | Event::RunEnded { .. } => {}
        }
    }
}

fn millis(time: Duration) -> String {
    duration(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// A spinner on standard error, which is not shown until it turns.
pub(crate) fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_finish(indicatif::ProgressFinish::AndClear);
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar
}
