//! What is still to be done for a snapshot, for all threads.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lorch_types::agent::WorkspacePath;

use super::rules::Scope;

/// How many files a thread takes at once: so few that no thread is left with much to do.
pub(super) const BATCH: usize = 16;

/// Something to be done.
pub(super) enum Work {
    /// Look into a folder.
    Folder(Folder),
    /// Read files.
    Files(Batch),
}

/// A folder that is still to be looked into.
pub(super) struct Folder {
    pub(super) within: Arc<OwnedFd>,
    pub(super) name: CString,
    /// Its path, with a `/` behind it.
    pub(super) path: String,
    pub(super) scope: Scope,
}

/// Files of one folder that are still to be read.
pub(super) struct Batch {
    pub(super) within: Arc<OwnedFd>,
    pub(super) files: Vec<WorkspacePath>,
}

/// All that is still to be done.
#[derive(Default)]
pub(super) struct Queue {
    left: Mutex<Left>,
    changed: Condvar,
}

#[derive(Default)]
struct Left {
    work: Vec<Work>,
    /// How many threads are at work: more to do may come of it.
    busy: usize,
}

/// What a thread is doing.
pub(super) struct Turn<'q> {
    queue: &'q Queue,
    pub(super) work: Work,
}

impl Queue {
    /// Has a folder looked into.
    pub(super) fn look_into(&self, folder: Folder) {
        self.add(Work::Folder(folder));
    }

    /// Has files of a folder read.
    pub(super) fn read(&self, within: &Arc<OwnedFd>, files: Vec<WorkspacePath>) {
        if !files.is_empty() {
            self.add(Work::Files(Batch { within: Arc::clone(within), files }));
        }
    }

    /// What to do next; `None` when there can be no more. What was added last comes first, which keeps
    /// few folders open.
    pub(super) fn take(&self) -> Option<Turn<'_>> {
        let mut left = self.left();
        loop {
            if let Some(work) = left.work.pop() {
                left.busy += 1;
                return Some(Turn { queue: self, work });
            }
            if left.busy == 0 {
                return None;
            }
            left = self.changed.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn add(&self, work: Work) {
        self.left().work.push(work);
        self.changed.notify_one();
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut left = self.queue.left();
        left.busy -= 1;
        if left.busy == 0 && left.work.is_empty() {
            self.queue.changed.notify_all();
        }
    }
}
