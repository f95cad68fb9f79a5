//! Documents that stand in files of their own.

use cap_std::fs::Dir;
use lorch_types::json::{Limits, from_value, read as read_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::WorkspaceError;
use crate::file;

/// The document in the file at `path`; `None` when there is no file.
pub(crate) fn read<T: DeserializeOwned>(
    root: &Dir,
    path: &str,
) -> Result<Option<T>, WorkspaceError> {
    let limits = Limits::default();
    let text = file::read(root, path, limits.max_bytes).map_err(WorkspaceError::at(path))?;
    let Some(text) = text else { return Ok(None) };
    let unread = |reason: String| WorkspaceError::NoDocument { path: path.to_owned(), reason };
    let document = read_json(&text, limits).map_err(|error| unread(error.to_string()))?;
    from_value(&document).map(Some).map_err(|error| unread(error.to_string()))
}

/// A document as lorch writes it for people and programs.
pub(crate) fn text(document: &impl Serialize) -> Vec<u8> {
    // Writing plain data into memory does not fail.
    let mut text = serde_json::to_vec_pretty(document).unwrap_or_default();
    text.push(b'\n');
    text
}
