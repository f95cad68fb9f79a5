//! `docs/plan-conditions.md`: its tables are true, and its errors are those that are reported.
//!
//! In a block ```` ```text errors=WHAT ```` each line after `> ` is a text, and the lines after it are
//! its error. With `LORCH_BLESS=1` the page is rewritten with the errors
//! that there are now.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lorch_types::plan::condition::ConditionError;
use lorch_types::plan::{
    DurationError, DurationField, History, Metric, MetricType, Observed, Threshold, Truth,
};

use crate::rollback_conditions::parse;

/// What cannot be shown on a page.
const NOT_SHOWN: [&str; 1] = ["TooLong (ConditionErrorKind)"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(repository().join("docs/plan-conditions.md")).unwrap()
}

/// The rows of the table whose head is `head`, as their cells without backquotes.
fn table(head: &str) -> Vec<Vec<String>> {
    let page = page();
    let rows = page.lines().skip_while(|line| *line != head).skip(2);
    let rows: Vec<Vec<String>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table {head}");
    rows
}

#[test]
fn conditions_and_thresholds_are_written_so() {
    for row in table("| condition | is written |") {
        let [text, written] = row.as_slice() else { panic!("{row:?}") };
        assert_eq!(parse(text).unwrap().to_string(), *written);
    }
    for row in table("| threshold | of a | is written |") {
        let [text, of, written] = row.as_slice() else { panic!("{row:?}") };
        assert_eq!(Threshold::parse(text, metric_type(of)).unwrap().to_string(), *written);
    }
}

fn metric_type(name: &str) -> MetricType {
    MetricType::ALL.into_iter().find(|of| of.as_str() == name).unwrap()
}

fn truth(word: &str) -> Truth {
    Truth::ALL.into_iter().find(|truth| truth.as_str() == word).unwrap()
}

#[test]
fn the_truth_table_is_complete_and_right() {
    let rows = table("| a | b | `not a` | `a and b` | `a or b` |");
    let mut pairs = BTreeSet::new();
    for row in rows {
        let values: Vec<Truth> = row.iter().map(|word| truth(word)).collect();
        let [a, b, not, and, or] = values.as_slice() else { panic!("{row:?}") };
        assert_eq!((!*a, *a & *b, *a | *b), (*not, *and, *or), "{row:?}");
        pairs.insert(format!("{a} {b}"));
    }
    assert_eq!(pairs.len(), 9);
}

#[test]
fn conditions_are_what_the_page_says_they_are() {
    let seconds = |text: &str| {
        Duration::from_secs(text.strip_suffix('s').and_then(|it| it.parse().ok()).unwrap())
    };
    for row in table("| condition | observed of `error_rate` | at | it is |") {
        let [text, observed, at, expected] = row.as_slice() else { panic!("{row:?}") };
        let mut history = History::new(Duration::from_secs(60));
        for sample in observed.split(", ") {
            let (seen, at) = sample.split_once(" at ").unwrap();
            let seen = seen.split_once('/').map(|(part, whole)| Observed::Ratio {
                part: part.parse().unwrap(),
                whole: whole.parse().unwrap(),
            });
            history.record(&Metric::ERROR_RATE, seconds(at), seen);
        }
        let found = parse(text).unwrap().evaluate(&history, seconds(at));
        assert_eq!(found, truth(expected), "{row:?}");
    }
}

/// What is wrong with `text` as `what`: the name of the kind, the message with a caret, and the help.
fn error(what: &str, text: &str) -> (String, String) {
    let duration = |error: DurationError| {
        (kind(&error.kind, "DurationErrorKind"), shown(&error.span, &error, error.help()))
    };
    let condition = |error: ConditionError| {
        (kind(&error.kind, "ConditionErrorKind"), shown(&error.span, &error, error.help()))
    };
    let field = DurationField::ALL.into_iter().find(|field| field.as_str() == what);
    match (what.split_once(':'), field) {
        (Some(("threshold", of)), _) => {
            condition(Threshold::parse(text, metric_type(of)).expect_err(text))
        }
        (None, Some(field)) => duration(field.parse(text).expect_err(text)),
        (None, None) if what == "duration" => {
            duration(text.parse::<lorch_types::plan::Duration>().expect_err(text))
        }
        _ => {
            assert_eq!(what, "condition");
            condition(parse(text).expect_err(text))
        }
    }
}

fn kind(kind: &impl std::fmt::Debug, of: &str) -> String {
    let debug = format!("{kind:?}");
    let name: String = debug.chars().take_while(|c| c.is_alphanumeric()).collect();
    format!("{name} ({of})")
}

fn shown(span: &std::ops::Range<usize>, error: &impl ToString, help: Option<String>) -> String {
    let carets = "^".repeat(span.len().max(1));
    let mut text = format!("  {}{carets}\n  {}\n", " ".repeat(span.start), error.to_string());
    if let Some(help) = help {
        let _ = writeln!(text, "  help: {help}");
    }
    text
}

#[test]
fn errors_are_what_the_page_says_they_are() {
    let page = page();
    let mut rewritten = String::with_capacity(page.len());
    let mut kinds = BTreeSet::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(rewritten, "{line}");
        let Some(what) = line.strip_prefix("```text errors=") else { continue };
        for text in lines.by_ref().take_while(|line| *line != "```") {
            let Some(text) = text.strip_prefix('>') else { continue };
            let text = text.strip_prefix(' ').unwrap_or(text);
            let (kind, error) = error(what, text);
            kinds.insert(kind);
            let _ = write!(rewritten, "{}\n{error}", format!("> {text}").trim_end());
        }
        rewritten.push_str("```\n");
    }
    let mut all = variants("src/plan/condition/error.rs", "ConditionErrorKind");
    all.extend(variants("src/plan/duration/error.rs", "DurationErrorKind"));
    let missing: Vec<_> =
        all.difference(&kinds).filter(|it| !NOT_SHOWN.contains(&it.as_str())).collect();
    assert!(all.len() > 20 && missing.is_empty(), "no example of {missing:?}");
    if page != rewritten && std::env::var_os("LORCH_BLESS").is_some() {
        std::fs::write(repository().join("docs/plan-conditions.md"), rewritten).unwrap();
    } else {
        assert!(page == rewritten, "LORCH_BLESS=1 rewrites the page; it should be\n{rewritten}");
    }
}

/// The variants of an enum, read from its source.
fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    variants
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())
        .map(|variant| format!("{variant} ({name})"))
        .collect()
}
