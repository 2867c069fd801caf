//! How long the standard policy takes to decide, in this process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use hotseat_core::policy::{Attempts, Cause, Claim, Input, Observation, Outcome, Pace, Seat};
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, Loader, Runtime, STANDARD, Source,
};

use crate::stats::{Times, us};
use crate::table::Row;

/// The first argument with which this program is the compiler's child.
pub(crate) const COMPILE_COMMAND: &str = "compile-policy";
const DECISIONS: usize = 20_000;
const BAR: Duration = Duration::from_micros(30);

/// Loads the standard policy as a sidecar does, and asks it over and over.
pub(crate) fn rows() -> anyhow::Result<Vec<Row>> {
    let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
    let limits = Limits::default();
    let loader = Loader::new(Runtime::new()?, compiler, limits.clone());
    let source = Source::new("builtin", STANDARD.to_vec(), LARGEST_COMPONENT)?;
    let input = leader();
    let policy = loader.load(&source, &input)?;
    let mut times = Vec::with_capacity(DECISIONS);
    let mut fuel = 0;
    for _ in 0..DECISIONS {
        let began = Instant::now();
        let (decision, spent) =
            policy.decide(&input, &limits).map_err(|failure| anyhow!(failure.detail))?;
        times.push(began.elapsed());
        fuel = spent.fuel;
        black_box(decision);
    }
    let times = Times::new(times);
    let (p50, p99) = (times.percentile(50), times.percentile(99));
    let measured =
        format!("p50 {}, p99 {} of {}; {fuel} units of fuel", us(p50), us(p99), times.count());
    let figure = "decide, fresh instance, standard policy";
    Ok(vec![Row::barred(figure, measured, "p50 at most 30 us", p50 <= BAR)])
}

/// A leader whose timer rings: the most frequent question.
fn leader() -> Input {
    Input {
        settings: String::new(),
        memory: Vec::new(),
        entropy: 0x1234_5678_9abc_def0,
        timing: Pace {
            lease_duration: 15_000,
            renew_deadline: 10_000,
            retry_period: 2_000,
            shortest_lease: 15_000,
            longest_lease: 15_000,
        },
        observation: Observation {
            identity: "hotseat-6d5f9c7b8-x2x4z".into(),
            uptime: 50_000,
            cause: Cause::Timer,
            seat: Some(Seat {
                holder: Some("hotseat-6d5f9c7b8-x2x4z".into()),
                age: 2_000,
                duration: 15_000,
                free_in: 13_000,
                transitions: 7,
                successor: None,
                paused: false,
            }),
            claim: Some(Claim { held_for: 30_000, valid_for: 8_000 }),
            attempts: Attempts { last: Outcome::Written, failures: 0, since_success: Some(2_000) },
            signals: Vec::new(),
            roster: Vec::new(),
        },
    }
}
