//! The checks, in the order in which they build on each other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lorch_types::agent::{Command, Event, Heartbeat, HeartbeatStatus};

use super::Checked;
use super::judge::{artifacts, fits, is_same};
use super::lab::Lab;
use super::session::{Said, Session};
use super::task::{Task, again, junk, send, send_split};

/// How long an agent may take until it is ready.
const READY: Duration = Duration::from_secs(30);
/// How long there may be between two heartbeats, with some room.
const HEARTBEAT: Duration = Duration::from_secs(12);
/// How long an agent may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// What a launcher ends with when it had to kill the agent: 128 + SIGKILL.
const KILLED: i32 = 137;
/// How long an agent that is killed in the middle may take to begin.
const SOON: Duration = Duration::from_millis(500);

type Outcome = Result<(), String>;

/// An agent under test.
pub(super) struct Bench<'a> {
    lab: &'a Lab,
    task: Task<'a>,
    /// The lines that were refused so far.
    refused: Vec<String>,
    /// The last heartbeat's number in this life.
    seq: Option<u64>,
    heartbeats: Outcome,
}

/// The names of the checks.
const HANDSHAKE: &str = "it is ready in time";
const ANSWER: &str = "its answer fits the command";
const ARTIFACTS: &str = "its artifacts are what it says";
const DUPLICATE: &str = "the same key gets the same answer";
const JUNK: &str = "it survives junk and long lines";
const SPLIT: &str = "it puts split characters together";
const RESTART: &str = "it remembers its answers when it is killed";
const MIDDLE: &str = "it answers when it was killed in the middle";
const HEARTBEATS: &str = "its heartbeats come in time and in order";
const LINES: &str = "every line is a message of an agent";
const TERM: &str = "it ends within 5 s when it is asked to";

impl<'a> Bench<'a> {
    pub(super) fn new(lab: &'a Lab, task: Task<'a>) -> Self {
        Self { lab, task, refused: Vec::new(), seq: None, heartbeats: Ok(()) }
    }

    /// The results of all checks.
    pub(super) fn run(mut self) -> Vec<Checked> {
        let mut results = BTreeMap::new();
        self.check_all(&mut results);
        // Of an agent that was never heard there is nothing to say.
        if results.get(HANDSHAKE).is_some_and(Result::is_ok) || !self.refused.is_empty() {
            results.insert(LINES, self.lines());
        }
        let names = [
            HANDSHAKE, ANSWER, ARTIFACTS, DUPLICATE, JUNK, SPLIT, RESTART, MIDDLE, HEARTBEATS,
            LINES, TERM,
        ];
        let checked = |name: &'static str| match results.remove(name) {
            Some(outcome) => Checked::new(name, outcome),
            None => Checked::skipped(name),
        };
        names.map(checked).into()
    }

    /// Whether every line was a message.
    fn lines(&self) -> Outcome {
        match self.refused.first() {
            Some(first) => Err(format!("{} are none; the first: {first}", self.refused.len())),
            None => Ok(()),
        }
    }

    /// Checks in order; what needs something that failed is not tried.
    fn check_all(&mut self, results: &mut BTreeMap<&'static str, Outcome>) {
        let mut session = match self.start(GRACE) {
            Ok(session) => session,
            Err(reason) => {
                results.insert(HANDSHAKE, Err(reason));
                return;
            }
        };
        results.insert(HANDSHAKE, Ok(()));
        let beats = self.beats(&session);
        let Some(answered) = self.ask_first(&mut session, results) else { return };
        let again = self.same(&mut session, &answered, send);
        results.insert(DUPLICATE, again);
        let junk = junk(&mut session).and_then(|()| self.same(&mut session, &answered, send));
        results.insert(JUNK, junk);
        let split = self.same(&mut session, &answered, send_split);
        results.insert(SPLIT, split);
        results.insert(TERM, ends(session));
        let restarted = self.restarted(&answered);
        results.insert(RESTART, restarted);
        let middle = self.killed_in_the_middle();
        results.insert(MIDDLE, middle);
        let order = std::mem::replace(&mut self.heartbeats, Ok(()));
        results.insert(HEARTBEATS, beats.and(order));
    }

    /// Starts the agent and waits until it is ready.
    fn start(&mut self, grace: Duration) -> Result<Session, String> {
        self.seq = None;
        let session = self.lab.start(grace)?;
        let until = Instant::now() + READY;
        loop {
            match session.next(until) {
                Ok(Said::Heartbeat(heartbeat)) => {
                    self.beat(&heartbeat)?;
                    if matches!(heartbeat.status, HeartbeatStatus::Ready | HeartbeatStatus::Busy) {
                        return Ok(session);
                    }
                }
                Ok(said) => self.note(said),
                Err(reason) => return Err(format!("no heartbeat says `ready`: {reason}")),
            }
        }
    }

    /// Takes a heartbeat.
    fn beat(&mut self, heartbeat: &Heartbeat) -> Outcome {
        let (agent, seq) = (heartbeat.agent.agent_type, heartbeat.seq.get());
        if let Some(before) = self.seq.replace(seq).filter(|before| seq <= *before) {
            self.heartbeats = Err(format!("the number after {before} is {seq}"));
        }
        match agent == self.task.agent {
            true => Ok(()),
            false => Err(format!("its heartbeat is a {}'s", agent.as_str())),
        }
    }

    fn note(&mut self, said: Said) {
        match said {
            Said::Refused(reason) => self.refused.push(reason),
            Said::Heartbeat(heartbeat) => {
                if let Err(reason) = self.beat(&heartbeat) {
                    self.heartbeats = Err(reason);
                }
            }
            Said::Event(_) => {}
        }
    }

    /// Waits for another heartbeat.
    fn beats(&mut self, session: &Session) -> Outcome {
        let until = Instant::now() + HEARTBEAT;
        loop {
            let said = session.next(until).map_err(|_| "none came within 10 s".to_owned())?;
            let is_heartbeat = matches!(said, Said::Heartbeat(_));
            self.note(said);
            if is_heartbeat {
                return Ok(());
            }
        }
    }

    /// Waits until the agent says something about its work, if it does so soon.
    fn until_busy(&mut self, session: &Session) {
        let until = Instant::now() + SOON;
        while let Ok(said) = session.next(until) {
            let is_busy = match &said {
                Said::Heartbeat(heartbeat) => heartbeat.status == HeartbeatStatus::Busy,
                Said::Event(_) => true,
                Said::Refused(_) => false,
            };
            self.note(said);
            if is_busy {
                return;
            }
        }
    }

    /// Has the agent do something for the first time, and checks what it says of it.
    fn ask_first(
        &mut self,
        session: &mut Session,
        results: &mut BTreeMap<&'static str, Outcome>,
    ) -> Option<(Command, Event)> {
        let asked = self.task.command(self.lab, 1).and_then(|command| {
            send(session, &command)?;
            let event = self.answer(session, &command)?;
            Ok((command, event))
        });
        let (command, event) = match asked {
            Ok(answered) => answered,
            Err(reason) => {
                results.insert(ANSWER, Err(reason));
                return None;
            }
        };
        results.insert(ANSWER, fits(&command, &event));
        results.insert(ARTIFACTS, artifacts(&self.lab.path(), self.task.expected, &event));
        Some((command, event))
    }

    /// Waits for the terminal event of a command.
    fn answer(&mut self, session: &Session, command: &Command) -> Result<Event, String> {
        let until = Instant::now() + self.task.timeout;
        loop {
            let said = session.next(until).map_err(|reason| format!("no answer: {reason}"))?;
            match said {
                Said::Event(event) if command.action.terminal_events().contains(&event.event) => {
                    return Ok(*event);
                }
                said => self.note(said),
            }
        }
    }

    /// Sends a command that was answered, once more, and compares the answers.
    fn same(
        &mut self,
        session: &mut Session,
        (command, event): &(Command, Event),
        send: fn(&mut Session, &Command) -> Outcome,
    ) -> Outcome {
        let before = self.lab.snapshot()?;
        let command = again(command)?;
        send(session, &command)?;
        is_same(event, &self.answer(session, &command)?)?;
        match self.lab.snapshot()? == before {
            true => Ok(()),
            false => Err("it did the work again".to_owned()),
        }
    }

    /// Kills the agent that has answered, and asks it again.
    fn restarted(&mut self, answered: &(Command, Event)) -> Outcome {
        // Without grace it is killed at once.
        let mut session = self.start(Duration::ZERO)?;
        self.same(&mut session, answered, send)?;
        session.end().map_err(text)?;
        let mut session = self.start(Duration::ZERO)?;
        let same = self.same(&mut session, answered, send);
        session.end().map_err(text)?;
        same
    }

    /// Kills the agent while it works, and asks it again.
    fn killed_in_the_middle(&mut self) -> Outcome {
        let mut session = self.start(Duration::ZERO)?;
        let command = self.task.command(self.lab, 2)?;
        send(&mut session, &command)?;
        self.until_busy(&session);
        session.end().map_err(text)?;
        let mut session = self.start(Duration::ZERO)?;
        send(&mut session, &command)?;
        let event = self.answer(&session, &command)?;
        let outcome = fits(&command, &event)
            .and_then(|()| artifacts(&self.lab.path(), self.task.expected, &event))
            .and_then(|()| self.same(&mut session, &(command, event), send));
        session.end().map_err(text)?;
        outcome
    }
}

/// Ends the agent, which has to end by itself.
fn ends(session: Session) -> Outcome {
    let (status, took) = session.end().map_err(text)?;
    match status.code() {
        Some(KILLED) => Err(format!("it was killed after {} s", took.as_secs())),
        _ => Ok(()),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
