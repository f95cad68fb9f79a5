//! `lorch agent`: agents that play answers or ask programs, and what `check` finds wrong with others.

use std::fs;

use lorch_types::json::Value;

use crate::lorch::{Folder, repository};

/// The agent of the documentation, changed.
fn python(changes: &[(&str, &str)]) -> Folder {
    let page = fs::read_to_string(repository().join("docs/agents-protocol.md")).unwrap();
    let (_, rest) = page.split_once("```python file=agents/builder.py\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    assert!(program.lines().count() <= 60);
    let mut program = program.to_owned();
    for (from, to) in changes {
        assert!(program.contains(from), "{from}");
        program = program.replace(from, to);
    }
    let folder = Folder::new();
    // What is waited for comes sooner.
    folder.write("agent.py", program.replace("time.sleep(5)", "time.sleep(0.2)"));
    folder
}

/// The checks that a changed agent fails, with the reasons.
#[track_caller]
fn fails(changes: &[(&str, &str)], expected: &[(&str, &str)]) {
    let folder = python(changes);
    let command = ["agent", "check", "--json", "--timeout", "6", "--", "python3", "agent.py"];
    let report = folder.run(command).ends(i32::from(!expected.is_empty())).json();
    let checks = report.get("checks").unwrap().as_array().unwrap();
    let text = |check: &Value, field: &str| {
        check.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| text(check, "result") == "failed")
        .map(|check| (text(check, "name"), text(check, "reason")))
        .collect();
    assert_eq!(failed.len(), expected.len(), "{failed:#?}");
    for ((name, reason), (in_name, in_reason)) in failed.iter().zip(expected) {
        assert!(name.contains(in_name) && reason.contains(in_reason), "{failed:#?}");
    }
}

#[test]
fn the_agent_of_the_documentation_conforms() {
    fails(&[], &[]);
}

#[test]
fn one_that_forgets_is_found() {
    let changes = [
        ("command[\"inputs\"].get(\"goal\", \"\")", "secrets.token_hex(9)"),
        ("os.fsync(memory.fileno())", "memory.truncate(0)"),
    ];
    fails(&changes, &[("remembers", "first {")]);
}

#[test]
fn one_that_does_the_work_again_is_found() {
    let changes = [
        ("command[\"inputs\"].get(\"goal\", \"\")", "secrets.token_hex(9)"),
        ("if key not in answers", "if True"),
    ];
    let again = "then {";
    fails(
        &changes,
        &[
            ("same key", again),
            ("junk", again),
            ("split", again),
            ("remembers", again),
            ("middle", again),
        ],
    );
}

#[test]
fn one_that_lies_about_its_files_is_found() {
    let digest = ("path.read_bytes()", "b'something else'");
    fails(&[digest], &[("artifacts", "bytes, not"), ("middle", "bytes, not")]);
    let another = ("hexdigest()", "hexdigest()[::-1]");
    fails(&[another], &[("artifacts", "another digest"), ("middle", "another digest")]);
}

#[test]
fn one_that_answers_something_else_is_found() {
    let event = ("\"builder.completed\"", "\"review.completed\", \"status\": \"approved\"");
    fails(&[event], &[("answer fits", "no answer")]);
    let from = ("\"from\": AGENT", "\"from\": {\"agent_type\": \"reviewer\"}");
    fails(&[from], &[("answer fits", "from a reviewer"), ("middle", "from a reviewer")]);
    let correlation = ("command[\"correlation_id\"]", "\"mine\"");
    fails(&[correlation], &[("answer fits", "`mine`"), ("middle", "`mine`")]);
}

#[test]
fn one_that_junk_ends_is_found() {
    let changes = [("continue  # no command", "raise")];
    fails(&changes, &[("junk", ""), ("split", "")]);
}

#[test]
fn one_that_chats_or_does_not_end_is_found() {
    let chats = ("beat()\nthreading", "print('Welcome!', flush=True)\nbeat()\nthreading");
    fails(&[chats], &[("every line", "Welcome!")]);
    let lasts = (
        "import hashlib,",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nimport hashlib,",
    );
    let stays = ("say({\"kind\"", "say({\"kind\"");
    let waits = ("**answers[key]})", "**answers[key]})\ntime.sleep(1000)");
    fails(&[lasts, stays, waits], &[("ends within", "killed after 5 s")]);
}

#[test]
fn one_that_is_silent_or_dies_is_found() {
    let silent = [("    while True:\n        time.sleep(5)\n", "    while False:\n")];
    fails(&silent, &[("heartbeats", "none came within 10 s")]);
    fails(&[("beat()\nthreading", "sys.exit(1)\nthreading")], &[("ready", "it has ended")]);
}

/// What an agent answers to the commands of a file.
fn answers(folder: &Folder, arguments: &[&str], commands: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = commands.iter().map(|command| format!("{command}\n")).collect();
    let ran = folder.run_with(arguments, lines.concat(), &[]).ends(0);
    let is_event = |message: &Value| message.get("kind") == Some(&"event".into());
    ran.lines().into_iter().filter(is_event).collect()
}

/// A command with a key of its own.
fn command(key: u8, agent: &str, action: &str) -> Value {
    let text = format!(
        r#"{{"kind":"command","message_id":"cmd-000000{key:02x}","correlation_id":"c-{key}","task_id":"T-0042","idempotency_key":"ik:{}","to":{{"agent_type":"{agent}"}},"action":"{action}","inputs":{{"goal":"Say hello","round":2,"feedback":{{"findings":["louder","to all"],"digest":"d"}},"language":"Rust"}},"expected_outputs":[{{"path":"src/hello.txt","required":true,"description":"a greeting"}},{{"path":"src/b","required":false}}],"version":{{"snapshot_id":"snap-d0ab7e60b764"}},"deadline":"2099-10-20T14:18:20Z","retry":{{"attempt":0,"max_attempts":3}},"priority":5}}"#,
        format!("{key:02x}").repeat(32)
    );
    crate::lorch::read(&text)
}

fn field<'v>(event: &'v Value, path: &[&str]) -> &'v str {
    let found = path.iter().try_fold(event, |value, key| value.get(key));
    found.and_then(Value::as_str).unwrap_or_else(|| panic!("{path:?} in {event}"))
}

#[test]
fn a_script_gives_each_key_the_next_answer_and_keeps_it() {
    let folder = Folder::new();
    folder.write(
        "script.yaml",
        "implement:\n  - payload: { n: 1 }\n    write: { src/a.txt: a }\n  - payload: { n: 2 }\n    remove: [src/a.txt]\n  - payload: { n: 3 }\n    fault: unwilling\n",
    );
    let script = ["agent", "script", "script.yaml"];
    let [a, b, c] = [1, 2, 3].map(|key| command(key, "builder", "implement"));
    let number = |event: &Value| event.get("payload").unwrap().get("n").cloned();
    let first = answers(&folder, &script, &[a.clone(), a.clone()]);
    assert_eq!(first.iter().map(number).collect::<Vec<_>>(), [Some(1.into()), Some(1.into())]);
    assert!(folder.path().join("src/a.txt").exists());
    let artifacts = first[0].get("artifacts").unwrap().as_array().unwrap();
    assert_eq!(field(&artifacts[0], &["path"]), "src/a.txt");
    let second = answers(&folder, &script, &[b, a]);
    assert_eq!(second.iter().map(number).collect::<Vec<_>>(), [Some(2.into()), Some(1.into())]);
    assert!(!folder.path().join("src/a.txt").exists());
    // A key that was used for something else, and an action of another agent.
    let others = [command(1, "builder", "implement_changes"), command(9, "reviewer", "review")];
    let codes = answers(&folder, &script, &others);
    let codes: Vec<_> = codes.iter().map(|event| field(event, &["payload", "code"])).collect();
    assert_eq!(codes, ["ik_conflict", "invalid_inputs"]);
    folder.run_with(script, format!("{c}\n"), &[]).ends(125);
    let ran = folder.run(["agent", "script", "nothing.yaml"]).ends(2);
    assert!(ran.stderr.contains("`nothing.yaml`"), "{ran:?}");
    folder.write("bad.yaml", "implement:\n  - wright: {}\n");
    let ran = folder.run(["agent", "script", "bad.yaml"]).ends(2);
    assert!(ran.stderr.contains("wright"), "{ran:?}");
}

#[test]
fn a_wrapped_builder_gets_a_prompt_and_its_files_are_found() {
    let folder = Folder::new();
    folder.write("src/same.txt", "same").write("src/old.txt", "old");
    let program =
        "cat > prompt.txt; echo hello > src/hello.txt; echo new > src/old.txt; echo I did it";
    let wrap =
        ["agent", "wrap", "--role", "builder", "--tests", "grep -q hello src/hello.txt", "--"];
    let wrap = [&wrap[..], &["sh", "-c", program]].concat();
    let events = answers(&folder, &wrap, &[command(1, "builder", "implement_changes")]);
    let [event] = &events[..] else { panic!("{events:?}") };
    let artifacts = event.get("artifacts").unwrap().as_array().unwrap();
    let paths: Vec<_> = artifacts.iter().map(|it| field(it, &["path"])).collect();
    assert_eq!(paths, ["src/hello.txt", "src/old.txt"]);
    assert_eq!(field(event, &["payload", "tests", "status"]), "pass");
    assert_eq!(field(event, &["payload", "summary"]), "I did it");
    assert_eq!(
        folder.read("prompt.txt"),
        "Task T-0042: change what was implemented in this folder as asked.\n\n\
         Goal:\nSay hello\n\nlanguage:\nRust\n\n\
         Changes that were asked for:\n- louder\n- to all\n\n\
         Expected files:\n- src/hello.txt: a greeting\n- src/b (optional)\n\n\
         End with one line that says what you did.\n"
    );
}

/// The files that an agent wrote before it was killed are its work as much as those after it.
#[test]
fn what_was_done_before_a_kill_is_seen_beside_the_recorded_snapshot() {
    let folder = Folder::new();
    folder.write("src/same.txt", "same");
    let taken = folder.run(["task", "snapshot", "--json"]).ends(0).json();
    let id = field(&taken, &["snapshot_id"]);
    folder.write("src/before.txt", "before the kill");
    let mut asked = command(1, "builder", "implement").to_string();
    asked = asked.replace("snap-d0ab7e60b764", id);
    let program = "echo hello > src/hello.txt";
    let wrap = ["agent", "wrap", "--role", "builder", "--", "sh", "-c", program];
    let events = answers(&folder, &wrap, &[crate::lorch::read(&asked)]);
    let artifacts = events[0].get("artifacts").unwrap().as_array().unwrap();
    let paths: Vec<_> = artifacts.iter().map(|it| field(it, &["path"])).collect();
    assert_eq!(paths, ["src/before.txt", "src/hello.txt"]);
}

#[test]
fn what_a_wrapped_program_says_last_is_the_verdict() {
    let table = [
        ("reviewer", "review", "echo fine; echo APPROVED", "review.completed", "approved"),
        (
            "reviewer",
            "review",
            "echo no; echo CHANGES REQUESTED",
            "review.completed",
            "changes_requested",
        ),
        ("reviewer", "review", "echo hm", "error", "llm_call_failed"),
        ("reviewer", "review", "exit 75", "error", "temporary_failure"),
        ("reviewer", "review", "echo broken; exit 3", "error", "command_failed"),
        (
            "spec_maintainer",
            "update_spec",
            "mkdir -p specs; echo a > specs/a.md; echo DONE",
            "spec.updated",
            "",
        ),
        ("spec_maintainer", "update_spec", "echo NO CHANGES NEEDED", "spec.no_changes_needed", ""),
        (
            "spec_maintainer",
            "update_spec",
            "echo why; echo CHANGES REQUESTED",
            "spec.changes_requested",
            "",
        ),
    ];
    for (role, action, program, expected, detail) in table {
        let folder = Folder::new();
        let wrap = ["agent", "wrap", "--prompt", "arg", "--role", role, "--", "sh", "-c", program];
        let events = answers(&folder, &wrap, &[command(1, role, action)]);
        let [event] = &events[..] else { panic!("{program}: {events:?}") };
        assert_eq!(field(event, &["event"]), expected, "{program}");
        let said = match expected {
            "error" => field(event, &["payload", "code"]),
            "review.completed" => field(event, &["status"]),
            _ => "",
        };
        assert_eq!(said, detail, "{program}");
    }
}

/// An agent of the Agent Client Protocol: it asks whether it may write, writes or does not, and says so.
/// What else it does stands in its argument.
const ACP: &str = r#"
import json, os, sys
kind = sys.argv[1]
def say(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()
def update(**update):
    say({"method": "session/update", "params": {"sessionId": "s", "update": update}})
def chunk(text):
    update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": text})
if kind == "junk":
    sys.stdout.write("Welcome!\n" + "x" * 5000000 + "\n{}\n")
if kind == "noise":
    sys.stdout.write("noise\n" * 100)
for line in sys.stdin:
    request = json.loads(line)
    method, params, answer = request.get("method"), request.get("params"), {}
    if method == "initialize":
        answer = {"protocolVersion": 7 if kind == "version" else params["protocolVersion"], "agentCapabilities": {}}
    elif method == "session/new":
        if kind == "login":
            say({"id": request["id"], "error": {"code": -32000, "message": "Authentication required"}})
            continue
        assert os.path.isabs(params["cwd"]) and params["mcpServers"] == []
        answer = {"sessionId": "s"}
    elif method == "session/prompt":
        if kind == "dies":
            sys.exit(1)
        open("prompt.txt", "w").write(params["prompt"][0]["text"])
        say({"id": 99, "method": "fs/read_text_file", "params": {"sessionId": "s", "path": "/etc/passwd"}})
        refused = json.loads(sys.stdin.readline())["error"]["code"]
        update(sessionUpdate="tool_call", toolCallId="t", title="Write src/a.txt", kind="edit")
        options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"},
                   {"optionId": "no", "name": "No", "kind": "reject_once"}]
        say({"id": "p", "method": "session/request_permission", "params": {"sessionId": "s", "options": options,
             "toolCall": {"toolCallId": "t", "title": "Write src/a.txt", "kind": "edit"}}})
        outcome = json.loads(sys.stdin.readline())["result"]["outcome"]
        if outcome == {"outcome": "selected", "optionId": "yes"}:
            os.makedirs("src", exist_ok=True)
            open("src/a.txt", "w").write("a")
        chunk("I asked: %s %s\nAPP" % (refused, outcome["optionId"]))
        chunk("ROVED")
        answer = {"stopReason": kind if kind in ("max_tokens", "refusal") else "end_turn"}
    say({"id": request["id"], "result": answer})
"#;

/// What an agent that asks an agent of another protocol answers.
fn acp(role: &str, action: &str, options: &[&str], kind: &str) -> (Folder, Value) {
    let folder = Folder::new();
    folder.write("acp.py", ACP);
    let command_line =
        [&["agent", "acp", "--role", role][..], options, &["--", "python3", "acp.py", kind]];
    let events = answers(&folder, &command_line.concat(), &[command(1, role, action)]);
    let [event] = &events[..] else { panic!("{kind}: {events:?}") };
    (folder, event.clone())
}

#[test]
fn an_acp_agent_is_asked_and_allowed_what_may_be() {
    let (folder, event) = acp("builder", "implement", &[], "good");
    assert_eq!(field(&event, &["event"]), "builder.completed");
    let artifacts = event.get("artifacts").unwrap().as_array().unwrap();
    assert_eq!(field(&artifacts[0], &["path"]), "src/a.txt");
    assert!(folder.read("prompt.txt").contains("Goal:\nSay hello\n"));
    // A reviewer may not write, and says what it was told.
    let (folder, event) = acp("reviewer", "review", &[], "good");
    assert_eq!(field(&event, &["status"]), "approved");
    assert!(event.get("artifacts").is_none() && !folder.path().join("src/a.txt").exists());
    // A builder may write only if it is allowed to.
    let (folder, event) = acp("builder", "implement", &["--allow", "read,execute"], "good");
    assert_eq!(field(&event, &["payload", "summary"]), "APPROVED");
    assert!(!folder.path().join("src/a.txt").exists());
}

#[test]
fn what_goes_wrong_with_an_acp_agent_is_an_error() {
    let table = [
        ("junk", "", ""),
        ("noise", "command_failed", "20 lines are no messages"),
        ("version", "command_failed", "version 7"),
        ("login", "command_failed", "log in with the program itself first"),
        ("dies", "temporary_failure", "the agent has ended"),
        ("max_tokens", "llm_call_failed", "max_tokens"),
        ("refusal", "command_failed", "refusal"),
    ];
    for (kind, code, words) in table {
        let (_, event) = acp("reviewer", "review", &[], kind);
        if code.is_empty() {
            assert_eq!(field(&event, &["status"]), "approved", "{event}");
        } else {
            assert_eq!(field(&event, &["payload", "code"]), code, "{kind}");
            assert!(field(&event, &["payload", "message"]).contains(words), "{event}");
        }
    }
}
