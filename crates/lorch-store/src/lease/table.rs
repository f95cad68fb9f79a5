//! Tables of leases: that of the runs of jobs and tasks, and that of the runs of plans.

use rusqlite::{Connection, OptionalExtension};

use super::{Claim, Holder, HolderRow};
use crate::StoreError;

/// A table of leases, by what is asked of it.
pub(crate) struct LeaseTable {
    take: &'static str,
    renew: &'static str,
    release: &'static str,
    holder: &'static str,
}

/// The statements for the table `$table`, in which the column `$run` has the number of a run.
macro_rules! lease_table {
    ($table:literal, $run:literal) => {
        LeaseTable {
            take: concat!(
                "INSERT INTO ",
                $table,
                " (",
                $run,
                ", token, owner_id, host, pid, process, expires_at)
                VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT (",
                $run,
                ") DO UPDATE SET token = token + 1,
                    owner_id = excluded.owner_id, host = excluded.host, pid = excluded.pid,
                    process = excluded.process, expires_at = excluded.expires_at
                RETURNING token"
            ),
            renew: concat!(
                "UPDATE ",
                $table,
                " SET expires_at = ?3
                WHERE ",
                $run,
                " = ?1 AND token = ?2 AND owner_id IS NOT NULL"
            ),
            release: concat!(
                "UPDATE ",
                $table,
                " SET owner_id = NULL, host = NULL, pid = NULL,
                    process = NULL, expires_at = NULL
                WHERE ",
                $run,
                " = ?1 AND token = ?2"
            ),
            holder: concat!(
                "SELECT host, pid, process, expires_at FROM ",
                $table,
                "
                WHERE ",
                $run,
                " = ?1 AND owner_id IS NOT NULL"
            ),
        }
    };
}

/// The leases of the runs of jobs and tasks.
pub(crate) const RUNS: LeaseTable = lease_table!("leases", "run");
/// The leases of the runs of plans.
pub(crate) const PLAN_RUNS: LeaseTable = lease_table!("plan_run_leases", "plan_run");

impl LeaseTable {
    /// Takes the lease of a run and gives its token, unless a living owner holds it. `name` is the run's in
    /// errors.
    pub(crate) fn take(
        &self,
        connection: &Connection,
        (name, run): (&str, i64),
        claim: &Claim,
    ) -> Result<Result<i64, Box<Holder>>, StoreError> {
        if let Some(holder) = self.holder(connection, (name, run))?
            && !holder.is_gone(claim.now)
        {
            return Ok(Err(Box::new(holder)));
        }
        let owner = &claim.owner;
        let (process, expires_at) = (owner.process.to_string(), claim.expires_at().to_string());
        let values = (run, owner.id(), &owner.host, owner.pid, process, expires_at);
        Ok(Ok(connection.prepare_cached(self.take)?.query_row(values, |row| row.get(0))?))
    }

    /// Makes the lease hold for the claim's time from now; whether it is still held.
    pub(crate) fn renew(
        &self,
        connection: &Connection,
        (run, token): (i64, i64),
        claim: &Claim,
    ) -> Result<bool, StoreError> {
        let values = (run, token, claim.expires_at().to_string());
        Ok(connection.prepare_cached(self.renew)?.execute(values)? > 0)
    }

    /// Gives the lease back; the token stays, so that it can never be used again.
    pub(crate) fn release(
        &self,
        connection: &Connection,
        lease: (i64, i64),
    ) -> Result<(), StoreError> {
        connection.prepare_cached(self.release)?.execute(lease)?;
        Ok(())
    }

    /// Who holds the lease of a run, whether living or not.
    pub(crate) fn holder(
        &self,
        connection: &Connection,
        (name, run): (&str, i64),
    ) -> Result<Option<Holder>, StoreError> {
        let row = connection
            .prepare_cached(self.holder)?
            .query_row([run], |row| HolderRow::read(row, 0))
            .optional()?;
        row.map(|row| row.holder(name)).transpose()
    }
}
