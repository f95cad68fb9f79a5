//! `compute.transform`: a value through a jq program.

use std::collections::BTreeMap;

use lorch_types::job::ErrorInfo;
use lorch_types::json::{Object, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Context;
use super::worker::{Program, Request};
use crate::op::{OpParams, not_null};

/// Puts a value through a jq program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransformParams {
    /// The value that the program is given.
    input: Value,
    /// The program, in jq.
    program: String,
    /// Values that the program knows as variables: `rates` as `$rates`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    args: Object,
    /// Whether the value is the array of all outputs; without it there must be exactly one.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    collect: Option<bool>,
}

impl OpParams for TransformParams {
    const OP: &'static str = "compute.transform";
    const SUMMARY: &'static str = "Puts a value through a jq program";
}

pub(super) fn transform(
    params: TransformParams,
    context: &Context<'_>,
) -> Result<Value, ErrorInfo> {
    let collect = params.collect.unwrap_or(false);
    let program = Program::Transform { source: params.program, collect };
    let value = Request { program, input: params.input, args: params.args }.run(context)?;
    Ok(Value::Object(Object::from_iter([("value", value)])))
}
