//! The commands in the documentation do what it says.
//!
//! In a page, a block ```` ```yaml file=NAME ```` is a file, and a block ```` ```console ```` holds
//! commands after `$ ` and what they print. Each heading begins with an empty folder. With
//! `LORCH_BLESS=1` the pages are rewritten with what the commands print now.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::lorch::{Folder, copy, repository};

/// A block of a page, between its fences.
struct Block<'a> {
    info: &'a str,
    body: String,
}

/// One command of a console block, and what it prints.
struct Exchange {
    command: String,
    printed: String,
}

#[test]
fn readme() {
    check("README.md", Some("examples"));
}

#[test]
fn job_language() {
    check("docs/job-language.md", None);
}

#[test]
fn documents() {
    check("docs/documents.md", Some("examples"));
}

#[test]
fn validation() {
    check("docs/validation.md", None);
}

#[test]
fn agents_protocol() {
    check("docs/agents-protocol.md", None);
}

#[test]
fn tasks() {
    check("docs/tasks.md", Some("examples"));
}

#[test]
fn plans() {
    check("docs/plans.md", Some("examples"));
}

#[test]
fn programs() {
    check("docs/programs.md", None);
}

/// Runs the commands of a page; `shipped` is a folder of the repository that they need.
#[track_caller]
fn check(page: &str, shipped: Option<&str>) {
    let path = repository().join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut rewritten = String::with_capacity(text.len());
    let mut folder = start(shipped);
    let mut differences = String::new();
    let mut commands = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(rewritten, "{line}");
        if line.starts_with('#') {
            folder = start(shipped);
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let block = Block { info, body: body.join("\n") };
        let mut body = block.body.clone();
        if let Some(name) = block.file() {
            folder.write(name, format!("{}\n", block.body));
        } else if block.info == "console" {
            body.clear();
            for exchange in exchanges(&block.body) {
                commands += 1;
                let printed = run(&folder, &exchange.command);
                if redact(&printed) == redact(&exchange.printed) {
                    let _ = write!(body, "$ {}\n{}", exchange.command, exchange.printed);
                } else {
                    let _ = write!(body, "$ {}\n{printed}", exchange.command);
                    let _ = writeln!(
                        differences,
                        "--- {page}: $ {}\n{}\n--- but it prints\n{printed}",
                        exchange.command, exchange.printed
                    );
                }
            }
            body = body.trim_end_matches('\n').to_owned();
        }
        let _ = writeln!(rewritten, "{body}\n```");
    }
    assert!(commands > 0, "{page} shows no command");
    if std::env::var_os("LORCH_BLESS").is_some() {
        std::fs::write(path, rewritten).unwrap();
    } else {
        assert!(differences.is_empty(), "{differences}\nLORCH_BLESS=1 rewrites the page");
    }
}

impl Block<'_> {
    fn file(&self) -> Option<&str> {
        self.info.split_once(" file=").map(|(_, name)| name.trim())
    }
}

fn start(shipped: Option<&str>) -> Folder {
    let folder = Folder::new();
    if let Some(shipped) = shipped {
        copy(&repository().join(shipped), &folder.path().join(shipped));
    }
    folder
}

fn exchanges(body: &str) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for line in body.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            all.push(Exchange { command: command.to_owned(), printed: String::new() });
        } else if let Some(last) = all.last_mut() {
            let _ = writeln!(last.printed, "{line}");
        }
    }
    all
}

/// Runs a command line as a shell does, with the two streams in one.
fn run(folder: &Folder, line: &str) -> String {
    let lorch = Path::new(env!("CARGO_BIN_EXE_lorch"));
    let line = line.replace("cargo run --release --", "lorch");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = lorch.parent().map(Path::to_path_buf).into_iter();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("NO_COLOR")
        .env_remove("SOURCE_DATE_EPOCH")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The text without what differs from run to run: ids, digests, durations and times.
fn redact(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim_end().lines() {
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            let timed = matches!(word.trim_end_matches(':'), "ms" | "s" | "min");
            if timed && words.last().is_some_and(|last: &String| is_number(last)) {
                words.pop();
                words.push("TIME".to_owned());
            } else {
                words.push(redact_word(word));
            }
        }
        let _ = writeln!(out, "{}", words.join(" "));
    }
    out
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn redact_word(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_run_id = bare.len() == 26
        && bare.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    // Of a run of a task: `run-20251020-140818-4f9f29a1`.
    let is_task_run = bare.len() == 28
        && bare.starts_with("run-")
        && bare.split('-').map(str::len).eq([3, 8, 6, 8]);
    let is_time = bare.len() >= 20 && bare.as_bytes().get(10) == Some(&b'T');
    if is_run_id || is_task_run {
        word.replace(bare, "RUN")
    } else if is_time {
        word.replace(bare, "TIMESTAMP")
    } else if word.starts_with("sha256:") || word.starts_with("ik:") {
        "DIGEST".to_owned()
    } else {
        word.to_owned()
    }
}
