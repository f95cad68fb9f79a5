//! What breaks while a run is carried out: its lease, the store, what acts, whoever listens.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lorch_backends::config::Probe;
use lorch_plans::{Clock as _, RunError};
use lorch_store::{CommandKind, StoreError};
use lorch_types::plan::{AuditEntry, AuditEvent, Metric};

use crate::desk::{COMPLETED, Desk, ROLLED_BACK, assets, failed};
use crate::field::Field;

/// A lease that is renewed all the time.
fn desk(parallel: u16) -> Desk {
    let mut desk = Desk::new();
    desk.parallel = parallel;
    desk.pace.lease_ttl = Duration::from_millis(60);
    desk
}

#[test]
fn what_acts_is_stopped_once_another_process_has_the_lease() {
    for act in ["forward asset-2", "rollback asset-2"] {
        let desk = desk(2);
        let mut field = Field::failing(&["forward asset-3"]);
        field.endless.insert(act.to_owned());
        field.meanwhile = Box::new(|it, _| {
            if it == act {
                desk.steal();
            }
        });
        let refused = desk.go(&field).unwrap_err();
        assert!(matches!(refused, RunError::Store(StoreError::PlanRunLost { .. })), "{refused:?}");
        // Whoever has the lease asks for it again under its key, before anything else.
        desk.command(CommandKind::Rollback);
        field.endless.clear();
        field.meanwhile = Box::new(|_, _| {});
        assert_eq!(desk.go(&field).unwrap(), ROLLED_BACK);
        assert_eq!(field.acts().iter().filter(|it| *it == act).count(), 2, "{act}");
        assert!(field.assets("rollback").contains(&"asset-2".to_owned()));
    }
}

#[test]
fn the_lease_holds_until_all_have_ended_who_act_in_its_name() {
    let desk = desk(2);
    let sql = Mutex::new(desk.office.sql());
    let forbidden = "CREATE TRIGGER full BEFORE INSERT ON plan_run_audit BEGIN
        SELECT RAISE(ABORT, 'nothing more fits'); END";
    let is_held = AtomicBool::new(false);
    let mut field = Field::new();
    field.meanwhile = Box::new(|act, _| match act {
        "forward asset-1" => sql.lock().unwrap().execute_batch(forbidden).unwrap(),
        "forward asset-2" => {
            // What became of the other cannot be recorded: the run stops meanwhile.
            std::thread::sleep(Duration::from_millis(300));
            desk.clock.jump(10);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) && !is_held.load(Ordering::Relaxed) {
                let holder = desk.office.store.plan_run_holder(&desk.run_id).unwrap();
                let holds = holder.is_some_and(|holder| holder.expires_at > desk.clock.now());
                is_held.store(holds, Ordering::Relaxed);
            }
        }
        _ => {}
    });
    let refused = desk.go(&field).unwrap_err();
    assert!(matches!(refused, RunError::Store(_)), "{refused:?}");
    assert!(is_held.load(Ordering::Relaxed), "another process could have begun to undo it");
    assert_eq!(desk.office.store.plan_run_holder(&desk.run_id).unwrap(), None);
    sql.lock().unwrap().execute_batch("DROP TRIGGER full").unwrap();
    field.meanwhile = Box::new(|_, _| {});
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert_eq!(field.keys(), (2, 47));
    assert_eq!(field.acts().len(), 49, "both were asked for again, under their keys");
}

#[test]
fn of_what_panicked_it_is_not_known_whether_it_had_an_effect() {
    for (act, ending, undone) in [
        ("forward asset-2", ROLLED_BACK, assets(1, 2)),
        ("rollback asset-2", failed("rollback_incomplete"), assets(1, 3)),
    ] {
        let desk = desk(1);
        let mut field = Field::failing(&["forward asset-3"]);
        field.meanwhile = Box::new(move |it, _| {
            if it == act {
                resume_unwind(Box::new("it is broken"));
            }
        });
        assert_eq!(desk.go(&field).unwrap(), ending, "{act}");
        let mut tried = field.assets("rollback");
        tried.sort();
        assert_eq!(tried, undone);
        let log = desk.log();
        let said = log.iter().find_map(|it| it.error.as_ref().filter(|it| it.contains("panicked")));
        assert!(said.is_some(), "{log:?}");
    }
}

#[test]
fn when_whoever_listens_breaks_the_run_ends_and_can_be_gone_on_with() {
    let desk = desk(4);
    let field = Field::new();
    let mut heard = |entry: &AuditEntry| {
        if entry.event == AuditEvent::AssetChanged {
            resume_unwind(Box::new("nobody reads this"));
        }
    };
    let broken = catch_unwind(AssertUnwindSafe(|| desk.go_until(&field, &mut heard)));
    assert!(broken.is_err());
    desk.clock.jump(10);
    assert_eq!(desk.go(&field).unwrap(), COMPLETED);
    assert!(field.keys().0 <= 2);
    assert_eq!(field.keys().1, 47);
}

#[test]
fn a_metric_that_was_seen_counts_however_long_the_others_take() {
    let condition = "\"error_rate > 1% or latency_p99 > 5s or not http_200\"";
    let mut desk = Desk::with(&[], &[("/payload/phases/0/rollback_if", condition)]);
    desk.pace.watch_every = Duration::from_secs(1);
    let argv = vec!["measure".to_owned()];
    desk.probes.insert(Metric::LATENCY_P99, Probe::Program { argv });
    let mut field = Field::failing(&["forward asset-1"]);
    *field.health.lock().unwrap() = None;
    field.asked = Box::new(|| desk.clock.sleep(Duration::from_secs(12), &AtomicBool::new(false)));
    // That all is well again cannot be seen either.
    let stopped = desk.go(&field).unwrap();
    assert_eq!(stopped, failed("rollback_incomplete"));
    assert_eq!(field.assets("forward"), assets(1, 1));
    assert_eq!(field.assets("rollback"), assets(1, 1));
}
