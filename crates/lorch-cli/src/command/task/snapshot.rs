//! `lorch task snapshot`: what the workspace holds, and the id of it.

use clap::Args;
use lorch_agents::{Refusal, SnapshotError, Unread, snapshot as take_snapshot, write_snapshot};
use lorch_types::agent::{SnapshotManifest, WorkspacePath};
use lorch_types::diagnostic::visible;

use crate::agents::{opened, snapshot_options};
use crate::amount::{counted, size};
use crate::cli::Global;
use crate::clock::now;
use crate::exit::{Failure, Outcome};
use crate::site::Site;
use crate::terminal::{Stream, print, print_document, tell_error};

/// Take a snapshot of the workspace: its id, which is that of the content, and the files in it.
///
/// It takes `specs`, `src`, `tests` and `docs` as far as they are there, without hidden files and
/// `node_modules`; `[snapshot]` in lorch.toml says otherwise. Symbolic links are recorded by what they
/// say, and not followed. The manifest is written to `snapshots`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lorch task snapshot
  lorch task snapshot --json | jq -r .snapshot_id

Exit status: 0 it was taken; 1 it has files that cannot be recorded; 2 a file cannot be read.")]
pub(crate) struct Snapshot {
    /// The manifest, for programs.
    #[arg(long)]
    json: bool,
}

/// Takes the snapshot, writes its manifest and prints it.
pub(crate) fn snapshot(arguments: &Snapshot, global: &Global) -> Outcome {
    let site = Site::find(global)?;
    let root = opened(&site)?;
    let options = snapshot_options(&site.config.snapshot);
    let taken = take_snapshot(&root, &options, now()).map_err(|error| untaken(error, global))?;
    let path =
        write_snapshot(&root, &taken.manifest).map_err(|error| Failure::Work(error.into()))?;
    if arguments.json {
        return print_document(&taken.manifest);
    }
    print(&for_people(&taken.manifest, &options.roots, &path))
}

fn untaken(error: SnapshotError, global: &Global) -> Failure {
    let color = global.color.on(Stream::Error);
    match error {
        SnapshotError::Refused { files } => {
            let is_unread = |file: &Refusal| matches!(file.reason, Unread::Io(_));
            // A line feed in a name begins no line.
            files.iter().for_each(|file| tell_error(&visible(&file.to_string()), color));
            if files.iter().any(is_unread) { Failure::Unreadable } else { Failure::Reported }
        }
        SnapshotError::Reserved { .. } | SnapshotError::Pattern { .. } => {
            Failure::Usage(anyhow::Error::new(error).context("[snapshot] in lorch.toml"))
        }
        SnapshotError::Workspace(error) => Failure::Usage(error.into()),
    }
}

fn for_people(manifest: &SnapshotManifest, roots: &[WorkspacePath], path: &str) -> String {
    let mut text = String::new();
    let width = roots.iter().map(|root| root.as_str().chars().count()).max().unwrap_or(0);
    for root in roots {
        let is_in = |path: &WorkspacePath| {
            let rest = path.as_str().strip_prefix(root.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let sizes = manifest.files.iter().filter(|it| is_in(&it.path)).map(|it| it.size.get());
        let said = amount(sizes);
        text.push_str(&format!("{:<width$}  {said}\n", root.as_str()));
    }
    let all = amount(manifest.files.iter().map(|it| it.size.get()));
    text.push_str(&format!("{}: {all}, in {path}\n", manifest.snapshot_id));
    text
}

/// How many files these are the sizes of, and how large they are together.
fn amount(sizes: impl Iterator<Item = u64>) -> String {
    match sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size)) {
        (0, _) => "no files".to_owned(),
        (count, bytes) => format!("{}, {}", counted(count, "file"), size(bytes)),
    }
}
