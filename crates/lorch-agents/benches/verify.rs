//! How fast a ledger is verified, beside a bare loop that hashes it.
//!
//! `cargo bench -p lorch-agents --bench verify` makes two ledgers of 100 MB, one of short lines and one
//! of long ones, with their chains, and prints for each way the median of some rounds.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is run by people, who want to see why it stopped"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use lorch_agents::chain::{Direction, Link, Root};
use lorch_agents::{open_workspace, verify};
use lorch_types::agent::AgentRunId;
use lorch_types::{Digest, Timestamp};
use sha2::{Digest as _, Sha256};

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (bytes, rounds) = if is_test { (1_000_000, 1) } else { (100_000_000, 7) };
    for words in [20, 600] {
        let folder = tempfile::tempdir().unwrap();
        let run: AgentRunId = "run-20251020-140818-4f9f29a1".parse().unwrap();
        let lines = make(folder.path(), &run, bytes, words);
        let ledger = folder.path().join(format!("events/{run}.ndjson"));
        let megabytes = fs::metadata(&ledger).unwrap().len() as f64 / 1e6;
        println!("{megabytes:.0} MB of {:.0} bytes a line", megabytes * 1e6 / lines as f64);
        let root = open_workspace(folder.path()).unwrap();
        let verified = || {
            let found = verify(&root, &run).unwrap();
            assert!(found.is_sound() && found.ledger.lines == lines);
        };
        let ways: [(&str, &dyn Fn()); 2] =
            [("sha256 alone", &|| bare_loop(&ledger)), ("lorch task verify", &verified)];
        let mut times = ways.map(|_| Vec::new());
        for _ in 0..rounds {
            for ((_, way), times) in ways.iter().zip(&mut times) {
                let start = Instant::now();
                way();
                times.push(start.elapsed().as_secs_f64());
            }
        }
        for ((name, _), mut times) in ways.iter().zip(times) {
            times.sort_by(f64::total_cmp);
            let median = times[times.len() / 2];
            println!("{name:18} {:8.1} ms  {:6.0} MB/s", median * 1e3, megabytes / median);
        }
    }
}

/// Makes a ledger of commands and their answers, with so many words in each, and its chain.
fn make(root: &Path, run: &AgentRunId, bytes: u64, words: usize) -> u64 {
    for folder in ["events", "state"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    let open = |name: String| BufWriter::new(File::create(root.join(name)).unwrap());
    let mut ledger = open(format!("events/{run}.ndjson"));
    let mut chain = open(format!("events/{run}.chain.ndjson"));
    let zero = Digest::of_hash([0; 32]);
    let first = Root::new(run, zero.clone(), zero);
    writeln!(chain, "{}", serde_json::to_string(&first).unwrap()).unwrap();
    let at: Timestamp = "2025-10-20T14:08:20.123456789Z".parse().unwrap();
    let (mut head, mut offset, mut seq) = (first.hash, 0, 0);
    let text = "words that say what to do, ".repeat(words / 6 + 1);
    while offset < bytes {
        let number = seq / 3;
        let lines = [
            (
                Direction::Out,
                format!(
                    r#"{{"kind":"command","message_id":"cmd-{number:08x}","correlation_id":"c{number}","task_id":"T-0042","idempotency_key":"ik:{}","to":{{"agent_type":"builder"}},"action":"implement","inputs":{{"goal":"{text}","round":{number}}},"expected_outputs":[{{"path":"src/auth.rs","required":true}}],"version":{{"snapshot_id":"snap-6f8d55a83919"}},"deadline":"2025-10-20T15:00:00Z","retry":{{"attempt":0,"max_attempts":3}},"priority":5}}"#,
                    "0".repeat(64)
                ),
            ),
            (
                Direction::In,
                format!(
                    r#"{{"kind":"event","message_id":"evt-{number:08x}","correlation_id":"c{number}","task_id":"T-0042","from":{{"agent_type":"builder"}},"event":"builder.progress","payload":{{"note":"{text}"}},"occurred_at":"2025-10-20T14:30:00Z"}}"#
                ),
            ),
            (
                Direction::In,
                format!(
                    r#"{{"kind":"event","message_id":"evt-f{number:07x}","correlation_id":"c{number}","task_id":"T-0042","from":{{"agent_type":"builder"}},"event":"builder.completed","payload":{{"summary":"{text}","tests":{{"status":"pass"}}}},"occurred_at":"2025-10-20T14:30:00Z"}}"#
                ),
            ),
        ];
        for (dir, line) in lines {
            let line = line + "\n";
            ledger.write_all(line.as_bytes()).unwrap();
            seq += 1;
            let link = Link::new(seq, offset, line.as_bytes(), dir, at, head);
            writeln!(chain, "{}", serde_json::to_string(&link).unwrap()).unwrap();
            offset += line.len() as u64;
            head = link.hash;
        }
    }
    ledger.flush().unwrap();
    chain.flush().unwrap();
    seq
}

fn bare_loop(path: &Path) {
    let mut file = File::open(path).unwrap();
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 128 * 1024];
    loop {
        let count = file.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        hasher.update(&piece[..count]);
    }
    std::hint::black_box(hasher.finalize());
}
