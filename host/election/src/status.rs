//! What may be read of an election while it runs.

use crate::application::Application;
use crate::changes::Changes;
use crate::clock;
use crate::history::History;
use crate::name::ElectionName;
use crate::report::{LockReport, PolicyReport};
use crate::roster::Roster;
use crate::signals::Store;
use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// A loop that was silent for longer than so many beats is stuck.
const BEATS_MISSED: u32 = 3;

/// The election as its loop shows it, and the signals that others report to it. Cheap to clone; all
/// clones are one.
#[derive(Clone, Debug)]
pub struct Status(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    election: ElectionName,
    started: Moment,
    beat_every: Duration,
    reaction: Duration,
    /// Nanoseconds since the clock's origin.
    last_beat: AtomicU64,
    view: watch::Sender<Arc<View>>,
    changes: Changes,
    history: History,
    /// This candidate's last term, as long as it knows of one.
    last_term: Mutex<Option<LastTerm>>,
    policy: watch::Sender<Arc<PolicyReport>>,
    lock: watch::Sender<Arc<LockReport>>,
    roster: watch::Sender<Arc<Roster>>,
    signals: Store,
    application: Application,
}

/// An own term.
#[derive(Clone, Copy, Debug)]
struct LastTerm {
    token: Token,
    /// When belief ends, or ended.
    until: Moment,
}

impl Status {
    /// The status of an election that has just started at `started`, and whose loop turns every
    /// `beat_every` at least, which is the retry period. Its application stops at once.
    pub fn new(
        election: ElectionName,
        identity: &str,
        started: Moment,
        beat_every: Duration,
    ) -> Status {
        Status::with_reaction(election, identity, started, beat_every, Duration::ZERO)
    }

    /// The same with an application that may go on for `reaction` after port 4040 has stopped naming it.
    pub fn with_reaction(
        election: ElectionName,
        identity: &str,
        started: Moment,
        beat_every: Duration,
        reaction: Duration,
    ) -> Status {
        let view = View { identity: identity.to_owned(), ..View::default() };
        Status(Arc::new(Inner {
            election,
            started,
            beat_every,
            reaction,
            last_beat: AtomicU64::new(nanos(started)),
            view: watch::Sender::new(Arc::new(view)),
            changes: Changes::new(),
            history: History::new(),
            last_term: Mutex::default(),
            policy: watch::Sender::new(Arc::default()),
            lock: watch::Sender::new(Arc::default()),
            roster: watch::Sender::new(Arc::default()),
            signals: Store::default(),
            application: Application::default(),
        }))
    }

    /// Which election it is.
    pub fn election(&self) -> &ElectionName {
        &self.0.election
    }

    /// When it started.
    pub fn started(&self) -> Moment {
        self.0.started
    }

    /// The loop turns at `now`.
    pub fn beat(&self, now: Moment) {
        self.0.last_beat.store(nanos(now), Ordering::Relaxed);
    }

    /// When the loop last turned; the start at first.
    pub fn last_beat(&self) -> Moment {
        Moment::at(Duration::from_nanos(self.0.last_beat.load(Ordering::Relaxed)))
    }

    /// How often the loop turns at least.
    pub fn beat_every(&self) -> Duration {
        self.0.beat_every
    }

    /// How long the application may go on acting as the leader after port 4040 has stopped naming it, as
    /// the operator says.
    pub fn reaction(&self) -> Duration {
        self.0.reaction
    }

    /// The silence after which the loop counts as stuck: three beats.
    pub fn stuck_after(&self) -> Duration {
        self.0.beat_every * BEATS_MISSED
    }

    /// What may be said of the election; ask it with the moment of the question.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.0.view.borrow())
    }

    /// Each view from the present one on, for whoever waits for changes.
    pub fn views(&self) -> watch::Receiver<Arc<View>> {
        self.0.view.subscribe()
    }

    /// What changed of who leads, from the start on.
    pub fn changes(&self) -> &Changes {
        &self.0.changes
    }

    /// What happened lately, for people.
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// The fencing token of this candidate's last term, be it over or not; zero before the first.
    pub fn last_token(&self) -> Token {
        self.last_term().map_or(Token::default(), |term| term.token)
    }

    /// The term that is over and that the application has not let go of, and for how long it has been
    /// over at `now`; none while this candidate leads.
    pub fn overdue(&self, now: Moment) -> Option<(Token, Duration)> {
        let term = self.last_term()?;
        let held = now < term.until || self.application().last() >= term.token;
        (!held).then(|| (term.token, now.since(term.until)))
    }

    fn last_term(&self) -> Option<LastTerm> {
        *self.0.last_term.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another view.
    pub fn show(&self, view: View) {
        let mut last = self.0.last_term.lock().unwrap_or_else(PoisonError::into_inner);
        match (&view.term, &mut *last) {
            (Some(term), _) => *last = Some(LastTerm { token: term.token, until: term.until }),
            // It ended before its time.
            (None, Some(last)) => last.until = last.until.min(clock::now()),
            (None, None) => {}
        }
        drop(last);
        let view = Arc::new(view);
        let before = self.0.view.send_replace(Arc::clone(&view));
        // After it: whoever is woken by a change sees a view that is at least as new.
        self.0.changes.take(&before, &view);
    }

    /// What is known of the policies.
    pub fn policy(&self) -> Arc<PolicyReport> {
        Arc::clone(&self.0.policy.borrow())
    }

    /// Each report on the policies from the present one on, for whoever waits for changes.
    pub fn policies(&self) -> watch::Receiver<Arc<PolicyReport>> {
        self.0.policy.subscribe()
    }

    /// Changes what is known of the policies.
    pub fn change_policy(&self, change: impl FnOnce(&mut PolicyReport)) {
        // Nobody holds the old report for long, so it is seldom copied.
        self.0.policy.send_modify(|report| change(Arc::make_mut(report)));
    }

    /// What keeps this candidate from the lock.
    pub fn lock(&self) -> Arc<LockReport> {
        Arc::clone(&self.0.lock.borrow())
    }

    /// Changes what is known to keep it from the lock.
    pub fn change_lock(&self, change: impl FnOnce(&mut LockReport)) {
        self.0.lock.send_modify(|report| change(Arc::make_mut(report)));
    }

    /// The candidates as they publish themselves.
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.0.roster.borrow())
    }

    /// Each roster from the present one on, for whoever waits for changes.
    pub fn rosters(&self) -> watch::Receiver<Arc<Roster>> {
        self.0.roster.subscribe()
    }

    /// Changes what is known of the candidates, if that changes anything. For whoever keeps the roster.
    pub fn change_roster(&self, change: impl FnOnce(&mut Roster)) {
        self.0.roster.send_if_modified(|roster| {
            let mut changed = (**roster).clone();
            change(&mut changed);
            let news = changed != **roster;
            if news {
                *roster = Arc::new(changed);
            }
            news
        });
    }

    /// What the application and the probes report. This, [`Status::application`] and the roster
    /// ([`Status::change_roster`]) are what others than the loop write.
    pub fn signals(&self) -> &Store {
        &self.0.signals
    }

    /// What is said of the application itself: that it acts for a term no more.
    pub fn application(&self) -> &Application {
        &self.0.application
    }
}

fn nanos(moment: Moment) -> u64 {
    u64::try_from(moment.since_origin().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::view::Term;

    #[test]
    fn a_term_is_overdue_from_its_end_until_the_application_lets_go() {
        let name = ElectionName::new("shop", "web");
        let status = Status::new(name, "web-0", clock::now(), Duration::from_secs(2));
        assert_eq!((status.last_token(), status.overdue(clock::now())), (Token(0), None));
        let until = clock::now() + Duration::from_secs(60);
        let (token, since) = (Token(7), clock::now());
        let term = Term { token, uid: String::new(), transitions: 0, since, until };
        status.show(View { term: Some(term), ..View::default() });
        assert_eq!(status.overdue(until - Duration::from_millis(1)), None, "it leads");
        assert_eq!(status.overdue(until), Some((token, Duration::ZERO)), "it has lapsed");
        status.show(View::default());
        assert_eq!(status.last_token(), token);
        let (late, _) = status.overdue(clock::now()).expect("it ended before its time");
        assert_eq!(late, token);
        status.application().let_go(Token(7), Duration::ZERO, "");
        assert_eq!(status.overdue(until), None);
    }

    #[test]
    fn whoever_waits_for_a_view_sees_the_next_one() {
        let name = ElectionName::new("shop", "web");
        let status = Status::new(name, "web-0", Moment::ZERO, Duration::from_secs(2));
        let mut views = status.views();
        assert!(!views.has_changed().unwrap());
        status.show(View { identity: "web-0".to_owned(), failures: 3, ..View::default() });
        assert!(views.has_changed().unwrap());
        assert_eq!(views.borrow_and_update().failures, 3);
        assert_eq!(status.view().failures, 3);
        assert_eq!(status.changes().newest(), 0, "who leads is as before");
    }
}
