//! The running demonstration: one loop that hears the candidates, the lock and the clock, and
//! plays the script.

use super::candidate::{Candidate, Exit, Launch, Order};
use super::lock::Lock;
use super::outcome::Outcome;
use super::referee::{Cause, Referee};
use super::sampler::{Sample, sample};
use super::screen::Screen;
use super::script::{Deed, Script};
use super::words;
use super::{NAMES, Options};
use crate::clock;
use crate::http::{LeaderAnswer, PolicyName};
use anyhow::{Context, bail};
use hotseat_apiserver::{LEASES, Server};
use hotseat_core::time::Moment;
use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// Between two looks at the script, and two frames of the live view.
const FRAME: Duration = Duration::from_millis(50);
/// Events of the timeline that are kept.
const TIMELINE: usize = 200;
/// How long a candidate may take to leave before it is killed.
const LEAVE: Duration = Duration::from_secs(10);
/// The signal that ends a process without asking it.
const SIGKILL: i32 = 9;

/// A demonstration on its way.
pub struct Stage {
    pub(super) lease: Duration,
    pub(super) length: Option<Duration>,
    pub(super) launch: Launch,
    pub(super) server: Server,
    pub(super) fleet: Vec<Candidate>,
    pub(super) states: Vec<State>,
    pub(super) referee: Referee,
    pub(super) lock: Lock,
    pub(super) policy: Option<PolicyName>,
    pub(super) timeline: VecDeque<(Duration, String)>,
    pub(super) start: Moment,
    pub(super) screen: Screen,
    script: Script,
    overlapped: bool,
    exits: mpsc::Sender<Exit>,
}

/// What is known of a candidate.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) fate: Fate,
    /// Its last answer and when it had come.
    pub(super) last: Option<(Moment, LeaderAnswer)>,
    /// Why it last gave none.
    pub(super) trouble: Option<String>,
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
    pub fn new(options: &Options, launch: Launch, server: Server, screen: Screen) -> Stage {
        let candidates = NAMES.iter().zip(options.ports).enumerate();
        let fleet = candidates.map(|(index, (name, port))| Candidate::new(index, name, port));
        let state = State { fate: Fate::Gone, last: None, trouble: None };
        let start = clock::now();
        Stage {
            lease: options.lease,
            length: options.length,
            launch,
            server,
            fleet: fleet.collect(),
            states: vec![state; NAMES.len()],
            referee: Referee::new(NAMES.len(), start),
            lock: Lock::default(),
            policy: None,
            timeline: VecDeque::new(),
            start,
            screen,
            script: Script::new(options.lease, options.length),
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
    pub async fn play(&mut self, stop: impl Future<Output = ()>) -> anyhow::Result<bool> {
        let (exits, mut ended) = mpsc::channel(NAMES.len());
        self.exits = exits;
        let (sender, mut samples) = mpsc::channel(256);
        for candidate in &self.fleet {
            tokio::spawn(sample(candidate.index, candidate.address(), sender.clone()));
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
                _ = frames.tick() => {
                    if self.length.is_some_and(|length| self.elapsed() >= length) {
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
        Outcome::new(&self.referee, &NAMES, self.lock.heartbeats(), requests)
    }

    /// What the candidates that run said last, if it was no answer.
    pub fn troubles(&self) -> Vec<String> {
        let states = self.states.iter().zip(NAMES);
        let troubles = states.filter(|(state, _)| state.fate == Fate::Running);
        troubles.filter_map(|(s, name)| Some(format!("{name}: {}", s.trouble.as_ref()?))).collect()
    }

    /// Since the demonstration began.
    pub fn elapsed(&self) -> Duration {
        clock::now().since(self.start)
    }

    fn tell(&mut self, text: String) {
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
                state.trouble = Some(format!("{error:#}"));
                return;
            }
        };
        state.trouble = None;
        if answer.policy.is_some() {
            self.policy.clone_from(&answer.policy);
        }
        state.last = Some((reading.after, answer));
        if let Some(election) = self.referee.read(&reading) {
            self.tell(words::elected(&election, &NAMES));
        }
        if !self.overlapped && !self.referee.overlap().is_zero() {
            self.overlapped = true;
            self.tell("TWO LED AT ONCE".to_owned());
        }
    }

    fn look_at_lock(&mut self) {
        let lease = self.server.store().get(&LEASES, "default", &self.launch.election);
        self.lock.see(lease.as_deref(), clock::now());
    }

    fn bury(&mut self, exit: Exit) -> anyhow::Result<()> {
        let name = NAMES[exit.candidate];
        let status =
            exit.status.with_context(|| format!("candidate {name} cannot be waited for"))?;
        let state = &mut self.states[exit.candidate];
        let (fate, answered) = (state.fate, state.last.is_some());
        *state = State { fate: Fate::Gone, last: None, trouble: None };
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
                self.tell(format!("{name} was ended by somebody else ({status})"));
            }
            _ => bail!("candidate {name} ended by itself: {status}"),
        }
        Ok(())
    }

    fn follow_script(&mut self) -> anyhow::Result<()> {
        self.hurry_leavers();
        while let Some(deed) = self.script.due(self.elapsed()) {
            match deed {
                Deed::BringBack if self.is_settled() => self.bring_back()?,
                Deed::KillLeader | Deed::AskLeaderToLeave => {
                    let Some(leader) = self.leader_with_standby() else {
                        // Whoever was ended by somebody else has to be there first.
                        if self.is_settled() {
                            self.bring_back()?;
                        }
                        return Ok(());
                    };
                    self.harm(leader, deed);
                }
                Deed::BringBack => return Ok(()),
            }
            self.script.done(self.elapsed());
        }
        Ok(())
    }

    fn harm(&mut self, leader: usize, deed: Deed) {
        let name = NAMES[leader];
        let now = clock::now();
        if deed == Deed::KillLeader {
            self.tell(format!("{name} is killed without warning"));
            self.referee.harm(Cause::Killed, now);
            self.states[leader].fate = Fate::Killed;
            self.fleet[leader].order(Order::Kill);
        } else {
            self.tell(format!("{name} is asked to leave"));
            self.referee.harm(Cause::Released, now);
            self.states[leader].fate = Fate::Leaving(now);
            self.fleet[leader].order(Order::Leave);
        }
    }

    fn hurry_leavers(&mut self) {
        let now = clock::now();
        for (index, name) in NAMES.into_iter().enumerate() {
            let Fate::Leaving(since) = self.states[index].fate else { continue };
            if now.since(since) > LEAVE {
                self.states[index].fate = Fate::Killed;
                self.fleet[index].order(Order::Kill);
                self.tell(format!("{name} did not leave and is killed"));
            }
        }
    }

    fn bring_back(&mut self) -> anyhow::Result<()> {
        let first = self.timeline.len() <= 1;
        for (index, name) in NAMES.into_iter().enumerate() {
            if self.states[index].fate != Fate::Gone {
                continue;
            }
            self.fleet[index].start(&self.launch, &self.exits)?;
            self.states[index] = State { fate: Fate::Running, last: None, trouble: None };
            if !first {
                self.tell(format!("{name} is started again"));
            }
        }
        Ok(())
    }

    /// Nothing is under way: somebody leads, or nobody is left to.
    fn is_settled(&self) -> bool {
        let running = self.states.iter().filter(|s| s.fate == Fate::Running).count();
        let going = self.states.iter().any(|s| matches!(s.fate, Fate::Killed | Fate::Leaving(_)));
        !going && (running == 0 || self.referee.open().is_none())
    }

    /// The leader, if another candidate is there to follow it.
    fn leader_with_standby(&self) -> Option<usize> {
        let leader = self.referee.leader().filter(|_| self.referee.open().is_none())?;
        let ready = |s: &State| s.fate == Fate::Running && s.last.is_some() && s.trouble.is_none();
        let mut others = self.states.iter().enumerate().filter(|(index, _)| *index != leader);
        (ready(&self.states[leader]) && others.any(|(_, state)| ready(state))).then_some(leader)
    }
}
