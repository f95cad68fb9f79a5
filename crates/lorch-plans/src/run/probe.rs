//! Looking at metrics: what a probe that hangs, lies or fails gives is unknown, and never well.

mod read;
mod sample;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lorch_backends::config::Probe;
use lorch_types::job::{DispatchOp, ErrorInfo};
use lorch_types::json::{Object, Value};
use lorch_types::plan::{AssetId, HealthCheckType, Metric, MetricType, Observed};

use super::course::Checkup;
use super::hands::{Hands, nowhere};
use read::{of_prometheus, of_value};

/// What a look gave, or why it gave nothing.
pub(super) type Look = Result<Observed, String>;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) metric: &'a Metric,
    pub(super) of: MetricType,
    /// The path that shows whether an asset is well.
    pub(super) target: Option<&'a str>,
    /// The assets concerned.
    pub(super) assets: &'a [AssetId],
    /// How many of them could not be changed, and how many were attempted.
    pub(super) attempts: (usize, usize),
    pub(super) timeout: Duration,
}

/// Measures metrics.
#[derive(Clone)]
pub(super) struct Eyes<'a> {
    pub(super) hands: &'a Hands<'a>,
    pub(super) probes: &'a BTreeMap<Metric, Probe>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(check: &'a Checkup, assets: &'a [AssetId], attempts: (usize, usize)) -> Self {
        let target = match check.check_type {
            HealthCheckType::CustomMetric => None,
            _ => check.target.as_deref(),
        };
        let (metric, of, timeout) = (&check.metric, check.of, check.timeout);
        Self { metric, of, target, assets, attempts, timeout }
    }
}

impl Eyes<'_> {
    /// Whether a metric is known without asking anybody.
    pub(super) fn is_at_hand(&self, metric: &Metric) -> bool {
        *metric == Metric::ERROR_RATE && !self.probes.contains_key(metric)
    }

    /// Looks at a metric.
    pub(super) fn look(&self, sight: &Sight<'_>) -> Look {
        match self.probes.get(sight.metric) {
            Some(Probe::Assets { path, samples }) => self.sampled(sight, path, *samples),
            Some(Probe::Prometheus { url, query }) => self.queried(sight, url, query),
            Some(Probe::Program { argv }) => self.told(sight, argv),
            None if *sight.metric == Metric::HTTP_200 => self.answers(sight),
            None if *sight.metric == Metric::ERROR_RATE => {
                let (failed, attempted) = sight.attempts;
                Ok(Observed::Ratio { part: count(failed), whole: count(attempted) })
            }
            None => Err(format!("`[probes.{}]` in lorch.toml does not say how", sight.metric)),
        }
    }

    /// Whether every asset answers with status 200.
    fn answers(&self, sight: &Sight<'_>) -> Look {
        let path = sight.target.unwrap_or("/");
        let is_ill = AtomicBool::new(false);
        let missing = each(sight, |asset, left| {
            // One that is ill is enough.
            if is_ill.load(Ordering::Relaxed) {
                return None;
            }
            match self.status(asset, path, left) {
                Ok(200) => None,
                Ok(_) => {
                    is_ill.store(true, Ordering::Relaxed);
                    None
                }
                Err(error) => Some(format!("{asset}: {}", error.message)),
            }
        });
        if is_ill.into_inner() {
            return Ok(Observed::Flag(false));
        }
        match missing.into_iter().flatten().next() {
            Some(missing) => Err(missing),
            None if sight.assets.is_empty() => Err("there is no asset to ask".to_owned()),
            None => Ok(Observed::Flag(true)),
        }
    }

    /// The status with which an asset answers.
    fn status(&self, asset: &AssetId, path: &str, timeout: Duration) -> Result<u64, ErrorInfo> {
        let address = self.hands.address(asset).ok_or_else(|| nowhere(asset))?;
        // A path that could lead to another host is none.
        let path = path.trim_start_matches('/');
        let url = format!("{}/{path}", address.trim_end_matches('/'));
        let params = [("method", Value::from("GET")), ("url", url.into())].into_iter().collect();
        match self.ask("compute.http", params, timeout) {
            Ok(output) => Ok(output.get("status").and_then(Value::as_u64).unwrap_or(0)),
            Err(error) => {
                let status = error.details.as_ref().and_then(|it| it.get("status"));
                status.and_then(Value::as_u64).ok_or(error)
            }
        }
    }

    fn queried(&self, sight: &Sight<'_>, url: &str, query: &str) -> Look {
        let mut params = Object::new();
        params.insert("method", "GET");
        params.insert("url", format!("{}/api/v1/query", url.trim_end_matches('/')));
        let query: Object = [("query", query)].into_iter().collect();
        params.insert("query", query);
        let output = self.ask("compute.http", params, sight.timeout).map_err(|it| it.message)?;
        let json = output.get("json").ok_or("the answer is no JSON")?;
        of_prometheus(json, sight.of)
    }

    fn told(&self, sight: &Sight<'_>, argv: &[String]) -> Look {
        let assets = sight.assets.iter().map(|asset| Value::from(asset.as_str()));
        let mut input = Object::new();
        input.insert("metric", sight.metric.as_str());
        input.insert("assets", Value::Array(assets.collect()));
        let argv = argv.iter().map(|word| Value::from(word.as_str()));
        let mut params = Object::new();
        params.insert("argv", Value::Array(argv.collect()));
        params.insert("input", input);
        let output = self.ask("compute.exec", params, sight.timeout).map_err(|it| it.message)?;
        let json = output.get("json").ok_or("the program wrote no JSON")?;
        of_value(json.get("value").unwrap_or(json), sight.of)
    }

    fn ask(&self, op: &str, params: Object, timeout: Duration) -> Result<Value, ErrorInfo> {
        let op: DispatchOp = op.parse().map_err(|error| {
            lorch_types::job::ErrorCode::InvalidParams.error(format!("{error}"))
        })?;
        let key = vec!["lorch.probe.v1".into(), params.clone().into()];
        self.hands.look(&op, params, key, timeout)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Asks each of the assets, some at the same time, all within the time for the whole look; `ask` is told how
/// much of it is left. The answers are in the order of the assets.
fn each<T: Send>(sight: &Sight<'_>, ask: impl Fn(&AssetId, Duration) -> T + Sync) -> Vec<T> {
    /// How many assets are asked at the same time.
    const AT_ONCE: usize = 16;
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::with_capacity(sight.assets.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(asset) = sight.assets.get(index) else { return };
            let answer = ask(asset, sight.timeout.saturating_sub(begun.elapsed()));
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((index, answer));
        }
    };
    thread::scope(|scope| {
        for _ in 1..AT_ONCE.min(sight.assets.len()) {
            // Where there is no thread to be had, the others do it.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
