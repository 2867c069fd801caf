//! The line in which the candidates of an election take a policy: the standbys in the order of their
//! names, some at a time, and the leader last. It is a table of what was seen of each of them since the
//! newest publication was found.
//!
//! What others say of themselves is advice (I17): it may be old, wrong or forged. All that it can do here
//! is to hold a policy up, for a bounded time, or to have the one before it stay; whoever waits shows for
//! whom, and a person may end both.

use crate::config::Turns;
use crate::fleet::{Fingerprint, Fleet};
use crate::policy::Publication;
use hotseat_core::time::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::time::Duration;

/// How much longer than the soak a candidate is waited for whose turn it is: its source may be slow, as
/// a mounted ConfigMap is, and its policy has to be compiled. Also for how long the others may be out of
/// sight, all in all.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// So many candidates are waited for, this one included. More names than that were made up.
const MOST: usize = 257;
/// So many are named where somebody waits for them.
const MOST_NAMED: usize = 8;

/// The candidates on their way to the newest publication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Line {
    /// The newest publication.
    pub(super) target: Option<Publication>,
    /// It took over here, from another one.
    pub(super) taken: bool,
    /// It is not taken because of the objection of that candidate, unless a person wants it.
    pub(super) stopped: Option<String>,
    fleet: Fleet,
    rows: BTreeMap<String, Row>,
    /// Since when the others are out of sight.
    unseen_since: Option<Moment>,
    /// For how long they were before that.
    unseen: Duration,
    /// With this policy nobody has to wait.
    skipped: Option<Fingerprint>,
    /// All run it well, and the leader leads by it: what goes wrong from now on is each one's own.
    settled: bool,
}

/// What was seen of a candidate, this one included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Row {
    /// Since when it runs the target, if it does.
    on_since: Option<Moment>,
    /// Since when it leads, if it does.
    leads_since: Option<Moment>,
    /// When it was last heard of.
    heard: Moment,
    /// Since when it is its turn.
    due_since: Option<Moment>,
    /// It was waited for long enough.
    passed: bool,
}

/// What the line says to a candidate that passed all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It takes over.
    Now,
    /// Others come first.
    Later,
    /// It does not, since that one objects.
    Never(Objector),
}

/// A candidate that refused the target or fell back from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Objector {
    pub(super) name: String,
    /// In one line that begins with a verb.
    pub(super) why: String,
}

impl Line {
    /// A publication was found. The same again changes nothing.
    pub(super) fn aim_at(&mut self, now: Moment, publication: &Publication) {
        if self.target.as_ref().is_some_and(|known| known.policy == publication.policy) {
            return;
        }
        let (fleet, skipped) = (mem::take(&mut self.fleet), self.skipped.take());
        let unseen_since = (!fleet.known).then_some(now);
        let target = Some(publication.clone());
        *self = Line { target, fleet, skipped, unseen_since, ..Line::default() };
    }

    /// The others are like this now.
    pub(super) fn see(&mut self, now: Moment, fleet: Fleet) {
        match (fleet.known, self.unseen_since) {
            (true, Some(since)) => self.seen_again(now.since(since)),
            (false, None) => self.unseen_since = Some(now),
            _ => {}
        }
        self.fleet = fleet;
    }

    /// What happened while nobody could be seen is not known, so that time counts for nobody.
    fn seen_again(&mut self, after: Duration) {
        self.unseen_since = None;
        self.unseen += after;
        for row in self.rows.values_mut() {
            for since in [&mut row.on_since, &mut row.leads_since, &mut row.due_since] {
                *since = since.map(|since| since + after);
            }
        }
    }

    /// A person wants nobody to wait with this policy.
    pub(super) fn skip(&mut self, what: Fingerprint) {
        self.skipped = Some(what);
    }

    /// Nobody has to wait with the target.
    pub(super) fn is_skipped(&self) -> bool {
        self.skipped.is_some() && self.skipped == self.fingerprint()
    }

    /// All run the target well, and somebody leads by it.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Who refused the target or fell back from it, the first by name. None where a person said that it
    /// does not matter.
    pub(super) fn objector(&self) -> Option<Objector> {
        let target = self.fingerprint().filter(|_| !self.is_skipped())?;
        let objects = self.fleet.peers.iter().filter_map(|peer| {
            let objection = peer.objection.as_ref().filter(|it| it.to == target)?;
            Some((&peer.name, &objection.why))
        });
        objects.min().map(|(name, why)| Objector { name: name.clone(), why: why.clone() })
    }

    /// Takes in how things are at `now`. `runs` is whether this candidate runs the target, and well.
    pub(super) fn look(&mut self, turns: &Turns, now: Moment, runs: bool) {
        if !self.fleet.known || self.target.is_none() {
            return;
        }
        self.note(turns, now, runs);
        let order = self.order(turns);
        let mut open = 0;
        for name in &order {
            let is_due = open < self.at_once(turns, name);
            let Some(row) = self.rows.get_mut(name).filter(|row| row.is_open(turns, now)) else {
                continue;
            };
            if is_due {
                let due = *row.due_since.get_or_insert(now);
                row.passed = now >= due + turns.soak + PATIENCE;
            }
            open += usize::from(!row.passed);
        }
        self.settled |= runs && self.is_through(turns, &order);
    }

    /// Whether it is this candidate's turn, as of the last look.
    pub(super) fn turn(&self, turns: &Turns, now: Moment) -> Turn {
        if self.is_skipped() {
            return Turn::Now;
        }
        if let Some(objector) = self.objector() {
            return Turn::Never(objector);
        }
        let may = match self.unseen_since {
            // Nobody hands anything over to one who cannot be seen either.
            Some(since) => self.unseen + now.since(since) >= PATIENCE,
            None => self.ahead(turns, now).len() < self.at_once(turns, &turns.name),
        };
        if may { Turn::Now } else { Turn::Later }
    }

    /// The first of those who have to run the target well before this candidate takes it.
    pub(super) fn waits_for(&self, turns: &Turns, now: Moment) -> Vec<String> {
        let mut names = self.ahead(turns, now);
        names.truncate(MOST_NAMED);
        names
    }

    /// When time alone changes something.
    pub(super) fn wakes_at(&self, turns: &Turns, now: Moment) -> Option<Moment> {
        if let Some(since) = self.unseen_since {
            return Some(since + PATIENCE.saturating_sub(self.unseen));
        }
        let due = |since: Moment| since + turns.soak + PATIENCE;
        let soaked = |since: Moment| since + turns.soak;
        let moments = self.rows.values().filter(|row| !row.passed).flat_map(|row| {
            [row.on_since.map(soaked), row.leads_since.map(soaked), row.due_since.map(due)]
        });
        moments.flatten().filter(|at| now < *at).min()
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        self.target.as_ref().map(Publication::fingerprint)
    }

    fn leads(&self, name: &str) -> bool {
        self.fleet.leader.as_deref() == Some(name)
    }

    /// How many may be trying it when it is that candidate's turn. The leader comes alone.
    fn at_once(&self, turns: &Turns, name: &str) -> usize {
        match self.leads(name) {
            true => 1,
            false => usize::try_from(turns.at_once).unwrap_or(usize::MAX).max(1),
        }
    }

    /// What is seen of each of them now.
    fn note(&mut self, turns: &Turns, now: Moment, runs: bool) {
        let target = self.fingerprint();
        let run = |peer: &&crate::fleet::Peer| target.is_some() && peer.runs == target;
        let mut on: BTreeSet<&str> =
            self.fleet.peers.iter().filter(run).map(|peer| peer.name.as_str()).collect();
        if runs {
            on.insert(&turns.name);
        }
        let leader = self.fleet.leader.as_deref();
        for name in self.fleet.peers.iter().map(|peer| &peer.name).chain([&turns.name]) {
            // This candidate is always among them.
            if self.rows.len() < MOST - 1 || *name == turns.name {
                self.rows.entry(name.clone()).or_default();
            }
        }
        let since = |before: Option<Moment>, is: bool| is.then(|| before.unwrap_or(now));
        let heard: BTreeMap<&str, Moment> =
            self.fleet.peers.iter().map(|peer| (peer.name.as_str(), peer.heard)).collect();
        for (name, row) in &mut self.rows {
            let own = *name == turns.name;
            row.heard =
                if own { now } else { heard.get(name.as_str()).copied().unwrap_or_default() };
            row.on_since = since(row.on_since, on.contains(name.as_str()));
            row.leads_since = since(row.leads_since, leader == Some(name));
        }
    }

    /// Those who are there, in their order.
    fn order(&self, turns: &Turns) -> Vec<String> {
        let there = self.fleet.peers.iter().map(|peer| &peer.name).chain([&turns.name]);
        let there: BTreeSet<&String> = there.filter(|name| self.rows.contains_key(*name)).collect();
        let mut order: Vec<String> = there.into_iter().cloned().collect();
        order.sort_by_key(|name| self.leads(name));
        order
    }

    /// Those before this candidate who do not run the target well yet, and are still waited for.
    fn ahead(&self, turns: &Turns, now: Moment) -> Vec<String> {
        let order = self.order(turns).into_iter().take_while(|name| *name != turns.name);
        let open = |name: &String| self.rows.get(name).is_some_and(|row| row.is_open(turns, now));
        order.filter(open).collect()
    }

    /// Whether all of them have come through, and have said so since: what was seen last of others may be
    /// old. A policy that fails only in who leads shows nothing before somebody has led by it for as long.
    fn is_through(&self, turns: &Turns, order: &[String]) -> bool {
        let rows = || order.iter().filter_map(|name| self.rows.get(name));
        let after = |row: &Row, since: Option<Moment>| {
            since.is_some_and(|since| row.heard >= since + turns.soak)
        };
        let leads = match &self.fleet.leader {
            None => false,
            // A leader that is not part of this, such as one without a roster, is not waited for.
            Some(leader) => {
                self.rows.get(leader).is_none_or(|row| row.passed || after(row, row.leads_since))
            }
        };
        leads && rows().all(|row| row.passed || after(row, row.on_since))
    }
}

impl Row {
    /// It does not run the target well, or not for long enough, and is still waited for.
    fn is_open(&self, turns: &Turns, now: Moment) -> bool {
        let well = self.on_since.is_some_and(|since| now >= since + turns.soak);
        !well && !self.passed
    }
}
