//! `lorch validate` over files, folders, patterns and streams, with the real command.

mod system;

use lorch_types::json::Value;

use crate::lorch::Folder;

const JOB: &str = r#"{"job_id":"a","version":"1","steps":[]}"#;
const LOG: &str =
    r#"{"kind":"log","level":"info","message":"a","timestamp":"2025-10-20T14:08:20Z"}"#;

/// A folder with documents, one of them wrong, and other files.
fn mixed() -> Folder {
    let folder = Folder::new();
    folder
        .write("jobs/a.json", JOB)
        .write("jobs/b.yaml", "job_id: b\nversion: \"1\"\nsteps: []\n")
        .write("jobs/deeper/c.json", r#"{"job_id":"c","version":1,"steps":[]}"#)
        .write("events/one.ndjson", format!("{LOG}\n\n{LOG}\r\n"))
        .write("events/rows.jsonl", "{\"id\":1}\n{\"id\":2}\n")
        .write("package.json", r#"{"name":"x"}"#)
        .write("notes.txt", "{")
        .write(".hidden/x.json", "{")
        .write("node_modules/x.json", "{")
        .write("target/x.json", "{");
    folder
}

/// `lorch validate` with these arguments ends so, and prints just these lines.
#[track_caller]
fn check(folder: &Folder, arguments: &[&str], status: i32, printed: &str) {
    let ran = folder.run(["validate"].iter().chain(arguments)).ends(status);
    assert_eq!(ran.stdout.trim_end(), printed.trim_end(), "{}", ran.stderr);
}

#[test]
fn folders_are_walked_in_order_and_foreign_files_passed_over() {
    let wrong = "\
error[L1102]: expected a string, found a number
 --> jobs/deeper/c.json:1:25
  |
1 | {\"job_id\":\"c\",\"version\":1,\"steps\":[]}
  |                         ^

jobs/deeper/c.json: not valid, 1 error
";
    check(
        &mixed(),
        &["."],
        1,
        &format!(
            "events/one.ndjson: 2 documents, all valid\njobs/a.json: valid job-def\n\
             jobs/b.yaml: valid job-def\n{wrong}4 files: 3 valid, 1 not; 5 documents\n\
             2 files are no documents of lorch; `--schema NAME` judges every file"
        ),
    );
    // A file is judged once, however often it is meant.
    check(
        &mixed(),
        &["jobs", "jobs/a.json", "--exclude", "c.json"],
        0,
        "jobs/a.json: valid job-def\njobs/b.yaml: valid job-def\n2 files: 2 valid; 2 documents",
    );
}

#[test]
fn what_is_named_must_be_a_document() {
    let folder = mixed();
    let ran = folder.run(["validate", "package.json"]).ends(1);
    assert!(ran.stdout.contains("error[L1101]: these are the fields of no kind"), "{ran:#?}");
    let ran = folder.run(["validate", "notes.txt"]).ends(1);
    assert!(ran.stdout.contains("error[L0002]"), "{ran:#?}");
    let ran = folder.run(["validate", "events", "--schema", "log"]).ends(1);
    assert!(ran.stdout.contains("rows.jsonl:1:1: error[L1103]: the field `kind` is missing"));
}

#[test]
fn patterns_are_expanded_where_no_shell_does() {
    check(
        &mixed(),
        &["**/*.json", "--exclude", "deeper", "--max-violations", "0"],
        1,
        "jobs/a.json: valid job-def\njobs/deeper/c.json: not valid, 1 error, the first 0 of which \
         are shown\npackage.json: not valid, 1 error, the first 0 of which are shown\n\
         3 files: 1 valid, 2 not; 3 documents",
    );
    check(
        &mixed(),
        &["jobs/[a-b].*"],
        0,
        "jobs/a.json: valid job-def\njobs/b.yaml: valid job-def\n2 files: 2 valid; 2 documents",
    );
}

#[test]
fn patterns_may_match_folders() {
    let folder = Folder::new();
    folder.write("a.json", JOB).write("jobs/b.json", JOB).write("jobs/deeper/c.json", JOB);
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    let (a, b, c) = ("a.json", "jobs/b.json", "jobs/deeper/c.json");
    for (pattern, files) in [
        // A folder without documents is no mistake where the pattern matches others.
        ("*", &[a, b, c][..]),
        ("*/", &[b, c]),
        ("**", &[a, b, c]),
        ("**/**", &[a, b, c]),
        ("./**", &[a, b, c]),
        ("jobs/**", &[b, c]),
        ("[j]obs/*", &[b, c]),
        ("**/*.json", &[a, b, c]),
        ("j*/**/c.json", &[c]),
    ] {
        let valid: String = files.iter().map(|file| format!("{file}: valid job-def\n")).collect();
        let count = files.len();
        let total = match count {
            1 => String::new(),
            _ => format!("{count} files: {count} valid; {count} documents\n"),
        };
        check(&folder, &[pattern], 0, &format!("{valid}{total}"));
    }
    let ran = folder.run(["validate", "asset[s]/", "a.json"]).ends(1);
    assert!(
        ran.stderr.contains("error: there is no document among what `asset[s]/` matches"),
        "{ran:#?}"
    );
    let ran = folder.run(["validate", "a[", "a.json"]).ends(2);
    assert!(ran.stderr.contains("there is no `a[`, and it is no pattern"), "{ran:#?}");
}

#[test]
fn a_file_is_judged_once_however_it_is_meant() {
    let folder = Folder::new();
    folder.write("jobs/a.json", JOB);
    let arguments = ["jobs", "./jobs/a.json", "jobs/a.json", "jobs//*.json", ".", "**/a.json"];
    check(&folder, &arguments, 0, "jobs/a.json: valid job-def");
}

#[test]
fn the_files_that_keep_track_of_ledgers_are_no_documents() {
    let folder = Folder::with_examples();
    let events = "examples/workspace/events/run-20251020-140818-4f9f29a1";
    check(
        &folder,
        &[
            &format!("{events}.ndjson"),
            &format!("{events}.chain.ndjson"),
            "examples/workspace/state",
        ],
        0,
        &format!(
            "{events}.ndjson: 11 documents, all valid\nexamples/workspace/state/run.json: valid \
             run-state\n2 files: 2 valid; 12 documents\n2 files keep track of ledgers, and are no \
             documents"
        ),
    );
}

#[test]
fn no_documents_at_all_are_a_failure() {
    let folder = mixed();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (argument, said) in [
        ("*.toml", "error: no file matches `*.toml`"),
        ("empty", "error: there is no document in `empty`"),
        ("events/*.toml", "error: no file matches `events/*.toml`"),
    ] {
        let ran = folder.run(["validate", argument]).ends(1);
        assert!(ran.stderr.contains(said), "{ran:#?}");
    }
    let folder = Folder::new();
    folder.write("package.json", "{}");
    let ran = folder.run(["validate", "."]).ends(1);
    assert!(ran.stderr.contains("there was nothing to validate"), "{ran:#?}");
    folder.run(["validate"]).ends(2);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_judged() {
    let folder = mixed();
    let ran = folder.run(["validate", "absent.json", "jobs/a.json", "absent.ndjson"]).ends(2);
    assert!(ran.stdout.contains("jobs/a.json: valid job-def"), "{ran:#?}");
    assert!(ran.stdout.contains("3 files: 1 valid, 2 not readable; 1 document"), "{ran:#?}");
    assert!(ran.stderr.contains("`absent.json`") && ran.stderr.contains("`absent.ndjson`"));
    let ran = folder.run(["validate", "-", "-"]).ends(2);
    assert!(ran.stderr.contains("standard input"), "{ran:#?}");
}

/// Pipes that nobody writes to, links in circles and out of the folder.
#[cfg(unix)]
#[test]
fn links_and_special_files_are_left_out() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    folder.write("docs/a.json", JOB).write("outside.json", "{");
    let at = |name: &str| folder.path().join(name);
    symlink("..", at("docs/circle")).unwrap();
    symlink("../outside.json", at("docs/out.json")).unwrap();
    symlink("nowhere", at("docs/broken.json")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(at("docs/pipe.json")).status().unwrap();
    assert!(pipe.success());
    check(
        &folder,
        &["docs"],
        0,
        "docs/a.json: valid job-def\n4 links and special files were left out; name them to judge them",
    );
    let ran = folder.run(["validate", "docs/*.json"]).ends(2);
    assert!(ran.stdout.contains("docs/a.json: valid job-def"), "{ran:#?}");
    assert!(ran.stderr.contains("docs/broken.json"), "{ran:#?}");
}

#[test]
fn texts_that_are_no_documents() {
    for (text, said) in [
        (&b""[..], "error[L0002]: the text ends where a value should stand"),
        (b"\xef\xbb\xbf{}", "error[L0001]: the text begins with a byte order mark"),
        (b"{\"a\":\"\xff\"}", "error[L0001]: the text is not valid UTF-8"),
        (b"{\"a\":1,\"a\":1}", "error[L0003]"),
        (b"[]", "error[L1101]: a document is an object, and this is an array"),
    ] {
        let folder = Folder::new();
        folder.write("x.json", text);
        let ran = folder.run(["validate", "x.json"]).ends(1);
        assert!(ran.stdout.contains(said), "{ran:#?}");
    }
}

#[test]
fn a_stream_may_hold_nothing() {
    let folder = Folder::new();
    folder.write("a.ndjson", "").write("b.ndjson", "\n \r\n\t\n").write("c.ndjson", LOG);
    check(
        &folder,
        &["."],
        0,
        "a.ndjson: no documents\nb.ndjson: no documents\nc.ndjson: 1 document, all valid\n\
         3 files: 3 valid; 1 document",
    );
}

#[test]
fn standard_input_is_a_document_or_lines() {
    let folder = Folder::new();
    let lines = format!("{LOG}\n{LOG}\n");
    for (arguments, input, status, printed) in [
        (&["-"][..], JOB, 0, "<stdin>: valid job-def\n"),
        (&["-"], "job_id: a\nversion: '1'\nsteps: []\n", 0, "<stdin>: valid job-def\n"),
        (&["--ndjson", "-"], lines.as_str(), 0, "<stdin>: 2 documents, all valid\n"),
        (&["--ndjson", "-"], "", 0, "<stdin>: no documents\n"),
        (&["-"], "", 1, "<stdin>: not valid, 1 error\n"),
    ] {
        let ran = folder.run_with(["validate"].iter().chain(arguments), input, &[]).ends(status);
        assert!(ran.stdout.ends_with(printed), "{ran:#?}");
    }
    folder.write("a.json", JOB);
    for twice in [["-", "-"], ["--schema-file=-", "-"]] {
        let ran = folder.run_with(["validate"].iter().chain(&twice), JOB, &[]).ends(2);
        assert!(ran.stderr.contains("2 arguments read standard input"), "{ran:#?}");
    }
    let ran = folder.run_with(["validate", "--schema-file", "-", "a.json"], "{}", &[]).ends(0);
    assert_eq!(ran.stdout, "a.json: valid\n");
}

/// What would be left unheeded is refused.
#[test]
fn arguments_that_contradict_each_other_are_refused() {
    let folder = mixed();
    folder.write("any.json", "true");
    for arguments in [
        &["--together", ".", "--schema-file", "any.json"][..],
        &["--together", ".", "--exclude", "*.json"],
        &["--together", ".", "--max-violations", "1"],
        &["--together", ".", "--schema", "log"],
        &["--together", ".", "jobs"],
        &["--schema", "log", "--schema-file", "any.json", "jobs"],
    ] {
        let ran = folder.run(["validate"].iter().chain(arguments)).ends(2);
        assert!(ran.stderr.contains("cannot be used with"), "{ran:#?}");
    }
    let ran = folder.run(["validate", "--schema", "comand", "jobs"]).ends(2);
    for kind in lorch_types::Kind::ALL {
        assert!(ran.stderr.contains(kind.name()), "{kind}: {ran:#?}");
    }
}

/// A schema that cannot be used is wrong usage, and said about the schema; one that can judges all.
#[test]
fn a_schema_of_ones_own_judges_every_file() {
    let folder = mixed();
    folder.write("named.schema.json", r#"{"required":["name"]}"#);
    folder.write("bad.schema.yaml", "type: objekt\n");
    let named = ["--schema-file", "named.schema.json"];
    check(&folder, &["package.json", named[0], named[1]], 0, "package.json: valid");
    let ran = folder.run(["validate", "events", named[0], named[1]]).ends(1);
    assert!(ran.stdout.contains("rows.jsonl:2:1: error[L1103]: the field `name` is missing"));
    assert!(ran.stdout.ends_with("2 files: 0 valid, 2 not; 4 documents\n"), "{ran:#?}");
    let ran = folder.run(["validate", "jobs", "--schema-file", "bad.schema.yaml"]).ends(2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("error[L1112]: `objekt` is not `array`"), "{ran:#?}");
    assert!(ran.stderr.contains(" --> bad.schema.yaml:1:7"), "{ran:#?}");
}

#[test]
fn a_stream_says_what_it_finds_up_to_a_limit() {
    let folder = Folder::new();
    let line = LOG.replace("info", "inform");
    folder.write("x.ndjson", format!("{line}\n").repeat(1000));
    let ran = folder.run(["validate", "x.ndjson"]).ends(1);
    assert_eq!(ran.stdout.matches("error[L1105]").count(), 100);
    assert!(ran.stdout.ends_with(
        "x.ndjson: 1,000 documents, 1,000 not valid; 1,000 errors, the first 100 of which are shown\n"
    ));
    let ran = folder.run(["validate", "--format", "json", "x.ndjson"]).ends(1);
    let lines = ran.lines();
    assert_eq!(lines.len(), 1000);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line.get("line"), Some(&Value::from(at as u64 + 1)));
    }
    let ran = folder.run(["validate", "--format", "sarif", "x.ndjson"]).ends(1);
    let run = &ran.json();
    let results = run.get("runs").and_then(Value::as_array).and_then(|runs| runs[0].get("results"));
    assert_eq!(results.and_then(Value::as_array).map(<[_]>::len), Some(1000));
}

#[test]
fn editors_are_told_of_the_schemas_once() {
    let folder = Folder::new();
    folder.run(["init"]).ends(0);
    let settings = crate::lorch::read(&folder.read(".vscode/settings.json"));
    let schemas = settings.get("json.schemas").and_then(Value::as_array).unwrap();
    for mapping in schemas {
        let url = mapping.get("url").and_then(Value::as_str).unwrap();
        let schema = crate::lorch::read(&folder.read(url));
        assert_eq!(schema.get("$id").and_then(Value::as_str).map(|it| &it[..4]), Some("urn:"));
    }
    assert_eq!(schemas.len(), 6);
    let idea = folder.read(".idea/jsonSchemas.xml");
    assert!(idea.contains("value=\"schemas/v1/run-state.v1.json\""), "{idea}");
    assert!(folder.read("jobs/hello.yaml").starts_with("# yaml-language-server: $schema=../"));
    let again = folder.run(["init"]).ends(0).stdout;
    assert!(again.contains("kept  schemas") && !again.contains("To add"), "{again}");
    // Settings of somebody else are kept, and it is said what is missing from them.
    folder.write(".vscode/settings.json", "{ \"editor.tabSize\": 2 }");
    let again = folder.run(["init"]).ends(0).stdout;
    assert!(again.contains("To add to .vscode/settings.json:\n{\n  \"json.schemas\""), "{again}");
    assert_eq!(folder.read(".vscode/settings.json"), "{ \"editor.tabSize\": 2 }");
}

#[test]
fn exported_schemas_have_a_catalog() {
    let folder = Folder::new();
    folder.run(["schema", "export", "out"]).ends(0);
    let catalog = crate::lorch::read(&folder.read("out/catalog.json"));
    let schemas = catalog.get("schemas").and_then(Value::as_array).unwrap();
    assert_eq!(schemas.len(), 17);
    for schema in schemas {
        let url = schema.get("url").and_then(Value::as_str).unwrap();
        assert!(folder.path().join("out").join(url).is_file(), "{url}");
    }
}
