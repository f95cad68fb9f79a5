//! Reads what the author of a step says about its idempotency.

use lorch_types::SmolStr;
use lorch_types::job::{Idempotency, Op, Scope};
use lorch_types::json::{ObjectView, View};

use super::fields::Fields;
use crate::code;
use crate::report::{Path, Problem};
use crate::suggest;

const FIELDS: [&str; 3] = ["scope", "semantic_key_ref", "include_payload_hash"];
const SCOPES: [&str; 3] = ["run", "semantic", "explicit"];

/// The idempotency that `value` is; `op` is the step's operation, if that could be read.
pub(super) fn read(
    value: Option<View<'_>>,
    op: Option<&Op>,
    fields: &mut Fields<'_>,
) -> Option<Idempotency> {
    let value = value.filter(|value| !value.is_null())?;
    let misplaced = op.filter(|op| !op.is_write());
    if let Some(op) = misplaced {
        let message = format!("`idempotency` belongs to `write.*` only, not to `{op}`");
        let problem = Problem::new(code::IDEMPOTENCY_WITHOUT_WRITE, message)
            .with_help("leave `idempotency` out".to_owned());
        fields.fault("idempotency", problem);
    }
    let object = fields.object("idempotency", value)?;
    let around = fields.path;
    let path = Path::Key(&around, "idempotency");
    let inner = Fields { subject: fields.subject, path, report: &mut *fields.report };
    read_fields(object, inner).filter(|_| misplaced.is_none())
}

fn read_fields(object: ObjectView<'_>, mut fields: Fields<'_>) -> Option<Idempotency> {
    let (mut scope, mut semantic_key_ref, mut include_payload_hash) = (None, None, None);
    for (key, value) in object.iter() {
        match key.as_str() {
            "scope" => scope = Some(read_scope(value, &mut fields)),
            "semantic_key_ref" => semantic_key_ref = Some(read_reference(value, &mut fields)),
            "include_payload_hash" => {
                include_payload_hash = fields.boolean("include_payload_hash", value);
            }
            _ => fields.unknown(&key, &FIELDS),
        }
    }
    let scope = fields.required("scope", scope)?;
    if scope == Scope::Semantic && semantic_key_ref.is_none() {
        let message = "scope `semantic` needs `semantic_key_ref`";
        let problem = Problem::new(code::NO_SEMANTIC_KEY, message).with_help(
            "name the value that tells one effect from another: `semantic_key_ref: \
             \"@payload.day\"`"
                .to_owned(),
        );
        fields.say_of_object(problem);
    }
    if scope == Scope::Semantic && semantic_key_ref.as_ref().is_none_or(Option::is_none) {
        return None;
    }
    Some(Idempotency { scope, semantic_key_ref: semantic_key_ref.flatten(), include_payload_hash })
}

fn read_scope(value: View<'_>, fields: &mut Fields<'_>) -> Option<Scope> {
    match value.as_str() {
        Some("run") => Some(Scope::Run),
        Some("semantic") => Some(Scope::Semantic),
        Some("explicit") => Some(Scope::Explicit),
        Some(other) => {
            let message = format!("there is no scope `{}`", other.escape_debug());
            let help = suggest::among(other, SCOPES, "the scopes are");
            fields.fault("scope", Problem::new(code::BAD_SCOPE, message).with_help(help));
            None
        }
        None => {
            fields.wrong_type("scope", value, "one of `run`, `semantic` and `explicit`");
            None
        }
    }
}

fn read_reference(value: View<'_>, fields: &mut Fields<'_>) -> Option<SmolStr> {
    match value {
        View::String(text) => Some(text.as_str().into()),
        other => {
            fields.wrong_type("semantic_key_ref", other, "a string with a reference");
            None
        }
    }
}
