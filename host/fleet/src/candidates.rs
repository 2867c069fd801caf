//! The candidates of one election, as they publish themselves, and what became of their policies.

use crate::now::{Now, age};
use hotseat_core::time::{Moment, millis};
use hotseat_election::ElectionName;
use hotseat_election::roster::{Listed, PolicyEntry};
use hotseat_http::ui::Mark;
use hotseat_http::{LockAnswer, RosterAnswer, RosterCandidate};
use hotseat_kubernetes::{CandidateLease, RosterSeen, RosterTable};
use std::collections::{BTreeSet, VecDeque};

/// How many events about policies are kept.
const SWAPS: usize = 32;

/// Who publishes itself.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    table: RosterTable,
    swaps: VecDeque<Swap>,
    counted: u64,
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

impl Candidates {
    /// A candidate's Lease is this now. One that was written long before, by the candidate's clock, is no
    /// younger for being looked at.
    pub(crate) fn take(
        &mut self,
        now: Now,
        lease: &str,
        version: (String, String),
        candidate: CandidateLease,
    ) {
        let CandidateLease { written, said } = candidate;
        let at = now.moment - age(now, written);
        let seen = RosterSeen { lease: lease.to_owned(), version, at, said };
        let before = self.table.take(now.moment, seen);
        // What it did before it was first seen is not known.
        let (Some(before), Some(after)) = (before, self.table.find(lease)) else { return };
        let swaps = swaps(before.policy.as_ref(), after.entry.policy.as_ref());
        let candidate = after.entry.identity.clone();
        for swap in swaps {
            self.note(Swap { at: now.moment, candidate: candidate.clone(), ..swap });
        }
    }

    fn note(&mut self, swap: Swap) {
        self.counted += 1;
        if self.swaps.len() == SWAPS {
            self.swaps.pop_front();
        }
        self.swaps.push_back(Swap { number: self.counted, ..swap });
    }

    /// A Lease is gone, or says nothing any more.
    pub(crate) fn take_out(&mut self, lease: &str) {
        self.table.take_out(lease);
    }

    /// Leaves out who was not heard of for too long, and says when the next one is to be.
    pub(crate) fn pass(&mut self, now: Moment) -> Moment {
        self.table.forget(now)
    }

    /// There are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.table.listed().into_iter().map(|it| it.entry.identity.as_str()).collect()
    }

    /// How many different policies, with their settings, decide in them.
    pub(crate) fn policies(&self) -> usize {
        let listed = self.table.listed().into_iter();
        let policies = listed.filter_map(|it| it.entry.policy.as_ref());
        policies.map(|it| (&it.digest, &it.settings)).collect::<BTreeSet<_>>().len()
    }

    /// They, the candidates of `election`, as a document has them.
    pub(crate) fn roster(&self, election: &ElectionName, now: Now) -> RosterAnswer {
        let age = |it: &Listed| Some(millis(now.moment.since(it.at)));
        let listed = self.table.listed().into_iter();
        RosterAnswer {
            lock: LockAnswer {
                namespace: election.namespace().to_owned(),
                name: election.name().to_owned(),
                uid: None,
            },
            wanted: false,
            candidates: listed.map(|it| RosterCandidate::of(&it.entry, age(it))).collect(),
            left_out: self.table.left_out().len() as u64,
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
