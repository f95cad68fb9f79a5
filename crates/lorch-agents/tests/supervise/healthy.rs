//! Agents that do what they should.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use lorch_agents::{AgentEnvironment, SendError, What};

use crate::Test;
use crate::bench::Bench;

pub(crate) const TESTS: &[Test] = &[
    ("an_agent_is_started_answers_and_is_stopped", an_agent_is_started_answers_and_is_stopped),
    ("the_environment_is_what_is_handed_through", the_environment_is_what_is_handed_through),
    ("it_is_started_again_when_asked", it_is_started_again_when_asked),
    ("one_that_does_not_read_stops_nobody", one_that_does_not_read_stops_nobody),
    ("idle_agents_cost_next_to_nothing", idle_agents_cost_next_to_nothing),
    ("split_characters_are_put_together", split_characters_are_put_together),
];

fn an_agent_is_started_answers_and_is_stopped() {
    for launcher in [true, false] {
        let bench = Bench { launcher, ..Bench::new() };
        let watched = bench.start("echo");
        assert!(matches!(watched.next(), What::Started { .. }));
        assert!(matches!(watched.next(), What::Ready));
        for length in [0, 7, 262_144] {
            watched.agent.send(&vec![b'x'; length]).unwrap();
            assert_eq!(watched.until_event().1, length.to_string());
        }
        assert_eq!(watched.agent.send(&vec![b'x'; 262_145]), Err(SendError::NoLine));
        assert_eq!(watched.agent.send(b"a\nb"), Err(SendError::NoLine));
        // It ends when its standard input does, long before it would be killed.
        let start = Instant::now();
        watched.agent.stop();
        assert!(start.elapsed() < bench.rules.grace);
        let last: Vec<_> = watched.heard.iter().map(|heard| format!("{:?}", heard.what)).collect();
        assert!(matches!(&last[..], [exited] if exited.starts_with("Exited")), "{last:?}");
        bench.nothing_is_left();
        assert_eq!(bench.log().len(), 1);
        let mode = |path: std::path::PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(bench.log_path()), 0o600);
        assert_eq!(mode(bench.folder.path().join("logs")), 0o700);
        assert_eq!(mode(bench.folder.path().join("logs/builder")), 0o700);
    }
}

fn the_environment_is_what_is_handed_through() {
    let look_up = |name: &str| match name {
        "PATH" | "HOME" | "KEY" | "OTHER" => Some(name.to_lowercase().into()),
        _ => None,
    };
    let environment = AgentEnvironment::new(&["KEY".to_owned()], look_up);
    let bench = Bench { environment, ..Bench::new() };
    let watched = bench.start("environment");
    assert_eq!(watched.until_event().1, "HOME KEY LORCH_AGENT_TYPE LORCH_RUN_ID PATH");
}

fn it_is_started_again_when_asked() {
    let bench = Bench::new();
    let watched = bench.start("echo");
    for restart in 1..=bench.rules.restarts {
        watched.until_ready();
        watched.agent.restart("it took too long");
        let mut told = Vec::new();
        watched.until(|what| {
            told.push(format!("{what:?}"));
            matches!(what, What::Started { .. }).then_some(())
        });
        let [unhealthy, exited, restarting, _] = &told[..] else { panic!("{told:?}") };
        assert!(unhealthy.contains("Asked(\"it took too long\")"), "{told:?}");
        assert!(exited.starts_with("Exited"), "{told:?}");
        assert!(restarting.contains(&format!("restart: {restart}")), "{told:?}");
    }
    watched.until_ready();
    watched.agent.restart("again");
    let told = watched.until_given_up();
    assert!(told.last().unwrap().contains("TooManyRestarts(5)"), "{told:?}");
    assert_eq!(watched.agent.send(b"x"), Err(SendError::NotRunning));
    // Nothing comes of asking for more.
    watched.agent.restart("again");
    watched.agent.stop();
    bench.nothing_is_left();
}

fn one_that_does_not_read_stops_nobody() {
    for launcher in [true, false] {
        let mut bench = Bench { launcher, ..Bench::new() };
        bench.rules.grace = Duration::from_millis(200);
        let watched = bench.start("deaf");
        watched.until_ready();
        let line = vec![b'x'; 100_000];
        let refused = (0..1000).find_map(|_| watched.agent.send(&line).err());
        assert_eq!(refused, Some(SendError::Full));
        watched.agent.stop();
        bench.nothing_is_left();
    }
}

fn split_characters_are_put_together() {
    let bench = Bench::new();
    let watched = bench.start("split");
    assert_eq!(watched.until_event().1, "žluťoučký kůň 🐎");
}

/// How much processor time this process has used.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // User and system time, in hundredths of a second.
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Four agents that beat every five seconds have less than half a percent of a core: 6 ms a heartbeat.
/// Between heartbeats nothing wakes up.
fn idle_agents_cost_next_to_nothing() {
    let bench = Bench::new();
    let before = processor_time();
    let watched = bench.start("beats");
    assert_eq!(watched.until_event().1, "done");
    let each = (processor_time() - before) / 10_000;
    assert!(each < Duration::from_micros(600), "{each:?}");
}
