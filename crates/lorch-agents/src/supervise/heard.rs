//! What a supervised agent did, as its supervisor tells it.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lorch_types::Timestamp;
use lorch_types::agent::{AgentType, Event};

/// Something that an agent did, or that happened to it.
#[derive(Debug)]
pub struct Heard {
    /// Which agent.
    pub agent: AgentType,
    /// Which of its lives, from 1: the number of processes that were started so far.
    pub life: u64,
    /// When lorch noticed it.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// An event takes up room until whoever it is told to drops this.
    pub(super) _place: Option<Place>,
}

/// What an agent did, or what happened to it.
#[derive(Debug)]
pub enum What {
    /// Its process was started.
    Started {
        /// The process; the first of the agent's own where there is no launcher.
        pid: u32,
    },
    /// It takes commands: its first heartbeat since it was started that says `ready` or `busy`.
    Ready,
    /// It says that something has happened.
    Event {
        /// The line without its line feed, as it was received; where a secret stood in it, canonical
        /// JSON without it.
        line: Vec<u8>,
        /// What it says. Who says so, about which task and command, is for the reader to judge.
        event: Box<Event>,
    },
    /// It is busy and lives, but has not got on for this long.
    Stalled {
        /// How long.
        since: Duration,
    },
    /// It gets on again.
    Recovered,
    /// It is stopped for a fault, and will be started again if it may.
    Unhealthy {
        /// Which fault.
        fault: Fault,
    },
    /// A line was refused.
    Quarantined {
        /// Why.
        reason: String,
        /// How it begins, fit to be shown.
        excerpt: String,
    },
    /// A line was too long and was dropped.
    Oversize {
        /// How many bytes it had.
        bytes: u64,
        /// How it begins, fit to be shown.
        excerpt: String,
    },
    /// The number of a heartbeat did not grow: the agent has started itself again.
    SeqBack {
        /// The number before.
        from: u64,
        /// The number now.
        to: u64,
    },
    /// Its process has ended.
    Exited {
        /// How; `None` when it could not be waited for. A launcher ends with 128 + N when signal N has
        /// ended the agent.
        status: Option<ExitStatus>,
        /// The last line on its standard error, fit to be shown.
        last_words: Option<String>,
    },
    /// It will be started again.
    Restarting {
        /// After this time.
        after: Duration,
        /// Which restart of the run it is, from 1.
        restart: u32,
    },
    /// It will not be started again in this run. Nothing is heard of it after that.
    GaveUp {
        /// Why.
        reason: GaveUp,
    },
}

/// Why an agent is stopped before its time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It did not become ready in time.
    #[error("it was not ready within {} s", .0.as_secs_f64())]
    NotReady(Duration),
    /// Its heartbeats stopped.
    #[error("no heartbeat for {} s", .0.as_secs_f64())]
    MissedHeartbeats(Duration),
    /// Too many of its lines were refused.
    #[error("{count} lines were refused within {} s", within.as_secs_f64())]
    Strikes {
        /// How many.
        count: u32,
        /// How long the time is that they are counted in.
        within: Duration,
    },
    /// It sends events faster than they are taken.
    #[error("it sends more events than can be taken")]
    EventFlood,
    /// Whoever uses it asked for it.
    #[error("{0}")]
    Asked(String),
}

/// Why an agent is not started again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    /// It could not be started.
    #[error("`{program}` could not be started: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// It ended with the exit status by which a program says that starting it again is useless.
    #[error("it ended with exit status 125, which asks not to be started again")]
    Unwilling,
    /// It was started again as often as a run allows.
    #[error("it ended after it was started again {0} times")]
    TooManyRestarts(u32),
}

/// How many events, and bytes of them, may wait to be taken.
#[derive(Debug)]
pub(super) struct Room {
    events: AtomicUsize,
    bytes: AtomicUsize,
    max_events: usize,
    max_bytes: usize,
}

/// The room that one event takes up.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    bytes: usize,
}

impl Room {
    pub(super) fn new(max_events: usize, max_bytes: usize) -> Arc<Self> {
        let (events, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { events, bytes, max_events, max_bytes })
    }

    /// Room for an event of this many bytes; `None` when there is none.
    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let events = self.events.fetch_add(1, Ordering::Relaxed);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let place = Place { room: Arc::clone(self), bytes };
        (events < self.max_events && before.saturating_add(bytes) <= self.max_bytes)
            .then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.events.fetch_sub(1, Ordering::Relaxed);
        self.room.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_free_again_when_an_event_is_dropped() {
        let room = Room::new(2, 10);
        let one = room.take(6);
        assert!(one.is_some() && room.take(5).is_none());
        let two = room.take(4);
        assert!(two.is_some() && room.take(0).is_none());
        drop(one);
        assert!(room.take(6).is_some());
    }
}
