//! Who may approve what, for how long, and which clause no longer holds.

use std::fs;
use std::time::Duration;

use lorch_backends::Config;
use lorch_plans::{
    Change, Clause, Contract, Entry, PlanError, Submission, TASK_CHANGED, approve, reject,
};
use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Plan, PlanState, Task, TaskState};

use crate::drift::document;
use crate::office::{Office, at, break_glass, in_staging, plan, plan_id, task};

/// An office with the example's plan before people, for a task with these changes.
#[track_caller]
fn waiting(changes: &[(&str, &str)]) -> Office {
    let office = Office::new();
    let submission = office.submit(&task(changes), &plan(&[]), 0).unwrap();
    assert_eq!(submission.entry.state, PlanState::AwaitingApproval);
    office
}

/// Checks that something was refused with these words, the causes included.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, PlanError>, words: &str) {
    let error = outcome.unwrap_err();
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        said.push_str(&format!(": {next}"));
        cause = next.source();
    }
    assert!(said.contains(words), "{said}");
}

/// Checks that a plan is sent back for this clause, its approvals withdrawn.
#[track_caller]
fn sent_back(office: &Office, minutes: u64, words: &str) -> Clause {
    let error = office.execute(minutes).unwrap_err();
    let PlanError::SentBack { clause, .. } = error else { panic!("{error:?}") };
    assert!(clause.to_string().contains(words), "{clause}");
    let entry = office.store.plan(&plan_id()).unwrap();
    assert_eq!(entry.state, PlanState::AwaitingApproval);
    assert_eq!(entry.reason, Some(clause.to_string()));
    assert!(office.desk().open_approvals(&plan_id()).unwrap().is_empty());
    assert!(office.store.plan_runs(&plan_id()).unwrap().len() <= 1);
    clause
}

#[test]
fn a_plan_is_approved_carried_out_once_and_then_needs_another_approval() {
    let office = waiting(&[]);
    refused(office.execute(1), "is awaiting_approval, not approved");
    let approved = office.approve("alice", "SRELead", 1).unwrap();
    assert_eq!((approved.given, approved.needed), (1, 1));
    assert_eq!(approved.entry.state, PlanState::Approved);
    assert_eq!(approved.expires_at, at(1 + 24 * 60));
    let permit = office.execute(2).unwrap();
    assert_eq!(permit.approvals[0].approver.as_str(), "alice");
    assert_eq!(office.store.plan_runs(&plan_id()).unwrap().len(), 1);
    refused(office.execute(3), "is being carried out");
    assert_eq!(office.state(), PlanState::Approved, "its run is not over");
    office.sql().execute("UPDATE plan_runs SET state = 'completed'", []).unwrap();
    assert_eq!(sent_back(&office, 3, "no approval that is not used"), Clause::Used);
    let log = office.store.plan_audit(&plan_id()).unwrap();
    let events: Vec<_> =
        log.iter().filter_map(|it| it.entry.get("event").and_then(Value::as_str)).collect();
    let expected =
        ["plan_recorded", "plan_submitted", "plan_approved", "run_queued", "plan_sent_back"];
    assert_eq!(events, expected);
}

#[test]
fn a_plan_that_does_not_pass_is_a_draft_that_nobody_can_approve() {
    let office = Office::new();
    let submission =
        office.submit(&task(&[]), &plan(&[("/payload/risk_assessment", "null")]), 0).unwrap();
    assert!(!submission.judgement.validation.opa_valid());
    assert_eq!(submission.entry.state, PlanState::Draft);
    assert_eq!(
        office.store.task(&submission.entry.plan.task_id).unwrap().state,
        TaskState::Parsing
    );
    refused(office.approve("alice", "SRELead", 1), "a plan that is draft cannot become approved");
    // A draft is written again under its id.
    let submission = office.submit(&task(&[]), &plan(&[]), 2).unwrap();
    assert_eq!(submission.entry.state, PlanState::AwaitingApproval);
    assert_eq!(
        office.store.task(&submission.entry.plan.task_id).unwrap().state,
        TaskState::Planned
    );
    // What is past that is not.
    let changed = plan(&[("/payload/estimated_duration", "\"3h\"")]);
    refused(office.submit(&task(&[]), &changed, 3), "a changed plan is another one");
    // The same again changes nothing.
    let again = office.submit(&task(&[]), &plan(&[]), 4).unwrap();
    assert_eq!(again.entry, submission.entry);
}

#[test]
fn a_plan_of_another_task_is_not_recorded() {
    let office = Office::new();
    let other = plan(&[("/task_id", "\"00000000-0000-0000-0000-000000000000\"")]);
    refused(office.submit(&task(&[]), &other, 0), "is for another task than 770e8400");
    assert!(office.store.plans(10).unwrap().is_empty());
    // Nobody gives a task another creator, who could then not approve it.
    let office = waiting(&[]);
    let theirs = task(&[("/created_by", "\"mallory\"")]);
    refused(office.submit(&theirs, &plan(&[]), 1), "another creator");
}

#[test]
fn who_may_approve() {
    let office = waiting(&[]);
    refused(office.approve("alice", "Intern", 1), "`alice` approved as `Intern`, which may not");
    refused(office.approve("user-456", "SRELead", 1), "`user-456` asked for it");
    refused(office.approve("policy:x", "SRELead", 1), "is no person");
    refused(office.approve("Policy:x", "SRELead", 1), "is no person");
    refused(office.approve("USER-456", "SRELead", 1), "`USER-456` asked for it");
    let spaced = waiting(&[("/created_by", "\" User-456 \"")]);
    refused(spaced.approve("user-456", "SRELead", 1), "`user-456` asked for it");
    for name in ["alice ", " alice", "al\u{200b}ice", "al\u{202e}ice", "a\tb", "\u{a0}alice"] {
        refused(office.approve(name, "SRELead", 1), "is no name of a person");
    }
    let office = waiting(&[("/execution_policy/allowed_approver_roles", "null")]);
    assert_eq!(office.approve("alice", "Intern", 1).unwrap().given, 1);
    // Where the task and its specification name roles, a role must be in both.
    let both = (
        "/task_spec/execution_policy",
        r#"{"mode": "full_auto", "allowed_approver_roles": ["PlatformLead"]}"#,
    );
    let office = waiting(&[both]);
    refused(office.approve("alice", "SRELead", 1), "may not approve");
    office.approve("alice", "PlatformLead", 1).unwrap();
}

#[test]
fn two_distinct_people_where_two_are_needed() {
    for change in [
        ("/execution_policy/require_two_approvers", "true"),
        ("/task_spec/execution_policy", r#"{"mode": "full_auto", "require_two_approvers": true}"#),
        ("/task_spec/risk_level", "\"critical\""),
    ] {
        let office = waiting(&[change]);
        let first = office.approve("alice", "SRELead", 1).unwrap();
        assert_eq!((first.given, first.needed), (1, 2), "{change:?}");
        assert_eq!(first.entry.state, PlanState::AwaitingApproval);
        refused(office.approve("alice", "PlatformLead", 2), "`alice` has approved");
        refused(office.approve("Alice", "SRELead", 2), "`Alice` has approved");
        refused(office.execute(2), "not approved");
        let second = office.approve("bob", "SRELead", 3).unwrap();
        assert_eq!((second.given, second.entry.state), (2, PlanState::Approved));
        assert_eq!(office.execute(4).unwrap().approvals.len(), 2);
    }
}

#[test]
fn the_first_of_two_may_expire_before_the_second_is_given() {
    let office = waiting(&[("/execution_policy/require_two_approvers", "true")]);
    office.approve("alice", "SRELead", 0).unwrap();
    let day = 24 * 60;
    let second = office.approve("bob", "SRELead", day).unwrap();
    assert_eq!((second.given, second.entry.state), (1, PlanState::AwaitingApproval));
    let again = office.approve("alice", "SRELead", day + 1).unwrap();
    assert_eq!((again.given, again.entry.state), (2, PlanState::Approved));
}

#[test]
fn an_approval_is_bound_to_what_the_tools_of_its_plan_are() {
    let tools = |text: &str| Config::parse(text).unwrap().tools;
    let said = "[tools.upgrade_image]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\n\
                inverse = \"restore_image\"\nparams = { argv = [\"upgrade\"] }\n\
                [tools.restore_image]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\n\
                params = { argv = [\"restore\"] }\n";
    let approved = || {
        let mut office = Office::new();
        office.config.tools = tools(said);
        office.submit(&task(&[]), &plan(&[]), 0).unwrap();
        office.approve("alice", "SRELead", 1).unwrap();
        office
    };
    for (old, new) in [
        ("argv = [\"upgrade\"]", "argv = [\"upgrade\", \"--force\"]"),
        ("argv = [\"restore\"]", "argv = [\"true\"]"),
        ("op = \"compute.exec\"", "op = \"compute.http\""),
        (
            "\nparams = { argv = [\"upgrade\"]",
            "\nscope = { platforms = [\"aws\", \"azure\", \"gcp\"] }\nparams = { argv = [\"upgrade\"]",
        ),
        ("inverse = \"restore_image\"", "inverse = \"upgrade_image\""),
    ] {
        let mut office = approved();
        let changed = said.replacen(old, new, 1);
        assert_ne!(changed, said);
        office.config.tools = tools(&changed);
        let clause = sent_back(&office, 2, "a tool of the plan has changed in `lorch.toml`");
        assert!(matches!(clause, Clause::Tools { .. }), "{clause:?}");
        office.approve("alice", "SRELead", 3).unwrap();
        office.execute(4).unwrap();
    }
    // How fast they are used, and what else there is, is not what was approved.
    let mut office = approved();
    let slower = said.replace("params", "timeout_s = 7\nmax_parallel = 2\nparams");
    let more = "[tools.other]\nop = \"compute.exec\"\nrisk = \"read_only\"\n";
    office.config.tools = tools(&format!("{slower}{more}"));
    office.execute(2).unwrap();
    // Nor does an approval hold of which nobody knows what it was bound to.
    let office = approved();
    office.sql().execute("UPDATE approvals SET tools_digest = NULL", []).unwrap();
    sent_back(&office, 2, "a tool of the plan has changed");
}

#[test]
fn an_approval_holds_for_a_day_at_most() {
    let office = waiting(&[]);
    let desk = office.desk();
    let for_minutes = |minutes: u64| {
        let mut request = office.request("alice", "SRELead");
        request.valid_for = Some(Duration::from_secs(minutes * 60));
        approve(&desk, &plan_id(), &request, at(0))
    };
    refused(for_minutes(24 * 60 + 1), "for 1440 minutes at most");
    refused(for_minutes(0), "at least one");
    assert_eq!(for_minutes(10).unwrap().expires_at, at(10));
    sent_back(&office, 10, "the approval of `alice` expired at");
    office.approve("alice", "SRELead", 20).unwrap();
    office.execute(19 + 24 * 60).unwrap();
    // A clock that was set back lets nothing through.
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 50).unwrap();
    sent_back(&office, 48, "has not come yet");
}

#[test]
fn in_an_emergency_one_answers_for_it_within_the_hour() {
    let office = waiting(&[("/execution_policy/require_two_approvers", "true")]);
    let desk = office.desk();
    let ask = |request| approve(&desk, &plan_id(), &request, at(0));
    let request = || office.request("alice", "SRELead");
    refused(ask(break_glass(61, request())), "for 60 minutes at most");
    let mut silent = break_glass(30, request());
    silent.break_glass.as_mut().unwrap().justification = " ".to_owned();
    refused(ask(silent), "the justification is empty");
    let mut silent = break_glass(30, request());
    silent.break_glass.as_mut().unwrap().incident_id = "".into();
    refused(ask(silent), "the incident id is empty");
    // Neither the role nor the rule of one's own task is broken with it.
    refused(ask(break_glass(30, office.request("alice", "Intern"))), "may not approve");
    refused(ask(break_glass(30, office.request("user-456", "SRELead"))), "asked for it");
    let approved = ask(break_glass(30, request())).unwrap();
    assert_eq!((approved.given, approved.needed), (1, 1));
    assert_eq!(approved.expires_at, at(30));
    let log = office.store.plan_audit(&plan_id()).unwrap();
    let details = log.last().unwrap().entry.get("details").unwrap();
    assert_eq!(details.get("incident_id").and_then(Value::as_str), Some("INC-7"));
    sent_back(&office, 30, "expired");
}

#[test]
fn a_plan_is_refused_with_a_reason() {
    let office = waiting(&[]);
    let desk = office.desk();
    let by = "bob".parse().unwrap();
    refused(reject(&desk, &plan_id(), &by, " ", at(1)), "the reason is empty");
    let entry = reject(&desk, &plan_id(), &by, "not on a Friday", at(1)).unwrap();
    assert_eq!(
        (entry.state, entry.reason.as_deref()),
        (PlanState::Rejected, Some("not on a Friday"))
    );
    refused(
        office.approve("alice", "SRELead", 2),
        "a plan that is rejected cannot become approved",
    );
    refused(office.submit(&task(&[]), &plan(&[]), 3), "that is rejected cannot become awaiting");
}

#[test]
fn a_newer_plan_takes_the_place_of_the_old() {
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    let other = plan(&[("/id", "\"880e8400-e29b-41d4-a716-446655440002\"")]);
    // One that does not pass takes no place.
    let bad = crate::drift::with(&other, "/payload/risk_assessment", "null");
    assert!(office.submit(&task(&[]), &bad, 2).unwrap().superseded.is_empty());
    assert_eq!(office.state(), PlanState::Approved);
    let submission = office.submit(&task(&[]), &other, 3).unwrap();
    assert_eq!(submission.superseded, [plan_id()]);
    let old = office.store.plan(&plan_id()).unwrap();
    assert_eq!(old.state, PlanState::Superseded);
    assert_eq!(old.superseded_by, Some(submission.entry.plan.id));
    assert!(office.desk().open_approvals(&plan_id()).unwrap().is_empty());
    refused(office.execute(4), "is superseded, not approved");
    // Not while it is carried out.
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    office.execute(2).unwrap();
    refused(office.submit(&task(&[]), &other, 3), "is being carried out");
}

/// Checks that a plan awaits approval again as its task demands something else, its approvals withdrawn.
#[track_caller]
fn waits_again(office: &Office, submission: &Submission) {
    assert_eq!(submission.change, Change::Task);
    let entry = office.store.plan(&plan_id()).unwrap();
    assert_eq!(entry.state, PlanState::AwaitingApproval);
    assert_eq!(entry.reason.as_deref(), Some(TASK_CHANGED));
    assert!(office.desk().open_approvals(&plan_id()).unwrap().is_empty());
}

#[test]
fn what_an_approval_was_bound_to_must_still_be_so() {
    // The task demands something else.
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    let other = task(&[("/task_spec/constraints/max_batch_percent", "24")]);
    waits_again(&office, &office.submit(&other, &plan(&[]), 2).unwrap());
    refused(office.execute(3), "is awaiting_approval, not approved");
    office.approve("alice", "SRELead", 3).unwrap();
    office.execute(4).unwrap();
    // A plan that does not pass changes nothing, the task neither.
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    let (stricter, bad) = (task(&[("/task_spec/constraints/max_batch_percent", "10")]), plan(&[]));
    assert!(!office.submit(&stricter, &bad, 2).unwrap().judgement.validation.safety_valid());
    office.execute(3).unwrap();
    // A tool is no longer there.
    let mut office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    office.config.tools = lorch_backends::config::Tools::default();
    sent_back(&office, 2, "a tool of the plan has changed");
    refused(office.approve("alice", "SRELead", 3), "the plan no longer passes");
    // A role that approved may no longer.
    let office = waiting(&[]);
    office.approve("alice", "SRELead", 1).unwrap();
    let roles = ("/execution_policy/allowed_approver_roles", "[\"PlatformLead\"]");
    waits_again(&office, &office.submit(&task(&[roles]), &plan(&[]), 2).unwrap());
    refused(office.approve("alice", "SRELead", 3), "`SRELead`, which may not approve");
}

#[test]
fn a_pack_that_changes_ends_the_approvals_that_it_allowed() {
    let mut office = Office::new();
    let own = office.policies_folder().join("mine");
    let rego = "package mine\n\ndefault allow := false\n\nallow if not input.forbidden\n\n\
        deny contains \"no\" if input.forbidden\n";
    let case = |forbidden: bool| {
        format!(
            "{{\"plan\": {}, \"task\": {}, \"forbidden\": {forbidden}}}",
            document("plan.json"),
            document("task.json")
        )
    };
    for (must, forbidden) in [("deny", true), ("allow", false)] {
        fs::create_dir_all(own.join(must)).unwrap();
        fs::write(own.join(must).join("a.json"), case(forbidden)).unwrap();
    }
    fs::write(own.join("policy.rego"), rego).unwrap();
    let task = task(&[("/task_spec/validation/policies", "[\"mine\"]")]);
    office.submit(&task, &plan(&[]), 0).unwrap();
    office.approve("alice", "SRELead", 1).unwrap();
    fs::write(own.join("policy.rego"), format!("{rego}\n# more\n")).unwrap();
    office.read_policies_again();
    sent_back(&office, 2, "the policy `mine` has changed since `alice` approved");
    office.approve("alice", "SRELead", 3).unwrap();
    fs::remove_dir_all(&own).unwrap();
    office.read_policies_again();
    sent_back(&office, 4, "the policy `mine` has changed");
    refused(office.approve("alice", "SRELead", 5), "the policy `mine` denies: there is no pack");
}

#[test]
fn where_no_person_is_needed_policy_approves() {
    let office = Office::new();
    let (task, plan) = in_staging();
    let submission = office.submit(&task, &plan, 0).unwrap();
    assert_eq!(submission.entry.state, PlanState::Approved, "{:?}", submission.judgement);
    let approvals = office.desk().open_approvals(&plan_id()).unwrap();
    assert!(approvals[0].approver.as_str().starts_with("policy:sha256:"));
    office.execute(1).unwrap();
    refused(office.execute(2), "is being carried out");
    office.sql().execute("UPDATE plan_runs SET state = 'completed'", []).unwrap();
    sent_back(&office, 2, "not used");
    assert_eq!(office.submit(&task, &plan, 3).unwrap().entry.state, PlanState::Approved);
    office.execute(4).unwrap();
    // What needs a person is not carried out by the word of a policy.
    for (change, new) in [
        ("/task_spec/hitl_required", "true"),
        ("/task_spec/risk_level", "\"critical\""),
        ("/execution_policy/mode", "\"plan_only\""),
        ("/task_spec/context/environment", "\"production\""),
    ] {
        let office = Office::new();
        let task = crate::drift::with(&task, change, new);
        let submission = office.submit(&task, &plan, 0).unwrap();
        assert_ne!(submission.entry.state, PlanState::Approved, "{change}");
    }
}

/// Points and reason of a part of the score of a plan in an office.
fn part(office: &Office, task: &Value, plan: &Value, name: &str) -> (usize, String) {
    let task: Task = from_value(task).unwrap();
    let plan: Plan = from_value(plan).unwrap();
    let contract = Contract::of(&task).unwrap();
    let judgement = office.desk().judge(Entry::Admit, &plan, contract, &[]).unwrap();
    let parts = judgement.validation.score.parts;
    let part = parts.into_iter().find(|part| part.name == name).unwrap();
    (part.points, part.reason)
}

#[test]
fn earlier_runs_of_the_same_kind_in_the_same_place_speak_for_a_plan() {
    let office = waiting(&[]);
    let check = |changes: &[(&str, &str)], points: usize, reason: &str| {
        let found = part(&office, &task(changes), &plan(&[]), "history");
        assert_eq!(found, (points, reason.to_owned()));
    };
    let ended = |state: &str| {
        let sql = format!("UPDATE plan_runs SET state = '{state}' WHERE state = 'queued'");
        office.sql().execute_batch(&sql).unwrap();
    };
    let run = |minutes: u64| {
        office.approve("alice", "SRELead", minutes).unwrap();
        office.execute(minutes + 1).unwrap();
    };
    check(&[], 0, "no plan of this kind has run in production yet");
    run(1);
    check(&[], 0, "no plan of this kind has run in production yet");
    ended("completed");
    check(&[], 20, "1 of 1 run of this kind in production completed");
    for (minutes, state) in [(10, "rolled_back"), (20, "failed")] {
        let error = office.execute(minutes - 1).unwrap_err();
        assert!(matches!(error, PlanError::SentBack { .. }), "{error}");
        run(minutes);
        ended(state);
    }
    check(&[], 6, "1 of 3 runs of this kind in production completed");
    let elsewhere = [("/task_spec/context/environment", "\"staging\"")];
    check(&elsewhere, 0, "no plan of this kind has run in staging yet");
}

#[test]
fn who_approved_it_as_it_stands_is_counted() {
    let office = waiting(&[("/execution_policy/require_two_approvers", "true")]);
    let two = [("/execution_policy/require_two_approvers", "true")];
    let check = |plan: &Value, points: usize, reason: &str| {
        assert_eq!(part(&office, &task(&two), plan, "review"), (points, reason.to_owned()));
    };
    let same = plan(&[]);
    check(&same, 0, "approved as it stands by 0 of 2 people");
    office.approve("alice", "SRELead", 1).unwrap();
    check(&same, 10, "approved as it stands by 1 of 2 people");
    office.approve("bob", "SRELead", 2).unwrap();
    check(&same, 20, "approved as it stands by 2 of 2 people");
    // Another plan under its id, or for another task, is not what they approved.
    check(
        &plan(&[("/payload/estimated_duration", "\"3h\"")]),
        0,
        "approved as it stands by 0 of 2 people",
    );
    let other = task(&[two[0], ("/task_spec/risk_level", "\"critical\"")]);
    assert_eq!(part(&office, &other, &same, "review").0, 0);
    // To carry it out uses the approvals up; they were given all the same.
    office.execute(3).unwrap();
    check(&same, 20, "approved as it stands by 2 of 2 people");

    let office = Office::new();
    let (task, plan) = in_staging();
    assert_eq!(office.submit(&task, &plan, 0).unwrap().entry.state, PlanState::Approved);
    let by_policy = part(&office, &task, &plan, "review");
    assert_eq!(by_policy, (0, "approved as it stands by 0 of 1 person".to_owned()));
}

#[test]
fn plans_are_submitted_at_once() {
    for round in 0..6 {
        let office = Office::new();
        let id = |number: usize| format!("880e8400-e29b-41d4-a716-44665544{number:04}");
        let plans: Vec<Value> =
            (0..6).map(|number| plan(&[("/id", &format!("\"{}\"", id(number / 2)))])).collect();
        let states: Vec<PlanState> = std::thread::scope(|scope| {
            let office = &office;
            let submit = |plan| scope.spawn(move || office.submit(&task(&[]), plan, 0));
            let threads: Vec<_> = plans.iter().map(submit).collect();
            let submitted = threads.into_iter().map(|thread| thread.join().unwrap());
            // One that is superseded already by the time it is submitted once more stays so.
            submitted.filter_map(Result::ok).map(|it| it.entry.state).collect()
        });
        assert!(states.len() >= 3, "round {round}: {states:?}");
        assert!(states.iter().all(|it| *it == PlanState::AwaitingApproval), "{states:?}");
        let mut all: Vec<PlanState> = (0..3)
            .map(|number| office.store.plan(&id(number).parse().unwrap()).unwrap().state)
            .collect();
        all.sort();
        use PlanState::{AwaitingApproval, Superseded};
        assert_eq!(all, [AwaitingApproval, Superseded, Superseded], "round {round}");
    }
}

#[test]
fn people_decide_at_once() {
    for round in 0..6 {
        let office = waiting(&[("/execution_policy/require_two_approvers", "true")]);
        let desk = office.desk();
        let requests = [office.request("alice", "SRELead"), office.request("bob", "SRELead")];
        let approved: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = requests
                .iter()
                .map(|request| scope.spawn(move || approve(&desk, &plan_id(), request, at(1))))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap().given).collect()
        });
        assert!(approved == [1, 2] || approved == [2, 1], "{approved:?} in round {round}");
        assert_eq!(office.state(), PlanState::Approved);
        // One approves and one refuses: whoever is first.
        let office = waiting(&[]);
        let (desk, request) = (office.desk(), office.request("alice", "SRELead"));
        let (approval, refusal) = std::thread::scope(|scope| {
            let approving = scope.spawn(|| approve(&desk, &plan_id(), &request, at(1)));
            let by = "bob".parse().unwrap();
            let refusal = reject(&desk, &plan_id(), &by, "no", at(1));
            (approving.join().unwrap(), refusal)
        });
        assert_ne!(approval.is_ok(), refusal.is_ok(), "in round {round}");
        let expected = if approval.is_ok() { PlanState::Approved } else { PlanState::Rejected };
        assert_eq!(office.state(), expected);
        // Two that would carry it out: one does.
        if approval.is_ok() {
            let runs =
                ["99000000-0000-0000-0000-000000000001", "99000000-0000-0000-0000-000000000002"];
            let permits = std::thread::scope(|scope| {
                let carry = |run: &'static str| {
                    let by = "carol".parse().unwrap();
                    lorch_plans::execute(&desk, &plan_id(), &by, run.parse().unwrap(), at(2))
                };
                let threads = runs.map(|run| scope.spawn(move || carry(run)));
                threads.map(|thread| thread.join().unwrap()).iter().filter(|it| it.is_ok()).count()
            });
            assert_eq!(permits, 1, "in round {round}");
            assert_eq!(office.store.plan_runs(&plan_id()).unwrap().len(), 1);
        }
    }
}

#[test]
fn an_approval_that_came_beside_another_decision_counts() {
    let office = Office::new();
    let two = [("/execution_policy/require_two_approvers", "true")];
    office.submit(&task(&two), &plan(&[]), 0).unwrap();
    // It took until the minute after to be decided, and the other one began a minute before.
    office.approve("alice", "SRELead", 2).unwrap();
    let approved = office.approve("bob", "SRELead", 1).unwrap();
    assert_eq!((approved.given, approved.needed), (2, 2));
    assert_eq!(office.state(), PlanState::Approved);
    office.execute(1).unwrap();
}
