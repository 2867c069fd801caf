//! How long policies take to decide, in this process.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use hotseat_core::policy::{Attempts, Cause, Claim, Input, Observation, Outcome, Pace, SeatView};
use hotseat_core::policy::{Candidate, Signal, Source as Reporter, Value};
use hotseat_engine::{
    Builtin, CompileLimits, Compiler, LARGEST_COMPONENT, Limits, LoadedPolicy, Loader, Runtime,
    STANDARD, Source,
};
use hotseat_tests::guests;

use crate::stats::{Times, us};
use crate::table::Row;

/// The first argument with which this program is the compiler's child.
pub(crate) const COMPILE_COMMAND: &str = "compile-policy";
const DECISIONS: usize = 20_000;
const DECISIONS_OF_A_LANGUAGE: usize = 1_000;
const DECISIONS_OF_RULES: usize = 2_000;
const BAR: Duration = Duration::from_micros(25);
/// Five expressions.
const RULES: &str = include_str!("../../../../host/engine/tests/five-rules.json");
const BAR_RULES: Duration = Duration::from_millis(1);
const BAR_RULES_FUEL: u64 = 10_000_000;
/// With so many others on the roster rules are asked.
const OTHERS: [usize; 2] = [2, 100];

/// Loads the standard policy as a sidecar does, and asks it over and over.
pub(crate) fn rows() -> anyhow::Result<Vec<Row>> {
    let input = leader();
    let policy = load("builtin", STANDARD.to_vec(), &input)?;
    let asked = Asked::of(&policy, &input, DECISIONS)?;
    let (figure, met) = ("decide, fresh instance, standard policy", asked.p50 <= BAR);
    Ok(vec![Row::barred(figure, asked.measured, "p50 at most 25 us", met)])
}

/// The same with `rules`, asked by a standby at a free seat that sees others on the roster.
pub(crate) fn rules_rows() -> anyhow::Result<Vec<Row>> {
    let builtin = Builtin::find(Some("rules")).context("there is no policy rules")?;
    let policy = load("builtin:rules", builtin.component()?, &standby(0))?;
    let row = |others| {
        let asked = Asked::of(&policy, &standby(others), DECISIONS_OF_RULES)?;
        let figure =
            format!("decide, fresh instance, `rules` with five expressions and {others} others");
        let met = asked.p50 <= BAR_RULES && asked.fuel <= BAR_RULES_FUEL;
        let bar = "p50 at most 1 ms, at most 10000000 units of fuel";
        Ok(Row::barred(&figure, asked.measured, bar, met))
    };
    OTHERS.into_iter().map(row).collect()
}

/// The same with a policy whose toolchain imports WASI.
pub(crate) fn language_rows(guest: &str, language: &str) -> anyhow::Result<Vec<Row>> {
    let component = guests::language(guest)?;
    let bytes = fs::read(&component).with_context(|| component.display().to_string())?;
    let input = leader();
    let policy = load(guest, bytes, &input)?;
    let asked = Asked::of(&policy, &input, DECISIONS_OF_A_LANGUAGE)?;
    let figure = format!("decide, fresh instance, a policy in {language}");
    Ok(vec![Row::printed(&figure, asked.measured)])
}

/// Compiles it, and has it accept the settings of that question.
fn load(label: &str, component: Vec<u8>, input: &Input) -> anyhow::Result<LoadedPolicy> {
    let compiler = Compiler::of_this_program(&[COMPILE_COMMAND], CompileLimits::default());
    let loader = Loader::new(Runtime::new()?, compiler, Limits::default());
    let source = Source::new(label, component, LARGEST_COMPONENT)?;
    Ok(loader.load(&source, input)?)
}

/// What a policy took to decide.
struct Asked {
    p50: Duration,
    fuel: u64,
    measured: String,
}

impl Asked {
    fn of(policy: &LoadedPolicy, input: &Input, decisions: usize) -> anyhow::Result<Asked> {
        let limits = Limits::default();
        let mut times = Vec::with_capacity(decisions);
        let mut fuel = 0;
        for _ in 0..decisions {
            let began = Instant::now();
            let (decision, spent) =
                policy.decide(input, &limits).map_err(|failure| anyhow!(failure.detail))?;
            times.push(began.elapsed());
            fuel = spent.fuel;
            black_box(decision);
        }
        let times = Times::new(times);
        let (p50, p99) = (times.percentile(50), times.percentile(99));
        let measured =
            format!("p50 {}, p99 {} of {}; {fuel} units of fuel", us(p50), us(p99), times.count());
        Ok(Asked { p50, fuel, measured })
    }
}

/// A standby that looks at a free seat: where a policy that goes by the roster has the most to do.
fn standby(others: usize) -> Input {
    let mut input = leader();
    input.settings = RULES.to_owned();
    let observation = &mut input.observation;
    observation.claim = None;
    if let Some(seat) = &mut observation.seat {
        (seat.holder, seat.free_in) = (None, 0);
    }
    let signal = |key: &str| Signal {
        key: key.to_owned(),
        source: Reporter::Application,
        value: Value::Number(7.0),
        age: 5,
        unchanged_for: 5,
    };
    observation.signals = vec![signal("app.lag")];
    let candidate = |number: usize| Candidate {
        identity: format!("hotseat-6d5f9c7b8-{number:05}"),
        age: 1_000,
        ready: Some(true),
        zone: Some("b".to_owned()),
        policy: None,
        signals: vec![signal("lag")],
        extra: Vec::new(),
    };
    observation.roster = (0..others).map(candidate).collect();
    input
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
            seat: Some(SeatView {
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
