//! The packs that ship with lorch, embedded in the program.

use super::pack::{Must, Pack, PackError, PackName};

/// A pack as it stands in the repository: its name, its Rego and its cases.
struct Embedded {
    name: &'static str,
    rego: &'static str,
    cases: &'static [(Must, &'static str, &'static str)],
}

/// A case of a pack, from its file.
macro_rules! case {
    ($pack:literal, $must:ident, $folder:literal, $file:literal) => {
        (
            Must::$must,
            $file,
            include_str!(concat!("../../../../policies/", $pack, "/", $folder, "/", $file)),
        )
    };
}

const SHIPPED: [Embedded; 2] = [
    Embedded {
        name: "production_safety",
        rego: include_str!("../../../../policies/production_safety/policy.rego"),
        cases: &[
            case!("production_safety", Deny, "deny", "a_phase_nobody_looks_at.json"),
            case!("production_safety", Deny, "deny", "all_at_once.json"),
            case!("production_safety", Deny, "deny", "blank_risk_assessment.json"),
            case!("production_safety", Deny, "deny", "carried_out_without_approval.json"),
            case!("production_safety", Deny, "deny", "more_than_half_in_one_phase.json"),
            case!("production_safety", Deny, "deny", "no_estimated_duration.json"),
            case!("production_safety", Deny, "deny", "no_risk_assessment.json"),
            case!("production_safety", Deny, "deny", "without_a_person.json"),
            case!("production_safety", Allow, "allow", "a_single_asset.json"),
            case!("production_safety", Allow, "allow", "canary_and_waves.json"),
            case!("production_safety", Allow, "allow", "carried_out_as_approved.json"),
            case!("production_safety", Allow, "allow", "staging_asks_for_less.json"),
        ],
    },
    Embedded {
        name: "tool_authorization",
        rego: include_str!("../../../../policies/tool_authorization/policy.rego"),
        cases: &[
            case!("tool_authorization", Deny, "deny", "a_report_that_changes.json"),
            case!("tool_authorization", Deny, "deny", "not_meant_for_production.json"),
            case!("tool_authorization", Deny, "deny", "not_required_by_the_task.json"),
            case!("tool_authorization", Deny, "deny", "nothing_undoes_it.json"),
            case!("tool_authorization", Deny, "deny", "unknown_tool.json"),
            case!("tool_authorization", Allow, "allow", "a_report_that_looks.json"),
            case!("tool_authorization", Allow, "allow", "no_phases.json"),
            case!("tool_authorization", Allow, "allow", "upgrade_with_an_inverse.json"),
        ],
    },
];

/// The pack of this name that ships; `None` when none does.
pub fn shipped(name: &PackName) -> Option<Result<Pack, PackError>> {
    let embedded = SHIPPED.iter().find(|pack| pack.name == name.as_str())?;
    let owned =
        |(must, file, text): &(Must, &str, &str)| (*must, (*file).to_owned(), (*text).to_owned());
    let cases = embedded.cases.iter().map(owned).collect();
    let pack = Pack::new(name.clone(), embedded.rego.to_owned(), cases);
    Some(pack.map(Pack::that_ships))
}
