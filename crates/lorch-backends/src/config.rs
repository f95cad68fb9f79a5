//! What `lorch.toml` may say.
//!
//! Everything is optional: [`Config::default`] is what holds without the file. Nothing secret
//! stands in it; a secret names the environment variable that holds it.

mod host;
mod limits;
mod program;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::Deserializer;

pub use host::{AllowedHost, InvalidHost};
pub use limits::Limits;
pub use program::{AllowedProgram, InvalidProgram};

/// The configuration of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where runs are recorded.
    pub store: Store,
    /// Where tables are.
    pub data_plane: DataPlane,
    /// What steps may reach and start.
    pub allow: Allow,
    /// The language model that `compute.llm` asks.
    pub llm: Option<Llm>,
    /// Where each secret comes from, by the name that jobs use.
    pub secrets: BTreeMap<SecretName, SecretSource>,
    /// How large things may become.
    pub limits: Limits,
}

/// `[store]`: where runs are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The SQLite file, relative to the workspace or absolute.
    pub path: String,
}

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

/// `[allow]`: what steps may reach and start; nothing without an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    /// The hosts that `compute.http` may reach.
    pub hosts: Vec<AllowedHost>,
    /// The programs that `compute.exec` may start.
    pub programs: Vec<AllowedProgram>,
}

/// `[llm]`: an OpenAI-compatible service of chat completions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// What `/chat/completions` is appended to; its host needs no entry in `[allow]`.
    pub base_url: BaseUrl,
    /// The model of steps that name none.
    pub model: Option<String>,
    /// The environment variable that holds the key, where the service wants one.
    pub api_key_env: Option<EnvironmentVariable>,
}

/// A secret's source: `{ env = "VARIABLE" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// The environment variable that holds the secret.
    pub env: EnvironmentVariable,
}

/// A `lorch.toml` that says something it cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ConfigError {
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that are at fault.
    pub span: Range<usize>,
}

impl Config {
    /// The configuration that `text` holds.
    ///
    /// # Errors
    /// The first thing in it that is no TOML, no known field, or no valid value.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::at(text, &error))
    }
}

impl ConfigError {
    fn at(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        let message = error.message().trim_end().replace('\n', "; ");
        Self { message, line, column, span }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: ".lorch/lorch.db".to_owned() }
    }
}

impl Default for DataPlaneUrl {
    fn default() -> Self {
        Self::Sqlite(".lorch/data.db".to_owned())
    }
}

/// A text in the configuration that is not what its place asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no {what}: {rule}", text.escape_debug())]
pub struct InvalidText {
    text: String,
    what: &'static str,
    rule: &'static str,
}

impl FromStr for DataPlaneUrl {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str =
            "it is `sqlite:` and the path of a file, such as `sqlite:.lorch/data.db`";
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() && !path.contains('\0') => {
                Ok(Self::Sqlite(path.to_owned()))
            }
            _ => Err(InvalidText { text: text.to_owned(), what: "data plane", rule: RULE }),
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

/// Declares a checked text of the configuration.
macro_rules! text {
    ($(#[$doc:meta])* pub struct $name:ident: $what:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidText { text: text.to_owned(), what: $what, rule: $rule })
                }
            }
        }
    };
}

text! {
    /// The name by which jobs refer to a secret: `TOKEN` in `@secret.TOKEN`.
    pub struct SecretName:
    "name of a secret", "it has letters, digits, `_` and `-` and begins with a letter or `_`",
    |text| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    }
}

text! {
    /// The name of an environment variable.
    pub struct EnvironmentVariable:
    "name of an environment variable",
    "it has letters, digits and `_` and begins with a letter or `_`; the value itself never \
     stands in lorch.toml",
    |text| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}

text! {
    /// What `/chat/completions` is appended to: `https://api.example.com/v1`.
    pub struct BaseUrl:
    "base URL", "it is `http://` or `https://` with a host, and without user, query or fragment",
    |text| reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// Serde through `FromStr`.
macro_rules! through_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

through_text!(AllowedHost, AllowedProgram, BaseUrl, DataPlaneUrl, EnvironmentVariable, SecretName);
