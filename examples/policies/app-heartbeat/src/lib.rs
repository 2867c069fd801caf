//! Leads only while the application gives its heartbeat: a signal that it reports again and again,
//! as in `curl -X PUT localhost:4040/v1/signals/app.heartbeat`, a probe such as `probe.web`, or what the
//! host knows of the pod, such as `pod.ready`. Otherwise the standard policy decides.
//!
//! - A leader whose application has fallen silent steps down, and so does one whose signal is the
//!   flag `false`. It then backs off before it campaigns again: twice as long each time, up to a
//!   longest time, and from the beginning again once the application was well for a while.
//! - The host watches the pod and its node, and reports what changes, not the same again and again: of
//!   such a fact the value counts, whatever its age.
//! - A standby campaigns only while its own application gives its heartbeat.
//! - In a grace time after the start, or after this policy took over, the first heartbeat is not
//!   missed: an application may still be starting. A fleet that starts elects a leader meanwhile.
//! - Where this policy fails, a leader goes on and a standby waits, until it decides again.
//! - While somebody has paused the election, a leader goes on without a heartbeat: the host sees to
//!   it, and this policy does not ask for what it would not be given.
//!
//! Settings, all of them optional: see [`settings`].

#![forbid(unsafe_code)]

mod memory;
mod settings;

use hotseat_policy::{
    Decision, Descriptor, Input, Issue, Observation, OnFailure, Policy, Refusal, Signal, Value,
    source,
};
use hotseat_policy_standard::Standard;
use memory::Memory;
use settings::Rule;

/// The policy.
pub struct AppHeartbeat;

/// What is known of the application.
enum Application {
    /// It gave its heartbeat, which counts for so many milliseconds more.
    Well(u64),
    /// It has not begun yet, and has so many milliseconds more to do so.
    Starting(u64),
    /// It is silent or unwell: why, for people.
    Failing(String),
}

impl Policy for AppHeartbeat {
    fn describe() -> Descriptor {
        let summary = "leads only while the application gives its heartbeat";
        Descriptor::new("app-heartbeat", "1.0.0", summary)
            .settings_schema(settings::SCHEMA)
            // Said although it is what counts unsaid: by the standard policy a candidate would lead
            // whose application is silent, and one slow answer is no reason to resign.
            .on_failure(OnFailure::Hold)
    }

    fn validate(text: &str) -> Vec<Issue> {
        Rule::read(text).err().unwrap_or_default()
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let rule = Rule::read(&input.settings)?;
        let seen = &input.observation;
        let mut memory = Memory::read(&input.memory, seen.uptime);
        let application = look(seen, &rule, &memory);
        memory.note(matches!(application, Application::Well(_)), seen.uptime, rule.steady_ms);
        let paused = seen.seat().is_some_and(|seat| seat.paused);
        match application {
            _ if seen.is_stopping() => standard(input, memory),
            Application::Failing(why) if seen.leads() && !paused => {
                memory.fail(seen.uptime, &rule);
                Ok(keep(Decision::resign().because(why), memory))
            }
            Application::Failing(why) if !seen.leads() => {
                // A heartbeat that goes on as before is no reason to be asked, so it is looked for.
                Ok(keep(Decision::wait_for(input.timing.retry_period).because(why), memory))
            }
            Application::Well(left) | Application::Starting(left) => {
                match memory.rests_for(seen.uptime) {
                    rest if rest > 0 && !seen.leads() => {
                        let why = format!("backing off for {rest} ms after a step down");
                        Ok(keep(Decision::wait_for(rest).because(why), memory))
                    }
                    _ => Ok(sooner(standard(input, memory)?, left)),
                }
            }
            Application::Failing(_) => standard(input, memory),
        }
    }

    /// The standard policy's memory goes on as the part that is its own here.
    fn migrate(name: &str, schema: u32, memory: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let (own, standard) = (Self::describe(), Standard::describe());
        Ok(if name == own.name && schema == own.memory_schema {
            memory
        } else if name == standard.name && schema == standard.memory_schema {
            Memory::beginning(memory)
        } else {
            Vec::new()
        })
    }
}

fn look(seen: &Observation, rule: &Rule, memory: &Memory) -> Application {
    let (key, fresh) = (&rule.signal, rule.fresh_ms);
    let why = match seen.signal(key) {
        Some(signal) if signal.value == Value::Flag(false) => format!("{key} says no"),
        Some(signal) if is_watched(signal) => return Application::Well(u64::MAX),
        Some(signal) if signal.age <= fresh => return Application::Well(fresh - signal.age + 1),
        Some(signal) => {
            format!("no heartbeat for {} ms: {key} may be {fresh} ms old", signal.age)
        }
        None => match memory.heard_at {
            Some(at) => {
                let age = seen.uptime.saturating_sub(at);
                format!("no heartbeat for {age} ms: {key} is gone")
            }
            None => format!("no heartbeat within {} ms: {key} was never there", rule.grace_ms),
        },
    };
    let left = memory.since.saturating_add(rule.grace_ms).saturating_sub(seen.uptime);
    if memory.heard_at.is_none() && left > 0 {
        return Application::Starting(left);
    }
    Application::Failing(why)
}

/// Whether it is a fact that the host watches: it holds until another value is reported.
fn is_watched(signal: &Signal) -> bool {
    [source::POD, source::NODE].contains(&signal.source.as_str())
}

/// The standard policy's decision, with its part of the memory.
fn standard(mut input: Input, mut memory: Memory) -> Result<Decision, Refusal> {
    input.memory = std::mem::take(&mut memory.standard);
    // It has no settings.
    input.settings = String::new();
    let mut decision = Standard::decide(input)?;
    memory.standard = std::mem::take(&mut decision.memory);
    Ok(keep(decision, memory))
}

fn keep(decision: Decision, memory: Memory) -> Decision {
    decision.remember(memory.write())
}

/// Asked again when the heartbeat would be too old, if nothing else comes before.
fn sooner(decision: Decision, ms: u64) -> Decision {
    let wake = decision.wake_after.min(ms);
    decision.wake_after(wake)
}

hotseat_policy::export!(AppHeartbeat);

#[cfg(test)]
mod tests;
