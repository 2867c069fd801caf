//! The present, and how long ago something was.

use hotseat_core::time::Moment;
use jiff::Timestamp;
use std::time::Duration;

/// The present by both clocks: the local one, which goes on evenly, and that of the wall, by which
/// Leases are written.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// By the local clock.
    pub moment: Moment,
    /// By the wall's. It serves for what happened before anybody looked, and for nothing else.
    pub wall: Timestamp,
}

/// How long ago that was; zero for what is in the future by this machine's clock, and for what is not said.
pub(crate) fn age(now: Now, at: Option<Timestamp>) -> Duration {
    let age = at.map(|at| now.wall.duration_since(at));
    age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
}
