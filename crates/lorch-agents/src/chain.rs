//! How the lines of a ledger are chained: a hash for each that depends on all before it.

use lorch_types::agent::{AgentRunId, MessageKind};
use lorch_types::json::{FromValueError, Limits, ReadError, from_value, read};
use lorch_types::{Digest, NaturalInteger, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of records that is written and read.
const VERSION: u64 = 1;
/// What the hash of the beginning depends on, so that it can be no other hash.
const GENESIS_TAG: &[u8] = b"lorch/ledger/v1/genesis\0";
/// The same for the hash of a line.
const ENTRY_TAG: &[u8] = b"lorch/ledger/v1/entry\0";

/// Which way a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From lorch to an agent.
    Out,
    /// From an agent to lorch.
    In,
}

impl Direction {
    /// The way that messages of this kind go.
    pub const fn of(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Command => Self::Out,
            MessageKind::Event | MessageKind::Heartbeat | MessageKind::Log => Self::In,
        }
    }

    /// What a hash depends on.
    const fn byte(self) -> u8 {
        match self {
            Self::Out => 1,
            Self::In => 2,
        }
    }
}

/// The first record of a chain: what the run began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The version of the records.
    pub v: NaturalInteger,
    /// 0.
    pub seq: NaturalInteger,
    /// The digest of the map from each schema's name to the digest of its text.
    pub schema_set_digest: Digest,
    /// The digest of the configuration.
    pub config_digest: Digest,
    /// The hash of the beginning, which depends on the run and on both digests.
    pub hash: Digest,
}

/// The record of one line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The version of the record.
    pub v: NaturalInteger,
    /// Which line it is, from 1.
    pub seq: NaturalInteger,
    /// Where the line begins in the ledger, in bytes.
    pub off: NaturalInteger,
    /// How many bytes it has, with its line feed.
    pub len: NaturalInteger,
    /// Which way it went.
    pub dir: Direction,
    /// When it was written.
    pub at: Timestamp,
    /// The digest of its bytes, with its line feed.
    pub line: Digest,
    /// The hash of the record before.
    pub prev: Digest,
    /// The hash of this one, which depends on all of it and on all before.
    pub hash: Digest,
}

/// How far a ledger was when it was last settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The run.
    pub run_id: AgentRunId,
    /// How many lines it had.
    pub seq: NaturalInteger,
    /// The hash of the last record.
    pub hash: Digest,
}

impl Head {
    /// The head of a run's ledger of `seq` lines.
    pub fn new(run_id: AgentRunId, seq: u64, hash: Digest) -> Self {
        Self { run_id, seq: natural(seq), hash }
    }
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] ReadError),
    /// It has other fields.
    #[error(transparent)]
    Fields(#[from] FromValueError),
    /// It is of a version that this build does not know.
    #[error("it is of version {0}, and this build knows version {VERSION}")]
    Version(NaturalInteger),
}

impl Root {
    /// The beginning of the chain of `run`.
    pub fn new(run: &AgentRunId, schema_set_digest: Digest, config_digest: Digest) -> Self {
        let hash = genesis(run, &schema_set_digest, &config_digest);
        let (v, seq) = (natural(VERSION), NaturalInteger::MIN);
        Self { v, seq, schema_set_digest, config_digest, hash }
    }

    /// Whether its hash is that of its content, in the chain of `run`.
    pub fn holds(&self, run: &AgentRunId) -> bool {
        self.seq == NaturalInteger::MIN
            && self.hash == genesis(run, &self.schema_set_digest, &self.config_digest)
    }

    /// The record that a line holds.
    ///
    /// # Errors
    /// When it holds none, or one of another version.
    pub fn read(line: &[u8]) -> Result<Self, RecordError> {
        let root: Self = from_value(&read(line, Limits::default())?)?;
        known(root.v).map(|()| root)
    }
}

impl Link {
    /// The record that comes after the one with the number `seq - 1` and the hash `prev`, of `line`
    /// (with its line feed) that begins at `off`.
    pub fn new(
        seq: u64,
        off: u64,
        line: &[u8],
        dir: Direction,
        at: Timestamp,
        prev: Digest,
    ) -> Self {
        let len = natural(u64::try_from(line.len()).unwrap_or(u64::MAX));
        let digest = Digest::of_bytes(line);
        let hash = entry(seq, &prev.bytes(), len.get(), &digest.bytes(), dir, at);
        let hash = Digest::of_hash(hash);
        let (v, seq, off) = (natural(VERSION), natural(seq), natural(off));
        Self { v, seq, off, len, dir, at, line: digest, prev, hash }
    }

    /// Whether its hash is that of its content.
    pub fn holds(&self) -> bool {
        let (seq, len) = (self.seq.get(), self.len.get());
        let (prev, line) = (self.prev.bytes(), self.line.bytes());
        self.hash.bytes() == entry(seq, &prev, len, &line, self.dir, self.at)
    }

    /// The record that a line holds.
    ///
    /// # Errors
    /// When it holds none, or one of another version.
    pub fn read(line: &[u8]) -> Result<Self, RecordError> {
        let link: Self = from_value(&read(line, Limits::default())?)?;
        known(link.v).map(|()| link)
    }
}

fn known(version: NaturalInteger) -> Result<(), RecordError> {
    if version.get() == VERSION { Ok(()) } else { Err(RecordError::Version(version)) }
}

fn natural(value: u64) -> NaturalInteger {
    NaturalInteger::new(value).unwrap_or(NaturalInteger::MAX)
}

fn genesis(run: &AgentRunId, schemas: &Digest, config: &Digest) -> Digest {
    let run = run.as_str();
    let mut hasher = Sha256::new();
    hasher.update(GENESIS_TAG);
    hasher.update(u32::try_from(run.len()).unwrap_or(u32::MAX).to_be_bytes());
    hasher.update(run);
    hasher.update(schemas.bytes());
    hasher.update(config.bytes());
    Digest::of_hash(hasher.finalize().into())
}

/// The hash of a record, from its content.
pub(crate) fn entry(
    seq: u64,
    prev: &[u8; 32],
    len: u64,
    line: &[u8; 32],
    dir: Direction,
    at: Timestamp,
) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(ENTRY_TAG);
    hasher.update(seq.to_be_bytes());
    hasher.update(prev);
    hasher.update(len.to_be_bytes());
    hasher.update(line);
    hasher.update([dir.byte()]);
    hasher.update(at.unix_nanos().to_be_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the design.
    #[test]
    fn hashes_are_those_that_the_design_names() {
        let zero = Digest::of_hash([0; 32]);
        let run = "run-20251020-140818-4f9f29a1".parse().unwrap();
        let root = Root::new(&run, zero.clone(), zero);
        assert_eq!(
            root.hash.hex(),
            "2e4e074f62f861c4b65df40d26d7abe1742eebc9de5b562cc5c70a01588278c8"
        );
        let line = b"{\"kind\":\"log\",\"level\":\"info\",\"message\":\"hello\",\
                     \"timestamp\":\"2025-10-20T14:08:20Z\"}\n";
        assert_eq!(line.len(), 83);
        let at = "2025-10-20T14:08:20Z".parse().unwrap();
        let link = Link::new(1, 0, line, Direction::In, at, root.hash.clone());
        assert_eq!(
            link.hash.hex(),
            "5286b99d6fa6c855cf8be80f342ebaa5b55f33ef5914ac51da2c6c4688c94ea2"
        );
        assert!(root.holds(&run) && link.holds());
    }
}
