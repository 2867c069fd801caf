//! The candidate: from found to taking over, stage by stage.

use super::line::Turn;
use super::trial::Shadow;
use super::{Known, Purpose, Rollout};
use crate::effect::Effect;
use crate::event::{Passed, Refusal, StageEnd};
use crate::fact::Fact;
use crate::job::{JobId, Stage};
use crate::policy::{About, Policy, Publication};
use crate::report::Trial;
use hotseat_core::time::Moment;

/// A publication on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    publication: Publication,
    about: Option<About>,
    at: At,
}

/// Where a candidate stands. It moves on from each of these in [`Rollout::advance_candidate`] or by
/// the end of its job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum At {
    /// The stage begins as soon as no other job runs and nothing else takes over.
    Due(Stage),
    /// Its job runs.
    Running(Stage),
    /// It passed all stages.
    Tried,
    /// It decides beside the active policy.
    Beside(Shadow),
    /// Nothing speaks against it, and other candidates come first.
    InLine,
}

impl Candidate {
    pub(super) fn new(publication: Publication) -> Candidate {
        Candidate { publication, about: None, at: At::Due(Stage::Prepare) }
    }

    pub(super) fn is(&self, policy: &Policy) -> bool {
        self.publication.policy == *policy
    }

    pub(super) fn digest(&self) -> &str {
        &self.publication.policy.digest
    }

    /// The trial that this job is, if it is one.
    pub(super) fn shadow(&mut self, job: JobId) -> Option<&mut Shadow> {
        self.any_shadow().filter(|shadow| shadow.job == job)
    }

    /// When the time of its trial is over, if it is in one that has a time.
    pub(super) fn trial_ends(&self) -> Option<Moment> {
        match self.at {
            At::Beside(shadow) => shadow.ends,
            At::Due(_) | At::Running(_) | At::Tried | At::InLine => None,
        }
    }

    /// It waits for other candidates.
    pub(super) fn waits_its_turn(&self) -> bool {
        matches!(self.at, At::InLine)
    }

    pub(super) fn any_shadow(&mut self) -> Option<&mut Shadow> {
        match &mut self.at {
            At::Beside(shadow) => Some(shadow),
            At::Due(_) | At::Running(_) | At::Tried | At::InLine => None,
        }
    }
}

impl Rollout {
    pub(super) fn advance_candidate(&mut self, now: Moment) {
        self.refuse_known_bad();
        // What takes over is what the next one has to migrate from.
        if self.takeover.is_some() {
            return;
        }
        let Some(candidate) = &self.candidate else { return };
        let policy = candidate.publication.policy.clone();
        if self.is_settled(&policy) {
            self.leave();
            return self.settle();
        }
        match candidate.at {
            At::Due(stage) if self.job.is_none() => {
                self.set(At::Running(stage));
                self.begin_stage(stage.word());
                self.run(Purpose::Candidate, stage, policy);
            }
            // The end of a job brings it on.
            At::Due(_) | At::Running(_) => {}
            At::Tried => match self.config.shadow {
                // A policy that fails gives no answers to compare with.
                Some(period) if self.active.is_some() && !self.is_broken() => {
                    let shadow = Shadow::new(self.next_job(), period, now);
                    self.start_shadow(shadow, policy);
                }
                _ => self.take_turn(now),
            },
            At::Beside(shadow) => self.judge_shadow(shadow, now),
            At::InLine => self.take_turn(now),
        }
    }

    fn start_shadow(&mut self, shadow: Shadow, policy: Policy) {
        self.begin_stage("shadow");
        self.effects.push(Effect::StartShadow { job: shadow.job, policy });
        self.set(At::Beside(shadow));
    }

    fn judge_shadow(&mut self, shadow: Shadow, now: Moment) {
        // Nothing is at hand to replace an active policy that fails, or that would be taking over
        // now: this is the next, and what it was compared with is no measure.
        let verdict = match self.is_broken() {
            true => Some(Ok(())),
            false => shadow.verdict(&self.config.gate, now),
        };
        match verdict {
            None => {}
            Some(Ok(())) => self.take_turn(now),
            Some(Err(why)) => self.refuse(Refusal { stage: "shadow", why }),
        }
    }

    /// Nothing that this candidate sees speaks against it.
    fn take_turn(&mut self, now: Moment) {
        match self.turn(now) {
            Turn::Now => self.candidate_takes_over(),
            Turn::Never(objector) => {
                self.refuse(Rollout::stopped_by(&objector));
                self.line.stopped = Some(objector.name);
            }
            Turn::Later => {
                let Some(candidate) = &mut self.candidate else { return };
                if candidate.waits_its_turn() {
                    return;
                }
                if candidate.any_shadow().is_some() {
                    self.effects.push(Effect::StopShadow);
                }
                self.begin_stage(Refusal::TURN);
                self.set(At::InLine);
            }
        }
    }

    /// The end of a stage. Those of given-up candidates change nothing but that another job may run.
    pub(super) fn stage_ended(&mut self, now: Moment, job: JobId, end: StageEnd) {
        let Some(job) = self.job.take_if(|running| running.id == job) else { return };
        match (job.purpose, end) {
            (Purpose::None, _) => {}
            (Purpose::Fallback, end) => self.fallback_ended(now, end),
            (Purpose::Candidate, StageEnd::Refused(refusal)) => self.refuse(refusal),
            (Purpose::Candidate, StageEnd::Passed(passed)) => self.stage_passed(passed),
        }
    }

    fn stage_passed(&mut self, passed: Passed) {
        let Some(candidate) = &mut self.candidate else { return };
        let At::Running(stage) = candidate.at else { return };
        candidate.at = match stage {
            Stage::Prepare => At::Due(Stage::Settings),
            Stage::Settings => At::Due(Stage::Migrate),
            Stage::Migrate => At::Due(Stage::DryRun),
            Stage::DryRun => At::Tried,
        };
        if let Passed::Prepared(about) = passed {
            candidate.about = Some(about.clone());
            let policy = candidate.publication.policy.clone();
            if let Some(shown) = &mut self.shown {
                shown.about = Some(about.clone());
            }
            self.tell(Fact::Prepared { policy, about });
        }
    }

    fn candidate_takes_over(&mut self) {
        let Some(Candidate { publication, about, .. }) = self.leave() else { return };
        let Publication { policy, source, .. } = publication;
        let known = Known { policy, about: about.unwrap_or_default(), source };
        if let Some(shown) = &mut self.shown {
            shown.stage = "take-over";
        }
        self.take_over(known, false);
    }

    /// The candidate is refused. Nothing else changes.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        let Some(Candidate { publication, about, .. }) = self.leave() else { return };
        let Publication { policy, source, .. } = publication;
        if refusal.stage != Refusal::TURN {
            self.reject(&policy, refused(&refusal));
        }
        let refused = self.shown.take().map(|shown| shown.refused(refusal.clone()));
        self.show_end(refused);
        self.tell(Fact::Refused { policy: Some(policy), about, source, refusal });
    }

    fn refuse_known_bad(&mut self) {
        let Some(candidate) = &self.candidate else { return };
        if let Some(why) = self.memory.why(&candidate.publication.policy) {
            self.refuse(Refusal { stage: "known-bad", why: why.to_owned() });
        }
    }

    /// A newer publication came.
    pub(super) fn give_up(&mut self) {
        if let Some(candidate) = self.leave() {
            self.tell(Fact::GivenUp { policy: candidate.publication.policy });
        }
    }

    /// There is no candidate any more: its shadow ends at once, its job when it will.
    fn leave(&mut self) -> Option<Candidate> {
        let mut candidate = self.candidate.take()?;
        if candidate.any_shadow().is_some() {
            self.effects.push(Effect::StopShadow);
        }
        self.orphan_job();
        Some(candidate)
    }

    fn orphan_job(&mut self) {
        if let Some(job) = self.job.as_mut().filter(|job| job.purpose == Purpose::Candidate) {
            job.purpose = Purpose::None;
        }
    }

    /// Another policy becomes active, with another memory: the candidate has to show anew that it
    /// can take it up.
    pub(super) fn migrate_again(&mut self) {
        let Some(candidate) = &mut self.candidate else { return };
        match candidate.at {
            At::Due(Stage::Prepare | Stage::Settings | Stage::Migrate)
            | At::Running(Stage::Prepare | Stage::Settings) => return,
            At::Due(Stage::DryRun) | At::Tried | At::InLine => {}
            At::Running(Stage::Migrate | Stage::DryRun) => self.orphan_job(),
            At::Beside(_) => self.effects.push(Effect::StopShadow),
        }
        self.set(At::Due(Stage::Migrate));
        if let Some(shown) = &mut self.shown {
            shown.stage = Stage::Migrate.word();
            shown.trial = Trial::default();
        }
    }

    /// Whether that is in force, and does not fail.
    pub(super) fn is_settled(&self, policy: &Policy) -> bool {
        !self.is_broken() && self.active.as_ref().is_some_and(|active| active.policy == *policy)
    }

    pub(super) fn settle(&mut self) {
        self.tell(Fact::Settled);
        self.show_end(None);
    }

    fn set(&mut self, at: At) {
        if let Some(candidate) = &mut self.candidate {
            candidate.at = at;
        }
    }

    fn begin_stage(&mut self, stage: &'static str) {
        let Some(candidate) = &self.candidate else { return };
        let policy = candidate.publication.policy.clone();
        if let Some(shown) = &mut self.shown {
            shown.stage = stage;
        }
        self.tell(Fact::StageBegan { stage, policy });
    }
}

/// A refusal as other candidates read of it.
pub(super) fn refused(refusal: &Refusal) -> String {
    format!("refused it at {}: {}", refusal.stage, refusal.why)
}
