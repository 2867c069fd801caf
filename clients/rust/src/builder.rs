//! What a client is started with.

use crate::client::Client;
use crate::wire::{Error, Sidecar};
use std::fmt;
use std::time::Duration;

/// A client before it is started.
///
/// The functions are called one after the other on a thread of the client and should return soon, but
/// for that of [`on_draining`](Builder::on_draining), which may take the time that it is given. A client
/// with [`on_lost`](Builder::on_lost) lets go of a term when that has returned, so that the sidecar
/// passes the seat on at once; one without has to call [`Client::let_go`] itself.
#[must_use = "a client asks once it is started"]
pub struct Builder {
    pub(crate) url: String,
    pub(crate) hold: Duration,
    pub(crate) elected: Box<dyn FnMut(u64) + Send>,
    pub(crate) draining: Box<dyn FnMut(u64, Duration) + Send>,
    pub(crate) lost: Option<Box<dyn FnMut(u64) + Send>>,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        let (url, hold) = (crate::DEFAULT_URL.to_owned(), Duration::from_secs(2));
        Builder { url, hold, elected: Box::new(|_| {}), draining: Box::new(|_, _| {}), lost: None }
    }

    /// Where the sidecar answers; [`DEFAULT_URL`](crate::DEFAULT_URL) if it is not said.
    pub fn url(self, url: impl Into<String>) -> Builder {
        Builder { url: url.into(), ..self }
    }

    /// How long an answer is believed at most, from 100 ms to a minute; 2 s if it is not said. It is the
    /// client's share of the reaction time S, which is set for the sidecar by `--reaction-time`.
    pub fn hold(self, hold: Duration) -> Builder {
        Builder { hold, ..self }
    }

    /// Called with the fencing token when a term has begun.
    pub fn on_elected(self, call: impl FnMut(u64) + Send + 'static) -> Builder {
        Builder { elected: Box::new(call), ..self }
    }

    /// Called when a term is over, and what is under way may be finished within that time.
    pub fn on_draining(self, call: impl FnMut(u64, Duration) + Send + 'static) -> Builder {
        Builder { draining: Box::new(call), ..self }
    }

    /// Called when a term is over, and nothing may act for it any more.
    pub fn on_lost(self, call: impl FnMut(u64) + Send + 'static) -> Builder {
        Builder { lost: Some(Box::new(call)), ..self }
    }

    /// Begins to ask.
    ///
    /// # Errors
    ///
    /// If the URL or the time is unusable, or the system gives no thread.
    pub fn start(self) -> Result<Client, Error> {
        if !(Duration::from_millis(100)..=Duration::from_secs(60)).contains(&self.hold) {
            return Err(Error::new(format!("hold: {:?}: give 100 ms to a minute", self.hold)));
        }
        let sidecar = Sidecar::new(&self.url)?;
        Client::begin(self, sidecar)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("url", &self.url).field("hold", &self.hold).finish()
    }
}
