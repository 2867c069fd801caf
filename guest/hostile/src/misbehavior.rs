//! The ways to misbehave.

use hotseat_policy::{Action, Decision, Input, Policy, Refusal, cause};
use hotseat_policy_standard::Standard;

use crate::waste;

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehavior {
    /// Panics.
    Trap,
    /// Never answers.
    Loop,
    /// Takes memory until there is none.
    MemoryBomb,
    /// Calls itself until the stack ends.
    DeepRecursion,
    /// Burns twelve million units of fuel, about 40 ms, then answers as the standard policy does.
    Spin,
    /// Fills time and uses little fuel for it; never answers.
    Fill,
    /// Wants to be asked again at once.
    WakeZero,
    /// Wants to be asked again in a hundred years.
    WakeCentury,
    /// Wants the longest lease that a number can say.
    LeaseGiant,
    /// Wants a lease of minus 15 s, which the contract's unsigned number makes a long one.
    LeaseNegative,
    /// Gives a megabyte of reasons.
    ReasonMegabyte,
    /// Wants to remember a megabyte.
    MemoryMegabyte,
    /// Publishes 10,000 signals.
    PublishFlood,
    /// Refuses to decide.
    Refuse,
    /// Resigns at each question.
    ResignStorm,
    /// Campaigns at each question, and wants the next one a millisecond later.
    CampaignStorm,
    /// Renews at each question, and wants the next one a millisecond later.
    RenewStorm,
    /// Leads without ever renewing.
    NeverRenew,
    /// Panics when a timer asks the third time or later since it last started counting. A trap
    /// leaves the count as it was, so any question for another reason starts it again.
    TrapThird,
    /// Panics at every question but the first after a swap, so that a trial shows nothing.
    TrapLater,
}

impl Misbehavior {
    /// Every way and its name in the settings.
    pub const ALL: [(&str, Misbehavior); 20] = [
        ("trap", Misbehavior::Trap),
        ("loop", Misbehavior::Loop),
        ("memory-bomb", Misbehavior::MemoryBomb),
        ("deep-recursion", Misbehavior::DeepRecursion),
        ("spin", Misbehavior::Spin),
        ("fill", Misbehavior::Fill),
        ("wake-zero", Misbehavior::WakeZero),
        ("wake-century", Misbehavior::WakeCentury),
        ("lease-giant", Misbehavior::LeaseGiant),
        ("lease-negative", Misbehavior::LeaseNegative),
        ("reason-megabyte", Misbehavior::ReasonMegabyte),
        ("memory-megabyte", Misbehavior::MemoryMegabyte),
        ("publish-flood", Misbehavior::PublishFlood),
        ("refuse", Misbehavior::Refuse),
        ("resign-storm", Misbehavior::ResignStorm),
        ("campaign-storm", Misbehavior::CampaignStorm),
        ("renew-storm", Misbehavior::RenewStorm),
        ("never-renew", Misbehavior::NeverRenew),
        ("trap-third", Misbehavior::TrapThird),
        ("trap-later", Misbehavior::TrapLater),
    ];

    /// The one of that name.
    pub(crate) fn of(name: &str) -> Option<Misbehavior> {
        let found = Misbehavior::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, misbehavior)| *misbehavior)
    }

    /// Misbehaves. What is absurd in an answer is its only difference from the standard policy's.
    pub(crate) fn commit(self, input: Input) -> Result<Decision, Refusal> {
        match self {
            Misbehavior::Trap => panic!("the settings ask for a trap"),
            Misbehavior::Loop => waste::time_and_fuel(),
            Misbehavior::Fill => waste::time(),
            Misbehavior::MemoryBomb => waste::memory(),
            Misbehavior::DeepRecursion => waste::stack(),
            Misbehavior::Refuse => {
                return Err(Refusal::Other("the settings ask for a refusal".into()));
            }
            Misbehavior::TrapThird => return trap_third(input),
            Misbehavior::TrapLater => {
                assert!(
                    input.observation.is_asked_for(cause::SWAPPED),
                    "the settings ask for a trap"
                );
            }
            Misbehavior::Spin => waste::some_fuel(input.entropy),
            Misbehavior::NeverRenew if input.observation.leads() => {
                return Ok(Decision::wait_for(86_400_000).because("asleep at the wheel"));
            }
            _ => {}
        }
        let mut decision = Standard::decide(input)?;
        self.distort(&mut decision);
        Ok(decision)
    }

    /// Makes a decision of the standard policy absurd.
    fn distort(self, decision: &mut Decision) {
        const MEGABYTE: usize = 1 << 20;
        match self {
            Misbehavior::WakeZero => decision.wake_after = 0,
            Misbehavior::WakeCentury => decision.wake_after = 36_525 * 86_400_000,
            Misbehavior::LeaseGiant => decision.lease_duration = Some(u64::MAX),
            Misbehavior::LeaseNegative => {
                decision.lease_duration = Some((-15_000_i64).cast_unsigned());
            }
            Misbehavior::ReasonMegabyte => decision.reason = "very ".repeat(MEGABYTE / 5 + 1),
            Misbehavior::MemoryMegabyte => decision.memory = vec![1; MEGABYTE],
            Misbehavior::PublishFlood => {
                let signals = (0..10_000).map(|n| (format!("flood.{n}"), true.into()));
                decision.publish = signals.collect();
            }
            Misbehavior::ResignStorm => decision.action = Action::Resign(None),
            Misbehavior::CampaignStorm => hurry(decision, Action::Campaign),
            Misbehavior::RenewStorm => hurry(decision, Action::Renew),
            _ => {}
        }
    }
}

fn hurry(decision: &mut Decision, action: Action) {
    decision.action = action;
    decision.wake_after = 1;
}

/// The count is the first byte of the memory, before the standard policy's own.
fn trap_third(mut input: Input) -> Result<Decision, Refusal> {
    let mut count = if input.memory.is_empty() { 0 } else { input.memory.remove(0) };
    if count >= 2 {
        assert!(!input.observation.is_asked_for(cause::TIMER), "the third question");
        count = 0;
    }
    let mut decision = Standard::decide(input)?;
    decision.memory.insert(0, count + 1);
    Ok(decision)
}
