//! Leases: one process owns a run at a time.
//!
//! A lease carries a fencing token, which grows with every owner. Every write of a run names the
//! token of its lease and is refused, in the transaction that would record it, once that is not the
//! newest: an owner that was paused and taken for dead can do no harm when it wakes.

mod table;

use std::fmt;
use std::time::Duration;

use lorch_types::Timestamp;
use lorch_types::job::{AttemptStatus, RunId};
use rusqlite::{Connection, Row};

use crate::owner::Process;
use crate::{Owner, StoreError, record};
pub(crate) use table::PLAN_RUNS;
use table::RUNS;

/// The right to write to one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) run_id: RunId,
    pub(crate) run: i64,
    pub(crate) token: i64,
}

/// Who wants a lease, since when and for how long.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who wants it.
    pub owner: Owner,
    /// The moment at which it is asked for.
    pub now: Timestamp,
    /// How long it holds without being renewed.
    pub ttl: Duration,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub owner: Owner,
    /// When the lease ends unless it is renewed.
    pub expires_at: Timestamp,
}

impl Lease {
    /// The run.
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }

    /// The fencing token; larger than that of every owner before.
    pub fn token(&self) -> i64 {
        self.token
    }
}

impl Holder {
    /// Whether the lease may be taken over: it has run out, or its process has certainly ended.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.expires_at <= now || self.owner.is_dead()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} until {}", self.owner, self.expires_at)
    }
}

impl Claim {
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.now.saturating_add(self.ttl)
    }
}

/// Takes the lease of a run, unless a living owner holds it.
pub(crate) fn take(
    connection: &Connection,
    run_id: &RunId,
    run: i64,
    claim: &Claim,
) -> Result<Lease, StoreError> {
    match RUNS.take(connection, (run_id.as_str(), run), claim)? {
        Ok(token) => Ok(Lease { run_id: run_id.clone(), run, token }),
        Err(holder) => Err(StoreError::Held { run_id: run_id.clone(), holder }),
    }
}

/// Makes the lease hold for the claim's time from now.
pub(crate) fn renew(
    connection: &Connection,
    lease: &Lease,
    claim: &Claim,
) -> Result<(), StoreError> {
    if RUNS.renew(connection, (lease.run, lease.token), claim)? {
        Ok(())
    } else {
        Err(lost(connection, lease)?)
    }
}

/// Gives the lease back.
pub(crate) fn release(connection: &Connection, lease: &Lease) -> Result<(), StoreError> {
    RUNS.release(connection, (lease.run, lease.token))
}

/// Refuses a lease that is not the newest of its run.
pub(crate) fn check(connection: &Connection, lease: &Lease) -> Result<(), StoreError> {
    const CHECK: &str =
        "SELECT 1 FROM leases WHERE run = ?1 AND token = ?2 AND owner_id IS NOT NULL";
    let holds = connection.prepare_cached(CHECK)?.exists((lease.run, lease.token))?;
    if holds { Ok(()) } else { Err(lost(connection, lease)?) }
}

/// The four columns of a holder, as they are read.
pub(crate) struct HolderRow {
    host: String,
    pid: u32,
    process: String,
    expires_at: String,
}

impl HolderRow {
    /// Reads the columns from `first` on.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            host: row.get(first)?,
            pid: row.get(first + 1)?,
            process: row.get(first + 2)?,
            expires_at: row.get(first + 3)?,
        })
    }

    pub(crate) fn holder(self, run_id: &str) -> Result<Holder, StoreError> {
        let expires_at = self
            .expires_at
            .parse()
            .map_err(|error| StoreError::damaged(&format!("the lease of {run_id}"), error))?;
        let process = Process::parse(&self.process);
        Ok(Holder { owner: Owner { host: self.host, pid: self.pid, process }, expires_at })
    }
}

fn lost(connection: &Connection, lease: &Lease) -> Result<StoreError, StoreError> {
    let holder = RUNS.holder(connection, (lease.run_id.as_str(), lease.run))?.map(Box::new);
    let status = record::last_attempt(connection, &lease.run_id)?
        .map_or(AttemptStatus::Running, |(_, _, status)| status);
    Ok(StoreError::LeaseLost { run_id: lease.run_id.clone(), holder, status })
}
