//! What a value that a probe gave is of a type of metric; what is none is nothing.

use std::time::Duration;

use lorch_types::json::{Number, Value};
use lorch_types::plan::{Decimal, MetricType, Observed};

use super::Look;

/// So many billionths make one.
const BILLION: f64 = 1e9;

/// What the answer to an instant query says, which must be one number.
pub(super) fn of_prometheus(answer: &Value, of: MetricType) -> Look {
    let data = answer.get("data").ok_or("the answer has no `data`")?;
    let result = data.get("result").ok_or("the answer has no `result`")?;
    let pair = match data.get("resultType").and_then(Value::as_str) {
        Some("scalar") => Some(result),
        Some("vector") => match result.as_array().unwrap_or_default() {
            [one] => one.get("value"),
            [] => return Err("the query has no result".to_owned()),
            _ => return Err("the query has several results".to_owned()),
        },
        _ => None,
    };
    let text = pair.and_then(Value::as_array).and_then(|pair| pair.get(1)?.as_str());
    let text = text.ok_or("the answer has no value")?;
    let value: f64 = text.parse().map_err(|_| format!("`{}` is no number", text.escape_debug()))?;
    of_float(value, of)
}

/// What a JSON value says.
pub(super) fn of_value(value: &Value, of: MetricType) -> Look {
    let whole = |name| value.get(name).and_then(Value::as_u64);
    match (value, of) {
        (Value::Bool(flag), MetricType::Flag) => Ok(Observed::Flag(*flag)),
        (Value::Object(_), MetricType::Ratio) => match (whole("part"), whole("whole")) {
            (Some(part), Some(whole)) if part <= whole => Ok(Observed::Ratio { part, whole }),
            _ => Err("a ratio has `part` and `whole`".to_owned()),
        },
        (Value::Number(number), MetricType::Number) => match number.as_i64() {
            Some(integer) => decimal(integer, 0),
            None => of_float(number.as_f64(), of),
        },
        (Value::Number(number), MetricType::Bytes) if number.as_u64().is_some() => {
            Ok(Observed::Bytes(number.as_u64().unwrap_or(0)))
        }
        (Value::Number(number), _) => of_float(Number::as_f64(*number), of),
        (other, of) => Err(format!("{} is no {}", other.value_type().with_article(), of.as_str())),
    }
}

fn of_float(value: f64, of: MetricType) -> Look {
    let no = || format!("`{value}` is no {}", of.as_str());
    match of {
        MetricType::Flag if value == 0.0 => Ok(Observed::Flag(false)),
        MetricType::Flag if (value - 1.0).abs() < f64::EPSILON => Ok(Observed::Flag(true)),
        MetricType::Flag => Err(no()),
        MetricType::Ratio if (0.0..=1.0).contains(&value) => {
            let part = whole(value * BILLION).ok_or_else(no)?;
            Ok(Observed::Ratio { part, whole: 1_000_000_000 })
        }
        MetricType::Ratio => Err(no()),
        MetricType::Duration => {
            let nanos = whole(value * BILLION).ok_or_else(no)?;
            Ok(Observed::Duration(Duration::from_nanos(nanos)))
        }
        MetricType::Bytes => whole(value).map(Observed::Bytes).ok_or_else(no),
        MetricType::Rate => {
            let count = whole(value * 1e6).ok_or_else(no)?;
            Ok(Observed::Rate { count, over: Duration::from_secs(1_000_000) })
        }
        MetricType::Number => {
            let size = whole(value.abs() * 1e6).and_then(|size| i64::try_from(size).ok());
            let size = size.ok_or_else(no)?;
            decimal(if value < 0.0 { -size } else { size }, 6)
        }
    }
}

fn decimal(mantissa: i64, scale: u8) -> Look {
    let number = Decimal::new(mantissa, scale);
    number.map(Observed::Number).ok_or_else(|| "the number is too large".to_owned())
}

/// The nearest integer; `None` of what is not finite, negative, or beyond what is exact.
fn whole(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_exact = value.is_finite() && (0.0..=EXACT).contains(&value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an integer from 0 to 2^53"
    )]
    is_exact.then_some(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lorch_types::json::{Limits, read};

    #[track_caller]
    fn check(answer: &str, of: MetricType, expected: Result<Observed, &str>) {
        let answer = read(answer.as_bytes(), Limits::default()).unwrap();
        let looked = match answer.get("data") {
            Some(_) => of_prometheus(&answer, of),
            None => of_value(&answer, of),
        };
        match (looked, expected) {
            (Ok(looked), Ok(expected)) => assert_eq!(looked, expected),
            (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
            (looked, expected) => panic!("{looked:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn what_is_no_value_of_the_type_is_nothing() {
        use MetricType as Type;
        let vector = |value: &str| {
            format!(r#"{{"data":{{"resultType":"vector","result":[{{"value":[1,"{value}"]}}]}}}}"#)
        };
        let ratio = |part| Ok(Observed::Ratio { part, whole: 1_000_000_000 });
        check(&vector("0.01"), Type::Ratio, ratio(10_000_000));
        check(&vector("1"), Type::Ratio, ratio(1_000_000_000));
        for wrong in ["NaN", "+Inf", "-Inf", "-0.1", "1.5"] {
            check(&vector(wrong), Type::Ratio, Err("is no ratio"));
        }
        check(&vector("many"), Type::Ratio, Err("is no number"));
        check(&vector("0.25"), Type::Duration, Ok(Observed::Duration(Duration::from_millis(250))));
        check(&vector("NaN"), Type::Number, Err("is no number"));
        check(r#"{"data":{"resultType":"vector","result":[]}}"#, Type::Ratio, Err("no result"));
        let two = r#"{"data":{"resultType":"vector","result":[{},{}]}}"#;
        check(two, Type::Ratio, Err("several"));
        check(r#"{"data":{"resultType":"scalar","result":[1,"0"]}}"#, Type::Ratio, ratio(0));
        check(r#"{"data":{"resultType":"matrix","result":[]}}"#, Type::Ratio, Err("no value"));
        check(
            r#"{"part":1,"whole":500}"#,
            Type::Ratio,
            Ok(Observed::Ratio { part: 1, whole: 500 }),
        );
        check(r#"{"part":2,"whole":1}"#, Type::Ratio, Err("has `part`"));
        check("true", Type::Flag, Ok(Observed::Flag(true)));
        check("2", Type::Flag, Err("is no flag"));
        check("\"0\"", Type::Ratio, Err("a string is no ratio"));
        check("12", Type::Bytes, Ok(Observed::Bytes(12)));
    }
}
