//! A fail-over of each policy as a transcript: one story with the same faults for all of them, told by what
//! the candidates say.

use super::fleet::Fleet;
use hotseat_core::event::{Event, Notice, StepDownReason};
use hotseat_core::time::Moment;
use hotseat_simulator::Broken;
use std::fmt::Write as _;
use std::time::Duration;

/// What happens to whoever leads then, and when, in seconds from the start.
const STORY: [(u64, Action); 6] = [
    (45, Action::Crash),
    (90, Action::Return),
    (180, Action::Degrade),
    (240, Action::Restore),
    (360, Action::End),
    (400, Action::Return),
];
/// When it is over.
const END: u64 = 480;

#[derive(Clone, Copy, Debug)]
enum Action {
    /// The leader's process is killed.
    Crash,
    /// The leader is asked to end.
    End,
    /// Whoever went comes back.
    Return,
    /// The leader's application is not ready, lags, and gives no heartbeat.
    Degrade,
    /// It is well again.
    Restore,
}

impl Fleet {
    /// Plays the story without other faults, and tells it.
    pub fn story(mut self) -> Result<String, Broken> {
        let start = self.world.now;
        let mut told = String::new();
        let mut heard = 0;
        // Whom the last action was about.
        let mut about = 0;
        for (second, action) in STORY {
            self.run_until(start + Duration::from_secs(second))?;
            self.tell_notices(&mut told, start, &mut heard);
            let name = |index: usize| format!("web-{index}");
            let line = match (action, self.world.leader()) {
                (Action::Return, _) => {
                    self.come_back(about);
                    format!("{} comes back", name(about))
                }
                (Action::Restore, _) => {
                    self.members[about].facts.restore();
                    format!("the application of {} is well again", name(about))
                }
                (_, None) => "nobody leads".to_owned(),
                (action, Some(leader)) => {
                    about = leader;
                    self.strike(leader, action);
                    format!("{} {}", name(leader), action.says())
                }
            };
            let _ = writeln!(told, "{}  -- {line}", clock(self.world.now, start));
        }
        self.run_until(start + Duration::from_secs(END))?;
        self.tell_notices(&mut told, start, &mut heard);
        let leader =
            self.world.leader().map_or("nobody".to_owned(), |index| format!("web-{index}"));
        let _ = writeln!(told, "{}  {leader} leads", clock(self.world.now, start));
        Ok(told)
    }

    fn run_until(&mut self, until: Moment) -> Result<(), Broken> {
        while self.world.now < until {
            self.go_on()?;
        }
        Ok(())
    }

    fn strike(&mut self, leader: usize, action: Action) {
        match action {
            Action::Crash => self.world.kill(leader),
            Action::End => self.world.tell(leader, Event::Stop),
            Action::Degrade => self.members[leader].facts.degrade(),
            Action::Return | Action::Restore => {}
        }
        if matches!(action, Action::Crash | Action::End) {
            self.members[leader].back_at = Some(Moment::NEVER);
            self.members[leader].entry = None;
            self.news = true;
        }
    }

    fn come_back(&mut self, index: usize) {
        self.members[index].back_at = Some(self.world.now);
    }

    /// What was said since the last time.
    fn tell_notices(&self, told: &mut String, start: Moment, heard: &mut usize) {
        for (at, index, notice) in &self.world.notices[*heard..] {
            if let Some(news) = news(notice) {
                let _ = writeln!(told, "{}  web-{index} {news}", clock(*at, start));
            }
        }
        *heard = self.world.notices.len();
    }
}

impl Action {
    fn says(self) -> &'static str {
        match self {
            Action::Crash => "is killed without warning",
            Action::End => "is asked to end",
            Action::Degrade => "has an application that is not ready, lags, and gives no heartbeat",
            Action::Return | Action::Restore => "",
        }
    }
}

fn news(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::BecameLeader { reason, .. } => format!("became leader: {reason}"),
        Notice::ResumedTerm { .. } => "leads again".to_owned(),
        Notice::SteppedDown(StepDownReason::Resigned(reason)) => format!("resigned: {reason}"),
        Notice::SteppedDown(why) => format!("stopped leading: {}", why.as_str()),
        Notice::Overruled { action, reason } => format!("may not {action}: {reason}"),
        _ => return None,
    })
}

fn clock(at: Moment, start: Moment) -> String {
    let millis = at.since(start).as_millis();
    let (seconds, tenths) = (millis / 1000, millis % 1000 / 100);
    format!("{:02}:{:02}.{tenths}", seconds / 60, seconds % 60)
}
