//! The election, and the loop that owns it.

use crate::clock;
use crate::engine::{EngineEvent, PolicyEngine};
use crate::fact::{Decided, Fact, Facts, Observer, ShadowDiffered};
use crate::inbox::{Came, Inbox, Receivers, Stopper};
use crate::lock::Lock;
use crate::report::Reporter;
use crate::roster;
use crate::seats::{self, Seats};
use crate::signals;
use crate::source::{PolicySource, Sourced};
use crate::status::Status;
use crate::ways::{OuterLock, Way, Ways, named};
use hotseat_core::config::Config;
use hotseat_core::electors::{Electors, Which};
use hotseat_core::event::{Account, AskId, Effect, Event, Via, Write};
use hotseat_core::lock;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Input};
use hotseat_core::request::SkipRequest;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, Fingerprint, Fleet, JobId, Publication, Rollout};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, UnboundedSender, channel, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};

/// Events that may wait for the loop: far more than can be under way at a time, so that only a
/// watch which the server floods ever waits.
const WAITING_EVENTS: usize = 256;
/// What the source may have to say at a time.
const WAITING_POLICIES: usize = 64;

/// One election: its electors, the rollout of its policy, and its ports.
pub struct Election {
    electors: Electors,
    rollout: Rollout,
    engine: Box<dyn PolicyEngine>,
    ways: Ways,
    facts: Facts,
    reporter: Arc<Reporter>,
    status: Status,
    first: First,
    /// What the election tells itself, in place of an answer that cannot come.
    due: VecDeque<(Which, Event)>,
    /// The last question to the policy, for trials of another one.
    asked: Option<Input>,
    /// Who answered last: another policy may have taken over since.
    answered: Option<(AskId, String)>,
    shadowed: bool,
    /// Why the first policy did not load, where it has to.
    not_loaded: Option<String>,
    /// What stands on the lock to be skipped, as it was seen last.
    skip: Option<SkipRequest>,
    finished: bool,
}

/// Makes an engine that says what happens there.
pub type MakeEngine = Box<dyn FnOnce(UnboundedSender<EngineEvent>) -> Box<dyn PolicyEngine> + Send>;

/// What an election is made of.
pub struct Parts {
    /// The elector's.
    pub config: Config,
    /// The rollout's.
    pub rollout: rollout::Config,
    /// The lock.
    pub lock: Arc<dyn Lock>,
    /// The lock that is taken before it, where there are two (I16).
    pub outer: Option<OuterLock>,
    /// Where the policy comes from.
    pub source: Box<dyn PolicySource>,
    /// Makes what runs policies, which tells of them there.
    pub engine: MakeEngine,
    /// Where facts are said. Observers are added by [`Election::run`].
    pub facts: Facts,
    /// Who observes them, in this order.
    pub observers: Vec<Arc<dyn Observer>>,
    /// What may be read of the election.
    pub status: Status,
    /// The seats of the process, which its elections share.
    pub seats: Seats,
    /// Whether the election ends if the first publication of the source is refused or missing,
    /// since it was asked for and nobody else will ever correct it.
    pub first_must_load: bool,
}

/// What runs beside the loop, for as long as that does.
struct Aside {
    source: Box<dyn PolicySource>,
    to_source: Sender<Sourced>,
    /// Where it hears how far the other candidates are; none: that does not matter.
    fleets: Option<Sender<Fleet>>,
    seats: Seats,
}

/// What becomes of the first publication, where the election is to end if it does not load.
#[derive(Clone, Debug, PartialEq, Eq)]
enum First {
    /// It may come late or never: nothing hangs on it, or not any more.
    Free,
    /// The source has given nothing yet.
    Awaited,
    /// This one is being loaded.
    Loading(rollout::Policy),
}

/// How an election ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// A part without which there is no election ended. The seat was given up.
    #[error("{0} has ended")]
    Broken(&'static str),
    /// The first policy had to load and did not.
    #[error("{0}")]
    NotLoaded(String),
    /// A timer failed.
    #[error("the timer failed")]
    Timer(#[from] io::Error),
}

impl Election {
    /// Runs an election until it is asked to stop and has given the seat up. Must be called inside
    /// a tokio runtime, in which its parts run beside it.
    ///
    /// # Errors
    ///
    /// It ended for another reason.
    pub async fn run(parts: Parts, stopper: &Stopper) -> Result<(), Ended> {
        let (events, from_events) = channel(WAITING_EVENTS);
        let (outer_events, from_outer) = channel(WAITING_EVENTS);
        let (engine_events, from_engine) = unbounded_channel();
        let (to_source, from_source) = channel(WAITING_POLICIES);
        let (to_fleet, fleet) = channel(1);
        // Where nobody waits for others, nobody has to know how far they are.
        let fleets = parts.rollout.turns.is_some().then_some(to_fleet);
        let receivers = Receivers {
            stop: stopper.asked(),
            events: from_events,
            outer: from_outer,
            engine: from_engine,
            source: from_source,
            fleet,
            application: parts.status.application().heard(),
        };
        let inbox = Inbox::new(receivers, parts.config.timing.retry_period)?;
        let reporter = Arc::new(Reporter::new(parts.status.clone()));
        let mut observers: Vec<Arc<dyn Observer>> = vec![reporter.clone()];
        observers.extend(parts.observers);
        parts.facts.observe_by(observers);
        let label = parts.source.label().to_owned();
        let on_failure = parts.config.on_failure;
        parts.status.change_policy(|report| {
            report.source = label;
            report.on_failure = on_failure;
        });
        let (electors, outer) = match parts.outer {
            None => (Electors::one(parts.config), None),
            Some(OuterLock { lock, predecessor }) => {
                let way = Way::new(lock, outer_events);
                (Electors::two(parts.config, predecessor), Some(way))
            }
        };
        let election = Election {
            electors,
            rollout: Rollout::new(parts.rollout),
            engine: (parts.engine)(engine_events),
            ways: Ways { inner: Way::new(parts.lock, events), outer },
            facts: parts.facts,
            reporter,
            status: parts.status,
            first: if parts.first_must_load { First::Awaited } else { First::Free },
            due: VecDeque::new(),
            asked: None,
            answered: None,
            shadowed: false,
            not_loaded: None,
            skip: None,
            finished: false,
        };
        election
            .turn(inbox, Aside { source: parts.source, to_source, fleets, seats: parts.seats })
            .await
    }

    /// The loop: one thing after the other that happens.
    async fn turn(
        mut self,
        mut inbox: Inbox,
        Aside { source, to_source, fleets, seats }: Aside,
    ) -> Result<(), Ended> {
        let following = inbox.need("the watch", self.ways.inner.follow());
        let outer = self.ways.outer.as_ref().map(Way::follow);
        let following_outer = outer.map(|part| inbox.need("the outer lock's watch", part));
        let sourcing = tokio::spawn(source.follow(to_source));
        let mut relaying = relay_facts(&self.status, seats, &self.ways.inner.events);
        if let Some(fleets) = fleets {
            relaying.spawn(roster::relay_fleet(self.status.clone(), fleets));
        }
        let mut ended = Ok(());
        let mut stopping = false;
        self.elect(Event::Started, &inbox)?;
        while !self.finished {
            let mut stop = false;
            match inbox.next(&self.status).await? {
                Came::Event(event) => {
                    self.look_for_skip(&event, &inbox)?;
                    self.elect(event, &inbox)?;
                }
                Came::Outer(event) => self.elect_about(Which::Outer, event, &inbox)?,
                Came::Engine(event) => self.hear(event, &inbox)?,
                Came::Source(sourced) => self.source(sourced, &inbox)?,
                Came::Fleet(fleet) => self.roll(rollout::Event::Fleet(fleet), &inbox)?,
                Came::RolloutWoke => self.roll(rollout::Event::Woke, &inbox)?,
                Came::Stop => stop = true,
                Came::Broken(part) => {
                    tracing::error!(part, "a part of this program has ended: stopping");
                    ended = Err(Ended::Broken(part));
                    stop = true;
                }
            }
            if let Some(why) = self.not_loaded.take() {
                return Err(Ended::NotLoaded(why));
            }
            if stop && !std::mem::replace(&mut stopping, true) {
                self.elect(Event::Stop, &inbox)?;
            }
        }
        following.abort();
        following_outer.inspect(AbortHandle::abort);
        sourcing.abort();
        ended
    }

    /// Hands an event to the elector, and carries out what it wants.
    fn elect(&mut self, event: Event, inbox: &Inbox) -> io::Result<()> {
        self.elect_about(Which::Inner, event, inbox)
    }

    /// An event about one of the locks.
    fn elect_about(&mut self, which: Which, event: Event, inbox: &Inbox) -> io::Result<()> {
        self.due.push_back((which, event));
        while let Some((which, event)) = self.due.pop_front() {
            for (which, effect) in self.electors.step(clock::now(), which, event) {
                self.carry_out(which, effect, inbox)?;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, which: Which, effect: Effect, inbox: &Inbox) -> io::Result<()> {
        match effect {
            Effect::Ask { ask, input } => self.ask(ask, *input),
            Effect::Read { deadline } => self.read(which, deadline),
            Effect::Write(write) => self.write(which, write),
            Effect::WakeAt(at) => inbox.alarm.set(at)?,
            Effect::Show(view) => self.status.show(*view),
            Effect::Tell(notice) => self.facts.say(&Fact::Elector(named(which, notice))),
            Effect::Account(account) => self.keep(*account),
            Effect::RestorePolicy => self.roll(rollout::Event::Failed, inbox)?,
            Effect::RestartWatch => self.ways.to(which).restart_watch.notify_one(),
            Effect::Finished => self.finished = true,
        }
        Ok(())
    }

    fn ask(&mut self, ask: AskId, input: Input) {
        self.asked = Some(input.clone());
        if let Err(refused) = self.engine.ask(ask, input) {
            let failure = Failure { kind: FailureKind::TimedOut, detail: refused.to_string() };
            self.due.push_back((Which::Inner, Event::Decided { ask, answer: Err(failure) }));
        }
    }

    fn read(&self, which: Which, deadline: Moment) {
        let Way { lock, events, .. } = self.ways.to(which);
        let (asked, events) = (clock::now(), events.clone());
        let reading = lock.read(deadline);
        tokio::spawn(async move {
            let event = match reading.await {
                Ok(lock) => Event::Observed { lock, via: Via::Read { asked, requested: true } },
                Err(trouble) => Event::ReadFailed(trouble),
            };
            // The election has ended if nobody takes it.
            let _ = events.send(event).await;
        });
    }

    fn write(&self, which: Which, write: Write) {
        let Way { lock, events, .. } = self.ways.to(which);
        let (serial, events) = (write.mark.serial, events.clone());
        let writing = lock.write(write);
        tokio::spawn(async move {
            let result = writing.await;
            let _ = events.send(Event::WriteEnded { serial, result }).await;
        });
    }

    /// A decision was made. Where no answer came, it is the active policy's that did not give one.
    fn keep(&mut self, account: Account) {
        let policy = account.ask.and_then(|ask| {
            let known = self.answered.take_if(|(known, _)| *known == ask);
            known.map(|(_, digest)| digest).or_else(|| self.active_digest())
        });
        self.facts.say(&Fact::Decided(Box::new(Decided { policy, account })));
    }

    fn active_digest(&self) -> Option<String> {
        let report = self.status.policy();
        report.rollout.active.as_ref().map(|active| active.policy.digest.clone())
    }
}

/// Policies, on their way and in force.
impl Election {
    /// Hands an event to the rollout, and carries out what it wants.
    fn roll(&mut self, event: rollout::Event, inbox: &Inbox) -> io::Result<()> {
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
    fn look_for_skip(&mut self, event: &Event, inbox: &Inbox) -> io::Result<()> {
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

    fn source(&mut self, sourced: Sourced, inbox: &Inbox) -> io::Result<()> {
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

    fn hear(&mut self, event: EngineEvent, inbox: &Inbox) -> io::Result<()> {
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

/// Starts the tasks that tell the elector of signals, the roster and other seats; they end with what is given back.
fn relay_facts(status: &Status, seats: Seats, events: &Sender<Event>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let relay = signals::relay(status.signals().clone(), events.clone());
    tasks.spawn(async move {
        if let Err(error) = relay.await {
            tracing::error!(%error, "there is no timer: signals do not reach the policy any more");
        }
    });
    tasks.spawn(roster::relay(status.clone(), events.clone()));
    tasks.spawn(seats::relay(seats, status.clone(), events.clone()));
    tasks
}
