//! A clock that jumps while a run is carried out: nothing is done twice, and what rolls back still does.

use std::cell::Cell;
use std::time::Duration;

use lorch_backends::config::Probe;
use lorch_plans::Clock as _;
use lorch_types::plan::{AuditEntry, AuditEvent, Metric};

use crate::desk::{COMPLETED, Desk, ROLLED_BACK};
use crate::field::Field;

/// Minutes by which clocks are set: back and forward, by little and by much.
const JUMPS: [i64; 4] = [-24 * 60, -5, 5, 24 * 60];

/// Whether the wait of a phase begins with this entry.
fn begins_a_wait(entry: &AuditEntry) -> bool {
    let is_verdict = entry.details.as_ref().is_some_and(|it| it.contains_key("verdict"));
    entry.event == AuditEvent::HealthCheckPassed && is_verdict
}

#[test]
fn a_run_whose_clock_jumps_at_any_entry_is_completed_and_acts_once() {
    for minutes in JUMPS {
        let desk = Desk::new();
        let field = Field::new();
        let mut count = 0;
        let mut heard = |_: &AuditEntry| {
            count += 1;
            if count % 5 == 0 && count <= 30 {
                desk.clock.jump(minutes);
            }
        };
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), COMPLETED, "{minutes} minutes");
        assert_eq!(field.keys(), (1, 47), "{minutes} minutes");
    }
}

#[test]
fn what_goes_wrong_after_a_jump_is_rolled_back() {
    for minutes in JUMPS {
        let mut desk = Desk::new();
        let argv = vec!["measure".to_owned()];
        desk.probes.insert(Metric::ERROR_RATE, Probe::Program { argv });
        let desk = desk;
        let field = Field::new();
        *field.measured.lock().unwrap() = Some("{\"part\": 0, \"whole\": 100}");
        let jumped = Cell::new(None);
        let noticed = Cell::new(None);
        let mut heard = |entry: &AuditEntry| {
            if begins_a_wait(entry) && jumped.get().is_none() {
                desk.clock.jump(minutes);
                jumped.set(Some(desk.clock.elapsed()));
                *field.measured.lock().unwrap() = Some("{\"part\": 1, \"whole\": 100}");
            }
            if entry.event == AuditEvent::RollbackTriggered {
                noticed.set(Some(desk.clock.elapsed()));
                *field.measured.lock().unwrap() = Some("{\"part\": 0, \"whole\": 100}");
            }
        };
        assert_eq!(desk.go_until(&field, &mut heard).unwrap(), ROLLED_BACK, "{minutes} minutes");
        assert_eq!(field.assets("rollback").len(), 5, "{minutes} minutes");
        let after = noticed.get().unwrap() - jumped.get().unwrap();
        assert!(after < Duration::from_secs(60), "{minutes} minutes: noticed after {after:?}");
    }
}
