//! Transforms and renderings in a worker: a process that is killed, starved and answered from.
//!
//! A test binary without the usual harness, since it is the worker too: started with the argument
//! `serve` it does what `lorch worker transform` does.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use lorch_backends::{
    Backend, Cancellation, Compute, ComputeOptions, Config, Workspace, transform_worker,
};
use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Object, Value, from_value, read};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        transform_worker(io::stdin().lock(), io::stdout().lock()).unwrap();
        return;
    }
    answers_are_those_of_the_process_itself();
    errors_come_back();
    endless_programs_are_killed();
    memory_is_limited();
    deep_recursion_is_survived();
    files_are_written_by_the_parent();
    a_worker_that_is_none_is_an_error();
}

fn json(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn compute(folder: &Path, worker: Option<Vec<OsString>>, config: &str) -> Compute {
    let options = ComputeOptions { worker, ..ComputeOptions::default() };
    Compute::with_options(Workspace::open(folder).unwrap(), Config::parse(config).unwrap(), options)
}

fn own_worker() -> Option<Vec<OsString>> {
    Some(vec![std::env::current_exe().unwrap().into_os_string(), "serve".into()])
}

fn manifest(op: &str, params: Value) -> StepManifest {
    let mut document = Object::new();
    document.insert("run_id", "01KADE3Q6BZ5T8V0X2Y4W6R9SN");
    document.insert("step_id", "step");
    document.insert("backend", "compute");
    document.insert("op", op);
    document.insert("resolved_params", params);
    document.insert("idempotency_key", IdempotencyKey::of(vec!["test".into()]).as_str());
    from_value(&Value::Object(document)).unwrap()
}

fn transform(program: &str, input: Value) -> StepManifest {
    let mut params = Object::new();
    params.insert("program", program);
    params.insert("input", input);
    params.insert("args", json(r#"{"by":2}"#));
    manifest("compute.transform", params.into())
}

#[track_caller]
fn run(
    manifest: &StepManifest,
    config: &str,
    cancellation: &Cancellation,
) -> Result<Value, ErrorInfo> {
    let folder = tempfile::tempdir().unwrap();
    let compute = compute(folder.path(), own_worker(), config);
    compute.perform(manifest, cancellation).map(|performed| performed.output)
}

#[track_caller]
fn refuse(manifest: &StepManifest, config: &str, code: &str, word: &str) {
    let error = run(manifest, config, &Cancellation::never()).unwrap_err();
    assert_eq!(error.code, code, "{error} {:?}", error.details);
    assert!(error.message.contains(word), "{error}");
}

fn answers_are_those_of_the_process_itself() {
    let mut deep = Value::from(18_446_744_073_709_551_615_u64);
    for _ in 0..125 {
        deep = Value::Array(vec![deep]);
    }
    let inputs = [
        deep,
        json(r#"{"a":[1,-0.5,1e300,9007199254740993,"\n\u2028\"é😀",null,true]}"#),
        "x".repeat(3 << 20).into(),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (here, there) =
        (compute(folder.path(), None, ""), compute(folder.path(), own_worker(), ""));
    for input in inputs {
        let manifest = transform(".", input);
        let never = Cancellation::never();
        assert_eq!(
            here.perform(&manifest, &never).unwrap(),
            there.perform(&manifest, &never).unwrap()
        );
    }
}

fn errors_come_back() {
    refuse(&transform("nope(1)", Value::Null), "", "invalid_params", "nope/1");
    refuse(&transform("error(\"why\")", Value::Null), "", "backend", "why");
    refuse(&transform("1, $by", Value::Null), "", "backend", "more than one");
    refuse(
        &transform("\"x\" * 200", Value::Null),
        "[limits]\nmax_output_bytes = 100",
        "output_too_large",
        "100",
    );
    let quoted = transform("error(\"x\" * 5000)", Value::Null);
    let error = run(&quoted, "", &Cancellation::never()).unwrap_err();
    assert!(error.message.len() < 700, "{}", error.message.len());
}

fn endless_programs_are_killed() {
    for program in ["def f: f; f", "[range(infinite)] | length", "last(repeat(1))"] {
        let soon = Cancellation::never().with_timeout(Duration::from_millis(200));
        let error = run(&transform(program, Value::Null), "", &soon).unwrap_err();
        assert_eq!(error.code, "timeout", "{program}: {error}");
    }
    let template =
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    let mut params = Object::new();
    params.insert("template", template);
    params.insert("data", Value::object());
    let soon = Cancellation::never().with_timeout(Duration::from_millis(200));
    let error = run(&manifest("compute.render", params.into()), "", &soon).unwrap_err();
    assert_eq!(error.code, "timeout", "{error}");
}

fn memory_is_limited() {
    let config = "[limits]\nmax_worker_memory_bytes = 100_000_000";
    let doubling = "reduce range(60) as $i (\"x\"; . + .) | length";
    refuse(&transform(doubling, Value::Null), config, "backend", "max_worker_memory_bytes");
    let mut params = Object::new();
    params.insert("template", "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}");
    params.insert("data", Value::object());
    refuse(
        &manifest("compute.render", params.into()),
        config,
        "backend",
        "max_worker_memory_bytes",
    );
}

fn deep_recursion_is_survived() {
    refuse(&transform("def f: [f]; f", Value::Null), "", "backend", "");
    refuse(
        &transform("reduce range(1000000) as $i (null; [.])", Value::Null),
        "",
        "backend",
        "levels",
    );
}

fn files_are_written_by_the_parent() {
    let folder = tempfile::tempdir().unwrap();
    let compute = compute(folder.path(), own_worker(), "");
    let params = json(r#"{"template":"{{ a.b }}\n","data":{"a":{"b":"c"}},"path":"x/y.md"}"#);
    compute.perform(&manifest("compute.render", params), &Cancellation::never()).unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("x/y.md")).unwrap(), "c\n");
}

fn a_worker_that_is_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("/bin/false", "backend", "without an answer"),
        ("/nowhere/at/all", "not_found", "/nowhere/at/all"),
    ];
    for (program, code, word) in cases {
        let compute = compute(folder.path(), Some(vec![program.into()]), "");
        let error =
            compute.perform(&transform(".", Value::Null), &Cancellation::never()).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(word), "{error}");
    }
}
