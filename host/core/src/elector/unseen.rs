//! How often the policy is asked because something was reported.

use crate::time::Moment;
use std::time::Duration;

/// Between two questions that reports of one kind cause. Whoever reports can keep the policy this busy
/// and no more; a change that comes sooner waits, and is passed on with all that came meanwhile.
const PACE: Duration = Duration::from_millis(100);

/// What changed and the policy has not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Unseen {
    /// Something changed that the policy has not seen; it is to be asked at this moment.
    due: Option<Moment>,
    /// When the next question because of it may be asked.
    paced_until: Moment,
}

impl Unseen {
    /// Something changed.
    pub(super) fn arrived(&mut self, now: Moment) {
        if self.due.is_none() {
            self.due = Some(now.max(self.paced_until));
        }
    }

    /// Whether the policy is to be asked because of it now; says so once.
    pub(super) fn take_due(&mut self, now: Moment) -> bool {
        self.due.take_if(|due| now >= *due).is_some()
    }

    /// The policy is asked and sees all there is, whatever it is asked for. `because`: it is asked
    /// because of this.
    pub(super) fn shown(&mut self, now: Moment, because: bool) {
        self.due = None;
        if because {
            self.paced_until = now + PACE;
        }
    }

    /// When the elector has to look again.
    pub(super) fn wake(&self) -> Moment {
        self.due.unwrap_or(Moment::NEVER)
    }
}
