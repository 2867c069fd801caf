//! One scene for each invariant that a random world does not single out, and client-go's case
//! matrix, on virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::elector::{Elector, Phase};
use hotseat_core::event::{
    Base, Effect, Event, Fencing, LockError, Notice, Purpose, StepDownReason, Verdict, Via, Write,
};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{Incarnation, LastWrite, Lock, Mark, Record, Token, Version};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Cause, Decision, Failure, FailureKind, Input, Outcome};
use hotseat_core::request::Requests;
use hotseat_core::rule;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use hotseat_simulator::Policy;
use std::time::Duration;

#[path = "scenes/accounts.rs"]
mod accounts;
#[path = "scenes/client_go.rs"]
mod client_go;
#[path = "scenes/deaths.rs"]
mod deaths;
#[path = "scenes/edges.rs"]
mod edges;
#[path = "scenes/ends.rs"]
mod ends;
#[path = "scenes/failing.rs"]
mod failing;
#[path = "scenes/foreign.rs"]
mod foreign;
#[path = "scenes/hand_over.rs"]
mod hand_over;
#[path = "scenes/let_go.rs"]
mod let_go;
#[path = "scenes/live_edits.rs"]
mod live_edits;
#[path = "scenes/lives.rs"]
mod lives;
#[path = "scenes/pace.rs"]
mod pace;
#[path = "scenes/people.rs"]
mod people;
#[path = "scenes/people_of_three.rs"]
mod people_of_three;
#[path = "scenes/policies.rs"]
mod policies;
#[path = "scenes/promises.rs"]
mod promises;
#[path = "scenes/questions.rs"]
mod questions;
#[path = "scenes/roster.rs"]
mod roster;
#[path = "scenes/safety.rs"]
mod safety;
#[path = "scenes/sight.rs"]
mod sight;
#[path = "scenes/signals.rs"]
mod signals;
#[path = "scenes/slow.rs"]
mod slow;
#[path = "scenes/swaps.rs"]
mod swaps;
#[path = "scenes/time.rs"]
mod time;

/// One elector whose lock and policy the test plays, step by step.
struct Stage {
    elector: Elector,
    now: Moment,
    /// The effects since they were last taken.
    effects: Vec<Effect>,
    view: View,
    /// What a read gives that nobody answers otherwise.
    lock: Option<Lock>,
    /// A read is unanswered.
    reading: bool,
    /// The elector has finished: nothing wakes it any more.
    finished: bool,
    /// Questions are answered by the built-in rule at once, unless a scene answers itself.
    answers: bool,
    /// What decides in the place of each policy, and before the first.
    on_failure: OnFailure,
}

fn config() -> Config {
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "baz".to_owned(),
        incarnation: Incarnation { site: "here".to_owned(), nonce: "1".to_owned(), home: None },
        predecessor: None,
        timing: Timing::client_go(),
        drain: Duration::ZERO,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 2,
        on_failure: OnFailure::Standard,
        failure_share: DEFAULT_SHARE,
        seed: 1,
    }
}

/// A candidate of a world, alone in its site.
fn candidate(name: &str, drain: Duration) -> Config {
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: name.to_owned(),
        incarnation: Incarnation { site: name.to_owned(), nonce: "1".to_owned(), home: None },
        predecessor: None,
        timing: Timing::client_go(),
        drain,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 6,
        on_failure: OnFailure::Standard,
        failure_share: DEFAULT_SHARE,
        seed: 3,
    }
}

fn by_rule() -> Policy {
    Box::new(|input| Ok(rule::decide(input)))
}

fn record(holder: &str, seconds: u64) -> Record {
    Record {
        version: Version("10".to_owned()),
        uid: "uid".to_owned(),
        holder: (!holder.is_empty()).then(|| holder.to_owned()),
        duration: (seconds > 0).then(|| Duration::from_secs(seconds)),
        transitions: 0,
        token: Token(0),
        mark: None,
        released: false,
        times: if seconds > 0 { "then then".to_owned() } else { String::new() },
        successor: None,
        requests: Requests::default(),
    }
}

/// The record of another Hotseat, as its write number `serial` left it at this version.
fn marked(holder: &str, seconds: u64, serial: u64, version: u64, base: Option<u64>) -> Record {
    let incarnation = Incarnation { site: "there".to_owned(), nonce: "1".to_owned(), home: None };
    let base = base.map(|base| Version(base.to_string()));
    Record {
        version: Version(version.to_string()),
        mark: Some(Mark { incarnation, serial, base }),
        times: format!("written {serial}"),
        ..record(holder, seconds)
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Stage {
    fn new() -> Stage {
        Stage::with(config())
    }

    fn with(config: Config) -> Stage {
        let mut stage = Stage::without_policy(config);
        stage.swaps();
        stage
    }

    /// A policy takes over, or takes over anew.
    fn swaps(&mut self) {
        let (memory, settings, on_failure) = (Vec::new(), String::new(), self.on_failure);
        self.tell(Event::Swapped { memory, settings, on_failure });
    }

    fn without_policy(config: Config) -> Stage {
        let mut stage = Stage {
            on_failure: config.on_failure,
            elector: Elector::new(config),
            now: Moment::from_millis(1_000_000),
            effects: Vec::new(),
            view: View::default(),
            lock: None,
            reading: false,
            finished: false,
            answers: true,
        };
        stage.tell(Event::Started);
        stage
    }

    /// Tells the elector something, and lets the rule answer its questions.
    fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.elector.step(self.now, event) {
                match &effect {
                    Effect::Ask { ask, input } if self.answers => {
                        let answer = Ok(rule::decide(input));
                        events.push(Event::Decided { ask: *ask, answer });
                    }
                    Effect::Read { .. } => self.reading = true,
                    Effect::Finished => self.finished = true,
                    Effect::Show(view) => self.view = (**view).clone(),
                    _ => {}
                }
                self.effects.push(effect);
            }
        }
    }

    fn sees(&mut self, lock: Lock) {
        self.lock = Some(lock.clone());
        self.tell(Event::Observed { lock, via: Via::Watch });
    }

    fn reads(&mut self, lock: Lock) {
        self.reading = false;
        self.lock = Some(lock.clone());
        let via = Via::Read { asked: self.now, requested: true };
        self.tell(Event::Observed { lock, via });
    }

    fn starts_with(&mut self, lock: Lock) {
        self.lock = Some(lock.clone());
        let via = Via::Read { asked: self.now, requested: false };
        self.tell(Event::Observed { lock, via });
    }

    /// The writes since the last call.
    fn writes(&mut self) -> Vec<Write> {
        let mut writes = Vec::new();
        self.effects.retain(|effect| match effect {
            Effect::Write(write) => {
                writes.push(write.clone());
                false
            }
            _ => true,
        });
        writes
    }

    fn one_write(&mut self) -> Write {
        let mut writes = self.writes();
        assert_eq!(writes.len(), 1, "{writes:?}");
        writes.pop().unwrap()
    }

    fn told(&self, wanted: impl Fn(&Notice) -> bool) -> usize {
        self.effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Tell(notice) if wanted(notice)))
            .count()
    }

    /// The record that a write leaves, at this version.
    fn stored(write: &Write, version: u64) -> Record {
        Record {
            version: Version(version.to_string()),
            uid: "uid".to_owned(),
            holder: write.holder.clone(),
            duration: Some(write.duration),
            transitions: write.transitions,
            token: write.token.at(0),
            mark: Some(write.mark.clone()),
            released: write.purpose == Purpose::Release,
            times: format!("{version}"),
            successor: write.successor.clone(),
            requests: Requests::default(),
        }
    }

    fn succeeds(&mut self, write: &Write, version: u64) {
        let mut stored = Stage::stored(write, version);
        if let Some(before) = self.lock.as_ref().and_then(Lock::record) {
            stored.requests.clone_from(&before.requests);
            write.reply.apply(&mut stored.requests);
        }
        self.lock = Some(Lock::Present(stored.clone()));
        let result = Ok(stored);
        self.tell(Event::WriteEnded { serial: write.mark.serial, result });
    }

    fn fails(&mut self, write: &Write, outcome: Outcome) {
        let error = LockError {
            outcome,
            retry_after: None,
            of_content: false,
            detail: "scripted".to_owned(),
        };
        self.tell(Event::WriteEnded { serial: write.mark.serial, result: Err(error) });
    }

    /// Becomes the leader of a new lock, at version 11.
    fn lead(&mut self) -> Write {
        self.starts_with(Lock::Absent(None));
        self.pass(millis(25));
        let write = self.one_write();
        self.succeeds(&write, 11);
        assert!(self.leads());
        write
    }

    fn leads(&self) -> bool {
        self.view.leads(self.now)
    }
}

fn decision(action: Action) -> Decision {
    Decision {
        action,
        wake_after: 1000,
        lease_duration: None,
        reason: "scripted".to_owned(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    }
}

/// The policy's answer to the last question. Only an open question can be answered: the elector
/// gives one up after half a second, and a scene that answers later would test the rule's decision.
fn decides(stage: &mut Stage, answer: Result<Decision, Failure>) {
    let ask = last_ask(stage);
    let accounts = |stage: &Stage| {
        let of_it = |effect: &&Effect| matches!(effect, Effect::Account(account) if account.ask == Some(ask));
        stage.effects.iter().filter(of_it).count()
    };
    assert_eq!(accounts(stage), 0, "the question was given up before the scene answered it");
    stage.tell(Event::Decided { ask, answer });
    assert_eq!(accounts(stage), 1, "the answer was not taken");
}

/// Has the policy asked at this very moment; a read that is due is answered first.
fn ask_now(stage: &mut Stage) {
    stage.swaps();
    if let Some(lock) = stage.lock.clone().filter(|_| stage.reading) {
        stage.reads(lock);
    }
}

/// The policy says this now; gives what the guard did with it.
fn verdict(stage: &mut Stage, action: Action) -> Verdict {
    ask_now(stage);
    let patient = Decision { wake_after: 60_000, ..decision(action) };
    decides(stage, Ok(patient));
    stage
        .effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Account(account) => Some(account.answer.clone().unwrap().unwrap().verdict),
            _ => None,
        })
        .unwrap()
}

#[track_caller]
fn overruled(stage: &mut Stage, action: Action, words: &str) {
    let verdict = verdict(stage, action);
    assert!(matches!(&verdict, Verdict::Overruled(why) if why.contains(words)), "{verdict:?}");
}

fn last_ask(stage: &Stage) -> hotseat_core::event::AskId {
    let ask = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { ask, .. } => Some(*ask),
        _ => None,
    });
    ask.expect("no question was asked")
}
