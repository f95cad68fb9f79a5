//! Runs through troubles of any kind and order.

use std::sync::atomic::Ordering;

use lorch_plans::{RunEnding, Stopped};
use lorch_store::{CommandKind, StoreError};
use lorch_types::plan::{AuditEntry, AuditEvent, RunState};
use proptest::prelude::*;

use crate::desk::Desk;
use crate::field::Field;
use crate::office::at;

/// What happens in a run that nobody has thought of.
#[derive(Clone, Debug)]
struct Troubles {
    /// Before how many acts somebody wants something.
    commands: Vec<(usize, CommandKind)>,
    /// Before how many acts this process is to stop.
    stops: Vec<usize>,
    /// After how many acts the assets become ill or well.
    health: Vec<(usize, Option<u16>)>,
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
    (
        prop::collection::vec((act(), kind()), 0..3),
        prop::collection::vec(act(), 0..4),
        prop::collection::vec((act(), health), 0..3),
        prop::collection::vec(failing, 0..2),
        prop::collection::vec(answer, 1..5),
        prop_oneof![Just(1), 2..7_u16],
    )
        .prop_map(|(commands, stops, health, failing, answers, parallel)| Troubles {
            commands,
            stops,
            health,
            failing,
            answers,
            parallel,
        })
}

/// Goes on with a run through all its troubles, and says how it ended.
fn through(troubles: &Troubles, desk: &Desk, field: &Field<'_>) -> Stopped {
    let mut answers = troubles.answers.iter();
    for _ in 0..100 {
        field.stop.store(false, Ordering::Relaxed);
        match desk.go(field).unwrap() {
            Stopped::Interrupted => {}
            Stopped::Paused(_) => {
                let answer = answers.next().copied().unwrap_or(CommandKind::Cancel);
                desk.command(answer);
            }
            ended @ Stopped::Ended(_) => return ended,
        }
    }
    panic!("it never ends: {troubles:?}")
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
        let mut desk = Desk::new();
        desk.parallel = troubles.parallel;
        let desk = desk;
        let failing: Vec<&str> = troubles.failing.iter().map(String::as_str).collect();
        let mut field = Field::failing(&failing);
        let (stop, health) = (field.stop.clone(), field.health.clone());
        let (this, those) = (&desk, troubles.clone());
        field.meanwhile = Box::new(move |_, count| {
            for (_, kind) in those.commands.iter().filter(|(at, _)| *at == count) {
                this.command(*kind);
            }
            if those.stops.contains(&count) {
                stop.store(true, Ordering::Relaxed);
            }
            for (_, status) in those.health.iter().filter(|(at, _)| *at == count) {
                *health.lock().unwrap() = *status;
            }
        });
        let ended = through(&troubles, &desk, &field);
        let (forward, undone) = (field.assets("forward"), field.assets("rollback"));
        prop_assert_eq!(field.keys().0, usize::from(!forward.is_empty()));
        prop_assert!(field.most() <= usize::from(troubles.parallel));
        prop_assert!(undone.iter().all(|asset| forward.contains(asset)));
        if troubles.parallel == 1 {
            let newest_first: Vec<&String> =
                forward.iter().rev().filter(|asset| undone.contains(asset)).collect();
            prop_assert_eq!(undone.iter().collect::<Vec<_>>(), newest_first);
        }
        check_phases(&desk);
        let state = desk.state();
        match ended {
            Stopped::Ended(RunEnding::Completed) => {
                prop_assert_eq!(state, RunState::Completed);
                prop_assert_eq!((forward.len(), undone.len()), (47, 0));
            }
            Stopped::Ended(RunEnding::RolledBack) => {
                prop_assert_eq!(state, RunState::RolledBack);
                prop_assert_eq!(undone.len(), forward.len());
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
