//! Which crates may depend on which, and what the low layers may never pull in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value as Json;

/// The crates with their layers, lowest first, and the members that each may depend on.
const LAYERS: [(&str, u8, &[&str]); 10] = [
    ("lorch-types", 0, &[]),
    ("lorch-compile", 1, &["lorch-types"]),
    ("lorch-manifest", 1, &["lorch-types"]),
    ("lorch-validate", 1, &["lorch-types"]),
    ("lorch-store", 2, &["lorch-types"]),
    ("lorch-backends", 2, &["lorch-types"]),
    ("lorch-engine", 3, &LOWER),
    ("lorch-agents", 3, &LOWER),
    ("lorch-plans", 3, &PLANS),
    ("lorch-cli", 4, &ALL),
];

/// Layers 0 to 2.
const LOWER: [&str; 6] = [
    "lorch-types",
    "lorch-compile",
    "lorch-manifest",
    "lorch-validate",
    "lorch-store",
    "lorch-backends",
];

/// What plans may use: they are carried out by the engine.
const PLANS: [&str; 7] = [
    "lorch-types",
    "lorch-compile",
    "lorch-manifest",
    "lorch-validate",
    "lorch-store",
    "lorch-backends",
    "lorch-engine",
];

/// What the command may use.
const ALL: [&str; 9] = [
    "lorch-types",
    "lorch-compile",
    "lorch-manifest",
    "lorch-validate",
    "lorch-store",
    "lorch-backends",
    "lorch-engine",
    "lorch-agents",
    "lorch-plans",
];

/// Members that stand beside the layers; nothing may depend on them.
const BESIDE: [&str; 2] = ["lorch-tests", "xtask"];

/// Asynchronous runtimes, databases and networks, which layers 0 and 1 know nothing of.
const IMPURE: [&str; 6] = ["tokio", "async-std", "rusqlite", "libsqlite3-sys", "reqwest", "hyper"];

/// How many crates a service pays for that wants only the data model, `lorch-types` included.
const MAX_TYPES_TREE: usize = 40;

/// The normal dependencies of each workspace member on other members.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Fails, naming every edge and crate that breaks the layering.
pub(crate) fn check(root: &Path) -> Result<()> {
    let metadata = cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--locked"])?;
    let metadata: Json = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let mut problems = wrong_edges(&edges(&metadata)?);
    for (name, ..) in LAYERS.iter().filter(|(_, layer, _)| *layer <= 1) {
        problems.extend(impure(name, &tree(root, name)?));
    }
    problems.extend(too_many("lorch-types", &tree(root, "lorch-types")?, MAX_TYPES_TREE));
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "the layering is broken\n\n{}\n\n\
         the layers and what each may use are listed in xtask/src/layers.rs",
        problems.join("\n")
    )
}

/// The edges between members that the table does not allow.
fn wrong_edges(edges: &Edges) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, dependencies) in edges {
        let known = LAYERS.iter().find(|(known, ..)| known == name);
        let allowed: &[&str] = match known {
            Some((_, _, allowed)) => allowed,
            None if BESIDE.contains(&name.as_str()) => &LAYERS.map(|(name, ..)| name),
            None => {
                problems.push(format!("`{name}` has no layer"));
                continue;
            }
        };
        for dependency in dependencies.iter().filter(|it| !allowed.contains(&it.as_str())) {
            let may = match allowed {
                [] => "no crate of the workspace".to_owned(),
                _ => allowed.join(", "),
            };
            problems.push(format!("`{name}` depends on `{dependency}`, and may depend on {may}"));
        }
    }
    problems
}

/// The crates in the tree of `name` that have no place in a pure one.
fn impure(name: &str, tree: &BTreeSet<String>) -> Vec<String> {
    let has = |known: &str| tree.iter().any(|line| line.split(' ').next() == Some(known));
    let impure = IMPURE.iter().filter(|known| has(known));
    impure.map(|found| format!("`{name}` is pure, and has `{found}` in its tree")).collect()
}

/// Whether the tree of `name` has more than `limit` crates.
fn too_many(name: &str, tree: &BTreeSet<String>, limit: usize) -> Option<String> {
    (tree.len() > limit)
        .then(|| format!("`{name}` has {} crates in its tree, and may have {limit}", tree.len()))
}

/// The normal edges between members, as `cargo metadata` gives them.
fn edges(metadata: &Json) -> Result<Edges> {
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let name = |package: &Json| package["name"].as_str().map(str::to_owned);
    let members: BTreeSet<String> = packages.iter().filter_map(name).collect();
    ensure!(!members.is_empty(), "cargo metadata names no members");
    let edges = packages.iter().filter_map(|package| {
        let dependencies = package["dependencies"].as_array()?.iter();
        let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
        let inside = normal.filter_map(name).filter(|name| members.contains(name));
        Some((name(package)?, inside.collect()))
    });
    Ok(edges.collect())
}

/// The crates that `name` needs to be built, itself included: `serde v1.0.229`, a line each.
fn tree(root: &Path, name: &str) -> Result<BTreeSet<String>> {
    let tree = cargo(
        root,
        &["tree", "-p", name, "-e", "normal", "--prefix", "none", "--no-dedupe", "--locked"],
    )?;
    Ok(tree.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "`cargo {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).context("cargo wrote no UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_edges(edges: &[(&str, &[&str])], expected: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let edges = edges.iter().map(|(name, to)| ((*name).to_owned(), owned(to))).collect();
        assert_eq!(wrong_edges(&edges), expected);
    }

    fn tree_of(lines: &[&str]) -> BTreeSet<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn edges_downwards_are_fine() {
        check_edges(
            &[
                ("lorch-types", &[]),
                ("lorch-compile", &["lorch-types"]),
                ("lorch-engine", &["lorch-store", "lorch-manifest"]),
                ("lorch-cli", &["lorch-engine"]),
                ("xtask", &["lorch-backends"]),
            ],
            &[],
        );
    }

    #[test]
    fn a_wrong_edge_is_named_with_what_is_allowed() {
        check_edges(
            &[("lorch-compile", &["lorch-types", "lorch-manifest"]), ("lorch-types", &["xtask"])],
            &[
                "`lorch-compile` depends on `lorch-manifest`, and may depend on lorch-types",
                "`lorch-types` depends on `xtask`, and may depend on no crate of the workspace",
            ],
        );
    }

    #[test]
    fn a_crate_without_a_layer_is_named() {
        check_edges(&[("lorch-new", &[])], &["`lorch-new` has no layer"]);
    }

    #[test]
    fn an_impure_crate_is_found_by_its_whole_name() {
        let tree = tree_of(&["tokio-util v0.7.0", "serde v1.0.0", "rusqlite v0.41.1"]);
        assert_eq!(
            impure("lorch-types", &tree),
            ["`lorch-types` is pure, and has `rusqlite` in its tree"]
        );
    }

    #[test]
    fn a_tree_may_reach_its_limit() {
        let tree = tree_of(&["a v1.0.0", "a v2.0.0"]);
        assert_eq!(too_many("x", &tree, 2), None);
        let problem = "`x` has 2 crates in its tree, and may have 1".to_owned();
        assert_eq!(too_many("x", &tree, 1), Some(problem));
    }

    #[test]
    fn only_normal_edges_between_members_count() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "dependencies": [
                {"name": "b", "kind": null}, {"name": "b", "kind": "dev"},
                {"name": "c", "kind": "dev"}, {"name": "serde", "kind": null}
            ]},
            {"name": "b", "dependencies": []}, {"name": "c", "dependencies": []}
        ]});
        let edges = edges(&metadata).unwrap();
        assert_eq!(edges["a"], BTreeSet::from(["b".to_owned()]));
        assert!(edges["b"].is_empty());
    }
}
