//! Who led, and why that changed, as far as this candidate can tell.

use super::short;
use hotseat_core::event::{Notice, StepDownReason};
use hotseat_core::time::Moment;
use hotseat_core::view::View;

/// From a moment on, somebody else leads, or nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderChange {
    /// When this candidate came to know.
    pub at: Moment,
    /// Who leads from then on; empty: nobody is known to.
    pub name: String,
    /// Whether that is this candidate.
    pub own: bool,
    /// The fencing token of the term, where this candidate began it.
    pub token: Option<u64>,
    /// Why, in one line for people.
    pub why: String,
}

/// Makes changes of notices: what happens to a term comes before who leads.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    /// None before the first.
    leader: Option<String>,
    /// Why the next change is, and the token of the term that begins with it.
    next: Option<(String, Option<u64>)>,
}

impl Watcher {
    /// Hears a notice, and gives the change that it is; `view` is what is shown by now.
    pub(crate) fn hear(
        &mut self,
        at: Moment,
        notice: &Notice,
        view: &View,
    ) -> Option<LeaderChange> {
        match notice {
            Notice::BecameLeader { token, reason, .. } => {
                self.next = Some((reason.clone(), Some(token.0)));
            }
            Notice::ResumedTerm { token } => {
                let why = "the term goes on: nobody came between".to_owned();
                self.next = Some((why, Some(token.0)));
            }
            Notice::SteppedDown(why) => self.next = Some((stepped_down(why), None)),
            Notice::HolderDied { holder, .. } => {
                self.next = Some((format!("the process of {holder} has ended"), None));
            }
            Notice::LeaderChanged(name) => return Some(self.change(at, name, view)),
            _ => {}
        }
        None
    }

    fn change(&mut self, at: Moment, name: &str, view: &View) -> LeaderChange {
        let before = self.leader.replace(name.to_owned());
        let before = before.as_deref();
        let (why, token) =
            self.next.take().unwrap_or_else(|| (seen_from_here(before, name, at, view), None));
        LeaderChange {
            at,
            name: short(name),
            own: view.leads(at) && name == view.identity,
            token,
            why: short(why),
        }
    }
}

/// What the lock says of a change in which this candidate had no part.
fn seen_from_here(before: Option<&str>, name: &str, at: Moment, view: &View) -> String {
    let seen = view.seen.as_ref();
    let Some(before) = before else { return "it holds the lock already".to_owned() };
    match (before, name) {
        ("", _) => "it took the free seat".to_owned(),
        (_, "") if seen.is_some_and(|seen| seen.holder.is_some() && seen.until <= at) => {
            format!("{before} did not renew: its lease ran out")
        }
        (_, "") if seen.is_some_and(|seen| seen.holder.is_none()) => {
            format!("{before} gave the seat up")
        }
        (_, "") => "two locks name two holders, or none".to_owned(),
        _ => format!("it took the seat after {before}"),
    }
}

fn stepped_down(why: &StepDownReason) -> String {
    match why {
        StepDownReason::Lapsed => "no renewal came through before the renew deadline".to_owned(),
        StepDownReason::Lost(Some(holder)) => format!("the seat was lost to {holder}"),
        StepDownReason::Lost(None) => "the lock was deleted or cleared".to_owned(),
        StepDownReason::Resigned(reason) => format!("the policy resigned: {reason}"),
        StepDownReason::Transferred(reason) => format!("handed over: {reason}"),
        StepDownReason::Stopped => "the process stops".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::lock::Token;
    use hotseat_core::view::{SeenHolder, Term};

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    /// The lock as seen at 10 s, and until when it holds.
    fn seen(holder: Option<&str>, until: u64) -> View {
        let seen = SeenHolder {
            holder: holder.map(str::to_owned),
            foreign: true,
            transitions: 1,
            since: at(1),
            heard: at(10),
            until: at(until),
        };
        View { identity: "anna".to_owned(), seen: Some(seen), ..View::default() }
    }

    fn changed(watcher: &mut Watcher, name: &str, view: &View) -> LeaderChange {
        watcher.hear(at(10), &Notice::LeaderChanged(name.to_owned()), view).expect("a change")
    }

    #[test]
    fn the_lock_tells_a_release_from_a_lease_that_ran_out() {
        let mut watcher = Watcher::default();
        let first = changed(&mut watcher, "ben", &seen(Some("ben"), 25));
        assert_eq!((first.name.as_str(), first.own, first.token), ("ben", false, None));
        assert_eq!(first.why, "it holds the lock already");
        let released = changed(&mut watcher, "", &seen(None, 25));
        assert_eq!(released.why, "ben gave the seat up");
        let taken = changed(&mut watcher, "cleo", &seen(Some("cleo"), 25));
        assert_eq!(taken.why, "it took the free seat");
        let expired = changed(&mut watcher, "", &seen(Some("cleo"), 10));
        assert_eq!(expired.why, "cleo did not renew: its lease ran out");
        changed(&mut watcher, "cleo", &seen(Some("cleo"), 25));
        let after = changed(&mut watcher, "ben", &seen(Some("ben"), 25));
        assert_eq!(after.why, "it took the seat after cleo");
    }

    #[test]
    fn an_own_term_has_its_token_and_both_reasons() {
        let mut watcher = Watcher::default();
        let (token, reason) = (Token(131), "the seat is free".to_owned());
        let mut view = seen(Some("anna"), 25);
        let uid = String::new();
        view.term = Some(Term { token, uid, transitions: 0, since: at(9), until: at(19) });
        let began = Notice::BecameLeader { token, transitions: 0, reason };
        assert_eq!(watcher.hear(at(10), &began, &view), None);
        let own = changed(&mut watcher, "anna", &view);
        assert_eq!((own.own, own.token, own.why.as_str()), (true, Some(131), "the seat is free"));
        let why = StepDownReason::Resigned("x".repeat(5000));
        watcher.hear(at(10), &Notice::SteppedDown(why), &view);
        let end = changed(&mut watcher, "", &seen(None, 25));
        assert!(end.why.starts_with("the policy resigned: xxx") && end.why.len() < 300, "{end:?}");
        assert_eq!((end.own, end.token), (false, None));
    }
}
