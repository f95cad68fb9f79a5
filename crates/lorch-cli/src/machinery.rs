//! The engine of a workspace: its store, its backends, and how it is stopped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use lorch_backends::{Compute, ComputeOptions, DataPlane, Workspace};
use lorch_engine::{Engine, Settings};
use lorch_plans::Evaluator;
use lorch_types::plan::AssetId;

use crate::exit::Failure;
use crate::site::Site;
use crate::terminal::tell;

/// What performs `compute.*` in `site`, which may reach the assets at these addresses too.
pub(crate) fn compute(site: &Site, assets: &BTreeMap<AssetId, String>) -> Result<Compute, Failure> {
    let workspace = Workspace::open(&site.root)
        .with_context(|| format!("cannot work in `{}`", site.root.display()))
        .map_err(Failure::Usage)?;
    let mut config = site.config.clone();
    for (asset, address) in assets {
        let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
        let host = host.split('/').next().unwrap_or_default().parse();
        let host = host.with_context(|| format!("the address of `{asset}`"));
        config.allow.hosts.push(host.map_err(Failure::Usage)?);
    }
    let options = ComputeOptions { worker: worker(), ..ComputeOptions::default() };
    Ok(Compute::with_options(workspace, config, options))
}

/// The engine that runs jobs in `site`; Ctrl-C stops it.
pub(crate) fn engine(site: &Site) -> Result<Engine, Failure> {
    let workspace = Workspace::open(&site.root)
        .with_context(|| format!("cannot work in `{}`", site.root.display()))
        .map_err(Failure::Usage)?;
    let store = site.store()?;
    let data_plane = DataPlane::open(site.data_path()).map_err(Failure::usage)?;
    let options = ComputeOptions { worker: worker(), ..ComputeOptions::default() };
    let compute = Compute::with_options(workspace, site.config.clone(), options);
    let mut engine = Engine::new(Arc::new(store), Arc::new(data_plane), Arc::new(compute));
    engine.settings = Settings {
        max_output_bytes: site.config.limits.max_output_bytes.get(),
        ..Settings::default()
    };
    #[cfg(feature = "failpoints")]
    if let Some(lease_ttl) = crate::crash::lease_ttl() {
        engine.settings.lease_ttl = lease_ttl;
    }
    stop_on_interrupt(Arc::clone(&engine.stop), RESUMABLE)?;
    Ok(engine)
}

/// The command of the child processes in which transforms run, and by way of which programs start.
fn worker() -> Option<Vec<OsString>> {
    let lorch = std::env::current_exe().ok()?;
    Some(vec![lorch.into_os_string(), "worker".into()])
}

/// Where policies are evaluated that did not come with lorch.
pub(crate) fn evaluator() -> Evaluator {
    // Without a program nothing is asked, and what is not asked denies.
    Evaluator::Process(worker().unwrap_or_default())
}

/// The command of the process that an agent runs in, which ends everything that the agent started.
pub(crate) fn agent_launcher() -> Option<Vec<OsString>> {
    let lorch = std::env::current_exe().ok()?;
    Some(vec![lorch.into_os_string(), "worker".into(), "agent".into()])
}

/// What the first interrupt says where everything that happened is recorded.
pub(crate) const RESUMABLE: &str = "stopping, so that it can be resumed";

/// The first interrupt stops what runs, which is told; the second ends the process.
pub(crate) fn stop_on_interrupt(stop: Arc<AtomicBool>, told: &'static str) -> Result<(), Failure> {
    const INTERRUPTED: i32 = 130;
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED);
        }
        tell(&format!("\n{told}; once more ends at once\n"));
    })
    .context("cannot listen for Ctrl-C")
    .map_err(Failure::Work)
}
