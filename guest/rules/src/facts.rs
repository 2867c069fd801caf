//! What an expression can see, under the names of [`NAMES`](crate::names::NAMES).

use std::sync::{Arc, OnceLock};

use cel::common::types::{CelList, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use hotseat_policy::{Candidate as Published, Claim, Observation, Seat, Signal, Timing};

use crate::candidate::{Candidate, TIME_OF_DAY, WEEKDAY};
use crate::values::{flag, signed, texts, whole};

/// What this candidate remembers of the seat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    /// Since this candidate could take it.
    pub(crate) free_for: u64,
    /// Who held it last; empty if nobody was seen to.
    pub(crate) last_holder: String,
}

/// What only expressions look at: taken out of the question, since a roster may be long.
pub(crate) struct Surroundings {
    signals: Vec<Signal>,
    roster: Arc<Vec<Published>>,
}

impl Surroundings {
    pub(crate) fn take(seen: &mut Observation) -> Surroundings {
        let signals = std::mem::take(&mut seen.signals);
        let roster = Arc::new(std::mem::take(&mut seen.roster));
        Surroundings { signals, roster }
    }
}

/// One question's facts.
pub(crate) struct Facts<'a> {
    seen: &'a Observation,
    timing: &'a Timing,
    remembered: Remembered,
    /// This candidate: its own signals.
    pub(crate) own: Candidate,
    roster: Arc<Vec<Published>>,
    /// The same as values of the language, made once they are asked for.
    others: OnceLock<CelList<'static>>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(
        seen: &'a Observation,
        timing: &'a Timing,
        remembered: Remembered,
        surroundings: Surroundings,
    ) -> Facts<'a> {
        let Surroundings { signals, roster } = surroundings;
        let own = Candidate::own(&seen.identity, signals);
        Facts { seen, timing, remembered, own, roster, others: OnceLock::new() }
    }

    fn others(&self) -> &CelList<'static> {
        self.others.get_or_init(|| {
            let others = Candidate::others(&self.roster);
            CelList::from(others.map(|it| Box::new(it) as Box<dyn Val>).collect::<Vec<_>>())
        })
    }
}

impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let seen = self.seen;
        let seat = |of: fn(&Seat) -> u64| whole(seen.seat().map_or(0, of));
        let claim = |of: fn(&Claim) -> u64| whole(seen.claim().map_or(0, of));
        let named = |of: fn(&Seat) -> Option<&String>| {
            text(seen.seat().and_then(of).map_or("", String::as_str))
        };
        Some(match name {
            "leading" => flag(seen.leads()),
            "ready" => flag(self.own.is_ready()),
            "zone" => text(self.own.zone()),
            "others" => CowVal::Borrowed(self.others()),
            "seat.free" => flag(seen.seat_is_free()),
            "seat.free_in" => seat(|seat| seat.free_in),
            "seat.holder" => named(|seat| seat.holder.as_ref()),
            "seat.held_for" => seat(|seat| seat.held_for),
            "seat.age" => seat(|seat| seat.age),
            "seat.duration" => seat(|seat| seat.duration),
            "seat.transitions" => seat(|seat| seat.transitions),
            "seat.successor" => named(|seat| seat.successor.as_ref()),
            "seat.transfer" => named(|seat| seat.transfer.as_ref().map(|transfer| &transfer.to)),
            "seat.paused" => flag(seen.seat().is_some_and(|seat| seat.paused)),
            "claim.held_for" => claim(|claim| claim.held_for),
            "claim.valid_for" => claim(|claim| claim.valid_for),
            "free_for" => whole(self.remembered.free_for),
            "last_holder" => text(&self.remembered.last_holder),
            "failures" => whole(seen.attempts.failures.into()),
            "since_success" => whole(seen.attempts.since_success.unwrap_or(u64::MAX)),
            "identity" => text(&seen.identity),
            "election" => text(&seen.election),
            "election_namespace" => text(&seen.namespace),
            "uptime" => whole(seen.uptime),
            "seats" => whole(seen.seats.into()),
            "causes" => texts(&seen.causes),
            "hour" => signed(self.clock().map_or(-1, |(hour, _)| hour)),
            "minute" => signed(self.clock().map_or(-1, |(_, minute)| minute)),
            "weekday" => text(self.own.host(WEEKDAY)),
            "time" => text(self.own.host(TIME_OF_DAY)),
            "draining" => flag(self.own.is_draining()),
            "retry_period" => whole(self.timing.retry_period),
            "renew_deadline" => whole(self.timing.renew_deadline),
            "lease_duration" => whole(self.timing.lease_duration),
            _ => return None,
        })
    }
}

impl Facts<'_> {
    /// The hour and the minute.
    fn clock(&self) -> Option<(i64, i64)> {
        let (hour, minute) = self.own.host(TIME_OF_DAY).split_once(':')?;
        Some((hour.parse().ok()?, minute.parse().ok()?))
    }
}

fn text(text: &str) -> CowVal<'_, '_> {
    CowVal::owned(CelString::from(text))
}
