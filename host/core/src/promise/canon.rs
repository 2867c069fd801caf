//! The canonical form of a promise.

use super::Promise;
use crate::canon::pass;
use std::time::Duration;

impl Promise {
    /// Time passes. One that is over is over.
    pub(crate) fn pass(&mut self, passed: Duration) {
        let Promise { holder, others, unseen: _ } = self;
        pass(holder, passed, Duration::ZERO);
        pass(others, passed, Duration::ZERO);
    }
}
