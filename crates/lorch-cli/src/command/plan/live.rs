//! What a run of a plan is doing at this moment: a line at the bottom of a terminal.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::ProgressBar;
use lorch_plans::PauseReason;
use lorch_types::Timestamp;
use lorch_types::diagnostic::visible;
use lorch_types::json::Value;
use lorch_types::plan::{AuditEntry, AuditEvent, Plan};

use super::watch::line;
use crate::exit::Outcome;
use crate::progress::{TICK, spinner};
use crate::terminal::print;

/// Writes what happens, and what is under way below it where there is a terminal.
pub(super) struct Live {
    doing: Doing,
    spinner: Option<ProgressBar>,
}

/// What a run is doing.
#[derive(Clone, Debug, Default)]
struct Doing {
    phase: String,
    /// How many assets the phase has, and how many of them are dealt with.
    of_phase: (u64, u64),
    /// How many assets the plan has, and how many of them are dealt with.
    of_plan: (u64, u64),
    /// How many assets may have been changed.
    touched: u64,
    /// How far that is undone, once it has begun.
    undoing: Option<Undoing>,
}

/// How far it is undone what a run did.
#[derive(Clone, Copy, Debug)]
struct Undoing {
    /// How many assets may have been changed.
    all: u64,
    /// How many of them are undone.
    undone: u64,
    /// How many of them could not be.
    failed: u64,
}

impl Live {
    pub(super) fn new(plan: &Plan) -> Self {
        let assets = plan.payload.phases.iter().flatten().map(|phase| phase.assets.len() as u64);
        let doing = Doing { of_plan: (assets.sum(), 0), ..Doing::default() };
        Self { doing, spinner: io::stderr().is_terminal().then(spinner) }
    }

    /// Takes what has happened before.
    pub(super) fn know(&mut self, entry: &AuditEntry) {
        self.doing.take(entry);
    }

    /// Says that something has happened, and what is under way since.
    pub(super) fn say(&mut self, entry: &AuditEntry) -> Outcome {
        let (line, doing) = (line(entry), self.doing.take(entry));
        let Some(spinner) = &self.spinner else { return print(&line) };
        let said = spinner.suspend(|| print(&line));
        match doing {
            Some(words) => {
                spinner.set_message(visible(&words).to_string());
                spinner.reset_elapsed();
                spinner.enable_steady_tick(TICK);
            }
            None => self.clear(),
        }
        said
    }

    /// Takes the line off the screen.
    pub(super) fn clear(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

impl Doing {
    /// What is under way once this has happened; nothing when the run has ended.
    fn take(&mut self, entry: &AuditEntry) -> Option<String> {
        use AuditEvent as Event;
        let detail = |name| entry.details.as_ref().and_then(|details| details.get(name));
        let text = |name| detail(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(phase) = &entry.phase {
            phase.as_str().clone_into(&mut self.phase);
        }
        match entry.event {
            Event::RunStarted => return Some("begins".to_owned()),
            Event::RunCompleted | Event::RunFailed | Event::RollbackCompleted => return None,
            Event::PhaseStarted => {
                self.of_phase = (detail("assets").and_then(Value::as_u64).unwrap_or(0), 0);
            }
            Event::AssetChanged | Event::AssetFailed | Event::AssetSkipped => self.count(entry),
            Event::RollbackTriggered => {
                self.undoing = Some(Undoing { all: self.touched, undone: 0, failed: 0 });
            }
            Event::HealthCheckStarted => {
                return Some(self.said(&format!("asks {}", text("check"))));
            }
            Event::HealthCheckPassed if detail("verdict").is_some() => {
                let seconds = detail("wait_seconds").and_then(Value::as_u64).unwrap_or(0);
                let until = later(entry.timestamp, seconds);
                return Some(self.said(&format!("is watched until {until}")));
            }
            Event::RunPaused => {
                let reason = text("reason");
                let is_closed = reason == PauseReason::MaintenanceWindow.as_str();
                let until = if is_closed { "until it opens" } else { "for a person" };
                return Some(format!("paused ({reason}), waits {until}"));
            }
            _ => {}
        }
        let words = match self.undoing {
            Some(Undoing { all, undone, failed: 0 }) => format!("undone {undone} of {all}"),
            Some(Undoing { all, undone, failed }) => {
                format!("undone {undone} of {all}, {failed} could not be")
            }
            None => {
                let ((assets, done), (all, so_far)) = (self.of_phase, self.of_plan);
                format!("{done} of {assets} assets, {so_far} of {all} in all")
            }
        };
        Some(self.said(&words))
    }

    fn count(&mut self, entry: &AuditEntry) {
        if let Some(undoing) = &mut self.undoing {
            match entry.event {
                AuditEvent::AssetFailed => undoing.failed += 1,
                _ => undoing.undone += 1,
            }
            return;
        }
        self.of_phase.1 += 1;
        self.of_plan.1 += 1;
        let actions = entry.details.as_ref().and_then(|details| details.get("actions")?.as_u64());
        self.touched += u64::from(actions.unwrap_or(0) > 0);
    }

    fn said(&self, words: &str) -> String {
        format!("{}  {words}", self.phase)
    }
}

/// The time of the day so many seconds after a moment, in UTC as all times of a run.
fn later(moment: Timestamp, seconds: u64) -> String {
    let text = moment.saturating_add(Duration::from_secs(seconds)).to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use lorch_types::json::{Limits, from_value, read};

    use super::*;

    #[test]
    fn what_is_under_way_is_said_of_each_entry() {
        let mut doing = Doing { of_plan: (8, 0), ..Doing::default() };
        let mut said = |event: &str, asset: &str, details: &str| {
            let text = format!(
                r#"{{"timestamp":"2026-07-01T23:59:50Z","event":"{event}","phase":"Canary","asset_id":"{asset}",
                "details":{details}}}"#
            );
            let value = read(text.as_bytes(), Limits::default()).unwrap();
            let entry: AuditEntry = from_value(&value).unwrap();
            doing.take(&entry).unwrap_or_default()
        };
        for (event, details, expected) in [
            ("run_started", "{}", "begins"),
            ("phase_started", r#"{"assets": 2}"#, "Canary  0 of 2 assets, 0 of 8 in all"),
            ("asset_changed", r#"{"actions": 1}"#, "Canary  1 of 2 assets, 1 of 8 in all"),
            ("asset_skipped", "{}", "Canary  2 of 2 assets, 2 of 8 in all"),
            ("health_check_started", r#"{"check": "http_200"}"#, "Canary  asks http_200"),
            (
                "health_check_passed",
                r#"{"verdict": "watch", "wait_seconds": 20}"#,
                "Canary  is watched until 00:00:10",
            ),
            ("run_paused", r#"{"reason": "command"}"#, "paused (command), waits for a person"),
            ("rollback_triggered", "{}", "Canary  undone 0 of 1"),
            ("asset_changed", r#"{"direction": "rollback"}"#, "Canary  undone 1 of 1"),
            ("rollback_completed", "{}", ""),
            (
                "run_paused",
                r#"{"reason": "maintenance_window"}"#,
                "paused (maintenance_window), waits until it opens",
            ),
            ("rollback_triggered", "{}", "Canary  undone 0 of 1"),
            (
                "asset_failed",
                r#"{"direction": "rollback"}"#,
                "Canary  undone 0 of 1, 1 could not be",
            ),
        ] {
            assert_eq!(said(event, "asset-1", details), expected);
        }
    }
}
