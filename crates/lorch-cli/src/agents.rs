//! What runs of tasks go by in a workspace: its configuration, its schemas, and this program as the
//! one that starts agents.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context;
use cap_std::fs::Dir;
use lorch_agents::{
    AgentEnvironment, Assignment, Configured, GitIgnore, LedgerError, Lock, LockError, Rules,
    RunError, RunSettings, SnapshotOptions, Supervision, open_workspace,
};
use lorch_backends::{Config, config};
use lorch_types::agent::{Action, AgentRunId, AgentType, TaskId};
use lorch_types::json::{Object, Value};
use lorch_types::{Digest, Kind, NaturalInteger, PositiveInteger};

use crate::clock::{now, word};
use crate::exit::Failure;
use crate::machinery::{agent_launcher, stop_on_interrupt};
use crate::site::{CONFIG_FILE, Site};
use crate::terminal::tell;

/// How many rounds of changes a task has before a person is asked.
const MAX_ROUNDS: u64 = 5;
/// How often the same work is asked for when errors end it that may pass.
const MAX_ATTEMPTS: u64 = 3;

/// How long agents of a process before are waited for when they were to have ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// A workspace that this process owns.
pub(crate) struct Owned {
    /// Its folder.
    pub(crate) root: Dir,
    /// Set by Ctrl-C.
    pub(crate) stop: Arc<AtomicBool>,
    /// The ownership itself.
    pub(crate) _lock: Lock,
}

/// Opens a workspace to read in it.
pub(crate) fn opened(site: &Site) -> Result<Dir, Failure> {
    open_workspace(&site.root)
        .with_context(|| format!("cannot open `{}`", site.root.display()))
        .map_err(Failure::Usage)
}

/// Takes a workspace for this process; from then on Ctrl-C stops what runs, and says so in these words.
pub(crate) fn owned(site: &Site, told: &'static str) -> Result<Owned, Failure> {
    let root = opened(site)?;
    let lock = Lock::take(&root, now()).map_err(not_owned)?;
    let patience = supervision(&site.config.supervision).grace + PATIENCE;
    let waiting = || tell("waiting for the agents of the process before to end\n");
    lock.wait_for_agents(&root, patience, waiting).map_err(not_owned)?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_interrupt(Arc::clone(&stop), told)?;
    Ok(Owned { root, stop, _lock: lock })
}

fn not_owned(error: LockError) -> Failure {
    match error {
        LockError::Held { .. } | LockError::Agents => Failure::work(format!(
            "{error}\n  = help: wait for it to end, or end that process; then try again"
        )),
        LockError::File(error) => Failure::Usage(error.into()),
    }
}

/// What runs go by in this workspace.
pub(crate) fn settings(site: &Site) -> Result<RunSettings, Failure> {
    let watched = &site.config.supervision;
    let number = |set: Option<PositiveInteger>, default| set.map_or(default, PositiveInteger::get);
    let agents = || site.config.agents.iter();
    Ok(RunSettings {
        dir: site.root.clone(),
        rules: Rules {
            max_rounds: number(watched.max_rounds, MAX_ROUNDS),
            max_attempts: number(watched.max_attempts, MAX_ATTEMPTS),
        },
        supervision: supervision(watched),
        agents: agents().map(|(agent, it)| (agent, configured(it))).collect(),
        timeouts: agents()
            .flat_map(|(_, agent)| &agent.timeout_s)
            .map(|(action, seconds)| (*action, Duration::from_secs(seconds.get())))
            .collect(),
        snapshot: snapshot_options(&site.config.snapshot),
        launcher: agent_launcher(),
        schema_set_digest: schema_set_digest(),
        config_digest: config_digest(site)?,
        clock: now,
        seed: word(),
    })
}

/// What snapshots take.
pub(crate) fn snapshot_options(config: &config::Snapshot) -> SnapshotOptions {
    let default = SnapshotOptions::default();
    SnapshotOptions {
        roots: config.roots.clone().unwrap_or(default.roots),
        ignore: config.ignore.clone(),
        gitignore: match config.gitignore {
            true => GitIgnore::Honoured,
            false => GitIgnore::Disregarded,
        },
        threads: std::thread::available_parallelism().unwrap_or(default.threads),
    }
}

/// What a task is about, as the configuration has it.
pub(crate) fn assignment(site: &Site, task: &TaskId) -> Option<Assignment> {
    let config::Task { inputs, expected_outputs } = site.config.tasks.get(task)?.clone();
    Some(Assignment { task_id: task.clone(), first: Action::Implement, inputs, expected_outputs })
}

/// What a task is about of which only the goal is known.
pub(crate) fn assignment_of_goal(task: &TaskId, first: Action, goal: &str) -> Assignment {
    let inputs: Object = std::iter::once(("goal", Value::from(goal))).collect();
    Assignment { task_id: task.clone(), first, inputs, expected_outputs: Vec::new() }
}

/// Refuses to begin what an agent is missing for: it would be noticed only when half of it is done.
pub(crate) fn all_configured(settings: &RunSettings, first: Action) -> Result<(), Failure> {
    let needed: &[AgentType] = match first {
        Action::Intake | Action::TaskDiscovery => &[AgentType::Orchestration],
        Action::Implement | Action::ImplementChanges | Action::Review | Action::UpdateSpec => {
            &[AgentType::Builder, AgentType::Reviewer, AgentType::SpecMaintainer]
        }
    };
    let missing = needed.iter().find(|agent| !settings.agents.contains_key(*agent));
    missing.map_or(Ok(()), |agent| Err(failed(None, RunError::NoAgent { agent: *agent })))
}

/// What is told of a run that cannot go on.
pub(crate) fn failed(run: Option<&AgentRunId>, error: RunError) -> Failure {
    let error = match error {
        RunError::Ledger(error) if is_missing(&error) => return no_ledger(error),
        error => error,
    };
    let help = match (&error, run) {
        (RunError::NoAgent { agent }, _) => Some(missing_agent(*agent)),
        (RunError::Over { .. }, _) => {
            Some("`lorch task run T-0042` starts a task anew".replace("T-0042", "TASK"))
        }
        (RunError::NoQuestion { run, .. }, _) => {
            Some(format!("`lorch task status {run}` says what the run waits for"))
        }
        (RunError::GaveUp { agent, .. }, Some(run)) => {
            let agent = agent.as_str();
            Some(format!(
                "logs/{agent}/{run}.ndjson has what it wrote; `lorch task resume {run}` goes on"
            ))
        }
        (RunError::Snapshot(_), _) => Some("`lorch task snapshot` names all such files".to_owned()),
        _ => None,
    };
    let usage = matches!(error, RunError::NoAgent { .. } | RunError::NoQuestion { .. });
    let mut told = anyhow::Error::new(error);
    if let Some(help) = help {
        told = anyhow::anyhow!("{told:#}\n  = help: {help}");
    }
    if usage { Failure::Usage(told) } else { Failure::Work(told) }
}

/// What is told of a ledger that cannot be read.
pub(crate) fn no_ledger(error: LedgerError) -> Failure {
    let is_missing = is_missing(&error);
    let error = anyhow::Error::new(error);
    Failure::Usage(if is_missing { error.context("there is no ledger of this run") } else { error })
}

fn is_missing(error: &LedgerError) -> bool {
    matches!(error, LedgerError::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

fn missing_agent(agent: AgentType) -> String {
    let agent = agent.as_str();
    format!(
        "add `[agents.{agent}]` with `cmd = [\"PROGRAM\", …]` to {CONFIG_FILE}; `lorch agent wrap \
         --role {agent}` makes one of any command-line tool"
    )
}

fn configured(agent: &config::Agent) -> Configured {
    let names: Vec<String> = agent.env.iter().map(|it| it.as_str().to_owned()).collect();
    let environment = AgentEnvironment::new(&names, |name| std::env::var_os(name));
    let mut cmd = agent.cmd.clone();
    // The agents that lorch itself can be are of this build, wherever `PATH` leads.
    let own =
        std::env::current_exe().ok().and_then(|lorch| lorch.into_os_string().into_string().ok());
    if let (Some(program), Some(own)) = (cmd.first_mut().filter(|it| *it == "lorch"), own) {
        *program = own;
    }
    Configured { cmd, environment }
}

fn supervision(config: &config::Supervision) -> Supervision {
    let default = Supervision::default();
    let seconds = |set: Option<u64>, default| set.map_or(default, Duration::from_secs);
    let positive =
        |set: Option<PositiveInteger>, default| seconds(set.map(PositiveInteger::get), default);
    let count = |set: Option<u64>, default: u32| {
        set.map_or(default, |set| u32::try_from(set).unwrap_or(u32::MAX))
    };
    Supervision {
        ready: positive(config.ready_s, default.ready),
        heartbeat: positive(config.heartbeat_s, default.heartbeat),
        missed: count(config.missed_heartbeats.map(PositiveInteger::get), default.missed),
        stall: positive(config.stalled_s, default.stall),
        strikes: count(config.strikes.map(PositiveInteger::get), default.strikes),
        grace: seconds(config.stop_s.map(NaturalInteger::get), default.grace),
        restarts: count(config.max_restarts.map(NaturalInteger::get), default.restarts),
        backoff_most: seconds(config.max_backoff_s.map(NaturalInteger::get), default.backoff_most),
        seed: word(),
        ..default
    }
}

/// The digest of the map from the name of each schema to the digest of its text.
fn schema_set_digest() -> Digest {
    let digests = Kind::ALL.iter().map(|kind| {
        let text = lorch_validate::embedded_schema(*kind);
        (kind.name(), Value::from(Digest::of_bytes(text.as_bytes()).to_string()))
    });
    Digest::of(&Value::Object(digests.collect()))
}

/// The digest of what the configuration says.
fn config_digest(site: &Site) -> Result<Digest, Failure> {
    let path = site.root.join(CONFIG_FILE);
    let text = match site.configured {
        true => std::fs::read_to_string(&path).map_err(Failure::usage)?,
        false => String::new(),
    };
    Config::digest(&text).with_context(|| format!("`{}`", path.display())).map_err(Failure::Usage)
}
