//! What was found in a plan, for people and for programs.

use std::fmt::Write as _;

use lorch_plans::{Judgement, TASK_FILE, Validation, Verdict, worst_cases};
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Color, Diagnostic, Severity, Source, render, visible};
use lorch_types::json::{Limits, Object, Value, read};
use lorch_types::plan::Plan;
use lorch_validate::report::{self, Finding, Format};

use crate::amount::counted;
use crate::exit::Failure;

/// How many findings people are shown.
const MOST_SHOWN: usize = 100;

/// What was found, with the lines at fault where the documents were given as text; of more than people
/// can use the first, errors before warnings.
pub(crate) fn findings(judgement: &Judgement, sources: &Documents<'_>, color: Color) -> String {
    let (mut found, sources) = sources.placed(judgement.validation.findings());
    let more = found.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        found.sort_by_key(|it| it.severity != Severity::Error);
        found.truncate(MOST_SHOWN);
    }
    let mut said = render(&found, &sources, color);
    if more > 0 {
        let more = counted(more as u64, "more finding");
        let _ = writeln!(said, "{more}; `--json` has all of them\n");
    }
    said
}

/// The texts in which things stand: the plan's, and the task's.
pub(crate) enum Documents<'s> {
    /// As they were given.
    Given { plan: &'s Source, task: &'s Source },
    /// As they are recorded, without a text.
    Recorded,
}

impl Documents<'_> {
    /// The findings, each naming the source that it stands in; those first.
    fn placed<'d>(
        &self,
        found: impl Iterator<Item = &'d Diagnostic>,
    ) -> (Vec<Diagnostic>, Vec<Source>) {
        let (task_name, sources) = match self {
            Self::Given { plan, task } => {
                (SmolStr::from(&task.name), vec![(*plan).clone(), (*task).clone()])
            }
            Self::Recorded => (SmolStr::new_static(TASK_FILE), Vec::new()),
        };
        let named = |diagnostic: &Diagnostic| match &diagnostic.file {
            Some(_) => diagnostic.clone().in_file(task_name.clone()),
            None => diagnostic.clone(),
        };
        (found.map(named).collect(), sources)
    }
}

/// The parts of the validation, the score with its reasons, and the worst case of each phase.
pub(crate) fn summary(judgement: &Judgement) -> String {
    let validation = &judgement.validation;
    let mut out = String::new();
    let mut part = |name: &str, valid: bool, more: &str| {
        let word = if valid { "valid" } else { "not valid" };
        let comma = if more.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "{name:<7} {word}{comma}{more}");
    };
    part("schema", validation.schema_valid(), &tally(&validation.schema));
    if validation.schema_valid() {
        part("policy", validation.opa_valid(), &policies(judgement));
        part("safety", validation.safety_valid(), &tally(&validation.safety));
        let _ = writeln!(out, "score   {} of 100", validation.score.total());
        for part in &validation.score.parts {
            let _ = writeln!(out, "  {:<10} {:>2}  {}", part.name, part.points, part.reason);
        }
    }
    if let Some(plan) = &validation.plan {
        worst(plan, &mut out);
    }
    out
}

fn tally(found: &[Diagnostic]) -> String {
    let of = |severity| found.iter().filter(|it| it.severity == severity).count() as u64;
    let counts = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    said.map(|(count, noun)| counted(*count, noun)).collect::<Vec<_>>().join(", ")
}

fn policies(judgement: &Judgement) -> String {
    let said = judgement.verdicts.packs.iter().map(|pack| {
        let word = if pack.verdict == Verdict::Allowed { "allows" } else { "denies" };
        format!("{} {word}", visible(&pack.name))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn worst(plan: &Plan, out: &mut String) {
    for case in worst_cases(plan) {
        let _ = writeln!(out, "worst   {}", visible(&case.to_string()));
    }
}

/// The same for programs: each thing once. What was found stands in `findings` alone.
pub(crate) fn as_json(judgement: &Judgement, documents: &Documents<'_>) -> Result<Object, Failure> {
    let validation = &judgement.validation;
    let mut object = Object::new();
    object.insert("valid", validation.overall_valid());
    object.insert("validation", Value::Object(parts_as_json(validation)));
    object.insert("quality_score", count(validation.score.total()));
    let parts = validation.score.parts.iter().map(|part| {
        let members = [
            ("name", Value::from(part.name)),
            ("points", count(part.points)),
            ("reason", part.reason.as_str().into()),
        ];
        Value::Object(members.into_iter().collect())
    });
    object.insert("score", Value::Array(parts.collect()));
    object.insert("policies", Value::Array(verdicts(judgement)));
    let worst = validation.plan.iter().flat_map(worst_cases).map(|case| {
        let members = [
            ("phase", Value::from(case.phase.as_str())),
            ("assets", count(case.assets)),
            ("total", count(case.total)),
        ];
        Value::Object(members.into_iter().collect())
    });
    object.insert("worst_cases", Value::Array(worst.collect()));
    object.insert("findings", Value::Array(found_as_json(validation, documents)?));
    Ok(object)
}

/// Whether each part of the validation holds; what was not judged is absent.
fn parts_as_json(validation: &Validation) -> Object {
    let document = validation.document();
    let parts = [
        ("schema_valid", document.schema_valid),
        ("opa_valid", document.opa_valid),
        ("safety_valid", document.safety_valid),
        ("overall_valid", document.overall_valid),
    ];
    parts.into_iter().filter_map(|(name, valid)| Some((name, Value::from(valid?)))).collect()
}

fn verdicts(judgement: &Judgement) -> Vec<Value> {
    let said = judgement.verdicts.packs.iter().map(|pack| {
        let mut object: Object = [("name", Value::from(pack.name.as_str()))].into_iter().collect();
        object.insert("digest", pack.digest.as_ref().map(|digest| digest.as_str().to_owned()));
        let verdict = match &pack.verdict {
            Verdict::Allowed => "allows",
            Verdict::Denied { .. } => "denies",
            Verdict::None(_) => "none",
        };
        object.insert("verdict", verdict);
        Value::Object(object)
    });
    said.collect()
}

/// What was found, part by part of the validation, each in the order of the text.
fn found_as_json(
    validation: &Validation,
    documents: &Documents<'_>,
) -> Result<Vec<Value>, Failure> {
    let Validation { schema, policy, safety, .. } = validation;
    let mut all = Vec::new();
    for (part, found) in [("schema", schema), ("policy", policy), ("safety", safety)] {
        for finding in part_as_json(found, documents)? {
            let Value::Object(mut finding) = finding else { continue };
            finding.insert("part", part);
            all.push(Value::Object(finding));
        }
    }
    Ok(all)
}

fn part_as_json(found: &[Diagnostic], documents: &Documents<'_>) -> Result<Vec<Value>, Failure> {
    let (found, mut sources) = documents.placed(found.iter());
    if sources.is_empty() {
        // Without a text everything is at its beginning; the pointers say where.
        for name in ["plan", TASK_FILE] {
            let format = lorch_types::diagnostic::Format::Json;
            sources.push(Source { name: name.to_owned(), text: Vec::new(), format });
        }
    }
    listed(&found, &sources)
}

/// What programs are told of a document that cannot be read, or is none of its kind: nothing was judged.
pub(crate) fn unreadable(found: &[Diagnostic], sources: &[Source]) -> Result<Object, Failure> {
    let mut object = Object::new();
    object.insert("valid", false);
    object.insert("findings", Value::Array(listed(found, sources)?));
    Ok(object)
}

/// The findings as objects, each with its place in one of the sources.
fn listed(found: &[Diagnostic], sources: &[Source]) -> Result<Vec<Value>, Failure> {
    let mut lines = Vec::new();
    report::write(Format::Json, &Finding::all(found, sources), &mut lines)
        .map_err(Failure::output)?;
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| read(line, Limits::default()).map_err(Failure::work)).collect()
}

/// A count as JSON has it.
pub(crate) fn count(count: usize) -> Value {
    u64::try_from(count).unwrap_or(u64::MAX).into()
}
