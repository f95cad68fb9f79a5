//! What the name of a file or folder says about it.

use std::path::Path;

/// How a file holds documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It is one.
    Document,
    /// Each line is one.
    Lines,
}

impl Form {
    /// The ends of the names of documents, as patterns.
    pub(super) const PATTERNS: &'static str = "*.json, *.yaml, *.yml, *.ndjson, *.jsonl";

    /// How the file at `path` holds documents; `None` if its name is not that of one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" | "yaml" | "yml" => Some(Self::Document),
            "ndjson" | "jsonl" => Some(Self::Lines),
            _ => None,
        }
    }
}

/// Whether nobody means what has this name by naming a folder around it: it is hidden, or holds what
/// others wrote.
pub(super) fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "target")
}

/// Whether a file is one in which lorch keeps track of a ledger: the chain of its lines, or its head.
/// Those are no documents, and stand where patterns such as `events/*.ndjson` match them.
pub(super) fn is_bookkeeping(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".chain.ndjson") || name == "ledger-head.json"
}
