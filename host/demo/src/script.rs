//! What happens in a demonstration, as data: who is harmed when.

use super::application::HOLDS;
use super::options::Options;
use super::policies::Policy;
use std::time::Duration;

/// Something that is done to the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The leader is killed with no chance to say good-bye.
    KillLeader,
    /// The leader is asked to leave, and gives the seat up in good order.
    AskLeaderToLeave,
    /// Whoever is not running is started again.
    BringBack,
    /// Another policy takes over in all candidates while they run.
    Swap(Policy),
    /// The leader's application ceases to report its heartbeat.
    SilenceLeader,
    /// The application that was silenced goes on.
    LetSpeak,
}

impl Action {
    /// How long it takes until its consequences are over, in a fleet with that lease duration.
    fn takes(self, lease: Duration) -> Duration {
        const MARGIN: Duration = Duration::from_secs(2);
        match self {
            // Nobody may take over before the lease has run out.
            Action::KillLeader => lease + MARGIN,
            Action::AskLeaderToLeave => MARGIN,
            Action::Swap(_) => MARGIN,
            Action::SilenceLeader => HOLDS + MARGIN,
            Action::BringBack | Action::LetSpeak => Duration::ZERO,
        }
    }
}

/// An action and when it is done, from the start of its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// From the start of the round.
    pub at: Duration,
    /// What is done.
    pub action: Action,
}

/// What is shown again and again: a death, a hand-over, and a swap of the policy for one that steps
/// down when its application is silent.
pub const ROUND: [Step; 8] = [
    Step { at: Duration::from_secs(6), action: Action::KillLeader },
    Step { at: Duration::from_secs(12), action: Action::BringBack },
    Step { at: Duration::from_secs(14), action: Action::AskLeaderToLeave },
    Step { at: Duration::from_secs(16), action: Action::BringBack },
    Step { at: Duration::from_secs(19), action: Action::Swap(Policy::AppHeartbeat) },
    Step { at: Duration::from_secs(22), action: Action::SilenceLeader },
    Step { at: Duration::from_secs(27), action: Action::LetSpeak },
    Step { at: Duration::from_secs(29), action: Action::Swap(Policy::Standard) },
];

/// From the start of one round to the start of the next.
pub const ROUND_LENGTH: Duration = Duration::from_secs(30);

/// Where in the script a demonstration is.
#[derive(Clone, Debug)]
pub struct Script {
    round: &'static [Step],
    lease: Duration,
    duration: Option<Duration>,
    next: usize,
    round_start: Duration,
}

impl Script {
    /// The start of the script, for candidates with that lease duration and a demonstration of
    /// that duration, if it has an end.
    pub fn new(lease: Duration, duration: Option<Duration>) -> Script {
        Script { round: &ROUND, lease, duration, next: 0, round_start: Duration::ZERO }
    }

    /// The script, or one without an action where the user has a policy to look at.
    pub fn of(options: &Options) -> Script {
        let whole = Script::new(options.lease, options.duration);
        match options.own {
            None => whole,
            Some(_) => Script { round: &[], ..whole },
        }
    }

    /// Whether nothing is done to the candidates.
    pub fn is_empty(&self) -> bool {
        self.round.is_empty()
    }

    /// The action that is due when the demonstration is that old. An action whose consequences would
    /// outlast the demonstration is never due: its election would be cut off.
    pub fn due(&self, elapsed: Duration) -> Option<Action> {
        let step = self.round.get(self.next)?;
        let at = self.round_start + step.at;
        let fits = self.duration.is_none_or(|end| elapsed + step.action.takes(self.lease) <= end);
        (at <= elapsed && fits).then_some(step.action)
    }

    /// Begins again when the demonstration is that old.
    pub fn begin_anew(&mut self, elapsed: Duration) {
        self.next = 0;
        self.round_start = elapsed;
    }

    /// Goes on to the next step. The due action was done when the demonstration was that old; if
    /// that was late, since it had to wait for a leader, all that follows is as late.
    pub fn done(&mut self, elapsed: Duration) {
        let Some(step) = self.round.get(self.next) else { return };
        self.round_start = elapsed.saturating_sub(step.at);
        self.next += 1;
        if self.next == self.round.len() {
            self.next = 0;
            self.round_start += ROUND_LENGTH;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(4);

    fn play(duration: Option<u64>, until: u64) -> Vec<(u64, Action)> {
        let mut script = Script::new(LEASE, duration.map(Duration::from_secs));
        let mut done = Vec::new();
        for second in 0..until {
            while let Some(action) = script.due(Duration::from_secs(second)) {
                script.done(Duration::from_secs(second));
                done.push((second, action));
            }
        }
        done
    }

    #[test]
    fn half_a_minute_shows_a_death_a_hand_over_and_a_swap() {
        let shown = play(Some(30), 30);
        let wanted = [
            (6, Action::KillLeader),
            (12, Action::BringBack),
            (14, Action::AskLeaderToLeave),
            (16, Action::BringBack),
            (19, Action::Swap(Policy::AppHeartbeat)),
            (22, Action::SilenceLeader),
            (27, Action::LetSpeak),
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn with_a_policy_of_the_users_own_nothing_is_done() {
        let mut options = Options::new(None, crate::Output::Text, [0; 3], |_| {});
        assert!(!Script::of(&options).is_empty());
        let own = crate::OwnPolicy { source: "builtin".to_owned(), settings: String::new() };
        options.own = Some(own);
        let mut script = Script::of(&options);
        assert!(script.is_empty());
        assert_eq!(script.due(Duration::from_secs(3600)), None);
        script.done(Duration::from_secs(3600));
        assert_eq!(script.due(Duration::from_secs(7200)), None);
    }

    #[test]
    fn without_an_end_it_goes_round() {
        let shown = play(None, 70);
        assert_eq!(shown[7], (29, Action::Swap(Policy::Standard)));
        assert_eq!(shown[8], (36, Action::KillLeader));
        assert_eq!(shown[12], (49, Action::Swap(Policy::AppHeartbeat)));
        assert_eq!(shown[16], (66, Action::KillLeader));
    }

    #[test]
    fn nothing_begins_that_the_end_would_cut_off() {
        assert_eq!(play(Some(11), 11), []);
        assert_eq!(play(Some(12), 12), [(6, Action::KillLeader)]);
    }

    #[test]
    fn a_late_step_makes_the_rest_late() {
        let mut script = Script::new(LEASE, None);
        script.done(Duration::from_secs(9));
        assert_eq!(script.due(Duration::from_secs(14)), None);
        assert_eq!(script.due(Duration::from_secs(15)), Some(Action::BringBack));
    }
}
