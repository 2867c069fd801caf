//! What is found in a state: a property that is broken, and what happened.

use crate::hands::{Budget, Fault};
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
    /// A policy has its candidate wait.
    Declines,
    /// A leader's policy resigns.
    Resigns,
    /// A leader's policy resigns in favour of another candidate.
    ResignsForAnother,
    /// A read has found what is no longer there.
    IsBehind,
}

impl Sometimes {
    /// All of them.
    pub const ALL: [Sometimes; 18] = [
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
        Sometimes::Declines,
        Sometimes::Resigns,
        Sometimes::ResignsForAnother,
        Sometimes::IsBehind,
    ];
}

/// A set of [`Sometimes`], and of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    what: u32,
    faults: u32,
}

impl Happened {
    /// Adds one.
    pub fn add(&mut self, what: Sometimes) {
        self.what |= 1 << what as u16;
    }

    /// Adds the faults that were in the budget before a step and are not after it.
    pub fn add_spent(&mut self, before: &Budget, after: &Budget) {
        if before != after {
            let spent = |fault: &Fault| before.count(*fault) > after.count(*fault);
            let spent = Fault::ALL.into_iter().filter(spent);
            spent.for_each(|fault| self.faults |= 1 << fault as u32);
        }
    }

    /// Adds all of another set.
    pub fn add_all(&mut self, other: Happened) {
        self.what |= other.what;
        self.faults |= other.faults;
    }

    /// Whether it is in there.
    pub fn has(self, what: Sometimes) -> bool {
        self.what & (1 << what as u16) != 0
    }

    /// Whether that fault is.
    pub fn has_fault(self, fault: Fault) -> bool {
        self.faults & (1 << fault as u32) != 0
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
