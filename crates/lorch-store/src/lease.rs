//! Leases: one process owns a run at a time.
//!
//! A lease carries a fencing token, which grows with every owner. Every write of a run names the
//! token of its lease and is refused, in the transaction that would record it, once that is not the
//! newest: an owner that was paused and taken for dead can do no harm when it wakes.

use std::fmt;
use std::time::Duration;

use lorch_types::Timestamp;
use lorch_types::job::{AttemptStatus, RunId};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::owner::Process;
use crate::{Owner, StoreError, record};

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
        let ttl = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let now = u64::try_from(self.now.unix_millis()).unwrap_or(0);
        Timestamp::from_unix_millis(now.saturating_add(ttl)).unwrap_or(self.now)
    }
}

/// Takes the lease of a run, unless a living owner holds it.
pub(crate) fn take(
    connection: &Connection,
    run_id: &RunId,
    run: i64,
    claim: &Claim,
) -> Result<Lease, StoreError> {
    const TAKE: &str = "INSERT INTO leases (run, token, owner_id, host, pid, process, expires_at)
        VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (run) DO UPDATE SET token = token + 1, owner_id = excluded.owner_id,
            host = excluded.host, pid = excluded.pid, process = excluded.process,
            expires_at = excluded.expires_at
        RETURNING token";
    if let Some(holder) = holder(connection, run_id, run)?
        && !holder.is_gone(claim.now)
    {
        return Err(StoreError::Held { run_id: run_id.clone(), holder: Box::new(holder) });
    }
    let owner = &claim.owner;
    let token = connection.prepare_cached(TAKE)?.query_row(
        (
            run,
            owner.id(),
            &owner.host,
            owner.pid,
            owner.process.to_string(),
            claim.expires_at().to_string(),
        ),
        |row| row.get(0),
    )?;
    Ok(Lease { run_id: run_id.clone(), run, token })
}

/// Makes the lease hold for the claim's time from now.
pub(crate) fn renew(
    connection: &Connection,
    lease: &Lease,
    claim: &Claim,
) -> Result<(), StoreError> {
    const RENEW: &str = "UPDATE leases SET expires_at = ?3
        WHERE run = ?1 AND token = ?2 AND owner_id IS NOT NULL";
    let values = (lease.run, lease.token, claim.expires_at().to_string());
    match connection.prepare_cached(RENEW)?.execute(values)? {
        0 => Err(lost(connection, lease)?),
        _ => Ok(()),
    }
}

/// Gives the lease back; the token stays, so that it can never be used again.
pub(crate) fn release(connection: &Connection, lease: &Lease) -> Result<(), StoreError> {
    const RELEASE: &str = "UPDATE leases
        SET owner_id = NULL, host = NULL, pid = NULL, process = NULL, expires_at = NULL
        WHERE run = ?1 AND token = ?2";
    connection.prepare_cached(RELEASE)?.execute((lease.run, lease.token))?;
    Ok(())
}

/// Refuses a lease that is not the newest of its run.
pub(crate) fn check(connection: &Connection, lease: &Lease) -> Result<(), StoreError> {
    const CHECK: &str =
        "SELECT 1 FROM leases WHERE run = ?1 AND token = ?2 AND owner_id IS NOT NULL";
    let holds = connection.prepare_cached(CHECK)?.exists((lease.run, lease.token))?;
    if holds { Ok(()) } else { Err(lost(connection, lease)?) }
}

/// Who holds the lease of a run, whether living or not.
pub(crate) fn holder(
    connection: &Connection,
    run_id: &RunId,
    run: i64,
) -> Result<Option<Holder>, StoreError> {
    const HOLDER: &str = "SELECT host, pid, process, expires_at FROM leases
        WHERE run = ?1 AND owner_id IS NOT NULL";
    let row = connection
        .prepare_cached(HOLDER)?
        .query_row([run], |row| HolderRow::read(row, 0))
        .optional()?;
    row.map(|row| row.holder(run_id.as_str())).transpose()
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
    let holder = holder(connection, &lease.run_id, lease.run)?.map(Box::new);
    let status = record::last_attempt(connection, &lease.run_id)?
        .map_or(AttemptStatus::Running, |(_, _, status)| status);
    Ok(StoreError::LeaseLost { run_id: lease.run_id.clone(), holder, status })
}
