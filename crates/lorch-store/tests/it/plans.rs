//! Plans in the store: every change is a compare-and-set, and every illegal one is refused.

use std::collections::BTreeMap;
use std::thread;

use lorch_store::{
    Approval, CommandKind, NewPlan, PlanChange, PlanDecision, PlanEntry, RunChange, Store,
    StoreError, chain,
};
use lorch_types::Digest;
use lorch_types::json::{Limits, Object, Value, from_value, read};
use lorch_types::plan::{Environment, Plan, PlanState, PlanType, RunState, Task, TaskState};

use crate::bench::{Bench, at, check_refused, claim};

const TASK: &str = include_str!("../../../../examples/drift/task.json");
const PLAN: &str = include_str!("../../../../examples/drift/plan.json");
const RUN: &str = "99000000-0000-0000-0000-000000000000";

fn value(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn task() -> Task {
    from_value(&value(TASK)).unwrap()
}

fn plan() -> Plan {
    from_value(&value(PLAN)).unwrap()
}

fn new_plan(plan: Plan) -> NewPlan {
    NewPlan { task_id: plan.task_id.clone(), plan, at: at(1), by: "alice".parse().unwrap() }
}

fn recorded(bench: &Bench) -> PlanEntry {
    bench.store.put_task(&task(), at(0)).unwrap();
    bench.store.put_plan(new_plan(plan())).unwrap()
}

fn decision(entry: &PlanEntry, changes: Vec<PlanChange>) -> PlanDecision {
    PlanDecision {
        plan_id: entry.plan.id.clone(),
        revision: entry.revision,
        at: at(2),
        by: "alice".parse().unwrap(),
        changes,
        event: "tested",
        details: Object::new(),
    }
}

fn to(state: PlanState) -> PlanChange {
    PlanChange::Move { to: state, reason: None }
}

fn approval(approver: &str) -> Approval {
    Approval {
        approver: approver.parse().unwrap(),
        role: "SRELead".parse().unwrap(),
        nonce: format!("nonce of {approver}").into(),
        plan_digest: Digest::of_bytes(b"plan"),
        task_digest: Digest::of_bytes(b"task"),
        tools_digest: Some(Digest::of_bytes(b"tools")),
        environment: Environment::Production,
        policies: BTreeMap::from([("p".into(), Digest::of_bytes(b"pack"))]),
        approved_at: at(2),
        expires_at: at(3),
        comment: None,
        break_glass: None,
    }
}

/// The plan, approved by bob.
fn approved(bench: &Bench) -> PlanEntry {
    let entry = recorded(bench);
    let mut there: Vec<_> = way(PlanState::AwaitingApproval).iter().map(|it| to(*it)).collect();
    there.push(PlanChange::Approve(Box::new(approval("bob"))));
    there.push(to(PlanState::Approved));
    bench.store.decide(vec![decision(&entry, there)]).unwrap().remove(0)
}

/// A run that uses the approval of bob.
fn use_it(run: &str) -> PlanChange {
    PlanChange::Use {
        run_id: run.parse().unwrap(),
        initiated_by: "carol".parse().unwrap(),
        nonces: vec!["nonce of bob".into()],
    }
}

/// The way to each state, the states in between.
fn way(state: PlanState) -> &'static [PlanState] {
    use PlanState as S;
    match state {
        S::Draft => &[],
        S::Validated => &[S::Validated],
        S::AwaitingApproval => &[S::Validated, S::AwaitingApproval],
        S::Approved => &[S::Validated, S::AwaitingApproval, S::Approved],
        S::Rejected => &[S::Validated, S::AwaitingApproval, S::Rejected],
        S::Superseded => &[S::Superseded],
    }
}

#[test]
fn every_edge_that_the_machine_does_not_have_is_refused_with_both_states_named() {
    let mut legal = 0;
    for from in PlanState::ALL {
        for target in PlanState::ALL {
            let bench = Bench::new();
            let entry = recorded(&bench);
            let there = way(from).iter().map(|state| to(*state)).collect();
            let entry = bench.store.decide(vec![decision(&entry, there)]).unwrap().remove(0);
            assert_eq!(entry.state, from);
            let moved = bench.store.decide(vec![decision(&entry, vec![to(target)])]);
            if from.event_to(target).is_ok() {
                assert_eq!(moved.unwrap().remove(0).state, target);
                legal += 1;
                continue;
            }
            let error = moved.unwrap_err();
            let StoreError::IllegalPlan { source, .. } = &error else { panic!("{error:?}") };
            let said = source.to_string();
            assert!(said.starts_with(&format!("a plan that is {} ", from.as_str())), "{said}");
            assert!(said.contains(&format!("cannot become {}", target.as_str())), "{said}");
            assert_eq!(bench.store.plan(&entry.plan.id).unwrap(), entry, "nothing is changed");
        }
    }
    assert_eq!(legal, PlanState::MACHINE.edges.len());
}

#[test]
fn a_task_is_planned_once_a_plan_of_it_is_validated() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let state = || bench.store.task(&entry.plan.task_id).unwrap().state;
    assert_eq!(state(), TaskState::Parsing);
    bench.store.decide(vec![decision(&entry, vec![to(PlanState::Validated)])]).unwrap();
    assert_eq!(state(), TaskState::Planned);
    let mut other = task();
    other.created_by = "mallory".parse().unwrap();
    check_refused(bench.store.put_task(&other, at(9)), "another creator");
    check_refused(bench.store.put_plan(new_plan(plan())), "a changed plan is another one");
    let mut stray = plan();
    stray.task_id = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    stray.id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    check_refused(bench.store.put_plan(new_plan(stray)), "there is no task 00000000");
}

#[test]
fn whoever_decided_on_an_older_revision_is_refused() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let validate = || vec![decision(&entry, vec![to(PlanState::Validated)])];
    bench.store.decide(validate()).unwrap();
    check_refused(bench.store.decide(validate()), "has changed meanwhile");
}

#[test]
fn of_two_that_decide_at_once_one_is_refused() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let there = vec![to(PlanState::Validated), to(PlanState::AwaitingApproval)];
    let entry = bench.store.decide(vec![decision(&entry, there)]).unwrap().remove(0);
    let stores = [bench.another(), bench.another()];
    let ends = [PlanState::Approved, PlanState::Rejected];
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = stores
            .iter()
            .zip(ends)
            .map(|(store, end)| {
                let decision = decision(&entry, vec![to(end)]);
                scope.spawn(move || store.decide(vec![decision]))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let lost = outcomes.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(lost, StoreError::PlanChanged { .. }), "{lost:?}");
}

#[test]
fn an_approval_is_used_once_and_a_person_has_one_that_is_open() {
    let bench = Bench::new();
    let entry = approved(&bench);
    let mut again = approval("bob");
    again.nonce = "another".into();
    let again = vec![PlanChange::Approve(Box::new(again))];
    check_refused(bench.store.decide(vec![decision(&entry, again)]), "`bob` has approved");
    let entry = bench.store.decide(vec![decision(&entry, vec![use_it(RUN)])]).unwrap().remove(0);
    let approvals = bench.store.approvals(&entry.plan.id).unwrap();
    assert_eq!(approvals[0].used_by.as_ref().map(|run| run.as_str()), Some(RUN));
    assert!(!approvals[0].is_open());
    assert_eq!(approvals[0].approval, approval("bob"));
    let runs = bench.store.plan_runs(&entry.plan.id).unwrap();
    assert_eq!((runs.len(), runs[0].state), (1, RunState::Queued));
    let second = use_it("99000000-0000-0000-0000-000000000001");
    check_refused(bench.store.decide(vec![decision(&entry, vec![second])]), "being carried out");
    // Nor once that has ended.
    bench.sql().execute("UPDATE plan_runs SET state = 'completed'", []).unwrap();
    let second = use_it("99000000-0000-0000-0000-000000000001");
    check_refused(bench.store.decide(vec![decision(&entry, vec![second])]), "used already");
    bench.sql().execute("UPDATE plan_runs SET state = 'executing'", []).unwrap();
    assert_eq!(bench.store.plan_runs(&entry.plan.id).unwrap().len(), 1, "all or nothing");
    // While it is carried out, nothing takes its place.
    let supersede = vec![to(PlanState::Superseded)];
    check_refused(bench.store.decide(vec![decision(&entry, supersede)]), "being carried out");
}

#[test]
fn runs_are_counted_by_the_kind_of_their_plan_and_where_they_were() {
    let bench = Bench::new();
    let entry = approved(&bench);
    bench.store.decide(vec![decision(&entry, vec![use_it(RUN)])]).unwrap();
    let check = |state: RunState, expected: (u64, u64)| {
        let sql = "UPDATE plan_runs SET state = ?1";
        bench.sql().execute(sql, [state.as_str()]).unwrap();
        let of = |kind, environment| {
            let counts = bench.store.plan_run_counts(kind, environment).unwrap();
            (counts.ended, counts.completed)
        };
        assert_eq!(of(PlanType::DriftPlan, Environment::Production), expected, "{state:?}");
        assert_eq!(of(PlanType::PatchPlan, Environment::Production), (0, 0));
        assert_eq!(of(PlanType::DriftPlan, Environment::Staging), (0, 0));
    };
    check(RunState::Queued, (0, 0));
    check(RunState::Executing, (0, 0));
    check(RunState::Paused, (0, 0));
    check(RunState::Completed, (1, 1));
    check(RunState::RolledBack, (1, 0));
    check(RunState::Failed, (1, 0));
    // A store of the version before knows it once it is opened.
    bench.make_older(3);
    let newer = bench.another();
    let counts = newer.plan_run_counts(PlanType::DriftPlan, Environment::Production).unwrap();
    assert_eq!((counts.ended, counts.completed), (1, 0));
}

#[test]
fn runs_are_counted_without_reading_plans() {
    let bench = Bench::new();
    let sql = "EXPLAIN QUERY PLAN SELECT count(*), count(*) FILTER (WHERE state = 'completed')
        FROM plan_runs WHERE plan_type = 'a' AND environment = 'b'
            AND state IN ('completed', 'rolled_back', 'failed')";
    let plan: String = bench.sql().query_row(sql, [], |row| row.get("detail")).unwrap();
    assert!(plan.contains("USING COVERING INDEX runs_of_kind"), "{plan}");
}

#[test]
fn of_a_task_one_plan_is_open() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let open = || vec![to(PlanState::Validated), to(PlanState::AwaitingApproval)];
    let entry = bench.store.decide(vec![decision(&entry, open())]).unwrap().remove(0);
    let mut other = plan();
    other.id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let other = bench.store.put_plan(new_plan(other)).unwrap();
    check_refused(bench.store.decide(vec![decision(&other, open())]), "another plan of the task");
    let replaced = vec![to(PlanState::Superseded), PlanChange::ReplacedBy(other.plan.id.clone())];
    let both = vec![decision(&entry, replaced), decision(&other, open())];
    let entries = bench.store.decide(both).unwrap();
    assert_eq!(entries[0].superseded_by.as_ref(), Some(&other.plan.id));
    assert_eq!(entries[1].state, PlanState::AwaitingApproval);
    // The database itself holds to it.
    let both = "UPDATE plans SET state = 'approved'";
    let error = bench.sql().execute(both, []).unwrap_err().to_string();
    assert!(error.contains("UNIQUE"), "{error}");
}

#[test]
fn what_happened_is_chained() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let changes = vec![to(PlanState::Validated)];
    let entry = bench.store.decide(vec![decision(&entry, changes)]).unwrap().remove(0);
    let log = bench.store.plan_audit(&entry.plan.id).unwrap();
    let events: Vec<_> =
        log.iter().map(|it| it.entry.get("event").and_then(Value::as_str).unwrap()).collect();
    assert_eq!(events, ["plan_recorded", "tested"]);
    let mut prev = None;
    for (index, record) in log.iter().enumerate() {
        assert_eq!(record.sequence, index as u64 + 1);
        assert_eq!(record.hash, chain(prev, &record.entry));
        prev = Some(&record.hash);
    }
    // A fixed vector: SHA-256 of `lorch/audit/v1`, NUL, 32 NULs and the entry.
    let entry = value(r#"{"event":"x"}"#);
    let bytes = [b"lorch/audit/v1\0".as_slice(), &[0; 32], br#"{"event":"x"}"#].concat();
    assert_eq!(chain(None, &entry), Digest::of_bytes(&bytes));
}

#[test]
fn a_draft_may_be_written_again_and_nothing_else() {
    let bench = Bench::new();
    let entry = recorded(&bench);
    let mut changed = plan();
    changed.payload.estimated_duration = Some("3h".into());
    let redraft = || vec![PlanChange::Redraft(Box::new(changed.clone()))];
    let entry = bench.store.decide(vec![decision(&entry, redraft())]).unwrap().remove(0);
    assert_eq!(entry.plan, changed);
    let validate = vec![to(PlanState::Validated)];
    let entry = bench.store.decide(vec![decision(&entry, validate)]).unwrap().remove(0);
    check_refused(bench.store.decide(vec![decision(&entry, redraft())]), "is another one");
}

#[test]
fn which_assets_are_acted_on_is_kept_also_from_a_store_that_knew_of_one() {
    let bench = Bench::new();
    let entry = approved(&bench);
    bench.store.decide(vec![decision(&entry, vec![use_it(RUN)])]).unwrap();
    let run_id = RUN.parse().unwrap();
    let lease = bench.store.take_plan_run(&run_id, claim(0)).unwrap();
    let acting = |store: &Store| -> Vec<String> {
        let acting = store.plan_run(&run_id).unwrap().acting;
        acting.iter().map(|asset| asset.as_str().to_owned()).collect()
    };
    for assets in [&["asset \"1\"", "asset-2"][..], &["asset-2"], &[]] {
        let acting_on = assets.iter().map(|asset| asset.parse().unwrap()).collect();
        let change = RunChange { acting: acting_on, ..RunChange::default() };
        bench.store.record_plan_run(&lease, change, at(1)).unwrap();
        assert_eq!(acting(&bench.store), assets);
    }
    // The next are acted on only if nobody wants anything of the run.
    let change = || RunChange {
        acting: vec!["asset-1".parse().unwrap()],
        next: vec!["asset-2".parse().unwrap()],
        ..RunChange::default()
    };
    assert!(bench.store.record_plan_run(&lease, change(), at(1)).unwrap());
    assert_eq!(acting(&bench.store), ["asset-1", "asset-2"]);
    let by = "dora".parse().unwrap();
    bench.store.command_plan_run(&run_id, CommandKind::Pause, &by, at(1)).unwrap();
    assert!(!bench.store.record_plan_run(&lease, change(), at(1)).unwrap());
    assert_eq!(acting(&bench.store), ["asset-1"]);
    // Nor is what says so recorded at all.
    let states = vec![RunState::Executing];
    let ended = RunChange { states, unless_wanted: true, ..RunChange::default() };
    assert!(!bench.store.record_plan_run(&lease, ended.clone(), at(1)).unwrap());
    let run = bench.store.plan_run(&run_id).unwrap();
    assert_eq!((run.entry.state, acting(&bench.store).len()), (RunState::Queued, 1));
    let number = bench.store.plan_run_commands(&run_id).unwrap()[0].number;
    let dealt = RunChange { commands: vec![(number, true)], ..change() };
    assert!(bench.store.record_plan_run(&lease, dealt, at(1)).unwrap());
    assert!(bench.store.record_plan_run(&lease, ended, at(1)).unwrap());
    // Version 4 kept the id of one asset.
    let sql = bench.sql();
    sql.execute("UPDATE plan_runs SET acting = 'asset \"1\"'", []).unwrap();
    check_refused(bench.store.plan_run(&run_id), "damaged");
    for damaged in ["{}", "\"asset-1\"", "[1]", "[\"\"]"] {
        sql.execute("UPDATE plan_runs SET acting = ?1", [damaged]).unwrap();
        check_refused(bench.store.plan_run(&run_id), "the assets that are acted on");
    }
    sql.execute("UPDATE plan_runs SET acting = 'asset \"1\"'", []).unwrap();
    bench.make_older(4);
    assert_eq!(acting(&bench.another()), ["asset \"1\""]);
    // Version 5 bound approvals to no tools.
    bench.make_older(5);
    assert_eq!(bench.another().approvals(&entry.plan.id).unwrap()[0].approval.tools_digest, None);
}
