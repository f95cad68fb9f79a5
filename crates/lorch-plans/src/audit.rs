//! Whether the audit log of a plan is what was written.

use lorch_store::{AuditRecord, chain};

/// The first entry that does not follow from the one before it: it was edited, or one before it was
/// cut out or put in. `None` when the log is whole.
///
/// A log whose last entries are missing is whole by itself.
pub fn first_broken(log: &[AuditRecord]) -> Option<u64> {
    let mut before = None;
    for (sequence, record) in (1..).zip(log) {
        if record.sequence != sequence || record.hash != chain(before, &record.entry) {
            return Some(sequence);
        }
        before = Some(&record.hash);
    }
    None
}
