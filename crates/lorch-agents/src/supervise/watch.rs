//! The clocks of one life of an agent: whether it is ready, alive, and getting on. No clock is read
//! here; moments come as arguments.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lorch_types::Timestamp;
use lorch_types::agent::{Heartbeat, HeartbeatStatus};

use super::Supervision;
use super::heard::{Fault, What};
use crate::chance::Chance;

/// What is known of an agent since it was started.
#[derive(Debug)]
pub(super) struct Watch {
    started: Instant,
    ready: bool,
    /// When the last heartbeat came.
    beat: Option<Instant>,
    seq: Option<u64>,
    busy: bool,
    /// When it last got on, as it says.
    activity: Option<Timestamp>,
    /// When it was last seen to get on.
    progressed: Instant,
    stalled: bool,
    strikes: VecDeque<Instant>,
}

impl Watch {
    pub(super) fn new(started: Instant) -> Self {
        Self {
            started,
            ready: false,
            beat: None,
            seq: None,
            busy: false,
            activity: None,
            progressed: started,
            stalled: false,
            strikes: VecDeque::new(),
        }
    }

    /// Takes a heartbeat, and returns what there is to tell of it.
    pub(super) fn heartbeat(&mut self, heartbeat: &Heartbeat, now: Instant) -> Vec<What> {
        let mut told = Vec::new();
        let seq = heartbeat.seq.get();
        if let Some(from) = self.seq.replace(seq).filter(|from| seq <= *from) {
            told.push(What::SeqBack { from, to: seq });
        }
        self.beat = Some(now);
        let was_busy = self.busy;
        self.busy = heartbeat.status == HeartbeatStatus::Busy;
        let activity = self.activity.replace(heartbeat.last_activity_at);
        if self.busy != was_busy || activity != self.activity {
            told.extend(self.progress(now));
        }
        if !self.ready && matches!(heartbeat.status, HeartbeatStatus::Ready | HeartbeatStatus::Busy)
        {
            self.ready = true;
            told.push(What::Ready);
        }
        told
    }

    /// Takes that it got on, and returns what there is to tell of it.
    pub(super) fn progress(&mut self, now: Instant) -> Option<What> {
        self.progressed = now;
        std::mem::take(&mut self.stalled).then_some(What::Recovered)
    }

    /// Takes a line that was refused, and returns the fault when there were too many.
    pub(super) fn strike(&mut self, rules: &Supervision, now: Instant) -> Option<Fault> {
        self.strikes.push_back(now);
        while self.strikes.front().is_some_and(|at| now.duration_since(*at) > rules.strike_window) {
            self.strikes.pop_front();
        }
        let count = u32::try_from(self.strikes.len()).unwrap_or(u32::MAX);
        (count >= rules.strikes).then_some(Fault::Strikes { count, within: rules.strike_window })
    }

    /// What there is to tell because time has passed.
    pub(super) fn overdue(&mut self, rules: &Supervision, now: Instant) -> Option<What> {
        if now >= self.alive_until(rules) {
            let fault = match self.beat {
                Some(_) if self.ready => Fault::MissedHeartbeats(rules.silence()),
                _ => Fault::NotReady(rules.ready),
            };
            return Some(What::Unhealthy { fault });
        }
        if self.stalls_at(rules).is_some_and(|at| now >= at) {
            self.stalled = true;
            return Some(What::Stalled { since: now.duration_since(self.progressed) });
        }
        None
    }

    /// When there may next be something to tell because time has passed.
    pub(super) fn next(&self, rules: &Supervision) -> Instant {
        let alive = self.alive_until(rules);
        self.stalls_at(rules).map_or(alive, |stalls| alive.min(stalls))
    }

    fn alive_until(&self, rules: &Supervision) -> Instant {
        match self.beat {
            Some(beat) if self.ready => beat + rules.silence(),
            _ => self.started + rules.ready,
        }
    }

    fn stalls_at(&self, rules: &Supervision) -> Option<Instant> {
        (self.busy && !self.stalled).then(|| self.progressed + rules.stall)
    }
}

/// How often an agent was started again, and how long it is waited before the next time.
#[derive(Debug)]
pub(super) struct Restarts {
    count: u32,
    chance: Chance,
}

impl Restarts {
    pub(super) fn new(seed: u64) -> Self {
        Self { count: 0, chance: Chance::new(seed) }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How long to wait before the next start; `None` when there were as many as there may be.
    pub(super) fn next(&mut self, rules: &Supervision) -> Option<Duration> {
        if self.count >= rules.restarts {
            return None;
        }
        let wait = rules.backoff(self.count, &mut self.chance);
        self.count += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use lorch_types::json::{Limits, from_value, read};

    use super::*;

    fn heartbeat(seq: u64, status: &str, activity: u64) -> Heartbeat {
        let text = format!(
            r#"{{"kind":"heartbeat","agent":{{"agent_type":"builder"}},"seq":{seq},"status":"{status}","pid":7,"uptime_s":1,"last_activity_at":"2025-10-20T14:08:{activity:02}Z"}}"#
        );
        from_value(&read(text.as_bytes(), Limits::default()).unwrap()).unwrap()
    }

    /// What an agent's watch tells at each second: heartbeats come as (second, seq, status, activity).
    #[track_caller]
    fn check(beats: &[(u64, u64, &str, u64)], until: u64, expected: &[(u64, &str)]) {
        let rules = Supervision { stall: Duration::from_secs(20), ..Supervision::default() };
        let start = Instant::now();
        let mut watch = Watch::new(start);
        let mut told = Vec::new();
        for second in 0..=until {
            let now = start + Duration::from_secs(second);
            for (_, seq, status, activity) in beats.iter().filter(|beat| beat.0 == second) {
                let beat = heartbeat(*seq, status, *activity);
                told.extend(watch.heartbeat(&beat, now).into_iter().map(|what| (second, what)));
            }
            assert!(
                watch.next(&rules) > now
                    || watch.overdue(&rules, now).is_some_and(|what| {
                        let goes_on = !matches!(what, What::Unhealthy { .. });
                        told.push((second, what));
                        goes_on
                    })
                    || told.iter().any(|(_, what)| matches!(what, What::Unhealthy { .. }))
            );
            if told.iter().any(|(_, what)| matches!(what, What::Unhealthy { .. })) {
                break;
            }
        }
        let told: Vec<(u64, String)> =
            told.into_iter().map(|(second, what)| (second, format!("{what:?}"))).collect();
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for ((second, what), (at, words)) in told.iter().zip(expected) {
            assert!(second == at && what.contains(words), "{told:?}");
        }
    }

    #[test]
    fn an_agent_is_ready_in_time_or_not_at_all() {
        check(&[], 40, &[(30, "NotReady")]);
        check(&[(5, 0, "starting", 0), (15, 1, "starting", 0)], 40, &[(30, "NotReady")]);
        check(&[(29, 0, "ready", 0)], 40, &[(29, "Ready")]);
    }

    #[test]
    fn three_missed_heartbeats_are_too_many() {
        let beats = [(1, 0, "ready", 0), (11, 1, "ready", 0), (40, 2, "ready", 0)];
        check(&beats, 100, &[(1, "Ready"), (70, "MissedHeartbeats")]);
    }

    #[test]
    fn a_stalled_agent_is_not_a_dead_one() {
        let beats = [
            (0, 0, "busy", 0),
            (10, 1, "busy", 0),
            (20, 2, "busy", 0),
            (30, 3, "busy", 0),
            (35, 4, "busy", 9),
            (40, 5, "ready", 9),
            (60, 6, "ready", 9),
        ];
        check(&beats, 75, &[(0, "Ready"), (20, "Stalled"), (35, "Recovered")]);
    }

    #[test]
    fn a_number_that_does_not_grow_is_told() {
        let beats =
            [(0, 7, "ready", 0), (5, 7, "ready", 0), (9, 8, "ready", 0), (11, 0, "ready", 0)];
        check(
            &beats,
            12,
            &[(0, "Ready"), (5, "SeqBack { from: 7, to: 7 }"), (11, "SeqBack { from: 8, to: 0 }")],
        );
    }

    #[test]
    fn strikes_count_within_a_minute() {
        let rules = Supervision::default();
        let start = Instant::now();
        let mut slow = Watch::new(start);
        let mut fast = Watch::new(start);
        for strike in 0..60 {
            let at = start + Duration::from_secs(4 * strike);
            assert_eq!(slow.strike(&rules, at), None, "{strike}");
            let fault = fast.strike(&rules, start + Duration::from_secs(strike));
            assert_eq!(fault.is_some(), strike >= 19, "{strike}");
        }
    }

    #[test]
    fn it_waits_longer_each_time_and_at_most_five_times() {
        let rules = Supervision::default();
        let mut longest = [Duration::ZERO; 5];
        for seed in 0..200 {
            let mut restarts = Restarts::new(seed);
            for (n, longest) in longest.iter_mut().enumerate() {
                let wait = restarts.next(&rules).unwrap();
                assert!(wait <= Duration::from_secs(1 << n));
                *longest = wait.max(*longest);
            }
            assert_eq!((restarts.next(&rules), restarts.count()), (None, 5));
        }
        for (n, longest) in longest.iter().enumerate() {
            assert!(*longest > Duration::from_secs(1 << n).mul_f64(0.9), "{n}: {longest:?}");
        }
        let rules = Supervision { restarts: 100, ..rules };
        let mut restarts = Restarts::new(1);
        assert!((0..100).all(|_| restarts.next(&rules).unwrap() <= Duration::from_secs(60)));
    }
}
