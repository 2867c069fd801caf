//! The contract as wasmtime sees it, and the way to and from the core's types.

/// What `bindgen!` makes of `wit/policy.wit`.
#[allow(missing_docs, reason = "generated; the contract documents each item")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "election",
    });
}

pub(crate) use generated::exports::hotseat::policy::policy as wit;
pub(crate) use generated::{Election, ElectionPre};

use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy as core;

impl From<wit::OnFailure> for OnFailure {
    fn from(on_failure: wit::OnFailure) -> OnFailure {
        match on_failure {
            wit::OnFailure::Standard => OnFailure::Standard,
            wit::OnFailure::Hold => OnFailure::Hold,
            wit::OnFailure::Resign => OnFailure::Resign,
        }
    }
}

impl From<core::Cause> for wit::Cause {
    fn from(cause: core::Cause) -> wit::Cause {
        match cause {
            core::Cause::Started => wit::Cause::Started,
            core::Cause::SeatChanged => wit::Cause::SeatChanged,
            core::Cause::Timer => wit::Cause::Timer,
            core::Cause::SignalChanged => wit::Cause::SignalChanged,
            core::Cause::RosterChanged => wit::Cause::RosterChanged,
            core::Cause::WriteFinished => wit::Cause::WriteFinished,
            core::Cause::Swapped => wit::Cause::Swapped,
            core::Cause::Stopping => wit::Cause::Stopping,
        }
    }
}

impl From<core::Outcome> for wit::Outcome {
    fn from(outcome: core::Outcome) -> wit::Outcome {
        match outcome {
            core::Outcome::None => wit::Outcome::None,
            core::Outcome::Written => wit::Outcome::Written,
            core::Outcome::Conflict => wit::Outcome::Conflict,
            core::Outcome::Denied => wit::Outcome::Denied,
            core::Outcome::Throttled => wit::Outcome::Throttled,
            core::Outcome::TimedOut => wit::Outcome::TimedOut,
            core::Outcome::Unreachable => wit::Outcome::Unreachable,
        }
    }
}

impl From<&core::Value> for wit::Value {
    fn from(value: &core::Value) -> wit::Value {
        match value {
            core::Value::Text(text) => wit::Value::Text(text.clone()),
            core::Value::Number(number) => wit::Value::Number(*number),
            core::Value::Flag(flag) => wit::Value::Flag(*flag),
        }
    }
}

impl From<wit::Value> for core::Value {
    fn from(value: wit::Value) -> core::Value {
        match value {
            wit::Value::Text(text) => core::Value::Text(text),
            wit::Value::Number(number) => core::Value::Number(number),
            wit::Value::Flag(flag) => core::Value::Flag(flag),
        }
    }
}

impl From<&core::Signal> for wit::Signal {
    fn from(signal: &core::Signal) -> wit::Signal {
        let core::Signal { key, value, age } = signal;
        wit::Signal { key: key.clone(), value: value.into(), age: *age }
    }
}

impl From<&core::Candidate> for wit::Candidate {
    fn from(candidate: &core::Candidate) -> wit::Candidate {
        let core::Candidate { identity, age, signals } = candidate;
        wit::Candidate {
            identity: identity.clone(),
            age: *age,
            signals: signals.iter().map(Into::into).collect(),
        }
    }
}

impl From<&core::Seat> for wit::Seat {
    fn from(seat: &core::Seat) -> wit::Seat {
        let core::Seat { holder, age, duration, free_in, transitions, successor, paused } = seat;
        wit::Seat {
            holder: holder.clone(),
            age: *age,
            duration: *duration,
            free_in: *free_in,
            transitions: *transitions,
            successor: successor.clone(),
            paused: *paused,
        }
    }
}

impl From<&core::Observation> for wit::Observation {
    fn from(observation: &core::Observation) -> wit::Observation {
        let core::Observation { identity, uptime, cause, seat, claim, attempts, signals, roster } =
            observation;
        let core::Attempts { last, failures, since_success } = *attempts;
        wit::Observation {
            identity: identity.clone(),
            uptime: *uptime,
            cause: (*cause).into(),
            seat: seat.as_ref().map(Into::into),
            claim: claim
                .map(|core::Claim { held_for, valid_for }| wit::Claim { held_for, valid_for }),
            attempts: wit::Attempts { last: last.into(), failures, since_success },
            signals: signals.iter().map(Into::into).collect(),
            roster: roster.iter().map(Into::into).collect(),
        }
    }
}

impl From<core::Pace> for wit::Timing {
    fn from(timing: core::Pace) -> wit::Timing {
        let core::Pace {
            lease_duration,
            renew_deadline,
            retry_period,
            shortest_lease,
            longest_lease,
        } = timing;
        wit::Timing { lease_duration, renew_deadline, retry_period, shortest_lease, longest_lease }
    }
}

impl From<&core::Input> for wit::Input {
    fn from(input: &core::Input) -> wit::Input {
        let core::Input { settings, memory, entropy, timing, observation } = input;
        wit::Input {
            settings: settings.clone(),
            memory: memory.clone(),
            entropy: *entropy,
            timing: (*timing).into(),
            observation: observation.into(),
        }
    }
}

impl From<wit::Action> for core::Action {
    fn from(action: wit::Action) -> core::Action {
        match action {
            wit::Action::Wait => core::Action::Wait,
            wit::Action::Campaign => core::Action::Campaign,
            wit::Action::Renew => core::Action::Renew,
            wit::Action::Resign(successor) => core::Action::Resign(successor),
        }
    }
}

impl From<wit::Decision> for core::Decision {
    fn from(decision: wit::Decision) -> core::Decision {
        let wit::Decision { action, wake_after, lease_duration, reason, publish, memory } =
            decision;
        core::Decision {
            action: action.into(),
            wake_after,
            lease_duration,
            reason,
            publish: publish.into_iter().map(|(key, value)| (key, value.into())).collect(),
            memory,
        }
    }
}
