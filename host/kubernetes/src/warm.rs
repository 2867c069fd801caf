//! A connection that is open when the election has to write at once.
//!
//! A watch keeps its connection to itself, and an API server closes one that nobody has used for
//! 90 s. A standby that sees the seat fall free would have to connect first, and TLS takes longer
//! than the write itself.

use super::lock::ObjectLock;
use hotseat_election::clock;
use std::time::Duration;

/// After the start, when the watch has a connection of its own.
const FIRST: Duration = Duration::from_millis(250);
/// Shorter than the 90 s of an API server, and longer than a minute: one request in each is little
/// beside a watch.
const PERIOD: Duration = Duration::from_secs(70);

/// Reads the lock whenever the election has asked nothing of the server for a while. What is read
/// is not used: the watch tells of changes. Never ends; `timeout` bounds each answer.
pub(super) async fn keep_warm(lock: ObjectLock, timeout: Duration) {
    tokio::time::sleep(FIRST).await;
    loop {
        let asked = clock::now();
        if let Err(error) = lock.read_now(asked + timeout).await {
            tracing::debug!(reason = %error.detail, "no connection is kept open");
        }
        let mut next = asked + PERIOD;
        // A leader's renewals keep its connection open.
        while next > clock::now() {
            tokio::time::sleep(clock::until(next)).await;
            next = next.max(lock.used() + PERIOD);
        }
    }
}
