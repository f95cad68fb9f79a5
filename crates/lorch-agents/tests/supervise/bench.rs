//! What every test of the supervisor needs: a workspace, an agent in it, and what is heard of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lorch_agents::{Agent, AgentEnvironment, AgentSpec, Heard, Supervision, What};
use lorch_types::agent::{AgentRunId, AgentType, Message};
use lorch_types::json::{Limits, read};

/// How long anything may take before it is held to hang.
const HANG: Duration = Duration::from_secs(120);

/// A workspace for an agent.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) run: AgentRunId,
    pub(crate) rules: Supervision,
    pub(crate) environment: AgentEnvironment,
    pub(crate) launcher: bool,
}

/// An agent that is watched.
pub(crate) struct Watched {
    pub(crate) agent: Agent,
    pub(crate) heard: Receiver<Heard>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let run = format!("run-20251020-{number:06}-{:08x}", std::process::id());
        let rules = Supervision {
            backoff_first: Duration::from_millis(1),
            backoff_most: Duration::from_millis(20),
            ..Supervision::default()
        };
        let environment = AgentEnvironment::new(&[], |name| std::env::var_os(name));
        let folder = tempfile::tempdir().unwrap();
        Self { folder, run: run.parse().unwrap(), rules, environment, launcher: true }
    }

    /// An agent of this binary.
    pub(crate) fn start(&self, kind: &str) -> Watched {
        let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        self.start_program(&[&own, "agent", kind])
    }

    /// An agent that is a script for `sh`.
    pub(crate) fn start_script(&self, script: &str) -> Watched {
        self.start_program(&["sh", "-c", script])
    }

    pub(crate) fn start_program(&self, cmd: &[&str]) -> Watched {
        let (tell, heard) = channel();
        let spec = self.spec(cmd);
        Watched { agent: Agent::start(spec, self.rules.clone(), tell).unwrap(), heard }
    }

    pub(crate) fn spec(&self, cmd: &[&str]) -> AgentSpec {
        AgentSpec {
            agent: AgentType::Builder,
            run: self.run.clone(),
            cmd: cmd.iter().map(|&part| part.to_owned()).collect(),
            environment: self.environment.clone(),
            dir: self.folder.path().to_owned(),
            launcher: self.launcher.then(own_launcher),
        }
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.path().join(format!("logs/builder/{}.ndjson", self.run))
    }

    /// The lines of the log, each of which is a document.
    pub(crate) fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log_path()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| {
                let document = read(line.as_bytes(), Limits::default()).unwrap();
                let message = Message::from_value(&document).unwrap();
                assert!(matches!(message, Message::Log(_) | Message::Heartbeat(_)), "{line}");
                line.to_owned()
            })
            .collect()
    }

    /// Fails when a process is left that was started for this workspace.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let left = processes_of(self.run.as_str());
        assert!(left.is_empty(), "{left:?}");
    }
}

pub(crate) fn own_launcher() -> Vec<OsString> {
    vec![std::env::current_exe().unwrap().into_os_string(), "launch".into()]
}

/// The processes that have `run` in their environment, with their command lines.
pub(crate) fn processes_of(run: &str) -> BTreeMap<i32, String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let of_run = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let found = String::from_utf8_lossy(&environment).contains(run);
        let cmd = fs::read(entry.path().join("cmdline")).ok()?;
        found.then(|| (pid, String::from_utf8_lossy(&cmd).replace('\0', " ")))
    });
    of_run.collect()
}

impl Watched {
    #[track_caller]
    pub(crate) fn next(&self) -> What {
        self.heard.recv_timeout(HANG).expect("something is heard").what
    }

    /// Waits until something is heard of which `pick` makes something; what comes before it is left
    /// out.
    #[track_caller]
    pub(crate) fn until<T>(&self, mut pick: impl FnMut(What) -> Option<T>) -> T {
        let mut before = Vec::new();
        loop {
            let heard = self.heard.recv_timeout(HANG);
            let what =
                heard.unwrap_or_else(|_| panic!("nothing more is heard after {before:?}")).what;
            before.push(format!("{what:.200?}"));
            if let Some(found) = pick(what) {
                return found;
            }
        }
    }

    #[track_caller]
    pub(crate) fn until_ready(&self) {
        self.until(|what| matches!(what, What::Ready).then_some(()));
    }

    /// The next event's line and its payload's note.
    #[track_caller]
    pub(crate) fn until_event(&self) -> (String, String) {
        self.until(|what| match what {
            What::Event { line, event } => {
                let note = event.payload.get("note").and_then(|note| note.as_str());
                let note = note.unwrap_or_default().to_owned();
                Some((String::from_utf8(line).unwrap(), note))
            }
            _ => None,
        })
    }

    /// Everything that is heard until the agent is given up, in short.
    #[track_caller]
    pub(crate) fn until_given_up(&self) -> Vec<String> {
        let mut told = Vec::new();
        self.until(|what| {
            told.push(format!("{what:?}"));
            matches!(what, What::GaveUp { .. }).then_some(())
        });
        told
    }
}
