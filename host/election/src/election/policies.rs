//! Policies, on their way and in force: what the source and the engine say goes to the rollout, and what
//! that wants is carried out.

use super::Election;
use crate::clock;
use crate::engine::EngineEvent;
use crate::fact::{Fact, ShadowDiffered};
use crate::inbox::Inbox;
use crate::roster;
use crate::source::Sourced;
use hotseat_core::event::{AskId, Event};
use hotseat_core::lock;
use hotseat_core::policy::{Action, Decision, Failure, Input};
use hotseat_core::request::SkipRequest;
use hotseat_rollout::{self as rollout, Fingerprint, JobId, Publication};
use std::io;
use std::time::Duration;

/// What becomes of the first publication, where the election is to end if it does not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// It may come late or never: nothing hangs on it, or not any more.
    Free,
    /// The source has given nothing yet.
    Awaited,
    /// This one is being loaded.
    Loading(rollout::Policy),
}

impl Election {
    /// Hands an event to the rollout, and carries out what it wants.
    pub(super) fn roll(&mut self, event: rollout::Event, inbox: &Inbox) -> io::Result<()> {
        for effect in self.rollout.step(clock::now(), event) {
            match effect {
                rollout::Effect::Run { job, stage, policy } => {
                    self.engine.run(job, stage, &policy, self.asked.as_ref());
                }
                rollout::Effect::StartShadow { job, policy } => {
                    self.engine.start_shadow(job, &policy);
                    self.shadowed = true;
                }
                rollout::Effect::StopShadow => {
                    self.engine.stop_shadow();
                    self.shadowed = false;
                }
                rollout::Effect::TakeOver { job, policy } => self.engine.take_over(job, &policy),
                rollout::Effect::Forget { digest } => self.engine.forget(&digest),
                rollout::Effect::WakeAt(at) => inbox.rollout_alarm.set(at)?,
                rollout::Effect::Tell(fact) => {
                    self.need_first(&fact);
                    // What ends the election is its error, and said once.
                    if self.not_loaded.is_none() {
                        self.facts.say(&Fact::Policy(fact));
                    }
                }
            }
        }
        self.reporter.show(self.rollout.report());
        Ok(())
    }

    /// A person who wants nobody to wait with a policy says so on the lock. The elector has nothing to do
    /// with it.
    pub(super) fn look_for_skip(&mut self, event: &Event, inbox: &Inbox) -> io::Result<()> {
        let Event::Observed { lock: lock::Lock::Present(record), .. } = event else {
            return Ok(());
        };
        if self.skip == record.requests.skip {
            return Ok(());
        }
        self.skip.clone_from(&record.requests.skip);
        let Some(SkipRequest { policy, settings }) = self.skip.clone() else { return Ok(()) };
        self.roll(rollout::Event::Skip(Fingerprint { policy, settings }), inbox)
    }

    /// The operator's own file has to load at the start: nobody else will ever correct it. What
    /// comes after it, such as an update in the same moment, is judged like any other.
    fn need_first(&mut self, fact: &rollout::Fact) {
        let First::Loading(first) = &self.first else { return };
        match fact {
            rollout::Fact::Refused { policy: Some(policy), refusal, .. } if policy == first => {
                self.not_loaded = Some(refusal.why.clone());
            }
            rollout::Fact::NotTakenOver { policy, why } if policy == first => {
                self.not_loaded = Some(why.clone());
            }
            rollout::Fact::TookOver { .. } | rollout::Fact::GivenUp { .. } => {
                self.first = First::Free;
            }
            _ => {}
        }
    }

    /// The source tells something for the first time.
    fn take_first(&mut self, sourced: &Sourced) {
        if self.first != First::Awaited {
            return;
        }
        self.first = match sourced {
            Sourced::Found(publication) => First::Loading(rollout::Policy {
                digest: publication.component.digest.clone(),
                settings: publication.settings.clone(),
            }),
            Sourced::Refused { refusal, .. } => {
                self.not_loaded = Some(refusal.why.clone());
                First::Free
            }
            Sourced::Unavailable(why) => {
                self.not_loaded = Some(why.clone());
                First::Free
            }
        };
    }

    pub(super) fn source(&mut self, sourced: Sourced, inbox: &Inbox) -> io::Result<()> {
        self.take_first(&sourced);
        let event = match sourced {
            Sourced::Found(publication) => {
                self.engine.keep(&publication);
                let policy = rollout::Policy {
                    digest: publication.component.digest,
                    settings: publication.settings,
                };
                let settings_digest = roster::settings_digest(&policy.settings);
                let source = publication.source;
                rollout::Event::Found(Publication { policy, settings_digest, source })
            }
            Sourced::Refused { source, refusal } => rollout::Event::Refused { source, refusal },
            Sourced::Unavailable(why) => rollout::Event::Unavailable(why),
        };
        self.roll(event, inbox)
    }

    pub(super) fn hear(&mut self, event: EngineEvent, inbox: &Inbox) -> io::Result<()> {
        match event {
            EngineEvent::Answered { ask, digest, input, outcome, spent } => {
                self.answered(ask, digest, input, outcome, spent, inbox)
            }
            EngineEvent::ShadowAnswered { job, ask, digest, active, candidate } => {
                let answer = ShadowDiffered { ask, digest, active, candidate };
                self.shadow_answered(job, answer, inbox)
            }
            EngineEvent::NoShadow { job, why } => {
                self.roll(rollout::Event::ShadowFailed { job, why }, inbox)
            }
            EngineEvent::StageEnded { job, end } => {
                self.roll(rollout::Event::StageEnded { job, end }, inbox)
            }
            EngineEvent::TookOver { job, memory, settings, on_failure, memory_lost, pause } => {
                let pause_micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
                let event = rollout::Event::TookOver { job, memory_lost, pause_micros };
                self.roll(event, inbox)?;
                let settings = settings.as_ref().to_owned();
                self.status.change_policy(|report| report.on_failure = on_failure);
                self.elect(Event::Swapped { memory, settings, on_failure }, inbox)
            }
            EngineEvent::NotTakenOver { job, why } => {
                self.roll(rollout::Event::NotTakenOver { job, why }, inbox)
            }
            EngineEvent::LeftBehind { digest } => {
                self.roll(rollout::Event::LeftBehind { digest }, inbox)
            }
        }
    }

    fn answered(
        &mut self,
        ask: AskId,
        digest: String,
        input: Box<Input>,
        outcome: Result<Decision, Failure>,
        spent: Option<(Duration, u64)>,
        inbox: &Inbox,
    ) -> io::Result<()> {
        self.answered = Some((ask, digest));
        if let Some((time, fuel)) = spent {
            self.facts.say(&Fact::Asked { time, fuel });
        }
        if self.shadowed
            && let Ok(decision) = &outcome
        {
            self.engine.ask_shadow(ask, *input, decision.clone());
        }
        self.elect(Event::Decided { ask, answer: outcome }, inbox)
    }

    fn shadow_answered(
        &mut self,
        job: JobId,
        answer: ShadowDiffered,
        inbox: &Inbox,
    ) -> io::Result<()> {
        let event = match &answer.candidate {
            Ok(candidate) => {
                let differs = !answer.active.does_the_same(candidate);
                let resigns = |it: &Decision| matches!(it.action, Action::Resign(_));
                let resigns = resigns(candidate) && !resigns(&answer.active);
                if differs {
                    self.facts.say(&Fact::ShadowDiffered(Box::new(answer)));
                }
                rollout::Event::ShadowAnswered { job, differs, resigns }
            }
            Err(failure) => {
                let why = format!("{}: {}", failure.kind.as_str(), failure.detail);
                self.facts.say(&Fact::ShadowDiffered(Box::new(answer)));
                rollout::Event::ShadowFailed { job, why }
            }
        };
        self.roll(event, inbox)
    }
}
