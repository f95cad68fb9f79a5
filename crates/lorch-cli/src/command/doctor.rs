//! `lorch doctor`: whether everything is in place to run jobs, tasks and plans here.

mod plans;

use std::fs;
use std::io;
use std::path::Path;

use clap::Args;
use lorch_backends::DataPlane;
use lorch_backends::config::Agent;
use lorch_store::{RunStatus, Store};
use lorch_types::agent::AgentType;
use lorch_types::diagnostic::{Color, visible};

use crate::amount::counted;
use crate::cli::Global;
use crate::clock::now;
use crate::command::policy::proven;
use crate::exit::{Failure, Outcome};
use crate::planning::POLICIES;
use crate::site::{CONFIG_FILE, Site, shown};
use crate::terminal::{Stream, print};

/// Check that everything is in place to run jobs, tasks and plans here, and say how to put right what
/// is not.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 everything is in place; 1 something is not.")]
pub(crate) struct Doctor {}

/// How one check came out.
enum Finding {
    /// As it should be.
    Good(String),
    /// Worth knowing.
    Note(String, String),
    /// It keeps jobs from running; what would put it right.
    Bad(String, String),
}

/// Makes every check, and fails if one failed.
pub(crate) fn doctor(_: &Doctor, global: &Global) -> Outcome {
    let color = global.color.on(Stream::Output);
    print(&format!("lorch {}\n", env!("CARGO_PKG_VERSION")))?;
    let site = match Site::find(global) {
        Ok(site) => site,
        Err(failure) => {
            let message = failure.message().unwrap_or_default();
            let fix =
                format!("put `{CONFIG_FILE}` right; `lorch init` in an empty folder shows one");
            print(&Finding::Bad(message, fix).line("configuration", color))?;
            return Err(Failure::Reported);
        }
    };
    let mut bad = false;
    for (subject, finding) in checks(&site) {
        bad |= matches!(finding, Finding::Bad(..));
        print(&finding.line(subject, color))?;
    }
    if bad { Err(Failure::Reported) } else { Ok(()) }
}

fn checks(site: &Site) -> Vec<(&'static str, Finding)> {
    let mut all = vec![
        ("workspace", workspace(site)),
        ("configuration", configuration(site)),
        ("SQLite", Finding::Good(format!("{} (built in)", lorch_store::sqlite_version()))),
        ("run store", run_store(site)),
        ("data plane", data_plane(site)),
        ("permissions", permissions(site)),
    ];
    all.extend(policies(site).map(|finding| ("policies", finding)));
    all.extend(agents(site).into_iter().map(|finding| ("agents", finding)));
    all.extend(plans::planner(site).map(|finding| ("planner", finding)));
    all.extend(plans::webhook(site).into_iter().map(|finding| ("webhook", finding)));
    all.extend(variables(site).into_iter().map(|finding| ("environment", finding)));
    all
}

fn workspace(site: &Site) -> Finding {
    let root = site.root.display().to_string();
    let probe = site.root.join(format!(".lorch-doctor-{}", std::process::id()));
    match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) => Finding::Good(root),
        Err(error) => Finding::Bad(
            format!("{root} cannot be written: {error}"),
            format!("give yourself the right to write there: chmod u+w {root}"),
        ),
    }
}

fn configuration(site: &Site) -> Finding {
    match site.configured {
        true => Finding::Good(shown(&site.root.join(CONFIG_FILE))),
        false => Finding::Note(
            format!("no {CONFIG_FILE}: the defaults hold"),
            "`lorch init` writes one with every setting explained".to_owned(),
        ),
    }
}

fn run_store(site: &Site) -> Finding {
    let path = site.store_path();
    if !path.exists() {
        return Finding::Good(format!("{} (made by the first run)", shown(&path)));
    }
    let runs = Store::open(&path).and_then(|store| store.runs(now(), usize::MAX));
    match runs {
        Err(error) => Finding::Bad(told(&error), advice(&path, "[store] path")),
        Ok(runs) => {
            let stopped = runs.iter().filter(|run| run.status == RunStatus::Interrupted);
            let words = format!("{}, {}", shown(&path), counted(runs.len() as u64, "run"));
            match stopped.clone().next() {
                None => Finding::Good(words),
                Some(first) => Finding::Note(
                    format!("{words}, {} interrupted", stopped.count()),
                    format!("go on with the newest: lorch resume {}", first.run_id),
                ),
            }
        }
    }
}

fn data_plane(site: &Site) -> Finding {
    let path = site.data_path();
    if !path.exists() {
        return Finding::Good(format!("{} (made by the first run)", shown(&path)));
    }
    match DataPlane::open(&path) {
        Ok(_) => Finding::Good(shown(&path)),
        Err(error) => Finding::Bad(error.to_string(), advice(&path, "[data_plane] url")),
    }
}

/// What to do about a database that cannot be opened; `setting` says where it is.
fn advice(path: &Path, setting: &str) -> String {
    let opened = fs::OpenOptions::new().read(true).write(true).open(path);
    match opened.map_err(|error| error.kind()) {
        Err(io::ErrorKind::PermissionDenied) => {
            format!("give yourself the right to read and write it: chmod u+rw {}", shown(path))
        }
        _ => format!("move the file away, or set `{setting}` in lorch.toml"),
    }
}

/// Whether the packs of policies prove themselves, where there are some.
fn policies(site: &Site) -> Option<Finding> {
    let folder = site.root.join(POLICIES);
    if !folder.is_dir() {
        return None;
    }
    let fix = || "`lorch policy test policies` says more".to_owned();
    Some(match proven(&folder) {
        Ok((packs, None)) => Finding::Good(format!("{}, proven", counted(packs as u64, "pack"))),
        Ok((_, Some(refused))) => Finding::Bad(format!("a pack is refused: {refused}"), fix()),
        Err(failure) => Finding::Note(failure.message().unwrap_or_default(), fix()),
    })
}

/// Whether the programs of agents are there, and those that a task needs are configured.
fn agents(site: &Site) -> Vec<Finding> {
    let agents = &site.config.agents;
    let mut found: Vec<Finding> =
        agents.iter().map(|(agent, it)| program(site, agent, it)).collect();
    let needed = [AgentType::Builder, AgentType::Reviewer, AgentType::SpecMaintainer];
    let missing = needed.into_iter().filter(|agent| agents.get(*agent).is_none());
    // A workspace may have jobs and plans only.
    let has_agents = !found.is_empty();
    for agent in missing.filter(|_| has_agents).map(AgentType::as_str) {
        let fix = format!("add `[agents.{agent}]` to {CONFIG_FILE}");
        let words = format!("no {agent} is configured: no task can run");
        found.push(Finding::Note(words, fix));
    }
    found
}

fn program(site: &Site, agent: AgentType, configured: &Agent) -> Finding {
    let (agent, program) = (agent.as_str(), configured.cmd.first().map_or("", String::as_str));
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_there = match program {
        "lorch" => true,
        path if path.contains('/') => site.root.join(path).is_file(),
        name => std::env::split_paths(&folders).any(|folder| folder.join(name).is_file()),
    };
    match is_there {
        true => Finding::Good(format!("the {agent} is `{program}`")),
        false => Finding::Bad(
            format!("the {agent} is `{program}`, which is not there"),
            format!("install it, or put `cmd` of `[agents.{agent}]` right"),
        ),
    }
}

/// Whether other users can read what was recorded.
fn permissions(site: &Site) -> Finding {
    let files = [site.store_path(), site.data_path()];
    let open: Vec<String> =
        files.iter().filter(|path| readable_by_others(path)).map(|path| shown(path)).collect();
    if open.is_empty() {
        return Finding::Good("databases are readable by you alone".to_owned());
    }
    let open = open.join(" ");
    Finding::Note(format!("other users can read {open}"), format!("chmod go= {open}"))
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |path: &Path, bits: u32| {
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & bits != 0)
    };
    // A folder that others cannot enter protects what is in it.
    is_open(path, 0o044) && path.parent().is_none_or(|folder| is_open(folder, 0o011))
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> bool {
    false
}

/// The environment variables that the configuration names.
fn variables(site: &Site) -> Vec<Finding> {
    let secrets = site.config.secrets.values().map(|source| &source.env);
    let model = site.config.llm.iter().filter_map(|llm| llm.api_key_env.as_ref());
    let agents = site.config.agents.iter().flat_map(|(_, agent)| &agent.env);
    let named = secrets.chain(model).chain(agents).map(|variable| variable.as_str());
    let check = |name: &str| match std::env::var_os(name) {
        Some(_) => Finding::Good(format!("{name} is set")),
        None => Finding::Note(
            format!("{name} is not set: steps and agents that need it will fail"),
            format!("export {name}=…"),
        ),
    };
    named.map(check).collect()
}

fn told(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Finding {
    fn line(&self, subject: &str, color: Color) -> String {
        let (mark, style, words, fix) = match self {
            Self::Good(words) => ("ok  ", "32", words, None),
            Self::Note(words, fix) => ("note", "33", words, Some(fix)),
            Self::Bad(words, fix) => ("FAIL", "31", words, Some(fix)),
        };
        let mark = match color {
            Color::Always => format!("\x1b[{style}m{mark}\x1b[0m"),
            Color::Never => mark.to_owned(),
        };
        let fix = fix.map(|fix| format!("\n        {:<14} {}", "", visible(fix)));
        format!("  {mark}  {subject:<14} {}{}\n", visible(words), fix.unwrap_or_default())
    }
}
