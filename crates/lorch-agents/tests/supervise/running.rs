//! Runs of tasks with agents of this binary, in circumstances that a command cannot be put in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lorch_agents::sdk::{Answer, Options, serve};
use lorch_agents::{
    AgentEnvironment, Assignment, Audience, Configured, Decision, End, Ending, Question, Rules,
    Run, RunError, RunSettings, SnapshotOptions, Supervision, Told, open_workspace, verify,
};
use lorch_types::agent::{Action, AgentType, Command, EventType};
use lorch_types::json::{Limits, read};
use lorch_types::{Digest, Timestamp};

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("a_clock_that_jumps_back_changes_nothing", a_clock_that_jumps_back_changes_nothing),
    ("what_cannot_be_written_stops_the_run", what_cannot_be_written_stops_the_run),
    ("a_repair_is_recorded", a_repair_is_recorded),
    ("a_person_who_is_there_is_asked", a_person_who_is_there_is_asked),
];

/// Is an agent that does what it is asked to: a builder writes its round, a reviewer wants one change.
pub(crate) fn work() {
    let role = std::env::var("LORCH_AGENT_TYPE").unwrap();
    let agent = AgentType::ALL.into_iter().find(|agent| agent.as_str() == role).unwrap();
    serve(&Options::from_environment(agent), |command, _| answer(command)).unwrap();
}

fn answer(command: &Command) -> Answer {
    let round = command.inputs.get("round").unwrap().as_u64().unwrap();
    match command.action {
        Action::Review if round == 1 => Answer::changes_requested(vec!["more".into()]),
        Action::Review => Answer::approval(),
        Action::UpdateSpec => Answer::new(EventType::SpecNoChangesNeeded),
        _ => {
            fs::write("src/work", round.to_string()).unwrap();
            Answer::completed(vec!["src/work".parse().unwrap()])
        }
    }
}

fn settings(dir: &Path) -> RunSettings {
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let cmd = vec![own, "agent".to_owned(), "works".to_owned()];
    let environment = AgentEnvironment::new(&[], |name| std::env::var_os(name));
    let agent = Configured { cmd, environment };
    let agents = [AgentType::Builder, AgentType::Reviewer, AgentType::SpecMaintainer];
    RunSettings {
        dir: dir.to_owned(),
        rules: Rules { max_rounds: 5, max_attempts: 3 },
        supervision: Supervision::default(),
        agents: agents.into_iter().map(|it| (it, agent.clone())).collect(),
        timeouts: BTreeMap::new(),
        snapshot: SnapshotOptions::default(),
        launcher: None,
        schema_set_digest: Digest::of_hash([0; 32]),
        config_digest: Digest::of_hash([0; 32]),
        clock: || "2025-10-20T14:08:18Z".parse().unwrap(),
        seed: 7,
    }
}

fn assignment() -> Assignment {
    let inputs = read(br#"{"goal":"Work"}"#, Limits::default()).unwrap();
    Assignment {
        task_id: "T-0042".parse().unwrap(),
        first: Action::Implement,
        inputs: inputs.as_object().unwrap().clone(),
        expected_outputs: Vec::new(),
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    folder
}

/// Does something when the first command is sent, and answers questions in this way.
struct Watcher<'w> {
    sent: &'w dyn Fn(),
    answer: Option<lorch_agents::Answer>,
    asked: Vec<String>,
}

impl Audience for Watcher<'_> {
    fn told(&mut self, told: Told<'_>) {
        if let Told::Sent(command) = told
            && command.action == Action::Implement
        {
            (self.sent)();
        }
    }

    fn decide(&mut self, question: &Question) -> Option<Decision> {
        self.asked.push(question.text.clone());
        let question = Some(question.kind);
        self.answer.map(|answer| Decision { question, answer, comment: None })
    }
}

fn watcher(sent: &dyn Fn()) -> Watcher<'_> {
    Watcher { sent, answer: None, asked: Vec::new() }
}

/// Deadlines and waiting times do not depend on it, and whatever it says can be recorded.
fn a_clock_that_jumps_back_changes_nothing() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    fn jumping() -> Timestamp {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_unix_millis(1_800_000_000_000 - call * 86_400_000).unwrap()
    }
    let folder = folder();
    let root = || open_workspace(folder.path()).unwrap();
    let settings = RunSettings { clock: jumping, ..settings(folder.path()) };
    let mut run = Run::start(root(), assignment(), settings.clone()).unwrap();
    let ending = run.drive(&AtomicBool::new(false), &mut watcher(&|| {})).unwrap();
    assert_eq!(ending, Ending::Ended(End::Completed));
    assert!(CALLS.load(Ordering::Relaxed) > 10);
    let verified = verify(&root(), run.id()).unwrap();
    assert!(verified.is_sound() && verified.receipts == 5, "{verified:?}");
}

/// A receipt that has no place ends the run with its reason, and resuming it writes the receipt.
fn what_cannot_be_written_stops_the_run() {
    let folder = folder();
    let root = || open_workspace(folder.path()).unwrap();
    let in_the_way = folder.path().join("receipts");
    let mut run = Run::start(root(), assignment(), settings(folder.path())).unwrap();
    let id = run.id().clone();
    let block = || fs::write(&in_the_way, "").unwrap();
    let error = run.drive(&AtomicBool::new(false), &mut watcher(&block)).unwrap_err();
    assert!(matches!(error, RunError::Workspace(_)), "{error:?}");
    assert!(error.to_string().contains("receipts"), "{error}");
    drop(run);
    fs::remove_file(&in_the_way).unwrap();
    let (mut run, _) = Run::open(root(), &id, settings(folder.path())).unwrap();
    let ending = run.drive(&AtomicBool::new(false), &mut watcher(&|| {})).unwrap();
    assert_eq!(ending, Ending::Ended(End::Completed));
    let verified = verify(&root(), &id).unwrap();
    assert!(verified.is_sound() && verified.receipts == 5, "{verified:?}");
}

/// What a crash tore off is kept, and the log of lorch itself says so.
fn a_repair_is_recorded() {
    let folder = folder();
    let root = || open_workspace(folder.path()).unwrap();
    let mut run = Run::start(root(), assignment(), settings(folder.path())).unwrap();
    let id = run.id().clone();
    let stop = AtomicBool::new(true);
    assert_eq!(run.drive(&stop, &mut watcher(&|| {})).unwrap(), Ending::Interrupted);
    drop(run);
    let ledger = folder.path().join(format!("events/{id}.ndjson"));
    fs::write(&ledger, "{\"kind\":").unwrap();
    let (_, recovery) = Run::open(root(), &id, settings(folder.path())).unwrap();
    let torn = recovery.torn.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join(&torn)).unwrap(), "{\"kind\":");
    let log = folder.path().join(format!("logs/system/{id}.ndjson"));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains(&torn) && log.lines().count() == 1, "{log}");
}

fn a_person_who_is_there_is_asked() {
    let folder = folder();
    let root = open_workspace(folder.path()).unwrap();
    let rules = Rules { max_rounds: 1, max_attempts: 3 };
    let settings = RunSettings { rules, ..settings(folder.path()) };
    let mut run = Run::start(root, assignment(), settings).unwrap();
    let mut person = watcher(&|| {});
    let ending = run.drive(&AtomicBool::new(false), &mut person).unwrap();
    let Ending::Paused(question) = ending else { panic!("{ending:?}") };
    assert_eq!(person.asked, [question.text.as_str()]);
    // What answers nothing is not recorded: the ledger could not be read again.
    person.answer = Some(lorch_agents::Answer::Redo);
    let ending = run.drive(&AtomicBool::new(false), &mut person).unwrap();
    assert!(matches!(ending, Ending::Paused(_)), "{ending:?}");
    person.asked.clear();
    person.answer = Some(lorch_agents::Answer::Continue);
    let ending = run.drive(&AtomicBool::new(false), &mut person).unwrap();
    assert_eq!(ending, Ending::Ended(End::Completed));
    assert_eq!(person.asked.len(), 1);
}
