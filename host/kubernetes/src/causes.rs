//! Causes of failed requests that are not the server's: there are words of their own for each.

use hyper_util::client::legacy::Error as HttpError;
use std::error::Error;
use std::fmt;

/// Why a request cannot be sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// The plugin is being asked for the first time.
    Pending,
    /// It failed so far.
    Failed(String),
}

/// A request could not be sent, for there is nothing to show.
#[derive(Clone)]
pub(super) struct NoCredentials(pub(super) Missing);

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Missing::Pending => f.write_str("there are no credentials yet"),
            Missing::Failed(why) => write!(f, "there are no credentials: {why}"),
        }
    }
}

impl fmt::Debug for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for NoCredentials {}

/// A connection through a proxy failed.
#[derive(Debug)]
pub(super) struct ThroughProxy {
    /// Its address, and which field or variable names it.
    pub(super) proxy: String,
    pub(super) source: HttpError,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl Error for ThroughProxy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
