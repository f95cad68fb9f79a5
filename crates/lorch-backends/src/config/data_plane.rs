//! Where tables are.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// `[data_plane]`: where tables are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataPlane {
    /// The database.
    pub url: DataPlaneUrl,
}

/// A database that holds tables: `sqlite:.lorch/data.db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataPlaneUrl {
    /// A SQLite file, relative to the workspace or absolute.
    Sqlite(String),
}

/// A text that names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no data plane: it is `sqlite:` and the path of a file, such as \
     `sqlite:.lorch/data.db`", text.escape_debug()
)]
pub struct InvalidDataPlaneUrl {
    text: String,
}

impl Default for DataPlaneUrl {
    fn default() -> Self {
        Self::Sqlite(".lorch/data.db".to_owned())
    }
}

impl FromStr for DataPlaneUrl {
    type Err = InvalidDataPlaneUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() && !path.contains('\0') => {
                Ok(Self::Sqlite(path.to_owned()))
            }
            _ => Err(InvalidDataPlaneUrl { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for DataPlaneUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
        }
    }
}
