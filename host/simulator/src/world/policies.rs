//! How policies come into force in a world: a candidate's rollout, and what carries its effects out.

mod roster;
mod source;

use super::World;
use super::scheduled::{PolicyStep, Scheduled};
use crate::engine::{Component, Hazards, Shadowed};
use crate::member::Member;
use crate::policies::Policies;
use hotseat_core::config::Config;
use hotseat_core::electors::Which;
use hotseat_core::event::{AskId, Event};
use hotseat_core::failures::MOST_IN_A_ROW;
use hotseat_core::policy::Input;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, Effect, JobId, Policy, Report};
use std::time::Duration;

/// How long the engine waits for a thread before it leaves it behind.
const THREAD_WITHIN: Duration = Duration::from_millis(200);

impl World {
    /// Makes a component known, which may be published from then on.
    pub fn know(&mut self, digest: &str, component: Component) {
        self.catalog.insert(digest.to_owned(), component);
    }

    /// Puts a candidate there, not yet started, whose policies come into force by a rollout alone.
    /// Gives its index.
    pub fn add_with_rollout(
        &mut self,
        config: Config,
        rollout: rollout::Config,
        clock_ppm: i64,
    ) -> usize {
        let nobody: crate::Policy = Box::new(|input| Ok(hotseat_core::rule::decide(input)));
        let index = self.add(config, nobody, clock_ppm);
        self.members[index].policies = Some(Box::new(Policies::new(rollout)));
        index
    }

    /// What is known of a candidate's policies; none if they come by no rollout.
    pub fn report(&self, index: usize) -> Option<Report> {
        self.members[index].policies.as_ref().map(|policies| policies.rollout.report())
    }

    /// The process begins anew: it knows of no policy.
    pub(super) fn start_policies(&mut self, index: usize) {
        if let Some(policies) = &mut self.members[index].policies {
            let fresh = Policies::new(policies.config.clone());
            let source_is_cut = policies.source_is_cut;
            **policies = Policies { source_is_cut, ..fresh };
        }
        self.look_at_source(index);
        self.look_at_roster_later(index);
    }

    /// What was scheduled happens, unless the process that it was for has ended.
    pub(super) fn policies_go_on(&mut self, index: usize, generation: u64, step: PolicyStep) {
        let member = &self.members[index];
        if !member.alive || member.generation != generation {
            return;
        }
        match step {
            PolicyStep::Tell(event, swapped) => self.deliver_policy(index, event, swapped),
            PolicyStep::Wake(wake) => self.wake_rollout(index, wake),
            PolicyStep::TakeOver(job, policy) => self.take_over(index, job, policy),
            PolicyStep::Look(look) => self.look(index, look),
            PolicyStep::Roster => self.look_at_roster(index),
        }
    }

    /// A frozen process hears it when it runs again.
    fn deliver_policy(&mut self, index: usize, event: rollout::Event, swapped: Option<Box<Event>>) {
        let Member { frozen_until, generation, .. } = self.members[index];
        if self.now < frozen_until {
            let wait = frozen_until.since(self.now) + Duration::from_millis(1);
            return self.policies_later(wait, index, generation, PolicyStep::Tell(event, swapped));
        }
        self.roll(index, event);
        if let Some(swapped) = swapped {
            self.count_failures(index, |_| 0);
            self.feed(index, *swapped);
        }
    }

    fn policies_later(&mut self, delay: Duration, index: usize, generation: u64, step: PolicyStep) {
        self.later(delay, Scheduled::Policies(index, generation, Box::new(step)));
    }

    fn wake_rollout(&mut self, index: usize, wake: Moment) {
        let policies = self.members[index].policies.as_ref();
        if policies.is_some_and(|policies| policies.wake == wake) {
            self.deliver_policy(index, rollout::Event::Woke, None);
        }
    }

    /// The policy in force gave no decision.
    pub(super) fn no_decision(&mut self, index: usize) {
        self.count_failures(index, |failures| failures + 1);
    }

    fn count_failures(&mut self, index: usize, count: fn(u32) -> u32) {
        if let Some(policies) = &mut self.members[index].policies {
            policies.failures = count(policies.failures);
        }
    }

    /// The elector's policy failed too often. It must be the one that is known to be in force.
    pub(super) fn active_failed(&mut self, index: usize) {
        let Some(policies) = &self.members[index].policies else { return };
        let (asked, active) = (policies.asked.as_ref(), policies.oversight.active());
        if asked != active || policies.failures < MOST_IN_A_ROW {
            let failures = policies.failures;
            let what =
                format!("{active:?}, which failed {failures} times, is blamed for {asked:?}");
            return self.break_off(what);
        }
        self.roll(index, rollout::Event::Failed);
    }

    /// Hands an event to a rollout, and carries out what it wants.
    fn roll(&mut self, index: usize, event: rollout::Event) {
        let (now, local) = (self.now, self.local(index));
        let Some(policies) = &mut self.members[index].policies else { return };
        if let rollout::Event::Found(publication) = &event {
            policies.engine.keep(&publication.policy.digest);
        }
        policies.oversight.before(now, &event);
        let effects = policies.rollout.step(local, event);
        let report = policies.rollout.report();
        if let Err(what) = policies.oversight.after(now, &effects, &report) {
            self.break_off(what);
        }
        for effect in effects {
            if let Err(what) = self.carry_out_rollout(index, effect) {
                self.break_off(what);
            }
        }
        self.check_engine(index);
    }

    fn carry_out_rollout(&mut self, index: usize, effect: Effect) -> Result<(), String> {
        let generation = self.members[index].generation;
        let seed = if matches!(effect, Effect::StartShadow { .. }) { self.dice.bits() } else { 0 };
        let catalog = &self.catalog;
        let Some(policies) = &mut self.members[index].policies else { return Ok(()) };
        match effect {
            Effect::Run { job, stage, policy } => {
                if policy == policies.config.standard {
                    policies.engine.keep(&policy.digest);
                }
                let refused = self.dice.percent(self.hazards.refused);
                let end = policies.engine.stage(stage, &policy, catalog, refused)?;
                let delay = self.chance(|hazards| hazards.stages);
                let step = PolicyStep::Tell(rollout::Event::StageEnded { job, end }, None);
                self.policies_later(delay, index, generation, step);
            }
            Effect::StartShadow { job, policy } => {
                policies.engine.start_shadow(job, policy, catalog, seed)?;
            }
            Effect::StopShadow => policies.engine.stop_shadow()?,
            Effect::TakeOver { job, policy } => {
                let delay = self.chance(|hazards| hazards.takeovers);
                let step = PolicyStep::TakeOver(job, policy);
                self.policies_later(delay, index, generation, step);
            }
            Effect::Forget { digest } => policies.engine.forget(&digest)?,
            Effect::WakeAt(at) => {
                policies.wake = at;
                let due = self.members[index].true_time(at);
                let step = Box::new(PolicyStep::Wake(at));
                self.at(due, Scheduled::Policies(index, generation, step));
            }
            Effect::Tell(fact) => self.facts.push((self.now, index, fact)),
        }
        Ok(())
    }

    /// The engine puts another policy in the place of the active one, between two questions, or
    /// cannot.
    fn take_over(&mut self, index: usize, job: JobId, policy: Policy) {
        let fails = self.dice.percent(self.hazards.not_taken_over);
        let lost = self.dice.percent(self.hazards.memory_lost);
        let seed = self.dice.bits();
        let Some(policies) = &mut self.members[index].policies else { return };
        if fails {
            let event = rollout::Event::NotTakenOver { job, why: "no thread".to_owned() };
            return self.say(index, Duration::ZERO, event, None);
        }
        let settings = policy.settings.to_string();
        if let Err(what) = policies.engine.take_over(policy, &self.catalog, lost, seed) {
            return self.break_off(what);
        }
        let (memory, on_failure) = (policies.engine.memory(), policies.engine.on_failure());
        let memory_lost = lost.then(|| "does not fit".to_owned());
        let event = rollout::Event::TookOver { job, memory_lost, pause_micros: 0 };
        let swapped = Event::Swapped { memory, settings, on_failure };
        self.say(index, Duration::ZERO, event, Some(Box::new(swapped)));
    }

    /// Asks the active policy, and the one in shadow beside it.
    pub(super) fn ask_engine(&mut self, index: usize, ask: AskId, input: &Input) {
        let thinking = self.members[index].thinking;
        let Some(policies) = &mut self.members[index].policies else { return };
        let expected = policies.oversight.active().map(|active| active.settings.to_string());
        if expected.as_ref() != Some(&input.settings) {
            let what = format!("asked with settings {:?}, in force: {expected:?}", input.settings);
            return self.break_off(what);
        }
        let Some(answered) = policies.engine.ask(input, &self.hazards, &mut self.dice) else {
            return self.break_off("a question, and no policy to ask".to_owned());
        };
        policies.asked = Some(answered.policy);
        let hung = !answered.left_behind.is_empty();
        let delay = if hung { THREAD_WITHIN } else { thinking };
        for digest in answered.left_behind {
            self.say(index, delay, rollout::Event::LeftBehind { digest }, None);
        }
        self.answer_question(index, delay, Event::Decided { ask, answer: answered.answer });
        if let Some((job, shadowed)) = answered.shadow {
            let event = match shadowed {
                Shadowed::Answered { differs, resigns } => {
                    rollout::Event::ShadowAnswered { job, differs, resigns }
                }
                Shadowed::Failed => rollout::Event::ShadowFailed { job, why: "fails".to_owned() },
            };
            self.say(index, delay, event, None);
        }
    }

    /// What the engine says comes in the order in which it was said.
    fn say(
        &mut self,
        index: usize,
        delay: Duration,
        event: rollout::Event,
        swapped: Option<Box<Event>>,
    ) {
        let (at, generation) = self.next_word(index, delay);
        let step = Box::new(PolicyStep::Tell(event, swapped));
        self.at(at, Scheduled::Policies(index, generation, step));
    }

    fn answer_question(&mut self, index: usize, delay: Duration, event: Event) {
        let (at, generation) = self.next_word(index, delay);
        self.at(at, Scheduled::Tell(index, generation, Which::Inner, event));
    }

    fn next_word(&mut self, index: usize, delay: Duration) -> (Moment, u64) {
        let Member { policies, generation, .. } = &mut self.members[index];
        let mut at = self.now + delay;
        if let Some(policies) = policies {
            at = at.max(policies.engine.last);
            policies.engine.last = at;
        }
        (at, *generation)
    }

    fn chance(&mut self, range: fn(&Hazards) -> [Duration; 2]) -> Duration {
        let [shortest, longest] = range(&self.hazards);
        self.dice.between(shortest, longest)
    }

    /// While nothing takes over, what answers is what is reported.
    fn check_engine(&mut self, index: usize) {
        let Some(policies) = &self.members[index].policies else { return };
        let (answers, reported) = (policies.engine.active(), policies.oversight.active());
        if !policies.oversight.is_taking_over() && answers != reported {
            let what = format!("{answers:?} answers, {reported:?} is reported");
            self.break_off(what);
        }
    }

    /// What takes for ever, in a rollout to which nothing happens any more.
    pub(super) fn check_policies(&mut self) {
        let late = self.members.iter().filter(|member| member.alive).find_map(|member| {
            let policies = member.policies.as_ref()?;
            policies.oversight.check_time(self.now).err()
        });
        if let Some(what) = late {
            self.break_off(what);
        }
    }
}
