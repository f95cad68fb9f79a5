//! The life of a run against a model: any sequence of starts, ends, crashes and resumptions.

use std::collections::BTreeMap;
use std::time::Duration;

use lorch_store::{Attempt, Claim, Store, StoreError};
use lorch_types::Digest;
use lorch_types::job::{AttemptEvent, AttemptStatus, StepOutcome, StepStatus};
use proptest::prelude::*;

use crate::bench::{Bench, claim, completed, end, failed, instance, record, run_id, started};

const STEPS: usize = 3;

/// How long a lease holds: longer than any of these lives, unless its owner crashes.
const TTL: Duration = Duration::from_secs(1000);

fn lasting(seconds: u64) -> Claim {
    Claim { ttl: TTL, ..claim(seconds) }
}

/// Something that a process or its end does to a run.
#[derive(Clone, Copy, Debug)]
enum Act {
    Start(usize),
    Complete(usize),
    Fail(usize),
    End(AttemptEvent),
    /// The process ends without a word: its handle is dropped and its lease runs out.
    Crash,
    Resume,
    /// The owner before the newest one wakes and writes.
    StaleWrite(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..STEPS).prop_map(Act::Start),
        4 => (0..STEPS).prop_map(Act::Complete),
        2 => (0..STEPS).prop_map(Act::Fail),
        1 => Just(Act::End(AttemptEvent::Fail)),
        1 => Just(Act::End(AttemptEvent::Complete)),
        2 => Just(Act::Crash),
        3 => Just(Act::Resume),
        1 => (0..STEPS).prop_map(Act::StaleWrite),
    ];
    prop::collection::vec(act, 1..40)
}

/// What the store should hold.
struct Model {
    attempts: Vec<(AttemptStatus, [StepStatus; STEPS])>,
    owner: Ownership,
}

/// Who may write to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ownership {
    Living,
    Crashed,
    Nobody,
}

impl Model {
    fn newest(&mut self) -> &mut (AttemptStatus, [StepStatus; STEPS]) {
        self.attempts.last_mut().unwrap()
    }

    /// Whether a step may go to another state, which it then does.
    fn step(&mut self, position: usize, from: &[StepStatus], to: StepStatus) -> bool {
        let is_owned = self.owner == Ownership::Living;
        let status = &mut self.newest().1[position];
        let may = is_owned && from.contains(status);
        if may {
            *status = to;
        }
        may
    }

    fn end(&mut self, event: AttemptEvent) -> bool {
        let may = self.owner == Ownership::Living;
        if may {
            self.newest().0 = match event {
                AttemptEvent::Complete => AttemptStatus::Completed,
                AttemptEvent::Fail => AttemptStatus::Failed,
            };
            self.owner = Ownership::Nobody;
        }
        may
    }

    fn resume(&mut self) -> bool {
        let (status, steps) = *self.newest();
        if self.owner == Ownership::Living || status == AttemptStatus::Completed {
            return false;
        }
        if status == AttemptStatus::Running {
            self.newest().0 = AttemptStatus::Failed;
        }
        let steps = steps.map(|status| match status {
            StepStatus::Completed => StepStatus::Completed,
            _ => StepStatus::Pending,
        });
        self.attempts.push((AttemptStatus::Running, steps));
        self.owner = Ownership::Living;
        true
    }
}

/// The store under test, and what may never change in it.
struct Subject {
    bench: Bench,
    store: Option<Store>,
    owners: Vec<Attempt>,
    now: u64,
    completed: BTreeMap<usize, StepOutcome>,
    manifests: BTreeMap<usize, Digest>,
}

impl Subject {
    fn store(&mut self) -> &Store {
        let bench = &self.bench;
        self.store.get_or_insert_with(|| bench.another())
    }

    fn record(&mut self, change: lorch_store::Change) -> bool {
        let attempt = self.owners.last().unwrap().clone();
        self.store().record(&attempt, vec![change]).is_ok()
    }

    /// Does `act`, and says whether the store allowed it.
    fn act(&mut self, act: Act) -> bool {
        self.now += 1;
        let now = self.now;
        match act {
            Act::Start(position) => self.record(started(position, now)),
            Act::Complete(position) => self.record(completed(position, now)),
            Act::Fail(position) => self.record(failed(position, now)),
            Act::End(event) => self.record(end(now, event)),
            Act::Crash => {
                self.store = None;
                self.now += 10 * TTL.as_secs();
                true
            }
            Act::Resume => match self.store().resume(&run_id(1), lasting(now)) {
                Ok(Some(attempt)) => {
                    self.owners.push(attempt);
                    true
                }
                Ok(None) | Err(StoreError::Held { .. }) => false,
                Err(other) => panic!("{other:?}"),
            },
            Act::StaleWrite(position) => {
                let stale = self.owners.iter().rev().nth(1).cloned();
                stale.is_some_and(|stale| {
                    self.store().record(&stale, vec![started(position, now)]).is_ok()
                })
            }
        }
    }

    fn check(&mut self, model: &Model) {
        let attempts = self.store().attempts(&run_id(1)).unwrap();
        let seen: Vec<_> = attempts
            .iter()
            .map(|attempt| {
                let statuses: Vec<_> =
                    attempt.step_outcomes.iter().map(|outcome| outcome.status).collect();
                (attempt.status, <[_; STEPS]>::try_from(statuses).unwrap())
            })
            .collect();
        assert_eq!(seen, model.attempts);
        assert!(attempts.iter().map(|attempt| attempt.attempt_n.get()).eq(1..=seen.len() as u64));
        for attempt in &attempts {
            for (position, outcome) in attempt.step_outcomes.iter().enumerate() {
                if let Some(manifest) = &outcome.manifest_ref {
                    let first = self.manifests.entry(position).or_insert(manifest.clone());
                    assert_eq!(first, manifest, "a step has one manifest");
                }
                if outcome.status == StepStatus::Completed {
                    let first = self.completed.entry(position).or_insert(outcome.clone());
                    assert_eq!(first, outcome, "a completed outcome never changes");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_store_follows_the_model(acts in acts()) {
        use StepStatus::{Completed, Failed, Pending, Running};
        let bench = Bench::new();
        let first = bench.store.create(&record(1), &instance(STEPS), lasting(0)).unwrap();
        let mut model = Model {
            attempts: vec![(AttemptStatus::Running, [Pending; STEPS])],
            owner: Ownership::Living,
        };
        let mut subject = Subject {
            bench,
            store: None,
            owners: vec![first],
            now: 0,
            completed: BTreeMap::new(),
            manifests: BTreeMap::new(),
        };
        for act in acts {
            let writes = matches!(act, Act::Start(_) | Act::Complete(_) | Act::Fail(_) | Act::End(_));
            if writes && model.owner == Ownership::Crashed {
                continue; // Its token is the newest still, but nobody is there to use it.
            }
            let expected = match act {
                Act::Start(position) => model.step(position, &[Pending], Running),
                Act::Complete(position) => model.step(position, &[Running], Completed),
                Act::Fail(position) => model.step(position, &[Pending, Running], Failed),
                Act::End(event) => model.end(event),
                Act::Crash => {
                    if model.owner == Ownership::Living {
                        model.owner = Ownership::Crashed;
                    }
                    true
                }
                Act::Resume => model.resume(),
                Act::StaleWrite(_) => false,
            };
            prop_assert_eq!(subject.act(act), expected, "{:?}", act);
            subject.check(&model);
        }
    }
}
