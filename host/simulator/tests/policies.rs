//! Every policy that ships, in simulated elections with faults: how much of the time somebody leads, how
//! long nobody does, and how often the seat moves, with bounds that none of them may break.
//!
//! They are asked as they are, without WebAssembly around them. `HOTSEAT_FLEETS=N` says how many elections
//! there are for each, `HOTSEAT_POLICY=NAME` takes one of them, and `HOTSEAT_SEED=N` one election;
//! `-- --nocapture` prints the table.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test has an environment")]

#[path = "policies/facts.rs"]
mod facts;
#[path = "policies/fleet.rs"]
mod fleet;
#[path = "policies/native.rs"]
mod native;

use fleet::{Fleet, LENGTH, Outcome};
use hotseat_policy::{Decision, Policy};
use hotseat_policy_app_heartbeat::AppHeartbeat;
use hotseat_policy_rotate::Rotate;
use hotseat_policy_rules::{ByRules, Prepared};
use hotseat_policy_standard::Standard;
use hotseat_policy_steady::Steady;
use native::Decide;
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

/// Policies that are components of their own, and the settings that they are asked with.
const COMPONENTS: [(&str, &str); 4] = [
    ("standard", ""),
    ("app-heartbeat", ""),
    ("rotate", "{\"minutes\": 4}"),
    ("steady", "{\"prefer\": \"web-2\"}"),
];
/// Hours in rules that are minutes here, so that ten minutes see what they do.
const SCALED: [(&str, &str); 3] =
    [("21600000", "360000"), ("14400000", "240000"), ("3600000", "120000")];
/// One election in so many goes on until it comes to rest.
const RESTS: u64 = 10;
/// Policies that move the seat now and then for the sake of it, and never rest.
const MOVES: [&str; 2] = ["rotate", "rotation"];
/// More changes of the leader in ten minutes than this, and a policy thrashes. Faults alone make a few.
const MOST_CHANGES: u64 = 24;

fn rules_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rules")
}

/// The names of all policies: components, and rules that are there to be taken.
fn names() -> Vec<String> {
    let mut rules: Vec<String> = fs::read_dir(rules_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    rules.sort_unstable();
    let components = COMPONENTS.iter().map(|(name, _)| (*name).to_owned());
    components.chain(rules).collect()
}

/// What decides, and its settings.
fn policy(name: &str) -> (Decide, String) {
    if let Some((_, settings)) = COMPONENTS.iter().find(|(known, _)| *known == name) {
        let decide: Decide = match name {
            "standard" => Rc::new(Standard::decide),
            "app-heartbeat" => Rc::new(AppHeartbeat::decide),
            "rotate" => Rc::new(Rotate::decide),
            "steady" => Rc::new(Steady::decide),
            other => panic!("{other} has no code here"),
        };
        return (decide, (*settings).to_owned());
    }
    let yaml = fs::read_to_string(rules_folder().join(format!("{name}.yaml"))).unwrap();
    let yaml = SCALED.iter().fold(yaml, |text, (hours, minutes)| text.replace(hours, minutes));
    let settings: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    let settings = settings.to_string();
    assert_eq!(ByRules::validate(&settings), [], "{name}");
    let prepared = Prepared::new(&settings).unwrap();
    (Rc::new(move |input| prepared.decide(input)), String::new())
}

/// The sum of many elections.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    all: Outcome,
    most_changes: u64,
}

impl Sum {
    fn add(&mut self, one: Outcome) {
        self.count += 1;
        self.most_changes = self.most_changes.max(one.changes);
        let all = &mut self.all;
        all.longest = all.longest.max(one.longest);
        for (sum, one) in [
            (&mut all.looks, one.looks),
            (&mut all.led, one.led),
            (&mut all.changes, one.changes),
            (&mut all.terms, one.terms),
            (&mut all.resigned, one.resigned),
            (&mut all.faults, one.faults),
            (&mut all.facts, one.facts),
            (&mut all.failed_writes, one.failed_writes),
        ] {
            *sum += one;
        }
    }

    fn row(&self, name: &str) -> String {
        let all = &self.all;
        let share = all.led as f64 * 100.0 / all.looks as f64;
        let hours = (self.count * LENGTH.as_secs()) as f64 / 3600.0;
        let an_hour = |count: u64| count as f64 / hours;
        format!(
            "| {name} | {} | {share:.1} % | {:.1} s | {:.1} | {} | {:.1} | {:.0} |",
            self.count,
            all.longest as f64 / 10.0,
            an_hour(all.changes),
            self.most_changes,
            an_hour(all.resigned),
            an_hour(all.failed_writes),
        )
    }
}

/// Runs the elections of a policy, each of which keeps the bounds.
fn measure(name: &str, decide: &Decide, settings: &str, seeds: &[u64]) -> Result<Sum, String> {
    let mut sum = Sum::default();
    for seed in seeds {
        let fleet = Fleet::new(*seed, decide, settings);
        let one = fleet
            .run(seed % RESTS == 0 && !MOVES.contains(&name))
            .map_err(|broken| format!("{name}, seed {seed}: {broken}"))?;
        if one.changes > MOST_CHANGES || one.resigned > MOST_CHANGES {
            return Err(format!("{name}, seed {seed}: it thrashes: {one:?}"));
        }
        sum.add(one);
    }
    Ok(sum)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

fn seeds() -> Vec<u64> {
    match number("HOTSEAT_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("HOTSEAT_FLEETS").unwrap_or(6)).collect(),
    }
}

#[test]
fn none_of_the_policies_that_ship_thrashes() {
    let only = std::env::var("HOTSEAT_POLICY").ok();
    let names: Vec<String> =
        names().into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name)).collect();
    assert!(!names.is_empty(), "there is no policy {only:?}");
    let (seeds, next, rows) = (seeds(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names.get(at) else { break };
            let (decide, settings) = policy(name);
            let sum = measure(name, &decide, &settings, &seeds);
            rows.lock().unwrap().push((at, name.clone(), sum));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(names.len()) {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(at, ..)| *at);
    assert_eq!(rows.len(), names.len());
    println!(
        "| policy | elections | led | longest gap | changes an hour | most in ten minutes | resignations an hour | failed writes an hour |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (_, name, sum) in rows {
        let sum = sum.unwrap();
        assert!(seeds.len() == 1 || sum.all.led > 0, "{name}: nobody ever led");
        println!("{}", sum.row(&name));
    }
}

/// The bound is one that a policy can break.
#[test]
fn a_policy_that_thrashes_is_found() {
    let restless: Decide = Rc::new(|input| match input.observation.claim() {
        Some(claim) if claim.held_for > 3_000 => Ok(Decision::resign()),
        _ => Standard::decide(input),
    });
    let found = measure("restless", &restless, "", &[1]).unwrap_err();
    assert!(found.contains("it thrashes"), "{found}");
    // One that never comes to rest, but takes its time.
    let slow: Decide = Rc::new(|input| match input.observation.claim() {
        Some(claim) if claim.held_for > 25_000 => Ok(Decision::resign()),
        _ => Standard::decide(input),
    });
    let found = measure("slow", &slow, "", &[0]).unwrap_err();
    assert!(found.contains("comes to no rest") || found.contains("it thrashes"), "{found}");
}
