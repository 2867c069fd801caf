//! What a person does to the candidates, by the page of the demonstration.

use super::candidate::Order;
use super::controls::{Button, Call, LEADS, Row, Shown};
use super::options::NAMES;
use super::policies::Policy;
use super::referee::Cause;
use super::stage::{Fate, Stage};
use super::words;
use hotseat_apiserver::{Action, Fault, Verb};
use hotseat_election::clock;

/// Events that the page shows.
const SHOWN: usize = 12;

impl Stage {
    /// Does what was pressed, and answers.
    ///
    /// # Errors
    ///
    /// If a candidate cannot be started, or a policy not be published.
    pub(super) fn take_call(&mut self, call: Call) -> anyhow::Result<()> {
        if let Some(button) = call.button {
            self.carry_out(button)?;
        }
        // Whoever asked may have gone.
        let _ = call.reply.send(self.shown());
        Ok(())
    }

    fn carry_out(&mut self, button: Button) -> anyhow::Result<()> {
        self.scripted = button == Button::PlayOn;
        match button {
            Button::Kill(who) => self.end(who, Order::Kill),
            Button::Leave(who) => self.end(who, Order::Leave),
            Button::Start(who) => self.start_again(who)?,
            Button::Silence(who) if self.applications[who].send_replace(false) => {
                if self.decides_by_heartbeat() && self.referee.leader() == Some(who) {
                    self.referee.harm(Cause::Silenced, clock::now());
                }
                self.tell(format!("{}'s application falls silent", NAMES[who]));
            }
            Button::Speak(who) if !self.applications[who].send_replace(true) => {
                self.tell(format!("{}'s application gives its heartbeat again", NAMES[who]));
            }
            Button::CutOff(who) if self.cut[who].is_empty() => {
                let agent = format!("({})", NAMES[who]);
                let faults = self.server.faults();
                // What it asks gets no answer, and what it watches says nothing any more.
                let watch = Fault::on(Verb::Watch).agent(&agent);
                self.cut[who].push(faults.add(watch, Action::Silence));
                self.cut[who].push(faults.add(Fault::any().agent(&agent), Action::Reset));
                self.tell(format!("{} is cut off from the API server", NAMES[who]));
            }
            Button::Connect(who) if !self.cut[who].is_empty() => {
                for rule in std::mem::take(&mut self.cut[who]) {
                    self.server.faults().remove(rule);
                }
                self.tell(format!("{} reaches the API server again", NAMES[who]));
            }
            Button::Swap(policy) if self.swaps.awaited().is_none() => self.swap(policy)?,
            Button::PlayOn => self.play_on()?,
            // It is so already.
            Button::Silence(_) | Button::Speak(_) | Button::CutOff(_) | Button::Connect(_) => {}
            Button::Swap(_) => {}
        }
        Ok(())
    }

    fn end(&mut self, who: usize, order: Order) {
        if self.states[who].fate != Fate::Running {
            return;
        }
        let (name, now) = (NAMES[who], clock::now());
        let (cause, fate, text) = match order {
            Order::Kill => (Cause::Killed, Fate::Killed, "is killed without warning"),
            Order::Leave => (Cause::Released, Fate::Leaving(now), "is asked to leave"),
        };
        if self.referee.leader() == Some(who) && self.referee.open().is_none() {
            self.referee.harm(cause, now);
        }
        self.tell(format!("{name} {text}"));
        self.states[who].fate = fate;
        self.fleet[who].order(order);
    }

    /// All is as the script found it: everybody runs, speaks, and reaches the API server.
    fn play_on(&mut self) -> anyhow::Result<()> {
        for who in 0..NAMES.len() {
            self.carry_out(Button::Connect(who))?;
            self.carry_out(Button::Speak(who))?;
        }
        self.scripted = true;
        self.tell("the script plays on".to_owned());
        self.script.begin_anew(self.elapsed());
        Ok(())
    }

    fn decides_by_heartbeat(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.name == Policy::AppHeartbeat.name())
    }

    fn shown(&self) -> Shown {
        let now = clock::now();
        let row = |who: usize| {
            let state = &self.states[who];
            let address = *self.fleet[who].address().borrow();
            Row {
                name: NAMES[who],
                page: address.map(|address| format!("http://localhost:{}/ui", address.port())),
                state: match state.fate {
                    Fate::Gone | Fate::Killed => "is gone",
                    Fate::Leaving(_) => "leaves",
                    Fate::Running if state.last.is_none() => "starts",
                    Fate::Running if state.leading(now).is_some() => LEADS,
                    Fate::Running => "stands by",
                },
                runs: state.fate == Fate::Running,
                beats: *self.applications[who].borrow(),
                connected: self.cut[who].is_empty(),
            }
        };
        let told = self.timeline.iter().rev().take(SHOWN);
        Shown {
            rows: (0..NAMES.len()).map(row).collect(),
            policy: self.file.policy().name(),
            scripted: self.scripted,
            timeline: told.map(|(at, text)| format!("{}  {text}", words::clock(*at))).collect(),
        }
    }
}
