//! The last report of each signal.

use super::Key;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The most signals that applications may have at a time. What the host reports is not counted.
pub const MOST_SIGNALS: usize = 64;

/// All signals. Cheap to clone; all clones are one store.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Each report, with the moment since which its value is the same.
    reports: Mutex<BTreeMap<Key, (Report, Moment)>>,
    /// How often they changed; a report that says the same again is a change too.
    changes: watch::Sender<u64>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner { reports: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

/// What was last said of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it says.
    pub value: Value,
    /// When it was said.
    pub at: Moment,
    /// How long it holds; none: until it is taken back.
    pub ttl: Option<Duration>,
}

/// A signal that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What it is about, and who says so.
    pub key: Key,
    /// What was last said.
    pub report: Report,
    /// When it was first said with this value, without a break since.
    pub since: Moment,
}

/// There are [`MOST_SIGNALS`] already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_SIGNALS} signals are there already: delete one, or give them a ttl")]
pub struct Full;

impl Report {
    fn ends(&self) -> Moment {
        self.ttl.map_or(Moment::NEVER, |ttl| self.at + ttl)
    }
}

impl Store {
    /// Takes a report in; it replaces the one before, its ttl included.
    ///
    /// # Errors
    ///
    /// The key is a new one of an application, and there is no room.
    pub fn report(&self, key: Key, report: Report) -> Result<(), Full> {
        let now = report.at;
        let mut reports = self.reports();
        let reported = |key: &Key| key.source() == Source::Application;
        if reported(&key) && !reports.contains_key(&key) {
            reports.retain(|_, (old, _)| now < old.ends());
            if reports.keys().filter(|key| reported(key)).count() >= MOST_SIGNALS {
                return Err(Full);
            }
        }
        let goes_on = |(old, _): &&(Report, Moment)| now < old.ends() && old.value == report.value;
        let since = reports.get(&key).filter(goes_on).map_or(now, |(_, since)| *since);
        reports.insert(key, (report, since));
        drop(reports);
        self.changed();
        Ok(())
    }

    /// Takes a signal back. False if there was none at `now`.
    pub fn remove(&self, key: &Key, now: Moment) -> bool {
        let removed = self.reports().remove(key);
        if removed.is_some() {
            self.changed();
        }
        removed.is_some_and(|(report, _)| now < report.ends())
    }

    /// The signals that hold at `now`, in the order of their keys.
    pub fn all(&self, now: Moment) -> Vec<Held> {
        let reports = self.reports();
        let live = reports.iter().filter(|(_, (report, _))| now < report.ends());
        let held = live.map(|(key, (report, since))| Held {
            key: key.clone(),
            report: report.clone(),
            since: *since,
        });
        held.collect()
    }

    /// Forgets what no longer holds at `now`, and says when the next report ends.
    pub(super) fn forget(&self, now: Moment) -> Moment {
        let mut reports = self.reports();
        let before = reports.len();
        reports.retain(|_, (report, _)| now < report.ends());
        if reports.len() < before {
            self.changed();
        }
        reports.values().map(|(report, _)| report.ends()).min().unwrap_or(Moment::NEVER)
    }

    /// Changes at each report, each removal, and when a signal that holds no more is forgotten, which
    /// is as soon as it does not.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn reports(&self) -> MutexGuard<'_, BTreeMap<Key, (Report, Moment)>> {
        self.0.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        let source = if text.starts_with("probe.") { Source::Probe } else { Source::Application };
        Key::new(source, text).unwrap()
    }

    fn said(value: bool, at: u64, ttl: Option<u64>) -> Report {
        let ttl = ttl.map(Duration::from_millis);
        Report { value: Value::Flag(value), at: Moment::from_millis(at), ttl }
    }

    #[test]
    fn a_signal_holds_until_its_ttl_and_no_longer() {
        let store = Store::default();
        let at = Moment::from_millis;
        store.report(key("b"), said(true, 100, Some(50))).unwrap();
        store.report(key("a"), said(false, 100, None)).unwrap();
        let keys = |now| {
            let all = store.all(at(now));
            all.iter().map(|held| held.key.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(keys(149), ["a", "b"]);
        assert_eq!(keys(150), ["a"]);
        assert_eq!(store.forget(at(149)), at(150));
        assert_eq!(store.forget(at(150)), Moment::NEVER);
        // A later report has a ttl of its own.
        store.report(key("a"), said(true, 200, Some(5))).unwrap();
        store.report(key("a"), said(true, 300, None)).unwrap();
        assert_eq!(keys(9000), ["a"]);
        assert!(store.remove(&key("a"), at(300)));
        assert!(!store.remove(&key("a"), at(300)));
    }

    #[test]
    fn a_value_is_as_old_as_its_first_report_without_a_break() {
        let store = Store::default();
        let since = |now| store.all(Moment::from_millis(now))[0].since;
        let said = |value, at| store.report(key("a"), said(value, at, Some(50))).unwrap();
        said(true, 100);
        said(true, 140);
        assert_eq!(since(150), Moment::from_millis(100));
        said(false, 160);
        assert_eq!(since(160), Moment::from_millis(160));
        said(true, 170);
        said(true, 200);
        assert_eq!(since(200), Moment::from_millis(170));
        // It held until 250 and not at 260.
        said(true, 260);
        assert_eq!(since(260), Moment::from_millis(260));
    }

    #[test]
    fn an_application_does_not_speak_for_others() {
        let store = Store::default();
        let zone = |source| Key::new(source, "zone").unwrap();
        store.report(zone(Source::Application), said(true, 0, None)).unwrap();
        store.report(zone(Source::Node), said(false, 0, None)).unwrap();
        let all = store.all(Moment::ZERO);
        let sources: Vec<_> = all.iter().map(|held| held.key.source()).collect();
        assert_eq!(sources, [Source::Node, Source::Application]);
        assert!(store.remove(&zone(Source::Application), Moment::ZERO));
        assert_eq!(store.all(Moment::ZERO).len(), 1);
    }

    #[test]
    fn the_number_of_signals_is_bounded() {
        let store = Store::default();
        for number in 0..MOST_SIGNALS {
            store.report(key(&format!("app.n{number}")), said(true, 0, Some(10))).unwrap();
        }
        assert_eq!(store.report(key("app.more"), said(true, 5, None)), Err(Full));
        // One that is there may speak on, and the host's own always.
        store.report(key("app.n0"), said(false, 6, None)).unwrap();
        store.report(key("probe.web"), said(true, 7, None)).unwrap();
        // What no longer holds takes no room.
        store.report(key("app.more"), said(true, 10, None)).unwrap();
        assert_eq!(store.all(Moment::from_millis(10)).len(), 3);
    }
}
