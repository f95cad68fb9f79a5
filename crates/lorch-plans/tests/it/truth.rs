//! What is said about conditions holds of what is observed: the analysis against the evaluator.

use std::time::Duration;

use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{History, Metric, MetricType, Metrics, Observed, Threshold, Truth};
use proptest::prelude::*;

use crate::drift::{config, document, judged, with};

/// Percentages that conditions name: few, so that they meet.
fn percent() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0_u64), Just(1), Just(2), Just(3), Just(100)]
}

fn comparison() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("<"), Just("<="), Just(">"), Just(">="), Just("=="), Just("!=")]
}

fn atom() -> impl Strategy<Value = String> {
    (comparison(), percent()).prop_map(|(cmp, percent)| format!("error_rate {cmp} {percent}%"))
}

fn condition() -> impl Strategy<Value = String> {
    (atom(), atom(), prop_oneof![Just("and"), Just("or"), Just("and not"), Just("")]).prop_map(
        |(left, right, join)| match join {
            "" => left,
            join => format!("{left} {join} {right}"),
        },
    )
}

/// Every value that differs for conditions over these percentages: so many failed of 1,000.
const VALUES: [u64; 11] = [0, 5, 10, 15, 20, 25, 30, 500, 990, 999, 1000];

fn observed(failed: u64) -> Observed {
    Observed::Ratio { part: failed, whole: 1000 }
}

/// What `condition` is when it has been so for ten minutes.
fn is_true(condition: &RollbackCondition, failed: u64) -> bool {
    let mut history = History::new(Duration::from_secs(3600));
    history.record(&Metric::ERROR_RATE, Duration::ZERO, Some(observed(failed)));
    condition.evaluate(&history, Duration::from_secs(600)) == Truth::True
}

/// The codes found about the first wave of the example with these conditions.
fn codes(threshold: &str, rollback: &str, trigger: &str) -> Vec<&'static str> {
    let quoted = |text: &str| format!("\"{text}\"");
    let plan = document("plan.json");
    let plan = with(&plan, "/payload/phases/1/health_checks/0/threshold", &quoted(threshold));
    let plan = with(&plan, "/payload/phases/1/rollback_if", &quoted(rollback));
    let task =
        with(&document("task.json"), "/task_spec/constraints/rollback_trigger", &quoted(trigger));
    let validation = judged(&task, &plan, &config());
    let here = validation
        .findings()
        .filter(|it| it.pointer.to_string().starts_with("/payload/phases/1/") && it.file.is_none());
    here.map(|it| it.code.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_analysis_says_what_the_evaluator_shows(
        (cmp, limit) in (comparison(), percent()),
        rollback in condition(),
        trigger in condition(),
    ) {
        let threshold = format!("{cmp} {limit}%");
        let metrics = Metrics::built_in();
        let health = Threshold::parse(&threshold, MetricType::Ratio).unwrap();
        let own = RollbackCondition::parse(&rollback, &metrics).unwrap();
        let task = RollbackCondition::parse(&trigger, &metrics).unwrap();
        let passes = |failed: &u64| health.judge(Some(observed(*failed))) == Truth::True;
        let rolls_back = |failed: &u64| is_true(&own, *failed);
        let is_constant = VALUES.iter().all(rolls_back)
            || !VALUES.iter().any(rolls_back)
            || VALUES.iter().all(passes)
            || !VALUES.iter().any(passes);
        let found = codes(&threshold, &rollback, &trigger);
        prop_assert_eq!(found.contains(&"L1215"), is_constant, "{:?}", found);
        if is_constant {
            return Ok(());
        }
        let overlaps = VALUES.iter().any(|it| passes(it) && rolls_back(it));
        prop_assert_eq!(found.contains(&"L1213"), overlaps, "{:?}", found);
        let gaps = VALUES.iter().any(|it| !passes(it) && !rolls_back(it));
        prop_assert_eq!(found.contains(&"L1214"), gaps, "{:?}", found);
        let laxer = VALUES.iter().any(|it| is_true(&task, *it) && !rolls_back(it));
        prop_assert_eq!(found.contains(&"L1216"), laxer, "{:?}", found);
    }
}
