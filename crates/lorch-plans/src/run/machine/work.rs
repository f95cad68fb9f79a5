//! Assets that are acted on, each once and some at the same time.

/// An asset of a phase, by their places in the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) struct Place {
    pub(in crate::run) stage: usize,
    pub(in crate::run) asset: usize,
    /// How many actions are concerned.
    pub(in crate::run) actions: usize,
}

/// Assets that are acted on in this order: those of a phase, or what was touched, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Work {
    items: Vec<(Place, Progress)>,
    /// All before this one are begun or done.
    next: usize,
    /// All before this one are done.
    oldest: usize,
    /// How many are begun and not done.
    begun: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Begun,
    Done,
}

impl Work {
    pub(super) fn new(places: impl Iterator<Item = Place>) -> Self {
        let items = places.map(|place| (place, Progress::Open)).collect();
        Self { items, next: 0, oldest: 0, begun: 0 }
    }

    /// The phase of the oldest that is not done.
    pub(super) fn stage(&self) -> Option<usize> {
        self.items.get(self.oldest).map(|(place, _)| place.stage)
    }

    pub(super) fn is_over(&self) -> bool {
        self.oldest == self.items.len()
    }

    pub(super) fn is_begun(&self) -> bool {
        self.begun > 0
    }

    /// Those that may have been acted on.
    pub(super) fn begun(&self) -> impl Iterator<Item = Place> {
        self.of(self.oldest, Progress::Begun).take(self.begun)
    }

    /// Those that can be begun now, in order: what is left of one phase goes before another phase.
    pub(super) fn ready(&self) -> impl Iterator<Item = Place> {
        let stage = self.stage();
        let open = self.of(self.next, Progress::Open);
        open.take_while(move |place| Some(place.stage) == stage)
    }

    /// Takes that what `is_it` says is begun; whether there was one to begin.
    pub(super) fn begin(&mut self, is_it: impl Fn(Place) -> bool) -> bool {
        let found = self.items.iter_mut().skip(self.next);
        let mut found = found.filter(|(_, progress)| *progress == Progress::Open);
        let Some((_, progress)) = found.find(|(place, _)| is_it(*place)) else { return false };
        *progress = Progress::Begun;
        self.begun += 1;
        self.advance();
        true
    }

    /// Takes that what `is_it` says is done, whether it was known to be begun or not.
    pub(super) fn finish(&mut self, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        let found = self.items.iter_mut().skip(self.oldest);
        let mut found = found.filter(|(_, progress)| *progress != Progress::Done);
        let (place, progress) = found.find(|(place, _)| is_it(*place))?;
        if *progress == Progress::Begun {
            self.begun -= 1;
        }
        *progress = Progress::Done;
        let place = *place;
        self.advance();
        Some(place)
    }

    fn of(&self, from: usize, progress: Progress) -> impl Iterator<Item = Place> {
        let left = self.items.iter().skip(from);
        left.filter(move |(_, it)| *it == progress).map(|(place, _)| *place)
    }

    fn advance(&mut self) {
        let is = |at: usize, progress: &[Progress]| {
            self.items.get(at).is_some_and(|(_, it)| progress.contains(it))
        };
        let (mut oldest, mut next) = (self.oldest, self.next);
        while is(oldest, &[Progress::Done]) {
            oldest += 1;
        }
        while is(next, &[Progress::Begun, Progress::Done]) {
            next += 1;
        }
        (self.oldest, self.next) = (oldest, next);
    }
}
