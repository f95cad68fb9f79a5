//! Reads one step.

use lorch_types::job::{Op, OpFamily, StepDef};
use lorch_types::json::{Object, Value};
use lorch_types::{MAX_SAFE_INTEGER, PositiveInteger, SmolStr};

use super::fields::{Fields, Subject};
use super::idempotency;
use crate::code;
use crate::report::{Path, Problem, Report};
use crate::suggest;

/// The fields of a step.
const STEP_FIELDS: [&str; 8] =
    ["step_id", "op", "params", "phase_id", "timeout_s", "continue_on_error", "if", "idempotency"];

/// The step that `item`, the one at `index`, is.
pub(super) fn read(
    item: Value,
    index: usize,
    path: Path<'_>,
    report: &mut Report,
) -> Option<StepDef> {
    let object = match item {
        Value::Object(object) => object,
        other => {
            let found = other.value_type().with_article();
            let message = format!("step {} is {found}, not an object", index + 1);
            report.add("", Problem::new(code::WRONG_TYPE, message).into_error(path.pointer()));
            return None;
        }
    };
    let name = object.get("step_id").and_then(|value| match value {
        Value::String(name) => Some(name.clone()),
        _ => None,
    });
    let subject = Subject::Step { name, index };
    read_fields(object, Fields { subject: &subject, path, report })
}

fn read_fields(object: Object, mut fields: Fields<'_>) -> Option<StepDef> {
    let (mut step_id, mut op, mut params) = (None, None, None);
    let (mut phase_id, mut timeout_s, mut continue_on_error) = (None, None, None);
    let (mut condition, mut idempotency) = (None, None);
    for (key, value) in object {
        match key.as_str() {
            "step_id" => step_id = Some(fields.id("step_id", &value)),
            "op" => {
                op = Some(fields.parsed("op", &value, code::BAD_OP, "a string", op_help));
            }
            "params" => params = Some(fields.object("params", value)),
            "phase_id" => phase_id = fields.id("phase_id", &value),
            "timeout_s" => timeout_s = timeout(&value, &mut fields),
            "continue_on_error" => {
                continue_on_error = fields.boolean("continue_on_error", &value);
            }
            "if" => condition = read_condition(value, &mut fields),
            "idempotency" => idempotency = Some(value),
            _ => fields.unknown(&key, &STEP_FIELDS),
        }
    }
    let step_id = fields.required("step_id", step_id);
    let op: Option<Op> = fields.required("op", op);
    let params = fields.required("params", params);
    let idempotency = idempotency::read(idempotency, op.as_ref(), &mut fields);
    Some(StepDef {
        step_id: step_id?,
        op: op?,
        params: params?,
        phase_id,
        timeout_s,
        continue_on_error,
        condition,
        idempotency,
    })
}

fn timeout(value: &Value, fields: &mut Fields<'_>) -> Option<PositiveInteger> {
    let Value::Number(number) = value else {
        fields.wrong_type("timeout_s", value, "a number of seconds");
        return None;
    };
    let timeout = number.as_u64().and_then(PositiveInteger::new);
    if timeout.is_none() {
        let message =
            format!("`timeout_s` is {number}, not an integer from 1 to {MAX_SAFE_INTEGER}");
        fields.fault("timeout_s", Problem::new(code::OUT_OF_RANGE, message));
    }
    timeout
}

fn read_condition(value: Value, fields: &mut Fields<'_>) -> Option<SmolStr> {
    match value {
        Value::String(text) => Some(text),
        other => {
            fields.wrong_type("if", &other, "a string with a condition");
            None
        }
    }
}

/// The operation that was probably meant by a text that is none.
fn op_help(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if lower.parse::<Op>().is_ok() {
        return Some(format!("did you mean `{lower}`?"));
    }
    if matches!(lower.as_str(), "run.job" | "job" | "run" | "job_run" | "jobs.run") {
        return Some("did you mean `job.run`?".to_owned());
    }
    let (prefix, name) = lower.split_once(['.', '_', ':', '/'])?;
    let families = OpFamily::ALL.map(OpFamily::as_str);
    let family = match prefix {
        "db" | "sql" | "select" | "read" | "data" => "query",
        "check" | "test" | "expect" => "assert",
        "shell" | "run" | "exec" | "script" | "llm" => "compute",
        _ if families.contains(&prefix) => prefix,
        _ => suggest::nearest(prefix, families)?,
    };
    let meant = format!("{family}.{name}");
    meant.parse::<Op>().is_ok().then(|| format!("did you mean `{meant}`?"))
}
