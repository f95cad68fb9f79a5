//! The lines of a file, one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Calls `visit` for each line of the file `path` with its number from 1, without its line end. Of a
/// line that is longer than `limit` bytes it sees one byte more than that.
pub(super) fn each(
    path: &Path,
    limit: usize,
    mut visit: impl FnMut(usize, &[u8]),
) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    // The line end may take two bytes more.
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(2);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(bound).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            reader.skip_until(b'\n')?;
        }
        line.pop_if(|last| *last == b'\n');
        line.pop_if(|last| *last == b'\r');
        visit(number, &line);
    }
    Ok(())
}
