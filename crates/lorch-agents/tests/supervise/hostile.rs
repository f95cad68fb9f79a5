//! The zoo: agents that do what they should not, each of which ends as the docs say.

use std::time::Duration;

use lorch_agents::{AgentEnvironment, Fault, GaveUp, What};

use crate::Test;
use crate::bench::Bench;

pub(crate) const TESTS: &[Test] = &[
    ("a_banner_is_quarantined", a_banner_is_quarantined),
    ("junk_restarts_it_until_it_is_given_up", junk_restarts_it_until_it_is_given_up),
    ("a_line_that_is_too_long_is_dropped_and_told", a_line_that_is_too_long_is_dropped_and_told),
    ("a_torn_last_line_is_no_message", a_torn_last_line_is_no_message),
    ("it_speaks_for_itself_alone", it_speaks_for_itself_alone),
    ("logs_fill_neither_memory_nor_disk", logs_fill_neither_memory_nor_disk),
    ("errors_fill_neither_memory_nor_disk", errors_fill_neither_memory_nor_disk),
    ("events_that_nobody_takes_are_a_fault", events_that_nobody_takes_are_a_fault),
    ("one_that_crashes_at_once_is_given_up", one_that_crashes_at_once_is_given_up),
    ("one_that_cannot_be_started_is_given_up", one_that_cannot_be_started_is_given_up),
    ("one_that_is_not_ready_in_time", one_that_is_not_ready_in_time),
    ("one_that_was_stopped_is_killed", one_that_was_stopped_is_killed),
    ("one_that_only_beats_is_stalled", one_that_only_beats_is_stalled),
    ("numbers_that_step_back_are_told", numbers_that_step_back_are_told),
    ("secrets_are_in_no_file", secrets_are_in_no_file),
];

fn a_banner_is_quarantined() {
    let bench = Bench::new();
    let watched = bench.start("banner");
    let mut quarantined = Vec::new();
    watched.until(|what| match what {
        What::Quarantined { reason, excerpt } => {
            quarantined.push(excerpt);
            assert!(!reason.is_empty());
            None
        }
        What::Event { .. } => Some(()),
        _ => None,
    });
    assert_eq!(quarantined, [r"Welcome to Builder 3.0!\u{1b}[31m", "", r#"{"kind":"command"}"#]);
}

fn junk_restarts_it_until_it_is_given_up() {
    let mut bench = Bench::new();
    bench.rules.restarts = 1;
    let watched = bench.start("junk");
    let told = watched.until_given_up();
    let count = |word: &str| told.iter().filter(|what| what.starts_with(word)).count();
    assert_eq!((count("Quarantined"), count("Unhealthy"), count("Started")), (40, 2, 2));
    assert!(told.iter().any(|what| what.contains("Strikes { count: 20")));
    drop(watched);
    bench.nothing_is_left();
}

fn a_line_that_is_too_long_is_dropped_and_told() {
    let bench = Bench::new();
    let watched = bench.start("oversize");
    let excerpt = watched.until(|what| match what {
        What::Oversize { bytes: 262_145, excerpt } => Some(excerpt),
        _ => None,
    });
    assert!(excerpt.starts_with("xxx") && excerpt.len() < 200);
    assert!(watched.until_event().0.len() > 262_100);
    // It is told by a log message on its standard input, and says how long that was.
    let length: usize = watched.until_event().1.parse().unwrap();
    assert!((100..300).contains(&length), "{length}");
}

fn a_torn_last_line_is_no_message() {
    let bench = Bench::new();
    let told = bench.start("torn").until_given_up();
    assert!(!told.iter().any(|what| what.starts_with("Event")), "{told:?}");
    assert!(told.iter().any(|what| what.contains("middle of a line")), "{told:?}");
    assert!(told.last().unwrap().contains("Unwilling"), "{told:?}");
}

fn it_speaks_for_itself_alone() {
    let bench = Bench::new();
    let watched = bench.start("another");
    let mut told = Vec::new();
    watched.until(|what| {
        told.push(format!("{what:?}"));
        matches!(what, What::Event { event, .. } if event.payload.get("note") == Some(&"last".into()))
            .then_some(())
    });
    let [_, quarantined, ready, event, status, _last] = &told[..] else { panic!("{told:?}") };
    assert!(quarantined.contains("a heartbeat of another agent: reviewer"), "{told:?}");
    assert!(ready == "Ready" && event.contains("Reviewer"), "{told:?}");
    // What an event says of its sender is for the ledger and its reader to judge.
    assert!(status.contains("has no `status`"), "{told:?}");
}

/// How much resident memory this process has had at most, in bytes.
pub(crate) fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn logs_fill_neither_memory_nor_disk() {
    let lines = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };
    let mut bench = Bench::new();
    bench.rules.max_log_bytes = 1_000_000;
    bench.environment.set("LINES", lines.to_string());
    let watched = bench.start("logs");
    assert_eq!(watched.until_event().1, "done");
    watched.agent.stop();
    let log = bench.log();
    assert!(std::fs::metadata(bench.log_path()).unwrap().len() <= 1_000_000);
    let kept = log.len() - 2;
    let note = log.last().unwrap();
    assert!(note.contains(&format!("{} lines are left out", lines - kept)), "{kept}: {note}");
}

fn errors_fill_neither_memory_nor_disk() {
    let mut bench = Bench::new();
    bench.rules.max_log_bytes = 100_000;
    let watched = bench.start("errors");
    assert_eq!(watched.until_event().1, "done");
    watched.agent.stop();
    let log = bench.log();
    assert!(std::fs::metadata(bench.log_path()).unwrap().len() <= 100_000);
    assert!(log.iter().any(|line| line.contains(r#""message":"error 0\u001b[0m""#)), "{log:?}");
    let exited = watched.heard.iter().map(|heard| format!("{:?}", heard.what)).last().unwrap();
    assert!(exited.contains(r"error 99999\\u{1b}[0m"), "{exited}");
}

fn events_that_nobody_takes_are_a_fault() {
    let mut bench = Bench::new();
    bench.rules.restarts = 0;
    let waiting = bench.start("events");
    let mut kept = Vec::new();
    loop {
        let heard = waiting.heard.recv_timeout(Duration::from_secs(120)).unwrap();
        let over = matches!(heard.what, What::GaveUp { .. });
        let flooded = matches!(heard.what, What::Unhealthy { fault: Fault::EventFlood });
        kept.push(heard);
        if over {
            break;
        }
        assert!(!flooded || kept.len() >= bench.rules.max_events);
    }
    let events = kept.iter().filter(|heard| matches!(heard.what, What::Event { .. })).count();
    assert_eq!(events, bench.rules.max_events);
}

fn one_that_crashes_at_once_is_given_up() {
    for launcher in [true, false] {
        let bench = Bench { launcher, ..Bench::new() };
        let told = bench.start_script("echo broken >&2; exit 7").until_given_up();
        let count = |word: &str| told.iter().filter(|what| what.starts_with(word)).count();
        assert_eq!((count("Started"), count("Exited"), count("Restarting")), (6, 6, 5), "{told:?}");
        assert!(told.last().unwrap().contains("TooManyRestarts(5)"), "{told:?}");
        let exited = told.iter().find(|what| what.starts_with("Exited")).unwrap();
        assert!(exited.contains("(1792)") && exited.contains("broken"), "{exited}");
        let log = bench.log();
        assert_eq!(log.iter().filter(|line| line.contains("broken")).count(), 6, "{log:?}");
    }
}

fn one_that_cannot_be_started_is_given_up() {
    let mut bench = Bench::new();
    let told = bench.start_program(&["./no/such/program"]).until_given_up();
    assert!(told.last().unwrap().contains("Unwilling"), "{told:?}");
    assert!(told.iter().any(|what| what.contains("could not be started: No such")), "{told:?}");
    bench.launcher = false;
    let watched = bench.start_program(&["./no/such/program"]);
    let What::GaveUp { reason } = watched.next() else { panic!("nothing else is heard") };
    assert!(matches!(reason, GaveUp::NotStarted { .. }), "{reason}");
}

fn one_that_is_not_ready_in_time() {
    let mut bench = Bench::new();
    bench.rules =
        lorch_agents::Supervision { ready: Duration::from_millis(50), restarts: 0, ..bench.rules };
    let told = bench.start_script("exec cat >/dev/null").until_given_up();
    assert!(told.iter().any(|what| what.contains("NotReady")), "{told:?}");
    bench.nothing_is_left();
}

/// What the first heartbeats of an agent are, for a script.
const BEAT: &str = r#"beat() { printf '{"kind":"heartbeat","agent":{"agent_type":"builder"},"seq":%s,"status":"%s","pid":%s,"uptime_s":1,"last_activity_at":"2025-10-20T14:08:20Z"}\n' "$1" "$2" $$; }; "#;

fn one_that_was_stopped_is_killed() {
    for launcher in [true, false] {
        let mut bench = Bench { launcher, ..Bench::new() };
        bench.rules.heartbeat = Duration::from_millis(50);
        bench.rules.grace = Duration::from_millis(100);
        bench.rules.restarts = 0;
        // It stops again whenever it goes on.
        let script = format!("{BEAT} trap '' TERM; beat 0 ready; while :; do kill -STOP $$; done");
        let told = bench.start_script(&script).until_given_up();
        assert!(told.iter().any(|what| what.contains("MissedHeartbeats(150ms)")), "{told:?}");
        bench.nothing_is_left();
    }
}

fn one_that_only_beats_is_stalled() {
    let mut bench = Bench::new();
    bench.rules.stall = Duration::from_millis(50);
    let script = format!("{BEAT} n=0; while :; do beat $n busy; n=$((n+1)); sleep 0.01; done");
    let watched = bench.start_script(&script);
    let since = watched.until(|what| match what {
        What::Stalled { since } => Some(since),
        What::Unhealthy { fault } => panic!("{fault}"),
        _ => None,
    });
    assert!(since >= bench.rules.stall);
}

fn numbers_that_step_back_are_told() {
    let bench = Bench::new();
    let watched = bench.start("steps-back");
    let step = watched.until(|what| match what {
        What::SeqBack { from, to } => Some((from, to)),
        _ => None,
    });
    assert_eq!(step, (6, 0));
    assert_eq!(watched.until_event().1, "done");
}

fn secrets_are_in_no_file() {
    const SECRET: &str = "hunter2-canary";
    let look_up = |name: &str| match name {
        "KEY" => Some(SECRET.into()),
        name => std::env::var_os(name),
    };
    let environment = AgentEnvironment::new(&["KEY".to_owned()], look_up);
    let bench = Bench { environment, ..Bench::new() };
    let watched = bench.start("secret");
    let mut told = Vec::new();
    let mut events = 0;
    watched.until(|what| {
        told.push(match &what {
            What::Event { line, .. } => String::from_utf8_lossy(line).into_owned(),
            what => format!("{what:?}"),
        });
        events += usize::from(matches!(what, What::Event { .. }));
        (events == 2).then_some(())
    });
    watched.agent.stop();
    told.extend(watched.heard.iter().map(|heard| format!("{:?}", heard.what)));
    let told = told.join("\n") + &bench.log().join("\n");
    assert!(told.matches("[secret KEY]").count() >= 6, "{told}");
    assert!(!told.contains("hunter2") && !told.contains(r"\u0068"), "{told}");
}
