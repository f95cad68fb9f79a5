//! Runs through troubles of any kind and order.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lorch_plans::{
    Course, Machine, Next, PauseReason, RunEnding, RunError, Stopped, Terms, run_document,
};
use lorch_store::{CommandKind, StoreError};
use lorch_types::json::from_value;
use lorch_types::plan::{AuditEntry, AuditEvent, ExecutionMode, Metrics, RunState};
use lorch_types::{NaturalInteger, SmolStr};
use proptest::prelude::*;

use crate::desk::Desk;
use crate::field::Field;
use crate::office::{at, plan};

/// When something may be done; the tests begin at 04:42.
const WINDOW: &str = r#"{"start": "04:00", "end": "12:00", "timezone": "UTC"}"#;
/// From within the window to after its end, and from there into that of the next day.
const CLOSES: i64 = 8 * 60;
const OPENS: i64 = 16 * 60;

/// What happens in a run that nobody has thought of.
#[derive(Clone, Debug)]
struct Troubles {
    /// Before how many acts somebody wants something.
    commands: Vec<(usize, CommandKind)>,
    /// Before how many acts this process is to stop.
    stops: Vec<usize>,
    /// After how many acts the assets become ill or well.
    health: Vec<(usize, Option<u16>)>,
    /// Before how many acts another process takes this one for dead.
    thefts: Vec<usize>,
    /// How many acts come before one in which the backend panics.
    panics: Vec<usize>,
    /// Before how many acts the maintenance window closes.
    closings: Vec<usize>,
    failing: Vec<String>,
    /// What somebody wants each time that the run waits.
    answers: Vec<CommandKind>,
    /// How many assets of a phase are acted on at the same time.
    parallel: u16,
}

fn troubles() -> impl Strategy<Value = Troubles> {
    let act = || 0..60_usize;
    let kind = || {
        prop_oneof![
            3 => Just(CommandKind::Pause),
            2 => Just(CommandKind::Resume),
            1 => Just(CommandKind::Rollback),
            1 => Just(CommandKind::Cancel),
        ]
    };
    let health = prop_oneof![2 => Just(Some(200)), 1 => Just(Some(503)), 1 => Just(None)];
    let failing = (prop::bool::weighted(0.7), 1..48_usize).prop_map(|(is_forward, number)| {
        format!("{} asset-{number}", if is_forward { "forward" } else { "rollback" })
    });
    let answer = prop_oneof![
        5 => Just(CommandKind::Resume),
        2 => Just(CommandKind::Rollback),
        1 => Just(CommandKind::Cancel),
    ];
    let disturbances = (
        prop::collection::vec((act(), kind()), 0..3),
        prop::collection::vec(act(), 0..4),
        prop::collection::vec((act(), health), 0..3),
        prop::collection::vec(act(), 0..3),
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(act(), 1)],
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(act(), 1)],
    );
    let answers = prop::collection::vec(answer, 1..5);
    let parallel = prop_oneof![Just(1), 2..7_u16];
    (disturbances, prop::collection::vec(failing, 0..2), answers, parallel).prop_map(
        |((commands, stops, health, thefts, panics, closings), failing, answers, parallel)| {
            Troubles {
                commands,
                stops,
                health,
                thefts,
                panics,
                closings,
                failing,
                answers,
                parallel,
            }
        },
    )
}

/// Goes on with a run through all its troubles, and says how it ended.
fn through(troubles: &Troubles, desk: &Desk, field: &Field<'_>) -> Stopped {
    let mut answers = troubles.answers.iter();
    let mut heard = Vec::new();
    for _ in 0..100 {
        field.stop.store(false, Ordering::Relaxed);
        let stopped = desk.go_until(field, &mut |entry| heard.push(entry.clone()));
        assert_eq!(heard, desk.log(), "what is heard is what is recorded");
        let stopped = match stopped {
            Err(RunError::Store(StoreError::PlanRunLost { .. })) => Stopped::Interrupted,
            stopped => stopped.unwrap(),
        };
        check_folded(desk, &heard, &stopped);
        match stopped {
            Stopped::Interrupted => {}
            Stopped::Paused(PauseReason::MaintenanceWindow) => desk.clock.jump(OPENS),
            Stopped::Paused(_) => {
                let answer = answers.next().copied().unwrap_or(CommandKind::Cancel);
                desk.command(answer);
            }
            ended @ Stopped::Ended(_) => return ended,
        }
    }
    panic!("it never ends: {troubles:?}")
}

/// The log alone says where a run is, and what is counted of it.
fn check_folded(desk: &Desk, log: &[AuditEntry], stopped: &Stopped) {
    let terms = Terms {
        mode: ExecutionMode::FullAuto,
        timeout_minutes: 30,
        rollback_trigger: Some(SmolStr::new("error_rate > 1%")),
        window: Some(from_value(&crate::drift::value(WINDOW)).unwrap()),
    };
    let plan = from_value(&plan(&[])).unwrap();
    let course = Course::of(&plan, terms, &Metrics::built_in()).unwrap();
    let mut machine = Machine::new(course.into());
    log.iter().for_each(|entry| machine.apply(entry).unwrap());
    let run = desk.office.store.plan_run(&desk.run_id).unwrap();
    assert_eq!(machine.run_state(), run.entry.state);
    match (stopped, machine.next()) {
        (Stopped::Ended(ending), Next::End(folded)) => assert_eq!(*ending, folded),
        (Stopped::Paused(reason), Next::Hold { reason: folded, .. }) => assert_eq!(*reason, folded),
        (Stopped::Interrupted, next) => assert!(!matches!(next, Next::End(_)), "{next:?}"),
        (stopped, next) => panic!("{stopped:?}, but {next:?}"),
    }
    // Nothing is left of which it is not known whether it was acted on, where anything but acts comes next.
    assert!(
        run.acting.is_empty() || matches!(machine.next(), Next::Act { .. } | Next::RollBack(_))
    );
    let (counts, metrics) = (machine.counts(), run_document(&run, log).metrics.unwrap());
    let said = [
        (metrics.assets_changed, counts.changed),
        (metrics.assets_failed, counts.failed),
        (metrics.assets_skipped, counts.skipped),
        (metrics.rollback_assets, counts.undone),
        (metrics.health_check_failures, counts.checks_failed),
    ];
    for (said, counted) in said {
        assert_eq!(said.map(NaturalInteger::get), u64::try_from(counted).ok());
    }
}

/// Looks at each act while it is under way: it is recorded, the run has not ended and does not wait, and
/// what is undone is done by then.
#[derive(Default)]
struct Watchman {
    forward: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Watchman {
    fn look(&self, desk: &Desk, act: &str, meanwhile: impl FnOnce()) {
        let run = desk.office.store.plan_run(&desk.run_id).unwrap();
        let (direction, asset) = act.split_once(' ').unwrap();
        let is_recorded = run.acting.iter().any(|it| it.as_str() == asset);
        let is_forward = direction == "forward";
        let under_way = self.forward.fetch_add(usize::from(is_forward), Ordering::SeqCst);
        if !is_recorded || run.entry.state != RunState::Executing || (!is_forward && under_way > 0)
        {
            let state = run.entry.state;
            let wrong =
                format!("{act} while {under_way} are under way, {state:?} {:?}", run.acting);
            self.wrong.lock().unwrap().push(wrong);
        }
        meanwhile();
        self.forward.fetch_sub(usize::from(is_forward), Ordering::SeqCst);
    }
}

/// Phases are acted on one after another, and undone in the other direction.
fn check_phases(desk: &Desk) {
    let phases = ["Canary", "Wave1", "Wave2", "Wave3", "Wave4"];
    let of = |entry: &AuditEntry| {
        entry.asset_id.as_ref()?;
        let phase = entry.phase.as_ref()?;
        let is_undone = entry.details.as_ref().is_some_and(|it| it.contains_key("direction"));
        Some((phases.iter().position(|it| *it == phase.as_str()).unwrap(), is_undone))
    };
    let (undone, done): (Vec<_>, Vec<_>) =
        desk.log().iter().filter_map(of).partition(|(_, is_undone)| *is_undone);
    assert!(done.is_sorted(), "{done:?}");
    assert!(undone.iter().rev().is_sorted(), "{undone:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever happens, and whoever wants what when: nothing is done twice to an asset, what is undone
    /// was done and the newest first, and what a run says of itself is so.
    #[test]
    fn whatever_happens_nothing_is_done_twice_and_what_a_run_says_is_so(troubles in troubles()) {
        let mut desk = Desk::with(&[("/task_spec/constraints/maintenance_window", WINDOW)], &[]);
        desk.parallel = troubles.parallel;
        let desk = desk;
        let watchman = Watchman::default();
        let failing: Vec<&str> = troubles.failing.iter().map(String::as_str).collect();
        let mut field = Field::failing(&failing);
        let (stop, health) = (field.stop.clone(), field.health.clone());
        let (this, those, watchman) = (&desk, &troubles, &watchman);
        field.meanwhile = Box::new(move |act, count| {
            watchman.look(this, act, || {
                for (_, kind) in those.commands.iter().filter(|(at, _)| *at == count) {
                    this.command(*kind);
                }
                if those.stops.contains(&count) {
                    stop.store(true, Ordering::Relaxed);
                }
                for (_, status) in those.health.iter().filter(|(at, _)| *at == count) {
                    *health.lock().unwrap() = *status;
                }
                if those.closings.contains(&count) {
                    this.clock.jump(CLOSES);
                }
                if those.thefts.contains(&count) {
                    this.steal();
                }
            });
            if those.panics.contains(&count) {
                resume_unwind(Box::new("it is broken"));
            }
        });
        let ended = through(&troubles, &desk, &field);
        prop_assert_eq!(watchman.wrong.lock().unwrap().clone(), Vec::<String>::new());
        let (forward, undone) = (field.assets("forward"), field.assets("rollback"));
        let set = |assets: &[String]| assets.iter().cloned().collect::<BTreeSet<String>>();
        let (done, back) = (set(&forward), set(&undone));
        // One key each; only what was under way when the lease was lost is asked for again.
        prop_assert_eq!(field.keys().1, done.len() + back.len());
        let again = forward.len() + undone.len() - done.len() - back.len();
        prop_assert!(again <= troubles.thefts.len() * usize::from(troubles.parallel));
        prop_assert!(back.is_subset(&done));
        prop_assert!(field.most() <= usize::from(troubles.parallel));
        if troubles.parallel == 1 && again == 0 {
            let newest_first: Vec<&String> =
                forward.iter().rev().filter(|asset| undone.contains(asset)).collect();
            prop_assert_eq!(undone.iter().collect::<Vec<_>>(), newest_first);
        }
        check_phases(&desk);
        let state = desk.state();
        match ended {
            Stopped::Ended(RunEnding::Completed) => {
                prop_assert_eq!(state, RunState::Completed);
                prop_assert_eq!((done.len(), back.len()), (47, 0));
            }
            Stopped::Ended(RunEnding::RolledBack) => {
                prop_assert_eq!(state, RunState::RolledBack);
                prop_assert_eq!(back, done);
            }
            Stopped::Ended(RunEnding::Failed(_)) => prop_assert_eq!(state, RunState::Failed),
            other => prop_assert!(false, "{:?}", other),
        }
        let changed = desk.count(AuditEvent::AssetChanged);
        prop_assert!(changed <= forward.len() + undone.len());
        let by = "dora".parse().unwrap();
        let late = desk.office.store.command_plan_run(&desk.run_id, CommandKind::Pause, &by, at(9));
        prop_assert!(matches!(late, Err(StoreError::PlanRunEnded { .. })), "{:?}", late);
    }
}
