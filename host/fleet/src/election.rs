//! One election: its lock as it was last seen, and who led.

use crate::candidates::Candidates;
use crate::now::{Now, age};
use hotseat_core::time::{Moment, millis};
use hotseat_http::LeaderChangeAnswer;
use hotseat_kubernetes::Sight;
use hotseat_text::cut;
use std::collections::VecDeque;
use std::time::Duration;

/// How many changes of the leader are kept.
const CHANGES: usize = 64;
/// The longest reason, in bytes.
const LONGEST: usize = 256;
/// How long the outcome of a request is shown.
const TOLD_FOR: Duration = Duration::from_secs(30);

/// An election.
#[derive(Debug, Default)]
pub(crate) struct Election {
    lock: Option<Lock>,
    /// Since when there is none any more.
    deleted: Option<Moment>,
    /// Who leads, as it was noted last; none before the first look.
    leader: Option<String>,
    changes: VecDeque<Change>,
    counted: u64,
    told: Option<(Moment, Result<String, String>)>,
    /// Who publishes itself.
    pub(crate) candidates: Candidates,
}

/// Its lock.
#[derive(Debug)]
pub(crate) struct Lock {
    /// As it was seen.
    pub(crate) sight: Sight,
    version: (String, String),
    /// Until when its holder has it, unless it is renewed.
    until: Moment,
    /// Since when, by the holder's clock and this machine's.
    since: Option<Moment>,
}

#[derive(Debug)]
struct Change {
    number: u64,
    at: Moment,
    name: String,
    token: Option<u64>,
    why: String,
}

impl Election {
    /// The lock; none if there is no Lease.
    pub(crate) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// Since when there is no Lease any more.
    pub(crate) fn deleted(&self) -> Option<Moment> {
        self.deleted
    }

    /// Who leads by the lock; empty: nobody.
    pub(crate) fn leader(&self) -> &str {
        self.leader.as_deref().unwrap_or_default()
    }

    /// What came of what was asked of it lately.
    pub(crate) fn told(&self) -> Option<&Result<String, String>> {
        self.told.as_ref().map(|(_, told)| told)
    }

    pub(crate) fn tell(&mut self, now: Now, told: Result<String, String>) {
        self.told = Some((now.moment, told));
    }

    /// Who led from when on, the oldest first.
    pub(crate) fn leaders(&self, now: Now) -> Vec<LeaderChangeAnswer> {
        let answer = |change: &Change| LeaderChangeAnswer {
            number: change.number,
            ago_ms: millis(now.moment.since(change.at)),
            name: change.name.clone(),
            own: false,
            token: change.token,
            why: change.why.clone(),
        };
        self.changes.iter().map(answer).collect()
    }

    /// The lock is this now. Read anew as it was, it stays as old.
    pub(crate) fn take(&mut self, now: Now, version: (String, String), sight: Sight) {
        if self.lock.as_ref().is_some_and(|lock| lock.version == version) {
            return;
        }
        self.deleted = None;
        let duration = sight.record.duration.unwrap_or_default();
        let until = match &self.lock {
            // An annotation or a label: its holder has not renewed it.
            Some(lock) if lock.sight.record.same_content(&sight.record) => lock.until,
            // It may have been renewed long before it was first looked at.
            None => now.moment + duration.saturating_sub(age(now, sight.renewed())),
            Some(_) => now.moment + duration,
        };
        let since = sight.acquired().map(|acquired| now.moment - age(now, Some(acquired)));
        let lock = Lock { sight, version, until, since };
        let leader = lock.leader(now.moment).to_owned();
        let before = self.lock.replace(lock);
        if self.leader.as_ref() != Some(&leader) {
            let why = self.reason(before.as_ref(), &leader);
            // Who led already when this began to look has led for longer.
            let since = self.lock.as_ref().and_then(|lock| lock.since);
            let at = match self.leader {
                None if !leader.is_empty() => since.unwrap_or(now.moment).min(now.moment),
                _ => now.moment,
            };
            self.change(at, leader, why);
        }
    }

    /// There is no lock any more.
    pub(crate) fn delete(&mut self, now: Now) {
        if self.lock.take().is_some() {
            self.deleted = Some(now.moment);
            if self.leader.as_ref().is_some_and(|leader| !leader.is_empty()) {
                self.change(now.moment, String::new(), "the lock was deleted".to_owned());
            }
        }
    }

    /// Notes what the time alone has changed, and when there is more.
    pub(crate) fn pass(&mut self, now: Now) -> Moment {
        let mut next = self.candidates.pass(now.moment);
        if self.told.as_ref().is_some_and(|(at, _)| *at + TOLD_FOR <= now.moment) {
            self.told = None;
        }
        if let Some((at, _)) = &self.told {
            next = next.min(*at + TOLD_FOR);
        }
        let Some(lock) = &self.lock else { return next };
        if self.leader().is_empty() {
            return next;
        }
        if lock.until > now.moment {
            return next.min(lock.until);
        }
        let why = ran_out(self.leader());
        self.change(now.moment, String::new(), why);
        next
    }

    fn change(&mut self, at: Moment, name: String, why: String) {
        self.counted += 1;
        let record = self.lock.as_ref().map(|lock| &lock.sight.record);
        // Another elector's term has none, whatever stands there of an earlier one.
        let record = record.filter(|record| record.mark.is_some() && !name.is_empty());
        let token = record.map(|record| record.token.0).filter(|token| *token > 0);
        self.leader = Some(name.clone());
        let (name, why) = (cut(&name, LONGEST).into_owned(), cut(&why, LONGEST).into_owned());
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(Change { number: self.counted, at, name, token, why });
    }

    /// Why somebody else leads now, as far as the lock says.
    fn reason(&self, before: Option<&Lock>, leader: &str) -> String {
        let record = self.lock.as_ref().map(|lock| &lock.sight.record);
        let holder = record.and_then(|record| record.holder.as_deref());
        let Some(led) = &self.leader else {
            return match (leader, holder) {
                ("", Some(holder)) => ran_out(holder),
                ("", None) => "nobody holds the lock".to_owned(),
                _ => "it holds the lock already".to_owned(),
            };
        };
        let released = record.is_some_and(|record| record.released);
        let named = record.and_then(|record| record.successor.as_deref());
        match (led.as_str(), leader) {
            ("", _) => self.taken(before, leader),
            (_, "") if holder.is_some() => ran_out(led),
            (_, "") => match before.and_then(|lock| lock.sight.transfer()) {
                Some(note) if named == Some(note.to.as_str()) => {
                    let by = if note.by.is_empty() { "somebody" } else { &note.by };
                    format!("{led} handed over to {}, as {by} asked", note.to)
                }
                _ => match (named, released) {
                    (Some(to), true) => format!("{led} gave the seat up in favour of {to}"),
                    (None, true) => format!("{led} gave the seat up"),
                    (_, false) => format!("somebody took {led} out of the lock"),
                },
            },
            _ => format!("it took the seat after {led}"),
        }
    }

    /// Why the seat is taken after nobody had it.
    fn taken(&self, before: Option<&Lock>, leader: &str) -> String {
        let was = before.map(|lock| &lock.sight.record);
        let left_to = was.and_then(|record| record.successor.as_deref());
        let held_by = was.and_then(|record| record.holder.as_deref());
        match (held_by, left_to) {
            (Some(holder), _) if holder == leader => "it renewed its lease after all".to_owned(),
            (Some(holder), _) => format!("the lease of {holder} was over"),
            (None, Some(to)) if to == leader => "the seat was left to it".to_owned(),
            (None, _) => "it took the free seat".to_owned(),
        }
    }
}

impl Lock {
    /// Who has it, unless its lease is over; empty: nobody.
    fn leader(&self, now: Moment) -> &str {
        let holder = self.sight.record.holder.as_deref();
        holder.filter(|_| self.until > now).unwrap_or_default()
    }

    /// For how long the holder has it, unless it renews.
    pub(crate) fn remaining(&self, now: Moment) -> Duration {
        self.until.since(now)
    }

    /// Since when the holder has it, by its clock and this machine's.
    pub(crate) fn held(&self, now: Moment) -> Option<Duration> {
        self.since.map(|since| now.since(since))
    }
}

fn ran_out(holder: &str) -> String {
    format!("{holder} did not renew: its lease ran out")
}
