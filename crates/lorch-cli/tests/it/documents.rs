//! `compile`, `manifest`, `validate` and `schema`: documents in, documents out.

use lorch_types::json::Value;

use crate::lorch::{Folder, read};

const RUN_ID: &str = "01KADE3Q6BZ5T8V0X2Y4W6R9SN";

/// The job of the vectors for idempotency keys.
fn persist(idempotency: &str) -> String {
    format!(
        "job_id: daily-orders\nversion: \"1\"\nsteps:\n  - step_id: persist\n    op: write.upsert\n    \
         idempotency: {idempotency}\n    \
         params: {{ table: orders, rows: [{{ id: 1, amount: 12.5 }}], idempotency_key: invoice-77 }}\n"
    )
}

#[track_caller]
fn key(idempotency: &str, expected: &str) {
    let folder = Folder::new();
    folder.write("job.yaml", persist(idempotency));
    folder.write("ctx.json", r#"{"key":{"day":"2026-11-20","region":"eu"}}"#);
    let compiled = folder.run(["compile", "job.yaml", "--ctx", "ctx.json"]).ends(0);
    let arguments = ["manifest", "-", "--step", "persist", "--run-id", RUN_ID];
    let manifest = folder.run_with(arguments, &compiled.stdout, &[]).ends(0).json();
    assert_eq!(manifest.get("idempotency_key").and_then(Value::as_str), Some(expected));
}

#[test]
fn keys_are_those_of_the_vectors() {
    key("{ scope: run }", "ik:443b7ee7780e1464dcb8b2bc91f479dabaa0fa905d78c0f45ebb102f7fa9755d");
    key(
        "{ scope: semantic, semantic_key_ref: \"@ctx.key\" }",
        "ik:07b3631ca654a97fa8d708d0a1e84acaff6e02607ccb6b81938dd39ae5930de9",
    );
    key(
        "{ scope: explicit }",
        "ik:6fa3b6c416dece5f9eac15525ac84c68fc7a795f70a4f351d39aee14bcc5a462",
    );
}

#[test]
fn the_example_compiles_to_the_same_instance_every_time() {
    let folder = Folder::with_examples();
    let compile = || {
        let arguments =
            ["compile", "examples/orders/daily.yaml", "--payload", "examples/orders/payload.json"];
        folder.run_with(arguments, "", &[("SOURCE_DATE_EPOCH", "1763625600")]).ends(0)
    };
    let compiled = compile();
    assert_eq!(compiled.stdout, compile().stdout);
    let instance: serde_json::Value = compiled.json().into();
    insta::assert_snapshot!("daily_instance", format!("{instance:#}"));
    folder.run_with(["validate", "-"], &compiled.stdout, &[]).ends(0);

    let arguments = ["manifest", "-", "--step", "orders_table", "--run-id", RUN_ID];
    let manifest: serde_json::Value =
        folder.run_with(arguments, &compiled.stdout, &[]).ends(0).json().into();
    insta::assert_snapshot!("orders_table_manifest", format!("{manifest:#}"));
}

#[test]
fn yaml_and_json_of_one_definition_have_one_digest() {
    let folder = Folder::new();
    folder.write("a.yaml", "job_id: a\nversion: \"1\"\nsteps: []\n");
    folder.write("a.json", r#"{"steps": [], "version": "1", "job_id": "a"}"#);
    let digest = |file: &str| {
        let instance = folder.run(["compile", file]).ends(0).json();
        instance.get("job_def_sha256").unwrap().to_string()
    };
    assert_eq!(digest("a.yaml"), digest("a.json"));
}

#[test]
fn a_manifest_takes_outputs_envelope_and_start() {
    let folder = Folder::new();
    folder.write(
        "job.yaml",
        "job_id: a\nversion: \"1\"\nsteps:\n  - { step_id: read, op: query.rows, params: { table: t } }\n  \
         - step_id: write\n    op: compute.x\n    params:\n      rows: \"@run.read.rows\"\n      \
         who: \"@run.envelope.who\"\n      at: \"@run.started_at\"\n",
    );
    folder.write("outputs.json", r#"{"read":{"rows":[{"name":"${@secret.X}"}]}}"#);
    folder.write("envelope.json", r#"{"who":"Ada"}"#);
    let compiled = folder.run(["compile", "job.yaml"]).ends(0);
    folder.write("instance.json", &compiled.stdout);
    let base = ["manifest", "instance.json", "--step", "write", "--run-id", RUN_ID];
    let more = ["--outputs", "outputs.json", "--envelope", "envelope.json"];
    let manifest = folder.run(base.into_iter().chain(more)).ends(0).json();
    let params = manifest.get("resolved_params").unwrap().to_string();
    let expected =
        r#"{"at":"2025-11-19T06:51:24.747Z","rows":[{"name":"${@secret.X}"}],"who":"Ada"}"#;
    assert_eq!(params, expected);
    let start = ["--started-at", "2026-01-01T00:00:00Z"];
    let manifest = folder.run(base.into_iter().chain(more).chain(start)).ends(0).json();
    assert!(manifest.to_string().contains("2026-01-01T00:00:00Z"));

    let missing = folder.run(base).ends(1);
    assert!(missing.stderr.contains("@run.read.rows"), "{}", missing.stderr);

    folder.write("instance.json", compiled.stdout.replace("\"write\"", "\"read\""));
    let repeated = folder.run(base).ends(1);
    assert!(repeated.stderr.contains("have the name `read`"), "{}", repeated.stderr);
}

#[test]
fn validate_writes_every_format() {
    let folder = Folder::new();
    folder.write("good.json", r#"{"job_id":"a","version":"1","steps":[]}"#);
    folder.write("bad.yaml", "job_id: a/b\nversion: \"1\"\nsteps: []\n");
    let human = folder.run(["validate", "good.json", "bad.yaml"]).ends(1);
    assert!(human.stdout.contains("good.json: valid job-def\n"), "{}", human.stdout);
    assert!(human.stdout.contains("error[L1106]"), "{}", human.stdout);
    assert!(human.stdout.contains("--> bad.yaml:1:9"), "{}", human.stdout);

    let lines =
        folder.run(["validate", "--format", "json", "good.json", "bad.yaml"]).ends(1).lines();
    assert_eq!(lines.len(), 1);
    let text = |field: &str| lines[0].get(field).map(Value::to_string).unwrap_or_default();
    assert_eq!(text("code"), r#""L1106""#);
    assert_eq!(text("pointer"), r#""/job_id""#);
    assert_eq!((text("line"), text("file")), ("1".to_owned(), r#""bad.yaml""#.to_owned()));

    let sarif =
        folder.run(["validate", "--format", "sarif", "good.json", "bad.yaml"]).ends(1).json();
    assert_eq!(sarif.get("version").and_then(Value::as_str), Some("2.1.0"));
    assert!(sarif.to_string().contains("\"startLine\":1"), "{sarif}");

    let github = folder.run(["validate", "--format", "github", "bad.yaml"]).ends(1).stdout;
    assert!(github.starts_with("::error file=bad.yaml,line=1,col=9"), "{github}");
}

#[test]
fn check_writes_every_format() {
    let folder = Folder::new();
    folder.write(
        "bad.yaml",
        "job_id: a\nversion: \"1\"\nsteps: [{ step_id: a, op: b.c, params: {} }]\n",
    );
    let lines = folder.run(["check", "bad.yaml", "--format", "json"]).ends(1).lines();
    assert_eq!(lines[0].get("code").and_then(Value::as_str), Some("L0306"));
    let sarif = folder.run(["check", "bad.yaml", "--format", "sarif"]).ends(1).json();
    assert!(sarif.to_string().contains("L0306"), "{sarif}");
    let github = folder.run(["check", "bad.yaml", "--format", "github"]).ends(1).stdout;
    assert!(github.starts_with("::error file=bad.yaml,line=3"), "{github}");
    folder.write("good.yaml", "job_id: a\nversion: \"1\"\nsteps: []\n");
    let sarif = folder.run(["check", "good.yaml", "--format", "sarif"]).ends(0).json();
    assert!(sarif.to_string().contains("\"results\":[]"), "{sarif}");
}

#[test]
fn streams_are_judged_line_by_line() {
    let folder = Folder::new();
    let good = r#"{"job_id":"a","version":"1","steps":[]}"#;
    let stream = format!("{good}\n\n{good}\n{{\"job_id\":\"a\",\"version\":1,\"steps\":[]}}\n");
    folder.write("jobs.ndjson", &stream);
    let ran = folder.run(["validate", "jobs.ndjson"]).ends(1);
    assert!(ran.stdout.contains("jobs.ndjson:4:"), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 documents, 1 not valid"), "{}", ran.stdout);
    let ran = folder.run_with(["validate", "--ndjson", "-"], &stream, &[]).ends(1);
    assert!(ran.stdout.contains("<stdin>:4:"), "{}", ran.stdout);
    let ran = folder.run_with(["validate", "--schema", "run-record", "-"], good, &[]).ends(1);
    assert!(ran.stdout.contains("L1103"), "{}", ran.stdout);
}

#[test]
fn schemas_are_listed_shown_and_exported() {
    let folder = Folder::new();
    let listed = folder.run(["schema", "list"]).ends(0).stdout;
    for name in ["job-def", "step-outcome", "write.upsert", "compute.llm"] {
        assert!(listed.contains(name), "{name} in {listed}");
        let shown = read(&folder.run(["schema", "show", name]).ends(0).stdout);
        let draft = shown.get("$schema").and_then(Value::as_str).unwrap();
        assert!(draft.contains("draft-07"), "{draft}");
    }
    folder.run(["schema", "export", "out"]).ends(0);
    let committed = crate::lorch::repository().join("schemas/job/job_def.schema.json");
    let exported = folder.read("out/job/job_def.schema.json");
    assert_eq!(exported, std::fs::read_to_string(committed).unwrap());
    assert!(folder.path().join("out/ops/write.upsert.schema.json").exists());
    let unknown = folder.run(["schema", "show", "jobdef"]).ends(2);
    assert!(unknown.stderr.contains("lorch schema list"), "{}", unknown.stderr);
}
