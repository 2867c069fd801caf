//! The order of the effects of one step, over the lives of candidates with one lock and with two: elections
//! that begin and end, renewals with another lease, refused and lost writes, failing policies, resignations.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::electors::{Electors, Which};
use hotseat_core::event::{AskId, Base, Effect, Event, Purpose, Via, Write};
use hotseat_core::lock::{Incarnation, Lock, Record, Token, Version};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Input};
use hotseat_core::request::Requests;
use hotseat_core::rule;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::collections::VecDeque;
use std::time::Duration;

/// Lives of each kind, and steps of each.
const LIVES: u64 = 60;
const STEPS: usize = 400;

fn config(seed: u64) -> Config {
    Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "a".to_owned(),
        incarnation: Incarnation { site: "s".to_owned(), nonce: "n".to_owned(), home: None },
        predecessor: None,
        timing: Timing { shortest_lease: Duration::from_secs(6), ..Timing::client_go() },
        // Some lives end belief and send the release in one step.
        drain: if seed.is_multiple_of(2) { Duration::ZERO } else { Duration::from_millis(300) },
        warm_up: Duration::ZERO,
        preemptions_per_hour: 7,
        on_failure: OnFailure::Standard,
        failure_share: 20,
        seed,
    }
}

/// What was seen over all lives, so that no check is one of nothing.
#[derive(Default)]
struct Seen {
    questions_with_more: u32,
    shown_with_a_write: u32,
    releases: u32,
    shorter_leases: u32,
    told_with_a_write: u32,
    restored: u32,
    finished: u32,
    terms: u32,
}

struct Life {
    electors: Electors,
    /// The innermost of its locks comes first.
    which: &'static [Which],
    dice: u64,
    now: Moment,
    wake: Moment,
    locks: [Option<Record>; 2],
    version: u64,
    view: View,
    due: VecDeque<(Which, Event)>,
    /// A write of either lock was confirmed, or found by a read.
    confirmed: [bool; 2],
    finished: bool,
}

impl Life {
    fn new(electors: Electors, which: &'static [Which], seed: u64) -> Life {
        Life {
            electors,
            which,
            dice: seed,
            now: Moment::from_millis(1000),
            wake: Moment::NEVER,
            locks: [None, None],
            version: 0,
            view: View::default(),
            due: VecDeque::new(),
            confirmed: [false; 2],
            finished: false,
        }
    }

    /// Below `end`, by a generator that gives the same for the same seed.
    fn roll(&mut self, end: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.dice >> 33) % end
    }

    fn live(&mut self, seen: &mut Seen) {
        let (memory, settings) = (Vec::new(), String::new());
        let swapped = Event::Swapped { memory, settings, on_failure: OnFailure::Standard };
        self.step(Which::Inner, Event::Started, seen);
        self.step(Which::Inner, swapped.clone(), seen);
        let stops_at = STEPS - usize::try_from(self.roll(50)).unwrap();
        for step in 0..STEPS {
            if self.finished {
                break;
            }
            let (which, event) = match self.due.pop_front() {
                _ if step == stops_at => (Which::Inner, Event::Stop),
                Some(due) => due,
                None if self.roll(40) == 0 => (Which::Inner, swapped.clone()),
                None if self.roll(60) == 0 => {
                    let which = self.which[self.which.len() - 1];
                    self.locks[which as usize] = None;
                    (which, self.watched(which))
                }
                None => {
                    self.now = self.now.max(self.wake);
                    (Which::Inner, Event::Timer)
                }
            };
            self.now = self.now + Duration::from_millis(1 + self.roll(5));
            self.step(which, event, seen);
        }
    }

    fn watched(&self, which: Which) -> Event {
        let lock = match &self.locks[which as usize] {
            Some(record) => Lock::Present(record.clone()),
            None => Lock::Absent(Some(Version((self.version + 1).to_string()))),
        };
        Event::Observed { lock, via: Via::Watch }
    }

    fn step(&mut self, which: Which, event: Event, seen: &mut Seen) {
        if let Event::WriteEnded { result: Ok(_), .. } | Event::Observed { .. } = &event {
            self.confirmed[which as usize] = true;
        }
        let effects = self.electors.step(self.now, which, event);
        self.check(&effects, seen);
        for (which, effect) in effects {
            self.carry_out(which, effect);
        }
    }

    /// The order, said once more and in another way than the code does.
    fn check(&self, effects: &[(Which, Effect)], seen: &mut Seen) {
        let is = |pick: fn(&Effect) -> bool| {
            let at = effects.iter().enumerate().filter(move |(_, (_, effect))| pick(effect));
            at.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let asks = is(|effect| matches!(effect, Effect::Ask { .. }));
        let shows = is(|effect| matches!(effect, Effect::Show(_)));
        let writes = is(|effect| matches!(effect, Effect::Write(_)));
        let requests = is(|effect| {
            matches!(effect, Effect::Write(_) | Effect::Read { .. } | Effect::RestartWatch)
        });
        let told = is(|effect| matches!(effect, Effect::Tell(_)));
        let accounts = is(|effect| matches!(effect, Effect::Account(_)));
        let restores = is(|effect| matches!(effect, Effect::RestorePolicy));
        let ends = is(|effect| matches!(effect, Effect::WakeAt(_) | Effect::Finished));
        let before = |first: &[usize], then: &[usize]| {
            if let (Some(first), Some(then)) = (first.last(), then.first()) {
                assert!(first < then, "{effects:#?}");
            }
        };
        assert!(asks.len() <= 1 && shows.len() <= 1, "{effects:#?}");
        assert_eq!(ends, [effects.len() - 1], "one, and the last: {effects:#?}");
        for later in [&shows, &requests, &told, &accounts, &restores] {
            before(&asks, later);
        }
        for later in [&requests, &told, &accounts, &restores] {
            before(&shows, later);
        }
        for later in [&told, &accounts, &restores] {
            before(&requests, later);
        }
        before(&told, &accounts);
        before(&accounts, &restores);
        seen.questions_with_more += u32::from(!asks.is_empty() && effects.len() > 2);
        seen.shown_with_a_write += u32::from(!shows.is_empty() && !writes.is_empty());
        seen.told_with_a_write += u32::from(!told.is_empty() && !writes.is_empty());
        seen.restored += u32::from(!restores.is_empty());
        self.check_safety(effects, seen);
    }

    /// What the port says when a request is sent, and what allows it to say that somebody leads.
    fn check_safety(&self, effects: &[(Which, Effect)], seen: &mut Seen) {
        let mut view = &self.view;
        for (which, effect) in effects {
            match effect {
                Effect::Show(shown) => {
                    let begins = shown.leads(self.now) && !view.leads(self.now);
                    let locks = self.which.len();
                    if begins {
                        assert!(self.confirmed[..locks].iter().all(|it| *it), "{effects:#?}");
                        seen.terms += 1;
                    }
                    view = shown;
                }
                Effect::Write(write) if write.purpose == Purpose::Release => {
                    // I6.
                    assert!(!view.leads(self.now), "a release is sent first: {effects:#?}");
                    seen.releases += 1;
                }
                Effect::Write(write) if *which == Which::Inner => {
                    // I1: a write that cuts the lease may be there as soon as it is sent.
                    let deadline = config(0).timing.deadline_for(write.duration);
                    if let Some(term) = view.term.as_ref().filter(|_| view.leads(self.now)) {
                        assert!(term.until <= self.now + deadline, "{effects:#?}");
                        seen.shorter_leases += u32::from(write.duration < Duration::from_secs(15));
                    }
                }
                Effect::Finished => seen.finished += 1,
                _ => {}
            }
        }
    }

    fn carry_out(&mut self, which: Which, effect: Effect) {
        match effect {
            Effect::Ask { ask, input } => {
                let event = self.answer(ask, &input);
                self.due.push_back((which, event));
            }
            Effect::Show(view) => self.view = *view,
            Effect::Write(write) => self.write(which, &write),
            Effect::Read { .. } if self.roll(8) > 0 => {
                let asked = self.now;
                let lock = self.locks[which as usize].clone();
                let lock = lock.map_or(Lock::Absent(None), Lock::Present);
                let via = Via::Read { asked, requested: true };
                self.due.push_back((which, Event::Observed { lock, via }));
            }
            Effect::WakeAt(at) => self.wake = at,
            Effect::Finished => self.finished = true,
            _ => {}
        }
    }

    fn answer(&mut self, ask: AskId, input: &Input) -> Event {
        let mut decision: Decision = rule::decide(input);
        let answer = match self.roll(12) {
            0 => {
                decision.action = Action::Resign(None);
                Ok(decision)
            }
            1 | 2 => {
                decision.lease_duration = Some(6000 + self.roll(9) * 1000);
                Ok(decision)
            }
            3..=5 => Err(Failure { kind: FailureKind::Trapped, detail: "trapped".to_owned() }),
            _ => Ok(decision),
        };
        Event::Decided { ask, answer }
    }

    /// Stored, or lost on the way there or back.
    fn write(&mut self, which: Which, write: &Write) {
        let fate = self.roll(10);
        let there = &self.locks[which as usize];
        let fits = match (&write.base, there) {
            (Base::Create, None) => true,
            (Base::Replace(version), Some(record)) => *version == record.version,
            _ => false,
        };
        if fate == 0 || !fits {
            return;
        }
        self.version += 1;
        let uid = there.as_ref().map_or(format!("uid-{}", self.version), |old| old.uid.clone());
        let record = Record {
            version: Version(self.version.to_string()),
            uid,
            holder: write.holder.clone(),
            duration: Some(write.duration),
            transitions: write.transitions,
            token: write.token.at(0).max(Token(1)),
            mark: Some(write.mark.clone()),
            released: write.purpose == Purpose::Release,
            times: self.version.to_string(),
            successor: write.successor.clone(),
            requests: Requests::default(),
        };
        self.locks[which as usize] = Some(record.clone());
        if fate > 1 {
            let ended = Event::WriteEnded { serial: write.mark.serial, result: Ok(record) };
            self.due.push_back((which, ended));
        }
    }
}

fn lives(which: &'static [Which], of: impl Fn(u64) -> Electors) {
    let mut seen = Seen::default();
    for seed in 0..LIVES {
        Life::new(of(seed), which, seed).live(&mut seen);
    }
    let Seen {
        questions_with_more,
        shown_with_a_write,
        releases,
        shorter_leases,
        told_with_a_write,
        restored,
        finished,
        terms,
    } = seen;
    for (what, count) in [
        ("questions beside other effects", questions_with_more),
        ("views beside a write", shown_with_a_write),
        ("releases", releases),
        ("renewals with a shorter lease", shorter_leases),
        ("notices beside a write", told_with_a_write),
        ("policies to be restored", restored),
        ("ends", finished),
        ("terms", terms),
    ] {
        assert!(count >= 5, "only {count} {what}");
    }
}

#[test]
fn the_effects_of_a_step_come_in_the_order_in_which_they_are_to_be_done() {
    lives(&[Which::Inner], |seed| Electors::one(config(seed)));
}

#[test]
fn with_two_locks_there_is_one_order_for_both() {
    lives(&[Which::Inner, Which::Outer], |seed| Electors::two(config(seed), None));
}
