//! Hosts that steps may reach.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// A host that steps may reach: `api.example.com` (at the usual ports), `127.0.0.1:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// As a URL holds it: lower case, in ASCII, IPv6 in brackets.
    host: String,
    /// The one port; without it the usual port of `http` and `https`.
    port: Option<u16>,
}

/// A text that names no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no host: it is a name or an address, and a port where it is not the usual one, \
         such as `api.example.com` or `127.0.0.1:8080`", text.escape_debug())]
pub struct InvalidHost {
    text: String,
}

impl AllowedHost {
    /// The host that `url` leads to, as an entry that allows it.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port() })
    }

    /// Whether `url` leads to this host.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        let usual = match url.scheme() {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let port = url.port().unwrap_or(usual);
        url.host_str() == Some(&self.host) && self.port.unwrap_or(usual) == port
    }
}

impl FromStr for AllowedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InvalidHost { text: text.to_owned() };
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => {
                (name, Some(port.parse().map_err(|_| error())?))
            }
            _ => (text, None),
        };
        if name.is_empty() || name.contains(['/', '\\', '@', '?', '#', ' ', '*']) {
            return Err(error());
        }
        // The parser that reads the URLs of steps, so that both spell the host alike.
        let url = Url::parse(&format!("http://{name}/")).map_err(|_| error())?;
        let host = url.host_str().filter(|_| url.port().is_none()).ok_or_else(error)?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}
