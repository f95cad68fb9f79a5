//! What was observed of metrics, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Metric, Observed};

/// What was observed of metrics over time.
///
/// Every look at a metric is recorded, also one that gave nothing: a probe that failed or timed out. An
/// observation is *in force* from its moment until the next of the same metric, but no longer than
/// `fresh_for`; whenever none is in force, the metric is unknown. So a probe that stopped, or a process
/// that was away, is never taken for a metric that did not change. Moments are times since one that the
/// caller fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    fresh_for: Duration,
    /// Invariant: the samples of each metric are in order of time.
    samples: BTreeMap<Metric, Vec<Sample>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    at: Duration,
    observed: Option<Observed>,
}

impl History {
    /// A history of nothing, whose observations count for `fresh_for` at most: longer than from one look
    /// at a metric to the next.
    pub fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, samples: BTreeMap::new() }
    }

    /// Adds what a look at `metric` gave at the moment `at`; `None` when it gave nothing.
    ///
    /// Of several looks at one moment the last added is the last.
    pub fn record(&mut self, metric: &Metric, at: Duration, observed: Option<Observed>) {
        let samples = self.samples.entry(metric.clone()).or_default();
        let place = samples.partition_point(|sample| sample.at <= at);
        samples.insert(place, Sample { at, observed });
    }

    /// Forgets what is no longer in force at the moment `at`, so that memory is bounded by how far back
    /// conditions look.
    pub fn forget_before(&mut self, at: Duration) {
        for samples in self.samples.values_mut() {
            let later = samples.partition_point(|sample| sample.at <= at);
            samples.drain(..later.saturating_sub(1));
        }
    }

    /// What was in force of `metric` at the moments from `length` before `now` to `now`, the latest
    /// first; `None` for moments at which nothing was. Never empty.
    pub(super) fn in_force(
        &self,
        metric: &Metric,
        now: Duration,
        length: Duration,
    ) -> Vec<Option<Observed>> {
        let mut found = Vec::new();
        // Before the first moment of all nothing was observed.
        let start = now.checked_sub(length);
        let mut until = None;
        for sample in self.samples.get(metric).into_iter().flatten().rev() {
            if sample.at > now || until == Some(sample.at) {
                continue;
            }
            let fresh_until = sample.at.saturating_add(self.fresh_for);
            if fresh_until < until.unwrap_or(now) {
                found.push(None);
            }
            if start.is_none_or(|start| fresh_until >= start) {
                found.push(sample.observed);
            }
            if start.is_some_and(|start| sample.at <= start) {
                return found;
            }
            until = Some(sample.at);
        }
        found.push(None);
        found
    }
}
