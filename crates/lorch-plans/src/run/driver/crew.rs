//! Those who act on assets: a thread for each that is acted on at this moment.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

use crate::run::course::Course;
use crate::run::hands::{Act, Direction, Hands, Mark};
use crate::run::machine::Place;

/// Those who act on assets.
pub(super) struct Crew<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    hands: &'scope Hands<'scope>,
    mark: Arc<Mark>,
    /// Where somebody is acting.
    out: Vec<Place>,
    said: (Sender<Done>, Receiver<Done>),
}

/// What came of acting on an asset.
pub(super) struct Done {
    pub(super) place: Place,
    pub(super) act: Act,
}

/// Says what came of an act, also when the thread ends without knowing.
struct Word {
    place: Place,
    act: Act,
    to: Sender<Done>,
}

impl Drop for Word {
    fn drop(&mut self) {
        let act = std::mem::replace(&mut self.act, Act::Stopped);
        // Nobody listens any longer when the run stops for another reason.
        let _ = self.to.send(Done { place: self.place, act });
    }
}

impl<'scope, 'env> Crew<'scope, 'env> {
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        hands: &'scope Hands<'scope>,
        mark: Mark,
    ) -> Self {
        Self { scope, hands, mark: Arc::new(mark), out: Vec::new(), said: channel() }
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
        let (hands, mark, course) = (self.hands, Arc::clone(&self.mark), Arc::clone(course));
        let to = self.said.0.clone();
        let act = move || {
            let mut word = Word { place, act: Act::Stopped, to };
            let Some((stage, asset)) = course.at(place) else { return };
            word.act = match direction {
                Direction::Forward => hands.act(&mark, stage, asset),
                Direction::Rollback => hands.undo(&mark, stage, asset, place.actions),
            };
        };
        let spawned = Builder::new().spawn_scoped(self.scope, act.clone());
        if spawned.is_err() {
            // There is no thread to be had: this one does it.
            act();
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
}
