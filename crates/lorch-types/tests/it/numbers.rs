//! Numbers: how they are read, written, compared and digested.

use std::cmp::Ordering;

use lorch_types::Digest;
use lorch_types::json::{self, Limits, Number, Value, canonical};
use proptest::prelude::*;

use crate::arbitrary;

/// Each row is one number: its canonical text, then other spellings of it.
const NUMBERS: &[&[&str]] = &[
    &["0", "-0", "0.0", "-0.0", "0e0", "0e999999999999999999999", "0.000e-5", "-0E+400"],
    &["1", "1.0", "1.000", "1e0", "10e-1", "0.1e1", "100E-2"],
    &["-1", "-1.0", "-10e-1", "-0.1E+1"],
    &["10", "1e1", "1E+1", "100e-1"],
    &["1000", "1e3", "1.000e3", "0.001e6"],
    &["9007199254740991", "9007199254740991.0", "9.007199254740991e15"],
    &["9007199254740992", "9007199254740992.0", "9.007199254740992e15"],
    &["9007199254740993", "9007199254740993.0", "9.007199254740993e15", "90071992547409930e-1"],
    &["9223372036854775807", "9223372036854775807.0", "922337203685477580.7e1"],
    &["9223372036854775808", "9223372036854775808.0"],
    &["18446744073709551615", "18446744073709551615.0", "1.8446744073709551615e19"],
    &["1.8446744073709552e+19", "18446744073709551616.0", "1.8446744073709552e19"],
    &["1e+20", "1e20", "100000000000000000000.0", "10E19"],
    &["1e+21", "1e21", "1.0e21"],
    &["1.7976931348623157e+308", "1.7976931348623157e308"],
    &["-9223372036854775808", "-9223372036854775808.0"],
    // The next float below the range of `i64`: without an exponent nobody could read it back.
    &["-9.223372036854778e+18", "-9.223372036854778e18", "-9223372036854777856.0"],
    &["-1e+20", "-1e20"],
    &["0.1", "1e-1", "0.10", "0.1000000000000000055511151231257827"],
    &["0.5", "5e-1", "0.50"],
    &["-0.5", "-5e-1"],
    &["1.5", "15e-1", "1.50"],
    &["0.000001", "1e-6"],
    &["1e-7", "0.0000001"],
    &["5e-324", "4.9e-324", "3e-324"],
    &["2.2250738585072014e-308"],
    &["333333333.3333333", "333333333.33333329"],
    &["2251799813685248.5", "22517998136852485e-1"],
];

fn read(text: &str) -> Number {
    json::read(text.as_bytes(), Limits::default()).unwrap().as_number().unwrap()
}

#[test]
fn every_spelling_of_a_number_is_that_number() {
    let spellings: usize = NUMBERS.iter().map(|row| row.len()).sum();
    assert!(spellings >= 60, "{spellings}");
    let mut digests = Vec::new();
    for row in NUMBERS {
        let first = read(row[0]);
        for text in *row {
            let number = read(text);
            assert_eq!(number, first, "{text}");
            assert_eq!(canonical(&Value::from(number)), row[0], "{text}");
            assert_eq!(number.to_string(), row[0], "{text}");
            assert_eq!(number.cmp(&first), Ordering::Equal, "{text}");
        }
        digests.push(Digest::of(&Value::from(first)));
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), NUMBERS.len());
}

#[test]
fn numbers_that_nothing_holds_exactly_are_refused() {
    for (text, word) in [
        ("18446744073709551616", "beyond 64 bits"),
        ("-9223372036854775809", "beyond 64 bits"),
        ("1e309", "too large"),
        ("-1e400", "too large"),
        ("1e99999999999999999999", "too large"),
        ("1e-400", "become 0"),
        ("2e-324", "become 0"),
        ("-1e-99999999999999999999", "become 0"),
    ] {
        let error = json::read(format!("[{text}]").as_bytes(), Limits::default()).unwrap_err();
        assert_eq!((error.code().0, error.offset), ("L0005", 1), "{text}");
        assert!(error.to_string().contains(word), "{text}: {error}");
    }
}

#[test]
fn the_types_of_rust_that_hold_a_number_say_so() {
    for (text, signed, unsigned) in [
        ("-9223372036854775808", Some(i64::MIN), None),
        ("-1", Some(-1), None),
        ("0", Some(0), Some(0)),
        ("9223372036854775807", Some(i64::MAX), Some(1 << 63 ^ u64::MAX)),
        ("9223372036854775808", None, Some(1 << 63)),
        ("18446744073709551615", None, Some(u64::MAX)),
        ("0.5", None, None),
        ("1e20", None, None),
    ] {
        let number = read(text);
        assert_eq!((number.as_i64(), number.as_u64()), (signed, unsigned), "{text}");
        assert_eq!(number.is_integer(), signed.is_some() || unsigned.is_some(), "{text}");
    }
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from_f64(f64::INFINITY), None);
    assert_eq!(Number::from_f64(-0.0), Some(Number::from(0_u64)));
}

#[test]
fn order_is_that_of_values_across_representations() {
    let ascending = [
        "-1e20",
        "-9223372036854777000.0",
        "-9223372036854775808",
        "-9007199254740993",
        "-9007199254740992",
        "-1",
        "-0.5",
        "0",
        "5e-324",
        "0.5",
        "1",
        "1.5",
        "2",
        "2251799813685248",
        "2251799813685248.5",
        "2251799813685249",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616.0",
        "1e20",
        "1e308",
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(read(a).cmp(&read(b)), i.cmp(&j), "{a} and {b}");
        }
    }
}

proptest! {
    #[test]
    fn order_is_total(
        a in arbitrary::number(),
        b in arbitrary::number(),
        c in arbitrary::number(),
    ) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn what_is_written_is_read_back(number in arbitrary::number()) {
        prop_assert_eq!(read(&number.to_string()), number);
    }

    #[test]
    fn shifting_the_point_changes_nothing(digits in "[1-9][0-9]{0,18}", shift in 0_usize..25) {
        let zeros = "0".repeat(shift);
        let spelt = format!("{digits}{zeros}e-{shift}");
        prop_assert_eq!(read(&spelt), read(&digits));
        prop_assert_eq!(read(&format!("0.{zeros}{digits}e{}", shift + digits.len())), read(&digits));
    }

    #[test]
    fn floats_are_read_as_the_standard_library_reads_them(value in any::<f64>()) {
        // Integers are kept exactly instead, and with more digits than a float has.
        prop_assume!(value.is_finite() && (value.fract() != 0.0 || value.abs() >= 1e20));
        let number = read(&format!("{value:e}"));
        prop_assert_eq!(Some(number), Number::from_f64(value));
    }
}
