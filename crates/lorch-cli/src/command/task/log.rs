//! `lorch task log`: what was said in a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use lorch_agents::{Entries, Entry, look};
use lorch_types::agent::{AgentRunId, AgentType, Event, EventType, Message, RunStatus};

use crate::agents::{self, opened, settings};
use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::machinery::stop_on_interrupt;
use crate::site::Site;
use crate::terminal::{Stream, print, print_line};
use crate::transcript::Transcript;

/// How often it is looked whether more was said.
const GLANCE: Duration = Duration::from_millis(200);

/// Show what was said in a run of a task: every command and every event, in their order.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task log run-20251020-140818-4f9f29a1
  lorch task log run-20251020-140818-4f9f29a1 --follow
  lorch task log run-20251020-140818-4f9f29a1 --json | jq -r .message_id

Exit status: 0 it is shown; 2 there is no such run, or its ledger cannot be read; 130 interrupted.")]
pub(crate) struct Log {
    /// The run.
    #[arg(value_name = "RUN_ID")]
    run: AgentRunId,
    /// Go on until the run is over or waits for a person.
    #[arg(short, long)]
    follow: bool,
    /// The messages as they are, one a line, for programs.
    #[arg(long)]
    json: bool,
}

/// Shows the messages that there are, and those that come.
pub(crate) fn log(arguments: &Log, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let root = opened(&site)?;
    let rules = settings(&site)?.rules;
    let stop = Arc::new(AtomicBool::new(false));
    if arguments.follow {
        stop_on_interrupt(Arc::clone(&stop), "looking no further; the run goes on")?;
    }
    let mut entries = Entries::new(root.try_clone().map_err(Failure::work)?, &arguments.run);
    let shown = Shown {
        transcript: Transcript { color: global.color.on(Stream::Output) },
        json: arguments.json,
    };
    loop {
        // Before the messages: what it says of the end is not older than they are.
        let found = look(&root, &arguments.run, rules).map_err(agents::no_ledger)?;
        for entry in entries.read().map_err(agents::no_ledger)? {
            shown.show(&entry)?;
        }
        let is_running = found.state.is_none_or(|state| state.status == RunStatus::Running);
        if !arguments.follow || !is_running || found.question.is_some() {
            return Ok(());
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        std::thread::sleep(GLANCE);
    }
}

struct Shown {
    transcript: Transcript,
    json: bool,
}

impl Shown {
    fn show(&self, entry: &Entry) -> Outcome {
        if self.json {
            return print_line(String::from_utf8_lossy(&entry.line));
        }
        match &entry.message {
            Message::Command(command) => print(&self.transcript.command(command)),
            Message::Event(event) if is_observation(event) => {
                let artifacts = event.artifacts.iter().flatten();
                let files = artifacts.map(|it| self.transcript.file(&it.path, it.size.get()));
                print(&files.collect::<String>())
            }
            Message::Event(event) => print(&self.transcript.event(event, None, None)),
            // No ledger has one.
            Message::Heartbeat(_) | Message::Log(_) => Ok(()),
        }
    }
}

/// Whether lorch itself says what work did to files.
fn is_observation(event: &Event) -> bool {
    event.from.agent_type == AgentType::System && event.event == EventType::ArtifactProduced
}
