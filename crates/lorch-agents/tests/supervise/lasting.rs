//! What an agent leaves behind: nothing, however it tries.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lorch_agents::{Agent, What};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::Test;
use crate::bench::{Bench, Watched, processes_of};

pub(crate) const TESTS: &[Test] = &[
    ("children_that_keep_stdout_open_end_with_it", children_that_keep_stdout_open_end_with_it),
    ("one_that_ignores_term_is_killed", one_that_ignores_term_is_killed),
    ("daemons_end_with_it", daemons_end_with_it),
    ("one_that_kills_its_group_hurts_only_itself", one_that_kills_its_group_hurts_only_itself),
    ("a_crowd_ends_with_it", a_crowd_ends_with_it),
    ("nothing_outlives_lorch", nothing_outlives_lorch),
];

const READY: &str = r#"echo '{"kind":"heartbeat","agent":{"agent_type":"builder"},"seq":0,"status":"ready","pid":1,"uptime_s":1,"last_activity_at":"2025-10-20T14:08:20Z"}';"#;

fn short(launcher: bool) -> Bench {
    let mut bench = Bench { launcher, ..Bench::new() };
    bench.rules.grace = Duration::from_millis(200);
    bench.rules.restarts = 0;
    bench
}

fn children_that_keep_stdout_open_end_with_it() {
    for launcher in [true, false] {
        let bench = short(launcher);
        let told = bench.start_script("sleep 1000 & sleep 1000 & exit 3").until_given_up();
        assert!(told.iter().any(|what| what.contains("(768)")), "{told:?}");
        bench.nothing_is_left();
    }
}

fn one_that_ignores_term_is_killed() {
    for launcher in [true, false] {
        let bench = short(launcher);
        let script = format!("trap '' TERM; {READY} while :; do sleep 1000; done");
        let watched = bench.start_script(&script);
        watched.until_ready();
        let start = Instant::now();
        watched.agent.stop();
        assert!(start.elapsed() >= bench.rules.grace);
        bench.nothing_is_left();
    }
}

/// Starts a program that leaves its session and loses its parent, twice; it says that the agent is
/// ready once it runs.
const DAEMON: &str = "setsid sh -c 'setsid sh daemon.sh & exit' & wait;";

fn write_daemon(folder: &Path) {
    let script = format!("trap '' TERM HUP; {READY} while :; do sleep 1000; done");
    fs::write(folder.join("daemon.sh"), script).unwrap();
}

fn daemons_end_with_it() {
    let bench = short(true);
    write_daemon(bench.folder.path());
    // On its own, and when it is stopped.
    let told = bench.start_script(&format!("{DAEMON} exit 1")).until_given_up();
    assert!(told.iter().any(|what| what.contains("(256)")), "{told:?}");
    bench.nothing_is_left();
    let watched = bench.start_script(&format!("{DAEMON} exec cat"));
    watched.until_ready();
    assert!(processes_of(bench.run.as_str()).len() >= 3);
    watched.agent.stop();
    bench.nothing_is_left();
}

fn one_that_kills_its_group_hurts_only_itself() {
    let bench = short(true);
    let told = bench.start_script("setsid sleep 1000 & kill -KILL 0").until_given_up();
    // 128 + 9
    assert!(told.iter().any(|what| what.contains(&(137 << 8).to_string())), "{told:?}");
    bench.nothing_is_left();
}

fn a_crowd_ends_with_it() {
    let bench = short(true);
    // Each starts others for as long as it lives.
    let script = format!(
        "{READY} for n in 1 2 3 4 5; do setsid sh -c 'while :; do sh -c \"sleep 1000 & exit\"; sleep 0.01; done' & done; cat"
    );
    let watched = bench.start_script(&script);
    watched.until_ready();
    watched.agent.stop();
    bench.nothing_is_left();
}

/// Is a process that supervises an agent in `folder` until it is killed.
pub(crate) fn be_lorch(folder: &Path) -> ExitCode {
    let bench = Bench::new();
    let mut spec = bench.spec(&["sh", "-c", &format!("{DAEMON} exec sleep 1000")]);
    spec.dir = folder.to_owned();
    write_daemon(folder);
    let (tell, heard) = channel();
    let agent = Agent::start(spec, bench.rules.clone(), tell).unwrap();
    let watched = Watched { agent, heard };
    watched.until(|what| matches!(what, What::Ready).then_some(()));
    println!("{}", bench.run);
    loop {
        std::thread::park();
    }
}

/// A process that supervises an agent; dropping it kills it.
struct Lorch(Child);

impl Lorch {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("lorch").arg(folder).stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Lorch {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn nothing_outlives_lorch() {
    let bench = Bench::new();
    let mut lorch = Lorch::start(bench.folder.path());
    let mut run = String::new();
    BufReader::new(lorch.0.stdout.take().unwrap()).read_line(&mut run).unwrap();
    let started: Vec<_> = processes_of(run.trim()).into_keys().collect();
    // The launcher, the agent, and the daemon with or without its child.
    assert!(started.len() >= 3, "{started:?}");
    let open = |pid: &i32| pidfd_open(Pid::from_raw(*pid)?, PidfdFlags::empty()).ok();
    let handles: Vec<_> = started.iter().filter_map(open).collect();
    drop(lorch);
    for handle in handles {
        // It can be read once the process has ended.
        let timeout = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)).unwrap();
        assert_eq!(ended, 1, "{:?}", processes_of(run.trim()));
    }
    let left = processes_of(run.trim());
    assert!(left.is_empty(), "{left:?}");
}
