//! Literals, templates, escapes and doubts; secrets filled in.

use lorch_types::SmolStr;
use lorch_types::reference::Reference;
use lorch_types::template::{
    Expression, FillError, Part, Template, doubts, escape, fill_secrets, is_plain,
};
use proptest::prelude::*;

use crate::reference::references;

fn literal(text: &str) -> Expression {
    Expression::Literal(text.into())
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn reference(text: &str) -> Part {
    Part::Reference(text.parse().expect(text))
}

fn template(parts: &[Part]) -> Expression {
    Expression::Template(Template { parts: parts.to_vec() })
}

#[track_caller]
fn check(source: &str, expected: &Expression) {
    assert_eq!(Expression::parse(source).as_ref(), Ok(expected), "{source}");
    let printed = expected.to_string();
    assert_eq!(Expression::parse(&printed).as_ref(), Ok(expected), "{source} printed: {printed}");
    let parts = Expression::parse_compiled(source);
    assert_eq!(parts.as_ref(), Ok(expected), "{source}");
}

#[test]
fn literals() {
    for same in [
        "",
        "plain",
        "@",
        "@alice",
        "@acme/tools",
        "user@ctx.org",
        "@1.x",
        "@é.x",
        "@ctx ",
        "@ctx/x",
        "@-a.b",
        "@contexts",
        "id-@payload.x",
        "${ @ctx.x}",
        "${HOME} $$ ${}",
        "`${x}` $@ \"$@\"",
        "{@ctx.x}",
        "{@",
        "$ {@ctx.x}",
        "a @@ b",
    ] {
        check(same, &literal(same));
        assert_eq!(escape(same), same);
    }
}

#[test]
fn escapes() {
    check("@@", &literal("@"));
    check("@@ctx.a", &literal("@ctx.a"));
    check("@@@ctx.a", &literal("@@ctx.a"));
    check("@@alice", &literal("@alice"));
    check("$${@", &literal("${@"));
    check("$${@ctx.a}", &literal("${@ctx.a}"));
    check("$$$${@ctx.a}", &literal("$${@ctx.a}"));
    check("@@x $${@y}", &literal("@x ${@y}"));
    check("@@{@$${@", &literal("@{@${@"));
    assert_eq!(escape("@ctx"), "@@ctx");
    assert_eq!(escape("@alice.x"), "@@alice.x");
    assert_eq!(escape("@@"), "@@@");
    assert_eq!(escape("$${@"), "$$$${@");
    assert_eq!(escape("@ctx.a ${@ctx.b}"), "@@ctx.a $${@ctx.b}");
}

#[test]
fn templates() {
    let day = || reference("@ctx.day");
    check("${@ctx.day}", &template(&[day()]));
    check("reports/${@ctx.day}.md", &template(&[text("reports/"), day(), text(".md")]));
    check("${@ctx.day}${@ctx.day}", &template(&[day(), day()]));
    check("$$${@ctx.day}", &template(&[text("$"), day()]));
    check("$$$$${@ctx.day}", &template(&[text("$$"), day()]));
    check("a$$${@ctx.day}$", &template(&[text("a$"), day(), text("$")]));
    check("$${@a} ${@ctx.day}", &template(&[text("${@a} "), day()]));
    check("@@ctx.a ${@ctx.day}", &template(&[text("@ctx.a "), day()]));
    check("@alice ${@ctx.day}", &template(&[text("@alice "), day()]));
    check("@ctx${@ctx.day}", &template(&[text("@ctx"), day()]));
    check("{${@ctx.day}}", &template(&[text("{"), day(), text("}")]));
    check("${${@ctx.day}", &template(&[text("${"), day()]));
    check("${@ctx[\"}\"]}", &template(&[reference("@ctx[\"}\"]")]));
    check("${@ctx.day}{@", &template(&[day(), text("{@")]));
    check("${@ctx.day}$${@", &template(&[day(), text("${@")]));
}

#[track_caller]
fn refuse(source: &str, code: &str, at_fault: &str) {
    let error = Expression::parse(source).expect_err(source);
    assert_eq!(error.code().0, code, "{source}: {error}");
    assert_eq!(source.get(error.span), Some(at_fault), "{source}");
}

#[test]
fn templates_around_anything_else() {
    refuse("echo \"${@}\"", "L0110", "@");
    refuse("${@", "L0110", "@");
    refuse("${@@ctx.a}", "L0110", "@");
    refuse("${@ ctx.a}", "L0110", "@");
    refuse("${@1}", "L0110", "@");
    refuse("$$${@alice}", "L0101", "@alice");
    refuse("${@ctx.a", "L0107", "{@ctx.a");
    refuse("${@ctx.a ", "L0107", "{@ctx.a");
    refuse("${@ctx.a + 1}", "L0102", " + 1");
    refuse("${@ctx.}", "L0104", ".}");
}

#[test]
fn parts_become_what_they_say() {
    assert_eq!(Expression::from_parts([text("a"), text("b")]), literal("ab"));
    assert_eq!(Expression::from_parts([]), literal(""));
    let joined = Expression::from_parts([text("$"), text("$"), reference("@ctx.a"), text("")]);
    assert_eq!(joined, template(&[text("$$"), reference("@ctx.a")]));
    let separate = template(&[text("$"), text("{@"), reference("@ctx.a")]);
    assert_eq!(separate.to_string(), "$${@${@ctx.a}");
    let all: Vec<_> = joined.references().map(Reference::to_string).collect();
    assert_eq!(all, ["@ctx.a"]);
}

#[track_caller]
fn doubt(source: &str, expected: &[(&str, &str, &str)]) {
    let found = doubts(source);
    let found: Vec<_> = found
        .iter()
        .map(|doubt| (doubt.code().0, &source[doubt.span.clone()], doubt.meant.as_str()))
        .collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn doubtful_texts() {
    doubt("id-@payload.x", &[("L1001", "@payload.x", "${@payload.x}")]);
    doubt("see @ctx.a.", &[("L1001", "@ctx.a", "${@ctx.a}")]);
    doubt("reports/@ctx.day/x", &[("L1001", "@ctx.day", "${@ctx.day}")]);
    doubt("a {@ctx.x} b", &[("L1001", "{@ctx.x}", "${@ctx.x}")]);
    doubt("a $@ctx.x", &[("L1001", "$@ctx.x", "${@ctx.x}")]);
    doubt("${ @ctx.x}", &[("L1002", "${ @ctx.x}", "${@ctx.x}")]);
    doubt("${  @ctx.x } y", &[("L1002", "${  @ctx.x }", "${@ctx.x}")]);
    doubt("${@ctx.a}-@ctx.b", &[("L1001", "@ctx.b", "${@ctx.b}")]);
    doubt(
        "é @run.a[0] ${ @ctx.x}",
        &[("L1001", "@run.a[0]", "${@run.a[0]}"), ("L1002", "${ @ctx.x}", "${@ctx.x}")],
    );
    for sure in [
        "",
        "plain",
        "@ctx.a",
        "@ctx[\"@ctx.b x @ctx.c\"]",
        "${@ctx[\" @ctx.c\"]}",
        "@@ctx.a",
        "@@@ctx.a",
        "user@ctx.org",
        "@alice",
        "mail to @alice.x",
        "$${@ctx.a}",
        "@csv @json",
        "a @ctx b",
        "a @ctx. b",
    ] {
        doubt(sure, &[]);
    }
}

#[test]
fn secrets_are_filled_in() {
    let lookup = |name: &str| match name {
        "TOKEN" => Some("t${@secret.OTHER}@@$${@"),
        "b-c" => Some("x"),
        _ => None,
    };
    let token = "t${@secret.OTHER}@@$${@";
    for (source, expected) in [
        ("@secret.TOKEN", token.to_owned()),
        ("Bearer ${@secret.TOKEN}", format!("Bearer {token}")),
        ("$${@secret.TOKEN} ${@secret[\"b-c\"]}${@secret.b-c}", "${@secret.TOKEN} xx".to_owned()),
        ("@@secret.TOKEN", "@secret.TOKEN".to_owned()),
        ("none", "none".to_owned()),
    ] {
        assert_eq!(fill_secrets(source, lookup), Ok(expected), "{source}");
    }
    let absent = FillError::Absent { name: SmolStr::new("NONE") };
    assert_eq!(fill_secrets("a ${@secret.NONE}", lookup), Err(absent));
    for other in ["@run.a.b", "${@ctx.a}", "@secret.TOKEN.x", "@secret[0]"] {
        let error = fill_secrets(other, lookup).expect_err(other);
        assert!(matches!(error, FillError::NotASecret { .. }), "{other}: {error}");
    }
    let error = fill_secrets("${@secret}", lookup).expect_err("no reference");
    assert!(matches!(error, FillError::Text(_)), "{error}");
}

/// Texts dense in what the language gives meaning to.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        8 => prop::sample::select(vec![
            "$", "$$", "{", "@", "}", "{@", "${@", "@@", "@ctx", "@run.a", "@secret.T", "ctx", "payload",
            ".", "[", "]", "[0]", "\"", "\\", " ", "a", "-", "_", "0", "é", "😀", "\n", "\u{0}",
            "\u{2028}", "${@ctx.a}", "@ctx[\"k\"]",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

fn expressions() -> impl Strategy<Value = Expression> {
    let part = prop_oneof![
        texts().prop_map(|text| Part::Text(text.into())),
        references().prop_map(Part::Reference),
    ];
    prop_oneof![
        texts().prop_map(|text| Expression::Literal(text.into())),
        references().prop_map(Expression::Reference),
        prop::collection::vec(part, 0..5).prop_map(Expression::from_parts),
    ]
}

proptest! {
    #[test]
    fn printing_and_parsing_is_identity(expression in expressions()) {
        prop_assert_eq!(Expression::parse_compiled(&expression.to_string()), Ok(expression));
    }

    #[test]
    fn escaped_text_is_a_literal(data in texts()) {
        let expected = Ok(Expression::Literal(data.as_str().into()));
        prop_assert_eq!(Expression::parse(&escape(&data)), expected.clone());
        if Expression::parse(&data) == expected {
            prop_assert_eq!(escape(&data), data.as_str());
        }
        prop_assert!(!is_plain(&data) || Expression::parse(&data) == expected);
    }

    #[test]
    fn any_text_at_all_is_escaped(data in any::<String>()) {
        let expected = Ok(Expression::Literal(data.as_str().into()));
        prop_assert_eq!(Expression::parse(&escape(&data)), expected);
    }

    #[test]
    fn doubts_are_inside_the_text(source in texts()) {
        let mut end = 0;
        for doubt in doubts(&source) {
            prop_assert!(doubt.span.start >= end && source.get(doubt.span.clone()).is_some());
            end = doubt.span.end;
            let meant = Expression::parse_compiled(&doubt.meant);
            prop_assert!(matches!(meant, Ok(Expression::Template(_))), "{}", doubt.meant);
        }
    }

    #[test]
    fn secrets_never_change_the_text_around_them(before in texts(), secret in texts(), after in texts()) {
        let reference = "@secret.T".parse().expect("a reference");
        let parts = [Part::Text(before.as_str().into()), Part::Reference(reference), Part::Text(after.as_str().into())];
        let source = Expression::from_parts(parts).to_string();
        let filled = fill_secrets(&source, |_| Some(&secret));
        prop_assert_eq!(filled, Ok(format!("{before}{secret}{after}")));
    }
}
