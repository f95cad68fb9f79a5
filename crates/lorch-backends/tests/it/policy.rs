//! What the workspace would refuse, said before anything runs.

use lorch_backends::{Config, Workspace, check_policy};
use lorch_types::diagnostic::Severity;
use lorch_types::json::{Limits, Value, read};
use lorch_types::pointer::Pointer;

const CONFIG: &str = "[allow]\nhosts = [\"api.example.com\", \"127.0.0.1:8080\"]\nprograms = [\"sh\"]\n[secrets]\nKNOWN = { env = \"K\" }\n";

#[track_caller]
fn check(op: &str, params: &str, open: &[&str], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("there.csv"), "a\n").unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("out")).unwrap();
    let workspace = Workspace::open(folder.path()).unwrap();
    let Value::Object(params) = read(params.as_bytes(), Limits::default()).unwrap() else {
        panic!("params are an object")
    };
    let open: Vec<Pointer> = open.iter().map(|pointer| pointer.parse().unwrap()).collect();
    let config = Config::parse(CONFIG).unwrap();
    let found = check_policy(&op.parse().unwrap(), &params, &open, &config, &workspace);
    let severity = |severity| if severity == Severity::Error { "" } else { "warning " };
    let found: Vec<String> =
        found.iter().map(|it| format!("{}{it}", severity(it.severity))).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn hosts() {
    let denied = "L0910 /url: lorch.toml does not allow the host `evil.example`; add under [allow]: hosts = [\"evil.example\"]";
    check("compute.http", r#"{"method":"GET","url":"https://api.example.com/x"}"#, &[], &[]);
    check("compute.http", r#"{"method":"GET","url":"http://API.EXAMPLE.COM:80/"}"#, &[], &[]);
    check("compute.http", r#"{"method":"GET","url":"http://127.0.0.1:8080/"}"#, &[], &[]);
    check("compute.http", r#"{"method":"GET","url":"http://127.1:8080/"}"#, &[], &[]);
    check(
        "compute.http",
        r#"{"method":"GET","url":"http://127.0.0.1/"}"#,
        &[],
        &["L0910 /url: lorch.toml does not allow the host `127.0.0.1`"],
    );
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com:8443/"}"#,
        &[],
        &["L0910 /url: lorch.toml does not allow the host `api.example.com:8443`"],
    );
    check("compute.http", r#"{"method":"GET","url":"https://evil.example/"}"#, &[], &[denied]);
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com.evil.example/"}"#,
        &[],
        &["L0910"],
    );
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com@evil.example/"}"#,
        &[],
        &["L0910 /url: `url` should have no user"],
    );
    check("compute.http", r#"{"method":"GET","url":"@run.a.url"}"#, &["/url"], &[]);
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://evil.example/${@run.a.id}"}"#,
        &["/url"],
        &[denied],
    );
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com/${@run.a.id}"}"#,
        &["/url"],
        &[],
    );
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com${@run.a.id}"}"#,
        &["/url"],
        &[],
    );
}

#[test]
fn programs() {
    check("compute.exec", r#"{"argv":["sh","-c","x"]}"#, &[], &[]);
    check(
        "compute.exec",
        r#"{"argv":["bash"]}"#,
        &[],
        &[
            "L0911 /argv/0: lorch.toml does not allow the program `bash`; add under [allow]: programs = [\"bash\"]",
        ],
    );
    check(
        "compute.exec",
        r#"{"argv":["/bin/sh"],"cwd":"../x"}"#,
        &[],
        &["L0911 /argv/0", "L0912 /cwd"],
    );
    check("compute.exec", r#"{"argv":["@run.a.b"]}"#, &["/argv/0"], &[]);
}

#[test]
fn files() {
    check("compute.extract", r#"{"path":"there.csv","format":"csv"}"#, &[], &[]);
    check(
        "compute.extract",
        r#"{"path":"gone.csv","format":"csv"}"#,
        &[],
        &["warning L0913 /path: there is no `gone.csv`"],
    );
    check(
        "compute.extract",
        r#"{"path":"/etc/passwd","format":"csv"}"#,
        &[],
        &["L0912 /path: `/etc/passwd` is no path in the workspace"],
    );
    check(
        "compute.extract",
        r#"{"path":"out/passwd","format":"csv"}"#,
        &[],
        &["L0912 /path: `out/passwd` leads out"],
    );
    check("compute.extract", r#"{"path":"@run.a.b","format":"csv"}"#, &["/path"], &[]);
    check(
        "compute.render",
        r#"{"template_path":"gone.j2","data":{},"path":"new/report.md"}"#,
        &[],
        &["warning L0913 /template_path"],
    );
    check(
        "compute.render",
        r#"{"template":"x","data":{},"path":"lorch.toml"}"#,
        &[],
        &["L0912 /path: `lorch.toml` belongs to lorch"],
    );
    check("compute.render", r#"{"template":"x","data":{},"path":"out/x"}"#, &[], &["L0912 /path"]);
}

#[test]
fn models_and_secrets() {
    check("compute.llm", r#"{"prompt":"x"}"#, &[], &["L0914 : lorch.toml names no language model"]);
    check(
        "compute.http",
        r#"{"method":"GET","url":"https://api.example.com/","headers":{"A":"Bearer ${@secret.UNKNOWN}","B":"@secret.KNOWN"}}"#,
        &["/headers/A", "/headers/B"],
        &["L0915 /headers/A: lorch.toml names no source for the secret `UNKNOWN`"],
    );
    check("query.rows", r#"{"table":"@run.a.b"}"#, &["/table"], &[]);
}
