//! Adds documents to those by which `v1` is frozen: for kinds and fields that have none yet.
//!
//! What is there stays as it is: a document whose verdict has changed is the compatibility test's to
//! report, and nobody's to freeze again.

use anyhow::{Context as _, Result};
use lorch_tests::frozen;
use lorch_types::Kind;

fn main() -> Result<()> {
    for kind in Kind::ALL {
        let mut lines = frozen::read(kind)?;
        let added = frozen::additions(kind, &lines)?;
        lines.extend(added);
        frozen::explain(kind, &mut lines);
        let path = frozen::path(kind);
        std::fs::write(&path, frozen::write(&lines)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
