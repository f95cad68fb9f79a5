//! Durations: what is one, what is none and why, and that nothing is rounded.

use lorch_types::plan::{Duration, DurationError, DurationField, TimeUnit};
use proptest::prelude::*;

const PATTERN: &str = "^(0|[1-9][0-9]{0,6})(s|m|h|d)$";

/// Checks that `text` is a duration of so many nanoseconds, and is written as it was read.
#[track_caller]
fn check(text: &str, nanos: u128) {
    let duration: Duration = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(duration.nanos(), nanos);
    assert_eq!(std::time::Duration::from(duration).as_nanos(), nanos);
    assert_eq!(duration.to_string(), text);
}

#[test]
fn durations_are_exact() {
    check("0s", 0);
    check("0d", 0);
    check("30s", 30_000_000_000);
    check("5m", 300_000_000_000);
    check("30m", 1_800_000_000_000);
    check("2h", 7_200_000_000_000);
    check("1d", 86_400_000_000_000);
    check("9999999s", 9_999_999_000_000_000);
    check("9999999d", 863_999_913_600_000_000_000);
}

/// Checks why a text is no duration: the text at fault, a word of the message, and the advice.
#[track_caller]
fn check_error(
    result: Result<Duration, DurationError>,
    text: &str,
    fault: &str,
    word: &str,
    help: &str,
) {
    let error = result.expect_err(text);
    assert_eq!(&text[error.span.clone()], fault, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    assert_eq!(error.help().unwrap_or_default(), help, "{error}");
}

#[test]
fn mistakes_are_told_with_the_bytes_at_fault() {
    #[track_caller]
    fn check(text: &str, fault: &str, word: &str, help: &str) {
        check_error(text.parse(), text, fault, word, help);
    }
    let units = |n: &str| {
        format!("write `{n}s` for seconds, `{n}m` for minutes, `{n}h` for hours or `{n}d` for days")
    };
    check("", "", "is empty", &units("30"));
    check("30", "30", "`30` has no unit", &units("30"));
    check("500ms", "ms", "found `ms` after `500`", &units("500"));
    check("5min", "min", "found `min`", "write `5m`: `m` is minutes");
    check("30M", "M", "one of `s`, `m`, `h` and `d`", "write `30m`: `m` is minutes");
    check("30 s", " s", "found ` s`", "write `30s`: `s` is seconds");
    check("30s ", "s ", "found `s `", "write `30s`: `s` is seconds");
    check("30s\n", "s\n", "found `s\\n`", "write `30s`: `s` is seconds");
    check(" 30s", " 30s", "begins with a whole number", "write `30s`");
    check("1.5h", ".5h", "whole number", "write `90m`: `m` is minutes");
    check("1h30m", "h30m", "found `h30m`", "write `90m`: `m` is minutes");
    check("1 hour 30 minutes", " hour 30 minutes", "after `1`", "write `90m`: `m` is minutes");
    check("PT30M", "PT30M", "found `PT30M`", "write `30m`");
    check("P1M", "P1M", "found `P1M`", &units("30"));
    check("-5m", "-5m", "begins with a whole number", &units("30"));
    check("m", "m", "begins with a whole number", &units("30"));
    check("soon", "soon", "found `soon`", &units("30"));
    check("05m", "05", "leading `0`", "write `5m`");
    check("00s", "00", "leading `0`", "write `0s`");
    check("010000000s", "010000000", "the seven", "take a larger unit");
    check("10000000s", "10000000", "the seven", "take a larger unit");
    check("99999999999999999999s", "99999999999999999999", "the seven", "take a larger unit");
    check("٣s", "٣s", "begins with a whole number", &units("30"));
    let long = "x".repeat(100_000);
    let error = long.parse::<Duration>().unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn each_field_has_its_units() {
    use DurationField::{EstimatedDuration, Timeout, WaitTime};
    for (field, allowed) in [(WaitTime, "smh"), (Timeout, "sm"), (EstimatedDuration, "mhd")] {
        for unit in TimeUnit::ALL {
            let text = format!("120{unit}");
            let parsed = field.parse(&text);
            assert_eq!(parsed.is_ok(), allowed.contains(unit.as_str()), "{field} {text}");
        }
    }
    #[track_caller]
    fn check(field: DurationField, text: &str, fault: &str, word: &str, help: &str) {
        check_error(field.parse(text), text, fault, word, help);
    }
    check(WaitTime, "2d", "d", "`wait_time` is not given in days", "write `48h`");
    check(Timeout, "1h", "h", "`timeout` is not given in hours", "write `60m`");
    check(EstimatedDuration, "7200s", "s", "is not given in seconds", "write `2h`");
    check(
        EstimatedDuration,
        "90s",
        "s",
        "is not given in seconds",
        "its unit is `m` for minutes, `h` for hours or `d` for days",
    );
    check(WaitTime, "02d", "02", "leading `0`", "write `48h`");
    check(Timeout, "30", "30", "no unit", "write `30s` for seconds or `30m` for minutes");
    check(Timeout, "2hours", "hours", "found `hours`", "write `120m`: `m` is minutes");
    check(
        WaitTime,
        "",
        "",
        "is empty",
        "write `30s` for seconds, `30m` for minutes or `30h` for hours",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_duration_is_what_the_pattern_says(text in "[-+0-9smhdSMHP. \n]{0,10}|[0-9]{1,8}[smhd]") {
        let schema = serde_json::json!({ "pattern": PATTERN, "not": { "pattern": "\\n" } });
        let by_pattern = jsonschema::draft7::new(&schema).unwrap().is_valid(&text.clone().into());
        match text.parse::<Duration>() {
            Ok(duration) => {
                prop_assert!(by_pattern);
                prop_assert_eq!(duration.to_string(), text);
            }
            Err(error) => {
                prop_assert!(!by_pattern, "{}", error);
                prop_assert!(text.get(error.span.clone()).is_some());
            }
        }
    }

    #[test]
    fn what_is_advised_can_be_written(
        text in "[0-9]{0,9}[ .]?[0-9]{0,3} ?(s|m|h|d|sec|min|M|hours|x|)[0-9]{0,3}(s|m|h|)",
        field in prop::sample::select(DurationField::ALL.to_vec()),
    ) {
        if let Err(error) = field.parse(&text) {
            let help = error.help().unwrap_or_default();
            if let Some(advice) = help.strip_prefix("write ") {
                let meant = advice.split('`').nth(1).unwrap_or_default();
                prop_assert!(field.parse(meant).is_ok(), "{}: {}", text, help);
            }
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in any::<String>()) {
        if let Err(error) = text.parse::<Duration>() {
            prop_assert!(text.get(error.span.clone()).is_some());
            prop_assert!(!error.to_string().is_empty() && error.help().is_some());
        }
    }
}
