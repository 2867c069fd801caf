//! The guard: what a decision may do, whatever policy made it (I11).

use crate::policy::Action;
use crate::time::Moment;
use std::time::Duration;

/// What the guard goes by.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) now: Moment,
    pub(crate) identity: &'a str,
    /// This candidate believes that it leads.
    pub(crate) leads: bool,
    /// The record is the last one that this process wrote.
    pub(crate) mine: bool,
    /// From when on the seat may be taken; none until the lock was read. Of two locks, both.
    pub(crate) free_at: Option<Moment>,
    /// Where the outer of two locks stands (I16).
    pub(crate) outer: OuterIs,
    pub(crate) throttled_until: Moment,
    /// No write before this moment: the host's own pace.
    pub(crate) paced_until: Moment,
    /// A resignation in favour of a successor is within the budget.
    pub(crate) may_preempt: bool,
    /// Somebody asked that the leader stays. It is advice (I17), the only one here.
    pub(crate) paused: bool,
}

/// Where the outer of two locks stands, for a claim on the inner one (I16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OuterIs {
    /// There is one lock, or the outer is this process's own, by a token that this term may have.
    Own,
    /// It is to be taken first, or to get a larger token.
    Wanted,
    /// It is not free before that moment.
    Busy(Moment),
}

/// What shall become of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing is to be done.
    Nothing,
    /// Write the own claim.
    Claim,
    /// Write it once the outer lock is this process's own.
    ClaimAfterOuter,
    /// Give the seat up.
    Resign(Option<String>),
    /// Not now, for this reason; it may be asked again from that moment on.
    Overrule(String, Moment),
}

/// Judges an action. A leader that campaigns renews, a standby that renews campaigns: what is
/// written is the same compare-and-swap, and what is allowed is decided by the facts, not by the
/// word.
pub(crate) fn judge(action: &Action, facts: &Facts) -> Ruling {
    match action {
        Action::Wait => Ruling::Nothing,
        Action::Campaign | Action::Renew => judge_claim(facts),
        Action::Resign(successor) => judge_resignation(successor.as_deref(), facts),
    }
}

fn judge_claim(facts: &Facts) -> Ruling {
    if facts.now < facts.throttled_until {
        let reason = "the API server asked to slow down".to_owned();
        return Ruling::Overrule(reason, facts.throttled_until);
    }
    if !facts.leads && !facts.mine {
        // I3, I7: nobody takes a seat that its holder may still believe in.
        match facts.free_at {
            None => {
                let reason = "the lock was not read yet".to_owned();
                return Ruling::Overrule(reason, facts.now + Duration::from_secs(1));
            }
            Some(at) if facts.now < at => {
                let left = at.since(facts.now).as_millis();
                let reason = format!("the seat is not free for another {left} ms");
                return Ruling::Overrule(reason, at);
            }
            Some(_) => {}
        }
    }
    if facts.now < facts.paced_until {
        let reason = "writes are paced, the more so after failures".to_owned();
        return Ruling::Overrule(reason, facts.paced_until);
    }
    // I16: a leader has both; whoever has not takes the outer one first.
    match facts.outer {
        _ if facts.leads => Ruling::Claim,
        OuterIs::Own => Ruling::Claim,
        OuterIs::Wanted => Ruling::ClaimAfterOuter,
        OuterIs::Busy(at) => {
            let left = at.since(facts.now).as_millis();
            Ruling::Overrule(format!("the outer lock is not free for another {left} ms"), at)
        }
    }
}

fn judge_resignation(successor: Option<&str>, facts: &Facts) -> Ruling {
    let soon = facts.now + Duration::from_secs(1);
    if !facts.leads {
        return Ruling::Overrule("only a leader can resign".to_owned(), soon);
    }
    if facts.paused {
        // I17: a pause gives nobody the seat. A process that stops, or whose application has let go, gives
        // its seat up without asking here.
        let reason = "the election is paused, so its leader stays".to_owned();
        return Ruling::Overrule(reason, soon);
    }
    match successor {
        Some(name) if name == facts.identity => {
            let reason = "a leader cannot resign in favour of itself".to_owned();
            Ruling::Overrule(reason, soon)
        }
        Some(_) if !facts.may_preempt => {
            let reason = "the budget for resignations in favour of a successor is spent".to_owned();
            Ruling::Overrule(reason, soon)
        }
        Some(name) => Ruling::Resign(Some(name.to_owned())),
        None => Ruling::Resign(None),
    }
}

/// A budget that refills evenly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    per_hour: u32,
    /// What is left, in parts of [`ONE`]. A whole number, as all of an elector's state: two
    /// states are equal or they are not.
    left: u128,
    counted: Moment,
}

/// One use of a budget: as many parts as an hour has nanoseconds, so that each nanosecond refills
/// `per_hour` parts and nothing is rounded.
const ONE: u128 = 3_600_000_000_000;

impl Budget {
    pub(crate) fn new(per_hour: u32) -> Self {
        Budget { per_hour, left: u128::from(per_hour) * ONE, counted: Moment::ZERO }
    }

    pub(crate) fn has_one(&mut self, now: Moment) -> bool {
        let per_hour = u128::from(self.per_hour);
        let more = now.since(self.counted).as_nanos() * per_hour;
        self.left = (self.left + more).min(per_hour * ONE);
        self.counted = now;
        self.left >= ONE
    }

    /// As if it had been counted at this moment: for a search, see [`crate::canon`].
    pub(crate) fn counted_at(&mut self, now: Moment) {
        self.counted = now;
    }

    pub(crate) fn spend(&mut self) {
        self.left = self.left.saturating_sub(ONE);
    }
}
