//! The backends that perform steps: a data plane on SQLite, and compute.
//!
//! [`Backend`] is the seam: a manifest goes in, an output or a typed error comes out. The data plane
//! performs `query.*`, `write.*` and `assert.*` and records each effect in the effect's own
//! transaction; compute performs `compute.*` within what the workspace's configuration allows.

mod backend;
mod compute;
pub mod config;
mod data_plane;
mod natural;
mod nearest;
mod op;
mod policy;
mod secrets;
mod workspace;

pub use backend::{Backend, Cancellation, Performed};
pub use compute::{
    Compute, ComputeOptions, Notice, WorkerError, ask_worker, can_sign, deliver, exec_worker,
    transform_worker, work_confined, worker_request,
};
pub use config::{Config, ConfigError};
pub use data_plane::DataPlane;
pub use op::{OpParams, OpSpec, check_params, ops, parse_params};
pub use policy::check_policy;
pub use secrets::{Environment, refuse_secrets};
pub use workspace::{FilePath, InvalidPath, Workspace, WorkspaceError};
