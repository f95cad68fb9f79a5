//! `compute.render`.

use lorch_types::Digest;
use lorch_types::json::Value;

use super::Bench;

const OP: &str = "compute.render";

#[track_caller]
fn check(template: &str, data: &str, expected: &str) {
    let (template, expected) = (Value::from(template), Value::from(expected));
    Bench::new().check(
        OP,
        &format!(r#"{{"template":{template},"data":{data}}}"#),
        &format!(r#"{{"text":{expected}}}"#),
    );
}

#[track_caller]
fn refuse(template: &str, data: &str, code: &str, words: &[&str]) {
    let template = Value::from(template);
    Bench::new().refuse(OP, &format!(r#"{{"template":{template},"data":{data}}}"#), code, words);
}

#[test]
fn templates_are_filled() {
    check(
        "{{ a }} & {{ b.c }}\n",
        r#"{"a":"<x>","b":{"c":9007199254740993}}"#,
        "<x> & 9007199254740993\n",
    );
    check(
        "{% for x in xs -%}{{ loop.index }}={{ x }};{% endfor %}",
        r#"{"xs":[1.5,true,"é"]}"#,
        "1=1.5;2=true;3=é;",
    );
    check(
        "{{ x | tojson }} {{ y is none }}",
        r#"{"x":{"b":[1],"a":"\""},"y":null}"#,
        r#"{"a": "\"", "b": [1]} true"#,
    );
    check("{{ x }}", r#"{"x":"{{ y }} @run.x ${@ctx.x}"}"#, "{{ y }} @run.x ${@ctx.x}");
    check("{{ a | default('none') }}", "{}", "none");
}

#[test]
fn mistakes_name_their_line() {
    refuse("a\n{{ b }}", "{}", "backend", &["`template`, line 2", "undefined"]);
    refuse("a\n\n{{ b.c.d }}", r#"{"b":{}}"#, "backend", &["line 3", "undefined"]);
    refuse("a\n{% for %}", "{}", "invalid_params", &["line 2", "syntax"]);
    refuse("{{ x | nope }}", r#"{"x":1}"#, "invalid_params", &["line 1", "nope"]);
    refuse("{% include 'etc/passwd' %}", "{}", "backend", &["line 1", "etc/passwd"]);
}

#[test]
fn endless_templates_end() {
    let mut bench = Bench::new();
    bench.cancellation = bench.cancellation.with_timeout(std::time::Duration::from_millis(50));
    let writing =
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}";
    bench.refuse(OP, &format!(r#"{{"template":"{writing}","data":{{}}}}"#), "timeout", &[]);
    let bench = Bench::with_config("[limits]\nmax_output_bytes = 1000");
    bench.refuse(
        OP,
        &format!(r#"{{"template":"{writing}","data":{{}}}}"#),
        "output_too_large",
        &[],
    );
}

#[test]
fn files_are_written_whole() {
    let bench = Bench::new().file("t.j2", "Hello {{ name }}\n");
    let digest = Digest::of_bytes(b"Hello world\n");
    bench.check(
        OP,
        r#"{"template_path":"t.j2","data":{"name":"world"},"path":"out/deep/hello.md"}"#,
        &format!(r#"{{"path":"out/deep/hello.md","sha256":"{digest}","size":12}}"#),
    );
    assert_eq!(std::fs::read_to_string(bench.path("out/deep/hello.md")).unwrap(), "Hello world\n");
    bench.run(OP, r#"{"template":"again","data":{},"path":"out/deep/hello.md"}"#).unwrap();
    assert_eq!(std::fs::read_to_string(bench.path("out/deep/hello.md")).unwrap(), "again");
    let names: Vec<_> = std::fs::read_dir(bench.path("out/deep")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_failed_rendering_leaves_the_file_alone() {
    let bench = Bench::new().file("x.md", "old");
    bench.refuse(
        OP,
        r#"{"template":"new {{ x }}","data":{},"path":"x.md"}"#,
        "backend",
        &["undefined"],
    );
    bench.refuse(
        OP,
        r#"{"template":"x","data":{},"path":"lorch.toml"}"#,
        "denied",
        &["lorch itself"],
    );
    bench.refuse(
        OP,
        r#"{"template":"x","data":{},"path":".lorch/lorch.db"}"#,
        "denied",
        &["lorch itself"],
    );
    bench.refuse(
        OP,
        r#"{"template":"x","data":{},"path":"../x.md"}"#,
        "invalid_params",
        &["leads out"],
    );
    bench.refuse(OP, r#"{"template_path":"no.j2","data":{}}"#, "not_found", &["no.j2"]);
    bench.refuse(
        OP,
        r#"{"template":"x","template_path":"y","data":{}}"#,
        "invalid_params",
        &["template_path"],
    );
    assert_eq!(std::fs::read_to_string(bench.path("x.md")).unwrap(), "old");
}

#[test]
fn programs_that_are_allowed_are_not_written() {
    let mut bench = Bench::new();
    bench.config = format!(
        "[allow]\nprograms = [\"tools/say.sh\", \"link/new.sh\", \"{}/absolute.sh\", \"say\"]",
        bench.root().display()
    );
    for name in ["tools", "real"] {
        std::fs::create_dir(bench.path(name)).unwrap();
    }
    for (target, link) in [("real", "link"), ("../other.sh", "tools/say.sh")] {
        std::os::unix::fs::symlink(target, bench.path(link)).unwrap();
    }
    let bench = bench.file("other.sh", "#!/bin/sh\n");
    let params = |path: &str| format!(r#"{{"template":"x","data":{{}},"path":"{path}"}}"#);
    for path in ["other.sh", "link/new.sh", "real/new.sh", "absolute.sh"] {
        bench.refuse(OP, &params(path), "denied", &[path, "lorch.toml allows"]);
    }
    bench.refuse(OP, &params("tools/say.sh"), "io", &["symbolic link"]);
    for path in ["say", "real/say.sh", "tools/other.sh"] {
        bench.run(OP, &params(path)).unwrap();
    }
    assert_eq!(std::fs::read(bench.path("other.sh")).unwrap(), b"#!/bin/sh\n");
}
