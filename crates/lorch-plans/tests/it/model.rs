//! Random sequences of decisions against a model that knows nothing of the code: no plan passes that is
//! not approved as it stands, no approval is used twice, and every state is the model's.

use std::collections::{BTreeMap, BTreeSet};

use lorch_plans::{PlanError, approve, plan_digest, reject};
use lorch_store::StoreError;
use lorch_types::plan::{PlanId, PlanState};
use proptest::prelude::*;

use crate::office::{Office, at, plan, task};

const PEOPLE: [&str; 3] = ["alice", "bob", "user-456"];
const CREATOR: &str = "user-456";

/// What can happen.
#[derive(Clone, Debug)]
enum Step {
    /// A plan is submitted, with a content (of which the last does not pass) and a version of the task.
    Submit {
        plan: usize,
        content: usize,
        version: usize,
    },
    Approve {
        plan: usize,
        who: usize,
        role_is_allowed: bool,
    },
    Reject {
        plan: usize,
    },
    /// Time passes, in minutes.
    Pass(u64),
    Execute {
        plan: usize,
    },
    /// The runs of a plan end.
    Finish {
        plan: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let plan = || 0..2_usize;
    let content = prop_oneof![6 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    let version = prop_oneof![8 => Just(0_usize), 1 => Just(1)];
    let who = prop_oneof![4 => Just(0_usize), 4 => Just(1), 1 => Just(2)];
    prop_oneof![
        4 => (plan(), content, version)
            .prop_map(|(plan, content, version)| Step::Submit { plan, content, version }),
        8 => (plan(), who, prop::bool::weighted(0.95))
            .prop_map(|(plan, who, role_is_allowed)| Step::Approve { plan, who, role_is_allowed }),
        1 => plan().prop_map(|plan| Step::Reject { plan }),
        1 => prop_oneof![4 => Just(1_u64), 1 => Just(12 * 60), 1 => Just(24 * 60)].prop_map(Step::Pass),
        6 => plan().prop_map(|plan| Step::Execute { plan }),
        2 => plan().prop_map(|plan| Step::Finish { plan }),
    ]
}

#[derive(Clone, Debug)]
struct ModelApproval {
    who: usize,
    version: usize,
    until: u64,
}

#[derive(Clone, Debug)]
struct ModelPlan {
    content: usize,
    state: PlanState,
    open: Vec<ModelApproval>,
    is_under_way: bool,
}

/// What the model says comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    NoPlan,
    Exists,
    State,
    Refused,
    Already,
    Runs,
    SentBack,
}

#[derive(Clone, Debug)]
struct Model {
    plans: BTreeMap<usize, ModelPlan>,
    version: usize,
    needed: usize,
    now: u64,
}

impl Model {
    fn step(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Submit { plan, content, version } => self.submit(plan, content, version),
            Step::Approve { plan, who, role_is_allowed } => {
                self.approve(plan, who, role_is_allowed)
            }
            Step::Reject { plan } => self.reject(plan),
            Step::Pass(minutes) => {
                self.now += minutes;
                Outcome::Done
            }
            Step::Execute { plan } => self.execute(plan),
            Step::Finish { plan } => {
                if let Some(plan) = self.plans.get_mut(&plan) {
                    plan.is_under_way = false;
                }
                Outcome::Done
            }
        }
    }

    fn submit(&mut self, id: usize, content: usize, version: usize) -> Outcome {
        // What does not pass changes the task only where there was none.
        if self.plans.is_empty() {
            self.version = version;
        }
        let draft =
            ModelPlan { content, state: PlanState::Draft, open: Vec::new(), is_under_way: false };
        let before = self.plans.entry(id).or_insert(draft).clone();
        if before.state != PlanState::Draft && before.content != content {
            return Outcome::Exists;
        }
        let passes = content < 2;
        match before.state {
            PlanState::Rejected | PlanState::Superseded if passes => return Outcome::State,
            PlanState::Draft => {}
            state if passes => {
                let is_other = self.version != version;
                self.version = version;
                if let Some(plan) = self.plans.get_mut(&id)
                    && state == PlanState::Approved
                    && is_other
                {
                    plan.state = PlanState::AwaitingApproval;
                    plan.open.clear();
                }
                return Outcome::Done;
            }
            _ => return Outcome::Done,
        }
        let others = self.plans.iter_mut().filter(|(other, _)| **other != id);
        let mut open: Vec<&mut ModelPlan> = others
            .map(|(_, plan)| plan)
            .filter(|it| matches!(it.state, PlanState::AwaitingApproval | PlanState::Approved))
            .collect();
        if passes && open.iter().any(|it| it.is_under_way) {
            return Outcome::Runs;
        }
        if passes {
            self.version = version;
            for other in &mut open {
                other.state = PlanState::Superseded;
                other.open.clear();
            }
        }
        if let Some(plan) = self.plans.get_mut(&id) {
            plan.content = content;
            plan.state = if passes { PlanState::AwaitingApproval } else { PlanState::Draft };
        }
        Outcome::Done
    }

    fn approve(&mut self, id: usize, who: usize, role_is_allowed: bool) -> Outcome {
        let (now, version, needed) = (self.now, self.version, self.needed);
        let Some(plan) = self.plans.get_mut(&id) else { return Outcome::NoPlan };
        if plan.state != PlanState::AwaitingApproval {
            return Outcome::State;
        }
        if PEOPLE[who] == CREATOR || !role_is_allowed {
            return Outcome::Refused;
        }
        let holds = |it: &ModelApproval| it.version == version && now < it.until;
        if plan.open.iter().any(|it| holds(it) && it.who == who) {
            return Outcome::Already;
        }
        plan.open.retain(holds);
        plan.open.push(ModelApproval { who, version, until: now + 24 * 60 });
        if plan.open.len() >= needed {
            plan.state = PlanState::Approved;
        }
        Outcome::Done
    }

    fn reject(&mut self, id: usize) -> Outcome {
        let Some(plan) = self.plans.get_mut(&id) else { return Outcome::NoPlan };
        if plan.state != PlanState::AwaitingApproval {
            return Outcome::State;
        }
        plan.state = PlanState::Rejected;
        plan.open.clear();
        Outcome::Done
    }

    fn execute(&mut self, id: usize) -> Outcome {
        let (now, version, needed) = (self.now, self.version, self.needed);
        let Some(plan) = self.plans.get_mut(&id) else { return Outcome::NoPlan };
        if plan.state != PlanState::Approved {
            return Outcome::State;
        }
        let holds = |it: &ModelApproval| it.version == version && now < it.until;
        if plan.open.len() < needed || !plan.open.iter().all(holds) {
            plan.state = PlanState::AwaitingApproval;
            plan.open.clear();
            return Outcome::SentBack;
        }
        if plan.is_under_way {
            return Outcome::Runs;
        }
        plan.open.clear();
        plan.is_under_way = true;
        Outcome::Done
    }
}

fn id_of(plan: usize) -> PlanId {
    format!("880e8400-e29b-41d4-a716-44665544{plan:04}").parse().unwrap()
}

/// The same of the real thing.
struct World {
    office: Office,
    two: bool,
    now: u64,
    used: BTreeSet<String>,
}

impl World {
    fn step(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Submit { plan, content, version } => self.submit(plan, content, version),
            Step::Approve { plan, who, role_is_allowed } => {
                let role = if role_is_allowed { "SRELead" } else { "Intern" };
                let request = self.office.request(PEOPLE[who], role);
                said(approve(&self.office.desk(), &id_of(plan), &request, at(self.now)))
            }
            Step::Reject { plan } => {
                let by = "bob".parse().unwrap();
                said(reject(&self.office.desk(), &id_of(plan), &by, "no", at(self.now)))
            }
            Step::Pass(minutes) => {
                self.now += minutes;
                Outcome::Done
            }
            Step::Execute { plan } => self.execute(plan),
            Step::Finish { plan } => {
                let ended = "UPDATE plan_runs SET state = 'completed'
                    WHERE plan = (SELECT plan FROM plans WHERE plan_id = ?1)";
                let sql = rusqlite::Connection::open(self.office.store.path()).unwrap();
                sql.execute(ended, [id_of(plan).as_str()]).unwrap();
                Outcome::Done
            }
        }
    }

    fn submit(&mut self, id: usize, content: usize, version: usize) -> Outcome {
        let percent = if version == 0 { "25" } else { "24" };
        let two = if self.two { "true" } else { "false" };
        let task = task(&[
            ("/task_spec/constraints/max_batch_percent", percent),
            ("/execution_policy/require_two_approvers", two),
        ]);
        let wait = ["\"15m\"", "\"20m\"", "\"soon\""][content];
        let id = format!("\"{}\"", id_of(id));
        let plan = plan(&[("/id", &id), ("/payload/phases/1/wait_time", wait)]);
        said(self.office.submit(&task, &plan, self.now))
    }

    fn execute(&mut self, id: usize) -> Outcome {
        let outcome = self.office.execute_plan(&id_of(id), self.now);
        if let Ok(permit) = &outcome {
            let people: BTreeSet<&str> =
                permit.approvals.iter().map(|it| it.approver.as_str()).collect();
            assert!(people.len() > usize::from(self.two), "{people:?}");
            assert!(!people.contains(CREATOR));
            let digest = plan_digest(&permit.entry.plan).unwrap();
            for approval in &permit.approvals {
                assert_eq!(approval.plan_digest, digest, "approved as it stands");
                assert!(at(self.now) < approval.expires_at);
                assert!(self.used.insert(approval.nonce.to_string()), "used twice");
            }
        }
        said(outcome)
    }
}

fn said<T>(outcome: Result<T, PlanError>) -> Outcome {
    match outcome {
        Ok(_) => Outcome::Done,
        Err(PlanError::State { .. } | PlanError::NotApproved { .. }) => Outcome::State,
        Err(PlanError::Refused(_)) => Outcome::Refused,
        Err(PlanError::SentBack { .. }) => Outcome::SentBack,
        Err(PlanError::Store(StoreError::NoSuchPlan { .. })) => Outcome::NoPlan,
        Err(PlanError::Store(StoreError::PlanExists { .. })) => Outcome::Exists,
        Err(PlanError::Store(StoreError::ApprovedAlready { .. })) => Outcome::Already,
        Err(PlanError::Store(StoreError::PlanRuns { .. })) => Outcome::Runs,
        Err(other) => panic!("{other:?}"),
    }
}

/// Runs the steps in both, and compares after each.
fn follow(steps: &[Step], two: bool) -> (usize, usize) {
    let needed = if two { 2 } else { 1 };
    let mut model = Model { plans: BTreeMap::new(), version: 0, needed, now: 0 };
    let mut world = World { office: Office::new(), two, now: 0, used: BTreeSet::new() };
    let (mut executed, mut sent_back) = (0, 0);
    for (index, step) in steps.iter().enumerate() {
        let expected = model.step(step);
        let found = world.step(step);
        assert_eq!(found, expected, "step {index} of {steps:#?}");
        executed += usize::from(matches!(step, Step::Execute { .. }) && found == Outcome::Done);
        sent_back += usize::from(found == Outcome::SentBack);
        for (id, plan) in &model.plans {
            let entry = world.office.store.plan(&id_of(*id)).unwrap();
            assert_eq!(entry.state, plan.state, "plan {id} after step {index} of {steps:#?}");
            let open = world.office.desk().open_approvals(&id_of(*id)).unwrap();
            let model: Vec<&str> = plan.open.iter().map(|it| PEOPLE[it.who]).collect();
            let open: Vec<&str> = open.iter().map(|it| it.approver.as_str()).collect();
            assert_eq!(open, model, "plan {id} after step {index} of {steps:#?}");
        }
    }
    (executed, sent_back)
}

#[test]
fn the_store_follows_the_model() {
    use proptest::test_runner::{Config, TestRunner};
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRunner::deterministic().rng().clone());
    let totals = std::cell::Cell::new((0, 0));
    let strategy = (prop::collection::vec(step(), 20..60), any::<bool>());
    runner
        .run(&strategy, |(steps, two)| {
            let (executed, sent_back) = follow(&steps, two);
            let (all, back) = totals.get();
            totals.set((all + executed, back + sent_back));
            Ok(())
        })
        .unwrap();
    // A run in which nothing was carried out, or nothing sent back, has shown nothing.
    let (executed, sent_back) = totals.get();
    assert!(executed >= 20 && sent_back >= 20, "{executed} carried out, {sent_back} sent back");
}
