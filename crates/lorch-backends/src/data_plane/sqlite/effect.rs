//! The record of effects: what each idempotency key has done.

use lorch_types::Digest;
use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Object, Value, canonical, read, write_canonical, write_string};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::Failure;
use crate::data_plane::difference::{Difference, differences};
use crate::data_plane::row::shown;

/// How many differing places an error names.
const MAX_DIFFERENCES: usize = 20;

/// How many of them stand in its message.
const MAX_SHOWN: usize = 3;

/// The output of the effect that the manifest's key has had, if it has had one.
///
/// # Errors
/// `idempotency_conflict` when that was another operation, or had other parameters.
pub(super) fn recorded(
    connection: &Connection,
    manifest: &StepManifest,
) -> Result<Option<Value>, Failure> {
    let earlier = connection
        .prepare_cached(
            "SELECT op, params_sha256, params, output, run_id, step_id
             FROM _lorch_effects WHERE idempotency_key = ?1",
        )?
        .query_row([manifest.idempotency_key.as_str()], |row| {
            let same = row.get_ref(0)?.as_str()? == manifest.op.to_string()
                && row.get_ref(1)?.as_str()? == params_digest(manifest).as_str();
            Ok(Earlier {
                same,
                op: row.get(0)?,
                params: if same { String::new() } else { row.get(2)? },
                output: row.get(3)?,
                run_id: row.get(4)?,
                step_id: row.get(5)?,
            })
        })
        .optional()?;
    match earlier {
        None => Ok(None),
        Some(earlier) if earlier.same => Ok(Some(document(&earlier.output)?)),
        Some(earlier) => Err(conflict(manifest, &earlier)?.into()),
    }
}

/// An effect that the key has had.
struct Earlier {
    same: bool,
    op: String,
    params: String,
    output: String,
    run_id: String,
    step_id: String,
}

/// Records that the manifest's key has had its effect.
///
/// # Errors
/// SQLite's; one of them is that the key is there already.
pub(super) fn record(
    connection: &Connection,
    manifest: &StepManifest,
    output: &Value,
) -> Result<(), Failure> {
    let params = canonical_object(&manifest.resolved_params);
    connection
        .prepare_cached(
            "INSERT INTO _lorch_effects
             (idempotency_key, op, params_sha256, params, output, run_id, step_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            manifest.idempotency_key.as_str(),
            manifest.op.to_string(),
            Digest::of_bytes(params.as_bytes()).as_str(),
            params,
            canonical(output),
            manifest.run_id.to_string(),
            manifest.step_id.to_string(),
        ])?;
    Ok(())
}

fn params_digest(manifest: &StepManifest) -> Digest {
    Digest::of_bytes(canonical_object(&manifest.resolved_params).as_bytes())
}

fn canonical_object(object: &Object) -> String {
    let mut out = String::from("{");
    for (at, (key, value)) in object.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(key, &mut out);
        out.push(':');
        write_canonical(value, &mut out);
    }
    out.push('}');
    out
}

fn document(text: &str) -> Result<Value, ErrorInfo> {
    read(text.as_bytes(), Limits { max_bytes: usize::MAX }).map_err(|error| {
        ErrorCode::Backend.error(format!("a recorded effect cannot be read: {error}"))
    })
}

fn conflict(manifest: &StepManifest, earlier: &Earlier) -> Result<ErrorInfo, ErrorInfo> {
    let op = manifest.op.to_string();
    let expected = document(&earlier.params)?;
    let found = Value::Object(manifest.resolved_params.clone());
    let places = differences(&expected, &found, MAX_DIFFERENCES);
    let what = if op == earlier.op {
        let mut shown: Vec<String> = places.iter().take(MAX_SHOWN).map(sentence).collect();
        if places.len() > MAX_SHOWN {
            shown.push("and more".to_owned());
        }
        format!("with other parameters: {}", shown.join(", "))
    } else {
        format!("by `{}`, and not by `{op}`", earlier.op)
    };
    let message = format!(
        "the idempotency key was used before, by step `{}` of run {}, {what}",
        earlier.step_id, earlier.run_id
    );
    let places: Vec<Object> = places.iter().map(Difference::to_object).collect();
    Ok(ErrorCode::IdempotencyConflict.error(message).with_details([
        ("idempotency_key", Value::from(manifest.idempotency_key.as_str())),
        ("op", Value::from(Object::from_iter([("expected", earlier.op.as_str()), ("found", &op)]))),
        ("differences", Value::from(places)),
        ("run_id", Value::from(earlier.run_id.as_str())),
        ("step_id", Value::from(earlier.step_id.as_str())),
    ]))
}

fn sentence(difference: &Difference) -> String {
    let pointer = &difference.pointer;
    match (&difference.expected, &difference.found) {
        (Some(expected), Some(found)) => {
            format!("`{pointer}` was {} and is {}", shown(expected), shown(found))
        }
        (Some(_), None) => format!("`{pointer}` is missing"),
        (None, _) => format!("`{pointer}` was not there"),
    }
}
