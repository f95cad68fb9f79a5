//! Every affected asset is in exactly one phase, and nothing else is in any.

use std::collections::{HashMap, HashSet};

use lorch_types::diagnostic::Diagnostic;
use lorch_types::plan::{AssetId, Plan};

use crate::contract::Contract;
use crate::finding::{Placed, Rule, counted, few, in_payload, is_unseen};

pub(super) fn check(
    plan: &Plan,
    phases: &[Placed<'_>],
    contract: &Contract<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let affected = &plan.payload.affected_assets;
    let known: HashSet<&AssetId> = affected.iter().collect();
    if known.len() < affected.len() {
        repeated_affected(affected, found);
    }
    let mut homes: HashMap<&AssetId, usize> = HashMap::with_capacity(known.len());
    for placed in phases {
        check_phase(placed, phases, &known, &mut homes, found);
    }
    if !phases.is_empty() {
        homeless(affected, &homes, found);
    }
    check_names(phases, found);
    check_seen(affected, phases, found);
    check_capitals(affected, found);
    check_excluded(affected, phases, contract, found);
    check_scope(affected, contract, found);
}

/// Whether the phases concern exactly what is affected, so that shares of it mean something.
pub(super) fn agree(plan: &Plan, phases: &[Placed<'_>]) -> bool {
    let affected: HashSet<&AssetId> = plan.payload.affected_assets.iter().collect();
    phases.iter().flat_map(|placed| &placed.phase.assets).all(|asset| affected.contains(asset))
}

fn repeated_affected(affected: &[AssetId], found: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::with_capacity(affected.len());
    let repeated: Vec<(usize, &AssetId)> =
        affected.iter().enumerate().filter(|(_, asset)| !seen.insert(*asset)).collect();
    let Some((first, _)) = repeated.first() else { return };
    let names: Vec<_> = repeated.iter().map(|(_, asset)| asset).collect();
    let message = format!("`affected_assets` has more than once {}", few(&names));
    found.push(Rule::Assets.error(in_payload("affected_assets").join(first), message));
}

/// Notes the assets of a phase that are not affected, and those that an earlier place has already.
fn check_phase<'p>(
    placed: &Placed<'p>,
    phases: &[Placed<'_>],
    known: &HashSet<&AssetId>,
    homes: &mut HashMap<&'p AssetId, usize>,
    found: &mut Vec<Diagnostic>,
) {
    let mut outside = Vec::new();
    let mut again = Vec::new();
    for (index, asset) in placed.phase.assets.iter().enumerate() {
        if !known.contains(asset) {
            outside.push((index, asset));
        }
        if let Some(home) = homes.insert(asset, placed.index) {
            again.push((index, asset, home));
        }
    }
    let name = &placed.phase.name;
    if let Some((first, _)) = outside.first() {
        let names: Vec<_> = outside.iter().map(|(_, asset)| asset).collect();
        let message = format!(
            "phase `{name}` concerns {} that `affected_assets` does not name: {}",
            counted(names.len(), "asset"),
            few(&names)
        );
        found.push(with_ellipsis_help(
            Rule::Assets.error(placed.at("assets").join(first), message),
            outside.iter().map(|(_, asset)| *asset),
        ));
    }
    if let Some((first, _, home)) = again.first() {
        let names: Vec<_> = again.iter().map(|(_, asset, _)| asset).collect();
        let other = phases.get(*home).map(|other| &other.phase.name);
        let where_else = match other {
            Some(other) if *home != placed.index => format!("`{other}` has already"),
            _ => "it has already".to_owned(),
        };
        let message = format!("phase `{name}` concerns what {where_else}: {}", few(&names));
        found.push(with_ellipsis_help(
            Rule::Assets.error(placed.at("assets").join(first), message),
            again.iter().map(|(_, asset, _)| *asset),
        ));
    }
}

fn with_ellipsis_help<'a>(
    diagnostic: Diagnostic,
    mut assets: impl Iterator<Item = &'a AssetId>,
) -> Diagnostic {
    if assets.any(|asset| matches!(asset.as_str(), "..." | "…")) {
        diagnostic.with_help("an ellipsis is no asset: write all of them out")
    } else {
        diagnostic
    }
}

fn homeless(affected: &[AssetId], homes: &HashMap<&AssetId, usize>, found: &mut Vec<Diagnostic>) {
    let homeless: Vec<(usize, &AssetId)> =
        affected.iter().enumerate().filter(|(_, asset)| !homes.contains_key(asset)).collect();
    let Some((first, _)) = homeless.first() else { return };
    let names: Vec<_> = homeless.iter().map(|(_, asset)| asset).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let what = counted(names.len(), "affected asset");
    let message = format!("{what} {verb} in no phase: {}", few(&names));
    found.push(Rule::Assets.error(in_payload("affected_assets").join(first), message));
}

/// Phases are told apart by their names.
fn check_names(phases: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for placed in phases.iter().filter(|placed| !seen.insert(&placed.phase.name)) {
        let message = format!("there is a phase `{}` already", placed.phase.name);
        found.push(Rule::Phases.error(placed.at("name"), message));
    }
}

/// Whoever approves sees all of a name: nothing passes for something else.
fn check_seen(affected: &[AssetId], phases: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    const HELP: &str = "write them in letters, digits and signs, without space around them";
    let unseen: Vec<(usize, &AssetId)> =
        affected.iter().enumerate().filter(|(_, asset)| is_unseen(asset.as_str())).collect();
    if let Some((first, _)) = unseen.first() {
        let names: Vec<_> = unseen.iter().map(|(_, asset)| asset.as_str().escape_debug()).collect();
        let message = format!("not all of these names can be seen: {}", few(&names));
        let at = in_payload("affected_assets").join(first);
        found.push(Rule::Assets.error(at, message).with_help(HELP));
    }
    for placed in phases.iter().filter(|placed| is_unseen(placed.phase.name.as_str())) {
        let name = placed.phase.name.as_str().escape_debug();
        let message = format!("not all of the name of phase `{name}` can be seen");
        found.push(Rule::Phases.error(placed.at("name"), message).with_help(HELP));
    }
}

/// Many systems take names that differ in capitals only for one.
fn check_capitals(affected: &[AssetId], found: &mut Vec<Diagnostic>) {
    let has_capitals = |asset: &&AssetId| asset.as_str().chars().any(char::is_uppercase);
    if !affected.iter().any(|asset| has_capitals(&asset)) {
        return;
    }
    let mut first: HashMap<String, &AssetId> = HashMap::with_capacity(affected.len());
    let mut alike = Vec::new();
    for (index, asset) in affected.iter().enumerate() {
        let other = *first.entry(asset.as_str().to_lowercase()).or_insert(asset);
        if other != asset {
            alike.push((index, [other, asset]));
        }
    }
    let Some((index, _)) = alike.first() else { return };
    let names: Vec<_> = alike.iter().flat_map(|(_, names)| names).collect();
    let message = format!("these names differ in capitals only: {}", few(&names));
    found.push(Rule::Assets.warning(in_payload("affected_assets").join(index), message));
}

fn check_excluded(
    affected: &[AssetId],
    phases: &[Placed<'_>],
    contract: &Contract<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let same = |asset: &AssetId| asset.as_str().trim().to_lowercase();
    let excluded: HashSet<String> = contract.excluded().iter().map(same).collect();
    if excluded.is_empty() {
        return;
    }
    let in_phases = phases.iter().map(|placed| (placed.at("assets"), &placed.phase.assets[..]));
    let places = std::iter::once((in_payload("affected_assets"), affected)).chain(in_phases);
    for (at, assets) in places {
        let concerned = assets.iter().enumerate().filter(|(_, it)| excluded.contains(&same(it)));
        let concerned: Vec<(usize, &AssetId)> = concerned.collect();
        let Some((first, _)) = concerned.first() else { continue };
        let names: Vec<_> = concerned.iter().map(|(_, asset)| asset).collect();
        let message = format!("the task excludes {}", few(&names));
        found.push(Rule::Excluded.error(at.join(first), message));
    }
}

/// Where the task names its assets, a plan concerns no others.
fn check_scope(affected: &[AssetId], contract: &Contract<'_>, found: &mut Vec<Diagnostic>) {
    let Some(scope) = &contract.spec.context.scope.asset_ids else { return };
    let scope: HashSet<&AssetId> = scope.iter().collect();
    let outside: Vec<(usize, &AssetId)> =
        affected.iter().enumerate().filter(|(_, asset)| !scope.contains(asset)).collect();
    let Some((first, _)) = outside.first() else { return };
    let names: Vec<_> = outside.iter().map(|(_, asset)| asset).collect();
    let message = format!("the task's `asset_ids` do not have {}", few(&names));
    found.push(Rule::Assets.error(in_payload("affected_assets").join(first), message));
}
