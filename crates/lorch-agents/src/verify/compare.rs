//! Receipts beside the ledger that they are derived from.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, BufReader};

use cap_std::fs::Dir;
use lorch_types::agent::{
    Action, AgentRunId, AgentType, Artifact, Command, CommandId, CorrelationId, EventId, EventType,
    Receipt, TaskId, WorkspacePath,
};

use super::receipts::{Placed, Recorded};
use super::{BUFFER_BYTES, Verification};
use crate::brief::{About, Brief, Spoken};
use crate::error::{LedgerError, at};
use crate::file::{self, EVENTS, ledger_path};
use crate::finding::Finding;
use crate::inspect::Inspection;
use crate::lines::Lines;
use crate::protocol::ends;
use crate::receipt::path;

/// What a ledger says about receipts, as far as it was read. Of its messages only those are kept that
/// a receipt names.
pub(super) struct Comparison<'r> {
    recorded: &'r Recorded,
    named: HashSet<&'r str>,
    named_events: HashSet<&'r str>,
    commands: HashMap<CommandId, Sent>,
    events: HashMap<EventId, Received>,
    /// What lorch itself said last of a file, and on which line: what it is, or that it is gone.
    words: HashMap<WorkspacePath, (u64, Option<Artifact>)>,
    tasks: HashSet<String>,
    pending: Option<Pending>,
    /// Work that is done and has no receipt, as long as nothing later has one.
    unrecorded: Vec<Finding>,
    findings: Vec<Finding>,
}

/// A command, as its receipt must have it.
struct Sent {
    line: u64,
    said: Said,
}

/// An event that a receipt names.
struct Received {
    line: u64,
    correlation: CorrelationId,
    from: AgentType,
    event: EventType,
}

/// What a command and its receipt say alike.
type Said = [(&'static str, String); 5];

/// The work that was asked for last.
struct Pending {
    line: u64,
    command: String,
    correlation: String,
    action: Action,
    has_receipt: bool,
}

impl<'r> Comparison<'r> {
    pub(super) fn new(recorded: &'r Recorded) -> Self {
        let receipts = || recorded.receipts.iter().map(|placed| &placed.receipt);
        Self {
            recorded,
            named: receipts().map(|receipt| receipt.command_message_id.as_str()).collect(),
            named_events: receipts().flat_map(|it| &it.events).map(EventId::as_str).collect(),
            commands: HashMap::new(),
            events: HashMap::new(),
            words: HashMap::new(),
            tasks: HashSet::new(),
            pending: None,
            unrecorded: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes what the ledger has on a line.
    pub(super) fn meet(&mut self, line: u64, brief: &Brief<'_>, text: &[u8]) {
        match brief.about {
            About::Command(action) => self.command(line, brief, action, text),
            About::Event(event, from) => self.event(line, brief, event, from, text),
        }
    }

    fn command(&mut self, line: u64, brief: &Brief<'_>, action: Action, text: &[u8]) {
        if !self.tasks.contains(&*brief.task_id) {
            self.tasks.insert(brief.task_id.to_string());
        }
        let has_receipt = self.named.contains(&*brief.message_id);
        if has_receipt && let Ok(Spoken::Command(command)) = Spoken::read(text) {
            let said = said_by_command(&command);
            self.commands.entry(command.message_id).or_insert(Sent { line, said });
            // Receipts lag from the end only.
            self.findings.append(&mut self.unrecorded);
        }
        let before = self.pending.take().filter(|it| it.correlation == brief.correlation_id);
        self.pending = Some(Pending {
            line,
            command: brief.message_id.to_string(),
            correlation: brief.correlation_id.to_string(),
            action,
            has_receipt: has_receipt || before.is_some_and(|before| before.has_receipt),
        });
    }

    fn event(
        &mut self,
        line: u64,
        brief: &Brief<'_>,
        event: EventType,
        from: AgentType,
        text: &[u8],
    ) {
        if self.named_events.contains(&*brief.message_id)
            && let Ok(Spoken::Event(received)) = Spoken::read(text)
        {
            let correlation = received.correlation_id;
            let received = (received.message_id, Received { line, correlation, from, event });
            self.events.entry(received.0).or_insert(received.1);
        }
        let is_about_files = matches!(event, EventType::ArtifactProduced | EventType::UserDecision);
        if from == AgentType::System
            && is_about_files
            && let Ok(Spoken::Event(own)) = Spoken::read(text)
        {
            let words = own.words_on_files().into_iter();
            self.words.extend(words.map(|(path, word)| (path, (line, word))));
        }
        let is_ended = |it: &mut Pending| {
            it.correlation == brief.correlation_id && ends(it.action, from, event)
        };
        if let Some(done) = self.pending.take_if(is_ended)
            && !matches!(event, EventType::Error | EventType::UserDecision)
            && !done.has_receipt
        {
            let Pending { line, command, .. } = done;
            self.unrecorded.push(Finding::MissingReceipt { line, command });
        }
    }

    /// Compares the receipts with the whole ledger, and the files with the receipts.
    pub(super) fn finish(
        mut self,
        root: &Dir,
        run: &AgentRunId,
        ledger: Inspection,
    ) -> Result<Verification, LedgerError> {
        let recorded = self.recorded;
        let is_ours = |it: &&Placed| self.tasks.contains(it.receipt.task_id.as_str());
        let ours: Vec<&Placed> = recorded.receipts.iter().filter(is_ours).collect();
        let unread = recorded.unread.iter().filter(|(task, _)| self.tasks.contains(task.as_str()));
        self.findings.extend(unread.map(|(_, finding)| finding.clone()));
        self.findings.extend(gaps(&ours, recorded));
        self.findings.extend(doubles(&ours));
        let (known, unknown): (Vec<_>, Vec<_>) = ours
            .into_iter()
            .partition(|it| self.commands.contains_key(&it.receipt.command_message_id));
        for placed in &known {
            let findings = self.compare(placed);
            self.findings.extend(findings);
        }
        self.findings.extend(without_command(root, run, &unknown)?);
        for (path, claim) in &recorded.claims() {
            if let Some(sent) = self.commands.get(&claim.placed.receipt.command_message_id) {
                let word = self.words.get(*path).filter(|(line, _)| *line > sent.line);
                let expected = word.map_or(Some(claim.artifact), |(_, word)| word.as_ref());
                self.findings.extend(claim.drift(root, expected));
            }
        }
        Ok(Verification {
            ledger,
            receipts: u64::try_from(known.len()).unwrap_or(u64::MAX),
            unrecorded: u64::try_from(self.unrecorded.len()).unwrap_or(u64::MAX),
            findings: self.findings,
        })
    }

    /// What a receipt says otherwise than its command and its events.
    fn compare(&self, placed: &Placed) -> Vec<Finding> {
        let Placed { file, receipt } = placed;
        let mut findings = Vec::new();
        let mut disagrees = |line, field, recorded: String, found: String| {
            let file = file.clone();
            findings.push(Finding::ReceiptDisagrees { file, line, field, recorded, found });
        };
        if let Some(sent) = self.commands.get(&receipt.command_message_id) {
            for ((field, recorded), (_, found)) in said_by_receipt(receipt).iter().zip(&sent.said) {
                if recorded != found {
                    disagrees(sent.line, field, recorded.clone(), found.clone());
                }
            }
        }
        let mut is_ended = false;
        let mut absent = Vec::new();
        for event in &receipt.events {
            let Some(received) = self.events.get(event) else {
                absent.push(event);
                continue;
            };
            if received.correlation != receipt.correlation_id {
                let recorded = receipt.correlation_id.to_string();
                let found = received.correlation.to_string();
                disagrees(received.line, "correlation of an event", recorded, found);
            }
            is_ended |= ends(receipt.action, received.from, received.event);
        }
        if !is_ended && absent.is_empty() {
            findings.push(Finding::ReceiptWithoutEnd { file: file.clone() });
        }
        let absent = absent.into_iter().map(|event| (file.clone(), event.clone()));
        findings.extend(absent.map(|(file, event)| Finding::ReceiptWithoutEvent { file, event }));
        findings
    }
}

fn said_by_command(command: &Command) -> Said {
    [
        ("task", command.task_id.to_string()),
        ("action", command.action.as_str().to_owned()),
        ("key", command.idempotency_key.to_string()),
        ("snapshot", command.version.snapshot_id.to_string()),
        ("correlation", command.correlation_id.to_string()),
    ]
}

fn said_by_receipt(receipt: &Receipt) -> Said {
    [
        ("task", receipt.task_id.to_string()),
        ("action", receipt.action.as_str().to_owned()),
        ("key", receipt.idempotency_key.to_string()),
        ("snapshot", receipt.snapshot_id.to_string()),
        ("correlation", receipt.correlation_id.to_string()),
    ]
}

/// The numbers that are missing before others.
fn gaps(ours: &[&Placed], recorded: &Recorded) -> Vec<Finding> {
    let mut gaps = Vec::new();
    let mut last: Option<(&TaskId, u64)> = None;
    for placed in ours {
        let (task, step) = (&placed.receipt.task_id, placed.receipt.step.get());
        let before = last.filter(|(before, _)| *before == task).map_or(0, |(_, step)| step);
        let missing = (before + 1..step).map(|step| path(task, step)).find(|file| {
            let is_there =
                |it: &Finding| matches!(it, Finding::BadReceipt { file: it, .. } if it == file);
            !recorded.unread.iter().any(|(_, finding)| is_there(finding))
        });
        gaps.extend(
            missing.map(|missing| Finding::ReceiptGap { file: placed.file.clone(), missing }),
        );
        last = Some((task, step));
    }
    gaps
}

/// The receipts of commands that have one already.
fn doubles(ours: &[&Placed]) -> Vec<Finding> {
    let mut first: HashMap<&CommandId, &str> = HashMap::new();
    let mut doubles = Vec::new();
    for Placed { file, receipt } in ours {
        let command = &receipt.command_message_id;
        match first.get(command) {
            Some(first) => doubles.push(Finding::DoubledReceipt {
                file: file.clone(),
                command: command.clone(),
                first: (*first).to_owned(),
            }),
            None => drop(first.insert(command, file)),
        }
    }
    doubles
}

/// Those receipts whose command is in no ledger: that of another run of the task may have it.
fn without_command(
    root: &Dir,
    run: &AgentRunId,
    unknown: &[&Placed],
) -> Result<Vec<Finding>, LedgerError> {
    let mut wanted: BTreeSet<&CommandId> =
        unknown.iter().map(|placed| &placed.receipt.command_message_id).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    for other in other_runs(root, run).map_err(at(EVENTS))? {
        let path = ledger_path(&other);
        strike_out(root, &path, &mut wanted).map_err(at(&path))?;
    }
    let without = unknown.iter().filter(|it| wanted.contains(&it.receipt.command_message_id));
    Ok(without
        .map(|Placed { file, receipt }| Finding::ReceiptWithoutCommand {
            file: file.clone(),
            command: receipt.command_message_id.clone(),
        })
        .collect())
}

/// Takes from `wanted` the commands that the ledger at `path` has.
fn strike_out(root: &Dir, path: &str, wanted: &mut BTreeSet<&CommandId>) -> io::Result<()> {
    let Some(ledger) = file::open_to_read(root, path)? else { return Ok(()) };
    let mut lines = Lines::new(BufReader::with_capacity(BUFFER_BYTES, ledger));
    while let Some(line) = lines.next()? {
        if let Ok(Spoken::Command(command)) = Spoken::read(line.text) {
            wanted.remove(&command.message_id);
        }
    }
    Ok(())
}

/// The other runs that have a ledger.
fn other_runs(root: &Dir, run: &AgentRunId) -> io::Result<Vec<AgentRunId>> {
    let mut runs: Vec<AgentRunId> = Vec::new();
    for entry in root.read_dir(EVENTS)? {
        let name = entry?.file_name();
        let other = name.to_str().and_then(|name| name.strip_suffix(".ndjson")?.parse().ok());
        runs.extend(other.filter(|other| other != run));
    }
    runs.sort_unstable();
    Ok(runs)
}
