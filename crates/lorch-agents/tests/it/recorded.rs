//! A small ledger, as a run writes it.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use lorch_agents::chain::Direction;
use lorch_agents::{Inspection, Ledger, inspect};
use lorch_types::agent::AgentRunId;
use lorch_types::{Digest, Timestamp};
use tempfile::TempDir;

/// A workspace with the ledger of one run.
pub(crate) struct Workspace {
    pub(crate) folder: TempDir,
    pub(crate) root: Dir,
}

/// The bytes of a ledger and of its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) ledger: Vec<u8>,
    pub(crate) chain: Vec<u8>,
}

pub(crate) fn run() -> AgentRunId {
    "run-20251020-140818-4f9f29a1".parse().unwrap()
}

pub(crate) fn now(second: u32) -> Timestamp {
    format!("2025-10-20T14:08:{second:02}Z").parse().unwrap()
}

/// Two commands, each with its end, and an event between them.
pub(crate) fn messages() -> Vec<(Direction, String)> {
    let command = |number: u32, action: &str, agent: &str| {
        format!(
            r#"{{"kind":"command","message_id":"cmd-0000000{number}","correlation_id":"c{number}","task_id":"T-0042","idempotency_key":"ik:{}","to":{{"agent_type":"{agent}"}},"action":"{action}","inputs":{{}},"expected_outputs":[],"version":{{"snapshot_id":"snap-6f8d55a83919"}},"deadline":"2025-10-20T15:00:00Z","retry":{{"attempt":0,"max_attempts":3}},"priority":5}}"#,
            "0".repeat(64)
        )
    };
    let event = |number: u32, correlation: u32, event: &str, agent: &str| {
        format!(
            r#"{{"kind":"event","message_id":"evt-0000000{number}","correlation_id":"c{correlation}","task_id":"T-0042","from":{{"agent_type":"{agent}"}},"event":"{event}","payload":{{}},"occurred_at":"2025-10-20T14:30:00Z"}}"#
        )
    };
    vec![
        (Direction::Out, command(1, "implement", "builder")),
        (Direction::In, event(1, 1, "builder.progress", "builder")),
        (Direction::In, event(2, 1, "builder.completed", "builder")),
        (Direction::Out, command(2, "review", "reviewer")),
        (Direction::In, event(3, 2, "review.completed", "reviewer")),
    ]
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        Self { folder, root }
    }

    /// One with [`messages`] in its ledger.
    pub(crate) fn recorded() -> Self {
        let workspace = Self::new();
        let zero = Digest::of_hash([0; 32]);
        let mut ledger = Ledger::create(&workspace.root, &run(), zero.clone(), zero).unwrap();
        for ((dir, line), second) in messages().into_iter().zip(1..) {
            ledger.append(line.as_bytes(), dir, now(second)).unwrap();
        }
        ledger.settle().unwrap();
        workspace
    }

    /// One whose files hold this.
    pub(crate) fn holding(recorded: &Recorded) -> Self {
        let workspace = Self::new();
        workspace.root.create_dir("events").unwrap();
        workspace.root.create_dir("state").unwrap();
        workspace.root.write(ledger_path(), &recorded.ledger).unwrap();
        workspace.root.write(chain_path(), &recorded.chain).unwrap();
        workspace
    }

    /// The names of the files in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = self.root.read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self) -> Recorded {
        Recorded {
            ledger: self.root.read(ledger_path()).unwrap(),
            chain: self.root.read(chain_path()).unwrap(),
        }
    }
}

impl Recorded {
    pub(crate) fn inspect(&self) -> Inspection {
        inspect(&run(), self.ledger.as_slice(), self.chain.as_slice(), None).unwrap()
    }
}

pub(crate) fn ledger_path() -> String {
    format!("events/{}.ndjson", run())
}

pub(crate) fn chain_path() -> String {
    format!("events/{}.chain.ndjson", run())
}
