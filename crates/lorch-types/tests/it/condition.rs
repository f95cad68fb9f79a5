//! Conditions: what is one, what is none and why, and that printing loses nothing.

use lorch_types::condition::{Comparison, Condition, Expr, ExprKind};
use lorch_types::json::Value;
use lorch_types::reference::{Reference, Root, Segment};
use proptest::prelude::*;

/// Checks how a condition is printed.
#[track_caller]
fn check(text: &str, printed: &str) {
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(condition.to_string(), printed);
    assert_eq!(Condition::parse(printed).as_ref(), Ok(&condition), "{printed}");
}

#[test]
fn conditions_print_with_the_parentheses_they_need() {
    check(
        "@payload.n>3&&@ctx.region in['eu','us']",
        r#"@payload.n > 3 && @ctx.region in ["eu", "us"]"#,
    );
    check("!has( @payload.x )", "!has(@payload.x)");
    check("!!@ctx.a", "!!@ctx.a");
    check("(@ctx.a)", "@ctx.a");
    check("@ctx.a || @ctx.b && @ctx.c", "@ctx.a || @ctx.b && @ctx.c");
    check("(@ctx.a || @ctx.b) && @ctx.c", "(@ctx.a || @ctx.b) && @ctx.c");
    check("@ctx.a && (@ctx.b && @ctx.c)", "@ctx.a && (@ctx.b && @ctx.c)");
    check("!(@ctx.a == 1)", "!(@ctx.a == 1)");
    check("!@ctx.a == true", "!@ctx.a == true");
    check("1 < 2 == true", "1 < 2 == true");
    check("true == (1 < 2)", "true == (1 < 2)");
    check("size(@ctx.a) == size('é\\n')", "size(@ctx.a) == size(\"é\\n\")");
    check("@payload[\"a-b\"].c[0][\"in\"]", "@payload[\"a-b\"].c[0][\"in\"]");
    check("@payload[\"plain\"]", "@payload.plain");
    check("1.0 == 1e3", "1 == 1000");
    check("1e19 == -2.5e-3", "1e19 == -0.0025");
    check("[] == [[1, null], true]", "[] == [[1, null], true]");
    check("'\\a\\v\\?\\`\\x41\\u00e9\\U0001F600\\101'", "\"\\u0007\\u000b?`Aé😀A\"");
    check("@run.read.count > 0 || @secret.X == ''", "@run.read.count > 0 || @secret.X == \"\"");
    check(" \t\n true\r", "true");
    check(&"true && ".repeat(5000).add("true"), &"true && ".repeat(5000).add("true"));
}

trait Add {
    fn add(self, more: &str) -> String;
}

impl Add for String {
    fn add(mut self, more: &str) -> String {
        self.push_str(more);
        self
    }
}

/// Checks why a text is no condition: the code, the text at fault, a word of the message, and one of
/// the advice.
#[track_caller]
fn check_error(text: &str, fault: &str, word: &str, advice: &str) {
    let error = Condition::parse(text).expect_err(text);
    assert_eq!(&text[error.span.clone()], fault, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    let help = error.help().unwrap_or_default();
    assert!(help.contains(advice) && help.is_empty() == advice.is_empty(), "{help:?}");
}

#[test]
fn mistakes_are_told_with_the_bytes_at_fault() {
    check_error("", "", "empty", "leave `if` out");
    check_error("@payload.n = 1", "=", "no part", "`==`");
    check_error("@payload.n === 1", "===", "no part", "`==`");
    check_error("@payload.n <> 1", "<>", "no part", "`!=`");
    check_error("@ctx.a and @ctx.b", "and", "no part", "`&&`");
    check_error("@ctx.a OR @ctx.b", "OR", "no part", "`||`");
    check_error("@ctx.a & @ctx.b", "&", "no part", "`&&`");
    check_error("not @ctx.a", "not", "no part", "`!`");
    check_error("True", "True", "no part", "`true`");
    check_error("@ctx.a == None", "None", "no part", "`null`");
    check_error("payload.n == 1", "payload.n", "no value", "@payload.n");
    check_error("@ctx.a == eu", "eu", "no value", "'eu'");
    check_error("@ctx.a-b == 1", "@ctx.a-b", "no name", "@ctx[\"a-b\"]");
    check_error("@ctx.a.in == 1", "@ctx.a.in", "no name", "@ctx.a[\"in\"]");
    check_error("@ctx[\"in\"].true", "@ctx[\"in\"].true", "`true`", "@ctx[\"in\"][\"true\"]");
    check_error("@context.a", "@context", "is not one of", "@ctx");
    check_error("@ctx == 1", "@ctx", "alone", "");
    check_error("@ctx.a['b']", "['b']", "neither", "[\"b\"]");
    check_error("@ctx[\"\\/\"]", "@ctx[\"\\/\"]", "escape", "the character itself");
    check_error("@ctx[\"\\ud83d\\ude00\"]", "@ctx[\"\\ud83d\\ude00\"]", "escape", "itself");
    check_error("${@ctx.a}", "${", "no part", "alone");
    check_error("@ctx.a + 1 == 2", "+", "arithmetic", "");
    check_error("@ctx.a ? 1 : 2", "?", "`?:`", "");
    check_error("startsWith(@ctx.a, 'x')", "startsWith", "`startsWith`", "");
    check_error("exists(@ctx.a)", "exists", "no part", "has(");
    check_error("has(@ctx.a[0])", "@ctx.a[0]", "ends in a name", "");
    check_error("has(@ctx[\"a\"])", "@ctx[\"a\"]", "ends in a name", "");
    check_error("has('a')", "'", "ends in a name", "");
    check_error("@ctx.a in [@ctx.b]", "@", "literals only", "joined by `||`");
    check_error("@ctx.a in ['x', ]", "]", "a literal", "");
    check_error("'text", "'text", "does not end", "");
    check_error("'a\\qb'", "\\q", "no character", "");
    check_error("'a\nb'", "\n", "no character", "");
    check_error("'\\ud800'", "\\u", "no character", "");
    check_error("007", "007", "leading `0`", "");
    check_error("1u", "1u", "decimal", "");
    check_error("0x10", "0x10", "decimal", "");
    check_error("1.", "1.", "decimal", "");
    check_error(".5", ".", "a digit comes before", "");
    check_error("9223372036854775808", "9223372036854775808", "63 bits", "");
    check_error("1e400", "1e400", "too large", "");
    check_error("1e-400", "1e-400", "too small", "");
    check_error("(true", "", "`)`", "");
    check_error("true true", "true", "an operator", "");
    check_error("true &&", "", "a value", "");
    check_error("`a`", "`", "no part", "around a string");
}

#[test]
fn nesting_is_limited_and_never_exhausts_the_stack() {
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Condition::parse(&nested(Condition::MAX_DEPTH - 1)).is_ok());
    assert!(Condition::parse(&nested(Condition::MAX_DEPTH)).is_ok());
    check_error(&nested(Condition::MAX_DEPTH + 1), "(", "deeper than 32", "");
    for hostile in ["(", "!", "[", "size(", "has(", "1 < ", "true || (", "@ctx[", "'\\"] {
        assert!(Condition::parse(&hostile.repeat(200_000)).is_err(), "{hostile}");
    }
    assert!(Condition::parse(&"1 < 2 == ".repeat(40).add("true")).is_err());
}

fn reference() -> impl Strategy<Value = Reference> {
    let key = prop_oneof!["[a-z_][a-z0-9_]{0,4}", "[a-z-]{1,4}", "in|true|null", any::<String>()];
    let segment = prop_oneof![
        key.prop_map(|key| Segment::Key(key.into())),
        (0..1000_usize).prop_map(Segment::Index)
    ];
    let root = prop::sample::select(Root::ALL.to_vec());
    (root, prop::collection::vec(segment, 1..4)).prop_map(|(root, path)| Reference::new(root, path))
}

fn expr() -> impl Strategy<Value = ExprKind> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e30..1e30_f64).prop_map(|it| lorch_types::json::Number::from_f64(it).unwrap().into()),
        any::<String>().prop_map(Value::from),
    ];
    let literal = scalar
        .prop_recursive(2, 6, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::Array));
    let named = (reference(), "[a-h][a-z]{0,4}").prop_map(|(reference, name)| {
        let last = Segment::Key(name.into());
        Reference::new(reference.root(), [reference.path(), &[last]].concat())
    });
    let leaf = prop_oneof![
        literal.prop_map(ExprKind::Literal),
        reference().prop_map(ExprKind::Reference),
        named.prop_map(ExprKind::Has),
    ];
    let comparisons = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::In,
    ];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let inner = inner.prop_map(|kind| Expr { kind, span: 0..0 });
        let comparison = prop::sample::select(comparisons.to_vec());
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.clone().prop_map(|it| ExprKind::Not(Box::new(it))),
            inner.clone().prop_map(|it| ExprKind::Size(Box::new(it))),
            (comparison, inner.clone(), inner)
                .prop_map(|(comparison, a, b)| ExprKind::Compare(comparison, Box::new((a, b)))),
            several.clone().prop_map(ExprKind::All),
            several.prop_map(ExprKind::Any),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_give_the_same_condition(kind in expr()) {
        let expr = Expr { kind, span: 0..0 };
        let text = expr.to_string();
        match Condition::parse(&text) {
            Ok(condition) => prop_assert_eq!(condition.root(), &expr, "{}", text),
            Err(error) => prop_assert!(error.to_string().contains("deeper"), "{}: {}", text, error),
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "[@a-z.()\\[\\]!&|<>='\"0-9 \\\\{}$+-]{0,40}") {
        if let Ok(condition) = Condition::parse(&text) {
            let printed = condition.to_string();
            prop_assert_eq!(Condition::parse(&printed), Ok(condition), "{}", printed);
        }
    }
}
