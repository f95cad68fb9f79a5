//! Artifacts: whether the files on disk are what the receipts say.

use std::collections::BTreeMap;

use lorch_types::agent::{Artifact, Receipt, WorkspacePath};

use super::ledger::Ledgers;
use super::receipts::Receipts;
use super::{FileFound, Files, Found, Mismatch, Rule, Stand, file};

/// What a receipt says about a file.
#[derive(Clone, Copy)]
struct Claim<'r> {
    stand: &'r Stand,
    receipt: &'r Receipt,
    index: usize,
    artifact: &'r Artifact,
}

/// Checks each file against the latest receipt that names it: earlier ones are superseded, and so is
/// what lorch itself said of the file in a ledger later, when work removed it or a person took it as it
/// was.
pub(super) fn check(receipts: &Receipts, ledgers: &Ledgers, files: &dyn Files, found: &mut Found) {
    let mut latest: BTreeMap<&WorkspacePath, Claim<'_>> = BTreeMap::new();
    for (stand, receipt) in &receipts.0 {
        for (index, artifact) in receipt.artifacts.iter().enumerate() {
            let claim = Claim { stand, receipt, index, artifact };
            let kept = latest.entry(&artifact.path).or_insert(claim);
            if claim.receipt.supersedes(kept.receipt) {
                *kept = claim;
            }
        }
    }
    for (path, mut claim) in latest {
        match ledgers.word(path, claim.receipt.created_at) {
            Some(Some(word)) => claim.artifact = word,
            // It had gone, and whatever is there now is nobody's work.
            Some(None) => continue,
            None => {}
        }
        compare(path, &claim, files.look(path), found);
    }
}

fn compare(path: &WorkspacePath, claim: &Claim<'_>, content: FileFound, found: &mut Found) {
    let Claim { stand, index, artifact, .. } = claim;
    let mut differs = |field: &str, message: String| {
        let at = stand.at([&"artifacts", index, &field]);
        let mismatch = Mismatch::new(Rule::Artifact, at, file(path.as_str()), message)
            .with_help("the file was changed since, or is another one: nothing here says which");
        found.follow(false, || mismatch);
    };
    match content {
        FileFound::Content { sha256, size } => {
            let recorded = artifact.size.get();
            if size != recorded {
                differs("size", format!("{recorded} bytes are recorded, and {path} has {size}"));
            }
            if sha256 != artifact.sha256 {
                let recorded = &artifact.sha256;
                differs("sha256", format!("`{recorded}` is recorded, and {path} has `{sha256}`"));
            } else if size == recorded {
                found.references += 1;
            }
        }
        FileFound::Nothing => differs("path", format!("there is no file {path}")),
        FileFound::Unusable(why) => differs("path", format!("the file {path} {why}")),
    }
}
