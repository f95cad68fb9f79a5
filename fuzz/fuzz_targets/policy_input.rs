//! Whatever a policy is asked about, it answers, and the same each time; what it was not asked about is not
//! allowed, and production never without a person.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lorch_plans::{Budget, Evaluator, Must, Pack, PackError, PackName, Verdict, shipped};
use lorch_types::json::{self, Limits, Value};

/// The packs that ship: their names and their Rego.
static PACKS: LazyLock<Vec<(PackName, String)>> = LazyLock::new(|| {
    let names = ["production_safety", "tool_authorization"];
    let named = |name: &str| {
        let name: PackName = name.parse().expect("a name");
        let pack = shipped(&name).expect("a pack that ships").expect("a pack");
        (name, pack.rego().to_owned())
    };
    names.into_iter().map(named).collect()
});

fuzz_target!(|text: &[u8]| {
    let Ok(case) = json::read(text, Limits { max_bytes: 1 << 16 }) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    for (name, rego) in PACKS.iter() {
        let cases = vec![(Must::Allow, "case.json".to_owned(), text.to_owned())];
        let pack = match Pack::new(name.clone(), rego.clone(), cases) {
            Ok(pack) => pack,
            Err(PackError::Case { .. }) => return,
            Err(other) => panic!("{other}"),
        };
        let proof = pack.prove(Budget::default(), &Evaluator::Thread);
        assert_eq!(proof, pack.prove(Budget::default(), &Evaluator::Thread));
        assert!(!proof.holds(), "a pack without a plan that it must deny");
        let verdict = &proof.cases[0].verdict;
        if name.as_str() == "production_safety" && *verdict == Verdict::Allowed {
            assert!(!is_production(&case) || needs_person(&case), "{text}");
        }
    }
});

fn is_production(case: &Value) -> bool {
    let environment = spec(case).and_then(|spec| spec.get("context")?.get("environment"));
    environment.and_then(Value::as_str) == Some("production")
}

fn needs_person(case: &Value) -> bool {
    spec(case).and_then(|spec| spec.get("hitl_required")) == Some(&Value::Bool(true))
}

fn spec(case: &Value) -> Option<&Value> {
    case.get("task")?.get("task_spec")
}
