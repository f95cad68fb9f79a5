//! Transforms, renderings and programs in a worker: a process that is killed, starved and answered
//! from.
//!
//! A test binary without the usual harness, since it is the worker too: started with the argument
//! `worker` it does what `lorch worker` does.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use lorch_backends::{
    Backend, Cancellation, Compute, ComputeOptions, Config, Workspace, exec_worker,
    transform_worker,
};
use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Object, Value, from_value, read};

fn main() -> io::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "worker") {
        return serve(&arguments[1..]);
    }
    answers_are_those_of_the_process_itself();
    errors_come_back();
    endless_programs_are_killed();
    memory_is_limited();
    deep_recursion_is_survived();
    files_are_written_by_the_parent();
    a_worker_that_is_none_is_an_error();
    programs_are_what_they_are_without_a_worker();
    a_program_whose_parent_is_gone_does_not_start();
    Ok(())
}

fn serve(arguments: &[OsString]) -> io::Result<()> {
    match arguments {
        [work] if work == "transform" => transform_worker(io::stdin().lock(), io::stdout().lock()),
        [work, parent, dashes, command @ ..] if work == "exec" && dashes == "--" => {
            let parent = parent.to_str().and_then(|parent| parent.parse().ok()).unwrap();
            Err(exec_worker(parent, command))
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn json(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn compute(folder: &Path, worker: Option<Vec<OsString>>, config: &str) -> Compute {
    let options = ComputeOptions { worker, ..ComputeOptions::default() };
    Compute::with_options(Workspace::open(folder).unwrap(), Config::parse(config).unwrap(), options)
}

fn own_worker() -> Option<Vec<OsString>> {
    Some(vec![std::env::current_exe().unwrap().into_os_string(), "worker".into()])
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

fn exec(params: &str) -> StepManifest {
    manifest("compute.exec", json(params))
}

fn programs_are_what_they_are_without_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let config = "[allow]\nprograms = [\"sh\"]";
    let (here, there) =
        (compute(folder.path(), None, config), compute(folder.path(), own_worker(), config));
    let steps = [
        r#"{"argv":["sh","-c","cat; pwd; env | sort; echo warn >&2; for it do echo \"<$it>\"; done","sh",
            "--","-x","","two words","--help"],"input":[1],"cwd":"sub","env":{"A":"b c"}}"#,
        r#"{"argv":["sh","-c","ps -o pgid= -p $$ | tr -d ' ' | grep -qx $$ && echo leads"]}"#,
        r#"{"argv":["sh","-c","kill -9 $$"]}"#,
        r#"{"argv":["sh","-c","echo why >&2; exit 7"]}"#,
    ];
    for step in steps {
        let (step, never) = (exec(step), Cancellation::never());
        assert_eq!(there.perform(&step, &never), here.perform(&step, &never));
    }
    std::fs::write(folder.path().join("sub/odd"), "#!/nowhere/at/all\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("sub/odd"), mode).unwrap();
    let compute = compute(folder.path(), own_worker(), "[allow]\nprograms = [\"sub/odd\"]");
    let odd = compute.perform(&exec(r#"{"argv":["sub/odd"]}"#), &Cancellation::never());
    let message = odd.unwrap_err().message;
    assert!(message.contains("sub/odd` could not be started"), "{message}");
}

fn a_program_whose_parent_is_gone_does_not_start() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["worker", "exec", "1", "--", "/bin/echo", "started"])
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("is gone"), "{stderr}");
}
