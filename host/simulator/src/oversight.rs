//! The checkers of a rollout: what must hold after each of its steps, seen from outside.

use hotseat_core::time::Moment;
use hotseat_rollout::{
    Config, Effect, Event, Fact, JobId, Policy, Refusal, Report, Stage, StageEnd,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A publication that has come to no end for so long is lost: longer than all stages and a trial of a
/// few decisions take.
const LOST_AFTER: Duration = Duration::from_secs(500);
/// How much longer than the soak another candidate is waited for.
const WAITED_FOR: Duration = Duration::from_secs(300);
/// More candidates than there are in any world, and once more for those who cannot be seen.
const LONGEST_LINE: u32 = 6;
/// A last good policy that has not come back for so long never will: longer than many attempts take.
const AWAY_AFTER: Duration = Duration::from_secs(240);
/// So many threads that do not come back make a digest bad.
const TOO_MANY_THREADS: u32 = 2;

/// What is known of one candidate's rollout without looking into it.
pub(crate) struct Oversight {
    standard: Policy,
    lost_after: Duration,
    /// The active policy is stopped because of another candidate: the one before comes back.
    goes_back: bool,
    /// What took over last.
    active: Option<Policy>,
    were_active: BTreeSet<Policy>,
    /// What was asked to take over and has not answered.
    takeover: Option<(JobId, Policy)>,
    /// The newest publication, while nothing has become of it, and when it was found.
    open: Option<(Policy, Moment)>,
    wanted: Option<Policy>,
    /// Refused, and not found again since.
    refused: BTreeSet<Policy>,
    running: Option<(JobId, Policy, Stage)>,
    /// What each policy passed; for the stages that look at the active one, since that changed.
    passed: BTreeMap<Policy, Vec<Stage>>,
    failed: BTreeSet<Policy>,
    threads: BTreeMap<String, u32>,
    /// Since when a failing policy is in force although a good one is known.
    failing_since: Option<Moment>,
}

impl Oversight {
    pub(crate) fn new(config: &Config) -> Oversight {
        let line = config.turns.as_ref().map(|turns| (turns.soak + WAITED_FOR) * LONGEST_LINE);
        Oversight {
            standard: config.standard.clone(),
            lost_after: LOST_AFTER + line.unwrap_or_default(),
            goes_back: false,
            active: None,
            were_active: BTreeSet::new(),
            takeover: None,
            open: None,
            wanted: None,
            refused: BTreeSet::new(),
            running: None,
            passed: BTreeMap::new(),
            failed: BTreeSet::new(),
            threads: BTreeMap::new(),
            failing_since: None,
        }
    }

    /// What is in force, as far as what was answered says.
    pub(crate) fn active(&self) -> Option<&Policy> {
        self.active.as_ref()
    }

    /// A policy was asked to take over, and has not answered.
    pub(crate) fn is_taking_over(&self) -> bool {
        self.takeover.is_some()
    }

    /// What will happen to the rollout next.
    pub(crate) fn before(&mut self, now: Moment, event: &Event) {
        match event {
            Event::Found(publication) => {
                let policy = &publication.policy;
                self.refused.remove(policy);
                // The same one again is no other: it is still on its way.
                if self.open.as_ref().is_none_or(|(open, _)| open != policy) {
                    self.open = Some((policy.clone(), now));
                    self.passed.remove(policy);
                }
                self.wanted = Some(policy.clone());
            }
            Event::TookOver { job, .. } => {
                if let Some((_, policy)) = self.takeover.take_if(|(known, _)| known == job) {
                    self.were_active.insert(policy.clone());
                    self.goes_back = false;
                    self.active = Some(policy);
                    for passed in self.passed.values_mut() {
                        passed.retain(|stage| matches!(stage, Stage::Prepare | Stage::Settings));
                    }
                }
            }
            Event::NotTakenOver { job, .. } => {
                self.takeover.take_if(|(known, _)| known == job);
            }
            Event::Failed => self.failed.extend(self.active.iter().cloned()),
            Event::LeftBehind { digest } => {
                *self.threads.entry(digest.clone()).or_default() += 1;
            }
            Event::StageEnded { job, end } => {
                if let Some((_, policy, stage)) = self.running.take_if(|running| running.0 == *job)
                    && matches!(end, StageEnd::Passed(_))
                {
                    self.passed.entry(policy).or_default().push(stage);
                }
            }
            Event::Refused { .. }
            | Event::Unavailable(_)
            | Event::ShadowAnswered { .. }
            | Event::ShadowFailed { .. }
            | Event::Fleet(_)
            | Event::Skip(_)
            | Event::Woke => {}
        }
    }

    /// What came of it.
    pub(crate) fn after(
        &mut self,
        now: Moment,
        effects: &[Effect],
        report: &Report,
    ) -> Result<(), String> {
        for effect in effects {
            match effect {
                Effect::TakeOver { job, policy } => self.takes_over(*job, policy)?,
                Effect::Run { job, stage, policy } => self.runs(*job, policy, *stage)?,
                Effect::Tell(fact) => self.hear(fact),
                _ => {}
            }
        }
        let active = report.active.as_ref().map(|active| &active.policy);
        if active != self.active.as_ref() {
            return Err(format!("{active:?} is reported, {:?} took over last", self.active));
        }
        let fails = self.active.as_ref().is_some_and(|active| self.is_bad(active));
        let good = report.last_good.is_some();
        self.failing_since = self.failing_since.or(Some(now)).filter(|_| fails && good);
        self.check_time(now)
    }

    /// What must not take for ever.
    pub(crate) fn check_time(&self, now: Moment) -> Result<(), String> {
        match &self.open {
            Some((policy, since)) if now.since(*since) > self.lost_after => {
                return Err(format!("{policy:?} was found, and nothing became of it"));
            }
            _ => {}
        }
        if self.failing_since.is_some_and(|since| now.since(since) > AWAY_AFTER) {
            return Err(format!("{:?} fails, and the last good policy stays away", self.active));
        }
        Ok(())
    }

    fn is_bad(&self, policy: &Policy) -> bool {
        let threads = self.threads.get(&policy.digest);
        self.failed.contains(policy) || threads.is_some_and(|threads| *threads >= TOO_MANY_THREADS)
    }

    fn runs(&mut self, job: JobId, policy: &Policy, stage: Stage) -> Result<(), String> {
        match self.running.replace((job, policy.clone(), stage)) {
            None => Ok(()),
            Some(_) => Err("two stages at a time".to_owned()),
        }
    }

    fn takes_over(&mut self, job: JobId, policy: &Policy) -> Result<(), String> {
        if self.is_bad(policy) {
            return Err(format!("{policy:?} takes over again after it failed"));
        }
        // The last good one may have been published again and refused; it goes on being good.
        let known = self.were_active.contains(policy) || *policy == self.standard;
        if self.refused.contains(policy) && !known {
            return Err(format!("{policy:?} takes over although it was refused"));
        }
        let leaves = |active| self.goes_back || self.is_bad(active);
        let restored = known && self.active.as_ref().is_some_and(leaves);
        let passed = self.passed.get(policy).map(Vec::as_slice).unwrap_or_default();
        let stages = [Stage::Prepare, Stage::Settings, Stage::Migrate, Stage::DryRun];
        if !restored && !stages.iter().all(|stage| passed.contains(stage)) {
            return Err(format!("{policy:?} takes over, having passed {passed:?} alone"));
        }
        match self.takeover.replace((job, policy.clone())) {
            None => Ok(()),
            Some(_) => Err("two policies take over at a time".to_owned()),
        }
    }

    fn hear(&mut self, fact: &Fact) {
        match fact {
            Fact::Refused { policy: Some(policy), refusal, .. } => {
                let stopped = refusal.stage == Refusal::TURN;
                self.goes_back |= stopped && self.active.as_ref() == Some(policy);
                self.refused.insert(policy.clone());
                self.close(policy);
            }
            // Found, or wanted by a person although it was stopped.
            Fact::CandidateFound { policy, .. } => {
                self.refused.remove(policy);
            }
            Fact::TookOver { policy, .. } => self.close(policy),
            Fact::Settled if self.active == self.wanted => self.open = None,
            _ => {}
        }
    }

    fn close(&mut self, policy: &Policy) {
        self.open.take_if(|(open, _)| open == policy);
    }
}
