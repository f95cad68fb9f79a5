//! How fast a stream of messages is validated, beside other ways of reading the same file.
//!
//! `cargo bench -p lorch-validate` prints, for each way, the median of some rounds in which all
//! take turns, and its ratio to the crate `jsonschema` over `serde_json::Value`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use lorch_types::Kind;
use lorch_types::agent::{Command, Event};
use lorch_validate::{StreamOptions, embedded_schema, validate_stream};
use serde::de::IgnoredAny;
use serde_json::Value as Json;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (messages, rounds) = if is_test { (2_000, 1) } else { (200_000, 9) };
    let folder = tempfile::tempdir().unwrap();
    let valid = folder.path().join("valid.ndjson");
    let flawed = folder.path().join("flawed.ndjson");
    write_messages(&valid, messages, usize::MAX);
    write_messages(&flawed, messages, 100);
    println!("{messages} messages, {} bytes, {rounds} rounds", fs::metadata(&valid).unwrap().len());

    let (one, two) = (NonZeroUsize::MIN, NonZeroUsize::new(2).unwrap());
    let ways: [(&str, &dyn Fn() -> usize); 7] = [
        ("jsonschema over Value", &|| by_schema(&valid)),
        ("serde_json, skipping", &|| skipping(&valid)),
        ("serde_json, into types", &|| into_types(&valid)),
        ("lorch, 1 thread", &|| lorch(&valid, one)),
        ("lorch, 2 threads", &|| lorch(&valid, two)),
        ("lorch, 1 thread, 1 % invalid", &|| lorch(&flawed, one)),
        ("lorch, 2 threads, 1 % invalid", &|| lorch(&flawed, two)),
    ];
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..rounds {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            assert!(black_box(way()) <= messages);
            times.push(start.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    for ((name, _), median) in ways.iter().zip(medians) {
        println!("{name:30} {:8.1} ms  {:.3}", millis(median), millis(median) / millis(medians[0]));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Lorch, and how many messages it found invalid.
fn lorch(path: &Path, threads: NonZeroUsize) -> usize {
    let options = StreamOptions { threads, ..StreamOptions::named("messages.ndjson") };
    let summary = validate_stream(File::open(path).unwrap(), &options, |_| Ok(())).unwrap();
    summary.invalid
}

/// Calls `judge` for each line, and counts those it refuses.
fn each_line(path: &Path, judge: impl Fn(&[u8]) -> bool) -> usize {
    let mut reader = BufReader::with_capacity(256 * 1024, File::open(path).unwrap());
    let mut line = Vec::new();
    let mut refused = 0;
    while reader.read_until(b'\n', &mut line).unwrap() > 0 {
        refused += usize::from(!judge(&line));
        line.clear();
    }
    refused
}

fn by_schema(path: &Path) -> usize {
    let compile = |kind| {
        let schema: Json = serde_json::from_str(embedded_schema(kind)).unwrap();
        jsonschema::draft7::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&schema)
            .unwrap()
    };
    let (command, event) = (compile(Kind::Command), compile(Kind::Event));
    each_line(path, |line| {
        let Ok(value) = serde_json::from_slice::<Json>(line) else { return false };
        let schema = if value["kind"] == "command" { &command } else { &event };
        schema.is_valid(&value)
    })
}

fn skipping(path: &Path) -> usize {
    each_line(path, |line| serde_json::from_slice::<IgnoredAny>(line).is_ok())
}

fn into_types(path: &Path) -> usize {
    each_line(path, |line| {
        if line.starts_with(br#"{"kind":"command""#) {
            serde_json::from_slice::<Command>(line).is_ok()
        } else {
            serde_json::from_slice::<Event>(line).is_ok()
        }
    })
}

/// Writes commands and events in turn; every `flaw`th has an unknown field.
fn write_messages(path: &Path, messages: usize, flaw: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut line = String::new();
    for number in 0..messages {
        line.clear();
        if number % 2 == 0 {
            command(number, &mut line)
        } else {
            event(number, &mut line)
        }
        if number % flaw == flaw / 2 {
            line.truncate(line.len() - 1);
            line.push_str(r#","prioritty":1}"#);
        }
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
}

/// 64 hexadecimal digits that look random.
fn hex(number: usize) -> String {
    let mut state = number as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut text = String::new();
    for _ in 0..4 {
        state = state.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1);
        let _ = write!(text, "{state:016x}");
    }
    text
}

fn command(number: usize, line: &mut String) {
    let hex = hex(number);
    let _ = write!(
        line,
        r#"{{"kind":"command","message_id":"cmd-{id}","correlation_id":"corr-{number:06}","task_id":"T-{task:04}","idempotency_key":"ik:{hex}","to":{{"agent_type":"builder"}},"action":"implement","inputs":{{"goal":"Add user authentication with sessions and a login page","round":{round},"notes":["keep the public API","write tests first"]}},"expected_outputs":[{{"path":"src/auth_{task}.rs","required":true}},{{"path":"tests/auth.rs","required":false}}],"version":{{"snapshot_id":"snap-{snap}"}},"deadline":"2025-10-20T15:00:{second:02}Z","retry":{{"attempt":0,"max_attempts":3}},"priority":5}}"#,
        id = &hex[..8],
        task = number % 10_000,
        round = number % 5 + 1,
        snap = &hex[8..20],
        second = number % 60,
    );
}

fn event(number: usize, line: &mut String) {
    let hex = hex(number);
    let _ = write!(
        line,
        r#"{{"kind":"event","message_id":"evt-{id}","correlation_id":"corr-{number:06}","task_id":"T-{task:04}","from":{{"agent_type":"builder","agent_id":"builder-{agent}"}},"event":"builder.completed","payload":{{"summary":"Implemented authentication: sessions, login page, \"remember me\"","tests":{{"status":"pass","passed":{passed},"failed":0}},"took_s":{passed}.25}},"artifacts":[{{"path":"src/auth_{task}.rs","sha256":"sha256:{hex}","size":{number}}},{{"path":"tests/auth.rs","sha256":"sha256:{hex}","size":2048}}],"observed_version":{{"snapshot_id":"snap-{snap}"}},"occurred_at":"2025-10-20T14:30:{second:02}.123Z"}}"#,
        id = &hex[..8],
        task = number % 10_000,
        agent = number % 3,
        passed = number % 100,
        snap = &hex[8..20],
        second = number % 60,
    );
}
