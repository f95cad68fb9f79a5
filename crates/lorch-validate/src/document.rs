//! One document: read, told apart, judged, and every violation with its place.

use lorch_types::Kind;
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Diagnostic, Source};
use lorch_types::json::{Limits, Value};

use crate::detect::{Unrecognized, detect};
use crate::report::Finding;
use crate::validator::Validator;
use crate::violation::Violation;

/// What came of judging a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What kind of document it is, where that is known.
    pub kind: Option<Kind>,
    /// Whether nothing suggests that it is meant to be a document of lorch at all.
    pub is_foreign: bool,
    /// What is wrong with it, ordered by place; nothing when it is valid.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether the document is valid.
    pub const fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }

    /// What `judge` says about the document that `source` holds, or that it holds none.
    pub(crate) fn of(
        source: &Source,
        limits: Limits,
        judge: impl FnOnce(&Value) -> (Result<Option<Kind>, Unrecognized>, Vec<Violation>),
    ) -> Self {
        let document = match source.read(limits) {
            Ok(document) => document,
            Err(error) => {
                let findings = Finding::all_in(&[(error.diagnostic(), None)], source);
                return Self { kind: None, is_foreign: false, findings };
            }
        };
        let (kind, violations) = judge(&document);
        let findings = match violations.as_slice() {
            [] => Vec::new(),
            violations => Finding::all_in(&with_keywords(violations), source),
        };
        let is_foreign = kind.as_ref().is_err_and(Unrecognized::is_foreign);
        Self { kind: kind.ok().flatten(), is_foreign, findings }
    }
}

/// Judges the document that `source` holds, as one of `kind` or of the kind that it shows itself to
/// be.
pub fn validate_document(source: &Source, kind: Option<Kind>, limits: Limits) -> Verdict {
    Verdict::of(source, limits, |document| match kind.map_or_else(|| detect(document), Ok) {
        Ok(kind) => (Ok(Some(kind)), Validator::for_kind(kind).validate(document)),
        Err(unrecognized) => {
            let violation = unrecognized.violation();
            (Err(unrecognized), vec![violation])
        }
    })
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
