//! Elections whose policies come into force by a rollout, in virtual time: every check of worlds,
//! and beside them those of the rollout, at whatever moment of the election something happens.
//!
//! `HOTSEAT_SEED=N` runs the random worlds with that seed only, `HOTSEAT_WORLDS=N` with the first N
//! seeds; a failure prints its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::event::{Notice, StepDownReason};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::Incarnation;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Input};
use hotseat_core::rule;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, Fact, Gate, ShadowPeriod, Stage};
use hotseat_simulator::{Broken, Component, Dice, Hazards, Network, World, chaotic};
use std::time::Duration;

#[path = "rollouts/fleets.rs"]
mod fleets;
#[path = "rollouts/scenes.rs"]
mod scenes;
#[path = "rollouts/worlds.rs"]
mod worlds;

/// A retry period of two seconds, and what two questions without an answer take.
const LONGEST_GAP: Duration = Duration::from_millis(3200);

/// Every component that is published here, by what is wrong with it.
const COMPONENTS: [&str; 9] =
    ["standard", "good", "holding", "trapping", "flaky", "hanging", "lazy", "picky", "resigning"];

fn policy(digest: &str, settings: &str) -> rollout::Policy {
    rollout::Policy { digest: digest.to_owned(), settings: settings.into() }
}

fn component(digest: &str) -> Component {
    let plain = Component::default();
    match digest {
        "standard" | "good" => plain,
        "holding" => Component { standard_may_follow: false, on_failure: OnFailure::Hold, ..plain },
        "trapping" => Component { decides: Box::new(|_| Box::new(|_| trap())), ..plain },
        "flaky" => Component { decides: Box::new(flaky), on_failure: OnFailure::Hold, ..plain },
        "hanging" => Component { hangs: 100, ..plain },
        "lazy" => Component { hangs: 3, standard_may_follow: false, ..plain },
        "picky" => Component {
            refused_at: |settings| (settings == "bad").then_some(Stage::Settings),
            ..plain
        },
        "leaderless" => Component { decides: Box::new(|_| Box::new(leaderless)), ..plain },
        "resigning" => Component { decides: Box::new(|_| Box::new(|_| Ok(resign()))), ..plain },
        "chaotic" => Component { decides: Box::new(chaotic), ..plain },
        _ => panic!("no component {digest}"),
    }
}

fn trap() -> Result<Decision, Failure> {
    Err(Failure { kind: FailureKind::Trapped, detail: "unreachable".to_owned() })
}

/// Good in a standby, and fails in whoever leads.
fn leaderless(input: &Input) -> Result<Decision, Failure> {
    if input.observation.claim.is_some() { trap() } else { Ok(rule::decide(input)) }
}

fn resign() -> Decision {
    Decision {
        action: Action::Resign(None),
        wake_after: 1000,
        lease_duration: None,
        reason: "scripted".to_owned(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    }
}

/// Fails in three of ten decisions.
fn flaky(seed: u64) -> hotseat_simulator::Policy {
    let mut dice = Dice::new(seed);
    Box::new(move |input| if dice.percent(30) { trap() } else { Ok(rule::decide(input)) })
}

fn candidate(name: &str, start: u64, timing: Timing) -> Config {
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: name.to_owned(),
        incarnation: Incarnation {
            site: format!("site-{name}"),
            nonce: start.to_string(),
            home: None,
        },
        predecessor: None,
        timing,
        drain: timing.reaction,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 60,
        on_failure: OnFailure::Hold,
        failure_share: DEFAULT_SHARE,
        seed: start,
    }
}

/// No trial.
fn at_once() -> rollout::Config {
    rollout::Config {
        shadow: None,
        gate: Gate::default(),
        turns: None,
        standard: policy("standard", ""),
    }
}

/// A world that knows all components.
fn world(seed: u64, network: Network, hazards: Hazards) -> World {
    let mut world = World::new(seed, network);
    world.hazards = hazards;
    for digest in COMPONENTS.into_iter().chain(["chaotic", "leaderless"]) {
        world.know(digest, component(digest));
    }
    world
}

fn active(world: &World, index: usize) -> Option<rollout::Policy> {
    world.report(index)?.active.map(|active| active.policy)
}

/// Belief that ended otherwise than by a resignation or a stop.
fn lapses(world: &World) -> Vec<&Notice> {
    let lost = |notice: &&Notice| {
        matches!(notice, Notice::SteppedDown(StepDownReason::Lapsed | StepDownReason::Lost(_)))
    };
    world.notices.iter().map(|(_, _, notice)| notice).filter(lost).collect()
}

/// The longest time between two renewals, or a takeover of the seat and the first one.
fn longest_gap(world: &World) -> Duration {
    let beats = |notice: &Notice| matches!(notice, Notice::Renewed | Notice::BecameLeader { .. });
    let times: Vec<Moment> =
        world.notices.iter().filter(|told| beats(&told.2)).map(|told| told.0).collect();
    times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default()
}
