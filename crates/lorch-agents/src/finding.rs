//! What does not fit in a ledger, its chain and its head.

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
}

impl Finding {
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
            | Self::WrongHead { .. } => 1,
            Self::BadLine { .. } => 2,
            Self::Unanswered { .. } => 3,
        }
    }
}
