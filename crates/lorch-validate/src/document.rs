//! One document: read, told apart, judged, and every violation with its place.

use lorch_types::Kind;
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Diagnostic, Source};
use lorch_types::json::{Limits, Value};

use crate::detect::detect;
use crate::report::Finding;
use crate::validator::Validator;
use crate::violation::Violation;

/// What came of judging a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What kind of document it is, where that is known.
    pub kind: Option<Kind>,
    /// What is wrong with it, ordered by place; nothing when it is valid.
    pub findings: Vec<Finding>,
}

/// Judges the document that `source` holds, as one of `kind` or of the kind that it shows itself to
/// be.
pub fn validate_document(source: &Source, kind: Option<Kind>, limits: Limits) -> Verdict {
    let document = match source.read(limits) {
        Ok(document) => document,
        Err(error) => {
            let findings = Finding::all_in(&[(error.diagnostic(), None)], source);
            return Verdict { kind: None, findings };
        }
    };
    let (kind, violations) = Validators::default().violations(&document, kind);
    if violations.is_empty() {
        return Verdict { kind, findings: Vec::new() };
    }
    Verdict { kind, findings: Finding::all_in(&with_keywords(&violations), source) }
}

/// The violations as diagnostics, each with the keyword that gave it.
pub(crate) fn with_keywords(violations: &[Violation]) -> Vec<(Diagnostic, Option<SmolStr>)> {
    let parts = |it: &Violation| (it.diagnostic(), Some(it.keyword.clone()));
    violations.iter().map(parts).collect()
}

/// The judges of all kinds.
#[derive(Debug)]
pub(crate) struct Validators([Validator; Kind::ALL.len()]);

impl Default for Validators {
    fn default() -> Self {
        Self(Kind::ALL.map(Validator::for_kind))
    }
}

impl Validators {
    /// The kind of the document, if it is known, and every rule that it breaks.
    pub(crate) fn violations(
        &self,
        document: &Value,
        kind: Option<Kind>,
    ) -> (Option<Kind>, Vec<Violation>) {
        let kind = match kind.map_or_else(|| detect(document), Ok) {
            Ok(kind) => kind,
            Err(unrecognized) => return (None, vec![unrecognized.violation()]),
        };
        let validator = self.0.iter().find(|validator| validator.kind() == kind);
        (Some(kind), validator.map(|it| it.validate(document)).unwrap_or_default())
    }
}
