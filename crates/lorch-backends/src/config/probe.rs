//! Where metrics are looked at, and where assets are reached.

use std::num::{NonZeroU16, NonZeroU32};

use serde::Deserialize;

/// `[assets]`: where the assets of plans are reached over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assets {
    /// The address of every asset, `{asset}` standing for its id: `http://{asset}.example.com`.
    pub url: Option<String>,
    /// A JSON file of the workspace with the address of each asset, which goes before `url`.
    pub inventory: Option<String>,
}

/// `[execution]`: the pace at which plans are carried out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Execution {
    /// How often a health check is tried before it has failed.
    pub check_tries: NonZeroU32,
    /// How many seconds lie between two tries.
    pub check_every_s: u32,
    /// How many seconds lie between two looks at what a rollback condition is about.
    pub watch_every_s: NonZeroU32,
    /// How many assets of a phase are acted on at the same time, where its tools allow as many.
    pub max_parallel: NonZeroU16,
}

/// `[probes.METRIC]`: how a metric is measured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ProbeTable")]
pub enum Probe {
    /// By asking the assets of the phase themselves.
    Assets {
        /// What is asked for.
        path: String,
        /// How often each is asked.
        samples: u32,
    },
    /// By asking Prometheus.
    Prometheus {
        /// Its address.
        url: String,
        /// What it is asked.
        query: String,
    },
    /// By a program of the operator, which writes the value as JSON.
    Program {
        /// The program and its arguments.
        argv: Vec<String>,
    },
}

/// A probe that is none of the three kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a probe has `path` (and `samples`), or `prometheus` and `query`, or `program`")]
pub struct NoProbe;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeTable {
    path: Option<String>,
    samples: Option<NonZeroU32>,
    prometheus: Option<String>,
    query: Option<String>,
    program: Option<Vec<String>>,
}

impl TryFrom<ProbeTable> for Probe {
    type Error = NoProbe;

    fn try_from(table: ProbeTable) -> Result<Self, NoProbe> {
        match (table.path, table.samples, table.prometheus, table.query, table.program) {
            (Some(path), samples, None, None, None) if path.starts_with('/') => {
                Ok(Self::Assets { path, samples: samples.map_or(1, NonZeroU32::get) })
            }
            (None, None, Some(url), Some(query), None) => Ok(Self::Prometheus { url, query }),
            (None, None, None, None, Some(argv)) if !argv.is_empty() => Ok(Self::Program { argv }),
            _ => Err(NoProbe),
        }
    }
}

impl Default for Execution {
    fn default() -> Self {
        const FIVE: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
        const THREE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
        Self {
            check_tries: THREE,
            check_every_s: 5,
            watch_every_s: FIVE,
            max_parallel: NonZeroU16::MIN,
        }
    }
}
