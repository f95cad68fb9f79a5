//! The data plane on SQLite.

mod assertion;
mod catalogue;
mod create;
mod effect;
mod error;
mod open;
mod query;
mod session;
mod sql;
mod value;
mod write;

use std::path::{Path, PathBuf};

use fail::fail_point;
use lorch_types::job::{Backend as BackendName, ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::error::Failure;
use self::session::{Pool, Session};
use super::params::{
    AssertRows, AssertSchema, AssertUnique, OPS, QueryCount, QueryMax, QueryRows, WriteCreateTable,
    WriteDelete, WriteInsert, WriteMerge, WriteUpsert,
};
use crate::backend::{Backend, Cancellation, Performed};
use crate::nearest::did_you_mean;
use crate::op::{OpParams, parse_params};
use crate::secrets::refuse_secrets;

/// The largest output of a step unless said otherwise: 64 MiB.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// How many steps read at once; further ones wait.
const MAX_READERS: usize = 16;

/// Tables in an SQLite database, which may be used from many threads at once.
///
/// Invariant: the effect of a write, its idempotency key, its parameters and its output are
/// committed in one transaction, so that each of them is there exactly when all are.
#[derive(Debug)]
pub struct DataPlane {
    path: PathBuf,
    writer: Pool,
    readers: Pool,
    max_output_bytes: usize,
}

impl DataPlane {
    /// The data plane in the database file at `path`, which is made when there is none.
    ///
    /// A database of another program can be used as it is; lorch adds tables of its own, whose names
    /// begin with `_lorch_`.
    ///
    /// # Errors
    /// `io` when the file cannot be read or written; `conflict` when it is no SQLite database, is
    /// lorch's run store or was written by a newer lorch.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ErrorInfo> {
        let path = path.as_ref();
        let writer = open::writer(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Pool::new(1).with_idle(writer),
            readers: Pool::new(MAX_READERS),
            max_output_bytes: MAX_OUTPUT_BYTES,
        })
    }

    /// The same with another limit for the size of an output, in bytes of canonical JSON.
    #[must_use]
    pub fn with_max_output_bytes(mut self, max_output_bytes: usize) -> Self {
        self.max_output_bytes = max_output_bytes;
        self
    }

    /// Reads within one transaction, so that what is read belongs together.
    fn read<P: OpParams>(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
        read: impl FnOnce(&Reading<'_>, &P) -> Result<Value, Failure>,
    ) -> Result<Performed, ErrorInfo> {
        let params = parse_params::<P>(manifest)?;
        let max_output_bytes = self.max_output_bytes;
        let work =
            |connection: &Connection| read(&Reading { connection, max_output_bytes }, &params);
        let output = self.readers.with(
            cancellation,
            || open::reader(&self.path),
            |session| self.transact(session, TransactionBehavior::Deferred, cancellation, work),
        )?;
        Ok(Performed { output, applied: true })
    }

    /// Writes unless the key is there already, and records key, params and output with the effect.
    fn write<P: OpParams>(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
        write: impl FnOnce(&Writing<'_>, &P) -> Result<Value, Failure>,
    ) -> Result<Performed, ErrorInfo> {
        let params = parse_params::<P>(manifest)?;
        let work = |connection: &Connection| {
            if let Some(output) = effect::recorded(connection, manifest)? {
                return Ok(Performed { output, applied: false });
            }
            let output = write(&Writing { connection, cancellation }, &params)?;
            effect::record(connection, manifest, &output)?;
            Ok(Performed { output, applied: true })
        };
        self.writer.with(
            cancellation,
            || open::writer(&self.path),
            |session| self.transact(session, TransactionBehavior::Immediate, cancellation, work),
        )
    }

    /// Does `work` in a transaction, and commits it only when it succeeds.
    fn transact<T>(
        &self,
        session: &mut Session,
        behavior: TransactionBehavior,
        cancellation: &Cancellation,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, ErrorInfo> {
        let outcome = (|| {
            let watch = session.watch();
            let transaction = session.begin(behavior, cancellation)?;
            watch.set(Some(cancellation.clone()));
            let done = work(&transaction);
            // From here on it is too late to stop: a commit is never interrupted.
            watch.set(None);
            let done = done?;
            cancellation.check()?;
            commit(transaction, behavior)?;
            Ok(done)
        })();
        outcome.map_err(|failure: Failure| failure.into_error(&self.path, cancellation))
    }
}

fn commit(transaction: Transaction<'_>, behavior: TransactionBehavior) -> rusqlite::Result<()> {
    if matches!(behavior, TransactionBehavior::Immediate) {
        fail_point!("effect-committed-before");
        transaction.commit()?;
        fail_point!("effect-committed-after");
        return Ok(());
    }
    transaction.commit()
}

/// A transaction that reads.
struct Reading<'c> {
    connection: &'c Connection,
    max_output_bytes: usize,
}

/// A transaction that writes.
struct Writing<'c> {
    connection: &'c Connection,
    cancellation: &'c Cancellation,
}

impl Backend for DataPlane {
    fn perform(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo> {
        cancellation.check()?;
        refuse_secrets(manifest)?;
        let op = manifest.op.to_string();
        match op.as_str() {
            QueryRows::OP => self.read(manifest, cancellation, query::rows),
            QueryCount::OP => self.read(manifest, cancellation, query::count),
            QueryMax::OP => self.read(manifest, cancellation, query::max),
            AssertRows::OP => self.read(manifest, cancellation, assertion::rows),
            AssertSchema::OP => self.read(manifest, cancellation, assertion::schema),
            AssertUnique::OP => self.read(manifest, cancellation, assertion::unique),
            WriteCreateTable::OP => self.write(manifest, cancellation, create::create_table),
            WriteInsert::OP => self.write(manifest, cancellation, write::insert),
            WriteUpsert::OP => self.write(manifest, cancellation, write::upsert),
            WriteMerge::OP => self.write(manifest, cancellation, write::merge),
            WriteDelete::OP => self.write(manifest, cancellation, write::delete),
            _ => Err(unknown_op(&op)),
        }
    }
}

fn unknown_op(op: &str) -> ErrorInfo {
    let message = format!("the {} has no operation `{op}`", BackendName::DataPlane);
    let message = match did_you_mean(op, OPS.iter().map(|spec| spec.op)) {
        Some(advice) => format!("{message}; {advice}"),
        None => message,
    };
    ErrorCode::InvalidParams.error(message).with_details([("op", op)])
}
