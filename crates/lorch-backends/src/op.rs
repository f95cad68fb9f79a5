//! The operations that ship: each has a name and a type for its parameters.

mod check;

use std::fmt;

use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::{FromValueError, Object, Value};
use lorch_types::schema::schema_of;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

pub use check::check_params;

/// The parameters of one operation.
///
/// The type and the schema generated from it accept the same values, and doc comments of fields are
/// the descriptions that people read.
pub trait OpParams: DeserializeOwned + JsonSchema {
    /// The operation: `write.upsert`.
    const OP: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
}

/// One operation that ships.
#[derive(Clone, Copy)]
pub struct OpSpec {
    /// The operation: `write.upsert`.
    pub op: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The JSON Schema (Draft-07) of its parameters.
    pub schema: fn() -> serde_json::Value,
    accepts: fn(&Object) -> Result<(), FromValueError>,
}

impl OpSpec {
    /// The operation whose parameters are `T`.
    pub const fn of<T: OpParams>() -> Self {
        Self {
            op: T::OP,
            summary: T::SUMMARY,
            schema: || schema_of::<T>(&format!("urn:lorch:schema:op:{}", T::OP)),
            accepts: |params| from_object::<T>(params).map(drop),
        }
    }
}

impl fmt::Debug for OpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpSpec")
            .field("op", &self.op)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// All operations that ship, those of the data plane first.
pub fn ops() -> Vec<OpSpec> {
    [crate::data_plane::OPS, &crate::compute::OPS].concat()
}

/// The operation `op`, if it ships.
pub(crate) fn find(op: &str) -> Option<OpSpec> {
    ops().into_iter().find(|spec| spec.op == op)
}

/// The parameters of `manifest` as the type of its operation.
///
/// # Errors
/// `invalid_params`, its `details` naming the `pointer` of the first value at fault.
pub fn parse_params<T: OpParams>(manifest: &StepManifest) -> Result<T, ErrorInfo> {
    from_object(&manifest.resolved_params).map_err(|error| {
        let first = check::violations(&OpSpec::of::<T>(), &manifest.resolved_params, &[])
            .into_iter()
            .next();
        let Some(first) = first else {
            let message = format!("the parameters of `{}`: {error}", T::OP);
            return ErrorCode::InvalidParams.error(message).with_details([("pointer", "")]);
        };
        let message = match first.help {
            Some(help) => format!("{}; {help}", first.message),
            None => first.message,
        };
        let pointer = Value::from(first.pointer.to_string());
        ErrorCode::InvalidParams.error(message).with_details([("pointer", pointer)])
    })
}

/// The `T` that `object` holds.
fn from_object<T: DeserializeOwned>(object: &Object) -> Result<T, FromValueError> {
    let members = object.iter().map(|(key, value)| (key.as_str(), value));
    T::deserialize(MapAccessDeserializer::new(MapDeserializer::new(members)))
}

/// For optional fields that may be absent but not null (`#[serde(default, deserialize_with)]`).
pub(crate) fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
