//! What happened to a plan, chained so that an entry that was changed, cut out or put in shows.

use lorch_types::json::{Object, Value, canonical};
use lorch_types::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::{StoreError, blob};

/// What the hash of an entry begins with.
const DOMAIN: &[u8] = b"lorch/audit/v1\0";

/// One entry of a plan's audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Which of the plan's entries it is, from 1.
    pub sequence: u64,
    /// What it says.
    pub entry: Value,
    /// Its hash as it was recorded.
    pub hash: Digest,
}

/// The hash of an entry that follows one with the hash `prev`; the first follows 32 zero bytes.
pub fn chain(prev: Option<&Digest>, entry: &Value) -> Digest {
    let mut bytes = DOMAIN.to_vec();
    bytes.extend(prev.map_or([0; 32], Digest::bytes));
    bytes.extend(canonical(entry).as_bytes());
    Digest::of_bytes(&bytes)
}

/// Appends an entry.
pub(super) fn append(
    connection: &Connection,
    plan: i64,
    at: Timestamp,
    by: &str,
    event: &str,
    details: &Object,
) -> Result<(), StoreError> {
    const LAST: &str = "SELECT sequence, hash FROM plan_audit
        WHERE plan = ?1 ORDER BY sequence DESC LIMIT 1";
    const APPEND: &str =
        "INSERT INTO plan_audit (plan, sequence, entry, hash) VALUES (?1, ?2, ?3, ?4)";
    let last: Option<(u64, String)> = connection
        .prepare_cached(LAST)?
        .query_row([plan], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (sequence, prev) = match last {
        None => (1, None),
        Some((sequence, hash)) => (sequence + 1, Some(digest(&hash)?)),
    };
    let mut entry = Object::new();
    entry.insert("timestamp", at.to_string());
    entry.insert("by", by);
    entry.insert("event", event);
    if !details.is_empty() {
        entry.insert("details", Value::Object(details.clone()));
    }
    let entry = Value::Object(entry);
    let hash = chain(prev.as_ref(), &entry);
    let values = (plan, sequence, canonical(&entry), hash.as_str());
    connection.prepare_cached(APPEND)?.execute(values)?;
    Ok(())
}

/// Appends entries to the log of a run.
pub(super) fn append_all(
    connection: &Connection,
    run: i64,
    entries: &[Value],
) -> Result<(), StoreError> {
    const LAST: &str = "SELECT sequence, hash FROM plan_run_audit
        WHERE plan_run = ?1 ORDER BY sequence DESC LIMIT 1";
    const APPEND: &str =
        "INSERT INTO plan_run_audit (plan_run, sequence, entry, hash) VALUES (?1, ?2, ?3, ?4)";
    let last: Option<(u64, String)> = connection
        .prepare_cached(LAST)?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (mut sequence, mut prev) = match last {
        None => (0, None),
        Some((sequence, hash)) => (sequence, Some(digest(&hash)?)),
    };
    for entry in entries {
        sequence += 1;
        let hash = chain(prev.as_ref(), entry);
        let values = (run, sequence, canonical(entry), hash.as_str());
        connection.prepare_cached(APPEND)?.execute(values)?;
        prev = Some(hash);
    }
    Ok(())
}

/// All entries of a plan, in order.
pub(crate) fn entries(connection: &Connection, plan: i64) -> Result<Vec<AuditRecord>, StoreError> {
    const ALL: &str =
        "SELECT sequence, entry, hash FROM plan_audit WHERE plan = ?1 ORDER BY sequence";
    let mut statement = connection.prepare_cached(ALL)?;
    let mut rows = statement.query([plan])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        entries.push(AuditRecord {
            sequence: row.get(0)?,
            entry: blob::parse("an entry of the audit log", &text)?,
            hash: digest(&row.get::<_, String>(2)?)?,
        });
    }
    Ok(entries)
}

pub(super) fn digest(text: &str) -> Result<Digest, StoreError> {
    text.parse().map_err(|error| StoreError::damaged("a hash of the audit log", error))
}
