//! What references and templates become, and where secrets go.

use std::collections::BTreeSet;

use lorch_manifest::upstream;
use lorch_types::job::Backend;
use lorch_types::json::Value;

use crate::{RUN_ID, Run, value};

#[track_caller]
fn resolves(params: &str, expected: &str) {
    let manifest = Run::at("compute.render", params, "null").manifest().expect(params);
    assert_eq!(Value::Object(manifest.resolved_params), value(expected), "{params}");
    assert_eq!(manifest.secrets, None, "{params}");
}

#[test]
fn references_keep_their_type() {
    resolves(r#"{"a":"@run.read.rows"}"#, r#"{"a":[{"id":1,"big":18446744073709551615}]}"#);
    resolves(r#"{"a":["@run.read.rows[0].id"]}"#, r#"{"a":[1]}"#);
    resolves(r#"{"a":{"b":"@run.read.none"}}"#, r#"{"a":{"b":null}}"#);
    resolves(r#"{"a":"@run.read.ok","b":"@run.read[\"text\"]"}"#, r#"{"a":true,"b":"a@b"}"#);
    resolves(r#"{"a":"@run[\"nightly/read\"].path"}"#, r#"{"a":"p/q"}"#);
    resolves(r#"{"a":"@run[\"nightly/read\"]"}"#, r#"{"a":{"path":"p/q"}}"#);
}

#[test]
fn the_run_itself() {
    resolves(r#"{"a":"@run.run_id"}"#, &format!(r#"{{"a":"{RUN_ID}"}}"#));
    resolves(r#"{"a":"@run.started_at"}"#, r#"{"a":"2026-11-20T01:02:03.500Z"}"#);
    resolves(r#"{"a":"@run.envelope.user.name"}"#, r#"{"a":"ann"}"#);
    resolves(r#"{"a":"@run.envelope.n[1]"}"#, r#"{"a":2}"#);
    resolves(r#"{"a":"@run.envelope"}"#, r#"{"a":{"user":{"name":"ann"},"n":[1,2]}}"#);
}

#[test]
fn templates_are_strings() {
    resolves(r#"{"a":"${@run.read.count}"}"#, r#"{"a":"1"}"#);
    resolves(r#"{"a":"r/${@run.run_id}.md"}"#, &format!(r#"{{"a":"r/{RUN_ID}.md"}}"#));
    resolves(
        r#"{"a":"${@run.read.ok} ${@run.read.ratio} ${@run.read.rows[0].big}"}"#,
        r#"{"a":"true 1e+21 18446744073709551615"}"#,
    );
    resolves(r#"{"a":"@@x $${@ctx.a} $$${@run.read.text}"}"#, r#"{"a":"@x ${@ctx.a} $a@b"}"#);
}

#[test]
fn literals_lose_their_escapes_and_keys_are_never_read() {
    resolves(
        r#"{"a":"@@ctx.a","b":"@alice","c":"$${@"}"#,
        r#"{"a":"@ctx.a","b":"@alice","c":"${@"}"#,
    );
    resolves(r#"{"@run.read.rows":{"${@ctx.a}":1}}"#, r#"{"@run.read.rows":{"${@ctx.a}":1}}"#);
}

#[test]
fn compiled_references_may_be_deep() {
    let reference = format!("@run.read{}", ".x".repeat(40));
    let mut run = Run::at("compute.render", &format!(r#"{{"a":"{reference}"}}"#), "null");
    let output =
        (0..40).fold(value("7"), |inner, _| Value::Object([("x", inner)].into_iter().collect()));
    run.outputs.insert("read".parse().expect("a step"), output.into());
    let manifest = run.manifest().expect("the limits bind authors only");
    assert_eq!(Value::Object(manifest.resolved_params), value(r#"{"a":7}"#));
}

#[track_caller]
fn keeps_secrets(params: &str, resolved: &str, secrets: &[(&str, &str)]) {
    let manifest = Run::at("compute.http", params, "null").manifest().expect(params);
    assert_eq!(Value::Object(manifest.resolved_params), value(resolved), "{params}");
    let found = manifest.secrets.expect(params);
    let found: Vec<_> = found.iter().map(|(at, text)| (at.as_str(), text.as_str())).collect();
    assert_eq!(found, secrets, "{params}");
}

#[test]
fn secrets_stay_references() {
    keeps_secrets(r#"{"k":"@secret.KEY"}"#, r#"{"k":null}"#, &[("/k", "@secret.KEY")]);
    keeps_secrets(
        r#"{"headers":{"a/b~c":["x","Bearer ${@secret.TOKEN}"]},"n":1}"#,
        r#"{"headers":{"a/b~c":["x",null]},"n":1}"#,
        &[("/headers/a~1b~0c/1", "Bearer ${@secret.TOKEN}")],
    );
    keeps_secrets(
        r#"{"a":"@@ctx.x ${@run.read.text}$${@ ${@secret.T}","b":"@secret[\"t\"]"}"#,
        r#"{"a":null,"b":null}"#,
        &[("/a", "@@ctx.x a@b$${@ ${@secret.T}"), ("/b", "@secret.t")],
    );
}

#[test]
fn what_surrounds_a_secret_names_none() {
    let mut run = Run::at("compute.http", r#"{"a":"${@run.read}${@secret.T}"}"#, "null");
    let hostile = Value::from("@secret.OTHER${@secret.OTHER}$");
    run.outputs.insert("read".parse().expect("a step"), hostile.into());
    let secrets = run.manifest().expect("a manifest").secrets.expect("a secret");
    assert_eq!(secrets["/a"], "@@secret.OTHER$${@secret.OTHER}$$${@secret.T}");
}

#[test]
fn the_backend_follows_from_the_op() {
    for (op, backend) in [
        ("query.rows", Backend::DataPlane),
        ("write.upsert", Backend::DataPlane),
        ("assert.unique", Backend::DataPlane),
        ("compute.exec", Backend::Compute),
        ("write.anything_at_all", Backend::DataPlane),
    ] {
        let manifest = Run::at(op, "{}", "null").manifest().expect(op);
        assert_eq!((manifest.backend, manifest.op.to_string().as_str()), (backend, op));
        assert_eq!(manifest.step_id.as_str(), "persist");
    }
}

#[test]
fn prompts_are_hashed() {
    let params = r#"{"model":"m1","messages":[{"role":"user","content":"Hi"}],"temperature":0.0}"#;
    let expected = "sha256:4d5472b4fa9410b350106963b3d59d6b8ddbe7e464eb887caac087b801987215";
    let hash = |op: &str, params: &str| {
        let manifest = Run::at(op, params, "null").manifest().expect(params);
        manifest.prompt_hash.map(|hash| hash.to_string())
    };
    assert_eq!(hash("compute.llm", params).as_deref(), Some(expected));
    let with_others = params.replacen('{', r#"{"api":"x","user":"@run.run_id","#, 1);
    assert_eq!(hash("compute.llm", &with_others).as_deref(), Some(expected));
    let other_prompt = params.replacen('{', r#"{"prompt":"@run.read.text","#, 1);
    assert_ne!(hash("compute.llm", &other_prompt).as_deref(), Some(expected));
    assert_eq!(hash("compute.http", params), None);
    assert_eq!(hash("write.llm", params), None);
}

#[test]
fn upstream_is_what_is_referred_to() {
    let params = r#"{"a":"@run.read.rows","b":["x ${@run[\"nightly/read\"].path} ${@run.envelope.n}"],
        "c":"@run.run_id","d":"@@run.off","e":"@secret.T","@run.later.x":"@run.read"}"#;
    let idempotency =
        r#"{"scope":"semantic","semantic_key":"@run.failed.day","include_payload_hash":false}"#;
    let run = Run::at("write.upsert", params, idempotency);
    let expected: BTreeSet<_> =
        ["read", "failed", "nightly/read"].map(|id| id.parse().expect("a step")).into();
    assert_eq!(upstream(run.step()), expected);
}
