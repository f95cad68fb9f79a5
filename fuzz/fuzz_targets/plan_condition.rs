//! Rollback conditions and thresholds are read back from what they print, every error points into the
//! text, and evaluating answers, and answers unknown or the same when less is known.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{History, MetricType, Metrics, Observed, Threshold, Truth};

/// The metrics that are always there and one of each type.
static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let mut metrics = Metrics::built_in();
    for (name, of) in [
        ("ready", MetricType::Flag),
        ("disk.used", MetricType::Ratio),
        ("queue_age", MetricType::Duration),
        ("heap", MetricType::Bytes),
        ("retries", MetricType::Rate),
        ("queue_depth", MetricType::Number),
    ] {
        metrics.declare(name.parse().expect("a name"), of).expect("a new one");
    }
    metrics
});

/// What is observed of each type.
fn observed(of: MetricType) -> Observed {
    match of {
        MetricType::Flag => Observed::Flag(true),
        MetricType::Ratio => Observed::Ratio { part: 5, whole: 500 },
        MetricType::Duration => Observed::Duration(Duration::from_millis(250)),
        MetricType::Bytes => Observed::Bytes(1 << 30),
        MetricType::Rate => Observed::Rate { count: u64::MAX, over: Duration::MAX },
        MetricType::Number => Observed::Number("-3.25".parse().expect("a number")),
    }
}

fuzz_target!(|text: &str| {
    match RollbackCondition::parse(text, &METRICS) {
        Ok(condition) => {
            let printed = condition.to_string();
            let again = RollbackCondition::parse(&printed, &METRICS);
            assert_eq!(again, Ok(condition.clone()), "{printed}");
            condition.each_atom(&mut |atom| assert!(text.get(atom.span.clone()).is_some()));
            evaluate(&condition);
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.to_string().is_empty() && error.help().is_none_or(|it| !it.is_empty()));
        }
    }
    for of in MetricType::ALL {
        match Threshold::parse(text, of) {
            Ok(threshold) => {
                assert_eq!(Threshold::parse(&threshold.to_string(), of), Ok(threshold));
                assert_ne!(threshold.judge(Some(observed(of))), Truth::Unknown);
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{error:?}");
                assert!(!error.to_string().is_empty());
                assert!(error.help().is_none_or(|it| !it.is_empty()));
            }
        }
    }
});

fn evaluate(condition: &RollbackCondition) {
    let mut all = History::new(Duration::from_secs(3600));
    let mut some = all.clone();
    for (index, (metric, of)) in METRICS.iter().enumerate() {
        all.record(metric, Duration::ZERO, Some(observed(of)));
        some.record(metric, Duration::ZERO, (index % 2 == 0).then(|| observed(of)));
    }
    for now in [0, 30, 3601] {
        let now = Duration::from_secs(now);
        let less = condition.evaluate(&some, now);
        assert!(less == Truth::Unknown || less == condition.evaluate(&all, now), "{condition}");
    }
}
