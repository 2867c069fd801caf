//! How a leader keeps its lease: the timing, and how much of the renew deadline each renewal used up.
//!
//! Both come from facts alone: each decision says by which timing it was asked for.

use super::Label;
use hotseat_core::event::Notice;
use hotseat_core::policy::Pace;
use hotseat_core::time::Moment;
use hotseat_election::{Fact, Occurrence, Status};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets, as shares of the renew deadline. A renewal comes after a fifth of it with
/// the default timing, and after a half with the old image's. Written out: computed, they would not read
/// as an alert's `le` does.
const SHARES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

type Used = Family<[Label; 1], Histogram, fn() -> Histogram>;

/// What is known of each election's renewals, by the elections' names.
#[derive(Debug)]
pub(super) struct Renewals {
    elections: Mutex<BTreeMap<String, Kept>>,
    used: Used,
}

/// What is known of one.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    /// The operator's timing; none before the first decision.
    timing: Option<Pace>,
    /// When the lease was last written with success; none unless this candidate leads.
    written: Option<Moment>,
    /// Somebody asked that the leader stays.
    paused: bool,
}

impl Renewals {
    /// Of these elections, with a series for each.
    pub(super) fn of(elections: &[Status]) -> Renewals {
        let histogram: fn() -> Histogram = || Histogram::new(SHARES);
        let used = Used::new_with_constructor(histogram);
        let mut all = BTreeMap::new();
        for election in elections {
            let name = election.election().to_string();
            let _ = used.get_or_create(&[("election", name.clone())]);
            all.insert(name, Kept::default());
        }
        Renewals { elections: Mutex::new(all), used }
    }

    /// Takes note of a fact.
    pub(super) fn observe(&self, occurrence: Occurrence<'_>) {
        match occurrence.fact {
            Fact::Decided(decided) => {
                let input = &decided.account.input;
                let paused = input.observation.seat.as_ref().is_some_and(|seat| seat.paused);
                self.change(occurrence, |kept| {
                    kept.timing = Some(input.timing);
                    kept.paused = paused;
                });
            }
            Fact::Elector(Notice::BecameLeader { .. } | Notice::ResumedTerm { .. }) => {
                self.change(occurrence, |kept| kept.written = Some(occurrence.at));
            }
            Fact::Elector(Notice::Renewed) => {
                let share = self.change(occurrence, |kept| {
                    let before = kept.written.replace(occurrence.at)?;
                    let deadline = Duration::from_millis(kept.timing?.renew_deadline);
                    Some(occurrence.at.since(before).as_secs_f64() / deadline.as_secs_f64())
                });
                if let Some(share) = share.filter(|share| share.is_finite()) {
                    let label = ("election", occurrence.election.to_string());
                    self.used.get_or_create(&[label]).observe(share);
                }
            }
            Fact::Elector(Notice::SteppedDown(_)) => {
                self.change(occurrence, |kept| kept.written = None);
            }
            _ => {}
        }
    }

    /// Registers what is counted.
    pub(super) fn register(&self, all: &mut Registry) {
        all.register(
            "hotseat_renew_deadline_used_ratio",
            "Share of the renew deadline that had passed since the write before when a renewal succeeded: at 1 belief lapses",
            self.used.clone(),
        );
    }

    /// Registers what holds now.
    pub(super) fn gauges(&self, all: &mut Registry) {
        let [lease, deadline, retry] =
            [(); 3].map(|()| Family::<[Label; 1], Gauge<f64, AtomicU64>>::default());
        let paused = Family::<[Label; 1], Gauge>::default();
        for (election, kept) in &*self.elections() {
            let label = || [("election", election.clone())];
            paused.get_or_create(&label()).set(i64::from(kept.paused));
            let Some(timing) = kept.timing else { continue };
            for (family, millis) in [
                (&lease, timing.lease_duration),
                (&deadline, timing.renew_deadline),
                (&retry, timing.retry_period),
            ] {
                let seconds = Duration::from_millis(millis).as_secs_f64();
                family.get_or_create(&label()).set(seconds);
            }
        }
        all.register(
            "hotseat_paused",
            "Whether somebody asked that the leader stays, 1 or 0, as of the last decision",
            paused,
        );
        for (name, help, family) in [
            ("hotseat_lease_duration", "How long the others wait for a silent leader", lease),
            ("hotseat_renew_deadline", "How long a leader believes after a write", deadline),
            ("hotseat_retry_period", "The pace of renewals and retries", retry),
        ] {
            all.register_with_unit(name, help, Unit::Seconds, family);
        }
    }

    fn change<T>(&self, occurrence: Occurrence<'_>, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(self.elections().entry(occurrence.election.to_string()).or_default())
    }

    fn elections(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        // Whole after each change.
        self.elections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::config::Timing;
    use hotseat_core::event::{Account, StepDownReason};
    use hotseat_core::lock::Token;
    use hotseat_core::policy::{Input, Observation, SeatView};
    use hotseat_election::{Decided, ElectionName};
    use prometheus_client::encoding::text::encode_registry;

    /// A decision with a renew deadline of ten seconds.
    fn decided(paused: bool) -> Fact {
        let seat = SeatView { paused, ..SeatView::default() };
        let timing = Timing::client_go().pace();
        let observation = Observation {
            election: "shop".to_owned(),
            namespace: "web".to_owned(),
            identity: "web-0".to_owned(),
            seat: Some(seat),
            ..Observation::default()
        };
        let input =
            Input { settings: String::new(), memory: Vec::new(), entropy: 0, timing, observation };
        let account = Account { ask: None, input, answer: None, instead: None };
        Fact::Decided(Box::new(Decided { policy: None, account }))
    }

    fn led() -> Fact {
        let (token, reason) = (Token(1), String::new());
        Fact::Elector(Notice::BecameLeader { token, transitions: 0, reason })
    }

    /// What is printed after these facts, each at a number of seconds.
    fn after(facts: &[(u64, Fact)]) -> String {
        let election = ElectionName::new("shop", "web");
        let renewals = Renewals::of(&[]);
        for (second, fact) in facts {
            let at = Moment::from_secs(*second);
            renewals.observe(Occurrence { election: &election, at, fact });
        }
        let (mut registry, mut text) = (Registry::default(), String::new());
        renewals.register(&mut registry);
        renewals.gauges(&mut registry);
        encode_registry(&mut text, &registry).expect("text");
        text
    }

    #[test]
    fn a_renewal_is_measured_from_the_write_before() {
        let renewed = || Fact::Elector(Notice::Renewed);
        let ended = Fact::Elector(Notice::SteppedDown(StepDownReason::Lapsed));
        let text = after(&[
            (0, decided(false)),
            (1, led()),
            (3, renewed()),
            (12, renewed()),
            (30, ended),
            // Nothing says when the write before it was.
            (90, renewed()),
        ]);
        let used = |line: &str| {
            let line = format!("hotseat_renew_deadline_used_ratio_{line}\n");
            assert!(text.contains(&line), "{line} in {text}");
        };
        used("count{election=\"shop/web\"} 2");
        used("bucket{le=\"0.2\",election=\"shop/web\"} 1");
        used("bucket{le=\"0.8\",election=\"shop/web\"} 1");
        used("bucket{le=\"0.9\",election=\"shop/web\"} 2");
        assert!(text.contains("hotseat_renew_deadline_seconds{election=\"shop/web\"} 10.0\n"));
    }

    #[test]
    fn a_pause_is_shown_for_as_long_as_decisions_see_it() {
        for (facts, paused) in
            [(vec![true], 1), (vec![true, false], 0), (vec![false], 0), (vec![false, true], 1)]
        {
            let facts: Vec<(u64, Fact)> = facts.into_iter().map(|it| (1, decided(it))).collect();
            let line = format!("hotseat_paused{{election=\"shop/web\"}} {paused}\n");
            assert!(after(&facts).contains(&line), "{line}");
        }
    }
}
