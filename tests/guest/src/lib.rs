//! The hostile policy with settings in JSON: the sidecar takes no other, and the hostile policy's
//! own are a bare name.
//!
//! The settings are a JSON string, a name out of `Misdeed::ALL` and `@leader`, as in
//! `"loop@leader"`: it acts by the standard policy until this candidate leads.

#![forbid(unsafe_code)]

#[path = "../../../guest/hostile/src/misdeed.rs"]
mod misdeed;
#[path = "../../../guest/hostile/src/waste.rs"]
mod waste;

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal};
use hotseat_policy_standard::Standard;
use misdeed::Misdeed;

/// The hostile policy.
pub struct Hostile;

impl Policy for Hostile {
    fn describe() -> Descriptor {
        Descriptor::new("hostile", env!("CARGO_PKG_VERSION"), "misbehaves once it leads")
    }

    fn validate(settings: &str) -> Result<(), Vec<Issue>> {
        misdeed(settings).map(drop)
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let misdeed = misdeed(&input.settings).map_err(|issues| {
            let messages = issues.into_iter().map(|issue| issue.message);
            Refusal::UnusableSettings(messages.collect())
        })?;
        if input.observation.leads() { misdeed.commit(input) } else { Standard::decide(input) }
    }
}

fn misdeed(settings: &str) -> Result<Misdeed, Vec<Issue>> {
    let name = settings.trim().strip_prefix('"').and_then(|name| name.strip_suffix("@leader\""));
    name.and_then(Misdeed::of).ok_or_else(|| {
        let known: Vec<&str> = Misdeed::ALL.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        vec![Issue::whole(format!("{settings} names none of {known}, with @leader behind it"))]
    })
}

hotseat_policy::export!(Hostile);
