//! Assets that do what a test says, and a time that passes when somebody waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use lorch_backends::{Backend, Cancellation, Performed};
use lorch_plans::Clock;
use lorch_types::Timestamp;
use lorch_types::job::{ErrorCode, ErrorInfo, StepManifest};
use lorch_types::json::Value;

use crate::drift::value;

/// What is asked when an asset is acted on, with how many acts came before.
type Meanwhile<'a> = Box<dyn Fn(&str, usize) + Send + Sync + 'a>;

/// The assets.
pub(crate) struct Field<'a> {
    /// Direction and asset of each act, in order.
    acts: Mutex<Vec<String>>,
    /// How many acts are under way, and how many were at most.
    under_way: Mutex<(usize, usize)>,
    /// How often each key was seen.
    keys: Mutex<BTreeMap<String, usize>>,
    /// The acts that fail: `forward asset-1`.
    pub(crate) failing: BTreeSet<String>,
    /// The acts that are stopped half way, once.
    pub(crate) stopping: Mutex<BTreeSet<String>>,
    /// Before how many acts the process that asks for the next one dies in it.
    pub(crate) dies_in: Mutex<Option<usize>>,
    /// The acts that never end until they are stopped.
    pub(crate) endless: BTreeSet<String>,
    /// What `GET /health` gives: `200`, `503`, or nothing.
    pub(crate) health: Arc<Mutex<Option<u16>>>,
    /// What a program that measures writes.
    pub(crate) measured: Mutex<Option<&'static str>>,
    /// What an act writes.
    pub(crate) output: &'static str,
    pub(crate) stop: std::sync::Arc<AtomicBool>,
    pub(crate) meanwhile: Meanwhile<'a>,
    /// What happens while an asset is asked how it is, or a program measures.
    pub(crate) asked: Box<dyn Fn() + Send + Sync + 'a>,
}

impl Field<'_> {
    pub(crate) fn new() -> Self {
        Self {
            acts: Mutex::default(),
            under_way: Mutex::default(),
            keys: Mutex::default(),
            failing: BTreeSet::new(),
            stopping: Mutex::default(),
            dies_in: Mutex::default(),
            endless: BTreeSet::new(),
            health: Arc::new(Mutex::new(Some(200))),
            measured: Mutex::new(None),
            output: "{}",
            stop: std::sync::Arc::default(),
            meanwhile: Box::new(|_, _| {}),
            asked: Box::new(|| {}),
        }
    }

    pub(crate) fn failing(acts: &[&str]) -> Self {
        let failing = acts.iter().map(|act| (*act).to_owned()).collect();
        Self { failing, ..Self::new() }
    }

    /// Direction and asset of each act, in order.
    pub(crate) fn acts(&self) -> Vec<String> {
        self.acts.lock().unwrap().clone()
    }

    /// The assets of the acts in one direction, in order.
    pub(crate) fn assets(&self, direction: &str) -> Vec<String> {
        let acts = self.acts();
        let acts = acts.iter().filter_map(|act| act.strip_prefix(direction));
        acts.map(|asset| asset.trim_start().to_owned()).collect()
    }

    /// How many acts were under way at most.
    pub(crate) fn most(&self) -> usize {
        self.under_way.lock().unwrap().1
    }

    /// How often the key was seen that was seen most often, and how many keys there were.
    pub(crate) fn keys(&self) -> (usize, usize) {
        let keys = self.keys.lock().unwrap();
        (keys.values().copied().max().unwrap_or(0), keys.len())
    }

    fn act(
        &self,
        manifest: &StepManifest,
        input: &Value,
        cancellation: &Cancellation,
    ) -> Result<Value, ErrorInfo> {
        let said = |name| input.get(name).and_then(Value::as_str).unwrap_or_default();
        let act = format!("{} {}", said("direction"), said("asset"));
        let count = {
            let mut acts = self.acts.lock().unwrap();
            acts.push(act.clone());
            acts.len() - 1
        };
        let key = manifest.idempotency_key.to_string();
        *self.keys.lock().unwrap().entry(key).or_default() += 1;
        let under_way = UnderWay::begin(&self.under_way);
        (self.meanwhile)(&act, count);
        while self.endless.contains(&act) {
            cancellation.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(under_way);
        let dies = self.dies_in.lock().unwrap().take_if(|before| *before == count).is_some();
        if dies || self.stopping.lock().unwrap().remove(&act) {
            self.stop.store(true, Ordering::Relaxed);
            return Err(ErrorCode::Cancelled.error("stopped"));
        }
        if self.failing.contains(&act) {
            return Err(ErrorCode::Backend.error("it does not work"));
        }
        Ok(value(self.output))
    }
}

/// An act that is under way, until it ends in whatever way.
struct UnderWay<'a>(&'a Mutex<(usize, usize)>);

impl<'a> UnderWay<'a> {
    fn begin(counts: &'a Mutex<(usize, usize)>) -> Self {
        let mut under_way = counts.lock().unwrap();
        under_way.0 += 1;
        under_way.1 = under_way.1.max(under_way.0);
        Self(counts)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

impl Backend for Field<'_> {
    fn perform(
        &self,
        manifest: &StepManifest,
        cancellation: &Cancellation,
    ) -> Result<Performed, ErrorInfo> {
        let params = &manifest.resolved_params;
        let gone = || ErrorCode::Backend.error("connection refused");
        let output = match params.get("input") {
            Some(input) if input.get("direction").is_some() => {
                self.act(manifest, input, cancellation)?
            }
            Some(_) => {
                (self.asked)();
                cancellation.check()?;
                let measured = *self.measured.lock().unwrap();
                value(&format!("{{\"json\": {}}}", measured.ok_or_else(gone)?))
            }
            None => {
                (self.asked)();
                cancellation.check()?;
                let health = *self.health.lock().unwrap();
                match health {
                    Some(200) => value("{\"status\": 200}"),
                    Some(status) => {
                        let error = ErrorCode::Backend.error("it is ill");
                        return Err(error.with_details([("status", u32::from(status))]));
                    }
                    None => return Err(gone()),
                }
            }
        };
        Ok(Performed { output, applied: true })
    }
}

/// A time that passes only when somebody waits, and a clock that can be set.
pub(crate) struct Hourglass {
    passed: AtomicU64,
    /// What the clock showed at first, in milliseconds; setting the clock changes it.
    pub(crate) set: AtomicU64,
    /// What happens whenever the clock is looked at.
    pub(crate) looked_at: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Hourglass {
    pub(crate) fn new(at: Timestamp) -> Self {
        let set = AtomicU64::new(u64::try_from(at.unix_millis()).unwrap());
        Self { passed: AtomicU64::new(0), set, looked_at: OnceLock::new() }
    }

    /// Sets the clock forward, or back, by so many minutes.
    pub(crate) fn jump(&self, minutes: i64) {
        let millis = minutes * 60_000;
        let add = |set: u64| set.checked_add_signed(millis);
        self.set.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap();
    }
}

impl Clock for Hourglass {
    fn now(&self) -> Timestamp {
        if let Some(happens) = self.looked_at.get() {
            happens();
        }
        let millis = self.set.load(Ordering::Relaxed) + self.passed.load(Ordering::Relaxed);
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::Relaxed))
    }

    fn sleep(&self, length: Duration, _: &AtomicBool) {
        let millis = u64::try_from(length.as_millis()).unwrap();
        self.passed.fetch_add(millis.max(1), Ordering::Relaxed);
    }
}
