//! Timestamps: what is one, what it means, how it is written.

use std::time::Duration;

use lorch_types::Timestamp;
use proptest::prelude::*;

#[test]
fn timestamps_are_written_in_utc() {
    for (text, written) in [
        ("2025-10-20T14:08:18.123Z", "2025-10-20T14:08:18.123Z"),
        ("2025-10-20T14:08:18Z", "2025-10-20T14:08:18Z"),
        ("2025-10-20T14:08:18.0Z", "2025-10-20T14:08:18Z"),
        ("2025-10-20T14:08:18.1Z", "2025-10-20T14:08:18.100Z"),
        ("2025-10-20T14:08:18.12Z", "2025-10-20T14:08:18.120Z"),
        ("2025-10-20T14:08:18.1234Z", "2025-10-20T14:08:18.123400Z"),
        ("2025-10-20T14:08:18.123456Z", "2025-10-20T14:08:18.123456Z"),
        ("2025-10-20T14:08:18.123456789Z", "2025-10-20T14:08:18.123456789Z"),
        ("2025-10-20T14:08:18+00:00", "2025-10-20T14:08:18Z"),
        ("2025-10-20T14:08:18-00:00", "2025-10-20T14:08:18Z"),
        ("2025-10-20T14:08:18+02:00", "2025-10-20T12:08:18Z"),
        ("2025-10-20T14:08:18-05:30", "2025-10-20T19:38:18Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        // In UTC these have no year of four digits.
        ("0000-01-01T00:00:00+01:00", "0000-01-01T00:00:00+01:00"),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
    ] {
        let timestamp: Timestamp = text.parse().unwrap();
        assert_eq!(timestamp.to_string(), written, "{text}");
        assert_eq!(written.parse(), Ok(timestamp), "{text}");
    }
}

#[test]
fn what_is_no_timestamp_is_refused() {
    for text in [
        "",
        "2025-10-20",
        "2025-10-20T14:08:18",
        "2025-10-20 14:08:18Z",
        "2025-10-20t14:08:18Z",
        "2025-10-20T14:08:18z",
        "2025-10-20T14:08:60Z",
        "2025-10-20T24:00:00Z",
        "2025-10-20T14:60:00Z",
        "2025-10-20T14:08Z",
        "2025-10-20T14:08:18.Z",
        "2025-10-20T14:08:18.1234567890Z",
        "2025-10-20T14:08:18,5Z",
        "2025-10-20T14:08:18+0200",
        "2025-10-20T14:08:18+2:00",
        "2025-10-20T14:08:18+24:00",
        "2025-10-20T14:08:18+02:60",
        "2025-10-20T14:08:18 Z",
        " 2025-10-20T14:08:18Z",
        "2025-10-20T14:08:18Z\n",
        "2025-1-1T0:0:0Z",
        "+12025-10-20T14:08:18Z",
        "-2025-10-20T14:08:18Z",
        "12025-10-20T14:08:18Z",
        "2025-00-20T14:08:18Z",
        "2025-13-20T14:08:18Z",
        "2025-10-00T14:08:18Z",
        "2025-10-32T14:08:18Z",
        "2025-04-31T14:08:18Z",
        "2025-02-29T14:08:18Z",
        "1900-02-29T14:08:18Z",
        "2100-02-29T14:08:18Z",
        "2024-02-30T14:08:18Z",
        "２025-10-20T14:08:18Z",
        "2025-10-20T14:08:18\u{2212}02:00",
    ] {
        let error = text.parse::<Timestamp>().unwrap_err();
        assert!(error.rule().contains("RFC 3339"), "{text}");
    }
}

#[test]
fn equal_moments_are_equal_and_ordered() {
    let parse = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(parse("2025-10-20T14:08:18+02:00"), parse("2025-10-20T12:08:18.000Z"));
    assert!(parse("2025-10-20T14:08:18+02:00") < parse("2025-10-20T12:08:18.000000001Z"));
    let (early, late) = (parse("2025-10-20T12:00:00.5Z"), parse("2025-10-20T12:00:02Z"));
    assert_eq!((late.millis_since(early), early.millis_since(late)), (1500, 0));
}

#[test]
fn milliseconds_since_1970() {
    let moment = Timestamp::from_unix_millis(1_760_969_298_123).unwrap();
    assert_eq!(moment.to_string(), "2025-10-20T14:08:18.123Z");
    assert_eq!(moment.unix_millis(), 1_760_969_298_123);
    let last = Timestamp::from_unix_millis(253_402_300_799_999).unwrap();
    assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
    assert_eq!(Timestamp::from_unix_millis(253_402_300_800_000), None);
    assert_eq!(Timestamp::from_unix_millis(u64::MAX), None);
}

proptest! {
    #[test]
    fn every_millisecond_is_written_and_read_back(millis in 0..253_402_300_800_000_u64) {
        let moment = Timestamp::from_unix_millis(millis).unwrap();
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
    }
}

#[test]
fn a_later_moment_is_one_of_the_years_that_there_are() {
    let later = |text: &str, by| text.parse::<Timestamp>().unwrap().saturating_add(by).to_string();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert_eq!(later("2026-07-01T23:59:59.5Z", hours(2)), "2026-07-02T01:59:59.500Z");
    assert_eq!(later("2026-07-01T00:00:00Z", Duration::ZERO), "2026-07-01T00:00:00Z");
    assert_eq!(later("2026-07-01T00:00:00Z", Duration::MAX), "9999-12-31T23:59:59.999Z");
    assert_eq!(later("1969-01-01T00:00:00Z", hours(1)), "1970-01-01T01:00:00Z");
}
