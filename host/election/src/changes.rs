//! What changed of an election's view, numbered, for whoever follows it.

use crate::clock;
use crate::kept::{Kept, Numbered};
use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::sync::Arc;
use tokio::sync::watch;

/// How many changes are kept for followers that are behind: ten seconds of a hundred a second.
pub const KEPT: usize = 1024;

/// Another answer to the question who leads: more than a renewal, which only lets the same answer
/// hold longer.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number, from 1 on; each change of an election has the next one.
    pub number: u64,
    /// When the loop showed it.
    pub at: Moment,
    /// The view from then on.
    pub view: Arc<View>,
}

impl Change {
    /// Whether that view says the same, be it for longer.
    pub fn is_said_by(&self, view: &View) -> bool {
        compared(&self.view) == compared(view)
    }
}

/// The last changes of an election's view, the oldest first, within [`KEPT`].
#[derive(Debug)]
pub struct Changes(Kept<(Moment, Arc<View>)>);

/// What a change is recognized by: all that a view says but until when it holds.
#[derive(PartialEq, Eq)]
struct Compared<'a> {
    term: Option<(Token, &'a str, u64)>,
    seen: Option<(Option<&'a str>, bool, u64)>,
    stopping: bool,
    draining: bool,
    successor: Option<&'a str>,
    next: bool,
}

impl Changes {
    pub(crate) fn new() -> Changes {
        Changes(Kept::new(KEPT))
    }

    /// The number of the last change; 0 before there was one.
    pub fn newest(&self) -> u64 {
        self.0.newest()
    }

    /// The number of the last change, for whoever waits for the next.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.follow()
    }

    /// The first change after the one with this number that is still kept.
    pub fn after(&self, number: u64) -> Option<Change> {
        let Numbered { number, thing: (at, view) } = self.0.after(number)?;
        Some(Change { number, at, view })
    }

    /// Takes a view in that follows another; what only holds for longer is no change.
    pub(crate) fn take(&self, before: &View, view: &Arc<View>) {
        if compared(before) != compared(view) {
            self.0.push((clock::now(), Arc::clone(view)));
        }
    }
}

fn compared(view: &View) -> Compared<'_> {
    let term = view.term.as_ref().map(|term| (term.token, term.uid.as_str(), term.transitions));
    let seen = view.seen.as_ref();
    let seen = seen.map(|seen| (seen.holder.as_deref(), seen.foreign, seen.transitions));
    Compared {
        term,
        seen,
        stopping: view.stopping,
        draining: view.draining,
        successor: view.successor.as_deref(),
        next: view.next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::view::{SeenHolder, Term};
    use std::time::Duration;

    fn leading(token: u64, seconds: u64) -> Arc<View> {
        let term = Term {
            token: Token(token),
            uid: "u".to_owned(),
            transitions: 0,
            since: Moment::ZERO,
            until: Moment::at(Duration::from_secs(seconds)),
        };
        Arc::new(View { term: Some(term), ..View::default() })
    }

    fn take_all(changes: &Changes, views: &[Arc<View>]) {
        let nothing = Arc::new(View::default());
        let before = std::iter::once(&nothing).chain(views);
        for (before, view) in before.zip(views) {
            changes.take(before, view);
        }
    }

    #[test]
    fn a_renewal_is_no_change_and_a_new_term_is() {
        let changes = Changes::new();
        let views = [leading(1, 10), leading(1, 12), leading(2, 12), Arc::default()];
        take_all(&changes, &views);
        let numbers: Vec<_> = (0..3).map(|after| changes.after(after).unwrap().number).collect();
        assert_eq!((changes.newest(), numbers), (3, vec![1, 2, 3]));
        let second = changes.after(1).unwrap();
        assert!(second.is_said_by(&leading(2, 99)) && !second.is_said_by(&leading(3, 12)));
        assert!(changes.after(3).is_none());
    }

    #[test]
    fn what_the_lock_says_of_others_is_a_change() {
        let seen = |holder: &str, heard| {
            let seen = SeenHolder {
                holder: Some(holder.to_owned()),
                foreign: true,
                transitions: 1,
                since: Moment::ZERO,
                heard: Moment::at(Duration::from_secs(heard)),
                until: Moment::at(Duration::from_secs(heard + 15)),
            };
            Arc::new(View { seen: Some(seen), ..View::default() })
        };
        let changes = Changes::new();
        take_all(&changes, &[seen("anna", 1), seen("anna", 3), seen("ben", 3)]);
        assert_eq!(changes.newest(), 2);
    }

    #[test]
    fn who_is_too_far_behind_sees_it_by_the_number() {
        let changes = Changes::new();
        let most = KEPT as u64;
        let views: Vec<_> = (1..=most + 5).map(|token| leading(token, 10)).collect();
        take_all(&changes, &views);
        assert_eq!(changes.after(2).unwrap().number, 6);
        assert_eq!(changes.after(5).unwrap().number, 6);
        assert_eq!(changes.after(6).unwrap().number, 7);
        assert_eq!(changes.after(most + 4).unwrap().number, most + 5);
        assert!(changes.after(most + 9).is_none());
    }
}
