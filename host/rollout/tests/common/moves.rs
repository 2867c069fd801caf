//! What happens in scenes, and what is looked for in effects.

use super::{World, about, refusal};
use hotseat_rollout::{
    Config, Effect, Event, Fact, Fingerprint, Fleet, Passed, Policy, Publication, Refusal, Stage,
    StageEnd,
};
use std::time::Duration;

/// What is reported, in order.
pub fn facts(effects: &[Effect]) -> Vec<Fact> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(fact) => Some(fact.clone()),
            _ => None,
        })
        .collect()
}

/// The refusals that are reported: stage and words.
pub fn refusals(effects: &[Effect]) -> Vec<(&'static str, String)> {
    facts(effects)
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Refused { refusal, .. } => Some((refusal.stage, refusal.why)),
            _ => None,
        })
        .collect()
}

/// The digests that are forgotten.
pub fn forgotten(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Forget { digest } => Some(digest.as_str()),
            _ => None,
        })
        .collect()
}

/// A publication of this policy.
pub fn publication(policy: &Policy) -> Publication {
    let settings_digest = print(policy).settings;
    Publication { policy: policy.clone(), settings_digest, source: "file:a".to_owned() }
}

/// By what other candidates know this policy.
pub fn print(policy: &Policy) -> Fingerprint {
    let settings = match &*policy.settings {
        "" => String::new(),
        settings => format!("sha256:of {settings}"),
    };
    Fingerprint { policy: policy.digest.clone(), settings }
}

impl World {
    pub fn fleet(&mut self, fleet: Fleet) -> Vec<Effect> {
        self.event(Event::Fleet(fleet))
    }

    /// Time passes, and whoever wanted to be woken meanwhile is.
    pub fn passes(&mut self, time: Duration) -> Vec<Effect> {
        let until = self.now + time;
        let mut effects = Vec::new();
        while let Some(wake) = self.wake.filter(|wake| *wake <= until) {
            self.now = self.now.max(wake);
            effects.extend(self.event(Event::Woke));
        }
        self.now = until;
        effects
    }

    pub fn found(&mut self, policy: &Policy) -> Vec<Effect> {
        let publication = publication(policy);
        self.event(Event::Found(publication))
    }

    /// The job that runs ends well.
    pub fn pass(&mut self) -> Vec<Effect> {
        let Some((job, stage, policy)) = self.run.clone() else { panic!("no job runs") };
        let passed = match stage {
            Stage::Prepare => Passed::Prepared(about(&policy)),
            _ => Passed::Fit,
        };
        self.event(Event::StageEnded { job, end: StageEnd::Passed(passed) })
    }

    pub fn refuse(&mut self, stage: &'static str) -> Vec<Effect> {
        let Some((job, ..)) = self.run else { panic!("no job runs") };
        self.event(Event::StageEnded { job, end: StageEnd::Refused(refusal(stage)) })
    }

    pub fn take_over(&mut self) -> Vec<Effect> {
        let Some((job, _)) = self.takeover else { panic!("nothing takes over") };
        self.event(Event::TookOver { job, memory_lost: None, pause_micros: 3 })
    }

    pub fn not_taken_over(&mut self) -> Vec<Effect> {
        let Some((job, _)) = self.takeover else { panic!("nothing takes over") };
        self.event(Event::NotTakenOver { job, why: "no thread".to_owned() })
    }

    pub fn answer(&mut self, differs: bool, resigns: bool) -> Vec<Effect> {
        let Some((job, _)) = self.shadow else { panic!("no shadow") };
        self.event(Event::ShadowAnswered { job, differs, resigns })
    }

    /// One after the other took over, the last of them is active.
    pub fn with(config: Config, policies: &[&Policy]) -> World {
        let mut world = World::new(config);
        for policy in policies {
            world.found(policy);
            world.settle();
            assert_eq!(world.active.as_ref(), Some(*policy));
        }
        world
    }

    pub fn active(&self) -> &Policy {
        let Some(active) = &self.active else { panic!("nothing is active") };
        active
    }

    /// What is active failed, and is still there.
    pub fn is_broken(&self) -> bool {
        self.active.as_ref().is_some_and(|active| self.is_bad(active))
    }

    /// Candidates take policies one after the other.
    pub fn has_turns(&self) -> bool {
        self.config.turns.is_some()
    }

    /// What runs, for short.
    pub fn stage(&self) -> Option<(Stage, &Policy)> {
        self.run.as_ref().map(|(_, stage, policy)| (*stage, policy))
    }

    pub fn taking_over(&self) -> Option<&Policy> {
        self.takeover.as_ref().map(|(_, policy)| policy)
    }

    /// The candidate passes all stages.
    pub fn pass_all(&mut self) {
        for _ in 0..4 {
            self.pass();
        }
    }

    pub fn refused_by_source(&mut self, stage: &'static str) -> Vec<Effect> {
        let refusal = refusal(stage);
        self.event(Event::Refused { source: "file:b".to_owned(), refusal })
    }

    pub fn left_behind(&mut self, policy: &Policy) -> Vec<Effect> {
        self.event(Event::LeftBehind { digest: policy.digest.clone() })
    }

    /// The refusal in the report.
    pub fn shown_refusal(&self) -> Option<Refusal> {
        self.report().candidate.and_then(|candidate| candidate.refusal)
    }
}
