//! Random sequences of decisions and runs against a model that knows nothing of the code: no plan runs that
//! is not approved as it stands, no approval is used twice, nothing is done twice to an asset, and every
//! state is the model's.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lorch_backends::Cancellation;
use lorch_backends::config::Assets;
use lorch_plans::{
    Executor, Hands, Pace, PlanError, RunEnding, Stopped, approve, carry_out, plan_digest, reject,
};
use lorch_store::{CommandKind, StoreError};
use lorch_types::plan::{Metrics, PlanId, PlanState, RunId, RunState};
use proptest::prelude::*;

use crate::field::{Field, Hourglass};
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
    /// Somebody wants something of the newest run of a plan.
    Command {
        plan: usize,
        kind: CommandKind,
    },
    /// The newest run of a plan is carried out by a process that is killed after so many acts on assets,
    /// which are well or ill; perhaps in the last of these acts, of which nothing is known then.
    Go {
        plan: usize,
        acts: usize,
        is_in_the_last: bool,
        are_well: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let plan = || 0..2_usize;
    let content = prop_oneof![6 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    let version = prop_oneof![8 => Just(0_usize), 1 => Just(1)];
    let who = prop_oneof![4 => Just(0_usize), 4 => Just(1), 1 => Just(2)];
    let acts = prop_oneof![6 => 1..8_usize, 1 => Just(100_usize)];
    let kind = || {
        prop_oneof![
            2 => Just(CommandKind::Pause),
            3 => Just(CommandKind::Resume),
            2 => Just(CommandKind::Rollback),
            2 => Just(CommandKind::Cancel),
        ]
    };
    prop_oneof![
        4 => (plan(), content, version)
            .prop_map(|(plan, content, version)| Step::Submit { plan, content, version }),
        8 => (plan(), who, prop::bool::weighted(0.95))
            .prop_map(|(plan, who, role_is_allowed)| Step::Approve { plan, who, role_is_allowed }),
        1 => plan().prop_map(|plan| Step::Reject { plan }),
        1 => prop_oneof![4 => Just(1_u64), 1 => Just(12 * 60), 1 => Just(24 * 60)].prop_map(Step::Pass),
        6 => plan().prop_map(|plan| Step::Execute { plan }),
        3 => (plan(), kind()).prop_map(|(plan, kind)| Step::Command { plan, kind }),
        8 => (plan(), acts, prop::bool::weighted(0.3), prop::bool::weighted(0.8)).prop_map(
            |(plan, acts, is_in_the_last, are_well)| Step::Go { plan, acts, is_in_the_last, are_well }
        ),
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
    /// The newest.
    run: Option<ModelRun>,
}

#[derive(Clone, Debug)]
struct ModelRun {
    state: RunState,
    /// What was wanted of it that it has not heeded.
    wanted: Vec<CommandKind>,
    /// Whether anybody ever wanted it undone, or ended.
    may_be_undone: bool,
    may_be_ended: bool,
}

impl ModelPlan {
    fn is_under_way(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !has_ended(run.state))
    }
}

fn has_ended(state: RunState) -> bool {
    matches!(state, RunState::Completed | RunState::RolledBack | RunState::Failed)
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
    NoRun,
    Ended,
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
            Step::Command { plan, kind } => self.command(plan, kind),
            Step::Go { plan, .. } => match self.run(plan) {
                Some(_) => Outcome::Done,
                None => Outcome::NoRun,
            },
        }
    }

    fn run(&mut self, plan: usize) -> Option<&mut ModelRun> {
        self.plans.get_mut(&plan)?.run.as_mut()
    }

    fn command(&mut self, plan: usize, kind: CommandKind) -> Outcome {
        let Some(run) = self.run(plan) else { return Outcome::NoRun };
        if has_ended(run.state) {
            return Outcome::Ended;
        }
        run.wanted.push(kind);
        run.may_be_undone |= kind == CommandKind::Rollback;
        run.may_be_ended |= kind == CommandKind::Cancel;
        Outcome::Done
    }

    fn submit(&mut self, id: usize, content: usize, version: usize) -> Outcome {
        // What does not pass changes the task only where there was none.
        if self.plans.is_empty() {
            self.version = version;
        }
        let draft = ModelPlan { content, state: PlanState::Draft, open: Vec::new(), run: None };
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
        if passes && open.iter().any(|it| it.is_under_way()) {
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
        if plan.is_under_way() {
            return Outcome::Runs;
        }
        let holds = |it: &ModelApproval| it.version == version && now < it.until;
        if plan.open.len() < needed || !plan.open.iter().all(holds) {
            plan.state = PlanState::AwaitingApproval;
            plan.open.clear();
            return Outcome::SentBack;
        }
        plan.open.clear();
        plan.run = Some(ModelRun {
            state: RunState::Queued,
            wanted: Vec::new(),
            may_be_undone: false,
            may_be_ended: false,
        });
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
    /// The newest run of each plan, with its assets.
    runs: BTreeMap<usize, Run>,
    /// What was said when the last step was refused.
    refusal: String,
}

struct Run {
    id: RunId,
    field: Field<'static>,
    /// How many acts there are when the process that carries it out is killed.
    killed_after: Arc<AtomicUsize>,
    /// How often that happened in the middle of one.
    killed_in_acts: usize,
}

impl Run {
    fn new(id: RunId) -> Self {
        let mut field = Field::new();
        let killed_after = Arc::new(AtomicUsize::new(usize::MAX));
        let (limit, stop) = (Arc::clone(&killed_after), Arc::clone(&field.stop));
        field.meanwhile = Box::new(move |_, before| {
            if before + 1 >= limit.load(Ordering::Relaxed) {
                stop.store(true, Ordering::Relaxed);
            }
        });
        Self { id, field, killed_after, killed_in_acts: 0 }
    }
}

impl World {
    fn step(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Submit { plan, content, version } => self.submit(plan, content, version),
            Step::Approve { plan, who, role_is_allowed } => {
                let role = if role_is_allowed { "SRELead" } else { "Intern" };
                let request = self.office.request(PEOPLE[who], role);
                let outcome = approve(&self.office.desk(), &id_of(plan), &request, at(self.now));
                self.said(outcome)
            }
            Step::Reject { plan } => {
                let by = "bob".parse().unwrap();
                let outcome = reject(&self.office.desk(), &id_of(plan), &by, "no", at(self.now));
                self.said(outcome)
            }
            Step::Pass(minutes) => {
                self.now += minutes;
                Outcome::Done
            }
            Step::Execute { plan } => self.execute(plan),
            Step::Command { plan, kind } => {
                let Some(run) = self.runs.get(&plan) else { return Outcome::NoRun };
                let (by, at) = ("dora".parse().unwrap(), at(self.now));
                match self.office.store.command_plan_run(&run.id, kind, &by, at) {
                    Ok(_) => Outcome::Done,
                    Err(StoreError::PlanRunEnded { .. }) => Outcome::Ended,
                    Err(other) => panic!("{other:?}"),
                }
            }
            Step::Go { plan, .. } => match self.runs.get(&plan) {
                // What comes of it is looked at by itself.
                Some(_) => Outcome::Done,
                None => Outcome::NoRun,
            },
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
        let outcome = self.office.submit(&task, &plan, self.now);
        self.said(outcome)
    }

    /// Carries a run out until it stops, and says what that was and what was done until then.
    fn go(&mut self, plan: usize, acts: usize, is_in_the_last: bool, are_well: bool) -> Stopped {
        let run = self.runs.get_mut(&plan).unwrap();
        let before = run.field.acts().len();
        run.killed_after.store(before + acts, Ordering::Relaxed);
        run.field.stop.store(false, Ordering::Relaxed);
        *run.field.health.lock().unwrap() = Some(if are_well { 200 } else { 503 });
        *run.field.dies_in.lock().unwrap() = is_in_the_last.then_some(before + acts - 1);
        let assets = Assets { url: Some("http://{asset}.test".to_owned()), inventory: None };
        let executor = Executor {
            store: &self.office.store,
            hands: Hands {
                backend: &run.field,
                tools: &self.office.config.tools,
                assets: &assets,
                inventory: &BTreeMap::new(),
                cancellation: Cancellation::new(run.field.stop.clone()),
            },
            probes: &BTreeMap::new(),
            metrics: &Metrics::built_in(),
            clock: &Hourglass::new(at(self.now)),
            pace: Pace { leave_when_paused: true, ..Pace::default() },
            stop: run.field.stop.clone(),
        };
        let stopped = carry_out(&executor, &run.id, &mut |_| {}).unwrap();
        let has_died = run.field.dies_in.lock().unwrap().take().is_none();
        run.killed_in_acts += usize::from(is_in_the_last && has_died);
        stopped
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
            self.runs.insert(id, Run::new(permit.run_id.clone()));
        }
        self.said(outcome)
    }

    fn said<T>(&mut self, outcome: Result<T, PlanError>) -> Outcome {
        if let Err(error) = &outcome {
            let source = error.source().map(|it| format!(": {it}")).unwrap_or_default();
            self.refusal = format!("{error}{source}");
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

/// What came of carrying a run out is something that could have come of it.
fn check_run(
    model: &mut ModelRun,
    stopped: &Stopped,
    world: &World,
    run: &Run,
    done: usize,
    step: &Step,
) {
    let Step::Go { acts, are_well, .. } = *step else { return };
    let field = &run.field;
    let (forward, undone) = (field.assets("forward"), field.assets("rollback"));
    let distinct = |acts: &[String]| acts.iter().collect::<BTreeSet<_>>().len();
    let (changed, restored) = (distinct(&forward), distinct(&undone));
    // Nothing is done twice; what a process died in is asked for again, under its key.
    let twice = forward.len() + undone.len() - changed - restored;
    assert!(twice <= run.killed_in_acts, "{step:?}: {:?}", field.acts());
    assert_eq!(field.keys().1, changed + restored, "{step:?}: {:?}", field.acts());
    assert!(done <= acts, "{step:?}: {done} acts");
    if has_ended(model.state) || (model.state == RunState::Paused && model.wanted.is_empty()) {
        assert_eq!(done, 0, "{step:?}: nothing happens in a run that is {:?}", model.state);
    }
    let state = world.office.store.plan_run(&run.id).unwrap().entry.state;
    match stopped {
        Stopped::Ended(RunEnding::Completed) => {
            assert_eq!((state, changed, restored), (RunState::Completed, 47, 0), "{step:?}");
        }
        Stopped::Ended(RunEnding::RolledBack) => {
            assert!(model.may_be_undone, "{step:?}: nobody wanted it undone");
            assert_eq!((state, restored), (RunState::RolledBack, changed), "{step:?}");
        }
        Stopped::Ended(RunEnding::Failed(why)) => {
            assert_eq!(state, RunState::Failed, "{step:?}");
            match why.as_str() {
                "cancelled" => assert!(model.may_be_ended, "{step:?}: nobody wanted it ended"),
                "rollback_incomplete" => assert!(model.may_be_undone, "{step:?}"),
                other => panic!("{step:?}: {other}"),
            }
        }
        Stopped::Paused(_) => assert_eq!(state, RunState::Paused, "{step:?}"),
        Stopped::Interrupted => assert!(!has_ended(state), "{step:?}: {state:?}"),
    }
    let is_undisturbed = are_well && acts >= 100 && model.wanted.is_empty();
    if is_undisturbed && matches!(model.state, RunState::Queued) {
        assert_eq!(*stopped, Stopped::Ended(RunEnding::Completed), "{step:?}");
    }
    model.state = state;
    if *stopped != Stopped::Interrupted {
        model.wanted.clear();
    }
}

/// What the sequences came to, so that it shows whether anything happened in them.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    executed: usize,
    sent_back: usize,
    illegal: usize,
    acts: usize,
    interrupted: usize,
    paused: usize,
    completed: usize,
    rolled_back: usize,
    failed: usize,
}

/// Runs the steps in both, and compares after each.
fn follow(steps: &[Step], two: bool, totals: &mut Totals) {
    let needed = if two { 2 } else { 1 };
    let mut model = Model { plans: BTreeMap::new(), version: 0, needed, now: 0 };
    let office = Office::new();
    let (used, runs) = (BTreeSet::new(), BTreeMap::new());
    let mut world = World { office, two, now: 0, used, runs, refusal: String::new() };
    for (index, step) in steps.iter().enumerate() {
        let states: BTreeMap<usize, PlanState> =
            model.plans.iter().map(|(id, plan)| (*id, plan.state)).collect();
        let expected = model.step(step);
        let found = world.step(step);
        assert_eq!(found, expected, "step {index} of {steps:#?}");
        if found == Outcome::State {
            totals.illegal += 1;
            names_both_states(step, &states, &world.refusal);
        }
        if let Step::Go { plan, acts, is_in_the_last, are_well } = *step
            && found == Outcome::Done
        {
            let before = world.runs[&plan].field.acts().len();
            let stopped = world.go(plan, acts, is_in_the_last, are_well);
            let run = &world.runs[&plan];
            let done = run.field.acts().len() - before;
            check_run(model.run(plan).unwrap(), &stopped, &world, run, done, step);
            totals.acts += done;
            match stopped {
                Stopped::Interrupted => totals.interrupted += 1,
                Stopped::Paused(_) => totals.paused += 1,
                Stopped::Ended(RunEnding::Completed) => totals.completed += 1,
                Stopped::Ended(RunEnding::RolledBack) => totals.rolled_back += 1,
                Stopped::Ended(RunEnding::Failed(_)) => totals.failed += 1,
            }
        }
        totals.executed +=
            usize::from(matches!(step, Step::Execute { .. }) && found == Outcome::Done);
        totals.sent_back += usize::from(found == Outcome::SentBack);
        for (id, plan) in &model.plans {
            let entry = world.office.store.plan(&id_of(*id)).unwrap();
            assert_eq!(entry.state, plan.state, "plan {id} after step {index} of {steps:#?}");
            let open = world.office.desk().open_approvals(&id_of(*id)).unwrap();
            let model: Vec<&str> = plan.open.iter().map(|it| PEOPLE[it.who]).collect();
            let open: Vec<&str> = open.iter().map(|it| it.approver.as_str()).collect();
            assert_eq!(open, model, "plan {id} after step {index} of {steps:#?}");
        }
    }
}

/// An edge that there is not is refused with the state that the plan is in and the one that was wanted.
fn names_both_states(step: &Step, states: &BTreeMap<usize, PlanState>, refusal: &str) {
    let (plan, words) = match step {
        Step::Submit { plan, .. } => (plan, "cannot become awaiting_approval"),
        Step::Approve { plan, .. } => (plan, "cannot become approved"),
        Step::Reject { plan } => (plan, "cannot become rejected"),
        Step::Execute { plan } => (plan, "not approved"),
        Step::Pass(_) | Step::Command { .. } | Step::Go { .. } => panic!("{step:?}: {refusal}"),
    };
    let state = states[plan].as_str();
    assert!(refusal.contains(&format!("is {state}")), "{step:?}: {refusal}");
    assert!(refusal.contains(words), "{step:?}: {refusal}");
}

#[test]
fn the_store_follows_the_model() {
    use proptest::test_runner::{Config, TestRunner};
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRunner::deterministic().rng().clone());
    let totals = std::cell::Cell::new(Totals::default());
    let strategy = (prop::collection::vec(step(), 20..60), any::<bool>());
    runner
        .run(&strategy, |(steps, two)| {
            let mut all = totals.get();
            follow(&steps, two, &mut all);
            totals.set(all);
            Ok(())
        })
        .unwrap();
    // Sequences in which something never happened have shown nothing of it.
    let all = totals.get();
    let often = [all.executed, all.illegal, all.acts, all.interrupted];
    assert!(often.iter().all(|count| *count >= 20), "{all:?}");
    let sometimes = [all.sent_back, all.paused, all.completed, all.rolled_back, all.failed];
    assert!(sometimes.iter().all(|count| *count >= 3), "{all:?}");
}
