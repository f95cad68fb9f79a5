//! Where secrets come from.

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The name by which jobs refer to a secret: `TOKEN` in `@secret.TOKEN`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(String);

/// A text that cannot be the name of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no name of a secret: it has letters, digits, `_` and `-` and begins with a letter or \
     `_`", text.escape_debug()
)]
pub struct InvalidSecretName {
    text: String,
}

/// The name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentVariable(String);

/// What stands where the name of an environment variable should; it is not shown, since it may be
/// the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of an environment variable has letters, digits and `_` and begins with a letter or \
     `_`; the value itself never stands in lorch.toml"
)]
pub struct InvalidVariable;

/// A secret's source: `{ env = "VARIABLE" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct SecretSource {
    /// The environment variable that holds the secret.
    pub env: EnvironmentVariable,
}

impl SecretName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EnvironmentVariable {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = InvalidSecretName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(&text.replace('-', "_")) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSecretName { text: text.to_owned() })
        }
    }
}

impl FromStr for EnvironmentVariable {
    type Err = InvalidVariable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) { Ok(Self(text.to_owned())) } else { Err(InvalidVariable) }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table such as `{ env = \"VARIABLE\" }`")
    }

    /// Does not say what it found: that would be the secret.
    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::custom(
            "a secret's value never stands in lorch.toml; \
             name the variable that holds it: `{ env = \"VARIABLE\" }`",
        ))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        SecretSource::deserialize(MapAccessDeserializer::new(members))
    }
}
