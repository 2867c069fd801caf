//! The machine: one step for each event, and what it keeps between them.
//!
//! A publication that is found becomes the candidate ([`candidate`]) and goes through the stages,
//! one job at a time. It may have to decide beside the active policy for a while ([`trial`]). Then
//! it takes over ([`takeover`]), after the candidates before it in the election's [`line`], which may
//! also have it go back ([`turn`]). A policy that fails in force is remembered ([`memory`]), and the
//! last good one or the standard policy replaces it ([`restore`]). [`source`] has what a source
//! says, [`forget`] which components are still needed.
//!
//! Whatever fails before it takes over changes nothing of what is in force (I13).
//!
//! Each step ends in [`Rollout::advance`], which does whatever may be done now. No event has to know
//! what another one was waiting for, so that nothing is left waiting.

mod candidate;
mod forget;
mod line;
mod memory;
mod restore;
mod source;
mod takeover;
mod trial;
mod turn;

use crate::config::Config;
use crate::effect::Effect;
use crate::event::Event;
use crate::fact::Fact;
use crate::job::{JobId, Stage};
use crate::policy::{About, Policy};
use crate::recurring::Recurring;
use crate::report::{self, Report};
use candidate::Candidate;
use hotseat_core::time::Moment;
use line::Line;
use memory::Memory;
use restore::Fallback;
use std::collections::BTreeSet;
use std::mem;
use takeover::TakeOver;

/// How an election's policy comes into force.
///
/// Whoever carries the effects out answers each [`Effect::Run`] with one
/// [`Event::StageEnded`], and each [`Effect::TakeOver`] with one [`Event::TookOver`] or
/// [`Event::NotTakenOver`], however long it takes and whatever else happens meanwhile: a job is
/// never taken back. Answers to anything else change nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rollout {
    config: Config,
    last_job: JobId,
    /// The digest that was found last: its settings may change whatever became of it.
    wanted: Option<String>,
    candidate: Option<Candidate>,
    /// The candidate, the one that takes over, or the last that was refused, as it is reported.
    shown: Option<report::Candidate>,
    /// What the source refused while a candidate was on its way: shown when that one has ended.
    refused_source: Option<report::Candidate>,
    /// Why the source gives nothing, and since when.
    source_error: Option<(String, Moment)>,
    /// When people hear of that.
    source_failing: Recurring,
    job: Option<Job>,
    takeover: Option<TakeOver>,
    active: Option<report::Active>,
    last_good: Option<Known>,
    fallback: Fallback,
    /// What could not take over from the policy that failed.
    not_restored: Vec<Policy>,
    /// When that is tried again.
    restores_at: Option<Moment>,
    /// How often in a row nothing could take over, since something last did.
    restores_failed: u32,
    /// How often in a row the standard policy did not load, since something last took over.
    loads_failed: u32,
    /// The last [`Effect::WakeAt`] that has not come.
    wake: Option<Moment>,
    memory: Memory,
    /// The other candidates, on their way to the newest publication.
    line: Line,
    /// The newest publication, if it did not come into force here by what this candidate saw itself.
    rejected: Option<report::Rejected>,
    /// For whom the candidate waits.
    waits_for: Vec<String>,
    /// The digests of which the other side keeps something.
    kept: BTreeSet<String>,
    swaps: u64,
    restored: u64,
    left_behind: u64,
    /// Those of the step under way.
    effects: Vec<Effect>,
}

/// A policy that passed its stages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    policy: Policy,
    about: About,
    source: String,
}

/// A job that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Job {
    id: JobId,
    policy: Policy,
    purpose: Purpose,
}

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    /// The candidate's stage.
    Candidate,
    /// The standard policy is prepared in case it is needed.
    Fallback,
    /// Nothing any more: it cannot be interrupted, and what comes of it does not count.
    None,
}

impl Rollout {
    /// Nothing is found yet, and nothing active.
    pub fn new(config: Config) -> Rollout {
        Rollout {
            config,
            last_job: JobId::default(),
            wanted: None,
            candidate: None,
            shown: None,
            refused_source: None,
            source_error: None,
            source_failing: Recurring::default(),
            job: None,
            takeover: None,
            active: None,
            last_good: None,
            fallback: Fallback::Absent,
            not_restored: Vec::new(),
            restores_at: None,
            restores_failed: 0,
            loads_failed: 0,
            wake: None,
            memory: Memory::default(),
            line: Line::default(),
            rejected: None,
            waits_for: Vec::new(),
            kept: BTreeSet::new(),
            swaps: 0,
            restored: 0,
            left_behind: 0,
            effects: Vec::new(),
        }
    }

    /// Takes an event that happened `now`, and gives what is to be done, in that order. Moments
    /// never go back.
    pub fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        match event {
            Event::Found(publication) => self.found(now, publication),
            Event::Refused { source, refusal } => self.source_refused(source, refusal),
            Event::Unavailable(why) => self.source_unavailable(now, why),
            Event::StageEnded { job, end } => self.stage_ended(now, job, end),
            Event::ShadowAnswered { job, differs, resigns } => {
                self.shadow_answered(job, differs, resigns);
            }
            Event::ShadowFailed { job, why } => self.shadow_failed(job, why),
            Event::TookOver { job, memory_lost, pause_micros } => {
                self.took_over(now, job, memory_lost, pause_micros);
            }
            Event::NotTakenOver { job, why } => self.not_taken_over(now, job, why),
            Event::Failed => self.failed(),
            Event::LeftBehind { digest } => self.thread_left_behind(digest),
            Event::Fleet(fleet) => self.line.see(now, fleet),
            Event::Skip(what) => self.skip(now, what),
            Event::Woke => self.wake = None,
        }
        self.advance(now);
        mem::take(&mut self.effects)
    }

    /// All that is known of the policies, as of the last step.
    pub fn report(&self) -> Report {
        Report {
            active: self.active.clone(),
            last_good: self.last_good.as_ref().map(|good| good.policy.clone()),
            candidate: self.shown.clone(),
            source_error: self.source_error.as_ref().map(|(why, _)| why.clone()),
            source_unavailable_since: self.source_error.as_ref().map(|(_, since)| *since),
            swaps: self.swaps,
            restored: self.restored,
            left_behind: self.left_behind,
            waits_for: self.waits_for.clone(),
            stopped_by: self.line.stopped.clone(),
            rejected: self.rejected.clone(),
        }
    }

    /// Does whatever may be done now. A policy in force that failed goes first, then the candidate;
    /// the standard policy is prepared when nothing else wants the one job, unless it is to replace
    /// the one that failed.
    fn advance(&mut self, now: Moment) {
        self.drop_what_is_bad();
        self.retry_restoring(now);
        self.look_at_line(now);
        self.replace_broken();
        self.go_back();
        if self.is_broken() {
            self.prepare_fallback();
        }
        self.advance_candidate(now);
        self.prepare_fallback();
        self.forget();
        self.waits_for = self.waits_for(now);
        self.wake_at(now);
    }

    /// For what time alone ends. A moment that has passed waits for something else.
    fn wake_at(&mut self, now: Moment) {
        let trial = self.candidate.as_ref().and_then(Candidate::trial_ends);
        let due = [trial, self.restores_at, self.fallback_at(), self.line_wakes_at(now)];
        let due = due.into_iter().flatten().filter(|at| now < *at).min();
        if let Some(at) = due.filter(|_| due != self.wake) {
            self.wake = due;
            self.effects.push(Effect::WakeAt(at));
        }
    }

    fn run(&mut self, purpose: Purpose, stage: Stage, policy: Policy) {
        let id = self.next_job();
        self.job = Some(Job { id, policy: policy.clone(), purpose });
        self.kept.insert(policy.digest.clone());
        self.effects.push(Effect::Run { job: id, stage, policy });
    }

    fn next_job(&mut self) -> JobId {
        self.last_job = JobId(self.last_job.0 + 1);
        self.last_job
    }

    fn tell(&mut self, fact: Fact) {
        self.effects.push(Effect::Tell(fact));
    }
}
