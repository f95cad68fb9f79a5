//! Which files of a workspace hold documents.

use std::fs;
use std::io;
use std::path::Path;

use lorch_types::SmolStr;

/// The folders that are lorch's own: whatever is in them must be a document.
const OWN: [&str; 5] = ["events", "logs", "receipts", "snapshots", "state"];

/// Folders of other programs, which can be very large.
const FOREIGN: [&str; 2] = ["node_modules", "target"];

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

/// How a file holds documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It is one.
    Document,
    /// Each line is one.
    Lines,
}

/// The files beneath `root` that may hold documents, ordered by name.
///
/// Hidden files and folders are left out, and so are symbolic links, wherever they lead.
pub(super) fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(root.join(&folder))? {
            let item = item?;
            // A document whose name is not UTF-8 has no name that another could give.
            let Ok(base) = item.file_name().into_string() else { continue };
            let name = match folder.as_str() {
                "" => base.clone(),
                folder => format!("{folder}/{base}"),
            };
            let kind = item.file_type()?;
            if base.starts_with('.') {
                continue;
            } else if kind.is_dir() && !FOREIGN.contains(&base.as_str()) {
                folders.push(name);
            } else if kind.is_file() {
                entries.extend(entry(name));
            }
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn entry(name: String) -> Option<Entry> {
    // Beside each ledger stands the chain of its hashes, and the head of the last one.
    let is_chain = name.starts_with("events/") && name.ends_with(".chain.ndjson");
    if is_chain || name == "state/ledger-head.json" {
        return None;
    }
    let form = match Path::new(&name).extension()?.to_str()? {
        "json" | "yaml" | "yml" => Form::Document,
        "ndjson" | "jsonl" => Form::Lines,
        _ => return None,
    };
    let is_own = name.split_once('/').is_some_and(|(first, _)| OWN.contains(&first));
    Some(Entry { name: name.into(), form, is_own })
}
