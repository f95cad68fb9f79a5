//! `compute.llm`, against a server that speaks chat completions.

use lorch_types::json::Value;

use super::server::{Server, answer, json_answer};
use super::{Bench, json};

const OP: &str = "compute.llm";

fn completion(content: &str) -> String {
    let content = Value::from(content);
    json_answer(&format!(
        r#"{{"id":"c1","object":"chat.completion","model":"m-2026","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":{content}}}}}],"usage":{{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}}"#
    ))
}

fn bench(server: &Server) -> Bench {
    let base = server.url("/v1/");
    Bench::with_config(&format!(
        "[llm]\nbase_url = \"{base}\"\nmodel = \"m1\"\napi_key_env = \"LLM_KEY\""
    ))
    .with_variable("LLM_KEY", "sk-canary-1234")
}

#[test]
fn a_prompt_is_answered() {
    let server = Server::start([completion("Hello")]);
    bench(&server).check(
        OP,
        r#"{"prompt":"Hi","system":"Be brief","temperature":0.5,"max_tokens":10}"#,
        r#"{"text":"Hello","model":"m-2026","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#,
    );
    let [request] = &server.received()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /v1/chat/completions");
    assert_eq!(request.header("authorization"), Some("Bearer sk-canary-1234"));
    assert!(request.header("idempotency-key").is_some_and(|key| key.starts_with("ik:")));
    assert_eq!(
        json(&request.body),
        json(
            r#"{"model":"m1","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}],"temperature":0.5,"max_tokens":10}"#
        )
    );
}

#[test]
fn a_conversation_is_continued() {
    let server = Server::start([completion("Fine")]);
    let params = r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"How are you?"}],"model":"other"}"#;
    bench(&server).run(OP, params).unwrap();
    let body = json(&server.received()[0].body);
    assert_eq!(body.get("model"), Some(&"other".into()));
    assert_eq!(body.get("messages"), json(params).get("messages"));
}

const SCHEMA: &str = r#"{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}},"additionalProperties":false}"#;

#[test]
fn a_bad_answer_is_repaired_once() {
    let server = Server::start([completion("n is 5"), completion("```json\n{\"n\": 5}\n```")]);
    let params = format!(r#"{{"prompt":"Give n","response_schema":{SCHEMA}}}"#);
    let output = bench(&server).run(OP, &params).unwrap();
    assert_eq!(output.get("json"), Some(&json(r#"{"n":5}"#)));
    assert_eq!(
        output.get("usage"),
        Some(&json(r#"{"prompt_tokens":6,"completion_tokens":8,"total_tokens":14}"#))
    );
    let [first, second] = &server.received()[..] else { panic!("two requests") };
    assert_eq!(
        json(&first.body).get("response_format"),
        Some(&json(&format!(
            r#"{{"type":"json_schema","json_schema":{{"name":"response","schema":{SCHEMA}}}}}"#
        )))
    );
    let messages = json(&second.body);
    let [asked, answered, repair] = messages.get("messages").and_then(Value::as_array).unwrap()
    else {
        panic!("three")
    };
    assert_eq!(asked.get("content"), Some(&"Give n".into()));
    assert_eq!(answered, &json(r#"{"role":"assistant","content":"n is 5"}"#));
    let repair = repair.get("content").and_then(Value::as_str).unwrap();
    assert!(repair.contains("no JSON") && repair.contains("\"required\":[\"n\"]"), "{repair}");
}

#[test]
fn a_good_answer_needs_no_repair() {
    let server = Server::start([completion(r#"{"n":1}"#)]);
    let output =
        bench(&server).run(OP, &format!(r#"{{"prompt":"n","response_schema":{SCHEMA}}}"#)).unwrap();
    assert_eq!(output.get("json"), Some(&json(r#"{"n":1}"#)));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn an_answer_that_stays_bad_is_an_error() {
    let server = Server::start([completion(r#"{"n":"x"}"#), completion(r#"{"m":1}"#)]);
    let params = format!(r#"{{"prompt":"n","response_schema":{SCHEMA}}}"#);
    let error = bench(&server).refuse(OP, &params, "backend", &["response_schema", "repair"]);
    let details = error.details.unwrap();
    assert_eq!(details.get("text"), Some(&r#"{"m":1}"#.into()));
    assert!(details.get("violations").unwrap().to_string().contains("required"));
    let violations = json(&server.received()[1].body).to_string();
    assert!(violations.contains("at `/n`"), "{violations}");
}

#[test]
fn schemas_are_closed_and_checked_first() {
    let server = Server::start([completion("1")]);
    let url = server.url("/schema.json");
    for schema in [
        r#"{"type":"nonsense"}"#.to_owned(),
        format!(r#"{{"$ref":"{url}"}}"#),
        r#"{"$ref":"file:///etc/passwd"}"#.to_owned(),
    ] {
        bench(&server).refuse(
            OP,
            &format!(r#"{{"prompt":"n","response_schema":{schema}}}"#),
            "invalid_params",
            &["response_schema"],
        );
    }
    assert!(server.received().is_empty());
}

#[test]
fn the_service_may_refuse() {
    let elsewhere = Server::start([completion("stolen")]);
    let away =
        answer("307 Temporary Redirect", &format!("Location: {}\r\n", elsewhere.url("/")), "");
    let server = Server::start([
        answer("401 Unauthorized", "", "bad key sk-canary-1234"),
        json_answer(r#"{"choices":[]}"#),
        json_answer("<html>"),
        away,
    ]);
    let bench = bench(&server);
    let error = bench.refuse(OP, r#"{"prompt":"x"}"#, "backend", &["401"]);
    assert_eq!(error.details.unwrap().get("body"), Some(&"bad key [secret LLM_KEY]".into()));
    bench.refuse(OP, r#"{"prompt":"x"}"#, "backend", &["/choices/0/message/content"]);
    bench.refuse(OP, r#"{"prompt":"x"}"#, "backend", &["no JSON"]);
    bench.refuse(OP, r#"{"prompt":"x"}"#, "denied", &[]);
    assert!(elsewhere.received().is_empty());
}

#[test]
fn it_must_be_configured() {
    Bench::new().refuse(OP, r#"{"prompt":"x"}"#, "denied", &["[llm]", "base_url"]);
    let unset =
        Bench::with_config("[llm]\nbase_url = \"http://127.0.0.1:1\"\napi_key_env = \"LLM_KEY\"");
    unset.refuse(OP, r#"{"prompt":"x"}"#, "denied", &["`LLM_KEY`", "not set"]);
    let no_model = Bench::with_config("[llm]\nbase_url = \"http://127.0.0.1:1\"");
    no_model.refuse(OP, r#"{"prompt":"x"}"#, "invalid_params", &["model"]);
    for params in [
        r#"{}"#,
        r#"{"prompt":"x","messages":[]}"#,
        r#"{"messages":[]}"#,
        r#"{"prompt":"x","temperature":-1}"#,
    ] {
        no_model.refuse(OP, params, "invalid_params", &[]);
    }
}
