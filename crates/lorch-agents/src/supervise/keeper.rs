//! The thread that keeps an agent running: it starts it, looks at its clocks, stops it, and starts it
//! again. It waits for nobody but the next thing to happen.

use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lorch_types::agent::{Event, Heartbeat, Level};

use super::ear::{Listening, listen_to_errors, listen_to_messages};
use super::heard::{Fault, GaveUp, Heard, Place, Room, What};
use super::leash::{self, Leash, Started};
use super::log_file::{LogFile, message};
use super::watch::{Restarts, Watch};
use super::writer::Writer;
use super::{AgentSpec, Supervision};
use crate::inbound::{InboundReader, log_text};
use crate::time::now;

/// How long a launcher may take to end what it started after the time that the agent has.
const LAUNCHER_GRACE: Duration = Duration::from_secs(2);
/// How long a killed process is waited for: one that hangs in the kernel cannot be helped.
const KILL_GRACE: Duration = Duration::from_secs(10);
/// How long pipes may stay open when the process is gone: only a process that left the group can
/// hold them then, and it is not waited for.
const DRAIN_GRACE: Duration = Duration::from_millis(500);
/// The exit status of a program that asks not to be started again.
const UNWILLING: i32 = 125;

/// What the keeper is told.
#[derive(Debug)]
pub(super) enum Signal {
    /// Stop the agent for good.
    Stop,
    /// Stop the agent and start it again.
    Restart(String),
    /// Count a line that broke a rule.
    Strike,
    /// Something that the threads around one life of the agent noticed.
    News { life: u64, news: News },
}

/// What the threads around an agent notice.
#[derive(Debug)]
pub(super) enum News {
    Heartbeat(Box<Heartbeat>),
    Event {
        event: Box<Event>,
        line: Vec<u8>,
        place: Place,
    },
    Quarantined {
        reason: String,
        excerpt: String,
    },
    Oversize {
        bytes: u64,
        excerpt: String,
    },
    Fault(Fault),
    /// Its process has ended.
    Ended(Option<ExitStatus>),
    /// Its standard output was read to its end.
    Closed,
    /// Its standard error was read to its end.
    ErrorsClosed,
}

/// Keeps an agent running.
pub(super) struct Keeper {
    pub(super) spec: AgentSpec,
    pub(super) rules: Supervision,
    pub(super) heard: Sender<Heard>,
    pub(super) signals: Receiver<Signal>,
    /// The other end of `signals`, for the threads around each life.
    pub(super) tell: SyncSender<Signal>,
    pub(super) log: Arc<Mutex<LogFile>>,
    pub(super) room: Arc<Room>,
    /// Which life of the agent runs, and the way to it.
    pub(super) way: Arc<Mutex<Option<(u64, Writer)>>>,
    pub(super) restarts: Restarts,
    pub(super) lives: u64,
    pub(super) stopping: bool,
}

/// What is to be done next.
enum Next {
    Live(Box<Life>),
    StartAt(Instant),
    End,
}

/// One life of an agent, from the start of its process to its end.
struct Life {
    number: u64,
    watch: Watch,
    leash: Leash,
    deaf: Arc<AtomicBool>,
    last_words: Arc<Mutex<Vec<u8>>>,
    /// Whether standard output and standard error are still open.
    open_streams: u8,
    phase: Phase,
}

/// How far a life is.
enum Phase {
    Running,
    /// It was asked to end, and is killed at this moment.
    Ending(Instant),
    /// It was killed, and is given up at this moment.
    Killed(Instant),
    /// It has ended, and what it wrote is read until this moment.
    Ended(Option<ExitStatus>, Instant),
}

impl Keeper {
    /// Keeps the agent running until it is to stop or is given up.
    pub(super) fn run(mut self) {
        let mut next = self.start();
        loop {
            next = match next {
                Next::Live(life) => self.live(*life),
                Next::StartAt(moment) => self.wait(moment),
                Next::End => return,
            };
        }
    }

    fn start(&mut self) -> Next {
        self.lives += 1;
        match self.bring_up() {
            Ok((life, pid)) => {
                self.tell(What::Started { pid });
                Next::Live(Box::new(life))
            }
            Err(error) => {
                let program = self.spec.cmd.first().cloned().unwrap_or_default();
                self.give_up(GaveUp::NotStarted { program, reason: error.to_string() })
            }
        }
    }

    fn bring_up(&mut self) -> io::Result<(Life, u32)> {
        let started = Instant::now();
        let Started { pid, leash, child, stdin, stdout, stderr } =
            leash::start(&self.spec, &self.rules)?;
        let listening = Listening {
            agent: self.spec.agent,
            life: self.lives,
            signals: self.tell.clone(),
            log: Arc::clone(&self.log),
            room: Arc::clone(&self.room),
            deaf: Arc::default(),
            last_words: Arc::default(),
        };
        let (life, signals) = (self.lives, self.tell.clone());
        let around = || {
            leash.watch(child, move |status| {
                let _ = signals.send(Signal::News { life, news: News::Ended(status) });
            })?;
            listen_to_messages(listening.clone(), self.reader(), stdout)?;
            listen_to_errors(listening.clone(), self.reader(), stderr)?;
            Writer::start(stdin)
        };
        let writer = around().inspect_err(|_| leash.kill())?;
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some((life, writer));
        let Listening { deaf, last_words, .. } = listening;
        let watch = Watch::new(started);
        let phase = Phase::Running;
        Ok((Life { number: life, watch, leash, deaf, last_words, open_streams: 2, phase }, pid))
    }

    /// Waits until the agent is started again.
    fn wait(&mut self, moment: Instant) -> Next {
        match self.signals.recv_timeout(moment.saturating_duration_since(Instant::now())) {
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => Next::End,
            Ok(Signal::Restart(_) | Signal::Strike | Signal::News { .. }) => Next::StartAt(moment),
            Err(RecvTimeoutError::Timeout) => self.start(),
        }
    }

    /// Watches one life to its end.
    fn live(&mut self, mut life: Life) -> Next {
        loop {
            let until = life.next(&self.rules);
            match self.signals.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Signal::News { life: number, news }) if number == life.number => {
                    self.news(&mut life, news);
                }
                Ok(Signal::News { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Signal::Restart(reason)) => self.fault(&mut life, Fault::Asked(reason)),
                Ok(Signal::Strike) => self.strike(&mut life),
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.stopping = true;
                    self.end(&mut life);
                }
            }
            if self.time_has_passed(&mut life) {
                return self.after(&life);
            }
        }
    }

    fn news(&mut self, life: &mut Life, news: News) {
        let now = Instant::now();
        match news {
            News::Heartbeat(heartbeat) => {
                let told = life.watch.heartbeat(&heartbeat, now);
                told.into_iter().for_each(|what| self.tell(what));
            }
            News::Event { event, line, place } => {
                life.watch.progress(now).into_iter().for_each(|what| self.tell(what));
                self.tell_at(What::Event { line, event }, Some(place));
            }
            News::Quarantined { reason, excerpt } => {
                self.refused(life, What::Quarantined { reason, excerpt });
            }
            News::Oversize { bytes, excerpt } => {
                self.tell_agent(bytes);
                self.refused(life, What::Oversize { bytes, excerpt });
            }
            News::Fault(fault) => self.fault(life, fault),
            News::Closed | News::ErrorsClosed => {
                life.open_streams = life.open_streams.saturating_sub(1);
            }
            News::Ended(status) => life.phase = Phase::Ended(status, now + DRAIN_GRACE),
        }
    }

    fn refused(&mut self, life: &mut Life, what: What) {
        if !matches!(life.phase, Phase::Running | Phase::Ended(..)) {
            return;
        }
        self.tell(what);
        self.strike(life);
    }

    fn strike(&mut self, life: &mut Life) {
        if let Some(fault) = life.watch.strike(&self.rules, Instant::now()) {
            self.fault(life, fault);
        }
    }

    /// Tells the agent that a line of it was dropped.
    fn tell_agent(&self, bytes: u64) {
        let text = format!("a line of {bytes} bytes was dropped: it is too long");
        let mut line = log_text(&message(Level::Warn, &text, now(), None));
        line.push(b'\n');
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        // It may not even read.
        let _ = way.as_ref().map(|(_, way)| way.send(line));
    }

    /// Stops a life for a fault.
    fn fault(&mut self, life: &mut Life, fault: Fault) {
        if matches!(life.phase, Phase::Running) {
            self.tell(What::Unhealthy { fault });
            self.end(life);
        }
    }

    /// Asks the agent to end. A launcher ends everything when its standard input is closed.
    fn end(&mut self, life: &mut Life) {
        if !matches!(life.phase, Phase::Running) {
            return;
        }
        life.deaf.store(true, Ordering::Relaxed);
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let grace = match self.spec.has_launcher() {
            true => self.rules.grace + LAUNCHER_GRACE,
            false => {
                life.leash.terminate();
                self.rules.grace
            }
        };
        life.phase = Phase::Ending(Instant::now() + grace);
    }

    /// Does what is due, and returns whether the life is over.
    fn time_has_passed(&mut self, life: &mut Life) -> bool {
        let now = Instant::now();
        match life.phase {
            Phase::Running => match life.watch.overdue(&self.rules, now) {
                Some(What::Unhealthy { fault }) => self.fault(life, fault),
                told => told.into_iter().for_each(|what| self.tell(what)),
            },
            Phase::Ending(until) if now >= until => {
                life.leash.kill();
                life.phase = Phase::Killed(now + KILL_GRACE);
            }
            Phase::Killed(until) if now >= until => life.phase = Phase::Ended(None, now),
            Phase::Ended(_, until) => return life.open_streams == 0 || now >= until,
            Phase::Ending(_) | Phase::Killed(_) => {}
        }
        false
    }

    /// What comes after a life.
    fn after(&mut self, life: &Life) -> Next {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = None;
        life.deaf.store(true, Ordering::Relaxed);
        self.log.lock().unwrap_or_else(PoisonError::into_inner).settle(now());
        let status = life.status();
        let last_words = self.last_words(life);
        self.tell(What::Exited { status, last_words });
        if self.stopping {
            return Next::End;
        }
        if status.and_then(|status| status.code()) == Some(UNWILLING) {
            return self.give_up(GaveUp::Unwilling);
        }
        match self.restarts.next(&self.rules) {
            Some(after) => {
                self.tell(What::Restarting { after, restart: self.restarts.count() });
                Next::StartAt(Instant::now() + after)
            }
            None => self.give_up(GaveUp::TooManyRestarts(self.restarts.count())),
        }
    }

    fn last_words(&self, life: &Life) -> Option<String> {
        let last = life.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        (!last.is_empty()).then(|| self.reader().excerpt(&last))
    }

    fn give_up(&self, reason: GaveUp) -> Next {
        self.tell(What::GaveUp { reason });
        Next::End
    }

    fn reader(&self) -> InboundReader {
        InboundReader::new(self.spec.environment.redactor().clone())
    }

    fn tell(&self, what: What) {
        self.tell_at(what, None);
    }

    fn tell_at(&self, what: What, place: Option<Place>) {
        // Whoever started the agent may not listen any more.
        let (agent, life) = (self.spec.agent, self.lives);
        let _ = self.heard.send(Heard { agent, life, at: now(), what, _place: place });
    }
}

impl Life {
    /// When there may be something to do even if nothing happens.
    fn next(&self, rules: &Supervision) -> Instant {
        match self.phase {
            Phase::Running => self.watch.next(rules),
            Phase::Ending(until) | Phase::Killed(until) | Phase::Ended(_, until) => until,
        }
    }

    fn status(&self) -> Option<ExitStatus> {
        match self.phase {
            Phase::Ended(status, _) => status,
            Phase::Running | Phase::Ending(_) | Phase::Killed(_) => None,
        }
    }
}
