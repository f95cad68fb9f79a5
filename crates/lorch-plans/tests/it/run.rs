//! Runs of the example's plan: what happens to its assets, and what is done about it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lorch_backends::config::{Config, Probe};
use lorch_plans::{
    Course, Machine, Next, PauseReason, RunError, Stopped, Terms, Timeline, run_document,
};
use lorch_store::{AuditRecord, Claim, CommandKind, Owner, Store, StoreError};
use lorch_types::SmolStr;
use lorch_types::diagnostic::{Format, Source};
use lorch_types::json::{from_value, to_value};
use lorch_types::plan::{
    AuditEntry, AuditEvent, ExecutionMode, Metric, Metrics, PlanState, RunState,
};

use crate::desk::{COMPLETED, Desk, ROLLED_BACK, assets, failed};
use crate::field::Field;
use crate::office::{at, plan};

#[test]
fn a_plan_whose_assets_are_well_is_completed_and_each_is_acted_on_once() {
    let desk = Desk::new();
    let field = Field::new();
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert_eq!(field.assets("forward"), assets(1, 47));
    assert_eq!(field.keys(), (1, 47));
    assert_eq!(desk.state(), RunState::Completed);
    assert_eq!(desk.count(AuditEvent::PhaseCompleted), 5);
    // 30 and 4 times 15 minutes were watched.
    let log = desk.log();
    let minutes = log.last().unwrap().timestamp.millis_since(log[0].timestamp) / 60_000;
    assert_eq!(minutes, 90);
    assert_eq!(desk.go(&field).unwrap(), COMPLETED, "nothing more happens");
    assert_eq!(field.acts().len(), 47);
}

#[test]
fn what_fails_is_undone_with_all_before_it_the_newest_first() {
    for (asset, undone) in [(1, assets(1, 1)), (5, assets(5, 1)), (17, assets(17, 1))] {
        let desk = Desk::new();
        let field = Field::failing(&[&format!("forward asset-{asset}")]);
        assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK, "{asset}");
        assert_eq!(field.assets("rollback"), undone);
        assert_eq!(field.assets("forward"), assets(1, asset), "nothing after it was touched");
        assert_eq!(desk.state(), RunState::RolledBack);
        assert_eq!(desk.count(AuditEvent::RollbackCompleted), 1);
    }
}

#[test]
fn a_rollback_that_is_not_complete_or_not_verified_fails() {
    let incomplete = failed("rollback_incomplete");
    let desk = Desk::new();
    let field = Field::failing(&["forward asset-3", "rollback asset-2"]);
    assert_eq!(desk.go(&field).unwrap(), incomplete);
    assert_eq!(field.assets("rollback"), assets(3, 1), "the others are undone all the same");
    let mut desk = Desk::new();
    let without = "[tools.upgrade_image]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\n";
    desk.config = Config::parse(without).unwrap();
    let field = Field::failing(&["forward asset-2"]);
    assert_eq!(desk.go(&field).unwrap(), incomplete, "nothing undoes it");
    for health in [None, Some(503)] {
        let desk = Desk::new();
        let field = Field::failing(&["forward asset-2"]);
        *field.health.lock().unwrap() = health;
        assert_eq!(desk.go(&field).unwrap(), incomplete, "{health:?}");
    }
}

#[test]
fn what_is_ill_or_unknown_pauses_and_a_pause_that_is_too_long_fails() {
    for (health, reason) in [
        (Some(503), PauseReason::HealthCheckFailed),
        (Some(404), PauseReason::HealthCheckFailed),
        (None, PauseReason::Inconclusive),
    ] {
        let mut desk = Desk::new();
        let field = Field::new();
        *field.health.lock().unwrap() = health;
        assert_eq!(desk.go(&field).unwrap(), Stopped::Paused(reason));
        assert_eq!(field.assets("forward"), assets(1, 5), "only the canary");
        assert_eq!(desk.state(), RunState::Paused);
        let tries =
            desk.log().iter().filter_map(|it| it.details.as_ref()?.get("tries")?.as_u64()).max();
        assert_eq!(tries, Some(3));
        desk.leave = false;
        let why = format!("the pause ({}) took too long", reason.as_str());
        assert_eq!(desk.go(&field).unwrap(), failed(&why));
        assert_eq!(field.acts().len(), 5);
    }
}

#[test]
fn a_paused_run_goes_on_is_undone_or_ends_as_a_person_says() {
    for (kind, ending, acts) in [
        (CommandKind::Resume, COMPLETED, 47),
        (CommandKind::Rollback, ROLLED_BACK, 10),
        (CommandKind::Cancel, failed("cancelled"), 5),
    ] {
        let desk = Desk::new();
        let field = Field::new();
        *field.health.lock().unwrap() = Some(503);
        desk.go(&field).unwrap();
        desk.command(CommandKind::Pause);
        desk.command(kind);
        *field.health.lock().unwrap() = Some(200);
        assert_eq!(desk.go(&field).unwrap(), ending, "{kind:?}");
        assert_eq!((field.acts().len(), field.keys()), (acts, (1, acts)));
        assert!(desk.office.store.plan_run_commands(&desk.run_id).unwrap().is_empty());
        let refused =
            desk.office.store.command_plan_run(&desk.run_id, kind, &"a".parse().unwrap(), at(4));
        assert!(matches!(refused, Err(StoreError::PlanRunEnded { .. })), "{refused:?}");
    }
}

#[test]
fn a_command_takes_effect_at_the_next_asset() {
    for (kind, stopped) in [
        (CommandKind::Pause, Stopped::Paused(PauseReason::Command)),
        (CommandKind::Rollback, ROLLED_BACK),
        (CommandKind::Cancel, failed("cancelled")),
    ] {
        for number in [0, 3, 4, 7] {
            let desk = Desk::new();
            let mut field = Field::new();
            field.meanwhile = Box::new(|_, count| {
                if count == number {
                    desk.command(kind);
                }
            });
            assert_eq!(desk.go(&field).unwrap(), stopped, "{kind:?} {number}");
            assert_eq!(field.assets("forward"), assets(1, number + 1), "{kind:?}");
            let undone = if kind == CommandKind::Rollback { number + 1 } else { 0 };
            assert_eq!(field.assets("rollback").len(), undone);
        }
    }
}

#[test]
fn a_command_that_comes_while_the_end_is_recorded_comes_first() {
    for (health, last, undone) in
        [(200, AuditEvent::PhaseCompleted, 47), (503, AuditEvent::RunPaused, 5)]
    {
        let mut desk = Desk::new();
        desk.leave = false;
        let (store, run_id) = (Store::open(desk.office.store.path()).unwrap(), desk.run_id.clone());
        let of_last = if health == 200 { 5 } else { 1 };
        let is_given = AtomicBool::new(false);
        let end = at(30);
        // Only entries are dated after the commands were looked at.
        let happens = move || {
            let log = store.plan_run_audit(&run_id, 0).unwrap();
            let is_last = |it: &&AuditRecord| it.entry.get("event") == Some(&last.as_str().into());
            if log.iter().filter(is_last).count() == of_last
                && !is_given.swap(true, Ordering::Relaxed)
            {
                store
                    .command_plan_run(&run_id, CommandKind::Rollback, &"dora".parse().unwrap(), end)
                    .unwrap();
            }
        };
        assert!(desk.clock.looked_at.set(Box::new(happens)).is_ok());
        let field = Field::new();
        *field.health.lock().unwrap() = Some(health);
        let mut heard = |entry: &AuditEntry| {
            if entry.event == AuditEvent::RollbackTriggered {
                *field.health.lock().unwrap() = Some(200);
            }
        };
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), ROLLED_BACK);
        assert_eq!(field.assets("rollback").len(), undone);
    }
}

#[test]
fn the_condition_is_watched_in_the_wait_and_in_a_pause() {
    for paused in [false, true] {
        let mut desk = Desk::new();
        desk.leave = false;
        let argv = vec!["measure".to_owned()];
        desk.probes.insert(Metric::ERROR_RATE, Probe::Program { argv });
        let field = Field::new();
        *field.measured.lock().unwrap() = Some("{\"part\": 0, \"whole\": 100}");
        *field.health.lock().unwrap() = Some(if paused { 503 } else { 200 });
        let mut heard = |entry: &AuditEntry| {
            let event = if paused { AuditEvent::RunPaused } else { AuditEvent::HealthCheckPassed };
            let is_verdict =
                entry.details.as_ref().is_some_and(|details| details.contains_key("verdict"));
            if entry.event == event && (paused || is_verdict) {
                *field.measured.lock().unwrap() = Some("{\"part\": 1, \"whole\": 100}");
                *field.health.lock().unwrap() = Some(200);
            }
            if entry.event == AuditEvent::RollbackTriggered {
                *field.measured.lock().unwrap() = Some("{\"part\": 0, \"whole\": 100}");
            }
        };
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), ROLLED_BACK, "{paused}");
        assert_eq!(field.assets("rollback"), assets(5, 1));
    }
}

#[test]
fn the_condition_is_watched_in_a_pause_between_two_phases() {
    // The tests begin at 04:42; the wait of the canary is half an hour.
    let window = r#"{"start": "04:00", "end": "05:00", "timezone": "UTC"}"#;
    let closing = [("/task_spec/constraints/maintenance_window", window)];
    for (task, reason) in [(&[][..], "command"), (&closing, "maintenance_window")] {
        let mut desk = Desk::with(task, &[]);
        desk.leave = false;
        let argv = vec!["measure".to_owned()];
        desk.probes.insert(Metric::ERROR_RATE, Probe::Program { argv });
        let field = Field::new();
        let measured = |part| *field.measured.lock().unwrap() = Some(part);
        measured("{\"part\": 0, \"whole\": 100}");
        let mut heard = |entry: &AuditEntry| match entry.event {
            AuditEvent::PhaseCompleted if task.is_empty() => desk.command(CommandKind::Pause),
            AuditEvent::RunPaused => measured("{\"part\": 2, \"whole\": 100}"),
            AuditEvent::RollbackTriggered => measured("{\"part\": 0, \"whole\": 100}"),
            _ => {}
        };
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), ROLLED_BACK, "{reason}");
        assert_eq!(field.assets("rollback"), assets(5, 1));
        assert_eq!(desk.count(AuditEvent::PhaseStarted), 1, "the canary is what is watched");
        let paused = desk.log().into_iter().find(|it| it.event == AuditEvent::RunPaused).unwrap();
        assert_eq!(paused.details.unwrap().get("reason").unwrap().as_str(), Some(reason));
    }
}

#[test]
fn a_clock_that_jumps_shortens_no_wait_and_lengthens_none() {
    let undisturbed = Desk::new();
    undisturbed.go(&Field::new()).unwrap();
    let minutes = |desk: &Desk| lorch_plans::Clock::elapsed(&desk.clock).as_secs() / 60;
    assert_eq!(minutes(&undisturbed), 90);
    for hours in [-48_i64, -1, 1, 48] {
        let desk = Desk::new();
        let mut heard = |entry: &AuditEntry| {
            // Somebody sets the clock just as each phase begins to be watched.
            if entry.details.as_ref().is_some_and(|it| it.contains_key("verdict")) {
                let set = desk.clock.set.load(Ordering::Relaxed);
                let millis = hours.unsigned_abs() * 3_600_000;
                let set = if hours < 0 { set - millis } else { set + millis };
                desk.clock.set.store(set, Ordering::Relaxed);
            }
        };
        let field = Field::new();
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), COMPLETED, "{hours}");
        assert_eq!(field.keys(), (1, 47));
        assert_eq!(minutes(&desk), 90, "{hours}");
    }
}

#[test]
fn a_clock_that_jumps_in_a_pause_ends_it_no_sooner() {
    let mut desk = Desk::new();
    desk.leave = false;
    let field = Field::new();
    *field.health.lock().unwrap() = Some(503);
    let mut heard = |entry: &AuditEntry| {
        if entry.event == AuditEvent::RunPaused {
            desk.clock.set.fetch_add(86_400_000, Ordering::Relaxed);
        }
    };
    let why = "the pause (health_check_failed) took too long";
    assert_eq!(desk.go_until(&field, &mut heard).unwrap(), failed(why));
    // The task lets a pause last half an hour.
    assert!(lorch_plans::Clock::elapsed(&desk.clock) >= Duration::from_secs(30 * 60));
}

#[test]
fn a_command_is_heard_between_two_tries_of_a_check() {
    let desk = Desk::new();
    let field = Field::new();
    *field.health.lock().unwrap() = Some(503);
    let mut heard = |entry: &AuditEntry| {
        if entry.event == AuditEvent::HealthCheckStarted {
            desk.command(CommandKind::Pause);
        }
    };
    let paused = Stopped::Paused(PauseReason::Command);
    assert_eq!(desk.go_until(&field, &mut heard).unwrap(), paused);
    assert_eq!(desk.count(AuditEvent::HealthCheckFailed), 0, "nothing was found out");
    assert!(lorch_plans::Clock::elapsed(&desk.clock).is_zero(), "no try was waited for");
}

#[test]
fn nothing_is_done_to_assets_outside_the_maintenance_window_but_undone() {
    // The tests begin at 04:42 in UTC; the wait of the canary is half an hour.
    let window = r#"{"start": "06:40", "end": "07:00", "timezone": "Europe/Berlin"}"#;
    let window = [("/task_spec/constraints/maintenance_window", window)];
    let closed = Stopped::Paused(PauseReason::MaintenanceWindow);
    let mut desk = Desk::with(&window, &[]);
    let field = Field::new();
    let now = lorch_plans::Clock::now(&desk.clock).to_string();
    assert!(now.starts_with("2025-11-21T04:42"), "{now}");
    assert_eq!(desk.go(&field).unwrap(), closed);
    assert_eq!(field.acts().len(), 0);
    desk.leave = false;
    assert_eq!(desk.go(&field).unwrap(), COMPLETED, "it waits for the window, day by day");
    assert_eq!(field.keys(), (1, 47));
    let resumed = desk.count(AuditEvent::RunResumed);
    assert_eq!(resumed, 3, "the canary, then twice two waves, each on a day of its own");
    let desk = Desk::with(&window, &[]);
    desk.command(CommandKind::Rollback);
    assert_eq!(desk.go(&Field::new()).unwrap(), ROLLED_BACK);
}

#[test]
fn a_probe_that_gives_nothing_never_passes() {
    for measured in [None, Some("\"NaN\""), Some("{\"part\": 0, \"whole\": 0}"), Some("7")] {
        let mut desk = Desk::new();
        let argv = vec!["measure".to_owned()];
        desk.probes.insert(Metric::ERROR_RATE, Probe::Program { argv });
        let field = Field::new();
        *field.measured.lock().unwrap() = measured;
        let stopped = desk.go(&field).unwrap();
        assert_eq!(stopped, Stopped::Paused(PauseReason::Inconclusive), "{measured:?}");
    }
}

#[test]
fn only_the_canary_happens_where_no_more_may() {
    let desk = Desk::with(&[("/execution_policy/mode", "\"canary_only\"")], &[]);
    let field = Field::new();
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert_eq!(field.assets("forward"), assets(1, 5));
    let details = desk.log().last().unwrap().details.clone().unwrap();
    assert_eq!(details.get("reason").unwrap().as_str(), Some("canary_only"));
    assert_eq!(details.get("phases_remaining").unwrap().as_array().unwrap().len(), 4);
    let again = desk.office.execute(3).unwrap_err().to_string();
    assert!(again.contains("awaits approval again"), "{again}");
    assert_eq!(desk.office.state(), PlanState::AwaitingApproval);
}

#[test]
fn a_run_that_changed_nothing_is_completed_only_if_that_was_right() {
    let desk = Desk::new();
    let mut field = Field::new();
    field.output = "{\"json\": {\"changed\": false, \"reason\": \"it is new\"}}";
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert_eq!(desk.count(AuditEvent::AssetSkipped), 47);
}

#[test]
fn an_interrupt_while_a_phase_is_judged_does_not_pause_the_run() {
    let mut desk = Desk::new();
    let argv = vec!["measure".to_owned()];
    desk.probes.insert(Metric::ERROR_RATE, Probe::Program { argv });
    let mut field = Field::new();
    *field.measured.lock().unwrap() = Some("{\"part\": 0, \"whole\": 100}");
    let (stop, desk) = (field.stop.clone(), &desk);
    // What is asked once a check has passed, and before anything else is recorded, is `rollback_if`.
    field.asked = Box::new(move || {
        if desk.log().last().is_some_and(|it| it.event == AuditEvent::HealthCheckPassed) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert_eq!(desk.go(&field).unwrap(), Stopped::Interrupted);
    assert_eq!(field.acts().len(), 5);
    field.asked = Box::new(|| {});
    field.stop.store(false, Ordering::Relaxed);
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert_eq!(desk.count(AuditEvent::RunPaused), 0);
}

#[test]
fn a_run_that_is_interrupted_anywhere_goes_on_and_acts_on_nothing_twice() {
    let undisturbed = Desk::new();
    undisturbed.go(&Field::failing(&["forward asset-8"])).unwrap();
    let events = |desk: &Desk| {
        let log = desk.log();
        let said = |it: &AuditEntry| (it.event, it.phase.clone(), it.asset_id.clone());
        let checks = [AuditEvent::HealthCheckStarted];
        log.iter().filter(|it| !checks.contains(&it.event)).map(said).collect::<Vec<_>>()
    };
    let expected = events(&undisturbed);
    for every in [1, 2, 3, 5, 8] {
        let desk = Desk::new();
        let field = Field::failing(&["forward asset-8"]);
        let mut interruptions = 0;
        let stopped = loop {
            let mut left = every;
            field.stop.store(false, Ordering::Relaxed);
            let mut heard = |_: &AuditEntry| {
                left -= 1;
                if left <= 0 {
                    field.stop.store(true, Ordering::Relaxed);
                }
            };
            match desk.go_until(&field, &mut heard).unwrap() {
                Stopped::Interrupted => interruptions += 1,
                stopped => break stopped,
            }
            // A check that was interrupted is begun again: every process gets on by more than that.
            assert!(interruptions < 500, "it never ends");
            if every == 1 && interruptions % 2 == 0 {
                field.stop.store(false, Ordering::Relaxed);
                let mut left = 3;
                let mut heard = |_: &AuditEntry| {
                    left -= 1;
                    if left <= 0 {
                        field.stop.store(true, Ordering::Relaxed);
                    }
                };
                if let stopped @ Stopped::Ended(_) = desk.go_until(&field, &mut heard).unwrap() {
                    break stopped;
                }
            }
        };
        assert_eq!(stopped, ROLLED_BACK, "{every}");
        assert!(interruptions > 2);
        assert_eq!(events(&desk), expected, "{every}");
        assert_eq!(field.keys(), (1, 16), "{every}");
    }
}

#[test]
fn an_act_that_was_stopped_half_way_is_asked_for_again_under_its_key_before_anything_else() {
    for act in ["forward asset-2", "rollback asset-2"] {
        let desk = Desk::new();
        let field = Field::failing(&["forward asset-3"]);
        field.stopping.lock().unwrap().insert(act.to_owned());
        assert_eq!(desk.go(&field).unwrap(), Stopped::Interrupted);
        // It may have happened: a person's wish comes after it.
        desk.command(CommandKind::Rollback);
        field.stop.store(false, Ordering::Relaxed);
        assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK);
        let acts = field.acts();
        let asked = acts.iter().filter(|it| *it == act).count();
        assert_eq!(asked, 2, "{acts:?}");
        assert_eq!(field.keys().0, 2);
        assert!(field.assets("rollback").contains(&"asset-2".to_owned()));
    }
}

#[test]
fn two_processes_never_carry_out_one_run() {
    let desk = Desk::new();
    let claim =
        |minutes| Claim { owner: Owner::current(), now: at(minutes), ttl: Duration::from_secs(60) };
    let lease = desk.office.store.take_plan_run(&desk.run_id, claim(2)).unwrap();
    let field = Field::new();
    let refused = desk.go(&field).unwrap_err();
    assert!(matches!(refused, RunError::Store(StoreError::PlanRunHeld { .. })), "{refused:?}");
    // Who was taken for dead records nothing.
    let other = desk.office.store.take_plan_run(&desk.run_id, claim(9)).unwrap();
    let recorded =
        desk.office.store.record_plan_run(&lease, lorch_store::RunChange::default(), at(9));
    assert!(matches!(recorded, Err(StoreError::PlanRunLost { .. })), "{recorded:?}");
    desk.office.store.release_plan_run(&other).unwrap();
    assert_eq!(field.acts().len(), 0);
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
}

#[test]
fn a_log_that_was_changed_is_not_gone_on_with() {
    let desk = Desk::new();
    let field = Field::new();
    *field.health.lock().unwrap() = Some(503);
    desk.go(&field).unwrap();
    let sql = rusqlite::Connection::open(desk.office.store.path()).unwrap();
    sql.execute("UPDATE plan_run_audit SET entry = replace(entry, 'asset-2', 'asset-9')", [])
        .unwrap();
    let refused = desk.go(&field).unwrap_err().to_string();
    assert!(refused.contains("entry 4 does not follow"), "{refused}");
}

#[test]
fn every_prefix_of_a_log_leads_somewhere_and_only_the_whole_to_the_end() {
    for failing in [&[][..], &["forward asset-20"]] {
        let desk = Desk::new();
        desk.go(&Field::failing(failing)).unwrap();
        let terms = Terms {
            mode: ExecutionMode::FullAuto,
            timeout_minutes: 30,
            rollback_trigger: Some(SmolStr::new("error_rate > 1%")),
            window: None,
        };
        let plan = from_value(&plan(&[])).unwrap();
        let course = Course::of(&plan, terms, &Metrics::built_in()).unwrap();
        let mut machine = Machine::new(course.into());
        let log = desk.log();
        for (index, entry) in log.iter().enumerate() {
            assert!(!matches!(machine.next(), Next::End(_)), "{index}");
            // What happened cannot happen again at once.
            machine.apply(entry).unwrap();
        }
        assert!(matches!(machine.next(), Next::End(_)));
        for entry in &log {
            assert!(machine.apply(entry).is_err() || entry.event == AuditEvent::PhaseFailed);
        }
    }
}

#[test]
fn a_run_is_a_valid_document_and_its_report_has_figures() {
    let desk = Desk::new();
    desk.go(&Field::failing(&["forward asset-17"])).unwrap();
    let run = desk.office.store.plan_run(&desk.run_id).unwrap();
    let entries = desk.log();
    let document = run_document(&run, &entries);
    let text = to_value(&document).unwrap().to_string();
    let source = Source { name: "run.json".into(), text: text.into_bytes(), format: Format::Json };
    let verdict = lorch_validate::validate_document(
        &source,
        Some(lorch_types::Kind::Run),
        lorch_types::json::Limits::default(),
    );
    assert!(verdict.is_valid(), "{:?}", verdict.findings);
    let metrics = document.metrics.unwrap();
    let figures = [metrics.assets_changed, metrics.assets_failed, metrics.rollback_assets];
    assert_eq!(figures.map(|it| it.unwrap().get()), [16, 1, 17]);
    assert_eq!(metrics.rollback_triggered, Some(true));
    let progress = document.progress.unwrap();
    assert_eq!(progress.phases_completed.unwrap().len(), 2);
    let timeline = Timeline { run: &run, entries: &entries };
    assert_eq!(timeline.csv().lines().count(), entries.len() + 1);
    assert!(timeline.markdown().contains("| rolled back | 17 |"));
}
