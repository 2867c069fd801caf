//! The source of policies: what it offers to all candidates, and when each of them finds it.

use super::{World, roster};
use crate::member::Member;
use crate::policies::Offer;
use crate::world::scheduled::PolicyStep;
use hotseat_rollout::{Event, Policy, Publication, Refusal};

impl World {
    /// Offers a publication to all candidates; each finds it when its source does.
    pub fn publish(&mut self, policy: Policy) {
        self.offer(Offer::Publication(policy));
    }

    /// Offers something that must not be loaded.
    pub fn publish_unfit(&mut self) {
        self.offer(Offer::Unfit);
    }

    /// Cuts a candidate's source off, or lets it back.
    pub fn cut_source(&mut self, index: usize, off: bool) {
        if let Some(policies) = &mut self.members[index].policies {
            policies.source_is_cut = off;
        }
    }

    fn offer(&mut self, offer: Offer) {
        self.offered = Some(offer);
        for index in 0..self.members.len() {
            self.look_at_source(index);
        }
    }

    pub(super) fn look_at_source(&mut self, index: usize) {
        let Member { policies, generation, alive: true, .. } = &mut self.members[index] else {
            return;
        };
        let Some(policies) = policies else { return };
        policies.look += 1;
        let (generation, look) = (*generation, policies.look);
        let delay = self.chance(|hazards| hazards.sources);
        self.policies_later(delay, index, generation, PolicyStep::Look(look));
    }

    pub(super) fn look(&mut self, index: usize, look: u64) {
        let member = &self.members[index];
        let Some(offer) = self.offered.clone() else { return };
        let policies = member.policies.as_ref().filter(|policies| policies.look == look);
        let Some(policies) = policies else { return };
        if self.now < member.frozen_until {
            // The source stands still with its process.
            return self.look_at_source(index);
        }
        let event = if policies.source_is_cut {
            self.look_at_source(index);
            Event::Unavailable("no route".to_owned())
        } else {
            let source = "published".to_owned();
            match offer {
                Offer::Publication(policy) => {
                    let settings_digest = roster::fingerprint(&policy).settings;
                    Event::Found(Publication { policy, settings_digest, source })
                }
                Offer::Unfit => {
                    let refusal = Refusal { stage: "signature", why: "not signed".to_owned() };
                    Event::Refused { source, refusal }
                }
            }
        };
        self.deliver_policy(index, event, None);
    }
}
