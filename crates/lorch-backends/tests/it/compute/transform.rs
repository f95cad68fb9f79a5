//! `compute.transform`, without a worker.

use lorch_types::json::{Number, Object, Value, canonical};
use proptest::prelude::*;

use super::Bench;

const OP: &str = "compute.transform";

#[track_caller]
fn check(input: &str, program: &str, expected: &str) {
    let program = lorch_types::json::Value::from(program);
    let params = format!(r#"{{"input":{input},"program":{program}}}"#);
    Bench::new().check(OP, &params, &format!(r#"{{"value":{expected}}}"#));
}

#[track_caller]
fn refuse(input: &str, program: &str, code: &str, words: &[&str]) {
    let program = lorch_types::json::Value::from(program);
    let params = format!(r#"{{"input":{input},"program":{program}}}"#);
    Bench::new().refuse(OP, &params, code, words);
}

#[test]
fn values_go_through_programs() {
    check("[3,1,2]", "sort | map(. * 2)", "[2,4,6]");
    check(r#"{"a":{"b":"x"}}"#, ".a.b", r#""x""#);
    check("null", "[range(3)]", "[0,1,2]");
    check(
        r#"[{"k":"a","v":1},{"k":"b","v":2},{"k":"a","v":3}]"#,
        "group_by(.k) | map({(.[0].k): map(.v) | add}) | add",
        r#"{"a":4,"b":2}"#,
    );
    check(r#""[1,2]""#, "fromjson", "[1,2]");
    check(r#""12""#, "tonumber", "12");
    check("1", ". as $x | debug | $x", "1");
    check(r#""2026-11-20T00:00:00Z""#, "fromdate", "1795132800");
}

#[test]
fn integers_of_64_bits_stay_exact() {
    for integer in
        ["9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551615"]
    {
        check(integer, ".", integer);
        check(integer, "[.] | .[0]", integer);
    }
    check("9007199254740993", ". + 1", "9007199254740994");
    check("9223372036854775807", ". + 1", "9223372036854775808");
    check("0.1", ".", "0.1");
    check("null", "1.5, empty", "1.5");
    check("null", "1e3", "1000");
}

#[test]
fn what_json_does_not_have_is_refused() {
    refuse("null", "nan", "backend", &["NaN"]);
    refuse("null", "[infinite]", "backend", &["infinity"]);
    refuse("null", "\"a\" | tobytes", "backend", &["byte string"]);
    refuse("null", "{(1|tostring): 2} | with_entries(.key |= 1)", "backend", &["key"]);
    refuse("18446744073709551615", ". * 2", "backend", &["64 bits"]);
    refuse("null", "reduce range(200) as $i (null; [.])", "backend", &["levels"]);
    refuse(r#""{\"a\":1,\"a\":2}""#, "fromjson", "backend", &["occurs twice"]);
}

#[test]
fn programs_see_nothing_but_their_input() {
    refuse("null", "env", "backend", &["environment", "args"]);
    refuse("null", "$ENV", "invalid_params", &["$ENV"]);
    refuse("null", "now", "backend", &["time"]);
    refuse("0", "localtime", "backend", &["time zone"]);
    refuse("null", "input", "invalid_params", &["input"]);
    refuse("null", "halt", "backend", &["halt"]);
    refuse("null", "import \"a\" as a; 1", "invalid_params", &["import"]);
}

#[test]
fn programs_that_fail_say_where_and_why() {
    refuse("1", ".a", "backend", &["cannot index"]);
    refuse("null", "error({code: 7})", "backend", &["\"code\""]);
    refuse("null", ".a\n  | (.b", "invalid_params", &["line 2, column 8", "closing parenthesis"]);
    refuse("null", "mapp(.)", "invalid_params", &["line 1, column 1", "mapp/1"]);
    refuse("null", "1 | $x", "invalid_params", &["column 5", "$x"]);
    refuse("null", "", "invalid_params", &["term"]);
}

#[test]
fn the_number_of_outputs_is_what_was_asked_for() {
    refuse("null", "empty", "backend", &["no output", "collect"]);
    refuse("null", "1, 2", "backend", &["more than one", "collect"]);
    let bench = Bench::new();
    bench.check(OP, r#"{"input":null,"program":"1,2","collect":true}"#, r#"{"value":[1,2]}"#);
    bench.check(OP, r#"{"input":null,"program":"empty","collect":true}"#, r#"{"value":[]}"#);
    bench.check(
        OP,
        r#"{"input":2,"program":". * $by + $_x1","args":{"by":3,"_x1":0.5}}"#,
        r#"{"value":6.5}"#,
    );
    bench.refuse(OP, r#"{"input":2,"program":".","args":{"a b":3}}"#, "invalid_params", &["`a b`"]);
}

#[test]
fn endless_outputs_end() {
    let bench = Bench::with_config("[limits]\nmax_output_bytes = 10000");
    bench.refuse(
        OP,
        r#"{"input":null,"program":"repeat(1)","collect":true}"#,
        "output_too_large",
        &[],
    );
    bench.refuse(OP, r#"{"input":null,"program":"repeat(1)"}"#, "backend", &["more than one"]);
    let mut bench = Bench::new();
    bench.cancellation = bench.cancellation.with_timeout(std::time::Duration::from_millis(50));
    bench.refuse(OP, r#"{"input":null,"program":"repeat(1)","collect":true}"#, "timeout", &[]);
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("JSON has no NaN", Number::from_f64).prop_map(Value::from),
        "(?s).{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((".{0,4}", inner), 0..6)
                .prop_map(|members| Value::Object(Object::from_iter(members))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing happens to a value on its way into a program, through a variable and out again.
    #[test]
    fn values_are_exact(value in any_value()) {
        let text = canonical(&value);
        let params = format!(r#"{{"input":{text},"args":{{"x":{text}}},"program":"[., $x]"}}"#);
        let output = Bench::new().run(OP, &params).unwrap();
        let pair = Value::Array(vec![value.clone(), value]);
        prop_assert_eq!(output.get("value"), Some(&pair));
    }
}
