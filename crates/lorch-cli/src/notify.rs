//! Notices to the webhook of `[notify]`, delivered by a process of their own: no command waits for
//! them, and none fails by them.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use lorch_backends::{Environment, Notice, deliver};
use lorch_types::json::{Limits, Object, Value, canonical, read};
use lorch_types::plan::Plan;

use crate::cli::Global;
use crate::clock::{new_uuid, now};
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::terminal::tell;

/// Where it is kept what could not be delivered, beside the store.
pub(crate) const LOG: &str = ".lorch/notify.log";
/// How large a body may be: it must fit into a pipe, so that writing it never waits.
const MAX_BODY: usize = 32 * 1024;
/// How many characters of a reason are told: a policy may have much to say.
const MAX_REASON: usize = 2000;

/// Tells that a plan waits for approval; `reason` says why again, of one that was approved.
pub(crate) fn plan_waits(site: &Site, plan: &Plan, reason: Option<&str>) {
    let about = [
        ("plan_id", Value::from(plan.id.as_str())),
        ("task_id", plan.task_id.as_str().into()),
        ("summary", plan.payload.summary.as_str().into()),
    ];
    let reason = reason.map(|reason| reason.chars().take(MAX_REASON).collect::<String>());
    let reason = reason.map(|reason| ("reason", Value::from(reason.as_str())));
    notify(site, "plan.awaiting_approval", about.into_iter().chain(reason));
}

/// Tells the webhook, if there is one, that `event` has happened, in a process that outlives this one.
pub(crate) fn notify(
    site: &Site,
    event: &str,
    about: impl IntoIterator<Item = (&'static str, Value)>,
) {
    if site.config.notify.is_none() {
        return;
    }
    let mut body = Object::new();
    body.insert("event", event);
    body.insert("at", now().to_string());
    about.into_iter().for_each(|(name, value)| drop(body.insert(name, value)));
    if let Err(error) = start(site, &canonical(&Value::Object(body))) {
        tell(&format!("warning: the webhook is not told: {error}\n"));
    }
}

fn start(site: &Site, body: &str) -> io::Result<()> {
    if body.len() > MAX_BODY {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--workspace")
        .arg(&site.root)
        .args(["worker", "notify"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is not for it.
        .process_group(0)
        .spawn()?;
    child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?.write_all(body.as_bytes())
}

/// Delivers the notice on standard input; what cannot be delivered is kept in a log.
pub(crate) fn worker(global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body).map_err(Failure::work)?;
    let body = read(&body, Limits::default()).map_err(Failure::work)?;
    let (Some(notify), Some(body)) = (&site.config.notify, body.as_object()) else { return Ok(()) };
    let at = u64::try_from(now().unix_millis() / 1000).unwrap_or_default();
    let notice = Notice { id: new_uuid(), at, body: body.clone() };
    let Err(error) = deliver(&notice, notify, &Environment::process()) else { return Ok(()) };
    let line = format!(
        "{} {}: {}: {}\n",
        now(),
        canonical(&Value::Object(notice.body)),
        error.code,
        error.message
    );
    keep(&site, &line).map_err(Failure::work)?;
    Err(Failure::work(error.message))
}

fn keep(site: &Site, line: &str) -> io::Result<()> {
    let path = site.root.join(LOG);
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    OpenOptions::new().create(true).append(true).open(path)?.write_all(line.as_bytes())
}
