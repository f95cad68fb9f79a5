//! The entries of a run's audit log, and the names of what they say.

use lorch_types::json::{Object, Value};
use lorch_types::plan::{AssetId, AuditEntry, AuditEvent, PhaseName};
use lorch_types::{SmolStr, Timestamp};

/// How many actions may have had an effect on an asset.
pub(super) const ACTIONS: &str = "actions";
/// Whether an asset was acted on or undone.
pub(super) const DIRECTION: &str = "direction";
/// What a health check gave.
pub(super) const OUTCOME: &str = "outcome";
/// The outcome of a check that nothing was learned by.
pub(super) const WHY_NOT: &str = "unknown";
/// Why something was left alone, paused or undone.
pub(super) const REASON: &str = "reason";
/// What became of a phase when its checks were done.
pub(super) const VERDICT: &str = "verdict";
/// For how many seconds a phase is watched.
pub(super) const WAIT: &str = "wait_seconds";

/// An entry that is being written.
#[derive(Clone, Debug)]
pub(super) struct Entry(AuditEntry);

impl Entry {
    pub(super) fn new(timestamp: Timestamp, event: AuditEvent) -> Self {
        let (phase, asset_id, details, error) = (None, None, None, None);
        Self(AuditEntry { timestamp, event, phase, asset_id, details, error })
    }

    pub(super) fn phase(mut self, phase: &PhaseName) -> Self {
        self.0.phase = Some(phase.clone());
        self
    }

    pub(super) fn asset(mut self, asset: &AssetId) -> Self {
        self.0.asset_id = Some(asset.clone());
        self
    }

    pub(super) fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.details.get_or_insert_with(Object::new).insert(name, value);
        self
    }

    pub(super) fn error(mut self, error: impl Into<SmolStr>) -> Self {
        self.0.error = Some(error.into());
        self
    }

    pub(super) fn done(self) -> AuditEntry {
        self.0
    }
}
