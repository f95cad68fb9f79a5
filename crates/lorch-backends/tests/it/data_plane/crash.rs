//! The two points between which a crash decides whether an effect has happened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use fail::FailScenario;

use super::Plane;

const INSERT: &str = r#"{"table":"orders","rows":[{"id":9,"region":"eu"}]}"#;

/// Ends a write at `point`, and says whether the next dispatch applied it anew.
#[track_caller]
fn applied_after_crash_at(point: &str) -> bool {
    let scenario = FailScenario::setup();
    let plane = Plane::with_orders();
    // Failpoints are the process's, and other tests write at the same time.
    let this = thread::current().id();
    let crash = move || assert_ne!(thread::current().id(), this, "the crash");
    fail::cfg_callback(point, crash).unwrap();
    let crash = catch_unwind(AssertUnwindSafe(|| plane.perform_keyed("k", "write.insert", INSERT)));
    assert!(crash.is_err(), "no fault fired at {point}");
    fail::remove(point);
    let again = plane.perform_keyed("k", "write.insert", INSERT).unwrap();
    assert_eq!(again.output.to_string(), r#"{"inserted":1}"#);
    assert_eq!(plane.column("orders", "id", r#"{"id":9}"#), "[9]");
    scenario.teardown();
    again.applied
}

#[test]
fn each_effect_happens_once_whenever_the_crash() {
    assert!(applied_after_crash_at("effect-committed-before"));
    assert!(!applied_after_crash_at("effect-committed-after"));
}
