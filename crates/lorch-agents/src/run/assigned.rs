//! What a run is about, kept until its first command says so.

use cap_std::fs::Dir;
use lorch_types::agent::AgentRunId;

use crate::document;
use crate::error::WorkspaceError;
use crate::file::{self, PRIVATE};
use crate::machine::Assignment;

/// The folder of what runs are about.
const ASSIGNED: &str = ".lorch/assigned";

/// Keeps what a run is about.
pub(super) fn keep(
    root: &Dir,
    run: &AgentRunId,
    assignment: &Assignment,
) -> Result<(), WorkspaceError> {
    for folder in [PRIVATE, ASSIGNED] {
        file::make_folder(root, folder).map_err(WorkspaceError::at(folder))?;
    }
    let path = path(run);
    file::replace(root, ASSIGNED, &path, &document::text(assignment))
        .map_err(WorkspaceError::at(&path))
}

/// What a run is about; `None` when it is not kept.
pub(super) fn recall(root: &Dir, run: &AgentRunId) -> Result<Option<Assignment>, WorkspaceError> {
    document::read(root, &path(run))
}

/// Forgets what a run is about that is over. That it stays behind is no failure.
pub(super) fn forget(root: &Dir, run: &AgentRunId) {
    let _ = root.remove_file(path(run));
}

fn path(run: &AgentRunId) -> String {
    format!("{ASSIGNED}/{run}.json")
}
