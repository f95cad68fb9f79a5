//! What snapshots of the workspace take.

use lorch_types::agent::WorkspacePath;
use serde::Deserialize;

/// `[snapshot]`: what snapshots of the workspace take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    /// The folders and files; without it those that every snapshot takes.
    pub roots: Option<Vec<WorkspacePath>>,
    /// What is left out of them: patterns as in a `.gitignore` file.
    pub ignore: Vec<String>,
    /// Whether what `.gitignore` files leave out is left out.
    pub gitignore: bool,
}
