//! Policies of the SDK as they are, without WebAssembly, for the simulator: the same code that becomes a
//! component, asked by the core.

use super::moves::Moves;
use hotseat_core::policy as core;
use hotseat_policy as sdk;
use std::cell::RefCell;
use std::rc::Rc;

/// What a policy of the SDK answers.
pub type Decide = Rc<dyn Fn(sdk::Input) -> Result<sdk::Decision, sdk::Refusal>>;
/// What a candidate's policy published last.
pub type Published = Rc<RefCell<Vec<(String, core::Value)>>>;

/// The policy with those settings, for a candidate of the simulator.
///
/// # Panics
///
/// If it refuses to decide, or its decision breaks a bound: a policy that ships does neither.
pub fn policy(
    decide: Decide,
    settings: &str,
    published: Published,
    moves: Moves,
) -> hotseat_simulator::Policy {
    let settings = settings.to_owned();
    Box::new(move |input| {
        let answer = decide(input_of(input, settings.clone()));
        let decision = decision_of(answer.unwrap_or_else(|refusal| panic!("{refusal:?}")));
        if let Err(reason) = core::check(&decision, &input.timing) {
            panic!("the host would reject a decision: {reason}");
        }
        moves.answered(&input.observation, &decision.action);
        published.borrow_mut().clone_from(&decision.publish);
        Ok(decision)
    })
}

fn input_of(input: &core::Input, settings: String) -> sdk::Input {
    let core::Pace { lease_duration, renew_deadline, retry_period, shortest_lease, longest_lease } =
        input.timing;
    sdk::Input {
        settings,
        memory: input.memory.clone(),
        entropy: input.entropy,
        timing: sdk::Timing {
            lease_duration,
            renew_deadline,
            retry_period,
            shortest_lease,
            longest_lease,
        },
        observation: observation_of(&input.observation),
    }
}

fn observation_of(seen: &core::Observation) -> sdk::Observation {
    let claim = |it: &core::Claim| sdk::Claim { held_for: it.held_for, valid_for: it.valid_for };
    sdk::Observation {
        election: seen.election.clone(),
        namespace: seen.namespace.clone(),
        identity: seen.identity.clone(),
        uptime: seen.uptime,
        seats: seen.seats,
        causes: seen.causes.iter().map(|cause| cause.as_str().to_owned()).collect(),
        seat: seen.seat.as_ref().map(seat_of),
        claim: seen.claim.as_ref().map(claim),
        attempts: sdk::Attempts {
            last: seen.attempts.last.as_str().to_owned(),
            failures: seen.attempts.failures,
            since_success: seen.attempts.since_success,
        },
        last_decision: seen.last_decision.as_ref().map(|last| sdk::Verdict {
            action: last.action.as_str().to_owned(),
            outcome: last.verdict.as_str().to_owned(),
            reason: String::new(),
        }),
        signals: seen.signals.iter().map(signal_of).collect(),
        roster: seen.roster.iter().map(candidate_of).collect(),
        extra: Vec::new(),
    }
}

fn seat_of(seat: &core::SeatView) -> sdk::Seat {
    sdk::Seat {
        holder: seat.holder.clone(),
        age: seat.age,
        duration: seat.duration,
        free_in: seat.free_in,
        transitions: seat.transitions,
        held_for: seat.held_for,
        successor: seat.successor.clone(),
        transfer: None,
        paused: seat.paused,
        extra: Vec::new(),
    }
}

fn signal_of(signal: &core::Signal) -> sdk::Signal {
    sdk::Signal {
        key: signal.key.clone(),
        source: signal.source.as_str().to_owned(),
        value: value_of(&signal.value),
        age: signal.age,
        unchanged_for: signal.unchanged_for,
    }
}

fn candidate_of(candidate: &core::Candidate) -> sdk::Candidate {
    sdk::Candidate {
        identity: candidate.identity.clone(),
        age: candidate.age,
        ready: candidate.ready,
        zone: candidate.zone.clone(),
        policy: candidate.policy.clone(),
        signals: candidate.signals.iter().map(signal_of).collect(),
        extra: Vec::new(),
    }
}

fn value_of(value: &core::Value) -> sdk::Value {
    match value {
        core::Value::Text(text) => sdk::Value::Text(text.clone()),
        core::Value::Integer(number) => sdk::Value::Integer(*number),
        core::Value::Number(number) => sdk::Value::Number(*number),
        core::Value::Flag(flag) => sdk::Value::Flag(*flag),
        core::Value::Texts(texts) => sdk::Value::Texts(texts.clone()),
        core::Value::Json(json) => sdk::Value::Json(json.clone()),
    }
}

fn decision_of(decision: sdk::Decision) -> core::Decision {
    let action = match decision.action {
        sdk::Action::Wait => core::Action::Wait,
        sdk::Action::Campaign => core::Action::Campaign,
        sdk::Action::Renew => core::Action::Renew,
        sdk::Action::Resign(successor) => core::Action::Resign(successor),
    };
    let publish = decision.publish.into_iter().map(|(key, value)| {
        let value = match value {
            sdk::Value::Text(text) => core::Value::Text(text),
            sdk::Value::Integer(number) => core::Value::Integer(number),
            sdk::Value::Number(number) => core::Value::Number(number),
            sdk::Value::Flag(flag) => core::Value::Flag(flag),
            sdk::Value::Texts(texts) => core::Value::Texts(texts),
            sdk::Value::Json(json) => core::Value::Json(json),
        };
        (key, value)
    });
    core::Decision {
        action,
        wake_after: decision.wake_after,
        lease_duration: decision.lease_duration,
        reason: decision.reason,
        publish: publish.collect(),
        memory: decision.memory,
        extra: Vec::new(),
    }
}
