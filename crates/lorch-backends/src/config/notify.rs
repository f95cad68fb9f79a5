//! Who is told that a person is needed.

use serde::Deserialize;

use super::{BaseUrl, EnvironmentVariable};

/// `[notify]`: a webhook that is told when a plan or a run waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Where notices are posted to; its host needs no entry in `[allow]`.
    pub url: BaseUrl,
    /// The environment variable that holds the secret by which notices are signed.
    pub secret_env: EnvironmentVariable,
}
