//! Those who act on assets: as many threads as there were acts at the same time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

use crate::run::course::Course;
use crate::run::hands::{Act, Direction, Hands, Mark};
use crate::run::machine::Place;

/// Those who act on assets. They end when this is dropped.
pub(super) struct Crew<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    hands: &'scope Hands<'scope>,
    mark: Arc<Mark>,
    board: Arc<Board>,
    workers: usize,
    /// Where somebody is acting.
    out: Vec<Place>,
    said: (Sender<Done>, Receiver<Done>),
}

/// What came of acting on an asset.
pub(super) struct Done {
    pub(super) place: Place,
    pub(super) act: Act,
}

/// What is to be done.
#[derive(Default)]
struct Board {
    errands: Mutex<Errands>,
    posted: Condvar,
}

#[derive(Default)]
struct Errands {
    open: VecDeque<Errand>,
    is_over: bool,
}

/// Acting on one asset.
struct Errand {
    course: Arc<Course>,
    place: Place,
    direction: Direction,
}

impl<'scope, 'env> Crew<'scope, 'env> {
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        hands: &'scope Hands<'scope>,
        mark: Mark,
    ) -> Self {
        let (mark, board) = (Arc::new(mark), Arc::default());
        Self { scope, hands, mark, board, workers: 0, out: Vec::new(), said: channel() }
    }

    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    pub(super) fn is_idle(&self) -> bool {
        self.out.is_empty()
    }

    /// Has an asset acted on, unless that is under way.
    pub(super) fn send(&mut self, course: &Arc<Course>, place: Place, direction: Direction) {
        if self.out.contains(&place) {
            return;
        }
        self.out.push(place);
        let errand = Errand { course: Arc::clone(course), place, direction };
        if self.out.len() > self.workers && self.hire() {
            self.workers += 1;
        }
        if self.workers > 0 {
            self.board.lock().open.push_back(errand);
            self.board.posted.notify_one();
        } else {
            // There is no thread to be had: this one does it.
            let _ = self.said.0.send(errand.done(self.hands, &self.mark));
        }
    }

    /// What came of acts; of at least one, unless that takes longer than `longest`.
    pub(super) fn gather(&mut self, longest: Duration) -> Vec<Done> {
        if self.is_idle() {
            return Vec::new();
        }
        let first = self.said.1.recv_timeout(longest).ok();
        let done: Vec<Done> = first.into_iter().chain(self.said.1.try_iter()).collect();
        self.out.retain(|place| done.iter().all(|it| it.place != *place));
        done
    }

    /// One more who acts; whether there is one.
    fn hire(&self) -> bool {
        let (hands, mark, board) = (self.hands, Arc::clone(&self.mark), Arc::clone(&self.board));
        let said = self.said.0.clone();
        let work = move || {
            while let Some(errand) = board.next() {
                // Nobody listens any longer when the run stops for another reason.
                let _ = said.send(errand.done(hands, &mark));
            }
        };
        Builder::new().spawn_scoped(self.scope, work).is_ok()
    }
}

impl Drop for Crew<'_, '_> {
    fn drop(&mut self) {
        self.board.lock().is_over = true;
        self.board.posted.notify_all();
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Errands> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done next; nothing when all is over.
    fn next(&self) -> Option<Errand> {
        let is_waiting = |errands: &mut Errands| errands.open.is_empty() && !errands.is_over;
        let errands = self.posted.wait_while(self.lock(), is_waiting);
        let mut errands = errands.unwrap_or_else(PoisonError::into_inner);
        if errands.is_over { None } else { errands.open.pop_front() }
    }
}

impl Errand {
    fn done(self, hands: &Hands<'_>, mark: &Mark) -> Done {
        let act = || match (self.course.at(self.place), self.direction) {
            (Some((stage, asset)), Direction::Forward) => hands.act(mark, stage, asset),
            (Some((stage, asset)), Direction::Rollback) => {
                hands.undo(mark, stage, asset, self.place.actions)
            }
            (None, _) => Act::Stopped,
        };
        // Of what panicked it is not known how far it came: it is to be asked for again.
        let act = catch_unwind(AssertUnwindSafe(act)).unwrap_or(Act::Stopped);
        Done { place: self.place, act }
    }
}
