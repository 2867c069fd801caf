//! All elections that are seen: a pure table of Leases and of what happened to them.

use crate::election::Election;
use crate::now::Now;
use hotseat_core::time::Moment;
use hotseat_election::ElectionName;
use hotseat_kubernetes::{CandidateLease, LeaseContent, LeaseNews, SeenLease};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most elections and candidates that are kept.
const MOST: usize = 4096;
/// How long an election whose Lease was deleted is shown.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The elections that are seen.
#[derive(Debug)]
pub struct Fleet {
    started: Moment,
    elections: BTreeMap<ElectionName, Election>,
    /// Of which election a candidate's Lease is, by its namespace and name.
    rosters: BTreeMap<(String, String), ElectionName>,
    seen: bool,
    cut: bool,
    error: Option<String>,
}

impl Fleet {
    /// Nothing seen yet.
    pub fn new(started: Moment) -> Fleet {
        let (elections, rosters) = Default::default();
        Fleet { started, elections, rosters, seen: false, cut: false, error: None }
    }

    /// Takes in what was heard.
    pub fn take(&mut self, now: Now, news: LeaseNews) {
        match news {
            LeaseNews::All { leases, cut } => self.take_all(now, leases, cut),
            LeaseNews::One(lease) => self.take_one(now, lease),
            LeaseNews::Gone { namespace, name } => {
                self.error = None;
                self.take_out(now, &ElectionName::new(&namespace, &name));
            }
            LeaseNews::Failed(why) => self.error = Some(why),
        }
    }

    fn take_all(&mut self, now: Now, leases: Vec<SeenLease>, cut: bool) {
        let name = |lease: &SeenLease| ElectionName::new(&lease.namespace, &lease.name);
        let there: BTreeSet<ElectionName> = leases.iter().map(name).collect();
        let locks = self.elections.iter().filter(|(_, election)| election.lock().is_some());
        let rosters =
            self.rosters.keys().map(|(namespace, name)| ElectionName::new(namespace, name));
        let known: Vec<ElectionName> = locks.map(|(name, _)| name.clone()).chain(rosters).collect();
        for gone in known.into_iter().filter(|name| !there.contains(name)) {
            self.take_out(now, &gone);
        }
        (self.seen, self.cut, self.error) = (true, cut, None);
        for lease in leases {
            self.take_one(now, lease);
        }
    }

    fn take_one(&mut self, now: Now, lease: SeenLease) {
        self.error = None;
        let SeenLease { namespace, name, version, content } = lease;
        let own = ElectionName::new(&namespace, &name);
        match content {
            LeaseContent::Lock(sight) => {
                // What was a candidate's Lease may have become something else.
                self.take_candidate_out(&own);
                if let Some(election) = self.election(&own) {
                    election.take(now, version, *sight);
                }
            }
            LeaseContent::Candidate(candidate) => {
                self.take_candidate(now, own, version, *candidate)
            }
        }
    }

    fn take_candidate(
        &mut self,
        now: Now,
        lease: ElectionName,
        version: (String, String),
        candidate: CandidateLease,
    ) {
        let key = (lease.namespace().to_owned(), lease.name().to_owned());
        let of = match &candidate.said {
            None => return self.take_candidate_out(&lease),
            Some(Ok(parsed)) => ElectionName::new(lease.namespace(), &parsed.election),
            // What cannot be read names no election: it is still of the one that it was of.
            Some(Err(_)) => match self.rosters.get(&key) {
                Some(of) => of.clone(),
                None => return,
            },
        };
        if self.rosters.get(&key).is_some_and(|before| *before != of) {
            self.take_candidate_out(&lease);
        }
        if !self.rosters.contains_key(&key) && self.is_full() {
            self.cut = true;
            return;
        }
        let Some(election) = self.election(&of) else { return };
        election.candidates.take(now, lease.name(), version, candidate);
        self.rosters.insert(key, of);
    }

    /// The election of that name, which is new where it was not known; none if there are too many.
    fn election(&mut self, name: &ElectionName) -> Option<&mut Election> {
        if !self.elections.contains_key(name) && self.is_full() {
            self.cut = true;
            return None;
        }
        Some(self.elections.entry(name.clone()).or_default())
    }

    /// There are as many as are kept.
    fn is_full(&self) -> bool {
        self.elections.len() + self.rosters.len() >= MOST
    }

    /// The Lease of that name is gone.
    fn take_out(&mut self, now: Now, name: &ElectionName) {
        self.take_candidate_out(name);
        if let Some(election) = self.elections.get_mut(name) {
            election.delete(now);
        }
    }

    fn take_candidate_out(&mut self, lease: &ElectionName) {
        let key = (lease.namespace().to_owned(), lease.name().to_owned());
        if let Some(of) = self.rosters.remove(&key)
            && let Some(election) = self.elections.get_mut(&of)
        {
            election.candidates.take_out(lease.name());
        }
    }

    /// Notes what the time alone has changed: leases that ran out, candidates that fell silent. Gives the
    /// moment at which there is more.
    pub fn pass(&mut self, now: Now) -> Moment {
        let mut next = Moment::NEVER;
        for election in self.elections.values_mut() {
            next = next.min(election.pass(now));
        }
        self.elections.retain(|_, election| {
            let deleted = election.deleted().map(|at| at + REMEMBERED);
            election.lock().is_some()
                || !election.candidates.is_empty()
                || deleted.is_some_and(|end| now.moment < end)
        });
        next
    }

    /// Keeps what came of something that was asked of an election, to be shown there for a while.
    pub fn tell(&mut self, now: Now, name: &ElectionName, told: Result<String, String>) {
        if let Some(election) = self.elections.get_mut(name) {
            election.tell(now, told);
        }
    }

    /// The elections, by their names.
    pub(crate) fn elections(&self) -> impl Iterator<Item = (&ElectionName, &Election)> {
        self.elections.iter()
    }

    /// One of them.
    pub(crate) fn find(&self, name: &ElectionName) -> Option<&Election> {
        self.elections.get(name)
    }

    /// For how long it has been looked at.
    pub(crate) fn uptime(&self, now: Now) -> Duration {
        now.moment.since(self.started)
    }

    /// All were read once.
    pub fn is_seen(&self) -> bool {
        self.seen
    }

    /// There are more than are kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Why nothing is heard for now.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
