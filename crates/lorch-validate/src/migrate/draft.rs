//! From the unversioned drafts to `v1`: other spellings of what can be nothing else.

use lorch_types::Kind;
use lorch_types::json::Value;
use lorch_types::kind::Mark;
use lorch_types::pointer::Pointer;
use serde_json::Value as Json;

use super::{Change, violations, violations_at};
use crate::detect::{Unrecognized, detect};
use crate::embedded::embedded_schema;
use crate::violation::Family;

/// A spelling that drafts have, and how `v1` spells the same.
struct Spelling {
    respell: fn(&str) -> Option<String>,
    reason: &'static str,
}

const SPELLINGS: [Spelling; 3] = [
    Spelling { respell: small_hexadecimal, reason: "hexadecimal digits are written small" },
    Spelling { respell: prefixed_digest, reason: "a digest begins with its algorithm" },
    Spelling { respell: timestamp, reason: "a timestamp has `T` and `Z`" },
];

/// What is certain of `document`: added `kind`, and texts in another spelling.
pub(super) fn changes(document: &Value) -> Vec<Change> {
    let mut changes: Vec<Change> = kind_of_message(document).into_iter().collect();
    let mut document = document.clone();
    if let (Some(change), Some(object)) = (changes.first(), document.as_object_mut()) {
        object.insert("kind", change.after.as_str());
    }
    let Some((kind, violations)) = violations(&document) else { return changes };
    for violation in violations {
        if violation.family == Family::Text {
            changes.extend(respelled(&document, kind, &violation.pointer));
        }
    }
    changes
}

/// The change of a text to another spelling that keeps the rules, if there is one.
fn respelled(document: &Value, kind: Kind, pointer: &Pointer) -> Option<Change> {
    let before = pointer.find(document)?.as_str()?.to_owned();
    SPELLINGS.iter().find_map(|spelling| {
        let after = (spelling.respell)(&before)?;
        let mut changed = document.clone();
        *pointer.find_mut(&mut changed)? = after.as_str().into();
        let keeps_rules = !violations_at(&changed, kind, pointer);
        keeps_rules.then(|| Change {
            pointer: pointer.clone(),
            before: Some(before.clone()),
            after,
            reason: spelling.reason,
        })
    })
}

/// The text with its hexadecimal digits, behind a prefix that is small already, written small.
fn small_hexadecimal(text: &str) -> Option<String> {
    let digits = text.rsplit([':', '-']).next()?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = text.strip_suffix(digits)?;
    (is_hexadecimal && !digits.is_empty())
        .then(|| format!("{prefix}{}", digits.to_ascii_lowercase()))
}

/// A bare SHA-256 with its prefix.
fn prefixed_digest(text: &str) -> Option<String> {
    let is_sha256 = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| format!("sha256:{}", text.to_ascii_lowercase()))
}

/// A moment that RFC 3339 lets be written with a space or small letters (section 5.6).
fn timestamp(text: &str) -> Option<String> {
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    let separator = text.get(10..11)?;
    let time = match time.strip_suffix(['z', 'Z']) {
        Some(time) => format!("{time}Z"),
        None => time.to_owned(),
    };
    matches!(separator, "T" | "t" | " ").then(|| format!("{date}T{time}"))
}

/// The field `kind` of a message that has all other fields of one kind of message only.
fn kind_of_message(document: &Value) -> Option<Change> {
    let Err(Unrecognized::Nearly { .. }) = detect(document) else { return None };
    let mut fitting = Kind::ALL.into_iter().filter_map(|kind| match kind.mark() {
        Mark::Message(message) if lacks_only_kind(document, kind) => Some(message),
        _ => None,
    });
    let (message, None) = (fitting.next()?, fitting.next()) else { return None };
    Some(Change {
        pointer: Pointer::root().join("kind"),
        before: None,
        after: message.as_str().to_owned(),
        reason: "a message says its kind, and these are the fields of this kind",
    })
}

fn lacks_only_kind(document: &Value, kind: Kind) -> bool {
    let schema: Json = serde_json::from_str(embedded_schema(kind)).unwrap_or_default();
    let required = schema.get("required").and_then(Json::as_array);
    let missing = required.into_iter().flatten().filter_map(Json::as_str);
    let missing: Vec<_> = missing.filter(|field| document.get(field).is_none()).collect();
    missing == ["kind"]
}
