//! What the policy is asked: the election as this candidate sees it.

use super::Elector;
use crate::lock::Record;
use crate::policy::{self, Attempts, Cause, Causes, Input, Observation, Verdict};
use crate::time::{Moment, millis, millis_up};

impl Elector {
    pub(super) fn input(&mut self, mut causes: Causes) -> Input {
        // What became of the last decision is no reason to ask; whoever is asked should know of it.
        if self
            .consultation
            .last
            .as_ref()
            .is_some_and(|last| matches!(last.verdict, Verdict::Overruled(_)))
        {
            causes.add(Cause::Overruled);
        }
        Input {
            settings: self.consultation.settings.clone(),
            memory: self.consultation.memory.clone(),
            entropy: self.consultation.entropy.next(),
            timing: self.config.timing.pace(),
            observation: self.observation(causes),
        }
    }

    fn observation(&self, causes: Causes) -> Observation {
        let age = |at: Moment| millis(self.now.since(at));
        let stopping = causes.has(Cause::Stopping);
        // Belief has ended when the process stops, but the policy should know what it ends.
        let term = if stopping { self.claim.term() } else { self.claim.believed() };
        let valid = |until: Moment| if stopping { 0 } else { millis(until.since(self.now)) };
        Observation {
            election: self.config.election.clone(),
            namespace: self.config.namespace.clone(),
            identity: self.config.identity.clone(),
            uptime: age(self.started),
            seats: self.seats_elsewhere.saturating_add(u32::from(term.is_some())),
            causes,
            seat: self.both_free_at(self.seat.free_at()).map(|_| self.seat_for_policy()),
            claim: term.map(|term| policy::Claim {
                held_for: age(term.since),
                valid_for: valid(self.claim.until().unwrap_or(term.until)),
            }),
            attempts: Attempts { since_success: self.last_success.map(age), ..self.attempts },
            last_decision: self.consultation.last.clone(),
            signals: self.signals.for_policy(self.now),
            roster: self.roster.for_policy(self.now),
            extra: Vec::new(),
        }
    }

    /// The seat as the policy sees it. Two locks are one seat to it: free when both are, and held by
    /// whoever holds one.
    fn seat_for_policy(&self) -> policy::SeatView {
        let own = self.config.timing.lease_duration;
        let record = self.seat.record();
        let outer = self.outer.as_ref();
        let text = |pick: fn(&Record) -> Option<&String>| record.and_then(pick).cloned();
        let mine = record.is_some_and(|record| self.wrote(record));
        let free_at = if mine { Some(self.resting_until) } else { self.free_at() };
        let duration = record.filter(|record| record.holder.is_some() || record.duration.is_some());
        let successor = text(|record| record.successor.as_ref());
        let seat = policy::SeatView {
            holder: text(|record| record.holder.as_ref()),
            age: millis(self.now.since(self.seat.since())),
            duration: duration
                .map_or(0, |record| millis(crate::seat::Seat::duration_of(record, own))),
            free_in: self.both_free_at(free_at).map_or(0, |at| millis_up(at.since(self.now))),
            transitions: record.map_or(0, |record| record.transitions),
            held_for: self.seat.held_since().map_or(0, |since| millis(self.now.since(since))),
            successor: successor.or_else(|| outer.and_then(|outer| outer.successor.clone())),
            transfer: self.transfer_for_policy(),
            paused: self.is_paused(),
            extra: Vec::new(),
        };
        match outer.and_then(|outer| outer.seen.as_ref()) {
            Some(seen) if seat.holder.is_none() && seen.foreign && seen.holder.is_some() => {
                policy::SeatView {
                    holder: seen.holder.clone(),
                    age: millis(self.now.since(seen.since)),
                    held_for: millis(self.now.since(seen.since)),
                    duration: millis(seen.until.since(seen.since)),
                    ..seat
                }
            }
            _ => seat,
        }
    }
}
