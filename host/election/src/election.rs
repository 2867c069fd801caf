//! The election, and the loop that owns it.

mod policies;

use crate::clock;
use crate::engine::{EngineEvent, PolicyEngine};
use crate::fact::{Decided, Fact, Facts, Observer};
use crate::inbox::{Came, Inbox, Receivers, Stopper};
use crate::lock::Lock;
use crate::reporter::Reporter;
use crate::roster;
use crate::seats::{self, Seats};
use crate::signals;
use crate::source::{PolicySource, Sourced};
use crate::status::Status;
use crate::ways::{OuterLock, Way, Ways, named};
use hotseat_core::config::Config;
use hotseat_core::electors::{Electors, Which};
use hotseat_core::event::{Account, AskId, Effect, Event, Via, Write};
use hotseat_core::policy::{Failure, FailureKind, Input};
use hotseat_core::request::SkipRequest;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, Fleet, Rollout};
use policies::First;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel, unbounded_channel};
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
        let (engine_events, from_engine) = unbounded_channel();
        let (to_source, from_source) = channel(WAITING_POLICIES);
        let (to_fleet, fleet) = channel(1);
        // Where nobody waits for others, nobody has to know how far they are.
        let fleets = parts.rollout.turns.is_some().then_some(to_fleet);
        let (retry_period, on_failure) =
            (parts.config.timing.retry_period, parts.config.on_failure);
        let (electors, outer, from_outer) = of_locks(parts.config, parts.outer);
        let receivers = Receivers {
            stop: stopper.asked(),
            events: from_events,
            outer: from_outer,
            engine: from_engine,
            source: from_source,
            fleet,
            application: parts.status.application().heard(),
        };
        let inbox = Inbox::new(receivers, retry_period)?;
        let reporter = Arc::new(Reporter::new(parts.status.clone()));
        let mut observers: Vec<Arc<dyn Observer>> = vec![reporter.clone()];
        observers.extend(parts.observers);
        parts.facts.observe_by(observers);
        let label = parts.source.label().to_owned();
        parts.status.change_policy(|report| {
            report.source = label;
            report.on_failure = on_failure;
        });
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
        let aside = Aside { source: parts.source, to_source, fleets, seats: parts.seats };
        Box::pin(election.turn(inbox, aside)).await
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
                Err(error) => Event::ReadFailed(error),
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

/// The electors of one lock or of two, with the way to the outer one and what comes from there.
fn of_locks(
    config: Config,
    outer: Option<OuterLock>,
) -> (Electors, Option<Way>, Option<Receiver<Event>>) {
    let Some(OuterLock { lock, predecessor }) = outer else {
        return (Electors::one(config), None, None);
    };
    let (events, from_outer) = channel(WAITING_EVENTS);
    (Electors::two(config, predecessor), Some(Way::new(lock, events)), Some(from_outer))
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
