//! Futures for any executor: whoever tells the application wakes them.

use crate::client::Shared;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Ready when this pod leads, with the fencing token; with none once the client is closed.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Elected(pub(crate) Arc<Shared>);

/// Ready when the term with that token is over.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Ended(pub(crate) Arc<Shared>, pub(crate) u64);

impl Future for Elected {
    type Output = Option<u64>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u64>> {
        self.0.poll(context, |leads, closing| leads.is_some() || closing)
    }
}

impl Future for Ended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll(context, |leads, _| leads != Some(self.1)).map(drop)
    }
}
