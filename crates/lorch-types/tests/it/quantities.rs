//! Quantities and thresholds: what they are exactly, and how what was observed compares with them.

use std::cmp::Ordering;
use std::time::Duration;

use lorch_types::plan::{
    Amount, AmountFault, Comparison, Decimal, MetricType, NumberFault, Observed, Quantity,
    Threshold, Truth, Unit,
};
use proptest::prelude::*;

/// Checks how a decimal is written.
#[track_caller]
fn check_decimal(text: &str, written: Result<&str, NumberFault>) {
    let parsed = text.parse::<Decimal>();
    assert_eq!(parsed.map(|it| it.to_string()), written.map(str::to_owned), "{text}");
    if let Ok(decimal) = parsed {
        assert_eq!(Decimal::new(decimal.mantissa(), decimal.scale()), Some(decimal));
        assert_eq!(decimal.to_string().parse(), Ok(decimal));
    }
}

#[test]
fn decimals_are_what_they_say() {
    check_decimal("0", Ok("0"));
    check_decimal("-0.0", Ok("0"));
    check_decimal("1.50", Ok("1.5"));
    check_decimal("100", Ok("100"));
    check_decimal("-0.05", Ok("-0.05"));
    check_decimal("999999999999999999", Ok("999999999999999999"));
    check_decimal("0.000000000000000001", Ok("0.000000000000000001"));
    check_decimal("0.100000000000000000000000", Ok("0.1"));
    check_decimal("1000000000000000000", Err(NumberFault::TooLong));
    check_decimal("0.0000000000000000001", Err(NumberFault::TooLong));
    check_decimal("1.000000000000000001", Err(NumberFault::TooLong));
    check_decimal(&format!("0.{}1", "0".repeat(300)), Err(NumberFault::TooLong));
    check_decimal("", Err(NumberFault::Digits));
    check_decimal("-", Err(NumberFault::Digits));
    check_decimal("--1", Err(NumberFault::Digits));
    check_decimal("1x", Err(NumberFault::Digits));
    check_decimal(".5", Err(NumberFault::Point));
    check_decimal("5.", Err(NumberFault::Point));
    check_decimal("1.2.3", Err(NumberFault::Point));
    check_decimal("01", Err(NumberFault::LeadingZero));
    check_decimal("00.1", Err(NumberFault::LeadingZero));
    assert_eq!(Decimal::new(i64::MIN, 0), None);
    assert_eq!(Decimal::new(i64::MIN, 255), None);
    assert_eq!(Decimal::new(0, 255), Some(Decimal::from(0)));
}

/// Checks the exact amount of a quantity.
#[track_caller]
fn check_amount(number: &str, unit: Unit, amount: Result<Amount, AmountFault>) {
    let quantity = Quantity::new(number.parse().unwrap(), Some(unit));
    assert_eq!(quantity.map(Quantity::amount), amount, "{number}{unit}");
}

#[test]
fn quantities_are_exact_or_refused() {
    use AmountFault::{Negative, TooFine, TooLarge};
    check_amount("1", Unit::Percent, Ok(Amount::Ratio(10_000_000)));
    check_amount("0.5", Unit::Percent, Ok(Amount::Ratio(5_000_000)));
    check_amount("100", Unit::Percent, Ok(Amount::Ratio(1_000_000_000)));
    check_amount("0.0000001", Unit::Percent, Ok(Amount::Ratio(1)));
    check_amount("0.00000001", Unit::Percent, Err(TooFine(MetricType::Ratio)));
    check_amount("999999999999999999", Unit::Percent, Err(TooLarge(MetricType::Ratio)));
    check_amount("-1", Unit::Percent, Err(Negative));
    check_amount("250", Unit::Milliseconds, Ok(Amount::Duration(250_000_000)));
    check_amount("0.000001", Unit::Milliseconds, Ok(Amount::Duration(1)));
    check_amount("0.0000001", Unit::Milliseconds, Err(TooFine(MetricType::Duration)));
    check_amount("1.5", Unit::Seconds, Ok(Amount::Duration(1_500_000_000)));
    check_amount("0.1", Unit::Minutes, Ok(Amount::Duration(6_000_000_000)));
    check_amount("2", Unit::Hours, Ok(Amount::Duration(7_200_000_000_000)));
    check_amount("99999999", Unit::Hours, Err(TooLarge(MetricType::Duration)));
    check_amount("0.5", Unit::Kibibytes, Ok(Amount::Bytes(512)));
    check_amount("0.1", Unit::Kibibytes, Err(TooFine(MetricType::Bytes)));
    check_amount("1.5", Unit::Mebibytes, Ok(Amount::Bytes(1_572_864)));
    check_amount("17179869183", Unit::Gibibytes, Ok(Amount::Bytes(u64::MAX - (1 << 30) + 1)));
    check_amount("17179869184", Unit::Gibibytes, Err(TooLarge(MetricType::Bytes)));
    check_amount("100", Unit::PerSecond, Ok(Amount::Rate(100_000_000_000)));
    check_amount("0.000000001", Unit::PerSecond, Ok(Amount::Rate(1)));
}

#[test]
fn one_per_cent_is_five_of_five_hundred() {
    let above = Threshold::parse("> 1%", MetricType::Ratio).unwrap();
    let judge = |part, whole| above.judge(Some(Observed::Ratio { part, whole }));
    assert_eq!(judge(5, 500), Truth::False);
    assert_eq!(judge(6, 500), Truth::True);
    assert_eq!(judge(u64::MAX / 100, u64::MAX), Truth::False);
    assert_eq!(judge(u64::MAX / 100 + 1, u64::MAX), Truth::True);
    let at_least = Threshold::parse(">= 1%", MetricType::Ratio).unwrap();
    assert_eq!(at_least.judge(Some(Observed::Ratio { part: 5, whole: 500 })), Truth::True);
}

#[test]
fn what_does_not_compare_is_unknown() {
    let threshold = |text, of| Threshold::parse(text, of).unwrap();
    let ratio = threshold("< 1%", MetricType::Ratio);
    assert_eq!(ratio.judge(None), Truth::Unknown);
    assert_eq!(ratio.judge(Some(Observed::Ratio { part: 0, whole: 0 })), Truth::Unknown);
    assert_eq!(ratio.judge(Some(Observed::Number(Decimal::from(0)))), Truth::Unknown);
    assert_eq!(ratio.judge(Some(Observed::Flag(true))), Truth::Unknown);
    let rate = threshold("< 100/s", MetricType::Rate);
    let over = Duration::ZERO;
    assert_eq!(rate.judge(Some(Observed::Rate { count: 1, over })), Truth::Unknown);
    let over = Duration::MAX;
    assert_eq!(rate.judge(Some(Observed::Rate { count: u64::MAX, over })), Truth::True);
}

#[test]
fn thresholds_print_as_they_are_read() {
    #[track_caller]
    fn check(text: &str, of: MetricType, printed: &str) {
        let threshold = Threshold::parse(text, of).unwrap();
        assert_eq!(threshold.to_string(), printed);
        assert_eq!(Threshold::parse(printed, of), Ok(threshold));
    }
    check("< 1%", MetricType::Ratio, "< 1%");
    check("< 0.5%", MetricType::Ratio, "< 0.5%");
    check("<=0.50 %", MetricType::Ratio, "<= 0.5%");
    check(" != 2s ", MetricType::Duration, "!= 2s");
    check(">= 90m", MetricType::Duration, ">= 90m");
    check("< 64MiB", MetricType::Bytes, "< 64MiB");
    check("> 100/s", MetricType::Rate, "> 100/s");
    check("== -1.50", MetricType::Number, "== -1.5");
}

/// Whether the product of `a` is less than, equal to or greater than that of `b`, in integers of any
/// length, base 2^32.
fn compare_products(a: &[u128], b: &[u128]) -> Ordering {
    fn product(factors: &[u128]) -> Vec<u32> {
        let mut digits = vec![1_u32];
        for factor in factors {
            let mut sum = vec![0_u32; digits.len() + 5];
            for (shift, part) in (0..4).map(|it| (it, (factor >> (32 * it)) as u32)) {
                let mut carry = 0_u64;
                for index in 0..sum.len() - shift {
                    let digit = digits.get(index).copied().unwrap_or(0);
                    let total =
                        u64::from(digit) * u64::from(part) + u64::from(sum[index + shift]) + carry;
                    sum[index + shift] = total as u32;
                    carry = total >> 32;
                }
            }
            digits = sum;
        }
        while digits.len() > 1 && digits.last() == Some(&0) {
            digits.pop();
        }
        digits
    }
    let (a, b) = (product(a), product(b));
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let mantissa = prop_oneof![0..2000_i64, 0..1_000_000_000_000_000_000_i64];
    (mantissa, prop_oneof![0..4_u8, 0..=18_u8])
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap())
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..1000_u64, any::<u64>(), Just(u64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comparing_is_exact(
        number in decimal(),
        unit in prop::option::of(prop::sample::select(Unit::ALL.to_vec())),
        part in count(),
        whole in count(),
        nanos in 0..1_000_000_000_u32,
        other in decimal(),
        negative in any::<(bool, bool)>(),
    ) {
        let Ok(quantity) = Quantity::new(number, unit) else { return Ok(()) };
        let mantissa = u128::from(number.mantissa().unsigned_abs());
        let scale = 10_u128.pow(number.scale().into());
        let length = Duration::new(part, nanos);
        let over = Duration::new(whole, nanos);
        let (observed, left, right) = match unit {
            None => {
                let sign = |number: Decimal, negative: bool| {
                    let mantissa = if negative { -number.mantissa() } else { number.mantissa() };
                    Decimal::new(mantissa, number.scale()).unwrap()
                };
                let (limit, seen) = (sign(number, negative.0), sign(other, negative.1));
                let magnitudes = compare_products(
                    &[seen.mantissa().unsigned_abs().into(), scale],
                    &[mantissa, 10_u128.pow(seen.scale().into())],
                );
                let expected = match (seen.mantissa() < 0, limit.mantissa() < 0) {
                    (false, false) => magnitudes,
                    (true, true) => magnitudes.reverse(),
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                };
                prop_assert_eq!(Observed::Number(seen).compare(Amount::Number(limit)), Some(expected));
                return Ok(());
            }
            Some(Unit::Percent) => (
                Observed::Ratio { part, whole },
                vec![part.into(), 100, scale],
                vec![mantissa, whole.into()],
            ),
            Some(unit @ (Unit::Milliseconds | Unit::Seconds | Unit::Minutes | Unit::Hours)) => {
                let factor: u128 = match unit {
                    Unit::Milliseconds => 1_000_000,
                    Unit::Seconds => 1_000_000_000,
                    Unit::Minutes => 60_000_000_000,
                    _ => 3_600_000_000_000,
                };
                let left = vec![length.as_nanos(), scale];
                (Observed::Duration(length), left, vec![mantissa, factor])
            }
            Some(unit @ (Unit::Kibibytes | Unit::Mebibytes | Unit::Gibibytes)) => {
                let factor: u128 = match unit {
                    Unit::Kibibytes => 1024,
                    Unit::Mebibytes => 1024 * 1024,
                    _ => 1024 * 1024 * 1024,
                };
                (Observed::Bytes(part), vec![part.into(), scale], vec![mantissa, factor])
            }
            Some(Unit::PerSecond) => (
                Observed::Rate { count: part, over },
                vec![part.into(), 1_000_000_000, scale],
                vec![mantissa, over.as_nanos()],
            ),
        };
        let defined = match observed {
            Observed::Ratio { whole, .. } => whole > 0,
            Observed::Rate { over, .. } => !over.is_zero(),
            _ => true,
        };
        let expected = defined.then(|| compare_products(&left, &right));
        prop_assert_eq!(observed.compare(quantity.amount()), expected);
        for comparison in Comparison::ALL {
            let threshold = Threshold { comparison, quantity };
            let truth = expected.map_or(Truth::Unknown, |it| comparison.holds(it).into());
            prop_assert_eq!(threshold.judge(Some(observed)), truth);
        }
    }

    #[test]
    fn printing_and_parsing_give_the_same_threshold(
        number in decimal(),
        unit in prop::option::of(prop::sample::select(Unit::ALL.to_vec())),
        comparison in prop::sample::select(Comparison::ALL.to_vec()),
    ) {
        if let Ok(quantity) = Quantity::new(number, unit) {
            let threshold = Threshold { comparison, quantity };
            let parsed = Threshold::parse(&threshold.to_string(), quantity.amount().of());
            prop_assert_eq!(parsed, Ok(threshold));
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(
        text in "[<>=! ]{0,4}[-0-9._,eE+]{0,8} ?([a-zA-Z%/µ]{0,4}|.{0,4})",
        of in prop::sample::select(MetricType::ALL.to_vec()),
    ) {
        match Threshold::parse(&text, of) {
            Ok(threshold) => {
                prop_assert_eq!(threshold.quantity.amount().of(), of);
                prop_assert_eq!(Threshold::parse(&threshold.to_string(), of), Ok(threshold));
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert!(!error.to_string().is_empty());
                prop_assert!(error.help().is_none_or(|help| !help.is_empty()));
            }
        }
    }
}
