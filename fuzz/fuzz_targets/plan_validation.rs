//! Any plan can be judged: by the built-in rules, and by the policies that ship.
//!
//! What may be put before a person has nothing against it, and the parts agree with the whole.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lorch_backends::Config;
use lorch_plans::{Budget, Contract, Evidence, Policies, diff, judge, worst_cases};
use lorch_types::json::{self, Limits};
use lorch_types::plan::{Metrics, Task};

static TASK: LazyLock<Task> = LazyLock::new(|| {
    let text = include_bytes!("../../examples/drift/task.json");
    let value = json::read(text, Limits::default()).expect("JSON");
    json::from_value(&value).expect("a task")
});

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    Config::parse(include_str!("../../examples/drift/lorch.toml")).expect("a configuration")
});

static POLICIES: LazyLock<Policies> = LazyLock::new(|| Policies::new(None, Budget::default()));

fuzz_target!(|text: &[u8]| {
    let Ok(plan) = json::read(text, Limits { max_bytes: 1 << 16 }) else { return };
    let contract = Contract::of(&TASK).expect("a task that was understood");
    let shared = (&CONFIG.tools, &Metrics::built_in());
    let judged = judge(&plan, contract, shared, &POLICIES, Evidence::default()).expect("JSON");
    let validation = &judged.validation;
    assert_eq!(validation.overall_valid(), validation.first_error().is_none());
    assert_eq!(validation.opa_valid(), validation.schema_valid() && judged.verdicts.allow());
    assert!(validation.score.total() <= 100);
    let document = validation.document();
    assert_eq!(document.overall_valid, Some(validation.overall_valid()));
    if let Some(plan) = &validation.plan {
        assert_eq!(worst_cases(plan).len(), plan.payload.phases.iter().flatten().count());
        assert!(diff(plan, plan).expect("JSON").is_empty());
    }
});
