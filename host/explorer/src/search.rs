//! The search: breadth first, so that what it finds it finds by the shortest way.

use crate::cell::Lab;
use crate::finding::{Broken, Happened};
use crate::liveness;
use crate::outset;
use crate::setting::Setting;
use crate::steps::{Step, successors};
use crate::transcript::{Way, transcript};
use crate::world::World;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::time::{Duration, Instant};

/// Where a search ends if it does not end by itself.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How long it may take.
    pub time: Duration,
    /// How many states it may meet.
    pub states: usize,
    /// How many steps away from the beginning.
    pub depth: usize,
    /// How many states may wait at once, which take the most memory.
    pub waiting: usize,
}

/// Longer than any machine takes, for a search that a number of states ends.
pub const ANY_TIME: Duration = Duration::from_secs(24 * 3600);

/// What a run may take by default: an hour, and about 2 GiB.
impl Default for Limit {
    fn default() -> Self {
        let time = Duration::from_secs(3600);
        Limit { time, states: 40_000_000, depth: usize::MAX, waiting: 600_000 }
    }
}

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many states it met.
    pub states: usize,
    /// How many steps it took.
    pub steps: u64,
    /// How many steps the furthest state is away from the beginning.
    pub depth: usize,
    /// All states were met that are no more steps away from the beginning.
    pub whole: usize,
    /// How long it took.
    pub time: Duration,
    /// It met all states that there are.
    pub closed: bool,
    /// The first state in which a property is broken.
    pub counterexample: Option<Counterexample>,
    /// What happened in some state.
    pub happened: Happened,
    /// The most ticks that it took until somebody led, where that was looked at.
    pub recovery: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = self.depth;
        let end = match (&self.counterexample, self.closed) {
            (Some(found), _) => format!("BROKEN: {} at depth {depth}", found.broken),
            (None, true) => format!("closed at depth {depth}"),
            (None, false) => format!("open at depth {depth}, all within {} steps", self.whole),
        };
        let seconds = self.time.as_secs_f64();
        let pace = self.states as f64 / seconds.max(0.001);
        write!(
            f,
            "{end}: {} states, {} steps, {seconds:.1} s, {pace:.0} states/s, \
             somebody leads within {} ticks",
            self.states, self.steps, self.recovery
        )
    }
}

/// A state in which a property is broken.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Which.
    pub broken: Broken,
    /// The way there, for people.
    pub transcript: String,
}

/// States that are equally far from the beginning, with their prints.
type Layer = Vec<(u64, World)>;

/// Searches through all states, as far as the limit goes.
pub fn search(setting: &Setting, limit: &Limit) -> Report {
    Search::new(setting, limit).run()
}

struct Search<'a> {
    lab: Lab<'a>,
    limit: &'a Limit,
    begun: Instant,
    first: World,
    /// The prints of all states, with the print of the state from which each was met first. A
    /// collision of two prints would hide a state: with ten million of 64 bits one in 300,000.
    met: HashMap<u64, u64, foldhash::fast::FixedState>,
    report: Report,
}

impl<'a> Search<'a> {
    fn new(setting: &'a Setting, limit: &'a Limit) -> Self {
        let lab = Lab::new(setting);
        let first = outset::worlds(&lab).pop().unwrap_or_else(|| World::new(&lab));
        let report = Report {
            states: 0,
            steps: 0,
            depth: 0,
            whole: 0,
            time: Duration::ZERO,
            closed: false,
            counterexample: None,
            happened: Happened::default(),
            recovery: 0,
        };
        Search { lab, limit, begun: Instant::now(), first, met: HashMap::default(), report }
    }

    fn run(mut self) -> Report {
        let print = self.first.print();
        self.met.insert(print, print);
        let mut waiting = vec![(print, self.first.clone())];
        let mut found = None;
        while !waiting.is_empty() && found.is_none() && !self.is_over(waiting.len()) {
            self.report.depth += 1;
            self.lab.tidy();
            (waiting, found) = self.layer(waiting);
        }
        self.report.closed = waiting.is_empty() && found.is_none();
        if let Some((print, broken)) = found {
            let transcript = transcript(self.lab.setting, &self.way_to(print, broken));
            self.report.counterexample = Some(Counterexample { broken, transcript });
        }
        self.report.states = self.met.len();
        self.report.time = self.begun.elapsed();
        self.report
    }

    fn is_over(&self, waiting: usize) -> bool {
        self.report.depth >= self.limit.depth || self.is_too_much(waiting)
    }

    fn is_too_much(&self, waiting: usize) -> bool {
        self.begun.elapsed() > self.limit.time
            || self.met.len() > self.limit.states
            || waiting > self.limit.waiting
    }

    /// All states that are one step further away, and a broken one if there is any.
    fn layer(&mut self, waiting: Layer) -> (Layer, Option<(u64, Broken)>) {
        let mut next = Vec::new();
        let mut found = None;
        for (number, (from, world)) in waiting.into_iter().enumerate() {
            let Self { lab, met, report, .. } = self;
            let setting = lab.setting;
            successors(lab, &world, |_, world| {
                report.steps += 1;
                let print = world.print();
                let Entry::Vacant(entry) = met.entry(print) else { return };
                entry.insert(from);
                report.happened.add_all(world.finding.happened);
                if let Some(broken) = world.finding.broken {
                    found = found.or(Some((print, broken)));
                    return;
                }
                if setting.liveness > 0 && print.is_multiple_of(setting.liveness) {
                    match liveness::ticks_until_somebody_leads(lab, &world) {
                        Some(ticks) => report.recovery = report.recovery.max(ticks),
                        None => found = found.or(Some((print, Broken::NobodyLeads))),
                    }
                }
                next.push((print, world));
            });
            if found.is_some() || (number % 1024 == 1023 && self.is_too_much(next.len())) {
                return (next, found);
            }
        }
        self.report.whole = self.report.depth;
        (next, found)
    }

    /// Goes the way to a state again: all that is kept of it are prints.
    fn way_to(&self, print: u64, broken: Broken) -> Way {
        let mut prints = vec![print];
        while let Some(from) = self.met.get(&prints[prints.len() - 1])
            && *from != prints[prints.len() - 1]
        {
            prints.push(*from);
        }
        let raw = Lab::raw(self.lab.setting);
        let mut world = self.first.clone();
        let mut before = outset::worlds(&raw).into_iter();
        let first = before.next().unwrap_or_else(|| World::new(&raw));
        let mut steps: Vec<(Step, World)> =
            outset::steps(raw.setting).into_iter().zip(before).collect();
        for wanted in prints.iter().rev().skip(1) {
            let Some((step, nth, next)) = self.step_to(&world, *wanted) else { break };
            // The same step in the world that keeps its names.
            let last = steps.last().map_or(&first, |(_, world)| world).clone();
            let mut same = Vec::new();
            successors(&raw, &last, |other, world| {
                if other == step {
                    same.push(world);
                }
            });
            if nth < same.len() {
                steps.push((step, same.swap_remove(nth)));
            }
            world = next;
        }
        Way { broken, first, steps }
    }

    /// The step that leads to a state, the how manieth of its kind it is, and the state.
    fn step_to(&self, world: &World, wanted: u64) -> Option<(Step, usize, World)> {
        let mut found: Option<(Step, usize, World)> = None;
        let mut so_far: Vec<Step> = Vec::new();
        successors(&self.lab, world, |step, world| {
            if found.is_none() && world.print() == wanted {
                let nth = so_far.iter().filter(|other| **other == step).count();
                found = Some((step, nth, world));
            }
            so_far.push(step);
        });
        found
    }
}
