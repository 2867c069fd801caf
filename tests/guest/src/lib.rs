//! The hostile policy with settings in JSON: the sidecar takes no other, and the hostile policy's
//! own are a bare name.
//!
//! The settings are a JSON string, a name out of `Misbehavior::ALL` and when: with `@leader`, as in
//! `"loop@leader"`, it acts by the standard policy until this candidate leads; with `@later`, at its
//! first question alone, so that it loads and a standby can be attacked; and with `@timer`, unless
//! a leader is asked by the timer, which is every other question of a leader.

#![forbid(unsafe_code)]

#[path = "../../../guest/hostile/src/misbehavior.rs"]
mod misbehavior;
#[path = "../../../guest/hostile/src/waste.rs"]
mod waste;

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal, cause};
use hotseat_policy_standard::Standard;
use misbehavior::Misbehavior;

/// The hostile policy.
pub struct Hostile;

impl Policy for Hostile {
    fn describe() -> Descriptor {
        Descriptor::new("hostile", env!("CARGO_PKG_VERSION"), "misbehaves once it leads")
            // It goes by none of them: for what is said of a policy that does not get what it needs.
            .needs("host.weekday")
            .needs("node.draining")
    }

    fn validate(settings: &str) -> Vec<Issue> {
        misbehavior(settings).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let (misbehavior, when) = misbehavior(&input.settings).map_err(|issues| {
            let messages = issues.into_iter().map(|issue| issue.message);
            Refusal::UnusableSettings(messages.collect())
        })?;
        let seen = &input.observation;
        let now = match when {
            When::Leader => seen.leads(),
            When::Timer => seen.leads() && seen.is_asked_for(cause::TIMER),
            When::Later => {
                !seen.is_asked_for(cause::STARTED) && !seen.is_asked_for(cause::SWAPPED)
            }
        };
        match when {
            _ if now => misbehavior.commit(input),
            // The seat may be free already: a standby that is to be attacked does not take it.
            When::Later => Ok(Decision::wait_for(100)),
            When::Leader | When::Timer => Standard::decide(input),
        }
    }
}

/// When it misbehaves.
enum When {
    Leader,
    Timer,
    Later,
}

fn misbehavior(settings: &str) -> Result<(Misbehavior, When), Vec<Issue>> {
    let text = settings.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let found = text.and_then(|text| text.split_once('@')).and_then(|(name, when)| {
        let when = match when {
            "leader" => When::Leader,
            "timer" => When::Timer,
            "later" => When::Later,
            _ => return None,
        };
        Some((Misbehavior::of(name)?, when))
    });
    found.ok_or_else(|| {
        let known: Vec<&str> = Misbehavior::ALL.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        let message =
            format!("{settings} names none of {known}, with @leader, @timer or @later behind it");
        vec![Issue::whole(message)]
    })
}

hotseat_policy::export!(Hostile);
