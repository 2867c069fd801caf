//! The running demonstration: one loop that hears the candidates, the lock and the clock, and
//! plays the script.

use super::application::beat;
use super::candidate::{Candidate, Exit, Launch};
use super::controls::{Call, Controls};
use super::lock::Lock;
use super::options::{NAMES, Options};
use super::outcome::Outcome;
use super::policies::PolicyFile;
use super::referee::{Cause, Referee};
use super::sampler::{Sample, sample};
use super::screen::Screen;
use super::script::Script;
use super::swap::Swaps;
use super::words;
use anyhow::{Context, bail};
use hotseat_apiserver::{FaultId, LEASES, Server};
use hotseat_core::time::Moment;
use hotseat_election::clock;
use hotseat_http::{LeaderAnswer, PolicyName};
use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

/// Between two looks at the script, and two frames of the live view.
const FRAME: Duration = Duration::from_millis(50);
/// Events of the timeline that are kept.
const TIMELINE: usize = 200;
/// The signal that ends a process without asking it.
const SIGKILL: i32 = 9;

/// A demonstration on its way.
pub struct Stage {
    pub(super) lease: Duration,
    pub(super) duration: Option<Duration>,
    pub(super) launch: Launch,
    pub(super) server: Server,
    pub(super) fleet: Vec<Candidate>,
    pub(super) states: Vec<Known>,
    pub(super) referee: Referee,
    pub(super) lock: Lock,
    pub(super) policy: Option<PolicyName>,
    /// The policy's file, and what became of its changes.
    pub(super) file: PolicyFile,
    pub(super) swaps: Swaps,
    /// Whether the application beside each candidate gives its heartbeat.
    pub(super) applications: Vec<watch::Sender<bool>>,
    pub(super) timeline: VecDeque<(Duration, String)>,
    pub(super) start: Moment,
    pub(super) screen: Screen,
    pub(super) script: Script,
    pub(super) exits: mpsc::Sender<Exit>,
    /// Whether the script plays, and nobody has laid hands on anything.
    pub(super) scripted: bool,
    /// What keeps each candidate from the API server.
    pub(super) cut: Vec<Vec<FaultId>>,
    greeted: bool,
    overlapped: bool,
}

/// What is known of a candidate.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) fate: Fate,
    /// Its last answer and when it had come.
    pub(super) last: Option<(Moment, LeaderAnswer)>,
    /// Why it last gave none.
    pub(super) error: Option<String>,
}

/// What is going on with a candidate's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Running,
    /// It was killed and will be gone in a moment.
    Killed,
    /// It was asked to leave, at that moment.
    Leaving(Moment),
    /// It has no process.
    Gone,
}

impl Stage {
    /// A demonstration that is ready to begin.
    pub fn new(
        options: &Options,
        launch: Launch,
        file: PolicyFile,
        server: Server,
        screen: Screen,
    ) -> Stage {
        let candidates = NAMES.iter().zip(options.ports).enumerate();
        let fleet = candidates.map(|(index, (name, port))| Candidate::new(index, name, port));
        let state = Known { fate: Fate::Gone, last: None, error: None };
        let start = clock::now();
        Stage {
            lease: options.lease,
            duration: options.duration,
            swaps: Swaps::new(launch.timing.retry_period),
            launch,
            file,
            applications: NAMES.iter().map(|_| watch::Sender::new(true)).collect(),
            server,
            fleet: fleet.collect(),
            states: vec![state; NAMES.len()],
            referee: Referee::new(NAMES.len(), start),
            lock: Lock::default(),
            policy: None,
            timeline: VecDeque::new(),
            start,
            screen,
            script: Script::of(options),
            scripted: true,
            cut: vec![Vec::new(); NAMES.len()],
            greeted: false,
            overlapped: false,
            // Takes its place when the play begins.
            exits: mpsc::channel(1).0,
        }
    }

    /// Plays until the time is over, `stop` says so, or nobody reads the output any more. Says
    /// whether the whole time was played.
    ///
    /// # Errors
    ///
    /// If a candidate cannot be started, or ends by itself.
    pub async fn play(
        &mut self,
        stop: impl Future<Output = ()>,
        mut controls: Option<Controls>,
    ) -> anyhow::Result<bool> {
        let (exits, mut ended) = mpsc::channel(NAMES.len());
        self.exits = exits;
        let (sender, mut samples) = mpsc::channel(256);
        for candidate in &self.fleet {
            tokio::spawn(sample(candidate.index, candidate.address(), sender.clone()));
            let beats = self.applications[candidate.index].subscribe();
            tokio::spawn(beat(candidate.address(), beats));
        }
        let mut changes = self.server.store().changes();
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);

        self.tell(format!("{} start", words::list(&NAMES)));
        self.bring_back()?;
        loop {
            tokio::select! {
                () = &mut stop => return Ok(false),
                Some(sample) = samples.recv() => self.hear(sample),
                Some(exit) = ended.recv() => self.bury(exit)?,
                Ok(()) = changes.changed() => self.look_at_lock(),
                Some(call) = next_call(controls.as_mut()) => self.take_call(call)?,
                _ = frames.tick() => {
                    if self.duration.is_some_and(|duration| self.elapsed() >= duration) {
                        return Ok(true);
                    }
                    if self.screen.is_gone() {
                        return Ok(false);
                    }
                    self.follow_script()?;
                    self.screen.draw(|| self.picture());
                }
            }
        }
    }

    /// Ends all candidates.
    pub async fn clear(&mut self) {
        for candidate in &mut self.fleet {
            candidate.finish().await;
        }
    }

    /// The figures so far.
    pub fn outcome(&self) -> Outcome {
        // Others may ask the server too, such as a kubectl beside the demonstration.
        let requests = self.server.requests().by_agent("hotseat/").total();
        Outcome::new(&self.referee, &NAMES, self.lock.heartbeats(), requests, self.swaps.done())
    }

    /// What the candidates that run said last, if it was no answer.
    pub fn errors(&self) -> Vec<String> {
        let states = self.states.iter().zip(NAMES);
        let running = states.filter(|(state, _)| state.fate == Fate::Running);
        running.filter_map(|(s, name)| Some(format!("{name}: {}", s.error.as_ref()?))).collect()
    }

    /// Since the demonstration began.
    pub fn elapsed(&self) -> Duration {
        clock::now().since(self.start)
    }

    pub(super) fn tell(&mut self, text: String) {
        let at = self.elapsed();
        self.screen.tell(at, &text);
        if self.timeline.len() == TIMELINE {
            self.timeline.pop_front();
        }
        self.timeline.push_back((at, text));
    }

    fn hear(&mut self, sample: Sample) {
        let state = &mut self.states[sample.candidate];
        let (reading, answer) = match sample.answer {
            Ok(answer) => answer,
            Err(error) => {
                state.error = Some(format!("{error:#}"));
                return;
            }
        };
        state.error = None;
        if let (0, false, Some(address)) =
            (sample.candidate, self.greeted, *self.fleet[0].address().borrow())
        {
            self.greeted = true;
            self.tell(format!("the page is http://localhost:{}/ui", address.port()));
        }
        let state = &mut self.states[sample.candidate];
        if answer.policy.is_some() {
            self.policy.clone_from(&answer.policy);
        }
        state.last = Some((reading.after, answer));
        if let Some(election) = self.referee.read(&reading) {
            self.tell(words::elected(&election, &NAMES));
        }
        self.look_at_swap(reading.after);
        if !self.overlapped && !self.referee.overlap().is_zero() {
            self.overlapped = true;
            self.tell("TWO LED AT ONCE".to_owned());
        }
    }

    fn look_at_lock(&mut self) {
        let lease = self.server.store().get(&LEASES, "default", &self.launch.election);
        let (before, now) = (self.lock.heartbeats(), clock::now());
        self.lock.see(lease.as_deref(), now);
        if self.lock.heartbeats() == before {
            return;
        }
        if let Some(swapped) = self.swaps.beat(now) {
            let text = words::swapped(swapped);
            self.tell(text);
        }
    }

    /// The swap is over when every candidate says that the new policy decides.
    fn look_at_swap(&mut self, at: Moment) {
        let Some(digest) = self.swaps.awaited() else { return };
        let decides = |state: &Known| {
            let policy = state.last.as_ref().and_then(|(_, answer)| answer.policy.as_ref());
            policy.is_some_and(|policy| policy.digest == digest)
        };
        let mut running = self.states.iter().filter(|state| state.fate == Fate::Running);
        if running.all(decides) {
            self.swaps.end(at);
        }
    }

    fn bury(&mut self, exit: Exit) -> anyhow::Result<()> {
        let name = NAMES[exit.candidate];
        let status =
            exit.status.with_context(|| format!("candidate {name} cannot be waited for"))?;
        let state = &mut self.states[exit.candidate];
        let (fate, answered) = (state.fate, state.last.is_some());
        *state = Known { fate: Fate::Gone, last: None, error: None };
        self.fleet[exit.candidate].ended();
        let killed = status.signal() == Some(SIGKILL);
        match fate {
            Fate::Killed => {}
            Fate::Leaving(_) if status.success() || killed => {}
            // Somebody at another terminal takes part.
            Fate::Running if answered && (killed || status.success()) => {
                if self.referee.leader() == Some(exit.candidate) && self.referee.open().is_none() {
                    self.referee.harm(Cause::Killed, clock::now());
                }
                self.tell(format!("{name} was killed by something else ({status})"));
            }
            _ => bail!("candidate {name} ended by itself: {status}"),
        }
        Ok(())
    }
}

/// The next one who asks for the page; never, where there is none.
async fn next_call(controls: Option<&mut Controls>) -> Option<Call> {
    match controls {
        Some(controls) => controls.next().await,
        None => std::future::pending().await,
    }
}
