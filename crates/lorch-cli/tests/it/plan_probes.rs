//! Probes that lie, break, hang up or are not there: what they give is unknown, and never passes.

use std::net::TcpListener;

use crate::plan_run::Fleet;
use crate::server::{Server, answer, json_answer};

/// The operator's file with a probe of `error_rate`, what may be reached for it, and few tries.
fn configure(fleet: &Fleet, original: &str, allow: &str, probe: &str) {
    let text = format!("{original}\n[allow]\n{allow}\n\n[probes.error_rate]\n{probe}\n");
    fleet.folder.write("lorch.toml", text);
}

/// The run waits for a person, and says that it does not know; it is told to try again.
#[track_caller]
fn is_inconclusive(fleet: &Fleet, what: &str) {
    let ran = fleet.run(3);
    assert!(ran.stdout.contains("is paused: inconclusive"), "{what}: {ran:#?}");
    assert_eq!(fleet.asked()[2..], [""; 6], "{what}: nothing after the phase was touched");
    fleet.plan(&["resume", &fleet.run_id().unwrap(), "--as", "dora"], 0);
}

/// Once the probe says what is so, the run goes on to its end.
#[track_caller]
fn completes(fleet: &Fleet) {
    fleet.run(0);
    assert_eq!(fleet.asked(), ["upgrade"; 8]);
}

fn vector(values: &[&str]) -> String {
    let one = |value: &&str| format!(r#"{{"metric":{{}},"value":[1700000000,"{value}"]}}"#);
    let result = values.iter().map(one).collect::<Vec<_>>().join(",");
    json_answer(&format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#
    ))
}

#[test]
fn what_a_prometheus_server_says_that_cannot_be_is_unknown() {
    let fleet = Fleet::approved();
    let original = fleet.folder.read("lorch.toml");
    let ask = |server: &Server| {
        let allow = format!("hosts = [\"{}\"]", server.address);
        let probe = format!("prometheus = \"{}\"\nquery = \"errors\"", server.url(""));
        configure(&fleet, &original, &allow, &probe);
    };
    for (what, said) in [
        ("less than nothing", vector(&["-0.5"])),
        ("more than all", vector(&["7"])),
        ("no number", vector(&["NaN"])),
        ("no end", vector(&["+Inf"])),
        ("a word", vector(&["well"])),
        ("nothing", vector(&[])),
        ("two things", vector(&["0", "0"])),
        ("an error with status 200", json_answer(r#"{"status":"error","error":"busy"}"#)),
        ("half of an answer", json_answer(r#"{"status":"success","data":{"resultType":"#)),
        ("an error", answer("500 Internal Server Error", "", "0")),
        ("a page", answer("200 OK", "Content-Type: text/html\r\n", "<b>0</b>")),
    ] {
        let server = Server::start(vec![said; 200]);
        ask(&server);
        is_inconclusive(&fleet, what);
        assert!(!server.received().is_empty(), "{what}: it was asked");
    }
    // A port where nobody listens.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let allow = format!("hosts = [\"{gone}\"]");
    configure(&fleet, &original, &allow, &format!("prometheus = \"http://{gone}\"\nquery = \"e\""));
    is_inconclusive(&fleet, "a refused connection");
    // One that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let allow = format!("hosts = [\"{address}\"]");
    configure(
        &fleet,
        &original,
        &allow,
        &format!("prometheus = \"http://{address}\"\nquery = \"e\""),
    );
    is_inconclusive(&fleet, "silence");
    let server = Server::start(vec![vector(&["0.01"]); 500]);
    ask(&server);
    completes(&fleet);
}

#[test]
fn what_a_program_says_that_cannot_be_is_unknown() {
    let fleet = Fleet::approved();
    let original = fleet.folder.read("lorch.toml");
    configure(&fleet, &original, "programs = [\"sh\"]", "program = [\"sh\", \"probe.sh\"]");
    for (what, script) in [
        ("nothing", ""),
        ("a word", "echo well"),
        ("a flag", "echo '{\"value\": true}'"),
        ("a text", "echo '{\"value\": \"0\"}'"),
        ("more than all", "echo '{\"value\": 1.5}'"),
        ("more of it than there are", "echo '{\"value\": {\"part\": 3, \"whole\": 2}}'"),
        ("none of none", "echo '{\"value\": {\"part\": 0, \"whole\": 0}}'"),
        ("all is well, and failing", "echo '{\"value\": 0}'; exit 1"),
        ("all is well, and killed", "echo '{\"value\": 0}'; kill -9 $$"),
        ("two answers", "echo '{\"value\": 0}'; echo '{\"value\": 0}'"),
        ("one thing twice", "echo '{\"value\": 0, \"value\": 1}'"),
        ("without an end", "exec yes"),
        ("never", "exec sleep 600"),
    ] {
        fleet.folder.write("probe.sh", script);
        is_inconclusive(&fleet, what);
    }
    fleet.folder.write("probe.sh", "echo '{\"value\": {\"part\": 0, \"whole\": 2}}'");
    completes(&fleet);
}

#[test]
fn an_asset_that_lies_about_its_health_does_not_pass() {
    // It says with status 200 that it is well, and its numbers say that it is not.
    let fleet = Fleet::approved();
    let original = fleet.folder.read("lorch.toml");
    configure(&fleet, &original, "programs = [\"sh\"]", "program = [\"sh\", \"probe.sh\"]");
    let script = "grep -q upgrade fleet/asset-2.log && grep -vq restore fleet/asset-2.log \
        && test $(wc -l < fleet/asset-2.log) = 1 && echo '{\"value\": 1}' || echo '{\"value\": 0}'";
    fleet.folder.write("probe.sh", script);
    let ran = fleet.run(1);
    assert!(ran.stdout.ends_with("is rolled_back\n"), "{ran:#?}");
    let both = "upgrade restore";
    assert_eq!(fleet.asked(), [both, both, "", "", "", "", "", ""]);
}
