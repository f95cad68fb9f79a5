//! Names of tables and columns that lorch creates.

use std::borrow::Cow;

use lorch_types::SmolStr;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A name that a new table or column may have.
///
/// Tables that are there already may have other names: they are looked up, and quoted, as they are.
///
/// Invariant: 1 to 63 of `A-Z a-z 0-9 _`, not beginning with a digit, and not one of the names that
/// lorch and SQLite keep for themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identifier(SmolStr);

impl Identifier {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a table of this name belongs to lorch (`_lorch_`) or to SQLite (`sqlite_`).
pub(crate) fn is_reserved(name: &str) -> bool {
    ["_lorch_", "sqlite_"].iter().any(|prefix| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

fn is_identifier(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !is_reserved(name)
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = SmolStr::deserialize(deserializer)?;
        if is_identifier(&name) {
            return Ok(Self(name));
        }
        Err(D::Error::custom(format_args!(
            "`{}` is no name for a table or column: it has 1 to 63 of `A-Z a-z 0-9 _`, does not \
             begin with a digit, and not with `_lorch_` or `sqlite_`",
            name.escape_debug()
        )))
    }
}

impl JsonSchema for Identifier {
    fn schema_name() -> Cow<'static, str> {
        "Identifier".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "name for a table or column",
            "description": "it has 1 to 63 of `A-Z a-z 0-9 _` and begins with a letter or `_`",
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$",
            "not": {
                "description": "names that begin with `sqlite_` or `_lorch_` are reserved, and \
                                none has a line break",
                "pattern": "^(?:_[lL][oO][rR][cC][hH]_|[sS][qQ][lL][iI][tT][eE]_)|\\n"
            }
        })
    }
}
