//! How long policies take to decide, in this process.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use hotseat_core::policy::{Attempts, Cause, Claim, Input, Observation, Outcome, Pace, Seat};
use hotseat_engine::{
    CompileLimits, Compiler, LARGEST_COMPONENT, Limits, Loader, Runtime, STANDARD, Source,
};
use hotseat_tests::guests;

use crate::stats::{Times, us};
use crate::table::Row;

/// The first argument with which this program is the compiler's child.
pub(crate) const COMPILE_COMMAND: &str = "compile-policy";
const DECISIONS: usize = 20_000;
const DECISIONS_OF_A_LANGUAGE: usize = 1_000;
const BAR: Duration = Duration::from_micros(30);

/// Loads the standard policy as a sidecar does, and asks it over and over.
pub(crate) fn rows() -> anyhow::Result<Vec<Row>> {
    let asked = Asked::of("builtin", STANDARD.to_vec(), DECISIONS)?;
    let (figure, met) = ("decide, fresh instance, standard policy", asked.p50 <= BAR);
    Ok(vec![Row::barred(figure, asked.measured, "p50 at most 30 us", met)])
}

/// The same with a policy whose toolchain imports WASI.
pub(crate) fn language_rows(guest: &str, language: &str) -> anyhow::Result<Vec<Row>> {
    let component = guests::language(guest)?;
    let bytes = fs::read(&component).with_context(|| component.display().to_string())?;
    let asked = Asked::of(guest, bytes, DECISIONS_OF_A_LANGUAGE)?;
    let figure = format!("decide, fresh instance, a policy in {language}");
    Ok(vec![Row::printed(&figure, asked.measured)])
}

/// What a policy took to decide.
struct Asked {
    p50: Duration,
    measured: String,
}

impl Asked {
    fn of(label: &str, component: Vec<u8>, decisions: usize) -> anyhow::Result<Asked> {
        let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
        let limits = Limits::default();
        let loader = Loader::new(Runtime::new()?, compiler, limits.clone());
        let source = Source::new(label, component, LARGEST_COMPONENT)?;
        let input = leader();
        let policy = loader.load(&source, &input)?;
        let mut times = Vec::with_capacity(decisions);
        let mut fuel = 0;
        for _ in 0..decisions {
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
        Ok(Asked { p50, measured })
    }
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
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: "hotseat-6d5f9c7b8-x2x4z".into(),
            uptime: 50_000,
            seats: 0,
            causes: Cause::Timer.into(),
            seat: Some(Seat {
                holder: Some("hotseat-6d5f9c7b8-x2x4z".into()),
                age: 2_000,
                duration: 15_000,
                free_in: 13_000,
                transitions: 7,
                held_for: 0,
                successor: None,
                transfer: None,
                paused: false,
                extra: Vec::new(),
            }),
            claim: Some(Claim { held_for: 30_000, valid_for: 8_000 }),
            attempts: Attempts { last: Outcome::Written, failures: 0, since_success: Some(2_000) },
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}
