//! Secrets: in at dispatch, and nowhere in what comes out.

use std::collections::BTreeMap;

use lorch_backends::refuse_secrets;
use lorch_types::job::StepManifest;
use lorch_types::json::{Value, canonical, to_value};

use super::server::{Server, answer};
use super::{Bench, manifest};

const CANARY: &str = "hunter2 \"s3cret\"/?&";

fn with_secrets(op: &str, params: &str, secrets: &[(&str, &str)]) -> StepManifest {
    let secrets = secrets.iter().map(|(place, text)| ((*place).to_owned(), (*text).to_owned()));
    StepManifest { secrets: Some(BTreeMap::from_iter(secrets)), ..manifest(op, params) }
}

fn bench(allow: &str) -> Bench {
    Bench::with_config(&format!(
        "[allow]\n{allow}\n[secrets]\nTOKEN = {{ env = \"TOKEN_VARIABLE\" }}"
    ))
    .with_variable("TOKEN_VARIABLE", CANARY)
}

/// All that came out of a dispatch, as text.
fn out(bench: &Bench, manifest: &StepManifest) -> String {
    match bench.run_manifest(manifest) {
        Ok(output) => canonical(&output),
        Err(error) => format!("{error}\n{}\n{error:?}", canonical(&to_value(&error).unwrap())),
    }
}

#[track_caller]
fn check_absent(text: &str) {
    for form in [
        CANARY,
        "hunter2",
        "s3cret",
        "hunter2%20%22s3cret%22%2F%3F%26",
        "hunter2+%22s3cret%22%2F%3F%26",
        "aHVudGVyMiAiczNjcmV0Ii8/J",
        "68756e74657232",
    ] {
        assert!(!text.contains(form), "`{form}` in {text}");
    }
}

#[test]
fn a_program_gets_the_secret_and_its_echo_is_redacted() {
    let bench = bench("programs = [\"sh\"]");
    let script = r#"test "$T" = "pre:$1:post" || exit 3; printf '{"%s":["%s"]}' k "$(printf %s "$T" | base64 -w0)""#;
    let params =
        format!(r#"{{"argv":["sh","-c",{},"sh",null],"env":{{"T":null}}}}"#, Value::from(script));
    let manifest = with_secrets(
        "compute.exec",
        &params,
        &[("/argv/4", "@secret.TOKEN"), ("/env/T", "pre:${@secret.TOKEN}:post")],
    );
    let text = out(&bench, &manifest);
    assert!(text.contains("\"exit_code\":0") && text.contains("[secret TOKEN]"), "{text}");
    check_absent(&text);
}

#[test]
fn every_way_out_is_searched() {
    let bench = bench("programs = [\"sh\"]");
    for script in [
        r#"printf '%s' "$1""#,
        r#"printf '%s' "$1" >&2"#,
        r#"printf 'why: %s' "$1" >&2; exit 4"#,
        r#"printf '%5000s%s' x "$1" >&2; exit 4"#,
        r#"{ printf '%s' "$1"; head -c 4090 /dev/zero | tr '\0' x; } >&2; exit 4"#,
        r#"printf '%s' "$1" | od -An -tx1 | tr -d ' \n'"#,
        r#"printf 'user:%s' "$1" | base64 -w0"#,
        r#"printf '["%s"]' "$(printf '%s' "$1" | sed 's/"/\\"/g')""#,
        r#"printf '{"%s":1}' "$(printf '%s' "$1" | sed 's/"/\\"/g')""#,
    ] {
        let params = format!(r#"{{"argv":["sh","-c",{},"sh",null]}}"#, Value::from(script));
        let manifest = with_secrets("compute.exec", &params, &[("/argv/4", "@secret.TOKEN")]);
        let text = out(&bench, &manifest);
        assert!(text.contains("TOKEN]"), "{script}: {text}");
        check_absent(&text);
    }
}

#[test]
fn numbers_can_be_secrets() {
    let config = "[allow]\nprograms = [\"sh\"]\n[secrets]\nPIN = { env = \"PIN\" }";
    let bench = Bench::with_config(config).with_variable("PIN", "73519462");
    let manifest = with_secrets(
        "compute.exec",
        r#"{"argv":["sh","-c","echo [$1,-$1.5,12]","sh",null]}"#,
        &[("/argv/4", "@secret.PIN")],
    );
    let text = out(&bench, &manifest);
    assert!(text.contains(r#"["[secret PIN]","-[secret PIN].5",12]"#), "{text}");
}

#[test]
fn a_server_gets_the_secret_and_its_echo_is_redacted() {
    let echo = format!("you said {CANARY} and hunter2%20%22s3cret%22%2F%3F%26");
    let server = Server::start([
        answer("200 OK", &format!("X-Echo: {CANARY}\r\n"), &echo),
        answer("500 Oops", "", &format!("{}{echo}", "x".repeat(480))),
    ]);
    let bench = bench(&format!("hosts = [\"{}\"]", server.address));
    let params = format!(
        r#"{{"method":"POST","url":"{}","headers":{{"Authorization":null}},"query":{{"t":null}},"json":{{"t":null}}}}"#,
        server.url("/")
    );
    let secrets = [
        ("/headers/Authorization", "Bearer ${@secret.TOKEN}"),
        ("/query/t", "@secret.TOKEN"),
        ("/json/t", "@secret.TOKEN"),
    ];
    let manifest = with_secrets("compute.http", &params, &secrets);
    for _ in 0..2 {
        let text = out(&bench, &manifest);
        assert!(text.contains("[secret TO"), "{text}");
        check_absent(&text);
    }
    let first = &server.received()[0];
    assert_eq!(first.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert!(first.line.contains("t=hunter2+%22s3cret%22%2F%3F%26"), "{}", first.line);
    assert_eq!(super::json(&first.body).get("t"), Some(&CANARY.into()));
}

#[test]
fn errors_about_parameters_show_no_secret() {
    let bench = bench("");
    for (op, params, place) in [
        ("compute.http", r#"{"method":null,"url":"http://x/"}"#, "/method"),
        ("compute.http", r#"{"method":"GET","url":null}"#, "/url"),
        ("compute.exec", r#"{"argv":[null]}"#, "/argv/0"),
        ("compute.extract", r#"{"path":null,"format":"csv"}"#, "/path"),
        ("compute.extract", r#"{"text":null,"format":"csv","types":{"x":"real"}}"#, "/text"),
        ("compute.transform", r#"{"input":null,"program":".a"}"#, "/input"),
        ("compute.transform", r#"{"input":1,"program":null}"#, "/program"),
        ("compute.render", r#"{"template":null,"data":{},"path":"/x"}"#, "/template"),
    ] {
        let manifest = with_secrets(op, params, &[(place, "@secret.TOKEN")]);
        let error = bench.run_manifest(&manifest).unwrap_err();
        check_absent(&format!("{error:?}"));
    }
}

#[test]
fn a_secret_in_a_cut_cell_is_redacted_first() {
    let bench = bench("");
    let manifest = with_secrets(
        "compute.extract",
        r#"{"text":null,"format":"csv","types":{"n":"real"}}"#,
        &[("/text", &format!("n\nprefix {} ${{@secret.TOKEN}}\n", "x".repeat(45)))],
    );
    let text = out(&bench, &manifest);
    assert!(text.contains("[sec"), "{text}");
    check_absent(&text);
}

#[test]
fn secrets_need_a_source_and_a_value() {
    let params = r#"{"input":null,"program":"."}"#;
    let refuse = |bench: &Bench, text: &str, code: &str, words: &[&str]| {
        let error = bench
            .run_manifest(&with_secrets("compute.transform", params, &[("/input", text)]))
            .unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(words.iter().all(|word| error.message.contains(word)), "{error}");
    };
    let declared = Bench::with_config("[secrets]\nA = { env = \"A\" }");
    refuse(&declared, "@secret.B", "denied", &["[secrets]", "B = { env ="]);
    refuse(&declared, "@secret.A", "denied", &["`A`", "not set"]);
    refuse(&declared, "@run.x", "invalid_params", &["@run.x"]);
    refuse(&declared, "@secret", "invalid_params", &["secret"]);
    let short = Bench::with_config("[secrets]\nA = { env = \"A\" }").with_variable("A", "abc");
    refuse(&short, "@secret.A", "denied", &["fewer than 4"]);
}

#[test]
fn secrets_go_only_where_null_stands() {
    let bench = bench("");
    for (params, place, words) in [
        (r#"{"input":1,"program":"."}"#, "/input", "not null"),
        (r#"{"input":null,"program":"."}"#, "/other", "names nothing"),
        (r#"{"input":null,"program":"."}"#, "input", "no JSON pointer"),
    ] {
        let manifest = with_secrets("compute.transform", params, &[(place, "@secret.TOKEN")]);
        let error = bench.run_manifest(&manifest).unwrap_err();
        assert_eq!(error.code, "invalid_params");
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn backends_that_keep_parameters_take_no_secrets() {
    let without = manifest("compute.transform", "{}");
    assert!(refuse_secrets(&without).is_ok());
    let secrets = [("/rows/0/a", "@secret.A")];
    let error = refuse_secrets(&with_secrets("compute.transform", "{}", &secrets)).unwrap_err();
    assert_eq!(error.code, "invalid_params");
    assert!(error.message.contains("/rows/0/a"));
}
