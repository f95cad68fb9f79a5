//! References: grammar, limits, errors and their places, walking values.

use lorch_types::json::{self, Limits, Value};
use lorch_types::reference::{FollowErrorKind, Reference, Root, Segment};
use lorch_types::template::Expression;
use proptest::prelude::*;

fn key(name: &str) -> Segment {
    Segment::Key(name.into())
}

#[track_caller]
fn value(text: &str) -> Value {
    json::read(text.as_bytes(), Limits::default()).expect(text)
}

#[track_caller]
fn check(text: &str, root: Root, path: &[Segment]) {
    let expected = Reference::new(root, path.to_vec());
    assert_eq!(text.parse::<Reference>().as_ref(), Ok(&expected), "{text}");
    assert_eq!(expected.to_string().parse::<Reference>(), Ok(expected), "printed again: {text}");
}

#[test]
fn grammar() {
    check("@ctx.region", Root::Ctx, &[key("region")]);
    check("@payload.items[0].to", Root::Payload, &[key("items"), Segment::Index(0), key("to")]);
    check("@payload[\"strange key\"].x", Root::Payload, &[key("strange key"), key("x")]);
    check("@run.read.rows", Root::Run, &[key("read"), key("rows")]);
    check("@run[\"nightly/read\"].rows", Root::Run, &[key("nightly/read"), key("rows")]);
    check("@secret.TOKEN", Root::Secret, &[key("TOKEN")]);
    check("@ctx.a-b_C-9", Root::Ctx, &[key("a-b_C-9")]);
    check("@ctx._", Root::Ctx, &[key("_")]);
    check("@ctx[10][0]", Root::Ctx, &[Segment::Index(10), Segment::Index(0)]);
    check("@ctx[\"\"]", Root::Ctx, &[key("")]);
    check("@ctx[\"]\"]", Root::Ctx, &[key("]")]);
    check("@ctx[\"\\\"\\\\\\n\\u00e9\\ud83d\\ude00\"]", Root::Ctx, &[key("\"\\\né😀")]);
    check("@ctx[\"ключ }\"]", Root::Ctx, &[key("ключ }")]);
    check("@ctx[\"0\"]", Root::Ctx, &[key("0")]);
}

#[track_caller]
fn refuse(text: &str, code: &str, at_fault: &str, message: &str, help: &str) {
    let error = Expression::parse(text).expect_err(text);
    assert_eq!(error.code().0, code, "{text}: {error}");
    assert_eq!(text.get(error.span.clone()), Some(at_fault), "{text}: {error}");
    assert!(error.to_string().contains(message), "{text}: {error}");
    let advice = error.help().unwrap_or_default();
    assert!(advice.contains(help), "{text}: {advice}");
    assert_eq!(advice.is_empty(), help.is_empty(), "{text}: {advice}");
}

#[test]
fn unknown_roots() {
    refuse("@payloads.x", "L0101", "@payloads", "`@payloads`", "did you mean `@payload`?");
    refuse("@paylaod.x", "L0101", "@paylaod", "`@paylaod`", "did you mean `@payload`?");
    refuse("@cxt.x", "L0101", "@cxt", "", "did you mean `@ctx`?");
    refuse("@CTX.x", "L0101", "@CTX", "", "did you mean `@ctx`?");
    refuse("@context.x", "L0101", "@context", "", "did you mean `@ctx`?");
    refuse("@secrets.x", "L0101", "@secrets", "", "did you mean `@secret`?");
    refuse("@steps.x.y", "L0101", "@steps", "", "did you mean `@run`?");
    refuse("@runs[0]", "L0101", "@runs", "", "did you mean `@run`?");
    refuse("@ctx-a.b", "L0101", "@ctx-a", "", "@@");
    refuse("@acme.com", "L0101", "@acme", "one of `@ctx`, `@payload`", "begin it with `@@`");
    refuse("@acme[", "L0101", "@acme", "", "begin it with `@@`");
    refuse("${@acme.x}", "L0101", "@acme", "", "write `$${@`");
}

#[test]
fn text_after_a_reference() {
    refuse("@ctx.a/b", "L0102", "/b", "`@ctx.a` is followed by `/b`", "write `${@ctx.a}/b`");
    refuse("@ctx.a ", "L0102", " ", "", "`${@ctx.a} `");
    refuse("@ctx.a${@ctx.b}", "L0102", "${@ctx.b}", "", "${@ctx.a}");
    refuse("@ctx[0]a", "L0102", "a", "", "${@ctx[0]}a");
    refuse("${@ctx.a | upper}", "L0102", " | upper", "", "close the template");
    refuse("x ${@ctx.a } y", "L0102", " ", "", "close the template");
}

#[test]
fn brackets() {
    refuse("@ctx[01]", "L0103", "[01]", "`[01]`", "write `[1]`");
    refuse("@ctx[00]", "L0103", "[00]", "", "write `[0]`");
    refuse("@ctx[-1]", "L0103", "[-1]", "", "counts from 0");
    refuse("@ctx[]", "L0103", "[]", "", "counts from 0");
    refuse("@ctx[*]", "L0103", "[*]", "", "counts from 0");
    refuse("@ctx[ 0 ]", "L0103", "[ 0 ]", "", "write `[0]`");
    refuse("@ctx[a b]", "L0103", "[a b]", "", "write `[\"a b\"]`");
    refuse("@ctx['a']", "L0103", "['a']", "", "write `[\"a\"]`");
    refuse("@ctx[1.0]", "L0103", "[1.0]", "", "write `[\"1.0\"]`");
    refuse("@ctx[+1]", "L0103", "[+1]", "", "[");
    refuse("@ctx[99999999999999999999]", "L0103", "[99999999999999999999]", "no array has", "");
    refuse("@ctx[0", "L0107", "[0", "`]` is missing", "");
    refuse("@ctx[", "L0107", "[", "`]` is missing", "");
    refuse("@ctx[\"a\"", "L0107", "[\"a\"", "`]` is missing", "");
    refuse("@ctx[\"a\"x]", "L0107", "[\"a\"", "`]` is missing", "");
}

#[test]
fn names_and_keys() {
    refuse("@ctx.", "L0104", ".", "the text ends", "@@");
    refuse("@ctx..a", "L0104", "..", "found `.`", "a name has");
    refuse("@ctx.é", "L0104", ".é", "found `é`", "[\"...\"]");
    refuse("@ctx.-a", "L0104", ".-", "found `-`", "a name has");
    refuse("@ctx.0", "L0104", ".0", "found `0`", "`[0]`");
    refuse("@ctx.a.\n", "L0104", ".\n", "found `\\n`", "a name has");
    refuse("@ctx[\"a", "L0105", "", "closing", "");
    refuse("@ctx[\"\\x\"]", "L0105", "x", "after `\\`", "");
    refuse("@ctx[\"\\ud800\"]", "L0105", "\\", "surrogate", "");
    refuse("@ctx[\"\n\"]", "L0105", "\n", "\\n", "");
    for root in Root::ALL {
        let text = format!("@{root}");
        refuse(&text, "L0106", &text, "alone is no reference", "@@");
    }
    refuse("a ${@ctx}", "L0106", "@ctx", "alone is no reference", "$${@");
}

#[test]
fn where_only_a_reference_may_stand() {
    let refuse = |text: &str, code: &str, message: &str, help: Option<&str>| {
        let error = text.parse::<Reference>().expect_err(text);
        assert_eq!(error.code().0, code, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert_eq!(error.help().as_deref(), help, "{text}");
    };
    refuse("payload.day", "L0110", "a reference should stand here", None);
    refuse("", "L0110", "a reference should stand here", None);
    refuse("@", "L0110", "a reference should stand here", None);
    refuse("${@payload.day}", "L0110", "a reference should stand here", None);
    refuse("@@payload.day", "L0110", "a reference should stand here", None);
    refuse("@payload.day-x y", "L0102", "is followed by ` y`", None);
    refuse("@payloads.day", "L0101", "`@payloads`", Some("did you mean `@payload`?"));
    refuse("@acme", "L0101", "`@acme`", None);
}

#[test]
fn limits_bind_authors_only() {
    let deep = |count: usize| format!("@ctx{}", ".a".repeat(count));
    let long = |length: usize| format!("@ctx.{}", "a".repeat(length - 5));
    let wide = |length: usize| format!("@ctx[\"{}\"]", "é".repeat(length - 8));
    for text in [deep(31), deep(32), long(511), long(512), wide(512)] {
        assert!(text.parse::<Reference>().is_ok(), "{text}");
    }
    let cases =
        [(deep(33), "L0108", "33"), (long(513), "L0109", "513"), (wide(513), "L0109", "513")];
    for (text, code, word) in cases {
        refuse(&text, code, &text, word, "");
        refuse(&format!("${{{text}}}"), code, &text, word, "");
        let reference = Reference::parse_compiled(&text).expect("compiling may write it");
        assert_eq!(Reference::parse_compiled(&reference.to_string()), Ok(reference));
        assert!(Expression::parse_compiled(&text).is_ok());
    }
}

#[test]
fn follows_values() {
    let document = value(r#"{"a":[{"b":null}],"c":{"0":"zero"},"d":1}"#);
    for (text, expected) in [
        ("@ctx.a[0].b", "null"),
        ("@ctx.a[0]", r#"{"b":null}"#),
        ("@ctx.c[\"0\"]", "\"zero\""),
        ("@ctx.d", "1"),
    ] {
        let reference: Reference = text.parse().expect(text);
        assert_eq!(reference.follow(0, &document), Ok(&value(expected)), "{text}");
    }
    let skipping: Reference = "@run.step.a[0]".parse().expect("a reference");
    assert_eq!(skipping.follow(1, &document), Ok(&value(r#"{"b":null}"#)));
}

#[track_caller]
fn lost(text: &str, document: &Value, position: usize, message: &str) -> FollowErrorKind {
    let reference: Reference = text.parse().expect(text);
    let error = reference.follow(0, document).expect_err(text);
    assert_eq!(error.position, position, "{text}");
    assert_eq!(error.to_string(), message, "{text}");
    error.kind
}

#[test]
fn errors_name_what_was_met() {
    let document = value(r#"{"a":[1],"n":null,"o":{"x":1,"y":2},"s":"text"}"#);
    let absent = lost("@ctx.o.z", &document, 1, "`@ctx.o` has no `z`");
    let available = vec!["x".into(), "y".into()];
    assert_eq!(absent, FollowErrorKind::Absent { key: "z".into(), available });
    lost("@ctx.z", &document, 0, "`@ctx` has no `z`");
    lost("@ctx.a[1]", &document, 1, "`@ctx.a` has 1 item, so there is no `[1]`");
    lost("@ctx.a.b", &document, 1, "`@ctx.a` is an array, not an object with a key `b`");
    lost("@ctx.n.b", &document, 1, "`@ctx.n` is null, not an object with a key `b`");
    lost("@ctx.s[0]", &document, 1, "`@ctx.s` is a string, not an array with an item `[0]`");
    lost("@ctx.o[0]", &document, 1, "`@ctx.o` is an object, not an array with an item `[0]`");
    lost("@ctx[\"0\"]", &value("[1]"), 0, "`@ctx` is an array, not an object with a key `0`");
}

/// Any reference, with keys of any text.
pub(crate) fn references() -> impl Strategy<Value = Reference> {
    let segment = prop_oneof![
        "[a-z_][A-Za-z0-9_-]{0,6}".prop_map(|name| Segment::Key(name.into())),
        crate::template::texts().prop_map(|name| Segment::Key(name.into())),
        any::<usize>().prop_map(Segment::Index),
    ];
    (prop::sample::select(Root::ALL.to_vec()), prop::collection::vec(segment, 1..6))
        .prop_map(|(root, path)| Reference::new(root, path))
}

proptest! {
    #[test]
    fn printing_and_parsing_is_identity(reference in references()) {
        let text = reference.to_string();
        prop_assert_eq!(Reference::parse_compiled(&text), Ok(reference.clone()));
        prop_assert_eq!(Expression::parse_compiled(&text), Ok(Expression::Reference(reference)));
    }

    #[test]
    fn errors_point_into_the_text(text in crate::template::texts()) {
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
            prop_assert!(!error.to_string().is_empty());
            let _ = error.help();
        }
    }
}
