//! Reads one step.

use lorch_types::job::{Op, OpFamily};
use lorch_types::json::{ObjectView, View};
use lorch_types::{MAX_SAFE_INTEGER, PositiveInteger};

use super::fields::{Fields, Subject};
use super::{Step, idempotency};
use crate::code;
use crate::report::{Path, Problem, Report};
use crate::suggest;

/// The fields of a step.
const STEP_FIELDS: [&str; 8] =
    ["step_id", "op", "params", "phase_id", "timeout_s", "continue_on_error", "if", "idempotency"];

/// The step that `item`, the one at `index`, is; `name` is what it is called, if it says so.
pub(super) fn read<'d>(
    item: View<'d>,
    name: Option<&str>,
    index: usize,
    path: Path<'_>,
    report: &mut Report,
) -> Option<Step<'d>> {
    let object = match item {
        View::Object(object) => object,
        other => {
            let found = other.value_type().with_article();
            let message = format!("step {} is {found}, not an object", index + 1);
            report.add("", Problem::new(code::WRONG_TYPE, message).into_error(path.pointer()));
            return None;
        }
    };
    let subject = Subject::Step { name, index };
    read_fields(object, Fields { subject: &subject, path, report })
}

fn read_fields<'d>(object: ObjectView<'d>, mut fields: Fields<'_>) -> Option<Step<'d>> {
    let (mut step_id, mut op, mut params) = (None, None, None);
    let (mut phase_id, mut timeout_s, mut continue_on_error) = (None, None, None);
    let (mut condition, mut idempotency) = (None, None);
    for (key, value) in object.iter() {
        match key.as_str() {
            "step_id" => step_id = Some(fields.id("step_id", value)),
            "op" => {
                op = Some(fields.parsed("op", value, code::BAD_OP, "a string", op_help));
            }
            "params" => params = Some(fields.object("params", value)),
            "phase_id" => phase_id = fields.id("phase_id", value),
            "timeout_s" => timeout_s = timeout(value, &mut fields),
            "continue_on_error" => {
                continue_on_error = fields.boolean("continue_on_error", value);
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
    Some(Step {
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

fn timeout(value: View<'_>, fields: &mut Fields<'_>) -> Option<PositiveInteger> {
    let View::Number(number) = value else {
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

fn read_condition<'d>(value: View<'d>, fields: &mut Fields<'_>) -> Option<&'d str> {
    match value {
        View::String(text) => Some(text.as_str()),
        other => {
            fields.wrong_type("if", other, "a string with a condition");
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
