//! Several threads judge blocks, and what they say comes in the order of the stream.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use super::blocks::Blocks;
use super::judge::{Judge, Judged};
use super::{Rules, StreamOptions};

/// What the threads share.
struct Shared<R> {
    state: Mutex<State<R>>,
    /// Something was taken, or nothing more is wanted.
    moved: Condvar,
    /// How many blocks may have been read and not been taken.
    window: usize,
}

struct State<R> {
    blocks: Blocks<R>,
    /// How many blocks were read.
    read: usize,
    /// How many were taken.
    taken: usize,
    /// The stream has ended, or nothing more is wanted.
    over: bool,
}

/// Judges all blocks that are left, and hands what is said about each to `take`, in order.
pub(super) fn judge_rest<R: Read + Send>(
    blocks: Blocks<R>,
    options: &StreamOptions,
    rules: Rules<'_>,
    mut take: impl FnMut(Judged) -> io::Result<()>,
) -> io::Result<()> {
    let threads = options.threads.get();
    let state = Mutex::new(State { blocks, read: 0, taken: 0, over: false });
    let shared = Shared { state, moved: Condvar::new(), window: 2 * threads };
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads {
            let send = send.clone();
            let shared = &shared;
            scope.spawn(move || shared.judge_blocks(Judge::new(options, rules), &send));
        }
        drop(send);
        // Whoever reads waits for whoever takes, so this must be over before the threads are.
        let outcome = shared.in_order(&receive, &mut take);
        shared.stop();
        outcome
    })
}

/// What came of a block, and which one it was; an error is where reading ended.
type Outcome = (usize, io::Result<Judged>);

impl<R: Read> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().over = true;
        self.moved.notify_all();
    }

    /// Reads and judges one block after the other, until there are none.
    fn judge_blocks(&self, mut judge: Judge<'_>, send: &mpsc::Sender<Outcome>) {
        let mut text = Vec::new();
        while let Some((number, block)) = self.next(&mut text) {
            let judged = block.map(|block| judge.judge(block, &text));
            if send.send((number, judged)).is_err() {
                return;
            }
        }
    }

    /// The next block, once not too many wait to be taken.
    fn next(&self, text: &mut Vec<u8>) -> Option<(usize, io::Result<super::Block>)> {
        let mut state = self.lock();
        while !state.over && state.read >= state.taken + self.window {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.over {
            return None;
        }
        let block = state.blocks.next(text);
        state.over = !matches!(block, Ok(Some(_)));
        let number = state.read;
        state.read += 1;
        Some((number, block.transpose()?))
    }

    fn in_order(
        &self,
        receive: &mpsc::Receiver<Outcome>,
        take: &mut impl FnMut(Judged) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        for (number, judged) in receive {
            early.insert(number, judged);
            while let Some(judged) = early.remove(&next) {
                take(judged?)?;
                next += 1;
                self.lock().taken = next;
                self.moved.notify_all();
            }
        }
        Ok(())
    }
}
