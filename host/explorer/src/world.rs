//! One state: the store, the candidates, and what is on its way between them.

use crate::cell::Cell;
use crate::hands::{Budget, Fault};
use crate::property::Outcome;
use crate::setting::{Policy, Setting};
use crate::store::{Name, Object, Process, Store, Wire};
use hotseat_core::canon::NOW;
use hotseat_core::config::Config;
use hotseat_core::elector::Elector;
use hotseat_core::event::{AskId, Effect, Event};
use hotseat_core::policy::{Action, Decision};
use std::sync::Arc;

/// After so many questions within one event the policy is left waiting.
const MOST_QUESTIONS: u8 = 4;

/// A read that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// It may arrive at the store at any time.
    Sent,
    /// It has arrived, and this is its answer.
    Found(Option<Object>),
}

/// A candidate and its ways to the store.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its elector.
    pub cell: Arc<Cell>,
    /// False: it has stopped for good.
    pub alive: bool,
    /// Its process.
    pub process: Process,
    /// The write that it waits for the answer of.
    pub awaits: Option<u64>,
    /// The answer to that, on its way; none in it: a conflict.
    pub answer: Option<Option<Object>>,
    /// The read that it waits for the answer of.
    pub reading: Option<Reading>,
    /// The version up to which its watch has told.
    pub cursor: u64,
    /// Its writes on their way.
    pub wires: Vec<Wire>,
    /// For so many ticks its application may still act on an older answer.
    pub acts: u8,
    /// For so many ticks a record that it wrote promises that nobody else takes the seat.
    pub promised: u8,
}

impl Candidate {
    /// The token, while it believes.
    pub fn token(&self) -> Option<u64> {
        self.cell.believed().filter(|_| self.alive).map(crate::canon::token)
    }
}

/// One state.
#[derive(Clone, Debug)]
pub struct World {
    /// The API server.
    pub store: Store,
    /// In the order of their names.
    pub candidates: Vec<Candidate>,
    /// Writes of processes that are dead, on their way.
    pub ghosts: Vec<Wire>,
    /// What may still go wrong.
    pub budget: Budget,
    /// The token of the last term, and whose it was.
    pub last_term: Option<(u64, Process)>,
    /// What the last step brought; not a part of the state.
    pub outcome: Outcome,
}

impl World {
    /// The beginning: nobody has read the lock, which is not there.
    pub fn new(setting: &Setting) -> Self {
        let candidates = (0..setting.candidates).map(|index| {
            let process = Process { name: Name(index), site: 0, nonce: 1 };
            Candidate {
                cell: Arc::new(Cell::new(begin(setting, process))),
                alive: true,
                process,
                awaits: None,
                answer: None,
                reading: None,
                cursor: 0,
                wires: Vec::new(),
                acts: 0,
                promised: 0,
            }
        });
        World {
            store: Store::new(),
            candidates: candidates.collect(),
            ghosts: Vec::new(),
            budget: setting.budget,
            last_term: None,
            outcome: Outcome::default(),
        }
    }

    /// Lets an event happen to a candidate; once for each way in which its policy may answer.
    pub fn feed(self, setting: &Setting, index: usize, event: Event, out: &mut Vec<World>) {
        let elector = self.candidates[index].cell.elector.clone();
        self.go_on(setting, index, elector, event, 0, out);
    }

    fn go_on(
        mut self,
        setting: &Setting,
        index: usize,
        mut elector: Elector,
        event: Event,
        asked: u8,
        out: &mut Vec<World>,
    ) {
        let effects = elector.step(NOW, event);
        let mut question = None;
        for effect in effects {
            let candidate = &mut self.candidates[index];
            match effect {
                Effect::Ask { ask, .. } => question = Some(ask),
                Effect::Read { .. } => candidate.reading = Some(Reading::Sent),
                Effect::Write(write) => {
                    candidate.answer = None;
                    candidate.awaits = Some(write.mark.serial);
                    candidate.wires.push(Wire::new(candidate.process, &write));
                }
                Effect::Finished => candidate.alive = false,
                _ => {}
            }
        }
        let Some(ask) = question.filter(|_| asked < MOST_QUESTIONS) else {
            elector.pass(std::time::Duration::ZERO);
            self.candidates[index].cell = Arc::new(Cell::new(elector));
            out.push(self);
            return;
        };
        for decision in self.decisions(setting, &elector) {
            let mut world = self.clone();
            if matches!(decision.action, Action::Resign(_)) {
                world.budget.spend(Fault::Resign);
            }
            let event = answer(ask, decision);
            world.go_on(setting, index, elector.clone(), event, asked + 1, out);
        }
    }

    /// What the policy may answer.
    fn decisions(&self, setting: &Setting, elector: &Elector) -> Vec<Decision> {
        let mut decisions = vec![decision(Action::Campaign, None)];
        if setting.policy == Policy::Any {
            decisions.push(decision(Action::Wait, None));
        }
        let lease = |lease: &u64| decision(Action::Campaign, Some(*lease));
        decisions.extend(setting.leases.iter().map(lease));
        if self.budget.has(Fault::Resign) && elector.believed().is_some() {
            decisions.push(decision(Action::Resign(None), None));
        }
        decisions
    }
}

/// A process that has just begun, with its policy loaded.
pub fn begin(setting: &Setting, process: Process) -> Elector {
    let timing = setting.timing;
    let mut elector = Elector::new(Config {
        identity: process.name.text(),
        incarnation: process.incarnation(),
        site_exclusive: true,
        timing,
        drain: timing.reaction,
        preemptions_per_hour: 0,
        seed: 0,
    });
    elector.step(NOW, Event::Started);
    // Nothing is decided before the lock was read: whatever the policy answers now is overruled.
    for effect in elector.step(NOW, Event::Swapped { memory: Vec::new(), settings: String::new() })
    {
        if let Effect::Ask { ask, .. } = effect {
            elector.step(NOW, answer(ask, decision(Action::Wait, None)));
        }
    }
    elector.pass(std::time::Duration::ZERO);
    elector
}

fn answer(ask: AskId, decision: Decision) -> Event {
    Event::Decided { ask, answer: Ok(decision) }
}

/// It wants to be asked again at once.
fn decision(action: Action, lease_duration: Option<u64>) -> Decision {
    Decision {
        action,
        wake_after: 1,
        lease_duration,
        reason: String::new(),
        publish: Vec::new(),
        memory: Vec::new(),
    }
}
