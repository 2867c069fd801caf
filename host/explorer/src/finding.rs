//! What is found in a state: a property that is broken, and what happened.

use std::fmt;

/// A property that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Two candidates believe that they lead.
    TwoBelievers,
    /// A candidate leads while the application of another still acts on an older answer.
    ActsLate,
    /// A term has a fencing token that is not larger than that of a term before.
    TokenNotLarger,
    /// A seat was taken that another's record still promised to it.
    PromiseNotKept,
    /// Faults have ended, and yet nobody leads for long.
    NobodyLeads,
    /// A leader that sees that it shall stay gives its seat up.
    LeavesWhilePaused,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::TwoBelievers => "two candidates believe that they lead",
            Broken::ActsLate => "one leads while the application of another still acts",
            Broken::TokenNotLarger => "the token of a term is not larger than those before",
            Broken::PromiseNotKept => "a seat was taken that was promised to another",
            Broken::NobodyLeads => "nobody leads though faults have ended",
            Broken::LeavesWhilePaused => "a leader resigns while the election is paused",
        })
    }
}

/// What happens in some state, or a search has shown nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sometimes {
    /// A candidate leads.
    Leads,
    /// A candidate has not read the lock.
    Learns,
    /// A candidate gives its seat up.
    StepsDown,
    /// A candidate has stopped.
    Finishes,
    /// Belief ends by the clock.
    Lapses,
    /// Belief ends because the record is another's.
    Loses,
    /// Belief comes back within the same term.
    Resumes,
    /// One leads after another.
    TakesOver,
    /// One leads after an earlier process of its own name.
    TakesOverFromItself,
    /// The seat is taken after a release.
    HandsOver,
    /// A missing lock is put back for all to wait out.
    Reserves,
    /// The outcome of a write is unknown.
    IsUnsure,
    /// A write meets another version than it replaces.
    Conflicts,
    /// A leader hands over as somebody asked.
    Transfers,
}

impl Sometimes {
    /// All of them.
    pub const ALL: [Sometimes; 14] = [
        Sometimes::Leads,
        Sometimes::Learns,
        Sometimes::StepsDown,
        Sometimes::Finishes,
        Sometimes::Lapses,
        Sometimes::Loses,
        Sometimes::Resumes,
        Sometimes::TakesOver,
        Sometimes::TakesOverFromItself,
        Sometimes::HandsOver,
        Sometimes::Reserves,
        Sometimes::IsUnsure,
        Sometimes::Conflicts,
        Sometimes::Transfers,
    ];
}

/// A set of [`Sometimes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened(u16);

impl Happened {
    /// Adds one.
    pub fn add(&mut self, what: Sometimes) {
        self.0 |= 1 << what as u16;
    }

    /// Adds all of another set.
    pub fn add_all(&mut self, other: Happened) {
        self.0 |= other.0;
    }

    /// Whether it is in there.
    pub fn has(self, what: Sometimes) -> bool {
        self.0 & (1 << what as u16) != 0
    }
}

/// What a step brought: not a part of the state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finding {
    /// What does not hold.
    pub broken: Option<Broken>,
    /// What happened.
    pub happened: Happened,
}
