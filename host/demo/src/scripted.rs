//! What is done to the candidates, as the script says.

use super::candidate::Order;
use super::options::NAMES;
use super::policies::Policy;
use super::referee::Cause;
use super::script::Action;
use super::stage::{Fate, Known, Stage};
use hotseat_election::clock;
use std::time::Duration;

/// How long a candidate may take to leave before it is killed.
const LEAVE: Duration = Duration::from_secs(10);

impl Stage {
    /// Does what is due, as far as the candidates are ready for it.
    ///
    /// # Errors
    ///
    /// If a candidate cannot be started, or a policy not be published.
    pub(super) fn follow_script(&mut self) -> anyhow::Result<()> {
        self.hurry_leavers();
        if !self.scripted {
            return Ok(());
        }
        while let Some(action) = self.script.due(self.elapsed()) {
            if !self.do_it(action)? {
                return Ok(());
            }
            self.script.done(self.elapsed());
        }
        Ok(())
    }

    /// False if it has to wait.
    fn do_it(&mut self, action: Action) -> anyhow::Result<bool> {
        match action {
            Action::BringBack | Action::LetSpeak | Action::Swap(_) if !self.is_settled() => {
                return Ok(false);
            }
            Action::BringBack => self.bring_back()?,
            Action::LetSpeak => self.let_speak(),
            Action::Swap(policy) => {
                if self.ready().count() < NAMES.len() {
                    self.bring_back()?;
                    return Ok(false);
                }
                self.swap(policy)?;
            }
            Action::KillLeader | Action::AskLeaderToLeave | Action::SilenceLeader => {
                let Some(leader) = self.leader_with_standby() else {
                    // Whoever was ended by somebody else has to be there first.
                    if self.is_settled() {
                        self.bring_back()?;
                    }
                    return Ok(false);
                };
                self.harm(leader, action);
            }
        }
        Ok(true)
    }

    fn harm(&mut self, leader: usize, action: Action) {
        let name = NAMES[leader];
        let now = clock::now();
        match action {
            Action::KillLeader => {
                self.tell(format!("{name} is killed without warning"));
                self.referee.harm(Cause::Killed, now);
                self.states[leader].fate = Fate::Killed;
                self.fleet[leader].order(Order::Kill);
            }
            Action::AskLeaderToLeave => {
                self.tell(format!("{name} is asked to leave"));
                self.referee.harm(Cause::Released, now);
                self.states[leader].fate = Fate::Leaving(now);
                self.fleet[leader].order(Order::Leave);
            }
            _ => {
                self.tell(format!("{name} goes on, but its application falls silent"));
                self.referee.harm(Cause::Silenced, now);
                self.applications[leader].send_replace(false);
            }
        }
    }

    fn let_speak(&mut self) {
        for (index, name) in NAMES.into_iter().enumerate() {
            if !self.applications[index].send_replace(true) {
                self.tell(format!("{name}'s application gives its heartbeat again"));
            }
        }
    }

    pub(super) fn swap(&mut self, policy: Policy) -> anyhow::Result<()> {
        let name = policy.name();
        self.tell(format!("the policy {name} is published, and nobody is restarted"));
        let before = clock::now();
        self.file.publish(policy)?;
        self.swaps.begin(policy.digest(), before);
        Ok(())
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

    /// Starts whoever is not running.
    ///
    /// # Errors
    ///
    /// If one cannot be started.
    pub(super) fn bring_back(&mut self) -> anyhow::Result<()> {
        let first = self.timeline.len() <= 1;
        for (index, name) in NAMES.into_iter().enumerate() {
            if self.start(index)? && !first {
                self.tell(format!("{name} is started again"));
            }
        }
        Ok(())
    }

    /// Starts one again, if it is not running.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(super) fn start_again(&mut self, index: usize) -> anyhow::Result<()> {
        if self.start(index)? {
            self.tell(format!("{} is started again", NAMES[index]));
        }
        Ok(())
    }

    /// False if it was not gone.
    fn start(&mut self, index: usize) -> anyhow::Result<bool> {
        let gone = self.states[index].fate == Fate::Gone;
        if gone {
            self.fleet[index].start(&self.launch, &self.exits)?;
            self.states[index] = Known { fate: Fate::Running, last: None, error: None };
        }
        Ok(gone)
    }

    /// Nothing is under way: somebody leads, or nobody is left to, and all have the same policy.
    fn is_settled(&self) -> bool {
        let running = self.states.iter().filter(|s| s.fate == Fate::Running).count();
        let going = self.states.iter().any(|s| matches!(s.fate, Fate::Killed | Fate::Leaving(_)));
        let led = running == 0 || self.referee.open().is_none();
        !going && led && self.swaps.awaited().is_none()
    }

    /// The candidates that run and answer.
    fn ready(&self) -> impl Iterator<Item = usize> {
        let ready = |s: &Known| s.fate == Fate::Running && s.last.is_some() && s.error.is_none();
        let states = self.states.iter().enumerate();
        states.filter(move |(_, state)| ready(state)).map(|(index, _)| index)
    }

    /// The leader, if another candidate is there to follow it.
    fn leader_with_standby(&self) -> Option<usize> {
        let leader = self.referee.leader().filter(|_| self.is_settled())?;
        let (mut others, mut itself) = (false, false);
        for index in self.ready() {
            itself |= index == leader;
            others |= index != leader;
        }
        (itself && others).then_some(leader)
    }
}
