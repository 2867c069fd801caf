//! Passes the seat on after a while, so that no replica leads for weeks; otherwise the standard
//! policy decides. Settings: `{"minutes": 60}`.

#![forbid(unsafe_code)]

use hotseat_policy::{Decision, Descriptor, Input, Issue, OnFailure, Policy, Refusal, settings};
use hotseat_policy_standard::Standard;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// How long one replica may lead.
    minutes: u32,
}

/// For tools and people, and checked by the host; `validate` is what holds.
const SCHEMA: &str = r#"{"type": "object", "required": ["minutes"], "additionalProperties": false,
"properties": {"minutes": {"type": "integer", "minimum": 0, "maximum": 4294967295}}}"#;

/// The policy.
pub struct Rotate;

impl Policy for Rotate {
    fn describe() -> Descriptor {
        // Any replica may lead at any time: where this policy fails, the standard one decides.
        Descriptor::new("rotate", "1.0.0", "passes the seat on after a while")
            .settings_schema(SCHEMA)
            .on_failure(OnFailure::Standard)
    }

    fn validate(text: &str) -> Vec<Issue> {
        settings::<Settings>(text).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let Settings { minutes } = settings(&input.settings)?;
        let longest = u64::from(minutes) * 60_000;
        match input.observation.claim() {
            Some(claim) if claim.held_for >= longest => {
                Ok(Decision::resign().because(format!("led for {minutes} minutes")))
            }
            _ => Standard::decide(input),
        }
    }
}

hotseat_policy::export!(Rotate);

#[cfg(test)]
mod tests;
