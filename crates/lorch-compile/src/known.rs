//! The steps of a job by name, and which of them a `@run` reference may name.

use lorch_types::job::StepPath;
use lorch_types::reference::{Reference, Root, Segment};

use crate::code;
use crate::definition::Names;
use crate::report::Problem;
use crate::suggest;

/// The steps of one job by name, and what is known of those already compiled.
pub(crate) struct Known {
    names: Names,
    compiled: Vec<State>,
}

/// What is known of a step that has been compiled.
pub(crate) enum State {
    /// A step with an output, unless it is skipped.
    Step { skipped: bool },
    /// A nested job; its steps have outputs, it has none.
    Job(Box<Known>),
    /// A nested job that could not be compiled: whatever is said of it is passed over.
    Broken,
}

/// The step that a reference names: the way to it, and how many segments that takes.
struct Named {
    path: Option<String>,
    segments: usize,
}

impl Known {
    /// The steps of a job of which none is compiled.
    pub(crate) fn new(names: Names) -> Self {
        let compiled = Vec::with_capacity(names.positions.len());
        Self { names, compiled }
    }

    /// What the steps are called, of which there may be more to note.
    pub(crate) fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// Notes that the next step has been compiled.
    pub(crate) fn push(&mut self, state: State) {
        self.compiled.push(state);
    }

    /// Whether `name` is an earlier step that has an output: the common case, decided quickly.
    pub(crate) fn has_output(&self, name: &str) -> bool {
        let state = self.names.positions.get(name).and_then(|at| self.compiled.get(*at));
        matches!(state, Some(State::Step { skipped: false }))
    }

    /// The `@run` reference as the instance has it, for a step of the job inlined as `prefix`;
    /// `None` when that is how it is written already.
    ///
    /// A step that is skipped may refer to others that are.
    pub(crate) fn resolve(
        &self,
        reference: &Reference,
        prefix: Option<&StepPath>,
        from_skipped: bool,
    ) -> Result<Option<Reference>, Problem> {
        let name = match reference.path() {
            [Segment::Key(name), ..] => name,
            _ => return Err(not_a_step(reference)),
        };
        match (name.as_str(), reference.path().len()) {
            ("envelope", _) | ("run_id" | "started_at", 1) => return Ok(None),
            ("run_id" | "started_at", _) => {
                let message = format!("`@run.{name}` is a string, and has nothing inside");
                return Err(Problem::new(code::PATH_INTO_TEXT, message));
            }
            _ => {}
        }
        let named = self.named(reference, 0, from_skipped).map_err(|problem| {
            let is_outside = prefix.is_some() && problem.code == code::UNKNOWN_STEP;
            match problem.help {
                None if is_outside => problem.with_help(
                    "a nested job sees its own steps only: pass the value in its payload"
                        .to_owned(),
                ),
                _ => problem,
            }
        })?;
        let path = match (prefix, named.path) {
            (None, None) => return Ok(None),
            (Some(prefix), None) => format!("{prefix}/{name}"),
            (None, Some(path)) => path,
            (Some(prefix), Some(path)) => format!("{prefix}/{path}"),
        };
        let rest = reference.path().get(named.segments..).unwrap_or_default();
        let segments = std::iter::once(Segment::Key(path.into())).chain(rest.iter().cloned());
        Ok(Some(Reference::new(Root::Run, segments.collect())))
    }

    fn named(
        &self,
        reference: &Reference,
        skip: usize,
        from_skipped: bool,
    ) -> Result<Named, Problem> {
        let Some(Segment::Key(name)) = reference.path().get(skip) else {
            return Err(not_a_step(reference));
        };
        let Some(position) = self.names.positions.get(name) else {
            if self.names.unread.may_be(name) {
                return Ok(Named { path: None, segments: skip + 1 });
            }
            return Err(self.unknown(reference, skip, name));
        };
        let name = name.escape_debug();
        match self.compiled.get(*position) {
            Some(State::Step { skipped: true }) if !from_skipped => {
                let names = reference.path().get(..=skip).unwrap_or_default();
                let names: Vec<&str> = names.iter().filter_map(Segment::as_key).collect();
                let name = names.join("/");
                let message = format!("step `{name}` is skipped, so it has no output");
                Err(Problem::new(code::SKIPPED_STEP, message)
                    .with_help("give this step the same `if`".to_owned()))
            }
            Some(State::Step { .. } | State::Broken) => {
                let names = reference.path().get(..=skip).unwrap_or_default();
                let path = (skip > 0).then(|| {
                    let names: Vec<&str> = names.iter().filter_map(Segment::as_key).collect();
                    names.join("/")
                });
                Ok(Named { path, segments: skip + 1 })
            }
            Some(State::Job(job)) if reference.path().len() == skip + 1 => {
                let message = format!("step `{name}` is a nested job, which has no output itself");
                let help = job.example().map(|step| {
                    format!("name one of its steps, such as `{reference}{}`", key(step))
                });
                Err(Problem::new(code::JOB_HAS_NO_OUTPUT, message).with_help(help))
            }
            Some(State::Job(job)) => job.named(reference, skip + 1, from_skipped),
            None if *position == self.compiled.len() => {
                let message = format!("step `{name}` refers to its own output");
                Err(Problem::new(code::NOT_EARLIER, message))
            }
            None => {
                let message = format!("step `{name}` comes later, so it has no output yet");
                Err(Problem::new(code::NOT_EARLIER, message)
                    .with_help(format!("move step `{name}` before this one")))
            }
        }
    }

    /// The last step, whose output is mostly what a job is for.
    fn example(&self) -> Option<&str> {
        let last = self.names.positions.iter().max_by_key(|(_, position)| **position);
        last.map(|(name, _)| name.as_str())
    }

    fn unknown(&self, reference: &Reference, skip: usize, name: &str) -> Problem {
        let shown = name.escape_debug();
        let message = match reference.path().get(skip.wrapping_sub(1)).and_then(Segment::as_key) {
            Some(job) => format!("the nested job `{}` has no step `{shown}`", job.escape_debug()),
            None => format!("there is no step `{shown}`"),
        };
        Problem::new(code::UNKNOWN_STEP, message).with_help(self.meant(reference, skip, name))
    }

    fn meant(&self, reference: &Reference, skip: usize, name: &str) -> Option<String> {
        let mut earlier: Vec<(&str, usize)> = self
            .names
            .positions
            .iter()
            .filter(|(_, position)| **position < self.compiled.len())
            .map(|(name, position)| (name.as_str(), *position))
            .collect();
        // The nearest in the text first.
        earlier.sort_by_key(|(_, position)| std::cmp::Reverse(*position));
        let names = earlier.iter().map(|(name, _)| *name);
        let mut path = reference.path().to_vec();
        if let Some((job, step)) = name.split_once('/')
            && self.names.positions.contains_key(job)
        {
            let steps = [job].into_iter().chain(step.split('/'));
            path.splice(skip..=skip, steps.map(|step| Segment::Key(step.into())));
            return Some(format!("did you mean `{}`?", Reference::new(Root::Run, path)));
        }
        let near = suggest::nearest(name, names.clone()).map(|near| {
            if let Some(segment) = path.get_mut(skip) {
                *segment = Segment::Key(near.into());
            }
            format!("did you mean `{}`?", Reference::new(Root::Run, path))
        });
        near.or_else(|| {
            suggest::list(names.rev()).map(|names| format!("the steps before are {names}"))
        })
    }
}

fn key(name: &str) -> Segment {
    Segment::Key(name.into())
}

fn not_a_step(reference: &Reference) -> Problem {
    let message = format!("`{reference}` does not name a step");
    Problem::new(code::UNKNOWN_STEP, message)
        .with_help("the output of a step is `@run.STEP_ID`, or a path into it".to_owned())
}
