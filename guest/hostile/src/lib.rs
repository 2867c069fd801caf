//! A policy that misbehaves in the way that its settings name, for the tests of its host.
//!
//! The settings are a name out of [`Misbehavior::ALL`], without quotes. With `@leader` behind it, as in
//! `loop@leader`, it acts by the standard policy until this candidate leads, so that a live leader
//! can be attacked. Blank settings are those of the standard policy.

#![forbid(unsafe_code)]

mod misbehavior;
mod waste;

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal};
use hotseat_policy_standard::Standard;

pub use misbehavior::Misbehavior;

/// The hostile policy.
pub struct Hostile;

impl Policy for Hostile {
    fn describe() -> Descriptor {
        Descriptor::new(
            "hostile",
            env!("CARGO_PKG_VERSION"),
            "misbehaves in the way that its settings name",
        )
    }

    fn validate(settings: &str) -> Vec<Issue> {
        Plan::read(settings).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let plan = Plan::read(&input.settings).map_err(|issues| {
            let messages = issues.into_iter().map(|issue| issue.message);
            Refusal::UnusableSettings(messages.collect())
        })?;
        match plan.misbehavior {
            Some(misbehavior) if input.observation.leads() || !plan.only_as_leader => {
                misbehavior.commit(input)
            }
            _ => Standard::decide(input),
        }
    }
}

/// What the settings ask for.
struct Plan {
    misbehavior: Option<Misbehavior>,
    only_as_leader: bool,
}

impl Plan {
    fn read(settings: &str) -> Result<Plan, Vec<Issue>> {
        let text = settings.trim();
        let (name, only_as_leader) = match text.strip_suffix("@leader") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let misbehavior = match name {
            "" | "standard" => None,
            name => Some(Misbehavior::of(name).ok_or_else(|| vec![unknown(name)])?),
        };
        Ok(Plan { misbehavior, only_as_leader })
    }
}

fn unknown(name: &str) -> Issue {
    let known: Vec<&str> = Misbehavior::ALL.iter().map(|(name, _)| *name).collect();
    Issue::whole(format!("`{name}` is none of standard, {}", known.join(", ")))
}

hotseat_policy::export!(Hostile);

#[cfg(test)]
mod tests;
