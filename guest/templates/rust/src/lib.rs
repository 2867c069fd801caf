//! Who lags too far behind does not lead.

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal, settings};
use hotseat_policy_standard::Standard;

#[cfg(test)]
mod tests;

/// Checked by the host before `validate` is asked.
const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["most_lag"],
    "additionalProperties": false,
    "properties": {"most_lag": {"type": "number", "minimum": 0}}
}"#;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// With more than this in the signal `app.lag` a replica does not lead.
    most_lag: f64,
}

struct Rule;

impl Policy for Rule {
    fn describe() -> Descriptor {
        let summary = "who lags too far behind does not lead";
        Descriptor::new("my-policy", env!("CARGO_PKG_VERSION"), summary).settings_schema(SCHEMA)
    }

    fn validate(text: &str) -> Vec<Issue> {
        settings::<Settings>(text).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let Settings { most_lag } = settings(&input.settings)?;
        let seen = &input.observation;
        // Where the application says nothing of its lag, it has none.
        let lag = seen.number("app.lag").unwrap_or_default();
        if lag <= most_lag {
            return Standard::decide(input);
        }
        let why = format!("app.lag is {lag}, and {most_lag} is allowed");
        Ok(match seen.leads() {
            true => Decision::resign().because(why),
            // A change of the signal asks again before that.
            false => Decision::wait_for(input.timing.retry_period).because(why),
        })
    }
}

hotseat_policy::export!(Rule);
