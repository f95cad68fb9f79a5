//! The language model that steps ask.

use std::str::FromStr;

use reqwest::Url;
use serde::Deserialize;

use super::EnvironmentVariable;

/// `[llm]`: an OpenAI-compatible service of chat completions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// What `/chat/completions` is appended to; its host needs no entry in `[allow]`.
    pub base_url: BaseUrl,
    /// The model of steps that name none.
    pub model: Option<String>,
    /// The environment variable that holds the key, where the service wants one.
    pub api_key_env: Option<EnvironmentVariable>,
}

/// An address that more is appended to: `https://api.example.com/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A text that is no base URL. It is not shown: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a base URL is `http://` or `https://` with a host, and without user, query or fragment")]
pub struct InvalidBaseUrl;

impl BaseUrl {
    /// The address itself.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The scheme, host and port, for people: a path may be a secret, as those of webhooks often are.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The address with `path` appended.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| InvalidBaseUrl)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain { Ok(Self(url)) } else { Err(InvalidBaseUrl) }
    }
}
