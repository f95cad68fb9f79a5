//! The agents, good and bad.

use std::io::{self, BufRead as _, Write as _};

/// What an agent says to be known as ready.
fn ready() {
    say(&heartbeat(0, "ready"));
}

fn heartbeat(seq: u64, status: &str) -> String {
    let pid = std::process::id();
    format!(
        r#"{{"kind":"heartbeat","agent":{{"agent_type":"builder"}},"seq":{seq},"status":"{status}","pid":{pid},"uptime_s":1,"last_activity_at":"2025-10-20T14:08:20Z"}}"#
    )
}

fn event(note: &str) -> String {
    format!(
        r#"{{"kind":"event","message_id":"evt-00000001","correlation_id":"c","task_id":"T-0042","from":{{"agent_type":"builder"}},"event":"builder.progress","payload":{{"note":"{note}"}},"occurred_at":"2025-10-20T14:30:00Z"}}"#
    )
}

fn log(message: &str) -> String {
    format!(
        r#"{{"kind":"log","level":"info","message":"{message}","timestamp":"2025-10-20T14:08:20Z"}}"#
    )
}

/// Writes one line.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    // A supervisor that has had enough may be gone.
    let _ = stdout.write_all(format!("{line}\n").as_bytes());
    let _ = stdout.flush();
}

/// Reads to the end of standard input.
fn read_on() {
    for _ in io::stdin().lock().lines() {}
}

/// Answers each line with an event that has its length.
fn answer() {
    for line in io::stdin().lock().lines() {
        say(&event(&line.unwrap().len().to_string()));
    }
}

pub(crate) fn act(kind: &str) {
    match kind {
        "echo" => {
            ready();
            answer();
        }
        "environment" => {
            ready();
            let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            names.sort();
            say(&event(&names.join(" ")));
            read_on();
        }
        "banner" => {
            say("Welcome to Builder 3.0!\x1b[31m");
            say("");
            say("{\"kind\":\"command\"}");
            ready();
            say(&event("done"));
            read_on();
        }
        "junk" => {
            ready();
            for number in 0..100_000 {
                say(&format!("junk {number}"));
            }
            read_on();
        }
        "oversize" => {
            ready();
            say(&"x".repeat(262_145));
            let fill = 262_144 - event("").len();
            say(&event(&"é".repeat(fill / 2)));
            answer();
        }
        "split" => {
            ready();
            let mut stdout = io::stdout();
            for byte in format!("{}\n", event("žluťoučký kůň 🐎")).bytes() {
                stdout.write_all(&[byte]).unwrap();
                stdout.flush().unwrap();
            }
            read_on();
        }
        "torn" => {
            ready();
            print!("{}", event("never"));
            io::stdout().flush().unwrap();
            std::process::exit(125);
        }
        "another" => {
            say(&heartbeat(0, "ready").replace("builder", "reviewer"));
            ready();
            say(&event("mine").replace("\"builder\"", "\"reviewer\""));
            say(&event("mine").replace("builder.progress", "review.completed"));
            say(&event("last"));
            read_on();
        }
        "logs" => {
            ready();
            let lines: u64 = std::env::var("LINES").unwrap().parse().unwrap();
            let mut stdout = io::BufWriter::new(io::stdout().lock());
            for number in 0..lines {
                writeln!(stdout, "{}", log(&number.to_string())).unwrap();
            }
            writeln!(stdout, "{}", event("done")).unwrap();
            stdout.flush().unwrap();
            drop(stdout);
            read_on();
        }
        "beats" => {
            for seq in 0..10_000 {
                say(&heartbeat(seq, "ready"));
            }
            say(&event("done"));
            read_on();
        }
        "events" => {
            ready();
            for number in 0..100_000 {
                say(&event(&number.to_string()));
            }
            read_on();
        }
        "errors" => {
            ready();
            for number in 0..100_000 {
                eprintln!("error {number}\x1b[0m");
            }
            say(&event("done"));
            read_on();
        }
        "steps-back" => {
            for seq in [5, 6, 0] {
                say(&heartbeat(seq, "ready"));
            }
            say(&event("done"));
            read_on();
        }
        "secret" => {
            ready();
            let key = std::env::var("KEY").unwrap();
            let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            eprintln!("the key is {key}");
            say(&log(&format!("the key is {key}")));
            say(&format!("{key} is the key"));
            say(&log(&key).replace("info", &key));
            say(&event(&format!("{key} {escaped}")));
            eprintln!("{}{key}", "x".repeat(20_000));
            say(&event("done"));
            read_on();
        }
        "deaf" => {
            ready();
            loop {
                std::thread::park();
            }
        }
        _ => unreachable!("{kind}"),
    }
}
