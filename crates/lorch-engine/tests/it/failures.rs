//! Steps that fail, and what becomes of the attempt.

use std::sync::atomic::Ordering;

use lorch_engine::Conclusion;
use lorch_types::PositiveInteger;
use lorch_types::job::AttemptStatus;
use lorch_types::job::StepStatus::{self, Completed, Failed, Pending};

use crate::bench::{Bench, statuses};

/// Runs `steps`, and checks the codes of the failed steps, the words of the last of them, and how
/// each step ended.
#[track_caller]
fn check(bench: &Bench, steps: &str, codes: &[&str], word: &str, expected: &[StepStatus]) {
    let (run_id, conclusion, _) = bench.start(steps);
    let attempt = bench.attempts(&run_id).pop().unwrap();
    assert_eq!(statuses(&attempt), expected);
    let errors: Vec<_> =
        attempt.step_outcomes.iter().filter_map(|outcome| outcome.error.as_ref()).collect();
    assert_eq!(errors.iter().map(|error| error.code.as_str()).collect::<Vec<_>>(), codes);
    let message = &errors.last().unwrap().message;
    assert!(message.contains(word), "{message}");
    match conclusion {
        Conclusion::Failed { error, attempt_n, .. } => {
            assert_eq!(Some(&&error), errors.last());
            assert_eq!(attempt_n, PositiveInteger::ONE);
            assert_eq!(attempt.status, AttemptStatus::Failed);
        }
        _ => assert_eq!(attempt.status, AttemptStatus::Completed),
    }
}

#[test]
fn a_failed_step_ends_the_attempt() {
    let steps = r#"[
        {"step_id":"a","op":"compute.echo","params":{}},
        {"step_id":"b","op":"compute.need","params":{"file":"x"}},
        {"step_id":"c","op":"compute.echo","params":{}}]"#;
    check(&Bench::new(), steps, &["not_found"], "no `x`", &[Completed, Failed, Pending]);
}

#[test]
fn a_step_that_may_fail_does_not_end_it() {
    let steps = r#"[
        {"step_id":"a","op":"compute.need","params":{"file":"x"},"continue_on_error":true},
        {"step_id":"b","op":"compute.echo","params":{}}]"#;
    check(&Bench::new(), steps, &["not_found"], "no `x`", &[Failed, Completed]);
}

#[test]
fn a_step_that_needs_a_failed_one_says_so() {
    let steps = r#"[
        {"step_id":"a","op":"compute.need","params":{"file":"x"},"continue_on_error":true},
        {"step_id":"b","op":"compute.echo","params":{"of":"@run.a.rows"}}]"#;
    let bench = Bench::new();
    check(&bench, steps, &["not_found", "upstream_failed"], "`a`", &[Failed, Failed]);
    assert_eq!(bench.counted("SELECT step FROM dispatches"), ["a"]);
}

#[test]
fn a_reference_to_nothing_fails_its_step_alone() {
    let steps = r#"[
        {"step_id":"a","op":"compute.echo","params":{"n":1}},
        {"step_id":"b","op":"compute.echo","params":{"of":"@run.a.m"},"continue_on_error":true},
        {"step_id":"c","op":"compute.echo","params":{"of":"@run.a.n"}}]"#;
    check(&Bench::new(), steps, &["resolution"], "`m`", &[Completed, Failed, Completed]);
}

#[test]
fn a_dispatch_is_bounded_by_its_timeout() {
    let steps = r#"[{"step_id":"a","op":"compute.wait","params":{},"timeout_s":1}]"#;
    check(&Bench::new(), steps, &["timeout"], "timeout_s", &[Failed]);
}

#[test]
fn a_stopped_run_is_recorded_as_cancelled_even_where_a_step_may_fail() {
    let steps = r#"[
        {"step_id":"a","op":"compute.echo","params":{},"continue_on_error":true},
        {"step_id":"b","op":"compute.echo","params":{}}]"#;
    let bench = Bench::new();
    bench.engine.stop.store(true, Ordering::Relaxed);
    check(&bench, steps, &["cancelled"], "stopped", &[Failed, Pending]);
    assert!(bench.counted("SELECT step FROM dispatches").is_empty());
}

#[test]
fn a_large_output_is_refused_at_the_limit_and_not_below() {
    let steps = r#"[{"step_id":"a","op":"compute.large","params":{}}]"#;
    let mut bench = Bench::new();
    bench.engine.settings.max_output_bytes = 1001;
    check(&bench, steps, &["output_too_large"], "1002 bytes", &[Failed]);
    let mut bench = Bench::new();
    bench.engine.settings.max_output_bytes = 1002;
    let (run_id, ..) = bench.start(steps);
    assert_eq!(statuses(&bench.attempts(&run_id)[0]), [Completed]);
}

#[test]
fn an_output_that_could_not_be_read_back_is_refused() {
    let steps = r#"[{"step_id":"a","op":"compute.deep","params":{}}]"#;
    check(&Bench::new(), steps, &["output_too_large"], "200 levels", &[Failed]);
}
