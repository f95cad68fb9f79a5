//! How far the run of a workspace is: derived from its ledger, and never ahead of it.

use cap_std::fs::Dir;
use lorch_types::agent::RunState;

use crate::document;
use crate::error::WorkspaceError;
use crate::file::{self, RUN_STATE, STATE};

/// The state of the workspace's last run; `None` when there is none.
///
/// # Errors
/// When the file cannot be read, or holds no run state.
pub fn read_run_state(root: &Dir) -> Result<Option<RunState>, WorkspaceError> {
    document::read(root, RUN_STATE)
}

/// Makes `state` the state of the workspace's last run: a crash leaves the old one or this.
///
/// # Errors
/// When it cannot be written.
pub fn write_run_state(root: &Dir, state: &RunState) -> Result<(), WorkspaceError> {
    file::make_folder(root, STATE).map_err(WorkspaceError::at(STATE))?;
    file::replace(root, STATE, RUN_STATE, &document::text(state))
        .map_err(WorkspaceError::at(RUN_STATE))
}
