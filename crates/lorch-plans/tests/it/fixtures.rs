//! The plan of the seed as printed, written out, and corrected: every word that is said about them.

use crate::drift::{config, document, judged, repository, said};

#[track_caller]
fn check(task: &str, plan: &str, golden: &str) {
    let validation = judged(&document(task), &document(plan), &config());
    let mut text = said(&validation);
    let parts = [
        ("schema_valid", validation.schema_valid()),
        ("opa_valid", validation.opa_valid()),
        ("safety_valid", validation.safety_valid()),
        ("overall_valid", validation.overall_valid()),
    ];
    parts.iter().for_each(|(name, valid)| text.push_str(&format!("{name} {valid}\n")));
    text.push_str(&format!("quality_score {}\n", validation.score.total()));
    for part in &validation.score.parts {
        text.push_str(&format!("  {} {}: {}\n", part.name, part.points, part.reason));
    }
    let path = repository().join("tests/cases/plans").join(golden);
    if std::env::var_os("LORCH_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, expected, "LORCH_BLESS=1 rewrites {golden}");
}

#[test]
fn the_plan_as_printed() {
    check("seed-task.json", "seed-plan.json", "seed.txt");
}

#[test]
fn the_plan_with_its_assets_written_out() {
    check("seed-task.json", "seed-plan-47.json", "seed-47.txt");
}

#[test]
fn the_plan_corrected() {
    check("task.json", "plan.json", "corrected.txt");
}
