//! Conditions over what was observed: three-valued logic, and comparisons that hold for a while.

use std::time::Duration;

use lorch_types::plan::condition::RollbackCondition;
use lorch_types::plan::{Decimal, History, Metric, MetricType, Observed, Truth};
use proptest::prelude::*;

use crate::rollback_conditions::{expr, metrics, parse};

const FRESH: Duration = Duration::from_secs(60);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failed(part: u64, whole: u64) -> Option<Observed> {
    Some(Observed::Ratio { part, whole })
}

/// Checks a condition at a moment in seconds, over samples of `error_rate` (failed of 500) at moments
/// in seconds.
#[track_caller]
fn check(condition: &str, samples: &[(u64, Option<u64>)], now: u64, expected: Truth) {
    let mut history = History::new(FRESH);
    for (at, part) in samples {
        let observed = part.and_then(|part| failed(part, 500));
        history.record(&Metric::ERROR_RATE, seconds(*at), observed);
    }
    assert_eq!(parse(condition).unwrap().evaluate(&history, seconds(now)), expected);
}

#[test]
fn the_latest_observation_decides() {
    check("error_rate > 1%", &[(0, Some(5))], 0, Truth::False);
    check("error_rate > 1%", &[(0, Some(6))], 0, Truth::True);
    check("error_rate > 1%", &[(0, Some(5)), (10, Some(6))], 9, Truth::False);
    check("error_rate > 1%", &[(0, Some(5)), (10, Some(6))], 10, Truth::True);
    check("error_rate > 1%", &[(0, Some(6)), (0, Some(5))], 0, Truth::False);
}

#[test]
fn what_was_not_observed_is_unknown() {
    check("error_rate > 1%", &[], 0, Truth::Unknown);
    check("error_rate > 1%", &[(10, Some(6))], 9, Truth::Unknown);
    check("error_rate > 1%", &[(0, Some(6)), (10, None)], 10, Truth::Unknown);
    check("error_rate > 1%", &[(0, Some(6))], 60, Truth::True);
    check("error_rate > 1%", &[(0, Some(6))], 61, Truth::Unknown);
    check("not error_rate > 1%", &[], 0, Truth::Unknown);
    check("error_rate > 1% or not error_rate > 1%", &[], 0, Truth::Unknown);
    check("error_rate > 1% and http_200", &[(0, Some(5))], 0, Truth::False);
    check("error_rate > 1% or http_200", &[(0, Some(6))], 0, Truth::True);
    check("error_rate > 1% or http_200", &[(0, Some(5))], 0, Truth::Unknown);
    let mut history = History::new(FRESH);
    history.record(&Metric::ERROR_RATE, seconds(0), failed(0, 0));
    let condition = parse("error_rate > 1%").unwrap();
    assert_eq!(condition.evaluate(&history, seconds(0)), Truth::Unknown);
}

#[test]
fn a_comparison_holds_for_a_while_when_nothing_interrupts_it() {
    let condition = "error_rate > 1% for 2m";
    let every_half_minute =
        [(0, Some(6)), (30, Some(7)), (60, Some(8)), (90, Some(9)), (120, Some(6))];
    check(condition, &every_half_minute, 119, Truth::Unknown);
    check(condition, &every_half_minute, 120, Truth::True);
    // What was before the first observation is unknown; what was seen not to hold is false.
    check(condition, &every_half_minute[1..], 120, Truth::Unknown);
    let interrupted = [(0, Some(6)), (30, Some(5)), (60, Some(8)), (90, Some(9)), (120, Some(6))];
    check(condition, &interrupted, 120, Truth::False);
    check(condition, &interrupted, 179, Truth::False);
    check(condition, &interrupted, 180, Truth::True);
    let failed_probe = [(0, Some(6)), (30, None), (60, Some(8)), (90, Some(9)), (120, Some(6))];
    check(condition, &failed_probe, 120, Truth::Unknown);
    check(condition, &failed_probe, 180, Truth::True);
    // Nobody looked for 70 seconds.
    let away = [(0, Some(6)), (30, Some(6)), (100, Some(6)), (120, Some(6))];
    check(condition, &away, 120, Truth::Unknown);
    // One observation that does not hold decides, whatever is unknown beside it.
    check(condition, &[(100, Some(5)), (110, None)], 120, Truth::False);
    check(condition, &[(110, None), (120, Some(5))], 120, Truth::False);
    // A stale observation says nothing about later moments.
    check("error_rate > 1% for 10s", &[(0, Some(5)), (100, Some(6))], 100, Truth::Unknown);
    check("error_rate > 1% for 0s", &[(0, Some(5)), (100, Some(6))], 100, Truth::True);
}

#[test]
fn conditions_say_how_far_back_they_look() {
    let horizon = |text: &str| parse(text).unwrap().horizon();
    assert_eq!(horizon("error_rate > 1%"), Duration::ZERO);
    assert_eq!(horizon("error_rate > 1% for 5m or not latency_p99 > 1s for 2h"), seconds(7200));
}

#[test]
fn flags_hold_when_they_are_true() {
    let condition = parse("not ready").unwrap();
    let ready: Metric = "ready".parse().unwrap();
    for (observed, expected) in [
        (Some(Observed::Flag(true)), Truth::False),
        (Some(Observed::Flag(false)), Truth::True),
        (Some(Observed::Bytes(1)), Truth::Unknown),
        (None, Truth::Unknown),
    ] {
        let mut history = History::new(FRESH);
        history.record(&ready, seconds(1), observed);
        assert_eq!(condition.evaluate(&history, seconds(1)), expected);
    }
}

#[test]
fn truth_values_keep_the_laws_of_kleene() {
    use Truth::{False, True, Unknown};
    let table = [
        (False, [False, False, False], [False, Unknown, True]),
        (Unknown, [False, Unknown, Unknown], [Unknown, Unknown, True]),
        (True, [False, Unknown, True], [True, True, True]),
    ];
    for (a, and, or) in table {
        assert_eq!(Truth::ALL.map(|b| a & b), and, "{a} and");
        assert_eq!(Truth::ALL.map(|b| a | b), or, "{a} or");
        assert_eq!(!!a, a);
        for b in Truth::ALL {
            assert_eq!(!(a & b), !a | !b);
            assert_eq!(!(a | b), !a & !b);
            assert_eq!((a & b, a | b), (b & a, b | a));
            assert_eq!((a & (a | b), a | (a & b)), (a, a));
            for c in Truth::ALL {
                assert_eq!((a & (b & c), a | (b | c)), ((a & b) & c, (a | b) | c));
                assert_eq!((a & (b | c), a | (b & c)), ((a & b) | (a & c), (a | b) & (a | c)));
            }
        }
    }
}

/// Something that may be observed of a metric of this type.
fn observed(of: MetricType) -> BoxedStrategy<Observed> {
    let count = || prop_oneof![0..10_u64, any::<u64>()];
    let length = || (count(), 0..1_000_000_000_u32).prop_map(|(s, nanos)| Duration::new(s, nanos));
    match of {
        MetricType::Flag => any::<bool>().prop_map(Observed::Flag).boxed(),
        MetricType::Ratio => {
            (count(), count()).prop_map(|(part, whole)| Observed::Ratio { part, whole }).boxed()
        }
        MetricType::Duration => length().prop_map(Observed::Duration).boxed(),
        MetricType::Bytes => count().prop_map(Observed::Bytes).boxed(),
        MetricType::Rate => {
            (count(), length()).prop_map(|(count, over)| Observed::Rate { count, over }).boxed()
        }
        MetricType::Number => {
            (-1000..1000_i32).prop_map(|it| Observed::Number(Decimal::from(it))).boxed()
        }
    }
}

/// Observations of all metrics: which, when in seconds, and what.
fn samples() -> impl Strategy<Value = Vec<(Metric, u64, Observed, bool)>> {
    let all: Vec<(Metric, MetricType)> = metrics().iter().map(|(m, of)| (m.clone(), of)).collect();
    let sample = prop::sample::select(all)
        .prop_flat_map(|(metric, of)| (Just(metric), 0..300_u64, observed(of), any::<bool>()));
    prop::collection::vec(sample, 0..40)
}

/// A condition that can be read back from its text.
fn condition() -> impl Strategy<Value = RollbackCondition> {
    expr().prop_filter_map("it is short enough", |expr| parse(&expr.to_string()).ok())
}

/// The same text with every `for` of at most ten minutes.
fn watched() -> impl Strategy<Value = RollbackCondition> {
    let atoms = prop::sample::select(vec![
        "error_rate > 1% for 1m",
        "error_rate > 1%",
        "queue_depth >= 0 for 90s",
        "latency_p99 < 3s for 5m",
        "not ready",
        "http_200",
        "heap != 1KiB for 0s",
    ]);
    prop::collection::vec((atoms, any::<bool>()), 1..5).prop_map(|atoms| {
        let text: Vec<String> = atoms
            .into_iter()
            .map(|(atom, or)| format!("{atom} {}", if or { "or" } else { "and" }))
            .collect();
        let text = text.join(" ");
        parse(text.trim_end_matches(" or").trim_end_matches(" and")).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn knowing_more_never_changes_what_was_known(
        condition in prop_oneof![watched(), condition()],
        samples in samples(),
        now in 0..400_u64,
    ) {
        let mut less = History::new(FRESH);
        let mut more = History::new(FRESH);
        for (metric, at, observed, known) in samples {
            less.record(&metric, seconds(at), known.then_some(observed));
            more.record(&metric, seconds(at), Some(observed));
        }
        let (less, more) =
            (condition.evaluate(&less, seconds(now)), condition.evaluate(&more, seconds(now)));
        prop_assert!(less == Truth::Unknown || less == more, "{}: {} and {}", condition, less, more);
    }

    #[test]
    fn conditions_keep_the_laws_of_their_operators(
        a in prop_oneof![watched(), condition()],
        b in watched(),
        samples in samples(),
        now in 0..400_u64,
    ) {
        let mut history = History::new(FRESH);
        for (metric, at, observed, known) in samples {
            history.record(&metric, seconds(at), known.then_some(observed));
        }
        let value = |text: String| match parse(&text) {
            Ok(condition) => Some(condition.evaluate(&history, seconds(now))),
            Err(_) => None,
        };
        let (x, y) = (a.evaluate(&history, seconds(now)), b.evaluate(&history, seconds(now)));
        for (text, expected) in [
            (format!("not ({a})"), !x),
            (format!("not (not ({a}))"), x),
            (format!("({a}) and ({b})"), x & y),
            (format!("({a}) or ({b})"), x | y),
            (format!("not (({a}) and ({b}))"), !x | !y),
            (format!("not (({a}) or ({b}))"), !x & !y),
        ] {
            prop_assert!(value(text).is_none_or(|it| it == expected));
        }
    }

    /// The definition, moment by moment: samples at even seconds, moments at all.
    #[test]
    fn holding_for_a_while_is_holding_at_every_moment(
        samples in prop::collection::vec((0..30_u64, prop::option::of(0..2_u64)), 0..12),
        fresh in 0..15_u64,
        now in 0..40_u64,
        length in 0..30_u64,
    ) {
        let mut samples: Vec<_> = samples.into_iter().map(|(at, it)| (at * 2, it)).collect();
        samples.sort_by_key(|(at, _)| *at);
        let (fresh, now, length) = (fresh * 2, now * 2, length * 2);
        let mut history = History::new(seconds(fresh));
        for (at, part) in &samples {
            history.record(&Metric::ERROR_RATE, seconds(*at), part.and_then(|part| failed(part, 1)));
        }
        let at = |moment: i64| {
            let latest = samples.iter().rfind(|(at, _)| i64::try_from(*at).unwrap() <= moment);
            match latest {
                Some((at, Some(part))) if moment <= i64::try_from(at + fresh).unwrap() => {
                    Truth::from(*part > 0)
                }
                _ => Truth::Unknown,
            }
        };
        let (last, length_signed) = (i64::try_from(now).unwrap(), i64::try_from(length).unwrap());
        let expected = (last - length_signed..=last).fold(Truth::True, |all, it| all & at(it));
        let text = format!("error_rate > 50% for {length}s");
        let condition = parse(&text).unwrap();
        prop_assert_eq!(condition.evaluate(&history, seconds(now)), expected);
        // What is forgotten beyond the horizon is not missed.
        if let Some(start) = seconds(now).checked_sub(condition.horizon()) {
            history.forget_before(start);
            prop_assert_eq!(condition.evaluate(&history, seconds(now)), expected);
        }
    }

    #[test]
    fn no_history_makes_evaluating_panic(
        condition in condition(),
        samples in samples(),
        extreme in any::<(u64, u64)>(),
    ) {
        let mut history = History::new(seconds(extreme.0));
        for (metric, at, observed, known) in samples {
            let at = if known { seconds(at) } else { Duration::MAX };
            history.record(&metric, at, known.then_some(observed));
        }
        for now in [Duration::ZERO, seconds(extreme.1), Duration::MAX] {
            let _: Truth = condition.evaluate(&history, now);
        }
        history.forget_before(Duration::MAX);
    }
}
