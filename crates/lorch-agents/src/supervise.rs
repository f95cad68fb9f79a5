//! Supervision: an agent's process is started, listened to, watched, stopped and started again, until
//! whoever uses it has enough of it or it has failed too often.
//!
//! [`Agent::start`] starts it; what it does is told through a channel as [`Heard`]. Around each life of
//! an agent stand four threads: one reads its standard output, one its standard error, one writes its
//! standard input, one waits for its end. A fifth, the keeper, decides. None of them waits for whoever
//! listens: logs go to a file, and events that nobody takes are a fault once there are too many.

mod ear;
mod environment;
mod heard;
mod keeper;
mod leash;
mod log_file;
mod watch;
mod writer;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lorch_types::agent::{AgentRunId, AgentType};

pub use self::environment::AgentEnvironment;
use self::heard::Room;
pub use self::heard::{Fault, GaveUp, Heard, What};
use self::keeper::{Keeper, Signal};
use self::log_file::LogFile;
pub(crate) use self::log_file::note;
use self::watch::Restarts;
use self::writer::Writer;
use crate::chance::Chance;
use crate::file::open_workspace;
use crate::lines::MAX_LINE_BYTES;

/// How many signals to the keeper may wait; it takes them at once.
const SIGNALS: usize = 256;

/// Which program an agent is, and where it runs.
#[derive(Clone, Debug)]
pub struct AgentSpec {
    /// What the agent is for.
    pub agent: AgentType,
    /// The run that it serves; its log is named after it.
    pub run: AgentRunId,
    /// The program and its arguments.
    pub cmd: Vec<String>,
    /// Its environment; `LORCH_AGENT_TYPE`, `LORCH_RUN_ID`, `LORCH_HEARTBEAT_S` and
    /// `LORCH_SECRET_NAMES` are added.
    pub environment: AgentEnvironment,
    /// The workspace, which it runs in.
    pub dir: PathBuf,
    /// A program that runs [`launch`](crate::launch), with its first arguments: it is started as
    /// `LAUNCHER… GRACE_MS -- CMD…`. Without one, what leaves the agent's process group outlives it,
    /// and so does the agent when lorch is killed.
    pub launcher: Option<Vec<OsString>>,
}

/// The rules of supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// How long an agent may take until it is ready.
    pub ready: Duration,
    /// How long there may be between two heartbeats.
    pub heartbeat: Duration,
    /// How many heartbeats may be missed.
    pub missed: u32,
    /// How long an agent may be busy without getting on before it is said to be stalled.
    pub stall: Duration,
    /// How many lines that are refused within `strike_window` are too many.
    pub strikes: u32,
    /// See `strikes`.
    pub strike_window: Duration,
    /// How long an agent may take to end when it is asked to.
    pub grace: Duration,
    /// How often an agent is started again in a run.
    pub restarts: u32,
    /// How long it is waited at most before the first time; each time the double.
    pub backoff_first: Duration,
    /// How long it is waited at most.
    pub backoff_most: Duration,
    /// What the waiting times are drawn from.
    pub seed: u64,
    /// How many events may wait to be taken.
    pub max_events: usize,
    /// How many bytes of events may wait to be taken.
    pub max_event_bytes: usize,
    /// How many bytes the log of an agent may have.
    pub max_log_bytes: u64,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            ready: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            missed: 3,
            stall: Duration::from_secs(120),
            strikes: 20,
            strike_window: Duration::from_secs(60),
            grace: Duration::from_secs(5),
            restarts: 5,
            backoff_first: Duration::from_secs(1),
            backoff_most: Duration::from_secs(60),
            seed: 0,
            max_events: 8192,
            max_event_bytes: 16 * 1024 * 1024,
            max_log_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Supervision {
    /// How long to wait after so many failures before: anything up to min(most, first · 2ⁿ).
    pub(crate) fn backoff(&self, failures: u32, chance: &mut Chance) -> Duration {
        let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        chance.below(self.backoff_first.saturating_mul(doubled).min(self.backoff_most))
    }

    /// How long an agent may be silent.
    fn silence(&self) -> Duration {
        self.heartbeat.saturating_mul(self.missed)
    }
}

/// An agent that is kept running. Dropping it stops it and waits for its end.
#[derive(Debug)]
pub struct Agent {
    agent: AgentType,
    tell: SyncSender<Signal>,
    way: Arc<Mutex<Option<(u64, Writer)>>>,
    keeper: Option<JoinHandle<()>>,
}

/// A line that cannot be sent to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The agent does not run at the moment.
    #[error("the agent does not run")]
    NotRunning,
    /// The agent does not read, and too many lines wait for it already.
    #[error("the agent does not read what it is sent")]
    Full,
    /// The line is too long, or has a line feed in it.
    #[error("a line has at most {MAX_LINE_BYTES} bytes and no line feed")]
    NoLine,
}

impl Agent {
    /// Starts an agent and keeps it running. What it does is told to `heard`, from `Started` on, until
    /// it is stopped or given up.
    ///
    /// # Errors
    /// When its log cannot be opened. A program that cannot be started is told as [`What::GaveUp`].
    pub fn start(
        mut spec: AgentSpec,
        rules: Supervision,
        heard: Sender<Heard>,
    ) -> io::Result<Self> {
        spec.environment.set("LORCH_AGENT_TYPE", spec.agent.as_str());
        spec.environment.set("LORCH_RUN_ID", spec.run.as_str());
        let secret = spec.environment.secret().join(",");
        spec.environment.set("LORCH_SECRET_NAMES", secret);
        let heartbeat = rules.heartbeat.as_secs_f64().to_string();
        spec.environment.set("LORCH_HEARTBEAT_S", heartbeat);
        let root = open_workspace(&spec.dir)?;
        let log = LogFile::open(&root, spec.agent, &spec.run, rules.max_log_bytes)?;
        let (tell, signals) = sync_channel(SIGNALS);
        let way = Arc::new(Mutex::new(None));
        let agent = spec.agent;
        let keeper = Keeper {
            heard,
            signals,
            tell: tell.clone(),
            log: Arc::new(Mutex::new(log)),
            room: Room::new(rules.max_events, rules.max_event_bytes),
            way: Arc::clone(&way),
            restarts: Restarts::new(rules.seed),
            lives: 0,
            stopping: false,
            spec,
            rules,
        };
        let name = format!("agent-{}", agent.as_str());
        let keeper = thread::Builder::new().name(name).spawn(move || keeper.run())?;
        Ok(Self { agent, tell, way, keeper: Some(keeper) })
    }

    /// What the agent is for.
    pub fn agent_type(&self) -> AgentType {
        self.agent
    }

    /// Queues a line, given without its line feed, for the agent, and does not wait until it reads it.
    /// What was queued is lost when the agent ends.
    ///
    /// # Errors
    /// When it is no line, the agent does not run, or does not read.
    pub fn send(&self, line: &[u8]) -> Result<(), SendError> {
        self.send_if(line, |_| true)
    }

    /// The same for this life of the agent: what another one should not get is not sent.
    ///
    /// # Errors
    /// Those of [`Agent::send`]; [`SendError::NotRunning`] also when that life is over.
    pub fn send_in(&self, life: u64, line: &[u8]) -> Result<(), SendError> {
        self.send_if(line, |running| running == life)
    }

    fn send_if(&self, line: &[u8], is_meant: impl Fn(u64) -> bool) -> Result<(), SendError> {
        if line.len() > MAX_LINE_BYTES || line.contains(&b'\n') {
            return Err(SendError::NoLine);
        }
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        let way = way.as_ref().filter(|(life, _)| is_meant(*life)).ok_or(SendError::NotRunning)?;
        way.1.send([line, b"\n"].concat())
    }

    /// Has the agent stopped and started again, as for any fault; `reason` is told as
    /// [`Fault::Asked`]. Nothing happens when it does not run.
    pub fn restart(&self, reason: impl Into<String>) {
        // It may have been given up.
        let _ = self.tell.send(Signal::Restart(reason.into()));
    }

    /// Takes that the agent broke a rule which its supervisor does not know: it counts like a line that
    /// is refused.
    pub fn strike(&self) {
        let _ = self.tell.send(Signal::Strike);
    }

    /// Has the agent stopped for good, and does not wait for it: so several end at once.
    pub fn begin_stop(&self) {
        let _ = self.tell.send(Signal::Stop);
    }

    /// Stops the agent for good: it is asked to end, killed when it does not, and waited for.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.begin_stop();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

impl AgentSpec {
    fn has_launcher(&self) -> bool {
        self.launcher.as_ref().is_some_and(|launcher| !launcher.is_empty())
    }
}
