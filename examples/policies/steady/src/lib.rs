//! Leads from one preferred candidate whenever it is there, and by the standard policy otherwise.
//! Settings: `{"prefer": "web-0"}`.

#![forbid(unsafe_code)]

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal, settings};
use hotseat_policy_standard::Standard;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The candidate that should lead: its name, as `--id` has it.
    prefer: String,
}

struct Steady;

impl Policy for Steady {
    fn describe() -> Descriptor {
        let schema = r#"{"type": "object", "required": ["prefer"], "additionalProperties": false,
            "properties": {"prefer": {"type": "string"}}}"#;
        Descriptor::new("steady", "1.0.0", "leads from the preferred candidate")
            .settings_schema(schema)
            .needs("roster")
    }

    fn validate(text: &str) -> Vec<Issue> {
        settings::<Settings>(text).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let Settings { prefer } = settings(&input.settings)?;
        let seen = &input.observation;
        // It counts as there while it was heard of within one lease.
        let fresh = input.timing.lease_duration;
        let there = seen.candidate(&prefer, fresh).is_some();
        if there && seen.identity != prefer {
            if seen.is_stopping() || seen.leads() {
                let reason = format!("making way for {prefer}");
                return Ok(Decision::resign_to(prefer).because(reason));
            }
            // A seat that was just released is the preferred candidate's for two retry periods.
            let head_start = 2 * input.timing.retry_period;
            if seen.seat_is_free() && seen.seat_age() < head_start {
                return Ok(Decision::wait_for(head_start - seen.seat_age()).because("not for me"));
            }
        }
        Standard::decide(input)
    }
}

hotseat_policy::export!(Steady);

#[cfg(test)]
mod tests;
