//! Whether the sidecar is alive, and whether it is ready.

use hotseat_core::time::Moment;
use hotseat_election::Status;

/// Alive: the election's loop still turns. The error says why not.
///
/// client-go's adaptor also fails when the lock names this candidate and was not renewed for
/// longer than the lease and a grace time. Here that would do harm only. Belief ends by the clock
/// without anybody's help, so a leader that cannot renew misleads nobody. What stops the renewals
/// then is the API server or the network; a restart cures neither, and takes from the leader the
/// term that it would otherwise go on with after the outage (I14).
pub(super) fn alive(status: &Status, now: Moment) -> Result<(), String> {
    let silence = now.since(status.last_beat());
    if silence <= status.stuck_after() {
        return Ok(());
    }
    Err(format!(
        "the election is stuck: it gave no sign for {:.1} s, one is due every {:.1} s",
        silence.as_secs_f64(),
        status.beat_every().as_secs_f64()
    ))
}

/// Ready: the lock was read once, so that the answers mean something, and the process does not
/// stop. An outage of the API server later does not make it unready: it would take the application
/// out of its Service for no fault of its own.
pub(super) fn ready(status: &Status) -> Result<(), String> {
    let view = status.view();
    if view.stopping {
        return Err("the process is stopping".to_owned());
    }
    if view.seen.is_none() {
        return Err(format!("the lock {} was not read yet", status.election()));
    }
    Ok(())
}
