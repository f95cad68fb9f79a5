//! Crash tests: an agent that leaves traces of what it was asked and did, and dies where it is told to.
//! In test builds only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lorch_agents::sdk::{Answer, Options, serve};
use lorch_types::agent::{Action, AgentType, Command, EventType, WorkspacePath};
use lorch_types::json::Value;
use rustix::process::{Signal, getpid, kill_process};

use crate::exit::{Failure, Outcome};

/// The file that says where an agent is to die, once: `builder worked`.
const CRASH: &str = ".lorch/witness-crash";
/// The file that has a line for each time that an agent died.
const CRASHED: &str = ".lorch/witness-crashed";

/// Serves as the agent that lorch says this process is.
pub(crate) fn witness() -> Outcome {
    let name = std::env::var("LORCH_AGENT_TYPE").map_err(Failure::usage)?;
    let agent = AgentType::ALL.into_iter().find(|agent| agent.as_str() == name);
    let agent = agent.ok_or_else(|| Failure::usage("no agent"))?;
    let options = Options::from_environment(agent);
    serve(&options, |command, _| work(command).unwrap_or_else(unworkable))
        .map_err(|error| Failure::Work(error.into()))
}

fn unworkable(error: io::Error) -> Answer {
    Answer::error("command_failed", &error.to_string())
}

fn work(command: &Command) -> io::Result<Answer> {
    let agent = command.action.agent_type().as_str();
    let key = command.idempotency_key.as_str();
    note(&seen(agent), &format!("{key} {}", command.message_id))?;
    die_at(agent, "asked")?;
    let effects = PathBuf::from(format!(".lorch/effects-{agent}"));
    // What was done before it was killed is not done again.
    let done = fs::read_to_string(&effects).unwrap_or_default();
    let answer = act(command)?;
    if !done.lines().any(|line| line == key) {
        note(&effects, key)?;
    }
    die_at(agent, "worked")?;
    if is_to_die(agent, "answered") {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(2));
            die();
        });
    }
    Ok(answer)
}

fn seen(agent: &str) -> PathBuf {
    PathBuf::from(format!(".lorch/seen-{agent}"))
}

/// What is done: always the same for the same command.
fn act(command: &Command) -> io::Result<Answer> {
    let round = command.inputs.get("round").and_then(Value::as_u64).unwrap_or_default();
    let findings = || vec![Value::from(format!("more than in round {round}"))];
    let path = |path: &str| -> io::Result<WorkspacePath> { path.parse().map_err(io::Error::other) };
    Ok(match command.action {
        Action::Implement | Action::ImplementChanges => {
            fs::create_dir_all("src")?;
            fs::write("src/work", format!("round {round}\n"))?;
            fs::write(format!("src/round-{round}"), "done\n")?;
            let artifacts = vec![path("src/work")?, path(&format!("src/round-{round}"))?];
            Answer::completed(artifacts)
        }
        Action::Review if round == 1 => Answer::changes_requested(findings()),
        Action::Review => Answer::approval(),
        Action::UpdateSpec if round == 2 => Answer::new(EventType::SpecChangesRequested),
        Action::UpdateSpec => {
            fs::write("specs/SPEC.md", "# Work, as it is done\n")?;
            let mut answer = Answer::new(EventType::SpecUpdated);
            answer.artifacts = vec![path("specs/SPEC.md")?];
            answer
        }
        Action::Intake | Action::TaskDiscovery => Answer::error("invalid_inputs", "not for me"),
    })
}

fn die_at(agent: &str, point: &str) -> io::Result<()> {
    if is_to_die(agent, point) {
        die();
    }
    Ok(())
}

/// Whether the agent is to die here; only once.
fn is_to_die(agent: &str, point: &str) -> bool {
    let wanted = format!("{agent} {point}");
    fs::read_to_string(CRASH).is_ok_and(|text| text == wanted)
        && fs::remove_file(CRASH).is_ok()
        && note(Path::new(CRASHED), &wanted).is_ok()
}

fn die() {
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Appends a line to a file, as one write.
fn note(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}
