//! What does not fit in a ledger, its chain and its head, and in what is derived from it.

use lorch_types::agent::{AgentRunId, CommandId, EventId, WorkspacePath};

use crate::file::{HEAD, chain_path, ledger_path};

/// Something that no crash leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// There is no chain, or not even its first record.
    #[error("the chain has no first record")]
    NoRoot,
    /// The first record is not that of this run.
    #[error("the first record of the chain is not that of this run: {reason}")]
    WrongRoot {
        /// Why.
        reason: String,
    },
    /// A record cannot be read, and others come after it.
    #[error("line {line} of the chain is no record: {reason}")]
    BadRecord {
        /// Its line in the chain, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// A record has not the number that follows.
    #[error("record {found} follows record {}: one is missing, doubled or out of place", expected - 1)]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// A record is not about the line that stands at its place.
    #[error("record {seq} is about {recorded}, and the ledger has {found}")]
    WrongLine {
        /// The record.
        seq: u64,
        /// What it says of the line.
        recorded: String,
        /// What the line is.
        found: String,
    },
    /// The hash of a record does not follow from the one before and its content.
    #[error(
        "the hash of record {seq} does not follow from the record before it and from its content"
    )]
    WrongHash {
        /// The record.
        seq: u64,
    },
    /// The chain has records of lines that the ledger does not have.
    #[error(
        "the chain has records of {records} lines, and the ledger has {lines}: lines are missing"
    )]
    ChainAhead {
        /// How many lines the chain knows.
        records: u64,
        /// How many the ledger has.
        lines: u64,
    },
    /// The head knows more than the ledger has.
    #[error("the head knows {seq} lines, and the ledger has {lines}: lines are missing")]
    HeadAhead {
        /// How many lines the head knows.
        seq: u64,
        /// How many the ledger has.
        lines: u64,
    },
    /// The head knows more than the chain has, though it is written after it.
    #[error(
        "the head knows {seq} lines, and the chain has records of {chained}: records are missing"
    )]
    ChainBehindHead {
        /// How many lines the head knows.
        seq: u64,
        /// How many the chain has records of.
        chained: u64,
    },
    /// The head is none: a crash leaves the old one or the new one.
    #[error("the head cannot be read: {reason}")]
    BadHead {
        /// Why.
        reason: String,
    },
    /// The head has another hash than the record that it is of.
    #[error("the head has another hash than record {seq}")]
    WrongHead {
        /// The record.
        seq: u64,
    },
    /// A line of the ledger is no message, and others come after it.
    #[error("line {line} of the ledger is no message: {reason}")]
    BadLine {
        /// Which line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// A command was followed by others before anything ended it.
    #[error("line {line}: no event ends the command {command}, and others follow it")]
    Unanswered {
        /// Its line, from 1.
        line: u64,
        /// Its message id.
        command: String,
    },
    /// Work that is done has no receipt, and later work has one.
    #[error(
        "line {line}: the command {command} is done and has no receipt, and later ones have one"
    )]
    MissingReceipt {
        /// The line of the command in the ledger, from 1.
        line: u64,
        /// The command.
        command: String,
    },
    /// A file in the place of a receipt holds none, or another.
    #[error("{file} is not the receipt that stands there: {reason}")]
    BadReceipt {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A receipt has not the number that follows.
    #[error("{file} is there, and {missing} is not")]
    ReceiptGap {
        /// The file of the receipt.
        file: String,
        /// The first file that is missing before it.
        missing: String,
    },
    /// Two receipts are of one command.
    #[error("{file} is of the command {command}, and so is {first}")]
    DoubledReceipt {
        /// The file of the later one.
        file: String,
        /// The command.
        command: CommandId,
        /// The file of the earlier one.
        first: String,
    },
    /// A receipt is of a command that is in no ledger.
    #[error("{file} is of the command {command}, which is in no ledger")]
    ReceiptWithoutCommand {
        /// The file of the receipt.
        file: String,
        /// The command.
        command: CommandId,
    },
    /// A receipt names an event that its ledger does not have.
    #[error("{file} names the event {event}, which is not in the ledger")]
    ReceiptWithoutEvent {
        /// The file of the receipt.
        file: String,
        /// The event.
        event: EventId,
    },
    /// A receipt names no event that ends its command.
    #[error("{file} names no event that ends its command")]
    ReceiptWithoutEnd {
        /// The file of the receipt.
        file: String,
    },
    /// A receipt says otherwise than the ledger.
    #[error("{file}: the {field} is `{recorded}`, and line {line} of the ledger has `{found}`")]
    ReceiptDisagrees {
        /// The file of the receipt.
        file: String,
        /// The line in the ledger, from 1.
        line: u64,
        /// What they say otherwise.
        field: &'static str,
        /// What the receipt says.
        recorded: String,
        /// What the ledger says.
        found: String,
    },
    /// A file is not what the last receipt of it says.
    #[error("{path} is {found}, and {file} says {recorded}")]
    ArtifactDrift {
        /// The file of the receipt.
        file: String,
        /// The file that it is about.
        path: WorkspacePath,
        /// What the receipt says of it.
        recorded: String,
        /// What it is.
        found: String,
    },
}

impl Finding {
    /// Its class, for programs: a word for each variant.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::NoRoot => "no_root",
            Self::WrongRoot { .. } => "wrong_root",
            Self::BadRecord { .. } => "bad_record",
            Self::Gap { .. } => "gap",
            Self::WrongLine { .. } => "wrong_line",
            Self::WrongHash { .. } => "wrong_hash",
            Self::ChainAhead { .. } => "chain_ahead",
            Self::HeadAhead { .. } => "head_ahead",
            Self::ChainBehindHead { .. } => "chain_behind_head",
            Self::BadHead { .. } => "bad_head",
            Self::WrongHead { .. } => "wrong_head",
            Self::BadLine { .. } => "bad_line",
            Self::Unanswered { .. } => "unanswered",
            Self::MissingReceipt { .. } => "missing_receipt",
            Self::BadReceipt { .. } => "bad_receipt",
            Self::ReceiptGap { .. } => "receipt_gap",
            Self::DoubledReceipt { .. } => "doubled_receipt",
            Self::ReceiptWithoutCommand { .. } => "receipt_without_command",
            Self::ReceiptWithoutEvent { .. } => "receipt_without_event",
            Self::ReceiptWithoutEnd { .. } => "receipt_without_end",
            Self::ReceiptDisagrees { .. } => "receipt_disagrees",
            Self::ArtifactDrift { .. } => "artifact_drift",
        }
    }

    /// The file of `run` in which it shows, and the line in it, from 1, where that has lines.
    pub fn place(&self, run: &AgentRunId) -> (String, Option<u64>) {
        let ledger = |line| (ledger_path(run), Some(line));
        // The first record of a chain is about no line.
        let chain = |line| (chain_path(run), Some(line));
        match self {
            Self::NoRoot | Self::WrongRoot { .. } => chain(1),
            Self::BadRecord { line, .. } => chain(*line),
            Self::Gap { expected, .. } => chain(expected + 1),
            Self::WrongHash { seq } => chain(seq + 1),
            Self::ChainAhead { records, .. } => chain(records + 1),
            Self::WrongLine { seq, .. } => ledger(*seq),
            Self::BadLine { line, .. }
            | Self::Unanswered { line, .. }
            | Self::MissingReceipt { line, .. } => ledger(*line),
            Self::HeadAhead { .. }
            | Self::ChainBehindHead { .. }
            | Self::BadHead { .. }
            | Self::WrongHead { .. } => (HEAD.to_owned(), None),
            Self::BadReceipt { file, .. }
            | Self::ReceiptGap { file, .. }
            | Self::DoubledReceipt { file, .. }
            | Self::ReceiptWithoutCommand { file, .. }
            | Self::ReceiptWithoutEvent { file, .. }
            | Self::ReceiptWithoutEnd { file }
            | Self::ReceiptDisagrees { file, .. }
            | Self::ArtifactDrift { file, .. } => (file.clone(), None),
        }
    }

    /// What lies in the chain comes before what lies in the ledger.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::NoRoot | Self::WrongRoot { .. } => 0,
            Self::BadRecord { .. }
            | Self::Gap { .. }
            | Self::WrongLine { .. }
            | Self::WrongHash { .. }
            | Self::ChainAhead { .. }
            | Self::ChainBehindHead { .. }
            | Self::HeadAhead { .. }
            | Self::BadHead { .. }
            | Self::WrongHead { .. } => 1,
            Self::BadLine { .. } => 2,
            Self::Unanswered { .. } => 3,
            Self::MissingReceipt { .. }
            | Self::BadReceipt { .. }
            | Self::ReceiptGap { .. }
            | Self::DoubledReceipt { .. }
            | Self::ReceiptWithoutCommand { .. }
            | Self::ReceiptWithoutEvent { .. }
            | Self::ReceiptWithoutEnd { .. }
            | Self::ReceiptDisagrees { .. }
            | Self::ArtifactDrift { .. } => 4,
        }
    }
}
