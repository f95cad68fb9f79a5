//! Parameters against the type of their operation, as far as they are resolved.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use lorch_types::diagnostic::{Code, Diagnostic, Part};
use lorch_types::job::DispatchOp;
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use super::{OpSpec, find, ops};
use crate::nearest::did_you_mean;

/// No backend has the operation.
const UNKNOWN_OP: Code = Code("L0901");
/// The parameters are not those of the operation.
const BAD_PARAMS: Code = Code("L0902");

/// What is wrong with `params` of a step that does `op`; pointers begin at `params`.
///
/// The values at `open` are not known yet, and are taken to be whatever they must be. An unknown
/// operation is reported with the code `L0901` and the pointer to the root; everything else is
/// about `params` and has the code `L0902`.
pub fn check_params(op: &DispatchOp, params: &Object, open: &[Pointer]) -> Vec<Diagnostic> {
    let name = op.to_string();
    let Some(spec) = find(&name) else { return vec![unknown_op(&name)] };
    if open.is_empty() && (spec.accepts)(params).is_ok() {
        return Vec::new();
    }
    let violations = violations(&spec, params, open);
    match (spec.accepts)(params) {
        Err(error) if violations.is_empty() && open.is_empty() => {
            let message = format!("the parameters of `{name}`: {error}");
            vec![Diagnostic::error(BAD_PARAMS, Pointer::root(), message)]
        }
        _ => violations,
    }
}

fn unknown_op(name: &str) -> Diagnostic {
    let message = format!("no backend has the operation `{name}`");
    let diagnostic = Diagnostic::error(UNKNOWN_OP, Pointer::root(), message);
    let ops = ops();
    match did_you_mean(name, ops.iter().map(|spec| spec.op)) {
        Some(help) => diagnostic.with_help(help),
        None => {
            let names: Vec<&str> = ops.iter().map(|spec| spec.op).collect();
            diagnostic.with_help(format!("there are: {}", names.join(", ")))
        }
    }
}

/// What the schema of `spec` says against `params`, apart from what only the places in `open`
/// decide.
pub(super) fn violations(spec: &OpSpec, params: &Object, open: &[Pointer]) -> Vec<Diagnostic> {
    let Some(validator) = validator(spec) else { return Vec::new() };
    let instance = Json::from(Value::Object(params.clone()));
    let mut found: Vec<Diagnostic> = validator
        .iter_errors(&instance)
        .filter(|error| !is_undecided(error, open))
        .flat_map(|error| describe(spec.op, &error))
        .collect();
    found.sort_by(|a, b| (&a.pointer, &a.message).cmp(&(&b.pointer, &b.message)));
    found.dedup();
    found
}

/// The compiled schema of `spec`; `None` for one that is none, which a test of all schemas excludes.
fn validator(spec: &OpSpec) -> Option<&'static Validator> {
    static VALIDATORS: LazyLock<BTreeMap<&str, OnceLock<Option<Validator>>>> =
        LazyLock::new(|| ops().iter().map(|spec| (spec.op, OnceLock::new())).collect());
    VALIDATORS.get(spec.op)?.get_or_init(|| jsonschema::draft7::new(&(spec.schema)()).ok()).as_ref()
}

/// Whether the value of a place in `open` could make the error go away.
fn is_undecided(error: &ValidationError<'_>, open: &[Pointer]) -> bool {
    let at = pointer_of(error);
    let weighs_descendants = matches!(
        error.kind(),
        ValidationErrorKind::AnyOf { .. }
            | ValidationErrorKind::OneOfNotValid { .. }
            | ValidationErrorKind::OneOfMultipleValid { .. }
            | ValidationErrorKind::Not { .. }
            | ValidationErrorKind::Constant { .. }
            | ValidationErrorKind::Enum { .. }
            | ValidationErrorKind::Contains
            | ValidationErrorKind::UniqueItems
    );
    let required_only = required_alternatives(error).is_some();
    open.iter().any(|open| {
        is_beneath(&at, open) || (weighs_descendants && !required_only && is_beneath(open, &at))
    })
}

/// Whether `inner` is `outer` or leads further.
fn is_beneath(inner: &Pointer, outer: &Pointer) -> bool {
    inner.tokens().len() >= outer.tokens().len()
        && inner.tokens().zip(outer.tokens()).all(|(a, b)| a == b)
}

fn pointer_of(error: &ValidationError<'_>) -> Pointer {
    error.instance_path().as_str().parse().unwrap_or_default()
}

fn describe(op: &str, error: &ValidationError<'_>) -> Vec<Diagnostic> {
    let at = pointer_of(error);
    let place =
        if at.is_root() { format!("`{op}`") } else { format!("`{}` of `{op}`", dotted(&at)) };
    let one = |message: String| Diagnostic::error(BAD_PARAMS, at.clone(), message);
    let instance = error.instance();
    vec![match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|key| unknown_field(op, &at, key, error)).collect();
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one(format!("{place} needs `{name}`"))
        }
        ValidationErrorKind::Type { kind } => {
            let found = Value::from(instance.clone().into_owned()).value_type().with_article();
            one(format!("{place} should be {}, found {found}", expected_type(kind)))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<&str> =
                options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            let listed = listed(&options);
            let message = format!("{place} should be one of {listed}, found {}", shown(instance));
            let help = instance.as_str().and_then(|found| did_you_mean(found, options));
            help.into_iter().fold(one(message), Diagnostic::with_help)
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            let names = alternatives(op, error);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            one(format!("{place} takes only one of {}", listed(&names)))
        }
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            match required_alternatives(error) {
                Some(names) => one(format!("{place} needs one of {}", listed(&names))),
                None => one(format!("{place} has none of the forms that it may have")),
            }
        }
        ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit } => {
            one(format!(
                "{place} needs at least {limit} {}",
                if *limit == 1 { "entry" } else { "entries" }
            ))
        }
        ValidationErrorKind::Pattern { .. } => one(refused_text(op, &place, error)),
        ValidationErrorKind::Not { .. } => one(match said(op, error.schema_path().as_str()) {
            Some(Said { description, .. }) => format!("{place}: {description}"),
            None => format!("{place} may not be {}", shown(instance)),
        }),
        ValidationErrorKind::Constant { expected_value } => {
            let (expected, found) = (shown(expected_value), shown(instance));
            one(format!("{place} should be {expected}, found {found}"))
        }
        ValidationErrorKind::Minimum { limit } => {
            one(format!("{place} should be at least {limit}, found {}", shown(instance)))
        }
        ValidationErrorKind::Maximum { limit } => {
            one(format!("{place} should be at most {limit}, found {}", shown(instance)))
        }
        _ => one(format!("{place}: {error}")),
    }]
}

/// A text that breaks a rule which its schema says in words.
fn refused_text(op: &str, place: &str, error: &ValidationError<'_>) -> String {
    let found = shown(error.instance());
    let owner = error.schema_path().as_str().rsplit_once('/').map_or("", |(owner, _)| owner);
    match said(op, owner) {
        Some(Said { title: Some(title), description }) => {
            format!("{place} should be a {title}, found {found}: {description}")
        }
        Some(Said { title: None, description }) => format!("{place} is {found}: {description}"),
        None => format!("{place}: {error}"),
    }
}

/// What a schema says of itself.
struct Said {
    title: Option<String>,
    description: String,
}

/// What the schema at `path` of the one of `op` says of itself.
fn said(op: &str, path: &str) -> Option<Said> {
    let schema = (find(op)?.schema)();
    let owner = follow(&schema, path)?;
    let text = |key| owner.get(key).and_then(Json::as_str).map(str::to_owned);
    Some(Said { title: text("title"), description: text("description")? })
}

fn unknown_field(op: &str, at: &Pointer, key: &str, error: &ValidationError<'_>) -> Diagnostic {
    let owner =
        if at.is_root() { format!("`{op}`") } else { format!("`{}` of `{op}`", dotted(at)) };
    let known = known_fields(op, error);
    let message = format!("{owner} has no parameter `{}`", key.escape_debug());
    let diagnostic = Diagnostic::error(BAD_PARAMS, at.join(key), message).about(Part::Key);
    match did_you_mean(key, known.iter().map(String::as_str)) {
        Some(help) => diagnostic.with_help(help),
        None if known.is_empty() => diagnostic,
        None => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            diagnostic.with_help(format!("there are: {}", listed(&known)))
        }
    }
}

/// The names that the schema which refused a field knows.
fn known_fields(op: &str, error: &ValidationError<'_>) -> Vec<String> {
    let Some(spec) = find(op) else { return Vec::new() };
    let schema = (spec.schema)();
    let Some((owner, _)) = error.schema_path().as_str().rsplit_once('/') else { return Vec::new() };
    let properties = follow(&schema, owner).and_then(|owner| owner.get("properties"));
    properties.and_then(Json::as_object).into_iter().flat_map(|map| map.keys().cloned()).collect()
}

/// The schema at `path`, which goes through references as a validator does.
fn follow<'s>(root: &'s Json, path: &str) -> Option<&'s Json> {
    path.split('/').skip(1).try_fold(root, |schema, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match schema {
            Json::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => schema.get(&token)?,
        };
        match (token.as_str(), next.as_str()) {
            ("$ref", Some(target)) => root.pointer(target.strip_prefix('#')?),
            _ => Some(next),
        }
    })
}

/// The fields that the alternatives of the schema require which refused a value.
fn alternatives(op: &str, error: &ValidationError<'_>) -> Vec<String> {
    let Some(spec) = find(op) else { return Vec::new() };
    let schema = (spec.schema)();
    let branches = follow(&schema, error.schema_path().as_str()).and_then(Json::as_array);
    let required = branches.into_iter().flatten().filter_map(|branch| branch.get("required"));
    required
        .filter_map(Json::as_array)
        .flatten()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect()
}

/// For a choice between alternatives that each only require a field: the fields.
fn required_alternatives<'e>(error: &'e ValidationError<'_>) -> Option<Vec<&'e str>> {
    let context = match error.kind() {
        ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::OneOfMultipleValid { context } => context,
        _ => return None,
    };
    context
        .iter()
        .map(|branch| match branch.as_slice() {
            [only] => match only.kind() {
                ValidationErrorKind::Required { property } => property.as_str(),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn expected_type(kind: &TypeKind) -> String {
    let article = |name: &str| match name {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        other => format!("a {other}"),
    };
    match kind {
        TypeKind::Single(only) => article(only.as_str()),
        TypeKind::Multiple(several) => {
            let names: Vec<String> = several.iter().map(|kind| article(kind.as_str())).collect();
            names.join(" or ")
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The pointer as people write the way to a value: `columns[0].type`.
fn dotted(pointer: &Pointer) -> String {
    let mut out = String::new();
    for token in pointer.tokens() {
        if token.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(&format!("[{token}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.extend(token.escape_debug());
        }
    }
    out
}

/// A value in a sentence, cut short when it is long.
fn shown(value: &Json) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default().escape_debug()),
        None => format!("`{text}`"),
    }
}
