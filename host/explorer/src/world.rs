//! One state: the store, the candidates, and what is on its way between them.

use crate::cell::{Cell, Lab, Outcome};
use crate::finding::{Finding, Happened, Sometimes};
use crate::hands::{Budget, Fault};
use crate::setting::{Policy, Setting};
use crate::store::{Name, Object, Process, Store, Wire, lock};
use hotseat_core::canon::NOW;
use hotseat_core::config::Config;
use hotseat_core::elector::Elector;
use hotseat_core::event::{AskId, Effect, Event, LockError, Via};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{LastWrite, Version};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::Outcome::{Conflict, TimedOut};
use hotseat_core::policy::{Action, Decision};
use std::rc::Rc;
use std::time::Duration;

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

/// A write whose answer may come yet, whether or not the elector still waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// Which.
    pub serial: u64,
    /// The answer, on its way; none in it: a conflict.
    pub answer: Option<Option<Object>>,
}

/// A candidate and its ways to the store.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its elector.
    pub cell: Rc<Cell>,
    /// False: it has stopped for good.
    pub alive: bool,
    /// Its process.
    pub process: Process,
    /// The writes whose answers may come yet, oldest first.
    pub pending: Vec<Pending>,
    /// The read that it waits for the answer of.
    pub reading: Option<Reading>,
    /// The version up to which its watch has reported; none: it has ended, or reports nothing any more.
    pub watch: Option<u64>,
    /// The last write that was answered, as it is noted for the next process of its site.
    pub note: Option<(u32, u64)>,
    /// Its writes on their way.
    pub wires: Vec<Wire>,
    /// For so many ticks its application may still act on an older answer.
    pub acts: u8,
    /// For so many ticks a record that it wrote promises that nobody else takes the seat.
    pub promised: u8,
    /// Its last write took a seat that was promised to another: it must not believe in it.
    pub early: bool,
}

impl Candidate {
    /// The token, while it believes.
    pub fn token(&self) -> Option<u64> {
        self.cell.believed().filter(|_| self.alive).map(|term| term.token.0)
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
    /// The processes whose end may be reported, in the order of their ends (I15).
    pub dead: Vec<Process>,
    /// What may still go wrong.
    pub budget: Budget,
    /// The token of the last term, and whose it was.
    pub last_term: Option<(u64, Process)>,
    /// What the last step brought; not a part of the state.
    pub finding: Finding,
}

impl World {
    /// The beginning: nobody has read the lock, which is not there.
    pub fn new(lab: &Lab) -> Self {
        let setting = lab.setting;
        let candidates = (0..setting.candidates).map(|index| {
            let process = Process { name: Name(index), site: 0, nonce: 1 };
            Candidate {
                cell: lab.cell(begin(setting, process, None)),
                alive: true,
                process,
                pending: Vec::new(),
                reading: None,
                watch: None,
                note: None,
                wires: Vec::new(),
                acts: 0,
                promised: 0,
                early: false,
            }
        });
        World {
            store: Store::new(),
            candidates: candidates.collect(),
            ghosts: Vec::new(),
            dead: Vec::new(),
            budget: setting.budget,
            last_term: None,
            finding: Finding::default(),
        }
    }

    /// Lets an event happen to a candidate; once for each way in which its policy may answer.
    pub fn feed(self, lab: &Lab, index: usize, event: Happening, out: &mut Vec<World>) {
        let candidate = &self.candidates[index];
        let answers = Fault::ANSWERS.map(|answer| self.budget.count(answer));
        let process = candidate.process;
        let outcomes = candidate.cell.outcomes((event, answers), |elector| {
            let event = event.event(&elector);
            let mut course = Course { lab, process, answers, out: Vec::new() };
            course.go_on(elector, event, 0, Draft::default());
            course.out
        });
        for outcome in outcomes.iter() {
            let mut world = self.clone();
            if let Happening::Written(_, Some(object)) = event {
                world.candidates[index].note = Some((object.uid, object.version));
            }
            world.take(lab.setting, index, outcome);
            out.push(world);
        }
    }

    /// The largest token anywhere.
    pub fn largest_token(&self) -> u64 {
        let last = self.last_term.map_or(0, |(token, _)| token);
        let wires = self.candidates.iter().flat_map(|candidate| &candidate.wires);
        let sent = wires.chain(&self.ghosts).map(|wire| wire.token);
        let held = self.candidates.iter().flat_map(|candidate| &candidate.cell.held.tokens);
        let stored = self.store.object.and_then(|object| object.stamp).map(|stamp| stamp.token);
        let all = sent.chain(held.copied()).chain(stored).chain([last, self.store.clock]);
        all.max().unwrap_or(0)
    }

    /// Whether a longest lease has passed since anybody's last write, and nothing is on its way.
    pub fn is_forgotten(&self) -> bool {
        let idle = |c: &Candidate| c.promised == 0 && c.wires.is_empty() && c.pending.is_empty();
        self.ghosts.is_empty() && self.candidates.iter().all(idle)
    }

    /// What an event made of a candidate.
    fn take(&mut self, setting: &Setting, index: usize, outcome: &Outcome) {
        let candidate = &mut self.candidates[index];
        candidate.cell = Rc::clone(&outcome.cell);
        if outcome.reads {
            candidate.reading = Some(Reading::Sent);
        }
        if let Some(mut write) = outcome.write {
            // I9: the shell raises a new token to the wall clock.
            if write.new_token {
                write.token = write.token.max(self.store.clock);
            }
            if !setting.tokens {
                write.token = 0;
            }
            candidate.pending.push(Pending { serial: write.serial, answer: None });
            candidate.wires.push(write);
        }
        if outcome.finished {
            candidate.alive = false;
        }
        for (answer, times) in Fault::ANSWERS.into_iter().zip(outcome.answered) {
            (0..times).for_each(|_| self.budget.spend(answer));
        }
        self.finding.happened.add_all(outcome.said);
    }
}

/// How a candidate comes to see the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// By its watch.
    Watch,
    /// By the read that it asked for.
    Asked,
    /// By the read with which its watch begins anew.
    Anew,
}

/// What happens to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// Its wake-up.
    Timer,
    /// It sees the lock, or that it is missing, since this version if that is known.
    Observed(Option<Object>, Option<u64>, How),
    /// Its read had no answer.
    ReadLost,
    /// Its write has an answer; none in it: a conflict.
    Written(u64, Option<Object>),
    /// Its write had no answer.
    WriteLost(u64),
    /// The end of that process is reported.
    Died(Process),
    /// It shall stop.
    Stop,
}

impl Happening {
    fn event(self, elector: &Elector) -> Event {
        let error = |outcome| LockError {
            outcome,
            retry_after: None,
            of_content: false,
            detail: String::new(),
        };
        match self {
            Happening::Timer => Event::Timer,
            Happening::Observed(object, gone, how) => Event::Observed {
                lock: lock(object.as_ref(), gone),
                via: match how {
                    How::Watch => Via::Watch,
                    How::Asked => Via::Read { asked: elector.asked_at(), requested: true },
                    How::Anew => Via::Read { asked: NOW, requested: false },
                },
            },
            Happening::ReadLost => Event::ReadFailed(error(TimedOut)),
            Happening::Written(serial, object) => {
                let result = object.map(|object| object.decode());
                Event::WriteEnded { serial, result: result.ok_or(error(Conflict)) }
            }
            Happening::WriteLost(serial) => {
                Event::WriteEnded { serial, result: Err(error(TimedOut)) }
            }
            Happening::Died(process) => Event::Died(process.incarnation()),
            Happening::Stop => Event::Stop,
        }
    }
}

/// What came of an event so far.
#[derive(Clone, Copy, Default)]
struct Draft {
    reads: bool,
    write: Option<Wire>,
    finished: bool,
    answered: [u8; 2],
    said: Happened,
}

/// One event, and the answers of the policy to what it asks because of it.
struct Course<'a> {
    lab: &'a Lab<'a>,
    process: Process,
    /// How often the policy may give each of [`Fault::ANSWERS`].
    answers: [u8; 2],
    out: Vec<Outcome>,
}

impl Course<'_> {
    fn go_on(&mut self, mut elector: Elector, event: Event, asked: u8, mut draft: Draft) {
        let effects = elector.step(NOW, event);
        let mut question = None;
        for effect in effects {
            match effect {
                Effect::Ask { ask, .. } => question = Some(ask),
                Effect::Read { .. } => draft.reads = true,
                Effect::Write(write) => draft.write = Some(Wire::new(self.process, &write)),
                Effect::Finished => draft.finished = true,
                _ => {}
            }
        }
        let Some(ask) = question.filter(|_| asked < MOST_QUESTIONS) else {
            elector.pass(Duration::ZERO);
            let Draft { reads, write, finished, answered, said } = draft;
            let cell = self.lab.cell(elector);
            self.out.push(Outcome { cell, reads, write, finished, answered, said });
            return;
        };
        let leads = elector.believed().is_some();
        let any = self.lab.setting.policy == Policy::Any;
        let may = |nth: usize| leads && (any || draft.answered[nth] < self.answers[nth]);
        for decision in decisions(self.lab.setting, self.process, [may(0), may(1)]) {
            let mut draft = draft;
            let nth = match decision.action {
                Action::Resign(None) => Some((0, Sometimes::Resigns)),
                Action::Resign(Some(_)) => Some((1, Sometimes::ResignsForAnother)),
                Action::Wait => {
                    draft.said.add(Sometimes::Declines);
                    None
                }
                Action::Campaign | Action::Renew => None,
            };
            if let Some((nth, what)) = nth {
                draft.said.add(what);
                // What may be answered at each question has no budget.
                draft.answered[nth] += u8::from(!any);
            }
            self.go_on(elector.clone(), answer(ask, decision), asked + 1, draft);
        }
    }
}

/// What the policy may answer; `may` says for each of [`Fault::ANSWERS`] whether it is among it. Who does not
/// lead cannot resign: such an answer is overruled, as waiting is. To renew is to campaign for the core, and a
/// wake-up that comes later than it may stands for any that a policy asks for. That a release names a successor
/// is seen by policies alone, so records here do not have it.
fn decisions(setting: &Setting, process: Process, may: [bool; 2]) -> Vec<Decision> {
    let mut decisions = vec![decision(Action::Campaign, None)];
    if setting.policy == Policy::Any {
        decisions.push(decision(Action::Wait, None));
    }
    let lease = |lease: &u64| decision(Action::Campaign, Some(*lease));
    decisions.extend(setting.leases.iter().map(lease));
    let [resigns, preempts] = may;
    if resigns {
        decisions.push(decision(Action::Resign(None), None));
    }
    let others = (0..setting.candidates).map(Name).filter(|name| *name != process.name);
    let successor = |name: Name| decision(Action::Resign(Some(name.text())), None);
    decisions.extend(others.filter(|_| preempts).map(successor));
    decisions
}

/// A process that has just begun, with its policy loaded.
pub fn begin(setting: &Setting, process: Process, note: Option<(u32, u64)>) -> Elector {
    let timing = setting.timing;
    let mut elector = Elector::new(Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: process.name.text(),
        incarnation: process.incarnation(),
        predecessor: note.map(|(uid, version)| LastWrite {
            uid: uid.to_string(),
            version: Version(version.to_string()),
        }),
        timing,
        drain: timing.reaction,
        warm_up: Duration::ZERO,
        preemptions_per_hour: u32::from(setting.transfers),
        // Its policy never fails: what is decided in its place is something that a policy may say.
        on_failure: OnFailure::Hold,
        failure_share: DEFAULT_SHARE,
        seed: 0,
    });
    elector.step(NOW, Event::Started);
    // Nothing is decided before the lock was read: whatever the policy answers now is overruled.
    let (memory, settings) = (Vec::new(), String::new());
    let loaded = Event::Swapped { memory, settings, on_failure: OnFailure::Hold };
    for effect in elector.step(NOW, loaded) {
        if let Effect::Ask { ask, .. } = effect {
            elector.step(NOW, answer(ask, decision(Action::Wait, None)));
        }
    }
    elector.pass(Duration::ZERO);
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
        extra: Vec::new(),
    }
}
