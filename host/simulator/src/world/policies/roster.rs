//! The roster of a world, as far as rollouts go by it: what each candidate publishes of its policies, and
//! what the others see of that, late, or not at all.

use super::World;
use crate::policies::Policies;
use crate::world::scheduled::PolicyStep;
use hotseat_core::time::Moment;
use hotseat_rollout::{Event, Fingerprint, Fleet, Objection, Peer, Policy, Report};
use std::time::Duration;

/// Who did not publish itself for so long is left out.
const STALE: Duration = Duration::from_secs(180);
/// Who is cut off for so long knows it: a silent watch takes its time.
const NOTICED: Duration = Duration::from_secs(60);

/// By what others know this policy.
pub(crate) fn fingerprint(policy: &Policy) -> Fingerprint {
    Fingerprint { policy: policy.digest.clone(), settings: policy.settings.to_string() }
}

fn entry(name: &str, report: &Report) -> Peer {
    let rejected = report.rejected.as_ref();
    Peer {
        name: name.to_owned(),
        runs: report.active.as_ref().map(|active| fingerprint(&active.policy)),
        objection: rejected.map(|rejected| Objection {
            to: fingerprint(&rejected.policy),
            why: rejected.why.clone(),
        }),
        heard: Moment::ZERO,
    }
}

impl World {
    /// A person wants nobody to wait with this policy. Each candidate sees it with the roster.
    pub fn skip_turns(&mut self, policy: &Policy) {
        self.skip = Some(fingerprint(policy));
    }

    /// Takes a candidate's entry away, as somebody may, until it publishes itself again.
    pub fn forget_entry(&mut self, index: usize) {
        self.roster.remove(&index);
    }

    pub(super) fn look_at_roster_later(&mut self, index: usize) {
        let member = &self.members[index];
        let has_turns = |policies: &Policies| policies.config.turns.is_some();
        if !member.policies.as_ref().is_some_and(|policies| has_turns(policies)) {
            return;
        }
        let generation = member.generation;
        // Never at once again: that would be for ever.
        let delay = self.chance(|hazards| hazards.rosters).max(Duration::from_millis(100));
        self.policies_later(delay, index, generation, PolicyStep::Roster);
    }

    /// It publishes itself, and sees the others, unless it cannot.
    pub(super) fn look_at_roster(&mut self, index: usize) {
        self.look_at_roster_later(index);
        let (now, local) = (self.now, self.local(index));
        let member = &mut self.members[index];
        let leader = member.view.leader(local);
        let leader = Some(leader).filter(|name| !name.is_empty()).map(str::to_owned);
        let (cut_off, frozen) = (member.cut_off, now < member.frozen_until);
        let Some(policies) = &mut member.policies else { return };
        let Some(turns) = policies.config.turns.as_ref().filter(|_| !frozen) else { return };
        let sight = &mut policies.sight;
        if !cut_off {
            self.roster.insert(index, (entry(&turns.name, &policies.rollout.report()), now));
            (sight.read, sight.read_at) = (self.roster.clone(), now);
        }
        for (other, (_, written)) in &sight.read {
            let heard = sight.heard.entry(*other).or_insert((*written, local));
            if heard.0 != *written {
                *heard = (*written, local);
            }
        }
        let others = sight.read.iter().filter(|(other, _)| **other != index);
        let fresh = others.filter(|(_, (_, at))| now.since(*at) < STALE);
        let heard = |other| sight.heard.get(other).map_or(Moment::ZERO, |heard| heard.1);
        let peers = fresh.map(|(other, (peer, _))| Peer { heard: heard(other), ..peer.clone() });
        let peers = peers.collect();
        let known = sight.read_at != Moment::ZERO && now.since(sight.read_at) < NOTICED;
        let fleet = Fleet { known, leader, peers };
        let news = (sight.told.as_ref() != Some(&fleet)).then(|| fleet.clone());
        sight.told = Some(fleet);
        let skip = self.skip.clone().filter(|skip| !cut_off && sight.skip.as_ref() != Some(skip));
        if skip.is_some() {
            sight.skip.clone_from(&skip);
        }
        let events = news.map(Event::Fleet).into_iter().chain(skip.map(Event::Skip));
        for event in events.collect::<Vec<_>>() {
            self.deliver_policy(index, event, None);
        }
    }
}
