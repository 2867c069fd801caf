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

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Moment {
        Moment::from_millis(number * 1000)
    }

    /// One that believes with this token, whose application acts until that second.
    fn believer(token: Option<u64>, generation: u64, acts_until: u64) -> Believer {
        Believer { token: token.map(Token), generation, acts_until: second(acts_until) }
    }

    fn idle(acts_until: u64) -> Believer {
        believer(None, 1, acts_until)
    }

    /// What is broken by the last of these sights, the ones before being right.
    #[track_caller]
    fn breaks(sights: &[[Believer; 2]], what: &str) {
        let mut checker = Checker::default();
        let (last, before) = sights.split_last().unwrap();
        for sight in before {
            assert_eq!(checker.check(second(10), sight), Ok(()));
        }
        let broken = checker.check(second(10), last).unwrap_err();
        assert_eq!((broken.at, broken.what.as_str()), (second(10), what));
    }

    #[test]
    fn two_believers_are_reported() {
        let both = [believer(Some(1), 1, 0), believer(Some(2), 1, 0)];
        breaks(&[both], "the candidates [0, 1] believe that they lead");
    }

    #[test]
    fn leading_while_anothers_application_acts_is_reported() {
        let early = [idle(11), believer(Some(2), 1, 0)];
        breaks(&[early], "1 leads while the application of 0 still acts");
        let in_time = [idle(10), believer(Some(2), 1, 11)];
        assert_eq!(Checker::default().check(second(10), &in_time), Ok(()));
    }

    #[test]
    fn a_token_that_does_not_grow_is_reported() {
        let first = || [believer(Some(5), 1, 0), idle(0)];
        let smaller = [idle(0), believer(Some(4), 1, 0)];
        breaks(&[first(), smaller], "1 leads with the token 4, 5 was given before");
        let shared = [idle(0), believer(Some(5), 1, 0)];
        breaks(&[first(), shared], "1 leads with the token 5 of 0");
        let of_its_predecessor = [believer(Some(5), 2, 0), idle(0)];
        breaks(&[first(), of_its_predecessor], "0 leads with the token 5 of 0");
    }

    #[test]
    fn a_term_is_counted_once() {
        let mut checker = Checker::default();
        let nobody = [idle(0), idle(0)];
        for sight in [
            nobody.clone(),
            [believer(Some(5), 1, 0), idle(0)],
            nobody.clone(),
            [believer(Some(5), 1, 0), idle(0)],
            [idle(0), believer(Some(6), 1, 0)],
            nobody,
        ] {
            assert_eq!(checker.check(second(10), &sight), Ok(()));
        }
        assert_eq!(checker.terms(), 2);
    }
}
