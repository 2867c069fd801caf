//! The candidates of one election, as they publish themselves, and what became of their policies.

use crate::election::age;
use crate::table::Now;
use hotseat_core::time::{Moment, millis};
use hotseat_election::roster::{Entry, PolicyEntry};
use hotseat_http::ui::Mark;
use hotseat_http::{RosterAnswer, RosterCandidate};
use hotseat_kubernetes::{ROSTER_MOST, ROSTER_STALE};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many events about policies are kept.
const SWAPS: usize = 32;

/// Who publishes itself.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    rows: BTreeMap<String, Candidate>,
    /// Those that fell silent, at which version: read anew at that version, they stay silent.
    silent: BTreeMap<String, (String, String)>,
    left_out: BTreeMap<String, String>,
    swaps: VecDeque<Swap>,
    counted: u64,
}

/// A candidate.
#[derive(Debug)]
pub(crate) struct Candidate {
    version: (String, String),
    /// When it was last written, as far as that is known.
    at: Moment,
    entry: Entry,
}

/// What became of a policy in a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Swap {
    /// From 1.
    pub(crate) number: u64,
    /// When it was seen.
    pub(crate) at: Moment,
    /// In which candidate.
    pub(crate) candidate: String,
    /// The policy.
    pub(crate) digest: String,
    /// Its settings; empty where there are none.
    pub(crate) settings: String,
    /// `active` or `restored`; the stage at which it is; `refused` or `stopped`.
    pub(crate) stage: String,
    /// Why it goes no further.
    pub(crate) why: Option<String>,
}

impl Swap {
    /// It goes no further.
    pub(crate) fn has_failed(&self) -> bool {
        ["refused", "stopped", "failed"].contains(&self.stage.as_str())
    }
}

impl Candidate {
    /// A candidate's Lease as it was seen. One that was written long before, by the candidate's clock, is
    /// no younger for being looked at.
    pub(crate) fn seen(
        now: Now,
        version: (String, String),
        written: Option<Timestamp>,
        entry: Entry,
    ) -> Candidate {
        Candidate { version, at: now.moment - age(now, written), entry }
    }
}

impl Candidates {
    /// A candidate is this now.
    pub(crate) fn take(&mut self, now: Now, lease: &str, candidate: Candidate) {
        let known = self.rows.get(lease).map(|row| &row.version).or(self.silent.get(lease));
        if known == Some(&candidate.version) {
            return;
        }
        self.silent.remove(lease);
        if candidate.at + ROSTER_STALE <= now.moment {
            self.rows.remove(lease);
            self.be_silent(lease, candidate.version);
            return;
        }
        let mut others = self.rows.iter().filter(|(name, _)| *name != lease);
        // Whoever was there first: a name is not taken over while its owner goes on.
        if others.any(|(_, other)| other.entry.identity == candidate.entry.identity) {
            return self.leave_out(lease, "it has another candidate's name".to_owned());
        }
        if !self.rows.contains_key(lease) && self.rows.len() >= ROSTER_MOST {
            return self.leave_out(lease, format!("there are {ROSTER_MOST} candidates already"));
        }
        self.left_out.remove(lease);
        let before = self.rows.insert(lease.to_owned(), candidate);
        // What it did before it was first seen is not known.
        if let (Some(before), Some(after)) = (before, self.rows.get(lease)) {
            let swaps = swaps(before.entry.policy.as_ref(), after.entry.policy.as_ref());
            let candidate = after.entry.identity.clone();
            for swap in swaps {
                self.note(Swap { at: now.moment, candidate: candidate.clone(), ..swap });
            }
        }
    }

    fn note(&mut self, swap: Swap) {
        self.counted += 1;
        if self.swaps.len() == SWAPS {
            self.swaps.pop_front();
        }
        self.swaps.push_back(Swap { number: self.counted, ..swap });
    }

    /// A Lease says what is no entry.
    pub(crate) fn leave_out(&mut self, lease: &str, why: String) {
        self.rows.remove(lease);
        if self.left_out.len() < ROSTER_MOST {
            self.left_out.insert(lease.to_owned(), why);
        }
    }

    fn be_silent(&mut self, lease: &str, version: (String, String)) {
        if self.silent.len() < ROSTER_MOST {
            self.silent.insert(lease.to_owned(), version);
        }
    }

    /// A Lease is gone, or says nothing any more.
    pub(crate) fn take_out(&mut self, lease: &str) {
        self.rows.remove(lease);
        self.silent.remove(lease);
        self.left_out.remove(lease);
    }

    /// Leaves out who was not heard of for too long, and says when the next one is to be.
    pub(crate) fn pass(&mut self, now: Moment) -> Moment {
        let gone = self.rows.extract_if(.., |_, row| row.at + ROSTER_STALE <= now);
        for (lease, row) in gone.collect::<Vec<_>>() {
            self.be_silent(&lease, row.version);
        }
        self.rows.values().map(|row| row.at + ROSTER_STALE).min().unwrap_or(Moment::NEVER)
    }

    /// There are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> =
            self.rows.values().map(|row| row.entry.identity.as_str()).collect();
        names.into_iter().collect()
    }

    /// How many different policies, with their settings, decide in them.
    pub(crate) fn policies(&self) -> usize {
        let policies = self.rows.values().filter_map(|row| row.entry.policy.as_ref());
        policies.map(|it| (&it.digest, &it.settings)).collect::<BTreeSet<_>>().len()
    }

    /// They as a document has them.
    pub(crate) fn roster(&self, now: Now) -> RosterAnswer {
        let age = |row: &Candidate| Some(millis(now.moment.since(row.at)));
        let mut candidates: Vec<RosterCandidate> =
            self.rows.values().map(|row| RosterCandidate::of(&row.entry, age(row))).collect();
        candidates.sort_by(|one, other| one.identity.cmp(&other.identity));
        RosterAnswer {
            wanted: false,
            candidates,
            left_out: self.left_out.len() as u64,
            not_published: None,
            not_followed: None,
        }
    }

    /// What became of policies, the newest first.
    pub(crate) fn swaps(&self) -> impl Iterator<Item = &Swap> {
        self.swaps.iter().rev()
    }

    /// The same as marks on a lane: those that took over, and those that go no further.
    pub(crate) fn marks(&self, now: Now) -> Vec<Mark> {
        let ended = |swap: &&Swap| swap.has_failed() || is_in_force(&swap.stage);
        let mark = |swap: &Swap| Mark {
            ago_ms: millis(now.moment.since(swap.at)),
            failed: swap.has_failed(),
            told: format!("{}: {}", swap.candidate, swap.stage),
        };
        self.swaps.iter().filter(ended).map(mark).collect()
    }
}

fn is_in_force(stage: &str) -> bool {
    ["active", "restored"].contains(&stage)
}

/// What happened to a candidate's policies between two of its entries.
fn swaps(before: Option<&PolicyEntry>, after: Option<&PolicyEntry>) -> Vec<Swap> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let swap = |digest: &str, settings: &str, stage: &str| Swap {
        number: 0,
        at: Moment::ZERO,
        candidate: String::new(),
        digest: digest.to_owned(),
        settings: settings.to_owned(),
        stage: stage.to_owned(),
        why: None,
    };
    let why = after.objection.as_ref().map(|objection| objection.why.clone());
    let mut all = Vec::new();
    if (&before.digest, &before.settings) != (&after.digest, &after.settings) {
        // Where it fell back from another policy, that is why.
        let (stage, why) = match after.state.as_str() {
            "restored" => ("restored", why.clone()),
            _ => ("active", None),
        };
        all.push(Swap { why, ..swap(&after.digest, &after.settings, stage) });
    }
    let is_news = !is_in_force(&after.state)
        && (&before.state, &before.candidate, &before.candidate_settings)
            != (&after.state, &after.candidate, &after.candidate_settings);
    if let Some(candidate) = after.candidate.as_ref().filter(|_| is_news) {
        let other = swap(candidate, &after.candidate_settings, &after.state);
        // What an earlier policy was refused for says nothing of one that is on its way.
        let why = why.filter(|_| other.has_failed());
        all.push(Swap { why, ..other });
    }
    all
}
