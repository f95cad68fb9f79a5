//! State machines: the tables have the edges of the design and no other, and say what else is not.

use std::collections::BTreeSet;
use std::fmt::Debug;

use lorch_types::job::{AttemptEvent, AttemptStatus, StepEvent, StepStatus};
use lorch_types::json::{self, Value};
use lorch_types::machine::{Machine, Named};
use lorch_types::plan::{PlanEvent, PlanState, RunEvent, RunState, TaskEvent, TaskState};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks that the machine has exactly the edges of `expected` (`from -> to: event`, one a line), that
/// every other pair of states is refused by an error that names both, every other event likewise, and
/// that the states are written as they are named.
#[track_caller]
fn check<S, E>(machine: &Machine<S, E>, expected: &str)
where
    S: Named + Debug + Serialize + DeserializeOwned,
    E: Named + Debug,
{
    let written: BTreeSet<String> = expected.lines().map(|line| line.trim().to_owned()).collect();
    let show =
        |(from, by, to): &(S, E, S)| format!("{} -> {}: {}", from.name(), to.name(), by.name());
    assert_eq!(machine.edges.iter().map(show).collect::<BTreeSet<_>>(), written);
    assert_eq!(machine.edges.len(), written.len(), "an edge stands twice");
    for &from in machine.states {
        let edges = || machine.edges.iter().filter(move |(state, ..)| *state == from);
        for &to in machine.states {
            let expected = edges().find(|(.., target)| *target == to);
            match (machine.event(from, to), expected) {
                (Ok(event), Some((_, by, _))) => {
                    assert_eq!((event, machine.next(from, event)), (*by, Ok(to)));
                }
                (Err(error), None) => {
                    let text = error.to_string();
                    let named = format!("{} that is {} cannot", machine.subject, from.name());
                    assert!(text.contains(&named), "{text}");
                    assert!(text.contains(&format!("become {}", to.name())), "{text}");
                }
                (found, expected) => panic!("{from:?} to {to:?}: {found:?}, not {expected:?}"),
            }
        }
        for (_, event, _) in machine.edges {
            let expected = edges().find(|(_, by, _)| by == event).map(|(.., to)| *to);
            let found = machine.next(from, *event);
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{from:?} by {event:?}");
            if let Err(error) = found {
                let text = error.to_string();
                assert!(text.contains(&format!("does not accept `{}`", event.name())), "{text}");
            }
        }
        let value = json::to_value(&from).unwrap();
        assert_eq!(value, Value::from(from.name()));
        assert_eq!(json::from_value::<S>(&value).unwrap(), from);
    }
}

#[test]
fn a_task_is_parsed_and_planned_or_fails() {
    check(
        &TaskState::MACHINE,
        "created -> parsing: parse
         parsing -> planned: plan
         parsing -> failed: fail",
    );
}

#[test]
fn a_plan_goes_no_way_around_its_approval() {
    check(
        &PlanState::MACHINE,
        "draft -> validated: validate
         draft -> superseded: supersede
         validated -> draft: invalidate
         validated -> awaiting_approval: submit
         validated -> superseded: supersede
         awaiting_approval -> approved: approve
         awaiting_approval -> rejected: reject
         awaiting_approval -> superseded: supersede
         approved -> awaiting_approval: revoke
         approved -> superseded: supersede",
    );
}

#[test]
fn a_run_ends_completed_rolled_back_or_failed() {
    check(
        &RunState::MACHINE,
        "queued -> executing: start
         queued -> failed: cancel
         executing -> paused: pause
         executing -> completed: complete
         executing -> rolled_back: roll_back
         executing -> failed: fail
         paused -> executing: resume
         paused -> failed: fail",
    );
    let rolled_back =
        RunState::Paused.next(RunEvent::Resume).and_then(|state| state.next(RunEvent::RollBack));
    assert_eq!(rolled_back, Ok(RunState::RolledBack));
}

#[test]
fn a_step_is_resumed_where_it_did_not_end_well() {
    check(
        &StepStatus::MACHINE,
        "pending -> running: start
         pending -> failed: fail
         pending -> skipped: skip
         pending -> pending: resume
         running -> completed: complete
         running -> failed: fail
         running -> pending: resume
         completed -> completed: resume
         failed -> pending: resume
         skipped -> skipped: resume",
    );
}

#[test]
fn an_attempt_ends_once() {
    check(
        &AttemptStatus::MACHINE,
        "running -> completed: complete
         running -> failed: fail",
    );
}

#[test]
fn what_is_not_possible_is_said_with_what_is() {
    #[track_caller]
    fn says<T: Debug>(result: Result<T, lorch_types::machine::IllegalTransition>, text: &str) {
        assert_eq!(result.unwrap_err().to_string(), text);
    }
    says(
        PlanState::Draft.event_to(PlanState::Approved),
        "a plan that is draft cannot become approved; it can become validated or superseded",
    );
    says(
        PlanState::Draft.next(PlanEvent::Approve),
        "a plan that is draft does not accept `approve`, only `validate` and `supersede`",
    );
    says(
        PlanState::Validated.event_to(PlanState::Approved),
        "a plan that is validated cannot become approved; it can become draft, awaiting_approval \
         or superseded",
    );
    says(
        PlanState::Rejected.event_to(PlanState::Approved),
        "a plan that is rejected cannot become approved; it stays so",
    );
    says(
        TaskState::Planned.next(TaskEvent::Fail),
        "a task that is planned does not accept `fail`; it stays so",
    );
    says(
        StepStatus::Completed.next(StepEvent::Start),
        "a step that is completed does not accept `start`, only `resume`",
    );
    says(
        AttemptStatus::Failed.next(AttemptEvent::Complete),
        "an attempt that is failed does not accept `complete`; it stays so",
    );
}

#[test]
fn final_states_are_those_that_nothing_leaves() {
    fn finals<S: Named, E: Named>(machine: &Machine<S, E>) -> Vec<&'static str> {
        let finals = machine.states.iter().filter(|state| machine.is_final(**state));
        finals.map(|state| state.name()).collect()
    }
    assert_eq!(finals(&TaskState::MACHINE), ["planned", "failed"]);
    assert_eq!(finals(&PlanState::MACHINE), ["rejected", "superseded"]);
    assert_eq!(finals(&RunState::MACHINE), ["completed", "rolled_back", "failed"]);
    assert_eq!(finals(&StepStatus::MACHINE), ["completed", "skipped"]);
    assert_eq!(finals(&AttemptStatus::MACHINE), ["completed", "failed"]);
}
