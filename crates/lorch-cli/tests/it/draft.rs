//! `lorch plan draft` with the real command: a language model on loopback that gives recorded answers,
//! and an agent that plays them.

use std::process::Stdio;

use lorch_types::json::{Object, Value, canonical};
use rusqlite::Connection;

use crate::lorch::{Folder, Ran, command, read};
use crate::server::{Server, json_answer};

const DRAFT: [&str; 5] = ["plan", "draft", "--task", "task.json", "--json"];

/// A folder that is the example's workspace, with more in its `lorch.toml`.
fn drift(more: &str) -> Folder {
    let folder = Folder::new();
    crate::lorch::copy(&crate::lorch::repository().join("examples/drift"), folder.path());
    folder.write("lorch.toml", folder.read("lorch.toml") + more);
    folder
}

/// The same with a language model that gives these answers.
fn asking(answers: &[String]) -> (Folder, Server) {
    let server = Server::start(answers.iter().map(|text| completion(text)));
    (drift(&llm(&server.url("/v1"))), server)
}

fn llm(url: &str) -> String {
    format!("\n[llm]\nbase_url = \"{url}\"\nmodel = \"planner-1\"\n")
}

/// An answer of the service, with `text` in it.
fn completion(text: &str) -> String {
    let body = format!(
        r#"{{"model":"planner-1-2026","choices":[{{"message":{{"role":"assistant","content":{}}}}}],"usage":{{"total_tokens":700}}}}"#,
        canonical(&Value::from(text))
    );
    json_answer(&body)
}

/// A good answer: the example's plan and what its task says.
fn good() -> String {
    let repository = crate::lorch::repository();
    let document = |name: &str| {
        read(&std::fs::read_to_string(repository.join("examples/drift").join(name)).unwrap())
    };
    let (task, plan) = (document("task.json"), document("plan.json"));
    let plan = ["type", "payload"].map(|name| (name, plan.get(name).unwrap().clone()));
    let plan: Object = plan.into_iter().collect();
    let answer =
        [("task_spec", task.get("task_spec").unwrap().clone()), ("plan", Value::Object(plan))];
    canonical(&Value::Object(answer.into_iter().collect()))
}

fn text<'v>(document: &'v Value, path: &str) -> &'v str {
    let found = path.split('.').try_fold(document, |value, name| value.get(name));
    found.and_then(Value::as_str).unwrap_or_else(|| panic!("{path} in {document}"))
}

fn number(document: &Value, path: &str) -> u64 {
    let found = path.split('.').try_fold(document, |value, name| value.get(name));
    found.and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} in {document}"))
}

fn column(folder: &Folder, sql: &str) -> Vec<String> {
    let store = Connection::open(folder.path().join(".lorch/lorch.db")).unwrap();
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[track_caller]
fn fails(folder: &Folder, ran: &Ran, code: &str, word: &str) {
    let document = ran.json();
    assert_eq!(text(&document, "error_code"), code, "{ran:#?}");
    assert!(text(&document, "error").contains(word), "{ran:#?}");
    assert_eq!(column(folder, "SELECT state FROM tasks"), ["failed"]);
    assert!(column(folder, "SELECT plan_id FROM plans").is_empty());
}

#[test]
fn a_plan_with_prose_around_it_waits_for_a_person() {
    let (folder, server) = asking(&[format!("Here it is:\n```json\n{}\n```\nGood luck!", good())]);
    let ran = folder.run(DRAFT).ends(3).json();
    assert_eq!(text(&ran, "state"), "awaiting_approval");
    assert_eq!(number(&ran, "corrections"), 0);
    assert_eq!(text(&ran, "task.llm_profile.model"), "planner-1-2026");
    assert!(text(&ran, "task.llm_profile.prompts_version").starts_with("sha256:"));
    assert_eq!(number(&ran, "task.llm_profile.total_tokens"), 700);
    assert_eq!(column(&folder, "SELECT state FROM tasks"), ["planned"]);
    let document = canonical(ran.get("task").unwrap());
    folder.write("drafted.json", document);
    folder.run(["validate", "--schema", "task", "drafted.json"]).ends(0);
    folder.run(["plan", "show", text(&ran, "plan_id")]).ends(0);
    let received = server.received();
    let asked = &received.first().unwrap().body;
    for word in
        ["upgrade_image", "rollback_if", "Fix drift on prod web servers", "max_batch_percent"]
    {
        assert!(asked.contains(word), "{word}");
    }
    let metrics = r#"\"metrics\":[\"error_rate\",\"http_200\"]"#;
    assert!(asked.contains(metrics), "what nothing measures is not offered: {asked}");
}

#[test]
fn bad_answers_are_sent_back_with_what_is_wrong() {
    let truncated = good().chars().take(900).collect();
    let invented = good().replace("\"upgrade_image\"", "\"reboot_everything\"");
    let several = format!("{{\"plan\":1}} or rather {}", good());
    let (folder, server) = asking(&[truncated, invented, several, good()]);
    let ran = folder.run(DRAFT).ends(3).json();
    assert_eq!(number(&ran, "corrections"), 3);
    assert_eq!(number(&ran, "task.llm_profile.total_tokens"), 2800);
    let received = server.received();
    let told = |at: usize| received.get(at).map(|it| it.body.as_str()).unwrap_or_default();
    assert!(told(1).contains("breaks off within a JSON object"), "{}", told(1));
    assert!(told(2).contains("names the tool `reboot_everything`, which is not allowed"));
    assert!(told(3).contains("holds 2 JSON objects"));
    assert_eq!(received.len(), 4);
}

#[test]
fn an_answer_that_stays_bad_fails_the_task() {
    let wrong = good().replace("\"summary\"", "\"sumary\"");
    let (folder, server) =
        asking(&[wrong.clone(), wrong.clone(), wrong.clone(), wrong.clone(), good()]);
    let ran = folder.run(DRAFT).ends(1);
    fails(&folder, &ran, "validation_error", "no plan after 3 corrections");
    assert!(ran.stdout.contains("sumary"), "{ran:#?}");
    assert_eq!(server.received().len(), 4);
    let again = folder.run(DRAFT).ends(1);
    for words in ["which failed: no plan after 3 corrections", "give it another `id`"] {
        assert!(again.stderr.contains(words), "{again:#?}");
    }
    assert_eq!(server.received().len(), 4, "nobody is asked");

    let (folder, _server) =
        asking(&["I cannot".to_owned(), "do".into(), "that".into(), "[1]".into()]);
    fails(&folder, &folder.run(DRAFT).ends(1), "parse_error", "one JSON object is wanted");
    // What breaks a rule is sent back like what breaks the schema.
    let large = good()
        .replace("\"rollback_if\":\"error_rate >= 1%\"", "\"rollback_if\":\"error_rate > 100%\"");
    let (folder, server) = asking(&[large.clone(), large.clone(), large.clone(), large]);
    fails(&folder, &folder.run(DRAFT).ends(1), "validation_error", "L1215");
    assert!(server.received().last().unwrap().body.contains("can never hold"));
}

#[test]
fn what_a_model_says_lowers_nothing() {
    let lax = good()
        .replace("\"risk_level\":\"high\"", "\"risk_level\":\"medium\"")
        .replace("\"hitl_required\":true", "\"hitl_required\":false")
        .replace("\"environment\":\"production\"", "\"environment\":\"sandbox\"")
        .replace("\"max_batch_percent\":25", "\"max_batch_percent\":100")
        .replace("\"production_safety\",", "");
    let (folder, _server) = asking(&[lax]);
    let ran = folder.run(DRAFT).ends(3).json();
    let held = ran.get("held").and_then(Value::as_array).unwrap();
    let matters: Vec<&str> = held.iter().map(|it| text(it, "matter")).collect();
    let expected = ["environment", "risk_level", "hitl_required", "max_batch_percent", "policies"];
    assert_eq!(matters, expected);
    assert_eq!(text(&ran, "task.task_spec.context.environment"), "production");
    assert_eq!(text(&ran, "task.task_spec.risk_level"), "high");
    assert_eq!(number(&ran, "task.task_spec.constraints.max_batch_percent"), 25);
    assert!(
        canonical(&ran).contains("\"policies\":[\"production_safety\",\"tool_authorization\"]")
    );
    // It can ask for more.
    let strict = good().replace("\"risk_level\":\"high\"", "\"risk_level\":\"critical\"");
    let (folder, _server) = asking(&[strict]);
    let ran = folder.run(DRAFT).ends(3).json();
    assert_eq!(text(&ran, "task.task_spec.risk_level"), "critical");
}

#[test]
fn where_nobody_says_otherwise_a_plan_is_for_production_and_changes_nothing() {
    let (folder, server) = asking(&[good(), good(), good(), good()]);
    let arguments = ["plan", "draft", "--intent", "Upgrade the servers", "--as", "alice", "--json"];
    let ran = folder.run(arguments).ends(1);
    fails(&folder, &ran, "validation_error", "20 % are allowed");
    assert!(ran.stdout.contains("and the task's mode is `plan_only`"), "{ran:#?}");
    let asked = server.received().first().unwrap().body.clone();
    for said in [r#"\"environment\":\"production\""#, r#"\"mode\":\"plan_only\""#] {
        assert!(asked.contains(said), "{said} in {asked}");
    }
}

#[test]
fn no_answer_fails_the_task_and_says_why() {
    let endless = "x".repeat(300_000);
    let (folder, _server) = asking(&[endless]);
    folder
        .write("lorch.toml", folder.read("lorch.toml") + "\n[limits]\nmax_output_bytes = 100000\n");
    fails(&folder, &folder.run(DRAFT).ends(1), "llm_error", "output_too_large");

    // Somebody listens and answers nothing.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", deaf.local_addr().unwrap());
    let folder = drift(&llm(&url));
    let ran = folder.run(DRAFT.iter().chain(&["--timeout", "1s"])).ends(1);
    fails(&folder, &ran, "timeout", "did not answer in time");
    drop(deaf);

    // Now nobody does.
    let folder = drift(&llm(&url));
    fails(&folder, &folder.run(DRAFT).ends(1), "llm_error", "io: ");

    let folder = drift("");
    let ran = folder.run(DRAFT).ends(2);
    assert!(ran.stderr.contains("names nobody who could plan"), "{ran:#?}");
}

#[test]
fn an_agent_drafts_a_plan_and_is_told_what_was_wrong() {
    let agent =
        "\n[agents.orchestration]\ncmd = [\"lorch\", \"agent\", \"script\", \"planner.json\"]\n";
    let bad = good().replace("\"upgrade_image\"", "\"reboot_everything\"");
    let script = |answers: &[&str]| {
        let payloads = answers.iter().map(|it| format!("{{\"payload\":{it}}}"));
        format!("{{\"intake\":[{}]}}", payloads.collect::<Vec<_>>().join(","))
    };
    let folder = drift(agent);
    folder.write("planner.json", script(&[&bad, &good()]));
    let ran = folder.run(DRAFT).ends(3).json();
    assert_eq!(text(&ran, "state"), "awaiting_approval");
    assert_eq!(number(&ran, "corrections"), 1);

    // The same mistake twice is corrected twice.
    let folder = drift(agent);
    folder.write("planner.json", script(&[&bad, &bad, &good()]));
    assert_eq!(number(&folder.run(DRAFT).ends(3).json(), "corrections"), 2);

    let folder = drift(agent);
    let question =
        r#"{"event":"orchestration.needs_clarification","payload":{"question":"Which?"}}"#;
    folder.write("planner.json", format!("{{\"intake\":[{question}]}}"));
    fails(&folder, &folder.run(DRAFT).ends(1), "parse_error", "Which?");

    let folder = drift(agent);
    folder.write("planner.json", r#"{"intake":[{"fault":"unwilling"}]}"#);
    fails(&folder, &folder.run(DRAFT).ends(1), "llm_error", "asks not to be started again");
}

#[test]
fn a_task_that_no_plan_could_be_right_for_is_refused_before_anybody_is_asked() {
    let (folder, server) = asking(&[good()]);
    let window = "\"maintenance_window\": {\"start\": \"2am\", \"end\": \"3am\"}, ";
    let task = folder.read("task.json");
    let at = task.find("\"max_batch_percent\"").unwrap();
    folder.write("task.json", [&task[..at], window, &task[at..]].concat());
    let ran = folder.run(DRAFT).ends(1);
    assert!(
        ran.stderr.contains("error[L1220]") && ran.stderr.contains("--> task.json:"),
        "{ran:#?}"
    );
    assert!(server.received().is_empty());
    assert!(!folder.path().join(".lorch").exists(), "nothing is recorded");
}

#[test]
fn a_task_is_drafted_again_on_the_terms_that_are_recorded() {
    let strict = good().replace("\"risk_level\":\"high\"", "\"risk_level\":\"critical\"");
    let (folder, server) = asking(&[strict, good(), good()]);
    folder.run(DRAFT).ends(3);
    let ran = folder.run(DRAFT).ends(3).json();
    assert_eq!(text(&ran, "task.task_spec.risk_level"), "critical");
    let held = ran.get("held").and_then(Value::as_array).unwrap();
    let of = |member: &str| text(&held[0], member);
    assert_eq!(
        ["matter", "said", "kept", "because"].map(of),
        ["risk_level", "high", "critical", "laxer"]
    );
    assert!(server.received()[1].body.contains(r#"\"risk_level\":\"critical\""#));
    // Somebody else's task is not theirs to draft.
    folder.write("task.json", folder.read("task.json").replace("user-456", "mallory"));
    let ran = folder.run(DRAFT).ends(1);
    assert!(ran.stderr.contains("that of another creator"), "{ran:#?}");
    assert_eq!(server.received().len(), 2, "nobody is asked");
}

#[test]
fn an_interrupt_says_that_there_is_no_plan_and_the_same_command_asks_anew() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = drift(&llm(&format!("http://{}/v1", deaf.local_addr().unwrap())));
    let mut draft = command(folder.path());
    let draft = draft.args(DRAFT).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (_asked, _) = deaf.accept().unwrap();
    let pid = rustix::process::Pid::from_child(&draft);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = draft.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("no plan is recorded, and the same command asks anew"), "{said}");
    assert!(!said.contains("resumed"), "{said}");
    assert!(column(&folder, "SELECT plan_id FROM plans").is_empty());
    let server = Server::start([completion(&good())]);
    let toml = folder.read("lorch.toml");
    let (before, _) = toml.split_once("\n[llm]").unwrap();
    folder.write("lorch.toml", before.to_owned() + &llm(&server.url("/v1")));
    folder.run(DRAFT).ends(3);
}
