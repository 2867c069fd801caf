//! Every policy that ships, in simulated elections with faults: how much of the time somebody leads, how
//! long nobody does, and how often the seat moves, with bounds that none of them may break; rules keep the
//! one that their settings promise besides.
//!
//! They are asked as they are, without WebAssembly around them. `HOTSEAT_FLEETS=N` says how many elections
//! there are for each, `HOTSEAT_POLICY=NAME` takes one of them, and `HOTSEAT_SEED=N` one election;
//! `-- --nocapture` prints the table.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test has an environment")]

#[path = "policies/facts.rs"]
mod facts;
#[path = "policies/failover.rs"]
mod failover;
#[path = "policies/fleet.rs"]
mod fleet;
#[path = "policies/moves.rs"]
mod moves;
#[path = "policies/native.rs"]
mod native;

use fleet::{Fleet, LENGTH, Outcome};
use hotseat_policy::{Decision, Input, Policy, Refusal};
use hotseat_policy_app_heartbeat::AppHeartbeat;
use hotseat_policy_rotate::Rotate;
use hotseat_policy_rules::{ByRules, Prepared};
use hotseat_policy_standard::Standard;
use hotseat_policy_steady::Steady;
use moves::Bound;
use native::Decide;
use std::path::{Path, PathBuf};
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

fn rules_folder() -> PathBuf {
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

/// A policy as it is measured.
struct Measured {
    decide: Decide,
    settings: String,
    /// What its settings promise of its moves.
    bound: Option<Bound>,
}

fn policy(name: &str) -> Measured {
    if let Some((_, settings)) = COMPONENTS.iter().find(|(known, _)| *known == name) {
        let decide: Decide = match name {
            "standard" => Rc::new(Standard::decide),
            "app-heartbeat" => Rc::new(AppHeartbeat::decide),
            "rotate" => Rc::new(Rotate::decide),
            "steady" => Rc::new(Steady::decide),
            other => panic!("{other} has no code here"),
        };
        return Measured { decide, settings: (*settings).to_owned(), bound: None };
    }
    let yaml = fs::read_to_string(rules_folder().join(format!("{name}.yaml"))).unwrap();
    let yaml = SCALED.iter().fold(yaml, |text, (hours, minutes)| text.replace(hours, minutes));
    let settings: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(ByRules::validate(&settings.to_string()), [], "{name}");
    by_rules(&settings)
}

fn by_rules(settings: &serde_json::Value) -> Measured {
    let prepared = Prepared::new(&settings.to_string()).unwrap();
    let decide: Decide = Rc::new(move |input| prepared.decide(input));
    Measured { decide, settings: String::new(), bound: Some(Bound::of(settings)) }
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
fn measure(name: &str, policy: &Measured, seeds: &[u64]) -> Result<Sum, String> {
    let Measured { decide, settings, bound } = policy;
    let mut sum = Sum::default();
    for seed in seeds {
        let fleet = Fleet::new(*seed, decide, settings, *bound);
        let one = fleet
            .run(seed % RESTS == 0 && !MOVES.contains(&name))
            .map_err(|broken| format!("{name}, seed {seed}: {broken}"))?;
        if one.changes > MOST_CHANGES || one.resigned > MOST_CHANGES {
            return Err(format!("{name}, seed {seed}: it thrashes: {one:?}"));
        }
        if one.led == 0 {
            return Err(format!("{name}, seed {seed}: nobody ever led"));
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
            let sum = measure(name, &policy(name), &seeds);
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
        println!("{}", sum.unwrap().row(&name));
    }
}

/// The numbers are those of a long run; that no policy is missing is seen at once.
#[test]
fn the_page_has_a_row_for_each_policy() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policies.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    // The first is the head.
    assert_eq!(rows.skip(1).collect::<Vec<_>>(), names());
}

/// Where the fail-over of a policy lies: beside it.
fn told_in(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match name {
        "standard" => root.join("guest/standard/failover.txt"),
        name if COMPONENTS.iter().any(|(known, _)| *known == name) => {
            root.join(format!("examples/policies/{name}/failover.txt"))
        }
        name => root.join(format!("examples/rules/failovers/{name}.txt")),
    }
}

/// The same story with each policy, beside it for people. `HOTSEAT_BLESS=1` writes it anew: commit only a
/// difference that you understand.
#[test]
fn a_fail_over_goes_as_the_transcript_beside_each_policy_says() {
    let bless = std::env::var_os("HOTSEAT_BLESS").is_some();
    for name in names() {
        let Measured { decide, settings, bound } = policy(&name);
        let fleet = Fleet::undisturbed(&decide, &settings, bound);
        let story = fleet.story().unwrap_or_else(|broken| panic!("{name}: {broken}"));
        let settings = match settings.as_str() {
            "" => String::new(),
            settings => format!(" with {settings}"),
        };
        let what = format!(
            "# Three candidates by {name}{settings}, simulated: a crash, an application that is"
        );
        let by = "HOTSEAT_BLESS=1 cargo test -p hotseat-simulator --test policies";
        let told = format!("{what}\n# unwell, an end that is asked for. Written by {by}\n{story}");
        let path = told_in(&name);
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &told).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}: write it with HOTSEAT_BLESS=1", path.display())
        });
        assert_eq!(golden, told, "{} differs", path.display());
    }
}

/// A policy of its own, with this bound.
fn own(
    bound: Option<Bound>,
    decide: impl Fn(Input) -> Result<Decision, Refusal> + 'static,
) -> Measured {
    Measured { decide: Rc::new(decide), settings: String::new(), bound }
}

/// Leads for so many milliseconds.
fn restless(ms: u64, bound: Option<Bound>) -> Measured {
    own(bound, move |input| match input.observation.claim() {
        Some(claim) if claim.held_for > ms => Ok(Decision::resign()),
        _ => Standard::decide(input),
    })
}

/// Where facts go to and fro faster than any rest, the rests are what bounds the moves.
#[test]
fn no_rule_breaks_its_bound_while_facts_change_each_second() {
    for name in names() {
        let Measured { decide, settings, bound: bound @ Some(_) } = policy(&name) else { continue };
        for seed in seeds() {
            let outcome = Fleet::new(seed, &decide, &settings, bound).hurried().run(false);
            let outcome = outcome.unwrap_or_else(|broken| panic!("{name}, seed {seed}: {broken}"));
            assert!(outcome.led > 0, "{name}, seed {seed}: nobody ever led");
        }
    }
}

/// The bounds are ones that a policy can break.
#[test]
fn a_policy_that_thrashes_is_found() {
    let found = measure("restless", &restless(3_000, None), &[1]).unwrap_err();
    assert!(found.contains("it thrashes"), "{found}");
    // One that never comes to rest, but takes its time.
    let found = measure("slow", &restless(25_000, None), &[0]).unwrap_err();
    assert!(found.contains("comes to no rest") || found.contains("it thrashes"), "{found}");
    let found = measure("idle", &own(None, |_| Ok(Decision::wait_for(1_000))), &[1]).unwrap_err();
    assert!(found.contains("nobody ever led"), "{found}");
}

/// Rules promise more than not to thrash: whoever resigned rests, and who only makes room leads for a while
/// before it does.
#[test]
fn rules_that_break_their_own_bound_are_found() {
    let settings = serde_json::json!({
        "campaign": true, "resign": "claim.held_for > 30000", "settle_ms": 1_000, "rest_ms": 100_000,
    });
    let rules = by_rules(&settings);
    measure("resting", &rules, &[1]).unwrap();
    let (decide, bound) = (rules.decide.clone(), rules.bound);
    let forgetful = own(bound, move |input| decide(Input { memory: Vec::new(), ..input }));
    let found = measure("forgetful", &forgetful, &[1]).unwrap_err();
    assert!(found.contains("before the rest after its resignation number 1 is over"), "{found}");
    let hasty = restless(35_000, Some(Bound::of(&serde_json::json!({}))));
    let found = measure("hasty", &hasty, &[1]).unwrap_err();
    assert!(found.contains("and not after 60000 ms"), "{found}");
}
