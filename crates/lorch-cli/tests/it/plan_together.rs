//! Several processes at one plan or run, and processes that are interrupted: one of them decides, one
//! carries it out, and nothing is done twice.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use lorch_types::json::Value;
use rustix::process::{Pid, Signal, kill_process};

use crate::lorch::{Folder, Ran, command, copy, repository};
use crate::plan_run::{Fleet, PLAN};

/// The plan of `examples/drift`.
const DRIFT_PLAN: &str = "880e8400-e29b-41d4-a716-446655440001";

/// A workspace in which a plan awaits approval.
fn submitted(change_task: impl FnOnce(String) -> String) -> Folder {
    let folder = Folder::new();
    copy(&repository().join("examples/drift"), folder.path());
    folder.write("task.json", change_task(folder.read("task.json")));
    folder.run(["plan", "submit", "--task", "task.json", "plan.json"]).ends(3);
    folder
}

fn start(folder: &Folder, arguments: &[&str]) -> Child {
    let mut command = command(folder.path());
    command.arg("plan").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What these commands come to, which all begin before any of them is waited for.
fn at_once(folder: &Folder, commands: &[Vec<&str>]) -> Vec<Ran> {
    let children: Vec<Child> = commands.iter().map(|it| start(folder, it)).collect();
    children.into_iter().map(|child| ran(child.wait_with_output().unwrap())).collect()
}

fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn approve(who: &str) -> Vec<&str> {
    vec!["approve", DRIFT_PLAN, "--as", who, "--role", "SRELead"]
}

fn reject(who: &str) -> Vec<&str> {
    vec!["reject", DRIFT_PLAN, "--as", who, "--reason", "late"]
}

/// The state of the plan, and the decisions that its audit log has.
fn decided(folder: &Folder) -> (String, Vec<String>) {
    let shown = folder.run(["plan", "show", DRIFT_PLAN, "--json"]).ends(0).json();
    assert_eq!(shown.get("audit_whole"), Some(&Value::Bool(true)));
    let log = shown.get("audit_log").and_then(Value::as_array).unwrap();
    let events = log.iter().map(|it| it.get("event").and_then(Value::as_str).unwrap());
    let decisions = events.filter(|it| ["plan_approved", "plan_rejected"].contains(it));
    let state = shown.get("state").and_then(Value::as_str).unwrap().to_owned();
    (state, decisions.map(str::to_owned).collect())
}

#[test]
fn of_people_who_approve_and_reject_at_once_one_decides() {
    for trial in 0..8 {
        let folder = submitted(|task| task);
        let mut commands = vec![approve("alice"), reject("bob"), approve("carol"), reject("dora")];
        commands.rotate_left(trial % 4);
        let all = at_once(&folder, &commands);
        let winners: Vec<usize> = (0..4).filter(|it| all[*it].status == 0).collect();
        assert_eq!(winners.len(), 1, "{all:#?}");
        let is_approval = commands[winners[0]][0] == "approve";
        let (state, event) = match is_approval {
            true => ("approved", "plan_approved"),
            false => ("rejected", "plan_rejected"),
        };
        assert_eq!(decided(&folder), (state.to_owned(), vec![event.to_owned()]), "{all:#?}");
        for refused in all.iter().filter(|it| it.status != 0) {
            assert_eq!(refused.status, 1, "{refused:#?}");
            let names_both =
                refused.stderr.contains(&format!("a plan that is {state} cannot become"));
            let meanwhile = refused.stderr.contains("changed meanwhile");
            assert!(names_both || meanwhile, "{refused:#?}");
        }
    }
}

#[test]
fn two_approvals_that_are_needed_and_come_at_once_both_count() {
    for _ in 0..6 {
        let two = "\"require_two_approvers\": true, \"mode\"";
        let folder = submitted(|task| task.replacen("\"mode\"", two, 1));
        let all = at_once(&folder, &[approve("alice"), approve("bob")]);
        let mut statuses: Vec<i32> = all.iter().map(|it| it.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [0, 3], "{all:#?}");
        let (state, decisions) = decided(&folder);
        assert_eq!((state.as_str(), decisions.len()), ("approved", 2), "{all:#?}");
    }
}

#[test]
fn of_two_processes_that_run_a_plan_at_once_one_does() {
    for trial in 0..4 {
        let fleet = Fleet::approved();
        fleet.fail(2, "health");
        let run = |who| vec!["run", PLAN, "--as", who, "--exit-when-paused"];
        if trial % 2 == 1 {
            // The run is there, and nobody carries it out.
            fleet.plan(&run("alice"), 3);
            fleet.fail(2, "");
            let run_id = fleet.run_id().unwrap();
            fleet.plan(&["rollback", &run_id, "--as", "dora"], 0);
        }
        let all = at_once(&fleet.folder, &[run("carol"), run("eve")]);
        let (ending, done) = match trial % 2 {
            0 => (3, ["upgrade", "upgrade"]),
            _ => (1, ["upgrade restore", "upgrade restore"]),
        };
        let by_one = all.iter().filter(|it| it.stdout.contains("asset_changed")).count();
        assert_eq!(by_one, 1, "{all:#?}");
        let one = all.iter().find(|it| it.stdout.contains("asset_changed")).unwrap();
        let other = all.iter().find(|it| !it.stdout.contains("asset_changed")).unwrap();
        assert_eq!(one.status, ending, "{all:#?}");
        let said = ["is carried out by process", "has changed meanwhile", "is being carried out"];
        let was_held = other.status == 1 && said.iter().any(|it| other.stderr.contains(it));
        // It came when all was over, and found the run as the first one had left it, or ended.
        let came_late = other.status == ending && other.stderr.is_empty();
        let found_it_ended = trial % 2 == 1 && other.stderr.contains("awaits approval again");
        assert!(was_held || came_late || found_it_ended, "{all:#?}");
        assert_eq!(fleet.asked()[..2], done);
        assert!(fleet.asked()[2..].iter().all(String::is_empty));
        let sql = rusqlite::Connection::open(fleet.folder.path().join(".lorch/lorch.db")).unwrap();
        let count = |what: &str| sql.query_row(what, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM plan_runs"), 1);
        fleet.plan(&["audit", &fleet.run_id().unwrap(), "--verify"], 0);
        let shown = fleet.plan(&["show", PLAN, "--json"], 0).json();
        let state = if found_it_ended { "awaiting_approval" } else { "approved" };
        assert_eq!(shown.get("state").and_then(Value::as_str), Some(state), "{all:#?}");
    }
}

/// Interrupts the run once `reached` holds, and says what it came to.
#[track_caller]
fn interrupted(fleet: &Fleet, what: &str, reached: impl Fn() -> bool) -> Ran {
    let run = start(&fleet.folder, &["run", PLAN, "--as", "carol"]);
    fleet.until(what, || fleet.run_id().is_some() && reached());
    std::thread::sleep(Duration::from_millis(300));
    let pid = Pid::from_raw(run.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let begun = Instant::now();
    let ran = ran(run.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(5), "{what}: {:?}", begun.elapsed());
    assert_eq!(ran.status, 130, "{what}: {ran:#?}");
    let run_id = fleet.run_id().unwrap();
    assert!(ran.stdout.ends_with(&format!("run {run_id} is interrupted\n")), "{what}: {ran:#?}");
    assert!(ran.stderr.contains("stopping, so that it can be resumed"), "{what}: {ran:#?}");
    assert!(ran.stderr.ends_with("the same command goes on with it\n"), "{what}: {ran:#?}");
    ran
}

/// The same command goes on with the run to its end, and no asset was ever asked for anything twice.
#[track_caller]
fn goes_on(fleet: &Fleet, what: &str) {
    let ran = fleet.run(0);
    let run_id = fleet.run_id().unwrap();
    assert!(ran.stdout.starts_with(&format!("run {run_id} goes on\n")), "{what}: {ran:#?}");
    assert!(!ran.stdout.contains("run_started"), "{what}: {ran:#?}");
    assert_eq!(fleet.done(), ["upgrade"; 8], "{what}");
    assert_eq!(fleet.asked(), ["upgrade"; 8], "{what}");
    let changed = fleet.events().iter().filter(|it| *it == "asset_changed").count();
    assert_eq!(changed, 8, "{what}");
    fleet.plan(&["audit", &run_id, "--verify"], 0);
}

#[test]
fn a_run_that_is_interrupted_in_an_act_goes_on_under_the_same_key() {
    let fleet = Fleet::approved();
    fleet.fail(2, "slow");
    interrupted(&fleet, "an act", || fleet.done()[1] == "upgrade");
    assert_eq!(fleet.events().iter().filter(|it| *it == "asset_changed").count(), 1);
    fleet.fail(2, "");
    goes_on(&fleet, "an act");
    let asked = fleet.folder.read("fleet/asset-2.asked");
    let keys: Vec<&str> = asked.lines().collect();
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    assert_eq!(fleet.folder.read("fleet/asset-1.asked").lines().count(), 1);
}

#[test]
fn a_run_that_is_interrupted_in_a_wait_goes_on() {
    let fleet = Fleet::with_plan(|plan| plan.replacen("\"1s\"", "\"4s\"", 1)).and_approved();
    let checked = || fleet.events().iter().filter(|it| *it == "health_check_passed").count();
    interrupted(&fleet, "a wait", || checked() == 3);
    assert_eq!(checked(), 3, "it is in the wait");
    goes_on(&fleet, "a wait");
}

#[test]
fn a_run_that_is_interrupted_in_a_health_check_goes_on() {
    let fleet = Fleet::approved();
    fleet.fail(1, "hang");
    let events = interrupted(&fleet, "a health check", || {
        fleet.events().iter().any(|it| it == "health_check_started")
    });
    assert!(!events.stdout.contains("health_check_failed"), "{events:#?}");
    fleet.fail(1, "");
    goes_on(&fleet, "a health check");
}

#[test]
fn a_run_that_is_interrupted_in_a_pause_goes_on() {
    let fleet = Fleet::approved();
    fleet.fail(1, "health");
    interrupted(&fleet, "a pause", || fleet.events().iter().any(|it| it == "run_paused"));
    fleet.fail(1, "");
    let run_id = fleet.run_id().unwrap();
    fleet.plan(&["resume", &run_id, "--as", "dora"], 0);
    goes_on(&fleet, "a pause");
}

#[test]
fn a_run_goes_on_though_nobody_reads_of_it() {
    for more in [&[][..], &["--json"]] {
        let fleet = Fleet::approved();
        let arguments = [&["run", PLAN, "--as", "carol"], more].concat();
        let mut run = start(&fleet.folder, &arguments);
        let mut line = String::new();
        BufReader::new(run.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("begins") || line.contains("run_started"), "{line}");
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(fleet.asked(), ["upgrade"; 8]);
    }
}
