//! Programs that steps may start.

use std::fmt;
use std::str::FromStr;

use crate::workspace::FilePath;

/// A program that steps may start, as they write it in `argv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedProgram {
    /// A name that is looked up in `PATH`: `python3`.
    Name(String),
    /// An absolute path: `/usr/bin/python3`.
    Absolute(String),
    /// A file of the workspace: `tools/convert.sh`.
    InWorkspace(FilePath),
}

/// A text that names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no program: it is a name in `PATH`, an absolute path or a path in the workspace, \
         without arguments", text.escape_debug())]
pub struct InvalidProgram {
    text: String,
}

impl FromStr for AllowedProgram {
    type Err = InvalidProgram;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InvalidProgram { text: text.to_owned() };
        if text.is_empty() || text.chars().any(char::is_control) || text == "." || text == ".." {
            Err(error())
        } else if text.starts_with('/') {
            Ok(Self::Absolute(text.to_owned()))
        } else if text.contains('/') {
            text.parse().map(Self::InWorkspace).map_err(|_| error())
        } else if text.contains(' ') {
            Err(error())
        } else {
            Ok(Self::Name(text.to_owned()))
        }
    }
}

impl fmt::Display for AllowedProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Absolute(text) => f.write_str(text),
            Self::InWorkspace(path) => path.fmt(f),
        }
    }
}
