//! The forms of reports.

use lorch_types::diagnostic::{Code, Diagnostic, Format as Written, Source};
use lorch_types::json::{Limits, read};
use lorch_types::pointer::Pointer;
use lorch_validate::report::{Finding, Format, write};

/// Two findings in two files, with what needs escaping in every form.
fn findings() -> Vec<Finding> {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.as_bytes().to_vec(),
        format: Written::Json,
    };
    let sources = [source("a b,1.json", "{\n  \"x\": [1, \"ä\"]\n}"), source("child.json", "{}")];
    let diagnostics = [
        Diagnostic::warning(Code("L1001"), Pointer::root(), "in the child").in_file("child.json"),
        Diagnostic::error(Code("L1102"), "/x/1".parse().unwrap(), "100% \u{1b}[31m wrong:\nreally")
            .with_help("write `1`"),
    ];
    Finding::all(&diagnostics, &sources)
}

#[track_caller]
fn check(format: Format, expected: &str) {
    let mut out = Vec::new();
    write(format, &findings(), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn one_line_each_for_people() {
    check(
        Format::Human,
        "a b,1.json:2:12: error[L1102]: /x/1: 100% \\u{1b}[31m wrong:\\u{a}really\n  = help: write `1`\n\
         child.json:1:1: warning[L1001]: in the child\n",
    );
}

#[test]
fn one_object_a_line_for_programs() {
    check(
        Format::Json,
        concat!(
            r#"{"code":"L1102","column":12,"file":"a b,1.json","help":"write `1`","line":2,"#,
            r#""message":"100% \u001b[31m wrong:\nreally","pointer":"/x/1","severity":"error"}"#,
            "\n",
            r#"{"code":"L1001","column":1,"file":"child.json","line":1,"message":"in the child","#,
            r#""pointer":"","severity":"warning"}"#,
            "\n",
        ),
    );
}

#[test]
fn annotations_for_github() {
    check(
        Format::GitHub,
        "::error file=a b%2C1.json,line=2,col=12,title=L1102::100%25 \\u{1b}[31m wrong:\\u{a}really\
         %0Ahelp: write `1`\n\
         ::warning file=child.json,line=1,col=1,title=L1001::in the child\n",
    );
}

#[test]
fn one_sarif_document() {
    let mut out = Vec::new();
    write(Format::Sarif, &findings(), &mut out).unwrap();
    let log = read(&out, Limits::default()).unwrap();
    let at = |pointer: &str| {
        let pointer: Pointer = pointer.parse().unwrap();
        pointer.find(&log).map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(at("/version"), r#""2.1.0""#);
    assert_eq!(at("/runs/0/tool/driver/rules"), r#"[{"id":"L1001"},{"id":"L1102"}]"#);
    assert_eq!(at("/runs/0/results/0/level"), r#""error""#);
    assert_eq!(at("/runs/0/results/0/ruleId"), r#""L1102""#);
    let location = "/runs/0/results/0/locations/0";
    assert_eq!(
        at(&format!("{location}/physicalLocation")),
        r#"{"artifactLocation":{"uri":"a%20b%2C1.json"},"region":{"endColumn":15,"endLine":2,"startColumn":12,"startLine":2}}"#
    );
    assert_eq!(at(&format!("{location}/logicalLocations/0/fullyQualifiedName")), r#""/x/1""#);
    assert_eq!(at("/runs/0/results/1/level"), r#""warning""#);
}

#[test]
fn an_empty_report_is_still_a_sarif_document() {
    let mut out = Vec::new();
    write(Format::Sarif, &[], &mut out).unwrap();
    let log = read(&out, Limits::default()).unwrap();
    assert_eq!(log.get("runs").and_then(|runs| runs.as_array()).map(<[_]>::len), Some(1));
}

#[test]
fn formats_are_known_by_name() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    let error = "xml".parse::<Format>().unwrap_err().to_string();
    assert!(error.contains("`xml`") && error.contains("sarif"), "{error}");
}
