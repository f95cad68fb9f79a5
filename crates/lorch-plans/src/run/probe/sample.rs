//! Asking the assets of a phase themselves, each so many times.

use std::time::{Duration, Instant};

use lorch_types::plan::{Metric, Observed};

use super::{Eyes, Look, Sight, count, each};

impl Eyes<'_> {
    /// What asking each asset so often says of `error_rate` or `latency_p99`.
    ///
    /// A request that is not answered has failed, as whoever depends on the asset sees it; when none is
    /// answered, nothing is known.
    pub(super) fn sampled(&self, sight: &Sight<'_>, path: &str, samples: u32) -> Look {
        let asked = each(sight, |asset, left| {
            let begun = Instant::now();
            let samples = (0..samples).map(|_| {
                let asked = Instant::now();
                let status = self.status(asset, path, left.saturating_sub(begun.elapsed())).ok();
                (status, asked.elapsed())
            });
            samples.collect::<Vec<_>>()
        });
        let (mut failed, mut answered) = (0, 0);
        let mut lengths = Vec::new();
        for (status, length) in asked.into_iter().flatten() {
            answered += usize::from(status.is_some());
            failed += usize::from(!matches!(status, Some(200..=299)));
            lengths.push(if status.is_some() { length } else { Duration::MAX });
        }
        if answered == 0 {
            return Err("no asset answers".to_owned());
        }
        match sight.metric {
            metric if *metric == Metric::ERROR_RATE => {
                Ok(Observed::Ratio { part: count(failed), whole: count(lengths.len()) })
            }
            metric if *metric == Metric::LATENCY_P99 => {
                let length = nearest_rank(&mut lengths);
                length.map(Observed::Duration).ok_or_else(|| "there is no sample".to_owned())
            }
            metric => Err(format!("asking assets says nothing about `{metric}`")),
        }
    }
}

/// The least length that 99 of 100 do not exceed.
fn nearest_rank(lengths: &mut [Duration]) -> Option<Duration> {
    lengths.sort_unstable();
    let rank = (lengths.len() * 99).div_ceil(100);
    lengths.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_is_that_of_the_nearest_rank() {
        let mut lengths: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(nearest_rank(&mut lengths), Some(Duration::from_millis(198)));
        assert_eq!(nearest_rank(&mut lengths[..1]), Some(Duration::from_millis(1)));
        assert_eq!(nearest_rank(&mut []), None);
    }
}
