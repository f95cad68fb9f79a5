//! Public test data, read from the folder that `LORCH_CORPORA` names.

use std::path::{Path, PathBuf};

/// The folder of the corpus `name`; `None`, said on the terminal, when the variable is not set.
///
/// Panics when the variable is set and the corpus is not there.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let Some(corpora) = std::env::var_os("LORCH_CORPORA") else {
        eprintln!("left out: LORCH_CORPORA is not set, so there is no corpus `{name}`");
        return None;
    };
    let folder = Path::new(&corpora).join(name);
    assert!(folder.is_dir(), "there is no folder {}", folder.display());
    Some(folder)
}

/// The paths in `folder`, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
