//! Whoever carries the effects out, as a model: it keeps what a rollout must not lose sight of, and
//! checks after each step what must hold whatever happens.
#![allow(dead_code, reason = "each suite uses a part of it")]

mod checks;
mod moves;

use hotseat_core::time::Moment;
use hotseat_rollout::{
    About, Config, Effect, Event, Fact, JobId, Policy, Refusal, Report, Rollout, Stage, StageEnd,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[allow(unused_imports, reason = "not every suite looks into effects")]
pub use moves::{facts, forgotten, print, publication, refusals};

/// More steps than any way to the end takes: one candidate, a restored policy, the standard one, and some
/// peers that are waited for.
const STEPS_TO_THE_END: usize = 80;

pub const STANDARD: &str = "sha256:standard";

pub fn policy(digest: &str, settings: &str) -> Policy {
    Policy { digest: format!("sha256:{digest}"), settings: settings.into() }
}

pub fn config() -> Config {
    Config {
        shadow: None,
        gate: hotseat_rollout::Gate::default(),
        turns: None,
        standard: Policy { digest: STANDARD.to_owned(), settings: "".into() },
    }
}

pub fn refusal(stage: &'static str) -> Refusal {
    Refusal { stage, why: "because".to_owned() }
}

/// A policy lets the standard one follow unless its digest says that it holds.
fn about(policy: &Policy) -> About {
    About {
        name: policy.digest.clone(),
        standard_may_follow: !policy.digest.contains("hold"),
        ..About::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub rollout: Rollout,
    config: Config,
    pub now: Moment,
    pub run: Option<(JobId, Stage, Policy)>,
    pub shadow: Option<(JobId, Policy)>,
    pub takeover: Option<(JobId, Policy)>,
    pub wake: Option<Moment>,
    last_job: JobId,
    active: Option<Policy>,
    /// The newest publication, and whether nothing has become of it yet.
    wanted: Option<Policy>,
    open: bool,
    /// The digests of which bytes or code are kept.
    kept: BTreeSet<String>,
    /// What each policy passed; for the last two stages, since the active one changed.
    passed: BTreeSet<(Policy, Stage)>,
    prepared: BTreeSet<String>,
    were_active: BTreeSet<Policy>,
    failed: BTreeSet<Policy>,
    threads: BTreeMap<String, u32>,
    no_fallback: bool,
    not_restored: bool,
    source_error: Option<String>,
    /// People heard that the source gives nothing, and not that it is over.
    source_told: bool,
    broken_said: bool,
    /// The active policy is refused because of another candidate: the one before comes back.
    goes_back: bool,
    swaps: u64,
}

impl World {
    pub fn new(config: Config) -> World {
        World {
            rollout: Rollout::new(config.clone()),
            config,
            now: Moment::from_secs(1),
            run: None,
            shadow: None,
            takeover: None,
            wake: None,
            last_job: JobId::default(),
            active: None,
            wanted: None,
            open: false,
            kept: BTreeSet::new(),
            passed: BTreeSet::new(),
            prepared: BTreeSet::new(),
            were_active: BTreeSet::new(),
            failed: BTreeSet::new(),
            threads: BTreeMap::new(),
            no_fallback: false,
            not_restored: false,
            source_error: None,
            source_told: false,
            broken_said: false,
            goes_back: false,
            swaps: 0,
        }
    }

    pub fn report(&self) -> Report {
        self.rollout.report()
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    pub fn is_bad(&self, policy: &Policy) -> bool {
        self.failed.contains(policy)
            || self.threads.get(&policy.digest).is_some_and(|times| *times >= 2)
    }

    /// One step, carried out and checked.
    pub fn event(&mut self, event: Event) -> Vec<Effect> {
        let ended = match &event {
            Event::StageEnded { job, .. } => self.run.clone().filter(|run| run.0 == *job),
            _ => None,
        };
        self.before(&event);
        let took_over = match &event {
            Event::TookOver { job, .. } => self.answered_takeover(*job),
            _ => None,
        };
        let effects = self.rollout.step(self.now, event);
        if let Some(policy) = &took_over {
            self.changed_hands(policy);
        }
        let told = effects.iter().any(|effect| {
            matches!(effect, Effect::Tell(Fact::TookOver { policy, .. }) if Some(policy) == took_over.as_ref())
        });
        assert_eq!(
            told,
            took_over.is_some(),
            "a policy is reported as active when it is: {effects:?}"
        );
        for effect in &effects {
            if let Effect::Tell(Fact::Refused { policy: Some(policy), refusal, .. }) = effect
                && !["known-bad", "shadow", "turn", "take-over"].contains(&refusal.stage)
            {
                let ended = ended.as_ref().map(|(.., policy)| policy);
                assert_eq!(ended, Some(policy), "refused by the end of its own job");
            }
            self.carry_out(effect);
        }
        self.check(&effects);
        effects
    }

    fn before(&mut self, event: &Event) {
        match event {
            Event::Unavailable(why) => self.source_error = Some(why.clone()),
            Event::Refused { .. } => self.source_error = None,
            Event::Found(publication) => {
                self.source_error = None;
                self.kept.insert(publication.policy.digest.clone());
                if !self.open || self.wanted.as_ref() != Some(&publication.policy) {
                    self.passed.retain(|(known, _)| *known != publication.policy);
                }
                self.wanted = Some(publication.policy.clone());
                self.open = true;
                self.goes_back = false;
            }
            Event::StageEnded { job, end } => {
                let Some((_, stage, policy)) = self.run.take_if(|run| run.0 == *job) else {
                    return;
                };
                if matches!(end, StageEnd::Passed(_)) {
                    if stage == Stage::Prepare {
                        self.prepared.insert(policy.digest.clone());
                    }
                    self.passed.insert((policy, stage));
                }
            }
            Event::NotTakenOver { job, .. } => {
                self.not_restored |= self.answered_takeover(*job).is_some();
            }
            Event::Failed => {
                let active = self.active.iter().cloned();
                self.failed.extend(active);
                self.not_restored = false;
            }
            Event::Woke => self.wake = None,
            Event::LeftBehind { digest } => {
                *self.threads.entry(digest.clone()).or_default() += 1;
                self.not_restored = false;
            }
            _ => {}
        }
    }

    fn answered_takeover(&mut self, job: JobId) -> Option<Policy> {
        self.takeover.take_if(|takeover| takeover.0 == job).map(|takeover| takeover.1)
    }

    fn changed_hands(&mut self, policy: &Policy) {
        self.active = Some(policy.clone());
        self.were_active.insert(policy.clone());
        self.passed.retain(|(_, stage)| matches!(stage, Stage::Prepare | Stage::Settings));
        (self.no_fallback, self.not_restored, self.broken_said) = (false, false, false);
        self.goes_back = false;
        self.swaps += 1;
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Run { job, stage, policy } => {
                assert!(self.run.is_none(), "one job at a time");
                if policy.digest == STANDARD {
                    self.kept.insert(policy.digest.clone());
                }
                self.begins(*job, policy);
                if *stage != Stage::Prepare {
                    assert!(self.prepared.contains(&policy.digest), "compiled before it is asked");
                }
                self.run = Some((*job, *stage, policy.clone()));
            }
            Effect::StartShadow { job, policy } => {
                assert!(self.shadow.is_none() && self.takeover.is_none(), "one shadow at a time");
                assert!(self.active.is_some(), "a shadow of something");
                self.begins(*job, policy);
                self.passed_all(policy);
                self.shadow = Some((*job, policy.clone()));
            }
            Effect::StopShadow => assert!(self.shadow.take().is_some(), "a shadow to stop"),
            Effect::TakeOver { job, policy } => {
                assert!(self.takeover.is_none() && self.shadow.is_none(), "one at a time");
                assert_ne!(self.active.as_ref(), Some(policy), "what is active does not take over");
                self.begins(*job, policy);
                let leaves = |active| self.is_bad(active) || self.goes_back;
                let again = self.active.as_ref().is_some_and(leaves)
                    && (*policy == self.config.standard || self.were_active.contains(policy));
                if !again {
                    self.passed_all(policy);
                }
                assert!(self.prepared.contains(&policy.digest), "compiled before it takes over");
                self.takeover = Some((*job, policy.clone()));
            }
            Effect::Forget { digest } => {
                assert!(self.kept.remove(digest), "{digest} is forgotten once");
                self.prepared.remove(digest);
            }
            Effect::WakeAt(moment) => self.wake = Some(*moment),
            Effect::Tell(fact) => self.hear(fact),
        }
    }

    fn begins(&mut self, job: JobId, policy: &Policy) {
        assert!(job > self.last_job, "a job's number is new");
        self.last_job = job;
        assert!(self.kept.contains(&policy.digest), "{policy:?} is not forgotten yet");
        assert!(!self.is_bad(policy), "{policy:?} is bad");
    }

    fn passed_all(&self, policy: &Policy) {
        for stage in [Stage::Prepare, Stage::Settings, Stage::Migrate, Stage::DryRun] {
            assert!(self.passed.contains(&(policy.clone(), stage)), "{policy:?} passed {stage:?}");
        }
    }

    fn hear(&mut self, fact: &Fact) {
        match fact {
            Fact::Refused { policy: Some(policy), refusal, .. } => {
                assert!(!refusal.stage.is_empty() && !refusal.why.is_empty());
                self.goes_back |= refusal.stage == "turn" && self.active.as_ref() == Some(policy);
                if self.wanted.as_ref() == Some(policy) {
                    self.open = false;
                }
            }
            // A person wants what was stopped.
            Fact::CandidateFound { policy, .. } if self.wanted.as_ref() == Some(policy) => {
                (self.open, self.goes_back) = (true, false);
            }
            Fact::TookOver { policy, .. } if self.wanted.as_ref() == Some(policy) => {
                self.open = false;
            }
            Fact::Settled => {
                assert_eq!(self.active, self.wanted, "settled is what is wanted");
                (self.open, self.goes_back) = (false, false);
            }
            Fact::NoFallback(_) => self.no_fallback = true,
            Fact::Broken { policy, .. } => {
                assert_eq!(self.active.as_ref(), Some(policy), "the active one is broken");
                assert!(!std::mem::replace(&mut self.broken_said, true), "said once");
            }
            Fact::SourceUnavailable { why, .. } => {
                assert_eq!(self.source_error.as_ref(), Some(why), "the newest is told");
                self.source_told = true;
            }
            Fact::SourceAvailable { .. } => {
                assert_eq!(self.source_error, None, "it is available");
                assert!(std::mem::take(&mut self.source_told), "nobody heard that it was not");
            }
            _ => {}
        }
    }

    /// The candidate waits for other candidates.
    pub fn waits(&self) -> bool {
        let shown = self.report().candidate;
        shown.is_some_and(|shown| shown.stage == "turn" && shown.refusal.is_none())
    }

    /// Answers whatever is asked, well, until nothing is.
    pub fn settle(&mut self) {
        for _ in 0..STEPS_TO_THE_END {
            if self.takeover.is_some() {
                self.take_over();
            } else if self.run.is_some() {
                self.pass();
            } else if self.shadow.is_some() {
                if let Some(wake) = self.wake.take() {
                    self.now = self.now.max(wake);
                    self.event(Event::Woke);
                }
                if self.shadow.is_some() {
                    self.answer(false, false);
                }
            } else if let Some(wake) =
                self.wake.filter(|_| self.is_broken() || self.waits() || self.goes_back)
            {
                self.now = self.now.max(wake);
                self.event(Event::Woke);
            } else {
                return;
            }
        }
        panic!("does not come to an end: {:?}", self.rollout);
    }
}
