//! Leads from one preferred candidate whenever it is there, and by the standard policy otherwise.
//! Settings: `{"prefer": "web-0"}`.
//!
//! It is there while it is on the roster and was heard of within a minute and a half: candidates write
//! their entries each minute. One that says that it is not ready is not there. A leader makes way for it
//! once for each time that it was heard of, so that one which died and left its entry behind is waited for
//! once and not again.

#![forbid(unsafe_code)]

use hotseat_policy::{Decision, Descriptor, Input, Issue, Policy, Refusal, settings};
use hotseat_policy_standard::Standard;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The candidate that should lead: its name, as `--id` has it.
    prefer: String,
}

/// How long ago a candidate may have been heard of, in milliseconds: a beat of the roster and a half.
const FRESH: u64 = 90_000;

/// What is remembered between two questions: the uptime at which this candidate last made way, if it did,
/// and the standard policy's own memory.
struct Memory<'a> {
    made_way: Option<u64>,
    standard: &'a [u8],
}

impl<'a> Memory<'a> {
    /// Reads the bytes; any that this policy never wrote count as empty.
    fn read(bytes: &'a [u8]) -> Memory<'a> {
        match bytes.split_first() {
            Some((0, standard)) => Memory { made_way: None, standard },
            Some((1, rest)) => match rest.split_first_chunk() {
                Some((at, standard)) => {
                    Memory { made_way: Some(u64::from_le_bytes(*at)), standard }
                }
                None => Memory { made_way: None, standard: &[] },
            },
            _ => Memory { made_way: None, standard: &[] },
        }
    }

    fn write(made_way: Option<u64>, standard: &[u8]) -> Vec<u8> {
        match made_way {
            Some(at) => [&[1], &at.to_le_bytes()[..], standard].concat(),
            None => [&[0], standard].concat(),
        }
    }
}

/// The policy.
pub struct Steady;

impl Policy for Steady {
    fn describe() -> Descriptor {
        let schema = r#"{"type": "object", "required": ["prefer"], "additionalProperties": false,
            "properties": {"prefer": {"type": "string"}}}"#;
        Descriptor::new("steady", "1.0.0", "leads from the preferred candidate")
            .memory_schema(2)
            .settings_schema(schema)
            .needs("roster")
    }

    fn validate(text: &str) -> Vec<Issue> {
        settings::<Settings>(text).err().unwrap_or_default()
    }

    fn decide(mut input: Input) -> Result<Decision, Refusal> {
        let Settings { prefer } = settings(&input.settings)?;
        let bytes = std::mem::take(&mut input.memory);
        let Memory { made_way, standard } = Memory::read(&bytes);
        let seen = &input.observation;
        let candidate = seen.candidate(&prefer, FRESH).filter(|it| it.ready != Some(false));
        // It was heard of since this one last made way for it.
        let news = candidate
            .is_some_and(|it| made_way.is_none_or(|at| at < seen.uptime.saturating_sub(it.age)));
        if candidate.is_some() && seen.identity != prefer {
            if seen.is_stopping() || (seen.leads() && news) {
                let reason = format!("making way for {prefer}");
                let memory = Memory::write(Some(seen.uptime), &[]);
                return Ok(Decision::resign_to(prefer).because(reason).remember(memory));
            }
            // A seat that was just released is the preferred candidate's for two retry periods.
            let head_start = 2 * input.timing.retry_period;
            if seen.seat_is_free() && seen.seat_age() < head_start {
                let wait = Decision::wait_for(head_start - seen.seat_age()).because("not for me");
                return Ok(wait.remember(Memory::write(made_way, &[])));
            }
        }
        let memory = standard.to_vec();
        let decision = Standard::decide(Input { memory, ..input })?;
        let memory = Memory::write(made_way, &decision.memory);
        // People see on the roster whether all candidates agree.
        Ok(decision.remember(memory).publish("steady.prefers", prefer))
    }
}

hotseat_policy::export!(Steady);

#[cfg(test)]
mod tests;
