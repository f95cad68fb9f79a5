//! Ledgers: commands and events in their order, and the state of the run that they tell.
//!
//! Of each message only its ids are kept.

use std::collections::BTreeMap;

use lorch_types::agent::{
    Artifact, Command, CommandId, CorrelationId, Event, EventId, RunState, SnapshotId, TaskId,
    WorkspacePath,
};
use lorch_types::{IdempotencyKey, SmolStr, Timestamp};

use super::snapshots::Snapshots;
use super::{Found, Mismatch, Rule, Stand, file};

/// The messages of all ledgers, and the states of their runs.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    commands: BTreeMap<CommandId, Sent>,
    events: BTreeMap<EventId, Received>,
    states: Vec<(Stand, RunState)>,
    /// What lorch itself said last of a file, and when.
    words: BTreeMap<WorkspacePath, (Timestamp, Option<Artifact>)>,
    /// The one that is being added.
    open: Open,
}

/// What is kept of a command.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) stand: Stand,
    pub(super) task: TaskId,
    pub(super) action: lorch_types::agent::Action,
    pub(super) correlation: CorrelationId,
    pub(super) key: IdempotencyKey,
    pub(super) snapshot: SnapshotId,
}

/// What is kept of an event.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) stand: Stand,
    pub(super) correlation: CorrelationId,
}

/// The ledger whose lines are being added.
#[derive(Debug, Default)]
struct Open {
    file: SmolStr,
    /// Who began each correlation.
    begun: BTreeMap<CorrelationId, (Stand, TaskId)>,
    /// Events that no command came before, in order.
    early: Vec<(Stand, CorrelationId)>,
}

impl Ledgers {
    pub(super) fn command(&mut self, stand: Stand, command: &Command, found: &mut Found) {
        self.open(&stand, found);
        check_key(&stand, command, found);
        let task = command.task_id.clone();
        let begun = (stand.clone(), task.clone());
        self.open.begun.entry(command.correlation_id.clone()).or_insert(begun);
        if let Some(first) = self.commands.get(&command.message_id) {
            let first = first.stand.at([&"message_id"]);
            found.repeated("message id", &command.message_id, stand.at([&"message_id"]), first);
            return;
        }
        let sent = Sent {
            stand,
            task,
            action: command.action,
            correlation: command.correlation_id.clone(),
            key: command.idempotency_key.clone(),
            snapshot: command.version.snapshot_id.clone(),
        };
        self.commands.insert(command.message_id.clone(), sent);
    }

    pub(super) fn event(&mut self, stand: Stand, event: &Event, found: &mut Found) {
        self.open(&stand, found);
        match self.open.begun.get(&event.correlation_id) {
            Some((command, task)) => found.agree(
                "task",
                (&event.task_id, stand.at([&"task_id"])),
                (task, command.at([&"task_id"])),
            ),
            None => self.open.early.push((stand.clone(), event.correlation_id.clone())),
        }
        if let Some(first) = self.events.get(&event.message_id) {
            let first = first.stand.at([&"message_id"]);
            found.repeated("message id", &event.message_id, stand.at([&"message_id"]), first);
            return;
        }
        for (path, word) in event.words_on_files() {
            let said_before = self.words.get(&path).map(|(at, _)| *at);
            if said_before.is_none_or(|at| at <= event.occurred_at) {
                self.words.insert(path, (event.occurred_at, word));
            }
        }
        let correlation = event.correlation_id.clone();
        self.events.insert(event.message_id.clone(), Received { stand, correlation });
    }

    pub(super) fn state(&mut self, stand: Stand, state: RunState) {
        self.states.push((stand, state));
    }

    pub(super) fn find_command(&self, id: &CommandId) -> Option<&Sent> {
        self.commands.get(id)
    }

    pub(super) fn find_event(&self, id: &EventId) -> Option<&Received> {
        self.events.get(id)
    }

    /// What lorch itself said last of a file, if that was not before `since`; nothing where the file
    /// had gone.
    pub(super) fn word(&self, path: &WorkspacePath, since: Timestamp) -> Option<Option<&Artifact>> {
        let (at, word) = self.words.get(path)?;
        (*at >= since).then_some(word.as_ref())
    }

    /// The files that have messages, in words, and the first of them.
    pub(super) fn searched(&self) -> (String, SmolStr) {
        let stands = self.commands.values().map(|sent| &sent.stand);
        let stands = stands.chain(self.events.values().map(|received| &received.stand));
        let mut files: Vec<&SmolStr> = stands.map(|stand| &stand.file).collect();
        files.sort();
        files.dedup();
        match files.as_slice() {
            [] => ("there is no ledger in `events/`".to_owned(), "events".into()),
            [only] => (format!("looked in {only}"), (*only).clone()),
            [first, rest @ ..] => {
                (format!("looked in {first} and {} more", rest.len()), (*first).clone())
            }
        }
    }

    /// Makes the file in which the message stands the one that is being added.
    fn open(&mut self, stand: &Stand, found: &mut Found) {
        if self.open.file != stand.file {
            self.close(found);
            self.open.file = stand.file.clone();
        }
    }

    /// Ends the ledger that is being added.
    pub(super) fn close(&mut self, found: &mut Found) {
        let Open { file: name, begun, early } = std::mem::take(&mut self.open);
        for (stand, correlation) in early {
            let at = stand.at([&"correlation_id"]);
            found.follow(false, || match begun.get(&correlation) {
                Some((command, _)) => {
                    let other = command.at([&"correlation_id"]);
                    let message = format!(
                        "the event comes before the command with the correlation `{correlation}`, \
                         which is in {other}"
                    );
                    Mismatch::new(Rule::Order, at, other, message)
                }
                None => {
                    let message =
                        format!("no command has the correlation `{correlation}`: looked in {name}");
                    Mismatch::new(Rule::Absent, at, file(name.clone()), message)
                }
            });
        }
    }

    /// Checks that there is a snapshot of what each command's agent saw.
    pub(super) fn check_snapshots(&self, snapshots: &Snapshots, found: &mut Found) {
        for sent in self.commands.values() {
            let at = sent.stand.at([&"version", &"snapshot_id"]);
            snapshots.expect(&sent.snapshot, at, found);
        }
    }

    /// Checks what the state of each run says of its ledger.
    pub(super) fn check_states(&self, snapshots: &Snapshots, found: &mut Found) {
        let mut seen: BTreeMap<_, &Stand> = BTreeMap::new();
        for (stand, state) in &self.states {
            if let Some(first) = seen.insert(&state.run_id, stand) {
                let at = stand.at([&"run_id"]);
                found.repeated("run", &state.run_id, at, first.at([&"run_id"]));
            }
            snapshots.expect(&state.snapshot_id, stand.at([&"snapshot_id"]), found);
            self.check_state(stand, state, found);
        }
    }

    fn check_state(&self, stand: &Stand, state: &RunState, found: &mut Found) {
        let ledger = SmolStr::from(format!("events/{}.ndjson", state.run_id));
        let absent = |what: &str, id: &dyn std::fmt::Display, field: &str| {
            let message = format!("there is no {what} `{id}`: looked in {ledger}");
            Mismatch::new(Rule::Absent, stand.at([&field]), file(ledger.clone()), message)
        };
        let in_ledger = |other: &Stand| other.file == ledger;
        if let Some(id) = &state.last_command_id {
            let sent = self.commands.get(id).filter(|sent| in_ledger(&sent.stand));
            found.follow(sent.is_some(), || absent("command", id, "last_command_id"));
            if let Some(sent) = sent {
                found.agree(
                    "task",
                    (&state.task_id, stand.at([&"task_id"])),
                    (&sent.task, sent.stand.at([&"task_id"])),
                );
            }
        }
        if let Some(id) = &state.last_event_id {
            let received = self.events.get(id).filter(|received| in_ledger(&received.stand));
            found.follow(received.is_some(), || absent("event", id, "last_event_id"));
        }
        if let Some(id) = &state.correlation_id {
            let mut sent = self.commands.values().filter(|sent| in_ledger(&sent.stand));
            let is_there = sent.any(|sent| sent.correlation == *id);
            found.follow(is_there, || absent("command with correlation", id, "correlation_id"));
        }
    }
}

/// Checks that a command has the key of its content.
fn check_key(stand: &Stand, command: &Command, found: &mut Found) {
    let Command { action, task_id, inputs, expected_outputs, .. } = command;
    let snapshot = &command.version.snapshot_id;
    // What was read from JSON can be written as JSON.
    let Ok(key) = Command::key(*action, task_id, snapshot, inputs, expected_outputs) else {
        return;
    };
    found.follow(key == command.idempotency_key, || {
        let message = format!(
            "the key is `{}`, that of the command's content is `{key}`",
            command.idempotency_key
        );
        Mismatch::new(Rule::Derived, stand.at([&"idempotency_key"]), stand.root(), message)
            .with_help(
                "the key is derived from action, task, snapshot, inputs and expected outputs",
            )
    });
}
