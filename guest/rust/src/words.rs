//! The contract's words. There may be more one day: a policy ignores those that it does not know.

/// Why a policy is asked, for [`Observation::causes`](crate::Observation).
pub mod cause {
    /// The first question after the process started.
    pub const STARTED: &str = "started";
    /// The lock changed, or was read for the first time.
    pub const SEAT_CHANGED: &str = "seat-changed";
    /// `wake_after` of the last decision has passed.
    pub const TIMER: &str = "timer";
    /// A signal appeared, changed or went away.
    pub const SIGNAL_CHANGED: &str = "signal-changed";
    /// The roster changed.
    pub const ROSTER_CHANGED: &str = "roster-changed";
    /// A write to the lock ended, well or badly.
    pub const WRITE_FINISHED: &str = "write-finished";
    /// This policy has just taken over from another.
    pub const SWAPPED: &str = "swapped";
    /// The host did not carry the last decision out.
    pub const OVERRULED: &str = "overruled";
    /// Somebody asked for a hand-over, or no longer does.
    pub const TRANSFER: &str = "transfer";
    /// Somebody asked that the leader stays, or no longer does.
    pub const PAUSE: &str = "pause";
    /// The node or the pod of this candidate is about to go away.
    pub const DRAIN: &str = "drain";
    /// The process was asked to stop.
    pub const STOPPING: &str = "stopping";
}

/// How a write ended, for [`Attempts::last`](crate::Attempts).
pub mod outcome {
    /// Nothing was written yet.
    pub const NONE: &str = "none";
    /// It was written.
    pub const WRITTEN: &str = "written";
    /// Somebody else wrote first.
    pub const CONFLICT: &str = "conflict";
    /// The API server refused.
    pub const DENIED: &str = "denied";
    /// The API server asked to slow down.
    pub const THROTTLED: &str = "throttled";
    /// No answer in time.
    pub const TIMED_OUT: &str = "timed-out";
    /// No connection, a reset, or a server error.
    pub const UNREACHABLE: &str = "unreachable";
}

/// Who says what a signal says, for [`Signal::source`](crate::Signal).
pub mod source {
    /// The host itself.
    pub const HOST: &str = "host";
    /// The node that the pod runs on.
    pub const NODE: &str = "node";
    /// The pod's own labels, annotations and state.
    pub const POD: &str = "pod";
    /// A probe of the host.
    pub const PROBE: &str = "probe";
    /// The application beside the sidecar.
    pub const APPLICATION: &str = "application";
}
