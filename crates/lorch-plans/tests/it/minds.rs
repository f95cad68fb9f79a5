//! Whether health checks and rollback conditions are of one mind, with the values named.

use lorch_types::diagnostic::Severity;

use crate::drift::{config, document, judged, said, with};

/// Judges a phase with this threshold of `error_rate` and this condition, by a task with this trigger.
#[track_caller]
fn check(threshold: &str, rollback: &str, trigger: &str, expected: &[&str]) {
    let text = |it: &str| if it == "null" { it.to_owned() } else { format!("\"{it}\"") };
    let mut plan = document("plan.json");
    plan = with(&plan, "/payload/phases/1/health_checks/0/threshold", &text(threshold));
    plan = with(&plan, "/payload/phases/1/rollback_if", &text(rollback));
    let task =
        with(&document("task.json"), "/task_spec/constraints/rollback_trigger", &text(trigger));
    let validation = judged(&task, &plan, &config());
    let here = |it: &&lorch_types::diagnostic::Diagnostic| {
        let at = it.pointer.to_string();
        at.starts_with("/payload/phases/1") || it.file.is_some()
    };
    let found: Vec<String> = validation
        .findings()
        .filter(here)
        .map(|it| {
            let severity = if it.severity == Severity::Error { 'E' } else { 'W' };
            let message = it.message.replace("phase `Wave1`", "it");
            format!("{severity}{} {message}", it.code.0.trim_start_matches("L12"))
        })
        .collect();
    assert_eq!(found, expected, "{}", said(&validation));
}

const NEITHER: &str = "neither passes the health checks nor rolls the phase back";
const BOTH: &str = "passes the health checks and rolls the phase back";

#[test]
fn what_neither_passes_nor_rolls_back_is_named() {
    let gap = |threshold: &str, rollback: &str, said: &[&str]| {
        let expected: Vec<String> =
            said.iter().map(|it| format!("W14 it: {it} {NEITHER}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(threshold, rollback, "null", &expected);
    };
    gap("< 0.5%", "error_rate >= 0.5%", &[]);
    gap("<= 0.5%", "error_rate > 0.5%", &[]);
    gap("<= 0.50%", "error_rate > 0.5%", &[]);
    gap("< 0.5%", "error_rate > 0.5%", &["`error_rate` of exactly 0.5%"]);
    gap("< 0.5%", "error_rate > 1%", &["`error_rate` from 0.5% to 1%"]);
    gap("< 0.5%", "error_rate >= 1%", &["`error_rate` from 0.5% and below 1%"]);
    gap("<= 0.5%", "error_rate > 1%", &["`error_rate` above 0.5% and up to 1%"]);
    gap("<= 0.5%", "error_rate >= 1%", &["`error_rate` above 0.5% and below 1%"]);
    gap(
        "< 1%",
        "error_rate > 1% and error_rate != 2%",
        &["`error_rate` of exactly 1%", "`error_rate` of exactly 2%"],
    );
    gap("< 1%", "error_rate > 1% or not http_200", &["`error_rate` of exactly 1%"]);
    gap("< 1%", "error_rate >= 1% and latency_p99 > 2s", &["`error_rate` from 1%"]);
    // Once it was held for long enough, the time it took is no gap.
    gap("< 1%", "error_rate >= 1% for 5m", &[]);
    // What is not checked is not decided by health at all.
    gap("< 1%", "latency_p99 > 2s", &[]);
}

#[test]
fn what_passes_and_rolls_back_is_an_error_and_named() {
    let overlap = |threshold: &str, rollback: &str, said: &[&str]| {
        let expected: Vec<String> = said.iter().map(|it| format!("E13 it: {it} {BOTH}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(threshold, rollback, "null", &expected);
    };
    overlap("<= 1%", "error_rate >= 1%", &["`error_rate` of exactly 1%"]);
    overlap("< 1%", "error_rate > 0.5%", &["`error_rate` above 0.5% and below 1%"]);
    overlap("<= 1%", "error_rate > 0.5%", &["`error_rate` above 0.5% and up to 1%"]);
    overlap("< 1%", "error_rate > 0.5% for 5m", &["`error_rate` above 0.5% and below 1%"]);
    overlap("< 1%", "error_rate >= 1% or not error_rate > 0.5%", &["`error_rate` up to 0.5%"]);
    overlap("< 1%", "error_rate >= 1% or latency_p99 > 2s", &[]);
}

#[test]
fn conditions_that_are_always_the_same() {
    let constant = |threshold: &str, rollback: &str, said: &str| {
        check(threshold, rollback, "null", &[&format!("E15 {said}")]);
    };
    constant("< 1%", "error_rate > 100%", "`rollback_if` can never hold: `error_rate > 100%`");
    constant("< 1%", "error_rate >= 0%", "`rollback_if` always holds: `error_rate >= 0%`");
    constant("< 1%", "latency_p99 < 0s", "`rollback_if` can never hold: `latency_p99 < 0s`");
    constant(
        "< 1%",
        "error_rate > 2% and error_rate < 1%",
        "`rollback_if` can never hold: `error_rate > 2% and error_rate < 1%`",
    );
    constant(
        "< 1%",
        "error_rate > 2% for 1m and error_rate < 1% for 5m",
        "`rollback_if` can never hold: `error_rate > 2% for 1m and error_rate < 1% for 5m`",
    );
    constant(
        "< 1%",
        "http_200 or not http_200",
        "`rollback_if` always holds: `http_200 or not http_200`",
    );
    constant("< 0%", "error_rate > 1%", "the health check can never pass: `error_rate < 0%`");
    constant("<= 100%", "error_rate > 1%", "the health check always passes: `error_rate <= 100%`");
    // It holds after some time, and after more it no longer does.
    check(
        "< 1%",
        "error_rate >= 1% for 5m and not error_rate >= 1% for 10m",
        "null",
        &[&format!("W14 it: `error_rate` from 1% {NEITHER}")],
    );
    check(
        "< 0.5%",
        "error_rate >= 0.5%",
        "error_rate > 150%",
        &["E15 `rollback_trigger` can never hold: `error_rate > 150%`"],
    );
}

#[test]
fn no_phase_is_laxer_than_its_task() {
    let laxer = |rollback: &str, trigger: &str, said: &str| {
        let demanded =
            format!("E16 it is not rolled back at {said}, and the task demands it: `{trigger}`");
        let threshold = format!("< {}", rollback.rsplit(' ').next().unwrap());
        check(
            if rollback.contains(">= ") { &threshold } else { "<= 1%" },
            rollback,
            trigger,
            &[&demanded],
        );
    };
    laxer("error_rate >= 2%", "error_rate > 1%", "`error_rate` above 1% and below 2%");
    laxer("error_rate >= 2%", "error_rate >= 1%", "`error_rate` from 1% and below 2%");
    laxer("error_rate > 1%", "latency_p99 > 2s", "`latency_p99` above 2s");
    laxer("error_rate > 1% for 10m", "error_rate > 1% for 5m", "`error_rate` above 1%");
    laxer("error_rate > 1% for 10s", "error_rate > 1%", "`error_rate` above 1%");
    check("< 0.5%", "error_rate >= 0.5%", "error_rate > 1%", &[]);
    check("< 0.5%", "error_rate >= 0.5%", "error_rate > 1% for 5m", &[]);
    check("<= 1%", "error_rate > 1% or latency_p99 > 1s", "latency_p99 > 2s", &[]);
}

#[test]
fn health_checks_that_exclude_each_other() {
    let other = r#"{"type": "error_rate", "threshold": "> 2%"}"#;
    let plan = with(&document("plan.json"), "/payload/phases/1/health_checks/-", other);
    let validation = judged(&document("task.json"), &plan, &config());
    let found = said(&validation);
    assert!(
        found.starts_with("error[L1215] /payload/phases/1/health_checks: the health checks of phase `Wave1` can never all pass"),
        "{found}"
    );
}

#[test]
fn what_is_too_much_to_look_through_is_refused() {
    let metrics: String = (0..12).map(|n| format!("m{n} = \"flag\"\n")).collect();
    let numbers: String = (0..6).map(|n| format!("n{n} = \"number\"\n")).collect();
    let tools =
        std::fs::read_to_string(crate::drift::repository().join("examples/drift/lorch.toml"));
    let config = lorch_backends::Config::parse(&format!(
        "{}\n[metrics]\n{metrics}{numbers}",
        tools.unwrap()
    ))
    .unwrap();
    let flags: Vec<String> = (0..12).map(|n| format!("m{n}")).collect();
    let many: Vec<String> =
        (0..6).flat_map(|n| (0..3).map(move |q| format!("n{n} > {q}"))).collect();
    let rollback =
        format!("\"error_rate >= 0.5% or {} or {}\"", flags.join(" and "), many.join(" and "));
    let plan = with(&document("plan.json"), "/payload/phases/1/rollback_if", &rollback);
    let validation = judged(&document("task.json"), &plan, &config);
    let found: Vec<_> =
        validation.findings().map(|it| (it.code.0, it.pointer.to_string())).collect();
    assert_eq!(found, [("L1217", "/payload/phases/1/rollback_if".to_owned())]);
}
