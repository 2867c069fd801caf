//! What can be pressed on the page.

use crate::options::NAMES;
use crate::policies::Policy;

/// Something that was pressed; candidates are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The candidate is killed.
    Kill(usize),
    /// It is asked to leave.
    Leave(usize),
    /// It is started again.
    Start(usize),
    /// Its application gives no heartbeat.
    Silence(usize),
    /// Its application gives it again.
    Speak(usize),
    /// Its requests do not reach the API server any more.
    CutOff(usize),
    /// They do again.
    Connect(usize),
    /// Another policy takes over in all of them.
    Swap(Policy),
    /// The script plays on.
    PlayOn,
}

impl Button {
    /// What a path asks for, as `kill/anna`; none if it is nothing.
    pub fn parse(path: &str) -> Option<Button> {
        let (what, of) = path.split_once('/').unwrap_or((path, ""));
        let candidate = || NAMES.iter().position(|name| *name == of);
        Some(match what {
            "kill" => Button::Kill(candidate()?),
            "leave" => Button::Leave(candidate()?),
            "start" => Button::Start(candidate()?),
            "silence" => Button::Silence(candidate()?),
            "speak" => Button::Speak(candidate()?),
            "cut-off" => Button::CutOff(candidate()?),
            "connect" => Button::Connect(candidate()?),
            "swap" => Button::Swap(Policy::ALL.into_iter().find(|policy| policy.name() == of)?),
            "play-on" if of.is_empty() => Button::PlayOn,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_button_or_none() {
        assert_eq!(Button::parse("kill/anna"), Some(Button::Kill(0)));
        assert_eq!(Button::parse("cut-off/cleo"), Some(Button::CutOff(2)));
        assert_eq!(Button::parse("swap/app-heartbeat"), Some(Button::Swap(Policy::AppHeartbeat)));
        assert_eq!(Button::parse("play-on"), Some(Button::PlayOn));
        for other in ["", "kill", "kill/", "kill/dora", "swap/evil", "play-on/x", "../kill/anna"] {
            assert_eq!(Button::parse(other), None, "{other}");
        }
    }
}
