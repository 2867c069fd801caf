//! What help puts the sidecar's flags under.

pub(super) const ELECTION: &str = "Election";
pub(super) const TIMING: &str = "Timing";
pub(super) const POLICY: &str = "Policy";
pub(super) const SIGNALS: &str = "Signals";
pub(super) const LOGS: &str = "Logs";
