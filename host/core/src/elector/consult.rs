//! Asking the policy, and carrying out what it decides as far as the guard lets it.

use super::Elector;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::event::{Account, AskId, Effect, Instead, Judged, Notice};
use crate::failures::Failures;
use crate::guard::{Budget, Facts, Ruling, judge};
use crate::on_failure::{Decider, OnFailure};
use crate::policy::{
    self, Action, Cause, Causes, Decision, Failure, FailureKind, Input, LastDecision, Verdict,
};
use crate::time::Moment;
use std::time::Duration;

mod canon;
mod question;

/// How long the elector waits for an answer before another decides in the policy's place. The engine's own
/// limit is far below; this one is for an engine that does not answer at all.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// A policy is not asked again sooner than this without a new event.
const SOONEST_WAKE: Duration = Duration::from_millis(5);
/// A policy that would hand over to a candidate that is not ready is asked again as often, beside what
/// changes on the roster.
const READY_ASKED_EACH: Duration = Duration::from_secs(1);
/// A policy is asked again after this at the latest.
const LATEST_WAKE: Duration = Duration::from_secs(60);

/// The elector's dealings with its policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Consultation {
    /// A policy is loaded; before that there is none to ask.
    loaded: bool,
    /// What decides in its place where it gives no usable decision, and before one is loaded.
    on_failure: OnFailure,
    /// The operator's settings for it: a swap brings its own.
    settings: String,
    memory: Vec<u8>,
    rule_memory: Vec<u8>,
    /// Why the policy should be asked.
    causes: Causes,
    /// What became of its last decision, which the next question tells.
    last: Option<LastDecision>,
    question: Option<Question>,
    wake: Moment,
    failures: Failures,
    reason: String,
    entropy: Entropy,
    asked: u64,
    preemptions: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    ask: AskId,
    input: Input,
    deadline: Moment,
}

impl Consultation {
    pub(super) fn new(config: &Config) -> Self {
        Consultation {
            loaded: false,
            on_failure: config.on_failure,
            settings: String::new(),
            memory: Vec::new(),
            rule_memory: Vec::new(),
            causes: Causes::default(),
            last: None,
            question: None,
            wake: Moment::NEVER,
            failures: Failures::new(config.failure_share),
            reason: String::new(),
            entropy: Entropy::new(config.seed),
            asked: 0,
            preemptions: Budget::new(config.preemptions_per_hour),
        }
    }

    /// Wants the policy asked, for this reason beside others that there may be.
    pub(super) fn ask_for(&mut self, cause: Cause) {
        self.causes.add(cause);
    }

    /// Wants it asked even though an older question is open, whose answer no longer counts.
    pub(super) fn ask_now(&mut self, cause: Cause) {
        self.question = None;
        self.ask_for(cause);
    }

    /// I13: another policy took over, between two decisions: a question to the old one is void,
    /// and the new one is asked at once, so that no renewal is missed.
    pub(super) fn swap(&mut self, memory: Vec<u8>, settings: String, on_failure: OnFailure) {
        self.loaded = true;
        self.on_failure = on_failure;
        self.memory = memory;
        self.settings = settings;
        self.failures.forget();
        self.last = None;
        self.ask_now(Cause::Swapped);
    }

    pub(super) fn wake(&self) -> Moment {
        let answer = self.question.as_ref().map_or(Moment::NEVER, |question| question.deadline);
        self.wake.min(answer)
    }

    /// Wants the policy asked at that moment at the latest.
    pub(super) fn wake_by(&mut self, at: Moment) {
        self.wake = self.wake.min(at);
    }

    pub(super) fn is_asking(&self) -> bool {
        self.question.is_some()
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether a resignation in favour of a successor is within the budget.
    pub(super) fn may_preempt(&mut self, now: Moment) -> bool {
        self.preemptions.has_one(now)
    }

    /// One was made.
    pub(super) fn spend_preemption(&mut self) {
        self.preemptions.spend();
    }
}

impl Elector {
    /// Asks the policy if there is a reason to and nothing is under way.
    pub(super) fn consult(&mut self) {
        if self.finished {
            return;
        }
        if self.signals.take_due(self.now) {
            self.consultation.ask_for(Cause::SignalChanged);
        }
        if self.roster.take_due(self.now) {
            self.consultation.ask_for(Cause::RosterChanged);
        }
        if let Some(question) = &self.consultation.question {
            if self.now >= question.deadline {
                let ask = question.ask;
                let detail = format!("no answer within {ANSWER_WITHIN:?}");
                self.decided(ask, Err(Failure { kind: FailureKind::TimedOut, detail }));
            }
            return;
        }
        if self.now >= self.consultation.wake {
            self.consultation.ask_for(Cause::Timer);
            // It is noted. A moment that has passed would wake the shell over and over while an
            // operation is under way.
            self.consultation.wake = Moment::NEVER;
        }
        let mut causes = self.consultation.causes;
        if causes.is_empty() {
            return;
        }
        let stopping = causes.has(Cause::Stopping);
        let busy = self.operation.is_some() || self.pursuit.is_some();
        if !stopping && (busy || self.retirement.is_some()) {
            return;
        }
        self.consultation.causes = Causes::default();
        self.consultation.wake = Moment::NEVER;
        self.signals.shown(self.now, &mut causes);
        self.roster.shown(self.now, causes);
        let input = self.input(causes);
        if !self.consultation.loaded {
            let instead = Some(self.decide_instead(self.consultation.on_failure, &input));
            return self.account(Account { ask: None, input, answer: None, instead });
        }
        self.consultation.asked += 1;
        let ask = AskId(self.consultation.asked);
        let deadline = self.now + ANSWER_WITHIN;
        self.out.push(Effect::Ask { ask, input: Box::new(input.clone()) });
        self.consultation.question = Some(Question { ask, input, deadline });
    }

    /// The policy answered, or failed to.
    pub(super) fn decided(&mut self, ask: AskId, answer: Result<Decision, Failure>) {
        let Some(question) = self.consultation.question.take_if(|question| question.ask == ask)
        else {
            return;
        };
        let checked = answer.and_then(|decision| {
            let broken = |detail| Failure { kind: FailureKind::Rejected, detail };
            policy::check(&decision, &question.input.timing).map_err(broken)?;
            Ok(decision)
        });
        let input = question.input;
        let (answer, instead) = match checked {
            Ok(mut decision) => {
                // It goes into logs and Events: one line, as the contract says.
                decision.reason = decision.reason.replace(char::is_control, " ");
                self.consultation.failures.decided();
                self.consultation.memory.clone_from(&decision.memory);
                self.keep_announced_for(Some(&decision.action));
                let verdict = self.carry_out(&input, &decision, Decider::Policy);
                let action = decision.action.clone();
                self.consultation.last = Some(LastDecision { action, verdict: verdict.clone() });
                let alone = self.is_left_alone(&decision, &verdict);
                let instead = alone.then(|| self.decide_instead(OnFailure::Standard, &input));
                (Ok(Judged { decision, verdict }), instead)
            }
            Err(failure) => {
                self.consultation.last = None;
                self.keep_announced_for(None);
                self.policy_failed(failure.clone());
                // I12: whatever the policy did, there is a decision.
                (Err(failure), Some(self.decide_instead(self.consultation.on_failure, &input)))
            }
        };
        self.account(Account { ask: Some(ask), input, answer: Some(answer), instead });
    }

    /// A leader that may not resign still has to be led by somebody: the built-in rule. So has one that
    /// must stay while its policy lets the lease end. The policy did decide, so this is no failure of
    /// its.
    fn is_left_alone(&self, decision: &Decision, verdict: &Verdict) -> bool {
        let let_go = match decision.action {
            Action::Resign(_) => matches!(verdict, Verdict::Overruled(_)),
            Action::Wait => self.now >= self.overdue_at(),
            Action::Campaign | Action::Renew => false,
        };
        let_go && self.operation.is_none() && self.claim.believed().is_some()
    }

    /// Hands a decision to the journal.
    fn account(&mut self, account: Account) {
        self.out.push(Effect::Account(Box::new(account)));
    }

    fn policy_failed(&mut self, failure: Failure) {
        let too_many = self.consultation.failures.failed();
        let failures = &self.consultation.failures;
        self.tell(Notice::PolicyFailed {
            failure,
            in_a_row: failures.in_a_row(),
            of_last_hundred: failures.of_last_hundred(),
            on_failure: self.consultation.on_failure,
        });
        if too_many {
            self.out.push(Effect::RestorePolicy);
        }
    }

    /// Decides in the policy's place. What is decided goes through the same guard.
    fn decide_instead(&mut self, on_failure: OnFailure, input: &Input) -> Instead {
        let by = on_failure.for_question(input);
        let instead = self.decide_by(by, input);
        let Judged { decision, verdict } = &instead.judged;
        match by != OnFailure::Standard && self.is_left_alone(decision, verdict) {
            true => self.decide_by(OnFailure::Standard, input),
            false => instead,
        }
    }

    fn decide_by(&mut self, by: OnFailure, input: &Input) -> Instead {
        let memory = std::mem::take(&mut self.consultation.rule_memory);
        let decision = by.answer(&Input { memory, ..input.clone() });
        self.consultation.rule_memory.clone_from(&decision.memory);
        let verdict = self.carry_out(input, &decision, Decider::Instead(by));
        Instead { by, judged: Judged { decision, verdict } }
    }

    fn carry_out(&mut self, input: &Input, decision: &Decision, by: Decider) -> Verdict {
        self.consultation.reason.clone_from(&decision.reason);
        self.tell(Notice::Decided { decision: decision.clone(), by });
        if input.observation.causes.has(Cause::Stopping) || self.retirement.is_some() {
            let (named, verdict) = match &decision.action {
                Action::Resign(successor) => (successor.clone(), Verdict::CarriedOut),
                _ => (None, Verdict::Nothing),
            };
            self.successor_named(named.filter(|name| *name != self.config.identity));
            // The release waited for this answer only.
            self.retire();
            return verdict;
        }
        let pause = Duration::from_millis(decision.wake_after).clamp(SOONEST_WAKE, LATEST_WAKE);
        self.consultation.wake = self.now + pause;
        if self.now < self.overdue_at() {
            self.consultation.wake = self.consultation.wake.min(self.overdue_at());
        }
        // An operation that began since the question was asked is waited for, and what it found may
        // change the answer: the policy is asked again at its end, not when it wanted to be next.
        if self.operation.is_some() {
            if decision.action == Action::Wait {
                return Verdict::Nothing;
            }
            self.consultation.ask_for(Cause::Timer);
            return Verdict::Overruled("a request about the lock is under way".to_owned());
        }
        if let Some(verdict) = self.hand_over(decision) {
            return verdict;
        }
        match judge(&decision.action, &self.facts()) {
            Ruling::Nothing => return Verdict::Nothing,
            Ruling::Claim => {
                let own = self.config.timing.lease_duration;
                self.write_claim(decision.lease_duration.map_or(own, Duration::from_millis));
            }
            Ruling::ClaimAfterOuter => {
                let own = self.config.timing.lease_duration;
                let lease = decision.lease_duration.map_or(own, Duration::from_millis);
                self.claim_after_outer(lease);
            }
            Ruling::Resign(successor) => {
                if let Some(to) = &successor {
                    if let Some(until) = self.waits_for(to, Moment::NEVER) {
                        return self.overrule_until_ready(&decision.action, to, until);
                    }
                    self.consultation.preemptions.spend();
                }
                self.resign(successor, decision.reason.clone());
                self.retire();
            }
            Ruling::Overrule(reason, until) => {
                self.overrule(&decision.action, reason.clone(), until);
                return Verdict::Overruled(reason);
            }
        }
        Verdict::CarriedOut
    }

    /// The leader leads on until its successor is ready, or until then.
    pub(super) fn overrule_until_ready(
        &mut self,
        action: &Action,
        to: &str,
        until: Moment,
    ) -> Verdict {
        let reason = format!("{to} is not ready to lead yet");
        let again = (self.now + READY_ASKED_EACH).min(until);
        self.overrule(action, reason.clone(), again);
        Verdict::Overruled(reason)
    }

    fn overrule(&mut self, action: &Action, reason: String, until: Moment) {
        self.consultation.wake = self.consultation.wake.min(until.max(self.now + SOONEST_WAKE));
        self.tell(Notice::Overruled { action: action.as_str(), reason });
    }

    pub(super) fn facts(&mut self) -> Facts<'_> {
        let may_preempt = self.consultation.preemptions.has_one(self.now);
        let paced_until = self.paced_until();
        Facts {
            now: self.now,
            identity: &self.config.identity,
            leads: self.claim.believed().is_some(),
            mine: self.claim.term().is_some()
                && self.seat.record().is_some_and(|record| self.wrote(record)),
            free_at: self.free_at(),
            outer: self.outer_is(),
            throttled_until: self.throttled_until,
            paced_until,
            may_preempt,
            paused: self.is_paused(),
        }
    }
}
