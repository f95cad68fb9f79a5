//! Notices to a webhook, with the real command and a real server on loopback.

use std::thread;
use std::time::{Duration, Instant};

use lorch_types::Digest;
use lorch_types::json::Value;

use crate::lorch::{Folder, Ran, read, repository};
use crate::server::{Received, Server, answer};

const SECRET: &str = "only for this test";

fn drift(url: &str) -> Folder {
    let folder = Folder::new();
    crate::lorch::copy(&repository().join("examples/drift"), folder.path());
    let more = format!("\n[notify]\nurl = \"{url}\"\nsecret_env = \"NOTIFY_SECRET\"\n");
    folder.write("lorch.toml", folder.read("lorch.toml") + &more);
    folder
}

fn submit(folder: &Folder, environment: &[(&str, &str)]) -> Ran {
    let arguments = ["plan", "submit", "--task", "task.json", "plan.json"];
    folder.run_with(arguments, "", environment).ends(3)
}

/// What `look` finds, within the time that all attempts take.
#[track_caller]
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// HMAC-SHA256 as RFC 2104 defines it, for a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> String {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with).to_vec();
    let inner = Digest::of_bytes(&[pad(0x36), text.to_vec()].concat());
    Digest::of_bytes(&[pad(0x5c), inner.bytes().to_vec()].concat()).hex().to_owned()
}

#[track_caller]
fn is_signed(received: &Received) {
    let header = received.header("lorch-signature").unwrap();
    let (seconds, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let text = format!("{seconds}.{}", received.body);
    assert_eq!(signature, hmac(SECRET.as_bytes(), text.as_bytes()));
}

#[test]
fn a_plan_that_waits_is_told_of_until_the_webhook_takes_it() {
    let server = Server::start([
        answer("503 Service Unavailable", "", ""),
        answer("204 No Content", "", ""),
    ]);
    let folder = drift(&server.url("/hook"));
    let ran = submit(&folder, &[("NOTIFY_SECRET", SECRET)]);
    assert_eq!(ran.stderr, "");
    let received = eventually(|| Some(server.received()).filter(|all| all.len() == 2));
    let [first, second] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(first.line, "POST /hook");
    for attempt in [first, second] {
        is_signed(attempt);
    }
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_eq!(first.body, second.body);
    let body = read(&first.body);
    let member = |name| body.get(name).and_then(Value::as_str).unwrap();
    assert_eq!(member("event"), "plan.awaiting_approval");
    assert_eq!(member("plan_id"), "880e8400-e29b-41d4-a716-446655440001");
    assert_eq!(member("task_id"), "770e8400-e29b-41d4-a716-446655440000");
    assert!(member("summary").starts_with("Remediate 47"));
}

#[test]
fn what_cannot_be_delivered_is_kept_in_a_log_and_fails_nothing() {
    let logged = |folder: &Folder| {
        let path = folder.path().join(".lorch/notify.log");
        eventually(|| std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
    };
    let server = Server::start([answer("403 Forbidden", "", "")]);
    let folder = drift(&server.url("/hook"));
    submit(&folder, &[("NOTIFY_SECRET", SECRET)]);
    let log = logged(&folder);
    assert!(log.contains("status 403") && !log.contains(SECRET), "{log}");

    let elsewhere = "Location: http://localhost:9/\r\n";
    let server = Server::start([answer("307 Temporary Redirect", elsewhere, "")]);
    let folder = drift(&server.url("/hook"));
    submit(&folder, &[("NOTIFY_SECRET", SECRET)]);
    let log = logged(&folder);
    assert!(log.contains("redirects"), "{log}");

    let folder = drift("http://127.0.0.1:9/");
    submit(&folder, &[]);
    let log = logged(&folder);
    assert!(log.contains("`NOTIFY_SECRET`") && log.contains("is not set"), "{log}");
}

#[test]
fn what_waits_already_is_not_told_of_again_and_what_waits_again_is_with_the_clause() {
    const PLAN: &str = "880e8400-e29b-41d4-a716-446655440001";
    let server = Server::start(vec![answer("204 No Content", "", ""); 4]);
    let folder = drift(&server.url("/hook"));
    let secret = [("NOTIFY_SECRET", SECRET)];
    let run = |arguments: &[&str], status| {
        folder.run_with(["plan"].iter().chain(arguments), "", &secret).ends(status)
    };
    let told = |count| {
        let received = eventually(|| Some(server.received()).filter(|all| all.len() >= count));
        assert_eq!(received.len(), count, "{received:?}");
        read(&received.last().unwrap().body)
    };
    let shown = || run(&["show", PLAN], 0).stdout;
    submit(&folder, &secret);
    assert_eq!(told(1).get("reason"), None);
    let before = shown();
    let again = submit(&folder, &secret).stdout;
    assert!(again.contains("is awaiting_approval already: nothing has changed; `lorch"), "{again}");
    assert_eq!(shown(), before);
    let json = run(&["submit", "--task", "task.json", "plan.json", "--json"], 3).json();
    assert_eq!(json.get("changed"), Some(&"nothing".into()));

    run(&["approve", PLAN, "--as", "alice", "--role", "SRELead"], 0);
    let said = run(&["submit", "--task", "task.json", "plan.json"], 0).stdout;
    assert!(said.ends_with("is approved already: nothing has changed\n"), "{said}");
    let task = folder.read("task.json");
    folder
        .write("task.json", task.replace("\"max_batch_percent\": 25", "\"max_batch_percent\": 24"));
    let said = submit(&folder, &secret).stdout;
    assert!(said.contains("awaiting_approval: its task has changed, and no approval of"), "{said}");
    let reason = |body: &Value| {
        let member = |name| body.get(name).and_then(Value::as_str).unwrap().to_owned();
        assert_eq!((&*member("event"), &*member("plan_id")), ("plan.awaiting_approval", PLAN));
        member("reason")
    };
    assert_eq!(reason(&told(2)), "what the task demands has changed since it was approved");
    // A clause that no longer holds when the plan is to be carried out.
    run(&["approve", PLAN, "--as", "alice", "--role", "SRELead"], 0);
    let configuration = folder.read("lorch.toml");
    folder.write("lorch.toml", configuration.replace("[\"aws\", \"azure\"]", "[\"aws\"]"));
    let ran = run(&["run", PLAN, "--as", "carol"], 1);
    let clause = "a tool of the plan has changed in `lorch.toml` since `alice` approved";
    assert!(ran.stderr.contains(&format!("awaits approval again: {clause}")), "{ran:#?}");
    assert_eq!(reason(&told(3)), clause);
}
