//! How far a long file is read: a bar on the terminal, once that takes longer than a second.

use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lorch_types::diagnostic::visible;

/// What is read in less time needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The clock is looked at once in so many bytes.
const STRIDE: u64 = 64 * 1024;

const WITH_LENGTH: &str =
    "{msg} [{bar:30}] {percent:>3}%  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const WITHOUT_LENGTH: &str = "{spinner} {msg}  {bytes}, {bytes_per_sec}";

/// Reads on, and shows how far it is.
#[derive(Debug)]
pub(super) struct Meter<R> {
    inner: R,
    bar: ProgressBar,
    begun: Instant,
    /// Bytes that the bar does not know of yet.
    pending: u64,
}

/// A bar for reading the file called `name`, still hidden; none where no person watches.
pub(super) fn bar(name: &str, length: Option<u64>) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::new_spinner(),
    };
    bar.set_draw_target(ProgressDrawTarget::hidden());
    let template = if length.is_some() { WITH_LENGTH } else { WITHOUT_LENGTH };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(visible(name));
    Some(bar)
}

impl<R> Meter<R> {
    /// Shows on `bar` what is read of `inner`.
    pub(super) fn new(inner: R, bar: ProgressBar) -> Self {
        Self { inner, bar, begun: Instant::now(), pending: 0 }
    }

    fn advance(&mut self, bytes: usize) {
        self.pending += u64::try_from(bytes).unwrap_or_default();
        if self.pending < STRIDE {
            return;
        }
        if self.bar.is_hidden() && self.begun.elapsed() >= PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(std::mem::take(&mut self.pending));
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.advance(bytes);
        Ok(bytes)
    }
}
