//! `compute.http`, against a real server on loopback.

use lorch_types::IdempotencyKey;
use lorch_types::json::Value;

use super::server::{Server, answer, json_answer};
use super::{Bench, json};

const OP: &str = "compute.http";

/// Compute that may reach these servers.
fn bench(servers: &[&Server]) -> Bench {
    let hosts: Vec<String> =
        servers.iter().map(|server| format!("\"{}\"", server.address)).collect();
    Bench::with_config(&format!("[allow]\nhosts = [{}]", hosts.join(", ")))
}

#[test]
fn json_comes_back_as_json() {
    let server = Server::start([json_answer(r#"{"n":18446744073709551615}"#)]);
    let params = format!(
        r#"{{"method":"POST","url":"{}","headers":{{"X-Trace":"t 1"}},"query":{{"q":"a b&c","n":5,"tag":["x","y"]}},"json":{{"b":1,"a":[null]}}}}"#,
        server.url("/items?fixed=1")
    );
    let output = bench(&[&server]).run(OP, &params).unwrap();
    assert_eq!(output.get("status"), Some(&200_u32.into()));
    assert_eq!(output.get("json"), Some(&json(r#"{"n":18446744073709551615}"#)));
    assert_eq!(
        output.get("headers").unwrap().get("content-type"),
        Some(&"application/json".into())
    );
    let [request] = &server.received()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /items?fixed=1&n=5&q=a+b%26c&tag=x&tag=y");
    assert_eq!(request.body, r#"{"a":[null],"b":1}"#);
    assert_eq!(request.header("x-trace"), Some("t 1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let key = IdempotencyKey::of(vec!["test".into()]);
    assert_eq!(request.header("idempotency-key"), Some(key.as_str()));
}

#[test]
fn text_comes_back_as_text() {
    let server = Server::start([
        answer(
            "200 OK",
            "Content-Type: text/html; charset=utf-8\r\nX-A: 1\r\nX-A: 2\r\n",
            "{\"é\":1}",
        ),
        answer("204 No Content", "Content-Type: application/json\r\n", ""),
        answer("200 OK", "Content-Type: application/problem+json; x=y\r\n", "[]"),
    ]);
    let bench = bench(&[&server]);
    let params = format!(r#"{{"method":"PUT","url":"{}","body":"plain"}}"#, server.url("/"));
    let output = bench.run(OP, &params).unwrap();
    assert_eq!(output.get("text"), Some(&"{\"é\":1}".into()));
    assert_eq!(output.get("headers").unwrap().get("x-a"), Some(&"1, 2".into()));
    assert_eq!(bench.run(OP, &params).unwrap().get("text"), Some(&"".into()));
    assert_eq!(bench.run(OP, &params).unwrap().get("json"), Some(&json("[]")));
    assert_eq!(server.received()[0].body, "plain");
}

#[test]
fn hosts_are_denied_until_they_are_allowed() {
    let server = Server::start([json_answer("1")]);
    let params = format!(r#"{{"method":"GET","url":"{}"}}"#, server.url("/"));
    let line = format!("hosts = [\"{}\"]", server.address);
    Bench::new().refuse(OP, &params, "denied", &["lorch.toml", "[allow]", &line]);
    let other_port = Bench::with_config("[allow]\nhosts = [\"127.0.0.1:1\", \"localhost\"]");
    other_port.refuse(OP, &params, "denied", &[&line]);
    other_port.refuse(
        OP,
        r#"{"method":"GET","url":"https://api.example.com/x"}"#,
        "denied",
        &["hosts = [\"api.example.com\"]"],
    );
    assert!(server.received().is_empty());
}

#[test]
fn other_statuses_are_errors() {
    let server = Server::start([
        answer("503 Service Unavailable", "Retry-After: 7\r\n", "try later"),
        answer("404 Not Found", "", "gone"),
        answer("201 Created", "", "made"),
    ]);
    let bench = bench(&[&server]);
    let url = server.url("/");
    let error =
        bench.refuse(OP, &format!(r#"{{"method":"GET","url":"{url}"}}"#), "backend", &["503"]);
    assert_eq!(
        Value::Object(error.details.unwrap()),
        json(r#"{"status":503,"body":"try later","retry_after":"7"}"#)
    );
    let output = bench
        .run(OP, &format!(r#"{{"method":"GET","url":"{url}","expect_status":[200,404]}}"#))
        .unwrap();
    assert_eq!(output.get("text"), Some(&"gone".into()));
    bench.refuse(
        OP,
        &format!(r#"{{"method":"GET","url":"{url}","expect_status":200}}"#),
        "backend",
        &["201"],
    );
}

#[test]
fn answers_are_bounded_and_strict() {
    let server = Server::start([
        json_answer(&format!("\"{}\"", "x".repeat(100))),
        json_answer("{\"a\":1,\"a\":2}"),
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
    ]);
    let bench = bench(&[&server]);
    let url = server.url("/");
    bench.refuse(
        OP,
        &format!(r#"{{"method":"GET","url":"{url}","max_bytes":101}}"#),
        "output_too_large",
        &["101"],
    );
    bench.refuse(OP, &format!(r#"{{"method":"GET","url":"{url}"}}"#), "backend", &["occurs twice"]);
    bench.refuse(OP, &format!(r#"{{"method":"GET","url":"{url}"}}"#), "io", &["127.0.0.1"]);
    bench.refuse(OP, &format!(r#"{{"method":"GET","url":"{url}"}}"#), "io", &["127.0.0.1"]);
    bench.refuse(OP, r#"{"method":"GET","url":"http://127.0.0.1:1/"}"#, "denied", &["127.0.0.1:1"]);
}

#[test]
fn redirects_are_checked_at_every_hop() {
    let other = Server::start([json_answer("\"there\"")]);
    let away =
        answer("307 Temporary Redirect", &format!("Location: {}\r\n", other.url("/next?x=1")), "");
    let server = Server::start([
        answer("302 Found", "Location: /second\r\n", ""),
        away.clone(),
        away.clone(),
        away,
    ]);
    let get = format!(
        r#"{{"method":"GET","url":"{}","headers":{{"X-Api-Key":"k"}}}}"#,
        server.url("/first")
    );
    let output = bench(&[&server, &other]).run(OP, &get).unwrap();
    assert_eq!(output.get("json"), Some(&"there".into()));
    let lines: Vec<String> = server.received().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /first", "GET /second"]);
    assert_eq!(server.received()[1].header("x-api-key"), Some("k"));
    let [there] = &other.received()[..] else { panic!("one request") };
    assert_eq!(there.line, "GET /next?x=1");
    assert_eq!(there.header("x-api-key"), None, "meant for the first host only");

    bench(&[&server]).refuse(OP, &get, "denied", &[&other.address.to_string()]);
    let post = format!(r#"{{"method":"POST","url":"{}","body":"secret"}}"#, server.url("/first"));
    bench(&[&server, &other]).refuse(OP, &post, "denied", &["body"]);
    assert_eq!(other.received().len(), 1);
}

#[test]
fn a_redirected_post_becomes_a_get() {
    let server =
        Server::start([answer("303 See Other", "Location: result\r\n", ""), json_answer("1")]);
    let post = format!(r#"{{"method":"POST","url":"{}","json":{{}}}}"#, server.url("/a/do"));
    bench(&[&server]).run(OP, &post).unwrap();
    let second = server.received().pop().unwrap();
    assert_eq!((second.line.as_str(), second.body.as_str()), ("GET /a/result", ""));
    assert_eq!(second.header("content-type"), None);
}

#[test]
fn endless_redirects_end() {
    let server = Server::start(std::iter::repeat_n(answer("302 Found", "Location: /\r\n", ""), 20));
    bench(&[&server]).refuse(
        OP,
        &format!(r#"{{"method":"GET","url":"{}"}}"#, server.url("/")),
        "backend",
        &["redirects more than 10"],
    );
}

#[test]
fn a_silent_server_does_not_hold_the_step() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut bench = Bench::with_config(&format!("[allow]\nhosts = [\"{address}\"]"));
    bench.cancellation = bench.cancellation.with_timeout(std::time::Duration::from_millis(100));
    bench.refuse(OP, &format!(r#"{{"method":"GET","url":"http://{address}/"}}"#), "timeout", &[]);
}

#[test]
fn bad_params_are_refused_before_anything_is_sent() {
    let bench = Bench::with_config("[allow]\nhosts = [\"x\"]");
    for (params, words) in [
        (r#"{"method":"FETCH","url":"http://x/"}"#, "GET"),
        (r#"{"method":"GET","url":"nowhere"}"#, "no address"),
        (r#"{"method":"GET","url":"file:///etc/passwd"}"#, "`file`"),
        (r#"{"method":"GET","url":"http://user:pw@x/"}"#, "headers"),
        (r#"{"method":"GET","url":"http://x/","headers":{"a b":"c"}}"#, "`a b`"),
        (r#"{"method":"GET","url":"http://x/","headers":{"a":"b\r\nc: d"}}"#, "control character"),
        (r#"{"method":"GET","url":"http://x/","headers":{"IDEMPOTENCY-KEY":"b"}}"#, "own key"),
        (r#"{"method":"GET","url":"http://x/","headers":{"A":"1","a":"2"}}"#, "twice"),
        (r#"{"method":"GET","url":"http://x/","query":{"a":{"b":1}}}"#, "an object"),
        (r#"{"method":"GET","url":"http://x/","json":1,"body":"x"}"#, "body"),
        (r#"{"method":"GET","url":"http://x/","expect_status":99}"#, "expect_status"),
        (r#"{"method":"GET","url":"http://x/","expect_status":[]}"#, "expect_status"),
    ] {
        bench.refuse(OP, params, "invalid_params", &[words]);
    }
}
