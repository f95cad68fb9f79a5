//! `compute.extract`.

use lorch_types::json::{Object, Value};
use proptest::prelude::*;

use super::{Bench, json};

const OP: &str = "compute.extract";

#[track_caller]
fn check_text(text: &str, options: &str, rows: &str) {
    let text = lorch_types::json::Value::from(text);
    let output = Bench::new().run(OP, &format!(r#"{{"text":{text},{options}}}"#)).unwrap();
    let rows = json(rows);
    let count = u64::try_from(rows.as_array().unwrap().len()).unwrap();
    assert_eq!(output.get("rows"), Some(&rows));
    assert_eq!(output.get("count"), Some(&count.into()));
}

#[track_caller]
fn refuse_text(text: &str, options: &str, code: &str, words: &[&str]) {
    let text = lorch_types::json::Value::from(text);
    Bench::new().refuse(OP, &format!(r#"{{"text":{text},{options}}}"#), code, words);
}

#[test]
fn csv_cells_are_exact() {
    let csv = r#""format":"csv""#;
    check_text("a,b\n1,x\n", csv, r#"[{"a":"1","b":"x"}]"#);
    check_text("a,b\r\n1,x\r\n2,y", csv, r#"[{"a":"1","b":"x"},{"a":"2","b":"y"}]"#);
    check_text("\u{feff}a\n1\n", csv, r#"[{"a":"1"}]"#);
    check_text(
        "a,b\n\"x \"\"q\"\", y\",\"two\r\nlines\"\n",
        csv,
        r#"[{"a":"x \"q\", y","b":"two\r\nlines"}]"#,
    );
    check_text("a\n@run.x\n${@ctx.x}\n", csv, r#"[{"a":"@run.x"},{"a":"${@ctx.x}"}]"#);
    check_text("a,b\n5\" disk,x\"\"y\n", csv, r#"[{"a":"5\" disk","b":"x\"\"y"}]"#);
    check_text("a,b\n, \n", csv, r#"[{"a":"","b":" "}]"#);
    check_text("", csv, "[]");
    check_text("a\n", csv, "[]");
    check_text("a;b\n1;2,5\n", r#""format":"csv","delimiter":";""#, r#"[{"a":"1","b":"2,5"}]"#);
    check_text("a\tb\n1\t2\n", r#""format":"csv","delimiter":"\t""#, r#"[{"a":"1","b":"2"}]"#);
}

#[test]
fn typed_cells_become_values() {
    let options = r#""format":"csv","types":{"i":"integer","r":"real","t":"text","b":"boolean","j":"json","w":"timestamp"}"#;
    check_text(
        "i,r,t,b,j,w\n18446744073709551615,-1.5e3,007,TRUE,\"{\"\"a\"\":[1]}\",2026-11-01T05:00:02+01:00\n,,,,,\n",
        options,
        r#"[{"i":18446744073709551615,"r":-1500,"t":"007","b":true,"j":{"a":[1]},"w":"2026-11-01T04:00:02Z"},
            {"i":null,"r":null,"t":null,"b":null,"j":null,"w":null}]"#,
    );
}

#[test]
fn bad_cells_are_named() {
    let table = [
        ("integer", "1.5", "is no integer"),
        ("integer", "007", "is no integer"),
        ("integer", "18446744073709551616", "is no integer"),
        ("real", "NaN", "is no number"),
        ("real", "1e400", "is no number"),
        ("real", "1,5", "is no number"),
        ("boolean", "yes", "neither"),
        ("json", "{a:1}", "is no JSON"),
        ("timestamp", "2026-02-30T00:00:00Z", "is no timestamp"),
    ];
    for (column_type, cell, words) in table {
        let options = format!(r#""format":"csv","types":{{"n":"{column_type}"}}"#);
        let text = format!("id,n\n1,\n2,\"{cell}\"\n");
        let quoted = format!("`{cell}`");
        refuse_text(&text, &options, "backend", &["row 2 (line 3)", "column `n`", &quoted, words]);
    }
}

#[test]
fn malformed_csv_is_refused() {
    let csv = r#""format":"csv""#;
    refuse_text("a,b\n1\n", csv, "backend", &["line 2", "1 cells", "header of 2"]);
    refuse_text("a,a\n1,2\n", csv, "backend", &["two columns are named `a`"]);
    refuse_text("a,\n1,2\n", csv, "backend", &["column 2 has no name"]);
    refuse_text("a\nx\n\"never closed\n1\n2\n", csv, "backend", &["line 3", "never closed"]);
    refuse_text(
        "a\n1\n",
        r#""format":"csv","types":{"A":"real"}"#,
        "invalid_params",
        &["no column `A`", "did you mean `a`?"],
    );
    refuse_text(
        "a\n1\n",
        r#""format":"csv","delimiter":"ab""#,
        "invalid_params",
        &["one ASCII character"],
    );
    Bench::new().file("x.csv", b"a\n\xFF\n").refuse(
        OP,
        r#"{"path":"x.csv","format":"csv"}"#,
        "backend",
        &["row 1", "not UTF-8"],
    );
}

#[test]
fn json_rows() {
    let json = r#""format":"json""#;
    check_text("[1,{\"a\":2}]", json, r#"[1,{"a":2}]"#);
    check_text(
        r#"{"data":{"items":[9007199254740993]}}"#,
        r#""format":"json","pointer":"/data/items""#,
        "[9007199254740993]",
    );
    refuse_text(r#"{"items":[1]}"#, json, "backend", &["an object", "pointer: \"/items\""]);
    refuse_text(r#"{"a":1}"#, r#""format":"json","pointer":"/b""#, "not_found", &["`/b`"]);
    refuse_text(
        r#"{"a":1}"#,
        r#""format":"json","pointer":"b""#,
        "invalid_params",
        &["no JSON pointer"],
    );
    refuse_text("[1,\n {\"a\":1,\"a\":2}]", json, "backend", &["line 2", "occurs twice"]);
}

#[test]
fn ndjson_rows() {
    let ndjson = r#""format":"ndjson""#;
    check_text("{\"a\":1}\r\n\n[2]\n", ndjson, r#"[{"a":1},[2]]"#);
    refuse_text("{}\n{\"a\":}\n", ndjson, "backend", &["line 2", "column 6"]);
    let long = format!("\"{}\"", "x".repeat(256 * 1024 - 1));
    refuse_text(&long, ndjson, "backend", &["line 1", "limit"]);
}

#[test]
fn options_of_other_formats_are_refused() {
    refuse_text("[]", r#""format":"json","types":{}"#, "invalid_params", &["`types`", "`csv`"]);
    refuse_text(
        "a\n",
        r#""format":"csv","pointer":"/x""#,
        "invalid_params",
        &["`pointer`", "`json`"],
    );
    refuse_text("a\n", r#""format":"xml""#, "invalid_params", &["format"]);
    Bench::new().refuse(OP, r#"{"format":"csv"}"#, "invalid_params", &["`path`", "`text`"]);
    Bench::new().refuse(
        OP,
        r#"{"format":"csv","path":"a","text":"b"}"#,
        "invalid_params",
        &["`path`", "`text`"],
    );
}

#[test]
fn files_are_read_beneath_the_workspace_and_bounded() {
    let bench = Bench::with_config("[limits]\nmax_output_bytes = 40")
        .file("x.csv", "a\n1\n")
        .file("big.csv", "a\n".repeat(21));
    bench.check(OP, r#"{"path":"x.csv","format":"csv"}"#, r#"{"rows":[{"a":"1"}],"count":1}"#);
    bench.refuse(
        OP,
        r#"{"path":"big.csv","format":"csv"}"#,
        "output_too_large",
        &["big.csv", "40"],
    );
    bench.refuse(OP, r#"{"path":"y.csv","format":"csv"}"#, "not_found", &["y.csv"]);
    bench.refuse(OP, r#"{"path":"../x.csv","format":"csv"}"#, "invalid_params", &["leads out"]);
    bench.refuse(
        OP,
        r#"{"text":"a\n11\n22\n33\n44","format":"csv"}"#,
        "output_too_large",
        &["max_output_bytes"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a spreadsheet quotes comes back as it was.
    #[test]
    fn quoted_cells_come_back_exactly(
        cells in prop::collection::vec(("(?s).{0,8}", "[\",;\r\n\t @${}']{0,6}"), 0..6), crlf: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = format!("a,b{end}");
        for (a, b) in &cells {
            text.push_str(&format!("{},{}{end}", quoted(a), quoted(b)));
        }
        let row = |(a, b): &(String, String)| {
            Value::Object(Object::from_iter([("a", a.as_str()), ("b", b.as_str())]))
        };
        let rows = Value::Array(cells.iter().map(row).collect());
        let params = format!(r#"{{"text":{},"format":"csv"}}"#, Value::from(text));
        let output = Bench::new().run(OP, &params).unwrap();
        prop_assert_eq!(output.get("rows"), Some(&rows));
    }
}

#[test]
fn the_records_of_lorch_are_not_read() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path(".lorch")).unwrap();
    let bench = bench.file(".lorch/x.csv", "a\n1\n");
    bench.refuse(OP, r#"{"path":".lorch/x.csv","format":"csv"}"#, "denied", &["do not read there"]);
}
