//! Assets of a phase that are acted on at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use lorch_backends::config::Config;
use lorch_plans::{PauseReason, Stopped};
use lorch_store::CommandKind;
use lorch_types::plan::{AuditEntry, AuditEvent, RunState};

use crate::desk::{COMPLETED, Desk, ROLLED_BACK, assets, failed};
use crate::field::Field;

/// Where acts wait for each other.
#[derive(Default)]
struct Meeting {
    here: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    /// Comes, and waits until so many have; an act that does so in vain fails.
    fn wait_for(&self, number: usize) {
        let mut here = self.here.lock().unwrap();
        *here += 1;
        self.changed.notify_all();
        let guard = Duration::from_secs(60);
        let waited = self.changed.wait_timeout_while(here, guard, |here| *here < number);
        let (here, timeout) = waited.unwrap();
        drop(here);
        assert!(!timeout.timed_out(), "{number} never come");
    }

    /// What an act of four does: all begin, and all but that on `first` end once it is decided.
    fn end_late(&self, act: &str, first: &str, decided: &Self) {
        self.wait_for(4);
        if act.starts_with("forward") && !act.ends_with(first) {
            decided.wait_for(4);
        }
    }

    /// Comes as the fourth when a phase has failed.
    fn on_failed_phase(&self, entry: &AuditEntry) {
        if entry.event == AuditEvent::PhaseFailed {
            self.wait_for(0);
        }
    }
}

fn desk(parallel: u16) -> Desk {
    let mut desk = Desk::new();
    desk.parallel = parallel;
    desk
}

fn set(assets: Vec<String>) -> BTreeSet<String> {
    assets.into_iter().collect()
}

#[test]
fn as_many_assets_are_acted_on_at_the_same_time_as_the_phase_allows_and_no_more() {
    // The canary has five assets, the waves have up to nine.
    for (parallel, canary) in [(1, 1), (2, 2), (4, 4), (5, 5), (16, 5)] {
        let desk = desk(parallel);
        let mut field = Field::new();
        let meeting = Meeting::default();
        field.meanwhile = Box::new(move |_, _| meeting.wait_for(canary));
        assert_eq!(desk.go(&field).unwrap(), COMPLETED);
        assert_eq!(set(field.assets("forward")), set(assets(1, 47)));
        assert_eq!(field.keys(), (1, 47));
        assert!((canary..=usize::from(parallel)).contains(&field.most()), "{}", field.most());
        assert_eq!(desk.count(AuditEvent::AssetChanged), 47);
    }
}

#[test]
fn a_tool_can_allow_fewer() {
    let mut desk = desk(8);
    let text = "[tools.upgrade_image]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\n\
                inverse = \"restore_image\"\nmax_parallel = 3\n\
                [tools.restore_image]\nop = \"compute.exec\"\nrisk = \"state_change_prod\"\n\
                max_parallel = 2\n";
    desk.config = Config::parse(text).unwrap();
    let most = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let now = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let (most, now) = (&most, &now);
    let mut field = Field::failing(&["forward asset-20"]);
    field.meanwhile = Box::new(move |act, _| {
        let index = usize::from(act.starts_with("rollback"));
        let count = now[index].fetch_add(1, Ordering::SeqCst) + 1;
        most[index].fetch_max(count, Ordering::SeqCst);
        std::thread::yield_now();
        now[index].fetch_sub(1, Ordering::SeqCst);
    });
    assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK);
    let most = most.each_ref().map(|it| it.load(Ordering::SeqCst));
    assert!((1..=3).contains(&most[0]) && (1..=2).contains(&most[1]), "{most:?}");
    let wrong = Config::parse("[execution]\nmax_parallel = 0\n").unwrap_err().to_string();
    assert!(wrong.contains("nonzero"), "{wrong}");
}

#[test]
fn what_is_under_way_when_one_fails_is_waited_for_and_everything_undone() {
    let (desk, meeting, decided) = (desk(4), Meeting::default(), Meeting::default());
    let mut field = Field::failing(&["forward asset-2"]);
    // The failing one is first to end; the other three end once it is decided what becomes of all.
    field.meanwhile = Box::new(|act, _| meeting.end_late(act, "asset-2", &decided));
    let mut heard = |entry: &AuditEntry| decided.on_failed_phase(entry);
    assert_eq!(desk.go_until(&field, &mut heard).unwrap(), ROLLED_BACK);
    assert_eq!(set(field.assets("forward")), set(assets(1, 4)), "nothing more was begun");
    assert_eq!(set(field.assets("rollback")), set(assets(1, 4)));
    assert_eq!(field.keys(), (1, 8));
    let log = desk.log();
    let place = |event| log.iter().position(|entry| entry.event == event).unwrap();
    let (failed, triggered) =
        (place(AuditEvent::PhaseFailed), place(AuditEvent::RollbackTriggered));
    let between = log.get(failed + 1..triggered).unwrap();
    assert!(!between.is_empty(), "the decision is recorded before the others end");
    assert!(between.iter().all(|entry| entry.event == AuditEvent::AssetChanged));
}

#[test]
fn the_decision_to_roll_back_outlives_the_process() {
    let (desk, meeting, decided) = (desk(4), Meeting::default(), Meeting::default());
    let mut field = Field::failing(&["forward asset-1"]);
    let stopping = (2..=4).map(|number| format!("forward asset-{number}"));
    field.stopping.lock().unwrap().extend(stopping);
    field.meanwhile = Box::new(|act, _| meeting.end_late(act, "asset-1", &decided));
    let mut heard = |entry: &AuditEntry| decided.on_failed_phase(entry);
    assert_eq!(desk.go_until(&field, &mut heard).unwrap(), Stopped::Interrupted);
    assert_eq!(desk.count(AuditEvent::PhaseFailed), 1);
    assert_eq!(desk.count(AuditEvent::RollbackTriggered), 0);
    // A wish to go on differently does not come before it.
    desk.command(CommandKind::Pause);
    field.stop.store(false, Ordering::Relaxed);
    assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK);
    assert_eq!(set(field.assets("rollback")), set(assets(1, 4)));
    // Each of the three that were stopped half way was asked for again, under its key.
    assert_eq!(field.keys().0, 2);
    assert_eq!(field.assets("forward").len(), 7);
}

#[test]
fn a_command_takes_effect_when_what_is_under_way_has_ended() {
    for (kind, stopped, undone) in [
        (CommandKind::Pause, Stopped::Paused(PauseReason::Command), 0),
        (CommandKind::Rollback, ROLLED_BACK, 3),
        (CommandKind::Cancel, failed("cancelled"), 0),
    ] {
        let (desk, meeting) = (desk(3), Meeting::default());
        let mut field = Field::new();
        field.meanwhile = Box::new(|act, _| {
            if act == "forward asset-1" {
                desk.command(kind);
            }
            meeting.wait_for(3);
        });
        assert_eq!(desk.go(&field).unwrap(), stopped, "{kind:?}");
        assert_eq!(set(field.assets("forward")), set(assets(1, 3)));
        assert_eq!(field.assets("rollback").len(), undone);
        let state = desk.state();
        assert_eq!(state == RunState::Paused, kind == CommandKind::Pause, "{state:?}");
    }
}

#[test]
fn phases_are_undone_one_after_another_the_newest_first() {
    let (desk, meeting) = (desk(6), Meeting::default());
    let mut field = Field::failing(&["forward asset-17"]);
    // Three at least are undone at the same time.
    field.meanwhile = Box::new(|act, _| {
        if act.starts_with("rollback") {
            meeting.wait_for(3);
        }
    });
    assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK);
    let undone = field.assets("rollback");
    let forward = field.assets("forward");
    assert_eq!(set(undone.clone()), set(forward));
    // The canary is `asset-1` to `asset-5`, and is last.
    assert_eq!(set(undone[undone.len() - 5..].to_vec()), set(assets(1, 5)));
}

#[test]
fn assets_are_asked_how_they_are_at_the_same_time() {
    let (desk, meeting) = (desk(1), Meeting::default());
    let (most, under_way) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (most, under_way, met) = (&most, &under_way, &meeting);
    let mut field = Field::new();
    field.asked = Box::new(move || {
        most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        met.wait_for(5);
        under_way.fetch_sub(1, Ordering::SeqCst);
    });
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert!((5..=16).contains(&most.load(Ordering::SeqCst)), "the canary has five");
}
