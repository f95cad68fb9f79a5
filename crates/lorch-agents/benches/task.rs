//! What a run costs beside its agents, and how fast one is gone on with.
//!
//! `cargo bench -p lorch-agents --bench task` runs a task of some hundred rounds with agents that answer
//! at once, and beside it the same agents over bare pipes, with two bare appends for each command and
//! its answer; it opens a run whose ledger has 100 MB; and it watches four agents that have nothing to
//! do. The binary is its own agents.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lorch_agents::chain::Direction;
use lorch_agents::{
    Agent, AgentEnvironment, AgentSpec, Assignment, Audience, Configured, Decision, End, Ending,
    Ledger, Question, Rules, Run, RunSettings, SnapshotOptions, Supervision, Told, What,
    open_workspace,
};
use lorch_types::agent::{Action, AgentType};
use lorch_types::json::{Limits, Value, from_value, read};
use lorch_types::{Digest, Timestamp};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "agent", "idle"] => return beat(),
        [_, "agent", changes] => return act(changes.parse().unwrap()),
        _ => {}
    }
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let (rounds, bytes, times) = if is_test { (5, 1_000_000, 1) } else { (200, 100_000_000, 5) };
    let (mut costs, mut folders) = (Vec::new(), Vec::new());
    for _ in 0..times {
        // Deleting a folder makes it slow to make files in the next one, on some file systems.
        let [of_run, of_bare] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (run, bare) = (run(of_run.path(), rounds), bare(of_bare.path(), rounds));
        costs.push((run - bare, run, bare));
        folders.extend([of_run, of_bare]);
    }
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (own, run, bare) = costs[costs.len() / 2];
    println!("a command and its answer, through a run   {:8.0} µs", run * 1e6);
    println!("the same over pipes, with two appends     {:8.0} µs", bare * 1e6);
    println!("what lorch takes for itself               {:8.0} µs", own * 1e6);
    resume(bytes, times);
    idle(Duration::from_secs(if is_test { 1 } else { 30 }));
}

/// An agent that answers at once: a builder writes a file, and a reviewer wants changes this often.
fn act(changes: u64) {
    let role = std::env::var("LORCH_AGENT_TYPE").unwrap_or_else(|_| "builder".to_owned());
    let mut out = io::stdout().lock();
    let pid = std::process::id();
    let at = "2025-10-20T14:30:00Z";
    writeln!(out, r#"{{"kind":"heartbeat","agent":{{"agent_type":"{role}"}},"seq":0,"status":"ready","pid":{pid},"uptime_s":0,"last_activity_at":"{at}"}}"#).unwrap();
    for (line, number) in io::stdin().lock().lines().zip(1_u32..) {
        let command = read(line.unwrap().as_bytes(), Limits::default()).unwrap();
        let text = |field: &str| command.get(field).and_then(Value::as_str).unwrap().to_owned();
        let round = command.get("inputs").unwrap().get("round").and_then(Value::as_u64).unwrap();
        let said = match text("action").as_str() {
            "review" if round <= changes => {
                r#""event":"review.completed","status":"changes_requested""#
            }
            "review" => r#""event":"review.completed","status":"approved""#,
            "update_spec" => r#""event":"spec.no_changes_needed""#,
            _ => {
                fs::write("src/round", round.to_string()).unwrap();
                r#""event":"builder.completed""#
            }
        };
        let salt = role.len();
        writeln!(out, r#"{{"kind":"event","message_id":"evt-{salt:02x}{number:06x}","correlation_id":"{}","task_id":"T-0042","from":{{"agent_type":"{role}"}},{said},"payload":{{"tests":{{"status":"pass"}}}},"occurred_at":"{at}"}}"#, text("correlation_id")).unwrap();
    }
}

/// Takes the time of the first command and of the last one, and counts those between.
#[derive(Default)]
struct Watch {
    first: Option<Instant>,
    last: Option<Instant>,
    sent: u32,
}

impl Audience for Watch {
    fn told(&mut self, told: Told<'_>) {
        if let Told::Sent(command) = told {
            let now = Instant::now();
            // The spec maintainer is started for the last one.
            if command.action != Action::UpdateSpec {
                self.last = Some(now);
                self.sent += 1;
            }
            if command.action == Action::Review {
                self.first.get_or_insert_with(|| {
                    self.sent = 0;
                    now
                });
            }
        }
    }

    fn decide(&mut self, _: &Question) -> Option<Decision> {
        None
    }
}

fn settings(dir: &Path, rounds: u64) -> RunSettings {
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let cmd = vec![own, "agent".to_owned(), rounds.to_string()];
    let environment = AgentEnvironment::new(&[], |name| std::env::var_os(name));
    let agent = Configured { cmd, environment };
    let agents = [AgentType::Builder, AgentType::Reviewer, AgentType::SpecMaintainer];
    RunSettings {
        dir: dir.to_owned(),
        rules: Rules { max_rounds: rounds + 2, max_attempts: 3 },
        supervision: Supervision::default(),
        agents: agents.into_iter().map(|it| (it, agent.clone())).collect(),
        timeouts: BTreeMap::new(),
        snapshot: SnapshotOptions::default(),
        launcher: None,
        schema_set_digest: Digest::of_hash([0; 32]),
        config_digest: Digest::of_hash([0; 32]),
        clock: Timestamp::unix_epoch,
        seed: 7,
    }
}

fn assignment() -> Assignment {
    let command = read(br#"{"goal":"Add user authentication"}"#, Limits::default()).unwrap();
    let task_id = "T-0042".parse().unwrap();
    let inputs = command.as_object().unwrap().clone();
    Assignment { task_id, first: Action::Implement, inputs, expected_outputs: Vec::new() }
}

/// The seconds that a run takes for a command and its answer.
fn run(folder: &Path, rounds: u64) -> f64 {
    fs::create_dir(folder.join("src")).unwrap();
    let root = open_workspace(folder).unwrap();
    let mut run = Run::start(root, assignment(), settings(folder, rounds)).unwrap();
    let mut watch = Watch::default();
    let ending = run.drive(&AtomicBool::new(false), &mut watch).unwrap();
    assert_eq!(ending, Ending::Ended(End::Completed));
    // Without the times that agents take to start and to end.
    let time = watch.last.unwrap() - watch.first.unwrap();
    assert_eq!(u64::from(watch.sent), 2 * rounds);
    time.as_secs_f64() / f64::from(watch.sent)
}

/// The seconds that the same agents take when nothing is between, with two appends each time.
fn bare(folder: &Path, rounds: u64) -> f64 {
    fs::create_dir(folder.join("src")).unwrap();
    let own = std::env::current_exe().unwrap();
    let mut agents = ["builder", "reviewer"].map(|role| {
        let mut agent = Command::new(&own)
            .args(["agent", &rounds.to_string()])
            .env("LORCH_AGENT_TYPE", role)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(agent.stdout.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        (agent, said)
    });
    let mut ledger = File::create(folder.join("ledger")).unwrap();
    let start = Instant::now();
    for round in 1..=rounds {
        for ((agent, said), action) in agents.iter_mut().zip(["implement_changes", "review"]) {
            let line = format!(
                r#"{{"action":"{action}","correlation_id":"c","inputs":{{"goal":"Add user authentication","round":{round}}},"more":"{}"}}"#,
                "x".repeat(300)
            ) + "\n";
            ledger.write_all(line.as_bytes()).unwrap();
            ledger.sync_data().unwrap();
            agent.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
            let mut answer = String::new();
            said.read_line(&mut answer).unwrap();
            ledger.write_all(answer.as_bytes()).unwrap();
            ledger.sync_data().unwrap();
        }
    }
    let time = start.elapsed().as_secs_f64();
    for (mut agent, _) in agents {
        drop(agent.stdin.take());
        agent.wait().unwrap();
    }
    time / (2 * rounds) as f64
}

/// Opens a run with so many bytes of progress in its ledger.
fn resume(bytes: u64, times: usize) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let root = open_workspace(folder.path()).unwrap();
    let id = "run-20251020-140818-4f9f29a1".parse().unwrap();
    let zero = Digest::of_hash([0; 32]);
    let mut ledger = Ledger::create(&root, &id, zero.clone(), zero).unwrap();
    let at = Timestamp::unix_epoch();
    let command = format!(
        r#"{{"kind":"command","message_id":"cmd-00000001","correlation_id":"c1","task_id":"T-0042","idempotency_key":"ik:{}","to":{{"agent_type":"builder"}},"action":"implement","inputs":{{"goal":"x","round":1}},"expected_outputs":[],"version":{{"snapshot_id":"snap-6f8d55a83919"}},"deadline":"2025-10-20T15:00:00Z","retry":{{"attempt":0,"max_attempts":3}},"priority":5}}"#,
        "0".repeat(64)
    );
    from_value::<lorch_types::agent::Command>(
        &read(command.as_bytes(), Limits::default()).unwrap(),
    )
    .unwrap();
    ledger.append(command.as_bytes(), Direction::Out, at).unwrap();
    let note = "words that say how far it is, ".repeat(5);
    for number in 0..bytes / 400 {
        let line = format!(
            r#"{{"kind":"event","message_id":"evt-{number:08x}","correlation_id":"c1","task_id":"T-0042","from":{{"agent_type":"builder"}},"event":"builder.progress","payload":{{"note":"{note}"}},"occurred_at":"2025-10-20T14:30:00Z"}}"#
        );
        ledger.note(line.as_bytes(), Direction::In, at).unwrap();
    }
    ledger.settle().unwrap();
    drop(ledger);
    let path = folder.path().join(format!("events/{id}.ndjson"));
    let megabytes = fs::metadata(path).unwrap().len() as f64 / 1e6;
    let mut opened = Vec::new();
    for _ in 0..times {
        let root = open_workspace(folder.path()).unwrap();
        let settings = settings(folder.path(), 1);
        let start = Instant::now();
        let (run, _) = Run::open(root, &id, settings).unwrap();
        opened.push(start.elapsed().as_secs_f64());
        assert_eq!(*run.id(), id);
    }
    opened.sort_by(f64::total_cmp);
    let median = opened[opened.len() / 2];
    println!("a run with a ledger of {megabytes:.0} MB is opened in  {:8.0} ms", median * 1e3);
}

/// An agent that gives a sign of life every 5 seconds and does nothing else.
fn beat() {
    let role = std::env::var("LORCH_AGENT_TYPE").unwrap();
    let pid = std::process::id();
    for seq in 0.. {
        println!(
            r#"{{"kind":"heartbeat","agent":{{"agent_type":"{role}"}},"seq":{seq},"status":"ready","pid":{pid},"uptime_s":0,"last_activity_at":"2025-10-20T14:30:00Z"}}"#
        );
        std::thread::sleep(Duration::from_secs(5));
    }
}

/// How much of a core it takes to watch four agents that have nothing to do.
fn idle(time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let (tell, heard) = std::sync::mpsc::channel();
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let types = AgentType::ALL.into_iter().filter(|agent| *agent != AgentType::System);
    let agents: Vec<Agent> = types
        .map(|agent| {
            let spec = AgentSpec {
                agent,
                run: "run-20251020-140818-4f9f29a1".parse().unwrap(),
                cmd: vec![own.clone(), "agent".to_owned(), "idle".to_owned()],
                environment: AgentEnvironment::new(&[], |name| std::env::var_os(name)),
                dir: folder.path().to_owned(),
                launcher: None,
            };
            Agent::start(spec, Supervision::default(), tell.clone()).unwrap()
        })
        .collect();
    let ready = heard.iter().filter(|it| matches!(it.what, What::Ready)).take(agents.len()).count();
    assert_eq!(ready, 4);
    let before = processor_time();
    std::thread::sleep(time);
    let share = (processor_time() - before) / time.as_secs_f64();
    println!("four agents that have nothing to do        {:8.3} % of a core", share * 100.0);
    agents.into_iter().for_each(Agent::stop);
}

/// The seconds of a processor that this process has taken, its children left out.
fn processor_time() -> f64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    clock.tv_sec as f64 + clock.tv_nsec as f64 / 1e9
}
