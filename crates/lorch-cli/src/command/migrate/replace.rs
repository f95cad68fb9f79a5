//! Replaces a file as a whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Makes `text` the content of the file at `path`: written beside it, made durable, renamed over it.
/// A link stays a link, and what it leads to is replaced; the permissions stay.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = folder.join(format!(".{name}.{}.lorch", std::process::id()));
    let written = write(&beside, &path, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // What was begun is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written.and_then(|()| File::open(folder)?.sync_all())
}

fn write(beside: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(beside)?;
    file.set_permissions(fs::metadata(path)?.permissions())?;
    file.write_all(text)?;
    file.sync_all()
}
