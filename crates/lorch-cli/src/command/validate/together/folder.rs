//! Which files of a workspace hold documents.

use std::path::Path;

use lorch_types::SmolStr;

use super::super::names::{Form, is_bookkeeping};
use super::super::targets::targets;

/// The folders that are lorch's own: whatever is in them must be a document.
const OWN: [&str; 5] = ["events", "logs", "receipts", "snapshots", "state"];

/// A file that may hold documents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name from the workspace's root, with `/`.
    pub(super) name: SmolStr,
    /// How it holds them.
    pub(super) form: Form,
    /// Whether it is in one of lorch's own folders. Elsewhere, what is no document is passed over.
    pub(super) is_own: bool,
}

/// The files beneath `root` that may hold documents, ordered by name, and what cannot be read there.
pub(super) fn entries(root: &Path) -> (Vec<Entry>, Vec<String>) {
    let found = targets(&[root.to_owned()], &[]);
    let mut entries: Vec<Entry> =
        found.files.iter().filter_map(|target| entry(root, &target.path)).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    (entries, found.unreadable)
}

fn entry(root: &Path, path: &Path) -> Option<Entry> {
    // A document whose name is not UTF-8 has no name that another could give.
    let name = path.strip_prefix(root).unwrap_or(path).to_str()?;
    let form = Form::of(path).filter(|_| !is_bookkeeping(path))?;
    let is_own = name.split_once('/').is_some_and(|(first, _)| OWN.contains(&first));
    Some(Entry { name: name.into(), form, is_own })
}
