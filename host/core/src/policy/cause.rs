//! Why a policy is asked.

use std::fmt;

/// One reason to ask the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The first question after the process started.
    Started,
    /// The lock changed, or was read for the first time.
    SeatChanged,
    /// The last decision's `wake_after` has passed.
    Timer,
    /// A signal appeared, changed or went away.
    SignalChanged,
    /// The roster changed.
    RosterChanged,
    /// A write to the lock ended.
    WriteFinished,
    /// The policy has just taken over from another.
    Swapped,
    /// The guard did not carry the policy's last decision out.
    Overruled,
    /// Somebody asked for a hand-over, or no longer does.
    Transfer,
    /// Somebody asked that the leader stays, or no longer does.
    Pause,
    /// The node or the pod of this candidate is about to go away.
    Drain,
    /// The process was asked to stop; only a named successor counts in the answer.
    Stopping,
}

impl Cause {
    /// All of them, in the order of the enum.
    pub const ALL: [Cause; 12] = [
        Cause::Started,
        Cause::SeatChanged,
        Cause::Timer,
        Cause::SignalChanged,
        Cause::RosterChanged,
        Cause::WriteFinished,
        Cause::Swapped,
        Cause::Overruled,
        Cause::Transfer,
        Cause::Pause,
        Cause::Drain,
        Cause::Stopping,
    ];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Started => "started",
            Cause::SeatChanged => "seat-changed",
            Cause::Timer => "timer",
            Cause::SignalChanged => "signal-changed",
            Cause::RosterChanged => "roster-changed",
            Cause::WriteFinished => "write-finished",
            Cause::Swapped => "swapped",
            Cause::Overruled => "overruled",
            Cause::Transfer => "transfer",
            Cause::Pause => "pause",
            Cause::Drain => "drain",
            Cause::Stopping => "stopping",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// All reasons to ask the policy now: several may coincide.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Causes(u16);

impl Causes {
    /// Adds one, if it is not there yet.
    pub fn add(&mut self, cause: Cause) {
        self.0 |= cause.bit();
    }

    /// Whether it is one of them.
    pub fn has(self, cause: Cause) -> bool {
        self.0 & cause.bit() != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL.into_iter().filter(move |cause| self.has(*cause))
    }
}

impl From<Cause> for Causes {
    fn from(cause: Cause) -> Causes {
        Causes(cause.bit())
    }
}

impl FromIterator<Cause> for Causes {
    fn from_iter<I: IntoIterator<Item = Cause>>(all: I) -> Causes {
        let mut causes = Causes::default();
        for cause in all {
            causes.add(cause);
        }
        causes
    }
}

/// The contract's words, joined by commas.
impl fmt::Display for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, cause) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", cause.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_place_and_a_word_of_its_own() {
        let all: Causes = Cause::ALL.into_iter().collect();
        assert!(all.iter().eq(Cause::ALL));
        let mut words: Vec<_> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(Causes::from(cause).iter().eq([cause]));
        }
    }

    #[test]
    fn several_coincide() {
        let mut causes = Causes::default();
        assert!(causes.is_empty());
        causes.add(Cause::Stopping);
        causes.add(Cause::Timer);
        causes.add(Cause::Timer);
        assert!(causes.has(Cause::Timer) && !causes.has(Cause::Started));
        assert_eq!(causes.to_string(), "timer, stopping");
    }
}
