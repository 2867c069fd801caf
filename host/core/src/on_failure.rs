//! Who decides where the active policy gives no usable decision, and while there is none yet (I12).

use crate::policy::{Action, Cause, Decision, Input, LONGEST_WAKE_MS};
use crate::rule;

/// What answers a question to which the active policy gave no usable decision. Whatever it is, the
/// guard judges the answer as it judges a policy's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnFailure {
    /// The built-in rule decides. It knows nothing of what the policy goes by, so a candidate that
    /// the policy would keep from leading may lead: the election fails open.
    Standard,
    /// A leader renews, a standby waits: nothing changes until the policy decides again.
    #[default]
    Hold,
    /// A leader resigns, in favour of nobody, and a standby waits: nobody leads by a policy that
    /// fails.
    Resign,
}

/// Who made a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decider {
    /// The active policy.
    Policy,
    /// What answers in its place.
    Instead(OnFailure),
}

impl OnFailure {
    /// All of them.
    pub const ALL: [OnFailure; 3] = [OnFailure::Standard, OnFailure::Hold, OnFailure::Resign];

    /// The word for flags, logs and `/v1/policy`.
    pub fn as_str(self) -> &'static str {
        match self {
            OnFailure::Standard => "standard",
            OnFailure::Hold => "hold",
            OnFailure::Resign => "resign",
        }
    }

    /// What answers this question: the built-in rule where the process stops, since its seat is
    /// given up whatever the policy does.
    pub(crate) fn for_question(self, input: &Input) -> OnFailure {
        if input.observation.causes.has(Cause::Stopping) { OnFailure::Standard } else { self }
    }

    /// Answers in the place of the policy. Total: there is no input that it does not answer.
    /// `memory` in the input is the built-in rule's own.
    pub(crate) fn answer(self, input: &Input) -> Decision {
        let leads = input.observation.claim.is_some();
        match self {
            OnFailure::Standard => rule::decide(input),
            OnFailure::Hold if leads => hold(input),
            OnFailure::Resign if leads => resign(input),
            OnFailure::Hold | OnFailure::Resign => wait(input),
        }
    }
}

impl Decider {
    /// All of them.
    pub const ALL: [Decider; 4] = [
        Decider::Policy,
        Decider::Instead(OnFailure::Standard),
        Decider::Instead(OnFailure::Hold),
        Decider::Instead(OnFailure::Resign),
    ];

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Decider::Policy => "policy",
            Decider::Instead(OnFailure::Standard) => "rule",
            Decider::Instead(OnFailure::Hold) => "hold",
            Decider::Instead(OnFailure::Resign) => "resign",
        }
    }
}

/// A leader goes on leading: to a leader the built-in rule says nothing but when to renew.
fn hold(input: &Input) -> Decision {
    let decision = rule::decide(input);
    let reason = format!("the policy gave no decision, so the leader holds: {}", decision.reason);
    Decision { reason, ..decision }
}

fn resign(input: &Input) -> Decision {
    let reason = "the policy gave no decision, so the leader resigns";
    plain(Action::Resign(None), input.timing.retry_period, reason)
}

/// The policy is asked again after a retry period, or when the seat falls free: what it says then
/// decides whether this candidate takes it.
fn wait(input: &Input) -> Decision {
    let free_in = input.observation.seat.as_ref().map_or(0, |seat| seat.free_in);
    let retry = input.timing.retry_period;
    let pause = if free_in == 0 { retry } else { retry.min(free_in) };
    plain(Action::Wait, pause, "the policy gave no decision, so the standby waits")
}

fn plain(action: Action, wake_after: u64, reason: &str) -> Decision {
    Decision {
        action,
        // As the built-in rule: a retry period of more than a day is no fault of anybody.
        wake_after: wake_after.clamp(1, LONGEST_WAKE_MS),
        lease_duration: None,
        reason: reason.to_owned(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    }
}
