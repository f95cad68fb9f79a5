//! A run as a document, and its timeline for people.

use std::fmt::Write as _;

use lorch_store::PlanRun;
use lorch_types::json::{Number, Value, from_value};
use lorch_types::plan::{
    AuditEntry, AuditEvent, Environment, PhaseName, Progress, Run, RunMetrics, RunState, RunStatus,
};
use lorch_types::{Amount, NaturalInteger, Percent, SmolStr, Timestamp};

use super::entry::{DIRECTION, REASON, VERDICT, WAIT};

/// What happened in a run, counted.
#[derive(Clone, Debug)]
pub struct Timeline<'a> {
    /// The run.
    pub run: &'a PlanRun,
    /// What happened, in order.
    pub entries: &'a [AuditEntry],
}

/// A run as a document that is valid against its schema.
pub fn run_document(run: &PlanRun, entries: &[AuditEntry]) -> Run {
    let timeline = Timeline { run, entries };
    let last = entries.last().map(|entry| entry.timestamp);
    let is_final = RunState::MACHINE.is_final(run.entry.state);
    Run {
        id: run.entry.run_id.clone(),
        plan_id: run.plan.plan.id.clone(),
        task_id: run.plan.plan.task_id.clone(),
        environment: timeline.environment(),
        initiated_by: run.entry.initiated_by.clone(),
        status: timeline.status(last),
        started_at: Some(run.entry.started_at),
        completed_at: last.filter(|_| is_final),
        progress: Some(timeline.progress()),
        metrics: Some(timeline.metrics(last)),
        audit_log: Some(entries.to_vec()),
    }
}

impl Timeline<'_> {
    fn environment(&self) -> Environment {
        let first = self.entries.first().and_then(|entry| entry.details.as_ref());
        let said = first.and_then(|details| from_value(details.get("environment")?).ok());
        // The strictest where nothing was said: the run has not begun.
        said.unwrap_or(Environment::Production)
    }

    fn status(&self, updated_at: Option<Timestamp>) -> RunStatus {
        let state = self.run.entry.state;
        let newest = |event| self.entries.iter().rev().find(|entry| entry.event == event);
        let failed = newest(AuditEvent::RunFailed).filter(|_| state == RunState::Failed);
        let paused = newest(AuditEvent::RunPaused).filter(|_| state == RunState::Paused);
        let reason = paused.and_then(|entry| entry.details.as_ref()?.get(REASON)?.as_str());
        RunStatus {
            state,
            updated_at,
            error: failed.and_then(|entry| entry.error.clone()),
            pause_reason: reason.map(SmolStr::new),
        }
    }

    fn progress(&self) -> Progress {
        let named = |event| {
            let entries = self.entries.iter().filter(move |entry| entry.event == event);
            entries.filter_map(|entry| entry.phase.clone()).collect::<Vec<PhaseName>>()
        };
        let (begun, done) = (named(AuditEvent::PhaseStarted), named(AuditEvent::PhaseCompleted));
        let phases = || self.run.plan.plan.payload.phases.iter().flatten();
        let remaining = phases().map(|phase| phase.name.clone());
        let remaining = remaining.filter(|name| !begun.contains(name)).collect();
        let total = phases().map(|phase| phase.assets.len()).sum::<usize>();
        let dealt = self.forward(AuditEvent::AssetChanged)
            + self.forward(AuditEvent::AssetFailed)
            + self.forward(AuditEvent::AssetSkipped);
        let percent = (dealt * 100).checked_div(total).unwrap_or(100);
        let is_final = RunState::MACHINE.is_final(self.run.entry.state);
        let current = begun.last().filter(|name| !done.contains(name) && !is_final).cloned();
        Progress {
            current_phase: current,
            phases_completed: Some(done),
            phases_remaining: Some(remaining),
            percent_complete: Percent::new(number(percent)),
        }
    }

    fn metrics(&self, last: Option<Timestamp>) -> RunMetrics {
        let begun = self.run.entry.started_at;
        let seconds = last.map(|last| last.millis_since(begun) / 1000).unwrap_or(0);
        let phases = self.run.plan.plan.payload.phases.iter().flatten();
        let failures = self.count(|entry| entry.event == AuditEvent::HealthCheckFailed);
        let is_undone =
            |entry: &AuditEntry| entry.event == AuditEvent::AssetChanged && is_rollback(entry);
        let triggered = self.count(|entry| entry.event == AuditEvent::RollbackTriggered);
        RunMetrics {
            duration_seconds: Amount::new(seconds.into()),
            assets_total: natural(phases.map(|phase| phase.assets.len()).sum()),
            assets_changed: natural(self.forward(AuditEvent::AssetChanged)),
            assets_failed: natural(self.forward(AuditEvent::AssetFailed)),
            assets_skipped: natural(self.forward(AuditEvent::AssetSkipped)),
            rollback_triggered: Some(triggered > 0),
            rollback_assets: natural(self.count(is_undone)),
            observed_error_rate: self.error_rate(),
            health_check_failures: natural(failures),
        }
    }

    /// The highest error rate that a health check saw.
    fn error_rate(&self) -> Option<Percent> {
        let rates = self.entries.iter().filter_map(|entry| {
            let details = entry.details.as_ref()?;
            (details.get("check")?.as_str()? == "error_rate").then_some(())?;
            let seen = details.get("observed")?;
            let (part, whole) = (seen.get("part")?.as_u64()?, seen.get("whole")?.as_u64()?);
            let millis = (u128::from(part) * 100_000).checked_div(u128::from(whole))?;
            u32::try_from(millis).ok()
        });
        let highest = rates.max()?;
        Number::from_f64(f64::from(highest) / 1000.0).and_then(Percent::new)
    }

    fn forward(&self, event: AuditEvent) -> usize {
        self.count(|entry| entry.event == event && !is_rollback(entry))
    }

    fn count(&self, holds: impl Fn(&AuditEntry) -> bool) -> usize {
        self.entries.iter().filter(|entry| holds(entry)).count()
    }

    /// The run as comma-separated values, a line for each entry.
    pub fn csv(&self) -> String {
        let mut text = String::from("timestamp,event,phase,asset_id,error,details\n");
        for entry in self.entries {
            let details = entry.details.as_ref().map(|it| {
                lorch_types::json::canonical(&lorch_types::json::Value::Object(it.clone()))
            });
            let cells = [
                entry.timestamp.to_string(),
                entry.event.as_str().to_owned(),
                entry.phase.as_ref().map(ToString::to_string).unwrap_or_default(),
                entry.asset_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                entry.error.as_ref().map(ToString::to_string).unwrap_or_default(),
                details.unwrap_or_default(),
            ];
            text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
            text.push('\n');
        }
        text
    }

    /// The run as a report in Markdown, for a change ticket.
    pub fn markdown(&self) -> String {
        let document = run_document(self.run, self.entries);
        let plan = &self.run.plan.plan;
        let mut text =
            format!("# Run {}\n\n{}\n\n", document.id, escaped(plan.payload.summary.as_str()));
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "| {name} | {} |", escaped(&value));
        };
        row("state", document.status.state.as_str().to_owned());
        row("---", "---".to_owned());
        row("plan", plan.id.to_string());
        row("begun by", document.initiated_by.to_string());
        row("begun at", self.run.entry.started_at.to_string());
        if let Some(at) = document.completed_at {
            row("ended at", at.to_string());
        }
        if let Some(error) = document.status.error {
            row("error", error.to_string());
        }
        if let Some(reason) = document.status.pause_reason {
            row("paused", reason.to_string());
        }
        let count = |count: Option<NaturalInteger>| count.map_or(0, NaturalInteger::get);
        let metrics = document.metrics.as_ref();
        for (name, value) in [
            ("assets", metrics.and_then(|it| it.assets_total)),
            ("changed", metrics.and_then(|it| it.assets_changed)),
            ("failed", metrics.and_then(|it| it.assets_failed)),
            ("left alone", metrics.and_then(|it| it.assets_skipped)),
            ("rolled back", metrics.and_then(|it| it.rollback_assets)),
        ] {
            row(name, count(value).to_string());
        }
        text.push_str(
            "\n## Timeline\n\n| time | event | phase | asset | more |\n|---|---|---|---|---|\n",
        );
        for entry in self.entries {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                entry.timestamp,
                entry.event.as_str(),
                entry.phase.as_ref().map(|it| escaped(it.as_str())).unwrap_or_default(),
                entry.asset_id.as_ref().map(|it| escaped(it.as_str())).unwrap_or_default(),
                escaped(&said_of(entry)),
            );
        }
        text
    }
}

/// What else an entry says, in a few words.
pub fn said_of(entry: &AuditEntry) -> String {
    let detail = |name| entry.details.as_ref().and_then(|details| details.get(name));
    let mut words = Vec::new();
    if let Some(assets) = detail("assets").and_then(Value::as_u64) {
        words.push(format!("{assets} asset{}", if assets == 1 { "" } else { "s" }));
    }
    for name in [DIRECTION, "check", "observed", "threshold", "outcome", VERDICT, REASON, "by"] {
        words.extend(detail(name).map(shown));
    }
    if let Some(seconds) = detail(WAIT).and_then(Value::as_u64) {
        words.push(format!("{seconds} s"));
    }
    words.extend(entry.error.as_ref().map(ToString::to_string));
    words.join(" · ")
}

/// A detail as people read it.
fn shown(value: &Value) -> String {
    let number = |name| value.get(name).and_then(Value::as_u64);
    match (value.as_str(), number("part"), number("whole")) {
        (Some(text), ..) => text.to_owned(),
        (None, Some(part), Some(whole)) => format!("{part} of {whole}"),
        _ => value.to_string(),
    }
}

fn is_rollback(entry: &AuditEntry) -> bool {
    entry.details.as_ref().is_some_and(|details| details.contains_key(DIRECTION))
}

fn number(count: usize) -> Number {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}

fn natural(count: usize) -> Option<NaturalInteger> {
    NaturalInteger::new(u64::try_from(count).ok()?)
}

/// A cell as RFC 4180 has it; one that a spreadsheet would take for a formula is made text.
fn quoted(cell: &str) -> String {
    let text = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Text that no Markdown is made of, on one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
