//! The checkers: what must hold after every event.

use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use std::fmt;

/// A broken invariant, with what is needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// When, in true time.
    pub at: Moment,
    /// What.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at, self.what)
    }
}

/// What the checker knows of one candidate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Believer {
    /// The token it believes with, if it does.
    pub(crate) token: Option<Token>,
    /// Which process of the candidate it is: a restart begins another one.
    pub(crate) generation: u64,
    /// Until when its application may still act on an older answer, in true time.
    pub(crate) acts_until: Moment,
}

/// Remembers the tokens of all terms.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    highest: Option<(Token, (usize, u64))>,
    terms: u64,
}

impl Checker {
    /// At most one believer, nobody while another's application still acts, and tokens that grow
    /// from term to term (I9).
    pub(crate) fn check(&mut self, now: Moment, members: &[Believer]) -> Result<(), Broken> {
        let broken = |what: String| Err(Broken { at: now, what });
        let leaders: Vec<usize> =
            (0..members.len()).filter(|index| members[*index].token.is_some()).collect();
        if leaders.len() > 1 {
            return broken(format!("the candidates {leaders:?} believe that they lead"));
        }
        let Some(&leader) = leaders.first() else {
            return Ok(());
        };
        if let Some(other) =
            (0..members.len()).find(|index| *index != leader && members[*index].acts_until > now)
        {
            return broken(format!("{leader} leads while the application of {other} still acts"));
        }
        let Some(token) = members[leader].token else {
            return Ok(());
        };
        let process = (leader, members[leader].generation);
        match self.highest {
            Some((highest, owner)) if token == highest && owner != process => {
                broken(format!("{leader} leads with the token {token} of {}", owner.0))
            }
            Some((highest, _)) if token < highest => {
                broken(format!("{leader} leads with the token {token}, {highest} was given before"))
            }
            Some((highest, _)) if token == highest => Ok(()),
            _ => {
                self.highest = Some((token, process));
                self.terms += 1;
                Ok(())
            }
        }
    }

    pub(crate) fn terms(&self) -> u64 {
        self.terms
    }
}
