//! A client of the Agent Client Protocol for one turn: it starts the agent, asks, answers what it wants
//! to know, and ends it.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use lorch_agents::sdk::Desk;
use lorch_agents::{Frame, Framer};
use lorch_types::diagnostic::visible;
use lorch_types::json::{Limits, Value, read};

use super::ToolKind;
use super::message::{AUTH_REQUIRED, Incoming, Refusal, no_method, object, request, response};
use crate::command::agent::verdict::Ending;

/// The version of the protocol.
const VERSION: u64 = 1;
/// How long a line may be: updates may carry whole files.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;
/// How many lines that are no messages are too many.
const STRIKES: u32 = 20;
/// How many messages may wait.
const WAITING: usize = 64;
/// How much of what the agent says is kept.
const KEPT: usize = 64 * 1024;
/// How long the agent may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// The kinds of tool calls that are allowed.
pub(super) struct Policy(pub(super) Vec<ToolKind>);

/// An agent that runs, and the talk with it.
pub(super) struct Client<'a> {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Line>,
    policy: &'a Policy,
    desk: &'a Desk<'a>,
    requests: u64,
    strikes: u32,
    /// The end of what the agent said.
    said: String,
}

/// What the agent writes.
enum Line {
    Message(Incoming),
    /// What is no message, and why.
    Junk(String),
}

/// A turn that does not come to its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// The agent has ended, or does not read.
    #[error("the agent has ended")]
    Ended,
    /// It writes what is no message.
    #[error("{STRIKES} lines are no messages")]
    Junk,
    /// It refused.
    #[error("{method}: {refusal}")]
    Refused { method: &'static str, refusal: Refusal },
    /// Its answer does not say what it has to.
    #[error("{method} is answered without `{field}`")]
    Answer { method: &'static str, field: &'static str },
    /// It speaks another version.
    #[error("the agent speaks version {0} of the protocol, not {VERSION}")]
    Version(String),
}

impl<'a> Client<'a> {
    /// Starts the agent.
    pub(super) fn start(
        program: &[OsString],
        root: &Path,
        policy: &'a Policy,
        desk: &'a Desk<'a>,
    ) -> anyhow::Result<Self> {
        let [name, arguments @ ..] = program else { anyhow::bail!("no program is given") };
        let mut child = Command::new(name)
            .args(arguments)
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}` could not be started", name.to_string_lossy()))?;
        let (tell, lines) = sync_channel(WAITING);
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the agent has no standard output")?;
        thread::spawn(move || listen(stdout, &tell));
        let said = String::new();
        Ok(Self { child, stdin, lines, policy, desk, requests: 0, strikes: 0, said })
    }

    /// Asks the agent for one turn in a new session, and returns how it ended.
    pub(super) fn turn(&mut self, root: &Path, prompt: &str) -> Ending {
        self.ask(root, prompt).unwrap_or_else(|broken| broken.ending())
    }

    /// Ends the agent, and returns the end of what it said.
    pub(super) fn end(mut self) -> String {
        drop(self.stdin.take());
        let until = Instant::now() + GRACE;
        // Its standard output is closed when it has ended.
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
            && Instant::now() < until
        {}
        // It may have ended.
        let _ = self.child.kill().and_then(|()| self.child.wait().map(drop));
        self.said
    }

    fn ask(&mut self, root: &Path, prompt: &str) -> Result<Ending, Broken> {
        let files = object([("readTextFile", false.into()), ("writeTextFile", false.into())]);
        let capabilities = object([("fs", files), ("terminal", false.into())]);
        let hello =
            object([("protocolVersion", VERSION.into()), ("clientCapabilities", capabilities)]);
        let hello = self.request("initialize", hello)?;
        match hello.get("protocolVersion") {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            version => return Err(Broken::Version(version.unwrap_or(&Value::Null).to_string())),
        }
        let cwd = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let cwd = Value::from(cwd.to_string_lossy().into_owned());
        let method = "session/new";
        let session = self
            .request(method, object([("cwd", cwd), ("mcpServers", Vec::<Value>::new().into())]))?;
        let session = session.get("sessionId").cloned();
        let session = session.ok_or(Broken::Answer { method, field: "sessionId" })?;
        let text = object([("type", "text".into()), ("text", prompt.into())]);
        let method = "session/prompt";
        let turn =
            self.request(method, object([("sessionId", session), ("prompt", vec![text].into())]))?;
        let reason = turn.get("stopReason").and_then(Value::as_str);
        Ok(ending(reason.ok_or(Broken::Answer { method, field: "stopReason" })?))
    }

    /// Sends a request and waits for its answer; what comes before is answered or noted.
    fn request(&mut self, method: &'static str, params: Value) -> Result<Value, Broken> {
        let number = self.requests;
        self.requests += 1;
        self.write(&request(number, method, params))?;
        loop {
            match self.lines.recv().map_err(|_| Broken::Ended)? {
                Line::Message(Incoming::Response { id, outcome }) if id == number => {
                    return outcome.map_err(|refusal| Broken::Refused { method, refusal });
                }
                Line::Message(Incoming::Response { id, .. }) => {
                    self.strike(&format!("an answer to request {id}, which does not wait"))?;
                }
                Line::Message(Incoming::Request { id, method, params }) => {
                    let answer = self.answer(&id, &method, &params);
                    self.write(&answer)?;
                }
                Line::Message(Incoming::Notification { method, params }) => {
                    if method == "session/update" {
                        self.update(&params);
                    }
                }
                Line::Junk(reason) => self.strike(&reason)?,
            }
        }
    }

    fn strike(&mut self, reason: &str) -> Result<(), Broken> {
        self.desk.log(&format!("a line is no message: {}", visible(reason)));
        self.strikes += 1;
        if self.strikes >= STRIKES { Err(Broken::Junk) } else { Ok(()) }
    }

    fn write(&mut self, line: &str) -> Result<(), Broken> {
        let stdin = self.stdin.as_mut().ok_or(Broken::Ended)?;
        stdin.write_all(line.as_bytes()).map_err(|_| Broken::Ended)
    }

    /// The answer to what the agent wants to know.
    fn answer(&self, id: &Value, method: &str, params: &Value) -> String {
        if method != "session/request_permission" {
            return no_method(id, method);
        }
        let call = params.get("toolCall");
        let text = |name: &str| call.and_then(|call| call.get(name)).and_then(Value::as_str);
        let kind = ToolKind::of(text("kind"));
        let options = params.get("options").and_then(Value::as_array).unwrap_or_default();
        let (chosen, word) = self.policy.choose(kind, options);
        let title = visible(text("title").unwrap_or_default());
        self.desk.log(&format!("permission for {kind:?} `{title}`: {word}"));
        let outcome = match chosen {
            Some(id) => object([("outcome", "selected".into()), ("optionId", id)]),
            None => object([("outcome", "cancelled".into())]),
        };
        response(id, object([("outcome", outcome)]))
    }

    /// Notes what the agent tells.
    fn update(&mut self, params: &Value) {
        let Some(update) = params.get("update") else { return };
        let text = |name: &str| update.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("sessionUpdate") {
            "agent_message_chunk" => {
                let chunk = update.get("content").and_then(|content| content.get("text"));
                self.said.push_str(chunk.and_then(Value::as_str).unwrap_or_default());
                let surplus = self.said.len().saturating_sub(KEPT);
                let start = (surplus..).find(|at| self.said.is_char_boundary(*at));
                self.said.drain(..start.unwrap_or_default());
            }
            "tool_call" => self.desk.log(&format!("{}: {}", text("kind"), visible(text("title")))),
            _ => {}
        }
    }
}

impl Policy {
    /// The option for a tool call of this kind, and a word for it; the narrowest there is.
    fn choose(&self, kind: ToolKind, options: &[Value]) -> (Option<Value>, &'static str) {
        let (wanted, word) = match self.0.contains(&kind) {
            true => (["allow_once", "allow_always"], "allowed"),
            false => (["reject_once", "reject_always"], "rejected"),
        };
        let option = wanted.iter().find_map(|kind| {
            let is_it = |option: &&Value| option.get("kind").and_then(Value::as_str) == Some(kind);
            options.iter().find(is_it)?.get("optionId").cloned()
        });
        match option {
            Some(id) => (Some(id), word),
            None => (None, "cancelled, as there is no such option"),
        }
    }
}

impl Broken {
    /// What it means for the command.
    fn ending(&self) -> Ending {
        let reason = self.to_string();
        match self {
            Self::Ended => Ending::Again { code: "temporary_failure", reason },
            Self::Refused { refusal, .. } if refusal.code == AUTH_REQUIRED => {
                let reason = format!("{reason}; log in with the program itself first");
                Ending::Badly { code: "command_failed", reason }
            }
            Self::Refused { .. } => Ending::Again { code: "llm_call_failed", reason },
            Self::Junk | Self::Answer { .. } | Self::Version(_) => {
                Ending::Badly { code: "command_failed", reason }
            }
        }
    }
}

/// What a reason to stop means.
fn ending(reason: &str) -> Ending {
    let text = format!("the turn stopped: {}", visible(reason));
    match reason {
        "end_turn" => Ending::Well,
        "max_tokens" | "max_turn_requests" | "cancelled" => {
            Ending::Again { code: "llm_call_failed", reason: text }
        }
        _ => Ending::Badly { code: "command_failed", reason: text },
    }
}

fn listen(mut stdout: impl Read, tell: &SyncSender<Line>) {
    let mut framer = Framer::with_limit(MAX_LINE_BYTES);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut each = |frame: Frame<'_>| {
            if let Some(line) = line(frame) {
                // Nobody may listen any more; it is read to its end all the same.
                let _ = tell.send(line);
            }
        };
        match stdout.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return framer.finish(each),
            Ok(count) => framer.feed(buffer.get(..count).unwrap_or_default(), &mut each),
        }
    }
}

fn line(frame: Frame<'_>) -> Option<Line> {
    let text = match frame {
        Frame::Line(text) => text,
        Frame::Oversize { bytes, .. } => {
            return Some(Line::Junk(format!("{bytes} bytes are too long")));
        }
        Frame::Torn(_) => return None,
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    Some(match read(text, Limits { max_bytes: MAX_LINE_BYTES }) {
        Ok(document) => match Incoming::of(&document) {
            Some(message) => Line::Message(message),
            None => Line::Junk("neither request, answer nor notification".to_owned()),
        },
        Err(error) => Line::Junk(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_is_given_by_kind_and_narrowly() {
        let option =
            |id: &str, kind: &str| object([("optionId", id.into()), ("kind", kind.into())]);
        let all = ["allow_always", "reject_always", "allow_once", "reject_once"];
        let all: Vec<Value> = all.iter().map(|kind| option(&kind.to_uppercase(), kind)).collect();
        let policy = Policy(vec![ToolKind::Edit]);
        let chosen = |kind, options: &[Value]| policy.choose(kind, options).0;
        assert_eq!(chosen(ToolKind::Edit, &all), Some("ALLOW_ONCE".into()));
        assert_eq!(chosen(ToolKind::Execute, &all), Some("REJECT_ONCE".into()));
        assert_eq!(chosen(ToolKind::of(None), &all), Some("REJECT_ONCE".into()));
        assert_eq!(chosen(ToolKind::Edit, &all[..2]), Some("ALLOW_ALWAYS".into()));
        // What is to be rejected is never allowed for want of another option.
        assert_eq!(chosen(ToolKind::of(Some("switch_mode")), &all[..1]), None);
    }
}
