//! Documents of earlier versions, brought up to the one that is read today.
//!
//! A [`Migration`] changes what can be changed without guessing, in the text itself, so that all else
//! of a document stays as it was written. What is left is reported with its place and with what a
//! person has to do about it. [`MIGRATIONS`] is the list of them, and each document goes through all.

mod advice;
mod draft;

use lorch_types::Kind;
use lorch_types::diagnostic::{Format, Source};
use lorch_types::json::{Limits, Outline, ReadError, Value, write_string};
use lorch_types::pointer::Pointer;

use crate::detect::detect;
use crate::document::{Validators, with_keywords};
use crate::report::Finding;
use crate::violation::Violation;

/// The step from one version of documents to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The version that it reads.
    pub from: &'static str,
    /// The version that it writes.
    pub to: &'static str,
    /// What it changes, in one sentence.
    pub summary: &'static str,
    /// What is to be changed in a document; nothing that is not certain.
    changes: fn(&Value) -> Vec<Change>,
}

/// All migrations, the oldest first.
pub const MIGRATIONS: [Migration; 1] = [Migration {
    from: "draft",
    to: "v1",
    summary: "hexadecimal digits are written small, digests with their prefix, timestamps as RFC 3339 \
              with `T` and `Z`, and messages say their kind",
    changes: draft::changes,
}];

/// One change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The text that is changed, or the field that is added.
    pub pointer: Pointer,
    /// What stood there; `None` if the field is added.
    pub before: Option<String>,
    /// What stands there now.
    pub after: String,
    /// Why nothing else can be meant.
    pub reason: &'static str,
}

/// What came of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// What kind of document it is, where that is known.
    pub kind: Option<Kind>,
    /// What was changed, in the order of the migrations and of the places.
    pub changes: Vec<Change>,
    /// What a person has to change, each with its place in the new text.
    pub by_hand: Vec<Finding>,
    /// The document as it is now.
    pub text: Vec<u8>,
}

/// Brings the JSON document that `text` holds up to the version of today; `name` is for people.
///
/// # Errors
/// When `text` is no JSON that the strict reader takes, with the place.
pub fn migrate(name: &str, text: &[u8], limits: Limits) -> Result<Migrated, ReadError> {
    let mut source = Source { name: name.to_owned(), text: text.to_vec(), format: Format::Json };
    let mut document = source.read(limits)?;
    let mut changes = Vec::new();
    for migration in &MIGRATIONS {
        let of_this = (migration.changes)(&document);
        source.text = rewritten(&source, &of_this);
        document = source.read(limits)?;
        changes.extend(of_this);
    }
    let (kind, mut violations) = Validators::default().violations(&document, None);
    for violation in &mut violations {
        if let Some(help) = advice::advice(violation, &document, kind) {
            violation.help = Some(help);
        }
    }
    let by_hand = Finding::all_in(&with_keywords(&violations), &source);
    Ok(Migrated { kind, changes, by_hand, text: source.text })
}

/// The text of `source` with `changes` made, each at its place.
fn rewritten(source: &Source, changes: &[Change]) -> Vec<u8> {
    let outline = source.outline();
    let mut edits: Vec<_> = changes.iter().filter_map(|change| edit(&outline, change)).collect();
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = source.text.clone();
    for (span, replacement) in edits {
        text.splice(span, replacement.into_bytes());
    }
    text
}

/// Which bytes a change replaces, and by what.
fn edit(outline: &Outline, change: &Change) -> Option<(std::ops::Range<usize>, String)> {
    let mut value = String::new();
    write_string(&change.after, &mut value);
    let spot = outline.find(&change.pointer);
    if change.before.is_some() {
        return spot.exact.then_some((spot.value, value));
    }
    // A field that is added comes first in its object: whatever draws such a change knows that the
    // object has others.
    let key = change.pointer.tokens().last()?;
    let start = spot.value.start + 1;
    let mut member = String::new();
    write_string(key, &mut member);
    Some((start..start, format!("{member}: {value}, ")))
}

/// Whether the text at `pointer` breaks a rule of `document`, which is of this kind.
fn violations_at(document: &Value, kind: Kind, pointer: &Pointer) -> bool {
    let (_, violations) = Validators::default().violations(document, Some(kind));
    violations.iter().any(|violation: &Violation| violation.pointer == *pointer)
}

/// The kind of the document, and every rule that it breaks.
fn violations(document: &Value) -> Option<(Kind, Vec<Violation>)> {
    let kind = detect(document).ok()?;
    let (_, violations) = Validators::default().violations(document, Some(kind));
    Some((kind, violations))
}
