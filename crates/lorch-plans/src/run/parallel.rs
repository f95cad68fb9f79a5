//! How many assets are acted on at the same time.

use std::num::NonZeroU16;

use lorch_backends::config::Tools;
use lorch_types::plan::PlanAction;

use super::hands::Direction;

/// What allows assets of a phase to be acted on at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Parallel<'a> {
    /// The tools, each of which can allow fewer.
    pub tools: &'a Tools,
    /// How many at most.
    pub most: NonZeroU16,
}

impl Parallel<'_> {
    /// On how many assets these actions may be done at the same time, or be undone.
    pub fn limit(&self, actions: &[PlanAction], direction: Direction) -> usize {
        let used = actions.iter().filter_map(|action| {
            let tool = self.tools.get(&action.tool)?;
            match direction {
                Direction::Forward => Some(tool),
                Direction::Rollback => self.tools.get(tool.inverse.as_ref()?),
            }
        });
        let limits = used.filter_map(|tool| tool.max_parallel).chain([self.most]);
        limits.min().map_or(1, |limit| usize::from(limit.get()))
    }
}
