//! Paths of files in the workspace, by their names alone.

use std::fmt;
use std::str::FromStr;

/// The path of a file in the workspace.
///
/// Invariant: relative, `/` between names, and no name that could lead out or mean another file to
/// another reader: none is empty, `.` or `..`, or has a control character or a backslash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

/// A text that is no path of a file in the workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no path in the workspace: {rule}", shown(text))]
pub struct InvalidPath {
    text: String,
    rule: &'static str,
}

/// What Linux and macOS allow for a whole path, and for each name in it.
const MAX_PATH: usize = 4095;
const MAX_NAME: usize = 255;

impl FilePath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The folder that it is in; `None` for a file at the workspace's root.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(folder, _)| folder)
    }
}

impl FromStr for FilePath {
    type Err = InvalidPath;

    /// One leading `./` is left away.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix("./").unwrap_or(text);
        match broken_rule(path) {
            None => Ok(Self(path.to_owned())),
            Some(rule) => Err(InvalidPath { text: text.to_owned(), rule }),
        }
    }
}

fn broken_rule(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.len() > MAX_PATH {
        return Some("it is longer than 4095 bytes");
    }
    if path.starts_with('/') {
        return Some("it is absolute; write it relative to the workspace");
    }
    if path.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    if path.contains('\\') {
        return Some("it has a backslash; write `/` between names");
    }
    path.split('/').find_map(|name| match name {
        "" => Some("a name in it is empty"),
        "." => Some("`.` is no name of a file"),
        ".." => Some("`..` leads out of a folder"),
        _ if name.len() > MAX_NAME => Some("a name in it is longer than 255 bytes"),
        _ => None,
    })
}

fn shown(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown: String = text.escape_debug().take(SHOWN).collect();
    if text.escape_debug().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
