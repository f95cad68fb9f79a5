//! What a snapshot leaves out.

use std::io;
use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use lorch_types::agent::WorkspacePath;

use super::{GitIgnore, SnapshotError, SnapshotOptions};
use crate::file::{EVENTS, LOGS, PRIVATE, RECEIPTS, SNAPSHOTS, STATE};

/// The folders of the workspace that lorch writes.
const OWN: [&str; 5] = [EVENTS, LOGS, RECEIPTS, SNAPSHOTS, STATE];
/// The file in which a folder says what git leaves out of it.
pub(super) const GITIGNORE: &str = ".gitignore";

/// What is left out everywhere.
pub(super) struct Rules {
    configured: Gitignore,
    gitignore: GitIgnore,
}

/// What the `.gitignore` files of a folder and of those above it say.
#[derive(Clone, Default)]
pub(super) struct Scope(Option<Arc<Level>>);

struct Level {
    here: Gitignore,
    above: Scope,
}

impl Rules {
    /// The rules that `options` say.
    pub(super) fn new(options: &SnapshotOptions) -> Result<Self, SnapshotError> {
        if let Some(root) = options.roots.iter().find(|root| is_reserved(root)) {
            return Err(SnapshotError::Reserved { root: root.clone() });
        }
        let mut builder = GitignoreBuilder::new(".");
        for pattern in &options.ignore {
            builder.add_line(None, pattern).map_err(unusable(pattern))?;
        }
        let configured = builder.build().map_err(unusable(&options.ignore.join(" ")))?;
        Ok(Self { configured, gitignore: options.gitignore })
    }

    /// Whether `.gitignore` files say what is left out.
    pub(super) fn honours_git(&self) -> bool {
        self.gitignore == GitIgnore::Honoured
    }

    /// Whether what is called `name` is left out wherever it stands.
    pub(super) fn leaves_out_name(name: &[u8]) -> bool {
        name.starts_with(b".") || name == b"node_modules"
    }

    /// Whether the file or folder at `path`, which is in `scope`, is left out.
    pub(super) fn leaves_out(&self, path: &str, is_folder: bool, scope: &Scope) -> bool {
        match self.configured.matched(path, is_folder) {
            Match::Ignore(_) => true,
            Match::Whitelist(_) => false,
            Match::None => scope.leaves_out(path, is_folder),
        }
    }
}

impl Scope {
    /// The scope of what is in `folder`, whose `.gitignore` file is `text`. Lines that are no patterns
    /// say nothing, as with git.
    pub(super) fn within(&self, folder: &str, text: &[u8]) -> io::Result<Self> {
        let root = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
        let mut builder = GitignoreBuilder::new(root);
        for line in String::from_utf8_lossy(text).lines() {
            let _ = builder.add_line(None, line);
        }
        let here = builder.build().map_err(io::Error::other)?;
        Ok(Self(Some(Arc::new(Level { here, above: self.clone() }))))
    }

    /// The nearest folder that says anything decides.
    fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let mut level = &self.0;
        while let Some(it) = level {
            match it.here.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => level = &it.above.0,
            }
        }
        false
    }
}

/// Whether a folder is lorch's own, or git's.
fn is_reserved(root: &WorkspacePath) -> bool {
    let mut segments = root.as_str().split('/');
    segments.clone().next().is_some_and(|first| OWN.contains(&first))
        || segments.any(|segment| segment == ".git" || segment == PRIVATE)
}

fn unusable(pattern: &str) -> impl FnOnce(ignore::Error) -> SnapshotError + use<> {
    let pattern = pattern.to_owned();
    move |source| SnapshotError::Pattern { pattern, source }
}
