//! What people ask: a transfer, which the leader carries out whatever its policy says, and a pause. Both are
//! advice (I17): the leader resigns as a policy could have it resign, or stays, and no wait is shorter.
//!
//! A transfer goes in steps, each by a compare-and-swap. The policy hears of it, and whatever it
//! answers the leader resigns in favour of the candidate that is named, if it may: belief ends, the
//! application has its drain, and the release names the successor and takes the request away. A
//! request can so be carried out once only. If the successor is not there, others follow as after any
//! resignation, and whoever leads then has nothing left to carry out.

use super::Elector;
use crate::canon::{NOW, pass};
use crate::event::{Notice, Purpose, StepDownReason, Verdict};
use crate::policy::{Action, Cause, Causes, Decision, LONGEST_WAKE_MS, Transfer};
use crate::request::{Reply, Requests, TransferRequest};
use crate::time::{Moment, millis};
use std::time::Duration;

/// Who asks by `spec.preferredHolder`.
const PREFERRED: &str = "spec.preferredHolder";

/// The refusal of what somebody asks on the outer of two locks: what is decided about the inner one decides about
/// both, so there is one place to ask, and one answer.
const ON_OUTER: &str =
    "the leader holds two locks and goes by what is asked on its Lease: ask there for the transfer";

/// The requests that were seen last, with what is known of them here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// The transfer, and until when it holds by the own clock.
    transfer: Option<(TransferRequest, Moment)>,
    /// Why this leader does not carry it out; the next write says so.
    refusal: Option<String>,
    /// What else was seen last.
    preferred: Option<String>,
    paused: bool,
}

impl Asked {
    /// Takes in what stands on the lock. Gives why the policy has to hear of it, if it has.
    fn take_in(&mut self, now: Moment, requests: &Requests) -> Causes {
        let known = self.transfer.as_ref().map(|(known, _)| known);
        let same = match (known, &requests.transfer) {
            (Some(known), Some(new)) => known.is_same(new),
            (None, None) => true,
            _ => false,
        };
        if !same {
            // A time that another clock gave is not looked at: it holds so long from its sight.
            let until = |new: &TransferRequest| now + new.within;
            self.transfer = requests.transfer.clone().map(|new| (new.clone(), until(&new)));
            self.refusal = None;
        } else if let (Some((known, _)), Some(new)) = (&mut self.transfer, &requests.transfer) {
            known.refused.clone_from(&new.refused);
        }
        let transfer = !same || self.preferred != requests.preferred;
        let pause = self.paused != requests.paused;
        self.preferred.clone_from(&requests.preferred);
        self.paused = requests.paused;
        let causes = [(transfer, Cause::Transfer), (pause, Cause::Pause)];
        causes.into_iter().filter(|(is_news, _)| *is_news).map(|(_, cause)| cause).collect()
    }

    /// Time passes, for a search: see [`crate::canon`].
    pub(super) fn pass(&mut self, passed: Duration) {
        let Asked { transfer, refusal: _, preferred: _, paused: _ } = self;
        if let Some((_, until)) = transfer {
            pass(until, passed, Duration::ZERO);
            debug_assert!(*until >= NOW);
        }
    }
}

/// A request that holds.
struct Standing<'a> {
    to: &'a str,
    by: &'a str,
    /// None: until somebody takes it away.
    until: Option<Moment>,
}

/// Somebody asked that this candidate leads no longer and another does.
struct Wanted {
    to: String,
    by: String,
    /// Until when it holds; the next write can then tell whoever asked that it is not done. None: until
    /// somebody takes it away, with no place for an answer.
    until: Option<Moment>,
}

impl Elector {
    /// Takes in what people ask, as it stands on the lock that was just seen.
    pub(super) fn note_requests(&mut self) {
        let none = Requests::default();
        let requests = self.seat.record().map_or(&none, |record| &record.requests);
        let causes = self.asked.take_in(self.now, requests);
        causes.iter().for_each(|cause| self.consultation.ask_for(cause));
        let me = &self.config.identity;
        if causes.has(Cause::Transfer) && self.standing().is_some_and(|it| it.to == me) {
            // It rests so that policies do not pass the seat to and fro. Who asks for it knows better.
            self.resting_until = self.resting_until.min(self.now);
        }
    }

    /// The request that holds now, as the policy sees it, whomever it names.
    pub(super) fn transfer_for_policy(&self) -> Option<Transfer> {
        let Standing { to, by, until } = self.standing()?;
        let remaining = until.map_or(LONGEST_WAKE_MS, |until| millis(until.since(self.now)));
        Some(Transfer { to: to.to_owned(), by: by.to_owned(), remaining })
    }

    /// Whether somebody asked that the leader stays; on either of two locks. What keeps the outer one
    /// is the inner one's to decide.
    pub(super) fn is_paused(&self) -> bool {
        let outer = self.outer.as_ref().is_some_and(|outer| outer.paused);
        !self.is_outer && (self.asked.paused || outer)
    }

    /// The request that holds now, whomever it names.
    fn standing(&self) -> Option<Standing<'_>> {
        let Asked { transfer, refusal, preferred, paused: _ } = &self.asked;
        let holds = |(request, until): &&(TransferRequest, Moment)| {
            request.refused.is_none() && refusal.is_none() && self.now < *until
        };
        if let Some((request, until)) = transfer.as_ref().filter(holds) {
            let TransferRequest { to, by, .. } = request;
            return Some(Standing { to, by, until: Some(*until) });
        }
        Some(Standing { to: preferred.as_ref()?, by: PREFERRED, until: None })
    }

    /// The same, if it names another candidate, and this elector has to do with it.
    fn wanted(&self) -> Option<Wanted> {
        let Standing { to, by, until } = self.standing()?;
        let is_mine = !self.is_outer && to != self.config.identity;
        let wanted = || Wanted { to: to.to_owned(), by: by.to_owned(), until };
        is_mine.then(wanted)
    }

    /// Whom a release names whatever the policy says.
    pub(super) fn wanted_successor(&self) -> Option<String> {
        self.wanted().filter(|_| !self.is_paused()).map(|wanted| wanted.to)
    }

    /// Hands the seat over if that was asked for and may be. The policy has decided, and is overruled
    /// by it unless it wanted the same.
    pub(super) fn hand_over(&mut self, decision: &Decision) -> Option<Verdict> {
        self.claim.believed()?;
        if self.is_outer {
            self.refuse_on_outer();
            return None;
        }
        let Wanted { to, by, until } = self.wanted()?;
        let refusal = match () {
            () if self.is_paused() => "the election is paused",
            () if !self.consultation.may_preempt(self.now) => {
                "the budget for resignations in favour of a successor is spent"
            }
            () => {
                if let Some(waits) = self.waits_for(&to, self.last_moment(until)) {
                    return self.while_waiting(decision, &to, waits);
                }
                self.consultation.spend_preemption();
                let reason = format!("{by} asked for a transfer to {to}");
                let wanted_too =
                    matches!(&decision.action, Action::Resign(Some(name)) if *name == to);
                self.step_down(Some(to), StepDownReason::Transferred(reason.clone()));
                self.retire();
                return Some(match wanted_too {
                    true => Verdict::CarriedOut,
                    false => Verdict::Overruled(reason),
                });
            }
        };
        if until.is_some() {
            self.refuse(to, by, refusal);
        }
        None
    }

    /// This elector has the outer lock: a request for somebody else that stands there is not left without
    /// an answer.
    fn refuse_on_outer(&mut self) {
        let me = &self.config.identity;
        let Some(Standing { to, by, until: Some(_) }) = self.standing().filter(|it| it.to != me)
        else {
            return;
        };
        let (to, by) = (to.to_owned(), by.to_owned());
        self.refuse(to, by, ON_OUTER);
    }

    /// The next write tells whoever asked why it is not done.
    fn refuse(&mut self, to: String, by: String, reason: &str) {
        self.asked.refusal = Some(reason.to_owned());
        self.tell(Notice::TransferRefused { to, by, reason: reason.to_owned() });
    }

    /// Until when a successor can be waited for, so that the request still holds when it is carried out.
    fn last_moment(&self, until: Option<Moment>) -> Moment {
        until.map_or(Moment::NEVER, |until| until - self.config.timing.retry_period)
    }

    /// The successor is not ready: the leader leads on, whatever its policy says.
    fn while_waiting(&mut self, decision: &Decision, to: &str, until: Moment) -> Option<Verdict> {
        self.consultation.wake_by(until);
        let resigns = matches!(decision.action, Action::Resign(_));
        resigns.then(|| self.overrule_until_ready(&decision.action, to, until))
    }

    /// Whether a request that holds names this candidate.
    pub(super) fn names_me(&self) -> bool {
        let me = &self.config.identity;
        !self.is_outer && self.standing().is_some_and(|standing| standing.to == me)
    }

    /// What a write with this purpose and content does with the request on the record that it replaces.
    pub(super) fn reply(
        &self,
        purpose: Purpose,
        holder: Option<&String>,
        successor: Option<&String>,
    ) -> Reply {
        // Who leads by this write, or is to.
        let next = match purpose {
            Purpose::Acquire | Purpose::Renew => holder,
            Purpose::Release => successor,
            Purpose::Reserve => None,
        };
        let requests = self.seat.record().map(|record| &record.requests);
        let standing = requests.and_then(|requests| requests.transfer.as_ref());
        if let Some((request, until)) = self.asked.transfer.as_ref().filter(|_| standing.is_some())
        {
            if next == Some(&request.to) || self.now >= *until {
                return Reply::Remove;
            }
            if let Some(refusal) = self.asked.refusal.as_ref().filter(|_| request.refused.is_none())
            {
                return Reply::Refuse(refusal.clone());
            }
        }
        let preferred = requests.and_then(|requests| requests.preferred.as_ref());
        match preferred.is_some() && preferred == next {
            true => Reply::Unprefer,
            false => Reply::Leave,
        }
    }

    /// From when on a leader that must stay renews by the built-in rule, where its policy does not:
    /// a lease that is left to end is a seat given up.
    pub(super) fn overdue_at(&self) -> Moment {
        let half = self.config.timing.renew_deadline / 2;
        match self.claim.believed().filter(|_| self.is_paused()) {
            Some(_) => self.claim.until().map_or(Moment::NEVER, |until| until - half),
            None => Moment::NEVER,
        }
    }
}
