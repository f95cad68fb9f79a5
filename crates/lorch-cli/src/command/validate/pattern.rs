//! Patterns of paths, as a shell has them: `*`, `?`, `[a-z]`, and `**` for any folders.
//!
//! They are expanded here where no shell has done it. `**` leads into no folder that is left out, and
//! never through a link.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

use super::names::is_left_out;
use super::targets::{inside, sorted};

/// `*` stays within a name, and hidden names are meant only by patterns that begin with a point.
pub(super) const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Whether the text is meant as a pattern.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths that a pattern matches, in order; folders that cannot be read go to `unreadable`.
///
/// One that ends with `/` or `**` matches folders only, which stand for all that is beneath them.
pub(super) fn expand(
    text: &str,
    unreadable: &mut Vec<(PathBuf, io::Error)>,
) -> Result<BTreeSet<PathBuf>, PatternError> {
    Pattern::new(text)?;
    let start = if text.starts_with('/') { "/" } else { "" };
    let mut paths = BTreeSet::from([PathBuf::from(start)]);
    let mut parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let is_of_folders = text.ends_with('/') || parts.last() == Some(&"**");
    while parts.pop_if(|last| *last == "**").is_some() {}
    if parts.is_empty() && start.is_empty() {
        parts.push(".");
    }
    for part in parts {
        let mut next = BTreeSet::new();
        for path in &paths {
            match part {
                "**" => folders_beneath(path, &mut next, unreadable),
                _ if is_pattern(part) => {
                    next.extend(matches(path, &Pattern::new(part)?, unreadable));
                }
                _ => next.extend([path.join(part)]),
            }
        }
        paths = next;
    }
    paths
        .retain(|path| if is_of_folders { path.is_dir() } else { path.symlink_metadata().is_ok() });
    Ok(paths)
}

/// What is in a folder and has a name that the pattern matches.
fn matches(
    folder: &Path,
    pattern: &Pattern,
    unreadable: &mut Vec<(PathBuf, io::Error)>,
) -> Vec<PathBuf> {
    let names = list(folder, unreadable).into_iter().map(|entry| entry.file_name());
    let matching = names.filter(|name| pattern.matches_with(&name.to_string_lossy(), OPTIONS));
    matching.map(|name| inside(folder, &name)).collect()
}

/// A folder and all folders beneath it.
fn folders_beneath(
    folder: &Path,
    found: &mut BTreeSet<PathBuf>,
    unreadable: &mut Vec<(PathBuf, io::Error)>,
) {
    let mut pending = vec![folder.to_path_buf()];
    while let Some(folder) = pending.pop() {
        let folders = list(&folder, unreadable).into_iter().filter(|entry| {
            entry.file_type().is_ok_and(|it| it.is_dir())
                && !is_left_out(&entry.file_name().to_string_lossy())
        });
        pending.extend(folders.map(|entry| inside(&folder, &entry.file_name())));
        found.insert(folder);
    }
}

/// What is in `folder`; nothing, if it is none.
fn list(folder: &Path, unreadable: &mut Vec<(PathBuf, io::Error)>) -> Vec<std::fs::DirEntry> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match sorted(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotADirectory | NotFound) => Vec::new(),
        Err(error) => {
            unreadable.push((folder.to_path_buf(), error));
            Vec::new()
        }
    }
}
