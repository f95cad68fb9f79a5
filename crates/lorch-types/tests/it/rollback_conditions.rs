//! Rollback conditions: what is one, what is none and why, and that printing loses nothing.

use lorch_types::plan::condition::{ConditionError, Expr, ExprKind, RollbackCondition};
use lorch_types::plan::{
    Amount, Comparison, Decimal, Duration, Metric, MetricType, Metrics, Quantity, Threshold,
    TimeUnit, Unit,
};
use proptest::prelude::*;

/// The metrics that are always there and one of each type.
pub(crate) fn metrics() -> Metrics {
    let mut metrics = Metrics::built_in();
    for (name, of) in [
        ("ready", MetricType::Flag),
        ("disk.used", MetricType::Ratio),
        ("queue_age", MetricType::Duration),
        ("heap", MetricType::Bytes),
        ("retries", MetricType::Rate),
        ("queue_depth", MetricType::Number),
    ] {
        metrics.declare(name.parse().unwrap(), of).unwrap();
    }
    metrics
}

pub(crate) fn parse(text: &str) -> Result<RollbackCondition, ConditionError> {
    RollbackCondition::parse(text, &metrics())
}

/// Checks how a condition is printed.
#[track_caller]
fn check(text: &str, printed: &str) {
    let condition = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(condition.to_string(), printed);
    assert_eq!(parse(printed).as_ref(), Ok(&condition), "{printed}");
}

#[test]
fn conditions_print_with_the_parentheses_they_need() {
    check("error_rate > 1%", "error_rate > 1%");
    check("error_rate > 0.5%", "error_rate > 0.5%");
    check(
        "error_rate>1%&&latency_p99>=250ms for 5m",
        "error_rate > 1% and latency_p99 >= 250ms for 5m",
    );
    check("http_200", "http_200");
    check("! http_200", "not http_200");
    check("not(http_200)", "not http_200");
    check("not (not http_200)", "not (not http_200)");
    check("not error_rate > 1% for 30s", "not error_rate > 1% for 30s");
    check("((ready))", "ready");
    check("ready or http_200 and error_rate > 1%", "ready or http_200 and error_rate > 1%");
    check("(ready or http_200) and error_rate > 1%", "(ready or http_200) and error_rate > 1%");
    check("ready||(http_200||ready)", "ready or (http_200 or ready)");
    check("not (ready and http_200)", "not (ready and http_200)");
    check("(ready)or(http_200)and(ready)", "ready or http_200 and ready");
    check("queue_depth > 5 for 3m or ready", "queue_depth > 5 for 3m or ready");
    check("queue_depth != -1.50\nand\tready", "queue_depth != -1.5 and ready");
    check("disk.used <= 90 %", "disk.used <= 90%");
    check("heap<1.5GiB", "heap < 1.5GiB");
    check("retries == 0/s", "retries == 0/s");
    check("queue_age > 2h", "queue_age > 2h");
    check("latency_p99 > 0.25s", "latency_p99 > 0.25s");
}

#[test]
fn the_conditions_of_the_first_plan_are_read() {
    for (text, part) in [("error_rate > 1%", 10), ("error_rate > 0.5%", 5)] {
        let condition = RollbackCondition::parse(text, &Metrics::built_in()).unwrap();
        let ExprKind::Compare { metric, comparison, quantity, held_for } = &condition.root().kind
        else {
            panic!("{condition:?}");
        };
        assert_eq!((metric, *held_for), (&Metric::ERROR_RATE, None));
        assert_eq!(*comparison, Comparison::Greater);
        assert_eq!(quantity.amount(), Amount::Ratio(part * 1_000_000));
    }
    for (text, part) in [("< 1%", 10), ("< 0.5%", 5)] {
        let threshold = Threshold::parse(text, MetricType::Ratio).unwrap();
        assert_eq!(threshold.comparison, Comparison::Less);
        assert_eq!(threshold.quantity.amount(), Amount::Ratio(part * 1_000_000));
    }
}

#[test]
fn a_long_condition_is_printed_short_enough_to_be_read() {
    let long = vec!["ready"; 70].join("||");
    assert!(long.len() <= RollbackCondition::MAX_LENGTH);
    check(&long, &long);
    let long = format!("queue_depth>5 for 1s&&!ready&&({})", vec!["http_200"; 46].join("||"));
    assert!(long.len() > 480 && long.len() <= RollbackCondition::MAX_LENGTH);
    check(&long, &long);
}

/// Checks why a text is no condition: the text at fault, a word of the message, and the advice.
#[track_caller]
fn check_error(text: &str, fault: &str, word: &str, help: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(&text[error.span.clone()], fault, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    assert_eq!(error.help().unwrap_or_default(), help, "{error}");
}

#[test]
fn mistakes_of_structure_are_told_with_the_bytes_at_fault() {
    check_error(
        "  ",
        "  ",
        "condition is empty",
        "compare a metric with a quantity, such as `error_rate > 1%`",
    );
    check_error("(ready", "", "found the end where `)` should stand", "");
    check_error("ready)", ")", "found `)` where `and` or `or` should stand", "");
    check_error("ready http_200", "http_200", "found `http_200`", "");
    check_error("ready and", "", "found the end where a metric or `(`", "");
    check_error("and ready", "and", "found `and`", "");
    check_error("not not ready", "not", "found `not` where a metric or `(`", "");
    check_error("!!ready", "!", "found `!` where a metric or `(`", "");
    check_error("ready AND http_200", "AND", "`AND` is no part", "write `and`");
    check_error("(ready Or http_200)", "Or", "`Or` is no part", "write `or`");
    check_error("NOT ready", "NOT", "`NOT` is no part", "write `not`");
    check_error("error_rate > 1% FOR 5m", "FOR", "`FOR` is no part", "write `for`");
    check_error("ready & http_200", "&", "`&` is no part", "write `&&`");
    check_error("ready | http_200", "|", "`|` is no part", "write `||`");
    check_error("ready, http_200", ",", "found `,`", "");
    check_error("ready and é", "é", "found `é`", "");
    let stray = "write it after each comparison, such as `error_rate > 1% for 5m`";
    check_error("ready for 5m", "for", "follows a comparison only", stray);
    check_error("(error_rate > 1%) for 5m", "for", "follows a comparison only", stray);
}

#[test]
fn mistakes_in_comparisons_are_told_with_the_bytes_at_fault() {
    check_error(
        "eror_rate > 1%",
        "eror_rate",
        "no metric `eror_rate`",
        "did you mean `error_rate`?",
    );
    check_error("latency > 1s", "latency", "no metric", "did you mean `latency_p99`?");
    check_error(
        "cpu > 1%",
        "cpu",
        "no metric `cpu`",
        "there are `disk.used`, `error_rate`, `heap`, `http_200`, `latency_p99`, `queue_age`, \
         `queue_depth`, `ready` and `retries`",
    );
    check_error("error_rate", "error_rate", "not compared", "write `error_rate > 1%`");
    check_error(
        "not latency_p99 and ready",
        "latency_p99",
        "not compared",
        "write `latency_p99 > 250ms`",
    );
    check_error("error_rate 1%", "1", "found `1` where a comparison", "");
    check_error("error_rate = 1%", "=", "no part", "write `==`");
    check_error("error_rate => 1%", "=>", "no part", "write `>=`");
    check_error("error_rate ≥ 1%", "≥", "no part", "write `>=`");
    check_error("error_rate <> 1%", "<>", "no part", "write `!=`");
    check_error("error_rate above 1%", "above", "no part", "write `>`");
    check_error("1% < error_rate", "1% < error_rate", "on the left", "write `error_rate > 1%`");
    check_error(
        "250 ms >= latency_p99 or ready",
        "250 ms >= latency_p99",
        "on the left",
        "write `latency_p99 <= 250 ms`",
    );
    check_error("1% and ready", "1", "where a metric or `(`", "");
    check_error("error_rate > 1% < 5%", "<", "found `<`", "");
    let flag = "write `http_200` alone, or `not http_200`";
    check_error("http_200 == true", "http_200", "is a flag", flag);
    check_error("http_200 is up", "http_200", "is a flag", flag);
}

#[test]
fn mistakes_in_quantities_are_told_with_the_bytes_at_fault() {
    check_error("error_rate >", "", "found the end where a percentage", "");
    check_error("latency_p99 > slow", "slow", "found `slow` where a duration", "");
    check_error("error_rate > .5%", ".5", "digits on both sides", "write `0.5`");
    check_error("error_rate > 5.%", "5.", "digits on both sides", "write `5`");
    check_error("error_rate > 05%", "05", "leading `0`", "write `5`");
    check_error("queue_depth > 1_000", "1_000", "grouped", "write `1000`");
    check_error("queue_depth > 1e3", "1e3", "exponent", "");
    check_error("queue_depth > 1234567890123456789", "1234567890123456789", "18 digits", "");
    check_error("error_rate > 1pct", "pct", "`pct` is no unit", "write `1%`");
    check_error("latency_p99 > 2sec", "sec", "no unit", "write `2s`");
    check_error("latency_p99 > 2min", "min", "no unit", "write `2m`: `m` is minutes");
    check_error("latency_p99 > 2M", "M", "no unit", "write `2m`: `m` is minutes");
    check_error("latency_p99 > 1d", "d", "no unit", "write `24h`");
    check_error("latency_p99 > 5µs", "µs", "no unit", "write `0.005ms`");
    check_error("latency_p99 > 1.5ns", "ns", "no unit", "write `0.0000015ms`");
    check_error("latency_p99 > 5x", "x", "no unit", "write `5ms`, `5s`, `5m` or `5h`");
    check_error("heap > 2M", "M", "no unit", "write `2MiB`: `MiB` is 2^20 bytes");
    check_error("heap > 2kB", "kB", "no unit", "write `2KiB`: `KiB` is 2^10 bytes");
    check_error("retries > 5rps", "rps", "no unit", "write `5/s`");
    check_error("retries > 5/min", "/min", "no unit", "write `5/s`");
    check_error("queue_depth > 5jobs", "jobs", "no unit", "write `5`");
    check_error("queue_depth > 5for 3m", "for", "no unit", "write `5`");
    check_error("error_rate > 1", "1", "a ratio has a unit, and `1` has none", "write `1%`");
    check_error(
        "error_rate > 0.01",
        "0.01",
        "has a unit",
        "write `1%` for 0.01 of the whole, or `0.01%`",
    );
    check_error(
        "error_rate > 0.5",
        "0.5",
        "has a unit",
        "write `50%` for 0.5 of the whole, or `0.5%`",
    );
    check_error(
        "latency_p99 > 250 or ready",
        "250",
        "a duration has a unit",
        "write `250ms`, `250s`, `250m` or `250h`",
    );
    check_error(
        "latency_p99 > 5%",
        "5%",
        "`5%` is not a duration",
        "write `5ms`, `5s`, `5m` or `5h`",
    );
    check_error("error_rate > 5 ms", "5 ms", "`5 ms` is not a ratio", "write `5%`");
    check_error("heap > 5/s", "5/s", "not a number of bytes", "write `5KiB`, `5MiB` or `5GiB`");
    check_error("queue_depth > 5%", "5%", "not a plain number", "write `5`");
    check_error("error_rate > -1%", "-1%", "negative", "it is never less than nothing");
    check_error(
        "error_rate > 0.00000001%",
        "0.00000001%",
        "no whole number of billionths",
        "write fewer digits behind the point",
    );
    check_error("latency_p99 > 99999999h", "99999999h", "2^64 nanoseconds or more", "");
    check_error("error_rate > 1% for", "", "found the end where a duration", "");
    check_error(
        "error_rate > 1% for ever",
        "ever",
        "begins with a whole number",
        "write `30s` for seconds, `30m` for minutes, `30h` for hours or `30d` for days",
    );
    check_error(
        "error_rate > 1% for 5min or ready",
        "min",
        "found `min` after `5`",
        "write `5m`: `m` is minutes",
    );
    check_error("(error_rate > 1% for 1.5h)", ".5h", "found `.5h`", "write `90m`: `m` is minutes");
}

/// Checks why a text is no threshold.
#[track_caller]
fn check_threshold(text: &str, of: MetricType, fault: &str, word: &str, help: &str) {
    let error = Threshold::parse(text, of).expect_err(text);
    assert_eq!(&text[error.span.clone()], fault, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    assert_eq!(error.help().unwrap_or_default(), help, "{error}");
}

#[test]
fn mistakes_in_thresholds_are_told_with_the_bytes_at_fault() {
    use MetricType::{Duration, Flag, Number, Ratio};
    check_threshold("", Ratio, "", "threshold is empty", "write `< 1%`");
    check_threshold("1%", Ratio, "1", "found `1` where a comparison such as `<`", "");
    check_threshold("error_rate < 1%", Ratio, "error_rate", "found `error_rate`", "");
    check_threshold("< 1% for 5m", Ratio, "for", "found `for` where the end", "");
    check_threshold("< 1", Ratio, "1", "a ratio has a unit", "write `1%`");
    check_threshold("= 5", Number, "=", "no part", "write `==`");
    check_threshold(
        "< 5",
        Duration,
        "5",
        "a duration has a unit",
        "write `5ms`, `5s`, `5m` or `5h`",
    );
    check_threshold(
        "== true",
        Flag,
        "== true",
        "a flag has no threshold",
        "leave `threshold` out: the check passes when the flag is true",
    );
    let long = format!("< 1%{}", " ".repeat(509));
    check_threshold(&long, Ratio, " ", "513 characters, the limit is 512", "");
}

#[test]
fn length_and_nesting_are_limited() {
    let nested = |depth: usize| format!("{}ready{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(RollbackCondition::MAX_DEPTH)).is_ok());
    check_error(&nested(RollbackCondition::MAX_DEPTH + 1), "(", "deeper than 32", "");
    check_error(&format!("{}ready", "(not ".repeat(17)), "(", "deeper than 32", "");
    check_error(&format!("not {}ready", "(not ".repeat(16)), "not", "deeper than 32", "");
    let padded = |length: usize| format!("{:length$}", "ready");
    assert!(parse(&padded(512)).is_ok());
    check_error(&padded(513), " ", "513 characters, the limit is 512", "");
    // Characters, not bytes.
    let error = parse(&"é".repeat(512)).unwrap_err();
    assert!(error.to_string().contains("found `é`"), "{error}");
    for hostile in ["(", "!", "not ", "!(", "ready or (", "1% < ", "error_rate > "] {
        assert!(parse(&hostile.repeat(200_000)).is_err(), "{hostile}");
        assert!(parse(&hostile.repeat(512 / hostile.len())).is_err(), "{hostile}");
    }
}

#[test]
fn atoms_are_visited_in_order() {
    let condition = parse("ready or not (error_rate > 1% and http_200)").unwrap();
    let mut names = Vec::new();
    condition.each_atom(&mut |atom| {
        if let ExprKind::Flag(metric) | ExprKind::Compare { metric, .. } = &atom.kind {
            names.push((metric.as_str(), atom.span.clone()));
        }
    });
    assert_eq!(names, [("ready", 0..5), ("error_rate", 14..29), ("http_200", 34..42)]);
    let condition = parse("http_200 or error_rate > 5% or (http_200 and error_rate > 1%)").unwrap();
    assert_eq!(condition.metrics(), [&Metric::HTTP_200, &Metric::ERROR_RATE]);
}

#[test]
fn metrics_are_declared_once() {
    let mut metrics = metrics();
    let error = metrics.declare(Metric::ERROR_RATE, MetricType::Number).unwrap_err();
    assert_eq!(error.to_string(), "the metric `error_rate` is there already, of type `ratio`");
    assert_eq!(metrics.get("error_rate"), Some(MetricType::Ratio));
    assert_eq!(metrics.get("nothing"), None);
    for metric in [Metric::ERROR_RATE, Metric::LATENCY_P99, Metric::HTTP_200] {
        assert_eq!(metric.as_str().parse(), Ok(metric));
    }
}

#[test]
fn metric_names() {
    let long = "m".repeat(64);
    crate::identifiers::check::<Metric>(
        &["a", "_", "error_rate", "http.server.errors", "A1", "android", "nota", long.as_str()],
        &["", "1a", "a-b", "a.", ".a", "a..b", "and", "OR", "Not", "for", "é", &"m".repeat(65)],
    );
}

/// A comparison of any metric with any quantity of its type, or a flag.
fn atom() -> impl Strategy<Value = ExprKind> {
    let metrics: Vec<(Metric, MetricType)> =
        metrics().iter().map(|(metric, of)| (metric.clone(), of)).collect();
    let number = prop_oneof![(0..1000_i64, 0..3_u8), (0..1_000_000_000_000_i64, 0..9_u8)]
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap());
    let units = prop::sample::select(Unit::ALL.to_vec());
    let time = (0..=Duration::MAX_COUNT, prop::sample::select(TimeUnit::ALL.to_vec()))
        .prop_map(|(count, unit)| Duration::new(count, unit).unwrap());
    let comparison = prop::sample::select(Comparison::ALL.to_vec());
    let metric = prop::sample::select(metrics);
    (metric, comparison, number, units, prop::option::of(time)).prop_filter_map(
        "amounts are exact, and of the metric's type",
        |((metric, of), comparison, number, unit, held_for)| {
            if of == MetricType::Flag {
                return Some(ExprKind::Flag(metric));
            }
            let unit = (of != MetricType::Number).then(|| {
                let mut units = Unit::ALL.into_iter().filter(|it| it.of() == of);
                if unit.of() == of { Some(unit) } else { units.next() }
            });
            let quantity = Quantity::new(number, unit.flatten()).ok()?;
            Some(ExprKind::Compare { metric, comparison, quantity, held_for })
        },
    )
}

/// Any expression a few levels deep.
pub(crate) fn expr() -> impl Strategy<Value = Expr> {
    let node = |kind| Expr { kind, span: 0..0 };
    atom()
        .prop_recursive(4, 16, 3, move |inner| {
            let inner = inner.prop_map(node);
            let several = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                inner.prop_map(|it| ExprKind::Not(Box::new(it))),
                several.clone().prop_map(ExprKind::All),
                several.prop_map(ExprKind::Any),
            ]
        })
        .prop_map(node)
}

/// One of the many ways to write an expression, by `choices`: words or signs, space or none, more
/// parentheses than it needs.
fn spelt(expr: &Expr, binding: usize, choices: &mut impl Iterator<Item = usize>) -> String {
    let mut pick = |from: &[&str]| from[choices.next().unwrap_or_default() % from.len()].to_owned();
    let (text, own) = match &expr.kind {
        ExprKind::Flag(metric) => (metric.to_string(), 3),
        ExprKind::Compare { metric, comparison, quantity, held_for } => {
            let (before, after, inside) = (pick(&["", " "]), pick(&["", "\n"]), pick(&["", " "]));
            let (number, unit) = (quantity.number(), quantity.unit().map_or("", Unit::as_str));
            let zeros = if number.scale() > 0 { pick(&["", "00"]) } else { pick(&["", ".0"]) };
            let held = held_for.map(|held| format!("{}for\t{held}", pick(&[" ", "  "])));
            let held = held.unwrap_or_default();
            (format!("{metric}{before}{comparison}{after}{number}{zeros}{inside}{unit}{held}"), 3)
        }
        ExprKind::Not(inner) => {
            let sign = pick(&["!", "! ", "not "]);
            (format!("{sign}{}", spelt(inner, 3, choices)), 2)
        }
        ExprKind::All(operands) => {
            let operator = pick(&["&&", " && ", " and "]);
            let operands: Vec<_> = operands.iter().map(|it| spelt(it, 2, choices)).collect();
            (operands.join(&operator), 1)
        }
        ExprKind::Any(operands) => {
            let operator = pick(&["||", " || ", " or "]);
            let operands: Vec<_> = operands.iter().map(|it| spelt(it, 1, choices)).collect();
            (operands.join(&operator), 0)
        }
    };
    match choices.next().unwrap_or_default() % 4 {
        _ if own < binding => format!("({text})"),
        0 => format!("( {text} )"),
        _ => text,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_give_the_same_condition(expr in expr()) {
        let text = expr.to_string();
        match parse(&text) {
            Ok(condition) => prop_assert_eq!(condition.root(), &expr, "{}", text),
            Err(error) => prop_assert!(error.to_string().contains("the limit is 512"), "{}", error),
        }
    }

    #[test]
    fn every_way_to_write_a_condition_is_read_the_same(
        expr in expr(),
        choices in prop::collection::vec(0..12_usize, 200),
    ) {
        let text = spelt(&expr, 0, &mut choices.into_iter());
        match parse(&text) {
            Ok(condition) => prop_assert_eq!(condition.root(), &expr, "{}", text),
            Err(error) => prop_assert!(error.to_string().contains("the limit is 512"), "{}", error),
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(
        text in "([-a-z0-9.%/<>=!&|() ]|ready|error_rate|queue_depth| and | or |not | for 5m|> 1%|é){0,40}",
    ) {
        match parse(&text) {
            Ok(condition) => {
                let printed = condition.to_string();
                prop_assert_eq!(parse(&printed), Ok(condition.clone()), "{}", printed);
                condition.each_atom(&mut |atom| assert!(text.get(atom.span.clone()).is_some()));
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert!(!error.to_string().is_empty());
                prop_assert!(error.help().is_none_or(|help| !help.is_empty()));
            }
        }
    }
}
