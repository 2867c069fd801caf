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

impl From<&core::Value> for wit::Value {
    fn from(value: &core::Value) -> wit::Value {
        match value {
            core::Value::Text(text) => wit::Value::Text(text.clone()),
            core::Value::Integer(number) => wit::Value::Integer(*number),
            core::Value::Number(number) => wit::Value::Number(*number),
            core::Value::Flag(flag) => wit::Value::Flag(*flag),
            core::Value::Texts(texts) => wit::Value::Texts(texts.clone()),
            core::Value::Json(json) => wit::Value::Json(json.clone()),
        }
    }
}

impl From<wit::Value> for core::Value {
    fn from(value: wit::Value) -> core::Value {
        match value {
            wit::Value::Text(text) => core::Value::Text(text),
            wit::Value::Integer(number) => core::Value::Integer(number),
            wit::Value::Number(number) => core::Value::Number(number),
            wit::Value::Flag(flag) => core::Value::Flag(flag),
            wit::Value::Texts(texts) => core::Value::Texts(texts),
            wit::Value::Json(json) => core::Value::Json(json),
        }
    }
}

fn pairs(pairs: &[(String, core::Value)]) -> Vec<(String, wit::Value)> {
    pairs.iter().map(|(key, value)| (key.clone(), value.into())).collect()
}

fn core_pairs(pairs: Vec<(String, wit::Value)>) -> Vec<(String, core::Value)> {
    pairs.into_iter().map(|(key, value)| (key, value.into())).collect()
}

impl From<&core::Signal> for wit::Signal {
    fn from(signal: &core::Signal) -> wit::Signal {
        let core::Signal { key, source, value, age, unchanged_for } = signal;
        wit::Signal {
            key: key.clone(),
            source: source.as_str().to_owned(),
            value: value.into(),
            age: *age,
            unchanged_for: *unchanged_for,
        }
    }
}

impl From<&core::Candidate> for wit::Candidate {
    fn from(candidate: &core::Candidate) -> wit::Candidate {
        let core::Candidate { identity, age, ready, zone, policy, signals, extra } = candidate;
        wit::Candidate {
            identity: identity.clone(),
            age: *age,
            ready: *ready,
            zone: zone.clone(),
            policy: policy.clone(),
            signals: signals.iter().map(Into::into).collect(),
            extra: pairs(extra),
        }
    }
}

impl From<&core::Transfer> for wit::Transfer {
    fn from(transfer: &core::Transfer) -> wit::Transfer {
        let core::Transfer { to, by, remaining } = transfer;
        wit::Transfer { to: to.clone(), by: by.clone(), remaining: *remaining }
    }
}

impl From<&core::SeatView> for wit::Seat {
    fn from(seat: &core::SeatView) -> wit::Seat {
        let core::SeatView { holder, age, duration, free_in, transitions, held_for, .. } = seat;
        let core::SeatView { successor, transfer, paused, extra, .. } = seat;
        wit::Seat {
            holder: holder.clone(),
            age: *age,
            duration: *duration,
            free_in: *free_in,
            transitions: *transitions,
            held_for: *held_for,
            successor: successor.clone(),
            transfer: transfer.as_ref().map(Into::into),
            paused: *paused,
            extra: pairs(extra),
        }
    }
}

impl From<&core::LastDecision> for wit::Verdict {
    fn from(last: &core::LastDecision) -> wit::Verdict {
        let core::LastDecision { action, verdict } = last;
        let reason = match verdict {
            core::Verdict::Overruled(reason) => reason.clone(),
            core::Verdict::Nothing | core::Verdict::CarriedOut => String::new(),
        };
        wit::Verdict {
            action: action.as_str().to_owned(),
            outcome: verdict.as_str().to_owned(),
            reason,
        }
    }
}

impl From<&core::Observation> for wit::Observation {
    fn from(seen: &core::Observation) -> wit::Observation {
        let core::Observation { election, namespace, identity, uptime, seats, causes, .. } = seen;
        let core::Observation { seat, claim, attempts, last_decision, signals, .. } = seen;
        let core::Observation { roster, extra, .. } = seen;
        let core::Attempts { last, failures, since_success } = *attempts;
        wit::Observation {
            election: election.clone(),
            namespace: namespace.clone(),
            identity: identity.clone(),
            uptime: *uptime,
            seats: *seats,
            causes: causes.iter().map(|cause| cause.as_str().to_owned()).collect(),
            seat: seat.as_ref().map(Into::into),
            claim: claim
                .map(|core::Claim { held_for, valid_for }| wit::Claim { held_for, valid_for }),
            attempts: wit::Attempts { last: last.as_str().to_owned(), failures, since_success },
            last_decision: last_decision.as_ref().map(Into::into),
            signals: signals.iter().map(Into::into).collect(),
            roster: roster.iter().map(Into::into).collect(),
            extra: pairs(extra),
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
        let wit::Decision { action, wake_after, lease_duration, reason, publish, memory, extra } =
            decision;
        core::Decision {
            action: action.into(),
            wake_after,
            lease_duration,
            reason,
            publish: core_pairs(publish),
            memory,
            extra: core_pairs(extra),
        }
    }
}
