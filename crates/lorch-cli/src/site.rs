//! Where lorch works: the workspace, its configuration, and where its databases are.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lorch_backends::Config;
use lorch_backends::config::DataPlaneUrl;
use lorch_store::Store;
use lorch_types::json::Limits;

use crate::cli::Global;
use crate::exit::Failure;

/// The name of the configuration, by which a workspace is found.
pub(crate) const CONFIG_FILE: &str = "lorch.toml";

/// A workspace and its configuration.
#[derive(Debug)]
pub(crate) struct Site {
    /// The folder of the workspace.
    pub(crate) root: PathBuf,
    /// What `lorch.toml` says, or the defaults without one.
    pub(crate) config: Config,
    /// Whether there is a `lorch.toml`.
    pub(crate) configured: bool,
}

impl Site {
    /// The workspace that the command line names; otherwise the nearest folder upwards with a
    /// `lorch.toml`; otherwise the working directory.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let root = root(global)?;
        let path = root.join(CONFIG_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let error = anyhow::Error::new(error);
                return Err(Failure::Usage(
                    error.context(format!("cannot read `{}`", path.display())),
                ));
            }
        };
        let config = Config::parse(text.as_deref().unwrap_or_default())
            .with_context(|| format!("`{}`", path.display()))
            .map_err(Failure::Usage)?;
        Ok(Self { root, config, configured: text.is_some() })
    }

    /// How large documents may be.
    pub(crate) fn limits(&self) -> Limits {
        Limits { max_bytes: self.config.limits.max_document_bytes.get() }
    }

    /// The file in which runs are recorded.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.root.join(&self.config.store.path)
    }

    /// The store of runs; made when there is none.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.store_path())?)
    }

    /// The store of runs, if anything was ever recorded.
    pub(crate) fn existing_store(&self) -> Result<Option<Store>, Failure> {
        if self.store_path().exists() { self.store().map(Some) } else { Ok(None) }
    }

    /// The store, which holds the run that a person asks for.
    pub(crate) fn store_with_runs(&self) -> Result<Store, Failure> {
        self.existing_store()?.ok_or_else(|| {
            let path = shown(&self.store_path());
            Failure::usage(format!("nothing has run in this workspace: there is no `{path}`"))
        })
    }

    /// The file that holds the tables.
    pub(crate) fn data_path(&self) -> PathBuf {
        let DataPlaneUrl::Sqlite(path) = &self.config.data_plane.url;
        self.root.join(path)
    }
}

/// A path as a person would type it from where they are.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    let relative = here.and_then(|here| Some(path.strip_prefix(here).ok()?.to_path_buf()));
    relative.unwrap_or_else(|| path.to_path_buf()).display().to_string()
}

fn root(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(named) = &global.workspace {
        return named
            .canonicalize()
            .and_then(|root| match root.is_dir() {
                true => Ok(root),
                false => Err(io::ErrorKind::NotADirectory.into()),
            })
            .with_context(|| format!("cannot work in `{}`", named.display()))
            .map_err(Failure::Usage);
    }
    let here = std::env::current_dir()
        .and_then(|here| here.canonicalize())
        .context("cannot tell the working directory")
        .map_err(Failure::Usage)?;
    let found = here.ancestors().find(|folder| folder.join(CONFIG_FILE).is_file());
    Ok(found.unwrap_or(&here).to_path_buf())
}
